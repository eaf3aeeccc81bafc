"""What a deployment would do, as another program reads it."""

from pathlib import Path

from tests.template.stack import template
from unc import project
from unc.aws.mappings import Mapping
from unc.deploy.change_set import Change
from unc.deploy.deployment import Plan, resource_names, unknown_resources
from unc.deploy.package import Package
from unc.deploy.plan_view import as_document
from unc.takeover.account import Account
from unc.takeover.inventory import TABLE, Named

CHATS = Named("ChatTable", TABLE, "chats", {"Ref": "ChatTableName"})
READER = Mapping("id-1", "arn:aws:sqs:us-east-1:1:q.fifo", "unc-queue-lambda", "Enabled")
CHANGE = Change("Add", "Queue", "AWS::SQS::Queue", "", False, ())


def _account(*unmanaged: Named, mappings: tuple[Mapping, ...] = ()) -> Account:
    return Account({}, [CHATS], {}, unmanaged, mappings, [], None)


def test_a_plan_without_a_takeover_holds_the_changes() -> None:
    document = as_document(_account(), [CHANGE], None)
    assert [change["resource"] for change in document["changes"]] == ["Queue"]
    assert (document["takeover"], document["steps"]) == (False, [])


def test_a_plan_with_a_takeover_names_what_was_found_and_every_step() -> None:
    document = as_document(_account(CHATS, mappings=(READER,)), [], None)
    assert document["takeover"] is True
    assert document["unmanaged"] == [{"resource": "ChatTable", "type": TABLE, "name": "chats"}]
    assert [mapping["id"] for mapping in document["mappings"]] == ["id-1"]
    assert [step[:2] for step in document["steps"]] == ["1.", "2.", "3.", "4.", "5."]
    assert document["changes"] is None


def test_the_template_s_resources_are_known_by_name() -> None:
    assert resource_names(project.TEMPLATE.read_text()) == set(template()["Resources"])


def test_what_may_be_replaced_is_looked_for_in_the_template() -> None:
    plan = Plan(Package(Path("z.zip"), "0", 0), {}, replaceable=("Foo", "ChatTable", "Bar"))
    assert unknown_resources(plan) == ["Bar", "Foo"]
