"""Each case runs twice: in memory, and on the emulator, which starts once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.emulator_harness import EmulatorHarness
from tests.contract.harness import Harness
from tests.contract.memory_harness import MemoryHarness
from unc.local.stack import running_stack


@pytest.fixture(scope="session")
def emulator_harness() -> Iterator[EmulatorHarness]:
    """The template's tables and queues, with functions that read nothing from them."""
    with running_stack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", stack.endpoint)
        environment.setenv("INTELLIGENCE_API_SECRET", stack.secret)
        functions = stack.aws.functions
        for each in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.delete_event_source_mapping(UUID=each["UUID"])
        yield EmulatorHarness(stack)


@pytest.fixture(params=["memory", pytest.param("emulator", marks=pytest.mark.emulator)])
def harness(request: pytest.FixtureRequest) -> Harness:
    """One of the two worlds."""
    if request.param == "memory":
        return MemoryHarness()
    running: EmulatorHarness = request.getfixturevalue("emulator_harness")
    return running
