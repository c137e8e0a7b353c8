"""Human resources: people are hired and moved, ask for leave, get another salary once it is approved, and go.

An approved holiday comes off the days that its employee has left; an approved pay change alters the salary when it is put through. What there
is to do is in `hr_jobs.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import blank, stored
from bakeoff.environments.browser.schema import TODAY, Entity, Field, Objection, Operation, Record, State

DEPARTMENTS = ("sales", "production", "research", "finance")
FIELDS = (
    Field("entity", "entity", "sort of record", ("employee", "leave", "pay")),
    Field("name", "name", "name"),
    Field("role", "text", "role"),
    Field("email", "text", "email address"),
    Field("department", "choice", "department", DEPARTMENTS),
    Field("site", "choice", "site", ("north", "south", "remote")),
    Field("manager", "user", "manager"),
    Field("owner", "user", "contact in HR"),
    Field("salary", "money", "salary"),
    Field("start", "date", "first day"),
    Field("days_left", "number", "days of holiday left", most=40),
    Field("car", "flag", "company car"),
    Field("last_day", "date", "last day", future=True),
    Field("status", "choice", "status", ("active", "notice", "left")),
    Field("leaving", "choice", "reason of leaving", ("resigned", "retired", "contract-ended"), blank=True),
    Field("reference", "text", "number"),
    Field("leave_kind", "choice", "kind of leave", ("holiday", "sick", "parental", "unpaid")),
    Field("first_day", "date", "first day of leave"),
    Field("days", "number", "days", most=30),
    Field("cover", "text", "cover"),
    Field("refusal", "choice", "reason of the refusal", ("too-few-days", "busy-season", "no-cover"), blank=True),
    Field("leave_status", "choice", "status", ("requested", "approved", "declined")),
    Field("new_salary", "money", "new salary"),
    Field("from_day", "date", "day from which it holds"),
    Field("grounds", "text", "grounds"),
    Field("pay_status", "choice", "status", ("proposed", "agreed", "applied", "turned-down")),
    Field("tags", "tags", "labels", ("part-time", "first-aider", "trainee", "night-shift")),
)

FORM_FIELDS = (
    Field("note_kind", "choice", "kind", ("talk", "warning", "praise")),
    Field("note_text", "long", "text"),
)

EMPLOYEE = Entity(
    "employee",
    "employee",
    (
        "name", "role", "email", "department", "site", "manager", "owner", "salary", "start", "days_left", "car", "last_day", "leaving", "tags",
        "status",
    ),
    "status",
    ("role", "department", "status", "manager", "site", "days_left", "salary", "start"),
    "email",
)  # fmt: skip
LEAVE = Entity(
    "leave",
    "leave request",
    ("name", "reference", "leave_kind", "first_day", "days", "cover", "refusal", "leave_status"),
    "leave_status",
    ("reference", "leave_status", "leave_kind", "first_day", "days"),
    "cover",
)
PAY = Entity(
    "pay",
    "pay change",
    ("name", "reference", "new_salary", "from_day", "grounds", "pay_status"),
    "pay_status",
    ("reference", "pay_status", "new_salary", "from_day"),
    "grounds",
)
ENTITIES = (EMPLOYEE, LEAVE, PAY)

Records = Mapping[int, Record]
Changes = Mapping[int, Mapping[str, Any]]


def _employee_of(records: Records, record: Record) -> list[int]:
    """The employee that a leave request or a pay change is about; none where there is no such name."""
    return [key for key, other in records.items() if other["entity"] == "employee" and other["name"] == record["name"]][:1]


def _leave_taken(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    record = records[key]
    if record["leave_kind"] != "holiday":
        return {}
    return {other: {"days_left": max(0, records[other]["days_left"] - record["days"])} for other in _employee_of(records, record)}


def _pay_applied(records: Records, key: int, values: Mapping[str, Any]) -> Changes:
    return {other: {"salary": records[key]["new_salary"]} for other in _employee_of(records, records[key])}


def _enough_days(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """Nobody gets more holiday than is left."""
    record = records[key or 0]
    if record["leave_kind"] != "holiday":
        return None
    left = next((records[other]["days_left"] for other in _employee_of(records, record)), record["days"])
    return Objection("", "at-most", left, of="days") if record["days"] > left else None


def _leave_fits(records: Records, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """Nobody covers for themselves, and nobody is away twice at the same time."""
    name = records[key]["name"] if key is not None else values.get("name", "")
    if name and values.get("cover") == name:
        return Objection("cover", "must-differ", name)
    if key is not None or not values.get("first_day"):
        return None
    first = date.fromisoformat(values["first_day"])
    last = first + timedelta(days=max(0, values.get("days", 1) - 1))
    for other in records.values():
        if other["entity"] == "leave" and other["name"] == name and other["leave_status"] != "declined":
            begins = date.fromisoformat(other["first_day"])
            if begins <= last and first <= begins + timedelta(days=max(0, other["days"] - 1)):
                return Objection("first_day", "not-free", values["first_day"])
    return None


OPERATIONS = (
    Operation("edit", "edit", ("name", "role", "email", "site", "car"), ("name", "role")),
    Operation("transfer", "verb", ("department", "manager"), ("department", "manager")),
    Operation("manage", "verb", ("manager",), ("manager",), bulk=True, foldable=True),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("allow", "verb", ("days_left",), foldable=True),
    Operation("tag", "verb", ("tags",), foldable=True),
    Operation("dismiss", "verb", ("last_day", "leaving"), ("last_day", "leaving"), {"status": "notice"}, ("active",)),
    Operation("depart", "verb", sets={"status": "left"}, when=("notice",)),
    Operation("keep", "verb", sets={"status": "active", "last_day": "", "leaving": ""}, when=("notice",)),
    Operation("comment", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("delete", "delete"),
    Operation(
        "create",
        "create",
        ("name", "role", "email", "department", "site", "manager", "salary", "start"),
        ("name", "role", "email", "manager", "salary", "start"),
    ),
    Operation(
        "edit-leave",
        "edit",
        ("reference", "leave_kind", "first_day", "days", "cover"),
        ("reference", "first_day"),
        entity="leave",
        rule=_leave_fits,
    ),
    Operation(
        "grant",
        "verb",
        sets={"leave_status": "approved"},
        when=("requested",),
        entity="leave",
        effect=_leave_taken,
        bulk=True,
        rule=_enough_days,
    ),
    Operation("decline", "verb", ("refusal",), ("refusal",), {"leave_status": "declined"}, ("requested",), entity="leave"),
    Operation(
        "request",
        "create",
        ("name", "reference", "leave_kind", "first_day", "days", "cover"),
        ("name", "reference", "first_day", "days"),
        entity="leave",
        rule=_leave_fits,
    ),
    Operation("edit-pay", "edit", ("reference", "new_salary", "from_day", "grounds"), ("reference", "new_salary"), entity="pay"),
    Operation("agree", "verb", sets={"pay_status": "agreed"}, when=("proposed",), entity="pay"),
    Operation("apply", "verb", sets={"pay_status": "applied"}, when=("agreed",), entity="pay", effect=_pay_applied),
    Operation("turn-down", "verb", sets={"pay_status": "turned-down"}, when=("proposed", "agreed"), entity="pay"),
    Operation(
        "propose",
        "create",
        ("name", "reference", "new_salary", "from_day", "grounds"),
        ("name", "reference", "new_salary", "from_day"),
        entity="pay",
    ),
)

ROLES = {
    "sales": ("Account Executive", "Sales Assistant", "Key Account Lead", "Field Representative"),
    "production": ("Machine Operator", "Shift Lead", "Quality Inspector", "Warehouse Clerk"),
    "research": ("Laboratory Assistant", "Design Engineer", "Data Analyst", "Test Engineer"),
    "finance": ("Bookkeeper", "Payroll Clerk", "Controller", "Treasury Assistant"),
}
GROUNDS = (
    "Took over the night shift",
    "Two years without a rise",
    "Finished the evening course",
    "Now leads a team of four",
    "Matched an outside offer",
    "Works on two sites",
)
TALKS = (
    "Wants to work four days a week",
    "Asks for a course in statistics",
    "Handled the recall very well",
    "Came late three times in May",
    "Would like to move closer to home",
    "Mentors both trainees",
)


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """26 employees of distinct names, some sharing a first name; 14 leave requests, 8 pay changes, some people with several."""
    names: list[str] = []
    while len(names) < 26:
        name = people.person(rng)
        if len(names) % 4 == 3:
            name = f"{rng.choice(names).split(' ')[0]} {name.split(' ', 1)[1]}"
        if name not in names and name not in dict(users):
            names.append(name)
    employees = [_employee(rng, name, index, users) for index, name in enumerate(names)]
    present = [record for record in employees if record["status"] == "active"]
    leaves = [
        _leave(rng, f"L-{number}", present[index % 9], names, index) for index, number in enumerate(rng.sample(range(2100, 9900), 14))
    ]
    pays = [
        _pay(rng, f"P-{number}", record, index)
        for index, (number, record) in enumerate(zip(rng.sample(range(310, 980), 8), present[4:12], strict=True))
    ]
    records: list[Record] = [*employees, *leaves, *pays]
    return stored(rng, records, users, (401, 6000), EMPLOYEE, 9, ("talk", "warning", "praise"), TALKS)


def _employee(rng: random.Random, name: str, index: int, users: tuple[tuple[str, str], ...]) -> Record:
    department = rng.choice(DEPARTMENTS)
    status = "notice" if index % 9 == 7 else "left" if index % 13 == 12 else "active"
    return blank(
        FIELDS,
        EMPLOYEE,
        name=name,
        role=rng.choice(ROLES[department]),
        email=people.email(rng, name, "ourhouse"),
        department=department,
        site=rng.choice(("north", "south", "remote")),
        manager=rng.choice(users)[0],
        owner=rng.choice(users)[0],
        salary=rng.randrange(26, 74) * 100_000 + rng.randrange(0, 10) * 10_000,
        start=people.later(rng, TODAY, -4000, -60),
        days_left=rng.randrange(2, 30),
        car=rng.random() < 0.25,
        last_day=people.later(rng, TODAY, 10, 80) if status == "notice" else "",
        leaving=rng.choice(("resigned", "retired", "contract-ended")) if status != "active" else "",
        status=status,
        tags=tuple(sorted(rng.sample(("part-time", "first-aider", "trainee", "night-shift"), rng.choice((0, 0, 1, 2))))),
    )


def _leave(rng: random.Random, reference: str, employee: Record, names: list[str], index: int) -> Record:
    status = ("requested", "requested", "requested", "requested", "approved", "declined")[index % 6]
    return blank(
        FIELDS,
        LEAVE,
        name=employee["name"],
        reference=reference,
        leave_kind=rng.choice(("holiday", "holiday", "holiday", "sick", "parental", "unpaid")),
        first_day=people.later(rng, TODAY, 3, 120),
        days=rng.randrange(1, 20),
        cover=rng.choice([name for name in names if name != employee["name"]]),
        refusal=rng.choice(("too-few-days", "busy-season", "no-cover")) if status == "declined" else "",
        leave_status=status,
    )


def _pay(rng: random.Random, reference: str, employee: Record, index: int) -> Record:
    status = ("proposed", "proposed", "agreed", "applied", "turned-down")[index % 5]
    return blank(
        FIELDS,
        PAY,
        name=employee["name"],
        reference=reference,
        new_salary=employee["salary"] + (0 if status == "applied" else rng.randrange(4, 40) * 10_000),
        from_day=people.later(rng, TODAY, -30, 60),
        grounds=rng.choice(GROUNDS),
        pay_status=status,
    )
