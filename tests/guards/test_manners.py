"""What somebody who comes to the project finds, and what a release is made of."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.guards.repository import ROOT, project
from tests.support.browser import find_chromium

GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
SCHEMAS = {
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_github_accepts_its_files(schema: str) -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [str(tool), "--builtin-schema", schema, *map(str, SCHEMAS[schema])]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert SCHEMAS[schema]
    assert ran.returncode == 0, ran.stdout


def test_the_changelog_names_this_version_or_says_that_none_is_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[([^]]+)\](.*)$", text, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    released = [name for name, _ in headings[1:]]
    version = project()["version"]
    assert version in released or f"first release will be {version}" in text
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in headings[1:])


def test_the_license_is_the_one_that_the_package_states() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    assert project()["license"] == "MIT"
    assert project()["license-files"] == ["LICENSE"]


def test_a_release_holds_wheel_zip_and_their_checksums(tmp_path: Path) -> None:
    _make("release", tmp_path)
    wheel = f"unc_consumer-{project()['version']}-py3-none-any.whl"
    assert {path.name for path in tmp_path.iterdir()} == {wheel, "unc-consumer.zip", "SHA256SUMS"}
    for line in (tmp_path / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    names = zipfile.ZipFile(tmp_path / wheel).namelist()
    assert {"unc/cli.py", "consumer/text.py", "unc/bundled/infra/template.yaml"} <= {*names}
    assert [name for name in names if name.endswith("/LICENSE")]
    assert not [name for name in names if name.startswith(("tests/", "src/"))]


def test_a_tag_of_another_version_is_not_released(tmp_path: Path) -> None:
    ran = _run("publish", tmp_path, "TAG=v0.0.0")
    assert ran.returncode != 0
    assert f"v0.0.0 is not the version {project()['version']}" in ran.stderr


def _make(verb: str, dist: Path) -> None:
    ran = _run(verb, dist)
    assert ran.returncode == 0, ran.stderr


def _run(verb: str, dist: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-o", ".venv/.can-run", verb, f"DIST={dist}", *more]
    command.append(f"BIN={Path(sys.executable).parent}")
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_missing_browser_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console's tests fail with this line; they are never skipped."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        find_chromium()
