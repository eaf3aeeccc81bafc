"""The console in a real browser, over the stack on the emulator."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.console import ConsoleProcess, converse, lay_down
from tests.e2e.test_dlq import purge
from tests.e2e.world import World, eventually, new_sender, write
from tests.support.browser import (
    DOUBLED_IDS,
    LIMIT_MS,
    OVERFLOW,
    UNNAMED,
    Seen,
    running_chromium,
)
from tests.support.http_server import reply, serving

pytestmark = pytest.mark.emulator

NARROW = {"width": 375, "height": 700}
OTHER_REASON = "malformed: no sender"
expect.set_options(timeout=LIMIT_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def console(world: World) -> Iterator[ConsoleProcess]:
    console = ConsoleProcess(world)
    yield console
    assert console.end() == (130, f"the laptop: {world.stack.endpoint}\n")


@pytest.fixture(scope="module")
def state(browser: Browser, console: ConsoleProcess) -> object:
    """What a browser holds that the first address has let in."""
    return log_in(browser, console)


def log_in(browser: Browser, console: ConsoleProcess) -> object:
    context = browser.new_context()
    page = context.new_page()
    page.goto(console.address)
    assert page.url == f"{console.origin}/"
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def context(
    browser: Browser, console: ConsoleProcess, state: object, seen: Seen
) -> Iterator[BrowserContext]:
    """A browser that is in; it goes nowhere else, and no script of a page fails."""
    context = open_context(browser, console, state, seen)
    yield context
    context.close()
    assert seen.elsewhere(console.origin) == []
    assert seen.dialogs == []
    assert seen.errors == []


def open_context(
    browser: Browser, console: ConsoleProcess, state: object, seen: Seen, **options: object
) -> BrowserContext:
    context = browser.new_context(storage_state=state, base_url=console.origin, **options)  # type: ignore[arg-type]
    context.set_default_timeout(LIMIT_MS)
    seen.watch(context)
    return context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def empty_queues(world: World) -> Iterator[None]:
    purge(world)
    yield
    purge(world)


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


def test_numbers_show_on_demand_only(world: World, context: BrowserContext, page: Page) -> None:
    message, session_id = converse(world, "my number is +49 (0)155 5555 0199")
    number = message.sender_id
    address = f"/conversations/{session_id}"
    for path in ("/", "/conversations", address, f"/trace/{message.message_id}"):
        for each in (path, f"{path}.json" if path != "/" else "/now.json"):
            answer = context.request.get(each)
            assert answer.ok
            assert number not in answer.text()
            assert "5555 0199" not in answer.text()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"…{number[-4:]}")
    page.get_by_role("button", name="Show numbers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    expect(page.locator(".text").first).to_have_text("my number is +49 (0)155 5555 0199")
    page.get_by_role("link", name="Hide numbers").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text(number)
    assert number not in page.content()


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


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe <b>bold</b>",
    "W" * 100_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=("script", "handler", "direction", "length"))
def test_what_a_stranger_writes_does_nothing(
    world: World, page: Page, text: str, empty_queues: None
) -> None:
    url = "javascript:alert(document.cookie)//"
    media = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": text[:500]}
    fields = {"ProfileName": text[:2_000], "ButtonText": text, **media}
    message, session_id = converse(world, text, **fields)
    lay_down(world, [write(new_sender(), text)], reason=text[:500])
    page.goto(f"/conversations/{session_id}")
    expect(page.locator(".text").first).to_have_text(text, use_inner_text=False)
    assert page.locator("main img, main script, main b, main [onerror]").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0
    width = page.evaluate(OVERFLOW)
    assert width <= 0
    for address in ("/", "/conversations", "/dead-letters", f"/trace/{message.message_id}"):
        page.goto(address)
        assert page.locator("main img, main script, main b, main [onerror]").count() == 0
        assert page.evaluate(OVERFLOW) <= 0


INJECT = """(address) => {
  window.stopped = []
  document.addEventListener("securitypolicyviolation", e => stopped.push(e.effectiveDirective))
  const script = document.createElement("script")
  script.textContent = "alert(1)"
  const far = document.createElement("script")
  far.src = `${address}/evil.js`
  const style = document.createElement("style")
  style.textContent = "body { background: red }"
  document.body.append(script, far, style)
  document.body.insertAdjacentHTML("beforeend",
    `<img src="${address}/a.png" onerror="alert(2)"><iframe src="${address}"></iframe>`)
  fetch(address).catch(() => {})
}"""


def test_what_got_past_the_escaping_would_be_stopped(
    browser: Browser, console: ConsoleProcess, state: object
) -> None:
    """The policy, with the escaping left out: an attacker's page is put into ours."""
    seen = Seen()
    context = open_context(browser, console, state, seen)
    page = context.new_page()
    page.goto("/")
    page.evaluate(INJECT, "http://127.0.0.1:1")
    page.wait_for_function("() => window.stopped.length >= 6")
    wanted = {"script-src-elem", "style-src-elem", "img-src", "frame-src", "connect-src"}
    assert wanted <= set(page.evaluate("() => window.stopped"))
    assert seen.dialogs == []
    context.close()


def test_media_are_never_loaded(world: World, page: Page, seen: Seen) -> None:
    url = "https://media.example/cat.jpg"
    media = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/jpeg"}
    _, session_id = converse(world, "look", **media)
    page.goto(f"/conversations/{session_id}")
    link = page.get_by_role("link", name="image/jpeg")
    assert link.get_attribute("href") == url
    assert {"noreferrer", "noopener"} <= set((link.get_attribute("rel") or "").split())
    assert url not in seen.addresses


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
    world.await_quiet()
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
    world.await_quiet()
    assert sorted(world.texts(messages[0].sender_id)) == sorted(each.label for each in messages)


def redrive_all(page: Page) -> None:
    page.goto("/dead-letters")
    page.get_by_role("button", name="Redrive these").click()
    page.get_by_role("button", name=re.compile("Redrive [0-9]+ dead letter")).click()


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


def test_a_link_from_elsewhere_leads_on_after_one_more_click(
    browser: Browser, console: ConsoleProcess, state: object
) -> None:
    """A colleague's link in a chat: the cookie does not come with it, by design."""
    seen = Seen()
    context = open_context(browser, console, state, seen)
    page = context.new_page()
    link = f'<a href="{console.origin}/conversations">look</a>'.encode()
    with serving(reply(200, link, **{"Content-Type": "text/html"})) as elsewhere:
        page.goto(elsewhere.url.replace("127.0.0.1", "localhost"))
        page.get_by_role("link", name="look").click()
        expect(page.get_by_role("main")).to_contain_text("has not opened")
        page.get_by_role("link", name="go on").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Conversations")
    context.close()


def test_another_browser_is_not_let_in(browser: Browser, console: ConsoleProcess) -> None:
    """Nor by the first address, which has let one in already."""
    context = browser.new_context()
    page = context.new_page()
    for address in (console.address, f"{console.origin}/conversations"):
        answer = page.goto(address)
        assert answer and answer.status == 403
        assert "has not opened" in page.content()
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
