"""What is inside a fresh copy of a product: colleagues, records, notes. From the product and a data seed alone."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache

from bakeoff.environments.browser import people
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Record, State
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.store import Store

DATA = 2
"""Version of the data; versions of a product that differ in its pages alone share it."""


@lru_cache(maxsize=64)
def initial_state(blueprint: Blueprint, namespace: str, seed: int) -> State:
    """The canonical state of a fresh copy. `namespace` is `task` or `practice`, which never share data. Treat as read-only."""
    rng = generator("data", namespace, blueprint.origin, DATA, seed)
    users = tuple((name, people.TEAMS[index % len(people.TEAMS)]) for index, name in enumerate(people.people(rng, 6)))
    state = blueprint.family.populate(rng, users)
    if blueprint.workflow["commit"] in ("outbox", "approval"):
        first = blueprint.family.entities[0]
        for key in rng.sample(sorted(key for key, record in state.records.items() if blueprint.family.entity_of(record) is first), 2):
            record: Record = state.records[key]
            owner = rng.choice([name for name, _ in users if name != record["owner"]])
            state.waiting.append((key, "assign", json.dumps({"owner": owner})))
    return state


@lru_cache(maxsize=64)
def snapshot(blueprint: Blueprint, namespace: str, seed: int) -> bytes:
    """The serialised database of a fresh copy."""
    connection = sqlite3.connect(":memory:")
    try:
        Store(blueprint, connection).create(initial_state(blueprint, namespace, seed))
        return connection.serialize()
    finally:
        connection.close()


def open_copy(content: bytes) -> sqlite3.Connection:
    """An in-memory database from serialised bytes; usable from any one thread at a time."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.deserialize(content)
    return connection
