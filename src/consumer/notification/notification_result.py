"""What became of an invocation's notifications."""

from dataclasses import dataclass, field

from consumer.notification.step import PostEnd, Status, Step


@dataclass(slots=True)
class NotificationResult:
    """What became of each sender's notification; every sender is in one of the sets.

    One whose POST was accepted is in `unhandled` too if its wake-up could not be sent.
    `steps`: what was decided in detail, with how the POST ended where there was one.
    """

    notified: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    scheduled: set[str] = field(default_factory=set)
    dead_lettered: dict[str, str] = field(default_factory=dict)
    unhandled: set[str] = field(default_factory=set)
    unreadable_limits: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    steps: list[tuple[Step, PostEnd | None]] = field(default_factory=list)

    def note(self, step: Step, end: PostEnd | None = None) -> None:
        """Put the step's sender into the set of its status; `end`: how its POST ended."""
        self.steps.append((step, end))
        sender = step.notification.sender_id
        if step.status is Status.DEAD_LETTERED:
            self.dead_lettered[sender] = step.dead_letter
        elif step.status is not None:
            by_status = {
                Status.NOTIFIED: self.notified,
                Status.COVERED: self.covered,
                Status.LIMITED: self.limited,
                Status.DELETED: self.deleted,
                Status.OPTED_OUT: self.opted_out,
                Status.UNKNOWN: self.unknown,
                Status.WAITING: self.waiting,
                Status.SCHEDULED: self.scheduled,
            }
            by_status[step.status].add(sender)
        if step.unknown_id:
            self.unknown.add(sender)
