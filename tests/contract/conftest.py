"""Each case runs twice: in memory, and on the emulator, which starts once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.bench import Bench
from tests.contract.emulator_bench import EmulatorBench
from tests.contract.memory_bench import MemoryBench
from unc.stack import Settings, running_stack


@pytest.fixture(scope="session")
def emulator_bench() -> Iterator[EmulatorBench]:
    """The template's tables and queues, without the functions that would empty them."""
    settings = Settings(parameters={"AttachEventSources": "false"})
    with running_stack(settings) as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", stack.endpoint)
        environment.setenv("INTELLIGENCE_API_SECRET", stack.secret)
        yield EmulatorBench(stack)


@pytest.fixture(params=["memory", pytest.param("emulator", marks=pytest.mark.emulator)])
def bench(request: pytest.FixtureRequest) -> Bench:
    """One of the two worlds."""
    if request.param == "memory":
        return MemoryBench()
    running: EmulatorBench = request.getfixturevalue("emulator_bench")
    return running
