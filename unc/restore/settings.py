"""What the template gives a table beside its keys, and DynamoDB does not restore.

CloudFormation sees no difference in a template that did not change, so it puts none of it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unc.aws.session import Aws
from unc.restore.copies import await_active
from unc.takeover.resource_properties import OWN_EXPIRY

STREAM_VIEW = "NEW_AND_OLD_IMAGES"
_ON = ("ENABLED", "ENABLING")


@dataclass(frozen=True)
class TableSettings:
    """Each says whether it is on."""

    stream: bool
    expiry: bool
    recovery: bool
    protection: bool

    def lacks(self, other: TableSettings) -> list[str]:
        """Name what another has on and this has not."""
        pairs = {
            "stream": (self.stream, other.stream),
            "time to live": (self.expiry, other.expiry),
            "point-in-time recovery": (self.recovery, other.recovery),
            "deletion protection": (self.protection, other.protection),
        }
        return [name for name, (own, others) in pairs.items() if others and not own]


def wanted_settings(resource: str, parameters: Mapping[str, str]) -> TableSettings:
    """Return what the template gives a table with these parameters."""
    keeps_chats = parameters.get("ChatRetentionDays", "0") == "0"
    return TableSettings(
        stream=resource == "ChatTable",
        expiry=resource == "NotificationTable" or (resource == "ChatTable" and not keeps_chats),
        recovery=True,
        protection=parameters.get("DeletionProtection", "true") == "true",
    )


def read_settings(aws: Aws, name: str) -> TableSettings:
    """Return what a table has on."""
    table = aws.dynamodb.describe_table(TableName=name)["Table"]
    expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = aws.dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return TableSettings(
        stream=bool(table.get("StreamSpecification", {}).get("StreamEnabled")),
        expiry=expiry.get("TimeToLiveStatus") in _ON and expiry.get("AttributeName") == OWN_EXPIRY,
        recovery=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        protection=bool(table.get("DeletionProtectionEnabled")),
    )


def switch_on(aws: Aws, name: str, wanted: TableSettings, tags: Mapping[str, str]) -> Iterator[str]:
    """Switch on what a table lacks, one after the other, and name each when it is on."""
    missing = read_settings(aws, name).lacks(wanted)
    for setting in missing:
        _switch_one_on(aws, name, setting)
        await_active(aws, name)
        yield setting
    if missing and tags:
        arn = aws.dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        aws.dynamodb.tag_resource(ResourceArn=arn, Tags=pairs)  # type: ignore[arg-type]
        yield "tags"


def _switch_one_on(aws: Aws, name: str, setting: str) -> None:
    """Ask for one setting; DynamoDB takes one change of a table at a time."""
    if setting == "stream":
        stream = {"StreamEnabled": True, "StreamViewType": STREAM_VIEW}
        aws.dynamodb.update_table(TableName=name, StreamSpecification=stream)  # type: ignore[arg-type]
    elif setting == "time to live":
        aws.dynamodb.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"AttributeName": OWN_EXPIRY, "Enabled": True},
        )
    elif setting == "point-in-time recovery":
        aws.dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    else:
        aws.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
