"""The information pack: its sentences, which of them name a row, and numbers as one would type them."""

from __future__ import annotations

import re

from bakeoff.agents.apprentice.sheets.labels import mentions

_NUMBER = re.compile(
    r"(?P<opens>\()?(?P<minus>[-–−+])?\s?(?:[$€£¥]|[A-Z]{3}\s)?(?P<digits>\d{1,3}(?:[, ’']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"\s?(?P<measure>%|‰|bps?\b|basis points|per cent|percent|percentage points|thousand|million|billion|[kmbxKMBX]\b|(?:bn|mn|m)\b)?(?P<closes>\))?"
)
_SCALES = {"%": 0.01, "per cent": 0.01, "percent": 0.01, "‰": 0.001, "bp": 1e-4, "bps": 1e-4, "basis points": 1e-4}
_EXAMPLE = re.compile(r"(\d+(?:\.\d+)?)\s?% (?:is|=) (\d+(?:\.\d+)?)(?![\d%]|\s?%)")
_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z(\"'])|\n+")


class Papers:
    """All papers that were opened."""

    def __init__(self, papers: dict[str, str]) -> None:
        self.papers = papers
        self.lines = [line.strip() for _, text in sorted(papers.items()) for line in _SENTENCE.split(text) if line.strip()]

    def without(self, pattern: re.Pattern[str]) -> Papers:
        """The same papers without the lines that match."""
        fewer = Papers({})
        fewer.papers, fewer.lines = self.papers, [line for line in self.lines if not pattern.match(line)]
        return fewer

    def titled(self, goal: str) -> str:
        """The papers that an instruction names."""
        return "\n".join(text for title, text in sorted(self.papers.items()) if mentions(goal, title))

    def percent(self) -> float | None:
        """What a paper says one per cent is on the sheet, by an example such as `5 % is 500`: here 100. None where none says so."""
        found = {float(b) / float(a) for line in self.lines for a, b in _EXAMPLE.findall(line) if float(a)}
        return found.pop() if len(found) == 1 else None

    def beside(self, label: str) -> list[str]:
        """Sentences and lines that name a label."""
        return [line for line in self.lines if mentions(line, label)]


def _typed(match: re.Match[str]) -> str:
    digits = re.sub(r"[, ’']", "", match["digits"])
    unit = (match["measure"] or "").strip()
    negative = (bool(match["minus"]) and match["minus"] != "+") or bool(match["opens"] and match["closes"])
    minus = "-" if negative else ""
    if unit in ("%", "per cent", "percent"):
        return f"{minus}{digits}%"
    if unit in _SCALES:
        return f"{minus}{float(digits) * _SCALES[unit]:.10g}"
    return minus + digits


def split(text: str) -> tuple[str, str, str] | None:
    """What stands before the first number of a text, the number as one would type it, and what stands behind; None without one."""
    match = _NUMBER.search(text)
    return (text[: match.start()], _typed(match), text[match.end() :]) if match else None


def typed(text: str) -> str | None:
    """The first number of a text as one would type it; None without one."""
    match = _NUMBER.search(text)
    return _typed(match) if match else None
