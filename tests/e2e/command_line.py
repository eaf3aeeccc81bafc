"""The command line as tests call it; the fixture `unc` is one, talking to the stack."""

from collections.abc import Callable

Said = tuple[int, str, str]
Unc = Callable[..., Said]
