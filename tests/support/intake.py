"""Signed requests as a function URL hands them over, and the intake with all else in memory."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from consumer.errors import SecretUnavailable
from consumer.intake.auth_token import AuthTokens
from consumer.webhook.signature import sign, sign_form
from container import IntakeDependencies
from handlers.intake_handler import handle_webhook
from logger_setup import Logger
from tests.support.builders import body
from tests.support.doubles import NOW, Silence
from tests.support.memory.fault_schedule import Fault
from tests.support.memory.queue_ports import MemoryIntakeQueue
from tests.support.memory.queues import Message
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.services import MemoryServices

DOMAIN = "abc123.lambda-url.us-east-1.on.aws"
URL = f"https://{DOMAIN}/"
TOKEN = "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def url_event(
    text: str | bytes, headers: dict[str, str] | None = None, url: str = URL, method: str = "POST"
) -> dict[str, Any]:
    """A function URL's event; a body of bytes comes in base64."""
    base, _, query = url.partition("?")
    host, slash, path = base.removeprefix("https://").partition("/")
    is_bytes = isinstance(text, bytes)
    return {
        "version": "2.0",
        "rawPath": slash + path,
        "rawQueryString": query,
        "headers": {"content-type": FORM, "host": host} | (headers or {}),
        "requestContext": {"domainName": host, "http": {"method": method, "path": slash + path}},
        "body": base64.b64encode(text).decode() if isinstance(text, bytes) else text,
        "isBase64Encoded": is_bytes,
    }


def signed_event(
    text: str | None = None,
    token: str = TOKEN,
    url: str = URL,
    signed_url: str | None = None,
    **headers: str,
) -> dict[str, Any]:
    """A form as Twilio sends it; `signed_url`: the URL that it was signed for, if another."""
    text = body() if text is None else text
    signature = sign_form(signed_url or url, text, token)
    return url_event(text, {"x-twilio-signature": signature} | headers, url)


def json_event(content: object, token: str = TOKEN, url: str = URL) -> dict[str, Any]:
    """JSON as Twilio sends it, with its hash in the query."""
    text = content if isinstance(content, str) else json.dumps(content)
    url += f"?bodySHA256={hashlib.sha256(text.encode()).hexdigest()}"
    headers = {"content-type": JSON, "x-twilio-signature": sign(url, token).decode()}
    return url_event(text, headers, url)


class Secrets:
    """What Secrets Manager answers, how often it was asked, and how long it takes to fail."""

    def __init__(self, services: MemoryServices, text: str) -> None:
        self.text = text
        self.is_down = False
        self.seconds_to_fail = 0.0
        self.calls = 0
        self._services = services

    def fetch(self) -> str:
        self.calls += 1
        if self.is_down:
            self._services.wire.sleep(self.seconds_to_fail)
            raise SecretUnavailable("TWILIO_AUTH_TOKEN", "Down", "TWILIO_AUTH_TOKEN")
        return self.text


class IntakeWorld:
    """The intake on a queue in memory."""

    def __init__(self, token: str = TOKEN, public_url: str = "") -> None:
        self.log = Silence()
        self.services = MemoryServices(Scheduler(NOW))
        self.secrets = Secrets(self.services, token)
        self.dependencies = self.new_container(public_url)

    def new_container(self, public_url: str = "", verifies: bool = True) -> IntakeDependencies:
        tokens = AuthTokens(self.secrets.fetch, self.services.now)
        return IntakeDependencies(
            queue=MemoryIntakeQueue(self.services.queue, self.services.wire),
            tokens=tokens if verifies else None,
            log=Logger("test", self.log),
            public_url=public_url,
            call_seconds=5.0,
            runtime=self.services.runtime(),
        )

    def take(self, event: dict[str, Any], context: object = None) -> dict[str, Any]:
        """Hand over one request; gives the response."""
        return handle_webhook(event, context, self.dependencies)

    def status(self, event: dict[str, Any]) -> int:
        status: int = self.take(event)["statusCode"]
        return status

    def wait(self, seconds: float) -> None:
        self.services.scheduler.pause(seconds)

    def fail(self, port: str = "intake", fault: Fault = Fault.THROTTLED) -> None:
        self.services.faults.fail(port, fault)

    def recover(self) -> None:
        self.services.faults.are_over = True

    @property
    def queued(self) -> Sequence[Message]:
        return list(self.services.queue.messages.values())

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log entries of one event."""
        entries = [json.loads(line) for line in self.log.lines if line.strip()]
        return [entry for entry in entries if entry["message"] == event]

    def reasons(self) -> list[str]:
        """Why requests were not queued, in order."""
        return [line["reason"] for line in self.lines("webhook not queued")]
