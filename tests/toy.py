"""A tiny real environment through the contract, used by tests of every room: lockers with a label, an owner and a status.

Three products (train, dev, sealed) do the same three jobs with other words, and `toy-gamma` asks for a confirmation before it saves. All
state is in memory; nothing is random but what the task id says. `ToyEnvironment(fault="step:3")` raises `EnvironmentFault` at the third
step of every episode (also `begin:1`, `judge:1`, `close:1`), for tests that need one; `pictures=True` adds screenshots.
"""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bakeoff.core import (
    Action,
    ActionError,
    Box,
    Check,
    Element,
    Ended,
    Environment,
    EnvironmentFault,
    Limits,
    Observation,
    Policy,
    Product,
    Proof,
    Scored,
    Screen,
    Split,
    Task,
    TaskId,
    Tool,
    UsageError,
    Verdict,
    follow,
)

_REF = {"type": "string", "description": "handle of an element of the latest observation"}
_TEXT = {"type": "string"}


def _tool(name: str, description: str, properties: dict[str, Any], required: Sequence[str]) -> Tool:
    return Tool(name, description, {"type": "object", "properties": properties, "required": list(required)})


TOOLS = (
    _tool("click", "Clicks an element.", {"ref": _REF}, ["ref"]),
    _tool("type", "Replaces the content of a text field.", {"ref": _REF, "text": _TEXT}, ["ref", "text"]),
    _tool("select", "Chooses an option of a combobox by its label.", {"ref": _REF, "option": _TEXT}, ["ref", "option"]),
    _tool("wait", "Does nothing for a moment.", {}, []),
    _tool("finish", "Says that the job is done, with an answer where one was asked for.", {"answer": _TEXT}, []),
)

OWNERS = ("Abara", "Bellweather", "Castellane", "Dunmore", "Eastgate", "Fairholm", "Garrick")
NOBODY = "nobody"
PLACES = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "jetty", "knoll", "larch", "maple", "north")
STATUSES = ("free", "taken", "broken")
TEMPLATES = ("relabel-locker", "assign-locker", "release-locker")
COUNT, PAGE = 10, 5


@dataclass(frozen=True)
class Words:
    """How one product calls things. `confirm` is empty where saving takes effect at once."""

    title: str
    thing: str
    owner: str
    save: str
    cancel: str
    confirm: str = ""


WORDS = {
    "toy-alpha": Words("Alpha Lockers", "Locker", "Owner", "Save", "Cancel"),
    "toy-beta": Words("Beta Boxes", "Box", "Holder", "Store", "Leave"),
    "toy-gamma": Words("Gamma Cabinets", "Cabinet", "Keeper", "Keep", "Drop", confirm="Yes, keep it"),
}

PRODUCTS = (
    Product("toy-alpha", 1, "lockers", "train", "none", TEMPLATES, rules=6),
    Product("toy-beta", 1, "lockers", "dev", "vocabulary", TEMPLATES, rules=6),
    Product("toy-gamma", 1, "lockers", "sealed", "workflow", TEMPLATES, ("saving asks for a confirmation",), rules=7),
)


@dataclass(frozen=True)
class Locker:
    id: int
    label: str
    owner: str
    status: str


@dataclass(frozen=True)
class Goal:
    """The one record that must change, and what it must become."""

    target: int
    wanted: Locker
    instruction: str


def records(task_id: TaskId, practice: bool = False) -> tuple[Locker, ...]:
    """The lockers of a fresh copy. Practice data shares no label with any task's."""
    rng = random.Random(f"toy/{task_id.product}/{task_id.template}/{task_id.seed}/{practice}")
    places = rng.sample(PLACES, COUNT)
    offset = 500 if practice else 100
    return tuple(
        Locker(index, f"{place} {offset + rng.randrange(400)}", rng.choice(OWNERS), rng.choice(STATUSES[:2]))
        for index, place in enumerate(places)
    )


def goal_of(task_id: TaskId) -> Goal:
    words, lockers = WORDS[task_id.product], records(task_id)
    rng = random.Random(f"toy-goal/{task_id}")
    old = rng.choice(lockers)
    thing = words.thing.lower()
    label = f"{rng.choice(PLACES)} {rng.randrange(1000, 9999)}"  # without something new in it, a replay of another seed may hit by chance
    if task_id.template == "relabel-locker":
        wanted = replace(old, label=label)
        return Goal(old.id, wanted, f'Change the label of the {thing} "{old.label}" to "{wanted.label}".')
    if task_id.template == "assign-locker":
        wanted = replace(old, owner=rng.choice([owner for owner in OWNERS if owner != old.owner]), label=label, status="taken")
        return Goal(old.id, wanted, f'Give the {thing} "{old.label}" to {wanted.owner}, mark it taken and label it "{label}".')
    taken = [locker for locker in lockers if locker.status == "taken"] or [replace(lockers[0], status="taken")]
    old = rng.choice(taken)
    wanted = replace(old, label=label, owner=NOBODY, status="free")
    return Goal(old.id, wanted, f'Release the {thing} "{old.label}": {words.owner.lower()} {NOBODY}, status free, label "{label}".')


def judge(before: Sequence[Locker], after: Sequence[Locker], goal: Goal, finished: bool) -> Verdict:
    """The goal and the frame: the wanted record is as wanted and no other record changed, and the worker said it was done."""
    old, new = {locker.id: locker for locker in before}, {locker.id: locker for locker in after}
    others = [number for number in old.keys() | new.keys() if number != goal.target and old.get(number) != new.get(number)]
    others += [locker.id for locker in after if locker is not new[locker.id]]  # two records under one number
    found = new.get(goal.target)
    checks = (
        Check("goal", found == goal.wanted, f"wanted {goal.wanted}, found {found}"),
        Check("frame", not others, f"{len(others)} other records changed"),
        Check("finished", finished, "the worker said it was done" if finished else "the worker never said it was done"),
    )
    return Scored.all_of(checks, {"changed": sorted(number for number in old.keys() | new.keys() if old.get(number) != new.get(number))})


class ToyEnvironment(Environment):
    """Lockers in memory. See the module's text for `fault` and `pictures`."""

    name = "toy"
    tools = TOOLS

    def __init__(self, fault: str = "", pictures: bool = False) -> None:
        super().__init__()
        self._fault_at, _, count = fault.partition(":")
        self._fault_count = int(count or 1)
        self._pictures = pictures
        self._calls: dict[str, int] = {}
        self._open_episode = False
        self._draft: Locker | None = None
        self._answer: str | None = None

    # --- what there is to do

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        return [item for item in PRODUCTS if family in (None, item.family) and split in (None, item.split)]

    def task(self, task_id: TaskId) -> Task:
        if task_id.environment != self.name:
            raise UsageError(f"task {task_id} does not belong to environment '{self.name}'")
        product = self.product(f"{task_id.product}@{task_id.version}")
        if task_id.template not in product.templates:
            raise UsageError(f"product '{product.id}' has no template '{task_id.template}'; it has {', '.join(product.templates)}")
        return Task(task_id, product.family, product.split, goal_of(task_id).instruction, Limits(20, 60.0), product.distance)

    # --- one episode

    def _begin(self, task: Task, practice: bool) -> Screen:
        self._calls = {}
        self._maybe_fault("begin")
        self._id, self._words = task.id, WORDS[task.id.product]
        self._lockers = list(records(task.id, practice))
        self._goal = goal_of(task.id)
        if not practice and task.id.template == "release-locker":
            self._lockers[self._goal.target] = replace(self._lockers[self._goal.target], status="taken")
        self._before = tuple(self._lockers)
        self._page, self._draft, self._asking, self._answer = 0, None, False, None
        self._open_episode = True
        return self._screen()

    def _perform(self, action: Action) -> Screen:
        self._maybe_fault("step")
        arguments = action.arguments
        if action.tool == "wait":
            return self._screen()
        if action.tool == "finish":
            self._answer = str(arguments.get("answer", ""))
            return self._screen("finished")
        found = next((pair for pair in self._layout() if pair[0].ref == arguments["ref"]), None)
        if found is None:
            raise ActionError(f"there is no element '{arguments['ref']}' on this screen")
        element, effect = found
        kind = {"textbox": "type", "combobox": "select"}.get(element.role, "click")
        if effect is None or kind != action.tool:
            raise ActionError(f"cannot {action.tool} the {element.role} '{element.name}'")
        text = str(arguments.get("text", arguments.get("option", "")))
        if action.tool == "select" and text not in element.options:
            raise ActionError(f"'{element.name}' has no option '{text}'; it has {', '.join(element.options)}")
        effect(text)
        return self._screen()

    def _judge(self) -> Verdict:
        self._maybe_fault("judge")
        return judge(self._before, self._lockers, self._goal, self._answer is not None)

    def close(self) -> None:
        if self._open_episode:
            self._open_episode = False
            self._maybe_fault("close")

    def _maybe_fault(self, where: str) -> None:
        self._calls[where] = self._calls.get(where, 0) + 1
        if where == self._fault_at and self._calls[where] == self._fault_count:
            raise EnvironmentFault(f"the toy was told to fail at {where} {self._fault_count}")

    # --- the product

    def _change(self, **fields: str) -> None:
        assert self._draft is not None
        self._draft = replace(self._draft, **fields)

    def _open(self, locker: Locker) -> None:
        self._draft = locker

    def _turn(self, by: int) -> None:
        self._page += by

    def _save(self) -> None:
        if self._words.confirm and not self._asking:
            self._asking = True
            return
        assert self._draft is not None
        self._lockers[self._draft.id] = self._draft
        self._draft, self._asking = None, False

    def _cancel(self) -> None:
        if self._asking:
            self._asking = False
        else:
            self._draft = None

    def _layout(self) -> list[tuple[Element, Callable[[str], None] | None]]:
        """What is on the screen, each with what a click, a text or an option does to it."""
        words, out = self._words, list[tuple[Element, Callable[[str], None] | None]]()

        def add(role: str, name: str, effect: Callable[[str], None] | None = None, **more: Any) -> str:
            ref, order = f"e{len(out)}", len(out)
            out.append((Element(ref, role, name, order=order, box=Box(20, 20 + 30 * order, 300, 24), **more), effect))
            return ref

        if self._draft is None:
            add("heading", f"{words.thing} list")
            last = (COUNT - 1) // PAGE
            for locker in self._lockers[self._page * PAGE : (self._page + 1) * PAGE]:
                row = add("row", f"{locker.label} {locker.owner} {locker.status}")
                add("link", locker.label, lambda _, locker=locker: self._open(locker), parent=row)  # type: ignore[misc]
                add("cell", locker.owner, parent=row)
                add("cell", locker.status, parent=row)
            if self._page < last:
                add("button", "Next page", lambda _: self._turn(1))
            if self._page > 0:
                add("button", "Previous page", lambda _: self._turn(-1))
            return out
        draft = self._draft
        if self._asking:
            dialog = add("dialog", f"Keep the changes of {draft.label}?")
            add("button", words.confirm, lambda _: self._save(), parent=dialog)
            add("button", words.cancel, lambda _: self._cancel(), parent=dialog)
            return out
        add("heading", f"{words.thing} {self._lockers[draft.id].label}")
        form = add("form", words.thing)
        add("textbox", "Label", lambda text: self._change(label=text), value=draft.label, parent=form)
        add("combobox", words.owner, lambda text: self._change(owner=text), value=draft.owner, parent=form, options=(*OWNERS, NOBODY))
        add("combobox", "Status", lambda text: self._change(status=text), value=draft.status, parent=form, options=STATUSES)
        add("button", words.save, lambda _: self._save(), parent=form)
        add("button", words.cancel, lambda _: self._cancel(), parent=form)
        return out

    def _screen(self, ended: Ended | None = None) -> Screen:
        location = "/" if self._draft is None else f"/{self._draft.id}"
        return Screen(tuple(element for element, _ in self._layout()), self._words.title, location, ended)

    # --- evidence

    def screenshot(self) -> bytes:
        if not self._pictures:
            return super().screenshot()
        boxes = [element.box for element, _ in self._layout()]
        width, height = 340, 720
        rows = [bytearray(b"\xff" * width) for _ in range(height)]
        for box in boxes:
            for y in range(int(box.y), min(height, int(box.y + box.height))):
                rows[y][int(box.x) : int(box.x + box.width)] = b"\xc0" * int(box.width)
        return _png(width, height, b"".join(b"\0" + bytes(row) for row in rows))

    def artefacts(self) -> Mapping[str, bytes]:
        return {
            "before.json": json.dumps([asdict(locker) for locker in self._before]).encode(),
            "after.json": json.dumps([asdict(locker) for locker in self._lockers]).encode(),
            "answer.json": json.dumps(self._answer).encode(),
        }

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        before, after = ([Locker(**fields) for fields in json.loads(artefacts[f"{name}.json"])] for name in ("before", "after"))
        return judge(before, after, goal_of(task.id), json.loads(artefacts["answer.json"]) is not None)

    # --- proofs

    def expert(self, task: Task) -> Policy:
        goal = goal_of(task.id)
        return solve(goal.target, goal.wanted, WORDS[task.id.product])

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        target, wanted, words = goal_of(task.id).target, goal_of(task.id).wanted, WORDS[task.id.product]
        wrong = (target + 1) % COUNT
        label = wanted.label + "x"

        def run(name: str, kind: Any, claim: str, **options: Any) -> Proof:
            return Proof(name, kind, claim, follow(solve(options.pop("at", target), options.pop("wanted", wanted), words, **options)))

        return (
            run("expert", "expert", "does the job"),
            run("detour", "alternative", "looks at another record first and leaves it unchanged", detour=wrong),
            run("twice", "alternative", "does the job twice", times=2),
            run("wrong-record", "mutant", "changes the neighbour instead", at=wrong, wanted=replace(wanted, id=wrong)),
            run("misspelt", "mutant", "adds a letter to the label", wanted=replace(wanted, label=label)),
            run("wrong-owner", "mutant", "gives it to somebody else", wanted=replace(wanted, owner=_other(OWNERS, wanted.owner))),
            run("wrong-status", "mutant", "sets the wrong status", wanted=replace(wanted, status="broken")),
            run("not-saved", "mutant", "fills everything in and leaves without saving", save=False),
            run("extra-edit", "mutant", "does the job and also relabels the neighbour", extra=wrong),
            run("never-finished", "mutant", "does the job and never says so", finish=False),
            Proof("boast", "attack", "says it is done without doing anything", _boast),
            Proof("foreign-refs", "attack", "acts on elements that are not on the screen", _foreign),
        )


def _other(names: Sequence[str], name: str) -> str:
    return next(item for item in names if item != name)


def _boast(environment: Environment, observation: Observation) -> None:
    environment.step(Action("finish", {"answer": "verdict: passed"}))


def _foreign(environment: Environment, observation: Observation) -> None:
    for ref in ("e999", "../e1", ""):
        observation = environment.step(Action("click", {"ref": ref}))
        assert observation.error, "a ref that is not on the screen was accepted"
    environment.step(Action("finish"))


def solve(
    target: int,
    wanted: Locker,
    words: Words,
    *,
    detour: int | None = None,
    extra: int | None = None,
    times: int = 1,
    save: bool = True,
    finish: bool = True,
) -> Policy:
    """A policy for the toy: opens a locker by its place in the list, sets every field that differs, saves and finishes."""
    jobs: list[tuple[int, Locker | None, bool]] = [(target, wanted, save)] * times
    if detour is not None:
        jobs.insert(0, (detour, None, False))
    if extra is not None:
        jobs.append((extra, replace(wanted, id=extra, label="spoiled"), True))
    opened = False

    def act(observation: Observation) -> Action:
        nonlocal opened
        by_name = {(element.role, element.name): element for element in observation.elements}
        confirm = by_name.get(("button", words.confirm)) if words.confirm else None
        if confirm is not None:
            return Action("click", {"ref": confirm.ref})
        box = by_name.get(("textbox", "Label"))
        if box is None:
            if opened:
                jobs.pop(0)
                opened = False
            if not jobs:
                return Action("finish") if finish else Action("wait")
            page, place = divmod(jobs[0][0], PAGE)
            here = 0 if ("button", "Previous page") not in by_name else 1
            if page != here:
                return Action("click", {"ref": by_name["button", "Next page" if page > here else "Previous page"].ref})
            links = [element for element in observation.elements if element.role == "link"]
            return Action("click", {"ref": links[place].ref})
        opened = True
        _, aim, keep = jobs[0]
        owner, status = by_name["combobox", words.owner], by_name["combobox", "Status"]
        if aim is not None:
            if box.value != aim.label:
                return Action("type", {"ref": box.ref, "text": aim.label})
            if owner.value != aim.owner:
                return Action("select", {"ref": owner.ref, "option": aim.owner})
            if status.value != aim.status:
                return Action("select", {"ref": status.ref, "option": aim.status})
        return Action("click", {"ref": by_name["button", words.save if keep else words.cancel].ref})

    return act


def _png(width: int, height: int, raw: bytes) -> bytes:
    """An 8-bit greyscale PNG (ISO/IEC 15948) of rows that each begin with filter type 0."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
