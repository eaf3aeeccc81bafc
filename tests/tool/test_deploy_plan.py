"""What a deployment would do, as another program reads it, and which wishes it refuses."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.template.stack import template
from unc import project
from unc.adoption.account import Account
from unc.adoption.inventory import TABLE, Named
from unc.adoption.mappings import Mapping
from unc.change_set import Change
from unc.deploy_commands import as_document
from unc.deployment import Plan, require_resources, resource_names
from unc.errors import BadInput
from unc.package import Package

CHATS = Named("ChatTable", TABLE, "chats", {"Ref": "ChatTableName"})
READER = Mapping("id-1", "arn:aws:sqs:us-east-1:1:q.fifo", "unc-queue-lambda", "Enabled")
CHANGE = Change("Add", "Queue", "AWS::SQS::Queue", "", False, ())


def _account(*strays: Named, mappings: tuple[Mapping, ...] = ()) -> Account:
    return Account({}, [CHATS], {}, strays, mappings, [], None)


def test_a_plan_without_a_takeover_holds_the_changes() -> None:
    document = as_document(_account(), [CHANGE], None)
    assert [change["resource"] for change in document["changes"]] == ["Queue"]
    assert (document["takeover"], document["steps"]) == (False, [])


def test_a_plan_with_a_takeover_names_what_was_found_and_every_step() -> None:
    document = as_document(_account(CHATS, mappings=(READER,)), [], None)
    assert document["takeover"] is True
    assert document["strays"] == [{"resource": "ChatTable", "type": TABLE, "name": "chats"}]
    assert [mapping["id"] for mapping in document["mappings"]] == ["id-1"]
    assert [step[:2] for step in document["steps"]] == ["1.", "2.", "3.", "4.", "5."]
    assert document["changes"] is None


def test_the_template_s_resources_are_known_by_name() -> None:
    assert resource_names(project.TEMPLATE.read_text()) == set(template()["Resources"])


class FakeStack:
    """A stack that holds one resource which the template has no more."""

    def get_paginator(self, name: str) -> Any:
        held = [{"LogicalResourceId": "Gone", "ResourceStatus": "CREATE_COMPLETE"}]
        return SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": held}])


@pytest.mark.parametrize(
    ("names", "unknown"),
    [(("ChatTable",), ""), (("Gone", "Queue"), ""), (("Foo", "ChatTable", "Gone"), "Foo")],
)
def test_what_may_be_replaced_has_to_exist(names: tuple[str, ...], unknown: str) -> None:
    aws: Any = SimpleNamespace(cloudformation=FakeStack())
    plan = Plan(Package(Path("z.zip"), "0", 0), {}, replaceable=names)
    if not unknown:
        require_resources(aws, plan)
        return
    with pytest.raises(BadInput, match=f"^--replace {unknown}: no such resource"):
        require_resources(aws, plan)
