"""`unc package`: write the zip that Lambda runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unc.commands.options import AsJson
from unc.deploy.package import Package, build_package
from unc.terminal import out, print_json


def command(
    output: Annotated[Path, typer.Option(help="Where to write it.")] = Path(
        "dist/unc-consumer.zip"
    ),
    as_json: AsJson = False,
) -> None:
    """Write the zip that Lambda runs; the same input gives the same bytes."""
    package = build_package(output)
    if as_json:
        print_json(_as_document(package))
        return
    size_kb = package.path.stat().st_size / 1024
    out.print(
        f"{package.path}  {size_kb:.0f} KB  {package.files} files  content sha256 {package.digest}",
        markup=False,
    )


def _as_document(package: Package) -> dict[str, str | int]:
    """Return where it lies, its size in bytes, and the digest of what it holds."""
    return {
        "path": str(package.path),
        "bytes": package.path.stat().st_size,
        "files": package.files,
        "content_sha256": package.digest,
    }
