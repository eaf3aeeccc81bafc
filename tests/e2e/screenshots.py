"""Take the pictures of the console for README and docs: `make screenshots` writes docs/console."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.console.process import lay_down
from tests.e2e.world import World, write
from tests.support.browser import LIMIT_MS, running_chromium
from tests.support.console import running_console
from unc.local.stack import Settings, running_stack
from unc.messages.message import Message

FOLDER = Path(__file__).parents[2] / "docs" / "console"
SIZE = {"width": 900, "height": 640}
ADA, GRACE, ALAN = (f"whatsapp:+49155555501{n}" for n in (10, 11, 12))
MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC0123/Messages/MM0123/Media/ME0123"
PICTURE = {"NumMedia": "1", "MediaUrl0": MEDIA, "MediaContentType0": "image/jpeg"}
PLACE = {"Latitude": "52.5200", "Longitude": "13.4050", "Label": "Alexanderplatz"}


def talk(world: World, sender: str, name: str, text: str, **fields: str) -> Message:
    """Let somebody write, and wait for the reply."""
    message = write(sender, text, ProfileName=name, **fields)
    world.send(message.body, group=message.sender_id)
    world.await_notified(message)
    # Replies have whole seconds: what comes next shows below.
    time.sleep(1.1)
    return message


def fill(world: World) -> Message:
    """Lay down what the pictures show; gives the message that is traced."""
    first = talk(world, ADA, "Ada", "Is the shop open today?")
    talk(world, ADA, "Ada", "", **PICTURE)
    quote = {"OriginalRepliedMessageSid": first.message_id}
    talk(world, ADA, "Ada", "I am here:", **PLACE, **quote)
    talk(world, ALAN, "Alan", "Do you deliver on Sundays?")
    talk(world, GRACE, "Grace", "Yes", ButtonText="Yes, please", ButtonPayload="yes")
    lay_down(world, [write(ADA, f"order {n}") for n in range(18)])
    lay_down(world, [write(ALAN, f"order {n}") for n in range(9)], "not stored: ItemTooLarge")
    return first


def take(page: Page, path: str, name: str) -> None:
    """Write one picture."""
    page.goto(path)
    expect(page.locator("main")).to_be_visible()
    if path == "/":
        expect(page.get_by_role("img")).to_be_visible()
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Run a stack, and look at it."""
    FOLDER.mkdir(exist_ok=True)
    with running_stack(Settings(parameters={"WebhookIntake": "true"})) as stack:
        world = World(stack)
        first = fill(world)
        session_id = world.inbound(first.sender_id)[0]["session_id"]
        with running_console(stack.aws, stack.resources) as client, running_chromium() as browser:
            context = browser.new_context(base_url=client.keys.origin, viewport=SIZE)
            context.set_default_timeout(LIMIT_MS)
            page = context.new_page()
            page.goto(client.keys.first_address)
            take(page, "/", "now")
            take(page, f"/conversations/{session_id}", "conversation")
            take(page, "/dead-letters", "dead-letters")
            take(page, f"/trace/{first.message_id}", "trace")


if __name__ == "__main__":
    main()
