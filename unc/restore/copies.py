"""Tables that DynamoDB makes: a copy as of a moment, or a deleted table from its newest backup.

DynamoDB restores under a new name only. It takes from minutes to hours and leaves the source alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc.aws.mappings import wait_until
from unc.aws.session import Aws
from unc.errors import BadInput, UncError
from unc.takeover.inventory import ABSENT

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BackupSummaryTypeDef, TableDescriptionTypeDef

_LIMIT_SECONDS = 24 * 3600.0
_AWS_POLL_SECONDS = 20.0
_LONGEST_NAME = 255


def copy_name(table: str, moment: datetime) -> str:
    """Name the copy of a table: a later run finds it by this; raises BadInput if too long."""
    name = f"{table}-restore-{moment:%Y%m%dT%H%M%SZ}"
    if len(name) > _LONGEST_NAME:
        raise BadInput(f"the copy's name would be too long: {name}")
    return name


def read_table(aws: Aws, name: str) -> TableDescriptionTypeDef | None:
    """Return a table's description, or None when there is no such table."""
    try:
        return aws.dynamodb.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return None
        raise


def is_active(aws: Aws, name: str) -> bool:
    """Say whether a table is there and in no change."""
    found = read_table(aws, name)
    return found is not None and found.get("TableStatus") == "ACTIVE"


def make_copy(aws: Aws, table: str, copy: str, moment: datetime) -> None:
    """Have DynamoDB start a copy of a table as of a moment."""
    aws.dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=copy, RestoreDateTime=moment
    )


def find_backup(aws: Aws, table: str) -> BackupSummaryTypeDef:
    """Return a deleted table's newest backup; raises UncError when there is none.

    DynamoDB itself makes one when a table with point-in-time recovery is deleted, and keeps it for
    35 days.
    """
    pages = aws.dynamodb.get_paginator("list_backups").paginate(TableName=table, BackupType="ALL")
    found = [
        each
        for page in pages
        for each in page["BackupSummaries"]
        if each.get("BackupStatus") == "AVAILABLE"
    ]
    if not found:
        raise UncError(
            f"table {table} is gone, and there is no backup of it",
            "DynamoDB keeps the backup of a deleted table for 35 days",
        )
    return max(found, key=lambda each: each["BackupCreationDateTime"])


def restore_backup(aws: Aws, table: str, backup: str) -> None:
    """Have DynamoDB start to bring a deleted table back under its own name."""
    aws.dynamodb.restore_table_from_backup(TargetTableName=table, BackupArn=backup)


def await_active(aws: Aws, name: str) -> None:
    """Wait until a table is there and active; raises DeployFailed after a day."""
    wait_until(
        aws,
        lambda: is_active(aws, name),
        f"table {name} is still not active",
        interval=None if aws.endpoint else _AWS_POLL_SECONDS,
        limit=_LIMIT_SECONDS,
    )


def require_same_keys(aws: Aws, table: str, copy: str) -> tuple[str, ...]:
    """Return the names of the key attributes; raises UncError where the copy has others."""
    found = [read_table(aws, name) for name in (table, copy)]
    keys = [
        tuple(each["AttributeName"] for each in description.get("KeySchema", []))
        for description in found
        if description
    ]
    if len(keys) != len(found) or keys[0] != keys[1]:
        raise UncError(f"table {copy} is no copy of {table}: it has other keys, or is gone")
    return keys[0]
