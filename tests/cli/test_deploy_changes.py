"""A change set as it is read and shown."""

import pytest
from rich.text import Text

from unc.deploy.change_set import Change, to_change
from unc.deploy.deployment import find_losses
from unc.deploy.plan_view import render_changes

TABLE = "AWS::DynamoDB::Table"


def _change(action: str, resource: str, replaces: bool = False, *properties: str) -> Change:
    return Change(action, resource, TABLE, "name", replaces, properties)


def _plain(*changes: Change) -> list[str]:
    return [Text.from_markup(line).plain for line in render_changes(changes)]


def test_nothing_is_said_to_change_when_nothing_does() -> None:
    assert _plain() == ["nothing changes"]


def test_each_resource_has_a_line_and_the_last_one_counts() -> None:
    assert _plain(
        _change("Add", "Chats"),
        _change("Modify", "Sessions", False, "BillingMode", "TableName"),
        _change("Modify", "Notifications", True),
        _change("Import", "Old"),
    ) == [
        f"  + Chats          {TABLE}",
        f"  ~ Sessions       {TABLE} (BillingMode, TableName)",
        f"  ~ Notifications  {TABLE} REPLACED",
        f"  < Old            {TABLE}",
        "1 added, 2 changed, 1 taken over",
    ]


def test_a_table_that_is_replaced_or_let_go_loses_data() -> None:
    assert _change("Modify", "Chats", True).loses_data()
    assert _change("Remove", "Chats").loses_data()
    assert not _change("Modify", "Chats").loses_data()
    assert not _change("Add", "Chats").loses_data()


def test_a_function_that_is_replaced_loses_none() -> None:
    function = Change("Modify", "F", "AWS::Lambda::Function", "f", True, ())
    assert not function.loses_data()


MAPPING = "AWS::Lambda::EventSourceMapping"


def test_another_starting_position_of_a_live_mapping_is_refused_with_the_reason() -> None:
    moved = Change("Modify", "StreamMapping", MAPPING, "m", True, ("StartingPosition",))
    [refusal] = find_losses([moved], [])
    assert "position in the stream would be lost" in str(refusal)
    assert refusal.hint.endswith("--replace StreamMapping")
    assert find_losses([moved], ["StreamMapping"]) == []


@pytest.mark.parametrize(
    ("replaces", "properties"), [(False, ("BatchSize",)), (True, ("EventSourceArn",))]
)
def test_a_mapping_that_changes_otherwise_is_let_through(
    replaces: bool, properties: tuple[str, ...]
) -> None:
    """It is made anew with its table, which is asked about on its own."""
    changed = Change("Modify", "StreamMapping", MAPPING, "m", replaces, properties)
    assert find_losses([changed], []) == []


def test_a_table_that_is_lost_is_refused_unless_someone_says_so() -> None:
    [refusal] = find_losses([_change("Remove", "Chats"), _change("Add", "Sessions")], [])
    assert str(refusal) == "Chats would be let go, and what it holds would not come along"
    assert find_losses([_change("Remove", "Chats")], ["Chats"]) == []


def test_properties_are_named_once_and_attributes_where_there_is_no_property() -> None:
    details = [
        {"Target": {"Attribute": "Properties", "Name": "Code"}},
        {"Target": {"Attribute": "Properties", "Name": "Code"}},
        {"Target": {"Attribute": "DeletionPolicy"}},
    ]
    raw = {"Action": "Modify", "LogicalResourceId": "F", "ResourceType": "T", "Details": details}
    change = to_change({"ResourceChange": raw | {"Replacement": "Conditional"}})  # type: ignore[typeddict-item]
    assert change == Change("Modify", "F", "T", "", False, ("Code", "DeletionPolicy"))
