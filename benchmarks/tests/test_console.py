"""The console's benchmark measures what it says; how long that takes is for a quiet machine."""

import pytest

from benchmarks import console

pytestmark = pytest.mark.emulator


def test_it_times_the_first_page_and_each_view() -> None:
    measured = console.main(chats=100, rounds=1)
    assert measured["chats"] == 100
    assert measured["first page"] > 0
    assert measured["pages"].keys() == measured["times unc status"].keys()
    assert {"now", "people", "a conversation"} <= measured["pages"].keys()
