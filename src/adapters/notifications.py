"""Every DynamoDB expression of the `notifications` table, and the reads that go with it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from adapters.chats import text_of, text_read
from adapters.dynamodb import MAX_ACTIONS, MAX_KEYS, DynamoDb, Found, Read, Reason, chunks
from adapters.sessions import session_of, session_read
from adapters.values import Item, number, text
from adapters.wave import Wave
from domain.chats import ChatKey
from domain.errors import Refused, Unavailable
from domain.notifications import NOBODY, Claim, Notification
from domain.ports import Audience, Claimed

# Not claimed, or claimed for older news, or by a claim that this one may take the place of.
_CLAIMABLE = (
    "(attribute_not_exists(through) OR through < :moment) AND "
    "(attribute_not_exists(claimed) OR claimed < :moment OR "
    "(claimed = :moment AND claimed_by IN ({replaceable})))"
)
_CLAIM = (
    "SET claimed = :moment, claimed_by = :token, message_id = :message_id, expires_at = :expires_at"
)


class DynamoNotifications:
    """Who has been told up to where; see NotificationStore."""

    def __init__(
        self, dynamodb: DynamoDb, wave: Wave, notifications: str, sessions: str, chats: str
    ) -> None:
        self._dynamodb = dynamodb
        self._wave = wave
        self._notifications = notifications
        self._sessions = sessions
        self._chats = chats

    def look_up(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> Audience:
        """Read all keys in one wave of consistent reads."""
        audience = Audience()
        reads = [session_read(self._sessions, each) for each in sessions]
        reads += [Read(self._notifications, _key(each)) for each in senders]
        reads += [text_read(self._chats, key) for key in chats]
        parts = list(chunks(reads, MAX_KEYS))
        self._wave.run([partial(self._read, part, audience) for part in parts])
        return audience

    def claim(self, claims: Sequence[Claim]) -> Claimed:
        """Claim by conditional update; a failed condition is a claim lost."""
        actions = {claim.news.sender_id: self._claim(claim) for claim in claims}
        applied, declined, problems = self._apply(actions)
        return Claimed(applied, declined, problems)

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """Give back claims that still stand, so that anybody may claim the same news."""
        actions = {claim.news.sender_id: self._release(claim) for claim in claims}
        applied, declined, _ = self._apply(actions)
        return applied | declined

    def settle(self, through: Mapping[str, Decimal]) -> set[str]:
        """Raise `through`; a row that is further already counts as settled."""
        actions = {sender: self._settle(sender, moment) for sender, moment in through.items()}
        applied, declined, _ = self._apply(actions)
        return applied | declined

    def _read(self, reads: Sequence[Read], audience: Audience) -> Callable[[], None]:
        return partial(self._note, self._dynamodb.start_batch_get(reads), audience)

    def _note(self, read: Callable[[], Found], audience: Audience) -> None:
        found = read()
        audience.problems += found.problems
        audience.declined |= found.declined
        for wanted, item in found.answered:
            if wanted.table == self._sessions:
                session_id = wanted.key["session_id"]["S"]
                audience.sessions[session_id] = session_of(item) if item else None
            elif wanted.table == self._notifications:
                sender_id = wanted.key["sender_id"]["S"]
                audience.notifications[sender_id] = _notification(item) if item else None
            else:
                key = ChatKey(wanted.key["sender_id"]["S"], wanted.key["message_id"]["S"])
                audience.texts[key] = text_of(item) if item else None

    def _apply(self, actions: Mapping[str, dict[str, Any]]) -> tuple[set[str], set[str], list[str]]:
        """Apply updates by sender: all at once, then those that others kept from it."""
        applied: set[str] = set()
        declined: set[str] = set()
        problems: list[str] = []
        for part in chunks(list(actions), MAX_ACTIONS):
            held_up = self._try(part, actions, applied, declined, problems)
            if held_up:
                self._try(held_up, actions, applied, declined, problems)
        return applied, declined, problems

    def _try(
        self,
        senders: Sequence[str],
        actions: Mapping[str, dict[str, Any]],
        applied: set[str],
        declined: set[str],
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
        declined.update(s for s, reason in by_sender.items() if reason.is_condition)
        held_up = [s for s, reason in by_sender.items() if reason.code == "None"]
        troubled = [r.code for s, r in by_sender.items() if s not in held_up and s not in declined]
        problems.extend(f"write:{code}" for code in troubled)
        return held_up

    def _claim(self, claim: Claim) -> dict[str, Any]:
        replaceable = {f"token{n}": {"S": each} for n, each in enumerate(claim.replaces)}
        return self._update(
            claim.news.sender_id,
            _CLAIM,
            _CLAIMABLE.format(replaceable=", ".join(f":{name}" for name in replaceable)),
            moment={"N": str(claim.news.stored_at)},
            token={"S": claim.token},
            message_id={"S": claim.news.message_id},
            expires_at={"N": str(claim.expires_at)},
            **replaceable,
        )

    def _release(self, claim: Claim) -> dict[str, Any]:
        return self._update(
            claim.news.sender_id,
            "SET claimed_by = :nobody",
            "claimed_by = :token",
            nobody={"S": NOBODY},
            token={"S": claim.token},
        )

    def _settle(self, sender_id: str, through: Decimal) -> dict[str, Any]:
        return self._update(
            sender_id,
            "SET through = :moment",
            "attribute_not_exists(through) OR through < :moment",
            moment={"N": str(through)},
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


def _notification(item: Item) -> Notification:
    return Notification(
        claimed=number(item, "claimed"),
        claimed_by=text(item, "claimed_by"),
        through=number(item, "through"),
        message_id=text(item, "message_id"),
        expires_at=int(number(item, "expires_at") or 0),
    )
