"""Reading records without changing them: those that a question is about, and those that the first of them names."""

from __future__ import annotations

import re

from bakeoff.agents.apprentice.workplace.asking import Facts, Sources
from bakeoff.agents.apprentice.workplace.entry import Steps
from bakeoff.agents.apprentice.workplace.finding import Finder
from bakeoff.agents.apprentice.workplace.hand import Hand
from bakeoff.agents.apprentice.workplace.job import same, series
from bakeoff.agents.apprentice.workplace.page import Row
from bakeoff.agents.apprentice.workplace.theory import Theory
from bakeoff.core import Action

COPY = re.compile(r"\b(same|as (?:many|much)|that of|those of|pattern of)\b")
MOST_RECORDS = 8
MOST_LINKS = 3


class Sight:
    """Eyes for one question."""

    def __init__(self, hand: Hand, theory: Theory) -> None:
        self.hand, self.theory = hand, theory

    def read(self, finder: Finder) -> Steps[Sources | None]:
        """The record that the job names with those that it names in turn, and all records that show a value of the job."""
        sources = Sources()
        target = finder.targets[0] if finder.targets else None
        if target is not None and target.twins == 1:
            rows = yield from finder.rows(target.title, target.place)
            facts = yield from self._one(finder.fitting(target, rows))
            for label, text in (facts or {}).items():
                place = self._home_of(text, target.place) if text != target.title and not finder.broad else None
                if place is not None and len(sources.linked) < MOST_LINKS:
                    rows = yield from finder.rows(text, place)
                    further = yield from self._one([row for row in rows if same(row.title, text)])
                    if further is not None:
                        sources.linked[label] = further
            sources.record = facts
        if finder.mentions and (finder.broad or target is None):
            mention = finder.mentions[0]
            sources.records = yield from self._several(finder, mention.rows, mention.place, finder.job.slots[mention.slot].text)
        elif target is not None and target.twins > 1:
            rows = yield from finder.rows(target.title, target.place)
            sources.records = yield from self._several(finder, finder.fitting(target, rows), target.place, target.title)
        return sources if sources.record or sources.records else None

    def model(self, finder: Finder) -> Steps[tuple[Facts, Facts]]:
        """What is to be copied from, where the job says so: what the record that it names shows, for a new record; and, for a change of that record, what
        the second of two that are named in one list shows, else a record that the first names."""
        if not COPY.search(finder.job.goal.lower()) or not finder.targets or finder.targets[0].twins > 1:
            return {}, {}
        target, source = finder.targets[0], finder.targets[1] if len(finder.targets) == 2 else None
        if source is not None and source.place == target.place:
            rows = yield from finder.rows(source.title, source.place)
            other = yield from self._one(finder.fitting(source, rows))
            finder.models = [finder.targets.pop()]
            return {}, _but(other, source.title)
        if len(finder.targets) > 1:
            return {}, {}
        rows = yield from finder.rows(target.title, target.place)
        own = yield from self._one(finder.fitting(target, rows))
        for text in sorted((own or {}).values(), key=lambda text: not series(text)):  # a code points more surely than a name
            place = self._home_of(text, target.place) if text != target.title else None
            if place is not None:
                rows = yield from finder.rows(text, place)
                other = yield from self._one([row for row in rows if same(row.title, text)])
                return _but(own, target.title), _but(other, text)
        return _but(own, target.title), {}

    def _home_of(self, text: str, but: str) -> str | None:
        """The list of other records in which one is called so; None when none is known."""
        places = ["", *self.theory.places.values()]
        for place in (place for place in places if place != but):
            called = self.theory.called_by.get(place, [])
            if text in called or (series(text) and any(series(title) == series(text) for title in called)):
                return place
        return None

    def _one(self, rows: list[Row]) -> Steps[Facts | None]:
        if not rows:
            return None
        yield from self.hand.open_row(rows[0])
        page = self.hand.page
        return dict(rows[0].labelled) | page.beside | page.facts

    def _several(self, finder: Finder, wanted: list[Row], place: str, text: str) -> Steps[list[Facts]]:
        """These records, each opened and left again. A list that does not find them by the text is asked for their titles."""
        records: list[Facts] = []
        by_title = False
        for row in wanted[:MOST_RECORDS]:
            now = self._again(row) if self.hand.page.listing else None
            if now is None and not by_title:
                yield from finder.rows(text, place)
                now = self._again(row)
                by_title = now is None
            if now is None:
                yield from finder.rows(row.title, place)
                now = self._again(row)
            if now is None:
                continue
            yield from self.hand.open_row(now)
            records.append(dict(row.labelled) | dict(self.hand.page.facts))
            yield from self.hand.do(Action("back"))
        return records

    def _again(self, row: Row) -> Row | None:
        """The row on this page that shows the same."""
        return next((now for now in self.hand.page.rows if now.texts == row.texts), None)


def _but(facts: Facts | None, title: str) -> Facts:
    """What a record shows, apart from what it is called, which is its own."""
    return {label: text for label, text in (facts or {}).items() if not same(text, title)}
