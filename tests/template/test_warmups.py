"""Warm-ups: EventBridge calls each function at times; others only the intake, by its URL."""

import pytest

from tests.template.stack import Stack, named

FUNCTIONS = named("AWS::Lambda::Function")
RULES = named("AWS::Events::Rule")


def _function(stack: Stack, rule: str) -> str:
    """The function that a rule calls."""
    [target] = stack.properties(rule)["Targets"]
    return str(target["Arn"]).removesuffix(".Arn")


def test_each_function_has_one_rule(stack: Stack) -> None:
    assert sorted(_function(stack, rule) for rule in RULES) == sorted(FUNCTIONS)


@pytest.mark.parametrize("rule", RULES)
def test_only_that_rule_may_call_it(stack: Stack, rule: str) -> None:
    function = _function(stack, rule)
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    [permission] = [
        each
        for each in permissions
        if each["FunctionName"] == f"Ref:{function}" and each["Principal"] != "*"
    ]
    assert permission == {
        "FunctionName": f"Ref:{function}",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": f"{rule}.Arn",
    }


@pytest.mark.parametrize("rule", RULES)
def test_the_event_says_where_it_comes_from(stack: Stack, rule: str) -> None:
    """The handlers know a warm-up by `source`; an input of our own would take its place."""
    for target in stack.properties(rule)["Targets"]:
        assert set(target) == {"Id", "Arn"}
