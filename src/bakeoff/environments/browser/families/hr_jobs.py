"""Human resources: what there is to do, from a new email address to someone's last day."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from bakeoff.environments.browser import people
from bakeoff.environments.browser.families.common import adding_up, colleagues, euros, listing, matching, of, other, pick, several, spread
from bakeoff.environments.browser.families.hr import (
    DEPARTMENTS,
    EMPLOYEE,
    ENTITIES,
    FIELDS,
    FORM_FIELDS,
    GROUNDS,
    LEAVE,
    OPERATIONS,
    PAY,
    ROLES,
    TALKS,
    populate,
)
from bakeoff.environments.browser.schema import TODAY, Act, Answer, Family, Job, Record, State

SPOKEN = {
    "resigned": "resigned",
    "retired": "is retiring",
    "contract-ended": "has a contract that ends",
    "too-few-days": "there are too few days left",
    "busy-season": "it is the busy season",
    "no-cover": "nobody can cover",
}
WORKING = ("active", "notice")


def who(rng: random.Random, record: Record) -> str:
    return rng.choice((f"{record['name']} ({record['role']})", f"{record['name']}, {record['role']},"))


def employee(rng: random.Random, state: State, *statuses: str) -> int:
    return pick(rng, state, EMPLOYEE, {"status": statuses or WORKING})


def employee_named(state: State, name: str) -> int:
    return next(key for key, record in of(state, EMPLOYEE).items() if record["name"] == name)


def new_number(rng: random.Random, state: State, letter: str) -> str:
    taken = {record["reference"] for record in state.records.values()}
    return str(other(rng, [f"{letter}-{number}" for number in range(1100, 1900)], *taken))


def change_details(rng: random.Random, state: State) -> Job:
    key = employee(rng, state)
    record = state.records[key]
    fresh: dict[str, Any] = {
        "email": people.email(rng, record["name"], rng.choice(people.FIRMS)),
        "role": other(rng, [role for roles in ROLES.values() for role in roles], record["role"]),
        "site": other(rng, ("north", "south", "remote"), record["site"]),
    }
    names = sorted(rng.sample(sorted(fresh), rng.choice((1, 2))))
    said = people.spoken_list([f"the {next(item.said for item in FIELDS if item.name == name)} to {fresh[name]}" for name in names])
    values: dict[str, Any] = {name: fresh[name] for name in names}
    if rng.random() < 0.4:
        values["car"] = not record["car"]
        said += f", and company car to {'yes' if values['car'] else 'no'}"
    text = rng.choice(
        (f"For the employee {who(rng, record)} change {said}.", f"Details of the employee {record['name']} have changed: set {said}.")
    )
    return Job(text, (Act("edit", (key,), values),))


def transfer(rng: random.Random, state: State) -> Job:
    key = employee(rng, state, "active")
    record = state.records[key]
    department, manager = other(rng, DEPARTMENTS, record["department"]), other(rng, colleagues(state), record["manager"])
    text = rng.choice(
        (
            f"Transfer the employee {record['name']} to {department}, with {manager} as manager.",
            f"{record['name']} moves to the department {department} and reports to {manager} from now on. Enter the transfer.",
        )
    )
    return Job(text, (Act("transfer", (key,), {"department": department, "manager": manager}),))


def new_manager(rng: random.Random, state: State) -> Job:
    """A selection by what records hold: everybody of a small team gets another manager."""
    teams: dict[tuple[str, str], list[int]] = {}
    for key, record in of(state, EMPLOYEE).items():
        if record["status"] == "active":
            teams.setdefault((record["manager"], record["department"]), []).append(key)
    small = sorted(team for team, keys in teams.items() if len(keys) in (2, 3)) or sorted(teams)
    old, department = rng.choice(small)
    user = other(rng, colleagues(state), old)
    text = f"{user} takes over from {old} in the department {department}: make {user} the manager of every active employee there whose manager is {old}."
    return Job(text, (Act("manage", tuple(teams[old, department]), {"manager": user}),))


def hire(rng: random.Random, state: State) -> Job:
    names = [record["name"] for record in of(state, EMPLOYEE).values()]
    name = next(name for name in iter(lambda: people.person(rng), None) if name not in names)
    department = rng.choice(DEPARTMENTS)
    values: dict[str, Any] = {
        "name": name,
        "role": rng.choice(ROLES[department]),
        "email": people.email(rng, name, "ourhouse"),
        "department": department,
        "site": rng.choice(("north", "south", "remote")),
        "manager": rng.choice(colleagues(state)),
        "salary": rng.randrange(26, 74) * 100_000,
        "start": people.later(rng, TODAY, 10, 70),
    }
    text = (
        f"We have hired {name} as {values['role']} in {department} (site {values['site']}, manager {values['manager']}), email address {values['email']}, "
        f"for {euros(values['salary'])} a year from {people.spoken_day(rng, values['start'])}. Enter the new employee."
    )
    return Job(text, (Act("create", (), values),))


def enough_days(state: State, record: Record) -> bool:
    """Whether a leave request can be granted: a holiday needs days that are left."""
    return record["leave_kind"] != "holiday" or state.records[employee_named(state, record["name"])]["days_left"] >= record["days"]


def grant(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, LEAVE, {"leave_status": ("requested",)}, accept=lambda record: enough_days(state, record))
    record = state.records[key]
    text = rng.choice(
        (
            f"Approve the leave request {record['reference']} of {record['name']}.",
            f"{record['name']} may go: approve the leave request {record['reference']}.",
        )
    )
    return Job(text, (Act("grant", (key,)),))


def decline(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, LEAVE, {"leave_status": ("requested",)})
    record, reason = state.records[key], rng.choice(("too-few-days", "busy-season", "no-cover"))
    text = rng.choice(
        (
            f"Decline the leave request {record['reference']} of {record['name']}, because {SPOKEN[reason]}.",
            f"The leave request {record['reference']} ({record['name']}) must be declined: {SPOKEN[reason]}.",
        )
    )
    return Job(text, (Act("decline", (key,), {"refusal": reason}),))


def grant_if_covered(rng: random.Random, state: State) -> Job:
    """Cannot be done where too few days are left; what is wanted then can only be read."""
    holidays = matching(state, LEAVE, {"leave_status": ("requested",), "leave_kind": ("holiday",)})
    if not holidays:
        return grant(rng, state)
    fits = rng.random() < 0.5
    enough = {
        key: state.records[employee_named(state, state.records[key]["name"])]["days_left"] >= state.records[key]["days"] for key in holidays
    }
    key = rng.choice([key for key in holidays if enough[key] == fits] or holidays)
    record = state.records[key]
    target = employee_named(state, record["name"])
    text = (
        f"Approve the leave request {record['reference']} of {record['name']}, provided that the employee has enough days of holiday left for it. "
        "If not, it is not possible: change nothing and finish with the employee's email address as the answer."
    )
    act = Act("grant", (key,))
    if enough[key]:
        return Job(text, (act,), sources=(target,))
    mail = state.records[target]["email"]
    wrong = tuple(item["email"] for item in of(state, EMPLOYEE).values() if item["email"] != mail)[:3]
    return Job(text, (), Answer("text", mail, wrong), (target, key), (act,))


def ask_leave(rng: random.Random, state: State) -> Job:
    record = state.records[employee(rng, state, "active")]
    cover = other(rng, [item["name"] for item in of(state, EMPLOYEE).values() if item["status"] == "active"], record["name"])
    taken = [item for item in of(state, LEAVE).values() if item["name"] == record["name"]]
    values: dict[str, Any] = {
        "name": record["name"],
        "reference": new_number(rng, state, "L"),
        "leave_kind": rng.choice(("holiday", "parental", "unpaid")),
        # After everything else that this person has asked for, so that nothing overlaps.
        "first_day": people.later(rng, max([TODAY, *(date.fromisoformat(item["first_day"]) for item in taken)]), 22, 70),
        "days": rng.randrange(2, 15),
        "cover": cover,
    }
    text = (
        f"{record['name']} asks for {values['days']} days of {values['leave_kind']} leave from {people.spoken_day(rng, values['first_day'])}; {cover} covers. "
        f"Enter it as leave request {values['reference']}."
    )
    return Job(text, (Act("request", (), values),))


def raise_salary(rng: random.Random, state: State) -> Job:
    """Three operations on a new record, by two of which another one changes."""
    key = employee(rng, state, "active")
    record = state.records[key]
    values: dict[str, Any] = {
        "name": record["name"],
        "reference": new_number(rng, state, "P"),
        "new_salary": record["salary"] + rng.randrange(10, 60) * 10_000,
        "from_day": people.later(rng, TODAY, 5, 60),
        "grounds": rng.choice(GROUNDS),
    }
    text = (
        f"Propose a pay change for the employee {record['name']}: number {values['reference']}, new salary {euros(values['new_salary'])} from "
        f'{people.spoken_day(rng, values["from_day"])}, grounds "{values["grounds"]}".'
    )
    return Job(text, (Act("propose", (), values),))


def put_through(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, PAY, {"pay_status": ("proposed",)})
    record = state.records[key]
    text = rng.choice(
        (
            f"The pay change {record['reference']} of {record['name']} is fine. Agree to it and apply it.",
            f"Agree to the pay change {record['reference']} ({record['name']}), then apply it so that the new salary holds.",
        )
    )
    return Job(text, (Act("agree", (key,)), Act("apply", (key,))))


def check_rise(rng: random.Random, state: State) -> Job:
    """Reconcile two records: a rise is agreed to or turned down by its size."""
    key = pick(rng, state, PAY, {"pay_status": ("proposed",)})
    record = state.records[key]
    target = employee_named(state, record["name"])
    now = state.records[target]["salary"]
    limit = rng.choice((3, 5, 8))
    small = (record["new_salary"] - now) * 100 <= limit * now
    text = (
        f"Look at the pay change {record['reference']} of {record['name']}. If the new salary is at most {limit} % above the present one, agree to the "
        "change; if it is more, turn it down."
    )
    return Job(text, (Act("agree" if small else "turn-down", (key,)),), sources=(target,))


def notice(rng: random.Random, state: State) -> Job:
    key = employee(rng, state, "active")
    record, day, reason = state.records[key], people.later(rng, TODAY, 10, 75), rng.choice(("resigned", "retired", "contract-ended"))
    text = rng.choice(
        (
            f"The employee {record['name']} {SPOKEN[reason]}; the last day is {people.spoken_day(rng, day)}. Enter the notice.",
            f"{record['name']} leaves us on {people.spoken_day(rng, day)}: {SPOKEN[reason]}. Give notice with that last day.",
        )
    )
    return Job(text, (Act("dismiss", (key,), {"last_day": day, "leaving": reason}),))


def offboard(rng: random.Random, state: State) -> Job:
    """An employee leaves: notice, then all that is still asked for is declined."""
    waiting = of(state, LEAVE)
    names = sorted({record["name"] for record in waiting.values() if record["leave_status"] == "requested"})
    name = rng.choice(names)
    key, day = employee_named(state, name), people.later(rng, TODAY, 10, 75)
    mine = tuple(k for k, record in waiting.items() if record["name"] == name and record["leave_status"] == "requested")
    text = (
        f"{name} has resigned; the last day is {people.spoken_day(rng, day)}. Enter the notice, and decline every leave request of {name} that is still "
        f"open, because {SPOKEN['no-cover']}."
    )
    acts = (Act("dismiss", (key,), {"last_day": day, "leaving": "resigned"}), Act("decline", mine, {"refusal": "no-cover"}))
    return Job(text, acts)


def last_days(rng: random.Random, state: State) -> Job:
    keys = spread(rng, matching(state, EMPLOYEE, {"status": ("notice",)}), 1, 2)
    said = people.spoken_list([state.records[key]["name"] for key in keys])
    text = rng.choice((f"Today was the last day of {said}. Mark as left.", f"{said} handed in the keys today: mark as left."))
    return Job(text, tuple(Act("depart", (key,)) for key in keys))


def clear_requests(rng: random.Random, state: State) -> Job:
    """All open requests for holiday, by the days that are left."""
    found = matching(state, LEAVE, {"leave_status": ("requested",), "leave_kind": ("holiday",)})
    once = [key for key in found if [state.records[k]["name"] for k in found].count(state.records[key]["name"]) == 1]
    keys = spread(rng, once or found[:1], 2, 4) if found else []
    if not keys:
        return grant(rng, state)
    acts = []
    sources = []
    for key in keys:
        target = employee_named(state, state.records[key]["name"])
        sources.append(target)
        fits = state.records[target]["days_left"] >= state.records[key]["days"]
        acts.append(Act("grant", (key,)) if fits else Act("decline", (key,), {"refusal": "too-few-days"}))
    said = people.spoken_list([f"{state.records[key]['reference']} ({state.records[key]['name']})" for key in keys])
    text = (
        f"Decide upon the leave requests {said}: approve each for which its employee has enough days of holiday left, and decline the others because "
        f"{SPOKEN['too-few-days']}."
    )
    return Job(text, tuple(acts), sources=tuple(sources))


def department_cost(rng: random.Random, state: State) -> Job:
    piles: dict[str, list[int]] = {}
    for key, record in of(state, EMPLOYEE).items():
        if record["status"] == "active":
            piles.setdefault(record["role"], []).append(key)
    several = sorted(role for role, keys in piles.items() if len(keys) in (2, 3)) or sorted(piles)
    role = rng.choice(several)
    pay = [state.records[key]["salary"] for key in piles[role]]
    text = f"What do all active employees with the role {role} earn together? Finish with the sum of their salaries in euros as the answer."
    return Job(text, (), Answer("money", sum(pay), tuple({*pay, sum(pay) // 12} - {sum(pay)})), tuple(piles[role]))


def manager_of_cover(rng: random.Random, state: State) -> Job:
    """An answer two records away."""
    key = pick(rng, state, LEAVE, {})
    record = state.records[key]
    cover = employee_named(state, record["cover"])
    boss = state.records[cover]["manager"]
    text = f"Who is the manager of the person who covers for {record['name']} during the leave {record['reference']}? Finish with the name as the answer."
    return Job(text, (), Answer("name", boss, tuple(name for name in (*colleagues(state), record["cover"]) if name != boss)), (key, cover))


def back_at_work(rng: random.Random, state: State) -> Job:
    key = pick(rng, state, EMPLOYEE, {"status": WORKING})
    record = state.records[key]
    days = sorted({item["start"] for item in of(state, EMPLOYEE).values()} - {record["start"]})
    text = f"Since when has {record['name']} been with us? Finish with the employee's first day as the answer."
    return Job(text, (), Answer("date", record["start"], tuple(days[:3])), (key,))


def same_allowance(rng: random.Random, state: State) -> Job:
    """A value is to be carried over from another record."""
    key = employee(rng, state, "active")
    source = rng.choice(
        [k for k in matching(state, EMPLOYEE, {"status": ("active",)}) if state.records[k]["days_left"] != state.records[key]["days_left"]]
    )
    text = f"Give the employee {state.records[key]['name']} as many days of holiday left as {state.records[source]['name']} has."
    return Job(text, (Act("allow", (key,), {"days_left": state.records[source]["days_left"]}),), sources=(source,))


def talk(rng: random.Random, state: State) -> Job:
    key, kind, words = employee(rng, state), rng.choice(("talk", "warning", "praise")), rng.choice(TALKS)
    record = state.records[key]
    text = rng.choice(
        (
            f'Note a {kind} on the employee {record["name"]}: "{words}".',
            f'Put a note of the kind {kind} on the file of {record["name"]}; the text is "{words}".',
        )
    )
    return Job(text.replace("a praise", "praise"), (Act("comment", (key,), {"note_kind": kind, "note_text": words}),))


def apply_if_agreed(rng: random.Random, state: State) -> Job:
    """Cannot be done before somebody has agreed; the salary in question is wanted then."""
    key = pick(rng, state, PAY, {"pay_status": ("agreed",) if rng.random() < 0.45 else ("proposed", "turned-down")})
    record = state.records[key]
    text = (
        f"Apply the pay change {record['reference']} of {record['name']}, provided that it has been agreed to. If it has not, it is not possible: change "
        "nothing and finish with the new salary that it would bring, in euros, as the answer."
    )
    act = Act("apply", (key,))
    if record["pay_status"] == "agreed":
        return Job(text, (act,), sources=(key,))
    now = state.records[employee_named(state, record["name"])]["salary"]
    return Job(text, (), Answer("money", record["new_salary"], (now, record["new_salary"] - now)), (key,), (Act("agree", (key,)), act))


def days_asked_for(rng: random.Random, state: State) -> Job:
    name = rng.choice(several(state, LEAVE, "name", 2, 4))
    keys = [key for key, record in of(state, LEAVE).items() if record["name"] == name]
    text = f"How many days of leave has {name} asked for in all, whatever became of it? Finish with the number as the answer."
    return adding_up(text, state, keys, "days", "number")


def names_in_role(rng: random.Random, state: State) -> Job:
    role = rng.choice(several(state, EMPLOYEE, "role", 2, 4, lambda record: record["status"] == "active"))
    keys = [key for key, record in of(state, EMPLOYEE).items() if record["role"] == role and record["status"] == "active"]
    text = f"Which active employees have the role {role}? Finish with their names, separated by commas, as the answer."
    return listing(text, state, keys, "name", of(state, EMPLOYEE))


HR = Family(
    name="hr",
    entities=ENTITIES,
    fields=FIELDS,
    form_fields=FORM_FIELDS,
    operations=OPERATIONS,
    populate=populate,
    templates={
        "change-details": change_details,
        "transfer-employee": transfer,
        "new-manager": new_manager,
        "hire-employee": hire,
        "approve-leave": grant,
        "decline-leave": decline,
        "approve-if-days-left": grant_if_covered,
        "request-leave": ask_leave,
        "propose-pay-change": raise_salary,
        "put-pay-change-through": put_through,
        "check-pay-rise": check_rise,
        "give-notice": notice,
        "offboard-employee": offboard,
        "mark-as-left": last_days,
        "decide-leave-requests": clear_requests,
        "sum-of-salaries": department_cost,
        "manager-of-cover": manager_of_cover,
        "first-day-of": back_at_work,
        "same-allowance": same_allowance,
        "note-on-file": talk,
        "apply-if-agreed": apply_if_agreed,
        "days-asked-for": days_asked_for,
        "names-in-role": names_in_role,
    },
)
