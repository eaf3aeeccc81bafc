"""What the role that deploys is granted, and which calls CloudFormation makes with it."""

from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.support.iam import actions_of, statements_of
from tests.template.stack import template
from tests.template.unused_calls import UNUSED_CALLS

SCHEMA_REGION = "us-east-1"
RESOURCES = template()["Resources"]
TYPES = sorted({spec["Type"] for spec in RESOURCES.values()})
# The rollback of a creation removes what it has just made, so of every type; see change_set.py.
RUN = ("read", "create", "update", "delete")


def granted_to_deploy() -> set[str]:
    """Every action of the role, on whatever."""
    return actions_of(statements_of("DeployRole"))


def schema_of(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(SCHEMA_REGION, kind).schema
    return schema


def declared(kind: str) -> set[str]:
    """The calls of the handlers that CloudFormation runs for a stack."""
    handlers = schema_of(kind)["handlers"]
    return {action for name in RUN for action in handlers.get(name, {}).get("permissions", ())}


def made_for(kind: str) -> set[str]:
    """The calls of the handlers, but those for properties that the template leaves out."""
    unused = {action for each in UNUSED_CALLS if each.type == kind for action in each.actions}
    return declared(kind) - unused
