"""`unc cost`: what a load would cost a month, ours beside the baseline of `make bench`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.table import Table

from unc import cost_model as model
from unc.errors import BadInput
from unc.terminal import out, print_json, small_table


def command(
    messages: Annotated[int, typer.Option(help="Messages a month.")] = 1_000_000,
    senders: Annotated[int, typer.Option(help="Different senders a month.")] = 10_000,
    sessions: Annotated[float, typer.Option(help="Sessions that a sender opens a month.")] = 1.0,
    batch: Annotated[int, typer.Option(help="Messages that a queue batch brings, 1 to 10.")] = 1,
    stream_batch: Annotated[
        int, typer.Option(help="Messages that a stream batch brings; 0: by the rate.")
    ] = 0,
    memory: Annotated[int, typer.Option(help="Megabytes of a function.")] = 256,
    notifier_memory: Annotated[
        int, typer.Option(min=128, help="Megabytes of the notifier; the baseline's has --memory.")
    ] = 128,
    intake: Annotated[
        bool, typer.Option("--intake", help="With the intake, of --memory megabytes.")
    ] = False,
    reply_seconds: Annotated[float, typer.Option(help="How long a reply takes.")] = 5.0,
    burst: Annotated[
        int, typer.Option(min=1, help="Messages of one sender that come within one turn.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what a load costs a month on AWS, by list prices, beside a plain implementation."""
    wanted = _read_load(
        messages, senders, sessions, batch, stream_batch, memory, reply_seconds, burst
    )
    plain = replace(wanted, burst=1, notifier_megabytes=memory)  # it POSTs each message
    wanted = replace(wanted, notifier_megabytes=notifier_memory, has_intake=intake)
    prices = model.Prices()
    counts = {target: model.read_counts(target) for target in model.TARGETS}
    loads = {"ours": wanted, "baseline": plain}
    costs = {name: model.cost_of(loads[name], counts[name], prices) for name in model.TARGETS}
    indexes = model.cost_of_indexes(wanted, counts["ours"], prices)
    polling = model.cost_of_idle_queues(intake, prices)
    if as_json:
        print_json(_as_document(wanted, costs, indexes) | {"idle_polling": polling})
        return
    _print_costs(wanted, costs, indexes)
    out.print(f"\nbeside that, whatever the load: {_dollars(polling)} for polling idle queues")


def _read_load(
    messages: int,
    senders: int,
    sessions: float,
    batch: int,
    stream_batch: int,
    memory: int,
    reply_seconds: float,
    burst: int,
) -> model.Load:
    """Check what was asked for; raises BadInput."""
    if messages < 1 or not 1 <= senders <= messages:
        raise BadInput("--messages starts at 1, and there are at most as many --senders")
    if not 1 <= batch <= model.QUEUE_BATCH or not 0 <= stream_batch <= model.STREAM_BATCH:
        raise BadInput("--batch goes from 1 to 10, --stream-batch from 1 to 100")
    if memory < 128:
        raise BadInput("--memory starts at 128")
    for name, value in (("--sessions", sessions), ("--reply-seconds", reply_seconds)):
        if not 0 <= value < math.inf:
            raise BadInput(f"{name} is a number from 0 on")
    return model.Load(
        messages,
        round(min(senders * sessions, messages)),
        batch,
        stream_batch or model.default_stream_batch(messages),
        memory,
        reply_seconds,
        burst,
    )


def _print_costs(
    load: model.Load, costs: Mapping[str, Mapping[str, float]], indexes: Mapping[str, float]
) -> None:
    """Show _dollars by service, for a million messages and for the month, and the indexes."""
    out.print(f"{load.messages:,} messages a month, {load.new_sessions:,} of them open a session;")
    out.print(
        f"{load.queue_batch} a queue batch, {load.stream_batch} a stream batch, "
        f"{load.memory_megabytes} MB (notifier {load.notifier_megabytes}), "
        f"{load.reply_seconds:g} s a reply"
    )
    counted = model.burst_counts(load.burst)
    out.print(
        f"bursts of {load.burst}, each: {counted.posts} POSTs, "
        f"{counted.writes} writes, {counted.wake_ups} SQS messages\n"
    )
    out.print(_cost_table(load, costs))
    out.print()
    out.print(_index_table(load, indexes))


def _cost_table(load: model.Load, costs: Mapping[str, Mapping[str, float]]) -> Table:
    """Ours beside the baseline."""
    share = model.MILLION / load.messages
    table = small_table("$ by service", "per million", "baseline", "a month", "baseline")
    ours, baseline = costs["ours"], costs["baseline"]
    for name in ours:
        its = baseline.get(name, 0.0)
        table.add_row(name, *map(_dollars, (ours[name] * share, its * share, ours[name], its)))
    totals = (sum(ours.values()), sum(baseline.values()))
    row = (totals[0] * share, totals[1] * share, *totals)
    table.add_row("all", *(f"[bold]{_dollars(value)}[/bold]" for value in row))
    return table


def _index_table(load: model.Load, indexes: Mapping[str, float]) -> Table:
    """What each index adds."""
    table = small_table("of that, writes to an index", "per million", "a month")
    for name, value in indexes.items():
        table.add_row(name, _dollars(value * model.MILLION / load.messages), _dollars(value))
    return table


def _dollars(value: float) -> str:
    """Show an amount; under ten cents, to a tenth of a cent."""
    return f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:.3f}"


def _as_document(
    load: model.Load, costs: Mapping[str, Mapping[str, float]], indexes: Mapping[str, float]
) -> dict[str, Any]:
    """Return everything, for another program; _dollars a month."""
    return {
        "load": vars(load),
        "a_burst": _burst_document(load.burst),
        "dollars_a_month": {
            target: {**by_service, "all": sum(by_service.values())}
            for target, by_service in costs.items()
        },
        "of_that_indexes": dict(indexes),
    }


def _burst_document(messages: int) -> dict[str, int]:
    """Return what one burst takes, of the notifier alone."""
    counted = model.burst_counts(messages)
    return {
        "posts": counted.posts,
        "writes": counted.writes,
        "sqs_messages": counted.wake_ups,
    }
