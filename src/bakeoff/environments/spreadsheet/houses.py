"""A house: everything that makes one firm's workbooks differ from another's, drawn along the five dimensions as the browser's products are.

A training house draws every dimension from the training pools. An unseen house at distance d has a training house as its base; it redraws the
dimensions up to and including d from the held-out pools and keeps the base's others.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from bakeoff.core import DISTANCES, Distance
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.spreadsheet.model import Family, Flags, Line, Model
from bakeoff.environments.spreadsheet.vocabulary import COMPANIES, CURRENCIES, LOANS, PRODUCTS, REGIONS, SUFFIXES, pools

DIMENSIONS: tuple[Distance, ...] = DISTANCES[1:]

Pools = Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]]

SKIN: Pools = {
    "head": (("1F3864", "7F7F7F", "385723", "FFFFFF"), ("5B2C6F", "00695C", "212121")),
    "input_font": (("0000FF", "0000FF", "1F4E9E"), ("C55A11", "006100")),
    "input_fill": (("", "FFF2CC", "FFFFE0"), ("E2EFDA", "DDEBF7")),
    "typeface": (("Calibri", "Arial"), ("Times New Roman", "Verdana")),
    "size": ((10, 11), (9, 12)),
    "money": (("#,##0", "#,##0.0", "#,##0;(#,##0)"), ("#,##0.00", "#,##0.0;[Red]-#,##0.0", '#,##0;(#,##0);"–"')),
    "title": (("two", "three"), ("one", "four")),
    "gridlines": ((True, False), (True, False)),
    "captions": (("FY26E", "2026", "FY2026"), ("2026F", "12/26", "FYE 2026")),
}

WIDGETS: Pools = {
    "sheets": (("one", "inputs", "sections"), ("sections", "inputs")),
    "inputs_at": (("top", "top", "bottom"), ("bottom", "top")),
    "axis": (("across", "across", "across", "down"), ("down", "across")),
    "margin": ((0, 1), (1, 2)),
    "units": (("column", "none"), ("label", "column")),
    "notes": ((False, True), (True, False)),
    "scalar": (("own", "first"), ("own", "first")),
    "spacer": ((1, 1, 0), (2, 1)),
    "totals": (("below", "below", "above"), ("above", "below")),
    "repeat": ((False, True), (True, False)),
}

WORKFLOW: Pools = {
    "costs": (("positive", "negative"), ("negative", "positive")),
    "rates": ((1, 1, 100), (100, 10000)),
    "history": (("live", "typed"), ("typed", "live")),
    "past": ((3, 4), (2, 5)),
    "future": ((5, 6), (4, 7, 8)),
}

HEADS = (
    "Draft for discussion",
    "Status: under review",
    "Not audited",
    "Figures in italics are provisional",
    "See the cover letter for the sources",
    "Version of the working group",
)
"""Lines that may stand below the title of a workbook."""

DATA_MODEL: Pools = {"money_unit": ((("thousand", 1000), ("million", 1_000_000)), (("", 1), ("thousand", 1000)))}


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs from one workbook of a house to the next and is no convention of the house, besides the numbers of periods and the margin.

    Attributes:
        number: of the workbook; -1 for the house's pattern.
        heads: lines below the title.
        start: by how many periods it begins later than the pattern.
        gaps: further empty rows (columns, where time runs down) before the sections in turn.
    """

    number: int = -1
    heads: tuple[str, ...] = ()
    start: int = 0
    gaps: tuple[int, ...] = (0,)

    def gap(self, section: int) -> int:
        return self.gaps[section % len(self.gaps)]


PATTERN = Edition()


@dataclass(frozen=True)
class House:
    """One product, drawn. `flags` joins workflow and data model: what the family's structure and reference depend on. `wording` says which house's
    words it uses: id, version, and half of the pools. `edition` tells its workbooks apart."""

    id: str
    version: int
    family: Family
    distance: Distance
    base: str
    company: str
    currency: str
    skin: Mapping[str, Any]
    wording: tuple[str, int, int]
    widgets: Mapping[str, Any]
    workflow: Mapping[str, Any]
    data_model: Mapping[str, Any]
    flags: Flags = field(default_factory=dict)
    edition: Edition = PATTERN

    @property
    def _identity(self) -> tuple[str, int, int]:
        return self.id, self.version, self.edition.number

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, House) and self._identity == other._identity

    @property
    def unit_word(self) -> str:
        """E.g. `EUR thousand`."""
        return f"{self.currency} {self.data_model['money_unit'][0]}".strip()

    @property
    def words(self) -> Mapping[str, str]:
        """The house's word for each term; drawn when it is first asked for."""
        return _words(*self.wording)

    def word(self, term: str) -> str:
        return self.words[term]

    def label(self, line: Line) -> str:
        """What the house calls a line."""
        word = self.words[line.term]
        return f"{word} – {line.tag}" if line.tag else word

    def unit(self, line: Line) -> str:
        """The unit of a line as an analyst writes it."""
        if line.unit == "money":
            return self.currency if line.places is not None and line.places >= 2 else self.unit_word
        if line.unit == "count" and line.places is not None:  # stakes and options, counted in the unit that makes price times count money
            return self.data_model["money_unit"][0] or "#"
        return {"rate": {1: "%", 100: "%", 10000: "bps"}[self.workflow["rates"]], "ratio": "x", "count": "#", "days": "days"}.get(
            line.unit, ""
        )

    def negative(self, model: Model) -> frozenset[str]:
        """Keys of the lines that this house shows negative."""
        return frozenset(line.key for line in model.lines if line.cost) if self.workflow["costs"] == "negative" else frozenset()


def draw(family: Family, product_id: str, version: int, company: str, distance: Distance, base: House | None) -> House:
    """The house of this id. `base` is None for training houses, else the training house it departs from."""
    held = set(DIMENSIONS[: DIMENSIONS.index(distance) + 1]) if base else set()

    def rng(dimension: str) -> random.Random:
        return generator("house", product_id, version, dimension)

    def features(dimension: Distance, table: Pools, inherited: Mapping[str, Any] | None) -> dict[str, Any]:
        if inherited is not None and dimension not in held:
            return dict(inherited)
        source = rng(dimension)
        return {name: source.choice(halves[1 if dimension in held else 0] or halves[0]) for name, halves in table.items()}

    half = 1 if "vocabulary" in held else 0
    skin = features("skin", SKIN, None)
    wording = base.wording if base and not half else (product_id, version, half)
    widgets = features("widgets", WIDGETS, base.widgets if base else None)
    if family.axis != "time":
        widgets["axis"] = "down" if widgets["axis"] == "across" and rng("axis").random() < 0.7 else widgets["axis"]
    workflow = features("workflow", {**WORKFLOW, **family.workflow}, base.workflow if base else None)
    data_model = features("data-model", {**DATA_MODEL, **family.data_model}, base.data_model if base else None)
    names = {"products": PRODUCTS[half], "regions": REGIONS[half], "lenders": LOANS[half]}
    source = rng("names")
    flags = {**workflow, **data_model, **{name: source.sample(pool, k=len(pool)) for name, pool in names.items()}}
    flags["peers"] = [name.capitalize() for name in rng("peers").sample(sorted(COMPANIES), k=14)]
    if base and not half:
        flags |= {name: base.flags[name] for name in names}
    currency = rng("currency").choice(CURRENCIES[1 if "skin" in held else 0])
    company = f"{company.capitalize()} {rng('suffix').choice(SUFFIXES[1 if 'skin' in held else 0])}"
    return House(
        product_id,
        version,
        family,
        distance,
        base.id if base else "",
        company,
        currency,
        skin,
        wording,
        widgets,
        workflow,
        data_model,
        flags,
    )


def workbook(house: House, number: int) -> House:
    """The house as it lays out one workbook: how many periods there are and when they begin, where the sheet starts and what stands further apart
    differ from workbook to workbook, so that addresses of one say nothing about another; words and conventions stay."""
    rng = generator("workbook", house.id, house.version, number)
    periods = {name: rng.choice(sorted({*WORKFLOW[name][0], *WORKFLOW[name][1]})) for name in ("past", "future")}
    edition = Edition(
        number,
        tuple(rng.sample(HEADS, rng.randint(0, 3))),
        rng.randint(-2, 3) * house.workflow.get("frequency", 1) + rng.randrange(house.workflow.get("frequency", 1)),
        tuple(rng.choice((0, 0, 1, 1, 2)) for _ in range(7)),
    )
    return replace(
        house,
        widgets={**house.widgets, "margin": rng.randint(0, 3)},
        workflow={**house.workflow, **periods},
        flags={**house.flags, **periods},
        edition=edition,
    )


@lru_cache(maxsize=512)
def _words(product_id: str, version: int, half: int) -> Mapping[str, str]:
    return draw_words(generator("house", product_id, version, "vocabulary"), half)


def draw_words(source: random.Random, half: int) -> dict[str, str]:
    """One word for each term, no word of a line for two terms."""
    words: dict[str, str] = {}
    taken: dict[str, set[str]] = {}
    for term, halves in pools().items():
        kind = term.partition(".")[0] if "." in term else "line"
        choices = list(halves[half])
        source.shuffle(choices)
        used = taken.setdefault(kind, set())
        words[term] = next((word for word in choices if word.lower() not in used), choices[0])
        used.add(words[term].lower())
    return words
