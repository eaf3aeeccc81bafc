"""What may be decided about a sender's notification, and by which rules."""

from dataclasses import dataclass, replace
from enum import Enum

from consumer.notification.notification import Notification
from consumer.notification.state import NotificationState

# A follow-up comes in a later whole second than the end of the turn before: the reply service
# stamps its answers in whole seconds.
FOLLOW_UP_SECONDS = 1.0


class ResendUnknown(Enum):
    """What follows a POST of which nobody knows whether it was accepted."""

    CHECK = "check"
    NEVER = "never"
    ALWAYS = "always"


class Outcome(Enum):
    """How a POST to the reply service ended."""

    ACCEPTED = "accepted"
    CANNOT_DELIVER_NOW = "cannot deliver now"
    UNAUTHORIZED = "unauthorized"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"  # the time was over before the POST


@dataclass(frozen=True, slots=True)
class PostEnd:
    """How a POST ended. `code` says why: `Http422`, `NoAnswer:TimeoutError`; blank where unsent."""

    outcome: Outcome
    code: str = ""

    def explain(self, reason: str) -> str:
        """Return a reason with the code, which a person who looks into it needs."""
        return f"{reason}: {self.code}" if self.code else reason


@dataclass(frozen=True, slots=True)
class TurnRules:
    """Times in seconds. `open_seconds`: from a claim until its POST has ended, whatever hangs.

    `outcome_seconds`: from then until the reply service's evidence is looked at. `quiet_seconds`:
    how long nothing may have come before a POST; `longest_wait_seconds` however long somebody
    goes on writing.
    """

    max_attempts: int
    resend_unknown: ResendUnknown
    open_seconds: float
    outcome_seconds: float = 90.0
    quiet_seconds: float = 0.0
    longest_wait_seconds: float = 30.0
    answers_opt_outs: bool = False


class Status(Enum):
    """What became of a notification that is not POSTed now."""

    COVERED = "covered"
    LIMITED = "limited"
    DELETED = "deleted"
    OPTED_OUT = "opted out"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"
    DEAD_LETTERED = "dead-lettered"
    NOTIFIED = "notified"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do about a sender: send, then write the row.

    `wake_at`: send a wake-up for that moment first. `dead_letter`: send the notification to the
    dead-letter queue first, with this reason. `is_claim`: once the row is written, POST.
    `unknown_id`: the message of a POST whose outcome stays unknown.
    `limited_until`: the end of the limit that keeps it from being POSTed (epoch seconds);
    `is_paused`: an operator's pause has set that limit.
    """

    status: Status | None
    notification: Notification
    state: NotificationState
    wake_at: float | None = None
    dead_letter: str = ""
    is_claim: bool = False
    unknown_id: str = ""
    limited_until: float | None = None
    is_paused: bool = False


def waking(
    status: Status, notification: Notification, state: NotificationState, wake_at: float
) -> Step:
    """Let the sender be looked at again at a moment (epoch seconds)."""
    wake_at = round(wake_at, 3)  # as the row and the record hold it
    return Step(status, notification, replace(state, wake_at=wake_at), wake_at)


def given_up(
    notification: Notification, ended: NotificationState, reason: str, wake_at: float | None
) -> Step:
    """To the dead-letter queue; what is newer has a try of its own, after a while."""
    pending = ended.pending
    if pending and pending.notification.stored_at <= notification.stored_at:
        pending = None
    given_up = replace(ended, pending=pending)
    if pending is None or wake_at is None:
        return Step(Status.DEAD_LETTERED, notification, given_up, dead_letter=reason)
    step = waking(Status.DEAD_LETTERED, notification, given_up, wake_at)
    return replace(step, dead_letter=reason)
