"""One command used for one job: which value goes into which field, which option answers to which word, and how that is described.

Descriptions are named features; what they are worth is a matter of belief (`belief.py`). Values that an option list or a form's other values
speak for need no dictionary; words that look like nothing on the screen are tied to labels by experience alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

from bakeoff.agents.apprentice.workplace.job import Job, Slot, content, same, series, shape
from bakeoff.agents.apprentice.workplace.meanings import Meanings
from bakeoff.agents.apprentice.workplace.page import blank
from bakeoff.agents.apprentice.workplace.theory import Command, FieldModel, Theory

BEAM = 40
SAME_VALUES = 12
MOST_CHOICES = 6
TIE = 2.5  # how far word ties together may move a plan, in spreads of one tie
NOTHING = re.compile(r"\W*(no\b.*|none|nobody|un[a-z]+ed)\W*", re.IGNORECASE)  # an option that stands for no choice
NEGATIVE = re.compile(r"\b(nobody|none|no longer|any ?more|remove)\b")
Weigh = Callable[[str], float]
Features = dict[str, float]
Part = tuple[Features, float]
Elsewhere = dict[str, dict[str, int]]  # phrase → option (as `plain` writes it) → how often it meant that in other products
MOST_MEANINGS = 6
WAY = "(button)"  # stands for the label where a button is chosen to carry a form out


@dataclass(frozen=True, slots=True)
class Fill:
    """One field of a form and what goes there. `slots`: which values of the job it uses. `kind`: `slot`, `pair` (a name over two fields),
    `option` (also `yes` or `no` for a box to tick), `way` (one of several buttons that carry the form out), `meant` (the option that a choice named in the job means), `copied` (what another record shows under this label), `set` (several options, one a line), `twin` (the duplicate) or `look` (options not seen yet)."""

    label: str
    value: str
    slots: tuple[int, ...] = ()
    kind: str = "slot"


@dataclass(frozen=True, slots=True)
class Act:
    """One command carried out with these fields filled."""

    command: str
    fills: tuple[Fill, ...] = ()

    @property
    def used(self) -> frozenset[int]:
        return frozenset(slot for fill in self.fills for slot in fill.slots)


@dataclass(frozen=True, slots=True)
class Described:
    """An act with its description in parts, and what it is worth."""

    act: Act
    parts: tuple[Features, ...]
    score: float

    @property
    def promise(self) -> float:
        """The worth with a bonus for each value used: what matters while values are still to be shared out."""
        return self.score + 4.0 * len(self.act.used)


def add(features: Features, name: str, value: float = 1.0) -> None:
    """Adds to a feature; nothing for 0."""
    if value:
        features[name] = features.get(name, 0.0) + value


def tie(features: Features, words: tuple[str, ...], marks: tuple[str, ...]) -> None:
    """Each word of the job beside each word on the screen; scaled so that many words do not say more than few."""
    value = TIE / max(len(words) * len(marks), 1) ** 0.5
    for word in words:
        for mark in marks:
            if word != mark:
                add(features, f"{word}~{mark}", value)


def _share(words: tuple[str, ...], said: frozenset[str] | set[str]) -> float:
    return sum(_nearly(word, said) for word in words) / len(words) if words else 0.0


def _nearly(word: str, said: frozenset[str] | set[str]) -> float:
    """1 for a word that was said, less for one that begins alike (`urgent`, `urgency`; `web`, `website`)."""
    if word in said:
        return 1.0
    best = 0.0
    for other in said:
        size = min(len(word), len(other))
        if size >= 3 and word[:3] == other[:3]:
            alike = next((i for i in range(size) if word[i] != other[i]), size)
            if alike >= 5 or alike == size:
                best = max(best, alike / max(len(word), len(other)))
    return 0.8 * best


class Actor:
    """Finds and describes the acts worth considering for one job."""

    def __init__(self, job: Job, theory: Theory, weigh: Weigh, facts: dict[str, str], meanings: Meanings, elsewhere: Elsewhere) -> None:
        self.job, self.theory, self.weigh = job, theory, weigh
        self.meanings, self.elsewhere = meanings, elsewhere
        self._meant: dict[tuple[Slot, str, str, tuple[str, ...]], list[tuple[str, Part]]] = {}
        self.facts = {label: value.lower() for label, value in facts.items()}
        self.nothing = NEGATIVE.search(job.goal.lower()) is not None  # whether the job says that something shall no longer be
        self.anew = False  # whether the form at hand makes a new record
        self.small = False  # whether the form at hand has few fields
        self.named: frozenset[str] = frozenset()  # the values that the record is named by
        self.named_kinds: frozenset[str] = frozenset()  # of what kinds these values are
        self.named_person = ""  # the person that the record is named by
        self.said = frozenset(job.words)
        self.copied: dict[tuple[str, ...], str] = {}  # words of a label → what the record shows that is to be copied from
        self._known: dict[tuple[Slot, str, str, tuple[str, ...]], Part | None] = {}
        self._chosen: dict[tuple[str, str, tuple[str, ...], tuple[bool, bool]], list[tuple[Fill | None, Part]]] = {}

    def acts(self, command: Command, values: frozenset[int], twins: bool) -> list[Described]:
        """The ways of using one command."""
        base = self._command_part(command)
        if command.form is None:
            return [Described(Act(command.name), (base[0],), base[1])]
        states = [Described(Act(command.name), (base[0],), base[1])]
        fields = merged(command.form, self.theory)
        self.small = len(fields) <= 3
        written = [item.filled for item in fields if item.kind in ("text", "long")]
        if self.anew != (command.level == "list" and 2 * sum(written) < len(written)):
            self.anew = not self.anew
            self.forget()
        listed = tuple(i for i in sorted(values) if self.job.slots[i].kind == "quoted" and shape(self.job.slots[i].text) == "word")
        for item in fields:
            if item.kind in ("set", "listing") and listed:
                states = _best(states + [_with(states[0], fill, part) for fill, part in self._sets(item, listed)])
        for index in sorted(values):
            slot = self.job.slots[index]
            grown = list(states)
            for item in fields if slot.kind == "word" else ():
                for fill, meaning in self._meanings(slot, item, index):
                    grown.extend(_with(state, fill, meaning) for state in states if _free(state.act, item.label, index))
            for item in fields if slot.kind != "word" else ():
                part = self._slot(slot, item)
                if part is not None:
                    fill = Fill(item.label, _option(item, slot.text) or slot.text, (index,), "pair" if item.kind == "pair" else "slot")
                    grown.extend(_with(state, fill, part) for state in states if _free(state.act, item.label, index))
            states = _best(grown)
        for item in fields:
            grown = []
            for state in states:
                if any(fill.label == item.label for fill in state.act.fills):
                    grown.append(state)
                else:
                    grown.extend(_with(state, fill, part) for fill, part in self._choices(item, twins))
            states = _best(grown)
        states = _best([*states, *(_with(state, fill, part) for state in states for fill, part in self._ways(command))])
        return [self._ruled(state, fields) for state in states] if self.theory.rules.count else states

    def _ruled(self, state: Described, fields: list[FieldModel]) -> Described:
        """The act with what the product is known to refuse held against it."""
        filled = {fill.label: fill.value for fill in state.act.fills}
        own = {item.label for item in fields}
        facts = {label: value for label, value in self.facts.items() if label in own}
        features: Features = {}
        add(features, "rule broken", float(self.theory.rules.clash(filled, facts)))
        add(features, "required empty", float(self.theory.rules.missing(filled, facts)))
        return _with(state, None, self._worth(features)) if features else state

    def _ways(self, command: Command) -> list[tuple[Fill, Part]]:
        """The buttons that carry a form out, where there are several: the first of them unless one is chosen."""
        ways = self.theory.ways.get(command.name, ())
        found = []
        for way in ways if len(ways) > 1 else ():
            features: Features = {"other way": 1.0}
            self._word_option(features, FieldModel(WAY, "choice"), way, self.job.words, own=True)
            found.append((Fill(WAY, way, (), "way"), self._worth(features)))
        return sorted(found, key=lambda entry: -entry[1][1])[:MOST_CHOICES]

    def forget(self) -> None:
        """Another kind of target: descriptions of values are made anew."""
        self._known, self._chosen, self._meant = {}, {}, {}

    # --- describing ------------------------------------------------------------------------------------------------------------------

    def _worth(self, features: Features) -> Part:
        return features, sum(self.weigh(name) * value for name, value in features.items())

    def _command_part(self, command: Command) -> Part:
        features: Features = {}
        add(features, "name said", max(_share(command.words, self.said), _share(content(command.menu), self.said) if command.menu else 0.0))
        if command.refused and not command.done:
            add(features, "refused", 0.5)
        if command.form is None:
            add(features, "unseen form")
        add(features, "leaves nothing", float(command.removes > 0))
        add(features, "warned", float(not command.form and "cannot" in command.says))
        words, traits = self.job.words, command.traits()
        tie(features, words, command.words)
        for word in words:
            for trait in traits:
                add(features, f"{word}^{trait}", 1.0 / (len(words) * len(traits)) ** 0.5)
            add(features, f"own:{word}>{command.name}", 1.0 / len(words) ** 0.5)
        return self._worth(features)

    def _slot(self, slot: Slot, item: FieldModel) -> Part | None:
        mark = (slot, item.label, item.kind, item.options)
        if mark not in self._known:
            features = self._slot_features(slot, item)
            self._known[mark] = None if features is None else self._worth(features)
        return self._known[mark]

    def _slot_features(self, slot: Slot, item: FieldModel) -> Features | None:
        """How well a value goes into a field; None when it cannot."""
        features: Features = {}
        if item.kind in ("flag", "set", "listing") or (item.kind == "number" and slot.kind != "amount"):
            return None
        if item.kind == "date":
            if slot.kind != "date":
                return None
            add(features, "date field")
        elif item.kind in ("choice", "combo"):
            if item.options and _option(item, slot.text):
                add(features, "fits options")
            elif slot.kind == "name" and item.label not in self.theory.today and (not item.options or _people(item)):
                add(
                    features, "fits options", 0.3 if self.theory.ends_like(slot.text, item.label) else 0.95
                )  # such options are data, and may be others today
            else:
                return None
        elif not self._shape_features(features, slot, item):
            return None
        if self.anew:
            pass  # a new record has to be called something
        elif item.label in self.theory.title_labels() or (item.kind == "pair" and self.theory.titled(self.theory.samples(item.label))):
            near = set(slot.before[-3:]) | set(slot.after) | self._ahead(slot)
            alike = 0.5 if slot.kind == "quoted" and slot.kind in self.named_kinds else 1.0  # `rename “A” to “B”`
            add(features, "title changed", alike - alike * max(_share(words, near) for words in names(item)))
        elif (item.kind == "pair" and self.named_person and self.named_person in self.facts.values()) or self.named & {
            self.facts.get(label, "") for label in (item.label, item.hint)
        }:
            add(features, "key changed")
        add(features, "asked for", float(item.required and not item.filled and self.small))
        near = set(slot.before[-3:]) | set(slot.after)
        add(features, "label beside", max(_share(words, near | self._ahead(slot)) for words in names(item)))
        if item.kind == "long" and item.filled:
            add(features, "overwrites", 1.0 - features.get("label beside", 0.0))
        marks = {word for words in names(item) for word in words}
        tie(features, (*sorted(near), f"<{slot.kind}>"), tuple(sorted(marks)))
        for word in (*sorted(near), f"<{slot.kind}>"):
            add(features, f"own:{word}>{item.label}", 1.0 / (len(near) + 1) ** 0.5)
        return features

    def _ahead(self, slot: Slot) -> set[str]:
        """What is said of a value before the record's name: `the title of … to …`."""
        before = [other for other in self.job.slots if other.end <= slot.start]
        named = before and before[-1].text.lower() in self.named and "." not in self.job.goal[before[-1].end : slot.start]
        return set(before[-1].before[-3:]) if named and not slot.before else set()

    def _meanings(self, slot: Slot, item: FieldModel, index: int) -> list[tuple[Fill, Part]]:
        """A choice that the job names: which option of a field it may mean."""
        options = [option for option in item.options if not blank(option)]
        if item.kind not in ("choice", "combo") or not options or _people(item) or any(len(option) > 30 for option in options):
            return []
        mark = (slot, item.label, item.kind, item.options)
        if mark not in self._meant:
            common: Features = {"choice to option": 1.0}
            near = set(slot.before[-3:]) | set(slot.after)
            add(common, "label beside", max(_share(words, near) for words in names(item)))
            tie(common, tuple(sorted(near)), item.words)
            for word in near:
                add(common, f"own:{word}>{item.label}", 1.0 / (len(near) + 1) ** 0.5)
            words = tuple(slot.text.split(" "))
            found = []
            for option in options:
                features = dict(common)
                self._word_option(features, item, option, words)
                self._recalled(features, slot.text, option)
                add(features, "evidence", self.meanings.evidence(item.label, options, ((slot.text, option),)))
                found.append((option, self._worth(features)))
            self._meant[mark] = sorted(found, key=lambda entry: (-entry[1][1], entry[0]))[:MOST_MEANINGS]
        return [(Fill(item.label, option, (index,), "meant"), part) for option, part in self._meant[mark]]

    def _recalled(self, features: Features, phrase: str, option: str) -> None:
        """What this phrase meant in other products."""
        text = plain(option)
        elsewhere = self.elsewhere.get(phrase, {})
        if elsewhere:
            add(features, "meant elsewhere", elsewhere.get(text, 0) / (sum(elsewhere.values()) + 0.5))
        others = sum(counts.get(text, 0) for other, counts in self.elsewhere.items() if other != phrase)
        if others > elsewhere.get(text, 0):
            add(features, "taken elsewhere", others / (others + 0.5))

    def _shape_features(self, features: Features, slot: Slot, item: FieldModel) -> bool:
        """How a value looks beside those that stand in a field; False when it cannot be one of them."""
        usual = "name" if item.kind == "pair" else self.theory.shape_of(item)
        kind = shape(slot.text) if slot.kind == "quoted" else slot.kind
        if kind == usual == "code" and series(slot.text) not in self.theory.series_of(item):
            return False
        if item.kind == "pair" and (slot.kind != "name" or " " not in slot.text):
            return False
        if usual == kind == "word" and " " in slot.text and not any(" " in value for value in self.theory.samples(item.label)):
            add(features, "other shape", 0.4)
        elif usual == kind:
            add(features, "fits shape")
        elif usual and {usual, kind} & {"email", "phone", "date", "amount", "code", "address"}:
            return False
        elif usual or kind != "long":
            loose = slot.kind == "quoted" and {usual, kind} <= {"word", "long", "name"}
            if usual and loose:
                add(features, "fits shape", 0.3)
            else:
                add(features, "other shape", 1.0 if usual else 0.3 if slot.kind == "quoted" else 0.8)
        if slot.kind in ("name", "quoted"):
            add(features, "fits values", self._seen(slot, item))
        add(features, "sentence in a line", float(item.kind == "text" and kind == "long" and slot.text[-1:] in ".!?"))
        if item.kind == "long":
            add(features, "long text", 1.0 if slot.kind == "quoted" else -4.0)
        return True

    def _seen(self, slot: Slot, item: FieldModel) -> float:
        """Share of a value's words that were seen in values of this field before."""
        seen = {word for value in (*self.theory.samples(item.label), *item.options) for word in content(value)}
        return _share(content(slot.text), seen)

    def _sets(self, item: FieldModel, listed: tuple[int, ...]) -> list[tuple[Fill, Part]]:
        """A field that takes several options: each quoted word is one of them."""
        options = [option for option in item.options if not blank(option)]
        single: dict[tuple[int, str], Part] = {}
        for index in listed:
            for option in options:
                features: Features = {"quoted to set": 1.0}
                self._word_option(features, item, option, content(self.job.slots[index].text))
                self._recalled(features, " ".join(content(self.job.slots[index].text)), option)
                single[index, option] = self._worth(features)
        found: list[tuple[Fill, Part]] = []
        for picked in permutations(options, len(listed)) if len(listed) <= min(len(options), 4) else ():
            joined: Features = {}
            worth = 0.0
            for index, option in zip(listed, picked, strict=True):
                features, value = single[index, option]
                worth += value
                for name, amount in features.items():
                    add(joined, name, amount)
            pairs = [(" ".join(content(self.job.slots[index].text)), option) for index, option in zip(listed, picked, strict=True)]
            told = self.meanings.evidence(item.label, options, pairs)
            add(joined, "evidence", told)
            worth += self.weigh("evidence") * told
            add(joined, "label said", _share(item.words, self.said))
            worth += self.weigh("label said") * _share(item.words, self.said)
            found.append((Fill(item.label, "\n".join(sorted(picked)), listed, "set"), (joined, worth)))
        found.sort(key=lambda entry: (-entry[1][1], entry[0].value))
        best: dict[str, tuple[Fill, Part]] = {}
        for entry in found:
            best.setdefault(entry[0].value, entry)
        return list(best.values())[:12]

    def _choices(self, item: FieldModel, twins: bool) -> list[tuple[Fill | None, Part]]:
        mark = (item.label, item.kind, item.options, (item.required and not item.filled, self.small))
        if mark not in self._chosen:
            found = [(fill, self._worth(features)) for fill, features in self._choice_features(item, twins)]
            found.sort(key=lambda entry: (-entry[1][1], entry[0].value if entry[0] else ""))
            nothing = [entry for entry in found if entry[0] is None]
            some = [entry for entry in found if entry[0] is not None]
            spoken = not some or "label said" in some[0][1][0] or some[0][1][1] > nothing[0][1][1] - 1.0
            few = self.small or item.required
            self._chosen[mark] = [*some[: MOST_CHOICES if spoken or few else 1], *nothing]
        return self._chosen[mark]

    def _choice_features(self, item: FieldModel, twins: bool) -> Iterator[tuple[Fill | None, Features]]:
        """What may stand in a field that no value of the job goes to: nothing, or an option that the job's words speak for."""
        must = item.required and not item.filled and item.kind != "flag"
        if item.kind in ("text", "long") and not self.small and not self.theory.samples(item.label):
            must = False  # a remark can always be made up
        nothing: Features = {}
        add(nothing, "required empty", float(must))
        yield None, nothing
        value = self.copied.get(item.words, "")
        if value and value.lower() != self.facts.get(item.label) and (not item.options or _option(item, value)):
            features = {"copied": 1.0}
            add(features, "label said", _share(item.words, self.said))
            tie(features, self.job.words, item.words)
            yield Fill(item.label, _option(item, value) or value, (), "copied"), features
        if item.kind == "flag":
            now = self.facts.get(item.label, "")
            for option in ("no",) if now == "yes" else ("yes",) if now == "no" else item.options:
                features = {"box turned": 1.0}
                add(features, "label said", _share(item.words, self.said))
                tie(features, self.job.words, (*item.words, option))
                for word in self.job.words:
                    add(features, f"own:{word}>{item.label}={option}", 1.0 / len(self.job.words) ** 0.5)
                yield Fill(item.label, option, (), "option"), features
        if item.kind not in ("choice", "combo"):
            return
        if any(len(option) > 30 for option in item.options):  # the options are records
            if twins:
                yield Fill(item.label, "", (), "twin"), {"twin picked": 1.0}
            return
        if not item.options and must:
            yield Fill(item.label, "", (), "look"), {"unseen form": 0.5}
        if _people(item):
            return
        field_words: Features = {}
        for words in names(item):
            add(field_words, "label said", _share(words, self.said))
        tie(field_words, self.job.words, item.words)
        for option in item.options:
            if blank(option) or option.lower() == self.facts.get(item.label):
                continue
            features = dict(field_words)
            add(
                features,
                "chosen",
                float(not must and not (self.small and item.required) and item.label not in self.theory.rules.companions),
            )
            self._word_option(features, item, option, self.job.words, own=True)
            if NOTHING.fullmatch(option.strip()):
                add(features, "nothing said", float(self.nothing and bool(set(item.words) & self.said)))
                add(features, "nothing chosen", float(not self.nothing))
            yield Fill(item.label, option, (), "option"), features

    def evidence(self, label: str, value: str) -> Features:
        """What the job's words say of records that have this value under this label."""
        features: Features = {"chosen": 0.6}
        item = FieldModel(label, "choice", (value,))
        words = (*self.job.words, *(word for slot in self.job.slots if slot.kind == "word" for word in slot.text.split(" ")))
        add(features, "label said", _share(item.words, self.job.every_stem))
        self._word_option(features, item, value, words, own=True)
        for slot in self.job.slots:
            if slot.kind == "word":
                self._recalled(features, slot.text, value)
        return features

    def _word_option(self, features: Features, item: FieldModel, option: str, words: tuple[str, ...], *, own: bool = False) -> None:
        marks = content(option)
        add(features, "option said", _share(marks, set(words)))
        tie(features, words, marks)
        for word in words if own else ():
            add(features, f"own:{word}>{item.label}={option}", 1.0 / len(words) ** 0.5)


def _with(state: Described, fill: Fill | None, part: Part) -> Described:
    act = Act(state.act.command, (*state.act.fills, fill)) if fill is not None else state.act
    return Described(act, (*state.parts, part[0]), state.score + part[1])


def _free(act: Act, label: str, index: int) -> bool:
    return all(fill.label != label and index not in fill.slots for fill in act.fills)


def _best(states: list[Described]) -> list[Described]:
    """The best few states for each set of values used, and of all these the best."""
    states = sorted(states, key=lambda state: -state.promise)
    counts: dict[frozenset[int], int] = {}
    kept = []
    for state in states:
        used = state.act.used
        counts[used] = counts.get(used, 0) + 1
        if counts[used] <= SAME_VALUES:
            kept.append(state)
        if len(kept) == BEAM:
            break
    return kept


def names(item: FieldModel) -> tuple[tuple[str, ...], ...]:
    """What a field may be called: its label, and for a name in two parts also what the whole is called elsewhere."""
    return (item.words, content(item.hint)) if item.kind == "pair" and item.hint else (item.words,)


def plain(option: str) -> str:
    """An option without a number before it, in small letters: what it is called wherever it stands."""
    return re.sub(r"^\W*\d+\W+", "", option).strip().lower()


def _people(item: FieldModel) -> bool:
    """Whether the options are names, which are data and may be others in another record or on another day."""
    options = [option for option in item.options if not blank(option)]
    return bool(options) and 2 * sum(shape(option) == "name" and len(option.split()) == 2 for option in options) > len(options)


def _option(item: FieldModel, text: str) -> str:
    """The option that is this text, letter case aside; empty when there is none."""
    return next((option for option in item.options if same(option, text)), "")


def merged(form: tuple[FieldModel, ...], theory: Theory) -> list[FieldModel]:
    """The fields of a form, with two neighbouring parts of a name (`First name`, `Last name`) seen as one."""
    fields: list[FieldModel] = []
    place = 0
    while place < len(form):
        item = form[place]
        after = form[place + 1] if place + 1 < len(form) else None
        if (
            after is not None
            and item.kind == after.kind == "text"
            and ": " not in item.label
            and len(item.words) == len(after.words) == 2
            and len(set(item.words) & set(after.words)) == 1
        ):
            label = f"{item.label}\n{after.label}"
            whole = theory.whole(item.label, after.label)
            if whole and label not in theory.values:
                theory.values[label] = list(theory.values[whole])
            fields.append(FieldModel(label, "pair", (), item.required or after.required, item.filled and after.filled, whole))
            place += 2
            continue
        fields.append(item)
        place += 1
    return fields
