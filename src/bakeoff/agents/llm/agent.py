"""A worker that is a language model: each action is one question, with the goal, what was done so far and the screen.

Two modes. `tools` (the default) offers the environment's tools as functions. `mode=text` describes them in words and reads one JSON object from the
answer, for models without tool calls. Either way the question is built anew each time: handles hold for one screen only, so earlier screens
would mislead, and no more is carried along than was decided to be.

Budgets are the same for every kind of worker here, so that what differs is what it does with them: `context`, the longest question; `budget`, all
tokens in and out of one episode, notes written after it included. When too little is left for another question, the worker stops.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from bakeoff.agents.floors import idle
from bakeoff.agents.llm.endpoint import Answer, Endpoint, Message
from bakeoff.agents.llm.screen import clipped, estimate, shown
from bakeoff.agents.moves import read_memory, write_memory
from bakeoff.core import Action, ActionError, Agent, BakeoffError, Observation, Tool, UsageError

TRIES = 3
"""Answers that a model may give to one question until one of them is an action."""

MOST_STEPS = 30
"""Latest actions that a question lists."""


UNCOUNTED, MOST = 1.4, 3.0
"""Tokens for each one that is estimated: before the endpoint has counted any, and at most. At least it is 1, so that a budget holds."""


class NoAction(BakeoffError):
    """The model answered, and its answers are no actions. Its failure, hence the agent's."""


@dataclass(frozen=True, slots=True)
class Options:
    """What stands behind the model's name: `llm:MODEL;mode=text;context=8000;budget=100000;answer=1024;temperature=0`.

    Attributes:
        mode: `tools` or `text`.
        context: tokens of one question at most.
        budget: tokens of one episode at most, in and out.
        answer: tokens of one answer at most.
        temperature: as the endpoint takes it; None leaves it to the endpoint, because some models refuse any.
    """

    mode: str = "tools"
    context: int = 8_000
    budget: int = 100_000
    answer: int = 1_024
    temperature: float | None = None

    @classmethod
    def parse(cls, text: str, agent: str) -> Options:
        """Raises `UsageError` for an option that is none, or a value that does not fit."""
        found: dict[str, Any] = {}
        for part in filter(None, text.split(";")):
            name, _, value = part.partition("=")
            try:
                if name == "mode" and value in ("tools", "text"):
                    found[name] = value
                elif name in ("context", "budget", "answer") and int(value) >= {"context": 500, "budget": 1_000, "answer": 16}[name]:
                    found[name] = int(value)
                elif name == "temperature" and 0 <= float(value) <= 2:
                    found[name] = float(value)
                else:
                    raise ValueError
            except ValueError:
                raise UsageError(
                    f"'{part}' is no option of agent '{agent}'; there are mode=tools or mode=text, context= (500 or more), "
                    "budget= (1000 or more), answer= (16 or more) and temperature= (0 to 2)"
                ) from None
        return cls(**found)


@dataclass(slots=True)
class Deed:
    """One step of an episode: the screen it was done on, cut short, what was done, and what the next screen reported."""

    screen: str
    did: str
    error: str = ""

    @property
    def line(self) -> str:
        return f"{self.did}{f'  ! {self.error}' if self.error else ''}"


class LLM(Agent):
    """A language model without a memory: `llm:<model>`. Learns nothing on the job."""

    name: ClassVar[str] = "llm"
    reserve: ClassVar[float] = 0.0  # share of an episode's budget that is kept back for after it

    def __init__(self, tools: tuple[Tool, ...], seed: int, argument: str = "") -> None:
        super().__init__(tools, seed, argument)
        self.model, _, options = argument.partition(";")
        if not self.model:
            raise UsageError(f"name a model, e.g. {self.name}:gpt-5-mini; the endpoint is BAKEOFF_LLM_BASE_URL, the key OPENAI_API_KEY")
        self.options = Options.parse(options, self.name)
        self._endpoint = Endpoint(self.model, self.options.temperature, seed)
        self._unbilled = [0, 0]
        self._rate = UNCOUNTED
        self._begin(None)

    @property
    def _context(self) -> int:
        """The longest question, in tokens as they are estimated."""
        return int(self.options.context / self._rate)

    def _begin(self, seen: Observation | None) -> None:
        self._left = self.options.budget
        self._deeds: list[Deed] = []
        self._title, self._goal = (seen.title, seen.goal) if seen is not None else ("", "")

    # --- acting --------------------------------------------------------------------------------------------------------------------

    def act(self, observation: Observation) -> Action:
        if observation.step == 0:
            self._begin(observation)
        elif self._deeds:
            self._deeds[-1].error = clipped(observation.error, 60)
        action = self._decide(observation)
        self._deeds.append(Deed(shown(observation, 400), told(action, observation)))
        return action

    def _decide(self, seen: Observation) -> Action:
        """Raises `NoAction` when the model's answers are none, `ServiceFault` when it does not answer."""
        messages = self._question(seen)
        complaint = ""
        for _ in range(TRIES):
            if self._short_of(messages):
                return idle(self.tools)
            answer = self._ask(messages, self.tools if self.options.mode == "tools" else ())
            try:
                return self._action(answer, seen)
            except ActionError as problem:
                complaint = str(problem)
            said = answer.text or "; ".join(f"{name}({arguments})" for name, arguments in answer.calls) or "(nothing)"
            messages += [
                {"role": "assistant", "content": clipped(said, 200)},
                {"role": "user", "content": f"That cannot be done: {complaint}. Answer with one call of one tool."},
            ]
        raise NoAction(f"model '{self.model}' gave no usable action in {TRIES} answers; the last: {complaint}")

    def _question(self, seen: Observation) -> list[Message]:
        """What the model is asked: who it is, what it knows from before, the goal, what was done, the screen."""
        most = self._context
        system = self._system()
        fixed = estimate(system) + (_size(self.tools) if self.options.mode == "tools" else 0)
        goal = f"The job: {clipped(seen.goal, most // 8)}"
        deeds = [f"{at}. {deed.line}" for at, deed in enumerate(self._deeds, start=1)][-MOST_STEPS:]
        while deeds and estimate("\n".join(deeds)) > most // 8:
            del deeds[0]
        past = "\n".join(["What you have done so far:", *deeds]) if deeds else "You have done nothing yet."
        free = max(0, most - fixed - estimate(goal) - estimate(past) - 40)
        screen = shown(seen, max(100, min(free, most // 2)))
        known = self._known(max(0, free - estimate(screen)))
        parts = [part for part in (known, goal, past, f"The screen now:\n{screen}") if part]
        return [{"role": "system", "content": system}, {"role": "user", "content": "\n\n".join(parts)}]

    def _system(self) -> str:
        text = (
            "You operate software that is shown to you as text. A line is one element: [handle] role 'name' = 'value' (states); what is indented lies "
            "inside of what stands above it. A handle holds for the present screen only. Carry out the job with one call of one tool at a time, and "
            "change nothing else. As soon as the job is done, say so with the tool for that, if there is one."
        )
        if self.options.mode == "tools":
            return text
        listed = "\n".join(json.dumps(tool.to_dict()) for tool in self.tools)
        return f'{text}\nThe tools:\n{listed}\nEnd your answer with one JSON object alone: {{"tool": "its name", "arguments": {{…}}}}'

    def _known(self, most: int) -> str:
        """What it knows from earlier episodes, in at most about `most` tokens."""
        return ""

    def _action(self, answer: Answer, seen: Observation) -> Action:
        """Raises `ActionError` that says what is wrong with an answer."""
        if answer.calls:
            name, text = answer.calls[0]
            try:
                arguments = json.loads(text)
            except ValueError:
                raise ActionError(f"the arguments of {name} are no JSON") from None
        else:
            name, arguments = _last_object(answer.text)
        if not isinstance(arguments, dict):
            raise ActionError(f"the arguments of {name} are no JSON object")
        action = Action(name, arguments)
        action.check(self.tools)
        for key in ("ref", "to"):
            if key in arguments and seen.element(str(arguments[key])) is None:
                raise ActionError(f"there is no element {arguments[key]!r} on the screen")
        return action

    # --- tokens --------------------------------------------------------------------------------------------------------------------

    def _short_of(self, messages: Sequence[Message]) -> bool:
        """Whether too little of the budget is left for this question and an answer."""
        asked = sum(estimate(message["content"]) for message in messages) * self._rate + self.options.answer
        return self._left - int(self.reserve * self.options.budget) < asked

    def _ask(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> Answer:
        answer = self._endpoint.ask(messages, self.options.answer, tools)
        self._unbilled[0] += answer.tokens_in
        self._unbilled[1] += answer.tokens_out
        self._left -= answer.tokens_in + answer.tokens_out
        if answer.counted:
            asked = sum(estimate(message["content"]) for message in messages) + (_size(tools) if tools else 0)
            self._rate = (self._rate + min(max(answer.tokens_in / max(asked, 1), 1.0), MOST)) / 2
        return answer

    def spent_tokens(self) -> tuple[int, int]:
        spent, self._unbilled = (self._unbilled[0], self._unbilled[1]), [0, 0]
        return spent

    # --- memory --------------------------------------------------------------------------------------------------------------------

    def _remembered(self) -> dict[str, Any]:
        return {}

    def _recall(self, memory: dict[str, Any]) -> None:
        pass

    def snapshot(self, directory: Path) -> None:
        data = {"agent": self.name, "model": self.model, "seed": self.seed, "tokens per estimate": self._rate}
        write_memory(directory, data | self._remembered())

    def restore(self, directory: Path) -> None:
        memory = read_memory(directory)
        if memory["model"] != self.model:
            raise UsageError(f"this snapshot belongs to the model '{memory['model']}', not to '{self.model}'")
        self.seed = memory["seed"]  # it is sent along with each question
        self._rate = memory["tokens per estimate"]
        self._endpoint = Endpoint(self.model, self.options.temperature, self.seed)
        self._begin(None)
        self._recall(memory)


def _size(tools: Sequence[Tool]) -> int:
    """Tokens, as they are estimated, of tools that are offered."""
    return estimate(json.dumps([tool.to_dict() for tool in tools]))


def told(action: Action, seen: Observation) -> str:
    """An action in words that outlive the screen: handles become what they stood for."""
    parts = []
    for name, value in action.arguments.items():
        element = seen.element(str(value)) if name in ("ref", "to") else None
        parts.append(f"{name}={value!r}" if element is None else f"{element.role} {clipped(element.name, 30)!r}")
    return f"{action.tool}({', '.join(parts)})"


def _last_object(text: str) -> tuple[str, Any]:
    """Tool and arguments of the last JSON object that names a tool. Raises `ActionError` without one."""
    decoder = json.JSONDecoder()
    found: tuple[str, Any] | None = None
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if isinstance(value, dict) and isinstance(value.get("tool"), str):
                found = value["tool"], value.get("arguments") or {}
        at = text.find("{", end)
    if found is None:
        raise ActionError("it names no tool")
    return found
