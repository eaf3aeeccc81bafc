"""The cost model, on counts small enough to check by hand; and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from logger_setup import set_request_id
from tests.simulation.burst import measure
from tests.support.intake import IntakeWorld, signed_event
from unc import cost_model, project
from unc.cost_model import (
    Counted,
    Load,
    Prices,
    burst_counts,
    cost_of,
    cost_of_idle_queues,
    cost_of_indexes,
    cost_of_polling,
    read_counts,
)
from unc.errors import SetupMissing
from unc.runner import run


def counted(cpu: float = 0.0, waits: float = 0.0, posts: int = 0, **units: float) -> Counted:
    """What a batch took; `chats=2` are write units of the table, `chats_index=1` of an index."""
    writes = {name.replace("_", "/"): value for name, value in units.items()}
    return Counted(cost_model.Counter(), cost_model.Counter(writes), posts, cpu, waits)


COUNTS = {
    "single": counted(cpu=0.001, waits=0.010, chats=2, chats_index=1),
    "known": counted(cpu=0.003, waits=0.011, chats=20, chats_index=10),
    "new": counted(cpu=0.004, waits=0.011, chats=20, chats_index=10, sessions=20),
    "stream_single": counted(waits=0.110, posts=1, notifications=4),
    "stream": counted(waits=0.110, posts=50, notifications=200),
    "webhook": counted(cpu=0.001, waits=0.005),
}
MILLION = 1_000_000
PAGE = (project.ROOT / "docs/howto/cost.md").read_text()


def test_writes_are_priced_by_their_units() -> None:
    costs = cost_of(Load(MILLION, 0), COUNTS, Prices())
    assert costs["DynamoDB, writes to tables"] == pytest.approx((2 + 4) * 0.625)
    assert costs["DynamoDB, writes to indexes"] == pytest.approx(0.625)


def test_a_message_that_opens_a_session_writes_that_too() -> None:
    without, opening = (cost_of(Load(MILLION, new), COUNTS, Prices()) for new in (0, MILLION))
    added = opening["DynamoDB, writes to tables"] - without["DynamoDB, writes to tables"]
    assert added == pytest.approx(2 * 0.625)


def test_indexes_are_kept_apart() -> None:
    assert cost_of_indexes(Load(MILLION, 0), COUNTS, Prices()) == {
        "chats/index": pytest.approx(0.625)
    }


def test_a_queue_request_is_paid_for_sending_receiving_and_deleting() -> None:
    assert cost_of(Load(MILLION, 0), COUNTS, Prices())["SQS"] == pytest.approx(3 * 0.5)
    full = cost_of(Load(MILLION, 0, queue_batch=10), COUNTS, Prices())
    assert full["SQS"] == pytest.approx(1.2 * 0.5)


def test_mappings_of_empty_queues_poll_every_twenty_seconds() -> None:
    polls = 30 * 24 * 3600 / 20
    assert cost_of_polling(1, 0, Prices()) == pytest.approx(polls * 0.5 / MILLION)
    both, beside_intake = (
        cost_of_idle_queues(has_intake, Prices()) for has_intake in (False, True)
    )
    assert both == pytest.approx(polls * (5 * 0.5 + 2 * 0.4) / MILLION)
    assert beside_intake == pytest.approx(polls * (5 * 0.5 + 5 * 0.4) / MILLION)
    row = f"| polling of both queues while they are empty | {both:.2f}; with the intake "
    assert f"{row}{beside_intake:.2f} |" in PAGE


def test_a_webhook_is_a_short_invocation_and_a_line_of_log() -> None:
    without, with_intake = (
        cost_of(Load(MILLION, 0, has_intake=has_intake), COUNTS, Prices())
        for has_intake in (False, True)
    )
    added = {name: with_intake[name] for name in with_intake.keys() - without.keys()}
    seconds = 0.005 + 0.001 * 1769 / 256
    assert added == {
        "Lambda, intake": pytest.approx(MILLION * seconds * 0.25 * 0.0000133334 + 0.20),
        "log of the intake": pytest.approx(cost_model.WEBHOOK_LOG_BYTES * MILLION / 1e9 * 0.5),
    }
    assert {name: with_intake[name] for name in without} == without


def test_the_line_of_a_webhook_is_as_long_as_the_model_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the request id and the function's name that Lambda gives, and a time in milliseconds."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "unc-intake-lambda")
    set_request_id("00000000-0000-0000-0000-000000000000")
    world = IntakeWorld()
    world.take(signed_event())
    set_request_id(None)
    [line] = [line for line in world.log.lines if "webhook handled" in line]
    assert len(line) == pytest.approx(cost_model.WEBHOOK_LOG_BYTES, abs=20)


def test_the_page_says_what_the_intake_costs(capsys: pytest.CaptureFixture[str]) -> None:
    ours = document(capsys, "--intake")["dollars_a_month"]["ours"]
    row = f"| {ours['Lambda, intake']:.2f} | {ours['log of the intake']:.2f} |"
    assert f"| a million webhooks {row}" in PAGE
    assert "Lambda, intake" not in document(capsys)["dollars_a_month"]["ours"]
    assert run(["cost", "--intake"]) == 0
    assert "0.58 for polling" in capsys.readouterr().out


def test_the_notifier_waits_for_the_reply_and_that_is_most_of_its_bill() -> None:
    load = Load(MILLION, 0, reply_seconds=5)
    cost = cost_of(load, COUNTS, Prices())["Lambda, notifier"]
    assert cost == pytest.approx(MILLION * 5.01 * 0.25 * 0.0000133334 + 0.20)


@pytest.mark.parametrize("messages", [1, 2, 4, 10])
def test_a_burst_takes_what_the_code_takes(messages: int) -> None:
    measured, model = measure(messages, in_parallel=True), burst_counts(messages)
    assert (model.posts, model.writes, model.wake_ups) == (
        measured.posts,
        measured.writes,
        measured.sqs_messages,
    )


def test_a_burst_writes_a_row_for_each_that_waits_and_sends_two_wake_ups() -> None:
    alone, burst = (cost_of(Load(MILLION, 0, burst=size), COUNTS, Prices()) for size in (1, 4))
    writes = "DynamoDB, writes to tables"
    # Of the counted four units half are a write's: two, where the sender's row is written once.
    assert burst[writes] - alone[writes] == pytest.approx((8 / 4 - 2) * 2 * 0.625)
    assert burst["SQS"] - alone["SQS"] == pytest.approx(2 / 4 * 3 * 0.4)


def test_a_burst_of_ten_waits_for_two_replies_and_not_for_ten() -> None:
    alone, burst = (
        cost_of(Load(MILLION, 0, burst=size), COUNTS, Prices())["Lambda, notifier"]
        for size in (1, 10)
    )
    posting = MILLION / 10 * 2 * 5.01
    noting = MILLION / 10 * 10 * 0.01
    seconds = posting + noting
    requests = 0.20 * (2 + 10) / 10
    assert burst == pytest.approx(seconds * 0.25 * 0.0000133334 + requests)
    assert burst < alone / 3


def test_the_command_says_what_a_burst_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "--burst", "4")["a_burst"] == {
        "posts": 2,
        "writes": 8,
        "sqs_messages": 2,
    }
    assert run(["cost", "--burst", "4"]) == 0
    assert "2 POSTs, 8 writes, 2 SQS messages" in capsys.readouterr().out


def test_the_baseline_posts_each_message_of_a_burst(capsys: pytest.CaptureFixture[str]) -> None:
    alone, burst = (document(capsys, "--burst", size)["dollars_a_month"] for size in ("1", "4"))
    assert burst["baseline"] == alone["baseline"]
    assert burst["ours"]["all"] < alone["ours"]["all"]


def test_who_tells_all_at_once_waits_once_for_a_full_batch() -> None:
    one, full = (
        cost_of(Load(MILLION, 0, stream_batch=size), COUNTS, Prices())["Lambda, notifier"]
        for size in (1, 50)
    )
    assert one / full == pytest.approx(50)


def test_who_tells_one_after_the_other_waits_for_each() -> None:
    slow = COUNTS | {"stream": counted(waits=0.110 * 50, posts=50, notifications=200)}
    one, full = (
        cost_model.stream_seconds(Load(MILLION, 0, stream_batch=size), slow) for size in (1, 50)
    )
    assert full == pytest.approx(50 * one)


@pytest.mark.parametrize(("waits", "turns"), [(0.2, 1), (2.0, 1), (4.5, 50), (5.5, 50), (6.1, 50)])
def test_turns_are_counted_and_a_slow_measurement_makes_no_more_of_them(
    waits: float, turns: int
) -> None:
    one, many = COUNTS["stream_single"], counted(waits=waits, posts=50)
    assert cost_model.turns_of(one, many) == turns


def test_a_smaller_share_of_a_core_takes_longer() -> None:
    small, whole = (
        cost_model.queue_seconds(Load(MILLION, 0, memory_megabytes=size), COUNTS)
        for size in (256, 1769)
    )
    assert small == pytest.approx(0.010 + 0.001 * 1769 / 256)
    assert whole == pytest.approx(0.011)


@pytest.mark.parametrize(
    ("messages", "batch"), [(1, 1), (MILLION, 1), (100 * MILLION, 10), (10_000 * MILLION, 100)]
)
def test_a_stream_batch_holds_what_came_since_the_last_poll(messages: int, batch: int) -> None:
    assert cost_model.default_stream_batch(messages) == batch


def test_counts_of_both_targets_have_the_same_tables(tmp_path: Path) -> None:
    ours, baseline = (read_counts(target) for target in cost_model.TARGETS)
    assert set(baseline["known"].writes) <= set(ours["known"].writes)


def test_without_a_benchmark_there_is_nothing_to_go_by(tmp_path: Path) -> None:
    with pytest.raises(SetupMissing, match="no counts"):
        read_counts("ours", tmp_path / "counts.json")


def document(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert run(["cost", "--json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_the_command_says_what_all_of_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    costs = document(capsys, "--messages", "1000000", "--senders", "1000")["dollars_a_month"]
    for by_service in costs.values():
        total = by_service.pop("all")
        assert total == pytest.approx(sum(by_service.values()))


def test_twice_the_messages_cost_twice_as_much(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--stream-batch", "1", "--senders", "1000", "--sessions", "0")
    one, two = (
        document(capsys, "--messages", str(count), *options)["dollars_a_month"]["ours"]["all"]
        for count in (MILLION, 2 * MILLION)
    )
    assert two == pytest.approx(2 * one)


def test_the_notifier_s_memory_is_its_own_and_not_the_baseline_s(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, large = (
        document(capsys, "--notifier-memory", size)["dollars_a_month"] for size in ("128", "256")
    )
    assert small["baseline"] == large["baseline"]
    assert small["ours"]["Lambda, notifier"] < 0.6 * large["ours"]["Lambda, notifier"]


def test_messages_that_come_alone_cost_less_than_the_baseline_s(
    capsys: pytest.CaptureFixture[str],
) -> None:
    costs = document(capsys)["dollars_a_month"]
    assert costs["ours"]["all"] < costs["baseline"]["all"]


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost"]) == 0
    printed = capsys.readouterr().out
    assert "per million" in printed and "chats/ChatTypeIndex" in printed


@pytest.mark.parametrize(
    "options",
    [
        ("--messages", "0"),
        ("--messages", "5", "--senders", "6"),
        ("--batch", "11"),
        ("--stream-batch", "101"),
        ("--memory", "64"),
        ("--burst", "0"),
        ("--sessions", "nan"),
        ("--sessions", "inf"),
        ("--sessions", "-1"),
        ("--reply-seconds", "nan"),
        ("--reply-seconds", "inf"),
        ("--reply-seconds", "-1"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["cost", *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert options[-2] in said


def test_more_sessions_than_messages_are_as_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "--sessions", "1e308")["load"]["new_sessions"] == MILLION
