"""Roles: one for each function, for Lambda alone, and without a grant on everything.

That a role holds exactly what its function calls is held by tests/e2e/test_roles.py, which records
the calls.
"""

from typing import Any

import pytest

from consumer.conversation.session_key_store import KEY_ROW
from tests.template.stack import ACCOUNT, REGION, Stack, named

ROLES = {
    "QueueFunction": "QueueFunctionRole",
    "DynamoFunction": "DynamoFunctionRole",
    "IntakeFunction": "IntakeFunctionRole",
}
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _statements(stack: Stack, role: str) -> list[dict[str, Any]]:
    policies = stack.properties(role)["Policies"]
    assert {policy["PolicyDocument"]["Version"] for policy in policies} == {"2012-10-17"}
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def _grants(stack: Stack, role: str) -> dict[str, set[str]]:
    grants: dict[str, set[str]] = {}
    for statement in _statements(stack, role):
        for action in _listed(statement["Action"]):
            grants.setdefault(action, set()).update(_listed(statement["Resource"]))
    return grants


@pytest.mark.parametrize("role", ROLES.values())
def test_no_action_is_a_wildcard(stack: Stack, role: str) -> None:
    assert [action for action in _grants(stack, role) if "*" in action] == []


@pytest.mark.parametrize("role", ROLES.values())
def test_only_what_knows_no_resources_is_granted_on_all(stack: Stack, role: str) -> None:
    everywhere = {action for action, on in _grants(stack, role).items() if "*" in "".join(on)}
    assert everywhere - {"dynamodb:ListStreams"} == TRACING


@pytest.mark.parametrize("role", ROLES.values())
def test_every_statement_allows_and_says_what_for(stack: Stack, role: str) -> None:
    statements = _statements(stack, role)
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    names = [statement["Sid"] for statement in statements]
    assert len(set(names)) == len(names)


def test_each_function_has_a_role_of_its_own(stack: Stack) -> None:
    used = {name: stack.properties(name)["Role"] for name in ROLES}
    assert used == {name: f"{role}.Arn" for name, role in ROLES.items()}
    assert named("AWS::IAM::Role") == list(ROLES.values())


@pytest.mark.parametrize("role", ROLES.values())
def test_only_lambda_takes_the_role(stack: Stack, role: str) -> None:
    document = stack.properties(role)["AssumeRolePolicyDocument"]
    assert document["Version"] == "2012-10-17"
    [statement] = document["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize("role", ROLES.values())
def test_nothing_is_granted_out_of_sight(stack: Stack, role: str) -> None:
    """No managed policies, and no policies that stand elsewhere in the template."""
    assert "ManagedPolicyArns" not in stack.properties(role)
    assert named("AWS::IAM::Policy") + named("AWS::IAM::ManagedPolicy") == []


def test_the_notifier_reads_the_secret_that_was_named() -> None:
    grants = _grants(Stack(SecretName="team/reply"), "DynamoFunctionRole")
    assert grants["secretsmanager:GetSecretValue"] == {f"{SECRETS}:team/reply-??????"}


def test_the_queue_function_sees_one_row_of_the_notifications(stack: Stack) -> None:
    """The session key; what the notifier knows of people is none of its business."""
    statements = _statements(stack, "QueueFunctionRole")
    [statement] = [each for each in statements if each["Sid"] == "KeepSessionKey"]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [KEY_ROW]}
    }
    assert _listed(statement["Resource"]) == ["NotificationTable.Arn"]
    others = [each for each in statements if each is not statement]
    assert not any("NotificationTable.Arn" in _listed(each["Resource"]) for each in others)


@pytest.mark.parametrize("role", ROLES.values())
def test_a_role_has_no_fixed_name(stack: Stack, role: str) -> None:
    """A fixed name asks the deployer for more rights, and keeps two stacks out of one account."""
    assert "RoleName" not in stack.properties(role)
