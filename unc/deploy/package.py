"""The zip that Lambda runs: src/ and nothing else, since no other package ships.

The same input gives the same bytes: names sorted, times and modes fixed, no bytecode. What is not
promised is the same compression from another zlib, so the digest is taken over the content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unc import project
from unc.errors import UncError

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16


@dataclass(frozen=True)
class Package:
    """A written zip and the digest of what it holds."""

    path: Path
    digest: str
    files: int


def build_package(destination: Path = project.PACKAGE, source: Path = project.SOURCE) -> Package:
    """Write the zip; raises UncError for nothing to put into it, or no place for it."""
    entries = dict(_source_entries(source))
    write_zip(destination, entries)
    return Package(destination, digest_entries(entries), len(entries))


def _source_entries(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each Python file of src/."""
    if not source.is_dir():
        raise UncError(f"there is no {source.name}/ to package", "run this from the repository")
    for name, path in _walk_files(source):
        if name.endswith(".py"):
            yield name, path.read_bytes()


def _walk_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file under a folder, sorted by its name in the zip."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and "__pycache__" not in relative.parts:
            yield relative.as_posix(), path


def digest_entries(entries: dict[str, bytes]) -> str:
    """Hash names and contents, so that the digest does not depend on the compressor."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(f"{name}\0{len(entries[name])}\0".encode())
        digest.update(entries[name])
    return digest.hexdigest()


def write_zip(destination: Path, entries: dict[str, bytes]) -> None:
    """Write entries sorted, with fixed times and modes; the file appears whole or not at all."""
    partial = destination.with_name(f"{destination.name}.{os.getpid()}")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w") as archive:
            for name in sorted(entries):
                info = _zip_info(name)
                archive.writestr(info, entries[name], zipfile.ZIP_DEFLATED, compresslevel=9)
        partial.replace(destination)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise UncError(f"cannot write {destination}: {error.strerror}") from error


def _zip_info(name: str) -> zipfile.ZipInfo:
    """Describe a file that anyone may read, made at the zip format's first moment."""
    info = zipfile.ZipInfo(name, _ZIP_EPOCH)
    info.create_system = 3
    info.external_attr = _FILE_MODE
    return info
