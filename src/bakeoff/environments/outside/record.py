"""Experts from recordings: the actions of an episode, written down as steps in which drawn values have become placeholders.

Whoever did the job once, agent or person, has thereby written its expert: what a click went to is said by role and name, by the row it stood in
where that tells it apart, or by what came before it where it has no name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bakeoff.core import Action, Element, Observation, Task, Trajectory, UsageError, Verdict
from bakeoff.environments.browser.tab import read_view
from bakeoff.environments.outside import text
from bakeoff.environments.outside.steps import Step, Target, find

if TYPE_CHECKING:
    from bakeoff.environments.outside.environment import OutsideEnvironment

_HOLDERS = ("row", "listitem", "group", "form", "region", "dialog", "article")


def recorded(trajectory: Trajectory, values: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of an episode. `values`: what was drawn for its task. Actions that could not be done, and waiting, are left out.

    Raises `UsageError` for an action that no step can say, e.g. a click at a point.
    """
    screens = [trajectory.first, *(step.observation for step in trajectory.steps)]
    done = zip(trajectory.steps, screens, strict=False)
    return tuple(_step(step.action, screen, values) for step, screen in done if not step.observation.error and step.action.tool != "wait")


class Recorder:
    """Notes what is done in the tab of an episode, by a person in its window or by trusted input from elsewhere.

    Begins the episode; `end` ends it. Windows that the app opens, going back, and the browser's own dialogs are not noted.
    """

    def __init__(self, environment: OutsideEnvironment, task: Task) -> None:
        self._environment = environment
        self._values = environment.assignment(task.id).values
        environment.reset(task.with_limits(seconds=_HOURS))
        environment.tab.add_binding(_TAKEN, "isolated")
        environment.tab.inject(files("bakeoff.environments.outside").joinpath("taken.js").read_text(encoding="utf-8"))

    def end(self, answer: str = "") -> tuple[tuple[Step, ...], Verdict]:
        """Finishes with an answer. Returns what was done as steps, and the verdict on it."""
        tab = self._environment.tab
        tab.evaluate("globalThis.bakeoff.flush()", "isolated")
        tab.observe()  # what that told has arrived
        taken = [json.loads(call) for call in tab.take_calls(_TAKEN)]
        found: list[Step] = []
        for call in taken:
            step = _step(_action(call), _screen(call["view"]), self._values)
            if found and step.verb == found[-1].verb == "type" and step.target == found[-1].target:
                found.pop()  # a field of several parts tells of each
            found.append(step)
        self._environment.step(Action("finish", {"answer": answer} if answer else {}))
        ending = Step("finish", value=_general(answer, self._values))
        return (*found, ending), self._environment.verify()


_TAKEN = "bakeoffTaken"
_HOURS = 4 * 3600.0


def _action(call: Mapping[str, Any]) -> Action:
    given = {name: value for name, value in call.items() if name not in ("tool", "index", "view", "to")}
    if call["tool"] != "press":
        given["ref"] = f"e{call['index']}"
    if "to" in call:
        given["to"] = f"e{call['to']}"
    return Action(call["tool"], given)


def _screen(text: str) -> Observation:
    view, _ = read_view(text)
    return Observation("", view.elements, 0, view.title, view.location)


def _step(action: Action, screen: Observation, values: Mapping[str, Any]) -> Step:
    given = action.arguments
    if action.tool == "finish":
        return Step("finish", value=_general(str(given.get("answer", "")), values))
    if action.tool == "back":
        return Step("back")
    if action.tool == "press":
        return Step("press", value=str(given["key"]))
    if action.tool in ("click_at", "drag_at"):
        raise UsageError(f"'{action}' is a matter of pixels and cannot be made a step; record a run that names elements")
    target = _target(screen, str(given["ref"]), values)
    if action.tool == "drag":
        return Step("drag", target, to=_target(screen, str(given["to"]), values))
    value = {"type": "text", "select": "option", "scroll": "dy"}.get(action.tool)
    return Step(action.tool, target, _general(str(given[value]), values) if value else "")


def _target(screen: Observation, ref: str, values: Mapping[str, Any]) -> Target:
    element = screen.element(ref)
    if element is None:
        raise UsageError(f"the recording names {ref}, which was not on the screen")
    for target in _ways(screen, element, values):
        if find(screen, _meant(target, values)) is element:
            return target
    raise UsageError(f"nothing on the screen tells {element.role} '{element.name}' apart; record another run")


def _ways(screen: Observation, element: Element, values: Mapping[str, Any]) -> list[Target]:
    """How an element can be said, the best first."""
    ways: list[Target] = []
    if element.name:
        name = _general(element.name, values)
        same = [item for item in screen.elements if (item.role, item.name) == (element.role, element.name)]
        if len(same) > 1:
            ways += [Target(name, element.role, inside=holder) for holder in _holders(screen, element, values)]
        ways.append(Target(name, element.role, number=1 + same.index(element)))
    for before in reversed([item for item in screen.elements if item.order < element.order and item.name and item.role in _LABELS]):
        between = [item for item in screen.elements if before.order < item.order <= element.order and item.role == element.role]
        ways.append(Target("", element.role, number=len(between), after=Target(_general(before.name, values), before.role)))
    return ways


_LABELS = ("text", "columnheader", "rowheader", "heading", "button", "link")


def _holders(screen: Observation, element: Element, values: Mapping[str, Any]) -> list[Target]:
    """What encloses an element and holds a drawn value."""
    found: list[Target] = []
    parent = element.parent
    while parent is not None:
        holder = screen.element(parent)
        assert holder is not None
        if holder.role in _HOLDERS:
            found += [
                Target(f"{{{place}}}", holder.role, part=True) for place, value in _texts(values) if len(value) > 2 and value in holder.name
            ]
        parent = holder.parent
    return found


def _texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Placeholders and what they stand for, the longest first."""
    flat = [
        (f"{name}.{field}" if field else name, str(item))
        for name, value in values.items()
        for field, item in (value.items() if isinstance(value, Mapping) else [("", value)])
        if item is not None and str(item).strip()
    ]
    return sorted(flat, key=lambda pair: -len(pair[1]))


def _general(said: str, values: Mapping[str, Any]) -> str:
    """The text with drawn values as placeholders: a whole text always, part of one only where the value is long enough to be no accident."""
    for place, value in _texts(values):
        if said == value:
            return f"{{{place}}}"
    pieces: list[str] = [said.replace("{", "{{").replace("}", "}}")]
    marks: Sequence[tuple[str, str]] = [(place, value) for place, value in _texts(values) if len(value) >= 4]
    for place, value in marks:
        pieces = [
            part
            for piece in pieces
            for part in (
                [piece] if piece.startswith("\0") else _split(piece, value.replace("{", "{{").replace("}", "}}"), f"\0{{{place}}}")
            )
        ]
    return "".join(piece.removeprefix("\0") for piece in pieces)


def _split(piece: str, value: str, mark: str) -> list[str]:
    parts = piece.split(value)
    return [part for number, rest in enumerate(parts) for part in ([mark] if number else []) + [rest] if part]


def _meant(target: Target, values: Mapping[str, Any]) -> Target:
    """The target with its placeholders filled in."""
    inside, after = (None if part is None else _meant(part, values) for part in (target.inside, target.after))
    return replace(target, name=text.fill(target.name, values, "recording"), inside=inside, after=after)
