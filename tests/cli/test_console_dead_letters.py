"""Filter dead letters, and redrive or delete exactly what the filter shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import unescape

import pytest

from tests.support.console import Answer, Client, hidden_field, running_console
from tests.support.console_world import REASON, lay_down
from tests.support.memory_account import RESOURCES, MemoryAccount
from unc.console.jobs import Job, Jobs

OTHER_REASON = "malformed: no sender"
DEAD, QUEUE = RESOURCES.dead_letter_queue, RESOURCES.queue
HOUR = 3_600.0


@pytest.fixture
def account() -> MemoryAccount:
    """Twenty of one reason, an hour and more old, and five of another from just now."""
    account = MemoryAccount()
    for number in range(20):
        lay_down(account, number, age=HOUR + number)
    for number in range(20, 25):
        lay_down(account, number, reason=OTHER_REASON)
    return account


@pytest.fixture
def client(account: MemoryAccount) -> Iterator[Client]:
    with running_console(account.aws(), RESOURCES) as client:
        yield client


def ids_in(account: MemoryAccount, url: str = DEAD) -> set[str]:
    return set(account.queues[url].messages)


def shown(client: Client, path: str) -> set[str]:
    """The ids that a filter shows, in its twin and in its form alike."""
    twin = client.get(f"/dead-letters.json?{path.partition('?')[2]}").json
    found = {one["id"] for one in twin["dead_letters"]}
    lines = hidden_field(client.get(path).text, "ids").splitlines()
    assert {line.partition(" ")[2] for line in lines} == found
    return found


def act(client: Client, path: str, action: str) -> Answer:
    """Press the button of a filter's page, confirm, and wait for the job's end."""
    ids = hidden_field(client.get(path).text, "ids")
    asked = client.post("/dead-letters/choose", {"ids": ids, "action": action})
    return confirm(client, asked, action)


def confirm(client: Client, asked: Answer, action: str) -> Answer:
    form = {"ids": hidden_field(asked.text, "ids"), "action": action}
    return await_end(client, client.post("/dead-letters/do", form))


def await_end(client: Client, answer: Answer) -> Answer:
    path = answer.headers["location"]
    for _ in range(30_000):
        if client.get(f"{path}.json").json["is_over"]:
            return client.get(path)
        threading.Event().wait(0.02)
    raise AssertionError("the job does not end")


def test_reasons_are_counted_and_lead_to_what_they_count(client: Client) -> None:
    reasons = client.get("/dead-letters.json").json["reasons"]
    assert [(each["reason"], each["count"]) for each in reasons] == [
        (REASON, 20),
        (OTHER_REASON, 5),
    ]
    assert [len(shown(client, each["to"])) for each in reasons] == [20, 5]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("age=under+an+hour", 5),
        ("age=over+an+hour", 20),
        ("queue=messages&age=over+an+hour", 20),
        ("sender=%E2%80%A60199", 25),
        ("sender=%E2%80%A60199&reason=malformed:+no+sender", 5),
    ],
)
def test_a_filter_is_an_address(client: Client, query: str, count: int) -> None:
    assert len(shown(client, f"/dead-letters?{query}")) == count


@pytest.mark.parametrize("query", ["age=over+a+week", "queue=stream", "reason=none", "sender=none"])
def test_what_a_filter_does_not_show_has_no_button(client: Client, query: str) -> None:
    page = client.get(f"/dead-letters?{query}").text
    assert "No dead letters that this filter shows" in page
    assert "Redrive these" not in page


def test_looking_takes_nothing_away(client: Client, account: MemoryAccount) -> None:
    before = ids_in(account)
    for _ in range(3):
        assert shown(client, "/dead-letters") == before
    assert ids_in(account) == before


def test_a_redrive_asks_with_the_count_and_moves_exactly_what_is_shown(
    client: Client, account: MemoryAccount
) -> None:
    path = "/dead-letters?age=under+an+hour"
    wanted = shown(client, path)
    asked = client.post(
        "/dead-letters/choose",
        {"ids": hidden_field(client.get(path).text, "ids"), "action": "redrive"},
    )
    assert "Redrive 5 dead letters" in asked.text
    assert len(ids_in(account)) == 25
    ended = confirm(client, asked, "redrive")
    assert "5 of 5" in ended.text
    assert len(ids_in(account)) == 20
    assert not ids_in(account) & wanted
    assert len(ids_in(account, QUEUE)) == 5


def test_what_comes_after_the_look_is_left_alone(client: Client, account: MemoryAccount) -> None:
    ids = hidden_field(client.get("/dead-letters").text, "ids")
    later = lay_down(account, 99)
    asked = client.post("/dead-letters/choose", {"ids": ids, "action": "delete"})
    confirm(client, asked, "delete")
    assert ids_in(account) == {later.id}
    assert ids_in(account, QUEUE) == set()


def test_a_delete_is_for_good_and_says_so(client: Client, account: MemoryAccount) -> None:
    path = "/dead-letters?reason=malformed:+no+sender"
    wanted = shown(client, path)
    ids = hidden_field(client.get(path).text, "ids")
    asked = client.post("/dead-letters/choose", {"ids": ids, "action": "delete"})
    assert "cannot be had back" in asked.text
    confirm(client, asked, "delete")
    assert len(ids_in(account)) == 20
    assert not ids_in(account) & wanted


def test_one_dead_letter_is_redriven_alone(client: Client, account: MemoryAccount) -> None:
    id = "dead.fifo-000003"
    page = client.get(f"/dead-letters/messages/{id}")
    asked = client.post(
        "/dead-letters/choose", {"ids": hidden_field(page.text, "ids"), "action": "redrive"}
    )
    confirm(client, asked, "redrive")
    assert len(ids_in(account)) == 24
    assert id not in ids_in(account)


def test_pressing_twice_does_it_once(client: Client, account: MemoryAccount) -> None:
    ids = hidden_field(client.get("/dead-letters").text, "ids")
    form = {"ids": ids, "action": "redrive"}
    await_end(client, client.post("/dead-letters/do", form))
    again = await_end(client, client.post("/dead-letters/do", form))
    assert "0 of 25" in again.text
    assert "not to be seen" in again.text
    assert len(ids_in(account, QUEUE)) == 25


def test_a_job_that_is_cut_off_says_what_is_left_and_can_be_repeated(
    client: Client, account: MemoryAccount
) -> None:
    account.refuses["DeleteMessageBatch"] = "RequestThrottled"
    ended = act(client, "/dead-letters", "delete")
    assert "It stopped: DeleteMessageBatch was refused: RequestThrottled" in ended.text
    assert len(ids_in(account)) == 25
    del account.refuses["DeleteMessageBatch"]
    assert "25 of 25" in act(client, "/dead-letters", "delete").text
    assert ids_in(account) == set()


@pytest.mark.parametrize("path", ["/dead-letters/choose", "/dead-letters/do"])
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"ids": "messages dead.fifo-000001"}, "nothing to do was chosen"),
        ({"ids": "messages dead.fifo-000001", "action": "purge"}, "nothing to do was chosen"),
        ({"action": "redrive"}, "no dead letter was chosen"),
        ({"ids": "\n\n", "action": "redrive"}, "no dead letter was chosen"),
        ({"ids": "elsewhere x", "action": "redrive"}, "there is no dead-letter queue elsewhere"),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    client: Client, account: MemoryAccount, path: str, form: dict[str, str], words: str
) -> None:
    answer = client.post(path, form)
    assert answer.status == 404
    assert words in unescape(answer.text)
    assert len(ids_in(account)) == 25


def test_an_id_that_only_begins_like_one_is_none(client: Client, account: MemoryAccount) -> None:
    form = {"ids": "messages dead.fifo-00000", "action": "delete"}
    assert "0 of 1" in await_end(client, client.post("/dead-letters/do", form)).text
    assert len(ids_in(account)) == 25


def test_jobs_that_are_over_are_forgotten_some_time() -> None:
    jobs = Jobs()
    first = jobs.start(Job("redrive", 0, "/"), lambda job: None)
    while not first.is_over:
        threading.Event().wait(0.001)
    held = threading.Event()
    others = [jobs.start(Job("redrive", 0, "/"), lambda job: held.wait(60)) for _ in range(60)]  # type: ignore[arg-type, return-value]
    assert jobs.find(first.id) is None
    assert all(jobs.find(each.id) is each for each in others)
    held.set()
