"""A screen of office software, as a worker used to such software sees it: rows, a search box, commands, a form, facts, notices.

Nothing here knows any one product: only what lists, records and forms have in common everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.workplace.widgets import WIDGETS, Field, read_fields
from bakeoff.core import Element, Observation

_BLANK = frozenset({"", "–", "-", "—", "all"})
BAR = 12  # elements of a bar to look for something
MUCH = 6  # texts outside a form
_COUNT = re.compile(r"\((\d+)\)")


def blank(text: str) -> bool:
    """Whether a shown value stands for no value."""
    return text.strip().lower() in _BLANK


@dataclass(frozen=True, slots=True)
class Row:
    """One record in a list: the link that opens it, all its texts, the box that ticks it; on a board what it is dragged by, and its column."""

    ref: str
    title: str
    texts: tuple[str, ...]
    labelled: tuple[tuple[str, str], ...] = ()
    tick: str = ""
    grip: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """Something to press: its handle, role and name, and whether it opens or closes something (`collapsed`, `expanded`)."""

    ref: str
    role: str
    name: str
    states: frozenset[str] = frozenset()

    @property
    def plain(self) -> str:
        """The name with counts left out, so that `Drafts (1)` is `Drafts (0)`."""
        return _COUNT.sub("", self.name).strip()

    @property
    def count(self) -> int | None:
        match = _COUNT.search(self.name)
        return int(match[1]) if match else None


@dataclass
class Picker:
    """A window in which one of many is picked: a box to look for it, buttons named by what there is, and what leaves it."""

    heading: str
    search: Element
    options: list[Element]
    leave: Control | None


@dataclass
class Form:
    """An open form or dialog: heading, fields, the buttons that carry it out, the links and buttons that leave it."""

    heading: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[Control] = field(default_factory=list)
    leave: list[Control] = field(default_factory=list)
    ref: str = ""
    dialog: bool = False


class Page:
    """One observation, read."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self.location = observation.location.split("?")[0]
        self.elements = observation.elements
        self.by_ref = {element.ref: element for element in self.elements}
        self.children: dict[str | None, list[Element]] = {}
        for element in self.elements:
            self.children.setdefault(element.parent, []).append(element)
        self._chains: dict[str, tuple[str, ...]] = {}
        self.rows: list[Row] = []
        self.nav: list[Control] = []
        self.commands: list[Control] = []
        self.openers: list[Control] = []
        self.pager: list[Control] = []
        self.facts: dict[str, str] = {}
        self.form: Form | None = None
        self.inlines: list[Form] = []  # forms that stand on a record's page beside its commands, named by their heading or button
        self.picker: Picker | None = None
        self.columns: dict[str, str] = {}  # of a board: name → where a card is dropped
        self.sections: list[Control] = []
        self.search: Element | None = None
        self.search_button: Element | None = None
        self.bulk: Element | None = None  # the list of what can be done to ticked rows
        self.bulk_button: Element | None = None
        self.notices = tuple(e.name for e in self.elements if e.role == "status" and e.name.strip())
        self.alerts = tuple(e.name for e in self.elements if e.role == "alert" and e.name.strip())
        self.heading = next((e.name for e in self.elements if e.role == "heading"), "")
        self._read()

    # --- structure -----------------------------------------------------------------------------------------------------------------

    def chain(self, element: Element) -> tuple[str, ...]:
        """Roles of the enclosing elements, innermost first."""
        known = self._chains.get(element.ref)
        if known is None:
            above = self.by_ref.get(element.parent) if element.parent else None
            known = self._chains[element.ref] = () if above is None else (above.role, *self.chain(above))
        return known

    def inside(self, element: Element, ref: str) -> bool:
        """Whether an element lies within the one with this ref."""
        at: Element | None = element
        while at is not None:
            if at.ref == ref:
                return True
            at = self.by_ref.get(at.parent) if at.parent else None
        return False

    def below(self, ref: str) -> list[Element]:
        """All elements within one, in reading order."""
        found: list[Element] = []
        for child in self.children.get(ref, ()):
            found.append(child)
            found.extend(self.below(child.ref))
        return found

    def _read(self) -> None:
        self._read_picker()
        if self.picker is not None:
            return
        self._read_rows()
        self._read_search()
        self._read_bulk()
        self._read_form()
        form_refs = [form.ref for form in (*((self.form,) if self.form else ()), *self.inlines)]
        for element in self.elements:
            if element.role not in ("link", "button", "menuitem", "tab") or not element.name or "disabled" in element.states:
                continue
            roles = self.chain(element)
            control = Control(element.ref, element.role, element.name, element.states)
            if "navigation" in roles:
                (self.pager if self._pages(element) else self.sections if "main" in roles else self.nav).append(control)
            elif (
                {"row", "cell", "search", "listbox"} & set(roles)
                or any(self.inside(element, ref) for ref in form_refs)
                or ("listitem" in roles and self.rows)
                or ("form" in roles and self.rows)
            ):
                continue
            elif element.role == "button" and {"collapsed", "expanded"} & element.states:
                self.openers.append(control)
            else:
                self.commands.append(control)
        if self.form is not None and not self.form.dialog and len(self.commands) > 1 and len(self.form.fields) > 1:
            self.inlines, self.form = [self.form], None
        for form in self.inlines:
            self.commands.append(Control(form.ref, "form", form.heading))
        if self.form is None and not self.rows:
            self._read_facts()

    def _read_picker(self) -> None:
        """A window with a search and a list of buttons, and nothing to fill in."""
        dialog = next((e for e in reversed(self.elements) if e.role == "dialog"), None)
        inside = self.below(dialog.ref) if dialog is not None else []
        boxes = [e for e in inside if e.role in WIDGETS]
        options = [e for e in inside if e.role == "button" and e.name and {"listitem", "option"} & set(self.chain(e))]
        if dialog is not None and len(boxes) == 1 and boxes[0].role == "searchbox":
            leave = next((Control(e.ref, e.role, e.name) for e in reversed(inside) if e.role == "button" and e not in options), None)
            self.picker = Picker(dialog.name, boxes[0], options, leave)

    def stand(self) -> None:
        """Takes this page for that of a record: its forms are parts of the record, and rows beside a form do not make it a list."""
        if self.form is None and not self.inlines and self.rows:
            rows, self.rows = self.rows, []
            self._read_form()
            if self.form is None and not self.inlines:
                self.rows = rows
        if self.form is not None and not self.form.dialog:
            self.inlines, self.form = [self.form], None
        known = {control.ref for control in self.commands}
        for form in (form for form in self.inlines if form.ref not in known):
            self.commands.append(Control(form.ref, "form", form.heading))
            self._read_facts()

    def _pages(self, element: Element) -> bool:
        """Whether a link leads to other pages of a list."""
        at: Element | None = element
        while at is not None and at.role != "navigation":
            at = self.by_ref.get(at.parent) if at.parent else None
        return at is not None and any(re.fullmatch(r"(page )?\d+ ?(/|of) ?\d+", e.name.strip().lower()) for e in self.below(at.ref))

    def _read_rows(self) -> None:
        headers = [e.name for e in self.elements if e.role == "columnheader"]
        for element in self.elements:
            if element.role not in ("row", "listitem", "article"):
                continue
            roles = self.chain(element)
            if {"navigation", "dialog", "form"} & set(roles) and element.role != "row":
                continue
            below = self.below(element.ref)
            links = [e for e in below if e.role == "link" and e.name]
            headed = any(e.role in ("columnheader", "rowheader") for e in below)
            if not links or (headed and any(e.role in WIDGETS for e in below)):  # a line of a form that is laid out as a table
                continue
            if element.role == "row":
                cells = [e.name for e in below if e.role == "cell"]
                labelled = tuple(zip(headers, cells, strict=False)) if len(headers) == len(cells) else ()
                texts = tuple(cells)
            else:
                texts = tuple(e.name for e in below if e.role in ("text", "link", "heading", "generic") and e.name)
                labelled = tuple((text.split(": ", 1)[0], text.split(": ", 1)[1]) for text in texts if ": " in text)
            tick = next((e.ref for e in below if e.role == "checkbox"), "")
            holder = self.by_ref.get(element.parent) if element.parent else None
            grip = element.ref if any(e.attributes.get("cursor") == "grab" for e in (element, *below)) else ""
            column = holder.name if grip and holder is not None and holder.role in ("list", "listbox", "region", "group") else ""
            self.rows.append(Row(links[0].ref, links[0].name, texts, labelled, tick, grip if column else "", column))
            if column and holder is not None:
                self.columns = {e.name: e.ref for e in self.elements if e.role == holder.role and e.name and "main" in self.chain(e)}

    def _read_search(self) -> None:
        self.search = next((e for e in self.elements if e.role == "searchbox"), None)
        if self.search is None:
            self.search = next((e for e in self.elements if e.role == "textbox" and "search" in self.chain(e)), None)
        if self.search is not None:
            holder = self.search.parent
            inside = self.below(holder) if holder else []
            if len(inside) <= BAR:
                self.search_button = next((e for e in inside if e.role == "button"), None)

    def _read_facts(self) -> None:
        """Label and value pairs of a record: below a heading, texts in turn; and what stands in a form on the same page."""
        for holder, inside in self.children.items():
            if holder is None or self.by_ref[holder].role not in ("generic", "group", "list", "region", "main", "term"):
                continue
            headed = [place for place, e in enumerate(inside) if e.role == "heading"]
            if not headed:
                continue
            texts = []
            for element in inside[headed[-1] + 1 :]:
                if element.role != "text":
                    break
                if element.name:
                    texts.append(element.name)
            if len(texts) >= 4 and len(texts) % 2 == 0:
                self.facts.update(zip(texts[::2], texts[1::2], strict=True))
        for item in (item for form in self.inlines for item in form.fields):
            self.facts.setdefault(item.label, item.value or "–")

    def _read_bulk(self) -> None:
        """What can be done to ticked rows: a list of options with a button beside it."""
        if not any(row.tick for row in self.rows):
            return
        for element in self.elements:
            roles = self.chain(element)
            if element.role == "combobox" and element.options and "search" not in roles and not {"row", "listitem"} & set(roles):
                beside = self.children.get(element.parent, [])
                button = next((e for e in beside[beside.index(element) :] if e.role == "button"), None)
                if button is not None:
                    self.bulk, self.bulk_button = element, button
                    return

    # --- forms ---------------------------------------------------------------------------------------------------------------------

    def _read_form(self) -> None:
        dialog = next((e for e in reversed(self.elements) if e.role in ("dialog", "alertdialog")), None)
        holder = dialog
        if holder is None:
            if self.rows:
                return
            aside = {"search", "navigation", "banner"}
            forms = [e for e in self.elements if e.role == "form" and not aside & set(self.chain(e)) and self._asks(e)]
            read = [form for e in forms if (form := self._form(e, False)) is not None]
            if len(read) == 1 and not self._beside_a_record(read[0]):
                self.form = read[0]
            else:
                self.inlines = [form for form in read if form.fields]
        else:
            self.form = self._form(holder, True)

    def _form(self, holder: Element, dialog: bool) -> Form | None:
        """What stands in a form or window; None when there is nothing to fill in or press."""
        inside = self.below(holder.ref)
        heading = next((e.name for e in inside if e.role == "heading"), holder.name or self._before(holder, "heading"))
        fields, rest = read_fields(inside, self.below, self._starred, self._before(holder, "text"))
        form = Form(heading, fields, ref=holder.ref, dialog=dialog)
        for element in rest:
            if element.role == "button" and "listbox" not in self.chain(element):
                form.buttons.append(Control(element.ref, element.role, element.name, element.states))
            elif element.role == "link":
                form.leave.append(Control(element.ref, element.role, element.name, element.states))
        form.heading = heading or (form.buttons[-1].name if form.buttons and not dialog else "") or self.heading
        return form if form.buttons or form.fields else None

    def _beside_a_record(self, form: Form) -> bool:
        """Whether a form without a heading stands beside much that is said of a record."""
        said = [e for e in self.elements if e.role in ("text", "cell") and e.name and not {"navigation", "banner"} & set(self.chain(e))]
        own = bool(form.buttons) and form.heading == form.buttons[-1].name
        return own and bool(form.fields) and sum(not self.inside(e, form.ref) for e in said) > MUCH

    def _before(self, holder: Element, role: str) -> str:
        """The heading, or the text, that stands before a form; a text only when it is next to it."""
        siblings = self.children.get(holder.parent, [])
        place = next((index for index, e in enumerate(siblings) if e.ref == holder.ref), 0)
        return next((e.name for e in reversed(siblings[max(place - 1, 0) if role == "text" else 0 : place]) if e.role == role), "")

    def _asks(self, form: Element) -> bool:
        """Whether a form asks for something: it has fields, or a way to leave it; one that only holds a button is a command."""
        return any(e.role in WIDGETS or e.role in ("link", "group") for e in self.below(form.ref))

    def _starred(self, element: Element) -> bool:
        siblings = self.children.get(element.parent, [])
        place = next((index for index, e in enumerate(siblings) if e.ref == element.ref), 0)
        return place > 0 and siblings[place - 1].role == "text" and siblings[place - 1].name.strip() == "*"

    # --- questions -----------------------------------------------------------------------------------------------------------------

    @property
    def listing(self) -> bool:
        """Whether this is a list of records."""
        return bool(self.rows) or (self.search is not None and self.form is None)

    def command(self, name: str) -> Control | None:
        """The command with this name, wherever it stands."""
        for control in (*self.commands, *self.nav):
            if control.plain == name:
                return control
        return None

    def options_of(self, label: str) -> list[Element]:
        """The options now open below a field."""
        if self.picker is not None:
            return self.picker.options
        boxes = [e for e in self.elements if e.role == "listbox"]
        for box in boxes:
            if box.name == label or len(boxes) == 1:
                return [e for e in self.below(box.ref) if e.role == "option"]
        return []

    def field(self, label: str) -> Field | None:
        """The open form's field with this label."""
        if self.form is None:
            return None
        return next((item for item in self.form.fields if item.label == label), None)

    @property
    def text(self) -> str:
        """All texts, for a quick look whether something stands here."""
        shown = [e.name for e in self.elements if e.name and e.role not in ("option", "row", "listitem", "generic")]
        return "\n".join((*shown, *(e.value for e in self.elements if e.value and e.role != "searchbox")))
