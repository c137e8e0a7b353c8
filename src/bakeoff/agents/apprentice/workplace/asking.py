"""Questions: a job that wants an answer, the records it is about, and the answers they could give.

A tool that finishes with an `answer` and a job that uses this word belong together. What is asked is a joint hypothesis like any plan: a fact of
the record, a fact of a record that it names, or two of its numbers reckoned together, or the sum, the most, the least or the number over several
records, all of them or those with one value in common. Baked in: what kinds of values and these reckonings are called in English. Which of a product's labels is meant is learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from bakeoff.agents.apprentice.reading import stem
from bakeoff.agents.apprentice.workplace.acts import Features, add, tie
from bakeoff.agents.apprentice.workplace.job import DATE_FORMS, Job, content, date_form, day, shape
from bakeoff.agents.apprentice.workplace.page import blank

RECKONINGS: dict[str, frozenset[str]] = {
    name: frozenset(stem(word) for word in words.split())
    for name, words in {
        "sum": "sum total together add",
        "most": "latest last highest largest most",
        "least": "first earliest lowest smallest least",
        "number": "count many",
        "list": "separated commas list",
        "product": "times multiplied",
        "difference": "difference minus",
    }.items()
}
KINDS: dict[str, frozenset[str]] = {
    name: frozenset(stem(word) for word in words.split())
    for name, words in {"name": "name", "date": "date day", "amount": "sum amount number", "email": "email", "code": "code number"}.items()
}
OVER_SEVERAL = ("sum", "most", "least", "number", "list")
HUNDREDTHS = frozenset({stem("cents"), stem("pence")})
UNITS = frozenset(stem(word) for word in "euro euros eur dollar dollars usd pound pounds gbp".split()) | HUNDREDTHS
EXCEPT = re.compile(r"\b(left out|except|excluding|but not|apart from)\b")
BUT = "not "
LONGEST = 40  # letters of a value that may be an answer
MOST_VALUES = 6  # different values of a label by which records are told apart
Facts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that may be asked and what it comes to. `way`: `fact` or the name of a reckoning; `link`: the label that led to another
    record; `only`: label and value that the records counted have in common."""

    way: str
    label: str
    text: str
    link: str = ""
    only: tuple[str, str] = ("", "")
    spread: int = 2  # how many records are counted

    @property
    def kind(self) -> str:
        return shape(self.text)


@dataclass
class Sources:
    """What was read for a question: the record that the job names, those that it names in turn, by label, and the records that are counted."""

    record: Facts | None = None
    linked: dict[str, Facts] = field(default_factory=dict)
    records: list[Facts] = field(default_factory=list)


def wanted(job: Job) -> bool:
    """Whether the job asks for an answer."""
    return "answer" in job.every_stem


def answers(sources: Sources, job: Job) -> list[Answer]:
    """Everything that these records could give as an answer to this job."""
    sources = Sources(
        _in_units(sources.record, job) if sources.record else None,
        {link: _in_units(facts, job) for link, facts in sources.linked.items()},
        [_in_units(facts, job) for facts in sources.records],
    )
    found: list[Answer] = []
    for link, facts in (("", sources.record or {}), *sources.linked.items()):
        found += [Answer("fact", label, text, link) for label, text in facts.items() if not blank(text) and len(text) <= LONGEST]
    found += _of_two(sources.record or {})
    if not sources.records:
        return found
    labels = list(dict.fromkeys(label for facts in sources.records for label in facts))
    values = {label: [facts[label] for facts in sources.records if not blank(facts.get(label, ""))] for label in labels}
    groups: list[tuple[tuple[str, str], list[Facts]]] = [(("", ""), sources.records)]
    for label in labels:
        different = dict.fromkeys(values[label])
        if 1 < len(different) <= MOST_VALUES and len(different) < len(sources.records) + 1 and not any(as_number(v) for v in different):
            groups += [((label, value), [facts for facts in sources.records if facts.get(label) == value]) for value in different]
    if EXCEPT.search(job.goal.lower()):
        groups += [
            ((label, f"{BUT}{value}"), [facts for facts in sources.records if facts.get(label) != value])
            for (label, value), records in groups[1:]
            if len(records) < len(sources.records)
        ]
    for only, records in groups:
        found.append(Answer("number", "", str(len(records)), "", only, len(records)))
        for label in labels:
            given = [facts[label] for facts in records if not blank(facts.get(label, ""))]
            if given and label != only[0]:
                found += _reckoned(label, given, only)
    return found


def _in_units(facts: Facts, job: Job) -> Facts:
    """Amounts in hundredths as the whole units that the job asks for."""
    if not UNITS & job.every_stem - HUNDREDTHS:
        return facts
    return {
        label: _written(number / 100) if HUNDREDTHS & set(content(label)) and (number := as_number(text)) is not None else text
        for label, text in facts.items()
    }


def _of_two(facts: Facts) -> list[Answer]:
    """Two numbers of one record multiplied, or one less the other."""
    numbers = {label: number for label, text in facts.items() if (number := as_number(text)) is not None}
    found = []
    for one, other in combinations(numbers, 2):
        product, rest = numbers[one] * numbers[other], abs(numbers[one] - numbers[other])
        found.append(Answer("product", f"{one} and {other}", _written(product)))
        found.append(Answer("difference", f"{one} and {other}", _written(rest)))
    return found


def _written(number: Fraction) -> str:
    return f"{float(number):.2f}".removesuffix(".00")


def _reckoned(label: str, given: Sequence[str], only: tuple[str, str]) -> list[Answer]:
    found = [Answer("list", label, ", ".join(given), "", only, len(given))]
    numbers = [number for text in given if (number := as_number(text)) is not None]
    days = [when for text in given if (when := as_day(text)) is not None]
    if len(numbers) == len(given):
        total = sum(numbers, Fraction())
        found.append(Answer("sum", label, _written(total), "", only, len(given)))
        found.append(Answer("most", label, given[numbers.index(max(numbers))], "", only, len(given)))
        found.append(Answer("least", label, given[numbers.index(min(numbers))], "", only, len(given)))
    elif len(days) == len(given):
        found.append(Answer("most", label, given[days.index(max(days))], "", only, len(given)))
        found.append(Answer("least", label, given[days.index(min(days))], "", only, len(given)))
    return found


def as_number(text: str) -> Fraction | None:
    """A number as it is shown, with signs of currency and separators left out; None for other texts."""
    plain = text.strip().strip("$€£ ").replace(",", "")
    return Fraction(plain) if plain.replace(".", "", 1).isdigit() else None


def as_day(text: str) -> tuple[int, int, int] | None:
    """Year, month, day of a date as it is shown; None for other texts."""
    when = day(text)
    if when is not None:
        return when
    form = date_form(text)
    if form not in (1, 2, 3, 4) or shape(text) != "date":
        return None
    first, second, year = (int(part) for part in text.replace("/", ".").replace("-", ".").split("."))
    return (year, first, second) if DATE_FORMS[form][1].startswith("{m") else (year, second, first)


def describe(answer: Answer, job: Job, evidence: Callable[[str, str], Features]) -> Features:
    """What speaks for an answer. `evidence`: what the words of the job say of a value under a label."""
    features: Features = {"asked": 1.0}
    said = set(job.every_stem)
    words = tuple(word for word in job.words if word != "answer")
    if answer.way != "fact":
        add(features, "reckoning said", float(bool(RECKONINGS[answer.way] & said)))
        add(features, "reckoning not said", float(any(RECKONINGS[other] & said for other in RECKONINGS if other != answer.way)))
        add(features, "one record reckoned", float(answer.spread == 1))
    kind = answer.kind if answer.way != "list" else shape(answer.text.split(", ")[0])
    called = {kind for kind, names in KINDS.items() if names & said}
    add(features, "kind said", float(kind in called))
    add(features, "other kind said", float(bool(called) and kind not in called))
    for word in words:
        add(features, f"{word}^gives {kind}", 0.5 / len(words) ** 0.5)
        add(features, f"{word}^{answer.way}", 1.0 / len(words) ** 0.5)
    marks = content(answer.label) if answer.label else ()
    add(features, "unit said", float(bool(UNITS & said) and bool(UNITS & set(marks))))
    add(features, "label said", sum(mark in said for mark in marks) / len(marks) if marks else 0.0)
    tie(features, words, marks)
    for word in words:
        add(features, f"own:{word}>asked {answer.label}", 1.0 / len(words) ** 0.5)
    add(features, "followed", float(bool(answer.link)))
    if answer.link:
        through = content(answer.link)
        add(features, "label said", sum(mark in said for mark in through) / len(through) if through else 0.0)
        tie(features, words, through)
    if answer.only[0]:
        but = answer.only[1].startswith(BUT)
        for name, value in evidence(answer.only[0], answer.only[1].removeprefix(BUT)).items():
            add(features, name, value)
        add(features, "left out", float(but))
    return features
