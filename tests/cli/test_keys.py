"""Customer-managed keys of what a deployment finds: refused with the statement, or allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from unc.aws.session import Aws
from unc.errors import DeployFailed
from unc.takeover.account import Account
from unc.takeover.inventory import TABLE, Named
from unc.takeover.keys import check_keys, is_allowed, key_statement

ACCOUNT, REGION = "123456789012", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SERVICES = ["dynamodb", "sqs", "secretsmanager"]
# As the console makes it: the account decides by IAM, where the functions have no right to keys.
DEFAULT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
CHATS = Named("ChatTable", TABLE, "chats", {"Ref": "ChatTableName"})


def _policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(*services: str, **changes: Any) -> dict[str, Any]:
    return key_statement(ACCOUNT, REGION, list(services or SERVICES)) | changes


def _under(**conditions: Any) -> dict[str, Any]:
    named = {f"kms:{name}": value for name, value in conditions.items()}
    return _statement(Condition={"StringEquals": named})


def _allowed(policy: dict[str, Any], *services: str) -> bool:
    return all(is_allowed(policy, ACCOUNT, REGION, each) for each in services or SERVICES)


def test_the_statement_that_is_asked_for_is_enough() -> None:
    assert _allowed(_policy(DEFAULT, _statement()))


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_needs_its_own_part_of_it(service: str) -> None:
    policy = _policy(DEFAULT, _statement(service))
    assert [each for each in SERVICES if _allowed(policy, each)] == [service]


@pytest.mark.parametrize(
    "statement",
    [
        DEFAULT,
        _statement(Effect="Deny"),
        _statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/somebody"}),
        _statement(Principal={"Service": "dynamodb.amazonaws.com"}),
        _statement(Action="kms:Describe*"),
        _statement(Action=[]),
        _under(CallerAccount="999999999999"),
        _under(ViaService="dynamodb.us-east-1.amazonaws.com"),
        _under(CallerAccount=ACCOUNT, EncryptionAlgorithm="SYMMETRIC_DEFAULT"),
        _statement(Condition={"StringLike": {"kms:CallerAccount": ACCOUNT}}),
    ],
)
def test_less_is_not_enough(statement: dict[str, Any]) -> None:
    assert not _allowed(_policy(statement), "dynamodb")


@pytest.mark.parametrize(
    "statement",
    [
        _statement(Principal="*"),
        _statement(Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "*"]}),
        _statement(Action="kms:*"),
        _statement(Action=["KMS:Encrypt", "kms:*crypt*", "kms:GenerateDataKey*", "kms:*e*"]),
        _under(CallerAccount=[ACCOUNT]),
    ],
)
def test_it_may_be_written_otherwise(statement: dict[str, Any]) -> None:
    assert _allowed(_policy(statement))


def test_a_policy_of_one_statement_needs_no_list() -> None:
    assert _allowed({"Statement": _statement()})


def test_rights_may_stand_in_several_statements() -> None:
    actions = _statement("dynamodb")["Action"]
    parts = [_statement("dynamodb", Action=[action]) for action in actions]
    assert _allowed(_policy(*parts), "dynamodb")
    assert not _allowed(_policy(*parts[1:]), "dynamodb")


@pytest.fixture
def key_stub(aws: Aws) -> Iterator[Stubber]:
    """What KMS answers; the table names the key, and there is no secret."""
    aws.account = ACCOUNT
    table = {"TableName": "chats", "SSEDescription": {"SSEType": "KMS", "KMSMasterKeyArn": KEY}}
    with Stubber(aws.dynamodb) as dynamodb, Stubber(aws.secrets) as secrets:
        dynamodb.add_response("describe_table", {"Table": table})
        secrets.add_client_error("describe_secret", "ResourceNotFoundException")
        with Stubber(aws.kms) as stub:
            yield stub
            stub.assert_no_pending_responses()


def _describe(stub: Stubber, manager: str) -> None:
    found = {"KeyId": KEY.rpartition("/")[2], "Arn": KEY, "KeyManager": manager}
    stub.add_response("describe_key", {"KeyMetadata": found}, {"KeyId": KEY})


def _account() -> Account:
    return Account({"SecretName": "REPLY"}, [CHATS], {}, [CHATS], [], [], None)


def test_a_key_that_the_functions_may_not_use_is_refused_with_the_statement(
    aws: Aws, key_stub: Stubber
) -> None:
    _describe(key_stub, "CUSTOMER")
    asked = {"KeyId": KEY, "PolicyName": "default"}
    key_stub.add_response("get_key_policy", {"Policy": json.dumps(_policy(DEFAULT))}, asked)
    with pytest.raises(DeployFailed, match=f"table chats: encrypted with .* {KEY}") as refusal:
        check_keys(aws, _account(), "")
    statement = json.loads(refusal.value.hint.partition(": ")[2])
    assert statement == _statement("dynamodb")


def test_a_key_that_they_may_use_is_taken(aws: Aws, key_stub: Stubber) -> None:
    _describe(key_stub, "CUSTOMER")
    policy = json.dumps(_policy(DEFAULT, _statement("dynamodb")))
    key_stub.add_response("get_key_policy", {"Policy": policy})
    check_keys(aws, _account(), "")


def test_a_key_of_aws_s_own_needs_nothing(aws: Aws, key_stub: Stubber) -> None:
    _describe(key_stub, "AWS")
    check_keys(aws, _account(), "")


def test_a_key_that_stands_in_the_template_is_left_to_its_author(
    aws: Aws, key_stub: Stubber
) -> None:
    _describe(key_stub, "CUSTOMER")
    check_keys(aws, _account(), f"Resource: {KEY}")
