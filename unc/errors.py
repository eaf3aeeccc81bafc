"""What the tool says when it cannot go on: one line, and what to do about it.

UncError
├── SetupMissing      something that `make` installs is not there
├── EmulatorFailed    the emulator did not start, or died
├── DeployFailed      the stack could not be created or updated
├── NotReachable      no system to talk to, or none that answers
└── BadInput          an argument or a file that makes no sense
"""

from __future__ import annotations


class UncError(Exception):
    """The reason in one line; `hint` says what to do next."""

    exit_code = 1

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class SetupMissing(UncError):
    """Something that `make` installs is not there."""

    exit_code = 3


class EmulatorFailed(UncError):
    """The emulator did not start, or died."""

    exit_code = 4


class DeployFailed(UncError):
    """The stack could not be created or updated; the reason names what failed first."""

    exit_code = 5


class NotReachable(UncError):
    """No system to talk to, or none that answers."""

    exit_code = 6


class BadInput(UncError):
    """An argument or a file that makes no sense."""

    exit_code = 2


def unexpected(error: Exception) -> UncError:
    """Return a fault of the tool's own in one line."""
    return UncError(f"unexpected {type(error).__name__}: {error}", "UNC_TRACEBACK=1 shows where")
