"""The information pack: which sentences name a row, and which numbers they give for it."""

from __future__ import annotations

import re

from bakeoff.agents.apprentice.sheets.labels import alike, mentions, plain, words

_NUMBER = re.compile(
    r"(?P<opens>\()?(?P<mark>[-–−+])?\s?(?:[$€£¥]|[A-Z]{3}\s)?(?P<digits>\d{1,3}(?:[, ’']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"\s?(?P<measure>%|‰|bps?\b|basis points|per cent|percent|percentage points|thousand|million|billion|[kmbxKMBX]\b|(?:bn|mn|m)\b)?(?P<closes>\))?"
)
_SCALES = {"%": 0.01, "per cent": 0.01, "percent": 0.01, "‰": 0.001, "bp": 1e-4, "bps": 1e-4, "basis points": 1e-4}
_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z(\"'])|\n+")
_YEAR = re.compile(r"(?:19|20)\d\d")
Numbers = list[tuple[tuple[str, ...], dict[str, float]]]


class Papers:
    """All papers that were opened."""

    def __init__(self, papers: dict[str, str]) -> None:
        self.papers = papers
        self.lines = [line.strip() for _, text in sorted(papers.items()) for line in _SENTENCE.split(text) if line.strip()]

    def beside(self, label: str) -> list[str]:
        """Sentences and lines that name a label."""
        return [line for line in self.lines if mentions(line, label)]

    def numbers_for(self, label: str, titles: tuple[str, ...]) -> Numbers:
        """What might be entered under `titles` (one a gap), with features: numbers of lines that speak of the row."""
        found: Numbers = []
        for at, line in enumerate(self.lines):
            if "|" in line or "\t" in line:
                continue
            exact = mentions(line, label)
            part = _share(label, line)
            if not exact and part < 0.6:
                continue
            for texts, features in _spread(_numbers(line, label), titles):
                found.append((texts, {"from paper": 1.0, "paper names row": 1.0 if exact else part * 0.6, **features}))
            del at
        for text in self.papers.values():
            found += _tabled(text, label, titles)
        return found


def _share(label: str, line: str) -> float:
    here = set(words(label))
    return len(here & set(plain(line).split())) / len(here) if here else 0.0


def _numbers(line: str, label: str) -> list[tuple[str, str]]:
    """Numbers of a line as one would type them, each with the year that it goes with, if any."""
    found: list[tuple[str, str]] = []
    text = re.sub(re.escape(label), " ", line, flags=re.IGNORECASE)
    years = [match[0] for match in _YEAR.finditer(text)]
    for match in _NUMBER.finditer(text):
        if _YEAR.fullmatch(match["digits"]) and not match["measure"]:
            continue
        near = _YEAR.search(text[match.end() : match.end() + 14]) or next(
            iter(reversed(list(_YEAR.finditer(text[max(0, match.start() - 14) : match.start()])))), None
        )
        found.append((_typed(match), near[0] if near and years else ""))
    return found


def _typed(match: re.Match[str]) -> str:
    digits = re.sub(r"[, ’']", "", match["digits"])
    unit = (match["measure"] or "").strip()
    negative = (bool(match["mark"]) and match["mark"] != "+") or bool(match["opens"] and match["closes"])
    sign = "-" if negative else ""
    if unit in ("%", "per cent", "percent"):
        return f"{sign}{digits}%"
    if unit in _SCALES:
        return f"{sign}{float(digits) * _SCALES[unit]:.10g}"
    return sign + digits


def typed(text: str) -> str | None:
    """The first number of a text as one would type it; None without one."""
    match = _NUMBER.search(text)
    return _typed(match) if match else None


def _spread(numbers: list[tuple[str, str]], titles: tuple[str, ...]) -> Numbers:
    """Numbers laid over the gaps: by year, in order, or one for all."""
    values = [number for number, _ in numbers]
    if not values:
        return []
    dated = {year: number for number, year in numbers if year}
    by_year = [next((number for year, number in dated.items() if year in title), "") for title in titles]
    if all(by_year):
        return [(tuple(by_year), {"paper: one a period": 1.0})]
    if len(values) == len(titles):
        return [(tuple(values), {"paper: one a period": 1.0})]
    if len(values) == 1:
        return [(tuple(values * len(titles)), {"paper: one for all": 1.0})]
    return [((value,) * len(titles), {"paper: one of several": 1.0, "paper: place": float(at)}) for at, value in enumerate(values[:4])]


def _tabled(text: str, label: str, titles: tuple[str, ...]) -> Numbers:
    """A table's line with this label: the columns under the same titles."""
    found: Numbers = []
    heads: list[str] = []
    for line in text.splitlines():
        if "|" not in line and "\t" not in line and not re.search(r"\S {3,}\S", line):
            heads = []
            continue
        pieces = [piece.strip() for piece in re.split(r"\||\t| {3,}", line.strip().strip("|"))]
        if not any(piece.strip("-: ") for piece in pieces):
            continue
        values = [_NUMBER.fullmatch(piece) for piece in pieces[1:]]
        if not heads or not any(values):
            heads = pieces if not any(values) or all(_YEAR.search(piece) for piece in pieces[1:] if piece) else heads
            if heads is pieces:
                continue
        score = alike(pieces[0], label)
        if score < 0.6:
            continue
        typed = {head: _typed(value) for head, value in zip(heads[1:], values, strict=False) if value}
        years = {match[0]: number for head, number in typed.items() if (match := _YEAR.search(head))}
        chosen = [years.get(match[0], "") if (match := _YEAR.search(title)) else typed.get(title, "") for title in titles]
        if chosen and all(chosen):
            found.append((tuple(chosen), {"from paper": 1.0, "paper names row": score, "paper: one a period": 1.0}))
        elif len(typed) == 1:
            found.append((tuple(typed.values()) * len(titles), {"from paper": 1.0, "paper names row": score, "paper: one for all": 1.0}))
    return found
