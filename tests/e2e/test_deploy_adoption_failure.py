"""A takeover that fails: the legacy consumer goes on, or a line says that it does not, and why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.legacy_consumer import account as legacy
from tests.e2e.legacy_consumer.history import read_all
from tests.e2e.legacy_consumer.world import LegacyWorld, running_legacy_world
from tests.e2e.templates import broken_template
from tests.e2e.world import eventually
from unc.deploy.code_bucket import bucket_name
from unc.errors import DeployFailed
from unc.takeover.inventory import read_owned

pytestmark = pytest.mark.emulator

ORPHANS = {"NotificationTable", "ReplyRetryQueue"}


@pytest.fixture
def legacy_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[LegacyWorld]:
    with running_legacy_world(monkeypatch) as world:
        yield world


def test_a_takeover_that_fails_leaves_the_legacy_consumer_at_work(
    legacy_world: LegacyWorld, tmp_path: Path
) -> None:
    before = legacy_world.functions()
    first = legacy_world.exchange("before")
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        legacy_world.roll_out(_ignore, broken_template(tmp_path))
    assert legacy_world.functions() == before, "code, role and environment are back"
    assert legacy_world.states() == ["Enabled", "Enabled"]
    second = legacy_world.exchange("after a failure")
    assert "stored_at" not in _chat(legacy_world, second.message_id)
    legacy.leave_orphans(legacy_world.aws)
    assert legacy_world.deploy("--dry-run") == 0
    assert _owned(legacy_world).isdisjoint(ORPHANS)
    assert legacy_world.deploy() == 0
    assert _owned(legacy_world) >= ORPHANS
    third = legacy_world.exchange("after a takeover")
    assert "stored_at" in _chat(legacy_world, third.message_id)
    legacy_world.assert_notified_once(first, second, third)


def test_where_the_rollback_fails_too_it_says_what_holds_it_up_and_a_later_run_goes_on(
    legacy_world: LegacyWorld, tmp_path: Path
) -> None:
    notified = [legacy_world.exchange("before")]
    lost = _LostCode(legacy_world)
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        legacy_world.roll_out(lost, broken_template(tmp_path))
    assert legacy_world.states() == ["Disabled", "Disabled"]
    assert "the legacy consumer is off and messages wait in the queue" in lost.lines[-1]
    assert "Function failed: " in lost.lines[-1]
    notified.append(legacy_world.send("while nobody is at work"))
    with pytest.raises(DeployFailed, match=r"the rollback .* stopped again: \w+Function failed: "):
        legacy_world.roll_out(_ignore)
    lost.put_back()
    assert legacy_world.deploy() == 0
    notified.append(legacy_world.exchange("after"))
    legacy_world.assert_notified_once(*notified)


def test_where_the_new_event_sources_cannot_be_attached_the_next_run_does_it(
    legacy_world: LegacyWorld, tmp_path: Path
) -> None:
    notified = [legacy_world.exchange("before")]
    template = broken_template(tmp_path)
    whole = template.read_text()
    template.write_text(whole.replace("  Broken:\n", "  Broken:\n    Condition: IsAttached\n"))
    lines: list[str] = []
    with pytest.raises(DeployFailed, match=r"^Broken failed: "):
        legacy_world.roll_out(lines.append, template)
    assert "messages wait in the queue until this is run again" in lines[-1]
    notified.append(legacy_world.send("while nobody is at work"))
    assert legacy_world.deploy("--replace", "Broken") == 0
    notified.append(legacy_world.exchange("after"))
    legacy_world.assert_notified_once(*notified)


def test_where_the_legacy_notifier_keeps_failing_the_queue_is_read_again(
    legacy_world: LegacyWorld,
) -> None:
    legacy_world.break_notifier()
    notified = [legacy_world.send("stored and not notified")]
    eventually(legacy_world.notifier_fails, "the legacy notifier fails")
    lines: list[str] = []
    with pytest.raises(DeployFailed, match="does not get to the end of the stream"):
        legacy_world.roll_out(lines.append, drain_limit_seconds=5)
    assert legacy_world.states() == ["Enabled", "Enabled"]
    assert lines[-1] == "stopped: the legacy consumer reads the queue again, as before"
    notified.append(legacy_world.send("while it fails"))
    eventually(
        lambda: _is_stored(legacy_world, notified[-1].message_id), "stored by the legacy one"
    )
    legacy_world.mend_notifier()
    assert legacy_world.deploy() == 0
    notified.append(legacy_world.exchange("after"))
    legacy_world.assert_notified_once(*notified)


def test_what_was_off_before_a_takeover_gave_up_stays_off(legacy_world: LegacyWorld) -> None:
    legacy_world.switch(0, on=False)
    lines: list[str] = []
    with pytest.raises(DeployFailed, match="does not get to the end of the stream"):
        legacy_world.roll_out(lines.append, drain_limit_seconds=0)
    assert legacy_world.states() == ["Disabled", "Enabled"]
    assert lines[-1] == "stopped: what reads the queue was off before, and stays off"


class _LostCode:
    """Keeps what is notified, and loses the legacy code that a rollback needs, after the import."""

    def __init__(self, world: LegacyWorld) -> None:
        self.lines: list[str] = []
        self._s3, self._bucket = world.aws.s3, bucket_name(world.aws)
        self._code: dict[str, bytes] = {}

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if "switching off what reads the queue" in line:
            self._lose()

    def _lose(self) -> None:
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix="takeover/")["Contents"]
        for key in (one["Key"] for one in found if one["Key"].endswith(".zip")):
            self._code[key] = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def put_back(self) -> None:
        for key, body in self._code.items():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)


def _owned(world: LegacyWorld) -> set[str]:
    """What the stack holds, by the template's names."""
    return set(read_owned(world.aws, "unc-consumer"))


def _chat(world: LegacyWorld, message_id: str) -> dict[str, object]:
    chats = read_all(world.aws, "chats")
    return next(chat for chat in chats if chat["message_id"]["S"] == message_id)


def _is_stored(world: LegacyWorld, message_id: str) -> bool:
    return any(chat["message_id"]["S"] == message_id for chat in read_all(world.aws, "chats"))


def _ignore(line: str) -> None:
    """Ignore it."""
