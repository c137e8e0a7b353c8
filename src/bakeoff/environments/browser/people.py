"""Names and sentences for the records inside a product: values, which every product shows as they are. Nothing here names a thing to do."""

from __future__ import annotations

import random
from datetime import date, timedelta

FIRST = """
Maria Tom Aisha Daniel Ingrid Pavel Lucia Henrik Noor Samuel Yuki Elena Marcus Priya Oskar Fatima Julian Greta Ravi Sofia Anton Leila Victor Mei
Carlos Hanna Dmitri Amara Felix Nadia Ruben Clara Hugo Zainab Erik Paula Kenji Alice Omar Beatriz Stefan Irene Nikolai Teresa Abel Joanna
""".split()

LAST = """
Keller Baker Rahman Novak Lindgren Costa Okafor Tanaka Moreau Weiss Silva Petrov Haddad Jensen Romano Sharma Fischer Dubois Kowalski Murphy
Eriksen Vargas Nakamura Lange Osei Marino Schmid Farouk Bergman Castillo Ivanova Hughes Yilmaz Brandt Pereira Sato Nielsen Greco Adeyemi Wolff
""".split()

FIRMS = """
Nordwind Altamira Brightwater Kestrelworks Halden Orsino Veldhuis Tanager Calder Lumina Praxis Stonefield Arborea Quillon Fenwick Solvang Marrow
Tidemark Ostara Grenville Ravensworth Polaris Cartwright Delphine Iverson Mistral Thornbury Castellan Verdant Hollis Bexley Ardent Sundby Yardley
""".split()

FORMS = ("Ltd", "GmbH", "Group", "& Sons", "AB", "Partners", "Foods", "Logistics", "Labs")


TEAMS = ("Amber", "Cobalt", "Jade")


def person(rng: random.Random) -> str:
    """A full name, `First Last`."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def people(rng: random.Random, count: int) -> list[str]:
    """Distinct full names; no two share a first name, so that a person can be told by it."""
    return [f"{first} {rng.choice(LAST)}" for first in rng.sample(FIRST, count)]


def firm(rng: random.Random) -> str:
    return f"{rng.choice(FIRMS)} {rng.choice(FORMS)}"


def email(rng: random.Random, name: str, domain: str) -> str:
    """An address made from a name and a firm; domains end in `.example`, which no network resolves."""
    first, last = name.lower().split(" ", 1)
    local = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}", f"{first}_{last}"))
    host = "".join(letter for letter in domain.lower().split(" ")[0] if letter.isalnum())
    return f"{local.replace(' ', '')}@{host}.example"


def phone(rng: random.Random) -> str:
    return f"+{rng.choice((1, 31, 33, 34, 39, 44, 46, 49))} {rng.randrange(20, 99)} {rng.randrange(100, 999)} {rng.randrange(1000, 9999)}"


def later(rng: random.Random, today: date, least: int = 3, most: int = 75) -> str:
    """An ISO day after today."""
    return (today + timedelta(days=rng.randrange(least, most))).isoformat()


def spoken_day(rng: random.Random, iso: str) -> str:
    """A day as an instruction may write it: `14 April 2026` or `2026-04-14`."""
    day = date.fromisoformat(iso)
    return rng.choice((f"{day.day} {day:%B} {day.year}", iso))


def spoken_list(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
