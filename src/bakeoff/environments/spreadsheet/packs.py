"""What the worker is told: the instruction, in an analyst's English with the house's own words, and the papers of the information pack."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence

from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.spreadsheet import figures
from bakeoff.environments.spreadsheet.model import DATA, Line
from bakeoff.environments.spreadsheet.spec import Document
from bakeoff.environments.spreadsheet.tasks import Assignment, _said


def instruction(found: Assignment) -> str:
    """What is to be done. The wording varies with the task's number, the substance with the template only."""
    house, layout, template = found.house, found.layout, found.id.template
    rng = generator("wording", str(found.id))
    rows = _listed([_quoted(found, line) for line in found.lines])
    ahead = f"for {layout.ahead()}" if house.family.axis == "time" else f"for {layout.ahead()} ({layout.model.future} columns)"
    where = _where(found, found.lines)
    live = rng.choice(
        (
            "Everything must stay live: formulas, no typed results.",
            "Use formulas; the figures must move when the assumptions do.",
            "No hard-coded results, please: we will flex the assumptions.",
        )
    )
    opening = rng.choice(("Please complete", "Fill in", "We still need"))
    model = house.word(f"title.{house.family.name}")
    if template in ("fill-row", "fill-rows"):
        return f"{opening} {rows} {where}{'' if all(line.scalar for line in found.lines) else f' {ahead}'}. {live}"
    if template in ("schedule", "statement"):
        title = layout.heading(layout.model.section(found.words["section"]))
        return f"{opening} the block “{title}” {where} {ahead}: {rows}. {live}"
    if template == "build-model":
        return f"The {model} has its labels, history and assumptions, but nothing is calculated yet. Build every calculated row {ahead}, checks included. {live}"
    if template == "from-scratch":
        return (
            f"Build the {model} of {house.company} from the papers, in this workbook and in a layout of your own. Give the defined names listed in the paper "
            f"“Names” to the cells of the assumptions and of the results asked for, periods in order. {live}"
        )
    if template == "enter-inputs":
        title = layout.heading(layout.model.section(found.words["section"]))
        return f"Enter the figures from the paper “Assumptions” into the block “{title}” {where}. Mind the sheet's units and signs. Leave the rest as it is."
    if template == "extend":
        return (
            f"Extend the {model} by {layout.caption(layout.model.span - 1)}: enter its assumptions from the paper “Assumptions” and carry every calculated row "
            f"over to it. {live}"
        )
    if template == "scenario":
        return f"Wire up the scenarios: {rows} {where} must follow the case chosen in “{house.word('case_switch')}”, {ahead}. {live}"
    if template == "answer":
        assert found.asked is not None and found.question is not None
        line, period = found.asked
        when = "" if line.scalar else f" for {layout.caption(layout.model.past + period)}"
        digits = len(_said(0.0, found.question.tolerance).partition(".")[2])
        exact = f"to {digits} decimal{'s' if digits != 1 else ''}" if digits else "to the nearest whole number"
        return (
            f"Put the change from the paper “Assumptions” into the workbook and answer: what is {_quoted(found, line)}{when} then, as the sheet shows it "
            f"({_unit(found, line)}), {exact}? Say the number when you finish; change nothing else."
        )
    count = "One line is" if template == "repair-one" else "Three lines are"
    return f"A reviewer does not trust this {model}; see “Review note”. {count} wrong. Find and mend the errors; leave everything else as it is. {live}"


def pack(found: Assignment) -> tuple[Document, ...]:
    """The papers, in the order in which an analyst would read them."""
    template = found.id.template
    papers = []
    if template.startswith("repair"):
        papers.append(Document("Review note", _review(found)))
    if template in ("enter-inputs", "from-scratch", "extend", "answer"):
        papers.append(Document("Assumptions", _assumptions(found)))
    if template != "answer" and template != "enter-inputs":
        papers.append(Document("Definitions", _definitions(found)))
    if found.names is not None:
        papers.append(Document("Names", _names(found)))
    papers.append(Document("House rules", _rules(found)))
    return tuple(papers)


# --- words -----------------------------------------------------------------------------------------------------------------------------


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "nothing"


def _quoted(found: Assignment, line: Line) -> str:
    return f"“{found.house.label(line)}”"


def _unit(found: Assignment, line: Line) -> str:
    return found.house.unit(line) or line.unit


def _where(found: Assignment, lines: Iterable[Line]) -> str:
    sheets = list(dict.fromkeys(found.layout.spot(line.key, 0).sheet for line in lines))
    return f"on sheet {_listed([f'“{name}”' for name in sheets])}"


def _definitions(found: Assignment) -> str:
    """The rule of every computed line in the house's words; of single rows, theirs and their neighbours'."""
    lines = figures.computed_lines(found.model)
    if found.id.template in ("fill-row", "fill-rows", "schedule", "statement", "scenario"):
        sections = {line.section for line in found.lines}
        lines = [line for line in lines if line.section in sections or line in found.lines]
    text = [_worded(found, line.rule) for line in lines if line.rule]
    return "\n".join(dict.fromkeys(text))


def _worded(found: Assignment, rule: str) -> str:
    """A rule in the house's words. Whether they are singular or plural is the house's own, so a colon stands for the verb."""
    neutral = re.sub(r"^(\{\w+\}) adds up ", r"\1: the sum of ", re.sub(r"^(\{\w+\}) (?:is|are) ", r"\1: ", rule))
    return re.sub(r"\{(\w+)\}", lambda match: f"“{found.house.label(found.model.line(match[1]))}”", neutral)


def _review(found: Assignment) -> str:
    """What the reviewer noticed: where, never what."""
    sections = list(dict.fromkeys(found.layout.heading(found.model.section(slip.line.section)) for slip in found.slips))
    asked = _listed([f"“{name}”" for name in sections])
    wrong = "One calculated line" if len(found.slips) == 1 else f"{len(found.slips)} calculated lines"
    return (
        f"{wrong} in {asked} cannot be right {'for the forecast' if found.house.family.axis == 'time' else 'for the new items'}. The figures given and the history have been checked and are "
        "correct. A line may be wrong in one period or in all of them. Compare with the paper “Definitions”."
    )


def _assumptions(found: Assignment) -> str:
    """The figures to be entered, each with its period, in words and natural signs and units."""
    template, layout = found.id.template, found.layout
    text = []
    if template == "answer":
        line = found.lines[0]
        return f"Change: {_quoted(found, line)} is now {_series(found, line, found.base[line.key], layout.model.past)}. All else stays as it is."
    for key, line in figures.given_lines(found.model):
        if key not in found.missing:
            continue
        start = 0 if key.endswith(figures.PAST) else layout.model.past
        series = found.base[key]
        if template == "extend":
            start, series = layout.model.span - 1, series[-1:]
        text.append(f"{_quoted(found, line)}: {_series(found, line, series, start)}.")
    head = "Costs and outflows are given here as positive amounts, rates in per cent."
    return "\n".join([head, *text])


def _series(found: Assignment, line: Line, values: Sequence[float], start: int) -> str:
    said = [_amount(found, line, value) for value in values]
    if line.scalar:
        return said[0]
    captions = [found.layout.caption(start + index) for index in range(len(said))]
    if len(set(said)) == 1 and len(said) > 2:
        return f"{said[0]} in every period from {captions[0]} to {captions[-1]}"
    return ", ".join(f"{when} {amount}" for when, amount in zip(captions, said, strict=True))


def _amount(found: Assignment, line: Line, value: float) -> str:
    """A figure as people write it, exact."""
    if line.unit == "rate":
        return f"{_short(value * 100)} %"
    if line.unit == "date":
        return (datetime.date(1899, 12, 30) + datetime.timedelta(days=int(value))).isoformat()
    if line.unit == "ratio":
        return f"{_short(value)}x"
    if line.unit == "money":
        return f"{found.house.unit(line)} {_short(value)}"
    return _short(value)


def _short(value: float) -> str:
    return f"{round(value, 8):,.8f}".rstrip("0").rstrip(".")


def _names(found: Assignment) -> str:
    assert found.names is not None
    said = []
    for key, name in found.names.items():
        line = found.model.line(key.removesuffix(figures.PAST))
        count = 1 if line.scalar else found.model.past if key.endswith(figures.PAST) else found.model.future
        first = 0 if key.endswith(figures.PAST) else found.model.past
        span = "" if line.scalar else f", {found.layout.caption(first)} to {found.layout.caption(first + count - 1)}"
        kind = "given" if line.ahead == DATA or key.endswith(figures.PAST) else "result"
        said.append(f"{name}: “{found.house.label(line)}” ({kind}; {count} cell{'s' if count > 1 else ''} side by side{span})")
    return "\n".join(said)


def _rules(found: Assignment) -> str:
    """The conventions of the house, as far as they bear on the sheet."""
    house, model = found.house, found.model
    rate = {
        1: "as a share of one with a percent format (5 % is 0.05)",
        100: "as a plain number (5 % is 5)",
        10000: "in basis points (5 % is 500)",
    }
    said = [f"Money is in {house.unit_word} unless a unit says otherwise."]
    if any(line.cost for line in model.lines):
        negative = house.workflow["costs"] == "negative"
        lines = _listed([_quoted(found, line) for line in model.lines if line.cost][:8])
        said.append(
            f"Costs, repayments and other outflows stand on the sheet as negative numbers ({lines}{' and the like' if sum(line.cost for line in model.lines) > 8 else ''})."
            if negative
            else "Costs, repayments and other outflows stand on the sheet as positive numbers and are taken away where they count."
        )
    if any(line.unit == "rate" for line in model.lines):
        said.append(f"Rates are written {rate[house.workflow['rates']]}.")
    if house.family.axis == "time":
        frequency = {1: "a year", 4: "a quarter", 12: "a month"}[house.workflow.get("frequency", 1)]
        first, last = found.layout.caption(0), found.layout.caption(model.past - 1)
        said.append(f"Each period is {frequency}. {first} to {last} are actual figures, {found.layout.ahead()} are forecast.")
    said.append(
        "One formula per row, the same in every forecast period. No figures typed into formulas. Definitions speak of amounts before any sign the sheet puts in front."
    )
    return "\n".join(said)
