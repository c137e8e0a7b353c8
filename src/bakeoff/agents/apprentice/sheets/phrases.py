"""What sentences mean: a sentence that names a row and others, beside the formula that stands in that row, teaches what its words say.

Nothing is known of any word beforehand. A sentence is kept without the labels it names and without its numbers; a formula is kept in amounts, without
the signs that a house puts in front and without scales. Both hold in the next workbook, whatever its rows are called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bakeoff.agents.apprentice.sheets.formula import Binary, Call, Node, Number, Range, Ref, Unary, render, simplify, substitute
from bakeoff.agents.apprentice.sheets.grid import QUOTED, Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand, outline
from bakeoff.agents.apprentice.sheets.labels import plain
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.timeline import OWN, parted, placed, single, spot

_JOINED = re.compile(r"\s*(?:,|, and|and|, or|or)\s*$|^\s*,\s*$")
_DIGITS = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w%])")
SCALES = (1.0, 100.0, 4.0, 400.0, 12.0, 1200.0, 1000.0)
RATES = (100, 10_000)  # what a rate may be divided by: hundreds and basis points
MOST_MEANINGS = 3
BEGINS = "^ "
Numbered = tuple[int, int, int]
"""A place in a meaning: group of labels (0 is the row itself; below 0: a number of the sentence), periods earlier, which fixed cell (see `timeline`)."""


@dataclass(frozen=True)
class Reading:
    """A sentence without its labels and numbers, and those apart. Group 0 is the row that it is about."""

    template: str
    groups: tuple[tuple[str, ...], ...]
    numbers: tuple[float, ...]


@dataclass(frozen=True, order=True)
class Meaning:
    """A formula over groups of labels, in amounts."""

    shape: str
    places: tuple[Numbered, ...]


@lru_cache(maxsize=5000)
def read(sentence: str) -> Reading | None:
    """A sentence that begins with the label it is about; None for any other."""
    found = list(QUOTED.finditer(sentence))
    if not found or sentence[: found[0].start()].strip():
        return None
    groups: list[tuple[str, ...]] = []
    pieces: list[str] = []
    run = [found[0][1]]
    numbers: list[float] = []

    def close() -> None:
        group = tuple(run)
        if group not in groups:
            groups.append(group)
        pieces.append(f"<{groups.index(group)}>")

    def words(text: str) -> str:
        def number(match: re.Match[str]) -> str:
            numbers.append(float(match[0].replace(",", "").rstrip(".")))
            return f"#{len(numbers)}"

        return _DIGITS.sub(number, text.lower())

    at = found[0].end()
    for match in found[1:]:
        between = sentence[at : match.start()]
        if _JOINED.match(between) and pieces:
            run.append(match[1])
        else:
            close()
            pieces.append(words(between))
            run = [match[1]]
        at = match.end()
    close()
    pieces.append(words(sentence[at:]))
    return Reading(" ".join("".join(pieces).split()), tuple(groups), tuple(numbers))


def about(papers: Papers, label: str) -> list[Reading]:
    """The sentences that begin with a label."""
    readings = [reading for line in papers.beside(label) if (reading := read(line)) is not None]
    return [reading for reading in readings if plain(reading.groups[0][0]) == plain(label)]


@lru_cache(maxsize=5000)
def listing(sentence: str) -> tuple[str, tuple[str, ...]]:
    """A sentence that lists labels somewhere behind its beginning: its words, each run of labels as one place, and the labels."""
    labels = tuple(QUOTED.findall(sentence))
    words = re.sub(r"<>(?:(?:, and|, or|,| and| or) <>)+", "<>", QUOTED.sub("<>", sentence.lower()))
    return ("", ()) if words.startswith("<>") else (words, labels)


def sign(book: Book, row: Row, house_signs: dict[str, int]) -> int:
    """-1 for a row that stands as negative numbers, 1 for positive ones, 0 where that cannot be told."""
    sheet = book.sheets[row.sheet]
    numbers = [cell.number for cell in sheet.by_row.get(row.number, {}).values() if cell.number is not None and cell.role == "cell"]
    below, above = sum(number < 0 for number in numbers), sum(number > 0 for number in numbers)
    if not below and not above:
        return house_signs.get(plain(sheet.label(row.number)), 0)
    return -1 if below and not above else 1 if above and not below else 0


@dataclass
class Phrases:
    """Templates of sentences and what they meant: template -> meaning -> house -> times."""

    seen: dict[str, dict[Meaning, dict[str, int]]] = field(default_factory=dict)
    signs: dict[str, dict[str, int]] = field(default_factory=dict)
    scales: dict[str, dict[str, int]] = field(default_factory=dict)
    """House -> label -> by what its formulas divide the row's numbers, mostly: 100 where rates are written in hundreds, 1 for none."""
    looks: dict[str, dict[str, str]] = field(default_factory=dict)
    """House -> label -> number format of the row."""
    alone: dict[str, dict[str, bool]] = field(default_factory=dict)
    """House -> label -> whether the row holds one number only."""
    brackets: dict[str, list[str]] = field(default_factory=dict)
    """House -> units that it writes in brackets behind labels."""
    past: dict[str, dict[str, bool]] = field(default_factory=dict)
    """House, or sentence without its labels -> label, or empty -> whether such a row has numbers in past periods."""
    order: dict[str, list[str]] = field(default_factory=dict)
    """House -> labels from top to bottom as a workbook had them last."""
    lists: dict[str, dict[int, int]] = field(default_factory=dict)
    """Sentence that lists rows, without their labels -> sign that the rows had -> in how many workbooks."""

    # --- learning --------------------------------------------------------------------------------------------------------------------

    def learn(self, book: Book, row: Row, idea: Idea, sentence: str, house: str, mark: str = "") -> tuple[str, Meaning] | None:
        """Takes a row's formula as the meaning of the sentence about it, if all its rows are named; says what was learned. `mark`: `BEGINS` for how the row
        begins."""
        reading = read(sentence)
        if reading is None or plain(reading.groups[0][0]) != plain(book.label(row)):
            return None
        meaning = self.meaning(book, row, idea, reading, house)
        if meaning is None:
            return None
        houses = self.seen.setdefault(mark + reading.template, {}).setdefault(meaning, {})
        houses[house] = min(houses.get(house, 0) + 1, 1000)
        return reading.template, meaning

    def learn_book(
        self, book: Book, visible: Mapping[Row, Mapping[Idea, Sequence[int]]], papers: Papers, house: str
    ) -> dict[Row, tuple[str, Meaning]]:
        """Takes all rows that sentences are about; says what was learned from each."""
        learned = {}
        for row, ideas in visible.items():
            label = book.label(row)
            best = max(ideas, key=lambda idea: (len(ideas[idea]), max(ideas[idea])))
            first = min(book.sheets[row.sheet].series, default=0)
            start = next((idea for idea, columns in ideas.items() if columns == [first] and idea != best), None)
            for sentence in papers.beside(label) if label else ():
                lesson = self.learn(book, row, best, sentence, house)
                if lesson is not None:
                    learned[row] = lesson
                for begun in [start] if start is not None else beginnings(book, row, best, sentence):
                    self.learn(book, row, begun, sentence, house, BEGINS)
        return learned

    def note_signs(self, book: Book, house: str) -> None:
        """Which rows of the house stand as negative numbers."""
        known = self.signs.setdefault(house, {})
        for name, sheet in book.sheets.items():
            for number, label in sheet.labels.items():
                found = sign(book, Row(name, number), {})
                if found:
                    known[plain(label)] = found

    def note_looks(self, book: Book, papers: Papers, house: str) -> None:
        """How rows of the house are dressed, which hold one number only, and what signs those have that a sentence lists."""
        labels = [plain(label) for name in book.tabs if name in book.sheets for _, label in sorted(book.sheets[name].labels.items())]
        if len(labels) >= len(self.order.get(house, [])):
            self.order[house] = labels
        looks, alone = self.looks.setdefault(house, {}), self.alone.setdefault(house, {})
        for name, sheet in book.sheets.items():
            for number, label in sheet.labels.items():
                formats = [c.format for c in sheet.by_row.get(number, {}).values() if c.role == "cell" and c.kind != "text" and c.format]
                if formats:
                    looks[plain(label)] = formats[-1]
                    alone[plain(label)] = bool(single(book, Row(name, number)))
        for name, sheet in book.sheets.items():
            known, open_ = parted(book, name)
            for number, label in sheet.labels.items() if known else ():
                if any(sheet.at(number, column).number is not None for column in open_):
                    past = any(sheet.at(number, column).formula or sheet.at(number, column).number for column in known)  # zeros say nothing
                    self.past.setdefault(house, {})[plain(label)] = past
                    for reading in about(papers, label):
                        self.past.setdefault(reading.template, {})[""] = past
        signs = self.signs.setdefault(house, {})
        for line in papers.lines:
            template, listed = listing(line)
            found = {signs[plain(label)] for label in listed if plain(label) in signs}
            if len(listed) > 1 and len(found) == 1:
                counts = self.lists.setdefault(template, {})
                only = found.pop()
                counts[only] = counts.get(only, 0) + 1
            counts = self.lists.get(template, {}) if len(listed) > 1 else {}
            if len(counts) == 1:  # such lists always had one sign: so have rows that were not seen yet
                signs.update({plain(label): next(iter(counts)) for label in listed if plain(label) not in signs})

    def begins_late(self, papers: Papers, label: str, house: str) -> bool:
        """Whether a row has no numbers in past periods, as far as the house or the sentences about the row are known."""
        known = self.past.get(house, {}).get(plain(label))
        if known is not None:
            return not known
        return any(self.past.get(reading.template, {}).get("", True) is False for reading in about(papers, label))

    def note_scales(self, book: Book, visible: Mapping[Row, Mapping[Idea, Sequence[int]]], house: str) -> None:
        """Which rows of the house are divided by 100 where they are used."""
        votes: dict[tuple[str, int], int] = {}
        for ideas in visible.values():
            for idea in ideas:
                for scale in RATES:
                    divided, bare = _divided(outline(idea.shape), scale, False)
                    for slot, operand in enumerate(idea.operands):
                        place = plain(book.label(operand.row)), scale
                        votes[place] = votes.get(place, 0) + (slot in divided) - (slot in bare)
        known = self.scales.setdefault(house, {})
        known.update({label: 1 for label, _ in votes})
        known.update({label: scale for (label, scale), vote in votes.items() if vote > 0 and label})

    def meaning(self, book: Book, row: Row, idea: Idea, reading: Reading, house: str) -> Meaning | None:
        """The idea over groups of labels, in amounts; None when it reads rows that the sentence does not name."""
        signs = self.signs.get(house, {})
        group_of: dict[int, int] = {}
        for slot, operand in enumerate(idea.operands):
            label = plain(book.label(operand.row))
            group = next((at for at, names in enumerate(reading.groups) if label in map(plain, names)), None)
            if group is None and not _between(book, idea, reading):
                return None
            group_of[slot] = -1 if group is None else group
        places: list[Numbered] = []

        def place(numbered: Numbered) -> Ref:
            if numbered not in places:
                places.append(numbered)
            return Ref("", places.index(numbered) + 1, 1)

        def fold(node: Node) -> Node | None:
            whole = _whole_group(book, idea, node, reading)
            if whole is not None:
                slot, group = whole
                operand = idea.operands[slot]
                new: Node = place((group, operand.lag, spot(book, operand.row, operand.fixed)))
                return Unary("-", new) if sign(book, operand.row, signs) < 0 else new
            if isinstance(node, Ref):
                slot = node.row - 1
                operand, group = idea.operands[slot], group_of[slot]
                if group < 0 or len(reading.groups[group]) > 1:
                    raise _Partial
                new = place((group, operand.lag, spot(book, operand.row, operand.fixed)))
                return Unary("-", new) if sign(book, operand.row, signs) < 0 else new
            if isinstance(node, Range):
                first, last = fold(node.first), fold(node.last)
                first, last = (part.operand if isinstance(part, Unary) else part for part in (first, last))
                assert isinstance(first, Ref) and isinstance(last, Ref)
                return Range(first, last)
            if isinstance(node, Call) and node.function == "SUM" and len(node.arguments) == 1 and isinstance(node.arguments[0], Range):
                inner = fold(node.arguments[0])
                assert inner is not None
                negative = sign(book, idea.operands[node.arguments[0].first.row - 1].row, signs) < 0
                return Unary("-", Call("SUM", (inner,))) if negative else Call("SUM", (inner,))
            if isinstance(node, Number) and node.value in reading.numbers and node.value not in (0.0, 1.0):
                return place((-1 - reading.numbers.index(node.value), 0, 0))
            return None

        try:
            tree = substitute(_unscaled(outline(idea.shape), reading.numbers), fold)
        except _Partial:
            return None
        if sign(book, row, signs) < 0:
            tree = Unary("-", tree)
        shape = render(simplify(tree), lambda ref: f"{{{ref.row - 1}}}")
        return Meaning(shape, tuple(places))

    # --- use -------------------------------------------------------------------------------------------------------------------------

    def meanings(self, reading: Reading, mark: str = "") -> list[tuple[Meaning, int]]:
        """What the sentence may mean, the most often seen first, with in how many houses and workbooks. `mark`: `BEGINS` for how its row begins."""
        found = self.seen.get(mark + reading.template, {})
        ranked = sorted(found.items(), key=lambda item: (-len(item[1]), -sum(item[1].values()), item[0]))
        return [(meaning, sum(min(times, 3) for times in houses.values())) for meaning, houses in ranked[:MOST_MEANINGS]]

    def ideas(self, book: Book, home: Row, reading: Reading, meaning: Meaning, house: str) -> list[tuple[Idea, int]]:
        """Ways of writing a meaning in this workbook: with the signs that its rows show first, then with others and with scales; the number says
        how far a way is from the first."""
        rows: dict[int, list[Row]] = {}
        for group, _, _ in meaning.places:
            if group >= 0:
                names = reading.groups[group] if group < len(reading.groups) else ()
                rows[group] = [row for name in names if (row := find(book, name, home)) is not None]
                if len(rows[group]) != len(names) or not names:
                    return []
        signs = self.signs.get(house, {})
        groups = sorted(rows)
        natural = {group: sign(book, rows[group][0], signs) for group in groups}
        own = sign(book, home, signs)
        turns = [(1, -1) if natural[group] == 0 and group != 0 else (natural[group] or 1, -(natural[group] or 1)) for group in groups]
        found: dict[Idea, int] = {}
        tree = outline(meaning.shape)
        known = self.scales.get(house, {})
        usual = {group: float(known.get(plain(book.label(rows[group][0])), 1)) for group in groups}
        others = [(group, scale) for group in groups for scale in SCALES if scale != usual.get(group, 1.0)]
        for odd in range(2 ** min(len(groups), 4)):
            for whole in (own or 1, -(own or 1)):
                chosen = {group: turns[at][1 if odd >> at & 1 else 0] for at, group in enumerate(groups)}
                away = bin(odd).count("1") + (whole != (own or 1))
                for scaled, scale in [(-1, 1.0), *others]:
                    idea = self._write(book, tree, meaning, reading, rows, chosen, whole, {**usual, scaled: scale})
                    if idea is not None:
                        found.setdefault(idea, away + (scaled >= 0))
        return sorted(found.items(), key=lambda item: (item[1], len(item[0].shape)))

    @staticmethod
    def _write(
        book: Book,
        tree: Node,
        meaning: Meaning,
        reading: Reading,
        rows: dict[int, list[Row]],
        signs: dict[int, int],
        whole: int,
        scales: dict[int, float],
    ) -> Idea | None:
        operands: list[Operand] = []

        def slot(operand: Operand) -> Ref:
            if operand not in operands:
                operands.append(operand)
            return Ref("", operands.index(operand) + 1, 1)

        def members(ref: Ref) -> list[Ref] | None:
            group, lag, fixed = meaning.places[ref.row - 1]
            refs = []
            for row in rows[group]:
                code = fixed or (OWN if _alone(book, row) else 0)
                column = placed(book, row, code)
                if code and not column:
                    return None
                refs.append(slot(Operand(row, 0 if column else lag, column)))
            return refs

        failed = False

        def change(node: Node) -> Node | None:
            nonlocal failed
            if isinstance(node, Ref):
                group = meaning.places[node.row - 1][0]
                if group < 0:
                    return Number(reading.numbers[-1 - group])
                refs = members(node)
                if refs is None:
                    failed = True
                    return node
                total: Node = refs[0]
                for ref in refs[1:]:
                    total = Binary("+", total, ref)
                if scales.get(group, 1.0) != 1.0:
                    total = Binary("/", total, Number(scales[group]))
                return Unary("-", total) if signs[group] < 0 else total
            if isinstance(node, Range):
                first, last = members(node.first), members(node.last)
                if first is None or last is None or len(first) + len(last) != 2:
                    failed = True
                    return node
                return Range(first[0], last[0])
            if isinstance(node, Call) and node.function == "SUM" and len(node.arguments) == 1 and isinstance(node.arguments[0], Range):
                total = Call("SUM", (change(node.arguments[0]) or node.arguments[0],))
                return Unary("-", total) if signs[meaning.places[node.arguments[0].first.row - 1][0]] < 0 else total
            return None

        new = substitute(tree, change)
        if failed:
            return None
        new = simplify(Unary("-", new) if whole < 0 else new)
        return Idea(render(new, lambda ref: f"{{{ref.row - 1}}}"), tuple(operands))

    # --- snapshots -------------------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        seen = {t: [[m.shape, [list(p) for p in m.places], houses] for m, houses in found.items()] for t, found in self.seen.items()}
        lists = {template: {str(sign): times for sign, times in counts.items()} for template, counts in self.lists.items()}
        return {
            "seen": seen,
            "signs": self.signs,
            "scales": self.scales,
            "looks": self.looks,
            "alone": self.alone,
            "order": self.order,
            "past": self.past,
            "brackets": self.brackets,
            "lists": lists,
        }

    def load(self, data: dict[str, Any]) -> None:
        """The inverse of `to_dict`."""
        self.seen = {
            template: {Meaning(shape, tuple((p[0], p[1], p[2]) for p in places)): dict(houses) for shape, places, houses in found}
            for template, found in data["seen"].items()
        }
        self.signs = {house: dict(signs) for house, signs in data["signs"].items()}
        self.scales = {house: dict(scales) for house, scales in data["scales"].items()}
        self.looks = {house: dict(looks) for house, looks in data["looks"].items()}
        self.alone = {house: dict(alone) for house, alone in data["alone"].items()}
        self.brackets = {house: list(units) for house, units in data["brackets"].items()}
        self.past = {house: dict(past) for house, past in data["past"].items()}
        self.order = {house: list(labels) for house, labels in data["order"].items()}
        self.lists = {template: {int(sign): times for sign, times in counts.items()} for template, counts in data["lists"].items()}


def beginnings(book: Book, row: Row, idea: Idea, sentence: str) -> list[Idea]:
    """How a row that looks back may begin where its first number is typed: a single number that its sentence names, by itself or in the place of what is
    looked back at, if it gives that number."""
    first = min(book.sheets[row.sheet].series, default=0)
    actual = book.sheets[row.sheet].at(row.number, first).number
    back = [operand for operand in idea.operands if operand.lag > 0]
    reading = read(sentence)
    if not actual or not back or reading is None:
        return []
    found = []
    for name in (name for group in reading.groups[1:] for name in group):
        other = find(book, name, row)
        column = single(book, other) if other is not None else 0
        if other is None or not column:
            continue
        begun = Operand(other, fixed=column)
        found.append(Idea("{0}", (begun,)))
        if len(back) == 1 and begun not in idea.operands:
            found.append(Idea(idea.shape, tuple(begun if operand == back[0] else operand for operand in idea.operands)))
    return [
        one for one in found if (value := one.value(book, row, first)) is not None and abs(value - actual) <= 1e-6 * abs(actual) + 0.006
    ][:1]


def _divided(node: Node, scale: int, within: bool) -> tuple[set[int], set[int]]:
    """Slots that are divided by a scale, by themselves or in a product, and those that are not."""
    match node:
        case Ref():
            return ({node.row - 1}, set()) if within else (set(), {node.row - 1})
        case Range(first, last):
            return set(), {first.row - 1, last.row - 1}
        case Binary("/", left, Number(value)) if value == scale:
            return _divided(left, scale, True)
        case Binary("*", left, right):
            parts = [_divided(left, scale, within), _divided(right, scale, within)]
        case Binary("/", left, right):
            parts = [_divided(left, scale, within), _divided(right, scale, False)]
        case Binary(_, left, right):
            parts = [_divided(left, scale, False), _divided(right, scale, False)]
        case Unary(_, operand):
            return _divided(operand, scale, within)
        case Call(_, arguments):
            parts = [_divided(argument, scale, False) for argument in arguments]
        case _:
            return set(), set()
    return set().union(*(part[0] for part in parts)), set().union(*(part[1] for part in parts))


class _Partial(Exception):
    """Only a part of a group is read, or a row that the sentence does not name."""


def find(book: Book, label: str, home: Row) -> Row | None:
    """The row with a label: on the home sheet if there is one."""
    wanted = plain(label)
    found = [Row(name, number) for name, sheet in book.sheets.items() for number, text in sheet.labels.items() if plain(text) == wanted]
    found = [
        row for row in found if any(c.kind != "text" and c.role == "cell" for c in book.sheets[row.sheet].by_row[row.number].values())
    ] or found
    return min(found, key=lambda row: (row.sheet != home.sheet, row)) if found else None


def _alone(book: Book, row: Row) -> bool:
    """Whether a row holds one typed number only."""
    column = single(book, row)
    return bool(column) and book.sheets[row.sheet].at(row.number, column).numeric


def _between(book: Book, idea: Idea, reading: Reading) -> bool:
    """Whether the idea sums a range whose rows are named."""
    return ":" in idea.shape


def _whole_group(book: Book, idea: Idea, node: Node, reading: Reading) -> tuple[int, int] | None:
    """A sum of all labels of a group: a slot of one of them, and the group."""
    slots: list[int] = []
    labels: list[str] = []
    match node:
        case Call("SUM", (Range(first, last),)):
            one, other = idea.operands[first.row - 1], idea.operands[last.row - 1]
            if one.row.sheet != other.row.sheet or one.row.number >= other.row.number:
                return None
            sheet = book.sheets[one.row.sheet]
            labels = [plain(sheet.label(n)) for n in range(one.row.number, other.row.number + 1) if sheet.label(n)]
            slots = [first.row - 1]
        case Call("SUM", arguments) if all(isinstance(argument, Ref) for argument in arguments):
            slots = [argument.row - 1 for argument in arguments if isinstance(argument, Ref)]
        case Binary("+", _, _):
            parts: list[Node] = [node]
            while any(isinstance(part, Binary) and part.operator == "+" for part in parts):
                parts = [
                    p for part in parts for p in ((part.left, part.right) if isinstance(part, Binary) and part.operator == "+" else (part,))
                ]
            if not all(isinstance(part, Ref) for part in parts):
                return None
            slots = [part.row - 1 for part in parts if isinstance(part, Ref)]
        case _:
            return None
    labels = labels or [plain(book.label(idea.operands[slot].row)) for slot in slots]
    for group, names in enumerate(reading.groups):
        if len(names) > 1 and sorted(map(plain, names)) == sorted(labels):
            return slots[0], group
    return None


def _unscaled(node: Node, said: tuple[float, ...]) -> Node:
    """The formula without whole divisors that the sentence does not speak of: they are scales of this house."""

    def change(part: Node) -> Node | None:
        if isinstance(part, Binary) and part.operator == "/" and isinstance(part.right, Number):
            scale = part.right.value
            return _unscaled(part.left, said) if scale not in said and scale > 1 else None
        return None

    return substitute(node, change)
