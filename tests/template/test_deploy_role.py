"""The role that deploys may make every call that CloudFormation makes with it.

Which calls those are, the schema of each resource type says; cfn-lint brings the schemas along.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.template.stack import GITHUB_PATH, template
from tests.template.unused_calls import UNUSED_CALLS, UnusedCalls

REGION = "us-east-1"
RESOURCES = template()["Resources"]
TYPES = sorted({spec["Type"] for spec in RESOURCES.values()})
# The rollback of a creation removes what it has just made, so of every type; see change_set.py.
RUN = ("read", "create", "update", "delete")
# The tool itself looks whether a key is the customer's; see unc/takeover/keys.py.
CALLED_BY_THE_TOOL = {"kms:DescribeKey"}


def granted_to_deploy() -> set[str]:
    """Every action of the role, those of its managed policy too."""
    resources = template(GITHUB_PATH)["Resources"]
    documents = [resources["LookPolicy"]["Properties"]["PolicyDocument"]]
    documents += [
        each["PolicyDocument"] for each in resources["DeployRole"]["Properties"]["Policies"]
    ]
    found = [statement["Action"] for document in documents for statement in document["Statement"]]
    return {action for each in found for action in ([each] if isinstance(each, str) else each)}


def _schema(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return schema


def _declared(kind: str) -> set[str]:
    """The calls of the handlers that CloudFormation runs for a stack."""
    handlers = _schema(kind)["handlers"]
    return {action for name in RUN for action in handlers.get(name, {}).get("permissions", ())}


def _keys(node: Any) -> Iterator[str]:
    """Yield every key at any depth."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _keys(inner)


@pytest.mark.parametrize("kind", TYPES)
def test_the_role_may_call_what_the_handlers_call(kind: str) -> None:
    unused = {action for each in UNUSED_CALLS if each.type == kind for action in each.actions}
    assert sorted(_declared(kind) - unused - granted_to_deploy()) == []


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_of_a_type_says_what_is_called(kind: str) -> None:
    assert _declared(kind)


@pytest.mark.parametrize("unused", UNUSED_CALLS, ids=lambda each: each.reason)
def test_the_template_sets_no_property_that_unused_calls_are_for(unused: UnusedCalls) -> None:
    of_type = [spec["Properties"] for spec in RESOURCES.values() if spec["Type"] == unused.type]
    assert set(unused.properties) <= set(_keys(_schema(unused.type))), "no such property"
    assert set(unused.properties) & set(_keys(of_type)) == set()


@pytest.mark.parametrize("unused", UNUSED_CALLS, ids=lambda each: each.reason)
def test_unused_calls_are_declared_and_not_granted(unused: UnusedCalls) -> None:
    assert sorted(set(unused.actions) - _declared(unused.type)) == []
    assert sorted(set(unused.actions) & granted_to_deploy() - CALLED_BY_THE_TOOL) == []


def test_what_can_be_tagged_can_be_untagged() -> None:
    tags = {action for action in granted_to_deploy() if action.partition(":")[2].startswith("Tag")}
    assert tags
    assert {action.replace(":Tag", ":Untag") for action in tags} <= granted_to_deploy()
