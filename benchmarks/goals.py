"""What is aimed at: ratios to the baseline and to the floor, and how a run stands to them."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.measure import Results

INF = float("inf")


@dataclass(frozen=True)
class Goal:
    """A row of the table: limits that a ratio stays at or under; `stretch` is the real aim."""

    title: str
    group: str
    metric: str
    baseline: float = INF
    floor: float = INF
    stretch: float = INF


@dataclass(frozen=True)
class DeliveryStatus:
    """A goal with what was measured; seconds, or KB for memory."""

    goal: Goal
    ours: float
    baseline: float
    floor: float
    to_baseline: float
    to_floor: float

    @property
    def has_limit(self) -> bool:
        """Say whether there is a limit to hold."""
        return min(self.goal.baseline, self.goal.floor) < INF

    @property
    def is_reached(self) -> bool:
        """Say whether both limits hold."""
        return self.to_baseline <= self.goal.baseline and self.to_floor <= self.goal.floor

    @property
    def is_stretch_reached(self) -> bool:
        """Say whether the real aim is reached too."""
        return self.is_reached and self.to_floor <= self.goal.stretch


GOALS = (
    Goal("10 known senders, wall", "known", "wall", 1 / 5, 1.6, 0.9),
    Goal("10 new senders, wall", "new", "wall", 1 / 5, 2.2, 1.3),
    Goal("1 sender x 10, wall", "one", "wall", 1.0, 1.3, 0.8),
    Goal("1 known sender x 1, wall", "single", "wall"),
    Goal("a stored batch again, wall", "again", "wall"),
    Goal("stream, 50 senders, wall", "stream", "wall", 1 / 12, 1.25, 1.1),
    Goal("stream, 50 senders, after a pause, wall", "stream_pause", "wall"),
    Goal("stream, 1 sender, wall", "stream_single", "wall"),
    Goal("10 known senders, CPU", "known", "cpu", 1 / 3, 2.0, 0.9),
    Goal("10 new senders, CPU", "new", "cpu"),
    Goal("1 sender x 10, CPU", "one", "cpu"),
    Goal("1 known sender x 1, CPU", "single", "cpu"),
    Goal("stream, 50 senders, CPU", "stream", "cpu"),
    Goal("import + first client, queue function", "queue", "start_wall", 1.0, 1.15, 0.5),
    Goal("import + first client, notifier", "notifier", "start_wall", 2 / 3, 1.2, 0.55),
    Goal("first message after that, queue function", "queue", "first_wall"),
    Goal("first message after that, notifier", "notifier", "first_wall"),
    Goal("peak memory, queue function", "queue", "peak_kb"),
    Goal("peak memory, notifier", "notifier", "peak_kb"),
)


def hold_against(results: Results) -> list[DeliveryStatus]:
    """Hold every goal against what was measured."""
    return [stand(goal, results) for goal in GOALS]


def stand(goal: Goal, results: Results) -> DeliveryStatus:
    """Hold one goal against what was measured."""
    measured = results[goal.group]
    ours, baseline, floor = (measured[name] for name in ("ours", "baseline", "floor"))
    return DeliveryStatus(
        goal,
        ours.median(goal.metric),
        baseline.median(goal.metric),
        floor.median(goal.metric),
        ours.ratio(baseline, goal.metric),
        ours.ratio(floor, goal.metric),
    )
