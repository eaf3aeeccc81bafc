"""The entry of `unc`: what must be set before everything else is imported, which takes a second."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Run the command line and exit."""
    _let_ctrl_c_end_it()
    _fill_closed_streams()
    _let_any_text_out()
    from unc.runner import run

    sys.exit(run())


def _let_ctrl_c_end_it() -> None:
    """Let a Ctrl-C end the process without a traceback, until the commands handle it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _fill_closed_streams() -> None:
    """Open what the shell has closed (`>&-`), or the next file would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 (open to the end)


def _let_any_text_out() -> None:
    """Show what an old terminal has no character for as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
