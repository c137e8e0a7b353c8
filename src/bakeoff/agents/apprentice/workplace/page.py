"""A screen of office software, as a worker used to such software sees it: rows, a search box, commands, a form, facts, notices.

Nothing here knows any one product: only what lists, records and forms have in common everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.workplace.landmarks import (
    CONTROLS,
    FEW,
    LEAVING,
    PATH,
    PICKING,
    beside,
    fold_of,
    group_of,
    heads,
    leads_out,
    looks_for,
    only_controls,
    table_facts,
)
from bakeoff.agents.apprentice.workplace.widgets import TEXTUAL, WIDGETS, Field, read_fields
from bakeoff.core import Element, Observation

_BLANK = frozenset({"", "–", "-", "—", "all"})
BAR = 12  # elements of a bar to look for something
CALM = ("green", "blue", "cyan")  # colours of what tells that something went well, whatever it calls itself
MUCH = 6  # texts outside a form
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_COUNT = re.compile(r"\((\d+)\)")


def blank(text: str) -> bool:
    """Whether a shown value stands for no value."""
    return text.strip().lower() in _BLANK or not text.strip(" -–—")


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
    """Something to press: its handle, role and name, whether it opens or closes something (`collapsed`, `expanded`), and the menu it stands in where
    that folds."""

    ref: str
    role: str
    name: str
    states: frozenset[str] = frozenset()
    menu: str = ""

    @property
    def plain(self) -> str:
        """The name with counts and addresses left out, so that `Drafts (1)` is `Drafts (0)`."""
        return _COUNT.sub("", _ADDRESS.sub("…", self.name)).strip()

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
    """An open form or dialog: heading, fields, the buttons that carry it out, the links and buttons that leave it, the controls that show more of it
    (`parts`), and the buttons behind which there are more buttons (`openers`)."""

    heading: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[Control] = field(default_factory=list)
    leave: list[Control] = field(default_factory=list)
    parts: list[Control] = field(default_factory=list)
    openers: list[Control] = field(default_factory=list)
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
        self._menus: set[str] = set()  # lists that are menus though nothing calls them so
        self._heads: dict[str | None, list[str]] = {}  # table → names of its columns
        self._record_rows: set[str] = set()  # rows of tables with columns that stand for records, and the heads of these
        self._filters: set[str] = set()  # forms whose button says that they look for something
        self._looking: set[str] = set()  # those of them that are a box or two
        self.rows: list[Row] = []
        self.nav: list[Control] = []
        self.folds: list[Control] = []  # buttons of the navigation behind which there is more of it
        self.commands: list[Control] = []
        self.openers: list[Control] = []
        self.pager: list[Control] = []
        self.facts: dict[str, str] = {}
        self.beside: dict[str, str] = {}  # texts that stand next to each other, each pair perhaps a label and its value
        self.form: Form | None = None
        self.inlines: list[Form] = []  # forms that stand on a record's page beside its commands, named by their heading or button
        self.picker: Picker | None = None
        self.columns: dict[str, str] = {}  # of a board: name → where a card is dropped
        self.sections: list[Control] = []
        self.search: Element | None = None
        self.search_button: Element | None = None
        self.everywhere: Element | None = None  # a box to look for anything, on every page
        self.bulk: Element | None = None  # the list of what can be done to ticked rows
        self.bulk_button: Element | None = None
        said = [e for e in self.elements if e.role in ("status", "alert") and e.name.strip()]
        calm = {e.ref for e in said if e.role == "status" or e.attributes.get("color") in CALM}
        self.notices = tuple(e.name for e in said if e.ref in calm)
        self.alerts = tuple(e.name for e in said if e.ref not in calm)
        self.heading = next((e.name for e in self.elements if e.role == "heading"), "")
        self._read()

    # --- structure -----------------------------------------------------------------------------------------------------------------

    def chain(self, element: Element) -> tuple[str, ...]:
        """Roles of the enclosing elements, innermost first."""
        known = self._chains.get(element.ref)
        if known is None:
            above = self.by_ref.get(element.parent) if element.parent else None
            role = "navigation" if above is not None and above.ref in self._menus else above.role if above is not None else ""
            known = self._chains[element.ref] = () if above is None else (role, *self.chain(above))
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
        self._read_menus()
        self._read_heads()
        self._read_looking()
        self._read_rows()
        self._read_search()
        self._read_bulk()
        self._read_form()
        has_main = any(e.role == "main" for e in self.elements)
        form_refs = [form.ref for form in (*((self.form,) if self.form else ()), *self.inlines)]
        for element in self.elements:
            if element.role not in CONTROLS or not element.name or "disabled" in element.states or leads_out(element.name):
                continue
            roles = self.chain(element)
            if "contentinfo" in roles and not {"main", "form", "dialog"} & set(roles):
                continue  # the foot of every page
            control = Control(element.ref, element.role, element.name, element.states)
            folds = element.role == "button" and bool({"collapsed", "expanded"} & element.states)
            inside = any(self.inside(element, ref) for ref in form_refs)
            if "navigation" in roles and not inside and not ("main" in roles and self._toolbar(element)):
                if self._path(element):
                    continue
                if folds and "main" not in roles:
                    self.folds.append(control)
                    continue
                if any(self.inside(element, ref) for ref in self._looking) or (self._pages(element) and "selected" in element.states):
                    continue
                control = Control(element.ref, element.role, element.name, element.states, fold_of(element, self.by_ref, self.children))
                (self.pager if self._pages(element) else self.sections if "main" in roles else self.nav).append(control)
            elif (
                {"row", "cell", "alert", "search", "listbox", "columnheader"} & set(roles)
                or inside
                or any(self.inside(element, ref) for ref in self._looking)
                or ("listitem" in roles and self.rows)
                or ("form" in roles and self.rows)
            ):
                continue
            elif folds or (element.role == "tab" and "selected" not in element.states) or "tablist" in roles:
                if has_main and "main" not in roles and not {"dialog", "alertdialog"} & set(roles):
                    continue  # it folds something beside the record
                if "selected" not in element.states:
                    self.openers.append(control)
            else:
                self.commands.append(control)
        self._tell_apart()
        if self.form is not None and not self.form.dialog and len(self.commands) > 1 and len(self.form.fields) > 1:
            self.inlines, self.form = [self.form], None
        for form in self.inlines:
            self._call(form)
            self.commands.append(Control(form.ref, "form", form.heading))
        if self.form is None and not self.rows:
            self._read_facts()

    def _read_menus(self) -> None:
        """Lists outside the main part that hold nothing but controls are menus."""
        for element in self.elements:
            own = {"main", "dialog", "navigation", "form", "row", "listitem", "tabpanel"} & set(self.chain(element))
            if element.role == "list" and not own and only_controls(element, self.children, self.below):
                self._menus.add(element.ref)
        if self._menus:
            self._chains = {}

    def _read_heads(self) -> None:
        rows: dict[str | None, list[Element]] = {}
        for element in self.elements:
            if element.role == "row":
                rows.setdefault(element.parent, []).append(element)
        self._heads = {table: heads(inside, self.children) for table, inside in rows.items()}
        self._record_rows = {
            row.ref
            for table, inside in rows.items()
            if self._heads[table]
            for row in inside
            if any(e.role in ("link", "columnheader") for e in self.below(row.ref))
        }

    def _read_looking(self) -> None:
        """Forms with boxes to write in and one button, which says that it looks for something."""
        for element in self.elements:
            if element.role != "form":
                continue
            inside = self.below(element.ref)
            buttons = [e for e in inside if e.role == "button" and e.name and not {"collapsed", "expanded"} & e.states]
            boxes = [e for e in inside if e.role in TEXTUAL and "readonly" not in e.states]
            if boxes and buttons and all(looks_for(e.name) for e in buttons):
                self._filters.add(element.ref)
                if len(boxes) <= FEW or self._record_rows:
                    self._looking.add(element.ref)

    def _toolbar(self, element: Element) -> bool:
        """Whether a control of the main part's navigation belongs to a bar of things to do: one at the head of the part, or one with buttons."""
        at: Element | None = element
        while at is not None and at.role != "navigation":
            at = self.by_ref.get(at.parent) if at.parent else None
        if at is None or self._path(element) or self._pages(element):
            return False
        return "banner" in self.chain(at) or any(e.role == "button" for e in self.below(at.ref))

    def _path(self, element: Element) -> bool:
        """Whether a control is a step of the path to this page."""
        at: Element | None = element
        while at is not None and not (at.role == "navigation" and PATH.search(at.name)):
            at = self.by_ref.get(at.parent) if at.parent else None
        return at is not None

    def _tell_apart(self) -> None:
        """Controls of the navigation that are called alike also bear the name of their group."""
        names = [control.plain for control in self.nav]
        for place, control in enumerate(self.nav):
            if names.count(control.plain) > 1:
                group = group_of(self.by_ref[control.ref], self.children)
                if group:
                    self.nav[place] = Control(control.ref, control.role, f"{group} {control.name}", control.states, control.menu)

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
            self._call(form)
            self.commands.append(Control(form.ref, "form", form.heading))
            self._read_facts()

    def _unfolded(self, item: Element) -> bool:
        """Whether an item belongs to a menu that has just been unfolded: its list stands right after the button that did it."""
        listed = self.by_ref.get(item.parent) if item.role == "listitem" and item.parent else None
        beside = self.children.get(listed.parent, []) if listed is not None else []
        place = next((i for i, e in enumerate(beside) if listed is not None and e.ref == listed.ref), 0)
        return place > 0 and beside[place - 1].role == "button" and "expanded" in beside[place - 1].states

    def _call(self, form: Form) -> None:
        """A form that is headed by what the record is called is named by its first button."""
        if form.buttons and form.heading in (self.heading, form.buttons[-1].name):
            form.heading = form.buttons[0].name

    def _pages(self, element: Element) -> bool:
        """Whether a link leads to other pages of a list."""
        if re.fullmatch(r"\d{1,4}", element.name.strip()):
            return True
        at: Element | None = element
        while at is not None and at.role != "navigation":
            at = self.by_ref.get(at.parent) if at.parent else None
        return at is not None and any(re.fullmatch(r"(page )?\d+ ?(/|of) ?\d+", e.name.strip().lower()) for e in self.below(at.ref))

    def _read_rows(self) -> None:
        loose = [e.name for e in self.elements if e.role == "columnheader"]
        for element in self.elements:
            if element.role not in ("row", "listitem", "article"):
                continue
            roles = self.chain(element)
            if {"navigation", "dialog", "form"} & set(roles) and element.role != "row":
                continue
            below = self.below(element.ref)
            links = [e for e in below if e.role == "link" and e.name]
            headed = any(e.role in ("columnheader", "rowheader") for e in below)
            if element.role == "row" and links and not any(e.role == "cell" and e.name for e in below):
                continue  # the heads of columns, which may be pressed to sort
            if (
                "tablist" in roles
                or self._unfolded(element)
                or (element.role == "row" and "form" in roles and not self._heads.get(element.parent))
            ):
                continue
            if not links or (headed and any(e.role in WIDGETS for e in below)):  # a line of a form that is laid out as a table
                continue
            if element.role == "row":
                cells = [self._said(e) for e in below if e.role == "cell"]
                headers = self._heads.get(element.parent) or loose
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

    def _said(self, cell: Element) -> str:
        """What a cell says; of one that also holds a menu, the link beside it."""
        inside = self.below(cell.ref)
        if any(e.role == "button" and {"collapsed", "expanded"} & e.states for e in inside):
            return next((e.name for e in inside if e.role in ("link", "text") and e.name), "" if len(inside) == 1 else cell.name)
        return cell.name

    def _read_search(self) -> None:
        found: list[Element] = []
        for element in self.elements:
            if element.role not in TEXTUAL or "readonly" in element.states:
                continue
            roles = self.chain(element)
            if element.role == "searchbox" or "search" in roles or any(self.inside(element, ref) for ref in self._looking):
                found.append(element)
        boxes = [e for e in found if e.role == "searchbox"] + [e for e in found if e.role != "searchbox"]
        has_main = any(e.role == "main" for e in self.elements)
        own: list[Element] = []
        others: list[Element] = []
        for element in boxes:
            around = set(self.chain(element))
            aside = bool({"navigation", "banner"} & around) and "main" not in around
            (others if aside or (has_main and "main" not in around) else own).append(element)
        if not own and has_main and not self._looking and not any({"navigation", "banner", "generic"} & set(self.chain(e)) for e in others):
            own, others = others, []
        self.search = self._best_box(own)
        self.everywhere = others[0] if others else None
        self.search_button = self._button_of(self.search)

    def _best_box(self, boxes: list[Element]) -> Element | None:
        """Of several boxes in one form, the one that is called like the column by which rows are called."""
        for heads_ in self._heads.values():
            named = next((name for name in heads_ if name), "").lower()
            fitting = [e for e in boxes if e.role == "textbox" and named and named in e.name.lower()]
            if fitting:
                return fitting[0]
        return boxes[0] if boxes else None

    def _button_of(self, box: Element | None) -> Element | None:
        """The button that sends a box to look for something."""
        if box is None:
            return None
        form = next((ref for ref in self._looking if self.inside(box, ref)), None)
        inside = self.below(form) if form else self.below(box.parent) if box.parent else []
        if form is None and len(inside) > BAR:
            return None
        return next((e for e in inside if e.role == "button" and not {"collapsed", "expanded"} & e.states), None)

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
        for label, value in table_facts(self.elements, self.children, self._heads, self._record_rows).items():
            self.facts.setdefault(label, value)
        self.beside = beside(self.elements, self.chain, self.children) if len(self.facts) < MUCH or self.inlines else {}

    def _read_bulk(self) -> None:
        """What can be done to ticked rows: a list of options with a button beside it."""
        if not any(row.tick for row in self.rows):
            return
        forms = {e.ref for e in self.elements if e.role == "form" and self.inside(self.by_ref[self.rows[0].ref], e.ref)}
        for element in self.elements:
            roles = self.chain(element)
            if element.role == "combobox" and element.options and "search" not in roles and not {"row", "listitem"} & set(roles):
                if forms and not any(self.inside(element, ref) for ref in forms):
                    continue  # it belongs to another form
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
            looking = {self.search.ref} if self.search is not None else set()
            forms = [
                e
                for e in self.elements
                if e.role == "form"
                and e.ref not in self._filters
                and not (looking and self._holds(e, looking))
                and not aside & set(self.chain(e)) - self._main(e)
                and self._asks(e)
            ]
            read = [form for e in forms if (form := self._form(e, False)) is not None]
            if len(read) == 1 and not self._beside_a_record(read[0]):
                self.form = read[0]
            else:
                self.inlines = [form for form in read if form.fields]
        else:
            self.form = self._form(holder, True)

    def _form(self, holder: Element, dialog: bool) -> Form | None:
        """What stands in a form or window; None when there is nothing to fill in or press."""
        records = {e.ref for row in self._record_rows if self.inside(self.by_ref[row], holder.ref) for e in self.below(row)}
        inside = [e for e in self.below(holder.ref) if e.ref not in records]
        first = next((place for place, e in enumerate(inside) if e.role in WIDGETS), len(inside))
        named = [e.name for e in inside[:first] if e.role == "heading"]
        parts = self._parts(inside[:first])
        heading = named[0] if named and not parts else holder.name or self._before(holder, "heading")
        fields, rest = read_fields(inside, self.below, self._starred, self._before(holder, "text"), self._column)
        fields = [item for item in fields if item.label] or fields
        form = Form(heading, fields, ref=holder.ref, dialog=dialog, parts=parts)
        showing = {control.ref for control in parts}
        for element in rest:
            control = Control(element.ref, element.role, element.name, element.states)
            if element.ref in showing or "toolbar" in self.chain(element):
                continue
            if element.role == "button" and {"collapsed", "expanded"} & element.states:
                form.openers.append(control)
            elif element.role == "button" and "listbox" not in self.chain(element):
                (form.leave if LEAVING.match(element.name) and fields else form.buttons).append(control)
            elif element.role == "link":
                form.leave.append(control)
        if not dialog and len(form.buttons) > 1 and fields:
            self._sort_out(form, inside)
        form.heading = heading or (form.buttons[-1].name if form.buttons and not dialog else "") or self.heading
        return form if form.buttons or form.fields else None

    def _sort_out(self, form: Form, inside: list[Element]) -> None:
        """Of many buttons, those carry a form out that stand after its fields and once; links among the fields leave nothing."""
        order = {e.ref: place for place, e in enumerate(inside)}
        last = max((order[item.ref] for item in form.fields if item.ref in order), default=-1)
        names = [control.name for control in form.buttons]
        once = [control for control in form.buttons if names.count(control.name) == 1] or form.buttons
        form.buttons = [control for control in once if order[control.ref] > last] or once
        sends = [control for control in form.buttons if not PICKING.match(control.name)]
        form.buttons = sends or form.buttons

    def _main(self, element: Element) -> set[str]:
        """Of what stands aside: the head of the main part does not."""
        roles = self.chain(element)
        return {"banner"} if "main" in roles and "banner" in roles and roles.index("banner") < roles.index("main") else set()

    def _parts(self, before: list[Element]) -> list[Control]:
        """Controls before a form's fields, each of which shows another part of it: tabs, or a list of links."""
        tabs = [e for e in before if e.role == "tab" or (e.role == "link" and "tablist" in self.chain(e))]
        for element in before if not tabs else ():
            if element.role == "list" and only_controls(element, self.children, self.below):
                tabs = [e for e in self.below(element.ref) if e.role in CONTROLS]
                break
        return [Control(e.ref, e.role, e.name, e.states) for e in tabs if e.name]

    def _column(self, element: Element) -> str:
        """What the column of a table is called in which a field stands."""
        at = element
        while at.parent and at.role not in ("cell", "row"):
            at = self.by_ref[at.parent]
        row = self.by_ref.get(at.parent) if at.role == "cell" and at.parent else None
        names = self._heads.get(row.parent, []) if row is not None else []
        cells = [e.ref for e in self.children.get(row.ref, ()) if e.role in ("cell", "columnheader")] if row is not None else []
        return names[cells.index(at.ref)] if names and len(names) == len(cells) else ""

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

    def _holds(self, form: Element, refs: set[str]) -> bool:
        return any(e.ref in refs for e in self.below(form.ref))

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
