"""One running stack for all end-to-end tests; each test has senders of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import World
from unc.local.stack import running_stack


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The system as `unc up` runs it: our template, our zip, a stand-in reply service."""
    with running_stack() as stack:
        yield World(stack)
