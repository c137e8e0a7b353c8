"""Finding the records that a job is about: the one it names, several that it names, or all that show a value it names."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.workplace.asking import OVER_SEVERAL, RECKONINGS, wanted
from bakeoff.agents.apprentice.workplace.entry import Learned, Steps
from bakeoff.agents.apprentice.workplace.hand import Hand, Refused
from bakeoff.agents.apprentice.workplace.job import Job, same, series, shape, turned
from bakeoff.agents.apprentice.workplace.page import Row

ENOUGH = 18  # actions after which no further record is looked for
MOST_PAGES = 5
MOST_HINTS = 3
MOST_LISTS = 4  # in which one value is looked for
QUANTIFIERS = frozenset({"every", "each", "all"})


@dataclass
class Target:
    """A record that the job names: which slots name it, how its row is titled, and the rows that fit equally well."""

    slots: tuple[int, ...]
    title: str
    twins: int = 1
    location: str = ""
    place: str = ""  # the list it stands in
    texts: tuple[str, ...] = ()  # of one of several records that fit a description: what its row shows
    wrong: list[str] = field(default_factory=list)  # twins from which it cannot be done


@dataclass
class Mention:
    """Records that show a value of the job though they are not called so: which value, in which list, their rows."""

    slot: int
    place: str
    rows: list[Row]


class Finder:
    """Looks for records in one product."""

    def __init__(self, job: Job, hand: Hand) -> None:
        self.job, self.hand, self.theory = job, hand, hand.theory
        self.targets: list[Target] = []
        self.mentions: list[Mention] = []
        self.models: list[Target] = []  # records that the job names only to be copied from
        words = set(job.goal.lower().replace(",", " ").split())
        counted = wanted(job) and any(RECKONINGS[way] & job.every_stem for way in OVER_SEVERAL)
        self.broad = bool(QUANTIFIERS & words) or counted  # whether the job is about several records that it does not name one by one

    def locate(self) -> Steps[None]:
        """Finds the records that the job names: a row whose title is one value and that shows the next value too."""
        yield from self._go_where_hinted()
        if self.theory.places or wanted(self.job):
            yield from self._locate_by_list()
        else:
            yield from self._locate_by_pair()
        if not self.targets and not self.theory.places and self.hand.page.everywhere is not None and not self.broad:
            slots = self.job.slots
            yield from self._look_everywhere([i for kind in ("quoted", "name") for i, slot in enumerate(slots) if slot.kind == kind])

    def _go_where_hinted(self) -> Steps[None]:
        """Opens what the navigation calls by a word of the job and was never opened: there may be a list."""
        said = self.job.every_stem
        yield from self.hand.unfold()
        unseen = [c for c in self.theory.commands.values() if c.level == "list" and c.form is None and not c.leads and not c.refused]
        hints = [(len(said & set(c.words)) / len(c.words), c) for c in unseen if c.words]
        for _, command in sorted((hint for hint in hints if hint[0] > 0.5), key=lambda hint: -hint[0])[:MOST_HINTS]:
            with contextlib.suppress(Refused, Learned):
                yield from self.hand.begin(command)
            yield from self.hand.leave_form()

    def _look_everywhere(self, able: list[int]) -> Steps[None]:
        """Asks the box that looks for anything for these values."""
        slots = self.job.slots
        for index in able[:MOST_HINTS]:
            yield from self.hand.search_everywhere(slots[index].text)
            titled = [row for row in self.hand.page.rows if titled_by(row, slots[index].text)]
            if titled:
                keys = [
                    i
                    for i, slot in enumerate(slots)
                    if i != index and slot.kind in ("quoted", "name") and any(same(slots[i].text, text) for text in parts(titled[0]))
                ]
                yield from self.hand.open_row(titled[0])
                self.targets.append(Target((index, *keys[:1]), titled[0].title, location=self.hand.page.location))
                return

    def _locate_by_pair(self) -> Steps[None]:
        """In a product with one list."""
        slots = self.job.slots
        able = [index for index, slot in enumerate(slots) if slot.kind in ("name", "quoted")]
        pairs = [(a, b) for a in able for b in able if b == a + 1]
        pairs.sort(key=lambda pair: -self.theory.title_kind.get(slots[pair[0]].kind, 0))
        maybe: list[tuple[int, int]] = []
        for a, b in pairs:
            taken = {slot for target in self.targets for slot in target.slots}
            if a in taken or b in taken:
                continue
            if self.targets and slots[a].kind != slots[self.targets[0].slots[0]].kind:
                continue
            rows = yield from self.rows(slots[a].text)
            titled = [row for row in rows if titled_by(row, slots[a].text)]
            exact = [row for row in titled if any(same(slots[b].text, text) for text in parts(row))]
            if exact:
                self.targets.append(Target((a, b), _title(exact[0], slots[a].text), len(exact)))
                self.theory.title_kind[slots[a].kind] = self.theory.title_kind.get(slots[a].kind, 0) + 1
                if not self._more(a, b):
                    break
            elif titled:
                maybe.append((a, b))
        if not self.targets:
            yield from self._try_maybe(maybe)
        if not self.targets and not pairs and able:
            rows = yield from self.rows(slots[able[0]].text)
            titled = [row for row in rows if titled_by(row, slots[able[0]].text)]
            if titled:
                self.targets.append(Target((able[0],), _title(titled[0], slots[able[0]].text), len(titled)))
        if not self.targets and (maybe or self.hand.page.search is None):
            yield from self._by_title([a for a, _ in maybe] or able)

    def _locate_by_list(self) -> Steps[None]:
        """Finds the records in a product with several lists: codes where codes of their series stand, names and quotations by title."""
        slots, said = self.job.slots, frozenset(self.job.every_stem)
        seen_here = {row.title for row in self.hand.page.rows}
        able = [
            index
            for index, slot in enumerate(slots)
            if (slot.kind in ("name", "quoted") or series(slot.text) or self.theory.numbered(slot.text))
            and (slot.text.count(" ") < 5 or self.theory.knows_title(slot.text) or any(slot.text in title for title in seen_here))
        ]
        listed = {i for i in able if slots[i].kind == "quoted" and shape(slots[i].text) == "word" and slots[i].text.islower()}
        able = [index for index in able if index not in listed]
        known = {title for called in self.theory.called_by.values() for title in called}
        able.sort(
            key=lambda index: (not series(slots[index].text), not self.theory.numbered(slots[index].text), slots[index].text not in known)
        )
        seen: set[str] = set()
        asked = 0
        for index in able:
            taken = {slot for target in self.targets for slot in target.slots}
            if index in taken or slots[index].text in seen:
                continue
            if self.targets and self.hand.actions > ENOUGH:
                break
            coded = bool(series(slots[index].text))
            if not coded and any(series(slots[target.slots[0]].text) for target in self.targets):
                continue
            seen.add(slots[index].text)
            everywhere = self.hand.page.everywhere is not None
            for place in self.theory.place_for(slots[index].text, said)[: 1 if everywhere else MOST_LISTS]:
                if self.targets and self.hand.actions > ENOUGH:
                    break
                rows = yield from self.rows(slots[index].text, place)
                if self.landed(slots[index].text):
                    self.targets.append(Target((index,), slots[index].text, location=self.hand.page.location, place=place))
                    break
                if self._take(index, rows, place, taken) and not self.broad:
                    break
            else:
                if everywhere and slots[index].kind == "quoted" and not self.targets and asked < MOST_HINTS:
                    asked += 1
                    yield from self._look_everywhere([index])
        if self.broad and not self.mentions:
            yield from self._look_through([index for index in able if slots[index].kind == "name"])
        self.targets.sort(key=lambda target: slots[target.slots[0]].start)

    def _take(self, index: int, rows: list[Row], place: str, taken: set[int]) -> bool:
        """Takes the row that is called by this value for a record that is meant; rows that show it otherwise are kept in mind."""
        slots = self.job.slots
        titled = [row for row in rows if titled_by(row, slots[index].text)]
        if not titled and series(slots[index].text):  # rows are called otherwise and show their code
            showing = [row for row in rows if slots[index].text in parts(row)]
            beside = [other for other in (index + 1, index - 1) if 0 <= other < len(slots) and other not in taken]
            names = [other for other in beside if showing and same(showing[0].title, slots[other].text)]
            if len(showing) == 1:
                self.targets.append(Target((*(names[:1] or [index]), index), showing[0].title, place=place))
            return bool(showing)
        if not titled:
            showing = [row for row in rows if any(same(slots[index].text, text) for text in parts(row))]
            for other in (index + 1, index - 1):  # rows are called otherwise, as another value of the job
                called = [row for row in showing if 0 <= other < len(slots) and same(row.title, slots[other].text)]
                if called and not self.broad and other not in taken:
                    target = Target((other, index), called[0].title, 1, place=place)
                    target.twins = len(self.fitting(target, called))
                    self.targets.append(target)
                    return True
            if showing:
                self.mentions.append(Mention(index, place, showing))
            return False
        if any(index in target.slots for target in self.targets):
            return True
        beside = [other for other in (index + 1, index - 1) if 0 <= other < len(slots) and other not in taken]
        beside = [other for other in beside if slots[other].kind in ("name", "quoted", "code")]
        keys = [other for other in beside if any(same(slots[other].text, text) for row in titled for text in parts(row))]
        target = Target((index, *keys[:1]), _title(titled[0], slots[index].text), 1, place=place)
        target.twins = len(self.fitting(target, titled))
        if not self.targets or series(slots[index].text) or slots[self.targets[0].slots[0]].kind == slots[index].kind:
            self.targets.append(target)
        return True

    def _look_through(self, able: list[int]) -> Steps[None]:
        """Leafs through the first list for rows that show a value which its search does not know."""
        if not able:
            return
        yield from self.hand.search("")
        known: dict[tuple[str, ...], Row] = {}
        for _ in range(MOST_PAGES):
            fresh = [row for row in self.hand.page.rows if row.texts not in known]
            known |= {row.texts: row for row in fresh}
            if not fresh or not self.hand.page.pager:
                break
            yield from self.hand.press(self.hand.page.pager[-1])
        for index in able:
            rows = [row for row in known.values() if any(same(self.job.slots[index].text, text) for text in parts(row))]
            if rows:
                self.mentions.append(Mention(index, "", rows))

    def take_all(self) -> None:
        """Takes every record that shows a value for one that is meant, where the job is about several without naming them."""
        if not self.broad or not self.mentions:
            return
        places = {target.place for target in self.targets}
        mention = next((mention for mention in self.mentions if mention.place not in places), None)
        if mention is not None:
            self.targets += [Target((mention.slot,), row.title, place=mention.place, texts=row.texts) for row in mention.rows]

    def _more(self, a: int, b: int) -> bool:
        """Whether another pair of values of the same kinds follows or went before."""
        slots = self.job.slots
        kinds = (slots[a].kind, slots[b].kind)
        taken = {slot for target in self.targets for slot in target.slots}
        return any(
            (slots[i].kind, slots[i + 1].kind) == kinds and not taken & {i, i + 1} for i in range(len(slots) - 1)
        )  # fmt: skip

    def _try_maybe(self, maybe: list[tuple[int, int]]) -> Steps[None]:
        """Opens records whose title fits, to see whether the other value stands on their page."""
        slots = self.job.slots
        for a, b in maybe:
            for place in range(3):
                rows = yield from self.rows(slots[a].text)
                titled = [row for row in rows if same(row.title, slots[a].text)]
                if place >= len(titled):
                    break
                yield from self.hand.open_row(titled[place])
                if slots[b].text in self.hand.page.text or turned(slots[b].text) in self.hand.page.text:
                    self.targets.append(Target((a, b), slots[a].text, 1, self.hand.page.location))
                    return

    def _by_title(self, able: list[int]) -> Steps[None]:
        """The first value that one record alone is called by."""
        for index in able:
            rows = yield from self.rows(self.job.slots[index].text)
            titled = [row for row in rows if titled_by(row, self.job.slots[index].text)]
            if len(titled) == 1:
                self.targets.append(Target((index,), _title(titled[0], self.job.slots[index].text)))
                return

    def rows(self, text: str, place: str = "") -> Steps[list[Row]]:
        """Rows that a search for this text shows; without a search box, those of the first pages."""
        yield from self.hand.go_home(place)
        page = self.hand.page
        if page.search is not None:
            wanted = turned(text) if self.theory.last_first() and not self.theory.knows_title(text) else text
            if page.search.value != wanted:
                yield from self.hand.search(wanted, place)
            if not self.hand.page.rows and text.count(" ") == 1 and (not self.theory.places or self.theory.last_first()):
                yield from self.hand.search(turned(text) if wanted == text else text, place)
            return self.hand.page.rows
        rows = list(page.rows)
        for _ in range(4):
            if any(same(row.title, text) for row in rows) or not self.hand.page.pager:
                break
            before = [row.title for row in self.hand.page.rows]
            yield from self.hand.press(self.hand.page.pager[-1])
            if [row.title for row in self.hand.page.rows] == before:
                break
            rows = list(self.hand.page.rows)
        return rows

    def landed(self, text: str) -> bool:
        """Whether a search went straight to the one record that it found."""
        page = self.hand.page
        return page.location == self.hand.record and self.theory.place_of(page) is None and text.lower() in page.heading.lower()

    def fitting(self, target: Target, rows: list[Row]) -> list[Row]:
        slots = self.job.slots
        fitting = [row for row in rows if titled_by(row, target.title)]
        if target.texts and len(fitting) > 1:
            fitting = [max(fitting, key=lambda row: len(set(row.texts) & set(target.texts)))]
        for index in target.slots[1:]:
            closer = [row for row in fitting if any(same(slots[index].text, text) for text in parts(row))]
            fitting = closer or fitting
        return fitting


def _title(row: Row, text: str) -> str:
    """What to look for a row by."""
    return row.title if same(row.title, text) else text


def titled_by(row: Row, text: str) -> bool:
    """Whether a row is titled by this text; a number may stand before or after it."""
    rest = row.title.lower().replace(text.lower(), "", 1) if len(text) > 7 else ""
    return same(row.title, text) or (len(rest) < len(row.title) and not any(mark.isalpha() for mark in rest) and len(text) > 7)


def parts(row: Row) -> list[str]:
    """The texts of a row, and those behind a label such as `Group: Frontline`."""
    return [*row.texts, *(value for _, value in row.labelled)]
