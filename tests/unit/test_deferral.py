"""Deferred notifications: after which attempt they end, and what is done first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from consumer.notification.notification import Notification
from consumer.notification.ports import Outcome
from handlers.dynamo_event_handler import handle_stream
from tests.support.builders import SENDER, notification, retry_record, stream_record
from tests.support.doubles import Context, MemoryNotifications, MemoryRetryQueue, StreamWorld

OTHER = "15550001"


class NotedQueue(MemoryRetryQueue):
    """Notes that it was called."""

    order: list[str]

    def schedule(self, notifications: Sequence[Notification]) -> set[str]:
        self.order.append("schedule")
        return super().schedule(notifications)


class NotedNotifications(MemoryNotifications):
    """Notes that it was called."""

    order: list[str]

    def settle(self, notified_through: Mapping[str, Decimal]) -> set[str]:
        self.order.append("settle")
        return super().settle(notified_through)


def test_retries_are_scheduled_before_the_notified_are_settled() -> None:
    """A death in between leaves an unknown outcome, and no sender without a notification."""
    world = StreamWorld()
    queue, notifications = NotedQueue(world.time), NotedNotifications(world.time)
    queue.order = notifications.order = []
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    dependencies = replace(world.dependencies, retry_queue=queue, notifications=notifications)
    handle_stream(
        [stream_record(), stream_record(sender_id={"S": OTHER})], Context(60.0), dependencies
    )
    assert queue.order == ["schedule", "settle"]
    assert [each.sender_id for each in queue.scheduled] == [SENDER]
    assert notifications.rows[OTHER].notified_through == notification().stored_at


@pytest.mark.parametrize(
    ("attempt", "scheduled", "reasons"),
    [
        (2, [3], []),
        (3, [4], []),
        (4, [], ["given up after 4 attempts"]),
        (5, [], ["given up after 5 attempts"]),
    ],
)
def test_a_notification_is_tried_as_often_as_was_set(
    attempt: int, scheduled: list[int], reasons: list[str]
) -> None:
    world = StreamWorld(max_attempts=4)
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    assert world.retry(retry_record(attempt=attempt)) == []
    assert [each.attempt for each in world.retry_queue.scheduled] == scheduled
    assert [each.reason for each in world.retry_queue.ended] == reasons
