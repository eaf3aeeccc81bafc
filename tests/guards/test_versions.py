"""One place names a version: of the project, and of what the laptop's AWS needs."""

from __future__ import annotations

from tests.guards.repository import ROOT, pins, project


def test_the_extra_for_the_laptop_pins_what_make_up_installs() -> None:
    local = project()["optional-dependencies"]["local"]
    assert {pin.partition("==")[0] for pin in local} == {"boto3", "ministack"}
    assert set(local) <= set(pins("requirements-run.txt"))


def test_no_module_repeats_the_version() -> None:
    texts = (path.read_text() for path in (ROOT / "unc").rglob("*.py"))
    assert not [text for text in texts if "__version__" in text]
