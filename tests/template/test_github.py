"""The roles for GitHub: for one repository, one of them harmless, and no more than is needed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from tests.template.stack import GITHUB_PATH, TEMPLATE_PATH, Stack, template
from unc.deploy.change_set import NAME_PREFIX

CHANGING = ("Create", "Delete", "Put", "Update", "Add", "Remove", "Execute", "Set", "Tag")
# A change set changes nothing until it is executed.
HARMLESS = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
ISSUER = "token.actions.githubusercontent.com"
PURPOSES = [("LookRole", "pull_request"), ("DeployRole", "environment:production")]


def _role(name: str) -> dict[str, Any]:
    role: dict[str, Any] = template(GITHUB_PATH)["Resources"][name]["Properties"]
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
    assert [str(match) for match in lint_file(GITHUB_PATH)] == []


def _trusted(role: str, **parameters: str) -> list[str]:
    """The subjects that a role lets in, for one repository."""
    [statement] = _statements(_role(role)["AssumeRolePolicyDocument"])
    stack = Stack(GITHUB_PATH, Repository="octocat/my-repo", **parameters)
    subjects = stack.resolve(statement["Condition"]["StringEquals"][f"{ISSUER}:sub"])
    return [subjects] if isinstance(subjects, str) else subjects


@pytest.mark.parametrize("role", ["LookRole", "DeployRole"])
def test_a_role_is_for_tokens_that_github_made_for_aws(role: str) -> None:
    [statement] = _statements(_role(role)["AssumeRolePolicyDocument"])
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(statement["Condition"]) == {"StringEquals"}, "no pattern that another may match"
    wanted = statement["Condition"]["StringEquals"]
    assert set(wanted) == {f"{ISSUER}:aud", f"{ISSUER}:sub"}
    assert wanted[f"{ISSUER}:aud"] == "sts.amazonaws.com"


@pytest.mark.parametrize(("role", "who"), PURPOSES)
def test_a_role_is_for_one_repository_and_one_purpose(role: str, who: str) -> None:
    assert _trusted(role) == [f"repo:octocat/my-repo:{who}"]


@pytest.mark.parametrize(("role", "who"), PURPOSES)
def test_a_role_knows_a_newer_repository_by_its_numbers(role: str, who: str) -> None:
    """GitHub names both, for repositories made, renamed or transferred since July 2026."""
    assert _trusted(role, OwnerId="123456", RepositoryId="456789") == [
        f"repo:octocat/my-repo:{who}",
        f"repo:octocat@123456/my-repo@456789:{who}",
    ]


@pytest.mark.parametrize("given", [{"OwnerId": "123456"}, {"RepositoryId": "456789"}])
@pytest.mark.parametrize(("role", "who"), PURPOSES)
def test_one_number_alone_counts_as_none(role: str, who: str, given: dict[str, str]) -> None:
    assert _trusted(role, **given) == [f"repo:octocat/my-repo:{who}"]


@pytest.mark.parametrize("name", ["OwnerId", "RepositoryId"])
def test_a_number_has_no_sign_in_it_that_could_match_more(name: str) -> None:
    pattern = template(GITHUB_PATH)["Parameters"][name]["AllowedPattern"]
    assert re.search(pattern, "") and re.search(pattern, "456789")
    assert not any(re.search(pattern, text) for text in ("*", "12?", "1:2", "1/2", "octocat"))


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


def test_nobody_reads_a_secret() -> None:
    """But whose key encrypts it."""
    both = _actions(_look()) + _actions(_deploy())
    of_secrets = {one for one in both if one.startswith("secretsmanager:")}
    assert of_secrets == {"secretsmanager:DescribeSecret"}


def test_no_conversation_is_deleted() -> None:
    """`unc destroy` is for a person with rights of their own.

    What was told is not what was said: a creation that is rolled back takes that table along.
    """
    assert "dynamodb:DeleteTable" not in _actions(_look())
    [deleting] = [each for each in _statements(_deploy()) if "DeleteTable" in str(each["Action"])]
    assert deleting["Action"] == "dynamodb:DeleteTable"
    assert deleting["Resource"]["Fn::Sub"].endswith(":table/${NotificationTableName}")
    ours, theirs = (each["Parameters"] for each in (template(GITHUB_PATH), template()))
    assert ours["NotificationTableName"].items() >= theirs["NotificationTableName"].items()


def test_both_are_told_why_a_change_set_was_refused() -> None:
    [telling] = [each for each in _statements(_look()) if "DescribeEvents" in str(each["Action"])]
    assert telling["Action"] == "cloudformation:DescribeEvents"
    assert [each["Fn::Sub"].rpartition("}:")[2] for each in telling["Resource"]] == [
        "stack/${StackName}/*",
        f"changeSet/{NAME_PREFIX}*/*",
    ]
    assert _role("DeployRole")["ManagedPolicyArns"] == [{"Ref": "LookPolicy"}]


def test_the_policies_are_no_longer_than_iam_takes() -> None:
    """IAM counts characters without whitespace, those of all inline policies of a role together."""
    assert len(json.dumps(_look(), separators=(",", ":"))) < 6_144
    assert len(json.dumps(_deploy(), separators=(",", ":"))) < 10_240


def test_roles_are_made_only_under_the_stack_s_name_and_handed_only_to_lambda() -> None:
    by_name = {statement["Sid"]: statement for statement in _statements(_deploy())}
    made = by_name["MakeRoles"]["Resource"]["Fn::Sub"]
    assert made.endswith(":role/${StackName}-*")
    handed = by_name["HandRolesToFunctions"]
    assert handed["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert "iam:AttachRolePolicy" not in _actions(_deploy())


def test_the_way_to_the_numbers_is_written_down() -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "first-deployment.md").read_text()
    assert "gh api repos/OWNER/NAME --jq" in text
    assert [
        name
        for name in template(GITHUB_PATH)["Parameters"]
        if name.endswith("Id") and name not in text
    ] == []


def test_every_call_to_cloudformation_that_the_tool_makes_is_allowed() -> None:
    calls = re.compile(r"cloudformation\.(?:get_paginator\(\"(\w+)\"|(\w+)\()")
    sources = (TEMPLATE_PATH.parents[1] / "unc").rglob("*.py")
    found = [each for source in sources for each in calls.findall(source.read_text())]
    made = {"".join(part.title() for part in (a or b).split("_")) for a, b in found}
    allowed = {action.partition(":")[2] for action in _actions(_look()) + _actions(_deploy())}
    assert "CreateChangeSet" in made
    assert made - allowed == {"UpdateStack"}, "an emulator alone is asked for it"
