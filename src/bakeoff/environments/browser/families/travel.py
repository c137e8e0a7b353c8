"""Scheduling and travel: meetings and their rooms, trips and what they may cost.

A trip has a budget and, once offers are in, a cost; the house's policy is told in the instruction. What there is to do is in `travel_jobs.py`.
"""

from __future__ import annotations

import random
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.schema import TODAY, Entity, Field, Operation, Record, State

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
        "destination", "traveller", "email", "depart", "back", "nights", "budget", "cost", "travel_class", "status", "refusal", "booking",
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

OPERATIONS = (
    Operation("edit", "edit", ("traveller", "email", "destination", "budget", "cost", "nights"), ("traveller", "destination")),
    Operation("shift", "verb", ("depart", "back"), ("depart", "back"), when=("requested", "approved", "booked")),
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
    ),
    Operation("edit-meeting", "edit", ("topic", "organiser", "email", "people"), ("topic", "organiser"), entity="meeting"),
    Operation("place", "verb", ("room",), ("room",), entity="meeting", foldable=True),
    Operation("reschedule", "verb", ("day", "slot"), ("day", "slot"), when=("planned", "confirmed"), entity="meeting"),
    Operation("confirm", "verb", sets={"meeting_status": "confirmed"}, when=("planned",), entity="meeting", bulk=True),
    Operation("call-off", "verb", sets={"meeting_status": "called-off"}, when=("planned", "confirmed"), entity="meeting", bulk=True),
    Operation(
        "convene",
        "create",
        ("topic", "organiser", "email", "day", "slot", "room", "people"),
        ("topic", "organiser", "day", "slot"),
        entity="meeting",
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
    rng.shuffle(records)
    start = rng.randrange(151, 6500)
    keyed = {start + index: record for index, record in enumerate(records)}
    notes: dict[int, list[tuple[str, str]]] = {key: [] for key in keyed}
    for key in rng.sample([key for key, record in keyed.items() if record["entity"] == "trip"], 8):
        notes[key].append((rng.choice(("wish", "change", "call")), rng.choice(WISHES)))
    return State(keyed, notes, users=users)


def _blank(entity: Entity, **values: Any) -> Record:
    record: Record = {item.name: item.empty for item in FIELDS}
    return record | {"entity": entity.name} | values


def _room(rng: random.Random, name: str, index: int) -> Record:
    return _blank(
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
    return _blank(
        TRIP,
        destination=town,
        traveller=traveller,
        email=people.email(rng, traveller, "ourhouse"),
        depart=depart,
        back=people.later(rng, _day(depart), nights, nights + 1),
        nights=nights,
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
    return _blank(
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
