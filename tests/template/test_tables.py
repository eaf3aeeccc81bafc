"""Tables: what existing deployments hold is fixed to the letter, and nothing can lose it."""

from typing import Any

import pytest

from tests.template.stack import Stack, named

TABLES = named("AWS::DynamoDB::Table")


def _keys(part: dict[str, Any]) -> list[str]:
    order = {"HASH": 0, "RANGE": 1}
    schema = sorted(part["KeySchema"], key=lambda key: order[key["KeyType"]])
    return [key["AttributeName"] for key in schema]


def _indexes(table: dict[str, Any]) -> dict[str, list[str]]:
    return {index["IndexName"]: _keys(index) for index in table["GlobalSecondaryIndexes"]}


def _types(table: dict[str, Any]) -> dict[str, str]:
    return {
        attribute["AttributeName"]: attribute["AttributeType"]
        for attribute in table["AttributeDefinitions"]
    }


def test_sessions_are_found_by_id_sender_and_status(stack: Stack) -> None:
    table = stack.properties("SessionTable")
    assert table["TableName"] == "sessions"
    assert _keys(table) == ["session_id"]
    assert _indexes(table) == {
        "SenderSessionsIndex": ["sender_id", "created_at"],
        "StatusIndex": ["status", "created_at"],
    }


def test_chats_are_found_by_sender_type_time_and_session(stack: Stack) -> None:
    table = stack.properties("ChatTable")
    assert table["TableName"] == "chats"
    assert _keys(table) == ["sender_id", "message_id"]
    assert _indexes(table) == {
        "ChatTypeIndex": ["chat_type", "created_at"],
        "SenderTimeIndex": ["sender_id", "created_at"],
        "SessionIndex": ["session_id", "created_at"],
    }


def test_a_sender_has_one_notification_row(stack: Stack) -> None:
    table = stack.properties("NotificationTable")
    assert table["TableName"] == "notifications"
    assert _keys(table) == ["sender_id"]
    assert "GlobalSecondaryIndexes" not in table


@pytest.mark.parametrize("name", TABLES)
def test_times_are_numbers_and_everything_else_is_text(stack: Stack, name: str) -> None:
    types = _types(stack.properties(name))
    assert types == {key: "N" if key == "created_at" else "S" for key in types}


@pytest.mark.parametrize("name", ["SessionTable", "ChatTable"])
def test_indexes_show_whole_items(stack: Stack, name: str) -> None:
    for index in stack.properties(name)["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "ALL"}


def test_only_chats_have_a_stream_and_it_shows_old_and_new(stack: Stack) -> None:
    streams = {name: stack.properties(name).get("StreamSpecification") for name in TABLES}
    assert streams == {
        "SessionTable": None,
        "ChatTable": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "NotificationTable": None,
    }


def test_chats_expire_only_where_a_retention_is_set() -> None:
    table = Stack(ChatRetentionDays="400").properties("ChatTable")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_without_a_retention_the_expiry_of_chats_is_switched_off_in_so_many_words() -> None:
    """Taking the block away leaves a table as it was."""
    table = Stack(ChatRetentionDays="0").properties("ChatTable")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": False}


def test_only_notification_rows_expire(stack: Stack) -> None:
    expiry = {name: stack.properties(name).get("TimeToLiveSpecification") for name in TABLES}
    assert expiry == {
        "SessionTable": None,
        "ChatTable": {"AttributeName": "expires_at", "Enabled": False},
        "NotificationTable": {"AttributeName": "expires_at", "Enabled": True},
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_can_be_deleted_only_if_someone_says_so(name: str) -> None:
    unprotected = Stack(DeletionProtection="false").properties(name)
    assert unprotected["DeletionProtectionEnabled"] is False


def test_what_a_takeover_makes_before_it_attaches_can_be_taken_back() -> None:
    """A rollback removes what it made, but no table that is protected; the others are imported."""
    detached = Stack(AttachEventSources="false")
    protected = {name: detached.properties(name)["DeletionProtectionEnabled"] for name in TABLES}
    assert protected == {"SessionTable": True, "ChatTable": True, "NotificationTable": False}


@pytest.mark.parametrize(
    ("table", "index"), [("ChatTable", "ChatTypeIndex"), ("SessionTable", "StatusIndex")]
)
def test_an_index_of_few_hash_values_can_be_left_out_with_its_attribute(
    table: str, index: str
) -> None:
    """It is one hot partition, and our code needs it neither to store nor to notify."""
    full, lean = (Stack(**{index: kept}).properties(table) for kept in ("true", "false"))
    assert _indexes(full).keys() - _indexes(lean).keys() == {index}
    kept = {key for part in [lean, *lean["GlobalSecondaryIndexes"]] for key in _keys(part)}
    assert set(_types(lean)) == kept
