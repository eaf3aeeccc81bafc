"""The pages and the code use the glossary's words, not the project's former ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.guards.repository import ROOT, name_of, pages, python_files

# A former word and the glossary's. Only words that mean nothing else here are listed.
GONE = {
    r"aftermath": "run report",
    r"audience": "NotificationReads",
    r"errands?": "operations",
    r"exemptions?": "documented limits",
    r"farewell": "teardown plan",
    r"journeys?": "MessageTracker",
    r"keepers?": "process guard",
    r"lost causes?": "undeliverable",
    r"outbox": "queue client",
    r"storms?": "fault run",
    r"strays?": "unmanaged resource",
    r"surroundings": "Runtime",
    r"tellers?": "Notifier",
    r"weather": "fault schedule",
    r"witness\w*": "observer",
}
GONE_FROM_PAGES = GONE | {
    r"declin\w*": "rejects",
    r"(?<!dead[ -])letters?": "dead letter",
    r"(given?|gives|gave) back": "released",
    r"in doubt": "unknown outcome",
    r"lanes?": "batches in parallel",
    r"news": "notification",
    r"older (consumer|notifier|function)s?": "legacy consumer",
    r"park(s|ed|ing)?": "scheduled for retry",
    r"patience": "RetryBudget",
    r"sets? aside": "quarantined, deferred",
    r"telling": "notifying",
    r"untold": "not notified",
    r"waves?": "concurrent calls",
}
# This file lists the former words, and the fakes of the tool still use some.
CODE = [
    path
    for path in python_files("src", "unc", "tests", "benchmarks")
    if not name_of(path).startswith(("tests/guards/test_words", "tests/cli/"))
]
# Output of commands stands between markers, in the words of the commands.
OUTPUT = re.compile(r"<!-- (\w+): begin -->.*?<!-- \1: end -->", re.DOTALL)


def found(words: dict[str, str], text: str) -> dict[str, str]:
    """Return the former words in a text, each with the word to use."""
    matches = {
        match[0]: better
        for word, better in words.items()
        for match in re.finditer(rf"(?<![a-z]){word}(?![a-z])", text, re.IGNORECASE)
    }
    return dict(sorted(matches.items()))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    assert found(GONE_FROM_PAGES, OUTPUT.sub("", page.read_text())) == {}


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_the_code_uses_the_words_of_the_glossary(path: Path) -> None:
    assert found(GONE, path.read_text()) == {}


def test_a_former_word_would_be_found() -> None:
    text = "A Letter is parked, a dead letter is not; see parked_news and newsletter."
    assert set(found(GONE_FROM_PAGES, text)) == {"Letter", "parked", "news"}


def test_the_glossary_names_each_term_once_in_one_sentence() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text()
    rows = re.findall(r"^\| (?!term|---)(.+?) \| (.+?) \|$", text, re.MULTILINE)
    terms = [term for term, _ in rows]
    assert len(terms) > 50 and len(terms) == len(set(terms))
    assert [
        term for term, meaning in rows if not re.fullmatch(r"[^.]*(\.\w[^.]*)*\.", meaning)
    ] == []


def test_every_name_that_the_glossary_gives_is_used_in_the_code() -> None:
    named = set(re.findall(r"`([A-Za-z_]+)`", (ROOT / "docs" / "glossary.md").read_text()))
    code = "\n".join(path.read_text() for path in python_files("src", "unc"))
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", code)] == []
