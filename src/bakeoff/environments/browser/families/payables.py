"""Accounts payable: invoices are matched with orders, approved, disputed, escalated, coded and lined up for payment.

Three sorts of record hang together by what they say, not by keys: an invoice names its order, an order and an invoice their supplier. What
there is to do with them is in `payables_jobs.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import blank, stored
from bakeoff.environments.browser.schema import TODAY, Entity, Field, Objection, Operation, Record, State

FIELDS = (
    Field("entity", "entity", "sort of record", ("invoice", "order", "supplier")),
    Field("reference", "text", "number"),
    Field("supplier", "text", "supplier"),
    Field("city", "text", "city"),
    Field("email", "text", "email address"),
    Field("order_ref", "text", "order number"),
    Field("amount", "money", "amount"),
    Field("status", "choice", "status", ("received", "approved", "disputed", "escalated", "scheduled", "held")),
    Field("due", "date", "due date"),
    Field("pay_on", "date", "payment date", future=True),
    Field("cost_centre", "choice", "cost centre", ("operations", "marketing", "facilities", "it")),
    Field("owner", "user", "approver"),
    Field("paper", "flag", "original received"),
    Field("instalments", "number", "instalments", most=24),
    Field("dispute", "choice", "reason of the dispute", ("wrong-amount", "not-ordered", "damaged", "duplicate"), blank=True),
    Field("escalation", "text", "reason of the escalation"),
    Field("order_status", "choice", "status", ("open", "received", "closed")),
    Field("account", "text", "bank account"),
    Field("terms", "choice", "payment terms", ("fortnight", "month", "two-months")),
    Field("supplier_status", "choice", "status", ("active", "blocked")),
    Field("tags", "tags", "labels", ("recurring", "foreign", "deposit", "audit")),
)

FORM_FIELDS = (
    Field("note_kind", "choice", "kind", ("question", "decision", "call")),
    Field("note_text", "long", "text"),
)

INVOICE = Entity(
    "invoice",
    "invoice",
    (
        "reference", "supplier", "email", "order_ref", "amount", "status", "due", "pay_on", "cost_centre", "owner", "paper", "instalments",
        "dispute", "escalation", "tags",
    ),
    "status",
    ("supplier", "status", "amount", "due", "order_ref", "owner", "cost_centre", "pay_on"),
    "email",
)  # fmt: skip
ORDER = Entity(
    "order",
    "order",
    ("reference", "supplier", "email", "amount", "order_status", "cost_centre", "owner"),
    "order_status",
    ("supplier", "order_status", "amount", "cost_centre", "owner"),
    "email",
)
SUPPLIER = Entity(
    "supplier",
    "supplier",
    ("supplier", "city", "email", "account", "terms", "supplier_status"),
    "supplier_status",
    ("city", "supplier_status", "email", "account", "terms"),
    "email",
)
ENTITIES = (INVOICE, ORDER, SUPPLIER)

OPEN = ("received", "escalated", "held")


def _entered_once(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """One supplier does not use a number twice."""
    name = (values.get("reference", ""), values.get("supplier", ""))
    invoices = [(other, (record["reference"], record["supplier"])) for other, record in records.items() if record["entity"] == "invoice"]
    if (key, name) in invoices or not any(other != key and named == name for other, named in invoices):
        return None
    return Objection("reference", "exists", name[0])


def _payable(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """Blocked suppliers are not paid, and nothing is paid twice."""
    record = records[key or 0]
    status = next(
        (
            other["supplier_status"]
            for other in records.values()
            if other["entity"] == "supplier" and other["supplier"] == record["supplier"]
        ),
        "",
    )
    if status == "blocked":
        return Objection("", "is-so", status, of="supplier_status")
    twice = any(
        other != key
        and item["entity"] == "invoice"
        and item["status"] == "scheduled"
        and all(item[name] == record[name] for name in ("reference", "supplier"))
        for other, item in records.items()
    )
    return Objection("", "is-so", "scheduled", of="status") if twice else None


OPERATIONS = (
    Operation(
        "edit",
        "edit",
        ("reference", "supplier", "email", "order_ref", "amount", "due", "paper"),
        ("reference", "supplier", "amount"),
        rule=_entered_once,
    ),
    Operation("approve", "verb", sets={"status": "approved"}, when=OPEN, bulk=True),
    Operation("dispute", "verb", ("dispute",), ("dispute",), {"status": "disputed"}, ("received", "approved", "escalated", "held")),
    Operation("escalate", "verb", ("escalation",), ("escalation",), {"status": "escalated"}, ("received", "disputed", "held")),
    Operation("schedule", "verb", ("pay_on",), ("pay_on",), {"status": "scheduled"}, ("approved",), bulk=True, rule=_payable),
    Operation("hold", "verb", sets={"status": "held", "pay_on": ""}, when=("received", "approved", "scheduled")),
    Operation("code", "verb", ("cost_centre",), ("cost_centre",), bulk=True, foldable=True),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("divide", "verb", ("instalments",), when=("received", "approved", "escalated", "held")),
    Operation("tag", "verb", ("tags",), foldable=True),
    Operation("comment", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("delete", "delete", bulk=True),
    Operation(
        "create",
        "create",
        ("reference", "supplier", "email", "order_ref", "amount", "due", "cost_centre"),
        ("reference", "supplier", "amount"),
        rule=_entered_once,
    ),
    Operation("edit-order", "edit", ("reference", "supplier", "email", "amount", "cost_centre"), ("reference", "supplier"), entity="order"),
    Operation("receive", "verb", sets={"order_status": "received"}, when=("open",), entity="order"),
    Operation("close-order", "verb", sets={"order_status": "closed"}, when=("received",), entity="order"),
    Operation("edit-supplier", "edit", ("supplier", "city", "email", "account", "terms"), ("supplier",), entity="supplier"),
    Operation("block", "verb", sets={"supplier_status": "blocked"}, when=("active",), entity="supplier"),
    Operation("unblock", "verb", sets={"supplier_status": "active"}, when=("blocked",), entity="supplier"),
)

COMMENTS = (
    "Waiting for the delivery note",
    "Buyer confirms the price",
    "Supplier will send a credit note",
    "Agreed to pay in full",
    "Second reminder came by post",
    "Freight was not part of the order",
    "Discount of the frame contract applies",
    "Please ask the warehouse",
)

CITIES = ("Leeds", "Turin", "Ghent", "Malmö", "Porto", "Lyon", "Graz", "Cork", "Utrecht", "Bilbao", "Gdansk", "Tartu")


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """12 suppliers, 18 orders, 28 invoices: most for an order, two in five of them over another amount, two entered twice, two for no order."""
    suppliers = [f"{name} {rng.choice(people.FORMS)}" for name in rng.sample(people.FIRMS, 12)]
    mails = {name: people.email(rng, people.person(rng), name) for name in suppliers}
    cities = rng.sample(CITIES, 12)
    busy = [name for name in suppliers[:7] for _ in range(2)] + suppliers[7:11]
    records: list[Record] = [_supplier(rng, name, city, mails[name]) for name, city in zip(suppliers, cities, strict=True)]
    numbers = rng.sample(range(2100, 8900), 18)
    orders = [_order(rng, f"PO-{number}", name, mails[name], users) for number, name in zip(numbers, busy, strict=True)]
    invoices: list[Record] = []
    papers = rng.sample(range(10_200, 98_000), 28)
    for index, paper in enumerate(papers[:26]):
        order = orders[index % len(orders)] if index < 24 else None
        name = order["supplier"] if order else rng.choice(suppliers[:7])
        amount = order["amount"] if order else _amount(rng)
        if index % 5 in (1, 3):
            amount = amount * (100 + rng.choice((-12, -7, -4, 3, 5, 9, 15))) // 100 + rng.randrange(1, 90)
        invoices.append(_invoice(rng, f"INV-{paper}", name, mails[name], order["reference"] if order else "", amount, index, users))
    for position in rng.sample(range(18), 2):
        first = invoices[position]
        twin = _invoice(rng, first["reference"], first["supplier"], first["email"], first["order_ref"], first["amount"], 0, users)
        twin["email"] = people.email(rng, people.person(rng), first["supplier"])
        invoices.append(twin)
    records += orders + invoices
    return stored(rng, records, users, (301, 8000), INVOICE, 10, ("question", "decision", "call"), COMMENTS)


def _amount(rng: random.Random) -> int:
    return rng.randrange(120, 9800) * 100 + rng.choice((0, 0, 50, 25, 90, 99))


def _supplier(rng: random.Random, name: str, city: str, mail: str) -> Record:
    account = f"{rng.choice(('DE', 'NL', 'IE', 'PT'))}{rng.randrange(10, 99)} {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)}"
    terms = rng.choice(("fortnight", "month", "two-months"))
    status = rng.choice(("active", "active", "active", "blocked"))
    return blank(FIELDS, SUPPLIER, supplier=name, city=city, email=mail, account=account, terms=terms, supplier_status=status)


def _order(rng: random.Random, reference: str, name: str, mail: str, users: tuple[tuple[str, str], ...]) -> Record:
    return blank(
        FIELDS,
        ORDER,
        reference=reference,
        supplier=name,
        email=mail,
        amount=_amount(rng),
        order_status=rng.choice(("open", "received", "received", "closed")),
        cost_centre=rng.choice(("operations", "marketing", "facilities", "it")),
        owner=rng.choice(users)[0],
    )


def _invoice(
    rng: random.Random, reference: str, name: str, mail: str, order: str, amount: int, index: int, users: tuple[tuple[str, str], ...]
) -> Record:
    status = ("received", "received", "received", "approved", "approved", "disputed", "escalated", "scheduled")[index % 8]
    return blank(
        FIELDS,
        INVOICE,
        reference=reference,
        supplier=name,
        email=mail,
        order_ref=order,
        amount=amount,
        status=status,
        due=people.later(rng, TODAY, -12, 60),
        pay_on=people.later(rng, TODAY, 2, 30) if status == "scheduled" else "",
        cost_centre=rng.choice(("operations", "marketing", "facilities", "it")),
        owner=rng.choice(users)[0],
        paper=rng.random() < 0.5,
        instalments=rng.choice((1, 1, 1, 2, 3, 6)),
        dispute=rng.choice(("wrong-amount", "not-ordered", "damaged", "duplicate")) if status == "disputed" else "",
        escalation=rng.choice(COMMENTS) if status == "escalated" else "",
        tags=tuple(sorted(rng.sample(("recurring", "foreign", "deposit", "audit"), rng.choice((0, 0, 1, 2))))),
    )
