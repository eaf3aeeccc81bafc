"""Outputs: where a person or a tool finds everything after a deployment."""

from tests.template.stack import Stack


def test_the_outputs_name_every_queue_table_and_function(stack: Stack) -> None:
    outputs = stack.outputs()
    assert outputs.pop("DashboardUrl").endswith("#dashboards/dashboard/Ref:Dashboard")
    assert outputs == {
        "QueueUrl": "Ref:Queue",
        "DeadLetterQueueUrl": "Ref:DeadLetterQueue",
        "ReplyRetryQueueUrl": "Ref:ReplyRetryQueue",
        "ReplyDeadLetterQueueUrl": "Ref:ReplyDeadLetterQueue",
        "StreamFailureQueueUrl": "Ref:StreamFailureQueue",
        "ChatTableName": "Ref:ChatTable",
        "ChatStreamArn": "ChatTable.StreamArn",
        "SessionTableName": "Ref:SessionTable",
        "NotificationTableName": "Ref:NotificationTable",
        "QueueFunctionName": "Ref:QueueFunction",
        "DynamoFunctionName": "Ref:DynamoFunction",
    }
