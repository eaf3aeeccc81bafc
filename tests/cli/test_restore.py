"""What a restore asks of AWS and what it refuses, with calls as AWS's models have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.template.stack import Stack
from unc import project
from unc.aws.session import Aws, local_aws
from unc.errors import BadInput, UncError
from unc.restore import event_sources, view
from unc.restore.copies import find_backup, make_copy, restore_backup
from unc.restore.rows import RESTORING, Choice, Counts
from unc.restore.settings import STREAM_VIEW, TableSettings, switch_on, wanted_settings
from unc.restore.write_back import (
    TableCopy,
    WriteBackPlan,
    make_copies,
    plan_write_back,
    read_moment,
)

MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
COPY = "chats-restore-20261122T100000Z"
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/chats"
KEYS = [
    {"AttributeName": "sender_id", "KeyType": "HASH"},
    {"AttributeName": "message_id", "KeyType": "RANGE"},
]
ALL_ON = TableSettings(stream=True, expiry=True, recovery=True, protection=True)


@pytest.fixture
def tables(aws: Aws) -> Iterator[Stubber]:
    """What DynamoDB answers, call by call."""
    with Stubber(aws.dynamodb) as stub:
        yield stub
        stub.assert_no_pending_responses()


def _table(stub: Stubber, name: str, status: str = "ACTIVE", **more: Any) -> None:
    described = {"TableName": name, "TableStatus": status, "KeySchema": KEYS, **more}
    stub.add_response("describe_table", {"Table": described}, {"TableName": name})


def _no_table(stub: Stubber, name: str) -> None:
    stub.add_client_error(
        "describe_table", "ResourceNotFoundException", expected_params={"TableName": name}
    )


def _recovery(stub: Stubber, status: str = "ENABLED", **window: datetime) -> None:
    found = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status, **window},
    }
    stub.add_response("describe_continuous_backups", {"ContinuousBackupsDescription": found})


@pytest.mark.parametrize(
    ("text", "hint"), [("yesterday", "2026-11-22"), ("2026-11-22T10:00:00", "+00:00")]
)
def test_a_moment_without_its_zone_is_refused(text: str, hint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_moment(text)
    assert hint in refusal.value.hint


def test_a_moment_counts_in_whole_seconds_of_utc() -> None:
    assert read_moment("2026-11-22T12:00:00.9+02:00") == MOMENT


def test_a_copy_is_asked_for_as_of_the_moment(aws: Aws, tables: Stubber) -> None:
    wanted = {"SourceTableName": "chats", "TargetTableName": COPY, "RestoreDateTime": MOMENT}
    tables.add_response("restore_table_to_point_in_time", {}, wanted)
    make_copy(aws, "chats", COPY, MOMENT)


def test_the_plan_names_the_copy_and_asks_for_none(aws: Aws, tables: Stubber) -> None:
    _table(tables, "chats")
    _no_table(tables, COPY)
    _recovery(tables, LatestRestorableDateTime=MOMENT + timedelta(hours=1))
    plan = plan_write_back(aws, ["chats"], MOMENT, Choice())
    assert plan.copies == [TableCopy("chats", COPY, "none", None)]
    assert any(COPY in line and "to be made" in line for line in view.render_write_back(plan))


def test_a_copy_that_an_earlier_run_began_is_waited_for(aws: Aws, tables: Stubber) -> None:
    _table(tables, "chats")
    _table(tables, COPY, "CREATING")
    _table(tables, COPY, "CREATING")
    plan = plan_write_back(aws, ["chats"], MOMENT, Choice())
    _table(tables, COPY, "CREATING")
    _table(tables, COPY)
    said: list[str] = []
    make_copies(aws, plan, said.append)
    assert said == [f"{COPY} is ready"]


def test_a_table_that_is_gone_has_to_come_back_first(aws: Aws, tables: Stubber) -> None:
    _no_table(tables, "chats")
    with pytest.raises(UncError, match="chats is gone"):
        plan_write_back(aws, ["chats"], MOMENT, Choice())


def test_a_table_without_recovery_cannot_be_copied(aws: Aws, tables: Stubber) -> None:
    _table(tables, "chats")
    _no_table(tables, COPY)
    _recovery(tables, "DISABLED")
    with pytest.raises(UncError, match="no point-in-time recovery"):
        plan_write_back(aws, ["chats"], MOMENT, Choice())


def test_a_moment_that_cannot_be_copied_yet_is_refused(aws: Aws, tables: Stubber) -> None:
    _table(tables, "chats")
    _no_table(tables, COPY)
    _recovery(tables, LatestRestorableDateTime=MOMENT - timedelta(seconds=1))
    with pytest.raises(BadInput, match="up to 2026-11-22T09:59:59"):
        plan_write_back(aws, ["chats"], MOMENT, Choice())


def test_a_moment_before_the_first_one_kept_is_refused() -> None:
    """By AWS's word only: an emulator keeps no past."""
    aws = local_aws("http://127.0.0.1:1", "eu-west-1")
    aws.dynamodb  # noqa: B018 (a client of its own, before the endpoint is AWS's)
    aws.endpoint = None
    with Stubber(aws.dynamodb) as stub:
        _table(stub, "chats")
        _no_table(stub, COPY)
        _recovery(
            stub,
            EarliestRestorableDateTime=MOMENT + timedelta(seconds=1),
            LatestRestorableDateTime=MOMENT + timedelta(hours=1),
        )
        with pytest.raises(BadInput, match="from 2026-11-22T10:00:01"):
            plan_write_back(aws, ["chats"], MOMENT, Choice())


def test_a_table_with_other_keys_is_no_copy(aws: Aws, tables: Stubber) -> None:
    _table(tables, "chats")
    _table(tables, COPY)
    _table(tables, COPY)
    _table(tables, "chats")
    _table(tables, COPY, KeySchema=KEYS[:1])
    with pytest.raises(UncError, match="no copy of chats"):
        plan_write_back(aws, ["chats"], MOMENT, Choice())


def test_what_changed_meanwhile_is_said() -> None:
    plan = WriteBackPlan(MOMENT, Choice(), [TableCopy("chats", COPY, "ready", Counts(2, 1))])
    lines = list(view.render_written(plan, {"chats": Counts(2, 1, busy=1)}))
    assert lines[0] == "chats: wrote 2 rows back"
    assert lines[1].startswith("1 rows of chats changed meanwhile")
    assert lines[-1].endswith(f"--table-name {COPY}")


def _backup(number: int, made: datetime, status: str = "AVAILABLE") -> dict[str, Any]:
    arn = f"{ARN}/backup/0123456789{number}-abcdefgh"
    return {"BackupArn": arn, "BackupStatus": status, "BackupCreationDateTime": made}


def test_a_deleted_table_comes_back_from_its_newest_backup(aws: Aws, tables: Stubber) -> None:
    newest = _backup(2, MOMENT)
    found = [
        _backup(1, MOMENT - timedelta(days=1)),
        newest,
        _backup(3, MOMENT + timedelta(days=1), "DELETED"),
    ]
    asked = {"TableName": "chats", "BackupType": "ALL"}
    tables.add_response("list_backups", {"BackupSummaries": found}, asked)
    backup = find_backup(aws, "chats")
    wanted = {"TargetTableName": "chats", "BackupArn": newest["BackupArn"]}
    tables.add_response("restore_table_from_backup", {}, wanted)
    restore_backup(aws, "chats", backup["BackupArn"])


def test_a_deleted_table_without_a_backup_is_lost(aws: Aws, tables: Stubber) -> None:
    tables.add_response("list_backups", {"BackupSummaries": []})
    with pytest.raises(UncError, match="there is no backup of it"):
        find_backup(aws, "chats")


@pytest.mark.parametrize("days", ["0", "30"])
@pytest.mark.parametrize("protection", ["true", "false"])
@pytest.mark.parametrize("resource", ["SessionTable", "ChatTable", "NotificationTable"])
def test_the_settings_are_those_of_the_template(resource: str, protection: str, days: str) -> None:
    parameters = {"DeletionProtection": protection, "ChatRetentionDays": days}
    properties = Stack(**parameters).properties(resource)
    expiry = properties.get("TimeToLiveSpecification", {"Enabled": False})
    assert wanted_settings(resource, parameters) == TableSettings(
        stream=properties.get("StreamSpecification") == {"StreamViewType": STREAM_VIEW},
        expiry=expiry["Enabled"],
        recovery=properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        protection=properties["DeletionProtectionEnabled"],
    )


def test_a_bare_table_gets_all_of_them_one_at_a_time_and_the_stack_s_tags(
    aws: Aws, tables: Stubber
) -> None:
    _table(tables, "chats")
    off: dict[str, Any] = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    tables.add_response("describe_time_to_live", off)
    _recovery(tables, "DISABLED")
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    tables.add_response("update_table", {}, {"TableName": "chats", "StreamSpecification": stream})
    _table(tables, "chats", "UPDATING")
    _table(tables, "chats")
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    wanted = {"TableName": "chats", "TimeToLiveSpecification": expiry}
    tables.add_response("update_time_to_live", {}, wanted)
    _table(tables, "chats")
    recovery = {"PointInTimeRecoveryEnabled": True}
    wanted = {"TableName": "chats", "PointInTimeRecoverySpecification": recovery}
    tables.add_response("update_continuous_backups", {}, wanted)
    _table(tables, "chats")
    tables.add_response(
        "update_table", {}, {"TableName": "chats", "DeletionProtectionEnabled": True}
    )
    _table(tables, "chats")
    _table(tables, "chats", TableArn=ARN)
    tags = [{"Key": "team", "Value": "bots"}]
    tables.add_response("tag_resource", {}, {"ResourceArn": ARN, "Tags": tags})
    assert list(switch_on(aws, "chats", ALL_ON, {"team": "bots"})) == [
        "stream",
        "time to live",
        "point-in-time recovery",
        "deletion protection",
        "tags",
    ]


def test_the_first_of_two_writes_is_none_that_the_notifier_hears_of() -> None:
    filters = Stack().properties("StreamMapping")["FilterCriteria"]["Filters"]
    pattern = json.loads(filters[0]["Pattern"])
    assert len(filters) == 1
    assert RESTORING["S"] not in pattern["dynamodb"]["NewImage"]["chat_type"]["S"]
    assert pattern["eventName"] == ["INSERT"]


def _stack(stub: Stubber, status: str = "UPDATE_COMPLETE", **parameters: str) -> None:
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    stack = {
        "StackName": "unc",
        "CreationTime": MOMENT,
        "StackStatus": status,
        "Parameters": given,
    }
    stub.add_response("describe_stacks", {"Stacks": [stack]})


def _update(stub: Stubber, **parameters: str) -> None:
    """An update that says so and is done when it is next looked at."""
    stub.add_response("get_template", {"TemplateBody": "Resources: {}\n"}, {"StackName": "unc"})
    stub.add_response("describe_stack_events", {"StackEvents": []})
    wanted = {
        "StackName": "unc",
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM"],
        "TemplateBody": "Resources: {}\n",
    }
    stub.add_response("update_stack", {}, wanted)
    _stack(stub)
    stub.add_response("describe_stack_events", {"StackEvents": []})


@pytest.mark.parametrize(("chosen", "meanwhile"), [("true", "false"), ("false", "true")])
def test_the_tables_change_in_both_updates_and_end_as_they_were(
    aws: Aws, stub: Stubber, chosen: str, meanwhile: str
) -> None:
    """Only so does CloudFormation ask for the new stream, as far as its pages say."""
    kept = {"LogLevel": "DEBUG"}
    _stack(stub, AttachEventSources="true", DeletionProtection=chosen, **kept)
    _update(stub, AttachEventSources="false", DeletionProtection=meanwhile, **kept)
    _update(
        stub,
        AttachEventSources="true",
        DeletionProtection=chosen,
        **kept,
        StreamStartingPosition="TRIM_HORIZON",
    )
    event_sources.attach_anew(aws, "unc", print)


def test_a_run_that_was_cut_off_between_the_updates_protects_the_tables(
    aws: Aws, stub: Stubber
) -> None:
    _stack(stub, AttachEventSources="false", DeletionProtection="false")
    _update(
        stub,
        AttachEventSources="true",
        DeletionProtection="true",
        StreamStartingPosition="TRIM_HORIZON",
    )
    event_sources.attach_anew(aws, "unc", print)


CALL = re.compile(r"\.dynamodb\.(?:get_paginator\(\"(\w+)\"\)|(\w+)\()")


def test_the_page_names_the_right_for_each_call() -> None:
    folder = project.ROOT / "unc" / "restore"
    names = {
        name or other
        for path in folder.glob("*.py")
        for name, other in CALL.findall(path.read_text())
    } - {"get_paginator"}
    calls = {"dynamodb:" + "".join(map(str.capitalize, name.split("_"))) for name in names}
    page = (project.ROOT / "docs" / "howto" / "restore.md").read_text()
    assert len(calls) > 10
    assert calls <= set(re.findall(r"`(dynamodb:\w+)`", page))
