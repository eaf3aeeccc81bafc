"""The console in a real browser, over the stack on the emulator: every page, read and used."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.console.process import ConsoleProcess, converse, lay_down
from tests.e2e.console.views import bubble, open_context, views
from tests.e2e.world import World, new_sender, write
from tests.support.browser import (
    DOUBLED_IDS,
    OVERFLOW,
    UNNAMED,
    Seen,
)

pytestmark = pytest.mark.emulator

NARROW = {"width": 375, "height": 700}


def test_every_view_is_one_click_away_and_can_be_read_out(
    world: World, context: BrowserContext, page: Page, empty_queues: None
) -> None:
    addresses = views(world, context)
    page.goto("/")
    for name in ("Conversations", "Dead letters", "Write", "Now"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.locator("nav [aria-current]")).to_have_text(name)
    for address, heading in addresses.items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        assert page.get_by_role("main").count() == 1
        assert page.get_by_role("banner").count() == 1
        assert page.title().endswith("· unc console")
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.evaluate(UNNAMED) == [], address
        assert page.evaluate(DOUBLED_IDS) == [], address


def test_now_counts_on_while_it_is_open(world: World, page: Page, empty_queues: None) -> None:
    page.goto("/")
    dead = page.locator(".way > li").first.locator(".figure", has_text="dead").get_by_role("link")
    expect(dead).to_have_text("0")
    lay_down(world, [write(new_sender(), "a dead one")])
    expect(dead).to_have_text("1")
    expect(page.get_by_role("img", name="Messages of each minute")).to_be_visible()
    dead.click()
    expect(page.get_by_role("link", name="trace")).to_have_count(1)


def test_a_conversation_goes_on_while_it_is_open(world: World, page: Page) -> None:
    message, session_id = converse(world, "first")
    page.goto("/conversations")
    page.locator(f'a[href^="/conversations/{session_id}"]').click()
    expect(bubble(page, "first")).to_be_visible()
    later = write(f"whatsapp:+{message.sender_id}", "second")
    world.send(later.body)
    expect(bubble(page, "second")).to_be_visible()
    expect(bubble(page, "second")).to_contain_text("replied ✓")
    page.goto("/conversations")
    expect(page.locator(".people li").first).to_contain_text("second")


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("text", "can you hear me?", "can you hear me?"),
        ("image", "a picture of me", "image/jpeg"),
        ("location", "Unter den Linden 1", "location: Unter den Linden 1 · 52.520008, 13.404954"),
        ("button", "Yes, please", "chose: Yes, please"),
    ],
)
def test_a_message_from_the_composer_appears_with_its_reply(
    page: Page, kind: str, text: str, shown: str
) -> None:
    page.goto("/compose")
    page.get_by_label("From").fill(new_sender())
    page.get_by_role("textbox", name="Text").fill("hello")
    page.get_by_role("button", name="Send").click()
    expect(bubble(page, "hello")).to_contain_text("stored ✓")
    expect(bubble(page, "hello")).to_contain_text("replied ✓")
    page.get_by_label("Write as this person").fill(text)
    page.get_by_label("Kind").select_option(kind)
    page.get_by_role("button", name="Send").click()
    sent = page.locator(".chat.inbound").nth(1)
    expect(sent).to_contain_text(shown)
    expect(sent).to_contain_text("replied ✓")
    expect(page.locator(".chat.outbound")).to_have_count(2)
    sent.get_by_role("link", name="trace").click()
    expect(page.locator(".state")).to_contain_text("replied.")


def test_a_search_finds_a_person_by_number_message_and_session(world: World, page: Page) -> None:
    message, session_id = converse(world, "find me")
    number = message.sender_id
    written = f"+{number[:2]} {number[2:5]} {number[5:]}"
    for wanted in (number, written, message.message_id, session_id):
        page.goto("/conversations")
        page.get_by_role("search").get_by_role("textbox").fill(wanted)
        page.get_by_role("button", name="Search").click()
        expect(bubble(page, "find me")).to_be_visible()
        assert page.url.endswith(f"/conversations/{session_id}")
    page.goto("/conversations")
    page.get_by_role("search").get_by_role("textbox").fill("+1 202 555 0100")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody found")
    assert urlsplit(page.url)[2:] == ("/conversations/search", "", "")


def test_a_narrow_screen_shows_every_view_whole(
    world: World, browser: Browser, console: ConsoleProcess, state: object, empty_queues: None
) -> None:
    context = open_context(browser, console, state, Seen(), viewport=NARROW)
    page = context.new_page()
    for address in views(world, context):
        page.goto(address)
        assert page.evaluate(OVERFLOW) <= 0, address
    context.close()


def test_a_keyboard_is_enough(world: World, page: Page, empty_queues: None) -> None:
    message, _ = converse(world, "by hand")
    lay_down(world, [write(new_sender(), "a dead one")])
    page.goto("/conversations")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(message.message_id)
    page.keyboard.press("Enter")
    expect(bubble(page, "by hand")).to_be_visible()
    page.get_by_label("Write as this person").focus()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(bubble(page, "typed")).to_contain_text("replied ✓")
    page.goto("/dead-letters")
    page.get_by_role("button", name="Redrive these").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Redrive 1 dead letter")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 of 1 done")


def test_the_focus_stays_while_the_page_is_live(world: World, page: Page) -> None:
    message, session_id = converse(world, "first")
    page.goto(f"/conversations/{session_id}")
    trace = page.locator(f"#{message.message_id}").get_by_role("link", name="trace")
    trace.focus()
    later = write(f"whatsapp:+{message.sender_id}", "second")
    world.send(later.body)
    expect(bubble(page, "second")).to_contain_text("replied ✓")
    expect(trace).to_be_focused()


def test_everything_can_be_read_without_javascript(
    world: World, browser: Browser, console: ConsoleProcess, state: object, empty_queues: None
) -> None:
    context = open_context(browser, console, state, Seen(), java_script_enabled=False)
    page = context.new_page()
    for address, heading in views(world, context).items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    page.goto("/")
    page.get_by_role("link", name="Messages of each minute").click()
    expect(page.get_by_role("img", name="Messages of each minute")).to_be_visible()
    page.goto("/conversations")
    page.locator(".people a").first.click()
    page.get_by_role("button", name="Show numbers").click()
    expect(page.get_by_role("link", name="Hide numbers")).to_be_visible()
    page.goto("/dead-letters")
    page.locator(".reasons a").click()
    page.get_by_role("button", name="Redrive these").click()
    page.get_by_role("button", name="Redrive 1 dead letter").click()
    expect(page.get_by_role("status")).to_contain_text("1 of 1 done")
    context.close()


def test_a_person_is_paused_and_resumed_on_the_conversation_s_page(
    world: World, page: Page
) -> None:
    message, session_id = converse(world, "before")
    page.goto(f"/conversations/{session_id}")
    page.get_by_text("Pause", exact=True).first.click()
    page.get_by_label("For").fill("2h")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("Paused until")).to_be_visible()
    expect(page.get_by_text("a session that the reply service opens anew")).to_be_visible()
    world.send(write(f"whatsapp:+{message.sender_id}", "meanwhile").body)
    expect(bubble(page, "meanwhile")).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(bubble(page, "meanwhile")).to_contain_text("replied ✓")
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)


def test_answering_is_stopped_and_started_for_everybody(world: World, page: Page) -> None:
    message, session_id = converse(world, "before")
    change_answering(page, "Stop")
    page.goto("/")
    expect(page.get_by_text("Stopped since")).to_be_visible()
    world.send(write(f"whatsapp:+{message.sender_id}", "meanwhile").body)
    page.goto(f"/conversations/{session_id}")
    expect(bubble(page, "meanwhile")).to_contain_text("not notified")
    change_answering(page, "Start")
    page.goto(f"/conversations/{session_id}")
    expect(bubble(page, "meanwhile")).to_contain_text("replied ✓")


def change_answering(page: Page, action: str) -> None:
    page.goto("/")
    details = page.locator("details", has_text="Stop or start for everybody")
    if details.get_attribute("open") is None:
        page.get_by_text("Stop or start for everybody").click()
    page.get_by_role("button", name=f"{action} answering").click()
    expect(page.get_by_role("status")).to_contain_text("and it is over")
