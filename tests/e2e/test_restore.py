"""`unc restore` against a running stack: rows come back, a table comes back, nobody is notified.

The emulator copies a table as it is, whatever the moment. So the copies are made first, then the
damage is done, and then the run is repeated that makes use of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.world import World, new_sender, write
from unc.aws.connection import ACCOUNT_VARIABLE
from unc.aws.resources import STACK
from unc.aws.session import Aws
from unc.local.stack import Settings, running_stack
from unc.messages.message import Message
from unc.restore import event_sources
from unc.restore.bring_back import bring_back, plan_bring_back
from unc.runner import run

pytestmark = pytest.mark.emulator

DAYS = "30"
# A line of each step, in order.
STEPS = (
    "switching off what reads the queue",
    "is bringing chats back",
    "chats: stream is on",
    "chats: deletion protection is on",
    "taking the event sources off",
    "attaching the event sources",
    "stack: ",
)


@dataclass
class Site:
    """A running stack, and what the last command printed."""

    world: World
    capture: pytest.CaptureFixture[str]

    @property
    def aws(self) -> Aws:
        return self.world.stack.aws

    def unc(self, *arguments: str) -> tuple[int, str, str]:
        self.capture.readouterr()
        code = run([*arguments])
        printed = self.capture.readouterr()
        return code, printed.out, printed.err

    def exchange(self, sender: str, text: str) -> Message:
        """A message that is stored and that the reply service has heard of."""
        message = write(sender, text)
        self.world.send(message.body)
        self.world.await_notified(message)
        return message

    def notified(self, message: Message) -> int:
        """How many POSTs about it were accepted."""
        posts = self.world.reply.accepted(message.sender_id)
        return sum(post.message == message.label for post in posts)

    def rows(self, table: str) -> list[dict[str, Any]]:
        pages = self.aws.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [dict(item) for page in pages for item in page["Items"]]

    def delete_row(self, table: str, **key: str) -> None:
        self.aws.dynamodb.delete_item(
            TableName=table, Key={name: {"S": value} for name, value in key.items()}
        )

    def delete_table(self, name: str) -> None:
        """As a person would who is sure; AWS itself makes the backup that the emulator is asked
        for here."""
        self.aws.dynamodb.create_backup(TableName=name, BackupName=f"{name}-deleted")
        self.aws.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        self.aws.dynamodb.delete_table(TableName=name)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Site]:
    monkeypatch.delenv(ACCOUNT_VARIABLE, raising=False)
    with running_stack(Settings(parameters={"ChatRetentionDays": DAYS})) as stack:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
        # The emulator's CloudFormation leaves out recovery and time to live.
        assert run(["restore", "--yes"]) == 0
        yield Site(World(stack), capfd)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _key(message: Message) -> dict[str, str]:
    return {"sender_id": message.sender_id, "message_id": message.message_id}


def test_rows_come_back_and_nobody_is_notified_about_them(site: Site) -> None:
    lost, altered = new_sender(), new_sender()
    gone = [site.exchange(lost, "the first"), site.exchange(lost, "the second")]
    kept = site.exchange(altered, "as it was")
    before = {table: site.rows(table) for table in ("sessions", "chats")}
    moment = _now()
    code, printed, _ = site.unc("restore", "--to", moment, "--copy-only", "--yes")
    assert code == 0
    assert "0 rows missing, 0 differ" in printed

    for message in gone:
        site.delete_row("chats", **_key(message))
    # Nothing says any more that these were told.
    site.delete_row("notifications", sender_id=gone[0].sender_id)
    site.delete_row("sessions", session_id=site.world.inbound(kept.sender_id)[0]["session_id"])
    _overwrite_text(site, kept)
    damaged = site.rows("chats")
    code, printed, _ = site.unc("restore", "--to", moment)
    assert code == 0
    assert "sessions: 1 rows missing, 0 differ" in printed
    assert "chats: 2 rows missing, 1 differ" in printed
    assert site.rows("chats") == damaged

    since = site.exchange(new_sender(), "written since")
    code, printed, _ = site.unc("restore", "--to", moment, "--yes")
    assert code == 0
    assert "chats: wrote 3 rows back" in printed
    after = {table: site.rows(table) for table in ("sessions", "chats")}
    for table, rows in before.items():
        assert [row for row in rows if row not in after[table]] == []
    assert site.world.texts(since.sender_id) == ["written since"]

    # A sender's records are handled in their order, so this one comes after what was written back.
    site.exchange(lost, "the last")
    assert [site.notified(message) for message in gone] == [1, 1]
    code, printed, _ = site.unc("restore", "--to", moment, "--json")
    assert [each["differing"]["missing"] for each in json.loads(printed)["tables"]] == [0, 0]


def _overwrite_text(site: Site, message: Message) -> None:
    site.aws.dynamodb.update_item(
        TableName="chats",
        Key={name: {"S": value} for name, value in _key(message).items()},
        UpdateExpression="SET content.#text = :text",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues={":text": {"S": "what somebody made of it"}},
    )


def test_who_was_erased_since_does_not_come_back(site: Site) -> None:
    erased = site.exchange(new_sender(), "forget me")
    lost = site.exchange(new_sender(), "keep me")
    moment = _now()
    assert site.unc("restore", "--to", moment, "--copy-only", "--yes")[0] == 0
    assert site.unc("forget", erased.sender_id, "--yes")[0] == 0
    site.delete_row("chats", **_key(lost))
    arguments = ("restore", "--to", moment, "--without", erased.sender_id, "--yes")
    assert site.unc(*arguments)[0] == 0
    assert site.world.inbound(erased.sender_id) == []
    assert site.world.sessions(erased.sender_id) == []
    assert site.world.texts(lost.sender_id) == ["keep me"]


def test_a_run_that_is_cut_off_between_a_row_s_two_writes_is_finished(site: Site) -> None:
    lost = site.exchange(new_sender(), "half back")
    moment = _now()
    assert site.unc("restore", "--to", moment, "--copy-only", "--yes")[0] == 0
    half = {name: {"S": value} for name, value in _key(lost).items()}
    site.aws.dynamodb.put_item(TableName="chats", Item=half | {"chat_type": {"S": "restoring"}})
    assert site.unc("restore", "--to", moment, "--missing-only", "--yes")[0] == 0
    assert site.world.texts(lost.sender_id) == ["half back"]


def test_a_table_that_was_deleted_comes_back_whole_after_any_interruption(site: Site) -> None:
    known = site.exchange(new_sender(), "before")
    first_stream = site.aws.dynamodb.describe_table(TableName="chats")["Table"]["LatestStreamArn"]
    before = site.rows("chats")
    site.delete_table("chats")
    code, printed, _ = site.unc("restore")
    assert code == 0
    assert "- chats: gone; comes back from the backup of" in printed
    assert "--yes does it" in printed

    plan = plan_bring_back(site.aws, STACK, print)
    for step in STEPS:
        with pytest.raises(KeyboardInterrupt):
            bring_back(site.aws, plan, _Interrupt(step))
        plan = plan_bring_back(site.aws, STACK, print)
    waiting = write(new_sender(), "while it was gone")
    site.world.send(waiting.body)
    code, _, _ = site.unc("restore", "--yes")
    assert code == 0

    _assert_whole(site, first_stream)
    assert [row for row in before if row not in site.rows("chats")] == []
    site.world.await_notified(waiting)
    site.exchange(known.sender_id, "after")
    assert [site.notified(known), site.notified(waiting)] == [1, 1]
    code, printed, _ = site.unc("restore", "--json")
    assert code == 0
    assert json.loads(printed)["reads_stream"]
    assert site.unc("deploy", "--set", f"ReplyServiceUrl={site.world.stack.reply_url}")[0] == 0


def _assert_whole(site: Site, first_stream: str) -> None:
    """The chats have all that the template gives them, and the stack knows their stream."""
    table = site.aws.dynamodb.describe_table(TableName="chats")["Table"]
    stream = table["LatestStreamArn"]
    assert stream != first_stream
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert table["DeletionProtectionEnabled"]
    expiry = site.aws.dynamodb.describe_time_to_live(TableName="chats")["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    backups = site.aws.dynamodb.describe_continuous_backups(TableName="chats")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert event_sources.reads_stream(site.aws, STACK, stream)
    outputs = site.aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    assert stream in [each["OutputValue"] for each in outputs]
    roles = json.dumps(
        site.aws.session.client("iam", endpoint_url=site.aws.endpoint).get_role_policy(
            RoleName=_role_of_notifier(site), PolicyName="dynamo-function"
        )["PolicyDocument"]
    )
    assert stream in roles


def _role_of_notifier(site: Site) -> str:
    found = site.aws.functions.get_function_configuration(FunctionName="unc-dynamo-lambda")
    return found["Role"].rpartition("/")[2]


def test_what_is_whole_is_left_alone_and_what_makes_no_sense_is_refused(site: Site) -> None:
    before = site.aws.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"][0]
    code, printed, _ = site.unc("restore", "--yes")
    assert code == 0
    assert "the tables are there and whole" in printed
    after = site.aws.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"][0]
    assert after["EventId"] == before["EventId"]

    refused = {
        ("--copy-only",): "this goes with a moment only",
        ("--to", "2020-01-01T00:00:00"): "says no time zone",
        ("--to", "2100-01-01T00:00:00+00:00"): "can be copied up to",
        ("--to", _now(), "--table", "notifications"): "older rows of it would notify people again",
        ("--to", _now(), "--table", "rows"): "rows is no table of the stack",
    }
    for arguments, reason in refused.items():
        code, _, error = site.unc("restore", *arguments, "--yes")
        assert (code, reason in error) == (2, True)
    code, printed, _ = site.unc("restore", "--to", _now(), "--table", "chats", "--json")
    assert code == 0
    assert [each["table"] for each in json.loads(printed)["tables"]] == ["chats"]
    assert site.aws.dynamodb.list_tables()["TableNames"] == ["chats", "notifications", "sessions"]


class _Interrupt:
    """A Ctrl-C as soon as a line with these words is printed."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, line: str) -> None:
        if self._words in line:
            raise KeyboardInterrupt
