"""What lies in an account that a console shows: conversations, dead letters, log lines."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from consumer.conversation.chat import chat_item
from consumer.webhook.message import InboundMessage
from consumer.webhook.parse import parse_inbound
from tests.support.builders import SENDER, body
from tests.support.memory.queues import FifoQueue, Message
from tests.support.memory_account import RESOURCES, MemoryAccount

SESSION = "11111111-2222-4333-8444-555555555555"
REPLY = "99999999-2222-4333-8444-555555555555"
REASON = "not stored after 10 receives: dynamodb:Throttling"


def sid_of(number: int) -> str:
    """The id of the nth message."""
    return f"SM{number:032x}"


# An address of each page, with something in it.
PAGES = (
    "/",
    "/activity",
    "/conversations",
    f"/conversations/{SESSION}",
    f"/messages/{sid_of(999)}",
    f"/trace/{sid_of(1)}",
    "/dead-letters",
    "/dead-letters/messages/dead.fifo-000001",
)


def write_inbound(account: MemoryAccount, number: int, text: str = "hi", **fields: str) -> str:
    """Store the nth message as the queue function does; a second apart, in the last minutes."""
    sid = sid_of(number)
    form = {"MessageSid": sid, "ProfileName": "Ada", "Body": text} | fields
    message = parse_inbound(body(**form))
    assert isinstance(message, InboundMessage)
    at = Decimal(account.made_at - 300 + number)
    stored = chat_item(message, SESSION, at + Decimal("0.5")) | {"created_at": at}
    account.put("chats", **stored)
    return sid


def write_reply(account: MemoryAccount, number: int, text: str) -> None:
    """Write an outbound chat as the reply service does."""
    account.put(
        "chats",
        sender_id=SENDER,
        message_id=REPLY,
        session_id=SESSION,
        chat_type="outbound",
        created_at=account.made_at - 300 + number,
        content={"text": text},
    )


def cover(account: MemoryAccount, number: int) -> None:
    """Say in the sender's row that the nth message is notified."""
    through = Decimal(account.made_at - 300 + number) + Decimal("0.5")
    account.put("notifications", sender_id=SENDER, revision="r1", through=through)


def open_session(account: MemoryAccount, **attributes: Any) -> None:
    """Write the sender's session."""
    opened = account.made_at - 400
    fields = {"sender_id": SENDER, "status": "active", "created_at": opened} | attributes
    account.put("sessions", session_id=SESSION, **fields)


def small_account() -> MemoryAccount:
    """A question that was answered, one that was not, two dead letters and a log line."""
    account = MemoryAccount()
    open_session(account)
    sid = write_inbound(account, 1, "Is anyone there?")
    write_reply(account, 3, "You said: Is anyone there?")
    write_inbound(account, 5, "My number is +49 155 5555 0199.")
    cover(account, 1)
    lay_down(account, 7)
    lay_down(account, 8, reason="it was refused", group="other")
    entry = {"message": "message stored", "message_id": sid, "sender": "…0199"}
    account.log.append(("unc-queue-lambda", account.made_at - 299, json.dumps(entry)))
    return account


def lay_down(
    account: MemoryAccount, number: int, reason: str = REASON, group: str = "", age: float = 0
) -> Message:
    """Put the nth message among the dead letters, so many seconds ago."""
    queue = account.queues[RESOURCES.dead_letter_queue]
    assert isinstance(queue, FifoQueue)
    form = body(MessageSid=sid_of(number), Body=f"message {number}")
    message = queue.send(form, group or sid_of(number), {"Reason": reason})
    message.sent_ms -= int(1000 * age)
    return message
