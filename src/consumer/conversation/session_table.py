"""Every DynamoDB expression of the `sessions` table."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item, number, text, to_item
from consumer.aws.dynamodb import Read
from consumer.conversation.session import ERASED, Session


def newest_query(table: str, sender_id: str, limit: int = 1) -> dict[str, Any]:
    """The sender's newest sessions, whatever their status, as the lagging index has them."""
    return {
        "TableName": table,
        "IndexName": "SenderSessionsIndex",
        "KeyConditionExpression": "sender_id = :sender_id",
        "ExpressionAttributeValues": {":sender_id": {"S": sender_id}},
        "ScanIndexForward": False,
        "Limit": limit,
    }


def session_read(table: str, session_id: str) -> Read:
    return Read(table, {"session_id": {"S": session_id}})


def session_put(table: str, session: Session) -> dict[str, Any]:
    """Create the session unless its id exists; a failed condition brings the row that does."""
    row = {
        "session_id": session.session_id,
        "sender_id": session.sender_id,
        "status": session.status,
        "created_at": session.created_at,
    }
    return {
        "Put": {
            "TableName": table,
            "Item": to_item(row),
            "ConditionExpression": "attribute_not_exists(session_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def session_of(item: Item) -> Session:
    """Read a row, ours or the reply service's."""
    return Session(
        session_id=text(item, "session_id"),
        sender_id=text(item, "sender_id"),
        status=text(item, "status"),
        created_at=number(item, "created_at") or Decimal(0),
        user_limited_until=_limit_of(item, "user_limited_until"),
        updated_at=_moment_of(item, "updated_at"),
        paused_until=text(item, "paused_until") or None,
        limited_before_pause=_limit_of(item, "limited_before_pause"),
        erased=text(item, "erased"),
    )


def erased_item(session_id: str, left: str) -> Item:
    """The row that an erasure leaves: in no index, about nobody, so that the id stays taken."""
    return to_item({"session_id": session_id, "status": ERASED, "erased": left})


def _moment_of(item: Item, name: str) -> Decimal | None:
    """Epoch seconds, which the reply service may write as a number or as ISO 8601 text."""
    stated = text(item, name)
    if not stated:
        return number(item, name)
    try:
        written = datetime.fromisoformat(stated)
    except ValueError:
        return None
    moment = written if written.tzinfo else written.replace(tzinfo=UTC)
    return Decimal(f"{moment.timestamp():.6f}")


def _limit_of(item: Item, name: str) -> str | None:
    """A limit of another type counts as unreadable, which is logged, not as absent."""
    limit = item.get(name)
    if limit is None:
        return None
    return text(item, name) or (None if limit.keys() & {"S", "NULL"} else "odd")
