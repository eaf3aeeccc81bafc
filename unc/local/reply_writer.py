"""What the reply service does in the tables: find the conversation, write the outbound message."""

from __future__ import annotations

import secrets as randomness
import time
import uuid
from dataclasses import dataclass

from unc.aws.session import Aws


@dataclass(frozen=True)
class ReplyWriter:
    """Writes replies into the tables of one stack."""

    aws: Aws
    session_table: str
    chat_table: str

    def write_reply(self, sender_id: str, message: str) -> str:
        """Write an outbound message into the sender's active session; return its id."""
        session_id = self.find_session(sender_id) or self.open_session(sender_id)
        number = self._count_messages(session_id)
        return self._put_outbound(sender_id, session_id, reply_text(message, number))

    def find_session(self, sender_id: str) -> str | None:
        """Return the newest session if it is active. The filter runs after the limit."""
        found = self.aws.dynamodb.query(
            TableName=self.session_table,
            IndexName="SenderSessionsIndex",
            KeyConditionExpression="sender_id = :sender",
            FilterExpression="#status = :active",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":sender": {"S": sender_id}, ":active": {"S": "active"}},
            ScanIndexForward=False,
            Limit=1,
        )
        return next((item["session_id"]["S"] for item in found["Items"]), None)

    def open_session(self, sender_id: str) -> str:
        """Open a session of the reply service's own making."""
        session_id = str(uuid.uuid4())
        self.aws.dynamodb.put_item(
            TableName=self.session_table,
            Item={
                "session_id": {"S": session_id},
                "sender_id": {"S": sender_id},
                "status": {"S": "active"},
                "created_at": {"N": str(int(time.time()))},
            },
        )
        return session_id

    def complete_session(self, session_id: str) -> None:
        """Mark a session completed, as the reply service does when a conversation is over."""
        self.aws.dynamodb.update_item(
            TableName=self.session_table,
            Key={"session_id": {"S": session_id}},
            UpdateExpression="SET #status = :completed, updated_at = :now",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":completed": {"S": "completed"},
                ":now": {"N": str(int(time.time()))},
            },
        )

    def _count_messages(self, session_id: str) -> int:
        """Read the conversation in its order and count what came in."""
        pages = self.aws.dynamodb.get_paginator("query").paginate(
            TableName=self.chat_table,
            IndexName="SessionIndex",
            KeyConditionExpression="session_id = :session",
            FilterExpression="chat_type = :inbound",
            ExpressionAttributeValues={
                ":session": {"S": session_id},
                ":inbound": {"S": "inbound"},
            },
            ScanIndexForward=True,
            Select="COUNT",
        )
        return sum(page["Count"] for page in pages)

    def _put_outbound(self, sender_id: str, session_id: str, text: str) -> str:
        """Put the outbound item; its time has whole seconds, unlike ours."""
        message_id = str(ordered_uuid(time.time_ns()))
        self.aws.dynamodb.put_item(
            TableName=self.chat_table,
            Item={
                "sender_id": {"S": sender_id},
                "message_id": {"S": message_id},
                "session_id": {"S": session_id},
                "chat_type": {"S": "outbound"},
                "created_at": {"N": str(int(time.time()))},
                "content": {"M": {"text": {"S": text}}},
            },
        )
        return message_id


def ordered_uuid(now_ns: int) -> uuid.UUID:
    """Make a UUID of version 7: of two replies within a second the later one sorts behind.

    https://www.rfc-editor.org/rfc/rfc9562#section-5.7, with a fraction of the millisecond.
    """
    milliseconds, rest = divmod(now_ns, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    head = milliseconds << 16 | 7 << 12 | fraction
    return uuid.UUID(int=head << 64 | 2 << 62 | randomness.randbits(62))


def reply_text(message: str, number: int) -> str:
    """Answer in a way that shows what was received, and how long the conversation is."""
    said = f"You said: {message}" if message else "You sent something without words."
    return f"{said} (message {number} here)"
