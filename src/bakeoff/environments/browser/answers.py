"""Answers: how a job that asks a question reads what the worker says at the end.

An answer is one value, as a person would write it, and nothing else: a list of guesses, a negation or a sentence around it is wrong. What may
differ is how it is written: signs of currency, thousands separators, the order of a date, of a name or of a list.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from datetime import date

from bakeoff.environments.browser import forms, people
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Answer


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


def shown(answer: Answer | None, blueprint: Blueprint, users: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The right answer as this product's own pages write it: what a worker reads off the screen is right, whatever its form."""
    if answer is None:
        return ()
    if answer.kind == "date":
        return (forms.written_date(blueprint, str(answer.value)),)
    if answer.kind == "name" and blueprint.model["user"] == "pair" and answer.value in dict(users):
        return (f"{dict(users)[answer.value]} / {answer.value}",)
    return ()


def same(answer: Answer, text: str, also: Sequence[str] = ()) -> bool:
    """Whether this is the right answer, or one of the other ways in which it may be written."""
    plain = " ".join(text.split()).casefold()
    if not plain:
        return False  # whoever says nothing has not answered, whatever the question
    if plain in (" ".join(way.split()).casefold() for way in also):
        return True
    text = (text if answer.kind == "list" else " ".join(text.split())).strip(" .!\"'“”\n")
    if answer.kind == "money":
        return _money(text) == answer.value
    if answer.kind == "list":
        wanted_items = sorted(" ".join(item.split()).casefold() for item in answer.value)
        return any(reading == wanted_items for reading in items(text))
    if answer.kind == "number":
        return re.fullmatch(r"\d{1,3}(,\d{3})+|\d{1,9}", text) is not None and int(text.replace(",", "")) == answer.value
    if answer.kind == "date":
        return _day(text) == answer.value
    wanted = str(answer.value).casefold()
    if answer.kind == "name" and text.count(",") == 1:
        last, first = text.split(",")
        text = f"{first.strip()} {last.strip()}"
    return text.casefold() == wanted


def items(text: str) -> Iterator[list[str]]:
    """What a list may name, sorted: its parts are divided by commas, semicolons or line ends, the last two perhaps by `and`; where a comma stands
    within names (`Weiss, Clara`), by semicolons, line ends, or every other comma."""
    text = text.casefold()
    parts = [" ".join(part.split()) for part in re.split(r"[,;\n]", text)]
    yield sorted(part for part in (*parts[:-1], *re.split(r"\s+and\s+|^and\s+", parts[-1])) if part)
    named = [part.split(",") for part in re.split(r"[;\n]", text) if part.strip()]
    if all(len(part) == 2 for part in named):
        yield sorted(f"{first.strip()} {last.strip()}" for last, first in named)
    if len(parts) % 2 == 0:
        yield sorted(f"{first} {last}" for last, first in zip(parts[::2], parts[1::2], strict=True))


def _money(text: str) -> int | None:
    """Whole cents; None for what is no single amount."""
    bare = re.sub(r"^(eur|€)\s*|\s*(eur|euros?|€)$", "", text.casefold()).strip()
    if not re.fullmatch(r"(\d{1,3}(,\d{3})+|\d{1,9})(\.\d{1,2})?", bare):
        return None
    whole, _, cents = bare.replace(",", "").partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


WEEKDAY = r"(?:(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day,? )?"


def _day(text: str) -> str | None:
    """An ISO day; None for what is no single day, or none of the weekday that is named."""
    text, weekday = text.casefold(), None
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        day, month, year = (int(part) for part in match.groups())
    elif match := re.fullmatch(rf"{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)? ([a-z]{{3,9}}),? (\d{{4}})", text):
        weekday, day, month, year = match[1], int(match[2]), _month(match[3]), int(match[4])
    elif match := re.fullmatch(rf"{WEEKDAY}([a-z]{{3,9}}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", text):
        weekday, month, day, year = match[1], _month(match[2]), int(match[3]), int(match[4])
    else:
        return None
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return None if weekday and not calendar.day_name[found.weekday()].casefold().startswith(weekday) else found.isoformat()


def _month(word: str) -> int:
    """The number of a month by its name or by at least three of its first letters; 0 for any other word."""
    return next((number for number in range(1, 13) if calendar.month_name[number].casefold().startswith(word)), 0)
