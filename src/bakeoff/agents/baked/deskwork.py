"""Actions at a workbook as tokens and back.

    open paper | read tab | read line period | write line period piece… | write_block line period piece… more piece… end | fill line period line period | finish

A tab means its next part that was not in view yet. Periods are the columns in which a line has room for figures. Pieces are those of `pieces`, and
a formula ends where it is complete, so it needs no mark; after each formula of a block it is said whether the next line follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.agents.apprentice.sheets.grid import Row
from bakeoff.agents.baked.pieces import Piece, arity, build, is_place, spell
from bakeoff.agents.baked.workbook import DOCUMENT, TAB, Desk, address, spans, tree_of
from bakeoff.core import Action, Tool

END, MORE = 0, 1
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
LONGEST_FORMULA, MOST_FORMULAS = 64, 16


@dataclass(frozen=True, slots=True)
class DeskGrammar:
    """Which tools can be said, and the pieces of formulas that demonstrations contained."""

    tools: tuple[str, ...]
    lexicon: tuple[str, ...] = ()

    @classmethod
    def of(cls, tools: Sequence[Tool], lexicon: tuple[str, ...] = ()) -> DeskGrammar:
        """The grammar of published tools. Which can be said is known by the arguments that they take."""
        known = [set(names.split()) for names in ("document", "range", "cell content", "cell rows", "range direction", "answer")]
        return cls(tuple(tool.name for tool in tools if set(tool.parameters.get("properties", {})) in known), lexicon)

    def to_dict(self) -> dict[str, Any]:
        return {"tools": list(self.tools), "lexicon": list(self.lexicon)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeskGrammar:
        return cls(tuple(data["tools"]), tuple(data["lexicon"]))

    # --- formulas ------------------------------------------------------------------------------------------------------------------

    def number(self, piece: Piece) -> int | None:
        """The token of a piece: the lexicon first, then the lines; None for a word that is not in the lexicon."""
        if isinstance(piece, int):
            return len(self.lexicon) + piece
        return self.lexicon.index(piece) if piece in self.lexicon else None

    def piece(self, number: int) -> Piece:
        return self.lexicon[number] if number < len(self.lexicon) else number - len(self.lexicon)

    def formula(self, pieces: Sequence[Piece]) -> list[int] | None:
        found = [self.number(piece) for piece in pieces]
        known = [number for number in found if number is not None]
        return known if len(known) == len(found) <= LONGEST_FORMULA else None

    def length(self, ids: Sequence[int]) -> int:
        """How many of the tokens make the first formula."""
        open_parts = 1
        for at, number in enumerate(ids):
            open_parts += arity(self.piece(number)) - 1
            if open_parts == 0:
                return at + 1
        return len(ids)

    def follows_pointer(self, ids: Sequence[int]) -> bool:
        """Whether a place comes next: the tokens so far end with a line."""
        return bool(ids) and isinstance(self.piece(ids[-1]), int)

    def places(self) -> tuple[bool, ...]:
        return tuple(is_place(word) for word in self.lexicon)

    # --- actions -------------------------------------------------------------------------------------------------------------------

    def write(self, action: Action, desk: Desk) -> tuple[int, ...] | None:
        """The tokens of an action; None where they cannot say it."""
        if action.tool not in self.tools:
            return None
        tool = self.tools.index(action.tool)
        given = action.arguments
        if action.tool == "finish":
            return None if given.get("answer") else (tool,)
        if action.tool == "open":
            at = next((at for at, kind in enumerate(desk.kinds) if kind == DOCUMENT and desk.names[at] == given["document"]), None)
            return None if at is None else (tool, at)
        if action.tool == "read" and given["range"] in desk.windows:
            return tool, desk.kinds.index(TAB) + desk.windows.index(given["range"])
        where = spans(desk.book, str(given.get("cell", given.get("range", ""))))
        if where is None:
            return None
        first, last = (self._spot(desk, row, column) for row, column in where)
        if first is None or last is None:
            return None
        if action.tool == "fill":
            along = "down" if desk.book.sheets[where[0][0].sheet].down else "right"
            return (tool, *first, *last) if given["direction"] == along else None
        if action.tool == "read":
            return (tool, *first) if first == last else None
        contents = formulas(action)
        if contents is None or (action.tool == "write_block" and not _along(action, desk.book.sheets[where[0][0].sheet].down)):
            return None
        out: list[int] = [tool, *first]
        (row, column), _ = where
        for number, content in enumerate(contents):
            home = Row(row.sheet, row.number + number)
            tree = tree_of(desk.book, content, home.sheet) if content.startswith("=") else None
            said = spell(desk.book, desk.lines, tree, home, column) if tree is not None and home in desk.lines.index else None
            ids = self.formula(said) if said else None
            if ids is None:
                return None
            out += ids
            if action.tool == "write_block":
                out.append(MORE if number + 1 < len(contents) else END)
        return tuple(out)

    def _spot(self, desk: Desk, row: Row, column: int) -> tuple[int, int] | None:
        line = desk.lines.index.get(row)
        if line is None or column not in desk.columns(line):
            return None
        return desk.first + line, desk.columns(line).index(column)

    def read(self, ids: Sequence[int], desk: Desk) -> Action:
        """The action that tokens say. Raises `IndexError` for tokens that fit another screen."""
        name = self.tools[ids[0]]
        if name == "finish":
            return Action(name)
        kind = desk.kinds[ids[1]]
        if name == "open":
            return Action(name, {"document": desk.names[ids[1]]})
        if kind == TAB:
            return Action(name, {"range": desk.windows[ids[1] - desk.kinds.index(TAB)]})
        line = ids[1] - desk.first
        row, column = desk.lines.rows[line], desk.columns(line)[ids[2]]
        cell = address(desk.book, row, column)
        if name == "read":
            return Action(name, {"range": cell})
        down = desk.book.sheets[row.sheet].down
        if name == "fill":
            other = ids[3] - desk.first
            last = address(desk.book, desk.lines.rows[other], desk.columns(other)[ids[4]])
            return Action(name, {"range": f"{cell}:{last.rpartition('!')[2]}", "direction": "down" if down else "right"})
        said = []
        rest = list(ids[3:])
        for number in range(MOST_FORMULAS):
            length = self.length(rest)
            home = Row(row.sheet, row.number + number)
            tree = build(desk.book, desk.lines, [self.piece(at) for at in rest[:length]], home, column)
            said.append(desk.book.written(tree, row.sheet))
            rest = rest[length:]
            if name == "write" or not rest or rest.pop(0) == END or not rest:
                break
        if name == "write":
            return Action(name, {"cell": cell, "content": said[0]})
        return Action(name, {"cell": cell, "rows": [said] if down else [[text] for text in said]})


def writes(tool: str) -> bool:
    """Whether a tool takes formulas."""
    return tool.startswith("write")


def changes(tool: str) -> bool:
    """Whether a tool that can be said changes a workbook, which one `undo` takes back."""
    return writes(tool) or tool == "fill"


def formulas(action: Action) -> list[str] | None:
    """What an action writes, line by line, a plain number as a formula; None for a block of more than one row and one column."""
    if action.tool == "write":
        return [_formula(action.arguments["content"])]
    rows = action.arguments["rows"]
    if len(rows) == 1:
        return [_formula(text) for text in rows[0]]
    return [_formula(row[0]) for row in rows] if all(len(row) == 1 for row in rows) else None


def _formula(content: object) -> str:
    text = str(content)
    return f"={text}" if _NUMBER.fullmatch(text) else text


def _along(action: Action, down: bool) -> bool:
    """Whether the formulas of a block belong to one line each."""
    rows = action.arguments["rows"]
    return len(rows) == 1 if down else all(len(row) == 1 for row in rows)
