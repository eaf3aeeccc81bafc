"""What the parser of the command line refuses, as one line like any other refusal."""

from __future__ import annotations

from typer.exceptions import TyperException

from unc.errors import BadInput

HELP_IS_PRINTED = "NoArgsIsHelpError"


def is_call_for_help(refused: TyperException) -> bool:
    """Say whether nothing was asked for: the help has been printed by then."""
    return type(refused).__name__ == HELP_IS_PRINTED


def usage_error(refused: TyperException) -> BadInput:
    """Return what was wrong in one line, and whose help tells the right way."""
    words = refused.format_message() if hasattr(refused, "format_message") else str(refused)
    context = getattr(refused, "ctx", None)
    command = context.command_path if context else "unc"
    return BadInput(" ".join(words.split()).removesuffix("."), f"see: {command} --help")
