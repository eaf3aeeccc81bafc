"""The check of calls against AWS's models says no where AWS would."""

from typing import Any

import pytest

from tests.support.service_model import faults_of_call

PUT: dict[str, Any] = {"TableName": "chats", "Item": {"sender_id": {"S": "491"}}}
SEND = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q", "MessageBody": "hi"}
TOO_MANY = [{"Put": PUT}] * 101


@pytest.mark.parametrize(
    ("target", "request_", "said"),
    [
        ("DynamoDB_20120810.PutItem", {"TableName": "chats"}, ".Item: missing"),
        ("DynamoDB_20120810.PutItem", PUT | {"TableName": ""}, "0 characters"),
        ("DynamoDB_20120810.PutItem", PUT | {"TableName": "x" * 1025}, "1025 characters"),
        ("DynamoDB_20120810.PutItem", PUT | {"ReturnValues": "EVERYTHING"}, "is none of"),
        ("DynamoDB_20120810.PutItem", PUT | {"Limit": 1}, ".Limit: unknown"),
        ("DynamoDB_20120810.PutItem", PUT | {"Item": {"a": "b"}}, "is no object"),
        ("DynamoDB_20120810.PutItem", PUT | {"Item": {"a": {"N": 1}}}, "1 is no string"),
        ("DynamoDB_20120810.TransactWriteItems", {"TransactItems": TOO_MANY}, "101 members"),
        ("AmazonSQS.SendMessage", SEND | {"DelaySeconds": "5"}, "is no integer"),
        ("AmazonSQS.SendMessage", {"QueueUrl": "q"}, ".MessageBody: missing"),
        ("secretsmanager.GetSecretValue", {"SecretId": ""}, "0 characters"),
    ],
)
def test_a_request_that_aws_would_refuse_is_a_fault(target: str, request_: Any, said: str) -> None:
    [fault] = faults_of_call(target, request_)
    assert said in fault


@pytest.mark.parametrize(
    ("target", "request_", "response"),
    [
        ("DynamoDB_20120810.PutItem", PUT, {}),
        ("AmazonSQS.SendMessage", SEND, {"MessageId": "1", "MD5OfMessageBody": "x"}),
        ("secretsmanager.GetSecretValue", {"SecretId": "S"}, {"SecretString": "s", "Name": "S"}),
    ],
)
def test_a_call_as_aws_describes_it_is_none(target: str, request_: Any, response: Any) -> None:
    assert faults_of_call(target, request_, response) == []


def test_a_response_that_aws_would_not_give_is_a_fault() -> None:
    assert faults_of_call("AmazonSQS.SendMessage", SEND, {"Id": "1"}) == [
        "sqs:SendMessage response.Id: unknown"
    ]
