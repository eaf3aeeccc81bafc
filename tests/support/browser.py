"""Chromium without a window, and what a page did in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# As Debian and others name it.
NAMES = ("chromium", "chromium-browser", "google-chrome")
# A browser of its own does not go out for anything but its pages.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LIMIT_MS = 90_000


def find_chromium() -> str:
    """Return where the browser is; raises RuntimeError that says how it comes here."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise RuntimeError("Chromium is missing: sudo apt-get install chromium")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the browser with a profile of its own, and end it after the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(ARGUMENTS), timeout=LIMIT_MS
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Seen:
    """What the pages of a context asked for, said and complained about."""

    addresses: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note every request, dialog and error of the pages to come."""
        context.on("request", lambda request: self.addresses.append(request.url))
        context.on("page", self._watch_page)

    def _watch_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._close_dialog)

    def _close_dialog(self, dialog) -> None:  # type: ignore[no-untyped-def]
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def elsewhere(self, origin: str) -> list[str]:
        """Return the requests that went to another host."""
        return [each for each in self.addresses if not each.startswith(f"{origin}/")]


# What keeps a screen reader from naming things: unnamed controls, tables without headers.
UNNAMED = """() => {
  const named = e => e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title
  const visible = e => e.type !== "hidden"
  const controls = [...document.querySelectorAll("a[href], button, input, select, summary")]
  const tables = [...document.querySelectorAll("table")].filter(t => !t.querySelector("th[scope]"))
  const pictures = [...document.querySelectorAll("svg")].filter(s => !s.querySelector("title"))
  const wrong = [...controls.filter(visible).filter(e => !named(e)), ...tables, ...pictures]
  return wrong.map(e => e.outerHTML.slice(0, 200))
}"""
DOUBLED_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id)
  return ids.filter((id, at) => ids.indexOf(id) !== at)
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
