"""POSTs to the reply service over real sockets: what each ending means for the person."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from consumer.errors import SecretUnavailable
from consumer.notification.reply_service import outcome_of
from consumer.notification.step import Outcome, PostEnd
from tests.support.builders import SENDER, SID, notification
from tests.support.http_server import Act, Stub, error, hang_up, nobody, reply, serving, stay_silent
from tests.support.reply_posts import (
    PATIENT_SECONDS,
    SECONDS_TO_START,
    posted,
    reply_secret,
    service,
)

ACCEPTED, UNKNOWN, LATER = Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.CANNOT_DELIVER_NOW
UNAUTHORIZED, REJECTED, NOT_SENT = Outcome.UNAUTHORIZED, Outcome.REJECTED, Outcome.NOT_SENT
HASTY_SECONDS = 0.05


@pytest.fixture
def given_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", " given ")


def notified(stub: Stub, timeout: float = PATIENT_SECONDS) -> Outcome:
    return posted(service(stub.url, timeout))[SENDER]


@pytest.mark.usefixtures("given_secret")
def test_a_post_says_who_and_what_and_proves_who_we_are() -> None:
    with serving(reply()) as stub:
        assert notified(stub) is ACCEPTED
    [request] = stub.requests
    assert (request.path, request.json) == ("/reply/", {"sender_id": SENDER, "message": "hi"})
    assert request.headers["x-intelligence-api-secret"] == "given"
    assert request.headers["idempotency-key"] == SID
    assert request.headers["content-type"] == "application/json"


@pytest.mark.usefixtures("given_secret")
def test_a_replay_has_a_key_of_its_own() -> None:
    """A service that honours keys would not answer the first POST's key again."""
    first, replay = notification(), notification(is_replay=True, stored_at=Decimal("1795000000.50"))
    with serving(reply(), reply(), reply()) as stub:
        for each in (first, replay, replace(replay, stored_at=replay.stored_at + 1)):
            assert posted(service(stub.url), each) == {SENDER: ACCEPTED}
    keys = [each.headers["idempotency-key"] for each in stub.requests]
    assert keys == [SID, f"{SID}/1795000000.5", f"{SID}/1795000001.5"]


@pytest.mark.parametrize("text", ["", None, "Zoë 👋\n", "\ud800", '"quoted"'])
@pytest.mark.usefixtures("given_secret")
def test_any_text_is_sent_as_a_string(text: str | None) -> None:
    with serving(reply()) as stub:
        posted(service(stub.url), notification(text=text))
    assert stub.requests[0].json["message"] == (text or "")


@pytest.mark.parametrize(
    ("message_id", "fits"),
    [
        ("SM1", True),
        ("", True),
        ("a\r\nb", False),
        ("ü", False),
        ("a\tb", False),
        ("\ud800", False),
    ],
)
@pytest.mark.usefixtures("given_secret")
def test_an_odd_message_id_travels_as_its_digest(message_id: str, fits: bool) -> None:
    with serving(reply()) as stub:
        assert posted(service(stub.url), notification(message_id=message_id)) == {SENDER: ACCEPTED}
    key = stub.requests[0].headers["idempotency-key"]
    assert key == message_id if fits else len(key) == 64


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, ACCEPTED),
        (204, ACCEPTED),
        (301, REJECTED),
        (400, REJECTED),
        (401, UNAUTHORIZED),
        (403, REJECTED),
        (404, REJECTED),
        (408, UNKNOWN),
        (422, REJECTED),
        (429, LATER),
        (500, LATER),
        (502, LATER),
        (503, LATER),
        (504, UNKNOWN),
        (520, UNKNOWN),
        (521, LATER),
        (524, UNKNOWN),
        (599, LATER),
    ],
)
@pytest.mark.usefixtures("given_secret")
def test_a_status_says_whether_the_person_was_answered(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome
    with serving(reply(status, b"")) as stub:
        assert notified(stub) is outcome
    assert len(stub.requests) == 1


@pytest.mark.parametrize("act", [hang_up(), hang_up(b"HTTP/1.1 200"), hang_up(b"hello\r\n\r\n")])
@pytest.mark.usefixtures("given_secret")
def test_a_connection_dropped_after_the_post_leaves_the_outcome_unknown(act: Act) -> None:
    with serving(act) as stub:
        assert notified(stub) is UNKNOWN
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("status", "outcome"), [(503, LATER), (429, LATER), (401, UNAUTHORIZED), (200, ACCEPTED)]
)
@pytest.mark.usefixtures("given_secret")
def test_a_decision_whose_body_breaks_off_is_a_decision(status: int, outcome: Outcome) -> None:
    """What the service did stands in the status line; nothing is read from the body."""
    with serving(hang_up(b"HTTP/1.1 %d -\r\nContent-Length: 99\r\n\r\n{" % status)) as stub:
        assert notified(stub) is outcome


@pytest.mark.usefixtures("given_secret")
def test_a_silent_service_leaves_the_outcome_unknown() -> None:
    with serving(stay_silent) as stub:
        assert notified(stub, HASTY_SECONDS) is UNKNOWN


@pytest.mark.usefixtures("given_secret")
def test_where_no_connection_comes_about_nothing_was_notified() -> None:
    with nobody() as url:
        assert posted(service(url)) == {SENDER: LATER}


@pytest.mark.usefixtures("given_secret")
def test_each_sender_has_an_outcome_of_its_own() -> None:
    """More senders than connections: they go in several waves."""
    with serving(reply(503), reply(422), reply()) as stub:
        senders = [f"49155555502{n:02d}" for n in range(9)]
        outcomes = posted(service(stub.url), *map(notification, senders))
    assert sorted(outcomes) == senders
    counts = {each: list(outcomes.values()).count(each) for each in outcomes.values()}
    assert counts == {LATER: 1, REJECTED: 1, ACCEPTED: 7}


@pytest.mark.usefixtures("given_secret")
def test_nothing_is_sent_once_the_time_to_start_is_over() -> None:
    with serving(reply()) as stub:
        assert posted(service(stub.url), start=0.0) == {SENDER: NOT_SENT}
        assert posted(service(stub.url), start=-1.0) == {SENDER: NOT_SENT}
    assert stub.requests == []


@pytest.mark.usefixtures("given_secret")
def test_an_answer_is_given_as_it_comes_and_waits_for_no_other() -> None:
    """The other hangs up only when the first answer has been given."""
    outcomes: list[list[Outcome]] = []
    with serving(stay_silent, reply()) as stub:
        for some in service(stub.url).post(list(map(notification, "ab")), SECONDS_TO_START):
            outcomes.append([end.outcome for end in some.values()])
            stub.released.set()
    assert outcomes == [[ACCEPTED], [UNKNOWN]]


@pytest.mark.usefixtures("given_secret")
def test_each_post_is_reported_with_its_code() -> None:
    ends: list[tuple[str, str]] = []
    with serving(reply(), reply(422)) as stub:
        noting = service(stub.url, on_end=lambda n, code, _: ends.append((n.sender_id, code)))
        posted(noting, notification("1"))
        posted(noting, notification("2"))
    assert ends == [("1", "Http200"), ("2", "Http422")]


@pytest.mark.usefixtures("given_secret")
def test_why_posts_were_not_accepted_is_reported_in_codes() -> None:
    not_notified: list[Mapping[str, int]] = []
    acts = [reply(503), reply(503), reply(422), hang_up(), reply()]
    with serving(*acts) as stub:
        counted = service(stub.url, not_notified=not_notified)
        posted(counted, *(notification(str(n)) for n in range(6)))
        posted(counted)
    with nobody() as url:
        posted(service(url, not_notified=not_notified))
    assert not_notified == [
        {"Http422": 1, "Http503": 2, "NoAnswer:ConnectionResetError": 1},
        {"NotSent:ConnectionRefusedError": 1},
    ]


@pytest.mark.usefixtures("given_secret")
def test_a_given_secret_that_is_wrong_is_not_fetched_again() -> None:
    with serving(reply(401)) as stub:
        assert notified(stub) is UNAUTHORIZED
    assert len(stub.requests) == 1


Secrets = Callable[..., Stub]


def stored(text: object) -> Act:
    return reply(200, {"SecretString": text})


@pytest.mark.parametrize("wrong_posts", [1, 2])
def test_a_fetched_secret_that_is_wrong_is_fetched_again_once(
    monkeypatch: pytest.MonkeyPatch, wrong_posts: int
) -> None:
    answers = [reply(401)] * wrong_posts + [reply()]
    with serving(stored("old"), stored("new")) as secrets, serving(*answers) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        outcome = notified(stub)
    used = [request.headers["x-intelligence-api-secret"] for request in stub.requests]
    assert (used, len(secrets.requests)) == (["old", "new"], 2)
    assert outcome is (ACCEPTED if wrong_posts == 1 else UNAUTHORIZED)


def test_there_is_no_second_round_when_the_first_took_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It could outlast the function; the retry uses the new secret."""
    moments = iter([0.0, 0.0, SECONDS_TO_START])
    with serving(stored("old"), stored("new")) as secrets, serving(reply(401)) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        slow = service(stub.url, clock=lambda: next(moments))
        assert posted(slow) == {SENDER: UNAUTHORIZED}
        assert os.environ.get("INTELLIGENCE_API_SECRET") is None
    assert len(stub.requests) == 1


def test_there_is_no_second_round_when_the_new_secret_took_long_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([0.0, 0.0, 1.0, SECONDS_TO_START])
    with serving(stored("old"), stored("new")) as secrets, serving(reply(401)) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        slow = service(stub.url, clock=lambda: next(moments))
        assert posted(slow) == {SENDER: NOT_SENT}
        assert os.environ.get("INTELLIGENCE_API_SECRET") == "new"
    assert len(stub.requests) == 1


def test_only_those_who_were_refused_are_notified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(stored("s")) as secrets, serving(reply(401), reply()) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        outcomes = posted(service(stub.url), *map(notification, "abc"))
    assert set(outcomes.values()) == {ACCEPTED}
    assert len(stub.requests) == 4


def test_a_secret_is_fetched_once_for_many_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET_ID", "prod/reply")
    with serving(stored("fetched")) as secrets, serving(reply()) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        notifier = service(stub.url)
        for _ in range(3):
            posted(notifier, *map(notification, "ab"))
    assert [request.json for request in secrets.requests] == [{"SecretId": "prod/reply"}]
    assert os.environ["INTELLIGENCE_API_SECRET"] == "fetched"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("plain", "plain"),
        (" plain\n", "plain"),
        ('{"INTELLIGENCE_API_SECRET": "from the form"}', "from the form"),
        ("12345", "12345"),
        ('"quoted"', '"quoted"'),
        ("pässwörd", "pässwörd"),
    ],
)
def test_a_secret_may_be_stored_as_text_or_by_the_consoles_form(
    monkeypatch: pytest.MonkeyPatch, text: str, secret: str
) -> None:
    with serving(stored(text)) as secrets:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        assert reply_secret().value() == secret


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (error(400, "ResourceNotFoundException"), "ResourceNotFoundException"),
        (error(400, "AccessDeniedException"), "AccessDeniedException"),
        (reply(500), "Http500"),
        (stored(""), "it holds no text"),
        (stored(" \n"), "it holds no text"),
        (stored("{}"), "its JSON object has no text under INTELLIGENCE_API_SECRET"),
        (stored('{"other": "x"}'), "its JSON object has no text under INTELLIGENCE_API_SECRET"),
        (stored('{"INTELLIGENCE_API_SECRET": " "}'), "its JSON object has no text"),
        (stored('{"INTELLIGENCE_API_SECRET": 1}'), "its JSON object has no text"),
        (stored(' {"intelligence_api_secret": "x"}'), "its JSON object has no text"),
        (reply(200, {"SecretBinary": "eA=="}), "it holds no text"),
        (stored("two\nlines"), "no header can carry it"),
        (stored("pässwörd 👋"), "no header can carry it"),
    ],
)
def test_a_secret_that_is_not_to_be_had_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, act: Act, why: str
) -> None:
    with serving(act) as secrets:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        with pytest.raises(SecretUnavailable, match=f"INTELLIGENCE_API_SECRET .*{why}.*create it"):
            reply_secret().value()
    assert "INTELLIGENCE_API_SECRET" not in os.environ


def test_a_given_secret_that_no_header_can_carry_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", "two\nlines")
    with pytest.raises(SecretUnavailable, match="no header can carry it"):
        reply_secret().value()


def test_without_a_secret_nothing_is_notified_and_the_reason_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems: list[str] = []
    with serving(error(400, "AccessDeniedException")) as secrets, serving(reply()) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secrets.url)
        [ends] = service(stub.url, problems=problems).post(
            list(map(notification, "ab")), SECONDS_TO_START
        )
    assert ends == dict.fromkeys("ab", PostEnd(LATER, "SecretUnavailable"))
    assert stub.requests == []
    assert "AccessDeniedException" in problems[0]
