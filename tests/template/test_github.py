"""The roles for GitHub: for one repository, one of them harmless, and no more than is needed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from tests.template import stack

PATH = stack.TEMPLATE_PATH.parent / "github.yaml"
CHANGING = ("Create", "Delete", "Put", "Update", "Add", "Remove", "Execute", "Set", "Tag")
# A change set changes nothing until it is executed.
HARMLESS = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}


def _template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(PATH.read_text(), Loader=stack._Loader)
    return loaded


def _role(name: str) -> dict[str, Any]:
    role: dict[str, Any] = _template()["Resources"][name]["Properties"]
    return role


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


def _actions(document: dict[str, Any]) -> list[str]:
    found = [statement["Action"] for statement in _statements(document)]
    return [action for each in found for action in ([each] if isinstance(each, str) else each)]


def _look() -> dict[str, Any]:
    document: dict[str, Any] = _role("LookPolicy")["PolicyDocument"]
    return document


def _deploy() -> dict[str, Any]:
    [policy] = _role("DeployRole")["Policies"]
    document: dict[str, Any] = policy["PolicyDocument"]
    return document


def test_cfn_lint_objects_to_nothing() -> None:
    assert [str(match) for match in lint_file(Path(PATH))] == []


@pytest.mark.parametrize(
    ("role", "who"), [("LookRole", "pull_request"), ("DeployRole", "environment:production")]
)
def test_a_role_is_for_one_repository_and_one_purpose(role: str, who: str) -> None:
    [statement] = _statements(_role(role)["AssumeRolePolicyDocument"])
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(statement["Condition"]) == {"StringEquals"}, "no pattern that another may match"
    wanted = statement["Condition"]["StringEquals"]
    issuer = "token.actions.githubusercontent.com"
    assert wanted[f"{issuer}:aud"] == "sts.amazonaws.com"
    assert wanted[f"{issuer}:sub"] == {"Fn::Sub": f"repo:${{Repository}}:{who}"}


def test_whoever_looks_changes_nothing_and_reads_no_conversation() -> None:
    changing = {one for one in _actions(_look()) if one.partition(":")[2].startswith(CHANGING)}
    assert changing == HARMLESS
    assert {one for one in _actions(_look()) if one.startswith("dynamodb:")} == {
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
    }
    assert "Policies" not in _role("LookRole")


def test_no_action_is_a_wildcard() -> None:
    assert [one for one in _actions(_look()) + _actions(_deploy()) if "*" in one] == []


def test_nobody_deletes_a_table_or_reads_a_secret() -> None:
    """`unc destroy` is for a person with rights of their own."""
    both = _actions(_look()) + _actions(_deploy())
    assert "dynamodb:DeleteTable" not in both
    assert [one for one in both if one.startswith("secretsmanager:")] == []


def test_roles_are_made_only_under_the_stack_s_name_and_handed_only_to_lambda() -> None:
    by_name = {statement["Sid"]: statement for statement in _statements(_deploy())}
    made = by_name["MakeRoles"]["Resource"]["Fn::Sub"]
    assert made.endswith(":role/${StackName}-*")
    handed = by_name["HandRolesToFunctions"]
    assert handed["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert "iam:AttachRolePolicy" not in _actions(_deploy())
