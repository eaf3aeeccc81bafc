"""The trees do not lean on each other: each imports only from the trees that it may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guards.repository import imported_modules, name_of, python_files, tracked_files

# A tree, and the trees that none of its files may import from. Handlers lie at the root of `src`.
FORBIDDEN = {
    "src": {"unc", "tests", "benchmarks"},
    "unc": {"tests", "benchmarks"},
    "tests": {"benchmarks"},
    # Somebody copies an example out of here: it stands alone.
    "examples": {"consumer", "unc", "tests", "benchmarks"},
}
CASES = [(tree, path) for tree in FORBIDDEN for path in python_files(tree)]


@pytest.mark.parametrize(("tree", "path"), CASES, ids=lambda each: str(each).rpartition("/")[2])
def test_a_tree_imports_nothing_from_a_tree_that_it_may_not_use(tree: str, path: Path) -> None:
    imported = {module.partition(".")[0] for module in imported_modules(path)}
    assert not imported & FORBIDDEN[tree], name_of(path)


def test_every_tree_of_code_is_known() -> None:
    """A new tree has to state here what it may use; benchmarks may use all of them."""
    names = [name_of(path) for path in tracked_files() if path.suffix == ".py"]
    trees = {name.partition("/")[0] for name in names if "/" in name}
    assert trees == {*FORBIDDEN, "benchmarks"}
