"""The zip: reproducible, complete, and nothing in it that Lambda does not run."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from unc import project
from unc.deploy.package import Package, build_package
from unc.errors import UncError


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build_package(tmp_path_factory.mktemp("package") / "first.zip")


@pytest.fixture(scope="module")
def names(package: Package) -> list[str]:
    return zipfile.ZipFile(package.path).namelist()


def test_the_same_input_gives_the_same_bytes(package: Package, tmp_path: Path) -> None:
    again = build_package(tmp_path / "again.zip")
    assert again.digest == package.digest
    assert again.path.read_bytes() == package.path.read_bytes()


def test_times_and_modes_of_the_sources_do_not_matter(tmp_path: Path) -> None:
    written = []
    for mode in (0o600, 0o755):
        source = tmp_path / oct(mode)
        source.mkdir()
        (source / "queue_function.py").write_text("x = 1\n")
        (source / "queue_function.py").chmod(mode)
        os.utime(source / "queue_function.py", (mode, mode))
        written.append(build_package(tmp_path / f"{mode}.zip", source).path.read_bytes())
    assert written[0] == written[1]


def test_another_content_gives_another_digest(tmp_path: Path, package: Package) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "queue_function.py").write_text("x = 2\n")
    assert build_package(tmp_path / "z.zip", tmp_path / "src").digest != package.digest


def test_names_are_sorted_and_unique(names: list[str]) -> None:
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    "unwanted", ["__pycache__", ".pyc", ".dist-info", "urllib3", "boto3", "botocore", "unc/"]
)
def test_nothing_unneeded_is_inside(names: list[str], unwanted: str) -> None:
    assert [name for name in names if unwanted in name] == []


def test_the_sources_are_inside_and_nothing_else(names: list[str]) -> None:
    sources = [path for path in project.SOURCE.rglob("*.py") if "__pycache__" not in path.parts]
    assert names == sorted(path.relative_to(project.SOURCE).as_posix() for path in sources)


@pytest.mark.parametrize("entry", ["queue_function", "dynamo_function"])
def test_an_entry_imports_with_nothing_but_the_standard_library(
    entry: str, package: Package, tmp_path: Path
) -> None:
    zipfile.ZipFile(package.path).extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {entry}"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file")
    with pytest.raises(UncError, match=r"^cannot write .*/dist/z\.zip: "):
        build_package(tmp_path / "dist" / "z.zip")


def test_what_cannot_be_put_in_place_is_not_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "z.zip").mkdir()
    with pytest.raises(UncError, match="cannot write"):
        build_package(tmp_path / "z.zip")
    assert list(tmp_path.iterdir()) == [tmp_path / "z.zip"]
