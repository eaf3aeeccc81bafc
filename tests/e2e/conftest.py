"""One running stack for all end-to-end tests; each test has senders of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.command_line import Said, Unc
from tests.e2e.dead_letters import purge
from tests.e2e.world import World
from unc.local.stack import Settings, running_stack
from unc.runner import run


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The system as `unc up` runs it: our template with the intake, our zip, a stand-in service."""
    with running_stack(Settings(parameters={"WebhookIntake": "true"})) as stack:
        yield World(stack)


@pytest.fixture
def empty_queues(world: World) -> Iterator[None]:
    """No test finds another's dead letters, whatever its file."""
    purge(world)
    yield
    purge(world)


@pytest.fixture
def unc(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Unc]:
    """The command line, talking to the stack; gives exit code, stdout and stderr.

    The first line of a command that changes something, where it goes to, is left out.
    """
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.stack.endpoint)

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out.removeprefix(f"the laptop: {world.stack.endpoint}\n"), said.err

    yield call
