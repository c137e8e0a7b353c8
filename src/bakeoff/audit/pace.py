"""How far an audit is, and how long it may still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence

from bakeoff.audit.report import Tier

Progress = Callable[[int, int, str, float | None], None]
"""Called with the number of tasks done, tasks in all, a task that is under way or was just done (empty at the end), and the seconds that are likely
left (None while nothing is known)."""

DEARER = 8.0
"""How many times as long a played task takes as one on paper, until both have been met."""

RECENT = 40
"""So many tasks back the speed of a tier is looked at: the machine may have got busier."""


class Pace:
    """Counts tasks and tells about them. `tasks`: of each tier, in order; `known`: what need not be done again."""

    def __init__(self, tasks: Mapping[Tier, Sequence[str]], told: Progress | None, known: Container[tuple[Tier, str]] = ()) -> None:
        self._told = told or (lambda done, total, task, left: None)
        self._left = {tier: sum((tier, task) not in known for task in ids) for tier, ids in tasks.items()}
        self._total = sum(map(len, tasks.values()))
        self._times: dict[Tier, list[float]] = {}
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def begins(self, tier: Tier, task: str) -> None:
        """A tier begins with this task."""
        self._times[tier] = [time.monotonic()]
        self._tell(task)

    def done(self, tier: Tier, task: str) -> None:
        self._times[tier].append(time.monotonic())
        self._left[tier] -= 1
        self._tell(task)

    def end(self) -> None:
        self._tell("")

    def _tell(self, task: str) -> None:
        self._told(self._total - sum(self._left.values()), self._total, task, self._remaining())

    def _remaining(self) -> float | None:
        """Seconds, by the speed of the latest tasks of each tier; a tier that has not begun is reckoned from the other."""
        speeds = {tier: _mean(times[-RECENT:]) for tier, times in self._times.items() if len(times) > 1}
        seconds = 0.0
        for tier, left in self._left.items():
            if not left:
                continue
            if tier not in speeds:
                other = next(iter(speeds.values()), None)
                if other is None:
                    return None
                speeds[tier] = other * DEARER if tier == "played" else other / DEARER
            seconds += left * speeds[tier]
        return seconds


def _mean(times: Sequence[float]) -> float:
    return (times[-1] - times[0]) / (len(times) - 1)
