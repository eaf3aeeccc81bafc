"""What tests do in the console's pages, and what they find there."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.console.process import ConsoleProcess, converse, lay_down
from tests.e2e.world import World, new_sender, write
from tests.support.browser import (
    LIMIT_MS,
    Seen,
)

expect.set_options(timeout=LIMIT_MS)


def log_in(browser: Browser, console: ConsoleProcess) -> object:
    context = browser.new_context()
    page = context.new_page()
    page.goto(console.address)
    assert page.url == f"{console.origin}/"
    state = context.storage_state()
    context.close()
    return state


def open_context(
    browser: Browser, console: ConsoleProcess, state: object, seen: Seen, **options: object
) -> BrowserContext:
    context = browser.new_context(storage_state=state, base_url=console.origin, **options)  # type: ignore[arg-type]
    context.set_default_timeout(LIMIT_MS)
    seen.watch(context)
    return context


def views(world: World, context: BrowserContext) -> dict[str, str]:
    """The address of each view, with something in it, and its heading."""
    message, session_id = converse(world, "What do you see?")
    dead = write(new_sender(), "a dead one")
    lay_down(world, [dead])
    [row] = dead_letters(context)
    return {
        "/": "Now",
        "/activity": "The last ten minutes",
        "/conversations": "Conversations",
        f"/conversations/{session_id}": "Try Out",
        f"/trace/{message.message_id}": "Trace of",
        "/dead-letters": "Dead letters",
        f"/dead-letters/messages/{row['id']}": "Dead letter",
        "/compose": "Write as a person",
        "/nowhere": "Trouble",
    }


def dead_letters(context: BrowserContext) -> list[dict[str, str]]:
    found: list[dict[str, str]] = context.request.get("/dead-letters.json").json()["dead_letters"]
    return found


def bubble(page: Page, text: str) -> Locator:
    return page.locator(".chat", has=page.get_by_text(text, exact=True))


def redrive_all(page: Page) -> None:
    page.goto("/dead-letters")
    page.get_by_role("button", name="Redrive these").click()
    page.get_by_role("button", name=re.compile("Redrive [0-9]+ dead letter")).click()
