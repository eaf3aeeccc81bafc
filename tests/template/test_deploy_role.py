"""The role that deploys may make every call that CloudFormation makes with it, on this stack only.

Which calls those are, the schema of each resource type says; cfn-lint brings the schemas along.
That the role may make the tool's own calls, and holds nothing beside, is held by
tests/e2e/test_deploy_rights.py.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.iam import Call, github_stack, is_allowed, statements_of
from tests.template.deploy_role import (
    RESOURCES,
    TYPES,
    declared,
    granted_to_deploy,
    made_for,
    schema_of,
)
from tests.template.stack import ACCOUNT, REGION, Stack, template
from tests.template.unused_calls import TABLE, UNUSED_CALLS, UnusedCalls

# The tool itself looks whether a key is the customer's; see unc/takeover/keys.py.
CALLED_BY_THE_TOOL = {"kms:DescribeKey"}
RULE = "AWS::Events::Rule"
# Declared for imports from S3, for replicas and for a rule's own role, none of which is there. The
# role has these calls for other resources.
FOR_OTHERS = {
    (TABLE, "dynamodb:Query"),
    (TABLE, "dynamodb:UpdateItem"),
    (TABLE, "logs:CreateLogGroup"),
    (TABLE, "logs:DescribeLogGroups"),
    (TABLE, "logs:PutRetentionPolicy"),
    (TABLE, "s3:GetObject"),
    (RULE, "iam:PassRole"),
}
# A table that holds conversations is never deleted, not even by a rollback.
KEPT = {("ChatTable", "dynamodb:DeleteTable"), ("SessionTable", "dynamodb:DeleteTable")}
READING = ("Describe", "Get", "List")
OTHER_NAMES = {
    name: "somebody-elses"
    for name in github_stack().parameters() & Stack().parameters()
    if name.endswith("Name")
}


def _keys(node: Any) -> Iterator[str]:
    """Yield every key at any depth."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _keys(inner)


def _arn(service: str, rest: str) -> str:
    region = "" if service in ("iam", "s3") or rest.startswith("dashboard/") else REGION
    return f"arn:aws:{service}:{region}:{'' if service == 's3' else ACCOUNT}:{rest}"


def _named_in(service: str, name: str, stack: Stack, stack_name: str) -> list[str]:
    """The ARNs by which a service's calls name a resource of the template."""
    properties = stack.properties(name)
    generated = f"{stack_name}-{name}-1A2B3C4D5E6F"
    if service == "lambda" and "EventSourceArn" in properties:
        return [_arn(service, "event-source-mapping:0f9a")]
    if service == "lambda":
        return [_arn(service, f"function:{_function_of(properties, stack)}")]
    if service == "logs":
        group = f"log-group:{properties['LogGroupName']}"
        return [_arn(service, group), _arn(service, f"{group}:*")]
    names = {
        "cloudwatch": f"dashboard/{stack_name}"
        if "DashboardBody" in properties
        else f"alarm:{generated}",
        "dynamodb": f"table/{properties.get('TableName')}",
        "events": f"rule/{generated}",
        "iam": f"role/{generated}",
        "s3": f"unc-consumer-code-{ACCOUNT}-{REGION}/code/0f9a.zip",
        "sqs": str(_queue_of(properties, stack)),
    }
    return [_arn(service, names[service])]


def _function_of(properties: dict[str, Any], stack: Stack) -> str:
    """The name of the function that a resource is, or is about."""
    named = properties.get("FunctionName") or properties["TargetFunctionArn"]
    found = re.match(r"Ref:(\w+)|(\w+)\.Arn", str(named))
    logical = found and (found[1] or found[2])
    return str(stack.properties(logical)["FunctionName"] if logical else named)


def _queue_of(properties: dict[str, Any], stack: Stack) -> object:
    """The name of the queue that a resource is, or is about."""
    if "Queues" in properties:
        return stack.properties(properties["Queues"][0].removeprefix("Ref:"))["QueueName"]
    return properties.get("QueueName")


def _calls(name: str, stack: Stack, stack_name: str = "unc-consumer") -> Iterator[Call]:
    """The calls that CloudFormation makes for a resource of the template."""
    kind, properties = RESOURCES[name]["Type"], stack.properties(name)
    context = {
        "iam:PermissionsBoundary": "Ref:RoleBoundary",
        "iam:PassedToService": "lambda.amazonaws.com",
    }
    if "EventSourceArn" in properties:
        function = _function_of(properties, stack)
        context["lambda:FunctionArn"] = _arn("lambda", f"function:{function}")
    for action in sorted(made_for(kind)):
        if (kind, action) not in FOR_OTHERS and (name, action) not in KEPT:
            service = action.partition(":")[0]
            for arn in _named_in(service, name, stack, stack_name):
                yield Call(action, arn, context)


@pytest.mark.parametrize("name", RESOURCES)
def test_the_role_may_call_what_the_handlers_call_for_this_resource(name: str) -> None:
    granted = statements_of("DeployRole")
    calls = list(_calls(name, Stack()))
    assert calls
    assert [call for call in calls if not is_allowed(call, granted)] == []


@pytest.mark.parametrize("name", RESOURCES)
def test_the_role_changes_nothing_that_has_other_names(name: str) -> None:
    granted = statements_of("DeployRole")
    calls = list(_calls(name, Stack(**OTHER_NAMES), "another-stack"))
    allowed = [call for call in calls if is_allowed(call, granted) and call.action[:3] != "s3:"]
    tags = {"lambda:TagResource", "lambda:UntagResource"} if "Mapping" in name else set()
    changing = [call for call in allowed if not call.action.partition(":")[2].startswith(READING)]
    assert {call.action for call in changing} == tags, "an event source's ARN is a number"


@pytest.mark.parametrize("name", RESOURCES)
def test_the_role_follows_the_names_that_it_is_given(name: str) -> None:
    renamed = github_stack(**OTHER_NAMES, StackName="another-stack")
    calls = _calls(name, Stack(**OTHER_NAMES), "another-stack")
    granted = statements_of("DeployRole", renamed)
    assert [call for call in calls if not is_allowed(call, granted)] == []


def test_both_templates_call_everything_by_the_same_names() -> None:
    ours, theirs = github_stack().template["Parameters"], template()["Parameters"]
    assert {"QueueName", "ChatTableName", "IntakeFunctionName", "SecretName"} <= OTHER_NAMES.keys()
    assert {name for name in theirs if name.endswith("Name")} == OTHER_NAMES.keys()
    for name in OTHER_NAMES:
        same = [(spec["Default"], spec["AllowedPattern"]) for spec in (ours[name], theirs[name])]
        assert same[0] == same[1], name


def test_a_role_without_the_boundary_is_not_made() -> None:
    """Nor is one given a right, or handed to another service."""
    granted = statements_of("DeployRole")
    role = _arn("iam", "role/unc-consumer-QueueFunctionRole-1A2B3C4D5E6F")
    bounded = {"iam:PermissionsBoundary": "Ref:RoleBoundary"}
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        assert is_allowed(Call(action, role, bounded), granted)
        assert not is_allowed(Call(action, role), granted)
        assert not is_allowed(Call(action, role, {"iam:PermissionsBoundary": "another"}), granted)
    assert not is_allowed(Call("iam:PassRole", role, {"iam:PassedToService": "ec2"}), granted)


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_of_a_type_says_what_is_called(kind: str) -> None:
    assert declared(kind)


@pytest.mark.parametrize("unused", UNUSED_CALLS, ids=lambda each: each.reason)
def test_the_template_sets_no_property_that_unused_calls_are_for(unused: UnusedCalls) -> None:
    of_type = [spec["Properties"] for spec in RESOURCES.values() if spec["Type"] == unused.type]
    assert set(unused.properties) <= set(_keys(schema_of(unused.type))), "no such property"
    assert set(unused.properties) & set(_keys(of_type)) == set()


@pytest.mark.parametrize("unused", UNUSED_CALLS, ids=lambda each: each.reason)
def test_unused_calls_are_declared_and_not_granted(unused: UnusedCalls) -> None:
    assert sorted(set(unused.actions) - declared(unused.type)) == []
    assert sorted(set(unused.actions) & granted_to_deploy() - CALLED_BY_THE_TOOL) == []


def test_what_can_be_tagged_can_be_untagged() -> None:
    tags = {action for action in granted_to_deploy() if action.partition(":")[2].startswith("Tag")}
    assert tags
    assert {action.replace(":Tag", ":Untag") for action in tags} <= granted_to_deploy()
