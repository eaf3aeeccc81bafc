"""A sender's sessions as a pause reads them: found by index, then read consistently."""

from __future__ import annotations

from consumer.conversation.session import Session, limited_until
from unc.aws.sender_lookup import find_writer, is_message_id
from unc.aws.tables import Item, Tables
from unc.errors import BadInput
from unc.messages.sender import read_sender

# A pause on an older session than these is not found; only the newest one counts.
SESSIONS_READ = 25


def name_sender(tables: Tables, sender: str) -> str:
    """Return the id of a sender, named by address or by a message; raises BadInput for nobody."""
    found = find_writer(tables, sender) if is_message_id(sender) else read_sender(sender)
    if not found:
        raise BadInput(
            f"nobody is known by {sender or 'a blank name'}",
            "a sender as in: unc chat 4915555550199, or the id of a message as in the logs",
        )
    return found


def read_newest_sessions(tables: Tables, sender_id: str) -> list[Item]:
    """Return a sender's newest sessions, the newest first; raises BadInput when there is none."""
    found = tables.aws.dynamodb.query(
        TableName=tables.resources.session_table,
        IndexName="SenderSessionsIndex",
        KeyConditionExpression="sender_id = :sender",
        ExpressionAttributeValues={":sender": {"S": sender_id}},
        ScanIndexForward=False,
        Limit=SESSIONS_READ,
    )
    rows = tables.read_sessions(item["session_id"]["S"] for item in found["Items"])
    if not rows:
        raise BadInput(f"{sender_id} has no session", "is it the sender's id? see: unc chat SENDER")
    return sorted(rows.values(), key=lambda row: row["created_at"], reverse=True)


def limit_end(session: Session) -> float | None:
    """Return the end of a session's limit in epoch seconds; None without one that is readable."""
    try:
        return limited_until(session)
    except ValueError:
        return None
