"""What the intake answers, each answer with the code that the log has for it.

Twilio brings nothing again by itself after a 4xx; after a 5xx it does where the webhook's URL
has retry settings, or a fallback URL.
"""

from dataclasses import dataclass
from typing import Any

_PLAIN = "text/plain; charset=utf-8"
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; `reason` is a code, blank for what was queued, and shows nothing of it."""

    status: int
    reason: str
    text: str

    def as_http(self) -> dict[str, Any]:
        """The answer as a function URL takes it (payload 2.0)."""
        headers = {"content-type": "text/xml" if self.status == 200 else _PLAIN}
        if self.status == 405:
            headers["allow"] = "POST"
        return {"statusCode": self.status, "headers": headers, "body": self.text}


QUEUED = Answer(200, "", _EMPTY_TWIML)

NOT_BASE64 = Answer(400, "not_base64", "The body is not the base64 that it is said to be.")
NOT_UTF8 = Answer(400, "not_utf8", "The body is not UTF-8.")
EMPTY = Answer(400, "empty", "The body is empty.")
NO_POST = Answer(405, "method", "Only POST is taken: set the webhook to HTTP POST.")
TOO_LARGE = Answer(413, "too_large", "The body is larger than a message of the queue may be.")
OTHER_TYPE = Answer(
    415, "content_type", "Only application/x-www-form-urlencoded and application/json are taken."
)

NO_SIGNATURE = Answer(403, "no_signature", "The X-Twilio-Signature header is missing.")
WRONG_SIGNATURE = Answer(403, "wrong_signature", "The signature is not valid.")
WRONG_URL = Answer(403, "wrong_url", "The signature is valid for another URL: check PUBLIC_URL.")

NO_TOKEN = Answer(503, "no_token", "The auth token cannot be read at the moment.")
NOT_QUEUED = Answer(503, "not_queued", "The queue has not taken the message.")
