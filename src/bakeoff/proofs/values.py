"""Wrong values near a right one: what people and programs get wrong in a single cell."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(.*)", re.DOTALL)
_FEW = 12
"""A column of at most so many different values, each met three times on average, holds a choice and no free value."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong value: which kind of mistake, in words, and what stands there then."""

    operator: str
    claim: str
    value: Any


class Column:
    """All values that stand in a column, before and after."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.distinct: list[Any] = []
        seen = set()
        for value in values:
            mark = (type(value).__name__, repr(value))
            if mark not in seen:
                seen.add(mark)
                self.distinct.append(value)
        full = [value for value in values if value not in (None, "")]
        self.choice = len(full) >= 3 and len(self.distinct) <= _FEW and len(values) >= 3 * len(self.distinct)
        self.flag = bool(full) and all(isinstance(value, int) and value in (0, 1) for value in full)

    def others(self, value: Any) -> list[Any]:
        """Values of the column that differ from this one; empty ones come last."""
        found = [item for item in self.distinct if item != value or type(item) is not type(value)]
        return sorted(found, key=lambda item: item in (None, ""))


def wrong_values(value: Any, column: Column, rng: random.Random) -> Iterator[Wrong]:
    """Values that are not this one, each by one kind of mistake. A choice is only mistaken for another choice of the same column."""
    others = column.others(value)
    full = [item for item in others if item not in (None, "")]
    for other in rng.sample(full, min(2, len(full))):
        yield Wrong("other-value", "another value of the same column", other)
    if value not in (None, "", 0, False, ()) and (not column.choice or _empty(value) in others):
        yield Wrong("emptied", "left empty", _empty(value))
    if isinstance(value, bool) or (column.flag and value in (0, 1)):
        yield Wrong("flipped", "the other way round", (not value) if isinstance(value, bool) else 1 - value)
    elif not column.choice:
        yield from _near(value, rng)


def _empty(value: Any) -> Any:
    if isinstance(value, bool):
        return False
    return () if isinstance(value, tuple) else "" if isinstance(value, str) else None


def _near(value: Any, rng: random.Random) -> Iterator[Wrong]:
    if isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, tuple):
        yield from _lists(value)
    elif isinstance(value, str) and value:
        if value[0] in "[{" and (found := _document(value)) is not None:
            yield from _inside(found, rng)
        elif _NUMBER.fullmatch(value):
            digits = len(value.partition(".")[2])
            for wrong in _numbers(float(value) if digits else int(value)):
                yield Wrong(wrong.operator, wrong.claim, f"{wrong.value:.{digits}f}")
        elif day := _DAY.fullmatch(value):
            yield from _days(day)
        else:
            yield from _texts(value, rng)


def _numbers(value: float) -> Iterator[Wrong]:
    if value:
        yield Wrong("sign", "the sign turned round", -value)
        yield Wrong("unit", "ten times as much", value * 10)
        yield Wrong("unit", "a thousand times as much", value * 1000)
        yield Wrong("unit", "a hundredth", value / 100 if value % 100 else value // 100)
    yield Wrong("off-by-one", "one too many", value + 1)
    yield Wrong("off-by-one", "one too few", value - 1)


def _days(found: re.Match[str]) -> Iterator[Wrong]:
    year, month, day, rest = int(found[1]), int(found[2]), int(found[3]), found[4]
    try:
        given = date(year, month, day)
    except ValueError:
        return
    for days, claim in ((1, "a day late"), (-1, "a day early"), (7, "a week late"), (365, "a year late")):
        yield Wrong("day", claim, f"{(given + timedelta(days)).isoformat()}{rest}")
    if day <= 12 and day != month:
        yield Wrong("day", "day and month exchanged", f"{date(year, day, month).isoformat()}{rest}")


def _texts(value: str, rng: random.Random) -> Iterator[Wrong]:
    if value.swapcase() != value:
        yield Wrong("case", "small letters for capitals and the other way round", value.swapcase())
    if " " in value.strip():
        yield Wrong("space", "the spaces left out", value.replace(" ", ""))
        yield Wrong("space", "spaces doubled", value.replace(" ", "  "))
        yield Wrong("truncated", "the last word left out", value.rstrip().rpartition(" ")[0])
        words = value.split()
        if words != words[::-1]:
            yield Wrong("word-order", "the words in reverse order", " ".join(words[::-1]))
    yield Wrong("typo", "a letter too many", f"{value}{rng.choice('aeiou')}")
    if len(value) > 1:
        at = rng.randrange(len(value))
        yield Wrong("typo", "a letter missing", value[:at] + value[at + 1 :])
        pairs = [index for index in range(len(value) - 1) if value[index] != value[index + 1]]
        if pairs:
            at = rng.choice(pairs)
            yield Wrong("typo", "two letters exchanged", value[:at] + value[at + 1] + value[at] + value[at + 2 :])
    if ", " in value:
        yield Wrong("item-missing", "one item of a list left out", value.partition(", ")[2])


def _lists(value: tuple[Any, ...]) -> Iterator[Wrong]:
    if value:
        yield Wrong("item-missing", "one item of a list left out", value[1:])
        yield Wrong("item-doubled", "one item of a list twice", (*value, value[0]))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _inside(found: Any, rng: random.Random) -> Iterator[Wrong]:
    """One value inside a JSON text is wrong."""
    names = sorted(found) if isinstance(found, dict) else list(range(len(found)))
    for name in names:
        if isinstance(found[name], str | int | float):
            for wrong in list(_near(found[name], rng))[:2]:
                changed = {**found, name: wrong.value} if isinstance(found, dict) else [*found[:name], wrong.value, *found[name + 1 :]]
                yield Wrong("inside", f"{name!r} inside it: {wrong.claim}", json.dumps(changed, sort_keys=True))


def kind_of(value: Any) -> str:
    """What a value looks like, so that only like goes in the place of like."""
    if isinstance(value, bool) or value is None:
        return "flag" if isinstance(value, bool) else "nothing"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "number text" if _NUMBER.fullmatch(value) else "day" if _DAY.fullmatch(value) else "text"
    return type(value).__name__
