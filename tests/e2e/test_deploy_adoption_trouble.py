"""A takeover that is cut off, refused, or cannot know: untouched, or a later run goes on."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.older import account as older
from tests.e2e.older.world import OldWorld, running_old_world
from unc.cli import run

pytestmark = pytest.mark.emulator

# What each step tells, in their order: import and update are told by the stack's events.
STEPS = (
    "taking hold of what is there",
    "stack: ",
    "switching off what reads the queue",
    "waiting until the older notifier",
    "stack: ",
    "as told",
)


@pytest.fixture
def old_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[OldWorld]:
    with running_old_world(monkeypatch) as world:
        yield world


def test_a_takeover_that_is_cut_off_is_finished_by_the_next(old_world: OldWorld) -> None:
    told = [old_world.exchange("before")]
    for step in STEPS:
        with pytest.raises(KeyboardInterrupt):
            old_world.roll_out(_Interrupt(step))
    told.append(old_world.send("while nobody is at work"))
    assert old_world.deploy() == 0
    told.append(old_world.exchange("after"))
    old_world.assert_told_once(*told)


def test_where_the_older_notifier_was_off_a_person_has_to_say_what_was_told(
    old_world: OldWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    told = old_world.exchange("told")
    old_world.switch(1, on=False)
    assert old_world.deploy() == 2
    assert "nobody knows how far it told" in capfd.readouterr().err
    assert old_world.aws.cloudformation.describe_stacks()["Stacks"] == []
    assert old_world.states() == ["Enabled", "Disabled"]
    assert old_world.deploy("--told-until", "all") == 0
    after = old_world.exchange("after")
    old_world.assert_told_once(told, after)


def test_a_queue_s_own_policy_is_not_overwritten_silently(
    old_world: OldWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
    old_world.aws.sqs.set_queue_attributes(
        QueueUrl=old_world.queue, Attributes={"Policy": json.dumps(policy)}
    )
    assert old_world.deploy() == 5
    assert "has a policy of its own" in capfd.readouterr().err
    assert old_world.states() == ["Enabled", "Enabled"]


def test_a_rehearsal_tells_the_steps_and_touches_nothing(
    old_world: OldWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    before = old_world.functions()
    assert old_world.deploy("--dry-run") == 0
    printed = capfd.readouterr().out
    assert "found, made without a stack: table chats" in printed
    assert "1. import 8 resources into the stack as they are" in printed
    assert f"aws iam delete-role --role-name {older.ROLE}" in printed
    assert old_world.aws.cloudformation.describe_stacks()["Stacks"] == []
    assert old_world.states() == ["Enabled", "Enabled"]
    assert old_world.functions() == before


def test_secrets_of_the_older_functions_are_not_written_into_a_template(
    old_world: OldWorld,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        old_world.roll_out(_Interrupt("switching off"))
    body = old_world.aws.cloudformation.get_template(StackName="unc-consumer")["TemplateBody"]
    assert old_world.reply.secret not in json.dumps(body)


def test_an_older_event_source_that_comes_back_is_switched_off(old_world: OldWorld) -> None:
    assert old_world.deploy() == 0
    again = old_world.aws.functions.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{older.QUEUE}",
        FunctionName=older.STORING,
    )
    assert run(["deploy"]) == 0
    found = old_world.aws.functions.get_event_source_mapping(UUID=again["UUID"])
    assert found["State"] == "Disabled"
    old_world.exchange("still served")


class _Interrupt:
    """A Ctrl-C as soon as a line with these words is told."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, line: str) -> None:
        if self._words in line:
            raise KeyboardInterrupt
