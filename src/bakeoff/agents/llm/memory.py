"""Language models that learn on the job in the two plainest ways: earlier episodes in the question, or notes that they write themselves.

Both have the budgets of `llm`, the worker without a memory: the same longest question, the same total of tokens for an episode. What they spend on
memory they lack for the screen, or for acting.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bakeoff.agents.llm.agent import LLM, Deed, told
from bakeoff.agents.llm.screen import clipped, estimate, shown
from bakeoff.agents.moves import skeleton
from bakeoff.core import Observation, Outcome, Tool, Trajectory

Episode = dict[str, Any]


def result(outcome: Outcome) -> str:
    """What is said of an episode, in words."""
    if outcome.passed is None:
        return "Nobody said whether it was right."
    if outcome.passed:
        return "It was judged right."
    failed = f": {', '.join(outcome.failed_checks)}" if outcome.failed_checks else ""
    return f"It was judged wrong{failed}."


def _episode(title: str, goal: str, deeds: list[Deed], last: str) -> Episode:
    return {"title": title, "goal": goal, "steps": [[deed.screen, deed.line] for deed in deeds], "result": last}


def _told(episode: Episode, screens: bool) -> str:
    lines = [f"Earlier job, in {episode['title'] or 'software without a name'}: {episode['goal']}"]
    for screen, line in episode["steps"]:
        lines += [screen, f"> {line}"] if screens else [f"> {line}"]
    return "\n".join([*lines, episode["result"]])


class LLMHistory(LLM):
    """All earlier episodes in the question, as many of the newest as it holds: `llm-history:<model>`. An episode that is too long with its
    screens is told without them. At feedback level `shown` it asks for one demonstration of every kind of job that it fails in."""

    name: ClassVar[str] = "llm-history"

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        self._episodes: list[Episode] = []
        self._asked: set[tuple[str, str]] = set()

    def learn(self, last: Observation, outcome: Outcome) -> None:
        if outcome.abstained:
            return
        self._keep(_episode(self._title, self._goal, self._deeds, result(outcome)))
        kind = (self._title, skeleton(self._goal))
        if outcome.passed is False and outcome.demonstrate is not None and kind not in self._asked:
            self._asked.add(kind)
            run = outcome.demonstrate()
            if isinstance(run, Trajectory):
                screens = (run.first, *(step.observation for step in run.steps))
                deeds = [Deed(shown(seen, 400), told(step.action, seen)) for seen, step in zip(screens, run.steps, strict=False)]
                self._keep(_episode(run.first.title, run.first.goal, deeds, "An expert did it this way, and it is right."))

    def _keep(self, episode: Episode) -> None:
        """What no question could hold any more is forgotten."""
        self._episodes.append(episode)
        sizes = [estimate(_told(one, False)) for one in self._episodes]
        while len(sizes) > 1 and sum(sizes) > self._context:
            del sizes[0], self._episodes[0]

    def _known(self, most: int) -> str:
        parts: list[str] = []
        left = most
        for episode in reversed(self._episodes):
            fitting = next((text for text in (_told(episode, True), _told(episode, False)) if estimate(text) + 2 <= left), None)
            if fitting is None:
                break
            parts.insert(0, fitting)
            left -= estimate(fitting) + 2
        return "\n\n".join(parts)

    def _remembered(self) -> dict[str, Any]:
        return {"episodes": self._episodes, "asked": sorted(map(list, self._asked))}

    def _recall(self, memory: dict[str, Any]) -> None:
        self._episodes = [dict(episode) for episode in memory["episodes"]]
        self._asked = {(title, kind) for title, kind in memory["asked"]}

    def beliefs(self) -> tuple[str, ...]:
        return (f"I remember {len(self._episodes)} earlier jobs.",) if self._episodes else ()


class LLMNotes(LLM):
    """Notes that the model writes anew after every episode: `llm-notes:<model>`. A fifth of an episode's budget is kept back for that."""

    name: ClassVar[str] = "llm-notes"
    reserve: ClassVar[float] = 0.2

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        self._notes = ""

    @property
    def _longest(self) -> int:
        return min(self._context // 6, self.options.answer)

    def learn(self, last: Observation, outcome: Outcome) -> None:
        """Raises `ServiceFault` when the model does not answer; the notes stay as they were, as they do when it answers nothing."""
        if outcome.abstained:
            return
        episode = _told(_episode(self._title, self._goal, self._deeds, result(outcome)), screens=False)
        words = self._longest // 2
        most = int(min(self.options.context, self._left - self.options.answer) / self._rate) - estimate(self._notes) - 200
        if most < 100:
            return
        end = clipped(shown(last, most // 2), most // 2)
        system = "You keep notes for yourself, which are all that you will remember."
        question = (
            f"Your notes so far:\n{self._notes or '(none)'}\n\nThe job that has just ended:\n{clipped(episode, most // 2)}\n\nThe last screen:\n{end}\n\n"
            f"Write your notes anew, in at most {words} words: what this software and other software wants done, in which order, what went wrong and "
            "how to do better. Keep what still holds. Answer with the notes alone."
        )
        answer = self._ask([{"role": "system", "content": system}, {"role": "user", "content": question}])
        self._notes = clipped(answer.text.strip(), self._longest) or self._notes

    def _known(self, most: int) -> str:
        return clipped(f"Your notes from earlier jobs:\n{self._notes}", most) if self._notes and most > 50 else ""

    def _remembered(self) -> dict[str, Any]:
        return {"notes": self._notes}

    def _recall(self, memory: dict[str, Any]) -> None:
        self._notes = memory["notes"]

    def beliefs(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self._notes.splitlines() if line.strip())
