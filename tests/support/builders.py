"""Webhook bodies, records, messages and notifications, each with few arguments."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.queue_record import QueueRecord, read_record
from consumer.conversation.session import ACTIVE, Session
from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from consumer.webhook.message import InboundMessage
from consumer.webhook.parse import parse_inbound
from tests.support.records import dynamodb_record, sqs_record

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SOURCE = ROOT / "src"
SENDER = "4915555550199"
SID = "SM0123456789abcdef0123456789abcdef"
SENT_MS = 1_795_000_000_123
SEQUENCE = "18880000000000000001"

_FIELDS = {
    "MessageSid": SID,
    "AccountSid": "AC0123456789abcdef0123456789abcdef",
    "SmsStatus": "received",
    "From": f"whatsapp:+{SENDER}",
    "To": "whatsapp:+14155238886",
    "WaId": SENDER,
    "Body": "hi",
    "NumMedia": "0",
    "NumSegments": "1",
}


def sample(name: str) -> str:
    """One of the sample bodies."""
    return (SAMPLES / f"{name}.txt").read_text()


def body(**fields: str | None) -> str:
    """A WhatsApp text with other fields beside or instead; None leaves a field out."""
    return urlencode({name: v for name, v in (_FIELDS | fields).items() if v is not None})


def parsed(**fields: str | None) -> InboundMessage:
    """That body, parsed; it has to be a message."""
    message = parse_inbound(body(**fields))
    assert isinstance(message, InboundMessage), message
    return message


def warnings(message: InboundMessage) -> list[str]:
    """What was dropped of a message."""
    found: list[str] = message.metadata.get("warnings", [])
    return found


def raw_record(text: object = None, **attributes: str) -> dict[str, Any]:
    """An SQS record as Lambda hands it over; attributes by their SQS names."""
    record_id = attributes.pop("messageId", "11111111-2222-4333-8444-555555555555")
    system = {
        "SentTimestamp": str(SENT_MS),
        "SequenceNumber": SEQUENCE,
        "MessageGroupId": "webhook_group",
    }
    return sqs_record(record_id, body() if text is None else text, system | attributes)


def attributed(record: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """The record with message attributes, as a redrive gives it."""
    added = sqs_record("", "", {}, **attributes)["messageAttributes"]
    return record | {"messageAttributes": added}


def queue_record(text: object = None, **attributes: str) -> QueueRecord:
    """That record, decoded."""
    return read_record(raw_record(text, **attributes))


def numbered(number: int, text: str | None = None, **fields: str | None) -> dict[str, Any]:
    """The nth record of a queue: ids and sequence follow the number."""
    return raw_record(
        text if text is not None else body(MessageSid=f"SM{number:032d}", **fields),
        messageId=f"record-{number}",
        SequenceNumber=f"{number:020d}",
    )


def message(number: int = 1, sender: str = SENDER, **fields: str | None) -> InboundMessage:
    """The nth message of a sender."""
    sid = f"SM{number:032d}"
    message = parsed(MessageSid=sid, WaId=sender, **fields)
    return replace(message, created_at=Decimal(1_795_000_000 + number))


def session(session_id: str = "session-1", **values: Any) -> Session:
    """An active session."""
    known: dict[str, Any] = {"sender_id": SENDER, "status": ACTIVE, "created_at": Decimal(1)}
    return Session(session_id, **known | values)


def rejected(
    number: int = 1, text: object = "no form", reason: str = "no fields"
) -> RejectedRecord:
    """A record on its way to the dead-letter queue."""
    return RejectedRecord(queue_record(text, messageId=f"record-{number}"), reason)


def notification(sender: str = SENDER, **values: Any) -> Notification:
    """A sender's notification, its text known."""
    known: dict[str, Any] = {
        "message_id": SID,
        "session_id": "session-1",
        "stored_at": Decimal("1795000000.5"),
        "text": "hi",
    }
    return Notification(sender, **known | values)


def stream_record(event: str = "INSERT", **image: Any) -> dict[str, Any]:
    """A stream record of a newly stored chat; None leaves an attribute out."""
    attributes: dict[str, Any] = {
        "sender_id": {"S": SENDER},
        "message_id": {"S": SID},
        "session_id": {"S": "session-1"},
        "chat_type": {"S": "inbound"},
        "created_at": {"N": "1795000000.12318880000000000000001"},
        "stored_at": {"N": "1795000000.5"},
        "content": {"M": {"text": {"S": "hi"}}},
    }
    present = {name: value for name, value in (attributes | image).items() if value is not None}
    return dynamodb_record(event, present)


def retry_record(number: int = 1, sender: str = SENDER, **values: Any) -> dict[str, Any]:
    """A scheduled notification as the retry queue brings it."""
    body = retry_body(notification(sender, **{"attempt": 2} | values))
    return {"messageId": f"record-{number}", "body": body, "eventSource": "aws:sqs"}
