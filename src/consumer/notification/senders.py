"""What is known about the senders of one invocation, and the writing of their rows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from consumer.notification.facts import Facts, Need, facts_of, is_read
from consumer.notification.notification import Notification
from consumer.notification.ports import NotificationQuery, NotificationStore
from consumer.notification.state import NotificationState, StateChange


class Senders:
    """Reads and writes once each time it is called; who calls decides what is tried again.

    `problems`: takes what went wrong, for the log. `on_conflict`: told the senders whose rows
    somebody else has written since they were read.
    """

    def __init__(
        self,
        store: NotificationStore,
        clock: Callable[[], float],
        new_token: Callable[[], str],
        problems: list[str],
        on_conflict: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_token = new_token
        self._problems = problems
        self._on_conflict = on_conflict
        self.facts: dict[str, Facts] = {}
        self._absence_reads: Counter[str] = Counter()

    def read(self, left: Mapping[str, Notification], needs: Mapping[str, Need]) -> bool:
        """Read what is not known and what is needed; gives whether reading is in vain."""
        now = self._clock()
        new = [each for sender, each in left.items() if sender not in self.facts]
        reads = self._store.read(
            NotificationQuery(
                states=[each.sender_id for each in new],
                sessions=sorted(
                    {each.session_id for each in new if each.session_id}
                    | {id for need in needs.values() for id in need.sessions}
                ),
                texts=[key for need in needs.values() for key in need.texts],
                newest=[s for s, need in needs.items() if need.newest]
                + [each.sender_id for each in new if each.wake_at is not None],
                evidence={
                    s: need.evidence_since
                    for s, need in needs.items()
                    if need.evidence_since is not None
                },
                absence=self._absence(needs),
            )
        )
        self._problems += reads.problems
        for each in new:
            if is_read(each, reads):
                self.facts[each.sender_id] = facts_of(each, reads, now)
        for sender, need in needs.items():
            self.facts[sender].add(sender, reads, now, need.sessions)
        return reads.is_rejected

    def read_rows_again(self, senders: Iterable[str]) -> None:
        """Read rows that may have changed."""
        reads = self._store.read(NotificationQuery(states=list(senders)))
        self._problems += reads.problems
        for sender, state in reads.states.items():
            self.facts[sender].state = state

    def _absence(self, needs: Mapping[str, Need]) -> dict[str, float]:
        """Whose absence of an answer is confirmed: one sender's, which may take many pages.

        Each has its turn, so that one whose read fails again and again keeps no other waiting.
        """
        since = {s: n.absence_since for s, n in needs.items() if n.absence_since is not None}
        if not since:
            return {}
        sender = min(since, key=self._absence_reads.__getitem__)
        self._absence_reads[sender] += 1
        return {sender: since[sender]}

    def forget(self, senders: Iterable[str]) -> None:
        """Everything about them is read anew."""
        for sender in senders:
            del self.facts[sender]

    def row(self, sender: str) -> NotificationState:
        return self.facts[sender].state

    def rows(self, senders: Iterable[str]) -> dict[str, NotificationState]:
        return {sender: self.row(sender) for sender in senders}

    def save(self, states: Mapping[str, NotificationState]) -> set[str]:
        """Write the rows that change; gives the senders whose row is as it shall be."""
        changes = [
            StateChange(s, self.row(s).revision, replace(state, revision=self._new_token()))
            for s, state in states.items()
            if state != self.row(s)
        ]
        unchanged = states.keys() - {each.sender_id for each in changes}
        if not changes:
            return unchanged
        answer = self._store.save(changes)
        self._problems += answer.problems
        self._on_conflict(answer.conflicts)
        for each in changes:
            if each.sender_id in answer.saved:
                self.facts[each.sender_id].state = each.after
        return unchanged | answer.saved
