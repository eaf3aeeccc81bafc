"""Who wrote a message, by its id alone: logs name the message, and mask the sender.

No index has the id, so the newest inbound chats are looked through; older ones are not found.
"""

from __future__ import annotations

import re

from unc.aws.tables import Tables

_MESSAGE_ID = re.compile(
    r"[SM]M[0-9a-fA-F]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII
)
# Of 1 MB each; together some hundred thousand messages.
_PAGES_READ = 200


def is_message_id(text: str) -> bool:
    """Say whether this is a Sid, or the id that SQS gave a message without one."""
    return _MESSAGE_ID.fullmatch(text) is not None


def find_writer(tables: Tables, message_id: str) -> str | None:
    """Return the sender of a message, or None when it is not among the newest."""
    pages = tables.aws.dynamodb.get_paginator("query").paginate(
        TableName=tables.resources.chat_table,
        IndexName="ChatTypeIndex",
        KeyConditionExpression="chat_type = :inbound",
        FilterExpression="message_id = :id",
        ProjectionExpression="sender_id",
        ExpressionAttributeValues={":inbound": {"S": "inbound"}, ":id": {"S": message_id}},
        ScanIndexForward=False,
    )
    for number, page in enumerate(pages):
        for item in page["Items"]:
            return item["sender_id"]["S"]
        if number >= _PAGES_READ:
            break
    return None
