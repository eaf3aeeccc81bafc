"""Calls made at once: started together, at most so many under way."""

from collections.abc import Callable

from adapters.wave import Wave


def recorded(name: int, log: list[str]) -> Callable[[], Callable[[], int]]:
    def start() -> Callable[[], int]:
        log.append(f"start {name}")

        def finish() -> int:
            log.append(f"finish {name}")
            return name

        return finish

    return start


def test_a_wave_starts_everything_before_it_waits() -> None:
    log: list[str] = []
    assert Wave(3).run([recorded(n, log) for n in range(3)]) == [0, 1, 2]
    assert log == ["start 0", "start 1", "start 2", "finish 0", "finish 1", "finish 2"]


def test_no_more_than_the_width_is_under_way() -> None:
    log: list[str] = []
    assert Wave(2).run([recorded(n, log) for n in range(3)]) == [0, 1, 2]
    assert log == ["start 0", "start 1", "finish 0", "finish 1", "start 2", "finish 2"]


def test_an_empty_wave_gives_nothing() -> None:
    assert Wave(1).run([]) == []
