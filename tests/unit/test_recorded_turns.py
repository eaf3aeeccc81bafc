"""How many POSTs the end-to-end test of bursts allows, for times that are known."""

import pytest

from tests.support.turns import most_posts

BURST = [0.0, 0.7, 1.4, 2.1]


@pytest.mark.parametrize(("quiet_seconds", "posts"), [(0.0, 2), (2.0, 1)])
def test_an_undisturbed_burst_has_two_posts_and_one_with_a_quiet_time(
    quiet_seconds: float, posts: int
) -> None:
    """Each reply takes three seconds, and whoever sends a POST a message has four answers."""
    assert most_posts(BURST, [3.2, 7.3, 11.4, 15.5], quiet_seconds) == posts


def test_a_message_alone_has_one_post() -> None:
    assert most_posts([5.0], [6.0, 7.0], 0.0) == 1


def test_a_message_after_the_first_answer_may_have_a_post_of_its_own() -> None:
    assert most_posts([0.0, 0.7, 3.5], [3.2, 7.3, 11.4], 0.0) == 3


def test_a_gap_as_long_as_the_quiet_time_allows_another_post() -> None:
    assert most_posts([0.0, 0.7, 3.5], [3.2, 7.3], 2.0) == 2
