"""What strangers write, what others link, and what may be seen, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.console.process import ConsoleProcess, converse, lay_down
from tests.e2e.console.views import open_context
from tests.e2e.world import World, new_sender, write
from tests.support.browser import (
    OVERFLOW,
    Seen,
)
from tests.support.http_server import reply, serving

pytestmark = pytest.mark.emulator


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
    wanted = ["script-src-elem", "style-src-elem", "img-src", "frame-src", "connect-src"]
    page.wait_for_function("(wanted) => wanted.every(each => stopped.includes(each))", arg=wanted)
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
