"""The tree of a page, as the browser on paper needs it: strict about tags, quick about pages that it has seen before."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

VOID = {"input", "meta", "link", "br", "hr"}
SILENT = ("script", "style", "title")
"""Tags whose text nobody reads."""

MARK = "\ufdd0"
"""Stands for the form token, which differs from session to session on pages that are otherwise the same; no page can hold it."""


@dataclass(eq=False)
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Node]:
        found: list[Node] = []
        self._collect(tags, found)
        return found

    def _collect(self, tags: tuple[str, ...], found: list[Node]) -> None:
        for child in self.children:
            if isinstance(child, Node):
                if not tags or child.tag in tags:
                    found.append(child)
                child._collect(tags, found)

    def text(self) -> str:
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(child)
            elif child.attributes.get("aria-hidden") != "true":
                parts.append(child.text())
        return " ".join(" ".join(parts).split())

    def up(self, *tags: str) -> Node | None:
        node = self.parent
        while node is not None and node.tag not in tags:
            node = node.parent
        return node

    def has(self, name: str) -> bool:
        return name in self.attributes


class Parser(HTMLParser):
    """Builds a tree. A tag that is not closed, or not in its turn, is an error of the page.

    Attributes:
        root: holds all else.
        ids: nodes by their `id`.
        labels: labels by the `id` of what they are for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Node("root")
        self.ids: dict[str, Node] = {}
        self.labels: dict[str, Node] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open(tag, {name: value or "" for name, value in attributes})

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag, attributes, self.at)
        self.at.children.append(node)
        if "id" in attributes:
            self.ids.setdefault(attributes["id"], node)
        if tag == "label" and "for" in attributes:
            self.labels.setdefault(attributes["for"], node)
        if tag not in VOID:
            self.at = node

    def handle_endtag(self, tag: str) -> None:
        node: Node | None = self.at
        while node is not None and node.tag != tag:
            node = node.parent
        assert node is not None and node.parent is not None, f"stray </{tag}>"
        assert node is self.at, f"</{tag}> closes <{self.at.tag}>"
        self.at = node.parent

    def handle_data(self, data: str) -> None:
        if self.at.tag not in SILENT:
            self.at.children.append(data)

    def label(self, node: Node) -> Node | None:
        """The label of a control: the one that names it, or the one around it."""
        return self.labels.get(node.attributes.get("id", "")) or node.up("label")


Token = tuple[str, str, tuple[tuple[str, str], ...]]
"""`open`, `close` or `text`; the tag or the text; attributes."""


class _Recorder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[Token] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tokens.append(("open", tag, tuple((name, value or "") for name, value in attributes)))

    def handle_endtag(self, tag: str) -> None:
        self.tokens.append(("close", tag, ()))

    def handle_data(self, data: str) -> None:
        self.tokens.append(("text", data, ()))


@lru_cache(maxsize=256)
def _tokens(page: str) -> tuple[Token, ...]:
    recorder = _Recorder()
    recorder.feed(page)
    return tuple(recorder.tokens)


def parse(page: str, secret: str) -> Parser:
    """The tree of a page; `secret` is the form token in it."""
    parser = Parser()
    for kind, text, attributes in _tokens(page.replace(secret, MARK)):
        if kind == "open":
            parser.open(text, {name: secret if value == MARK else value for name, value in attributes})
        elif kind == "close":
            parser.handle_endtag(text)
        else:
            parser.handle_data(text)
    return parser
