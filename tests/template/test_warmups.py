"""Warm-ups: every five minutes each function hears from EventBridge, and from it alone."""

import pytest

from tests.template.stack import Stack, named

RULES = {"QueueWarmUp": "QueueFunction", "DynamoWarmUp": "DynamoFunction"}


def test_both_functions_are_kept_warm() -> None:
    assert named("AWS::Events::Rule") == list(RULES)


@pytest.mark.parametrize(("rule", "function"), RULES.items())
def test_a_rule_calls_its_function_every_five_minutes(
    stack: Stack, rule: str, function: str
) -> None:
    properties = stack.properties(rule)
    assert properties["ScheduleExpression"] == "rate(5 minutes)"
    assert [target["Arn"] for target in properties["Targets"]] == [f"{function}.Arn"]


@pytest.mark.parametrize(("rule", "function"), RULES.items())
def test_only_that_rule_may_call_it(stack: Stack, rule: str, function: str) -> None:
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    [permission] = [each for each in permissions if each["FunctionName"] == f"Ref:{function}"]
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
