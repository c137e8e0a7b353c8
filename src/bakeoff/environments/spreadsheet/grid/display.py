"""A value as a cell shows it, by its number format: `1,234.5`, `12.3%`, `7.5x`, `Mar-26`. For eyes; nothing is judged by it."""

from __future__ import annotations

import re

from bakeoff.environments.spreadsheet import entry
from bakeoff.environments.spreadsheet.book import Look, Value

_PART = re.compile(r"\"[^\"]*\"|\\.|_.|\*.|[#0?][#0?,.]*|%|.")


def displayed(value: Value | None, look: Look) -> str:
    """The text in the cell. Formats beyond sections, thousands, decimals, per cent, literal text and dates are shown plainly."""
    if not isinstance(value, float) or isinstance(value, bool) or entry.kind(value, look) == "date":
        return entry.displayed(value, look)
    sections = re.sub(r"\[[^\]]*\]", "", look.number_format).split(";")
    code = sections[0]
    if value < 0 and len(sections) > 1 and sections[1]:
        code, value = sections[1], -value
    elif value == 0 and len(sections) > 2 and sections[2]:
        code = sections[2]
    parts = [part.group() for part in _PART.finditer(code)]
    if code.strip().lower() in ("general", "", "@") or any(part[0] in "Ee/" for part in parts):
        return _general(value)
    if "%" in parts:
        value *= 100
    return "".join(_piece(part, value) for part in parts).strip()


def _piece(part: str, value: float) -> str:
    if part[0] in "#0?":
        plain = part.rstrip(",")  # each comma at the end divides by a thousand
        before, _, after = plain.partition(".")
        scaled = value / 1000 ** (len(part) - len(plain))
        text = f"{abs(scaled):{',' if ',' in before else ''}.{len(after)}f}"
        return ("-" if scaled < 0 and float(text.replace(",", "")) else "") + text
    if part.startswith('"'):
        return part.strip('"')
    if part[0] == "\\":
        return part[1:]
    return " " if part[0] in "_*" else part


def _general(value: float) -> str:
    """As a cell without a format: up to eleven characters."""
    if value == int(value) and abs(value) < 1e11:
        return str(int(value))
    return f"{value:.10g}"
