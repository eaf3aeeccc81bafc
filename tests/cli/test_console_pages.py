"""What the console's pages and their twins show, and what they never show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.support.builders import SENDER
from tests.support.console import Client, routes_of, running_console
from tests.support.console_world import (
    PAGES,
    REPLY,
    SESSION,
    cover,
    lay_down,
    open_session,
    sid_of,
    small_account,
    write_inbound,
    write_reply,
)
from tests.support.memory_account import RESOURCES, MemoryAccount
from unc.console.app import render
from unc.console.conversations import show_people
from unc.console.guard import Keys
from unc.console.page import Call, Console

# As a text, a page or a twin may hold it.
NUMBERS = (SENDER, "155 5555 0199", "15555550199")
SECRETS = ("a-secret-of-a-function", "a-secret-of-an-account")


@pytest.fixture(scope="module")
def account() -> MemoryAccount:
    return small_account()


@pytest.fixture(scope="module")
def client(account: MemoryAccount) -> Iterator[Client]:
    with running_console(account.aws(), RESOURCES) as client:
        yield client


def twin_of(path: str) -> str:
    return "/now.json" if path == "/" else f"{path}.json"


def test_every_page_is_looked_at_here() -> None:
    """A job's and the composer's are looked at where they are made."""
    elsewhere = {"/jobs/{id}", "/compose"}
    pages = {path for path in routes_of("GET") if not path.endswith(".json")} - elsewhere
    patterns = {path: re.sub(r"\{\w+\}", "[^/]+", path) for path in pages}
    missing = {p for p in pages if not any(re.fullmatch(patterns[p], each) for each in PAGES)}
    assert missing == set()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_twin(client: Client, path: str) -> None:
    page, twin = client.get(path), client.get(twin_of(path))
    assert (page.status, twin.status) == (200, 200)
    assert page.headers["content-type"].startswith("text/html")
    assert twin.headers["content-type"] == "application/json"
    assert isinstance(twin.json, dict)


@pytest.mark.parametrize("path", PAGES)
def test_no_number_and_no_secret_is_in_a_page_or_its_twin(client: Client, path: str) -> None:
    for each in (path, twin_of(path)):
        text = client.get(each).text
        assert [word for word in (*NUMBERS, *SECRETS) if word in text] == []


@pytest.mark.parametrize("path", ["/", "/conversations", f"/conversations/{SESSION}", "/activity"])
def test_a_live_page_gets_nothing_until_there_is_something_new(path: str) -> None:
    """What is not replaced keeps its focus, and is not read out again.

    A new minute is something new on the page of minutes, so there the second look counts, too.
    """
    account = small_account()
    with running_console(account.aws(), RESOURCES) as client:
        for _ in range(2):
            shown = client.get(path).text
            [reload] = re.findall(rf'hx-get="({re.escape(path)}\?seen=[^"]*)"', shown)
            status = client.get(reload).status
            if status == 204:
                break
        assert status == 204
        write_inbound(account, 200, "something new")
        answer = client.get(reload)
    assert answer.status == 200
    assert reload not in answer.text


def test_a_page_that_took_long_is_asked_for_less_often(account: MemoryAccount) -> None:
    """The emulator looks through a whole table for each query, and does nothing else meanwhile."""
    console = Console(account.aws(), RESOURCES, Keys(1))
    page = show_people(console, Call())
    assert "every 5s" in render(console, page, took=0.1)
    assert "every 60s" in render(console, page, took=5.95)


def test_a_twin_takes_the_filter_of_its_page(client: Client) -> None:
    found = client.get("/dead-letters.json?reason=it+was+refused").json
    assert [one["reason"] for one in found["dead_letters"]] == ["it was refused"]


def test_now_shows_each_figure_with_the_address_of_what_it_counts(client: Client) -> None:
    steps = client.get("/now.json").json["steps"]
    figures = {each["name"]: each for step in steps for each in step["figures"]}
    assert figures["stored"] == {"name": "stored", "count": 3, "to": "/conversations", "kind": ""}
    assert steps[0]["figures"][2]["count"] == 2
    page = client.get("/").text
    for figure in (each for step in steps for each in step["figures"]):
        assert f'href="{figure["to"]}">{figure["count"]}</a>' in page
        anchor = figure["to"].partition("#")[2]
        assert not anchor or f'id="{anchor}"' in page
        assert client.get(figure["to"].partition("#")[0]).status == 200


def test_now_names_the_alarms_that_ring() -> None:
    account = small_account()
    account.ringing.append("DeadLettersAlarm")
    with running_console(account.aws(), RESOURCES) as client:
        page = client.get("/").text
        [alarm, _] = client.get("/now.json").json["alarms"]
    assert alarm["name"] == "DeadLettersAlarm"
    assert "1 of 2 ring" in page
    assert "what DeadLettersAlarm means" in page


def test_the_last_ten_minutes_count_both_directions(client: Client) -> None:
    minutes = client.get("/activity.json").json["minutes"]
    assert len(minutes) == 10
    assert sum(each["inbound"] for each in minutes) == 2
    assert sum(each["outbound"] for each in minutes) == 1


def test_people_stand_by_their_latest_message(client: Client) -> None:
    [person] = client.get("/conversations.json").json["people"]
    assert person["session_id"] == SESSION
    assert (person["name"], person["sender"]) == ("Ada", "…0199")
    assert person["text"] == "My number is …0199."


def test_a_message_shows_how_far_it_came(client: Client) -> None:
    [part] = client.get(f"/conversations/{SESSION}.json").json["parts"]
    assert part["status"] == "active"
    first, reply, second = part["chats"]
    assert (first["state"], first["is_notified"]) == ("replied", True)
    assert not reply["is_inbound"]
    assert (second["state"], second["is_notified"]) == ("stored", False)


@pytest.mark.parametrize("wanted", [SENDER, "+49 155 5555 0199", sid_of(1), SESSION, f" {SENDER} "])
def test_a_search_leads_to_the_conversation(client: Client, wanted: str) -> None:
    answer = client.post("/conversations/search", {"wanted": wanted})
    assert (answer.status, answer.headers["location"]) == (303, f"/conversations/{SESSION}")


@pytest.mark.parametrize("wanted", ["", "0", "+1 202 555 0100", sid_of(99), "<script>", "\N{NULL}"])
def test_a_search_that_finds_nobody_says_so(client: Client, wanted: str) -> None:
    answer = client.post("/conversations/search", {"wanted": wanted})
    assert answer.status == 404
    assert "Nobody found" in answer.text


def test_numbers_show_when_they_are_revealed_and_only_there(client: Client) -> None:
    page = client.post(f"/conversations/{SESSION}/reveal").text
    assert SENDER in page
    assert "+49 155 5555 0199" in page
    assert SENDER not in client.get(f"/conversations/{SESSION}").text


def test_a_dead_letter_shows_its_body_when_it_is_asked_for(client: Client) -> None:
    path = "/dead-letters/messages/dead.fifo-000001"
    assert "message+7" not in client.get(path).text
    assert "message+7" in client.post(f"{path}/reveal").text


@pytest.mark.parametrize("path", [f"/conversations/{SESSION}/reveal", "/dead-letters/choose"])
def test_the_address_of_a_form_s_answer_is_no_page(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 405
    assert "comes only from a form" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "there is no such page"),
        ("/conversations/nobody", 404, "there is no such session"),
        ("/conversations?before=yesterday", 404, "before is no moment"),
        ("/trace/SM1", 404, "this is no message id"),
        ("/messages/SM1", 404, "this is no message id"),
        ("/dead-letters?queue=none", 404, "there is no dead-letter queue none"),
        ("/dead-letters?age=old", 404, "there is no age old"),
        ("/dead-letters/messages/none", 404, "is not to be seen"),
        ("/jobs/none", 404, "there is no such job"),
    ],
)
def test_what_is_not_there_is_one_page_that_says_so(
    client: Client, path: str, status: int, words: str
) -> None:
    answer = client.get(path)
    assert answer.status == status
    assert words in unescape(answer.text)
    assert '<nav aria-label="Pages">' in answer.text


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredToken"])
def test_what_aws_refuses_is_one_page_that_says_so(code: str) -> None:
    account = small_account()
    account.refuses["Query"] = code
    with running_console(account.aws(), RESOURCES) as client:
        page, twin = client.get("/conversations"), client.get("/conversations.json")
    assert (page.status, twin.status) == (502, 502)
    assert f"Query was refused: {code}" in page.text
    assert "Traceback" not in page.text
    assert code in twin.json["reason"]


def test_a_fault_of_our_own_is_one_page_without_a_traceback() -> None:
    account = small_account()
    account.put("chats", sender_id=SENDER, message_id="broken", chat_type="inbound", created_at="x")
    with running_console(account.aws(), RESOURCES) as client:
        page = client.get("/conversations")
    assert page.status == 500
    assert "UNC_TRACEBACK=1 shows where" in page.text
    assert 'File "' not in page.text


def test_rows_of_other_writers_may_lack_any_part() -> None:
    account = MemoryAccount()
    account.put("chats", sender_id=SENDER, message_id="m1", chat_type="inbound", created_at=1)
    odd = {"text": 7, "media_items": 3, "location": "here", "button": [], "reply_to": "x"}
    account.put(
        "chats",
        sender_id="4915555550102",
        message_id="m2",
        session_id=SESSION,
        chat_type="inbound",
        created_at=2,
        content=odd,
        sender_info="nobody",
    )
    with running_console(account.aws(), RESOURCES) as client:
        people = client.get("/conversations")
        conversation = client.get(f"/conversations/{SESSION}")
    assert (people.status, conversation.status) == (200, 200)
    assert "…0199" in people.text


def test_writing_as_a_person_exists_on_this_machine_only(account: MemoryAccount) -> None:
    form = {"address": f"whatsapp:+{SENDER}", "text": "hi", "kind": "text"}
    with running_console(account.aws(), RESOURCES) as client:
        account.calls.clear()
        assert client.get("/compose").status == 404
        assert client.get("/compose.json").status == 404
        assert client.post("/compose/send", form).status == 404
        assert account.calls == []
        assert "compose" not in client.get("/").text
        assert "compose" not in client.get(f"/conversations/{SESSION}").text
    with running_console(account.aws("http://127.0.0.1:1"), RESOURCES) as client:
        assert client.get("/compose").status == 200
        assert "/compose/send" in client.get(f"/conversations/{SESSION}").text


def test_an_endpoint_elsewhere_is_no_laptop(account: MemoryAccount) -> None:
    with running_console(account.aws("https://aws.example"), RESOURCES) as client:
        assert client.get("/compose").status == 404


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "]]><!--",
    "x" * 100_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_what_a_stranger_writes_stays_text(text: str) -> None:
    account = MemoryAccount()
    open_session(account)
    media = {
        "NumMedia": "1",
        "MediaUrl0": f"javascript:alert(1)//{text}",
        "MediaContentType0": text,
    }
    place = {"Latitude": "1", "Longitude": "2", "Address": text, "Label": text}
    write_inbound(account, 1, text, ProfileName=text, **place)
    write_inbound(account, 2, text, ProfileName=text, **media)
    write_inbound(account, 3, text, ButtonText=text, ButtonPayload=text)
    write_reply(account, 4, text)
    cover(account, 4)
    lay_down(account, 5, reason=text)
    with running_console(account.aws(), RESOURCES) as client:
        pages = [client.get(path) for path in PAGES if "trace" not in path]
        pages.append(client.post(f"/conversations/{SESSION}/reveal"))
        twin = client.get(f"/conversations/{SESSION}.json").json
    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert 'href="javascript:' not in page.text
        assert "<!--" not in page.text
    assert any(chat["text"] == text for chat in twin["parts"][0]["chats"])


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/cat.jpg",
        "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef"
        "/Messages/MM0123456789abcdef0123456789abcdef/Media/ME0123456789abcdef0123456789abcdef",
    ],
)
def test_media_are_links_that_nothing_loads(url: str) -> None:
    account = MemoryAccount()
    open_session(account)
    write_inbound(account, 1, "", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    with running_console(account.aws(), RESOURCES) as client:
        page = client.get(f"/conversations/{SESSION}").text
    assert f'<a href="{url}" rel="noreferrer noopener"' in page
    assert page.count(url) == 1


@pytest.mark.parametrize(
    "number",
    [
        SENDER,
        f"+{SENDER}",
        "+49 155 5555 0199",
        "+49 (0)155/5555-0199",
        "0155.5555.0199",
        f"call{SENDER}",
        "2010-04-01-5555",
        "+49\N{NO-BREAK SPACE}155\N{NON-BREAKING HYPHEN}5555\N{NARROW NO-BREAK SPACE}0199",
        "\N{LEFT-TO-RIGHT EMBEDDING}+49 155 5555 0199\N{POP DIRECTIONAL FORMATTING}",
        "٤٩١٥٥٥٥٥٥٠١٩٩",
    ],
)
def test_a_number_anywhere_in_a_message_is_masked(number: str) -> None:
    account = MemoryAccount()
    open_session(account)
    place = {"Latitude": "1.5", "Longitude": "2.5", "Address": number, "Label": f"call {number}"}
    url = f"https://media.example/{number}.jpg"
    media = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": f"image/{number}"}
    write_inbound(account, 1, f"call {number}!", ProfileName=f"Ada {number}", **place)
    write_inbound(account, 2, "", ProfileName=f"Ada {number}", **media)
    write_inbound(account, 3, "", ButtonText=number, OriginalRepliedMessageSid=number)
    write_reply(account, 4, f"I call {number}")
    with running_console(account.aws(), RESOURCES) as client:
        for path in (*PAGES[:4], f"/trace/{sid_of(1)}"):
            for each in (path, twin_of(path)):
                text = unescape(client.get(each).text)
                assert number not in text
                assert SENDER not in text
        assert number in unescape(client.post(f"/conversations/{SESSION}/reveal").text)


def test_ids_and_short_numbers_stay_whole(client: Client) -> None:
    account = MemoryAccount()
    open_session(account)
    text = f"order 4711 of {sid_of(255)}, session {SESSION}, on 25 November, 2026-11-25"
    write_inbound(account, 1, text)
    with running_console(account.aws(), RESOURCES) as other:
        [part] = other.get(f"/conversations/{SESSION}.json").json["parts"]
    assert part["chats"][0]["text"] == text


def test_a_trace_says_where_a_message_stands(client: Client) -> None:
    found = client.get(f"/trace/{sid_of(1)}.json").json
    assert found["state"]["name"] == "replied"
    assert found["session_id"] == SESSION
    assert [each["what"] for each in found["events"]] == ["queued", "stored", "reply written"]
    page = client.get(f"/trace/{sid_of(1)}").text
    assert f'href="/conversations/{SESSION}#{sid_of(1)}"' in page
    assert f"chat {REPLY}" in page


def test_a_trace_is_live_while_there_is_something_to_wait_for(client: Client) -> None:
    """Reading it hides dead letters from others for a moment."""
    assert "hx-get" not in client.get(f"/trace/{sid_of(1)}").text
    assert "hx-get" in client.get(f"/trace/{sid_of(5)}").text


def test_a_stranger_s_browser_gets_nothing(client: Client) -> None:
    for path in PAGES:
        for each in (path, twin_of(path)):
            answer = client.get(each, cookie=None)
            assert answer.status == 403
            assert SESSION not in answer.text
            assert json.dumps("Ada") not in answer.text


def test_a_pause_shows_until_when_it_lasts_and_what_it_does_not_hold() -> None:
    account = small_account()
    until = "2126-11-26T12:00:00.000000"
    open_session(account, user_limited_until=until, paused_until=until)
    with running_console(account.aws(), RESOURCES) as client:
        text = unescape(client.get(f"/conversations/{SESSION}").text)
        assert "Paused until 2126-11-26T12:00:00 UTC" in text and "Resume" in text
        assert "a POST that is open already" in text


def test_a_pause_needs_a_duration(client: Client) -> None:
    answer = client.post(f"/conversations/{SESSION}/pause", {"for": "soon"})
    assert answer.status == 404
    assert "the pause is no duration: 'soon'" in unescape(answer.text)


def test_who_stops_answering_has_to_say_so(client: Client) -> None:
    answer = client.post("/answering", {"action": "pause"})
    assert answer.status == 404
    assert "nothing to do was chosen" in answer.text
    assert "While it is stopped nobody is answered." in client.get("/").text
