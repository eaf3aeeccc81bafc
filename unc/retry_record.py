"""The retry queue's body: keys only, as the notifier parks them; the text stays in `chats`."""

from __future__ import annotations

import json
from decimal import Decimal

FIRST_ATTEMPT = 1


def retry_record(
    sender_id: str, message_id: str, session_id: str, stored_at: Decimal, attempt: int
) -> str:
    """Write a record that makes the notifier tell about a message; `stored_at` in epoch seconds.

    What a POST has covered up to `stored_at` is not told again.
    """
    fields = {
        "sender_id": sender_id,
        "message_id": message_id,
        "session_id": session_id,
        "stored_at": str(stored_at),
        "attempt": attempt,
    }
    return json.dumps(fields, separators=(",", ":"))
