"""The zip that Lambda runs: src/ and the pinned packages it ships with, and nothing else.

The same input gives the same bytes: names sorted, times and modes fixed, no bytecode. What is not
promised is the same compression from another zlib, so the digest is taken over the content.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unc import project
from unc.errors import SetupMissing, UncError

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644 << 16
# urllib3 parts for a browser's Python, for pyOpenSSL, for SOCKS and for HTTP/2 over h2; its own
# imports reach none of them here.
UNUSED = (
    "urllib3/contrib/emscripten/",
    "urllib3/contrib/pyopenssl.py",
    "urllib3/contrib/socks.py",
    "urllib3/http2/connection.py",
    "urllib3/py.typed",
)
DROPPED_PARTS = {"__pycache__", "bin"}


@dataclass(frozen=True)
class Package:
    """A written zip and the digest of what it holds."""

    path: Path
    digest: str
    files: int


def build_package(
    destination: Path = project.PACKAGE,
    source: Path = project.SOURCE,
    requirements: Path = project.REQUIREMENTS,
) -> Package:
    """Write the zip; raises SetupMissing when the pinned packages cannot be installed."""
    entries = dict(source_entries(source))
    entries.update(shipped_entries(install_shipped(requirements)))
    write_zip(destination, entries)
    return Package(destination, digest_entries(entries), len(entries))


def source_entries(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file of src/."""
    if not source.is_dir():
        raise UncError(f"there is no {source.name}/ to package", "run this from the repository")
    for name, path in walk_files(source):
        if not name.endswith(".pyc"):
            yield name, path.read_bytes()


def shipped_entries(site: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of what the installed packages need at run time, and their licences."""
    for name, path in walk_files(site):
        kept = shipped_name(name)
        if kept is not None:
            yield kept, path.read_bytes()


def shipped_name(name: str) -> str | None:
    """Say under which name a file of an installed package ships, or None when it does not."""
    top, _, rest = name.partition("/")
    if top.endswith(".dist-info"):
        licence = rest.rpartition("/")[2]
        is_licence = licence.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "COPYING"))
        return f"licences/{top.partition('-')[0]}-{licence}" if is_licence else None
    return None if name.startswith(UNUSED) or name.endswith(".pyc") else name


def walk_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file under a folder, sorted by its name in the zip."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not DROPPED_PARTS.intersection(relative.parts):
            yield relative.as_posix(), path


def install_shipped(requirements: Path) -> Path:
    """Install the pinned packages once per content of the requirements; return the folder."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    site = project.BUILD / f"shipped-{digest}"
    if not site.is_dir():
        partial = project.BUILD / f"shipped-{digest}.{os.getpid()}"
        run_pip_install(requirements, partial)
        publish_folder(partial, site)
    return site


def run_pip_install(requirements: Path, target: Path) -> None:
    """Install wheels that run on any machine, and only those whose hash is pinned."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"]
    command += ["--platform=any", "--target", str(target), "--requirement", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        reason = (result.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise SetupMissing(f"cannot install what ships: {reason}", "is the network there?")


def publish_folder(partial: Path, final: Path) -> None:
    """Rename into place; another process that was quicker wins, with the same content."""
    try:
        partial.rename(final)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)


def digest_entries(entries: dict[str, bytes]) -> str:
    """Hash names and contents, so that the digest does not depend on the compressor."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(f"{name}\0{len(entries[name])}\0".encode())
        digest.update(entries[name])
    return digest.hexdigest()


def write_zip(destination: Path, entries: dict[str, bytes]) -> None:
    """Write entries sorted, with fixed times and modes; the file appears whole or not at all."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f"{destination.name}.{os.getpid()}")
    with zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(entries):
            archive.writestr(zip_info(name), entries[name], zipfile.ZIP_DEFLATED, compresslevel=9)
    partial.replace(destination)


def zip_info(name: str) -> zipfile.ZipInfo:
    """Describe a file that anyone may read, made at the zip format's first moment."""
    info = zipfile.ZipInfo(name, ZIP_EPOCH)
    info.create_system = 3
    info.external_attr = FILE_MODE
    return info


def main() -> None:
    """Write dist/unc-consumer.zip and say so."""
    try:
        package = build_package()
    except UncError as error:
        sys.exit(f"unc: {error}" + (f" ({error.hint})" if error.hint else ""))
    size_kb = package.path.stat().st_size / 1024
    name = package.path.relative_to(project.ROOT)
    print(f"{name}  {size_kb:.0f} KB  {package.files} files  content sha256 {package.digest}")


if __name__ == "__main__":
    main()
