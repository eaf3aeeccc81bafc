"""The `notifications` table and the reads that go with it: the NotificationStore on AWS."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from consumer.aws.attribute_values import Item
from consumer.aws.dynamodb import MAX_ACTIONS, MAX_KEYS, DynamoDb, Read, ReadResult, Reason, chunks
from consumer.conversation.chat_table import (
    newest_chats_query,
    replies_query,
    replies_scan,
    text_of,
    text_read,
)
from consumer.conversation.session import is_limited_since
from consumer.conversation.session_table import newest_query, session_of, session_read
from consumer.errors import Refused, Unavailable
from consumer.notification.notification_table import state_of, state_put, state_read
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.state import NotificationState, StateChange
from consumer.notification.stream_record import notification_of
from consumer.webhook.message import ChatKey

# Answers stand between the messages of a conversation.
NEWEST_CHATS = 25
# The reply service may have opened sessions since the claim.
NEWEST_SESSIONS = 5

Finish = Callable[[], None]


class DynamoNotificationStore:
    """See NotificationStore."""

    def __init__(self, dynamodb: DynamoDb, notifications: str, sessions: str, chats: str) -> None:
        self._dynamodb = dynamodb
        self._notifications = notifications
        self._sessions = sessions
        self._chats = chats

    def read(self, query: NotificationQuery) -> NotificationReads:
        """Make all reads concurrently; absence needs a second one."""
        reads = NotificationReads()
        keys = [session_read(self._sessions, each) for each in query.sessions]
        keys += [state_read(self._notifications, each) for each in query.states]
        keys += [text_read(self._chats, key) for key in dict.fromkeys(query.texts)]
        finishes: list[Finish] = [self._start_keys(p, reads) for p in chunks(keys, MAX_KEYS)]
        finishes += [self._start_newest(sender, reads) for sender in query.newest]
        finishes += [self._start_evidence(s, since, reads) for s, since in query.evidence.items()]
        for finish in finishes:
            _try(finish, reads)
        for sender, since in query.absence.items():
            _try(partial(self._confirm_absence, sender, since, reads), reads)
        return reads

    def save(self, changes: Sequence[StateChange]) -> SaveResult:
        """Write all at once, then those that others kept from it."""
        result = SaveResult()
        for part in chunks(list(changes), MAX_ACTIONS):
            held_up = self._transact(part, result)
            if held_up:
                self._transact(held_up, result)
        return result

    def _start_keys(self, keys: Sequence[Read], reads: NotificationReads) -> Finish:
        finish = self._dynamodb.start_batch_get(keys)
        return lambda: self._note(finish(), reads)

    def _note(self, found: ReadResult, reads: NotificationReads) -> None:
        reads.problems += found.problems
        reads.is_rejected |= found.is_rejected
        for wanted, item in found.answered:
            if wanted.table == self._sessions:
                session_id = wanted.key["session_id"]["S"]
                reads.sessions[session_id] = session_of(item) if item else None
            elif wanted.table == self._notifications:
                sender = wanted.key["sender_id"]["S"]
                reads.states[sender] = state_of(sender, item) if item else NotificationState()
            else:
                key = ChatKey(wanted.key["sender_id"]["S"], wanted.key["message_id"]["S"])
                reads.texts[key] = text_of(item) if item else None

    def _start_newest(self, sender: str, reads: NotificationReads) -> Finish:
        chats = self._query(newest_chats_query(self._chats, sender, NEWEST_CHATS))
        sessions = self._query(newest_query(self._sessions, sender))

        def finish() -> None:
            newest = [each for item in chats() if (each := notification_of(item))]
            current = [session_of(item) for item in sessions()]
            reads.newest[sender] = newest
            reads.current_sessions[sender] = current[0] if current else None

        return finish

    def _start_evidence(self, sender: str, since: float, reads: NotificationReads) -> Finish:
        replies = self._query(replies_query(self._chats, sender, int(since)))
        sessions = self._query(newest_query(self._sessions, sender, NEWEST_SESSIONS))

        def finish() -> None:
            found = [session_of(item) for item in sessions()]
            is_limited = any(is_limited_since(each, since) for each in found)
            reads.evidence[sender] = bool(replies()) or is_limited

        return finish

    def _confirm_absence(self, sender: str, since: float, reads: NotificationReads) -> None:
        """Read consistently: the sender's chats, and the sessions that the index knows."""
        request = replies_scan(self._chats, sender, int(since))
        has_replied = any(self._dynamodb.query_pages(request))
        found = self._query(newest_query(self._sessions, sender, NEWEST_SESSIONS))()
        keys = [session_read(self._sessions, session_of(item).session_id) for item in found]
        rows = self._dynamodb.start_batch_get(keys)() if keys else ReadResult()
        if len(rows.answered) < len(keys):
            raise Unavailable("BatchGetItem:UnprocessedKeys")
        sessions = [session_of(item) for _, item in rows.answered if item]
        is_limited = any(is_limited_since(each, since) for each in sessions)
        reads.absence[sender] = not (has_replied or is_limited)

    def _query(self, request: dict[str, Any]) -> Callable[[], list[Item]]:
        return self._dynamodb.start_query(request)

    def _transact(self, changes: Sequence[StateChange], result: SaveResult) -> list[StateChange]:
        """One transaction; gives the changes that only others' failures held up."""
        try:
            reasons = self._dynamodb.write([state_put(self._notifications, c) for c in changes])
        except (Unavailable, Refused) as error:
            result.problems.append(f"write:{error.code}")
            return []
        if not reasons:
            result.saved.update(each.sender_id for each in changes)
            return []
        by_sender = dict(zip([each.sender_id for each in changes], reasons, strict=True))
        _note_conflicts(by_sender, result)
        return [each for each in changes if by_sender[each.sender_id].is_none]


def _note_conflicts(reasons: Mapping[str, Reason], result: SaveResult) -> None:
    for sender, reason in reasons.items():
        if reason.is_condition:
            result.conflicts.add(sender)
        elif not reason.is_none:
            result.problems.append(f"write:{reason.code}")


def _try(finish: Finish, reads: NotificationReads) -> None:
    try:
        finish()
    except (Unavailable, Refused) as error:
        reads.problems.append(f"Query:{error}")
        reads.is_rejected |= isinstance(error, Refused)
