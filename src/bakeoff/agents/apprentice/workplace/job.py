"""A job as it is read: literal values with what is said around them, and the content words that say what to do.

Knows how names, quotations, dates, amounts, telephone numbers and email addresses are written; no word of any trade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bakeoff.agents.apprentice.reading import FUNCTION_WORDS, MONTHS, stem

_MONTH = "|".join((*(name.capitalize() for name in MONTHS), *(name.capitalize()[:3] for name in MONTHS)))
_LITERALS: tuple[tuple[str, str], ...] = (
    ("quoted", r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)|‘([^’]+)’"),
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("date", rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}} (?:{_MONTH}) \d{{4}}|(?:{_MONTH}) \d{{1,2}}, \d{{4}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}"),
    ("phone", r"\+\d[\d ()/-]{5,}\d"),
    ("code", r"\b[A-Z]{1,4}-\d{2,}\b|\b[A-Z]{1,4}\d*(?: \d{2,4})+\b(?![.,]\d)"),
    ("address", r"[A-ZÀ-Ý][\w'’-]+(?: [A-ZÀ-Ý][\w'’-]+)+ \d{1,4}\b(?![.,]\d)"),
    ("amount", r"[$€£]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[$€£]?\d+(?:\.\d+)?"),
)  # fmt: skip
_NAME = re.compile(r"[A-ZÀ-Ý][\w'’-]*(?:(?: & | )?(?:(?<= )|(?<=& ))[A-ZÀ-Ý][\w'’-]*)*")
_SAID = re.compile(
    r": ([A-ZÀ-Ý][^\W\d]* [^\W\dA-ZÀ-Ý][^“”\"‘:]*[\w)][.!?])$"
)  # what is to be written, word for word, at the end: `Add this remark: The part has come.`
_TURNED = re.compile(r"[A-ZÀ-Ý][\w'’-]+, [A-ZÀ-Ý][\w'’-]+")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Slot:
    """A literal value: its text, kind (`quoted email date phone code address amount name`, or `word` for a choice), place, and the stems said just before and after it."""

    text: str
    kind: str
    start: int
    end: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Job:
    """One instruction, read once. `labels`: what fields are called here, in small letters: names in the instruction that are none."""

    def __init__(self, goal: str, labels: frozenset[str] = frozenset()) -> None:
        self.goal = goal
        self.slots = tuple(slot for slot in self._slots(goal) if slot.kind != "name" or slot.text.lower() not in labels)
        free = goal
        for slot in self.slots:
            free = free[: slot.start] + " " * (slot.end - slot.start) + free[slot.end :]
        found = [(m.start(), _HYPHEN.sub("", m.group().lower())) for m in _WORD.finditer(free)]
        self.words = tuple(dict.fromkeys(stem(word) for _, word in found if word not in FUNCTION_WORDS and len(word) > 1))
        self._found = found
        self.every_stem = frozenset(stem(word) for _, word in found)
        self.slots = _shared(tuple(self._around(slot, found) for slot in self.slots))

    def _sequence(self) -> list[tuple[str, int, int]]:
        """Content words as stems, kinds of values and full stops, in order, each with its place in the text."""
        parts = [(f"<{slot.kind}>", slot.start, slot.end) for slot in self.slots if slot.kind != "word"]
        parts += [(stem(w), at, at + len(w)) for at, w in self._found if w not in FUNCTION_WORDS and len(w) > 1]
        parts += [(".", m.start(), m.end()) for m in re.finditer(r"[.!?;:](?= |$)", self.goal)]
        return sorted(parts, key=lambda part: part[1])

    @property
    def tokens(self) -> tuple[str, ...]:
        """The instruction as `Phrasing` compares it."""
        return tuple(token for token, _, _ in self._sequence())

    def mark_choices(self, spans: list[tuple[int, int]]) -> None:
        """Takes these spans of `tokens` as values of kind `word`: choices that the software may call something else."""
        parts = self._sequence()
        fresh, taken = [], set[str]()
        for a, b in spans:
            words = tuple(token for token, _, _ in parts[a:b])
            fresh.append(Slot(" ".join(words), "word", parts[a][1], parts[b - 1][2]))
            taken.update(words)
        if fresh:
            self.slots = tuple(sorted((*self.slots, *fresh), key=lambda slot: slot.start))
            found = [(at, word) for at, word in self._found if not any(s.start <= at < s.end for s in fresh)]
            self.slots = _shared(tuple(self._around(slot, found) for slot in self.slots))
            self.words = tuple(word for word in self.words if word not in taken) or self.words

    def without(self, words: frozenset[str]) -> None:
        """Leaves out words that say nothing."""
        self.words = tuple(word for word in self.words if word not in words) or self.words
        self.slots = tuple(
            Slot(
                slot.text, slot.kind, slot.start, slot.end,
                tuple(word for word in slot.before if word not in words), tuple(word for word in slot.after if word not in words),
            )
            for slot in self.slots
        )  # fmt: skip

    def _slots(self, goal: str) -> tuple[Slot, ...]:
        taken: list[Slot] = []

        def free(start: int, end: int) -> bool:
            return all(end <= slot.start or start >= slot.end for slot in taken)

        said = _SAID.search(goal)
        if said is not None:
            taken.append(Slot(said[1], "quoted", *said.span(1)))
        for kind, pattern in _LITERALS:
            for match in re.finditer(pattern, goal):
                start, end = match.span()
                if free(start, end):
                    text = next((part for part in match.groups() if part), match.group())
                    taken.append(Slot(text, kind, start, end))
        for match in _NAME.finditer(goal):
            start, end = match.span()
            text = match.group()
            if goal[:start].rstrip()[-1:] in ("", ".", "!", "?", ":"):  # a sentence begins: is the first word part of the name?
                parts = text.split(" ")
                if len(parts) == 1:
                    continue
                if (len(parts) > 2 and parts[1] != "&") or parts[0].lower() in FUNCTION_WORDS:
                    start += len(parts[0]) + 1
                    text = goal[start:end]
            if free(start, end) and text:
                taken.append(Slot(text, "name", start, end))
        return tuple(sorted(taken, key=lambda slot: slot.start))

    def _around(self, slot: Slot, found: list[tuple[int, str]]) -> Slot:
        """What is said about a value: content words between it and the values on either side, at most four before and two after."""
        marks = [match.end() for match in re.finditer(r"[.!?;:](?= |$)", self.goal)]
        floor = max((*(other.end for other in self.slots if other.end <= slot.start), 0))
        roof = min((*(other.start for other in self.slots if other.start >= slot.end), *(m for m in marks if m > slot.end), len(self.goal)))
        before = [stem(word) for at, word in found if floor <= at < slot.start and word not in FUNCTION_WORDS]
        after = [stem(word) for at, word in found if slot.end <= at < roof and word not in FUNCTION_WORDS]
        return Slot(slot.text, slot.kind, slot.start, slot.end, tuple(before[-4:]), tuple(after[:2]))

    def distinct(self, indices: frozenset[int]) -> frozenset[int]:
        """Of these values, each text once."""
        first: dict[str, int] = {}
        for index in sorted(indices):
            first.setdefault(self.slots[index].text, index)
        return frozenset(first.values())

    def nouns(self, indices: frozenset[int]) -> frozenset[str]:
        """What sort of thing the values at these places are said to be: `the invoice INV-59293`, `the trip to Oslo`."""
        found = (
            re.search(r"\b[Tt]he(?:se)? (\w+)(?: (?:of|to|from|for))? [\"'“‘]?$", self.goal[: self.slots[index].start]) for index in indices
        )
        return frozenset(stem(match[1].lower()) for match in found if match)

    @property
    def signature(self) -> str:
        """What kind of job this is: its content words and the kinds of its values, without the values themselves."""
        return " ".join((*self.words, *(f"<{slot.kind}>" for slot in self.slots)))


def _shared(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """A value that is named twice has what is said around it in both places."""
    before: dict[str, tuple[str, ...]] = {}
    after: dict[str, tuple[str, ...]] = {}
    for slot in slots:
        before[slot.text] = before.get(slot.text, ()) + slot.before
        after[slot.text] = after.get(slot.text, ()) + slot.after
    return tuple(Slot(slot.text, slot.kind, slot.start, slot.end, before[slot.text], after[slot.text]) for slot in slots)


@lru_cache(maxsize=4_000)
def content(text: str) -> tuple[str, ...]:
    """Stems of the content words of a label or option, in order; codes such as `P1` count as words."""
    words = [_HYPHEN.sub("", word.lower()) for word in _WORD.findall(text)]
    return tuple(dict.fromkeys(stem(word) for word in words if word not in FUNCTION_WORDS)) or tuple(words)


@lru_cache(maxsize=4_000)
def shape(text: str) -> str:
    """What kind of value a text looks like: `email date phone code address amount name long word` or empty."""
    text = text.strip()
    if not text:
        return ""
    for kind, pattern in _LITERALS[1:]:
        if re.fullmatch(pattern, text) or (kind == "amount" and re.fullmatch(r"[$€£]?[\d.,]+( ?[$€£])?", text)):
            return kind
    if (_NAME.fullmatch(text) and " " in text) or _TURNED.fullmatch(text):
        return "name"
    return "long" if text.count(" ") >= 3 else "word"


def series(text: str) -> str:
    """The letters that codes of one kind begin with: `PO` of `PO-8118`; empty for what is no code of that form."""
    found = re.fullmatch(r"([A-Z]{1,4})-\d{2,}", text.strip())
    return found[1] if found else ""


def turned(text: str) -> str:
    """A name with the last word first: `Ada Byron` → `Byron, Ada`; other texts as they are."""
    first, _, last = text.strip().rpartition(" ")
    return f"{last}, {first}" if first and "," not in text else text


def same(one: str, other: str) -> bool:
    """Whether two texts are the same but for letter case and the order of a name's parts."""
    a, b = one.strip().lower(), other.strip().lower()
    return a == b or turned(a) == b or a == turned(b)


def similar(first: tuple[str, ...], second: tuple[str, ...], heard: dict[str, int]) -> float:
    """Overlap of two sets of words, 0 to 1 (Jaccard); words heard in several jobs count more: they say what to do, not with what."""
    one, two = set(first), set(second)
    if not one and not two:
        return 1.0
    weights = {word: min(heard.get(word, 1), 4) - 0.5 for word in one | two}
    return sum(weights[word] for word in one & two) / sum(weights.values())


@lru_cache(maxsize=4_000)
def day(text: str) -> tuple[int, int, int] | None:
    """Year, month, day of a date as it is written in a job; None for what is no date or may be read two ways."""
    text = text.strip()
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if match:
        return int(match[1]), int(match[2]), int(match[3])
    match = re.fullmatch(rf"(\d{{1,2}}) ({_MONTH}) (\d{{4}})", text)
    if match:
        return int(match[3]), _month(match[2]), int(match[1])
    match = re.fullmatch(rf"({_MONTH}) (\d{{1,2}}), (\d{{4}})", text)
    if match:
        return int(match[3]), _month(match[1]), int(match[2])
    return None


def _month(name: str) -> int:
    return next(index + 1 for index, month in enumerate(MONTHS) if month.startswith(name.lower()[:3]))


DATE_FORMS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d{2}-\d{2}", "{y:04d}-{m:02d}-{d:02d}"),
    (r"\d{2}\.\d{2}\.\d{4}", "{d:02d}.{m:02d}.{y:04d}"),
    (r"\d{2}/\d{2}/\d{4}", "{d:02d}/{m:02d}/{y:04d}"),
    (r"\d{2}/\d{2}/\d{4}", "{m:02d}/{d:02d}/{y:04d}"),
    (r"\d{2}-\d{2}-\d{4}", "{d:02d}-{m:02d}-{y:04d}"),
    (r"\d{1,2} \w{3,} \d{4}", "{d} {name} {y:04d}"),
)


def date_form(example: str) -> int:
    """Which of `DATE_FORMS` an example or a pattern such as `DD.MM.YYYY` is written in; -1 for none."""
    text = example.strip()
    pattern = re.search(r"\b([DMY]{1,4})([./-])([DMY]{1,4})\2([DMY]{1,4})\b", text.upper())
    if pattern:
        order = pattern[1][0] + pattern[3][0] + pattern[4][0]
        wanted = {"YMD": 0, "DMY": {".": 1, "/": 2, "-": 4}.get(pattern[2], 1), "MDY": 3}
        return int(wanted.get(order, 0))
    for index, (shape_, _) in enumerate(DATE_FORMS):
        match = re.search(rf"(?<!\d){shape_}(?!\d)", text)
        if match:
            if index == 2 and int(match.group()[3:5]) > 12:
                return 3
            return index
    return -1


def write_date(when: tuple[int, int, int], form: int) -> str:
    """A date in one of `DATE_FORMS`."""
    year, month, date = when
    return DATE_FORMS[form][1].format(y=year, m=month, d=date, name=MONTHS[month - 1].capitalize())
