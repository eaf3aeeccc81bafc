"""Write as a person, on the laptop: the way in, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from tests.support.builders import SENDER
from tests.support.console import Client, running_console
from tests.support.console_world import SESSION, open_session, sid_of, small_account, write_inbound
from tests.support.http_server import Stub, reply, serving
from tests.support.memory_account import RESOURCES, MemoryAccount

ADDRESS = f"whatsapp:+{SENDER}"


@pytest.fixture
def intake() -> Iterator[Stub]:
    with serving(reply(200, b"<Response/>")) as stub:
        yield stub


@pytest.fixture
def client(intake: Stub) -> Iterator[Client]:
    with running_console(small_account().aws(intake.url), RESOURCES) as client:
        yield client


def form_of(stub: Stub) -> dict[str, list[str]]:
    return parse_qs(stub.requests[-1].body.decode())


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("text", "Body", "hello & <b>"),
        ("image", "MediaContentType0", "image/jpeg"),
        ("location", "Latitude", "52.520008"),
        ("button", "ButtonText", "hello & <b>"),
    ],
)
def test_a_message_goes_signed_through_the_intake(
    client: Client, intake: Stub, kind: str, field: str, value: str
) -> None:
    form = {"address": ADDRESS, "text": "hello & <b>", "kind": kind}
    answer = client.post("/compose/send", form)
    sent = form_of(intake)
    assert sent[field] == [value]
    assert sent["From"] == [ADDRESS]
    assert intake.requests[-1].headers["x-twilio-signature"]
    [sid] = sent["MessageSid"]
    assert (answer.status, answer.headers["location"]) == (303, f"/messages/{sid}")


def test_a_number_may_be_written_as_people_write_it(client: Client, intake: Stub) -> None:
    client.post("/compose/send", {"address": "whatsapp: +49 (0)155 5555-0199", "text": "hi"})
    assert form_of(intake)["From"] == [ADDRESS]


def test_within_a_conversation_its_person_writes(client: Client, intake: Stub) -> None:
    answer = client.post("/compose/send", {"session_id": SESSION, "text": "hi", "kind": "text"})
    assert form_of(intake)["From"] == [ADDRESS]
    assert answer.headers["location"] == f"/conversations/{SESSION}#end"


def test_a_stored_message_leads_on_to_its_conversation(client: Client) -> None:
    answer = client.get(f"/messages/{sid_of(1)}")
    assert answer.headers["location"] == f"/conversations/{SESSION}#{sid_of(1)}"
    assert "on its way" in client.get(f"/messages/{sid_of(99)}").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"address": "", "text": "hi"}, "the sender is empty"),
        ({"address": ADDRESS, "kind": "video"}, "there is no kind video"),
        ({"session_id": "nobody", "text": "hi"}, "there is no such session"),
    ],
)
def test_a_form_that_makes_no_sense_sends_nothing(
    client: Client, intake: Stub, form: dict[str, str], words: str
) -> None:
    answer = client.post("/compose/send", form)
    assert answer.status == 404
    assert words in answer.text
    assert intake.requests == []


def test_an_intake_that_refuses_is_one_page_that_says_so(intake: Stub) -> None:
    intake.script[:] = [reply(503, b"no secret")]
    with running_console(small_account().aws(intake.url), RESOURCES) as client:
        answer = client.post("/compose/send", {"address": ADDRESS, "text": "hi"})
    assert answer.status == 502
    assert "the intake answered 503" in answer.text


def test_a_person_without_a_number_writes_under_the_stored_address(intake: Stub) -> None:
    account = MemoryAccount()
    hidden = "whatsapp:US.ABC123"
    open_session(account, sender_id="US.ABC123")
    write_inbound(account, 1, WaId="", From=hidden, ExternalUserId=hidden)
    with running_console(account.aws(intake.url), RESOURCES) as client:
        client.post("/compose/send", {"session_id": SESSION, "text": "hi"})
    assert form_of(intake)["From"] == [hidden]
