"""The names that a takeover looks for are the names that the template gives."""

import pytest

from tests.template.stack import Stack, template
from unc.takeover.inventory import NAME_PROPERTIES, NAMING_PARAMETERS, Named, name_resources

NAMED_BY_HAND = {"QueueName": "box.fifo", "ChatTableName": "talks", "QueueFunctionName": "store"}
DEFAULTS = {name: template()["Parameters"][name]["Default"] for name in NAMING_PARAMETERS}


def _named(**parameters: str) -> dict[str, Named]:
    return {one.resource: one for one in name_resources(DEFAULTS | parameters)}


@pytest.mark.parametrize("parameters", [{}, NAMED_BY_HAND, {"QueueName": "box"}])
def test_each_name_is_the_one_that_the_template_makes(parameters: dict[str, str]) -> None:
    stack = Stack(**parameters)
    for resource, named in _named(**parameters).items():
        assert stack.properties(resource)[NAME_PROPERTIES[named.type]] == named.name


def test_each_name_is_said_the_way_the_template_says_it() -> None:
    """Said otherwise, the update after the import would look like a renaming."""
    for resource, named in _named().items():
        written = template()["Resources"][resource]
        assert written["Type"] == named.type
        assert written["Properties"][NAME_PROPERTIES[named.type]] == named.expression


def test_whatever_has_a_fixed_name_is_looked_for() -> None:
    fixed = {
        resource
        for resource, spec in template()["Resources"].items()
        if NAME_PROPERTIES.get(spec["Type"]) in spec.get("Properties", {})
        and spec.get("Condition") != "HasIntake"  # no legacy consumer has an intake
    }
    assert fixed == set(_named())
