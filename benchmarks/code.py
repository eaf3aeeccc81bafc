"""The code that each target runs: ours as it ships, the baseline with the SDK it needs."""

from __future__ import annotations

import compileall
import importlib.util
import zipfile
from collections.abc import Iterator
from pathlib import Path

from unc import project
from unc.deploy.package import Package, build_package, digest_entries, write_zip

BASELINE = project.ROOT / "benchmarks" / "baseline"
# What boto3 needs beside itself. Of botocore's 20 MB of service models two are used.
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
SDK_DATA = ("dynamodb/", "secretsmanager/", "endpoints.json", "partitions.json", "_retry.json")
SDK_DATA += ("sdk-default-configuration.json",)


def unpack_ours(folder: Path) -> Path:
    """Unpack what ships, with bytecode as a warm image would have it."""
    package = build_package(folder / "ours.zip")
    code = folder / "ours"
    zipfile.ZipFile(package.path).extractall(code)
    compileall.compile_dir(code, quiet=1)
    return code


def pack_baseline(folder: Path) -> Package:
    """Write the baseline's own zip."""
    entries = {path.name: path.read_bytes() for path in BASELINE.glob("*.py")}
    for name in SDK:
        entries.update(sdk_entries(name))
    path = folder / "baseline.zip"
    write_zip(path, entries)
    return Package(path, digest_entries(entries), len(entries))


def sdk_entries(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an installed package or module, by their names in a zip."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed")
    origin = Path(spec.origin)
    root = origin.parent.parent if origin.name == "__init__.py" else origin.parent
    files = origin.parent.rglob("*") if origin.name == "__init__.py" else [origin]
    for path in files:
        entry = path.relative_to(root).as_posix()
        if path.is_file() and is_needed(entry):
            yield entry, path.read_bytes()


def is_needed(entry: str) -> bool:
    """Leave out bytecode, and models of services that the baseline does not call."""
    _, is_data, rest = entry.partition("/data/")
    return not entry.endswith(".pyc") and (not is_data or rest.startswith(SDK_DATA))
