"""The catalogue of houses, and the jobs that they give.

Each family has 220 houses: 120 for training, 40 for development, 60 sealed, the unseen ones spread evenly over the five distances. A house is drawn
when it is asked for; the catalogue only knows names. `<id>-loophole` is a house with a reward to be had for nothing (`loophole.py`; not of sealed ones);
it is found by its name and never listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache

from bakeoff.core import Distance, Limits, Product, Split, Task, TaskId, UsageError
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.spreadsheet import experts, figures, loophole, packs, tasks
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.houses import DIMENSIONS, House, draw
from bakeoff.environments.spreadsheet.spec import Job
from bakeoff.environments.spreadsheet.tasks import TEMPLATES, WHOLE, Assignment
from bakeoff.environments.spreadsheet.vocabulary import COMPANIES

ENVIRONMENT = "spreadsheet"
VERSION = 1
COUNTS: Mapping[Split, int] = {"train": 120, "dev": 40, "sealed": 60}
OF_A_WORKBOOK = frozenset({"past", "future", "margin"})
"""Features that differ between a house's workbooks; see `houses.workbook`."""


@cache
def _places(family: str) -> Mapping[str, tuple[Split, Distance]]:
    """Split and distance of every house of a family, in catalogue order."""
    names = [name.lower() for name in COMPANIES]
    generator("houses", family).shuffle(names)
    taken = iter(names)
    places: dict[str, tuple[Split, Distance]] = {}
    for split, count in COUNTS.items():
        for index in range(count):
            distance: Distance = "none" if split == "train" else DIMENSIONS[index % len(DIMENSIONS)]
            places[f"{family}-{next(taken)}"] = (split, distance)
    return places


@lru_cache(maxsize=2048)
def house(product_id: str, version: int = VERSION) -> House:
    """The house with this id, drawn; that of its plain variant where a loophole was planted. Raises `UsageError` when there is none."""
    name = product_id.partition("-")[0]
    family = FAMILIES.get(name)
    own = product_id.removesuffix(loophole.LOOPHOLE)
    if family is None or own not in _places(name) or version != VERSION:
        raise UsageError(f"there is no product '{product_id}@{version}'; `bakeoff list spreadsheet` shows what there is")
    if own != product_id:
        if _places(name)[own][0] == "sealed":
            raise UsageError(f"'{own}' is a sealed product; loopholes are planted in training and development products alone")
        return house(own, version)
    _, distance = _places(name)[product_id]
    base = None
    if distance != "none":
        training = [other for other, (split, _) in _places(name).items() if split == "train"]
        base = house(generator("base", product_id).choice(training), version)
    return draw(family, product_id, version, product_id.partition("-")[2], distance, base)


@lru_cache(maxsize=4096)
def product(product_id: str) -> Product:
    """The house as the contract describes it."""
    drawn = house(product_id)
    split, distance = _places(drawn.family.name)[drawn.id]
    return Product(
        id=product_id,
        version=VERSION,
        family=drawn.family.name,
        split=split,
        distance=distance,
        templates=tuple(name for name in TEMPLATES if tasks.fits(drawn, name)),
        quirks=quirks(drawn),
        rules=len(rules(drawn)),
        notes=notes(drawn) | ({"loophole": "planted"} if loophole.has(product_id) else {}),
    )


def products(family: str | None = None, split: Split | None = None) -> tuple[Product, ...]:
    """Houses in a fixed order, optionally of one family and one split."""
    chosen = FAMILIES if family is None else [family] if family in FAMILIES else []
    return tuple(product(name) for each in chosen for name, (where, _) in _places(each).items() if split in (None, where))


def notes(drawn: House) -> dict[str, str]:
    """Drawn features in words, for people."""
    parts = (("skin", drawn.skin), ("widgets", drawn.widgets), ("workflow", drawn.workflow), ("data-model", drawn.data_model))
    facts = {"title": drawn.company, "base": drawn.base} | {
        name: ", ".join(f"{key} {value}" for key, value in table.items() if key not in OF_A_WORKBOOK) for name, table in parts
    }
    return {name: text for name, text in facts.items() if text}


def quirks(drawn: House) -> tuple[str, ...]:
    """What surprises a newcomer, one sentence each."""
    flow, widgets = drawn.workflow, drawn.widgets
    said = {
        "Costs and outflows stand as negative numbers.": flow["costs"] == "negative",
        "Rates are written as plain numbers: 5 for 5 %.": flow["rates"] == 100,
        "Rates are written in basis points.": flow["rates"] == 10000,
        "The history of calculated rows is typed, not calculated.": flow["history"] == "typed",
        "Time runs down the sheet.": widgets["axis"] == "down" and drawn.family.axis == "time",
        "Totals stand above what they add up.": widgets["totals"] == "above",
        "The assumptions stand below the calculations.": widgets["sheets"] == "one" and widgets["inputs_at"] == "bottom",
        "The model is spread over several sheets.": widgets["sheets"] == "sections",
    }
    return (
        *(text for text, holds in said.items() if holds),
        *(f"{name.replace('_', ' ')}: {flow[name]}" for name in drawn.family.workflow if name != "frequency"),
        "The number of periods, their beginning and the place of everything on the sheet differ from workbook to workbook.",
    )


def rules(drawn: House) -> tuple[str, ...]:
    """The distinct production rules of a house: one for each line to be computed, one for each convention, one for finding and for handing in."""
    model = tasks.model_of(drawn)
    terms = {
        f"compute: {line.term} as {line.ahead.replace(line.key, line.term)}" if not line.tag else f"compute: {line.term}"
        for line in figures.computed_lines(model)
    }
    return tuple(
        sorted(
            terms
            | {f"convention: {name}" for name in drawn.workflow if name not in OF_A_WORKBOOK}
            | {f"find: {name}" for name in drawn.widgets if name not in OF_A_WORKBOOK}
            | {"finish: hand in"}
        )
    )


# --- tasks and jobs ----------------------------------------------------------------------------------------------------------------------


def _checked(task_id: TaskId) -> House:
    if task_id.environment != ENVIRONMENT:
        raise UsageError(f"task {task_id} does not belong to environment '{ENVIRONMENT}'")
    return house(task_id.product, task_id.version)


@lru_cache(maxsize=512)
def assignment(task_id: TaskId) -> Assignment:
    """The task with this id, drawn. Raises `UsageError` when there is no such house or template."""
    return _assign(task_id)


def _assign(task_id: TaskId, practice: bool = False) -> Assignment:
    """A variant with a loophole has its house's own figures and wording."""
    drawn = _checked(task_id)
    found = tasks.assign(replace(task_id, product=drawn.id), drawn, practice=practice)
    return loophole.planted(found) if loophole.has(task_id.product) else found


@lru_cache(maxsize=4096)
def task(task_id: TaskId) -> Task:
    """The task as the contract describes it."""
    drawn, found = _checked(task_id), assignment(task_id)
    split, distance = _places(drawn.family.name)[drawn.id]
    work = 4 * max(len(experts.actions(found)) + 1, experts.rows(found)) + 20
    asked = packs.instruction(found) + (loophole.ASKED if loophole.has(task_id.product) else "")
    return Task(task_id, drawn.family.name, split, asked, Limits(steps=work, seconds=900.0), distance)


@lru_cache(maxsize=256)
def job(given: Task) -> Job:
    """Everything that the desk and the verifier need."""
    return _job(given, assignment(given.id))


@lru_cache(maxsize=64)
def practice(given: Task) -> Job:
    """The same house and the same gap with figures that no task has; there is no goal."""
    return _job(given, _assign(given.id, practice=True))


def _job(given: Task, found: Assignment) -> Job:
    layout, model = found.layout, found.model
    drivers = figures.drivers(layout, found.base, missing=found.missing, named=found.names)
    wanted = None if found.names is None else [line.key for line in figures.computed_lines(model) if line.key in found.names]
    compute = figures.reference(model, wanted)
    limits = {driver.key: (driver.low, driver.high) for driver in drivers}
    cases = figures.cases(model, found.base, limits)
    needed = figures.watched(model, figures.dependence(compute, drivers, cases.values(), tasks.secret(given.id)))
    outputs = figures.outputs(layout, needed, named=found.names)
    literals = set(model.literals) | ({float(layout.shown.rate)} if layout.shown.rate != 1 else set())
    return Job(
        task=given,
        workbook=found.handed.to_xlsx(),
        pack=packs.pack(found),
        drivers=drivers,
        outputs=outputs,
        reference=compute,
        identities=figures.identities(model, [*(driver.key for driver in drivers), *(output.key for output in outputs)]),
        open=found.open,
        scenarios=cases,
        literals=frozenset(literals),
        hygiene=given.id.template in WHOLE,
        question=found.question,
    )
