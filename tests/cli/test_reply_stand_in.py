"""The stand-in answers as CONTRACT says the reply service does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
import urllib3

from unc.local.reply_stand_in import DROP_CONNECTION, ReplyStandIn, running_stand_in
from unc.local.reply_writer import ordered_uuid, reply_text

SECRET = "the secret"


class FakeWriter:
    """Remembers replies; refuses them while `broken`."""

    def __init__(self) -> None:
        self.replies: list[tuple[str, str]] = []
        self.broken = False

    def write_reply(self, sender_id: str, message: str) -> None:
        if self.broken:
            raise OSError("no table")
        self.replies.append((sender_id, message))


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def service(writer: FakeWriter) -> Iterator[ReplyStandIn]:
    with running_stand_in(SECRET, writer) as stand_in:  # type: ignore[arg-type]
        yield stand_in


def post(service: ReplyStandIn, body: object, secret: str = SECRET, path: str = "") -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-intelligence-api-secret": secret, "Idempotency-Key": "SM1"}
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("POST", service.url + path, body=raw, headers=headers).status


def notified(sender_id: str = "49", message: str = "hi") -> dict[str, str]:
    return {"sender_id": sender_id, "message": message}


def test_what_it_accepts_it_has_written(service: ReplyStandIn, writer: FakeWriter) -> None:
    assert post(service, notified()) == 200
    assert writer.replies == [("49", "hi")]
    assert [t.idempotency_key for t in service.accepted("49")] == ["SM1"]


def test_a_message_may_be_empty(service: ReplyStandIn) -> None:
    assert post(service, notified(message="")) == 200


def test_a_wrong_secret_is_401_and_writes_nothing(
    service: ReplyStandIn, writer: FakeWriter
) -> None:
    assert post(service, notified(), secret="another") == 401
    assert writer.replies == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", [], "x", {"sender_id": "49"}, {"message": "hi"}, notified() | {"message": None}],
)
def test_a_body_that_lacks_a_string_is_422(service: ReplyStandIn, body: object) -> None:
    assert post(service, body) == 422
    assert service.accepted() == []


def test_another_path_is_404(service: ReplyStandIn) -> None:
    assert post(service, notified(), path="else") == 404


def test_it_is_not_idempotent(service: ReplyStandIn, writer: FakeWriter) -> None:
    assert [post(service, notified()) for _ in range(2)] == [200, 200]
    assert len(writer.replies) == 2


def test_it_fails_while_it_is_made_to(service: ReplyStandIn, writer: FakeWriter) -> None:
    service.fail_with = 503
    assert post(service, notified()) == 503
    service.fail_with = None
    assert post(service, notified()) == 200
    assert [t.status for t in service.posts] == [503, 200]
    assert len(writer.replies) == 1


def test_it_can_break_the_connection(service: ReplyStandIn) -> None:
    service.fail_with = DROP_CONNECTION
    with pytest.raises(urllib3.exceptions.ProtocolError):
        post(service, notified())


def test_trouble_behind_it_is_500(service: ReplyStandIn, writer: FakeWriter) -> None:
    writer.broken = True
    assert post(service, notified()) == 500


def test_whoever_listens_hears_of_every_post(service: ReplyStandIn) -> None:
    heard: list[int] = []
    service.on_post = lambda post: heard.append(post.status)
    post(service, notified())
    post(service, notified(), secret="another")
    assert heard == [200, 401]


def test_a_taken_port_gives_way_to_a_free_one(service: ReplyStandIn, writer: FakeWriter) -> None:
    taken = int(service.url.split(":")[2].split("/")[0])
    with running_stand_in(SECRET, writer, taken) as other:  # type: ignore[arg-type]
        assert other.url != service.url
        assert post(other, notified()) == 200


@pytest.mark.parametrize("message", ["hi", ""])
def test_a_reply_shows_what_was_received_and_how_long_the_conversation_is(message: str) -> None:
    assert message in reply_text(message, 3)
    assert "message 3" in reply_text(message, 3)


def test_the_ids_of_replies_are_uuids_that_rise_in_time() -> None:
    """Their times have whole seconds, so nothing else orders a burst."""
    start = 1_795_000_000_000_000_000
    ids = [ordered_uuid(start + step * 1_000) for step in range(2_000)]
    assert [str(id) for id in ids] == sorted(str(id) for id in ids)
    assert {(id.version, id.variant) for id in ids} == {(7, uuid.RFC_4122)}
    assert len({*ids, ordered_uuid(start)}) == 2_001
