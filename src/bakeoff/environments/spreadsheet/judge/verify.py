"""The verdict on a saved workbook: what its own process reports, held against the reference.

A job is done when every check holds. The checks, in order: `opens`, `frame`, `inputs-kept`, `functions`, `no-errors`, `base`, `scenarios`, `depends`,
`literals`, `identities`, `engines-agree`, and `answer` where a figure was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.core import Abstained, Check, Scored, Verdict
from bakeoff.environments.spreadsheet.judge.process import OFFICE, Crashed
from bakeoff.environments.spreadsheet.judge.scenarios import Scenario, covering, draw, steady
from bakeoff.environments.spreadsheet.spec import Job, Unit

_SHOWN = 4
_FURTHER = ((500, 8, 8), (1_000, 5, 8), (2_000, 3, 6))
"""Formulas up to -> further scenarios, and how many for branches left out: small models are recalculated more often in the same time."""
_FINE: dict[Unit, float] = {"rate": 1e-7, "ratio": 1e-7, "count": 1e-7, "days": 1e-7, "date": 1e-9, "switch": 1e-9}
"""Tolerance of units other than money, of the row's scale or of one, whichever is larger. Iterated functions such as IRR stop at about 1e-8."""


@dataclass(frozen=True, slots=True)
class _Table:
    """What the outputs show in every scenario, by engine, in the cells' own units: a number, or a text that says what stands there instead."""

    spots: Sequence[str]
    values: Mapping[str, Sequence[Sequence[float | str]]]


class _Answers:
    """What is right: for each scenario the numbers of all outputs in order as the cells should show them, and how far a cell may be off."""

    def __init__(self, job: Job, drawn: Sequence[Scenario]) -> None:
        self.job, self.drawn = job, drawn
        right = [job.reference(scenario.values) for scenario in drawn]
        self.counts = [len(right[0][output.key]) for output in job.outputs]
        self.labels = [output.label for output, count in zip(job.outputs, self.counts, strict=True) for _ in range(count)]
        self.expected = [[number * output.scale for output in job.outputs for number in numbers[output.key]] for numbers in right]
        self.tolerances = self._tolerances()

    def _tolerances(self) -> list[list[float]]:
        """For each scenario and output cell: a hundredth of the money unit at most, and never so much that a small row could hide anything in it. What
        grows with the figures grows with those of the scenario itself, so that one that goes far does not excuse the others."""
        found: list[list[float]] = [[] for _ in self.expected]
        overall = [max((abs(number) for number in row), default=0.0) for row in self.expected]
        at = 0
        for output, count in zip(self.job.outputs, self.counts, strict=True):
            scales = [max((abs(number) for number in row[at : at + count]), default=0.0) for row in self.expected]
            widest = max(scales, default=0.0)
            for here, scale, whole in zip(found, scales, overall, strict=True):
                if output.unit == "money":
                    tolerance = max(1e-9 * scale, 1e-11 * whole, min(0.01 * abs(output.scale), 1e-5 * widest))
                else:
                    tolerance = _FINE[output.unit] * max(abs(output.scale), scale)
                here += [tolerance] * count
            at += count
        return found


def judge(job: Job, saved: bytes, answer: str = "") -> Verdict:
    """Judges a saved workbook. The same bytes always get the same verdict.

    Raises `EnvironmentFault` when the verifier's own process fails for a reason that is not in the file.
    """
    with OFFICE.lock:
        try:
            try:
                return _judge(job, saved, answer)
            except Crashed:
                return _judge(job, saved, answer)  # in a fresh process: what happens twice lies in the file
        except Crashed as problem:
            return Scored.all_of((Check("opens", False, str(problem)),))


def _judge(job: Job, saved: bytes, answer: str) -> Verdict:
    report = OFFICE.ask(_order(job), job.workbook, saved)
    if "refused" in report:
        return Scored.all_of((Check("opens", False, f"the file is refused: {report['refused']}"),))
    problems: dict[str, list[str]] = report["problems"]
    further, branches = next(((more, most) for limit, more, most in _FURTHER if report["formulas"] <= limit), (0, 0))
    digest = bytes.fromhex(report["digest"])
    drawn = draw(job, digest, further, large=not further)
    if branches:
        drawn = covering(job, drawn, digest, most=branches)
    drawn = steady(job, drawn)
    evidence: dict[str, Any] = {
        "digest": report["digest"],
        "cells": report["cells"],
        "formulas": report["formulas"],
        "scenarios": [scenario.name for scenario in drawn],
    }
    if job.hygiene:
        evidence |= {"hygiene": report["hygiene"], "hygiene findings": report["findings"]}
    if "no-errors" in problems:
        table = _calculate(job, drawn)
        if table is None:
            return Scored.all_of((Check("opens", False, "the file is refused: it cannot be recalculated within the limits"),), evidence)
        right = _Answers(job, drawn)
        fits = {name: _misses(right, rows, table.spots) for name, rows in table.values.items()}
        best = min(fits.values(), key=lambda found: len(found[0]) + len(found[1]))
        problems["base"], problems["scenarios"] = best
        problems["identities"] = _identities(right, next(iter(table.values.values())))
        apart = _apart(table, right)
        sound = not any(problems[name] for name in ("frame", "inputs-kept", "functions", "no-errors", "depends", "literals"))
        if apart and sound and any(not any(found) for found in fits.values()):
            return Abstained(f"the engines disagree: {apart[0]}")
        problems["engines-agree"] = apart
        evidence["values compared"] = len(drawn) * len(table.spots)
    checks = [Check("opens", True)]
    for name in (
        "frame",
        "inputs-kept",
        "functions",
        "no-errors",
        "base",
        "scenarios",
        "depends",
        "literals",
        "identities",
        "engines-agree",
    ):
        if name in problems:
            checks.append(Check(name, not problems[name], "; ".join(problems[name])))
    if job.question is not None:
        checks.append(_answer(job, answer))
    return Scored.all_of(tuple(checks), evidence)


def _order(job: Job) -> dict[str, Any]:
    """What the verifier's process is told: places, names and the numbers that the file shows anyway."""

    def spots(found: Sequence[Any]) -> list[list[Any]]:
        return [[spot.sheet, spot.row, spot.column] for spot in found]

    named = any(item.name for item in job.outputs)
    sizes = {key: len(row) for key, row in job.reference(job.base()).items()} if named else {i.key: len(i.spots) for i in job.outputs}
    return {
        "do": "examine",
        "drivers": [
            {
                "key": item.key,
                "spots": spots(item.spots),
                "name": item.name,
                "count": len(item.base),
                "base": [number * item.scale for number in item.base],
            }
            for item in job.drivers
        ],
        "outputs": [
            {
                "key": item.key,
                "label": item.label,
                "spots": spots(item.spots),
                "name": item.name,
                "count": sizes[item.key],
                "depends": sorted(item.depends),
                "check": list(item.check),
            }
            for item in job.outputs
        ],
        "apart": sorted(
            {pair for identity in job.identities for pair in identity.apart if set(pair) <= {item.key for item in job.outputs}}
        ),
        "open": spots(sorted(job.open)),
        "literals": sorted(job.literals),
    }


def _calculate(job: Job, drawn: Sequence[Scenario]) -> _Table | None:
    scale = {driver.key: driver.scale for driver in job.drivers}
    scenarios = [{key: [number * scale[key] for number in row] for key, row in scenario.values.items()} for scenario in drawn]
    answer = OFFICE.ask({"do": "calculate", "scenarios": scenarios})
    if "refused" in answer:
        return None
    values = {
        name: [[item if isinstance(item, (int, float)) else str(item[0]) for item in row] for row in rows]
        for name, rows in answer["values"].items()
    }
    return _Table(answer["spots"], values)


def _misses(answers: _Answers, rows: Sequence[Sequence[float | str]], spots: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sentences on wrong values in the base case, and in the other scenarios."""
    labels = answers.labels
    base: list[str] = []
    others: list[str] = []
    for index, (scenario, right, row, tolerances) in enumerate(zip(answers.drawn, answers.expected, rows, answers.tolerances, strict=True)):
        for cell, (wanted, found, tolerance) in enumerate(zip(right, row, tolerances, strict=True)):
            if isinstance(found, float | int) and abs(found - wanted) <= tolerance:
                continue
            shown = found if isinstance(found, str) else f"{found:.10g}"
            if index == 0:
                base.append(f"{spots[cell]} ({labels[cell]}) shows {shown}; expected {wanted:.10g}")
            elif found == rows[0][cell]:
                others.append(f"{spots[cell]} ({labels[cell]}) stays {shown} when {_moves(answers.job, scenario)}; expected {wanted:.10g}")
            else:
                others.append(
                    f"{spots[cell]} ({labels[cell]}) becomes {shown} when {_moves(answers.job, scenario)}; expected {wanted:.10g}"
                )
    return _some(base), _some(others)


def _moves(job: Job, scenario: Scenario) -> str:
    """What a scenario does, in words."""
    if scenario.name in job.scenarios or len(scenario.moved) != 1:
        return f"scenario '{scenario.name}' applies"
    key = scenario.moved[0]
    old, new = job.base()[key], scenario.values[key]
    period = next(index for index, (one, two) in enumerate(zip(old, new, strict=True)) if one != two)
    where = f" (period {period + 1})" if len(old) > 1 else ""
    return f"{key}{where} changes from {old[period]:.6g} to {new[period]:.6g}"


def _identities(answers: _Answers, rows: Sequence[Sequence[float | str]]) -> list[str]:
    job = answers.job
    found: list[str] = []
    for scenario, row in zip(answers.drawn, rows, strict=True):
        values: dict[str, tuple[float, ...]] = dict(scenario.values)
        at = 0
        for output, count in zip(job.outputs, answers.counts, strict=True):
            cells = row[at : at + count]
            at += count
            if any(isinstance(cell, str) for cell in cells):
                return [*found, f"{output.label} shows {next(cell for cell in cells if isinstance(cell, str))}"]
            values[output.key] = tuple(float(cell) / output.scale for cell in cells)
        scale = max((abs(number) for numbers in values.values() for number in numbers), default=1.0)
        for identity in job.identities:
            for period, residual in enumerate(identity.residual(values)):
                if not math.isfinite(residual) or abs(residual) > max(0.01, 1e-8 * scale):
                    found.append(f"{identity.claim}: off by {residual:.6g} in period {period + 1} of scenario '{scenario.name}'")
                    break
    return _some(found)


def _apart(table: _Table, answers: _Answers) -> list[str]:
    """Where the engines give different values for the same cell."""
    (one_name, one), (two_name, two) = table.values.items()
    found: list[str] = []
    for scenario, first, second, tolerances in zip(answers.drawn, one, two, answers.tolerances, strict=True):
        for cell, (a, b) in enumerate(zip(first, second, strict=True)):
            if isinstance(a, str) or isinstance(b, str):
                differs = a != b and not (isinstance(a, str) and isinstance(b, str) and a.startswith("#") and b.startswith("#"))
            else:
                differs = abs(a - b) > max(tolerances[cell], 1e-9 * max(abs(a), abs(b)))
            if differs:
                found.append(f"{table.spots[cell]} is {a} in {one_name} and {b} in {two_name} (scenario '{scenario.name}')")
    return _some(found)


_NUMBER = re.compile(r"(?<![\w.])[-+]?\(?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?\)?\s*(?:%|bps|x)?(?![\w])")


def _answer(job: Job, answer: str) -> Check:
    assert job.question is not None
    found = [part.group().strip() for part in _NUMBER.finditer(answer.replace("\u2212", "-"))]
    if len(found) != 1:
        return Check(
            "answer",
            False,
            f"the answer '{answer[:60]}' holds {len(found) or 'no'} numbers; one was asked for"
            if found
            else "no figure was given as the answer",
        )
    text = found[0]
    number = float(re.sub(r"[^0-9.eE+-]", "", text.rstrip("%bpsx").strip()))
    if text.startswith("(") and text.rstrip("%x").endswith(")"):
        number = -number
    unit = job.question.percent if text.endswith("%") else job.question.percent / 100 if text.endswith("bps") else 1.0
    right = abs(number * unit - job.question.value) <= job.question.tolerance * (1 + 1e-9)
    return Check("answer", right, "" if right else f"the answer was {text}; expected {job.question.value:.10g}")


def _some(found: list[str]) -> list[str]:
    return found if len(found) <= _SHOWN else [*found[:_SHOWN], f"and {len(found) - _SHOWN} more"]
