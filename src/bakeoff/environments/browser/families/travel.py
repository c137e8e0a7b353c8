"""Scheduling and travel: meetings and their rooms, trips and what they may cost.

A trip has a budget and, once offers are in, a cost; the house's policy is told in the instruction. What there is to do is in `travel_jobs.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import blank, stored
from bakeoff.environments.browser.schema import TODAY, Entity, Field, Objection, Operation, Record, State

SLOTS = ("morning", "noon", "afternoon", "evening")
FIELDS = (
    Field("entity", "entity", "sort of record", ("trip", "meeting", "room")),
    Field("destination", "text", "destination"),
    Field("traveller", "name", "traveller"),
    Field("email", "text", "email address"),
    Field("topic", "text", "topic"),
    Field("organiser", "name", "organiser"),
    Field("room", "text", "room"),
    Field("floor", "text", "floor"),
    Field("depart", "date", "day of departure", future=True),
    Field("back", "date", "day of return", future=True),
    Field("budget", "money", "budget"),
    Field("cost", "money", "cost"),
    Field("travel_class", "choice", "class", ("economy", "comfort", "business")),
    Field("nights", "number", "nights", most=20),
    Field("visa", "flag", "visa needed"),
    Field("status", "choice", "status", ("requested", "approved", "booked", "refused", "cancelled")),
    Field("refusal", "choice", "reason of the refusal", ("over-budget", "no-need", "too-late"), blank=True),
    Field("booking", "text", "booking code"),
    Field("owner", "user", "person in charge"),
    Field("day", "date", "day", future=True),
    Field("slot", "choice", "time of day", SLOTS),
    Field("people", "number", "number of people", most=40),
    Field("meeting_status", "choice", "status", ("planned", "confirmed", "called-off")),
    Field("seats", "number", "seats", most=40),
    Field("tags", "tags", "equipment", ("projector", "whiteboard", "camera", "kitchen")),
    Field("room_status", "choice", "status", ("open", "closed")),
    Field("keeper", "text", "caretaker"),
)

FORM_FIELDS = (
    Field("note_kind", "choice", "kind", ("wish", "change", "call")),
    Field("note_text", "long", "text"),
)

TRIP = Entity(
    "trip",
    "trip",
    (
        "destination", "traveller", "email", "depart", "back", "nights", "budget", "cost", "travel_class", "visa", "status", "refusal", "booking",
        "owner",
    ),
    "status",
    ("traveller", "status", "depart", "cost", "budget", "owner", "travel_class", "back"),
    "email",
)  # fmt: skip
MEETING = Entity(
    "meeting",
    "meeting",
    ("topic", "organiser", "email", "day", "slot", "room", "people", "meeting_status"),
    "meeting_status",
    ("organiser", "meeting_status", "day", "slot", "room", "people"),
    "email",
)
ROOM = Entity(
    "room",
    "room",
    ("room", "floor", "seats", "tags", "keeper", "room_status"),
    "room_status",
    ("floor", "room_status", "seats", "tags", "keeper"),
    "keeper",
)
ENTITIES = (TRIP, MEETING, ROOM)


def _there_and_back(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """Nobody is back before having left."""
    depart, back = values.get("depart", ""), values.get("back", "")
    return Objection("back", "not-before", depart) if depart and back and back < depart else None


def _room_fits(records: Mapping[int, Record], key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """A meeting's room exists, is open and large enough, and nobody else meets there then. What a change leaves alone is not judged."""
    now = records[key] if key is not None else {}
    then = {name: values.get(name, now.get(name)) for name in ("room", "day", "slot", "people")}
    changed = {name for name in then if then[name] != now.get(name)}
    if not changed or not then["room"]:
        return None
    room = next((record for record in records.values() if record["entity"] == "room" and record["room"] == then["room"]), None)
    if room is None:
        return Objection("room", "not-known", then["room"]) if "room" in changed else None
    if "room" in changed and room["room_status"] == "closed":
        return Objection("room", "is-so", "closed", of="room_status")
    if changed & {"room", "people"} and (then["people"] or 0) > room["seats"]:
        return Objection("people", "at-most", room["seats"])
    held = [
        other
        for other, record in records.items()
        if other != key and record["entity"] == "meeting" and record["meeting_status"] != "called-off"
        if all(record[name] == then[name] for name in ("room", "day", "slot"))
    ]
    return Objection("slot", "not-free", then["room"], of="room") if changed - {"people"} and held else None


OPERATIONS = (
    Operation("edit", "edit", ("traveller", "email", "destination", "budget", "cost", "nights", "visa"), ("traveller", "destination")),
    Operation("shift", "verb", ("depart", "back"), ("depart", "back"), when=("requested", "approved", "booked"), rule=_there_and_back),
    Operation("reclass", "verb", ("travel_class",), ("travel_class",), foldable=True),
    Operation("approve", "verb", sets={"status": "approved"}, when=("requested",), bulk=True),
    Operation("refuse", "verb", ("refusal",), ("refusal",), {"status": "refused"}, ("requested",)),
    Operation("book", "verb", ("booking",), ("booking",), {"status": "booked"}, ("approved",)),
    Operation("cancel", "verb", sets={"status": "cancelled", "booking": ""}, when=("requested", "approved", "booked"), bulk=True),
    Operation("assign", "verb", ("owner",), ("owner",), bulk=True, foldable=True),
    Operation("comment", "note", ("note_kind", "note_text"), ("note_kind", "note_text")),
    Operation("delete", "delete", bulk=True),
    Operation(
        "create",
        "create",
        ("destination", "traveller", "email", "depart", "back", "nights", "budget", "travel_class"),
        ("destination", "traveller", "depart", "back"),
        rule=_there_and_back,
    ),
    Operation("edit-meeting", "edit", ("topic", "organiser", "email", "people"), ("topic", "organiser"), entity="meeting", rule=_room_fits),
    Operation("place", "verb", ("room",), ("room",), entity="meeting", foldable=True, rule=_room_fits),
    Operation("reschedule", "verb", ("day", "slot"), ("day", "slot"), when=("planned", "confirmed"), entity="meeting", rule=_room_fits),
    Operation("confirm", "verb", sets={"meeting_status": "confirmed"}, when=("planned",), entity="meeting", bulk=True),
    Operation("call-off", "verb", sets={"meeting_status": "called-off"}, when=("planned", "confirmed"), entity="meeting", bulk=True),
    Operation(
        "convene",
        "create",
        ("topic", "organiser", "email", "day", "slot", "room", "people"),
        ("topic", "organiser", "day", "slot"),
        entity="meeting",
        rule=_room_fits,
    ),
    Operation("edit-room", "edit", ("room", "floor", "seats", "keeper"), ("room",), entity="room"),
    Operation("equip", "verb", ("tags",), foldable=True, entity="room"),
    Operation("shut", "verb", sets={"room_status": "closed"}, when=("open",), entity="room"),
    Operation("reopen", "verb", sets={"room_status": "open"}, when=("closed",), entity="room"),
)

TOWNS = ("Lisbon", "Oslo", "Vienna", "Glasgow", "Seville", "Riga", "Zagreb", "Antwerp", "Bremen", "Nantes", "Krakow", "Bari")
TOPICS = (
    "Budget review",
    "Product launch",
    "Sprint planning",
    "Contract talks",
    "Safety briefing",
    "Site visit",
    "Quarterly figures",
    "Supplier day",
)
ROOMS = ("Aspen", "Birch", "Cedar", "Dune", "Ebony", "Fjord", "Grove", "Heath", "Islet", "Jetty")
WISHES = (
    "Needs a seat on the aisle",
    "Would rather go by train",
    "Brings a guest from the ministry",
    "Vegetarian lunch for four",
    "Must be back before the weekend",
    "Wheelchair access is needed",
)


def populate(rng: random.Random, users: tuple[tuple[str, str], ...]) -> State:
    """22 trips (one traveller with several, one town of several travellers), two of them entered twice, 16 meetings, 10 rooms."""
    rooms = [_room(rng, name, index) for index, name in enumerate(ROOMS)]
    travellers = people.people(rng, 12)
    trips: list[Record] = []
    pairs: list[tuple[str, str]] = []
    while len(pairs) < 22:
        pair = (rng.choice(TOWNS), rng.choice(travellers))
        if pair not in pairs:
            trips.append(_trip(rng, *pair, len(pairs), users))
            pairs.append(pair)
    for position in rng.sample(range(20), 2):
        first = trips[position]
        twin = _trip(rng, first["destination"], first["traveller"], 0, users)
        twin["email"] = people.email(rng, first["traveller"], "webmail")
        trips.append(twin)
    meetings: list[Record] = []
    named: list[tuple[str, str]] = []
    taken: set[tuple[str, str, str]] = set()
    while len(meetings) < 16:
        pair = (rng.choice(TOPICS), rng.choice(travellers))
        meeting = _meeting(rng, *pair, rooms, len(meetings))
        place = (meeting["room"], meeting["day"], meeting["slot"])
        if pair not in named and place not in taken:
            meetings.append(meeting)
            named.append(pair)
            taken.add(place)
    records = [*rooms, *trips, *meetings]
    return stored(rng, records, users, (151, 6500), TRIP, 8, ("wish", "change", "call"), WISHES)


def _room(rng: random.Random, name: str, index: int) -> Record:
    return blank(
        FIELDS,
        ROOM,
        room=name,
        floor=f"Floor {index % 4 + 1}",
        seats=(4, 6, 8, 10, 12, 14, 18, 22, 28, 36)[index] + rng.choice((0, 1)),
        tags=tuple(sorted(rng.sample(("projector", "whiteboard", "camera", "kitchen"), rng.choice((1, 2, 2, 3))))),
        keeper=people.person(rng),
        room_status="closed" if index in (3, 6) else "open",
    )


def _trip(rng: random.Random, town: str, traveller: str, index: int, users: tuple[tuple[str, str], ...]) -> Record:
    status = ("requested", "requested", "requested", "requested", "approved", "approved", "booked", "refused")[index % 8]
    nights, budget = rng.randrange(1, 12), rng.randrange(40, 320) * 1000
    depart = people.later(rng, TODAY, 5, 60)
    return blank(
        FIELDS,
        TRIP,
        destination=town,
        traveller=traveller,
        email=people.email(rng, traveller, "ourhouse"),
        depart=depart,
        back=people.later(rng, _day(depart), nights, nights + 1),
        nights=nights,
        visa=rng.random() < 0.2,
        budget=budget,
        cost=budget * rng.choice((70, 85, 95, 100, 104, 115, 130)) // 100,
        travel_class=rng.choice(("economy", "economy", "comfort", "business")),
        status=status,
        refusal=rng.choice(("over-budget", "no-need", "too-late")) if status == "refused" else "",
        booking=booking_code(rng) if status == "booked" else "",
        owner=rng.choice(users)[0],
    )


def _day(iso: str) -> Any:
    return type(TODAY).fromisoformat(iso)


def booking_code(rng: random.Random) -> str:
    return "".join(rng.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(3)) + f" {rng.randrange(1000, 9999)}"


def _meeting(rng: random.Random, topic: str, organiser: str, rooms: list[Record], index: int) -> Record:
    return blank(
        FIELDS,
        MEETING,
        topic=topic,
        organiser=organiser,
        email=people.email(rng, organiser, "ourhouse"),
        day=people.later(rng, TODAY, 2, 9),
        slot=rng.choice(SLOTS),
        room=rng.choice(rooms)["room"],
        people=rng.randrange(2, 20),
        meeting_status=("planned", "planned", "confirmed", "planned", "called-off")[index % 5],
    )
