"""The whole system on this machine: emulator, process guard, stack, reply stand-in."""
