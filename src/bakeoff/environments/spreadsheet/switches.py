"""A scenario switch for any model: one assumption becomes three, and a cell chooses among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bakeoff.environments.spreadsheet.houses import House
from bakeoff.environments.spreadsheet.model import DATA, Line, Model, Numbers
from bakeoff.environments.spreadsheet.spec import Values

SWITCH = "case_switch"
CASES = ("case_base", "case_up", "case_down")


def switched(model: Model, key: str, house: House) -> Model:
    """The model in which a given line is chosen from three cases by a switch of 1 to 3."""
    line = model.line(key)
    rows = [
        replace(
            line,
            key=f"{key}_{case}",
            back="",
            tag=", ".join(part for part in (line.tag, house.word(case)) if part),
            rule="",
            headline=False,
        )
        for case in CASES
    ]
    choice = Line(SWITCH, "case_switch", line.section, "switch", DATA, scalar=True, low=1, high=3)
    chosen = replace(
        line,
        ahead=f"CHOOSE({SWITCH}, {', '.join(row.key for row in rows)})",
        back=line.past,
        rule=f"{{{key}}} is the row that {{{SWITCH}}} points to: 1 for the {house.word('case_base')}, 2 for the {house.word('case_up')}, 3 for the {house.word('case_down')}.",
    )
    at = model.lines.index(line)
    lines = (*model.lines[:at], choice, *rows, chosen, *model.lines[at + 1 :])

    def data(rng: Any) -> Numbers:
        found = model.data(rng)
        base = found.pop(key)
        places = 4 if line.unit == "rate" else 0 if line.unit == "count" else 2
        for case, low, high in zip(CASES, (1.0, 1.08, 0.7), (1.0, 1.25, 0.92), strict=True):
            found[f"{key}_{case}"] = [round(value * rng.uniform(low, high), places) for value in base]
        found[SWITCH] = [float(rng.randint(1, 3))]
        return found

    def inner(values: Values) -> dict[str, tuple[float, ...]]:
        case = CASES[int(values[SWITCH][0]) - 1]
        return {**{name: series for name, series in values.items() if name != SWITCH}, key: tuple(values[f"{key}_{case}"])}

    def reference(values: Values) -> Numbers:
        plain = inner(values)
        lead: list[float] = [] if line.scalar else [0.0] * model.past
        return {**model.reference(plain), key: [*lead, *plain[key]]}

    def cases(base: Values) -> Mapping[str, Values]:
        named = {f"case {number}": {SWITCH: (float(number),)} for number in (1, 2, 3)}
        return {**{name: {k: v for k, v in case.items() if k != key} for name, case in model.cases(inner(base)).items()}, **named}

    return replace(model, lines=lines, data=data, reference=reference, cases=cases, switchable=())
