"""Fuzz a decoder: `python -m tests.fuzz.run TARGET [--runs N | --seconds N] [FILE]`.

Coverage guides it. The inputs that reached something new are kept in build/fuzz/TARGET
and are where the next run begins; an input that breaks the target is written beside them
as found-…, and given as FILE it is played again.
"""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

import atheris  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

with atheris.instrument_imports(include=["consumer", "queue_function"]):
    from tests.fuzz.targets import TARGETS, WORDS

LONGEST_INPUT_BYTES = 20_000
LONGEST_RUN_SECONDS = 20  # one input that takes this long counts as a hang


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz.run", description="Fuzz a decoder.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("file", nargs="?", type=Path, help="play this input again")
    parser.add_argument("--runs", type=int, default=-1, help="end after so many inputs")
    parser.add_argument("--seconds", type=int, default=0, help="end after so many seconds")
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same inputs")
    parser.add_argument("--folder", type=Path, help="where inputs are kept")
    return parser.parse_args()


def plant(seeds: list[bytes], folder: Path) -> None:
    """Write down what the fuzzer begins with, and the words it may put in."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / sha256(seed).hexdigest()).write_bytes(seed)
    escaped = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS]
    (folder / "words").write_text("".join(f'"{word}"\n' for word in escaped))


def main() -> None:
    arguments = read_arguments()
    target, seeds = TARGETS[arguments.target]
    folder = arguments.folder or ROOT / "build" / "fuzz" / arguments.target
    plant(seeds, folder)
    options = {
        "runs": arguments.runs,
        "max_total_time": arguments.seconds,
        "seed": arguments.seed,
        "max_len": LONGEST_INPUT_BYTES,
        "dict": folder / "words",
        "timeout": LONGEST_RUN_SECONDS,
        "artifact_prefix": f"{folder}/found-",
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    start = [arguments.file] if arguments.file else [folder / "corpus"]
    atheris.Setup([sys.argv[0], *given, *map(str, start)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
