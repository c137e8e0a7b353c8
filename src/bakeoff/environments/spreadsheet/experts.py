"""Experts: what an analyst does to turn the workbook handed out into the finished one, with the agent's tools, in few steps.

The way is found by comparing the two drafts: rows whose formula is the same all along are entered once and filled; figures are entered as blocks;
names are given at the end. Alternatives reach a right workbook differently: other idioms, other order, names, helper rows, other layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bakeoff.core import Action, Environment, Observation, Policy, Proof, follow
from bakeoff.environments.spreadsheet import tasks, view
from bakeoff.environments.spreadsheet.draft import Cell, Draft
from bakeoff.environments.spreadsheet.layout import Layout
from bakeoff.environments.spreadsheet.model import DATA
from bakeoff.environments.spreadsheet.notation import Style
from bakeoff.environments.spreadsheet.slips import shifted
from bakeoff.environments.spreadsheet.spec import Spot
from bakeoff.environments.spreadsheet.tasks import Assignment


@dataclass(frozen=True, slots=True)
class Manner:
    """How the work is done. `fill`: rows at once, or cell by cell. `backwards`: last row first. `look`: reads papers and sheets first."""

    fill: bool = True
    backwards: bool = False
    look: bool = True


USUAL = Manner()


class Refused(Exception):
    """The desk did not take an action of an expert; the expert gives up, and its proof fails."""


def plan(handed: Draft, finished: Draft, *, across: bool, manner: Manner = USUAL) -> list[Action]:
    """Actions that make one draft of the other. Only adds and changes cells, sheets and names; takes nothing away but contents."""
    steps = [Action("add_sheet", {"name": name}) for name in finished.sheets if name not in handed.sheets]
    early = {name: where for name, where in finished.names.items() if name not in handed.names}
    used = {name for name in early if any(cell.formula and name in str(cell.content) for cell in finished.cells.values())}
    steps += [Action("name_range", {"name": name, "range": early[name].replace("$", "")}) for name in sorted(used)]
    changed = {spot: cell for spot, cell in finished.cells.items() if cell.content != handed.content(spot)}
    gone = {spot: Cell(None) for spot, cell in handed.cells.items() if cell.content is not None and spot not in finished.cells}
    runs = _runs({**changed, **gone}, across)
    if not manner.fill:
        runs = [[spot] for run in runs for spot in run]
    blocks = _blocks(runs, finished, across) if manner.fill else runs_as_blocks(runs)
    if manner.backwards:
        blocks.reverse()
    for block in blocks:
        steps += _enter(block, finished, across)
    steps += [Action("name_range", {"name": name, "range": where.replace("$", "")}) for name, where in early.items() if name not in used]
    return steps


def _runs(changed: dict[Spot, Cell], across: bool) -> list[list[Spot]]:
    """Neighbouring cells along the axis whose contents are of one kind: figures and texts, or one formula carried along."""
    found: list[list[Spot]] = []
    for spot in sorted(changed, key=lambda item: (item.sheet, item.row, item.column) if across else (item.sheet, item.column, item.row)):
        before = found[-1][-1] if found else None
        beside = before is not None and _next(before, across) == spot
        if beside and _together(changed, found[-1][0], spot):
            found[-1].append(spot)
        else:
            found.append([spot])
    return found


def _next(spot: Spot, across: bool) -> Spot:
    return Spot(spot.sheet, spot.row + (not across), spot.column + across)


def _together(changed: dict[Spot, Cell], first: Spot, spot: Spot) -> bool:
    lead, cell = changed[first], changed[spot]
    if lead.formula != cell.formula:
        return False
    return not lead.formula or shifted(str(lead.content), first, spot) == cell.content


def runs_as_blocks(runs: Iterable[list[Spot]]) -> list[list[list[Spot]]]:
    return [[run] for run in runs]


def _blocks(runs: Iterable[list[Spot]], finished: Draft, across: bool) -> list[list[list[Spot]]]:
    """Runs of one breadth and kind that lie side by side, as one block."""
    found: list[list[list[Spot]]] = []
    for run in runs:
        last = found[-1][-1] if found else None
        if (
            last is not None
            and len(last) == len(run)
            and _next(last[0], not across) == run[0]
            and _formula(finished, last[0]) == _formula(finished, run[0])
        ):
            found[-1].append(run)
        else:
            found.append([run])
    return found


def _formula(draft: Draft, spot: Spot) -> bool:
    return spot in draft.cells and draft.cells[spot].formula


def _enter(block: list[list[Spot]], finished: Draft, across: bool) -> list[Action]:
    """Enters a block: formulas once and filled along, figures all at once."""
    first, last = block[0][0], block[-1][-1]
    formula = _formula(finished, first)
    wanted = [run[:1] if formula else run for run in block]
    rows = [[said(finished.content(spot)) for spot in line] for line in (wanted if across else list(zip(*wanted, strict=True)))]
    steps = []
    if len(rows) == 1 and len(rows[0]) == 1:
        steps.append(Action("write", {"cell": str(first), "content": rows[0][0]}))
    else:
        steps.append(Action("write_block", {"cell": str(first), "rows": rows}))
    if formula and len(block[0]) > 1:
        steps.append(Action("fill", {"range": f"{first}:{last.a1}", "direction": "right" if across else "down"}))
    return steps


def said(content: float | int | str | None) -> str:
    """What a person types for a content."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content if content.startswith("=") or not _mistaken(content) else f"'{content}"
    return repr(content)


def _mistaken(text: str) -> bool:
    """Whether a spreadsheet would take this text, typed as it is, for a number or a date."""
    return any(sign.isdigit() for sign in text) and not any(len(word) > 4 and word.isalpha() for word in text.split())


def play(steps: Sequence[Action], answer: str = "") -> Policy:
    """A policy that does these steps and hands in. Raises `Refused` when the desk says no."""
    todo = iter([*steps, Action("finish", {"answer": answer} if answer else {})])

    def policy(observation: Observation) -> Action:
        if observation.error:
            raise Refused(observation.error)
        return next(todo)

    return policy


def looking(found: Assignment) -> list[Action]:
    """What an analyst does first: reads the papers, looks through the workbook window by window, and goes to where the work is.

    Whoever looked only at the last could not know where the figures stand that the formulas take.
    """
    from bakeoff.environments.spreadsheet import packs

    papers = [Action("open", {"document": paper.title}) for paper in packs.pack(found)]
    where = sorted(spot for spot, cell in found.solved.cells.items() if cell.content != found.handed.content(spot))
    return papers + _windows(found.handed) + ([Action("read", {"range": str(where[0])})] if where else [])


def _windows(draft: Draft) -> list[Action]:
    """Brings every part of a workbook into view once, but the one that is in view when it is opened."""
    ends: dict[str, tuple[int, int]] = dict.fromkeys(draft.sheets, (1, 1))
    for spot, cell in draft.cells.items():
        if cell.content is not None:
            ends[spot.sheet] = max(ends[spot.sheet][0], spot.row), max(ends[spot.sheet][1], spot.column)
    corners = [
        Spot(name, row, column)
        for name, (last_row, last_column) in ends.items()
        for row in range(1, last_row + 1, view.ROWS)
        for column in range(1, last_column + 1, view.COLUMNS)
    ]
    return [Action("read", {"range": str(corner)}) for corner in corners[1:]]


def actions(found: Assignment, finished: Draft | None = None, manner: Manner = USUAL) -> list[Action]:
    """All that the expert does before it hands in."""
    steps = plan(found.handed, finished or found.solved, across=found.layout.across, manner=manner)
    return (looking(found) if manner.look else []) + steps


def expert(found: Assignment) -> Policy:
    """A fresh policy that solves the task."""
    return play(actions(found), found.answer)


# --- other right ways --------------------------------------------------------------------------------------------------------------------


def _proof(found: Assignment, name: str, claim: str, finished: Draft, manner: Manner = USUAL, answer: str | None = None) -> Proof:
    def run(environment: Environment, observation: Observation) -> None:
        follow(play(actions(found, finished, manner), found.answer if answer is None else answer))(environment, observation)

    return Proof(name, "alternative", claim, run)


def alternatives(found: Assignment) -> tuple[Proof, ...]:
    """At least two other right ways."""
    proofs = [
        _proof(
            found,
            "cell-by-cell",
            "enters every cell by itself, last row first, without looking around",
            found.solved,
            Manner(fill=False, backwards=True, look=False),
        )
        if _size(found) <= min(150, 3 * len(actions(found)))
        else _proof(
            found,
            "last-row-first",
            "enters the rows from the last to the first, without looking around",
            found.solved,
            Manner(backwards=True, look=False),
        )
    ]
    proofs.append(_detour(found))
    for name, claim, change in _WAYS:
        finished = change(found)
        if finished is not None:
            proofs.append(_proof(found, name, claim, finished))
    for name, claim, answer in _spellings(found):
        proofs.append(_proof(found, name, claim, found.solved, answer=answer))
    return tuple(proofs)


def _spellings(found: Assignment) -> Iterator[tuple[str, str, str]]:
    """Other ways to say the figure asked for: name, claim, answer."""
    question = found.question
    if question is None:
        return
    value = question.value
    yield "answer-in-a-sentence", "says the figure in a sentence", f"It comes to {found.answer}."
    yield "answer-in-full", "says the figure with all its digits", f"{value:.12g}"
    if abs(value) >= 1000:
        yield "answer-with-commas", "says the figure with commas between thousands", f"{value:,.1f}"
    if value < 0:
        yield "answer-in-brackets", "says the negative figure in brackets, as accountants do", f"({found.answer.removeprefix('-')})"
    if found.asked is not None and found.asked[0].unit == "rate":
        yield "answer-in-per-cent", "says the figure in per cent", f"{value / question.percent:.6g} %"
        yield "answer-in-basis-points", "says the figure in basis points", f"{value / question.percent * 100:.6g} bps"


def _looked_up(found: Assignment) -> Draft | None:
    """Brings the figure asked for to a sheet of one's own, where it is easier to read."""
    if found.asked is None:
        return None
    line, period = found.asked
    side = "Reading 2" if "Reading" in found.solved.sheets else "Reading"
    finished = found.solved.copy()
    finished.sheets.append(side)
    finished.cells[Spot(side, 1, 1)] = Cell("Figure asked for")
    finished.cells[Spot(side, 1, 2)] = Cell(f"={found.layout.spots(line.key)[0 if line.scalar else period]}")
    return finished


def _detour(found: Assignment) -> Proof:
    """Slips, takes the slip back, slips again, writes over it, and gets there all the same."""
    plain = actions(found, manner=Manner(look=False))
    first = next(step for step in plain if step.tool in ("write", "write_block"))
    slip = Action("write", {"cell": first.arguments["cell"], "content": "123"})
    steps = [slip, Action("undo", {}), slip, *plain]

    def run(environment: Environment, observation: Observation) -> None:
        follow(play(steps, found.answer))(environment, observation)

    return Proof("slip-taken-back", "alternative", "types a wrong figure, undoes it, types it again and writes over it", run)


def rows(found: Assignment) -> int:
    """How many rows there are to write, each with one formula or with figures."""
    changed = {spot: cell for spot, cell in found.solved.cells.items() if cell.content != found.handed.content(spot)}
    return len(_runs(changed, found.layout.across))


def _size(found: Assignment) -> int:
    return sum(cell.content != found.handed.content(spot) for spot, cell in found.solved.cells.items())


def restyled(found: Assignment, style: Style) -> Draft:
    """The finished workbook with the cells that the worker fills written in other idioms."""
    given = {key: list(series) for key, series in found.base.items()}
    other = found.layout.draft(given, style)
    if found.names is not None:
        return tasks.named(other, found.layout, found.names)
    changed = {spot for spot, cell in found.solved.cells.items() if cell.content != found.handed.content(spot)}
    finished = found.solved.copy()
    for spot in changed:
        if found.solved.cells[spot].formula:
            finished.put(spot, other.content(spot))
    return finished


def _idioms(found: Assignment) -> Draft | None:
    finished = restyled(found, Style(sums="plus", extremes="if", products="reversed"))
    return finished if finished.cells != found.solved.cells else None


def _with_names(found: Assignment) -> Draft | None:
    """Scalars by defined names, which the worker gives first."""
    if found.names is not None or not _fills_formulas(found):
        return None
    scalars = [line.key for line in found.model.lines if line.scalar and line.ahead == DATA]
    if not scalars:
        return None
    names = tasks.defined_names(found.house, found.model, scalars)
    finished = restyled(found, Style(named=names))
    used = {key: name for key, name in names.items() if any(cell.formula and name in str(cell.content) for cell in finished.cells.values())}
    return tasks.named(finished, found.layout, used) if used else None


def _fills_formulas(found: Assignment) -> bool:
    return any(cell.formula and cell.content != found.handed.content(spot) for spot, cell in found.solved.cells.items())


def _helper_sheet(found: Assignment) -> Draft | None:
    """Calculates on a new sheet and links the results."""
    if found.names is not None or not _fills_formulas(found):
        return None
    side = "Workings 2" if "Workings" in found.solved.sheets else "Workings"
    other = found.layout.draft({key: list(series) for key, series in found.base.items()}, Style(sheet=side))
    finished = found.solved.copy()
    finished.sheets.append(side)
    for spot, cell in found.solved.cells.items():
        if cell.formula and cell.content != found.handed.content(spot):
            away = Spot(side, spot.row + 200 * found.solved.sheets.index(spot.sheet), spot.column)
            finished.cells[away] = Cell(other.content(spot))
            finished.put(spot, f"={away}")
    return finished


def _other_layout(found: Assignment) -> Draft | None:
    """For work from scratch: another layout of the same model, time the other way, results above what they add up."""
    if found.names is None:
        return None
    widgets = {
        **found.house.widgets,
        "axis": "down" if found.layout.across else "across",
        "inputs_at": "bottom",
        "units": "none",
        "totals": "above",
        "spacer": 2,
        "scalar": "first",
    }
    layout = Layout(replace(found.house, id=f"{found.house.id}-other", widgets=widgets), found.model)
    draft = layout.draft({key: list(series) for key, series in found.base.items()})
    kept = {spot: cell for spot, cell in draft.cells.items() if cell.role not in ("title", "subtitle")}
    draft.cells = {**found.handed.cells, **kept}
    return tasks.named(draft, layout, found.names)


_WAYS: tuple[tuple[str, str, Callable[[Assignment], Draft | None]], ...] = (
    ("other-idioms", "sums with +, IF instead of MIN and MAX, factors the other way round", _idioms),
    ("defined-names", "gives names to the single assumptions and uses them", _with_names),
    ("helper-sheet", "calculates on a sheet of its own and links the results", _helper_sheet),
    ("other-layout", "lays the model out the other way", _other_layout),
    ("own-reading", "links the figure asked for to a sheet of its own and reads it there", _looked_up),
)
