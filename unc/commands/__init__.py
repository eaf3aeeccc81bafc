"""One file for each command: read arguments, call the logic, print."""
