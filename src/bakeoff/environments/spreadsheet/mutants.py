"""Mutants: near misses, played to the end with the agent's tools, that must score below 1. Each is known to come to other figures somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bakeoff.core import Environment, Observation, Proof, follow
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.spreadsheet import experts, figures, slips, tasks
from bakeoff.environments.spreadsheet.draft import Draft
from bakeoff.environments.spreadsheet.spec import Spot
from bakeoff.environments.spreadsheet.tasks import Assignment


@dataclass(frozen=True, slots=True)
class Wrong:
    """A workbook that an analyst could hand in and that is wrong. `answer`: what is said with it."""

    name: str
    claim: str
    draft: Draft
    answer: str


def mutants(found: Assignment) -> tuple[Proof, ...]:
    """Proofs with wrong results."""

    def proof(wrong: Wrong) -> Proof:
        def run(environment: Environment, observation: Observation) -> None:
            steps = experts.plan(found.handed, wrong.draft, across=found.layout.across)
            follow(experts.play(steps, wrong.answer))(environment, observation)

        return Proof(wrong.name, "mutant", wrong.claim, run)

    return tuple(proof(wrong) for wrong in wrong_drafts(found))


def wrong_drafts(found: Assignment) -> Iterator[Wrong]:
    """Wrong workbooks, by name."""
    seen: set[str] = set()
    for name, claim, draft, answer in _all(found):
        if name not in seen:
            seen.add(name)
            yield Wrong(name, claim, draft, answer)


def _all(found: Assignment) -> Iterator[tuple[str, str, Draft, str]]:
    solved, right = found.solved, found.answer
    yield "nothing-done", "hands in the workbook as it came", found.handed, right if found.question is None else "0"
    changed = sorted(spot for spot, cell in solved.cells.items() if cell.content != found.handed.content(spot))
    formulas = [spot for spot in changed if solved.cells[spot].formula]
    entered = {
        spot for key in found.missing for spot in found.layout.spots(key.removesuffix(figures.PAST), past=key.endswith(figures.PAST))
    }
    constants = [spot for spot in changed if spot in entered]
    rng = generator("mutants", str(found.id))
    if len(changed) > 1:
        undone = solved.copy()
        spot = changed[-1] if found.names is None else (formulas or changed)[-1]
        if spot in found.handed.cells:
            undone.cells[spot] = found.handed.cells[spot]
        else:
            undone.put(spot, None)
        if _differs(found, undone):
            yield "one-short", "leaves the last cell undone", undone, right
    if formulas:
        yield from _formulas(found, formulas)
    if constants and found.missing:
        spot = rng.choice([spot for spot in constants if solved.content(spot) != 0] or constants)
        yield (
            "slipped-digit",
            "enters one figure ten times too large",
            _put(solved, spot, float(str(solved.content(spot))) * 10 + (solved.content(spot) == 0)),
            right,
        )
        yield (
            "wrong-sign-entered",
            "enters one figure with the wrong sign",
            _put(solved, spot, -float(str(solved.content(spot))) - (solved.content(spot) == 0)),
            right,
        )
        if len(constants) > 1:
            shifted = solved.copy()
            values = [solved.content(spot) for spot in constants]
            for spot, value in zip(constants, values[1:] + values[:1], strict=True):
                shifted.put(spot, value)
            if shifted.cells != solved.cells:
                yield "figures-shifted", "enters every figure one cell too early", shifted, right
    yield from _tampered(found)
    if found.question is not None:
        value, step = found.question.value, found.question.tolerance
        for name, claim, other in (
            ("answer-rounded-away", "says a figure just beyond the accuracy asked for", value + 3 * step),
            ("answer-thousandfold", "says the figure in another unit", value * 1000 + step * 10),
            ("answer-wrong-sign", "says the figure with the wrong sign", -value - step * 10),
        ):
            yield name, claim, solved, tasks._said(other, step)
        yield "answer-missing", "says nothing", solved, ""
        yield "answer-before-change", "says the figure as it was before the change", solved, _before(found)


def _before(found: Assignment) -> str:
    assert found.asked is not None and found.question is not None
    line, period = found.asked
    spot = found.layout.spots(line.key)[0 if line.scalar else period]
    return tasks._said(float(found.handed.values([spot])[spot]), found.question.tolerance)


def _formulas(found: Assignment, formulas: list[Spot]) -> Iterator[tuple[str, str, Draft, str]]:
    solved, right, layout = found.solved, found.answer, found.layout
    values = solved.values(formulas)
    typed = solved.copy()
    for spot in formulas:
        typed.put(spot, _number(values[spot]))
    yield "values-pasted", "types every result instead of its formula", typed, right
    checks = {line.key: layout.spots(line.key) for line in layout.model.lines if line.check}
    for spots in checks.values():
        if found.names is None and set(spots) <= set(formulas):
            asleep = solved.copy()
            for spot in spots:
                asleep.put(spot, 0.0)
            yield "check-typed", "types the nought of a check instead of its formula", asleep, right
    rng = generator("slips", str(found.id))
    lines = [line for line in figures.computed_lines(layout.model) if not line.check and set(layout.spots(line.key)) & set(formulas)]
    rng.shuffle(lines)
    kinds: dict[str, int] = {}
    for line in lines[:6]:
        for slip in slips.slips(layout, line, rng):
            if kinds.get(slip.kind, 0) >= 1:
                continue
            wrong = slip.apply(solved, layout, found.base)
            if wrong is not None and _differs(found, wrong):
                kinds[slip.kind] = 1
                yield slip.kind, slip.claim, wrong, right
        flipped = solved.copy()
        for spot in layout.spots(line.key):
            flipped.put(spot, f"=-({str(solved.content(spot)).removeprefix('=')})")
        if "wrong-sign" not in kinds and _differs(found, flipped):
            kinds["wrong-sign"] = 1
            yield "wrong-sign", f"{layout.house.label(line)}: the wrong sign", flipped, right


def _tampered(found: Assignment) -> Iterator[tuple[str, str, Draft, str]]:
    """Things that stood in the workbook are changed: an assumption, a label, a formula next door."""
    solved, right, layout = found.solved, found.answer, found.layout
    if found.names is None:
        rng = generator("tampering", str(found.id))
        given = [
            (line, spot)
            for key, line in figures.given_lines(layout.model)
            if key not in found.missing
            for spot in layout.spots(line.key, past=key.endswith(figures.PAST))
        ]
        given = [(line, spot) for line, spot in given if spot not in found.open and isinstance(solved.content(spot), int | float)]
        if given:
            line, spot = rng.choice(given)
            yield (
                "input-overwritten",
                f"changes {layout.house.label(line)}, which was given",
                _put(solved, spot, float(str(solved.content(spot))) * 1.1 + 1),
                right,
            )
        standing = [spot for spot, cell in sorted(solved.cells.items()) if cell.formula and spot not in found.open]
        if standing:
            spot = rng.choice(standing)
            yield (
                "neighbour-typed-over",
                "types the result over a formula that stood there",
                _put(solved, spot, _number(solved.values([spot])[spot])),
                right,
            )
        labels = [
            spot
            for spot, cell in sorted(solved.cells.items())
            if cell.role in ("label", "strong", "header") and spot not in found.open and spot in found.handed.cells
        ]
        if labels:
            yield "label-lost", "deletes a label", _put(solved, rng.choice(labels), None), right
    else:
        name = next(iter(found.names.values()))
        other = solved.copy()
        del other.names[name]
        yield "name-missing", "forgets one of the names", other, right
        keys = [key for key in found.names if len(layout.spots(key.removesuffix(figures.PAST), past=key.endswith(figures.PAST))) > 1]
        if keys:
            short = solved.copy()
            short.names[found.names[keys[0]]] = short.names[found.names[keys[0]]].partition(":")[0]
            yield "name-too-short", "names only the first period of a row", short, right


def _put(draft: Draft, spot: Spot, content: float | int | str | None) -> Draft:
    other = draft.copy()
    other.put(spot, content)
    return other


def _number(value: object) -> float | int | str:
    return value if isinstance(value, int | float | str) else 0.0


def _differs(found: Assignment, wrong: Draft) -> bool:
    """Whether a workbook comes to other figures than the right one, in the base or when its figures are moved."""
    layout = found.layout
    lines = [line for line in figures.computed_lines(layout.model) if found.names is None or line.key in found.names]
    spots = [spot for line in lines for spot in layout.spots(line.key)]
    given = figures.drivers(layout, found.base)
    rng = generator("moves", str(found.id))
    for attempt in range(3):
        moved = {driver.key: figures._moved(driver, driver.base, rng) for driver in given} if attempt else {}
        changes = {
            spot: value * driver.scale
            for driver in given
            if driver.key in moved
            for spot, value in zip(driver.spots, moved[driver.key], strict=True)
        }
        # Only cells that hold figures in both are moved: what the wrong workbook lost stays lost.
        ours, theirs = (
            {spot: value for spot, value in changes.items() if isinstance(draft.content(spot), int | float)}
            for draft in (found.solved, wrong)
        )
        right, other = found.solved.values(spots, ours), wrong.values(spots, theirs)
        if any(not tasks.same(right[spot], other[spot]) for spot in spots):
            return True
    return False
