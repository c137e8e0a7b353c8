"""A browser on paper: the products without Chromium, for audits and tests of thousands of proofs in seconds.

It fetches pages from the office in-process, parses the HTML, and plays the widgets' scripts itself, so it proves the products' logic, the
experts and the verdicts, not the pages' script or style. A sample of the same proofs runs in real Chromium elsewhere.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlencode, urlsplit

from bakeoff.core import Action, ActionError, Element, Screen, Task
from bakeoff.environments.browser import pages, products, server
from bakeoff.environments.browser.dom import Node, parse
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.world import open_copy, snapshot


class Paper:
    """One open page of one office."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.history: list[str] = []
        self.location = ""
        self.focus: Node | None = None
        self.nodes: dict[str, Node] = {}
        self.largest = 0

    def request(self, path: str, form: list[tuple[str, str]] | None = None) -> Screen:
        parts = urlsplit(path)
        if form is None:
            answer = server._get(self.office, parts.path, dict(parse_qsl(parts.query)))
        else:
            answer = server._accept(self.office, parts.path, urlencode(form).encode())
        if answer.status_code == 303:
            return self.request(answer.headers["location"])
        assert answer.status_code in (200, 422), (path, answer.status_code, bytes(answer.body)[:200])
        self.largest = max(self.largest, len(answer.body))
        self.page = parse(bytes(answer.body).decode(), self.office.csrf)
        self.root, self.location = self.page.root, path
        self.history.append(path)
        self.focus = None
        self.unsaved: Node | None = None
        return self.screen()

    # --- seeing ------------------------------------------------------------------------------------------------------------------

    def screen(self) -> Screen:
        dialogs = [node for node in self.root.all("dialog") if node.has("data-pick") and node.has("open")]
        dialogs += [node for node in self.root.all("dialog") if not node.has("data-pick")]
        self.elements: list[Element] = []
        self.nodes = {}
        self._walk(dialogs[0] if dialogs else self.root, None)
        return Screen(tuple(self.elements), self.office.blueprint.title, self.location)

    def _walk(self, node: Node, parent: str | None) -> None:
        if (
            node.tag in ("head", "script")
            or node.has("hidden")
            or node.attributes.get("type") == "hidden"
            or node.attributes.get("aria-hidden") == "true"
            or (node.has("data-pick") and not node.has("open"))
        ):
            return
        closed = node.tag == "div" and node.parent is not None and node.parent.tag == "details" and not node.parent.has("open")
        if closed:
            return
        role = self._role(node)
        if role:
            ref = f"e{len(self.elements)}"
            self.nodes[ref] = node
            states = {name for name in ("checked", "focused") if node.has(name) or (name == "focused" and node is self.focus)}
            if node.attributes.get("aria-pressed") == "true":
                states.add("pressed")
            if node.attributes.get("aria-checked") == "true":
                states.add("checked")
            options = tuple(option.text() for option in node.all("option")) if node.tag == "select" else ()
            kind = {"type": node.attributes["type"]} if node.tag == "input" and node.has("type") else {}
            self.elements.append(
                Element(
                    ref,
                    role,
                    self._name(node),
                    self._value(node),
                    frozenset(states),
                    parent,
                    len(self.elements),
                    options=options,
                    attributes=kind,
                )
            )
            parent = ref
        for child in node.children:
            if isinstance(child, Node):
                self._walk(child, parent)

    def _role(self, node: Node) -> str:
        if "role" in node.attributes:
            return node.attributes["role"]
        if node.tag == "input":
            return {"text": "textbox", "date": "textbox", "search": "searchbox", "number": "spinbutton", "range": "slider"}.get(
                node.attributes["type"], node.attributes["type"]
            )
        roles = {
            "a": "link",
            "button": "button",
            "summary": "button",
            "textarea": "textbox",
            "select": "combobox",
            "fieldset": "group",
            "nav": "navigation",
        }
        roles |= {
            "main": "main",
            "dialog": "dialog",
            "tr": "row",
            "td": "cell",
            "li": "listitem",
            "ul": "list",
            "h1": "heading",
            "h2": "heading",
            "span": "text",
        }
        return roles.get(node.tag, "")

    def _name(self, node: Node) -> str:
        if node.has("aria-label"):
            return node.attributes["aria-label"]
        if node.has("aria-labelledby"):
            return " ".join(self.page.ids[ident].text() for ident in node.attributes["aria-labelledby"].split())
        if node.tag in ("input", "textarea", "select"):
            label = self.page.label(node)
            assert label is not None, f"a {node.tag} has no name on {self.location}"
            return label.text()
        if node.tag == "fieldset":
            return node.all("legend")[0].text()
        if node.tag in ("main", "dialog", "fieldset", "nav", "ul"):
            return ""
        return node.text()

    def _value(self, node: Node) -> str:
        if node.tag == "select":
            chosen = [option for option in node.all("option") if option.has("selected")]
            return (chosen or node.all("option"))[0].text()
        if node.tag == "textarea":
            return node.text()
        return node.attributes.get("value", "") if node.tag == "input" else ""

    # --- doing -------------------------------------------------------------------------------------------------------------------

    def perform(self, action: Action) -> Screen:
        arguments = action.arguments
        node = self.nodes.get(str(arguments.get("ref", ""))) if "ref" in arguments else None
        if "ref" in arguments and node is None:
            raise ActionError("no such element")
        if action.tool == "press":
            return self.press(str(arguments["key"]))
        if action.tool == "back":
            self.history.pop()
            return self.request(self.history.pop())
        if node is None or action.tool == "scroll":
            return self.screen()
        if action.tool == "type":
            return self.write(node, str(arguments["text"]))
        if action.tool == "select":
            return self.choose(node, str(arguments["option"]))
        if action.tool == "drag":
            target = self.nodes.get(str(arguments["to"]))
            if target is None or node.attributes.get("draggable") != "true" or target.tag != "ul":
                raise ActionError("that cannot be dragged there")
            self.blur(node)
            if node.has("data-card"):
                return self.move(node, target)
            self.transfer(node, target)
            return self.screen()
        assert action.tool == "click", action.tool
        return self.click(node)

    def write(self, node: Node, text: str) -> Screen:
        if self._role(node) not in ("textbox", "searchbox", "combobox", "spinbutton", "slider") or node.tag == "select":
            raise ActionError("not a text field")
        self.blur(node)
        if node.tag == "textarea":
            node.children = [text]
        else:
            node.attributes["value"] = text
        if node.attributes.get("role") == "combobox":
            self.suggest(node)
        sheet = node.up("dialog")
        if node.attributes.get("type") == "search" and sheet is not None and sheet.has("data-pick"):
            for item in sheet.all("li"):
                item.attributes.pop("hidden", None)
                if text.strip().lower() not in item.text().lower():
                    item.attributes["hidden"] = ""
        elif node.attributes.get("type") == "range":
            self.changed(node)
        else:
            self.unsaved = node
        return self.screen()

    def changed(self, node: Node) -> None:
        """A field has a new value: forms that save by themselves are sent, and the page stays."""
        form = node.up("form")
        if form is None or not form.has("data-autosave"):
            return
        answer = server._accept(self.office, form.attributes["action"], urlencode(self.fields(form)).encode())
        assert answer.status_code == 200, (answer.status_code, bytes(answer.body)[:200])
        note = next(item for item in form.all("p") if item.attributes.get("class") == "saved")
        note.children = [bytes(answer.body).decode()]

    def leave(self) -> None:
        """The focus moves on: what was typed counts as entered."""
        node, self.unsaved = self.unsaved, None
        if node is not None:
            self.changed(node)

    def suggest(self, node: Node) -> None:
        assert node.parent is not None
        text, listing = node.attributes["value"].strip().lower(), node.parent.all("ul")[0]
        words = [item.text().lower() for item in listing.all("li")]
        exact = text in words
        for item in listing.all("li"):
            item.attributes.pop("hidden", None)
            if not exact and text not in item.text().lower():
                item.attributes["hidden"] = ""
        listing.attributes.pop("hidden", None)
        if exact or not any(text in word for word in words):
            listing.attributes["hidden"] = ""
        self.at = -1

    def blur(self, node: Node | None) -> None:
        if node is not self.unsaved:
            self.leave()
        for listing in self.root.all("ul"):
            if listing.attributes.get("role") == "listbox":
                listing.attributes["hidden"] = ""
        self.focus = node

    def choose(self, node: Node, text: str) -> Screen:
        if node.tag != "select" or text not in [option.text() for option in node.all("option")]:
            raise ActionError(f"no option {text!r}")
        self.blur(node)
        for option in node.all("option"):
            option.attributes.pop("selected", None)
            if option.text() == text:
                option.attributes["selected"] = ""
        self.changed(node)
        return self.screen()

    def press(self, key: str) -> Screen:
        node = self.focus
        if key == "Tab":
            self.blur(None)
            return self.screen()
        assert node is not None, "nothing has the focus"
        if node.attributes.get("type") == "range":
            stride = max(1, int(node.attributes["max"]) // 10)
            now = int(node.attributes["value"])
            node.attributes["value"] = str({"Home": 0, "PageUp": now + stride, "ArrowRight": now + 1}[key])
            self.changed(node)
            return self.screen()
        box = node.parent
        listing = box.all("ul")[0] if box is not None and (box.has("data-combobox") or box.has("data-dropdown")) else None
        if key == "ArrowDown" and listing is not None:
            listing.attributes.pop("hidden", None)
            self.at += 1
            return self.screen()
        assert key == "Enter", key
        if listing is not None and not listing.has("hidden") and self.at >= 0:
            return self.click([item for item in listing.all("li") if not item.has("hidden")][self.at])
        form = node.up("form")
        assert form is not None and node.tag == "input", "Enter submits from a field"
        self.unsaved = None
        return self.submit(form)

    def click(self, node: Node) -> Screen:
        keep = self.focus
        if node.attributes.get("role") != "option":
            self.blur(node)
        if node.tag == "a":
            return self.request(node.attributes["href"])
        if node.tag == "summary":
            assert node.parent is not None
            if node.parent.has("open"):
                del node.parent.attributes["open"]
            else:
                node.parent.attributes["open"] = ""
        elif node.attributes.get("type") == "range":
            node.attributes["value"] = str(int(node.attributes["max"]) // 2)
            self.changed(node)
        elif node.attributes.get("type") == "checkbox":
            if node.has("checked"):
                del node.attributes["checked"]
            else:
                node.attributes["checked"] = ""
            self.changed(node)
        elif node.attributes.get("type") == "radio":
            form = node.up("form")
            assert form is not None
            for other in form.all("input"):
                if other.attributes.get("name") == node.attributes["name"]:
                    other.attributes.pop("checked", None)
            node.attributes["checked"] = ""
            self.changed(node)
        elif node.attributes.get("role") == "option":
            self.focus = keep
            self.take(node)
        elif node.tag == "button" and node.attributes.get("type") == "submit":
            form = node.up("form")
            assert form is not None
            return self.submit(form)
        elif node.tag == "button":
            self.widget(node)
        return self.screen()

    def take(self, node: Node) -> None:
        listing = node.up("ul")
        assert listing is not None and listing.parent is not None
        box = listing.parent
        listing.attributes["hidden"] = ""
        box.all("input")[0].attributes["value"] = node.text()
        if box.has("data-dropdown"):
            box.all("span")[0].children = [node.text()]
        self.unsaved = None
        self.changed(box.all("input")[0])

    def widget(self, node: Node) -> None:
        group = node.parent
        while (
            group is not None
            and not any(name.startswith("data-") and name not in ("data-pick", "data-chosen") for name in group.attributes)
            and node.attributes.get("role") != "switch"
        ):
            group = group.parent
        assert group is not None
        if node.attributes.get("role") == "switch":
            on = node.attributes["aria-checked"] != "true"
            node.attributes["aria-checked"] = str(on).lower()
            held = group.all("input")[0]
            held.attributes["value"] = held.attributes["data-yes" if on else "data-no"]
            self.changed(node)
        elif group.has("data-segmented"):
            for other in group.all("button"):
                other.attributes["aria-pressed"] = str(other is node).lower()
            group.all("input")[0].attributes["value"] = node.text()
            self.changed(node)
        elif group.has("data-transfer"):
            here = node.up("ul")
            self.transfer(node, next(item for item in group.all("ul") if item is not here))
        elif group.has("data-stepper"):
            box = group.all("input")[0]
            by = 1 if node is group.all("button")[-1] else -1
            box.attributes["value"] = str(max(0, int(box.attributes["value"] or 0) + by))
            self.changed(box)
        elif group.has("data-lookup"):
            self.lookup(group, node)
        elif group.has("data-chips"):
            on = node.attributes["aria-pressed"] != "true"
            node.attributes["aria-pressed"] = str(on).lower()
            for held in group.all("input"):
                if held.attributes["value"] == node.text():
                    assert held.parent is not None
                    held.parent.children.remove(held)
            if on:
                group.children.append(
                    Node("input", {"type": "hidden", "name": group.attributes["data-chips"], "value": node.text()}, group)
                )
            self.changed(node)
        elif group.has("data-dropdown"):
            group.all("ul")[0].attributes.pop("hidden", None)
            self.at = -1
        elif group.has("data-calendar"):
            self.calendar(group, node)

    def lookup(self, box: Node, node: Node) -> None:
        sheet = box.all("dialog")[0]
        if node.has("data-option"):
            held = next(item for item in box.all("input") if item.attributes["type"] == "hidden")
            held.attributes["value"] = node.text()
            box.all("span")[0].children = [node.text()]
            self.changed(held)
        sheet.attributes.pop("open", None)
        if not node.has("data-option") and not node.has("data-close"):
            sheet.attributes["open"] = ""
            for item in sheet.all("li"):
                item.attributes.pop("hidden", None)

    def transfer(self, node: Node, target: Node) -> None:
        item = node.parent
        assert item is not None and item.parent is not None and target.parent is not None
        group = target.up("div")
        while group is not None and not group.has("data-transfer"):
            group = group.up("div")
        assert group is not None
        item.parent.children.remove(item)
        item.parent = target
        target.children.append(item)
        item.children = [child for child in item.children if not isinstance(child, Node) or child.tag != "input"]
        if target.has("data-chosen"):
            item.children.append(Node("input", {"type": "hidden", "name": group.attributes["data-transfer"], "value": node.text()}, item))
        self.changed(target)

    def move(self, card: Node, lane: Node) -> Screen:
        """A card is dropped on a lane of its board."""
        if card.parent is lane:
            return self.screen()
        form = next(item for item in self.root.all("form") if item.attributes.get("id") == "move")
        for held in form.all("input"):
            if held.attributes["name"] in ("id", "to"):
                held.attributes["value"] = card.attributes["data-card"] if held.attributes["name"] == "id" else lane.attributes["data-lane"]
        return self.submit(form)

    def calendar(self, group: Node, node: Node) -> None:
        turn = group.attributes["data-turn"].split("|")
        sheet, held = group.all("div")[0], next(item for item in group.all("input") if item.attributes["type"] == "hidden")
        if node.has("data-day"):
            held.attributes["value"] = node.attributes["data-day"]
            group.all("span")[0].children = [node.attributes["data-day"]]
            sheet.attributes["hidden"] = ""
            self.changed(held)
            return
        if not node.has("aria-label"):
            now = date.fromisoformat(held.attributes["value"] or group.attributes["data-calendar"])
            sheet.attributes.pop("hidden", None)
        else:
            now = date.fromisoformat(sheet.attributes["at"])
            index = now.year * 12 + now.month - 1 + (1 if node.attributes["aria-label"] == turn[1] else -1)
            now = date(index // 12, index % 12 + 1, 1)
        sheet.attributes["at"] = now.replace(day=1).isoformat()
        sheet.children = []
        for label in turn:
            sheet.children.append(Node("button", {"type": "button", "aria-label": label}, sheet))
        for day in range(1, 32):
            try:
                iso = now.replace(day=day).isoformat()
            except ValueError:
                break
            label = f"{day} {group.attributes['data-months'].split('|')[now.month - 1]} {now.year}"
            sheet.children.append(Node("button", {"type": "button", "aria-label": label, "data-day": iso}, sheet))

    def submit(self, form: Node) -> Screen:
        if form.has("data-autosave"):
            self.unsaved = None
            self.changed(form.all("p")[-1])
            return self.screen()
        fields = self.fields(form)
        if form.attributes["method"] == "get":
            return self.request(f"{form.attributes['action']}?{urlencode(fields)}")
        return self.request(form.attributes["action"], fields)

    def fields(self, form: Node) -> list[tuple[str, str]]:
        """What a form would send."""
        fields: list[tuple[str, str]] = []
        controls = form.all("input", "select", "textarea")
        if form.has("id"):
            controls += [node for node in self.root.all("input") if node.attributes.get("form") == form.attributes["id"]]
        for node in controls:
            if "name" not in node.attributes or (node.attributes.get("type") in ("checkbox", "radio") and not node.has("checked")):
                continue
            value = self._value(node)
            if node.tag == "select":
                chosen = next(option for option in node.all("option") if option.text() == value)
                value = chosen.attributes.get("value", value)
            fields.append((node.attributes["name"], value))
        return fields


class PaperEnvironment(BrowserEnvironment):
    """The browser environment on paper."""

    def _begin(self, task: Task, practice: bool) -> Screen:
        self._sign_out()
        self.answer = ""
        blueprint = products.blueprint(task.id.product, task.id.version)
        self._office = Office(blueprint, open_copy(snapshot(blueprint, "practice" if practice else "task", task.id.seed)))
        self.paper = Paper(self._office)
        return self.paper.request(pages.addresses(blueprint).start)

    def _perform(self, action: Action) -> Screen:
        if action.tool == "finish":
            return super()._perform(action)
        return self.paper.perform(action)
