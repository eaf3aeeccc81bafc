"""A thousand messages of fifty people, with what a queue sees besides."""

import random
from dataclasses import dataclass

from tests.e2e.world import World, new_sender, write
from unc.messages.message import Message

SENDERS = 50
MESSAGES = 1_000
POISONED = 10
SENT_TWICE = 30
# As many write through one message group, as today's producer has it; the others have their own.
IN_ONE_GROUP = 5
ONE_GROUP = "webhook_group"
# A word that must not turn up in any log.
PRIVATE_WORD = "kumquat"


@dataclass(frozen=True)
class Sent:
    """A body on its way into a message group; `message` None: it is no message."""

    body: str
    group: str
    message: Message | None


@dataclass
class Traffic:
    """What is sent, in order."""

    sent: list[Sent]
    chance: random.Random

    @property
    def messages(self) -> list[Message]:
        """Each message once, in the order in which it was sent first."""
        found = {one.message.message_id: one.message for one in self.sent if one.message}
        return list(found.values())

    @property
    def poison(self) -> list[str]:
        return [one.body for one in self.sent if one.message is None]

    def by_sender(self) -> dict[str, list[Message]]:
        """Each sender's messages in the order in which they were sent."""
        found: dict[str, list[Message]] = {}
        for message in self.messages:
            found.setdefault(message.sender_id, []).append(message)
        return found

    def send(self, world: World) -> None:
        """Put everything onto the queue, one after the other, as fast as it takes it."""
        for one in self.sent:
            world.send(one.body, one.group)

    def send_more(self, world: World) -> None:
        """One more message of somebody, in the same group as before, and one more poison."""
        last = self.chance.choice([one for one in self.sent if one.message])
        assert last.message is not None
        message = write(last.message.sender_id, f"{PRIVATE_WORD} {len(self.sent)}")
        more = [
            Sent(message.body, last.group, message),
            Sent(f"no form {len(self.sent)}", last.group, None),
        ]
        self.sent += more
        for one in more:
            world.send(one.body, one.group)


def write_traffic(chance: random.Random) -> Traffic:
    """Write the messages, poison among them, and some webhooks a second time a while later."""
    senders = [new_sender() for _ in range(SENDERS)]
    turns = senders * (MESSAGES // SENDERS)
    chance.shuffle(turns)
    messages = [write(sender, f"{PRIVATE_WORD} {n}") for n, sender in enumerate(turns)]
    groups = {message.sender_id: message.sender_id for message in messages}
    groups |= dict.fromkeys(list(groups)[:IN_ONE_GROUP], ONE_GROUP)
    sent = [Sent(each.body, groups[each.sender_id], each) for each in messages]
    for again in chance.sample(sent, SENT_TWICE):
        sent.insert(chance.randint(sent.index(again) + 1, len(sent)), again)
    for n in range(POISONED):
        poison = Sent(f"no form {n}", chance.choice(list(groups.values())), None)
        sent.insert(chance.randint(0, len(sent)), poison)
    return Traffic(sent, chance)
