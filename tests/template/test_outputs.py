"""Outputs: where a person or a tool finds everything after a deployment."""

import pytest

from tests.template.stack import Stack, named

ENDINGS = {
    "AWS::SQS::Queue": "Url",
    "AWS::DynamoDB::Table": "Name",
    "AWS::Lambda::Function": "Name",
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_the_outputs_name_every_queue_table_and_function(stack: Stack, kind: str) -> None:
    outputs = stack.outputs()
    wanted = {f"{name}{ENDINGS[kind]}": f"Ref:{name}" for name in named(kind)}
    assert wanted == {name: outputs.get(name) for name in wanted}


def test_the_outputs_name_the_stream_and_the_dashboard(stack: Stack) -> None:
    outputs = stack.outputs()
    assert outputs["ChatStreamArn"] == "ChatTable.StreamArn"
    assert outputs["DashboardUrl"].endswith("#dashboards/dashboard/Ref:Dashboard")
