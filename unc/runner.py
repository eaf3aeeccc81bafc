"""Run the command line: errors become one line and an exit code, never a traceback.

Results go to stdout, progress to stderr. docs/howto/exit-codes.md lists the exit codes.
"""

from __future__ import annotations

import os
import signal

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from typer.exceptions import TyperException

from unc.aws.connection import explain
from unc.cli import app
from unc.errors import BadInput, UncError, unexpected
from unc.terminal import complain, err

_HELP_IS_PRINTED = "NoArgsIsHelpError"


def run(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    try:
        _raise_on_ctrl_c()
        ended = app(args=arguments, prog_name="unc", standalone_mode=False)
    except KeyboardInterrupt:
        err.print("[dim]· interrupted[/dim]")
        return 130
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except TyperException as refused:
        return 2 if type(refused).__name__ == _HELP_IS_PRINTED else fail(_usage_error(refused))
    except Exception as error:
        if os.environ.get("UNC_TRACEBACK"):
            raise
        return fail(error)
    return ended if isinstance(ended, int) else 0


def fail(error: Exception) -> int:
    """Say what went wrong in one line; return the exit code."""
    if isinstance(error, (BotoCoreError, ClientError, ResponseParserError)):
        error = explain(error)
    if not isinstance(error, UncError):
        error = unexpected(error)
    complain(error)
    return error.exit_code


def _raise_on_ctrl_c() -> None:
    """Let a Ctrl-C raise from here on: everything is imported, and clean-up runs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _usage_error(refused: TyperException) -> BadInput:
    """Return what was wrong in one line, and whose help shows the right way."""
    words = refused.format_message() if hasattr(refused, "format_message") else str(refused)
    context = getattr(refused, "ctx", None)
    command = context.command_path if context else "unc"
    quotes = "; what has blanks needs quotes" if "extra argument" in words else ""
    return BadInput(" ".join(words.split()).removesuffix("."), f"see: {command} --help{quotes}")
