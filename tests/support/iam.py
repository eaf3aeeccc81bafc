"""What IAM would say to a call: the policies of infra/github.yaml, and how they are evaluated.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.template.stack import GITHUB_PATH, Stack

Json = dict[str, Any]

# What `unc destroy` needs beside the rights to deploy.
RIGHTS_TO_DESTROY = ("dynamodb:DeleteTable", "dynamodb:Scan")


@dataclass(frozen=True)
class Call:
    """An action on one resource; `context` holds the keys that conditions may ask for."""

    action: str
    resource: str
    context: Json = field(default_factory=dict, compare=False)


def github_stack(**parameters: str) -> Stack:
    """infra/github.yaml as deployed for one repository."""
    return Stack(GITHUB_PATH, Repository="octocat/my-repo", **parameters)


def statements_of(role: str, stack: Stack | None = None) -> list[Json]:
    """All statements of a role, those of its managed policies."""
    stack = stack or github_stack()
    policies = [each.removeprefix("Ref:") for each in stack.properties(role)["ManagedPolicyArns"]]
    return [each for policy in policies for each in policy_statements(policy, stack)]


def policy_statements(policy: str, stack: Stack | None = None) -> list[Json]:
    """The statements of one managed policy."""
    document = (stack or github_stack()).properties(policy)["PolicyDocument"]
    statements: list[Json] = document["Statement"]
    return statements


def actions_of(statements: Sequence[Json]) -> set[str]:
    """Every action that is granted, on whatever."""
    return {action for each in statements for action in listed(each["Action"])}


def is_allowed(call: Call, statements: Sequence[Json]) -> bool:
    """Whether a statement covers action, resource and conditions; there is no Deny."""
    return any(_covers(each, call) for each in statements)


def _covers(statement: Json, call: Call) -> bool:
    return (
        call.action in listed(statement["Action"])
        and any(fnmatchcase(call.resource, each) for each in listed(statement["Resource"]))
        and all(
            call.context.get(key) in listed(wanted)
            for keys in statement.get("Condition", {}).values()
            for key, wanted in keys.items()
        )
    )


def listed(value: Any) -> list[Any]:
    """One or several, as a list."""
    return value if isinstance(value, list) else [value]
