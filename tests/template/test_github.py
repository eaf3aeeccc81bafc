"""The roles for GitHub: for one repository, one of them harmless, and no more than is needed."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from tests.support.iam import (
    Call,
    actions_of,
    github_stack,
    is_allowed,
    listed,
    policy_statements,
    statements_of,
)
from tests.template.stack import ACCOUNT, GITHUB_PATH, REGION, Stack, named, template
from unc.deploy.change_set import NAME_PREFIX
from unc.takeover.keys import key_statement

CHANGING = ("Create", "Delete", "Put", "Update", "Add", "Remove", "Execute", "Set", "Tag")
# A change set changes nothing until it is executed.
HARMLESS = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
ISSUER = "token.actions.githubusercontent.com"
POLICIES = ["LookPolicy", "DeployDataPolicy", "DeployFunctionsPolicy", "RoleBoundary"]
PURPOSES = [("LookRole", "pull_request"), ("DeployRole", "environment:production")]


def _role(name: str) -> dict[str, Any]:
    role: dict[str, Any] = template(GITHUB_PATH)["Resources"][name]["Properties"]
    return role


def _look() -> list[dict[str, Any]]:
    return statements_of("LookRole")


def _deploy() -> list[dict[str, Any]]:
    return statements_of("DeployRole")


def _trust(role: str) -> dict[str, Any]:
    [statement] = _role(role)["AssumeRolePolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found


def test_cfn_lint_objects_to_nothing() -> None:
    assert [str(match) for match in lint_file(GITHUB_PATH)] == []


def _trusted(role: str, **parameters: str) -> list[str]:
    """The subjects that a role lets in, for one repository."""
    statement = _trust(role)
    stack = Stack(GITHUB_PATH, Repository="octocat/my-repo", **parameters)
    subjects = stack.resolve(statement["Condition"]["StringEquals"][f"{ISSUER}:sub"])
    return [subjects] if isinstance(subjects, str) else subjects


@pytest.mark.parametrize("role", ["LookRole", "DeployRole"])
def test_a_role_is_for_tokens_that_github_made_for_aws(role: str) -> None:
    statement = _trust(role)
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
    actions = actions_of(_look())
    changing = {one for one in actions if one.partition(":")[2].startswith(CHANGING)}
    assert changing == HARMLESS
    assert {one for one in actions if one.startswith("dynamodb:")} == {
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
    }
    assert _role("LookRole")["ManagedPolicyArns"] == [{"Ref": "LookPolicy"}]
    assert "Policies" not in _role("LookRole")


def _shows_environment(shape: Any, within: tuple[str, ...] = ()) -> bool:
    """Whether an answer of Lambda may hold a function's environment."""
    if shape is None or shape.name in within:
        return False
    within += (shape.name,)
    if shape.type_name == "list":
        return _shows_environment(shape.member, within)
    members = shape.members.items() if shape.type_name == "structure" else ()
    return any(name == "Environment" or _shows_environment(of, within) for name, of in members)


def test_whoever_looks_sees_no_environment_of_a_function() -> None:
    """It may hold secrets, those of a legacy consumer's functions above all."""
    model = botocore.session.Session().get_service_model("lambda")
    showing = {
        f"lambda:{name}"
        for name in model.operation_names
        if _shows_environment(model.operation_model(name).output_shape)
    }
    assert {"lambda:GetFunction", "lambda:GetFunctionConfiguration"} < showing
    assert actions_of(_look()) & showing == set()
    ours = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:unc-queue-lambda"
    for action in ("lambda:GetFunction", "lambda:GetFunctionConfiguration"):
        assert is_allowed(Call(action, ours), _deploy())
        assert not is_allowed(Call(action, ours.replace("unc-queue", "another")), _deploy())


def test_whoever_looks_reads_no_code_that_was_kept() -> None:
    """A takeover keeps the legacy functions' code, and code may hold secrets, too."""
    bucket = f"arn:aws:s3:::unc-consumer-code-{ACCOUNT}-{REGION}"
    note, code = f"{bucket}/takeover/unc-consumer.json", f"{bucket}/takeover/unc-queue-lambda.zip"
    assert is_allowed(Call("s3:GetObject", note), _look())
    assert not is_allowed(Call("s3:GetObject", code), _look())


def test_no_action_is_a_wildcard() -> None:
    assert [one for one in actions_of(_deploy()) if "*" in one] == []


def test_nobody_reads_a_secret() -> None:
    """But whose key encrypts it."""
    of_secrets = {one for one in actions_of(_deploy()) if one.startswith("secretsmanager:")}
    assert of_secrets == {"secretsmanager:DescribeSecret"}


def test_no_conversation_is_deleted() -> None:
    """`unc destroy` is for a person with rights of their own.

    What was told is not what was said: a creation that is rolled back takes that table along.
    """
    tables = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
    deletes = [
        name
        for name in ("chats", "sessions", "notifications")
        if is_allowed(Call("dynamodb:DeleteTable", f"{tables}/{name}"), _deploy())
    ]
    assert deletes == ["notifications"]
    assert "dynamodb:DeleteTable" not in actions_of(_look())


def test_both_are_told_why_a_change_set_was_refused() -> None:
    sets = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet"
    telling = Call("cloudformation:DescribeEvents", f"{sets}/{NAME_PREFIX}update-0f9a/1")
    assert is_allowed(telling, _look()) and is_allowed(telling, _deploy())
    other = Call("cloudformation:DescribeEvents", f"{sets}/another-0f9a/1")
    assert not is_allowed(other, _deploy())


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_no_longer_than_iam_takes(policy: str) -> None:
    """IAM counts characters without whitespace; here the names have 20 more than by default."""
    long = {name: "n" * 50 for name in github_stack().parameters() if name.endswith("Name")}
    document = github_stack(**long).properties(policy)["PolicyDocument"]
    assert len(json.dumps(document, separators=(",", ":"))) < 6_144


def test_only_what_knows_no_resource_is_granted_on_all() -> None:
    everywhere = {
        action
        for each in _deploy()
        if "*" in listed(each["Resource"]) and "Condition" not in each
        for action in listed(each["Action"])
    }
    assert everywhere == {
        "cloudformation:GetTemplateSummary",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricStatistics",
        "events:ListRuleNamesByTarget",
        "lambda:GetAccountSettings",
        "lambda:ListEventSourceMappings",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
    }


def test_roles_are_handed_only_to_lambda_and_get_no_policy_of_others() -> None:
    [handing] = [each for each in _deploy() if "iam:PassRole" in listed(each["Action"])]
    assert handing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert "iam:AttachRolePolicy" not in actions_of(_deploy())


@pytest.mark.parametrize("role", named("AWS::IAM::Role"))
def test_the_boundary_holds_what_each_function_s_role_holds(role: str) -> None:
    """A right that the boundary lacks would be none, whatever the role says."""
    boundary = policy_statements("RoleBoundary")
    [policy] = Stack().properties(role)["Policies"]
    calls = [
        Call(action, _real(resource))
        for each in policy["PolicyDocument"]["Statement"]
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    ]
    assert calls
    assert [call for call in calls if not is_allowed(call, boundary)] == []


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secretsmanager"])
def test_the_boundary_leaves_a_key_to_its_own_policy(service: str) -> None:
    boundary = policy_statements("RoleBoundary")
    [host] = key_statement(ACCOUNT, REGION, [service])["Condition"]["StringEquals"][
        "kms:ViaService"
    ]
    held = {one for one in actions_of(boundary) if one.startswith("kms:")}
    for pattern in key_statement(ACCOUNT, REGION, [service])["Action"]:
        found = fnmatch.filter(held, pattern)
        assert found, pattern
        for action in found:
            assert is_allowed(Call(action, "any-key", {"kms:ViaService": host}), boundary)
            assert not is_allowed(Call(action, "any-key"), boundary), "never by itself"


def _real(resource: str) -> str:
    """A resource as its ARN, where the template refers to it."""
    logical, _, rest = resource.partition(".")
    if logical not in template()["Resources"]:
        return resource
    properties = Stack().properties(logical)
    if "LogGroupName" in properties:
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{properties['LogGroupName']}:*"
    tail = rest.removeprefix("Arn").replace("StreamArn", "/stream/2026-11-26T00:00:00.000")
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{properties['TableName']}{tail}"


@pytest.mark.parametrize("role", named("AWS::IAM::Role"))
def test_a_function_s_role_gets_the_boundary_that_is_given(role: str) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    assert "PermissionsBoundary" not in Stack().properties(role)
    bounded = Stack(RoleBoundaryArn=boundary).properties(role)
    assert bounded["PermissionsBoundary"] == boundary


def test_the_way_to_the_numbers_is_written_down() -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "first-deployment.md").read_text()
    assert "gh api repos/OWNER/NAME --jq" in text
    assert [
        name
        for name in template(GITHUB_PATH)["Parameters"]
        if name.endswith("Id") and name not in text
    ] == []
