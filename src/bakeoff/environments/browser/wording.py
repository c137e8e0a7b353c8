"""What every product says in the same words: captions of fixed places, messages, hints, months. Templates with `{slots}`, by key.

Words that stand for something canonical are drawn from the pools of `vocabulary.py`; these are not, so that a message means the same in all
products. Only variants with nonsense labels say them in made-up words (`variants.py`): the same made-up word for the same word of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")

TEXTS: Mapping[str, str] = {
    **{f"month-{number}": name for number, name in enumerate(MONTHS, start=1)},
    # parts of forms
    "first-name": "First name",
    "last-name": "Last name",
    "last-first": "Last, First",
    "team": "team",
    "person": "person",
    "euros": "euros",
    "cents": "cents",
    "currency": "EUR",
    "whole-cents": "Whole cents",
    "amount": "Amount in euros",
    "commas": "Separate with commas: {options}",
    "day": "day",
    "month": "month",
    "year": "year",
    "yes": "Yes",
    "no": "No",
    "type-to-search": "Type to search",
    "previous-month": "Previous month",
    "next-month": "Next month",
    # places of a page
    "main": "Main",
    "pages": "Pages",
    "sections": "Sections",
    "found": "{count} found",
    "idle": "Use the field above to find {nouns}.",
    "nothing-found": "Nothing found.",
    "nothing-yet": "Nothing yet.",
    "nothing-waits": "Nothing is waiting.",
    "what": "What",
    "values": "Values",
    "by": "By",
    "you": "You",
    "colleague": "Colleague",
    "field": "Field",
    "before": "Before",
    "after": "After",
    "step": "Step {number} of {count}",
    # parts of addresses
    "new": "new",
    "selected": "selected",
    "grid": "grid",
    "moved": "moved",
    "take": "take",
    "release": "release",
    "drop": "drop",
    # questions
    "final": "This cannot be taken back.",
    "sure": "Please confirm.",
    "check-below": "Please check the fields below.",
    # what was done
    "done": "{word}: {name}. Done.",
    "kept": "{word}: {name}. Kept under “{place}”, not in effect yet.",
    "placed": "{word}: {name}. Placed in “{place}”, not in effect yet.",
    "asked": "{word}: {name}. Waits in “{place}” for approval, not in effect yet.",
    "in-effect": "{word} is now in effect.",
    "dropped": "Dropped; nothing was changed.",
    "unchanged": "Nothing was changed.",
    "taken-over": "You are working on this {noun} now.",
    # what is wrong
    "required": "{label} is required",
    "past": "{label} must not lie in the past",
    "needs-at": "{label} needs an @",
    "name-order": "Write the last name first, then a comma and the first name",
    "pick-person": "Pick one of the people on offer",
    "not-in-team": "{name} is not in that team",
    "pick-value": "Pick one of the values on offer",
    "pick-record": "Pick one of the records on offer",
    "unknown-values": "Unknown: {values}",
    "two-digits": "Enter cents as two digits",
    "date-format": "Enter a date such as {example}",
    "no-such-day": "There is no such day",
    "choose-day": "Choose day, month and year of a day that exists",
    "cents-only": "Enter whole cents, digits only",
    "amount-format": "Enter an amount such as 1500 or 1500.00",
    "digits-only": "Enter a whole number, digits only",
    "most-number": "Enter at most {most}",
    "not-by-hand": "{value} cannot be set by hand",
    "leave-empty": "Leave this empty for {value}",
    "gone-by": "That is no longer possible; the change was dropped.",
    "record-gone": "That record is gone.",
    "locked": "Nobody works on this {noun} yet. Use “{word}” first.",
    "about": "{name}: {text}",
    "type-exactly": "Type {code} exactly",
    "pick-rows": "Pick rows and what to do with them.",
    "pick-two": "Pick exactly two rows.",
    "no-page": "There is no such page.",
    # business rules, see `schema.Objection`
    "at-most": "{label}: at most {value}",
    "not-before": "{label}: not before {value}",
    "must-differ": "{label}: must not be {value}",
    "exists": "{label}: {value} exists already",
    "not-known": "{label}: {value} is not known",
    "not-free": "{label}: {value} is not free then",
    "is-so": "Not possible while {label} is {value}",
}

SLOT = re.compile(r"(\{[a-z]+\})")


def reworded(text: str, word: Callable[[str], str]) -> str:
    """A template with each of its words replaced; slots and marks stay."""
    pieces = [
        piece if SLOT.fullmatch(piece) else re.sub(r"[A-Za-z]+", lambda found: word(found.group()), piece) for piece in SLOT.split(text)
    ]
    return "".join(pieces)
