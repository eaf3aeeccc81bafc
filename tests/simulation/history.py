"""One history: a world, the real handlers in it, a storm, and then rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from domain.cache import SessionCache
from domain.records import read_record
from domain.telling import TellingRules
from handlers.dynamo_event_handler import handle_retries, handle_stream
from handlers.queue_message_handler import handle_batch
from logger_setup import Logger
from tests.simulation.functions import Function, Invocation
from tests.simulation.guarantees import Guarantees
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.mappings import QueueMapping, Record, StreamMapping
from tests.simulation.operator import Operator
from tests.simulation.settings import START, Settings, draw_settings
from tests.simulation.watch import Watch
from tests.simulation.webhooks import POISON, Webhook, draw_webhooks
from tests.world.chance import Chance
from tests.world.conversations import MemoryConversations
from tests.world.faults import Fault, Faults, Strike
from tests.world.notifications import MemoryNotifications
from tests.world.queue_ports import MemoryDeadLetters, MemoryRetryQueue
from tests.world.queues import FifoQueue, StandardQueue
from tests.world.reply_service import MemoryReplyService, ReplyService
from tests.world.scheduler import Scheduler
from tests.world.tables import Commit, Row, Tables
from tests.world.wire import Wire
from wiring import MARGIN_SECONDS, QueueSide, StreamSide, Surroundings

QUEUE_FUNCTION_SECONDS = 30.0
NOTIFIER_SECONDS = 60.0
CONNECT_SECONDS = 3.0
RETRY_QUEUE_RECEIVES = 5
"""These stand in infra/template.yaml and adapters/reply.py."""


@dataclass(frozen=True, slots=True)
class Case:
    """Which history: a seed, and, made short, only these webhooks and these faults."""

    seed: int
    webhooks: frozenset[int] | None = None
    faults: frozenset[str] | None = None


class Quiet(Logger):
    """Writes nothing."""

    def _write(self, *line: Any) -> None:
        pass


class History:
    """Everything of one history; `run` lives through it once."""

    def __init__(self, case: Case, ledger: type[Ledger] = Ledger) -> None:
        self.chance = Chance(case.seed)
        self.settings: Settings = draw_settings(self.chance)
        self._drawn = draw_webhooks(self.chance, self.settings)
        self.webhooks: Sequence[Webhook] = [
            each for each in self._drawn if case.webhooks is None or each.number in case.webhooks
        ]
        settings = self.settings
        self.scheduler = Scheduler(START)
        self.faults = Faults(
            self.chance, settings.rates, settings.kinds, settings.outages, case.faults
        )
        self.faults.on_strike = self._note_strike
        self.ledger = ledger(self._now)
        self.tables = Tables(self._lag(), _is_refused)
        self.wire = Wire(self.scheduler, self.faults, self.chance.stream("wire"), settings.latency)
        self.service = ReplyService(
            self.tables, self.faults, self.scheduler, self.chance.stream("service"), self.ledger
        )
        self.notifier_chance = self.chance.stream("notifier ports")
        self._make_queues()
        self._make_functions()
        self.watch = Watch(self.ledger, self.tables)
        self._connect()

    def run(self) -> list[Violation]:
        """Let it all happen, then let the operator redrive what is left; gives what went wrong."""
        self._schedule()
        self.scheduler.run()
        guarantees = Guarantees(
            self.ledger,
            self.tables,
            self.queue,
            self.retries,
            self.reply_dead_letters,
            self.stream,
            self.settings.resends_unknown,
        )
        guarantees.check()
        self.scheduler.start(self.operator.redrive)
        self.scheduler.run()
        guarantees.check()
        return self.ledger.violations

    def _make_queues(self) -> None:
        self.dead_letters = FifoQueue("dlq", self._now)
        self.queue = FifoQueue("queue", self._now, self.settings.most_receives, self.dead_letters)
        self.reply_dead_letters = StandardQueue("reply-dlq", self._now)
        self.retries = StandardQueue(
            "retry", self._now, RETRY_QUEUE_RECEIVES, self.reply_dead_letters
        )
        self.operator = Operator(
            self.queue,
            self.dead_letters,
            self.retries,
            self.reply_dead_letters,
            self.scheduler,
            self.faults,
            self.chance.stream("operator"),
        )

    def _make_functions(self) -> None:
        settings, scheduler, faults = self.settings, self.scheduler, self.faults
        self.queue_function = Function(
            self.new_queue_side,
            QUEUE_FUNCTION_SECONDS,
            scheduler,
            faults,
            self.chance.stream("queue function"),
        )
        notifier = Function(
            self.new_stream_side,
            NOTIFIER_SECONDS,
            scheduler,
            faults,
            self.chance.stream("notifier"),
        )
        self.intake = QueueMapping(
            self.queue,
            self.queue_function,
            _handle_batch,
            settings,
            scheduler,
            faults,
            self.chance.stream("intake"),
            settings.visibility,
        )
        self.retrying = QueueMapping(
            self.retries,
            notifier,
            _handle_retries,
            settings,
            scheduler,
            faults,
            self.chance.stream("retrying"),
            settings.retry_visibility,
        )
        self.stream = StreamMapping(
            notifier, _handle_stream, settings, scheduler, faults, self.chance.stream("stream")
        )

    def _connect(self) -> None:
        """Tell the mappings of what comes, and the watch of everything that it looks at."""
        self.queue.on_send = self.intake.poll_soon
        self.queue.on_move = self.watch.moved_by_sqs
        self.dead_letters.on_send = self.ledger.set_aside
        self.retries.on_send = self.retrying.poll_soon
        self.intake.on_start = self.watch.handed_over
        self.intake.on_end = self.watch.delivered
        self.intake.on_delete = self.watch.left_queue
        self.retrying.on_end = lambda delivery, invocation: self.watch.told(invocation)
        self.stream.on_end = self.watch.told
        self.operator.on_redrive = self.ledger.redriven
        self.operator.on_delete = self.watch.left_dead_letters
        self.ledger.on_commit = self._committed

    def _schedule(self) -> None:
        """Whatever is left out of a history moves nothing else."""
        pick = self.chance.stream("schedule")
        for webhook in self.webhooks:
            self.scheduler.at(webhook.at, partial(self._arrive, webhook))
        end = self._drawn[-1].at + pick.choice([1.0, 30.0, 400.0])
        for sender_id in [each.sender_id for each in self._drawn if each.sender_id][::3]:
            consider = partial(self.service.consider, "deeds.at_any_moment", sender_id)
            self.scheduler.at(pick.uniform(START, end), consider)
        for _ in range(3):
            self.scheduler.at(pick.uniform(START, 2 * end - START), self._consider_redrive)
        self.scheduler.at(end, self._calm_down)

    def _arrive(self, webhook: Webhook) -> None:
        message = self.queue.send(webhook.body, webhook.group)
        self.ledger.submitted(webhook, message)

    def _consider_redrive(self) -> None:
        if self.faults.strike("operator.redrive", (Fault.REDRIVES,), self._now()):
            self.scheduler.start(self.operator.redrive)

    def _calm_down(self) -> None:
        self.faults.are_over = True

    def _committed(self, process: Invocation, commit: Commit) -> None:
        self.watch.committed(process, commit)
        for put in commit.chats:
            self.stream.put("INSERT", put.row)

    def _note_strike(self, strike: Strike) -> None:
        process = self.wire.process
        if process is not None:
            process.struck.add(strike.site.partition(".")[0])
        self.ledger.struck(process, strike)

    def _now(self) -> float:
        return self.scheduler.now

    def _lag(self) -> Any:
        pick = self.chance.stream("lag")
        settings = self.settings

        def lag() -> float:
            is_long = pick.random() < settings.lag_chance
            return pick.random() * (settings.longest_lag if is_long else 0.05)

        return lag

    def new_queue_side(self) -> QueueSide:
        """What a fresh container of the queue function works with."""
        return QueueSide(
            conversations=MemoryConversations(
                self.tables,
                self.wire,
                self.ledger,
                self.settings.tells_reasons,
                self.settings.transaction_size,
            ),
            dead_letters=MemoryDeadLetters(self.dead_letters, self.wire, self.ledger),
            log=Quiet("queue"),
            max_receive_count=self.settings.most_receives,
            surroundings=self._surroundings(),
            cache=SessionCache(self.settings.cache_capacity),
        )

    def new_stream_side(self) -> StreamSide:
        """What a fresh container of the notifier works with."""
        settings, pick = self.settings, self.notifier_chance
        return StreamSide(
            notifications=MemoryNotifications(self.tables, self.wire, self.ledger),
            reply_service=MemoryReplyService(
                self.service,
                self.wire,
                self.faults,
                self.scheduler,
                pick,
                self.ledger,
                settings.reply_timeout,
            ),
            retry_queue=MemoryRetryQueue(
                self.retries, self.reply_dead_letters, self.wire, self.ledger, pick.random
            ),
            log=Quiet("notifier"),
            rules=TellingRules(
                max_attempts=settings.max_attempts,
                resend_unknown=settings.resends_unknown,
                post_seconds=CONNECT_SECONDS + settings.reply_timeout + MARGIN_SECONDS,
                round_size=settings.round_size,
            ),
            surroundings=self._surroundings(),
            new_token=lambda: f"{pick.getrandbits(64):016x}",
        )

    def _surroundings(self) -> Surroundings:
        """Time and chance of one container, whose clock is a little off."""
        pick = self.chance.stream(f"container {self.scheduler.now}")
        skew = self.settings.skew * (2 * pick.random() - 1)
        return Surroundings(
            clock=lambda: self.scheduler.now + skew,
            monotonic=self._now,
            sleep=self.wire.sleep,
            random=pick.random,
        )


def _handle_batch(
    records: Sequence[Record], invocation: Invocation, side: QueueSide
) -> Iterable[str]:
    return handle_batch([read_record(each) for each in records], invocation, side)


def _handle_retries(
    records: Sequence[Record], invocation: Invocation, side: StreamSide
) -> Iterable[str]:
    return handle_retries(records, invocation, side)


def _handle_stream(
    records: Sequence[Record], invocation: Invocation, side: StreamSide
) -> Iterable[str]:
    handle_stream(records, invocation, side)
    return ()


def _is_refused(row: Row) -> bool:
    return bool(row["content"]["text"] == POISON)


def run_case(case: Case) -> History:
    """Live through a history."""
    history = History(case)
    history.run()
    return history
