"""How the notifier works: its turns, its rounds, and how long each step may take."""

from dataclasses import dataclass

from consumer.notification.step import TurnRules

# Ending a turn: a dead letter, a wake-up and the row.
STEPS = 3
# Deciding about senders: a read, and the same, whose rows may take two writes.
PASS = 5


@dataclass(frozen=True, slots=True)
class NotifierRules:
    """`round_size`: how many POSTs are open at once. Times in seconds.

    `post_seconds`: the longest that a round of POSTs takes. `call_seconds`: any other call.
    `seconds_to_start`: how long after its claim a POST may start.
    """

    turns: TurnRules
    post_seconds: float
    call_seconds: float
    round_size: int
    seconds_to_start: float

    def seconds_to_begin(self, given: float) -> float:
        """What has to be left for a round to begin, in an invocation that was `given` so much.

        It is enough for every call after the POSTs to hang: the round's turns are ended, and
        then what is left of all rounds is scheduled. Where less was given to begin with, a later
        invocation has no more: then what is left after one slow call will do, as long as the
        POSTs can end.
        """
        enough = self.post_seconds + 2 * STEPS * self.call_seconds
        return min(enough, max(self.post_seconds, given - self.call_seconds))
