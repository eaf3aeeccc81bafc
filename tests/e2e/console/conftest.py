"""A browser that the console has let in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.console.process import ConsoleProcess
from tests.e2e.console.views import log_in, open_context
from tests.e2e.world import World
from tests.support.browser import (
    Seen,
    running_chromium,
)


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


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
