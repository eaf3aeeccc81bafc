"""Customer-managed keys on what a deployment finds, which its functions could not use.

Tables, queues and secrets that are there already may be encrypted with a key of the account's own.
The template's roles have no right to any key. A statement in the key's policy gives it to whoever
may use the table, the queue or the secret, as AWS's own keys do. Nothing is changed before it is
there. A Deny elsewhere in that policy is not looked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.errors import DeployFailed
from unc.takeover.account import Account
from unc.takeover.inventory import QUEUE, TABLE

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
_ACTIONS = {
    "dynamodb": (
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:CreateGrant",
        "kms:DescribeKey",
    ),
    "sqs": ("kms:Decrypt", "kms:GenerateDataKey"),
    "secretsmanager": ("kms:Decrypt",),
}
_ABSENT = ("NotFoundException", "ResourceNotFoundException")


@dataclass(frozen=True)
class KeyUse:
    """Something that is encrypted with a key; `key` is what its service calls the key."""

    title: str
    service: str
    key: str


def check_keys(aws: Aws, account: Account, template: str) -> None:
    """Raise DeployFailed for a customer-managed key that the functions may not use.

    A key whose ARN stands in the template is left to who wrote it there.
    """
    found: dict[str, list[KeyUse]] = {}
    for use in _find_uses(aws, account):
        arn = _read_customer_key(aws, use.key)
        if arn and arn not in template:
            found.setdefault(arn, []).append(use)
    for arn, uses in found.items():
        answer = aws.kms.get_key_policy(KeyId=arn, PolicyName="default")
        policy = json.loads(answer.get("Policy") or "{}")
        if not all(is_allowed(policy, aws.account, aws.region, use.service) for use in uses):
            raise _refusal(arn, uses, aws)


def _find_uses(aws: Aws, account: Account) -> Iterator[KeyUse]:
    """Yield what is taken over or read, and names a key."""
    for one in account.unmanaged:
        if one.type == TABLE and (key := _key_of_table(aws, one.name)):
            yield KeyUse(one.title, "dynamodb", key)
        if one.type == QUEUE and (key := _key_of_queue(aws, one.name)):
            yield KeyUse(one.title, "sqs", key)
    names = [account.parameters.get("SecretName", "")]
    if account.parameters.get("WebhookIntake") == "true":
        names.append(account.parameters.get("AuthTokenName", ""))
    for name in filter(None, names):
        if key := _key_of_secret(aws, name):
            yield KeyUse(f"secret {name}", "secretsmanager", key)


def _key_of_table(aws: Aws, name: str) -> str:
    table = aws.dynamodb.describe_table(TableName=name)["Table"]
    return table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")


def _key_of_queue(aws: Aws, name: str) -> str:
    url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
    return answer.get("Attributes", {}).get("KmsMasterKeyId", "")


def _key_of_secret(aws: Aws, name: str) -> str:
    """Return a secret's key; none for AWS's own, or without a secret."""
    try:
        return aws.secrets.describe_secret(SecretId=name).get("KmsKeyId", "")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return ""
        raise


def _read_customer_key(aws: Aws, key: str) -> str:
    """Return the ARN of a customer-managed key; nothing for one of AWS's own."""
    if "alias/aws/" in key:
        return ""
    try:
        found: Mapping[str, str] = aws.kms.describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return ""
        raise
    return found["Arn"] if found.get("KeyManager") == "CUSTOMER" else ""


def is_allowed(policy: Mapping[str, Any], account: str, region: str, service: str) -> bool:
    """Say whether a key's policy lets whoever may use a service's resource use the key, too."""
    granted = [
        pattern.lower()
        for statement in _listed(policy.get("Statement"))
        if _is_for_everybody(statement, account, f"{service}.{region}.amazonaws.com")
        for pattern in _listed(statement.get("Action"))
    ]
    return all(
        any(fnmatchcase(action.lower(), pattern) for pattern in granted)
        for action in _ACTIONS[service]
    )


def _is_for_everybody(statement: Mapping[str, Any], account: str, host: str) -> bool:
    """Say whether a statement allows everybody in the account, through that service."""
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, Mapping) else principal
    conditions = statement.get("Condition", {})
    known = {"kms:CallerAccount": account, "kms:ViaService": host}
    return (
        statement.get("Effect") == "Allow"
        and "*" in _listed(named)
        and conditions.keys() <= {"StringEquals"}
        and all(
            known.get(name) in _listed(values)
            for name, values in conditions.get("StringEquals", {}).items()
        )
    )


def _listed(value: Any) -> list[Any]:
    """Return one value or several as a list; policies may write either."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def key_statement(account: str, region: str, services: list[str]) -> dict[str, Any]:
    """Return the statement that a key's policy needs."""
    actions = [action for service in services for action in _ACTIONS[service]]
    return {
        "Sid": "UncConsumer",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(dict.fromkeys(actions)),
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:CallerAccount": account,
                "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services],
            }
        },
    }


def _refusal(arn: str, uses: list[KeyUse], aws: Aws) -> DeployFailed:
    """Name what is encrypted, with which key, and the statement to add."""
    services = list(dict.fromkeys(use.service for use in uses))
    statement = key_statement(aws.account, aws.region, services)
    return DeployFailed(
        f"{', '.join(use.title for use in uses)}: encrypted with the customer-managed key {arn}, "
        "which the functions may not use",
        f"add this statement to the key's policy, then run it again: {json.dumps(statement)}",
    )
