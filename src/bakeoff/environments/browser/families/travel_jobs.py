"""Scheduling and travel: what there is to do, from confirming a meeting to clearing a desk full of requests."""

from __future__ import annotations

import random
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import (
    adding_up,
    colleagues,
    euros,
    exact_labels,
    listing,
    matching,
    of,
    other,
    pick,
    remove_double,
    spread,
)
from bakeoff.environments.browser.families.travel import (
    ENTITIES,
    FIELDS,
    FORM_FIELDS,
    MEETING,
    OPERATIONS,
    ROOM,
    SLOTS,
    TOPICS,
    TOWNS,
    TRIP,
    WISHES,
    booking_code,
    populate,
)
from bakeoff.environments.browser.schema import TODAY, Act, Answer, Family, Job, Record, State

SPOKEN = {"over-budget": "it is over budget", "no-need": "there is no need for it", "too-late": "it was asked for too late"}


def trip(rng: random.Random, state: State, *statuses: str) -> int:
    return pick(rng, state, TRIP, {"status": statuses} if statuses else {})


def journey(rng: random.Random, record: Record) -> str:
    return rng.choice((f"to {record['destination']} of {record['traveller']}", f"of {record['traveller']} to {record['destination']}"))


def gathering(rng: random.Random, record: Record) -> str:
    return rng.choice((f"'{record['topic']}' of {record['organiser']}", f"'{record['topic']}' ({record['organiser']})"))


def approve(rng: random.Random, state: State) -> Job:
    key = trip(rng, state, "requested")
    said = journey(rng, state.records[key])
    return Job(rng.choice((f"Approve the trip {said}.", f"The trip {said} is fine with us. Approve it.")), (Act("approve", (key,)),))


def refuse(rng: random.Random, state: State) -> Job:
    key, reason = trip(rng, state, "requested"), rng.choice(("over-budget", "no-need", "too-late"))
    said = journey(rng, state.records[key])
    text = rng.choice((f"Refuse the trip {said}, because {SPOKEN[reason]}.", f"The trip {said} has to be refused: {SPOKEN[reason]}."))
    return Job(text, (Act("refuse", (key,), {"refusal": reason}),))


def book(rng: random.Random, state: State) -> Job:
    key, code = trip(rng, state, "approved"), booking_code(rng)
    said = journey(rng, state.records[key])
    text = rng.choice(
        (f"The trip {said} is booked under the code {code}. Enter the booking.", f"Book the trip {said}; the booking code is {code}.")
    )
    return Job(text, (Act("book", (key,), {"booking": code}),))


def approve_and_book(rng: random.Random, state: State) -> Job:
    key, code = trip(rng, state, "requested"), booking_code(rng)
    record = state.records[key]
    kind = other(rng, ("economy", "comfort", "business"), record["travel_class"])
    text = f"Change the trip {journey(rng, record)} to {kind} class, approve it, and enter its booking with the code {code}."
    return Job(text, (Act("reclass", (key,), {"travel_class": kind}), Act("approve", (key,)), Act("book", (key,), {"booking": code})))


def by_policy(rng: random.Random, state: State) -> Job:
    """The policy decides; what it needs is on the record."""
    key = trip(rng, state, "requested")
    record = state.records[key]
    text = rng.choice(
        (
            f"Decide upon the trip {journey(rng, record)}: approve it if its cost is within its budget, else refuse it because {SPOKEN['over-budget']}.",
            f"Policy: no trip may cost more than its budget. Approve or refuse ({SPOKEN['over-budget']}) the trip {journey(rng, record)} accordingly.",
        )
    )
    fits = record["cost"] <= record["budget"]
    return Job(text, (Act("approve", (key,)) if fits else Act("refuse", (key,), {"refusal": "over-budget"}),), sources=(key,))


def approve_if_affordable(rng: random.Random, state: State) -> Job:
    """Cannot be done for a trip over budget; saying by how much is right then."""
    found = matching(state, TRIP, {"status": ("requested",)})
    over = [key for key in found if state.records[key]["cost"] > state.records[key]["budget"]]
    within = [key for key in found if key not in over]
    key = rng.choice(over if over and (rng.random() < 0.6 or not within) else within)
    record = state.records[key]
    text = (
        f"Approve the trip {journey(rng, record)}, provided that its cost is within its budget. If it is not, approval is not possible: change nothing "
        "and finish with the amount by which it is over budget, in euros, as the answer."
    )
    act = Act("approve", (key,))
    if key in within:
        return Job(text, (act,), sources=(key,))
    wrong = (record["cost"], record["budget"], record["cost"] + record["budget"])
    return Job(text, (), Answer("money", record["cost"] - record["budget"], wrong), (key,), (act,))


def clear_desk(rng: random.Random, state: State) -> Job:
    """All that one colleague has to decide."""
    piles: dict[str, list[int]] = {}
    for key, record in of(state, TRIP).items():
        if record["status"] == "requested":
            piles.setdefault(record["owner"], []).append(key)
    owner = rng.choice(sorted(name for name, keys in piles.items() if 2 <= len(keys) <= 4) or sorted(piles))
    acts = []
    for key in piles[owner]:
        fits = state.records[key]["cost"] <= state.records[key]["budget"]
        acts.append(Act("approve", (key,)) if fits else Act("refuse", (key,), {"refusal": "over-budget"}))
    text = (
        f"{owner} is ill. Decide upon every trip in the status requested of which {owner} is in charge: approve it if its cost is within its budget, "
        f"otherwise refuse it because {SPOKEN['over-budget']}."
    )
    return Job(text, tuple(acts))


def shift(rng: random.Random, state: State) -> Job:
    key = trip(rng, state, "requested", "approved", "booked")
    first = people.later(rng, TODAY, 8, 60)
    back = people.later(rng, type(TODAY).fromisoformat(first), 1, 9)
    text = f"The trip {journey(rng, state.records[key])} moves: departure on {people.spoken_day(rng, first)}, return on {people.spoken_day(rng, back)}."
    return Job(f"{text} Enter the new days.", (Act("shift", (key,), {"depart": first, "back": back}),))


def ask_for_trip(rng: random.Random, state: State) -> Job:
    record = state.records[trip(rng, state)]
    first, nights = people.later(rng, TODAY, 8, 60), rng.randrange(1, 10)
    values: dict[str, Any] = {
        "destination": other(
            rng, TOWNS, *(item["destination"] for item in of(state, TRIP).values() if item["traveller"] == record["traveller"])
        ),
        "traveller": record["traveller"],
        "email": record["email"],
        "depart": first,
        "back": people.later(rng, type(TODAY).fromisoformat(first), nights, nights + 1),
        "nights": nights,
        "budget": rng.randrange(40, 320) * 1000,
        "travel_class": rng.choice(("economy", "comfort")),
    }
    text = (
        f"Enter a trip for {values['traveller']} ({values['email']}) to {values['destination']}: departure {people.spoken_day(rng, first)}, return "
        f"{people.spoken_day(rng, values['back'])}, {nights} nights, budget {euros(values['budget'])}, {values['travel_class']} class."
    )
    return Job(text, (Act("create", (), values),))


def cancel_all(rng: random.Random, state: State) -> Job:
    """A selection by what records hold."""
    live = {key: record for key, record in of(state, TRIP).items() if record["status"] in ("requested", "approved", "booked")}
    names = [record["traveller"] for record in live.values()]
    name = rng.choice(sorted({name for name in names if 2 <= names.count(name) <= 4}) or sorted(set(names)))
    mine = tuple(key for key, record in live.items() if record["traveller"] == name)
    text = f"{name} has left the company. Cancel every trip of {name} that is requested, approved or booked; leave the others as they are."
    return Job(text, (Act("cancel", mine),))


def confirm(rng: random.Random, state: State) -> Job:
    keys = spread(rng, matching(state, MEETING, {"meeting_status": ("planned",)}), 1, 3)
    said = people.spoken_list([gathering(rng, state.records[key]) for key in keys])
    return Job(
        rng.choice((f"Confirm these meetings: {said}.", f"Everybody has agreed to {said}. Confirm.")), (Act("confirm", tuple(keys)),)
    )


def reschedule(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, MEETING, {"meeting_status": ("planned", "confirmed")})
    record = state.records[key]
    day = next(day for day in iter(lambda: people.later(rng, TODAY, 11, 40), None) if day != record["day"])
    slot = other(rng, SLOTS, record["slot"])
    said = gathering(rng, record)
    text = rng.choice(
        (
            f"Move the meeting {said} to {people.spoken_day(rng, day)}, {slot}.",
            f"Reschedule the meeting {said}: {people.spoken_day(rng, day)}, in the {slot}.",
        )
    )
    return Job(text.replace("in the noon", "at noon"), (Act("reschedule", (key,), {"day": day, "slot": slot}),))


def convene(rng: random.Random, state: State) -> Job:
    record = state.records[pick(rng, state, MEETING, {})]
    topic = other(rng, TOPICS, *(item["topic"] for item in of(state, MEETING).values() if item["organiser"] == record["organiser"]))
    room = rng.choice([item for item in of(state, ROOM).values() if item["room_status"] == "open"])
    values: dict[str, Any] = {
        "topic": topic,
        "organiser": record["organiser"],
        "email": record["email"],
        "day": people.later(rng, TODAY, 12, 40),
        "slot": rng.choice(SLOTS),
        "room": room["room"],
        "people": rng.randrange(2, room["seats"] + 1),
    }
    text = (
        f"Book a meeting '{topic}' for {record['organiser']} ({record['email']}) on {people.spoken_day(rng, values['day'])}, {values['slot']}, in the room "
        f"{room['room']}, for {values['people']} people."
    )
    return Job(text, (Act("convene", (), values),))


def right_room(rng: random.Random, state: State) -> Job:
    """The room has to be found: the smallest open one that is large enough and has what is needed."""
    key = pick(rng, state, MEETING, {"meeting_status": ("planned", "confirmed")})
    record = state.records[key]
    need = rng.choice(("projector", "whiteboard", "camera"))
    open_rooms = [item for item in of(state, ROOM).values() if item["room_status"] == "open" and need in item["tags"]]
    largest = max((item["seats"] for item in open_rooms), default=0)
    if not largest:
        return reschedule(rng, state)
    if record["people"] > largest:
        return reschedule(rng, state)
    many = rng.randrange(record["people"], largest + 1)
    best = min((item for item in open_rooms if item["seats"] >= many), key=lambda item: item["seats"])
    held = [item["room"] for item in of(state, MEETING).values() if (item["day"], item["slot"]) == (record["day"], record["slot"])]
    if best["room"] in held:
        return reschedule(rng, state)
    text = (
        f"The meeting {gathering(rng, record)} needs a {need} and seats for {many}. Give it the smallest room that is open, has that equipment and "
        "offers enough seats."
    )
    sources = tuple(k for k, item in of(state, ROOM).items() if need in item["tags"])
    return Job(text, (Act("place", (key,), {"room": best["room"]}),), sources=sources)


def close_room(rng: random.Random, state: State) -> Job:
    """A room closes, and what was to happen there is called off."""
    rooms = {item["room"]: key for key, item in of(state, ROOM).items() if item["room_status"] == "open"}
    held: dict[str, list[int]] = {name: [] for name in rooms}
    for key, item in of(state, MEETING).items():
        if item["meeting_status"] != "called-off" and item["room"] in held:
            held[item["room"]].append(key)
    name = rng.choice(sorted(room for room, keys in held.items() if 1 <= len(keys) <= 3) or sorted(held))
    text = f"The room {name} has to be closed. Close it, and call off every planned or confirmed meeting that was to take place there."
    acts = (Act("shut", (rooms[name],)), *((Act("call-off", tuple(held[name])),) if held[name] else ()))
    return Job(text, acts)


def equip(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, ROOM, {})
    record = state.records[key]
    wanted = exact_labels(rng, ("projector", "whiteboard", "camera", "kitchen"), record["tags"])
    said = people.spoken_list(list(wanted))
    return Job(
        f"The room {record['room']} now has {said} and nothing else. Correct its equipment.", (Act("equip", (key,), {"tags": wanted}),)
    )


def same_seats(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from another record."""
    key = pick(rng, state, ROOM, {})
    source = rng.choice([k for k in matching(state, ROOM, {}) if state.records[k]["seats"] != state.records[key]["seats"]])
    text = f"The room {state.records[key]['room']} was rebuilt after the pattern of {state.records[source]['room']}: give it the same number of seats."
    return Job(text, (Act("edit-room", (key,), {"seats": state.records[source]["seats"]}),), sources=(source,))


def travel_cost(rng: random.Random, state: State) -> Job:
    names = [record["destination"] for record in of(state, TRIP).values()]
    town = rng.choice(sorted({name for name in names if 2 <= names.count(name) <= 4}) or sorted(set(names)))
    keys = [key for key, record in of(state, TRIP).items() if record["destination"] == town]
    costs = [state.records[key]["cost"] for key in keys]
    wrong = {sum(state.records[key]["budget"] for key in keys), *costs} - {sum(costs)}
    text = f"What do all trips to {town} cost together, whatever their status? Finish with the sum in euros as the answer."
    return Job(text, (), Answer("money", sum(costs), tuple(sorted(wrong))), tuple(keys))


def next_departure(rng: random.Random, state: State) -> Job:
    names = [record["traveller"] for record in of(state, TRIP).values()]
    name = rng.choice(sorted({name for name in names if 2 <= names.count(name) <= 4}) or sorted(set(names)))
    keys = [key for key, record in of(state, TRIP).items() if record["traveller"] == name]
    days = sorted({state.records[key]["depart"] for key in keys})
    text = f"When does the first of the trips of {name} begin? Finish with the day of departure as the answer."
    return Job(text, (), Answer("date", days[0], tuple(days[1:])), tuple(keys))


def keeper_of(rng: random.Random, state: State) -> Job:
    """An answer two records away."""
    key = pick(rng, state, MEETING, {})
    record = state.records[key]
    room = next(k for k, item in of(state, ROOM).items() if item["room"] == record["room"])
    keeper = state.records[room]["keeper"]
    wrong = tuple(item["keeper"] for item in of(state, ROOM).values() if item["keeper"] != keeper)[:3]
    text = f"Who looks after the room in which the meeting {gathering(rng, record)} takes place? Finish with the caretaker's name as the answer."
    return Job(text, (), Answer("name", keeper, wrong), (key, room))


def void_double(rng: random.Random, state: State) -> Job:
    return remove_double(rng, state, TRIP, lambda record: journey(rng, record)) or wish(rng, state)


def wish(rng: random.Random, state: State) -> Job:
    key, words = trip(rng, state), rng.choice(WISHES)
    record = state.records[key]
    user = other(rng, colleagues(state), record["owner"])
    text = f'Put {user} in charge of the trip {journey(rng, record)} and add a note to it of the kind wish: "{words}".'
    return Job(text, (Act("assign", (key,), {"owner": user}), Act("comment", (key,), {"note_kind": "wish", "note_text": words})))


def confirm_if_it_fits(rng: random.Random, state: State) -> Job:
    """Cannot be done where the room is too small; how many it seats is wanted then."""
    planned = matching(state, MEETING, {"meeting_status": ("planned",)})
    rooms = {item["room"]: key for key, item in of(state, ROOM).items()}
    crowded = [key for key in planned if state.records[key]["people"] > state.records[rooms[state.records[key]["room"]]]["seats"]]
    roomy = [key for key in planned if key not in crowded]
    key = rng.choice(crowded if crowded and (rng.random() < 0.6 or not roomy) else roomy)
    record = state.records[key]
    source = rooms[record["room"]]
    seats = state.records[source]["seats"]
    text = (
        f"Confirm the meeting {gathering(rng, record)}, provided that its room has a seat for everybody. If not, it is not possible: change nothing and "
        "finish with the number of seats that the room has as the answer."
    )
    act = Act("confirm", (key,))
    if key in roomy:
        return Job(text, (act,), sources=(source, key))
    return Job(text, (), Answer("number", seats, (record["people"], record["people"] - seats)), (source, key), (act,))


def seats_on_floor(rng: random.Random, state: State) -> Job:
    floor = rng.choice(sorted({item["floor"] for item in of(state, ROOM).values()}))
    keys = [key for key, item in of(state, ROOM).items() if item["floor"] == floor and item["room_status"] == "open"]
    closed = [key for key, item in of(state, ROOM).items() if item["floor"] == floor and key not in keys]
    text = f"How many seats do the open rooms on {floor} offer together? Finish with the number as the answer."
    return adding_up(text, state, keys, "seats", "number", closed)


def rooms_with(rng: random.Random, state: State) -> Job:
    thing = rng.choice(("projector", "whiteboard", "camera", "kitchen"))
    fit = [key for key, item in of(state, ROOM).items() if thing in item["tags"]]
    keys = [key for key in fit if state.records[key]["room_status"] == "open"]
    if not keys:
        return seats_on_floor(rng, state)
    text = f"Which open rooms have a {thing}? Finish with their names, separated by commas, as the answer."
    return listing(text, state, keys, "room", of(state, ROOM), fit)


def correct_trip(rng: random.Random, state: State) -> Job:
    key = trip(rng, state)
    record = state.records[key]
    fresh: dict[str, Any] = {
        "budget": other(rng, [record["budget"] + cents for cents in (-10_000, 5000, 12_500, 40_000)], record["budget"]),
        "nights": other(rng, [max(1, record["nights"] + step) for step in (-2, -1, 1, 3)], record["nights"]),
        "visa": not record["visa"],
    }
    names = sorted(rng.sample(sorted(fresh), rng.choice((1, 2))))
    spoken = {
        "budget": f"the budget to {euros(fresh['budget'])}",
        "nights": f"the nights to {fresh['nights']}",
        "visa": f"visa needed to {'yes' if fresh['visa'] else 'no'}",
    }
    said = people.spoken_list([spoken[name] for name in names])
    text = rng.choice((f"Correct the trip {journey(rng, record)}: set {said}.", f"For the trip {journey(rng, record)}, change {said}."))
    return Job(text, (Act("edit", (key,), {name: fresh[name] for name in names}),))


TRAVEL = Family(
    name="travel",
    entities=ENTITIES,
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "approve-trip": approve,
        "refuse-trip": refuse,
        "book-trip": book,
        "approve-and-book": approve_and_book,
        "decide-by-policy": by_policy,
        "approve-if-affordable": approve_if_affordable,
        "clear-desk": clear_desk,
        "shift-trip": shift,
        "enter-trip": ask_for_trip,
        "cancel-all-trips": cancel_all,
        "confirm-meetings": confirm,
        "reschedule-meeting": reschedule,
        "book-meeting": convene,
        "find-room": right_room,
        "close-room": close_room,
        "equip-room": equip,
        "same-seats": same_seats,
        "travel-cost": travel_cost,
        "first-departure": next_departure,
        "keeper-of-room": keeper_of,
        "void-double": void_double,
        "hand-over-trip": wish,
        "correct-trip": correct_trip,
        "confirm-if-it-fits": confirm_if_it_fits,
        "seats-on-floor": seats_on_floor,
        "rooms-with": rooms_with,
    },
)
