"""What the queue gets of a webhook: the body as it came, a group, and a deduplication id.

Limits: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from consumer.webhook.message import InboundMessage, Parsed, StatusCallback
from consumer.webhook.parse import parse_inbound

_ID = re.compile(r"[!-~]{1,128}")
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """One message of the FIFO queue; `sid` is blank where the body names none."""

    body: str
    group_id: str
    deduplication_id: str
    sid: str = ""


def queue_message(text: str, is_form: bool) -> QueueMessage:
    """The message for a webhook's body.

    One group per sender; of one message, or one status of it, SQS takes one within five minutes.
    """
    body = _REFUSED.sub(_percent if is_form else _backslash, text)
    digest = sha256(text.encode()).hexdigest()
    group, deduplication, sid = _ids(parse_inbound(body), digest)
    return QueueMessage(body, _as_id(group), _as_id(deduplication), sid)


def _ids(parsed: Parsed, digest: str) -> tuple[str, str, str]:
    """Group, deduplication id and Sid.

    A callback names its message and no sender of ours: `From` is the bot's own number, and one
    group for all callbacks would be the slowest of all.
    """
    match parsed:
        case InboundMessage(metadata={"message_id": sid}):
            return parsed.sender_id, sid or digest, sid or ""
        case StatusCallback(metadata={"message_id": str(sid), "status": status}):
            return sid, f"{sid}:{status}", sid
    return digest, digest, ""


def _as_id(text: str) -> str:
    """A text as SQS takes it for an id; two different texts stay different."""
    return text if _ID.fullmatch(text) else sha256(text.encode("utf-8", "replace")).hexdigest()


def _percent(found: re.Match[str]) -> str:
    return quote(found[0])


def _backslash(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
