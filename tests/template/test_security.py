"""Rules for whatever the template holds, now or later: what a scanner would ask of each kind."""

import re
from typing import Any

import pytest

from tests.template.stack import Stack, named, template

NO_SECRET = re.compile(r"(?i)(secret|password|token|key)$")
# Names of things, not what they hold.
NAMES_OF_SECRETS = {"CodeKey"}
# Twilio calls without a role; the intake believes its signature (test_intake.py).
THROUGH_THE_URL = {"IntakeUrlPermission", "IntakeInvokePermission"}


def _references(node: Any) -> set[str]:
    """The resources that a part of the template refers to."""
    if isinstance(node, list):
        return {name for each in node for name in _references(each)}
    if not isinstance(node, dict):
        return set()
    own = {node["Ref"]} if isinstance(node.get("Ref"), str) else set()
    return own.union(*map(_references, node.values()))


def _policies() -> list[tuple[str, dict[str, Any]]]:
    """Every policy document of the template, by the resource that it is of."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, resource in template()["Resources"].items():
        properties = resource.get("Properties", {})
        inline = [each["PolicyDocument"] for each in properties.get("Policies", [])]
        single = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        found += [(name, document) for document in inline + single]
    return found


@pytest.mark.parametrize("table", named("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_restorable_and_protected(stack: Stack, table: str) -> None:
    properties = stack.properties(table)
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize("queue", named("AWS::SQS::Queue"))
def test_a_queue_is_encrypted_and_talks_tls_only(stack: Stack, queue: str) -> None:
    assert stack.properties(queue)["SqsManagedSseEnabled"] is True
    policies = [
        template()["Resources"][name]["Properties"] for name in named("AWS::SQS::QueuePolicy")
    ]
    [policy] = [each for each in policies if queue in _references(each["Queues"])]
    document = stack.resolve(policy["PolicyDocument"])
    assert document["Version"] == "2012-10-17"
    assert document["Statement"] == [
        {
            "Sid": "OnlyOverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": stack.resolve({"Fn::GetAtt": [queue, "Arn"]}),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


@pytest.mark.parametrize("function", named("AWS::Lambda::Function"))
def test_a_function_is_traced_and_logs_where_logs_end(stack: Stack, function: str) -> None:
    properties = stack.properties(function)
    assert properties["TracingConfig"]["Mode"] == "Active"
    logs = properties["LoggingConfig"]["LogGroup"].removeprefix("Ref:")
    assert 1 <= stack.properties(logs)["RetentionInDays"] <= 400


@pytest.mark.parametrize("function", named("AWS::Lambda::Function"))
def test_nothing_secret_is_written_into_a_function(stack: Stack, function: str) -> None:
    variables = stack.properties(function)["Environment"]["Variables"]
    assert [name for name in variables if NO_SECRET.search(name)] == []


def test_no_secret_is_made_by_the_template() -> None:
    assert named("AWS::SecretsManager::Secret") == []


def test_nothing_secret_is_a_parameter() -> None:
    secret = {name for name in template()["Parameters"] if NO_SECRET.search(name)}
    assert secret == NAMES_OF_SECRETS


@pytest.mark.parametrize(("name", "document"), _policies())
def test_nobody_at_large_is_let_in(name: str, document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement.get("Principal") != "*", name
            assert "NotAction" not in statement and "NotResource" not in statement, name


def test_whoever_may_call_a_function_is_named_with_its_source(stack: Stack) -> None:
    for name, permission in stack.of_type("AWS::Lambda::Permission").items():
        if name in THROUGH_THE_URL:
            continue
        assert permission["Principal"] != "*", name
        assert permission["SourceArn"], name
