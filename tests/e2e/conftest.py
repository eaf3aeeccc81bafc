"""One running stack for all end-to-end tests; each test has senders of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import World
from unc.local.stack import Settings, running_stack


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The system as `unc up` runs it: our template with the intake, our zip, a stand-in service."""
    with running_stack(Settings(parameters={"WebhookIntake": "true"})) as stack:
        yield World(stack)
