"""Reading: English into tokens, literals and matches. Knows spelling, numbers and dates, and some 70 function words; no jargon of any product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+"  # an email address
    r"|\d{1,4}(?:[/:-]\d{1,4}){1,2}"  # dates and times
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"  # numbers
    r"|[@#]\w+|\w+(?:[-_]\w+)+|[^\W\d_]+|\w+|[^\w\s]"
)
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)|‘([^’]+)’|«([^»]+)»")

FUNCTION_WORDS = frozenset(
    "a an the of to in into on onto at by for from with as is are be it its this that these those and or then so if not no "
    "your you i my me we our his her their there here please will would shall should can could must do does has have was were "
    "who which what when where how all any every each than up out off about".split()
)
ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6,
    "seventh": 7, "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10, "10th": 10, "last": -1, "final": -1,
}  # fmt: skip
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark: as written, folded for comparison, and where it stands in the text."""

    text: str
    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of the instruction that may be a value: its text, what kind, and which tokens it covers (`first` up to, not with, `last`)."""

    text: str
    kind: str
    first: int
    last: int
    context: tuple[str, ...] = ()

    @property
    def strong(self) -> bool:
        """Whether it is surely a value: quoted, or a number, date, time or address."""
        return self.kind not in ("name", "phrase", "word")


def stem(word: str) -> str:
    """A crude stem, the same for `Assign`, `assigned` and `assigning`."""
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
    elif len(word) > 4 and word.endswith("ied"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith("ed"):
        word = word[:-2]
    elif len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word


@lru_cache(maxsize=20_000)
def tokens(text: str) -> tuple[Token, ...]:
    """Splits text into words, numbers and marks. A possessive `'s` is left out."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        before = text[match.start() - 1] if match.start() else ""
        if (
            before in "'’"
            and word.lower() in ("s", "t", "re", "m", "ll", "ve", "d")
            and match.start() > 1
            and text[match.start() - 2].isalnum()
        ):
            continue
        found.append(Token(word, word.lower().replace(",", "") if word[0].isdigit() else word.lower(), match.start(), match.end()))
    return tuple(found)


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The folded tokens that carry letters or digits; all marks when there is nothing else."""
    every = tuple(token.folded for token in tokens(text))
    return tuple(word for word in every if any(mark.isalnum() for mark in word)) or every


@lru_cache(maxsize=20_000)
def stems(text: str) -> frozenset[str]:
    """Stems of the content words of a text."""
    return frozenset(stem(word) for word in words(text) if word not in FUNCTION_WORDS)


@lru_cache(maxsize=20_000)
def number(text: str) -> float | None:
    """The number a text stands for, with currency signs and separators left out, or None."""
    cleaned = text.strip().lstrip("$€£#").replace(",", "").rstrip("%")
    try:
        value = float(cleaned)
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


@lru_cache(maxsize=2_000)
def date(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a text such as 12/05/2016 (month first), 2016-12-05, 5 December 2016 or December 5, 2016; else None."""
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip())
    if match:
        return _valid(int(match[3]), int(match[1]), int(match[2]))
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text.strip())
    if match:
        return _valid(int(match[1]), int(match[2]), int(match[3]))
    parts = words(text)
    month = next((index + 1 for index, name in enumerate(MONTHS) for part in parts if len(part) > 2 and name.startswith(part)), 0)
    numbers = [int(part) for part in parts if part.isdigit()]
    if month and 2 <= len(numbers) <= 2 and len(parts) == 3:
        year, day = max(numbers), min(numbers)
        return _valid(year, month, day)
    return None


@lru_cache(maxsize=20_000)
def akin(first: str, second: str) -> bool:
    """Whether two stems are the same word or share most of their beginning, as `direct` and `director`."""
    if first == second:
        return True
    shared = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        shared += 1
    return shared >= 4 and shared >= 0.7 * max(len(first), len(second))


def kin(one: frozenset[str], others: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
    """The stems of `one` that are akin to one of the others."""
    return frozenset(word for word in one if any(akin(word, other) for other in others))


def _valid(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 and year > 31 else None


@lru_cache(maxsize=4_000)
def month_of(text: str) -> tuple[int, int] | None:
    """Year and month of a heading such as `March 2016`, else None."""
    parts = words(text)
    if not 2 <= len(parts) <= 3:
        return None
    month = next((index + 1 for index, name in enumerate(MONTHS) for part in parts if len(part) > 2 and name.startswith(part)), 0)
    year = next((int(part) for part in parts if part.isdigit() and len(part) == 4), 0)
    return (year, month) if month and year else None


def renderings(slot: Slot) -> tuple[str, ...]:
    """The ways a value may have to be written: as it stands first, then other formats of the same date or time."""
    ways = [slot.text]
    when = date(slot.text)
    if when:
        year, month, day = when
        ways += [f"{year:04d}-{month:02d}-{day:02d}", f"{month:02d}/{day:02d}/{year:04d}", f"{day:02d}/{month:02d}/{year:04d}"]
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})\s*([ap])\.?m\.?", slot.text.strip().lower())
    if clock:
        hour = int(clock[1]) % 12 + (12 if clock[3] == "p" else 0)
        ways += [f"{hour:02d}:{clock[2]}"]
    if slot.kind == "number" and ("," in slot.text or slot.text[:1] in "$€£"):
        ways += [slot.text.replace(",", "").lstrip("$€£")]
    return tuple(dict.fromkeys(ways))


@dataclass(frozen=True, slots=True)
class Match:
    """How a text on the screen is found in the instruction.

    `kind`: `literal` (it is a whole quoted value), `full` (all its words stand together there), `inside` (part of a quoted value),
    `stem` (its content words stand there in some form), `partial` (some do), `holds` (it contains a whole quoted value or name), `none`.
    `spans`: token ranges of the instruction; `share`: of the text's content words found, 0 to 1.
    """

    kind: str
    spans: tuple[tuple[int, int], ...] = ()
    share: float = 0.0


NO_MATCH = Match("none")


class Reading:
    """An instruction as the apprentice reads it: tokens, slots, skeleton. Made once for each goal."""

    def __init__(self, goal: str) -> None:
        self.goal = goal
        self.tokens = tokens(goal)
        self.folded = tuple(token.folded for token in self.tokens)
        self.stems = tuple(stem(word) for word in self.folded)
        self.word_set = frozenset(self.folded)
        self.stem_set = frozenset(self.stems)
        self.slots = self._slots()
        self.quoted = tuple(self._trimmed(slot) for slot in self.slots if slot.kind == "quoted")
        covered = {index for slot in self.slots if slot.kind not in ("phrase", "word") for index in range(slot.first, slot.last)}
        self.skeleton = tuple(
            "_" if index in covered else word
            for index, word in enumerate(self.folded)
            if any(mark.isalnum() for mark in word) and (index not in covered or index - 1 not in covered)
        )
        self.skeleton_words = tuple(dict.fromkeys(stem(word) for word in self.skeleton if word not in FUNCTION_WORDS and word != "_"))
        self.ordinals = tuple((index, ORDINALS[word]) for index, word in enumerate(self.folded) if word in ORDINALS)
        self._cache: dict[str, Match] = {}

    # --- values ----------------------------------------------------------------------------------------------------------------

    def _slots(self) -> tuple[Slot, ...]:
        goal, every = self.goal, self.tokens
        found: list[Slot] = []
        taken: set[int] = set()

        def add(text: str, kind: str, first: int, last: int) -> None:
            if first < last and text.strip():
                found.append(Slot(text.strip(), kind, first, last, self._context(first, last)))
                if kind not in ("phrase", "word"):
                    taken.update(range(first, last))

        for match in _QUOTED.finditer(goal):
            inner = next(index for index in range(1, 6) if match.group(index) is not None)
            start, end = match.span(inner)
            covered = [index for index, token in enumerate(every) if start <= token.start and token.end <= end]
            if covered:
                add(match.group(inner), "quoted", covered[0], covered[-1] + 1)
        index = 0
        while index < len(every):
            if index in taken:
                index += 1
                continue
            word = every[index]
            following = every[index + 1] if index + 1 < len(every) else None
            if re.fullmatch(r"\d{1,2}:\d{2}", word.text) and following and following.folded in ("am", "pm"):
                add(goal[word.start : following.end], "time", index, index + 2)
            elif "@" in word.text and len(word.text) > 1:
                add(word.text, "address" if "." in word.text else "handle", index, index + 1)
            elif word.text[0].isdigit() and word.folded not in ORDINALS:
                kind = "date" if date(word.text) else "time" if re.fullmatch(r"\d{1,2}:\d{2}", word.text) else "number"
                before = every[index - 1].text if index else ""
                sign = before if before in "$€£#" else ""
                add(sign + word.text, kind, index, index + 1)
            elif word.text[0] == "#" and len(word.text) > 1:
                add(word.text, "handle", index, index + 1)
            elif self._named(index):
                last = index + 1
                while last < len(every) and last not in taken and (self._named(last) or self._joins(last, taken)):
                    last += 1
                add(goal[word.start : every[last - 1].end], "name", index, last)
                index = last - 1
            index += 1
        index = 0
        while index < len(every):  # phrases: what stands between function words and marks
            if index in taken or not self._content(index):
                index += 1
                continue
            last = index
            while last < len(every) and last not in taken and self._content(last):
                last += 1
            add(goal[every[index].start : every[last - 1].end], "phrase" if last - index > 1 else "word", index, last)
            if last - index > 1:
                for single in range(index, last):
                    add(every[single].text, "word", single, single + 1)
            index = last
        return tuple(sorted(found, key=lambda slot: (slot.first, slot.last)))

    def _trimmed(self, slot: Slot) -> tuple[int, int]:
        """The tokens of a value without marks at its ends, so that `"sed."` is found as `sed`."""
        first, last = slot.first, slot.last
        inner = [index for index in range(first, last) if self.folded[index][0].isalnum()]
        return (inner[0], inner[-1] + 1) if inner else (first, last)

    def _named(self, index: int) -> bool:
        """A capitalised word that does not merely begin a sentence."""
        word = self.tokens[index]
        if not word.text[0].isupper() or word.text == "I":
            return False
        return index > 0 and self.tokens[index - 1].text not in ".!?:"

    def _joins(self, index: int, taken: set[int]) -> bool:
        """A mark or small word inside a longer name, as in `Lee & Sons`, `Bank of Ireland` or `Austin, TX`."""
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) and index + 1 not in taken else None
        if following is None or not following.text[0].isupper():
            return False
        if self.tokens[index].text == ",":
            return len(following.text) == 2 and following.text.isupper()
        return self.tokens[index].text in ("&", "-", "/", "of")

    def _content(self, index: int) -> bool:
        return self.folded[index] not in FUNCTION_WORDS and any(mark.isalnum() for mark in self.folded[index])

    def _context(self, first: int, last: int) -> tuple[str, ...]:
        """Stems of up to three content words before a span, nearest first: what the value is said to be."""
        before: list[str] = []
        index = first - 1
        while index >= 0 and len(before) < 3 and first - index < 7:
            if self._content(index) and not self.folded[index][0].isdigit():
                before.append(stem(self.folded[index]))
            index -= 1
        return tuple(before)

    def following(self, slot: Slot) -> tuple[str, ...]:
        """Stems of the content words after a value, up to the next value: `type X into the name field`."""
        after: list[str] = []
        for index in range(slot.last, min(slot.last + 6, len(self.tokens))):
            if any(other.first == index and other.strong for other in self.slots):
                return ()
            if self._content(index):
                after.append(stem(self.folded[index]))
        return tuple(after[:2])

    # --- matching --------------------------------------------------------------------------------------------------------------

    def match(self, text: str) -> Match:
        """How a text on the screen is found in this instruction."""
        known = self._cache.get(text)
        if known is None:
            known = self._cache[text] = self._match(text)
        return known

    def _match(self, text: str) -> Match:
        wanted = words(text)
        if not wanted or len(text) > 400:
            return NO_MATCH
        size, total = len(wanted), len(self.folded)
        spans: list[tuple[int, int]] = []
        if size <= total:
            for first in range(total):
                last = self._run(wanted, first)
                if last:
                    spans.append((first, last))
        if spans:
            literal = tuple(span for span in spans if span in self.quoted)
            if literal:
                return Match("literal", literal, 1.0)
            free = tuple(span for span in spans if not any(a <= span[0] and span[1] <= b for a, b in self.quoted))
            return Match("full", free, 1.0) if free else Match("inside", tuple(spans), 1.0)
        joined = " " + " ".join(wanted) + " "
        for slot in self.slots:
            if slot.kind not in ("phrase", "word") and " " + " ".join(words(slot.text)) + " " in joined:
                return Match("holds", ((slot.first, slot.last),), len(words(slot.text)) / size)
        content = stems(text)
        shared = content & self.stem_set
        if not shared:
            return NO_MATCH
        where = tuple((index, index + 1) for index, word in enumerate(self.stems) if word in shared)
        return Match("stem" if len(shared) == len(content) else "partial", where, len(shared) / len(content))

    def _run(self, wanted: tuple[str, ...], first: int) -> int:
        """The end of the run of tokens that spells `wanted` from `first`, skipping marks in between; 0 when there is none."""
        index = first
        for position, word in enumerate(wanted):
            while position and index < len(self.folded) and not self.folded[index][0].isalnum() and self.folded[index] != word:
                index += 1
            if index >= len(self.folded) or self.folded[index] != word:
                return 0
            index += 1
        return index
