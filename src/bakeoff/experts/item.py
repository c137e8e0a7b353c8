"""One item of expert data: the question, how an expert did it and why, the state it led to, who vouches for it and what it cost."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bakeoff.core import Action, Element, Observation, Trajectory, UsageError

SCHEMA = "bakeoff-item-1"

EXPERT_SEEDS = 100_000_000
"""Seeds of tasks in expert data, from here on; reinforcement learning takes its tasks from twice this on. Streams, exams and recordings of the
contest lie below, so whoever is trained on these items meets other tasks when it is examined, in the same products."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing an item had to pass. `passed` is None where the gate was not tried on this item, which `detail` then says."""

    name: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made it, and what of whose time it took.

    Attributes:
        author: `programmed expert` or the role of a person.
        minutes: by stage, e.g. `{"solve": 0.6}`; for programmed experts what a person would have needed at `SECONDS_PER_EXPERT_STEP`.
        assumed: True where the minutes are an assumption and not measured.
        version: of bakeoff.
        license: of the item.
    """

    author: str
    minutes: Mapping[str, float]
    assumed: bool
    version: str
    license: str = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of expert data. Its trajectory and its gold artefacts lie beside it, named by their hashes.

    Attributes:
        id: the task's id.
        family, product, template, split, distance: as the task has them; `split` is always `train`.
        question: the instruction.
        context: what could be seen when the job began: the title and the number of elements.
        answer: gold artefacts by name, as SHA-256; `said` is what was answered in words.
        said: see `answer`.
        reasoning: one sentence for every action of the demonstration.
        derived: True where the reasoning was derived from what the expert did rather than written by it.
        demo: SHA-256 of the packed ATIF-v1.8 trajectory.
        steps: number of actions.
        verifier: the environment that judged it, `environments/<name>`.
        checks: what the verifier looked at.
        gates: what the item passed.
        provenance: see there.
        placebo_of: id of the item whose question or answer was altered to make this one; empty for a true one.
    """

    id: str
    family: str
    product: str
    template: str
    split: str
    distance: str
    question: str
    context: Mapping[str, Any]
    answer: Mapping[str, str]
    said: str
    reasoning: tuple[str, ...]
    derived: bool
    demo: str
    steps: int
    verifier: str
    checks: tuple[str, ...]
    gates: tuple[Gate, ...]
    provenance: Provenance
    placebo_of: str = ""
    schema: str = field(default=SCHEMA)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Item:
        """The inverse of `to_dict`. Raises `UsageError` for anything else."""
        if data.get("schema") != SCHEMA:
            raise UsageError(f"this is no item of the form {SCHEMA}; collect it again with `bakeoff experts collect`")
        fields = dict(data)
        try:
            fields["gates"] = tuple(Gate(**gate) for gate in fields["gates"])
            fields["provenance"] = Provenance(**fields["provenance"])
            fields["reasoning"], fields["checks"] = tuple(fields["reasoning"]), tuple(fields["checks"])
            return cls(**fields)
        except (KeyError, TypeError) as problem:
            raise UsageError(f"an item is damaged: {problem}") from problem

    @property
    def passed(self) -> bool:
        """Whether no gate was failed."""
        return all(gate.passed is not False for gate in self.gates)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def reasons(trajectory: Trajectory) -> tuple[str, ...]:
    """One sentence for each action: what it is done to, and what about the goal or the screen speaks for it.

    Derived from the run, not told by whoever did it; an item says so.
    """
    seen = trajectory.first
    told: list[str] = []
    for step in trajectory.steps:
        told.append(_reason(step.action, seen))
        seen = step.observation
    return tuple(told)


def _reason(action: Action, seen: Observation) -> str:
    element = seen.element(str(action.arguments.get("ref", "")))
    place = f" on “{seen.title}”" if seen.title else ""
    if action.tool == "finish":
        answer = str(action.arguments.get("answer", ""))
        return f"finish: the job is done, and the answer is “{answer}”." if answer else "finish: everything that was asked has been done."
    named = "" if element is None else f" the {element.role} {_called(element)}"
    text = next((str(action.arguments[name]) for name in ("text", "option", "key", "to") if name in action.arguments), "")
    if action.tool == "drag":
        target = seen.element(text)
        text = _called(target) if target is not None else text
    with_text = f" with “{text}”" if text else ""
    why = ""
    if any(named_in(seen.goal, words) for words in (text, "" if element is None else element.name)):
        why = "; the goal names it"
    return f"{action.tool}{named}{with_text}{place}{why}."


def named_in(goal: str, words: str) -> bool:
    """Whether the goal says these words, as words."""
    return bool(words.strip()) and re.search(rf"(?<!\w){re.escape(words.strip())}(?!\w)", goal, re.IGNORECASE) is not None


def _called(element: Element) -> str:
    return f"“{element.name[:80]}”" if element.name else f"without a name ({element.ref})"
