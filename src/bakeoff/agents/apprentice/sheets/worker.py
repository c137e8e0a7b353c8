"""One job at the desk: reads everything, weighs ideas for each row that is wanted, tests them in the head, writes, looks again, hands in."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from bakeoff.agents.apprentice.policy import Decision
from bakeoff.agents.apprentice.sheets import blank
from bakeoff.agents.apprentice.sheets.belief import Belief
from bakeoff.agents.apprentice.sheets.candidates import Candidate, ideas_for
from bakeoff.agents.apprentice.sheets.counts import Counts
from bakeoff.agents.apprentice.sheets.figures import figures, ways
from bakeoff.agents.apprentice.sheets.formula import Node, Unknown, Unreadable, column_letters, quoted
from bakeoff.agents.apprentice.sheets.grid import Book, Row
from bakeoff.agents.apprentice.sheets.ideas import Idea, Operand
from bakeoff.agents.apprentice.sheets.labels import plain
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.phrases import BEGINS, Phrases, about, find
from bakeoff.agents.apprentice.sheets.recipes import Recipe, Recipes, describe, visible
from bakeoff.agents.apprentice.sheets.reckoner import Reckoner, enter
from bakeoff.agents.apprentice.sheets.repair import Fault, faults
from bakeoff.agents.apprentice.sheets.review import Planned, revised
from bakeoff.agents.apprentice.sheets.surroundings import Surroundings
from bakeoff.agents.apprentice.sheets.targets import Scope, Target, clause, named_cells, scopes
from bakeoff.agents.apprentice.sheets.timeline import parted, single
from bakeoff.agents.apprentice.sheets.trials import Trial, Trials, tempered
from bakeoff.core import Action, Observation

Steps = Generator[Action, Observation, None]
HEIGHT, WIDTH = 40, 20  # of the window that a reading shows
NOTHING = Decision(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(1, np.int32), 0)
FURTHEST = 12  # windows read down one sheet
TESTED = 10  # candidates of a row that are tested against check rows


@dataclass
class Choice:
    """What was decided for a row."""

    target: Target
    decision: Decision
    candidate: Candidate
    chance: float = 0.0
    options: tuple[Candidate, ...] = ()
    """All candidates, the best first."""
    trial: Trial | None = None

    @property
    def recipe(self) -> Recipe | None:
        return self.candidate.recipe


@dataclass
class Knowledge:
    """What a worker brings along and what is drawn for this episode."""

    belief: Belief
    recipes: Recipes
    phrases: Phrases
    counts: Counts
    trials: Trials
    house: str
    deviation: np.ndarray
    random: np.random.Generator
    doubt: float = 0.0
    checks: bool = True


class Worker:
    """Carries one job out. `book` is what it has seen; `choices` what it decided."""

    def __init__(self, knowledge: Knowledge, goal: str) -> None:
        self.knowledge, self.goal = knowledge, goal
        self.book = Book()
        self.choices: list[Choice] = []
        self.decisions: list[Decision] = []
        self.tried: list[Trial] = []
        self.seen: Observation | None = None
        self.suspect = False
        self.own = False
        self.mended = 0

    def run(self, observation: Observation) -> Steps:
        """Yields actions, is sent what came of each."""
        yield from self.acquaint(observation)
        papers = Papers(self.book.papers)
        if self.own:
            yield from self.build(papers)
            return
        if self.suspect:  # nothing is missing, so something is wrong: not a workbook to learn from before it is mended
            yield from self.mend(papers)
        else:
            self.study()
            yield from self.enter_figures(papers)
            yield from self.fill(papers)
        answer = self.answer()
        yield Action("finish", {"answer": answer} if answer else {})

    def look(self, observation: Observation) -> Steps:
        """Reads a workbook and learns from what is finished in it, without doing anything."""
        yield from self.acquaint(observation)
        if not self.own and not self.suspect:
            self.study()

    def acquaint(self, observation: Observation) -> Steps:
        """Reads everything, notes the conventions, and sees whether the workbook is empty (`own`), or complete and so to be suspected (`suspect`)."""
        self._see(observation)
        yield from self.survey()
        knowledge, papers = self.knowledge, Papers(self.book.papers)
        known = knowledge.phrases.brackets.get(knowledge.house, [])
        knowledge.phrases.brackets[knowledge.house] = sorted(self.book.orient(self.goal, frozenset(known)))
        knowledge.phrases.note_signs(self.book, knowledge.house)
        knowledge.phrases.note_scales(self.book, visible(self.book), knowledge.house)
        knowledge.phrases.note_looks(self.book, papers, knowledge.house)
        self.own = blank.is_blank(self.book)
        self.suspect = not self.own and not figures(self.book, papers, self.book.current) and not self.scopes(papers)

    def _see(self, observation: Observation) -> None:
        self.seen = observation
        self.book.absorb(observation)

    def do(self, tool: str, **arguments: object) -> Steps:
        self._see((yield Action(tool, arguments)))

    # --- looking ---------------------------------------------------------------------------------------------------------------------

    def survey(self) -> Steps:
        """Opens all papers and looks at all sheets, window by window."""
        for title in list(self.book.titles):
            if not self.book.papers.get(title):
                yield from self.do("open", document=title)
        for name in list(self.book.tabs):
            yield from self.read_sheet(name)

    def read_sheet(self, name: str) -> Steps:
        for window in range(FURTHEST):
            top = 1 + window * HEIGHT
            across = 0
            while True:
                left = 1 + across * WIDTH
                area = f"{quoted(name)}!{column_letters(left)}{top}:{column_letters(left + WIDTH - 1)}{top + HEIGHT - 1}"
                yield from self.do("read", range=area)
                sheet = self.book.sheets.get(name)
                if sheet is None or across > 3 or not any(column >= left + WIDTH - 4 for _, column in sheet.raw):
                    break
                across += 1
            if sheet is None or max((row for row, _ in sheet.raw), default=0) < top + HEIGHT - 4:
                return

    def study(self) -> None:
        """Learns from what stands in the workbook already: how rows are reckoned, and what the words about them mean."""
        knowledge, papers, finished = self.knowledge, Papers(self.book.papers), visible(self.book)
        knowledge.recipes.look_around(self.book, finished, knowledge.house)
        knowledge.phrases.learn_book(self.book, finished, papers, knowledge.house)

    def glance(self) -> None:
        """Takes from a workbook that is wrong somewhere how its rows may be reckoned: all but those that were suspected and left."""
        left = {choice.target.row for choice in self.choices if choice.trial is not None and choice.trial.against}
        finished = {row: ideas for row, ideas in visible(self.book).items() if row not in left}
        self.knowledge.recipes.look_around(self.book, finished, self.knowledge.house, proven=False)

    # --- filling ---------------------------------------------------------------------------------------------------------------------

    def enter_figures(self, papers: Papers) -> Steps:
        """Enters what papers say of rows, where a cell is empty or shows something else."""
        knowledge = self.knowledge
        signs = knowledge.phrases.signs.get(knowledge.house, {})
        sheets = set()
        for figure in figures(self.book, papers, self.book.current):
            options = [Candidate(None, tuple(way.texts.values()), features=way.features) for way in ways(self.book, figure, papers, signs)]
            target = Target(figure.row, tuple(figure.said), ())
            _, logits = self.weigh(options, target)
            self.choices.append(self.take(Choice(target, NOTHING, options[0]), options, int(np.argmax(logits))))
            yield from self.write(self.choices[-1])
            sheets.add(figure.row.sheet)
        for name in self.book.tabs if sheets else ():
            yield from self.read_sheet(name)

    def build(self, papers: Papers) -> Steps:
        """Lays out an empty sheet: a row for each line that the papers name, in their order; then fills it as any other and gives the names asked for."""
        knowledge = self.knowledge
        outlined = blank.outline(papers, knowledge.phrases, knowledge.house)
        plan = blank.layout(self.book, outlined)
        texts = {(plan.row(line), plan.left): line for line in outlined.lines}
        texts |= {(plan.top, plan.first + at): "'" + period for at, period in enumerate(outlined.periods)}
        yield from self.enter(plan.sheet, texts)
        percent = papers.percent()
        share = percent is None or percent < 1
        for area, number in plan.formats(knowledge.phrases.looks.get(knowledge.house, {}), share):
            yield from self.do("format", range=area, number=number)
        for name in self.book.tabs:
            yield from self.read_sheet(name)
        self.book.orient(self.goal)
        told = papers.without(blank.NAME)
        yield from self.enter_figures(told)
        yield from self.fill(told)
        for wish in outlined.wishes:
            area = plan.named(wish)
            if area:
                yield from self.do("name_range", name=wish.name, range=area)
        yield Action("finish", {})

    def scopes(self, papers: Papers) -> list[Scope]:
        """The ways of understanding which rows are to be filled."""
        knowledge = self.knowledge
        return scopes(self.book, papers, self.goal, lambda row: knowledge.recipes.reckoned(self.book, row, knowledge.house))

    def wanted(self, papers: Papers) -> list[Target]:
        """The rows to be filled, as far as is known."""
        found = self.scopes(papers)
        if not found:
            return []
        knowledge, place = self.knowledge, f"{self.knowledge.house}|rows|{clause(self.goal)}"
        encoded = knowledge.belief.encode([list(scope.features.items()) for scope in found])
        logits = knowledge.belief.logits(encoded, knowledge.deviation)
        logits = knowledge.trials.weigh(place, [scope.kind for scope in found], logits)
        chosen = int(np.argmax(logits))
        if len(found) > 1:
            self.decisions.append(knowledge.belief.remember(encoded, logits, chosen))
            self.tried.append(Trial(place, found[chosen].kind, float(tempered(logits)[chosen]), kind="rows"))
        wanted = list(found[chosen].targets)
        return [self.in_time(target, papers) for target in wanted] if self.own else wanted

    def in_time(self, target: Target, papers: Papers) -> Target:
        """Of a line that is not reckoned for the past, the periods to come."""
        open_ = tuple(column for column in target.gaps if column in parted(self.book, target.row.sheet)[1])
        late = self.knowledge.phrases.begins_late(papers, self.book.label(target.row), self.knowledge.house)
        return Target(target.row, open_, target.known, target.said) if late and open_ else target

    def fill(self, papers: Papers) -> Steps:
        """Fills the rows that are wanted."""
        wanted = self.wanted(papers)
        around = Surroundings(self.book, papers, self.goal, self.own)
        fillable = frozenset(target.row for target in wanted)
        filled: list[Choice] = []
        guesses: list[Target] = []  # come last, so that they make no circle with what is known
        for target in wanted:
            choice = self.choose(target, around, fillable)
            if choice is None or not choice.candidate.sure:
                guesses.append(target)
            else:
                yield from self.settle(choice, around, filled)
        for target in guesses:
            choice = self.choose(target, around, fillable)
            if choice is not None:
                yield from self.settle(choice, around, filled)
        self.choices += filled
        yield from self.revise(filled)
        if "?" in self.goal:
            for name in self.book.tabs:
                yield from self.read_sheet(name)

    def revise(self, filled: list[Choice]) -> Steps:
        """Reckons all that was decided in the head, and writes next-best ideas where that leaves less wrong."""
        if not self.knowledge.checks:
            return
        by_row = {choice.target.row: choice for choice in filled if choice.candidate.idea is not None}
        places = revised(self.book, [self.planned(choice) for choice in by_row.values()], self.nils())
        for row, place in places.items():
            choice = by_row[row]
            choice.candidate.features["check breaks"] = choice.options[place].features["check mends"] = 1.0
            self.take(choice, list(choice.options), place)
            yield from self.write(choice)

    def planned(self, choice: Choice) -> Planned:
        """A choice as it is reckoned in the head."""
        _, logits = self.weigh(list(choice.options), choice.target)
        chances = tuple(float(chance) for chance in tempered(logits))
        ideas = tuple(option.idea for option in choice.options if option.idea is not None)
        assert choice.candidate.idea is not None and len(ideas) == len(chances)
        start = self.beginning(choice.target, choice.candidate.idea)
        return Planned(choice.target.row, choice.target.gaps, ideas, chances, dict([start] if start else []))

    def nils(self) -> frozenset[Row]:
        """Rows that come to nothing in every period, by what is known of the house."""
        recipes, house = self.knowledge.recipes, self.knowledge.house
        rows = [Row(name, number) for name, sheet in self.book.sheets.items() for number in sheet.labels]
        return frozenset(row for row in rows if recipes.nil(self.book.label(row), house))

    def settle(self, choice: Choice, around: Surroundings, filled: list[Choice]) -> Steps:
        """Writes what was chosen for a row, and lets the other rows know."""
        filled.append(choice)
        if choice.candidate.idea is not None:
            around.chose(choice.target.row, choice.candidate.idea)
        yield from self.write(choice)

    def answer(self) -> str:
        """The figure that the instruction asks for: the row and the period that it names; empty where it asks for nothing."""
        if "?" not in self.goal:
            return ""
        best: tuple[int, float] | None = None
        for target in named_cells(self.book, self.goal):
            number = self.book.cell(target[1]).number
            if number is not None and (best is None or target[0] > best[0]):
                best = (target[0], number)
        return "" if best is None else f"{best[1]:.10g}"

    def mend(self, papers: Papers) -> Steps:
        """Remedies whatever is more likely a fault than not, the surest first and each row once; after each, looks anew at what is left."""
        knowledge = self.knowledge
        said = knowledge.counts.said(self.goal, papers.titled(self.goal))
        touched: list[Row] = []
        while True:
            found = faults(self.book, knowledge.recipes, knowledge.phrases, knowledge.house, self.goal, papers)
            ranked = self.ranked([fault for fault in found if fault.row not in touched], said - len(touched) if said else None)
            if not ranked or ranked[0].chance <= 0.5:
                break
            surest = ranked[0]
            self.choices.append(surest)
            touched.append(surest.target.row)
            yield from self.write(surest)
        left = {choice.target.row: choice for choice in reversed(ranked)}
        self.choices += left.values()
        self.mended = len(touched)
        for name in sorted({row.sheet for row in touched}):
            yield from self.read_sheet(name)  # what stands there now is what may be learned

    def ranked(self, found: list[Fault], said: int | None) -> list[Choice]:
        """What would be done about each suspicion, the surest fault first. `said`: how many more lines are wrong, where that is known."""
        if said is not None:
            lines = list(dict.fromkeys(fault.row for _, fault, _, _ in self.weighed(found)))
            for fault in found:
                within = lines.index(fault.row) < said
                fault.features["within number said" if within else "beyond number said"] = 1.0
        choices = []
        for gain, fault, encoded, logits in self.weighed(found):
            decision = self.knowledge.belief.remember(encoded, logits, int(gain > 0))
            chance = 1 / (1 + math.exp(-gain))
            remedy = self.remedy(fault)
            trial = Trial(self.place(fault.row) + "|fault", remedy.hypothesis, max(chance, 1 - chance), gain <= 0, "remedy")
            choices.append(Choice(Target(fault.row, fault.columns, ()), decision, remedy, chance, trial=trial))
        return choices

    def remedy(self, fault: Fault) -> Candidate:
        """A remedy as one of the ideas for its row."""
        return Candidate(fault.idea, recipe=describe(self.book, fault.idea, fault.row), features=fault.features)

    def weighed(self, found: list[Fault]) -> list[tuple[float, Fault, tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]]:
        """Suspicions with how much speaks for mending them, the surest first."""
        belief = self.knowledge.belief
        weighed = []
        for fault in found:
            encoded = belief.encode([[("leave", 1.0)], [("remedy", 1.0), *fault.features.items()]])
            logits = belief.logits(encoded, self.knowledge.deviation)
            logits = self.knowledge.trials.weigh(self.place(fault.row) + "|fault", ["", self.remedy(fault).hypothesis], logits)
            weighed.append((float(logits[1] - logits[0]), fault, encoded, logits))
        return sorted(weighed, key=lambda one: (-one[0], one[1].key))

    def choose(self, target: Target, around: Surroundings, fillable: frozenset[Row]) -> Choice | None:
        knowledge = self.knowledge
        candidates = ideas_for(target, around, knowledge.recipes, knowledge.phrases, knowledge.house, fillable)
        if not candidates:
            return None
        _, logits = self.weigh(candidates, target)
        tested = np.argsort(-logits, kind="stable")[:TESTED]
        if knowledge.checks and self.test(target, [candidates[at] for at in tested]):
            _, logits = self.weigh(candidates, target)
        moved = logits
        if knowledge.doubt > 0:
            moved = logits + knowledge.random.gumbel(size=len(logits)) * knowledge.doubt
        order = [int(at) for at in np.argsort(-moved, kind="stable")]
        return self.take(Choice(target, NOTHING, candidates[order[0]]), [candidates[at] for at in order], 0)

    def take(self, choice: Choice, options: list[Candidate], chosen: int) -> Choice:
        """Makes a choice of one of several candidates."""
        knowledge = self.knowledge
        encoded, logits = self.weigh(options, choice.target)
        choice.decision = knowledge.belief.remember(encoded, logits, chosen)
        choice.candidate, choice.options = options[chosen], tuple(options)
        choice.chance = float(tempered(logits)[chosen])
        kind = "figure" if options[chosen].idea is None else "formula" if options[chosen].sure else "guess"
        choice.trial = Trial(self.place(choice.target.row), options[chosen].hypothesis, choice.chance, kind=kind)
        return choice

    def place(self, row: Row) -> str:
        """What a row is remembered by: house, label and block."""
        return f"{self.knowledge.house}|{plain(self.book.label(row))}|{plain(self.book.sheets[row.sheet].headings.get(row.number, ''))}"

    def weigh(self, candidates: list[Candidate], target: Target) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
        """The candidates as the belief reads them, and one number for each, what came of them before included."""
        belief = self.knowledge.belief
        encoded = belief.encode([list(candidate.features.items()) or [("bare", 1.0)] for candidate in candidates])
        logits = belief.logits(encoded, self.knowledge.deviation)
        return encoded, self.knowledge.trials.weigh(self.place(target.row), [candidate.hypothesis for candidate in candidates], logits)

    def test(self, target: Target, candidates: list[Candidate]) -> bool:
        """Recalculates rows that are zero all along the known columns, for each candidate; says whether that told anything."""
        zeros = self.zero_rows(target)
        told = False
        for candidate in candidates if zeros else []:
            if candidate.idea is None:
                continue
            instead: dict[tuple[str, int, int], Node | float] = {}
            try:
                for column in target.gaps:
                    instead[target.row.sheet, target.row.number, column] = candidate.idea.tree(self.book, target.row, column)
                reckoner = Reckoner(self.book, instead)
                values = [(row, column, reckoner.value(row.sheet, row.number, column)) for row in zeros for column in target.gaps]
            except (Unknown, Unreadable, RecursionError):
                continue
            off = [value for _, _, value in values if not isinstance(value, float | int) or not math.isfinite(value) or abs(value) > 1e-6]
            candidate.features["check breaks" if off else "check mends"] = 1.0
            told = True
        return told

    def zero_rows(self, target: Target) -> list[Row]:
        """Rows reckoned from this one, whose known numbers are all zero."""
        found = []
        readers = self.book.readers()
        reached: set[tuple[str, int, int]] = set()
        frontier = [(target.row.sheet, target.row.number, column) for column in target.gaps]
        while frontier:
            for reader in readers.get(frontier.pop(), ()):
                if reader not in reached:
                    reached.add(reader)
                    frontier.append(reader)
        for name, number in sorted({(name, row) for name, row, _ in reached}):
            line = self.book.sheets[name].by_row.get(number, {})
            known = [cell.number for column, cell in line.items() if cell.number is not None and column not in target.gaps]
            nil = self.knowledge.recipes.nil(self.book.label(Row(name, number)), self.knowledge.house)
            if len(known) >= 2 and nil is not False and all(abs(value) < 1e-6 for value in known if value is not None):
                found.append(Row(name, number))
        return found

    def write(self, choice: Choice) -> Steps:
        """Writes a row, one call for each run of neighbouring gaps."""
        target = choice.target
        texts = dict(zip(target.gaps, choice.candidate.texts, strict=False)) if choice.candidate.idea is None else {}
        if choice.candidate.idea is not None:
            start = self.beginning(target, choice.candidate.idea)
            for column in target.gaps:
                try:
                    if start and column == start[0]:
                        if start[1] is not None:
                            texts[column] = start[1].formula(self.book, target.row, column)
                    else:
                        texts[column] = choice.candidate.idea.formula(self.book, target.row, column)
                except Unreadable:
                    continue
        sheet = self.book.sheets[target.row.sheet]
        spots = {sheet.true(target.row.number, column)[:2]: text for column, text in texts.items()}
        enter(self.book, target.row, texts)  # before the screen shows it, which knows better
        yield from self.enter(target.row.sheet, spots)

    def beginning(self, target: Target, idea: Idea) -> tuple[int, Idea | None] | None:
        """For a line that is to be filled from the first period on and looks back: the first column, and how it begins by the words about it, if they
        are known to say so; None for any other line."""
        sheet, knowledge = self.book.sheets[target.row.sheet], self.knowledge
        if not sheet.series or target.gaps[0] != sheet.series[0] or not any(operand.lag > 0 for operand in idea.operands):
            return None
        label = self.book.label(target.row)
        for reading in about(Papers(self.book.papers), label):
            for meaning, _ in knowledge.phrases.meanings(reading, BEGINS):
                for found, _ in knowledge.phrases.ideas(self.book, target.row, reading, meaning, knowledge.house)[:1]:
                    return sheet.series[0], found
            named = [find(self.book, name, target.row) for group in reading.groups[1:] for name in group]
            lone = [row for row in named if row is not None and single(self.book, row) and row not in {o.row for o in idea.operands}]
            if len(lone) == 1:  # the words name a single number that the formula does not need later: it may be where the line begins
                return sheet.series[0], Idea("{0}", (Operand(lone[0], fixed=single(self.book, lone[0])),))
        return sheet.series[0], None

    def enter(self, sheet: str, spots: dict[tuple[int, int], str]) -> Steps:
        """Types texts into true cells, neighbours in one call."""
        left = dict(sorted(spots.items()))
        while left:
            row, column = next(iter(left))
            down = (row + 1, column) in left and (row, column + 1) not in left
            run = []
            while (row, column) in left:
                run.append(left.pop((row, column)))
                row, column = (row + 1, column) if down else (row, column + 1)
            first = (row - len(run), column) if down else (row, column - len(run))
            at = f"{quoted(sheet)}!{column_letters(first[1])}{first[0]}"
            yield from self.do("write_block", cell=at, rows=[[text] for text in run] if down else [run])
