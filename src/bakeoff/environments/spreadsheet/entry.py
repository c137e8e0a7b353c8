"""What a person types into a cell, and what a formula bar shows of it."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import ERRORS, Content, ErrorValue, Formula, Look, Value

EPOCH = datetime.date(1899, 12, 30)
_NUMBER = re.compile(
    r"(?P<open>\()?(?P<sign>[-+]?)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?P<exponent>[eE][-+]?\d{1,3})?(?P<percent>\s*%)?(?P<close>\))?"
)
_MONTHS = {name: index for index, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


def parse(text: str, meanings: Mapping[str, str] | None = None) -> tuple[Content | None, str]:
    """Content and, where the way of writing implies one, a number format (else empty).

    `meanings`: defined names that stand for areas. Raises `FormulaError` for a formula that cannot be taken.
    """
    stripped = text.strip()
    if not stripped:
        return None, ""
    if text.startswith("'"):
        return text[1:] or None, ""
    if stripped.startswith("=") and len(stripped) > 1:
        formula = formulas.typed(stripped)
        formulas.check(formulas.resolved(formula, meanings or {}))
        return Formula(formula), ""
    if stripped.upper() in ("TRUE", "FALSE"):
        return stripped.upper() == "TRUE", ""
    if stripped.upper() in ERRORS:
        return ErrorValue(stripped.upper()), ""
    number = _number(stripped)
    if number is not None:
        return number
    date = _date(stripped)
    if date is not None:
        return float((date - EPOCH).days), "yyyy-mm-dd"
    return text, ""


def _number(text: str) -> tuple[float, str] | None:
    match = _NUMBER.fullmatch(text.replace("\u2212", "-"))
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["open"] and match["sign"]):
        return None
    value = float(match["digits"].replace(",", "") + (match["exponent"] or ""))
    if not math.isfinite(value):
        return None
    look = "#,##0.00" if "," in match["digits"] and "." in match["digits"] else "#,##0" if "," in match["digits"] else ""
    if match["percent"]:
        value, look = float(match["digits"].replace(",", "")) / 100, "0.00%" if "." in match["digits"] else "0%"
    return (-value if match["open"] or match["sign"] == "-" else value), look


def _date(text: str) -> datetime.date | None:
    try:
        if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
            return datetime.date(int(match[1]), int(match[2]), int(match[3]))
        if match := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text):
            return datetime.date(int(match[3]), int(match[2]), int(match[1]))
        if (match := re.fullmatch(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4}|\d{2})", text)) and match[2].lower() in _MONTHS:
            year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
            return datetime.date(year, _MONTHS[match[2].lower()], int(match[1]))
    except ValueError:
        return None
    return None


def shown(value: Value | None, look: Look) -> str:
    """A value in the precision of the formula bar, 15 digits: `0.05`, `115.7625`, `2026-03-31`, `TRUE`, `#REF!`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value
    if look.is_date and 0 < value < 2_958_466 and value == int(value):
        return (EPOCH + datetime.timedelta(days=int(value))).isoformat()
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"


def kind(value: Value | None, look: Look) -> str:
    """`number`, `text`, `date`, `boolean`, `error` or `empty`."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, ErrorValue):
        return "error"
    if isinstance(value, str):
        return "text"
    return "date" if look.is_date and 0 < value < 2_958_466 else "number"


_DATE_PART = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|\"[^\"]*\"|\\.|.", re.IGNORECASE)


def displayed(value: Value | None, look: Look) -> str:
    """A caption as the sheet displays it: dates by their format (`Mar-26`), whole numbers with the words of theirs (`FY2026E`); else as `shown`."""
    if isinstance(value, float) and kind(value, look) == "date":
        day = EPOCH + datetime.timedelta(days=int(value))
        code = look.number_format.split(";")[0]
        return "".join(_date_text(part.group(), day) for part in _DATE_PART.finditer(re.sub(r"\[[^\]]*\]", "", code))).strip()
    if isinstance(value, float) and value == int(value) and '"' in look.number_format:
        code = look.number_format.split(";")[0]
        if re.fullmatch(r"(\"[^\"]*\"|\s|[-#,0])*", code) and "0" in code:
            before, after = (re.sub(r"[\"#,]", "", part) for part in re.split(r"(?:#,##)?0+(?=[^0]*$)", code, maxsplit=1))
            return f"{before}{int(value)}{after}"
    return shown(value, look)


def _date_text(part: str, day: datetime.date) -> str:
    month = "January February March April May June July August September October November December".split()[day.month - 1]
    known = {
        "yyyy": f"{day.year}", "yy": f"{day.year % 100:02}", "mmmm": month, "mmm": month[:3], "mm": f"{day.month:02}", "m": f"{day.month}",
        "dddd": day.strftime("%A"), "ddd": day.strftime("%a"), "dd": f"{day.day:02}", "d": f"{day.day}",
    }  # fmt: skip
    if part.lower() in known:
        return known[part.lower()]
    return part.strip('"') if part.startswith('"') else part[1:] if part.startswith("\\") else part
