"""Resources of an account as template properties: the way they are, not the way they shall be.

CloudFormation compares templates, not the account. Only what the import says truly is put right,
and on a failure put back, by the update after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TableDescriptionTypeDef

Properties = dict[str, Any]
_NUMBERS = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
    "KmsDataKeyReusePeriodSeconds",
)
_TEXTS = ("DeduplicationScope", "FifoThroughputLimit", "KmsMasterKeyId")
_POLICIES = ("RedrivePolicy", "RedriveAllowPolicy")
# Said of every queue, wanted of none: an update back to it is no change.
_DEFAULTS = {
    "DelaySeconds": ("0",),
    "MaximumMessageSize": ("262144", "1048576"),
    "ReceiveMessageWaitTimeSeconds": ("0",),
    "KmsDataKeyReusePeriodSeconds": ("300",),
}
OWN_EXPIRY = "expires_at"


def table_properties(aws: Aws, name: str) -> Properties:
    """Describe a table."""
    table = aws.dynamodb.describe_table(TableName=name)["Table"]
    on_demand = table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    properties: Properties = {
        "TableName": name,
        "AttributeDefinitions": table["AttributeDefinitions"],
        "KeySchema": table["KeySchema"],
        "BillingMode": "PAY_PER_REQUEST" if on_demand else "PROVISIONED",
        **_index_properties(table, on_demand),
        **_safety_properties(aws, table),
    }
    if not on_demand:
        properties["ProvisionedThroughput"] = _capacity(table.get("ProvisionedThroughput", {}))
    if table.get("StreamSpecification", {}).get("StreamEnabled"):
        view = table["StreamSpecification"].get("StreamViewType")
        properties["StreamSpecification"] = {"StreamViewType": view}
    return properties


def _index_properties(table: TableDescriptionTypeDef, on_demand: bool) -> Properties:
    """Describe the indexes of a table."""
    described: Properties = {}
    found: dict[str, Any] = {**table}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes: list[Properties] = []
        for index in found.get(kind, []):
            indexes.append({name: index[name] for name in ("IndexName", "KeySchema", "Projection")})
            if kind.startswith("Global") and not on_demand:
                indexes[-1]["ProvisionedThroughput"] = _capacity(index["ProvisionedThroughput"])
        if indexes:
            described[kind] = indexes
    return described


def _capacity(described: Mapping[str, Any]) -> Properties:
    """Describe provisioned units."""
    return {name: described[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _safety_properties(aws: Aws, table: TableDescriptionTypeDef) -> Properties:
    """Describe what protects a table, and what empties it; only what is on.

    Whose key encrypts it, and an expiry by another attribute than ours, are left out, so that they
    stay what they are.
    """
    name = table["TableName"]
    described: Properties = {}
    if table.get("DeletionProtectionEnabled"):
        described["DeletionProtectionEnabled"] = True
    if table.get("SSEDescription", {}).get("Status") == "ENABLED":
        described["SSESpecification"] = {"SSEEnabled": True}
    backups = aws.dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        described["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if (expiry.get("TimeToLiveStatus"), expiry.get("AttributeName")) == ("ENABLED", OWN_EXPIRY):
        described["TimeToLiveSpecification"] = {"AttributeName": OWN_EXPIRY, "Enabled": True}
    return described


def queue_properties(aws: Aws, url: str) -> Properties:
    """Describe a queue.

    ContentBasedDeduplication is left out on purpose: what is said here and not in the template is
    taken away, and a producer may rely on it.
    """
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    found = {str(name): value for name, value in answer["Attributes"].items()}
    known = {name: value for name, value in found.items() if value not in _DEFAULTS.get(name, ())}
    properties: Properties = {"QueueName": url.rpartition("/")[2]}
    properties |= {name: int(known[name]) for name in _NUMBERS if name in known}
    properties |= {name: known[name] for name in _TEXTS if known.get(name)}
    properties |= {name: json.loads(known[name]) for name in _POLICIES if known.get(name)}
    if found.get("FifoQueue") == "true":
        properties["FifoQueue"] = True
    if "SqsManagedSseEnabled" in found and "KmsMasterKeyId" not in properties:
        properties["SqsManagedSseEnabled"] = found["SqsManagedSseEnabled"] == "true"
    return properties


def log_group_properties(aws: Aws, name: str) -> Properties:
    """Describe a log group."""
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = next(group for group in groups if group.get("logGroupName") == name)
    days = found.get("retentionInDays")
    return {"LogGroupName": name} | ({"RetentionInDays": days} if days else {})
