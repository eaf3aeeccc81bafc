"""One history: in-memory services, the real handlers, injected faults, and then none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.simulation.containers import Containers, notify_retries, notify_stream, store
from tests.simulation.facts import Violation
from tests.simulation.functions import Function, Invocation
from tests.simulation.guarantees import Guarantees
from tests.simulation.ledger import Ledger
from tests.simulation.operator import Operator
from tests.simulation.outside import Outside
from tests.simulation.pausing import Pausing
from tests.simulation.producers import INTAKE_CHANCE, Twilio, queue_directly
from tests.simulation.queue_mapping import Handle, QueueMapping
from tests.simulation.settings import START, draw_settings
from tests.simulation.step_checks import StepChecks
from tests.simulation.stream_mapping import StreamMapping
from tests.simulation.webhooks import Webhook, draw_webhooks
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import Fault
from tests.support.memory.observer import Post
from tests.support.memory.queues import FifoQueue, StandardQueue
from tests.support.memory.tables import Commit

# Moments are written in whole milliseconds, and calls take time.
CLOCK_STEP_SECONDS = 0.03

QUEUE_FUNCTION_SECONDS = 30.0
NOTIFIER_SECONDS = 90.0
INTAKE_SECONDS = 12.0
"""As in infra/template.yaml."""


@dataclass(frozen=True, slots=True)
class Case:
    """Which history: a seed, and, made short, only these webhooks and these faults."""

    seed: int
    webhooks: frozenset[int] | None = None
    faults: frozenset[str] | None = None


class History:
    """Everything of one history; `run` runs it once."""

    def __init__(self, case: Case, ledger: type[Ledger] = Ledger) -> None:
        self.chance = Chance(case.seed)
        self.settings = draw_settings(self.chance)
        self._drawn = draw_webhooks(self.chance, self.settings)
        self.webhooks: Sequence[Webhook] = [
            each for each in self._drawn if case.webhooks is None or each.number in case.webhooks
        ]
        self.outside = Outside(self.chance, self.settings, case.faults, ledger)
        self.ledger = self.outside.ledger
        self.faults = self.outside.faults
        self._checks = StepChecks(self.ledger, self.outside.tables, self.settings)
        self._operator = self._new_operator()
        self._pausing = Pausing(self.outside, self.chance.stream("pausing"))
        self.is_through_intake = self.chance.stream("producer").random() < INTAKE_CHANCE
        self.twilio = Twilio(self.outside)
        self._map_functions(Containers(self.outside))
        self._connect()

    def run(self) -> list[Violation]:
        """Let it all happen, then let the operator redrive what is left; gives what went wrong."""
        scheduler = self.outside.scheduler
        guarantees = Guarantees(self.outside, self._stream)
        self._schedule()
        scheduler.run()
        guarantees.check()
        scheduler.start(self._operator.redrive)
        scheduler.run()
        guarantees.check_after_redrive()
        return self.ledger.violations

    def _map_functions(self, containers: Containers) -> None:
        settings, outside = self.settings, self.outside
        queue_function = self._function(
            "queue_function", containers.queue_dependencies, QUEUE_FUNCTION_SECONDS
        )
        notifier = self._function("notifier", containers.notifier_dependencies, NOTIFIER_SECONDS)
        new_intake = partial(containers.intake_dependencies, self.twilio.accepted)
        self.twilio.intake = self._function("intake function", new_intake, INTAKE_SECONDS)
        self._storing = self._mapping(
            "intake", outside.queue, queue_function, store, settings.visibility
        )
        self._retrying = self._mapping(
            "retrying", outside.retries, notifier, notify_retries, settings.retry_visibility
        )
        self._stream = StreamMapping(
            notifier,
            notify_stream,
            settings,
            outside.scheduler,
            outside.faults,
            self.chance.stream("stream"),
        )

    def _function(self, name: str, new_dependencies: Any, seconds: float) -> Function[Any]:
        outside = self.outside
        random = self.chance.stream(name)
        return Function(name, new_dependencies, seconds, outside.scheduler, outside.faults, random)

    def _mapping(
        self,
        name: str,
        queue: FifoQueue | StandardQueue,
        function: Function[Any],
        handle: Handle,
        visibility: float,
    ) -> QueueMapping:
        return QueueMapping(
            queue,
            function,
            handle,
            self.settings,
            self.outside.scheduler,
            self.outside.faults,
            self.chance.stream(name),
            visibility,
        )

    def _new_operator(self) -> Operator:
        outside = self.outside
        return Operator(
            outside.queue,
            outside.dead_letters,
            outside.retries,
            outside.reply_dead_letters,
            outside.scheduler,
            outside.faults,
            self.chance.stream("operator"),
        )

    def _connect(self) -> None:
        """Connect the mappings to the queues, and the checks to every step."""
        outside, checks, ledger = self.outside, self._checks, self.ledger
        outside.queue.on_send = self._storing.poll_soon
        outside.queue.on_move = checks.moved_by_sqs
        outside.dead_letters.on_send = checks.reached_dead_letters
        outside.retries.on_send = self._retrying.poll_soon
        self._storing.on_start = checks.handed_over
        self._storing.on_end = checks.delivered
        self._storing.on_delete = checks.left_queue
        self._retrying.on_wait = ledger.disturbed
        self._retrying.on_end = lambda delivery, invocation: checks.notified(invocation)
        self._stream.on_end = checks.notified
        self._stream.on_discard = checks.discarded
        outside.retries.on_move = checks.retry_moved_by_sqs
        self._operator.on_redrive = ledger.redriven
        self._operator.on_delete = checks.left_dead_letters
        ledger.on_commit = self._committed
        ledger.on_post = self._posted
        ledger.skew = max(self.settings.skew, self.settings.notifier_skew) + CLOCK_STEP_SECONDS
        ledger.is_uncrowded = self._is_uncrowded()

    def _is_uncrowded(self) -> bool:
        """Whether there is always somebody free to handle a wake-up, and nothing to wait for."""
        settings = self.settings
        is_quick = settings.concurrency > settings.senders and settings.latency < 0.1
        return is_quick and not settings.quiet_seconds

    def _schedule(self) -> None:
        """Whatever is left out of a history moves nothing else."""
        pick = self.chance.stream("schedule")
        scheduler = self.outside.scheduler
        for webhook in self.webhooks:
            scheduler.at(webhook.at, partial(self._arrive, webhook))
        outages = [each.end for each in self.settings.outages if each.is_long]
        end = max([self._drawn[-1].at, *outages]) + pick.choice([1.0, 30.0, 400.0])
        for sender_id in [each.sender_id for each in self._drawn if each.sender_id][::3]:
            consider = partial(self.outside.service.consider, "deeds.at_any_moment", sender_id)
            scheduler.at(pick.uniform(START, end), consider)
        for _ in range(3):
            scheduler.at(pick.uniform(START, 2 * end - START), self._consider_redrive)
        scheduler.at(end, self._calm_down)

    def _arrive(self, webhook: Webhook) -> None:
        if self.is_through_intake:
            self.twilio.send(webhook)
        else:
            queue_directly(self.outside, webhook)

    def _posted(self, post: Post) -> None:
        self._checks.posted(post)
        self._pausing.posted(post.notification.sender_id)

    def _consider_redrive(self) -> None:
        if self.faults.inject("operator.redrive", (Fault.REDRIVES,), self.outside.now()):
            self.outside.scheduler.start(self._operator.redrive)

    def _calm_down(self) -> None:
        self.faults.are_over = True

    def _committed(self, process: Invocation, commit: Commit) -> None:
        self._checks.committed(process, commit)
        for put in commit.chats:
            self._stream.put("INSERT", put.row)


def run_case(case: Case) -> History:
    """Run a history to its end."""
    history = History(case)
    history.run()
    return history
