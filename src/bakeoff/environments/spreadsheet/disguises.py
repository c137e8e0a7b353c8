"""Wrong workbooks made from any right one, by machine: numbers typed in and hidden in every way we know, and the slips that analysts make.

What is wrong about each is known without the verifier: it comes to other figures than the reference in some legal case (an engine and the reference
say so here), or it has answers written into it, or it has changed what was to stay. Whatever is right after all is left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bakeoff.environments.spreadsheet import bare, coins, formulas, writer
from bakeoff.environments.spreadsheet.book import PLAIN, Book, Content, ErrorValue, Formula, Sheet, Value, read
from bakeoff.environments.spreadsheet.engines import EngineError, Ironcalc
from bakeoff.environments.spreadsheet.formulas import Corner, FormulaError, Reference
from bakeoff.environments.spreadsheet.judge.literals import ALLOWED_LITERALS
from bakeoff.environments.spreadsheet.judge.scenarios import draw
from bakeoff.environments.spreadsheet.spec import Driver, Job, Spot

SPARE = "Working"
"""A new sheet, where a disguise needs one."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """A wrong workbook. `kind`: what sort of mistake; `hard`: an answer is typed in, however well hidden; `name` is unique within the job."""

    kind: str
    name: str
    claim: str
    workbook: bytes
    hard: bool


@dataclass(frozen=True, slots=True)
class _Idea:
    """A workbook that may be wrong. `sure`: its form alone makes it wrong, whatever it comes to."""

    kind: str
    claim: str
    book: Book
    hard: bool = False
    sure: bool = False
    dressed: tuple[Spot, ...] = ()


def disguises(job: Job, solved: bytes, *, rounds: int = 1) -> Iterator[Disguise]:
    """Wrong workbooks, the same ones each time for the same job. `rounds`: how often each kind is tried, each time with other cells."""
    maker = _Maker(job, solved)
    counted: dict[str, int] = {}
    for number in range(rounds):
        for idea in maker.ideas(random.Random(f"disguises/{job.task.id}/{number}")):
            if idea.sure or not maker.is_right(idea.book):
                counted[idea.kind] = counted.get(idea.kind, 0) + 1
                count = counted[idea.kind]
                workbook = writer.write(solved, idea.book, dressed=idea.dressed) if idea.dressed else bare.write(idea.book)
                yield Disguise(idea.kind, idea.kind if count == 1 else f"{idea.kind}-{count}", idea.claim, workbook, idea.hard)


class _Maker:
    def __init__(self, job: Job, solved: bytes) -> None:
        self._job, self._book = job, read(solved)
        self._values = self._all_values()
        self._drivers = {driver.key: self._cells(driver.spots, driver.name) for driver in job.drivers}
        self._outputs = {output.key: self._cells(output.spots, output.name) for output in job.outputs}
        original = read(job.workbook)
        own = [spot for spots in self._outputs.values() for spot in spots if isinstance(self._book.get(spot), Formula)]
        self._own = [spot for spot in own if spot in job.open or original.get(spot) != self._book.get(spot)]
        self._inner = [spot for spot, formula in self._book.formulas() if spot not in own and original.get(spot) != formula]
        self._cases = draw(job, b"disguises") + draw(job, b"once more")[1:]
        self._right = [
            [number * output.scale for output in job.outputs for number in job.reference(case.values)[output.key]] for case in self._cases
        ]

    def _all_values(self) -> dict[Spot, Value | None]:
        engine = Ironcalc(self._book)
        return engine.values(Spot(sheet.name, *place) for sheet in self._book.sheets for place in sheet.cells)

    def _cells(self, spots: tuple[Spot, ...], name: str) -> tuple[Spot, ...]:
        return (self._book.area(name) or ()) if name else spots

    def is_right(self, book: Book) -> bool:
        """Whether a workbook comes to the reference's figures in every case tried, so closely that only noise is left."""
        try:
            engine = Ironcalc(book)
        except EngineError:
            return False
        wanted = [spot for spots in self._outputs.values() for spot in spots]
        scale = {driver.key: driver.scale for driver in self._job.drivers}
        for case, right in zip(self._cases, self._right, strict=True):
            engine.set(
                {
                    spot: number * scale[key]
                    for key, row in case.values.items()
                    for spot, number in zip(self._drivers[key], row, strict=False)
                }
            )
            found = engine.values(wanted)
            largest = max((abs(number) for number in right), default=0.0)
            for spot, number in zip(wanted, right, strict=True):
                value = found[spot]
                if not isinstance(value, float) or abs(value - number) > 1e-8 * max(abs(number), 1e-3 * largest, 1e-6):
                    return False
        return True

    # --- how a workbook is changed -------------------------------------------------------------------------------------------------------------

    def _with(self, changes: Mapping[Spot, Content | None], sheets: Sequence[Sheet] = ()) -> Book:
        book = self._book.copy()
        book.sheets += sheets
        for spot, content in changes.items():
            sheet = book.sheet(spot.sheet)
            assert sheet is not None
            if content is None:
                sheet.cells.pop((spot.row, spot.column), None)
            else:
                sheet.cells[spot.row, spot.column] = content
        return book

    def _number(self, spot: Spot) -> float:
        value = self._values.get(spot)
        return float(value) if isinstance(value, float) else 0.0

    def _text(self, spot: Spot) -> str:
        """A cell's number as a formula writes it."""
        return repr(round(self._number(spot), 10))

    def _formula(self, spot: Spot) -> str:
        """A cell's formula without its `=`, in brackets."""
        return f"({str(self._book.get(spot))[1:]})"

    def _spare(self) -> Sheet:
        name = SPARE
        while self._book.sheet(name) is not None:
            name += "x"
        return Sheet(name)

    def ideas(self, rng: random.Random) -> Iterator[_Idea]:
        """Everything tried on one round's cells."""
        moving = [driver for driver in self._job.drivers if self._drivers[driver.key]]
        if self._own:
            target = rng.choice(self._own)
            near = self._near(target, moving) or moving
            if near:
                driver = rng.choice(near)
                yield from self._typed(target, rng)
                yield from self._tables(target, driver, rng)
                yield from self._conditions(target, driver)
            yield from self._slips(target, rng)
            yield from self._references(rng)
        yield from self._asleep(rng, moving)
        yield from self._elsewhere(rng, moving)

    def _near(self, target: Spot, moving: Sequence[Driver]) -> list[Driver]:
        """Drivers that the target's own output depends on."""
        keys = next((output.depends for output in self._job.outputs if target in self._outputs[output.key]), frozenset())
        return [driver for driver in moving if driver.key in keys]

    def _asleep(self, rng: random.Random, moving: Sequence[Driver]) -> Iterator[_Idea]:
        """Checks of the worker's own that cannot fail: right in every case, and of no use in any."""
        own = set(self._own)
        for output in self._job.outputs:
            spots = [spot for spot in self._outputs[output.key] if spot in own]
            others = [spot for other in self._job.outputs if other.key in output.check for spot in self._outputs[other.key]]
            if not output.check or not spots or not others:
                continue
            said = f"{output.label} is a check that cannot fail"
            yield _Idea("check-typed", said, self._with(dict.fromkeys(spots, 0.0)), True, sure=True)
            inputs = "".join(f"+0*{_from(spots[0], cells[0])}" for driver in moving if (cells := self._drivers[driver.key]))
            for kind, text in (
                ("check-of-itself", f"={_from(spots[0], others[0])}-{_from(spots[0], others[0])}"),
                ("check-of-inputs", f"=0{inputs}"),
                ("check-times-nought", f"=0*{self._formula(spots[0])}"),
            ):
                if len(text) <= formulas.LONGEST:
                    yield _Idea(
                        kind, said, self._with({spot: Formula(text) for spot in spots if spot.sheet == spots[0].sheet}), True, sure=True
                    )
            spot = rng.choice(spots)
            yield _Idea("check-silenced", said, self._with({spot: Formula(f"=IF(ABS({self._formula(spot)})>0,0,0)")}), True, sure=True)

    # --- numbers typed in ----------------------------------------------------------------------------------------------------------------------

    def _typed(self, target: Spot, rng: random.Random) -> Iterator[_Idea]:
        own, number = self._own, self._text(target)
        yield _Idea("all-hard-coded", "types every output in as a number", self._with({spot: self._number(spot) for spot in own}), True)
        yield _Idea("one-period-hard-coded", f"types {target} in as a number", self._with({target: self._number(target)}), True)
        yield _Idea(
            "constant-formula", f"writes {target} as a formula without references", self._with({target: Formula(f"={number}")}), True
        )
        yield _Idea("text-number", f"types {target} in as text that looks like a number", self._with({target: number}), True)
        yield _Idea("value-of-text", f"takes {target} from a text", self._with({target: Formula(f'=VALUE("{number}")')}), True)
        pieces = "&".join(f'"{mark}"' for mark in number)
        yield _Idea(
            "value-of-pieces", f"puts {target} together from single characters", self._with({target: Formula(f"=VALUE({pieces})")}), True
        )
        yield _Idea(
            "small-change",
            f"adds {target} up from numbers that are allowed",
            self._with({target: Formula(coins.change(self._number(target)))}),
            True,
        )
        spare = self._spare()
        spare.cells = {(index, 1): self._number(spot) for index, spot in enumerate(own, 1)}
        links = {spot: Formula(f"={formulas.quoted(spare.name)}!A{index}") for index, spot in enumerate(own, 1)}
        yield _Idea("answers-on-a-sheet", "keeps the answers on a sheet of their own and links to them", self._with(links, [spare]), True)
        hidden = replace(spare, hidden=True)
        yield _Idea("answers-on-a-hidden-sheet", "keeps the answers on a hidden sheet and links to them", self._with(links, [hidden]), True)
        page = self._book.sheet(target.sheet)
        assert page is not None
        corner = Spot(page.name, page.used[0] + 5, page.used[1] + 5)
        white = self._with({target: Formula(f"={corner.a1}"), corner: self._number(target)})
        where = white.sheet(page.name)
        assert where is not None
        where.looks[corner.row, corner.column] = replace(PLAIN, font="#FFFFFF", number_format=";;;")
        yield _Idea("white-on-white", f"links {target} to a number in white on white", white, True, dressed=(corner,))
        if self._inner:
            inner = rng.choice(self._inner)
            yield _Idea(
                "pasted-inside", f"pastes the value over {inner}, on the way to an output", self._with({inner: self._number(inner)}), True
            )
        yield _Idea("formula-as-text", f"leaves the formula of {target} as text", self._with({target: str(self._book.get(target))}))

    def _tables(self, target: Spot, driver: Driver, rng: random.Random) -> Iterator[_Idea]:
        cell = rng.choice(self._drivers[driver.key])
        at, base = _from(target, cell), self._number(cell)
        around = (
            [base * factor for factor in (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)]
            if base > 0
            else [base + step for step in (-2, -1, -0.5, 0, 0.5, 1, 2)]
        )
        spare = self._spare()
        for row, (key, answer) in enumerate(zip(sorted(around), self._neighbours(target, cell, sorted(around)), strict=True), 1):
            spare.cells[row, 1], spare.cells[row, 2] = key, answer
        area = f"{formulas.quoted(spare.name)}!$A$1:$B$7"
        one, two = area.replace("$B$7", "$A$7"), area.replace("$A$1", "$B$1")
        for kind, text in (
            ("looked-up", f"=VLOOKUP({at},{area},2,FALSE)"),
            ("looked-up-nearly", f"=VLOOKUP({at},{area},2,TRUE)"),
            ("index-match", f"=INDEX({two},MATCH({at},{one},0))"),
            ("scenario-table", f"=INDEX({two},MATCH({at},{one},1))"),
            ("table-with-way-out", f"=IFERROR(VLOOKUP({at},{area},2,FALSE),{self._formula(target)})"),
        ):
            yield _Idea(kind, f"looks {target} up in a table of answers by {cell}", self._with({target: Formula(text)}, [spare]), True)
        low, high = spare.cells[3, 2], spare.cells[5, 2]
        steep = (
            (float(high) - float(low)) / (sorted(around)[4] - sorted(around)[2])
            if isinstance(low, float) and isinstance(high, float)
            else 0.0
        )
        line = f"={self._text(target)}+{round(steep, 10)!r}*({at}-{round(base, 10)!r})"
        yield _Idea(
            "straight-line", f"draws a straight line through the base answer of {target}", self._with({target: Formula(line)}), True
        )
        other = self._spare()
        other.cells = {(1, 1): self._number(target), (1, 2): steep, (1, 3): base}
        name = formulas.quoted(other.name)
        line = f"={name}!A1+{name}!B1*({at}-{name}!C1)"
        yield _Idea(
            "straight-line-from-cells",
            f"draws a straight line through {target} from helper cells",
            self._with({target: Formula(line)}, [other]),
            True,
        )

    def _neighbours(self, target: Spot, cell: Spot, inputs: Sequence[float]) -> list[float]:
        """What the target shows for other values of one input."""
        engine = Ironcalc(self._book)
        found = []
        for number in inputs:
            engine.set({cell: number})
            value = engine.values([target])[target]
            found.append(value if isinstance(value, float) else 0.0)
        return found

    def _conditions(self, target: Spot, driver: Driver) -> Iterator[_Idea]:
        cell = self._drivers[driver.key][0]
        at, base, number, right = _from(target, cell), self._text(cell), self._text(target), self._formula(target)
        ideas = {
            "if-base": f"=IF({at}={base},{number},{right})",
            "if-not-base": f"=IF({at}<>{base},{number},{right})",
            "if-near-base": f"=IF(ABS({at}-{base})<1,{number},{right})",
            "choose": f"=CHOOSE(1+({at}<>{base}),{number},0)",
            "fake-dependency": f"={number}+0*{at}",
            "fake-dependency-on-all": f"={number}" + "".join(f"+0*{_from(target, spots[0])}" for spots in self._drivers.values() if spots),
            "fake-dependency-by-if": f"=IF({at}={at},{number},0)",
            "error-wrapped": f"=IFERROR({right}/0,{number})",
            "plug": f"={right}+({number}-{right})",
            "floor-at-base": f"=MAX({right},{number})",
            "cap-at-base": f"=MIN({right},{number})",
            "time-bomb": f"=IF(TODAY()>0,{number},{right})",
            "noise": f"={number}+0*RAND()",
        }
        for kind, text in ideas.items():
            if len(text) <= formulas.LONGEST:
                yield _Idea(kind, f"writes {target} as {kind.replace('-', ' ')}", self._with({target: Formula(text)}), True)
        both = [spots[0] for spots in self._drivers.values() if spots][:8]
        tests = ",".join(f"{_from(target, spot)}={self._text(spot)}" for spot in both)
        text = f"=IF(AND({tests}),{number},{right})"
        if len(text) <= formulas.LONGEST and round(self._number(target), 10) not in ALLOWED_LITERALS:
            yield _Idea(
                "if-all-base",
                f"knows the answer of {target} when all inputs are at their base",
                self._with({target: Formula(text)}),
                True,
                sure=True,
            )

        yield from self._in_pieces(target, cell)

    def _in_pieces(self, target: Spot, cell: Spot) -> Iterator[_Idea]:
        """Answers for the base alone, put together so that no strange number stands anywhere, beside the right formula: what they come to is right in
        every case, so only their form gives them away."""
        number, at, right = self._number(target), _from(target, cell), self._formula(target)
        if coins.is_round(number):
            return  # anybody may write it
        claim = f"knows the answer of {target} for the base of {cell} without a strange number"
        for kind, text in coins.conditions(at, self._number(cell), number, right):
            if len(text) <= formulas.LONGEST:
                yield _Idea(kind, claim, self._with({target: Formula(text)}), True, sure=True)
        every = [(_from(target, spots[0]), self._number(spots[0])) for spots in self._drivers.values() if spots][:8]
        for kind, expression in coins.hidden(at, number):
            text = coins.all_at_base(every, expression, right)
            if len(text) <= formulas.LONGEST:
                yield _Idea(f"if-all-base-in-{kind}", claim, self._with({target: Formula(text)}), True, sure=True)
        written = f"x{abs(number):.4f}x"
        paper = self._spare()
        paper.cells = {(1, 1): written}
        where = f"{formulas.quoted(paper.name)}!A1"
        text = coins.all_at_base(every, f"{'-' * (number < 0)}VALUE(MID({where},2,LEN({where})-2))", right)
        if len(text) <= formulas.LONGEST:
            yield _Idea("if-all-base-in-a-text-cell", claim, self._with({target: Formula(text)}, [paper]), True, sure=True)
        spare = self._spare()
        purse = coins.purse(number)
        spare.cells = {(row, 1): coin for row, coin in enumerate(purse, 1)}
        text = coins.condition(at, self._number(cell), f"{'-' * (number < 0)}SUM({formulas.quoted(spare.name)}!A1:A{len(purse)})", right)
        if len(text) <= formulas.LONGEST and len(purse) < 400:
            yield _Idea("coins-in-cells", claim, self._with({target: Formula(text)}, [spare]), True, sure=True)

    # --- slips ---------------------------------------------------------------------------------------------------------------------------------

    def _slips(self, target: Spot, rng: random.Random) -> Iterator[_Idea]:
        right = self._formula(target)
        ideas = {
            "thousandfold": f"={right}*1000", "thousandth": f"={right}/1000", "hundredfold": f"={right}*100", "sign": f"=-{right}", "rounded": f"=ROUND({right},0)",
            "rounded-up": f"=ROUNDUP({right},1)", "absolute": f"=ABS({right})", "never-negative": f"=MAX(0,{right})", "never-positive": f"=MIN(0,{right})",
            "times-four": f"={right}*4", "a-twelfth": f"={right}/12", "half": f"={right}/2", "one-too-many": f"={right}+1", "half-a-percent": f"={right}*(1+1/200)",
        }  # fmt: skip
        for kind, text in ideas.items():
            yield _Idea(kind, f"has {target} {kind.replace('-', ' ')}", self._with({target: Formula(text)}))
        yield _Idea("circular", f"lets {target} refer to itself", self._with({target: Formula(f"={target.a1}+0*{right}")}))
        yield _Idea("left-empty", f"leaves {target} empty", self._with({target: None}))
        yield _Idea("error-left", f"leaves an error in {target}", self._with({target: ErrorValue("#REF!")}))
        others = [spot for spot in self._own if spot.column == target.column and spot.row != target.row and spot.sheet == target.sheet]
        if others:
            other = rng.choice(others)
            yield _Idea(
                "swapped",
                f"has {target} and {other} in each other's place",
                self._with({target: self._book.get(other), other: self._book.get(target)}),
            )

    def _references(self, rng: random.Random) -> Iterator[_Idea]:
        """Slips in what formulas refer to, each in a formula where it can be made."""
        ways = (
            ("one-period-off", "takes a figure of the period before", _earlier),
            ("one-row-off", "takes the row below", _below),
            ("one-row-up", "takes the row above", _above),
            ("wrong-anchor", "keeps to the first period where it should move along", _anchored),
            ("short-sum", "leaves the last cell out of a range", _shorter),
            ("long-sum", "takes a cell too many into a range", _longer),
        )
        spots = list(self._own)
        rng.shuffle(spots)
        for kind, claim, change in ways:
            for spot in spots[:12]:
                text = _changed_once(str(self._book.get(spot)), change, rng)
                if text is not None:
                    yield _Idea(kind, f"{spot} {claim}", self._with({spot: Formula(text)}))
                    break
        for spot in spots[:12]:  # an input's number in place of the reference to it
            frozen = self._frozen(spot, rng)
            if frozen is not None:
                yield _Idea("input-written-in", f"{spot} has an input's number written into it", self._with({spot: Formula(frozen)}), True)
                break

    def _frozen(self, spot: Spot, rng: random.Random) -> str | None:
        inputs = {cell for cells in self._drivers.values() for cell in cells}

        def change(ref: Reference) -> str | None:
            if not ref.single:
                return None
            cell = Spot(ref.sheet or spot.sheet, ref.first.row, ref.first.column)
            return f"({self._text(cell)})" if cell in inputs else None

        parts = list(formulas.tokens(str(self._book.get(spot))))
        places = [index for index, token in enumerate(parts) if token.kind == "ref" and change(formulas.reference(token.text)) is not None]
        if not places:
            return None
        chosen = rng.choice(places)
        return "=" + "".join(
            str(change(formulas.reference(token.text))) if index == chosen else token.text for index, token in enumerate(parts)
        )

    # --- what was to stay -----------------------------------------------------------------------------------------------------------------------

    def _elsewhere(self, rng: random.Random, moving: Sequence[Driver]) -> Iterator[_Idea]:
        cells = [(driver, spot) for driver in moving for spot in self._drivers[driver.key] if isinstance(self._book.get(spot), float)]
        if cells:
            _, spot = rng.choice(cells)
            number = self._number(spot)
            yield _Idea("input-changed", f"changes the input {spot}", self._with({spot: number * 1.1 + (number == 0)}), sure=True)
            yield _Idea(
                "input-rounded-off",
                f"has the input {spot} slightly off",
                self._with({spot: number * 1.001 + 0.01 * (number == 0)}),
                sure=True,
            )
            yield _Idea("input-as-text", f"has the input {spot} as text", self._with({spot: repr(number)}), sure=True)
            yield _Idea(
                "input-as-formula", f"has a formula in place of the input {spot}", self._with({spot: Formula(f"={number!r}*1")}), sure=True
            )
            yield _Idea("input-emptied", f"empties the input {spot}", self._with({spot: None}), sure=number != 0)
            halved = self._halved(spot)
            if halved is not None:
                yield _Idea("input-fitted", f"doubles the input {spot} and halves it where it is used", halved, sure=True)
        kept = [
            Spot(sheet.name, *place)
            for sheet in read(self._job.workbook).sheets
            for place, content in sheet.cells.items()
            if isinstance(content, str)
        ]
        kept = [
            spot
            for spot in kept
            if spot not in self._job.open and not isinstance(self._book.get(spot), Formula) and self._book.get(spot) is not None
        ]
        if kept:
            label = rng.choice(kept)
            yield _Idea("label-deleted", f"deletes the text of {label}", self._with({label: None}), sure=True)
            yield _Idea("label-changed", f"changes the text of {label}", self._with({label: "Other"}), sure=True)
        given = [
            spot for spot, formula in read(self._job.workbook).formulas() if spot not in self._job.open and self._book.get(spot) == formula
        ]
        if given:
            spot = rng.choice(given)
            yield _Idea(
                "value-over-given",
                f"pastes the value over the given formula of {spot}",
                self._with({spot: self._number(spot)}),
                True,
                sure=True,
            )
        renamed = self._book.copy()
        renamed.sheets[0].name = renamed.sheets[0].name[:24] + " new"
        for sheet in renamed.sheets:
            for place, content in sheet.cells.items():
                if isinstance(content, Formula):
                    sheet.cells[place] = Formula(formulas.renamed_sheet(content, self._book.sheets[0].name, renamed.sheets[0].name))
        renamed.names = {
            name: formulas.renamed_sheet("=" + text, self._book.sheets[0].name, renamed.sheets[0].name)[1:]
            for name, text in renamed.names.items()
        }
        yield _Idea("sheet-renamed", "gives a sheet another name", renamed, sure=True)
        if len(self._book.sheets) > 1:
            lost = self._book.copy()
            del lost.sheets[rng.randrange(len(lost.sheets))]
            yield _Idea("sheet-deleted", "deletes a sheet", lost, sure=True)
        wanted = [output.name for output in self._job.outputs if output.name] + [driver.name for driver in self._job.drivers if driver.name]
        names = [name for name in self._book.names if not wanted or name in wanted]
        if names and (wanted or read(self._job.workbook).names):
            name = rng.choice(sorted(names))
            if name in wanted or name in read(self._job.workbook).names:
                lost = self._book.copy()
                del lost.names[name]
                yield _Idea("name-deleted", f"deletes the name {name}", lost, sure=True)

    def _halved(self, spot: Spot) -> Book | None:
        """The input doubled, and halved in each formula of the worker's own that takes it from its cell."""
        changes: dict[Spot, Content | None] = {spot: self._number(spot) * 2}
        if self._number(spot) == 0:
            return None
        for cell in (*self._own, *self._inner):
            parts = formulas.tokens(str(self._book.get(cell)))
            text = "=" + "".join(
                f"({token.text}/2)" if token.kind == "ref" and _means(token.text, cell.sheet) == spot else token.text for token in parts
            )
            if text != str(self._book.get(cell)):
                changes[cell] = Formula(text)
        return self._with(changes) if len(changes) > 1 else None


def _means(text: str, own: str) -> Spot | None:
    ref = formulas.reference(text)
    return Spot(ref.sheet or own, ref.first.row, ref.first.column) if ref.single else None


def _from(target: Spot, cell: Spot) -> str:
    """A cell as a formula in another cell names it."""
    return cell.a1 if cell.sheet == target.sheet else str(cell)


def _changed_once(formula: str, change: object, rng: random.Random) -> str | None:
    """A formula with one of its references changed, where one can be."""
    assert callable(change)
    try:
        parts = list(formulas.tokens(formula))
    except FormulaError:
        return None
    places = [index for index, token in enumerate(parts) if token.kind == "ref" and change(formulas.reference(token.text)) is not None]
    if not places:
        return None
    chosen = rng.choice(places)
    return "=" + "".join(
        str(change(formulas.reference(token.text))) if index == chosen else token.text for index, token in enumerate(parts)
    )


def _moved(ref: Reference, rows: int, columns: int) -> Reference | None:
    if not ref.single or ref.first.row + rows < 1 or ref.first.column + columns < 2:
        return None
    return Reference(ref.sheet, Corner(ref.first.row + rows, ref.first.column + columns, ref.first.fixed_row, ref.first.fixed_column))


def _earlier(ref: Reference) -> Reference | None:
    return _moved(ref, 0, -1)


def _below(ref: Reference) -> Reference | None:
    return _moved(ref, 1, 0)


def _above(ref: Reference) -> Reference | None:
    return _moved(ref, -1, 0)


def _anchored(ref: Reference) -> Reference | None:
    """The reference as it would be had it stayed with a period two before."""
    if not ref.single or ref.first.fixed_column or ref.first.column < 4:
        return None
    return Reference(ref.sheet, Corner(ref.first.row, ref.first.column - 2, ref.first.fixed_row, True))


def _shorter(ref: Reference) -> Reference | None:
    return _resized(ref, -1)


def _longer(ref: Reference) -> Reference | None:
    return _resized(ref, 1)


def _resized(ref: Reference, by: int) -> Reference | None:
    if ref.last is None or ref.whole:
        return None
    top, left, bottom, right = ref.bounds
    tall = bottom - top >= right - left
    last = Corner(bottom + by * tall, right + by * (not tall), ref.last.fixed_row, ref.last.fixed_column)
    if last.row < top or last.column < left:
        return None
    return Reference(ref.sheet, Corner(top, left, ref.first.fixed_row, ref.first.fixed_column), last)
