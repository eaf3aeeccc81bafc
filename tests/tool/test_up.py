"""What `unc up` says when it cannot even start."""

from __future__ import annotations

from pathlib import Path

from tests.tool.checkout import Checkout, complaints
from unc.emulator import find_free_port


def test_without_the_emulator_it_says_how_to_get_it(tmp_path: Path) -> None:
    ran = Checkout(tmp_path).run("up", "--port", str(find_free_port()))
    assert ran.returncode == 3
    assert complaints(ran) == ["unc: the emulator is not installed (run: make setup)"]
