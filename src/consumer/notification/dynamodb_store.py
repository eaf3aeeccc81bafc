"""Every DynamoDB expression of the `notifications` table, and the reads that go with it."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item, number, text
from consumer.aws.dynamodb import MAX_ACTIONS, MAX_KEYS, DynamoDb, Read, ReadResult, Reason, chunks
from consumer.conversation.chat_table import text_of, text_read
from consumer.conversation.session_table import session_of, session_read
from consumer.errors import Refused, Unavailable
from consumer.notification.ports import ClaimResult, NotificationReads
from consumer.notification.state import NOBODY, Claim, NotificationState
from consumer.webhook.message import ChatKey

# Not claimed, or claimed for older news, or by a claim that this one may take the place of.
_CLAIMABLE = (
    "(attribute_not_exists(through) OR through < :moment) AND "
    "(attribute_not_exists(claimed) OR claimed < :moment OR "
    "(claimed = :moment AND claimed_by IN ({replaceable})))"
)
_CLAIM = (
    "SET claimed = :moment, claimed_by = :token, message_id = :message_id, expires_at = :expires_at"
)


class DynamoNotificationStore:
    """Who has been told up to where; see NotificationStore."""

    def __init__(self, dynamodb: DynamoDb, notifications: str, sessions: str, chats: str) -> None:
        self._dynamodb = dynamodb
        self._notifications = notifications
        self._sessions = sessions
        self._chats = chats

    def read(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> NotificationReads:
        """Read all keys in one wave of consistent reads."""
        reads = NotificationReads()
        keys = [session_read(self._sessions, each) for each in sessions]
        keys += [Read(self._notifications, _key(each)) for each in senders]
        keys += [text_read(self._chats, key) for key in chats]
        started = [self._dynamodb.start_batch_get(part) for part in chunks(keys, MAX_KEYS)]
        for finish in started:
            self._note(finish(), reads)
        return reads

    def claim(self, claims: Sequence[Claim]) -> ClaimResult:
        """Claim by conditional update; a failed condition is a claim lost."""
        actions = {claim.notification.sender_id: self._claim(claim) for claim in claims}
        applied, is_rejected, problems = self._apply(actions)
        return ClaimResult(applied, is_rejected, problems)

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """Give back claims that still stand, so that anybody may claim the same news."""
        actions = {claim.notification.sender_id: self._release(claim) for claim in claims}
        applied, is_rejected, _ = self._apply(actions)
        return applied | is_rejected

    def settle(self, notified_through: Mapping[str, Decimal]) -> set[str]:
        """Raise `through`; a row that is further already counts as settled."""
        actions = {
            sender: self._settle(sender, moment) for sender, moment in notified_through.items()
        }
        applied, is_rejected, _ = self._apply(actions)
        return applied | is_rejected

    def _note(self, found: ReadResult, reads: NotificationReads) -> None:
        reads.problems += found.problems
        reads.is_rejected |= found.is_rejected
        for wanted, item in found.answered:
            if wanted.table == self._sessions:
                session_id = wanted.key["session_id"]["S"]
                reads.sessions[session_id] = session_of(item) if item else None
            elif wanted.table == self._notifications:
                sender_id = wanted.key["sender_id"]["S"]
                reads.notifications[sender_id] = _notification(item) if item else None
            else:
                key = ChatKey(wanted.key["sender_id"]["S"], wanted.key["message_id"]["S"])
                reads.texts[key] = text_of(item) if item else None

    def _apply(self, actions: Mapping[str, dict[str, Any]]) -> tuple[set[str], set[str], list[str]]:
        """Apply updates by sender: all at once, then those that others kept from it."""
        applied: set[str] = set()
        is_rejected: set[str] = set()
        problems: list[str] = []
        for part in chunks(list(actions), MAX_ACTIONS):
            held_up = self._try(part, actions, applied, is_rejected, problems)
            if held_up:
                self._try(held_up, actions, applied, is_rejected, problems)
        return applied, is_rejected, problems

    def _try(
        self,
        senders: Sequence[str],
        actions: Mapping[str, dict[str, Any]],
        applied: set[str],
        is_rejected: set[str],
        problems: list[str],
    ) -> list[str]:
        """One transaction; gives the senders that only others' failures held up."""
        try:
            reasons = self._dynamodb.write([{"Update": actions[each]} for each in senders])
        except (Unavailable, Refused) as error:
            problems.append(f"write:{error.code}")
            return []
        if not reasons:
            applied.update(senders)
            return []
        by_sender: dict[str, Reason] = dict(zip(senders, reasons, strict=True))
        is_rejected.update(s for s, reason in by_sender.items() if reason.is_condition)
        held_up = [s for s, reason in by_sender.items() if reason.code == "None"]
        troubled = [
            r.code for s, r in by_sender.items() if s not in held_up and s not in is_rejected
        ]
        problems.extend(f"write:{code}" for code in troubled)
        return held_up

    def _claim(self, claim: Claim) -> dict[str, Any]:
        replaceable = {f"token{n}": {"S": each} for n, each in enumerate(claim.replaces)}
        return self._update(
            claim.notification.sender_id,
            _CLAIM,
            _CLAIMABLE.format(replaceable=", ".join(f":{name}" for name in replaceable)),
            moment={"N": str(claim.notification.stored_at)},
            token={"S": claim.token},
            message_id={"S": claim.notification.message_id},
            expires_at={"N": str(claim.expires_at)},
            **replaceable,
        )

    def _release(self, claim: Claim) -> dict[str, Any]:
        return self._update(
            claim.notification.sender_id,
            "SET claimed_by = :nobody",
            "claimed_by = :token",
            nobody={"S": NOBODY},
            token={"S": claim.token},
        )

    def _settle(self, sender_id: str, notified_through: Decimal) -> dict[str, Any]:
        return self._update(
            sender_id,
            "SET through = :moment",
            "attribute_not_exists(through) OR through < :moment",
            moment={"N": str(notified_through)},
        )

    def _update(
        self, sender_id: str, expression: str, condition: str, **values: dict[str, str]
    ) -> dict[str, Any]:
        return {
            "TableName": self._notifications,
            "Key": _key(sender_id),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }


def _key(sender_id: str) -> Item:
    return {"sender_id": {"S": sender_id}}


def _notification(item: Item) -> NotificationState:
    return NotificationState(
        claimed=number(item, "claimed"),
        claimed_by=text(item, "claimed_by"),
        notified_through=number(item, "through"),
        message_id=text(item, "message_id"),
        expires_at=int(number(item, "expires_at") or 0),
    )
