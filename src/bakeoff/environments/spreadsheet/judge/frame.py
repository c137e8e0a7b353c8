"""What stood in the file must stay: each sheet, label, number, formula and name, wherever rows were inserted beside them."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, Content, ErrorValue, Formula, Place, Sheet
from bakeoff.environments.spreadsheet.formulas import Corner, FormulaError, Reference
from bakeoff.environments.spreadsheet.spec import Spot

_MOST_PAIRS = 400_000
"""Rows are compared with each other up to so many pairs; a file that differs more has not been kept."""
_SHOWN = 6
"""So many differences are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where the rows of the file as handed out are in the file as saved: sheet (casefolded) -> old row -> new row. Columns stay."""

    rows: dict[str, dict[int, int]]
    moved: bool
    """Whether any row is elsewhere."""

    def row(self, sheet: str, row: int) -> int:
        """The new row of an old one; rows beyond the last known follow it."""
        known = self.rows.get(sheet.casefold(), {})
        if row in known:
            return known[row]
        below = max((old for old in known if old < row), default=0)
        return row + (known[below] - below if below else 0)

    def spot(self, spot: Spot) -> Spot:
        """The new place of an old cell."""
        return Spot(spot.sheet, self.row(spot.sheet, spot.row), spot.column)


def align(original: Book, saved: Book, free: Set[Spot]) -> Alignment:
    """Matches rows by their labels and numbers; `free`: cells that may hold anything."""
    rows: dict[str, dict[int, int]] = {}
    for old in original.sheets:
        new = saved.sheet(old.name)
        if new is None:
            continue
        ignored = {(spot.row, spot.column) for spot in free if spot.sheet.casefold() == old.name.casefold()}
        rows[old.name.casefold()] = _align(old, new, ignored)
    return Alignment(rows, any(old != new for found in rows.values() for old, new in found.items()))


def _align(old: Sheet, new: Sheet, ignored: set[Place]) -> dict[int, int]:
    keys = _keys(old, ignored)
    last = max((row for row, _ in (*old.cells, *ignored)), default=0)
    if all(all(new.cells.get((row, column)) == content for column, content in key) for row, key in keys.items()):
        return {row: row for row in range(1, last + 1)}
    lines = _lines(new)
    found: dict[int, int] = {}
    olds, news = sorted(keys), sorted(lines)

    def same(row: int, other: int) -> bool:
        line = lines.get(other, {})
        return all(line.get(column) == content for column, content in keys[row])

    while olds and same(olds[0], olds[0]):  # rows above the first difference stay
        row = olds.pop(0)
        found[row] = row
    shift = (news[-1] if news else 0) - (olds[-1] if olds else 0)
    while olds and same(olds[-1], olds[-1] + shift):  # rows below the last one have moved together
        row = olds.pop()
        found[row] = row + shift
    lower = max((found[row] for row in found if not olds or row < olds[0]), default=0)
    upper = min((found[row] for row in found if olds and row > olds[-1]), default=10**9)
    news = [row for row in news if lower < row < upper]
    if len(olds) * len(news) <= _MOST_PAIRS:
        found.update(_common(olds, news, same))
    shift = 0
    for row in range(1, last + 1):  # rows without labels of their own go with the row above
        if row in found:
            shift = found[row] - row
        else:
            found[row] = row + shift
    return found


def _common(olds: list[int], news: list[int], same: Callable[[int, int], bool]) -> dict[int, int]:
    """The longest common subsequence: rows whose fixed contents are all found in the new row, in order."""
    fits = [[same(old, new) for new in news] for old in olds]
    best = [[0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in range(len(olds) - 1, -1, -1):
        for j in range(len(news) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + 1 if fits[i][j] else 0)
    found: dict[int, int] = {}
    i = j = 0
    while i < len(olds) and j < len(news):
        if fits[i][j] and best[i][j] == best[i + 1][j + 1] + 1:
            found[olds[i]] = news[j]
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _keys(sheet: Sheet, ignored: set[Place]) -> dict[int, list[tuple[int, Content]]]:
    found: dict[int, list[tuple[int, Content]]] = {}
    for (row, column), content in sheet.cells.items():
        if (row, column) not in ignored and not isinstance(content, Formula):
            found.setdefault(row, []).append((column, content))
    return found


def _lines(sheet: Sheet) -> dict[int, dict[int, Content]]:
    found: dict[int, dict[int, Content]] = {}
    for (row, column), content in sheet.cells.items():
        found.setdefault(row, {})[column] = content
    return found


def differences(original: Book, saved: Book, alignment: Alignment, free: Set[Spot]) -> list[str]:
    """One sentence for each thing of the file that is no longer as it was. `free` in the places of the file as handed out."""
    found: list[str] = []
    for old in original.sheets:
        new = saved.sheet(old.name)
        if new is None:
            found.append(f"the sheet '{old.name}' is gone or has another name")
            continue
        if new.hidden != old.hidden:
            found.append(f"the sheet '{old.name}' is {'hidden' if new.hidden else 'no longer hidden'}")
        for (row, column), content in sorted(old.cells.items(), key=_place):
            if not alignment.moved and new.cells.get((row, column)) == content and type(new.cells[row, column]) is type(content):
                continue
            spot = Spot(old.name, row, column)
            if spot not in free:
                here = alignment.spot(spot)
                complaint = _difference(content, new.cells.get((here.row, here.column)), spot, here, alignment)
                if complaint:
                    found.append(complaint)
    for name, text in original.names.items():
        now = next((other for known, other in saved.names.items() if known.casefold() == name.casefold()), None)
        if now is None:
            found.append(f"the name '{name}' is gone")
        elif _plain("=" + now, "") != _plain(_carried("=" + text, "", alignment), ""):
            found.append(f"the name '{name}' stands for {now} instead of {text}")
    if len(found) > _SHOWN:
        found = [*found[:_SHOWN], f"and {len(found) - _SHOWN} more"]
    return found


def _place(item: tuple[Place, Content]) -> Place:
    return item[0]


def _difference(before: Content, after: Content | None, spot: Spot, here: Spot, alignment: Alignment) -> str:
    if isinstance(before, Formula):
        if isinstance(after, Formula) and (before == after and not alignment.moved):
            return ""
        expected = _carried(before, spot.sheet, alignment)
        if isinstance(after, Formula) and _plain(after, spot.sheet) == _plain(expected, spot.sheet):
            return ""
        return f"{here} was {before} and is {_shown(after)}; it was not to be changed"
    if type(after) is type(before) and _equal(before, after):
        return ""
    return f"{here} was {_shown(before)} and is {_shown(after)}; it was not to be changed"


def _equal(one: Content, two: Content | None) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return abs(one - two) <= 1e-12 * max(abs(one), abs(two))
    return one == two


def _shown(content: Content | None) -> str:
    if content is None:
        return "empty"
    if isinstance(content, (Formula, ErrorValue)):
        return str(content)
    if isinstance(content, str):
        return f"'{content[:60]}'"
    return f"{content:.10g}" if isinstance(content, float) else str(content).upper()


def _carried(formula: str, own: str, alignment: Alignment) -> str:
    """An old formula as it reads after rows moved."""

    def corner(old: Corner, sheet: str) -> Corner:
        return Corner(alignment.row(sheet, old.row), old.column, old.fixed_row, old.fixed_column)

    def change(old: Reference) -> Reference:
        sheet = old.sheet or own
        if old.whole == "columns":
            return old
        return Reference(old.sheet, corner(old.first, sheet), None if old.last is None else corner(old.last, sheet), old.whole)

    try:
        return formulas.rewritten(formula, change)
    except FormulaError:
        return formula


def _plain(formula: str, own: str) -> str:
    """A formula without what does not matter: dollars, spaces, capitals, a needless mention of its own sheet, the corner a range is named from."""

    def part(token: formulas.Token) -> str:
        if token.kind == "ref":
            ref = formulas.reference(token.text)
            return f"{(ref.sheet or own).casefold()}!{ref.bounds}"
        if token.kind == "space":
            return ""
        return token.text if token.kind == "text" else token.text.casefold()

    try:
        return "".join(part(token) for token in formulas.tokens(formula))
    except FormulaError:
        return formula
