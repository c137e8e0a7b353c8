"""What the templates of all families share: choosing records that a person can tell from others, and putting things into words."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from bakeoff.environments.browser.schema import Entity, Record, State


def of(state: State, entity: Entity) -> dict[int, Record]:
    """The records of one sort, by id."""
    return {key: record for key, record in state.records.items() if record.get("entity", entity.name) == entity.name}


def twins(state: State, key: int, entity: Entity) -> list[int]:
    """Other records of the same title and subtitle."""
    record = state.records[key]
    name = (record[entity.title], record[entity.subtitle])
    return [k for k, r in of(state, entity).items() if k != key and (r[entity.title], r[entity.subtitle]) == name]


def matching(
    state: State, entity: Entity, wanted: dict[str, Collection[Any]], accept: Callable[[Record], bool] = lambda record: True
) -> list[int]:
    """Records that their title and subtitle identify and whose fields hold one of the wanted values."""
    return [
        key
        for key, record in of(state, entity).items()
        if all(record[name] in values for name, values in wanted.items()) and accept(record) and not twins(state, key, entity)
    ]


def pick(
    rng: random.Random,
    state: State,
    entity: Entity,
    wanted: dict[str, Collection[Any]],
    prefer: float = 0.5,
    accept: Callable[[Record], bool] = lambda record: True,
) -> int:
    """One of the `matching` records; with probability `prefer` one that shares its title with another, where there is any."""
    found = matching(state, entity, wanted, accept)
    titles = [record[entity.title] for record in of(state, entity).values()]
    siblings = [key for key in found if titles.count(state.records[key][entity.title]) > 1]
    return rng.choice(siblings if siblings and rng.random() < prefer else found)


def other(rng: random.Random, values: Iterable[Any], *now: Any) -> Any:
    """One of the values that is none of these."""
    return rng.choice([value for value in values if value not in now])


def colleagues(state: State) -> list[str]:
    """The names of all colleagues."""
    return [name for name, _ in state.users]


def euros(cents: int) -> str:
    """An amount as instructions write it, e.g. `1,250.00 euros`."""
    return f"{cents / 100:,.2f} euros"


def spread(rng: random.Random, found: Sequence[int], least: int, most: int) -> list[int]:
    """Between `least` and `most` of these records, in the order of their ids."""
    return sorted(rng.sample(list(found), min(len(found), rng.randint(least, most))))
