"""Dead letters in the console: redriven, deleted, and shown."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.console.process import ConsoleProcess, lay_down
from tests.e2e.console.views import dead_letters, log_in, open_context, redrive_all
from tests.e2e.world import World, eventually, new_sender, write
from tests.support.browser import (
    Seen,
)

pytestmark = pytest.mark.emulator

OTHER_REASON = "malformed: no sender"


def test_a_thousand_dead_letters_are_redriven_in_three_clicks(
    world: World, context: BrowserContext, page: Page, empty_queues: None
) -> None:
    senders = [new_sender() for _ in range(100)]
    messages = [write(senders[n % 100], f"message {n}") for n in range(1_000)]
    others = [write(new_sender(), f"other {n}") for n in range(15)]
    lay_down(world, messages)
    lay_down(world, others, OTHER_REASON)
    page.goto("/dead-letters")
    clicks = [
        page.get_by_role("link", name="1,000 messages: not stored"),
        page.get_by_role("button", name="Redrive these"),
        page.get_by_role("button", name="Redrive 1,000 dead letters"),
    ]
    for click in clicks:
        click.click()
    assert len(clicks) <= 3
    expect(page.get_by_role("status")).to_contain_text("1,000 of 1,000 done")
    left = {row["message_id"] for row in dead_letters(context)}
    assert left == {message.message_id for message in others}
    world.await_stored(*messages)
    world.await_taken()
    texts = [text for sender in senders for text in world.texts(sender.partition("+")[2])]
    assert sorted(texts) == sorted(message.label for message in messages)


def test_a_redrive_that_was_cut_off_is_repeated_and_stores_each_once(
    world: World, browser: Browser, empty_queues: None
) -> None:
    """The console dies while it works; another one finds what is left."""
    sender = new_sender()
    messages = [write(sender, f"message {n}") for n in range(200)]
    lay_down(world, messages)
    first = ConsoleProcess(world)
    page = open_context(browser, first, log_in(browser, first), Seen()).new_page()
    redrive_all(page)
    expect(page.get_by_role("status")).to_contain_text(re.compile("[1-9][0-9]* of 200"))
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL
    second = ConsoleProcess(world)
    page = open_context(browser, second, log_in(browser, second), Seen()).new_page()

    def is_done() -> bool:
        page.goto("/dead-letters")
        if page.get_by_role("button", name="Redrive these").count():
            redrive_all(page)
            expect(page.get_by_role("link", name="Dead letters").last).to_be_visible()
        return world.is_empty(world.resources.dead_letter_queue)

    eventually(is_done, "what the first one held shows again, and is redriven")
    assert second.end()[0] == 130
    world.await_stored(*messages)
    world.await_taken()
    assert sorted(world.texts(messages[0].sender_id)) == sorted(each.label for each in messages)


def test_exactly_what_the_filter_shows_is_deleted(
    world: World, context: BrowserContext, page: Page, empty_queues: None
) -> None:
    sender, kept = new_sender(), [write(new_sender(), f"kept {n}") for n in range(5)]
    gone = [write(sender, f"gone {n}") for n in range(12)]
    lay_down(world, [*kept, *gone], OTHER_REASON)
    page.goto("/dead-letters")
    page.get_by_label("Sender").select_option(f"…{sender[-4:]}")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(12)
    later = write(sender, "came later")
    lay_down(world, [later], OTHER_REASON)
    page.get_by_role("button", name="Delete these").click()
    expect(page.get_by_text("cannot be had back")).to_be_visible()
    page.get_by_role("button", name="Delete 12 dead letters").click()
    expect(page.get_by_role("status")).to_contain_text("12 of 12 done")
    left = {row["message_id"] for row in dead_letters(context)}
    assert left == {message.message_id for message in [*kept, later]}
    assert world.is_empty(world.resources.queue)


def test_a_dead_letter_shows_its_body_on_demand(
    world: World, page: Page, empty_queues: None
) -> None:
    lay_down(world, [write(new_sender(), "hidden")])
    page.goto("/dead-letters")
    page.locator("tbody th a").click()
    expect(page.get_by_role("button", name=re.compile("Show the body"))).to_be_visible()
    assert "Body=hidden" not in page.content()
    page.get_by_role("button", name=re.compile("Show the body")).click()
    expect(page.locator("pre")).to_contain_text("Body=hidden")
