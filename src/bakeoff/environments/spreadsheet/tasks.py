"""The tasks of a house: what is missing from its workbook, or wrong in it, what the finished one looks like, and what the worker is told.

Every task is the difference between two drafts: the workbook handed out and the one that an analyst would hand in. What the verifier asks for
follows from the model, never from the second draft.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bakeoff.core import TaskId, UsageError
from bakeoff.environments.browser.seeds import digest, generator
from bakeoff.environments.spreadsheet import figures, switches
from bakeoff.environments.spreadsheet.draft import Draft
from bakeoff.environments.spreadsheet.houses import House, workbook
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.model import DATA, Line, Model, Section
from bakeoff.environments.spreadsheet.notation import references
from bakeoff.environments.spreadsheet.slips import Slip, slips
from bakeoff.environments.spreadsheet.spec import Question, Spot, Values

TEMPLATES = (
    "fill-row",
    "fill-rows",
    "schedule",
    "statement",
    "build-model",
    "from-scratch",
    "enter-inputs",
    "extend",
    "scenario",
    "answer",
    "repair-one",
    "repair-three",
)
WHOLE = frozenset({"build-model", "from-scratch"})
"""Templates in which good form counts as well."""


@dataclass(frozen=True)
class Assignment:
    """One task in one house, drawn.

    Attributes:
        id, house, layout, base: the task, its house, the model on the house's sheets, all given figures.
        handed, solved: the workbook as handed out and as an analyst hands it in.
        open: cells that may be filled or changed.
        missing: keys of the drivers that the worker enters.
        lines: the lines that the task is about, for the papers.
        names: key -> defined name, where the layout is the worker's own; else None.
        slips: what is wrong in the workbook handed out.
        question, asked: the figure to be said, and the line and period that it is.
        words: pieces of the instruction that the template has drawn.
    """

    id: TaskId
    house: House
    layout: Layout
    base: Values
    handed: Draft
    solved: Draft
    open: frozenset[Spot]
    missing: frozenset[str] = frozenset()
    lines: tuple[Line, ...] = ()
    names: Mapping[str, str] | None = None
    slips: tuple[Slip, ...] = ()
    question: Question | None = None
    asked: tuple[Line, int] | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        return self.layout.model

    @property
    def answer(self) -> str:
        """What an analyst would say, to the accuracy asked for."""
        return "" if self.question is None else _said(self.question.value, self.question.tolerance)


def _said(value: float, tolerance: float) -> str:
    digits = max(0, len(f"{tolerance:.10f}".rstrip("0").partition(".")[2]))
    return f"{value:.{digits}f}"


@lru_cache(maxsize=512)
def model_of(house: House) -> Model:
    """The model that a house works with."""
    return house.family.build(house.flags)


def fits(house: House, template: str) -> bool:
    """Whether a house offers a template."""
    model = model_of(house)
    if template in house.family.without:
        return False
    if template == "scenario":
        return bool(model.switchable)
    return template in TEMPLATES


def assign(task_id: TaskId, house: House, *, practice: bool = False) -> Assignment:
    """The task with this id in its house; with `practice`, the same with figures that no task has."""
    if task_id.template not in TEMPLATES or not fits(house, task_id.template):
        raise UsageError(
            f"product '{house.id}' has no task '{task_id.template}'; it has {', '.join(item for item in TEMPLATES if fits(house, item))}"
        )
    rng = generator("task", task_id.product, task_id.version, task_id.template, task_id.seed, *(("practice",) if practice else ()))
    return _TEMPLATES[task_id.template](task_id, workbook(house, task_id.seed), rng)


# --- the templates -------------------------------------------------------------------------------------------------------------------


def _start(house: House, rng: random.Random, model: Model | None = None) -> tuple[Layout, dict[str, tuple[float, ...]], Draft]:
    layout = Layout(house, model or model_of(house))
    base = figures.freeze(layout.model.data(rng))
    return layout, base, layout.draft(base)


def _computed(model: Model, *, checks: bool = False) -> list[Line]:
    return [line for line in figures.computed_lines(model) if checks or not line.check]


def _ahead(layout: Layout, lines: Iterable[Line]) -> frozenset[Spot]:
    return frozenset(spot for line in lines for spot in layout.spots(line.key))


def _blank(
    task_id: TaskId, house: House, rng: random.Random, choose: Callable[[Model, random.Random], Sequence[Line]], **words: str
) -> Assignment:
    layout, base, solved = _start(house, rng)
    lines = tuple(choose(layout.model, rng))
    spots = _ahead(layout, lines)
    return Assignment(task_id, house, layout, base, solved.cleared(spots), solved, spots, lines=lines, words=words)


def _one_row(model: Model, rng: random.Random) -> Sequence[Line]:
    return [rng.choice([line for line in _computed(model) if not line.scalar] or _computed(model))]


def _few_rows(model: Model, rng: random.Random) -> Sequence[Line]:
    """Two to four lines that refer to each other."""
    lines = _computed(model)
    wanted = rng.randint(2, min(4, len(lines)))
    seed = rng.choice(lines)
    chosen = {seed.key}
    for _ in range(20):
        near = [
            line
            for line in lines
            if line.key not in chosen
            and (_feeds(line) & chosen or line.key in {key for other in lines if other.key in chosen for key in _feeds(other)})
        ]
        if len(chosen) >= wanted or not near:
            break
        chosen.add(rng.choice(near).key)
    if len(chosen) < 2:
        chosen |= {rng.choice([line for line in lines if line.key not in chosen]).key}
    return [line for line in lines if line.key in chosen]


def _feeds(line: Line) -> set[str]:
    return {key for key, _ in references(line.ahead)}


def _blocks(model: Model) -> list[tuple[Section, list[Line]]]:
    """Sections with at least two computed lines, checks apart."""
    found = [(section, [line for line in _computed(model) if line.section == section.key]) for section in model.sections]
    return [(section, lines) for section, lines in found if len(lines) >= 2]


def _schedule(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    section, lines = rng.choice(_blocks(model_of(house)))
    return _blank(task_id, house, rng, lambda model, _: lines, section=section.key)


def _statement(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    """The largest section."""
    section, lines = max(_blocks(model_of(house)), key=lambda block: len(block[1]))
    return _blank(task_id, house, rng, lambda model, _: lines, section=section.key)


def _build(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    return _blank(task_id, house, rng, lambda model, _: _computed(model, checks=True))


def _enter(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    layout, base, solved = _start(house, rng)
    lines = [line for line in layout.model.lines if line.ahead == DATA]
    sections = sorted({line.section for line in lines})
    size = {section: sum(1 if line.scalar else layout.model.future for line in lines if line.section == section) for section in sections}
    section = rng.choice([section for section in sections if 2 <= size[section] <= 80] or sections)
    chosen = tuple(line for line in lines if line.section == section)
    spots = _ahead(layout, chosen)
    missing = frozenset(line.key for line in chosen)
    return Assignment(task_id, house, layout, base, solved.cleared(spots), solved, spots, missing, chosen, words={"section": section})


def _extend(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    """One more period: its caption, its assumptions from the pack, and everything computed."""
    layout, base, solved = _start(house, rng)
    model = layout.model
    column = frozenset(layout.spot(line.key, model.span - 1) for line in model.lines if not line.scalar and line.ahead != "")
    chosen = tuple(line for line in model.lines if not line.scalar and line.ahead == DATA)
    handed = solved.cleared(column)
    return Assignment(task_id, house, layout, base, handed, solved, column, frozenset(line.key for line in chosen), chosen)


def _scenario(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    key = rng.choice(model_of(house).switchable)
    model = switches.switched(model_of(house), key, house)
    layout, base, solved = _start(house, rng, model)
    line = model.line(key)
    spots = _ahead(layout, [line])
    return Assignment(task_id, house, layout, base, solved.cleared(spots), solved, spots, lines=(line,))


def _answer(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    """An assumption changes; the worker enters it and says what follows."""
    layout, old, before = _start(house, rng)
    model, compute = layout.model, figures.reference(layout.model)
    drivers = {driver.key: driver for driver in figures.drivers(layout, old)}
    keys = [line.key for line in model.lines if line.ahead == DATA and line.unit in ("rate", "money", "count") and line.key in drivers]
    was = compute(old)
    for _ in range(40):
        key = rng.choice(keys)
        base = {**old, key: _other(model.line(key), old[key], rng)}
        if base[key] == old[key] or not all(drivers[key].low <= value <= drivers[key].high for value in base[key]):
            continue
        now = compute(base)
        found = [
            (line, period)
            for line in _computed(model)
            if line.headline and line.unit in ("money", "rate", "ratio")
            for period in range(len(now[line.key]))
            if abs(now[line.key][period] - was[line.key][period]) > 1e-3 * max(1e-3, abs(was[line.key][period]))
        ]
        if found:
            line, period = rng.choice(found)
            value = now[line.key][period] * layout.shown.scale(line)
            tolerance = _accuracy(value)
            if _said(value, tolerance) != _said(was[line.key][period] * layout.shown.scale(line), tolerance):
                break
    else:
        raise AssertionError(f"{house.id}: no assumption changes any headline")
    solved = layout.draft(base)
    spots = _ahead(layout, [model.line(key)])
    handed = before.copy()
    fixed = solved.copy()
    # Typed history comes from the figures before the change; only the assumption itself differs between the two.
    fixed.cells = {spot: solved.cells[spot] if spot in spots else cell for spot, cell in handed.cells.items()}
    return Assignment(
        task_id,
        house,
        layout,
        base,
        handed,
        fixed,
        spots,
        frozenset({key}),
        (model.line(key),),
        question=Question(value, tolerance, 0.01 * (layout.shown.rate if line.unit == "rate" else 1)),
        asked=(line, period),
    )


def _other(line: Line, values: Sequence[float], rng: random.Random) -> tuple[float, ...]:
    """A changed assumption, in round figures."""
    factor = 1 + rng.choice((-1, 1)) * rng.choice((0.1, 0.2, 0.25))
    if line.unit == "rate":
        return tuple(round(value * factor, 4) for value in values)
    if line.unit == "count":
        return tuple(float(max(1, round(value * factor))) for value in values)
    return tuple(round(value * factor, 2) for value in values)


def _accuracy(value: float) -> float:
    """How exactly an answer is asked for: about four figures."""
    size = abs(value)
    return 1.0 if size >= 1000 else 0.1 if size >= 100 else 0.01 if size >= 1 else 0.0001


def _repair(count: int) -> Callable[[TaskId, House, random.Random], Assignment]:
    def template(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
        layout, base, solved = _start(house, rng)
        lines = _computed(layout.model)
        rng.shuffle(lines)
        handed, kinds = solved.copy(), set()
        made: list[Slip] = []
        for line in lines:
            if len(made) == count:
                break
            offers = [slip for slip in slips(layout, line, rng) if slip.repairable and slip.kind not in kinds]
            rng.shuffle(offers)
            for slip in offers:
                broken = slip.apply(handed, layout, base)
                if broken is not None and matters(broken, solved, layout):
                    handed = broken
                    made.append(slip)
                    kinds.add(slip.kind)
                    break
        if len(made) < count:
            raise AssertionError(f"{house.id}: no {count} errors to seed")
        spots = frozenset(spot for spot in _ahead(layout, _computed(layout.model, checks=True)) if spot in solved.cells)
        return Assignment(task_id, house, layout, base, handed, solved, spots, lines=tuple(slip.line for slip in made), slips=tuple(made))

    return template


def matters(broken: Draft, solved: Draft, layout: Layout) -> bool:
    """Whether a draft comes to other figures ahead than the right one, in the base case."""
    spots = [spot for line in _computed(layout.model) for spot in layout.spots(line.key)]
    wrong, right = broken.values(spots), solved.values(spots)
    return any(not same(wrong[spot], right[spot]) for spot in spots)


def same(left: object, right: object) -> bool:
    """Whether two cell values are the same number (nothing counts as 0, as it does in a formula)."""
    left, right = (0.0 if value is None else value for value in (left, right))
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return left == right
    return abs(left - right) <= 1e-7 * max(1.0, abs(left), abs(right))


def _scratch(task_id: TaskId, house: House, rng: random.Random) -> Assignment:
    """Nothing but the pack: the worker lays the model out and names its drivers and the outputs asked for."""
    own = replace(house, widgets={**house.widgets, "sheets": "one", "notes": False}, workflow={**house.workflow, "history": "live"})
    layout, base, solved = _start(own, rng)
    model = layout.model
    asked = [line for line in _computed(model) if line.headline]
    names = defined_names(house, model, [key for key, _ in figures.given_lines(model)] + [line.key for line in asked])
    solved = named(solved, layout, names)
    handed = Draft(
        list(solved.sheets), {spot: cell for spot, cell in solved.cells.items() if cell.role in ("title", "subtitle")}, looks=solved.looks
    )
    return Assignment(
        task_id,
        own,
        layout,
        base,
        handed,
        solved,
        frozenset(),
        frozenset(key for key, _ in figures.given_lines(model)),
        tuple(asked),
        names,
    )


def named(draft: Draft, layout: Layout, names: Mapping[str, str]) -> Draft:
    """A draft with defined names for lines: `<key>.past` names the past figures, a key the figures ahead."""
    other = draft.copy()
    for key, name in names.items():
        spots = layout.spots(key.removesuffix(figures.PAST), past=key.endswith(figures.PAST))
        sheet = str(spots[0]).rpartition("!")[0]
        first, last = (re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", spot.a1) for spot in (spots[0], spots[-1]))
        other.names[name] = f"{sheet}!{first}" if len(spots) == 1 else f"{sheet}!{first}:{last}"
    return other


def defined_names(house: House, model: Model, keys: Iterable[str]) -> dict[str, str]:
    """Names in the house's own words that a workbook can hold, each once."""
    found: dict[str, str] = {}
    for key in keys:
        label = house.label(model.line(key.removesuffix(figures.PAST)))
        name = re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_") + ("_history" if key.endswith(figures.PAST) else "")
        if not name[:1].isalpha() or re.fullmatch(r"[A-Za-z]{1,3}\d+|[Rr]\d*([Cc]\d*)?|[Cc]\d*", name):
            name = f"The_{name}"
        while name.lower() in {other.lower() for other in found.values()}:
            name += "_2"
        found[key] = name
    return found


_TEMPLATES: dict[str, Callable[[TaskId, House, random.Random], Assignment]] = {
    "fill-row": lambda task_id, house, rng: _blank(task_id, house, rng, _one_row),
    "fill-rows": lambda task_id, house, rng: _blank(task_id, house, rng, _few_rows),
    "schedule": _schedule,
    "statement": _statement,
    "build-model": _build,
    "from-scratch": _scratch,
    "enter-inputs": _enter,
    "extend": _extend,
    "scenario": _scenario,
    "answer": _answer,
    "repair-one": _repair(1),
    "repair-three": _repair(3),
}


def secret(task_id: TaskId) -> int:
    """A number that depends on the task alone."""
    return digest("spreadsheet", str(task_id))
