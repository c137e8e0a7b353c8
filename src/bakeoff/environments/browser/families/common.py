"""What the templates of all families share: choosing records that a person can tell from others, and putting things into words."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Literal

from bakeoff.environments.browser.schema import Act, Answer, Entity, Field, Job, Record, State


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


def blank(fields: Sequence[Field], entity: Entity, **values: Any) -> Record:
    """A record of a family with several sorts, empty but for these values."""
    record: Record = {item.name: item.empty for item in fields}
    return record | {"entity": entity.name} | values


def stored(
    rng: random.Random,
    records: list[Record],
    users: tuple[tuple[str, str], ...],
    numbers: tuple[int, int],
    noted: Entity,
    notes: int,
    kinds: Sequence[str],
    texts: Sequence[str],
) -> State:
    """A fresh database: the records in any order under running numbers from somewhere in `numbers` on, some of one sort with a note."""
    rng.shuffle(records)
    start = rng.randrange(*numbers)
    keyed = {start + index: record for index, record in enumerate(records)}
    said: dict[int, list[tuple[str, str]]] = {key: [] for key in keyed}
    for key in rng.sample([key for key, record in keyed.items() if record.get("entity", noted.name) == noted.name], notes):
        said[key].append((rng.choice(kinds), rng.choice(texts)))
    return State(keyed, said, users=users)


def several(
    state: State, entity: Entity, field: str, least: int, most: int, accept: Callable[[Record], bool] = lambda record: True
) -> list[Any]:
    """Values of a field that between `least` and `most` accepted records of one sort share, sorted; all values where none is so common."""
    values = [record[field] for record in of(state, entity).values() if record[field] and accept(record)]
    return sorted({value for value in values if least <= values.count(value) <= most}) or sorted(set(values))


def remove_double(rng: random.Random, state: State, entity: Entity, say: Callable[[Record], str]) -> Job | None:
    """Of a record that was entered twice, the one with another address goes; None where the addresses do not tell them apart."""
    key = rng.choice([key for key in of(state, entity) if twins(state, key, entity)])
    twin = twins(state, key, entity)[0]
    record, goes = state.records[key], state.records[twin][entity.contact]
    if record[entity.contact] == goes:
        return None
    text = rng.choice(
        (
            f"The {entity.noun} {say(record)} was entered twice. Delete the one with the email address {goes}.",
            f"Delete the duplicate of the {entity.noun} {say(record)}; the one with the email address {record[entity.contact]} stays.",
        )
    )
    return Job(text, (Act("delete", (twin,)),))


def exact_labels(rng: random.Random, values: Sequence[str], now: tuple[str, ...]) -> tuple[str, ...]:
    """One or two labels that are not just those there are."""
    return next(
        chosen for chosen in iter(lambda: tuple(sorted(rng.sample(list(values), rng.choice((1, 2))))), None) if chosen and chosen != now
    )


def adding_up(
    text: str, state: State, keys: Sequence[int], field: str, kind: Literal["number", "money"], others: Iterable[int] = ()
) -> Job:
    """A question for the sum of a field; wrong would be one of the parts, or a sum that takes in `others`."""
    parts = [state.records[key][field] for key in keys]
    total = sum(parts)
    wrong = {*parts, total + sum(state.records[key][field] for key in others)} - {total}
    return Job(text, (), Answer(kind, total, tuple(sorted(wrong))), tuple(keys))


def listing(text: str, state: State, keys: Sequence[int], field: str, others: Iterable[int] = (), sources: Sequence[int] = ()) -> Job:
    """A question for the values of a field of some records; wrong would be one too few, or one of the `others` too many."""
    right = tuple(sorted(state.records[key][field] for key in keys))
    more = sorted({state.records[key][field] for key in others} - set(right))
    wrong = [(*right, name) for name in more[:2]] + ([right[1:], right[:1]] if len(right) > 1 else [tuple(more[:1])] if more else [])
    return Job(text, (), Answer("list", right, tuple(dict.fromkeys(wrong))), tuple(sources or keys))
