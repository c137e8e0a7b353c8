"""Variants whose labels mean nothing: no word of ours is left on any page, in any message or in any address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

import pytest

from bakeoff.environments.browser import pages, products, server, vocabulary, wording
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.dom import Parser
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.world import initial_state, open_copy, snapshot
from open_products import OPEN

READABLE = (
    "aria-label", "placeholder", "value", "href", "action", "title", "alt", "data-months", "data-turn", "data-yes", "data-no", "data-lane",
)  # fmt: skip


class Reader:
    """Goes through a product as one who understands nothing, and keeps all that can be read."""

    def __init__(self, drawn: Blueprint) -> None:
        self.drawn, self.at = drawn, pages.addresses(drawn)
        self.office = Office(drawn, open_copy(snapshot(drawn, "task", 1)))
        self.state = initial_state(drawn, "task", 1)
        self.read: dict[str, str] = {}

    def see(self, path: str, form: dict[str, str] | None = None) -> None:
        where, _, query = path.partition("?")
        if form is None:
            answer = server._get(self.office, where, dict(parse_qsl(query)))
        else:
            answer = server._accept(self.office, where, urlencode({"csrf": self.office.csrf, **form}).encode())
        if answer.status_code == 303:
            self.see(answer.headers["location"])
            return
        assert answer.status_code in (200, 404, 422)
        parser = Parser()
        parser.feed(bytes(answer.body).decode())
        texts = [path, parser.root.text()]
        for node in parser.root.all():
            hidden = node.attributes.get("name") == "csrf" or node.tag == "link"
            texts += [] if hidden else [node.attributes[name] for name in READABLE if name in node.attributes]
        for text in texts:
            for word in re.findall(r"[A-Za-z]{2,}", text):
                self.read.setdefault(word.lower(), f"{path}: {text[:80]}")

    def everywhere(self) -> None:
        drawn, at = self.drawn, self.at
        for entity in drawn.family.entities:
            for query in ("", "?q=e", "?q=0000"):
                self.see(at.list_of(entity) + query)
            if drawn.bulk_actions_of(entity):
                self.see(at.selected(entity), {})
            keys = [key for key, record in self.state.records.items() if drawn.family.entity_of(record) is entity]
            for key in keys[:3]:
                self.see(at.record(key))
                if drawn.workflow["lock"]:
                    self.see(at.take(key), {})
                for action in (*drawn.actions_of(entity), *drawn.moves(entity)):
                    self.see(at.action(key, action))
                    for form in (
                        {},
                        {"confirmed": "1", "step": "0"},
                        {"step": "9", **{f"f{n}{p}": "##" for n in range(60) for p in ("", *"abdmy")}},
                    ):
                        self.see(at.action(key, action), form)
            for operation in drawn.family.of(entity):
                if operation.kind == "create":
                    self.see(at.creation(operation.name), {"step": "0"})
        self.see(at.start)
        if drawn.workflow["commit"] != "direct":
            self.see(at.waiting)
            for number, *_ in self.office.store.waiting()[:2]:
                if drawn.workflow["commit"] == "approval":
                    self.see(at.waits(number))
                self.see(at.waits(number, "release"), {})

    def known(self) -> set[str]:
        """Words that may be read: those that were made up, those of the data, the product's and the worker's names."""
        texts = [*self.drawn.words.values(), self.drawn.title, self.office.worker]
        for record in self.state.records.values():
            texts += [str(record[item.name]) for item in self.drawn.family.fields if item.kind in ("text", "long", "name", "user")]
        texts += [text for notes in self.state.notes.values() for _, text in notes]
        texts += [text for user in self.state.users for text in user]
        return {word.lower() for text in texts for word in re.findall(r"[A-Za-z]+", text)}


def _odd(family: str) -> Iterator[str]:
    """A training product and the farthest of the development products."""
    places = products.catalogue(family)
    yield places[0].id
    yield next(item.id for item in places if item.split == "dev" and item.distance == "data-model")


@pytest.mark.parametrize(
    "name",
    # By default one product of each family: a near one and a far one in turn.
    [
        pytest.param(name, marks=[pytest.mark.slow] if (index + place) % 2 else [])
        for index, family in enumerate(FAMILIES)
        for place, name in enumerate(_odd(family))
    ],
)
def test_no_word_of_ours_can_be_read(name: str) -> None:
    reader = Reader(products.blueprint(f"{name}-nonsense"))
    reader.everywhere()
    months = {reader.drawn.month(number)[:3].lower() for number in range(1, 13)}
    strange = {word: where for word, where in reader.read.items() if word not in reader.known() | months}
    assert len(reader.read) > 100 and not strange


def test_the_reader_would_find_words_of_ours() -> None:
    reader = Reader(products.blueprint(OPEN["crm"][0]))
    reader.everywhere()
    odd = Reader(products.blueprint(f"{OPEN['crm'][0]}-nonsense"))
    assert len(set(reader.read) - odd.known()) > 50


def test_made_up_words_are_no_words_of_any_product_and_mean_one_thing() -> None:
    ours = {word for text in (*vocabulary.all_words(), *wording.TEXTS.values()) for word in re.findall(r"[a-z]{3,}", text.lower())}
    for family in FAMILIES:
        drawn = products.blueprint(f"{OPEN[family][150]}-nonsense")
        made = {word for text in drawn.words.values() for word in re.findall(r"[a-z]{3,}", re.sub(wording.SLOT, "", text).lower())}
        assert not made & ours
        assert len({drawn.month(number)[:3].lower() for number in range(1, 13)}) == 12
        assert len({drawn.say(key) for key in wording.TEXTS}) == len(set(wording.TEXTS.values()))
