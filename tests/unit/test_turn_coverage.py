"""What a turn covers, what its POST says, and what it costs."""

import pytest

from consumer.notification.state import NotificationState
from tests.support.builders import SENDER
from tests.support.doubles import StreamWorld, lines_with
from tests.support.turns import open_turn, sid


def test_a_fresh_lone_message_costs_a_read_a_claim_a_post_and_an_ending_write() -> None:
    world = StreamWorld()
    world.notify(world.store())
    assert world.calls == {"notifications.read": 1, "notifications.save": 2}
    [query] = world.notifications.queries
    assert (query.newest, query.evidence, query.absence, query.texts) == ([], {}, {}, [])
    assert len(world.replies.notified) == 1


def test_a_backlog_is_one_post_about_the_newest_stored() -> None:
    world = StreamWorld()
    backlog = []
    for number in range(1, 21):
        backlog.append(world.store(number, text=f"number {number}"))
        world.pass_time(1)
    world.pass_time(60)
    world.receive(*backlog)
    world.wake_all()
    assert world.replies.texts == ["number 20"]
    assert [each.message_id for each in world.replies.notified] == [sid(20)]


def test_a_message_stored_before_the_last_turn_ended_reads_the_newest_stored() -> None:
    world = StreamWorld()
    first, second = world.store(1), world.store(2, text="two")
    world.put_row(NotificationState(turn_ended_at=world.now + 0.5))
    world.pass_time(2)
    world.notify(first)
    assert [each.message_id for each in world.replies.notified] == [sid(2)]
    world.notify(second)
    assert len(world.replies.notified) == 1


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["one", ""], "one"),
        (["one", " \n"], "one"),
        (["one", "two"], "two"),
        (["", "two", ""], "two"),
        (["", ""], ""),
    ],
)
def test_the_text_is_the_newest_that_is_not_blank_of_those_it_covers(
    texts: list[str], said: str
) -> None:
    """Whether they come in one batch, from what is pending, or from what is stored."""
    worlds = batch, waiting, backlog = StreamWorld(), StreamWorld(), StreamWorld()
    records = []
    for number, text in enumerate(texts, 1):
        records.append(batch.store(number, text=text))
        batch.pass_time(0.1)
    batch.notify(*records)
    open_turn(waiting, 9, text="covered before")
    for number, text in enumerate(texts, 10):
        waiting.pass_time(0.1)
        waiting.notify(waiting.store(number, text=text))
    waiting.tables.put_reply(SENDER, waiting.now)
    waiting.wake_all()
    for number, text in enumerate(texts, 1):
        last = backlog.store(number, text=text)
        backlog.pass_time(60)
    backlog.notify(last)
    assert [(world.replies.texts[-1] or "").strip() for world in worlds] == [said] * 3


def test_a_message_that_was_deleted_is_not_told_and_waits_no_more() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    world.tables.put_reply(SENDER, world.now)
    world.tables.chats.clear()
    world.tables.chat_index.__init__()  # type: ignore[misc]
    world.wake_all()
    assert world.replies.notified == []
    assert world.row().pending is None
    assert lines_with(world, "notifications handled")[-1]["Deleted"] == 1
