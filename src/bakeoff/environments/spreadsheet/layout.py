"""Where a house puts a model: sheets, sections, rows and columns, captions, units; and the complete workbook that follows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bakeoff.environments.spreadsheet.draft import Cell, Draft, Looks
from bakeoff.environments.spreadsheet.houses import House
from bakeoff.environments.spreadsheet.model import DATA, Line, Model, Section
from bakeoff.environments.spreadsheet.notation import PLAIN, Compiler, Shown, Style, references
from bakeoff.environments.spreadsheet.spec import Spot

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
FIRST_YEAR = 2026
"""The first forecast year; the last year of history is the one before."""

Given = Mapping[str, Sequence[float]]
LATE = ("last", "latest", "opening")


@dataclass(frozen=True)
class Layout:
    """A model on the sheets of a house. All addresses follow from house and model; figures do not matter."""

    house: House
    model: Model

    @cached_property
    def shown(self) -> Shown:
        return Shown(self.house.negative(self.model), self.house.workflow["rates"])

    @cached_property
    def compiler(self) -> Compiler:
        return Compiler(self.model, self.spot, self.shown, across=self.across)

    @property
    def across(self) -> bool:
        """Whether time runs to the right."""
        return bool(self.house.widgets["axis"] == "across")

    # --- sheets and sections -------------------------------------------------------------------------------------------------------

    def sheet_of(self, section: Section) -> str:
        sheets = self.house.widgets["sheets"]
        if sheets == "one":
            return self.house.word("sheet.model")
        if section.inputs:
            return self.house.word("sheet.inputs")
        return self.house.word("sheet.model" if sheets == "inputs" else f"sheet.{section.sheet}")

    @cached_property
    def sections(self) -> dict[str, list[Section]]:
        """Sections by sheet, both in the house's order."""
        ordered = list(self.model.sections)
        if self.house.widgets["inputs_at"] == "bottom":
            ordered = [item for item in ordered if not item.inputs] + [item for item in ordered if item.inputs]
        found: dict[str, list[Section]] = {}
        for item in ordered:
            found.setdefault(self.sheet_of(item), []).append(item)
        return found

    def lines(self, section: Section) -> list[Line]:
        """Lines of a section in the house's order; scalars that stand beside other lines are left out."""
        beside = {line.beside for line in self.model.lines if line.beside}
        found = [line for line in self.model.lines if line.section == section.key and line.key not in beside]
        if self.house.widgets["totals"] == "above":
            for index, line in enumerate(found):
                if line.total:
                    start = index
                    while start > 0 and not found[start - 1].total and not found[start - 1].scalar and found[start - 1].block == line.block:
                        start -= 1
                    found.insert(start, found.pop(index))
        return found

    def heading(self, section: Section) -> str:
        """The title of a section, with the tag that all its lines share."""
        tags = {line.tag for line in self.model.lines if line.section == section.key}
        word = self.house.word(section.term)
        return f"{word}: {tags.pop()}" if len(tags) == 1 and tags != {""} else word

    # --- places ------------------------------------------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> dict[str, int]:
        """The columns of a sheet with time across: label, unit, own (for scalars), first period, note."""
        at = 1 + int(self.house.widgets["margin"])
        found = {"label": at}
        if self.house.widgets["units"] == "column":
            found["unit"] = at = at + 1
        if self.house.widgets["scalar"] == "own" or any(line.beside for line in self.model.lines):
            found["own"] = at = at + 1
        found["first"] = at + 1
        found["note"] = at + 1 + self.model.span
        return found

    @cached_property
    def top(self) -> int:
        """The row of the captions."""
        return {"one": 2, "two": 4, "three": 5, "four": 6}[self.house.skin["title"]] + len(self.house.edition.heads)

    @cached_property
    def _places(self) -> tuple[dict[str, tuple[str, int, int]], dict[str, tuple[str, int]], dict[str, int]]:
        """Line -> (sheet, row, column of its first cell); section -> (sheet, row or column of its title); sheet -> row of the captions."""
        return self._across() if self.across else self._down()

    def _across(self) -> tuple[dict[str, tuple[str, int, int]], dict[str, tuple[str, int]], dict[str, int]]:
        lines: dict[str, tuple[str, int, int]] = {}
        titles: dict[str, tuple[str, int]] = {}
        captions: dict[str, int] = {}
        gap = int(self.house.widgets["spacer"])
        for sheet, sections in self.sections.items():
            row = captions[sheet] = self.top
            row += 1
            for number, section in enumerate(sections):
                row += gap + self.house.edition.gap(number)
                titles[section.key] = (sheet, row)
                row += 1
                for line in self.lines(section):
                    column = self.columns.get("own", self.columns["first"]) if line.scalar else self.columns["first"]
                    lines[line.key] = (sheet, row, column)
                    if line.beside:
                        lines[line.beside] = (sheet, row, self.columns["own"])
                    row += 1
        return lines, titles, captions

    def _down(self) -> tuple[dict[str, tuple[str, int, int]], dict[str, tuple[str, int]], dict[str, int]]:
        """Scalars in a list on top, then a table: periods down, lines side by side, a column's breadth between sections."""
        lines: dict[str, tuple[str, int, int]] = {}
        titles: dict[str, tuple[str, int]] = {}
        captions: dict[str, int] = {}
        left = 1 + int(self.house.widgets["margin"])
        value = left + (2 if self.house.widgets["units"] == "column" else 1)
        beside = {line.beside for line in self.model.lines if line.beside}
        for sheet, sections in self.sections.items():
            row = self.top + 1
            for number, section in enumerate(sections):
                scalars = [line for line in self.lines(section) if line.scalar]
                if scalars:
                    titles[section.key] = (sheet, row)
                    row += 1
                for line in scalars:
                    lines[line.key] = (sheet, row, value)
                    row += 1
                if scalars:
                    row += 1 + self.house.edition.gap(number)
            tabled = [(section, [line for line in self.lines(section) if not line.scalar]) for section in sections]
            tabled = [(section, found) for section, found in tabled if found]
            if not tabled:
                continue
            extra = 1 + (1 if self.house.widgets["units"] == "column" else 0) + (1 if beside else 0)
            captions[sheet] = row + 1
            column = left + 1
            for number, (section, found) in enumerate(tabled):
                titles[f"{section.key}/table"] = (sheet, column)
                for line in found:
                    lines[line.key] = (sheet, row + 1 + extra, column)
                    if line.beside:
                        lines[line.beside] = (sheet, row + extra, column)
                    column += 1
                column += int(self.house.widgets["spacer"] > 0) + self.house.edition.gap(number)
        return lines, titles, captions

    def spot(self, key: str, period: int) -> Spot:
        """The cell of a line in a period of the whole timeline; of a scalar, whatever the period."""
        sheet, row, column = self._places[0][key]
        if self.model.line(key).scalar:
            return Spot(sheet, row, column)
        return Spot(sheet, row, column + period) if self.across else Spot(sheet, row + period, column)

    def spots(self, key: str, *, past: bool = False) -> tuple[Spot, ...]:
        """The cells of a line ahead (or in the past); of a scalar, its one cell."""
        if self.model.line(key).scalar:
            return (self.spot(key, 0),)
        periods = range(self.model.past) if past else range(self.model.past, self.model.span)
        return tuple(self.spot(key, period) for period in periods)

    # --- captions ----------------------------------------------------------------------------------------------------------------------

    def caption(self, period: int) -> str:
        """What a period (or an item) is called."""
        if self.model.captions:
            return self.model.captions[period]
        return caption(self.house, period - self.model.past, forecast=period >= self.model.past)

    def ahead(self) -> str:
        """The forecast periods in words, e.g. `FY26E to FY30E`."""
        first, last = self.caption(self.model.past), self.caption(self.model.span - 1)
        return f"{first} to {last}" if first != last else first

    # --- the workbook --------------------------------------------------------------------------------------------------------------------

    @cached_property
    def live(self) -> frozenset[str]:
        """Lines whose past the future looks back at, directly or through other lines: their past stays formulas in any house."""
        found = {
            key
            for line in self.model.lines
            if line.ahead not in (DATA, "")
            for key, index in references(line.ahead)
            if index.startswith("-") or index in ("so_far", ":", "latest", "opening")
        }
        while True:
            rules = [
                rule
                for line in self.model.lines
                if line.key in found and not line.scalar
                for rule in (line.past, line.first or "", line.at_close or "")
            ]
            more = {key for rule in rules if rule not in (DATA, "") for key, _ in references(rule)} - found
            if not more:
                return frozenset(found)
            found |= more

    @cached_property
    def _rules(self) -> dict[tuple[str, int], str]:
        return {}

    def rule(self, line: Line, period: int) -> str:
        """The rule of a line in a period: a formula of the notation, `DATA`, or empty for nothing.

        Where a past figure would have to look back beyond the first period, or at a cell that is empty for that reason, it is left out.
        """
        if line.scalar:
            return line.ahead
        found = self._rules.get((line.key, period))
        if found is None:
            found = self._rules[line.key, period] = self._rule(line, period)
        return found

    def _rule(self, line: Line, period: int) -> str:
        if line.at_close is not None and period == self.model.past - 1:
            return line.at_close
        past = period < self.model.past
        rule = line.past if past else line.ahead
        if rule in (DATA, ""):
            return rule
        for key, index in references(rule):
            if self.model.line(key).scalar or not (index == "" or index.lstrip("-").isdigit()):
                continue
            at = period + int(index or 0)
            if at < 0:
                return line.first or ""
            if past and self.rule(self.model.line(key), at) == "":
                return ""
        return rule

    def draft(self, given: Given, style: Style = PLAIN, only: Mapping[str, Style] | None = None) -> Draft:
        """The finished workbook with these given figures. `only`: other idioms for some lines."""
        shown = self.shown
        draft = self._frame()
        for line in self.model.lines:
            history = list(given.get(f"{line.key}.past", ()))
            figures = list(given.get(line.key, ()))
            for period in range(1 if line.scalar else self.model.span):
                rule, spot = self.rule(line, period), self.spot(line.key, period)
                past = not line.scalar and period < self.model.past
                if rule == "":
                    continue
                if rule == DATA:
                    number = history[period] if past else figures[period if line.scalar else period - self.model.past]
                    draft.cells[spot] = Cell(_clean(number * shown.scale(line)), "past" if past else "input", self.format(line))
                    continue
                if rule.isdigit():
                    draft.cells[spot] = Cell(int(rule), "past", self.format(line))
                    continue
                chosen = (only or {}).get(line.key, style)
                role = "check" if line.check else "total" if line.total and self.across else "calc"
                draft.cells[spot] = Cell(self.compiler.formula(line, rule, period, chosen), role, self.format(line))
        if self.house.workflow["history"] == "typed" and not style.named:
            self._type_history(draft)
        return draft

    def _type_history(self, draft: Draft) -> None:
        """Past figures of computed lines as typed numbers, where no future figure depends on them."""
        spots = [
            (line, self.spot(line.key, period))
            for line in self.model.lines
            if not line.scalar and line.key not in self.live and not line.check
            for period in range(self.model.past)
        ]
        spots = [(line, spot) for line, spot in spots if spot in draft.cells and draft.cells[spot].formula]
        found = draft.values([spot for _, spot in spots])
        for line, spot in spots:
            draft.cells[spot] = Cell(round(float(found[spot]), 6 if line.unit in ("rate", "ratio") else 4), "past", self.format(line))

    def format(self, line: Line) -> str:
        """The number format of a line in this house."""
        if line.unit == "money" and line.places is not None:
            return "#,##0" + ("." + "0" * line.places if line.places else "")
        if line.unit == "rate":
            return {1: "0.0%" if line.places is None else f"0.{'0' * line.places}%", 100: "0.00", 10000: "0"}[self.shown.rate]
        return {"money": self.house.skin["money"], "ratio": '0.0"x"', "count": "#,##0", "days": "0", "date": "dd/mm/yyyy", "switch": "0"}[
            line.unit
        ]

    def _frame(self) -> Draft:
        """Titles, captions, labels and units: all that stands before any figure does."""
        house, skin = self.house, self.house.skin
        draft = Draft(
            list(self.sections),
            {},
            looks=Looks(*(skin[name] for name in ("head", "input_font", "input_fill", "typeface", "size", "gridlines"))),
        )
        left = self.columns["label"]
        for sheet in draft.sheets:
            heads = [
                f"{house.company} – {house.word(f'title.{house.family.name}')}",
                f"{house.unit_word} unless stated otherwise",
                sheet,
                "Prepared for internal use",
            ]
            shown = heads[: {"one": 1, "two": 2, "three": 3, "four": 4}[skin["title"]]] + list(house.edition.heads)
            for row, text in enumerate(shown, 1):
                draft.cells[Spot(sheet, row, left)] = Cell(text, "title" if row == 1 else "subtitle")
        (self._label_across if self.across else self._label_down)(draft)
        return draft

    def _label(self, line: Line) -> str:
        label = self.house.label(line)
        unit = self.house.unit(line)
        return f"{label} ({unit})" if self.house.widgets["units"] == "label" and unit else label

    def _label_across(self, draft: Draft) -> None:
        house, columns = self.house, self.columns
        _, titles, captions = self._places
        beside = {line.beside for line in self.model.lines if line.beside}
        for sheet, sections in self.sections.items():
            self._captions(draft, sheet, captions[sheet])
            draft.freeze[sheet] = Spot(sheet, captions[sheet] + 1, columns["first"]).a1
            for section in sections:
                row = titles[section.key][1]
                draft.cells[Spot(sheet, row, columns["label"])] = Cell(self.heading(section), "section")
                if house.widgets["repeat"] and any(not line.scalar for line in self.lines(section)):
                    self._captions(draft, sheet, row)
                for line in self.lines(section):
                    place = self._places[0][line.key][1]
                    draft.cells[Spot(sheet, place, columns["label"])] = Cell(self._label(line), "strong" if line.total else "label")
                    if "unit" in columns:
                        draft.cells[Spot(sheet, place, columns["unit"])] = Cell(house.unit(line), "unit")
                    if house.widgets["notes"] and line.check:
                        draft.cells[Spot(sheet, place, columns["note"])] = Cell("must be zero", "note")
        assert not beside or "own" in columns

    def _captions(self, draft: Draft, sheet: str, row: int) -> None:
        for period in range(self.model.span):
            draft.cells[Spot(sheet, row, self.columns["first"] + period)] = Cell(self.caption(period), "header")

    def _label_down(self, draft: Draft) -> None:
        house = self.house
        lines, titles, captions = self._places
        left = self.columns["label"]
        for sheet, sections in self.sections.items():
            for section in sections:
                if section.key in titles:
                    draft.cells[Spot(sheet, titles[section.key][1], left)] = Cell(self.heading(section), "section")
                if f"{section.key}/table" in titles:
                    draft.cells[Spot(sheet, captions[sheet] - 1, titles[f"{section.key}/table"][1])] = Cell(
                        self.heading(section), "section"
                    )
                for line in self.lines(section):
                    _, row, column = lines[line.key]
                    if line.scalar:
                        draft.cells[Spot(sheet, row, left)] = Cell(self._label(line), "label")
                        if house.widgets["units"] == "column":
                            draft.cells[Spot(sheet, row, left + 1)] = Cell(house.unit(line), "unit")
                        continue
                    draft.cells[Spot(sheet, captions[sheet], column)] = Cell(self._label(line), "header")
                    if house.widgets["units"] == "column":
                        draft.cells[Spot(sheet, captions[sheet] + 1, column)] = Cell(house.unit(line), "unit")
            tabled = [line for section in sections for line in self.lines(section) if not line.scalar]
            if tabled:
                start = lines[tabled[0].key][1]
                for period in range(self.model.span):
                    draft.cells[Spot(sheet, start + period, left)] = Cell(self.caption(period), "label")
                draft.freeze[sheet] = Spot(sheet, start, left + 1).a1


def caption(house: House, offset: int, *, forecast: bool) -> str:
    """A period of a house: `offset` 0 is the first forecast period."""
    style, frequency = house.skin["captions"], house.workflow.get("frequency", 1)
    offset += house.edition.start
    if frequency == 12:
        year, month = divmod(FIRST_YEAR * 12 + offset, 12)
        short = year % 100
        return {"FY26E": f"{MONTHS[month]}-{short}", "2026": f"{MONTHS[month]} {year}", "FY2026": f"{year}-{month + 1:02d}"}.get(
            style, f"{month + 1:02d}/{short}"
        )
    if frequency == 4:
        year, quarter = divmod(FIRST_YEAR * 4 + offset, 4)
        short, quarter = year % 100, quarter + 1
        return {"FY26E": f"Q{quarter}-{short}", "2026": f"Q{quarter} {year}", "FY2026": f"{year} Q{quarter}"}.get(
            style, f"{quarter}Q{short}"
        )
    year = FIRST_YEAR + offset
    short = year % 100
    mark = "E" if forecast else "A"
    return {
        "FY26E": f"FY{short}{mark}",
        "2026": f"{year}",
        "FY2026": f"FY{year}",
        "2026F": f"{year}{'F' if forecast else ''}",
        "12/26": f"12/{short}",
        "FYE 2026": f"FYE {year}",
    }[style]


def period_start() -> datetime.date:
    """The first day of the first forecast period."""
    return datetime.date(FIRST_YEAR, 1, 1)


def _clean(number: float) -> float | int:
    """Without the dust of binary fractions; whole numbers as such."""
    value = round(number, 9)
    return int(value) if value == int(value) and abs(value) < 1e15 else value
