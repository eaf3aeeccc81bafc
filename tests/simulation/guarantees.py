"""G1 to G7, checked when nothing in a history is due any more."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import combinations, pairwise

from consumer.notification.step import ResendUnknown
from consumer.webhook.message import ChatKey
from tests.simulation import documented_limits
from tests.simulation.facts import Stored, notifications_in
from tests.simulation.outside import Outside
from tests.simulation.stream_mapping import StreamMapping
from tests.simulation.webhooks import Kind
from tests.support.memory.observer import Post


class Guarantees:
    """Checks each guarantee against the tables, the queues and the ledger."""

    def __init__(self, outside: Outside, stream: StreamMapping) -> None:
        self._ledger = outside.ledger
        self._outside = outside
        self._chats = outside.tables.chats
        self._stream = stream

    def check(self) -> None:
        """Note every violation in the ledger."""
        self.nothing_lost()
        self.nothing_doubled()
        self.in_order()
        self.bad_input_dead_lettered()
        self.someone_answers()
        self.no_double_answers()

    def check_after_redrive(self) -> None:
        """Once nothing goes wrong any more and the operator has redriven everything."""
        self.check()
        self.good_input_stored()

    def nothing_lost(self) -> None:
        """G1: every message that left the queue is in `chats` or in the dead-letter queue."""
        for each in self._ledger.submissions:
            stored = each.key in self._chats
            if each.kind is not Kind.CALLBACK and not stored and not each.dead_lettered:
                self._violated("G1", f"{each.kind.value} {each.webhook.number} is lost")
        if self._outside.queue.messages or self._outside.retries.messages:
            self._violated("G1", "a queue never empties")

    def nothing_doubled(self) -> None:
        """G2: what was stored once is as it was."""
        for key, stored in self._ledger.stored.items():
            if self._chats.get(key) != stored.row:
                self._violated("G2", f"chat {key.message_id} is not as it was stored")

    def in_order(self) -> None:
        """G3: by `created_at`, each sender's messages stand as they were queued."""
        by_sender: defaultdict[str, list[Stored]] = defaultdict(list)
        for stored in self._ledger.stored.values():
            by_sender[stored.sender_id].append(stored)
        for chats in by_sender.values():
            self._expect_order(sorted(chats, key=lambda each: each.row["created_at"]))

    def _expect_order(self, chats: list[Stored]) -> None:
        kept = [
            stored.submission.ordinal
            for stored in chats
            if stored.submission and stored.row["created_at"] == stored.submission.places[0]
        ]
        if any(one >= next_ for one, next_ in pairwise(kept)):
            self._violated("G3", f"the messages of {chats[0].sender_id} are out of order: {kept}")

    def bad_input_dead_lettered(self) -> None:
        """G5: what never parses is in the dead-letter queue and nowhere else."""
        known = {each.key for each in self._ledger.submissions if each.kind.is_good}
        for key in self._chats:
            if key not in known:
                self._violated("G5", f"chat {key.message_id} is no message")

    def good_input_stored(self) -> None:
        """G5: what can be stored is stored in the end, whatever it had to go through."""
        for each in self._ledger.submissions:
            if each.kind.is_good and each.key not in self._chats:
                self._violated("G5", f"{each.kind.value} {each.webhook.number} is never stored")

    def someone_answers(self) -> None:
        """G6: an accepted POST made after it was stored, unless its session is limited."""
        left = self._with_operator()
        for key, stored in self._ledger.stored.items():
            if self._ledger.is_answered(key):
                continue
            if not self._needs_no_answer(stored, left):
                self._violated("G6", f"the reply service was not notified about chat {_short(key)}")

    def _needs_no_answer(self, stored: Stored, left: list[tuple[str, Decimal]]) -> bool:
        ledger = self._ledger
        limits = {
            "G6 limited": documented_limits.is_limited(stored, ledger),
            "G6 unknown outcome": self._is_left_unknown(stored),
            "G6 with the operator": documented_limits.is_with_operator(stored, left),
            "G6 two writes raced": documented_limits.was_overtaken(stored, ledger),
            "G6 a clock behind the reply service's": bool(self._outside.settings.notifier_skew)
            and documented_limits.is_taken_for_another(stored, ledger),
        }
        return any(ledger.allow(why, stored.moment, holds) for why, holds in limits.items())

    def _is_left_unknown(self, stored: Stored) -> bool:
        never = self._outside.settings.resend_unknown is ResendUnknown.NEVER
        return never and documented_limits.has_unknown_outcome(stored, self._ledger)

    def _with_operator(self) -> list[tuple[str, Decimal]]:
        images = [record["dynamodb"]["NewImage"] for record in self._stream.failures]
        failed = [(each["sender_id"]["S"], Decimal(each["stored_at"]["N"])) for each in images]
        return failed + notifications_in(self._outside.reply_dead_letters.messages.values())

    def no_double_answers(self) -> None:
        """G7: no second POST for a notification that an accepted POST has covered."""
        for posts in self._ledger.posts.values():
            accepted = sorted((p for p in posts if p.accepted), key=lambda p: p.started)
            for first, second in combinations(accepted, 2):
                if self._is_second_answer(first, second):
                    self._violated(
                        "G7", f"two answers about chat {_short(second.notification.key)}"
                    )

    def _is_second_answer(self, first: Post, second: Post) -> bool:
        """The same notification at any time, or an older one once the newer one was accepted."""
        is_same = second.notification.stored_at == first.notification.stored_at
        is_older = second.notification.stored_at < first.notification.stored_at
        is_later = second.started > (first.accepted or 0)
        if not (is_same or (is_older and is_later)):
            return False
        on_purpose = documented_limits.is_sent_again_on_purpose(first, second, self._ledger)
        looks = self._outside.settings.resend_unknown is ResendUnknown.CHECK
        is_wanted = on_purpose and not (looks and first.left_trace)
        has_skew = bool(self._outside.settings.notifier_skew)
        is_hidden = (
            has_skew and on_purpose and documented_limits.is_answered_before_its_claim(first)
        )
        return not self._ledger.allow(
            "G7 sent again on purpose", second.started, is_wanted
        ) and not self._ledger.allow(
            "G7 a clock ahead of the reply service's", second.started, is_hidden
        )

    def _violated(self, guarantee: str, what: str) -> None:
        self._ledger.violated(guarantee, what)


def _short(key: ChatKey) -> str:
    return key.message_id.lstrip("SM0") or "0"
