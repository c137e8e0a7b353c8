"""What an analyst can do at the desk. Addresses are A1 with the sheet in front (`Model!C5`, `'Debt schedule'!B4:F9`); without a sheet they mean the
one in view."""

from __future__ import annotations

from typing import Any

from bakeoff.core.action import Tool


def _tool(name: str, description: str, required: str = "", /, **properties: dict[str, Any]) -> Tool:
    return Tool(name, description, {"type": "object", "properties": properties, "required": required.split()})


_RANGE = {"type": "string", "description": "a cell or a range, e.g. Model!C5 or Model!C5:H9"}
_CELL = {"type": "string", "description": "a cell, e.g. Model!C5"}
_SHEET = {"type": "string", "description": "name of a sheet"}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 200}

TOOLS: tuple[Tool, ...] = (
    _tool("read", "Brings a range into view; large sheets are shown a window at a time.", "range", range=_RANGE),
    _tool("open", "Opens a paper of the information pack.", "document", document={"type": "string", "description": "its title"}),
    _tool(
        "write",
        "Enters text, a number or a formula into a cell as if typed: 12.5, 4%, Revenue, =C5*(1+C6). Empty text clears the cell.",
        "cell content",
        cell=_CELL,
        content={"type": "string"},
    ),
    _tool(
        "write_block",
        "Enters a block of contents, row by row, from its top left cell.",
        "cell rows",
        cell=_CELL,
        rows={"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    ),
    _tool(
        "fill",
        "Copies the first column (or row) of contents over the rest of a range, as dragging the fill handle does; relative references move along.",
        "range direction",
        range=_RANGE,
        direction={"type": "string", "enum": ["right", "down"]},
    ),
    _tool(
        "copy",
        "Copies cells to another place; relative references move along. `values`: only the values.",
        "source target",
        source=_RANGE,
        target={"type": "string", "description": "top left cell of the target"},
        values={"type": "boolean"},
    ),
    _tool(
        "insert_rows",
        "Inserts empty rows above a row; references follow.",
        "sheet row",
        sheet=_SHEET,
        row={"type": "integer", "minimum": 1},
        count=_COUNT,
    ),
    _tool(
        "delete_rows",
        "Deletes rows from a row on; references follow.",
        "sheet row",
        sheet=_SHEET,
        row={"type": "integer", "minimum": 1},
        count=_COUNT,
    ),
    _tool("add_sheet", "Adds an empty sheet at the end.", "name", name={"type": "string"}),
    _tool("name_range", "Gives a range a defined name.", "name range", name={"type": "string"}, range=_RANGE),
    _tool(
        "format",
        "Sets how cells look. `number` is a number format such as #,##0.0 or 0.0%; colours are like #0000FF.",
        "range",
        range=_RANGE,
        number={"type": "string"},
        bold={"type": "boolean"},
        italic={"type": "boolean"},
        font={"type": "string", "description": "font colour"},
        fill={"type": "string", "description": "background colour"},
    ),
    _tool(
        "chart",
        "Draws a chart of a range (headers included) beside a cell.",
        "kind range cell",
        kind={"type": "string", "enum": ["line", "column", "bar", "pie", "area", "scatter"]},
        range=_RANGE,
        cell=_CELL,
        title={"type": "string"},
    ),
    _tool("recalculate", "Recalculates everything. The desk does so after each entry too."),
    _tool("trace", "Shows the cells that a formula takes its value from, and the cells that use it.", "cell", cell=_CELL),
    _tool("undo", "Takes the last change back."),
    _tool("finish", "Saves the file and hands it in, with an answer where one was asked for.", answer={"type": "string"}),
)
