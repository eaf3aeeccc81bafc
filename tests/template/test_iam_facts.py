"""The policies hold against IAM's own facts: which actions there are, and what each can name.

The facts are AWS's "service authorization reference", as the package policy-sentry brings it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.template.stack import GITHUB_PATH, TEMPLATE_PATH, template

WRITTEN = re.compile(r"arn:\$\{AWS::Partition\}:[^'\"]*")
PATHS = [TEMPLATE_PATH, GITHUB_PATH, TEMPLATE_PATH.with_name("erasure.yaml")]


class Case(NamedTuple):
    """One action of one statement."""

    file: str
    action: str
    resources: tuple[Any, ...]
    conditions: frozenset[str]


def _statements(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every statement of a policy that a role has, at any depth."""
    if isinstance(node, dict):
        if {"Effect", "Action", "Resource"} <= node.keys() and "Principal" not in node:
            yield node
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _statements(inner)


def _cases(path: Path) -> Iterator[Case]:
    for statement in _statements(template(path)["Resources"]):
        resources = _listed(statement["Resource"])
        keys = {key for each in statement.get("Condition", {}).values() for key in each}
        for action in _listed(statement["Action"]):
            yield Case(path.name, action, tuple(map(str, resources)), frozenset(keys))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


CASES = sorted({case for path in PATHS for case in _cases(path)}, key=str)


def _facts(action: str) -> list[dict[str, Any]]:
    """What IAM knows of an action: a row for each kind of resource that it can name."""
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return list(found[service]) if found else []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.action}")
def test_iam_knows_the_action(case: Case) -> None:
    [*rows] = _facts(case.action)
    assert {row["action"] for row in rows} == {case.action}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.action}")
def test_an_action_that_can_name_no_resource_names_all(case: Case) -> None:
    """A statement that names one for such an action would grant nothing."""
    formats = {row["resource_arn_format"] for row in _facts(case.action)}
    if formats == {"*"}:
        assert case.resources == ("*",)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.action}")
def test_a_condition_is_one_that_the_action_knows(case: Case) -> None:
    known = {key for row in _facts(case.action) for key in row["condition_keys"]}
    assert {key for key in case.conditions if not key.startswith("aws:")} <= known


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.action}")
def test_a_statement_names_a_resource_of_a_kind_that_the_action_can_name(case: Case) -> None:
    """By the ARN where the template writes one; a reference to a resource says its kind itself."""
    formats = [_pattern(row["resource_arn_format"]) for row in _facts(case.action)]
    written = [arn for each in case.resources for arn in WRITTEN.findall(each)]
    arns = [re.sub(r"\$\{[^}]*\}", "X", arn) for arn in written]
    # A group's pattern covers its streams.
    arns += [f"{arn[:-1]}log-stream:X" for arn in arns if ":log-group:" in arn and arn[-2:] == ":*"]
    assert not arns or any(each.fullmatch(arn) for each in formats for arn in arns), written


def _pattern(arn_format: str) -> re.Pattern[str]:
    """An ARN as IAM writes it, `arn:${Partition}:sqs:${Region}:…`, as a pattern."""
    parts = re.split(r"\$\{([^}]*)\}", arn_format)
    names = {"LogGroupName": "[^:]*(:[*])?", "ObjectName": "[^:]*"}
    return re.compile(
        "".join(
            names.get(part, "[^/:]*") if at % 2 else re.escape(part)
            for at, part in enumerate(parts)
        )
    )


def test_an_action_that_does_not_exist_would_be_noticed() -> None:
    assert _facts("sqs:SendMessageBatch") == []
    assert _facts("dynamodb:TransactWriteItems") == []
    assert _facts("sqs:SendMessage")
