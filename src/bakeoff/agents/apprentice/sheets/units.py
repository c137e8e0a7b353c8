"""What kind of number a row holds, by what the sheet shows of it, and whether a formula mixes kinds that do not add up."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bakeoff.agents.apprentice.sheets.formula import Binary, Call, Name, Node, Number, Range, Ref, Text, Unary
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, outline
from bakeoff.agents.apprentice.sheets.labels import plain

SHARE = "%"
AMOUNT = "~"  # some number that is no share
Kind = Mapping[str, int] | None
"""Powers of units, e.g. {EUR: 1}; empty for a bare number or a share; None where nothing is known."""


def unit(book: Book, row: Row) -> str:
    """`%` for shares, else the unit that the row, its label or its number format shows; empty where it shows none."""
    sheet = book.sheets.get(row.sheet)
    if sheet is None:
        return ""
    line = sheet.by_row.get(row.number, {})
    cells = [cell for cell in line.values() if cell.role == "cell"]
    if not cells and any(cell.role == "columnheader" for cell in line.values()):
        return "period"
    formats = [cell.format for cell in cells if cell.kind != "text" and cell.format]
    if any("%" in text for text in formats):
        return SHARE
    if row.number in sheet.units:
        return SHARE if "%" in sheet.units[row.number] else plain(sheet.units[row.number])
    texts = [str(cell.value) for cell in cells if cell.kind == "text" and len(str(cell.value)) <= 12]
    if texts:
        return SHARE if "%" in texts[0] else plain(texts[0])
    bracketed = re.search(r"\(([^)]{1,10})\)\s*$", sheet.label(row.number))
    if bracketed:
        return SHARE if "%" in bracketed[1] else plain(bracketed[1])
    if formats and all(text not in ("General", "@") for text in formats) and not letters_of(formats[0]):
        return AMOUNT
    letters = letters_of(formats[0]) if formats else ""
    return f"as {letters}" if letters else ""


def letters_of(number_format: str) -> str:
    """The letters that a number format shows beside the number."""
    return re.sub(r"General|\[[^\]]*\]|[#0,.;()_\-?* \\\"]", "", number_format)


def kind(book: Book, row: Row) -> Kind:
    """The row's unit as powers."""
    name = unit(book, row)
    return {} if name == SHARE else {name: 1}


def clashes(book: Book, idea: Idea, home: Row) -> tuple[int, bool]:
    """How often an idea adds or compares numbers of different kinds, and whether what comes out differs from what the row holds."""
    found = [0]

    def walk(node: Node) -> Kind:
        match node:
            case Number():
                return None
            case Ref():
                return kind(book, idea.operands[node.row - 1].row)
            case Range(first, _):
                return walk(first)
            case Unary(_, operand):
                return walk(operand)
            case Binary(operator, left, right):
                a, b = walk(left), walk(right)
                if operator in "+-":
                    return agree(a, b, right if a is not None else left)
                if operator in ("=", "<>", "<", ">", "<=", ">="):
                    agree(a, b, right)
                    return {}
                if operator in "*/":
                    if a is None or b is None:
                        return b if a is None and operator == "*" else a
                    total = dict(a)
                    for name, power in b.items():
                        total[name] = total.get(name, 0) + (power if operator == "*" else -power)
                    return {name: power for name, power in total.items() if power}
                return a
            case Call(function, arguments):
                kinds = [walk(argument) for argument in arguments]
                if function == "IF":
                    kinds = kinds[1:]
                if function in ("SUM", "MIN", "MAX", "AVERAGE", "IF", "ABS", "ROUND", "IFERROR"):
                    result: Kind = None
                    for one in kinds:
                        result = agree(result, one, Text(""))
                    return result
                return None
            case Text() | Name():
                return None

    def agree(a: Kind, b: Kind, other: Node) -> Kind:
        if a is None or b is None:
            known = a if b is None else b
            if known and isinstance(other, Number) and other.value:
                found[0] += 1  # a bare number added to money or days
            return known
        if not _fit(a, b):
            found[0] += 1
        return a

    result, wanted = walk(outline(idea.shape)), kind(book, home)
    differs = result is not None and not _fit(result, wanted)
    return found[0], differs


def _fit(a: Kind, b: Kind) -> bool:
    """Whether two kinds may be the same; nothing is known of the unit of the empty name."""
    if a == b or {"": 1} in (a, b):
        return True
    return bool(a) and bool(b) and any(one == {AMOUNT: 1} for one in (a, b)) and all(set((one or {}).values()) == {1} for one in (a, b))


def form(book: Book, idea: Idea, home: Row) -> str:
    """An idea without names: its shape, and of each operand only how it stands to the row. The same in every workbook."""
    own = unit(book, home)
    parts = []
    for operand in idea.operands:
        what = "self" if operand.row == home else "share" if (u := unit(book, operand.row)) == SHARE else "like" if u == own else "other"
        parts.append(what + ("'" * operand.lag if operand.lag > 0 else "") + ("$" if operand.fixed else ""))
    return f"{idea.shape}|{','.join(parts)}"
