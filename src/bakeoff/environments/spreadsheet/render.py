"""Pictures of workbooks, for people and reports.

What is in view at the desk is drawn by us, quickly and the same everywhere. A whole workbook becomes a PDF through LibreOffice, where that is installed:
a third program that opens the file, and the look a person would get.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from bakeoff.core import EnvironmentFault, UsageError
from bakeoff.environments.spreadsheet import entry
from bakeoff.environments.spreadsheet.book import PLAIN, Look, Place, Sheet, Value
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.formulas import letters

_ROW, _MARGIN, _NARROW, _WIDE = 20, 44, 34, 240
_GRID, _HEAD, _INK = "#D5D8DC", "#EEF0F2", "#1B1F23"
_PATIENCE = 90


def picture(desk: Desk) -> bytes:
    """A PNG of the sheet in view, with its tabs, as a spreadsheet program would show it."""
    sheet, rows, columns, values = desk.in_view()
    texts = {place: _formatted(value, sheet.looks.get(place, PLAIN)) for place, value in values.items()}
    last = max([row for row, _ in (*texts, *sheet.looks) if row in rows] or [1]) + 2
    shown_rows = [row for row in sorted(rows) if row <= last]
    furthest = max([column for _, column in (*texts, *sheet.looks) if column in columns] or [1]) + 1
    shown_columns = [column for column in sorted(columns) if column <= furthest]
    font, bold = _font(13), _font(13, bold=True)
    widths = {column: _width(column, shown_rows, texts, sheet, font) for column in shown_columns}
    image = Image.new("RGB", (_MARGIN + sum(widths.values()) + 1, _ROW * (len(shown_rows) + 2) + 1), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width, _ROW), fill=_HEAD)
    draw.rectangle((0, 0, _MARGIN, image.height), fill=_HEAD)
    x = _MARGIN
    for column in shown_columns:
        draw.text((x + widths[column] / 2, _ROW / 2), letters(column), fill="#57606A", font=font, anchor="mm")
        y = _ROW
        for row in shown_rows:
            _cell(
                draw,
                (x, y, widths[column]),
                sheet,
                (row, column),
                texts,
                values,
                font,
                bold,
                _room(row, column, shown_columns, widths, texts),
            )
            y += _ROW
        x += widths[column]
    for index, row in enumerate(shown_rows):
        draw.text((_MARGIN / 2, _ROW * (index + 1.5)), str(row), fill="#57606A", font=font, anchor="mm")
    _tabs(draw, desk, sheet, image, font, bold)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _room(row: int, column: int, columns: list[int], widths: dict[int, int], texts: dict[Place, str]) -> int:
    """How wide a text may run: over empty cells to its right."""
    room = widths[column]
    for other in columns[columns.index(column) + 1 :]:
        if texts.get((row, other)):
            break
        room += widths[other]
    return room


def _cell(
    draw: Any,
    at: tuple[int, int, int],
    sheet: Sheet,
    place: Place,
    texts: dict[Place, str],
    values: dict[Place, Value | None],
    font: Any,
    bold: Any,
    room: int,
) -> None:
    x, y, width = at
    look = sheet.looks.get(place, PLAIN)
    draw.rectangle((x, y, x + width, y + _ROW), outline=_GRID, fill=look.fill or None)
    text, value = texts.get(place, ""), values.get(place)
    if not text:
        return
    ink, face = look.font or _INK, bold if look.bold else font
    if isinstance(value, float) and not isinstance(value, bool):
        text = text if draw.textlength(text, face) <= width - 6 else "#" * max(1, (width - 6) // 8)
        draw.text((x + width - 4, y + _ROW / 2), text, fill=ink, font=face, anchor="rm")
        return
    while text and draw.textlength(text, face) > room - 6:
        text = text[:-1]
    draw.rectangle((x + 1, y + 1, x + 4 + draw.textlength(text, face), y + _ROW - 1), fill=look.fill or "white")
    draw.text((x + 4, y + _ROW / 2), text, fill=ink, font=face, anchor="lm")


def _tabs(draw: Any, desk: Desk, sheet: Sheet, image: Image.Image, font: Any, bold: Any) -> None:
    x, y = _MARGIN, image.height - _ROW
    draw.rectangle((0, y, image.width, image.height), fill=_HEAD)
    for other in desk.book.sheets:
        face = bold if other is sheet else font
        width = int(draw.textlength(other.name, face)) + 20
        if other is sheet:
            draw.rectangle((x, y, x + width, image.height), fill="white", outline=_GRID)
        draw.text((x + width / 2, y + _ROW / 2), other.name, fill=_INK, font=face, anchor="mm")
        x += width


def _width(column: int, rows: list[int], texts: dict[Place, str], sheet: Sheet, font: Any) -> int:
    longest = _NARROW
    for row in rows:
        text = texts.get((row, column), "")
        if text and sheet.looks.get((row, column), PLAIN).size <= 12:
            longest = max(longest, int(font.getlength(text)) + 12)
    return min(longest, _WIDE)


def _font(size: int, bold: bool = False) -> Any:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    try:
        return ImageFont.truetype(name, size - 1)
    except OSError:
        return ImageFont.load_default(size)


def _formatted(value: Value | None, look: Look) -> str:
    """A value by its number format, as far as models use them: thousands, decimals, per cent, brackets, units, dates."""
    if value is None or isinstance(value, (bool, str)):
        return entry.shown(value, look)
    if entry.kind(value, look) == "date":
        return entry.displayed(value, look)
    sections = look.number_format.split(";")
    if look.number_format == "General":
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    negative = value < 0 and len(sections) > 1
    section = sections[1] if negative else sections[2] if value == 0 and len(sections) > 2 else sections[0]
    plain = re.sub(r"\[[^\]]*\]|_.|\*.|\\", "", section)
    match = re.search(r"[#0?][#0?,]*(?:\.([0#?]+))?", re.sub(r'"[^"]*"', lambda found: "\0" * len(found.group()), plain))
    if match is None:
        return re.sub(r'"', "", plain)
    places = len(match[1] or "")
    number = value * (100 if "%" in plain else 1)
    body = f"{abs(number) if negative else number:{',' if ',' in match.group() else ''}.{places}f}"
    before, after = plain[: match.start()], plain[match.end() :]
    return (before.replace('"', "") + body + after.replace('"', "")).strip()


# --- LibreOffice -------------------------------------------------------------------------------------------------------------------------------


def office() -> str | None:
    """LibreOffice's program, or None where it is not installed. `BAKEOFF_OFFICE` names another."""
    named = os.environ.get("BAKEOFF_OFFICE")
    return named or shutil.which("soffice") or shutil.which("libreoffice")


def converted(workbook: bytes, kind: str) -> bytes:
    """A workbook opened by LibreOffice and saved as `pdf`, `xlsx` (recalculated) or `csv` (first sheet).

    Raises `UsageError` where LibreOffice is not installed and `EnvironmentFault` when it fails.
    """
    return many([workbook], kind)[0]


def many(workbooks: Sequence[bytes], kind: str) -> list[bytes]:
    """Several workbooks in one process of LibreOffice. As `converted`."""
    program = office()
    if program is None:
        raise UsageError("LibreOffice is not installed; run `make office` (on Debian: apt install libreoffice-calc)")
    with tempfile.TemporaryDirectory(prefix="bakeoff-office-") as folder:
        sources = [Path(folder, f"book{index}.xlsx") for index in range(len(workbooks))]
        for source, workbook in zip(sources, workbooks, strict=True):
            source.write_bytes(workbook)
        target = Path(folder, "out")
        command = [
            program,
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--headless",
            "--norestore",
            "--nolockcheck",
            "--convert-to",
            kind,
            "--outdir",
            str(target),
            *map(str, sources),
        ]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            said, _ = child.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired as slow:
            raise EnvironmentFault("LibreOffice did not answer in time") from slow
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        made = [target / f"{source.stem}.{kind}" for source in sources]
        if not all(path.is_file() for path in made):
            raise EnvironmentFault(f"LibreOffice could not convert the workbook: {said.decode(errors='replace').strip()[:300]}")
        return [path.read_bytes() for path in made]


def pdf(workbook: bytes) -> bytes:
    """The whole workbook as a PDF. Errors as of `converted`."""
    return converted(workbook, "pdf")
