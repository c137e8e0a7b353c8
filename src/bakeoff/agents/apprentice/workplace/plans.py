"""Plans: joint hypotheses on what a job asks for in this product. Which commands in which order, with which values and options."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

from bakeoff.agents.apprentice.workplace.acts import Act, Actor, Described, Elsewhere, Features, Weigh, add, plain
from bakeoff.agents.apprentice.workplace.asking import Answer, Sources, answers, as_day, describe, wanted
from bakeoff.agents.apprentice.workplace.job import Job, content, series, similar
from bakeoff.agents.apprentice.workplace.meanings import Meanings, Trial
from bakeoff.agents.apprentice.workplace.page import blank
from bakeoff.agents.apprentice.workplace.theory import Theory

Lexicon = dict[tuple[str, str], str]  # label and phrase of the job → the option that it meant here
KEPT_PLANS = 60
PAIRS, TRIPLES = 40, 16  # of how many acts pairs and triples are made
SAME_ACT = 4


@dataclass
class Plan:
    """Acts in order, on a record (`target` is `record`) or from the list; `pick` tells twins apart: the one that `holds` or `lacks` a value.

    `key` says what the plan does with the job's own values left out: equal for the same way of doing another such job. `detail` adds which
    option each choice named in the job is taken to mean.
    """

    acts: tuple[Act, ...]
    target: str
    pick: str = ""
    key: str = ""
    detail: str = ""
    features: Features = field(default_factory=dict)
    score: float = 0.0
    parts: tuple[Features, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """A plan that was carried out: the job's words, what was done, whether it passed."""

    words: tuple[str, ...]
    key: str
    commands: tuple[str, ...]
    passed: bool
    signature: str = ""
    detail: str = ""
    meant: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()  # label, phrases of the job, options chosen for them


def lexicon(past: list[Past]) -> Lexicon:
    """What phrases meant, as far as jobs that passed settle it: of several at once, the one left over when the others are known."""
    known: Lexicon = {}
    for _ in range(3):
        for item in past:
            for label, phrases, options in item.meant if item.passed else ():
                open_phrases = [phrase for phrase in phrases if (label, phrase) not in known]
                used = {known[label, phrase] for phrase in phrases if (label, phrase) in known}
                left = [option for option in options if option not in used]
                if len(open_phrases) == len(left) == 1:
                    known[label, open_phrases[0]] = left[0]
    return known


def trials(past: list[Past]) -> list[Trial]:
    """What was tried of the meanings of phrases, each with how sure the rest of it was."""
    passed = {item.key for item in past if item.passed}
    known = lexicon(past)
    found = []
    for item in past:
        unsure = [m for m in item.meant if any(known.get((m[0], phrase)) not in m[2] for phrase in m[1])]
        for meant in item.meant:
            rest = (0.95 if item.key in passed else 0.4) * 0.5 ** sum(other is not meant for other in unsure)
            found.append(Trial(*meant, item.passed, rest))
    return found


def elsewhere(pasts: list[list[Past]]) -> Elsewhere:
    """What phrases meant in several products, by the words of the options."""
    found: Elsewhere = {}
    for past in pasts:
        for (_, phrase), option in lexicon(past).items():
            counts = found.setdefault(phrase, {})
            counts[plain(option)] = counts.get(plain(option), 0) + 1
    return found


def _copy(text: str) -> str:
    """A value as it is entered elsewhere: dates in one form, no sign for a value that is missing."""
    when = as_day(text)
    return "" if blank(text) else f"{when[0]:04d}-{when[1]:02d}-{when[2]:02d}" if when is not None else text


class Planner:
    """Finds the plans worth considering for one job."""

    def __init__(
        self,
        job: Job,
        theory: Theory,
        past: list[Past],
        weigh: Weigh,
        facts: dict[str, str] | None = None,
        others: list[list[Past]] | None = None,
        copied: tuple[dict[str, str], dict[str, str]] = ({}, {}),
    ) -> None:
        self.anew, self.after = ({content(label): _copy(text) for label, text in facts.items()} for facts in copied)
        self.job, self.theory, self.weigh = job, theory, weigh
        self.actor = Actor(job, theory, weigh, facts or {}, Meanings(trials(past)), elsewhere(others or []))
        self.signature = job.signature
        self.same = [item for item in past if item.signature == self.signature]
        self.learned: dict[str, float] = {}  # ways that passed in other products → for how like a job
        for item in (item for store in others or [] for item in store if item.passed):
            alike = 1.0 if item.signature == self.signature else 0.8 * similar(item.words, job.words, theory.words)
            self.learned[item.key] = max(alike, self.learned.get(item.key, 0.0))
        self.doable = self._doable()
        dull = theory.dull()
        said = tuple(word for word in job.words if word not in dull)
        self.past = [(item, similar(tuple(word for word in item.words if word not in dull), said, theory.words)) for item in past]
        self.failed: dict[str, float] = {}
        for item, alike in self.past:
            if not item.passed and alike > 0.35:
                self.failed[item.detail] = self.failed.get(item.detail, 0.0) + alike
        self._history: dict[tuple[str, ...], Features] = {}
        self.roles: dict[int, str] = {}
        self.everything: frozenset[int] = frozenset()
        self.places: tuple[str, ...] = ("",)
        self.titled: frozenset[int] = frozenset()

    def plans(
        self,
        keys: frozenset[int],
        *,
        found: bool,
        twins: bool,
        ruled_out: frozenset[str],
        places: tuple[str, ...] = ("",),
        sources: Sources | None = None,
    ) -> list[Plan]:
        """Plans in order of belief. `keys`: slots that name the record; `found`: whether there is such a record; `twins`: more than one;
        `places`: the lists that the records stand in; `sources`: what was read to answer a question."""
        everything = self.job.distinct(frozenset(range(len(self.job.slots))))
        self.everything = everything
        plans: list[Plan] = []
        if found:
            values = self.job.distinct(frozenset(range(len(self.job.slots))) - keys)
            self.roles = self._roles(values)
            self.actor.named = frozenset(self.job.slots[index].text.lower() for index in keys)
            self.actor.named_kinds = frozenset(self.job.slots[index].kind for index in keys)
            people = [self.job.slots[index].text.lower() for index in sorted(keys) if self.job.slots[index].kind == "name"]
            self.actor.named_person = people[0] if people else ""
            mark = {index for index in values if twins and self.job.slots[index].kind == "email"}
            self.places, self.titled, self.actor.copied = places, keys, self.after
            if self.theory.places:
                self.actor.said -= self.job.nouns(keys)
            commands = [c for place in places for c in self.theory.record_commands(place) if c.name not in ruled_out]
            plans += self._combine([act for c in commands for act in self.actor.acts(c, values - mark, twins)], values, twins)
            for command in self.theory.ticked_commands() if twins else ():
                if command.name not in ruled_out and command.form is not None:
                    plans += [
                        self._plan((act,), values, "several", pick, {})
                        for act in self.actor.acts(command, values - mark, twins)
                        for pick in ("holds", "lacks")
                    ]
            self.actor.named, self.actor.named_person = frozenset(), ""
            self.actor.forget()
        self.roles, self.actor.copied, self.actor.facts = self._roles(everything), self.anew, {}
        for command in self.theory.list_commands():
            if command.name not in ruled_out:
                extra = {"at list with record" if found else "at list without record": 1.0}
                plans += [self._plan((act,), everything, "list", "", extra) for act in self.actor.acts(command, everything, False)]
        plans += [self._asked(answer) for answer in answers(sources, self.job)] if sources is not None else []
        plans.sort(key=lambda plan: (-plan.score, plan.detail))
        kept: dict[str, Plan] = {}
        for plan in plans:
            if len(kept) < KEPT_PLANS:
                kept.setdefault(plan.detail, plan)
        for plan in kept.values():
            features: Features = {}
            for part in plan.parts:
                for name, value in part.items():
                    add(features, name, value)
            plan.features, plan.parts = features, ()
        return list(kept.values())

    def _doable(self) -> frozenset[str]:
        """Words of the job that this product has a command or an option for. A command counts when its first word is said: of `Withdraw notice`,
        `notice` alone asks for nothing."""
        commands = [c for c in self.theory.commands.values() if not c.leads and c.form is not None]
        words = {word for c in commands if c.words[:1] and c.words[0] in self.job.words for word in c.words}
        words |= {word for c in commands for f in c.form or () for option in f.options if len(option) < 30 for word in content(option)}
        return frozenset(set(self.job.words) & words)

    def _roles(self, values: frozenset[int]) -> dict[int, str]:
        """What each value is in the job, apart from itself: its kind and which of this kind."""
        roles, counts = {}, dict[str, int]()
        for index in sorted(values):
            kind = self.job.slots[index].kind
            counts[kind] = counts.get(kind, 0) + 1
            roles[index] = f"<{kind} {counts[kind]}>"
        return roles

    # --- joining acts ----------------------------------------------------------------------------------------------------------------

    def _combine(self, acts: list[Described], values: frozenset[int], twins: bool) -> list[Plan]:
        acts = sorted(acts, key=lambda item: (-item.promise, item.act.command))
        picks = ("holds", "lacks") if twins else ("",)
        plans = [self._plan((item,), values, "record", pick, {}) for item in acts for pick in picks]
        if twins:
            return plans
        best: dict[tuple[str, frozenset[int]], list[Described]] = {}
        for item in acts:
            kept = best.setdefault((item.act.command, item.act.used), [])
            if len(kept) < SAME_ACT:
                kept.append(item)
        pool = sorted((item for kept in best.values() for item in kept), key=lambda item: (-item.promise, item.act.command))
        for count, width in ((2, PAIRS), (3, TRIPLES)):
            for group in combinations(pool[:width], count):
                if len({item.act.command for item in group}) < count:
                    continue
                if sum(len(item.act.used) for item in group) > len(frozenset().union(*(item.act.used for item in group))):
                    continue
                plans.append(self._plan(tuple(sorted(group, key=lambda item: self._place(item.act))), values, "record", "", {}))
        return plans

    def _place(self, act: Act) -> float:
        """Where in the instruction an act is spoken of: the first of its values."""
        return min((self.job.slots[slot].start for slot in act.used), default=1e6)

    def _plan(self, group: tuple[Described, ...], values: frozenset[int], target: str, pick: str, extra: Features) -> Plan:
        acts = tuple(item.act for item in group)
        own: Features = dict(extra)
        if len(acts) > 1:
            add(own, "idle act", float(self._idle(acts)))
            add(own, "own:" + " + ".join(sorted(act.command for act in acts)))
        add(own, "step", len(acts) - 1.0)
        add(own, "copies", float(any(fill.kind == "copied" for act in acts for fill in act.fills)))
        used = frozenset().union(*(act.used for act in acts))
        add(own, "acts though asked", float(wanted(self.job)))
        if target == "list":
            codes = {index for index in used if series(self.job.slots[index].text)}
            here = any(self.theory.commands[act.command].place in self.places for act in acts)
            add(own, "made again", float(here and bool(codes & self.titled)))
            add(own, "new code", float(bool(codes - self.titled)))
        if pick:
            add(own, f"own:start from the one that {pick}")
            for word in {word for act in acts for fill in act.fills if fill.kind == "twin" for word in content(fill.label)}:
                add(own, f"{pick}~{word}")
            used |= {index for index in values if self.job.slots[index].kind == "email"}
        for fill in (fill for act in acts for fill in act.fills if fill.kind == "option"):  # `Ada Byron (user ada)`
            marks = set(content(fill.value))
            used |= {
                index
                for index in values
                if self.job.slots[index].kind == "name" and marks and marks <= set(content(self.job.slots[index].text))
            }
        unused = values - used
        worded = {index for index in unused if self.job.slots[index].kind == "word"}
        add(own, "value unused", float(len(unused) - len(worded)))
        add(own, "choice unused", float(len(worded)))
        if target == "record" and len(self.places) > 1:
            add(own, "record unused", float(len(set(self.places) - {self.theory.commands[act.command].place for act in acts})))
        if target != "list":
            add(own, "key found", float(len(self.everything - values)))
        done: set[str] = set()
        spoken: list[str] = []
        for act in acts:
            command = self.theory.commands[act.command]
            done.update(command.words)
            for fill in act.fills:
                done.update(content(fill.label))
                for slot in fill.slots:
                    done.update((*self.job.slots[slot].before, *self.job.slots[slot].after))
                if fill.kind in ("option", "way"):
                    said = [word for word in content(fill.value) if word in self.actor.said]
                    spoken += said
                    done.update(said)
            add(own, "nothing filled", float(bool(command.form) and not act.fills))
            add(own, "plain job, plain command", float(not values and len(acts) == 1 and command.form == ()))
        left = sum(word not in done for word in self.job.words) - len(acts)
        left -= 2 * sum(fill.kind == "option" and not set(content(fill.value)) & self.actor.said for act in acts for fill in act.fills)
        add(own, "words left", float(max(left, 0)))
        add(own, "word twice", float(len(spoken) - len(set(spoken))))
        add(own, "said, not done", float(len(self.doable - done)))
        key = f"{target}{pick}:" + ";".join(self._told(act, False) for act in acts)
        detail = f"{target}{pick}:" + ";".join(self._told(act, True) for act in acts)
        add(own, "failed for this", min(self.failed.get(detail, 0.0), 3.0))
        add(own, "worked elsewhere", self.learned.get(key, 0.0))
        add(own, "worked for same", float(any(item.passed and item.key == key for item in self.same)))
        history = self._recalled(tuple(sorted(act.command for act in acts)))
        score = sum(item.score for item in group)
        score += sum(self.weigh(name) * value for part in (own, history) for name, value in part.items())
        parts = (*(part for item in group for part in item.parts), own, history)
        return Plan(acts, target, pick, key, detail, score=score, parts=parts)

    def _asked(self, answer: Answer) -> Plan:
        """A plan that changes nothing and says this."""
        own = describe(answer, self.job, self.actor.evidence)
        link = f"{answer.link} > " if answer.link else ""
        only = f" where {answer.only[0]} is {answer.only[1]}" if answer.only[0] else ""
        key = f"ask:{answer.way} of {link}{answer.label}{only}"
        add(own, "failed for this", min(self.failed.get(key, 0.0), 3.0))
        add(own, "worked elsewhere", self.learned.get(key, 0.0))
        add(own, "worked for same", float(any(item.passed and item.key == key for item in self.same)))
        score = sum(self.weigh(name) * value for name, value in own.items())
        return Plan((), "ask", "", key, key, score=score, parts=(own,), answer=answer.text)

    def _idle(self, acts: tuple[Act, ...]) -> int:
        """How many of these acts nothing that the job says speaks for, beyond what speaks for the others."""
        spoken = []
        for act in acts:
            words = {*self.theory.commands[act.command].words[:1]}
            words |= {word for fill in act.fills for word in content(fill.value)}
            spoken.append((bool(act.used), words & self.actor.said))
        covered: set[str] = set()
        idle = 0
        for used, words in sorted(spoken, key=lambda item: (not item[0], -len(item[1]))):
            idle += not used and not words - covered
            covered |= words
        return idle

    def _told(self, act: Act, detail: bool) -> str:
        fills = []
        for fill in sorted(act.fills, key=lambda item: item.label):
            if fill.kind == "meant" and detail:
                fills.append(f"{fill.label}={self.job.slots[fill.slots[0]].text} as {fill.value}")
                continue
            value = fill.value if fill.kind in ("option", "set", "way") else " ".join(self.roles.get(slot, "") for slot in fill.slots)
            fills.append(f"{fill.label}={value}")
        return f"{act.command}({'|'.join(fills)})"

    def _recalled(self, commands: tuple[str, ...]) -> Features:
        """What earlier jobs here say of these commands."""
        known = self._history.get(commands)
        if known is not None:
            return known
        features = self._history[commands] = {}
        worked = max((alike for past, alike in self.past if past.passed and past.commands == commands), default=0.0)
        special = {name for name in commands if len(self.theory.commands[name].form or ()) < 5}
        shared = [alike for past, alike in self.past if past.passed and set(past.commands) & special]
        add(features, "worked for this", worked if worked > 0.3 else 0.0)
        add(features, "worked for other", float(bool(shared) and max(shared) <= 0.3))
        return features
