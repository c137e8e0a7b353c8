"""What an analyst does in the web grid: the desk expert's actions, carried out with name box, formula bar and keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bakeoff.core import Action, Observation, Policy, Proof, Task, follow
from bakeoff.environments.spreadsheet import experts as desk
from bakeoff.environments.spreadsheet import products
from bakeoff.environments.spreadsheet.formulas import letters
from bakeoff.environments.spreadsheet.mutants import wrong_drafts

Step = tuple[str, str, str]
"""Tool, name of the thing it is done to (empty for none), and text or key."""


class Lost(Exception):
    """The page does not show what the expert needs; its proof fails."""


def _go(area: str) -> Iterator[Step]:
    yield "type", "Name box", area
    yield "press", "", "Enter"


def _write(cell: str, content: str) -> Iterator[Step]:
    yield from _go(cell)
    yield "type", "Formula bar", content
    yield "press", "", "Enter"


def _beside(cell: str, down: int, right: int) -> str:
    """The address so many rows and columns on."""
    sheet, _, place = cell.rpartition("!")
    match = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", place)
    assert match is not None, f"{cell} is no cell"
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return f"{sheet}!{letters(column + right)}{int(match[2]) + down}"


def by_hand(actions: Iterable[Action], *, fill: bool = True) -> list[Step]:
    """The desk's actions as steps in the page. `fill`: rows with the keyboard's Ctrl+R and Ctrl+D, else with the buttons."""
    steps: list[Step] = []
    for action in actions:
        said = dict(action.arguments)
        match action.tool:
            case "write":
                steps += _write(said["cell"], said["content"])
            case "write_block":
                for down, row in enumerate(said["rows"]):
                    for right, content in enumerate(row):
                        steps += _write(_beside(said["cell"], down, right), content)
            case "fill":
                steps += _go(said["range"])
                if fill:
                    steps.append(("press", "", "Control+r" if said["direction"] == "right" else "Control+d"))
                else:
                    steps.append(("click", f"Fill {said['direction']}", ""))
            case "name_range":
                steps += _go(said["range"])
                steps += _go(said["name"])
            case "add_sheet":
                steps += [("type", "New sheet name", said["name"]), ("click", "Add sheet", "")]
            case "read" | "open" | "recalculate" | "trace" | "finish":
                continue  # a person looks
            case other:
                raise Lost(f"nobody does '{other}' in the grid yet")
    return steps


def _leave_to_page(steps: Sequence[Step], answer: str) -> Policy:
    """A policy that finds each thing by its name and acts on it."""
    left = list(steps)

    def policy(seen: Observation) -> Action:
        if not left:
            return Action("finish", {"answer": answer} if answer else {})
        tool, name, text = left.pop(0)
        if tool == "press":
            return Action("press", {"key": text})
        found = next((item for item in seen.elements if item.name == name and item.role in ("textbox", "button")), None)
        if found is None:
            raise Lost(f"there is no '{name}' on the page")
        return Action(tool, {"ref": found.ref, "text": text} if tool == "type" else {"ref": found.ref})

    return policy


def _actions(task: Task) -> tuple[list[Action], str]:
    """What the desk's expert does, and the answer it gives."""
    found = products.assignment(task.id)
    return desk.actions(found), found.answer


def steps(task: Task) -> int:
    """How many actions the expert needs, the last included."""
    return len(by_hand(_actions(task)[0])) + 1


def expert(task: Task) -> Policy:
    """A fresh policy that does the job in the page. `task` is one of the environment `spreadsheet`."""
    actions, answer = _actions(task)
    return _leave_to_page(by_hand(actions), answer)


def limit(task: Task) -> int:
    """How many actions a worker may take."""
    return max(60, 3 * steps(task))


def alternatives(task: Task) -> tuple[Proof, ...]:
    """Other right ways: with the buttons, by a detour, the other way round."""
    actions, answer = _actions(task)
    found = products.assignment(task.id)
    backwards = desk.actions(found, manner=desk.Manner(backwards=True, look=False))
    ways = {
        "slip-taken-back": ("types a wrong figure, takes it back with the button, and does the job", _with_slip(actions)),
        "slip-overtyped": ("types a wrong figure and types the right entry over it", _with_slip(actions, undo=False)),
        "with-buttons": ("fills with the buttons", by_hand(actions, fill=False)),
        "last-row-first": ("enters the rows from the last to the first", by_hand(backwards)),
    }
    usual = by_hand(actions)
    return tuple(
        Proof(name, "alternative", claim, follow(_leave_to_page(done, answer)))
        for name, (claim, done) in ways.items()
        if done != usual and len(done) < limit(task)
    )


def _with_slip(actions: Sequence[Action], *, undo: bool = True) -> list[Step]:
    """A wrong entry in the first cell that is written, taken back or left to be typed over, then everything."""
    first = next(str(action.arguments["cell"]) for action in actions if action.tool in ("write", "write_block"))
    return [*_write(first, "123"), *([("click", "Undo", "")] if undo else []), *by_hand(actions)]


MUTANTS = 5
"""Wrong workbooks of a task that are made in the page; all of them are the business of the environment `spreadsheet`."""


def mutants(task: Task) -> tuple[Proof, ...]:
    """Near misses that only a page makes possible, and some wrong workbooks made by hand."""
    actions, answer = _actions(task)
    found = products.assignment(task.id)
    done = by_hand(actions)
    wrong = {
        "not-entered": ("types the last entry and does not press Enter", done[:-1], answer),
        "undone": ("does everything and takes the last change back", [*done, ("click", "Undo", "")], answer),
    }
    for draft in wrong_drafts(found):
        steps = by_hand(desk.plan(found.handed, draft.draft, across=found.layout.across))
        if len(steps) < limit(task) and len(wrong) < MUTANTS + 2:
            wrong[draft.name] = (draft.claim, steps, draft.answer)
    return tuple(Proof(name, "mutant", claim, follow(_leave_to_page(steps, said))) for name, (claim, steps, said) in wrong.items())
