"""The example of a reply service, run against the whole system, and the contract it keeps."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.cli.checkout import LIMIT_SECONDS
from tests.e2e.world import eventually, new_sender, write
from tests.guards.repository import ROOT
from tests.support.http_server import Handler, Request, Stub, forward, reply, serving
from tests.support.ports import free_port
from tests.support.schemas import faults_in, faults_of_request
from unc.aws.tables import Item, Tables, to_item
from unc.local.emulator import answers
from unc.local.stack import RunningStack, Settings, running_stack
from unc.messages.message import Message
from unc.messages.send import send_messages

pytestmark = pytest.mark.emulator

EXAMPLE = ROOT / "examples" / "reply-service"
SECRET = "a secret of sixteen characters"


@dataclass
class Service:
    """The system with the example behind a server that records each POST."""

    stack: RunningStack
    recorder: Stub
    url: str

    def receive(self, *messages: Message) -> None:
        resources = self.stack.resources
        send_messages(self.stack.aws, resources.queue, messages, one_group=True)

    def rows(self, sender_id: str) -> list[Item]:
        return Tables(self.stack.aws, self.stack.resources).read_conversation(sender_id)

    def outbound(self, sender_id: str) -> list[str]:
        rows = [row for row in self.rows(sender_id) if row["chat_type"] == "outbound"]
        return [row["content"]["text"] for row in rows]

    def post(self, body: object, **headers: str) -> int:
        """A POST past the consumer."""
        own = {"x-intelligence-api-secret": SECRET, "idempotency-key": "SM-by-hand"}
        encoded = json.dumps(body).encode()
        request = Request("/reply/", own | headers, encoded, ("127.0.0.1", 0))
        return forward(self.url, request)[0]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def record(handler: Handler) -> None:
        reply(forward(url, handler.received)[0])(handler)

    with serving(record) as recorder:
        settings = Settings(reply_url=f"{recorder.url}/reply/", secret=SECRET)
        with running_stack(settings) as stack, _running(stack, port):
            yield Service(stack, recorder, url)


@contextmanager
def _running(stack: RunningStack, port: int, **more: str) -> Iterator[None]:
    """Run the example until the end of the block."""
    environment = os.environ | _settings_of(stack) | {"PORT": str(port)} | more
    command = [sys.executable, str(EXAMPLE / "reply_service.py")]
    with subprocess.Popen(command, env=environment) as process:
        try:
            eventually(lambda: _listens(f"http://127.0.0.1:{port}"), "the example listens")
            yield
        finally:
            process.terminate()


def _settings_of(stack: RunningStack) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_DEFAULT_REGION": stack.aws.region,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "INTELLIGENCE_API_SECRET": SECRET,
    }


def _listens(url: str) -> bool:
    """Whether it takes a POST; one without the secret changes nothing."""
    try:
        return forward(url, Request("/reply/", {}, b"{}", ("127.0.0.1", 0)))[0] == 401
    except OSError:
        return False


def test_the_example_answers_a_conversation_in_its_order(service: Service) -> None:
    sender = new_sender()
    for text in ("first", "second"):
        message = write(sender, text)
        service.receive(message)
        said = f"says: {text}"
        eventually(lambda m=message, s=said: _has(service, m.sender_id, s), f"an answer {said}")
    assert sorted(service.outbound(message.sender_id)) == [
        "Message 1 of this conversation says: first",
        "Message 2 of this conversation says: second",
    ]


def _has(service: Service, sender_id: str, said: str) -> bool:
    return any(text.endswith(said) for text in service.outbound(sender_id))


def test_every_post_and_every_row_keeps_the_contract(service: Service) -> None:
    """A text, a picture without words, and whatever else this stack has seen."""
    text = write(new_sender(), "hi")
    url = {"NumMedia": "1", "MediaUrl0": "https://x.example/1", "MediaContentType0": "image/png"}
    picture = write(new_sender(), "", **url)
    service.receive(text, picture)
    for message in (text, picture):
        eventually(lambda m=message: bool(service.outbound(m.sender_id)), "an answer")
    posts = [request for request in service.recorder.requests if request.path == "/reply/"]
    assert [faults_of_request(post.headers, post.body) for post in posts] == [[]] * len(posts)
    said = {post.json["sender_id"]: post for post in posts}
    assert said[picture.sender_id].json["message"] == ""
    assert said[text.sender_id].headers["idempotency-key"] == text.message_id
    for table, schema in _schemas(service.stack):
        rows = service.stack.aws.dynamodb.scan(TableName=table)["Items"]
        assert rows
        for row in map(to_item, rows):
            name = schema or f"{row['chat_type']}-chat"
            assert faults_in(name, row) == []


def _schemas(stack: RunningStack) -> list[tuple[str, str]]:
    return [(stack.resources.chat_table, ""), (stack.resources.session_table, "session")]


def test_a_repeated_post_is_answered_once(service: Service) -> None:
    body = {"sender_id": "4900000001", "message": "twice"}
    assert [service.post(body), service.post(body)] == [200, 200]
    assert len(service.outbound("4900000001")) == 1


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        ({"sender_id": "4900000002", "message": "hi"}, "wrong", 401),
        ({"sender_id": "4900000002"}, SECRET, 422),
        ("hi", SECRET, 422),
    ],
)
def test_the_example_refuses_what_the_contract_refuses(
    body: object, secret: str, status: int, service: Service
) -> None:
    assert service.post(body, **{"x-intelligence-api-secret": secret}) == status
    assert service.rows("4900000002") == []


@contextmanager
def with_an_account(service: Service, twilio_status: int) -> Iterator[tuple[Service, Stub, str]]:
    """A second example, with a Twilio account; a sender whom the first one has answered."""
    message = write(new_sender(), "hi")
    service.receive(message)
    eventually(lambda: bool(service.outbound(message.sender_id)), "the message is stored")
    port = free_port()
    account = {"TWILIO_ACCOUNT_SID": "AC01", "TWILIO_AUTH_TOKEN": "token"}
    with (
        serving(reply(twilio_status)) as twilio,
        _running(service.stack, port, TWILIO_API_URL=twilio.url, **account),
    ):
        second = Service(service.stack, service.recorder, f"http://127.0.0.1:{port}")
        yield second, twilio, message.sender_id


def test_with_an_account_it_sends_through_twilio(service: Service) -> None:
    """To whoever wrote, from the address that was written to."""
    with with_an_account(service, 201) as (through, twilio, sender_id):
        body = {"sender_id": sender_id, "message": "hi"}
        assert through.post(body, **{"idempotency-key": "SM-by-twilio"}) == 200
    [sent] = twilio.requests
    fields = parse_qs(sent.body.decode())
    assert sent.path == "/2010-04-01/Accounts/AC01/Messages.json"
    assert fields["To"] == [f"whatsapp:+{sender_id}"]
    assert fields["From"] == [_written_to(service, sender_id)]
    assert fields["Body"][0].endswith("says: hi")


def _written_to(service: Service, sender_id: str) -> str:
    """Our own address, as the inbound message names it."""
    [inbound] = [row for row in service.rows(sender_id) if row["chat_type"] == "inbound"]
    return str(inbound["metadata"]["to"])


def test_when_twilio_fails_nobody_knows(service: Service) -> None:
    with with_an_account(service, 500) as (through, _, sender_id):
        body = {"sender_id": sender_id, "message": "hi"}
        assert through.post(body, **{"idempotency-key": "SM-failing"}) == 504
    assert len(service.outbound(sender_id)) == 1


def test_one_command_runs_the_example_with_unc_up(tmp_path: Path) -> None:
    """What `make example` starts: samples are played, the example answers, both end together."""
    port, own = free_port(), free_port()
    while own in (port, port + 1):
        own = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | {
        "XDG_STATE_HOME": str(tmp_path),
        "PORT": str(own),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE / "on_the_laptop.py"), "--no-stay"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "says: Hello, is anyone there?" in ran.stdout
    assert not answers(f"http://127.0.0.1:{own}/")
