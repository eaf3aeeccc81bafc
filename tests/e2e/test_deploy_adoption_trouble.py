"""A takeover that fails, is cut off, or cannot know: the older consumer or a later run goes on."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.older import account as older
from tests.e2e.older.history import read_all
from tests.e2e.older.world import OldWorld, running_old_world
from tests.e2e.templates import broken_template
from tests.e2e.world import eventually
from unc import project
from unc.adoption.inventory import read_owned
from unc.change_set import Change
from unc.cli import run
from unc.code_bucket import bucket_name
from unc.deployment import Plan
from unc.errors import DeployFailed
from unc.package import build_package
from unc.rollout import roll_out

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

ORPHANS = {"NotificationTable", "ReplyRetryQueue"}


@pytest.fixture
def old_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[OldWorld]:
    with running_old_world(monkeypatch) as world:
        yield world


def _roll_out(
    world: OldWorld,
    progress: Callable[[str], None],
    template: Path = project.TEMPLATE,
    patience_seconds: float = 60,
) -> None:
    plan = Plan(build_package(), {"ReplyServiceUrl": world.reply.url}, template=template)
    roll_out(world.aws, plan, None, progress, _show_nothing, patience_seconds)


def test_a_takeover_that_fails_leaves_the_older_consumer_at_work(
    old_world: OldWorld, tmp_path: Path
) -> None:
    before = _functions(old_world)
    first = old_world.exchange("before")
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        _roll_out(old_world, _ignore, broken_template(tmp_path))
    assert _functions(old_world) == before, "code, role and environment are back"
    assert old_world.states() == ["Enabled", "Enabled"]
    second = old_world.exchange("after a failure")
    assert "stored_at" not in _chat(old_world, second.message_id)
    older.leave_orphans(old_world.aws)
    assert old_world.deploy("--dry-run") == 0
    assert _owned(old_world).isdisjoint(ORPHANS)
    assert old_world.deploy() == 0
    assert _owned(old_world) >= ORPHANS
    third = old_world.exchange("after a takeover")
    assert "stored_at" in _chat(old_world, third.message_id)
    old_world.assert_told_once(first, second, third)


def test_where_the_rollback_fails_too_it_says_what_holds_it_up_and_a_later_run_goes_on(
    old_world: OldWorld, tmp_path: Path
) -> None:
    told = [old_world.exchange("before")]
    lost = _LostCode(old_world)
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        _roll_out(old_world, lost, broken_template(tmp_path))
    assert old_world.states() == ["Disabled", "Disabled"]
    assert "the older consumer is off and messages wait in the queue" in lost.lines[-1]
    assert "Function failed: " in lost.lines[-1]
    told.append(old_world.send("while nobody is at work"))
    with pytest.raises(DeployFailed, match=r"the rollback .* stopped again: \w+Function failed: "):
        _roll_out(old_world, _ignore)
    lost.put_back()
    assert old_world.deploy() == 0
    told.append(old_world.exchange("after"))
    old_world.assert_told_once(*told)


def test_where_the_new_event_sources_cannot_be_attached_the_next_run_does_it(
    old_world: OldWorld, tmp_path: Path
) -> None:
    told = [old_world.exchange("before")]
    template = broken_template(tmp_path)
    whole = template.read_text()
    template.write_text(whole.replace("  Broken:\n", "  Broken:\n    Condition: IsAttached\n"))
    lines: list[str] = []
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        _roll_out(old_world, lines.append, template)
    assert "messages wait in the queue until this is run again" in lines[-1]
    told.append(old_world.send("while nobody is at work"))
    assert old_world.deploy("--replace", "Broken") == 0
    told.append(old_world.exchange("after"))
    old_world.assert_told_once(*told)


def test_a_takeover_that_is_cut_off_is_finished_by_the_next(old_world: OldWorld) -> None:
    told = [old_world.exchange("before")]
    for step in STEPS:
        with pytest.raises(KeyboardInterrupt):
            _roll_out(old_world, _Interrupt(step))
    told.append(old_world.send("while nobody is at work"))
    assert old_world.deploy() == 0
    told.append(old_world.exchange("after"))
    old_world.assert_told_once(*told)


def test_where_the_older_notifier_keeps_failing_the_queue_is_read_again(
    old_world: OldWorld,
) -> None:
    old_world.break_notifier()
    told = [old_world.send("stored and not told")]
    eventually(old_world.notifier_fails, "the older notifier fails")
    lines: list[str] = []
    with pytest.raises(DeployFailed, match="does not get to the end of the stream"):
        _roll_out(old_world, lines.append, patience_seconds=5)
    assert old_world.states() == ["Enabled", "Enabled"]
    assert lines[-1] == "giving up: the older consumer reads the queue again, as before"
    told.append(old_world.send("while it fails"))
    eventually(lambda: _is_stored(old_world, told[-1].message_id), "stored by the older one")
    old_world.mend_notifier()
    assert old_world.deploy() == 0
    told.append(old_world.exchange("after"))
    old_world.assert_told_once(*told)


def test_what_was_off_before_a_takeover_gave_up_stays_off(old_world: OldWorld) -> None:
    old_world.switch(0, on=False)
    lines: list[str] = []
    with pytest.raises(DeployFailed, match="does not get to the end of the stream"):
        _roll_out(old_world, lines.append, patience_seconds=0)
    assert old_world.states() == ["Disabled", "Enabled"]
    assert lines[-1] == "giving up: what reads the queue was off before, and stays off"


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
    before = _functions(old_world)
    assert old_world.deploy("--dry-run") == 0
    printed = capfd.readouterr().out
    assert "found, made without a stack: table chats" in printed
    assert "1. import 8 resources into the stack as they are" in printed
    assert f"aws iam delete-role --role-name {older.ROLE}" in printed
    assert old_world.aws.cloudformation.describe_stacks()["Stacks"] == []
    assert old_world.states() == ["Enabled", "Enabled"]
    assert _functions(old_world) == before


def test_secrets_of_the_older_functions_are_not_written_into_a_template(
    old_world: OldWorld,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        _roll_out(old_world, _Interrupt("switching off"))
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


class _LostCode:
    """Keeps what is told, and loses the older code that a rollback needs, after the import."""

    def __init__(self, world: OldWorld) -> None:
        self.lines: list[str] = []
        self._s3, self._bucket = world.aws.s3, bucket_name(world.aws)
        self._code: dict[str, bytes] = {}

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if "switching off what reads the queue" in line:
            self._lose()

    def _lose(self) -> None:
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix="adopted/")["Contents"]
        for key in (one["Key"] for one in found if one["Key"].endswith(".zip")):
            self._code[key] = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def put_back(self) -> None:
        for key, body in self._code.items():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)


def _functions(world: OldWorld) -> list[dict[str, object]]:
    """What makes the older functions what they are."""
    parts = ("CodeSha256", "Handler", "Runtime", "Role", "Environment", "Timeout", "MemorySize")
    found = [
        world.aws.functions.get_function_configuration(FunctionName=name)
        for name in (older.STORING, older.TELLING)
    ]
    return [{part: one.get(part) for part in parts} for one in found]


def _owned(world: OldWorld) -> set[str]:
    """What the stack holds, by the template's names."""
    return set(read_owned(world.aws, "unc-consumer"))


def _chat(world: OldWorld, message_id: str) -> dict[str, object]:
    chats = read_all(world.aws, "chats")
    return next(chat for chat in chats if chat["message_id"]["S"] == message_id)


def _is_stored(world: OldWorld, message_id: str) -> bool:
    return any(chat["message_id"]["S"] == message_id for chat in read_all(world.aws, "chats"))


def _show_nothing(changes: Sequence[Change]) -> None:
    """Leave the changes unsaid."""


def _ignore(line: str) -> None:
    """Tell nobody."""
