"""Wrong final states made by machine: whatever is kept in tables can be taken apart, changed and put together again, and excused only by reason."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.proofs import (
    OPERATORS,
    Edit,
    FinalState,
    Refused,
    Tables,
    any_case,
    any_order,
    any_space,
    any_value,
    excuse,
    ignored_table,
    latest_only,
    mutants,
    new_numbers,
)

INVOICES = [
    {"id": number, "supplier": f"{supplier} {number}", "amount": amount + number, "due": due, "paid": 0, "status": "open"}
    for number, (supplier, amount, due) in enumerate(
        [("Brook & Sons", 120.5, "2026-03-04"), ("Alder Ltd", 80.0, "2026-05-11"), ("Cove Inc", 80.0, "2026-05-12")] * 4, start=1
    )
]


def database(*statements: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE invoices (id INTEGER PRIMARY KEY, supplier TEXT NOT NULL, amount REAL, due TEXT, paid INTEGER, status TEXT, note TEXT);
        CREATE TABLE tags (invoice INTEGER, tag TEXT, PRIMARY KEY (invoice, tag)) WITHOUT ROWID;
        CREATE TABLE log (line TEXT);
        CREATE TABLE reminders (number INTEGER PRIMARY KEY, invoice INTEGER NOT NULL, due TEXT NOT NULL, sent INTEGER NOT NULL);
        CREATE VIEW open AS SELECT * FROM invoices WHERE paid = 0;
        INSERT INTO tags VALUES (1, 'urgent'), (2, 'urgent'), (3, 'late');
        INSERT INTO log VALUES ('began');
        """
    )
    connection.executemany("INSERT INTO invoices VALUES (:id, :supplier, :amount, :due, :paid, :status, NULL)", INVOICES)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    content = connection.serialize()
    connection.close()
    return content


BEFORE = database()
AFTER = database(
    "UPDATE invoices SET paid = 1, status = 'paid', amount = 99.5, due = '2026-04-02' WHERE id = 2",
    "INSERT INTO invoices VALUES (13, 'Dale and Co', 10, '2026-06-07', 0, 'open', NULL)",
    "DELETE FROM tags WHERE invoice = 2",
    "INSERT INTO log VALUES ('paid 2')",
)


def states() -> tuple[FinalState, FinalState]:
    return FinalState({"app.sqlite": BEFORE}), FinalState({"app.sqlite": AFTER, "picture.png": b"\x89PNG\xff"})


def query(content: bytes, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(content)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


# --- taking apart and putting together


def test_a_database_becomes_its_tables() -> None:
    _, after = states()
    assert set(after.tables) == {"app.sqlite/invoices", "app.sqlite/tags", "app.sqlite/log", "app.sqlite/reminders"}
    assert after.columns["app.sqlite/reminders"] == ("invoice", "due", "sent"), "the key is no column"
    assert after.tables["app.sqlite/invoices"][2]["status"] == "paid" and "id" not in after.tables["app.sqlite/invoices"][2]
    assert [row["invoice"] for row in after.tables["app.sqlite/tags"].values()] == [1, 3]


def test_edits_are_written_into_the_database_and_nothing_else() -> None:
    _, after = states()
    rows = after.tables["app.sqlite/invoices"]
    tags = after.tables["app.sqlite/tags"]
    late = next(key for key, row in tags.items() if row["tag"] == "late")
    written = after.write(
        [
            Edit("app.sqlite/invoices", 1, {**rows[1], "amount": -121.5}),
            Edit("app.sqlite/invoices", 3, None),
            Edit("app.sqlite/invoices", 20, dict(rows[4])),
            Edit("app.sqlite/tags", late, {**tags[late], "tag": "early"}),
        ]
    )
    assert written["picture.png"] == b"\x89PNG\xff"
    content = written["app.sqlite"]
    assert query(content, "SELECT amount FROM invoices WHERE id = 1") == [(-121.5,)]
    assert query(content, "SELECT supplier FROM invoices WHERE id = 20") == [("Brook & Sons 4",)]
    assert query(content, "SELECT COUNT(*) FROM invoices") == [(13,)] and query(content, "SELECT tag FROM tags") == [
        ("urgent",),
        ("early",),
    ]
    assert query(AFTER, "SELECT amount FROM invoices WHERE id = 1") == [(121.5,)]


def test_what_the_store_does_not_take_is_refused() -> None:
    _, after = states()
    row, tag = after.tables["app.sqlite/invoices"][1], next(iter(after.tables["app.sqlite/tags"].values()))
    for edit in (Edit("app.sqlite/invoices", 1, {**row, "supplier": None}), Edit("app.sqlite/tags", "new", dict(tag))):
        with pytest.raises(Refused):
            after.write([edit])


DOCUMENT = {
    "status": {"paid": 3, "note": "ok"},
    "rows": [{"id": 7, "to": {"city": "Rome"}, "tags": ["a", "b"]}, {"id": 9, "to": {"city": "Oslo"}}],
}


def test_json_is_taken_apart_and_put_together() -> None:
    state = FinalState({"app.json": json.dumps(DOCUMENT).encode(), "answer.txt": b"12.50"})
    flat = {(table, key): row for table, rows in state.tables.items() for key, row in rows.items()}
    assert {"id": 7, "tags": ("a", "b")} in flat.values() and {"city": "Oslo"} in flat.values() and {"text": "12.50"} in flat.values()
    table = next(table for table, rows in state.tables.items() if 1 in rows)
    edits = [
        Edit(table, 0, {"id": 7, "tags": ("a",)}),
        Edit(table, 1, None),
        Edit(table, 5, {"id": 11}),
        Edit("answer.txt/", "", {"text": "13"}),
    ]
    written = state.write(edits)
    assert json.loads(written["app.json"])["rows"] == [{"id": 7, "to": {"city": "Rome"}, "tags": ["a"]}, {"id": 11}]
    assert json.loads(written["app.json"])["status"] == DOCUMENT["status"] and written["answer.txt"] == b"13"
    with pytest.raises(Refused):
        state.write([Edit("answer.txt/", "", None)])


def test_what_was_asked_is_no_final_state() -> None:
    first = FinalState({"asked.json": b'{"target": 3}', "final.json": b'{"value": 1}', "same.sqlite": BEFORE})
    last = FinalState({"asked.json": b'{"target": 3}', "final.json": b'{"value": 2}', "same.sqlite": BEFORE})
    kept = {table.partition("/")[0] for table in last.compared_with(first).tables}
    assert kept == {"final.json", "same.sqlite"}


_VALUES = st.one_of(st.integers(-99, 99), st.text("abc ", max_size=4), st.booleans(), st.none(), st.lists(st.integers(0, 3), max_size=2))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), _VALUES, min_size=1), min_size=1, max_size=4), st.data())
def test_any_list_of_objects_survives_an_edit_of_one_cell(items: list[dict[str, object]], data: st.DataObject) -> None:
    state = FinalState({"x.json": json.dumps({"items": items}).encode()})
    index = data.draw(st.integers(0, len(items) - 1))
    name = data.draw(st.sampled_from(sorted(items[index])))
    table = "x.json/items"
    row = state.tables[table][index]
    written = json.loads(state.write([Edit(table, index, {**row, name: "changed"})])["x.json"])
    assert written == {"items": [{**item, name: "changed"} if place == index else item for place, item in enumerate(items)]}


# --- mutants


def made(seed: int = 0, most: int = 400, **options: object) -> list[str]:
    first, last = states()
    found = mutants(first.tables, last.tables, random.Random(seed), most=most, columns=last.columns, **options)  # type: ignore[arg-type]
    return [f"{item.operator}: {item.claim}" for item in found]


def test_the_same_seed_makes_the_same_mutants() -> None:
    assert made(1) == made(1) != made(2)


def test_every_kind_of_mistake_is_tried() -> None:
    kinds = Counter(text.partition(":")[0] for text in made())
    assert not kinds.keys() - OPERATORS.keys()
    assert OPERATORS.keys() - kinds.keys() == {"item-missing", "item-doubled", "inside"}, (
        "there are no lists and no texts with structure here"
    )
    limited = Counter(text.partition(":")[0] for text in made(most=30))
    assert sum(limited.values()) == 30 and len(limited) > 18, "each kind has its turn before any has two"


def test_mutants_differ_from_the_right_state_and_from_each_other() -> None:
    first, last = states()
    seen = set()
    for mutant in mutants(first.tables, last.tables, random.Random(3), most=400):
        tables = last.edited(mutant.edits)
        assert any(rows != last.tables[table] for table, rows in tables.items()), mutant
        mark = repr(sorted((table, sorted((str(key), repr(row)) for key, row in rows.items())) for table, rows in tables.items()))
        assert mark not in seen, mutant
        seen.add(mark)


def test_a_row_is_put_into_an_empty_table_with_what_such_columns_hold() -> None:
    """A verifier that only reads the tables which its own software fills does not see it."""
    first, last = states()
    (mutant,) = [
        item
        for item in mutants(first.tables, last.tables, random.Random(0), most=400, columns=last.columns)
        if item.operator == "first-row"
    ]
    ((invoice, due, _),) = query(last.write(mutant.edits)["app.sqlite"], "SELECT invoice, due, sent FROM reminders")
    assert isinstance(invoice, int) and due in {row["due"] for row in last.tables["app.sqlite/invoices"].values()}
    assert "first-row" not in {item.operator for item in mutants(first.tables, last.tables, random.Random(0), most=400)}, "needs columns"


def goal_and_frame(content: bytes) -> bool:
    """An exact verifier of the example: every table but the log as it should be."""
    return all(
        query(content, f"SELECT * FROM {table} ORDER BY 1, 2") == query(AFTER, f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in ("invoices", "tags", "reminders")
    )


def goal_only(content: bytes) -> bool:
    return query(content, "SELECT status, amount FROM invoices WHERE id = 2") == [("paid", 99.5)]


def accepted(verifier: object, seed: int = 5) -> tuple[Counter[str], Counter[str]]:
    """Accepted wrong ones and all wrong ones, by kind."""
    first, last = states()
    freedoms = [ignored_table("the log", "*/log")]
    wrong: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for mutant in mutants(first.tables, last.tables, random.Random(seed), most=400, freedoms=freedoms, columns=last.columns):
        try:
            content = last.write(mutant.edits)["app.sqlite"]
        except Refused:
            continue
        if excuse(first.tables, last.tables, last.edited(mutant.edits), freedoms) is None:
            wrong[mutant.operator] += 1
            bad[mutant.operator] += verifier(content)  # type: ignore[operator]
    return +bad, wrong


def test_an_exact_verifier_rejects_all_and_a_goal_only_one_is_found_out() -> None:
    bad, wrong = accepted(goal_and_frame)
    assert not bad and sum(wrong.values()) > 80
    loose, _ = accepted(goal_only)
    assert {"extra-edit", "extra-row", "first-row", "lost-row", "half-lost", "also-sibling"} <= loose.keys()


# --- what does not matter

BASE: Tables = {"a/t": {1: {"name": "Ann Lee", "at": 1}, 2: {"name": "Bo", "at": 2}}}


@pytest.mark.parametrize(
    ("freedom", "other"),
    [
        (any_space(), {1: {"name": " Ann  Lee", "at": 1}, 2: {"name": "Bo", "at": 2}, 9: {"name": "new", "at": 0}}),
        (any_case(), {1: {"name": "ann lee", "at": 1}, 2: {"name": "Bo", "at": 2}, 9: {"name": "new", "at": 0}}),
        (any_value("time", "*", "at"), {1: {"name": "Ann Lee", "at": 5}, 2: {"name": "Bo", "at": 6}, 9: {"name": "new", "at": 0}}),
        (new_numbers(), {1: {"name": "Ann Lee", "at": 1}, 2: {"name": "Bo", "at": 2}, 12: {"name": "new", "at": 0}}),
        (any_order("order", "*"), {2: {"name": "Ann Lee", "at": 1}, 1: {"name": "Bo", "at": 2}, 9: {"name": "new", "at": 0}}),
        (ignored_table("log", "*/t"), {}),
        (
            latest_only("on the way", "*", "name"),
            {1: {"name": "Bo", "at": 9}, 3: {"name": "Ann Lee", "at": 1}, 4: {"name": "Bo", "at": 2}, 9: {"name": "new", "at": 0}},
        ),
    ],
    ids=lambda item: getattr(item, "reason", ""),
)
def test_each_freedom_excuses_what_it_says_and_is_named(freedom: object, other: dict[int, dict[str, object]]) -> None:
    after: Tables = {"a/t": {**BASE["a/t"], 9: {"name": "new", "at": 0}}}
    mutant: Tables = {"a/t": other}  # type: ignore[dict-item]
    bystander = any_value("never needed", "b/*", "x")
    assert excuse(BASE, after, mutant, []) is None
    assert excuse(BASE, after, mutant, [bystander, freedom]) == (freedom.reason,)  # type: ignore[attr-defined, list-item]
    worse: Tables = {"a/t": {**other, 2: {"name": "Zed", "at": 2}}}  # type: ignore[dict-item]
    assert freedom.reason == "log" or excuse(BASE, after, worse, [freedom]) is None  # type: ignore[attr-defined, list-item]


def test_a_table_that_does_not_matter_seeds_no_mutants() -> None:
    first, last = states()
    found = mutants(first.tables, last.tables, random.Random(1), most=400, freedoms=[ignored_table("the log", "*/log")])
    in_log = [mutant for mutant in found if any(edit.table == "app.sqlite/log" for edit in mutant.edits)]
    assert len(in_log) <= 1 and all(mutant.operator == "extra-edit" for mutant in in_log)
