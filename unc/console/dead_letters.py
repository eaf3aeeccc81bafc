"""Dead letters by reason, age and sender; redrive or delete exactly those that the page shows.

The page carries the ids that it shows. What is done is done to these ids and to no other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from unc.aws.session import Aws
from unc.console.jobs import Job
from unc.console.page import Call, Console, GoTo, Model, Page
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.operations import delete_chosen, find_one, look, redrive_chosen
from unc.dlq.queues import NAMES, DeadLetterQueue, choose_queues
from unc.dlq.redrive import Outcome
from unc.dlq.routes import route_of
from unc.errors import BadInput

_MOST_SHOWN = 5_000
_HOUR, _DAY = 3_600, 86_400
# By name: at least so many seconds old, and less than so many.
_AGES: dict[str, tuple[float, float]] = {
    "under an hour": (0, _HOUR),
    "over an hour": (_HOUR, float("inf")),
    "over a day": (_DAY, float("inf")),
    "over a week": (7 * _DAY, float("inf")),
}
_FILTERS = ("queue", "reason", "age", "sender")
_STAYING_SHOWN = 20
_Action = Callable[[Aws, DeadLetterQueue, Sequence[str], Callable[[int], None]], Outcome]
_Chosen = list[tuple[DeadLetterQueue, list[str]]]
_ACTIONS: dict[str, _Action] = {"redrive": redrive_chosen, "delete": delete_chosen}


def show_dead_letters(console: Console, call: Call) -> Page:
    """Show what lies in the dead-letter queues, by reason, as far as the filter has it."""
    wanted = {name: call.query[name] for name in _FILTERS if call.query.get(name)}
    queues = choose_queues(console.resources, wanted.get("queue"))
    listings = look(console.aws, queues, _MOST_SHOWN)
    seen = [one for listing in listings for one in listing.dead_letters]
    shown = _filter(seen, wanted, time.time())
    counted = sum(each.depth.waiting + each.depth.in_flight for each in listings)
    model = {
        "filter": {name: wanted.get(name, "") for name in _FILTERS},
        "ages": list(_AGES),
        "queues": list(NAMES),
        "reasons": _by_reason(_filter(seen, wanted, time.time(), but="reason"), wanted),
        "senders": sorted({one.sender for one in seen if one.sender}),
        "dead_letters": [_show_row(one) for one in shown],
        "ids": "\n".join(f"{one.queue} {one.id}" for one in shown),
        "unseen": max(0, counted - len(seen)),
    }
    return Page("dead_letters", "Dead letters", model)


def _filter(
    seen: Sequence[DeadLetter], wanted: dict[str, str], now: float, but: str = ""
) -> list[DeadLetter]:
    """Return the dead letters that the filter has; `but` names a part that is left out."""
    youngest, oldest = _read_age(wanted.get("age", ""))
    reason = wanted.get("reason") if but != "reason" else None
    return [
        one
        for one in seen
        if reason in (None, one.reason)
        and wanted.get("sender") in (None, one.sender)
        and youngest <= now - one.sent_ms / 1000 < oldest
    ]


def _read_age(name: str) -> tuple[float, float]:
    if name and name not in _AGES:
        raise BadInput(f"there is no age {name}", " | ".join(_AGES))
    return _AGES.get(name, (float("-inf"), float("inf")))


def _by_reason(seen: Sequence[DeadLetter], wanted: dict[str, str]) -> list[Model]:
    """Count by reason, the most frequent first, each with the address that shows just these."""
    counts = Counter((one.queue, one.reason) for one in seen)
    return [
        {
            "queue": queue,
            "reason": reason,
            "count": count,
            "to": f"/dead-letters?{urlencode({**wanted, 'queue': queue, 'reason': reason})}",
        }
        for (queue, reason), count in counts.most_common()
    ]


def _show_row(one: DeadLetter) -> Model:
    return {
        "queue": one.queue,
        "id": one.id,
        "reason": one.reason,
        "sender": one.sender,
        "message_id": one.facts.message_id,
        "sent": one.sent_ms / 1000,
    }


def show_dead_letter(console: Console, call: Call) -> Page:
    """Show one dead letter without its body."""
    return _dead_letter_page(console, call, reveals=False)


def reveal(console: Console, call: Call) -> Page:
    """Show one dead letter with its body and its sender."""
    return _dead_letter_page(console, call, reveals=True)


def _dead_letter_page(console: Console, call: Call, reveals: bool) -> Page:
    id = call.parts["id"]
    found = find_one(console.aws, choose_queues(console.resources, call.parts["queue"]), id)
    if found is None:
        raise BadInput(f"the dead letter {id} is not to be seen", "moved, deleted, or held")
    queue, one = found
    would = route_of(console.aws, queue).preview(one)
    model = {**one.as_json(with_body=reveals), "is_revealed": reveals, "would_go": would}
    model |= {"body": one.body if reveals else "", "ids": f"{one.queue} {one.id}"}
    return Page("dead_letter", "Dead letter", model)


def choose(console: Console, call: Call) -> Page:
    """Ask once more, with the count, before dead letters are redriven or deleted."""
    action, chosen = _read_choice(console, call)
    counts = {queue.name: len(ids) for queue, ids in chosen}
    model = {
        "action": action,
        "counts": counts,
        "count": sum(counts.values()),
        "ids": call.form.get("ids", ""),
    }
    return Page("confirm", f"Really {action}?", model)


def do(console: Console, call: Call) -> GoTo:
    """Start to redrive or delete what was chosen."""
    action, chosen = _read_choice(console, call)
    total = sum(len(ids) for _, ids in chosen)

    def work(job: Job) -> None:
        for queue, ids in chosen:
            before = job.done

            def count(moved: int, before: int = before) -> None:
                job.done = before + moved

            outcome = _ACTIONS[action](console.aws, queue, ids, count)
            job.notes += _notes(queue.name, outcome)

    job = console.jobs.start(
        Job(f"{action.capitalize()} dead letters", total, "/dead-letters"), work
    )
    return GoTo(f"/jobs/{job.id}")


def _notes(queue: str, outcome: Outcome) -> list[str]:
    """Say which dead letters stay, and why."""
    staying = [f"{queue} {id[:8]} stays: {why}" for id, why in outcome.stayed.items()]
    more = len(staying) - _STAYING_SHOWN
    return staying[:_STAYING_SHOWN] + ([f"{queue}: {more} more stay"] if more > 0 else [])


def _read_choice(
    console: Console, call: Call
) -> tuple[str, list[tuple[DeadLetterQueue, list[str]]]]:
    """Return the action and the ids by queue; raises BadInput for a form without either."""
    action = call.form.get("action", "")
    if action not in _ACTIONS:
        raise BadInput("nothing to do was chosen", "redrive or delete")
    lines = [line.split(" ", 1) for line in call.form.get("ids", "").splitlines() if " " in line]
    if not lines:
        raise BadInput("no dead letter was chosen", "choose at least one")
    chosen: dict[str, list[str]] = {}
    for name, id in lines:
        chosen.setdefault(name, []).append(id.strip())
    return action, [
        (queue, ids)
        for name, ids in chosen.items()
        for queue in choose_queues(console.resources, name)
    ]


def show_job(console: Console, call: Call) -> Page:
    """Show how far a job is."""
    job = console.jobs.find(call.parts["id"])
    if job is None:
        raise BadInput("there is no such job", "jobs end with the console; run it again")
    model = {name: value for name, value in vars(job).items() if name != "started"}
    return Page("job", job.what, model)
