"""Answers: how a job that asks a question reads what the worker says at the end.

An answer is one value, as a person would write it, and nothing else: a list of guesses, a negation or a sentence around it is wrong. What may
differ is how it is written: signs of currency, thousands separators, the order of a date, of a name or of a list.
"""

from __future__ import annotations

import re
from datetime import date

from bakeoff.environments.browser import people
from bakeoff.environments.browser.schema import Answer

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def said(answer: Answer | None, style: int = 0) -> str:
    """The right answer as a worker may write it; `style` chooses among several ways. Empty where no answer is wanted."""
    return "" if answer is None else write(answer.kind, answer.value, style)


def write(kind: str, value: object, style: int = 0) -> str:
    """A value of this kind in one of the ways that `same` understands."""
    if kind == "money":
        assert isinstance(value, int)
        return (f"{value / 100:.2f}", f"EUR {value / 100:,.2f}", f"{value / 100:,.2f} euros")[style % 3]
    if kind == "date":
        day = date.fromisoformat(str(value))
        return (str(value), f"{day.day} {day:%B} {day.year}")[style % 2]
    if kind == "list":
        assert isinstance(value, tuple)
        return (", ".join(value), "; ".join(reversed(value)), people.spoken_list(list(value)))[style % 3]
    return str(value)


def same(answer: Answer, text: str) -> bool:
    """Whether this is the right answer."""
    text = (text if answer.kind == "list" else " ".join(text.split())).strip(" .!\"'“”\n")
    if answer.kind == "money":
        return _money(text) == answer.value
    if answer.kind == "list":
        return _items(text) == sorted(" ".join(item.split()).casefold() for item in answer.value)
    if answer.kind == "number":
        return re.fullmatch(r"\d{1,3}(,\d{3})+|\d{1,9}", text) is not None and int(text.replace(",", "")) == answer.value
    if answer.kind == "date":
        return _day(text) == answer.value
    wanted = str(answer.value).casefold()
    if answer.kind == "name" and text.count(",") == 1:
        last, first = text.split(",")
        text = f"{first.strip()} {last.strip()}"
    return text.casefold() == wanted


def _items(text: str) -> list[str]:
    """What a list names, sorted: divided by commas, semicolons or line ends, and the last two perhaps by `and`."""
    parts = [" ".join(part.split()) for part in re.split(r"[,;\n]", text)]
    parts = [*parts[:-1], *re.split(r"\s+and\s+|^and\s+", parts[-1])]
    return sorted(part.casefold() for part in parts if part)


def _money(text: str) -> int | None:
    """Whole cents; None for what is no single amount."""
    bare = re.sub(r"^(eur|€)\s*|\s*(eur|euros?|€)$", "", text.casefold()).strip()
    if not re.fullmatch(r"(\d{1,3}(,\d{3})+|\d{1,9})(\.\d{1,2})?", bare):
        return None
    whole, _, cents = bare.replace(",", "").partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def _day(text: str) -> str | None:
    """An ISO day; None for what is no single day."""
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        day, month, year = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2}) ([a-z]{3,9}),? (\d{4})", text.casefold()):
        day, year = int(match[1]), int(match[3])
        month = MONTHS.index(match[2][:3]) + 1 if match[2][:3] in MONTHS else 0
    else:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
