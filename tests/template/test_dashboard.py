"""The dashboard: six questions, each answered by metrics that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from consumer.metrics import NAMESPACE, IntakeMetric, NotifierMetric, QueueMetric
from tests.template.stack import Stack, named
from unc.cost_model import Prices

WITH_INTAKE = Stack(WebhookIntake="true")
QUESTIONS = {"flowing", "other messages", "does a message take", "oldest", "wait?", "cost"}
INTAKE_QUESTIONS = {"to the webhooks", "does a webhook take"}
# Sums of what is shown, or of no use to a person.
NOT_SHOWN = {
    NotifierMetric.NOTIFICATIONS,
    NotifierMetric.COVERED,
    NotifierMetric.DELETED,
    NotifierMetric.OPTED_OUT,
    NotifierMetric.WAITING,
    NotifierMetric.UNHANDLED,
}


def _widgets(stack: Stack) -> list[dict[str, Any]]:
    body = json.loads(stack.properties("Dashboard")["DashboardBody"])
    return [widget["properties"] for widget in body["widgets"]]


def _metrics(widget: dict[str, Any]) -> Iterator[list[Any]]:
    """Each metric written out: dots stand for what the one before it says at that place."""
    last: list[Any] = []
    for written in widget["metrics"]:
        names = [part for part in written if isinstance(part, str)]
        if names and names[0] == "...":
            names = last[: len(last) - len(names) + 1] + names[1:]
        if names:
            last = [last[n] if part == "." else part for n, part in enumerate(names)]
            yield last


def _all_metrics(stack: Stack) -> list[list[Any]]:
    return [metric for widget in _widgets(stack) for metric in _metrics(widget)]


def _expressions(stack: Stack) -> str:
    return "\n".join(
        part["expression"]
        for widget in _widgets(stack)
        for metric in widget["metrics"]
        for part in metric
        if isinstance(part, dict) and "expression" in part
    )


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_each_question_has_a_widget(stack: Stack, question: str) -> None:
    assert sum(question in widget["title"] for widget in _widgets(stack)) == 1


def test_there_is_no_other(stack: Stack) -> None:
    assert len(_widgets(stack)) == len(QUESTIONS)
    assert all(widget["title"].partition(" (")[0].endswith("?") for widget in _widgets(stack))


def test_the_intake_has_a_row_of_its_own_when_it_is_switched_on(stack: Stack) -> None:
    *others, cost = _widgets(WITH_INTAKE)[: len(QUESTIONS)]
    assert [*others, _without_intake(cost)] == _widgets(stack)
    row = _widgets(WITH_INTAKE)[len(QUESTIONS) :]
    assert len(row) == len(INTAKE_QUESTIONS)
    for question in INTAKE_QUESTIONS:
        assert sum(question in widget["title"] for widget in row) == 1
    shown = {tuple(metric) for widget in row for metric in _metrics(widget)}
    written = set(IntakeMetric) - {IntakeMetric.WEBHOOK_FAILURES}
    assert shown == {(NAMESPACE, n, "FunctionName", "Ref:IntakeFunction") for n in written}


def _without_intake(cost: dict[str, Any]) -> dict[str, Any]:
    """The widget without what the intake adds in front."""
    added = [*_metrics(cost)][:2]
    assert added == [
        ["AWS/Lambda", name, "FunctionName", "Ref:IntakeFunction"]
        for name in ("Duration", "Invocations")
    ]
    return cost | {"metrics": cost["metrics"][3:]}


def test_our_own_metrics_are_ones_that_the_functions_write(stack: Stack) -> None:
    written = {
        "Ref:QueueFunction": set(QueueMetric),
        "Ref:DynamoFunction": set(NotifierMetric),
    }
    own = [metric for metric in _all_metrics(stack) if metric[0] == NAMESPACE]
    shown = {name for _, name, *_ in own}
    assert shown == (set(QueueMetric) | set(NotifierMetric)) - NOT_SHOWN
    for _, name, dimension, function in own:
        assert dimension == "FunctionName"
        assert name in written[function], name


def test_everything_else_is_measured_by_aws_on_what_the_stack_made(stack: Stack) -> None:
    others = [metric for metric in _all_metrics(stack) if metric[0] != NAMESPACE]
    made = {f"{name}.QueueName" for name in named("AWS::SQS::Queue")}
    made |= {f"Ref:{name}" for name in named("AWS::Lambda::Function")}
    assert {metric[0] for metric in others} == {"AWS/SQS", "AWS/Lambda"}
    assert {metric[3] for metric in others} <= made


def test_every_queue_is_among_those_whose_messages_are_counted(stack: Stack) -> None:
    [widget] = [widget for widget in _widgets(stack) if "wait?" in widget["title"]]
    shown = {metric[3] for metric in _metrics(widget)}
    assert shown == {f"{name}.QueueName" for name in named("AWS::SQS::Queue")}


def test_the_cost_is_calculated_with_the_prices_of_the_cost_model() -> None:
    prices, calculated = Prices(), _expressions(WITH_INTAKE)
    factors = {
        r"1024 \*": prices.lambda_gb_second,
        r"i[123] \*": prices.lambda_requests / 1e6,
        r"ConsumedWrite.*\*": prices.write_units / 1e6,
        r"ConsumedRead.*\*": prices.read_units / 1e6,
    }
    for term, price in factors.items():
        [factor] = set(re.findall(rf"{term} ([0-9.]+)", calculated))
        assert float(factor) == pytest.approx(price)


def test_functions_and_tables_are_of_the_kind_that_the_prices_are_for(stack: Stack) -> None:
    functions = stack.of_type("AWS::Lambda::Function").values()
    tables = stack.of_type("AWS::DynamoDB::Table").values()
    assert {tuple(each["Architectures"]) for each in functions} == {("arm64",)}
    assert {each["BillingMode"] for each in tables} == {"PAY_PER_REQUEST"}


def test_the_cost_follows_the_memory_that_is_paid_for() -> None:
    memories = {"QueueFunction": "512", "DynamoFunction": "640", "IntakeFunction": "768"}
    parameters = {f"{name}MemoryMegabytes": memory for name, memory in memories.items()}
    calculated = _expressions(Stack(WebhookIntake="true", **parameters))
    for number, memory in enumerate(memories.values(), start=1):
        assert f"d{number} / 1000 * {memory} / 1024 * " in calculated
        assert f" + i{number} * " in calculated


def test_every_table_is_among_what_is_paid_for(stack: Stack) -> None:
    for table in named("AWS::DynamoDB::Table"):
        assert f'"Ref:{table}"' in _expressions(stack)
