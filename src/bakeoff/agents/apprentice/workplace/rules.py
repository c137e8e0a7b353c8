"""What a product said when it refused a form: which options go with which fields. Taken from its complaints, and kept to beforehand from then on.

A complaint stands at a field. If it says an option that another field has, the two do not go together. If it says what stands in the field itself,
that cannot be chosen. If the field is empty, it is wanted with what was chosen elsewhere. No word of any language is known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.workplace.page import blank
from bakeoff.agents.apprentice.workplace.widgets import Field

Rule = tuple[str, str, str]  # a field, what stands in it, and another field


@dataclass
class Rules:
    """`apart`: with this in the one field, the other stays empty; `along`: with this in the one, the other must be filled; `never`: what a
    field does not take (the third part is empty)."""

    apart: list[Rule] = field(default_factory=list)
    along: list[Rule] = field(default_factory=list)
    never: list[Rule] = field(default_factory=list)

    def complained(self, fields: Sequence[Field], chosen: Mapping[str, str]) -> bool:
        """Takes in what a form says that came back. `chosen`: the options that were chosen in it, by label. Whether anything is new."""
        known = self.count
        for item in (item for item in fields if item.complaint):
            text = item.complaint.lower()
            said = [other for other in fields if other.label != item.label and _option(other) and _option(other).lower() in text]
            if item.value and _option(item) and _option(item).lower() in text:
                _keep(self.never, (item.label, item.value, ""))
            elif said and not blank(item.value):
                for other in said:
                    _keep(self.apart, (other.label, other.value, item.label))
            elif blank(item.value) and item.kind != "flag":
                for label, option in chosen.items():
                    if label != item.label:
                        _keep(self.along, (label, option, item.label))
        return self.count > known

    @property
    def count(self) -> int:
        return len(self.apart) + len(self.along) + len(self.never)

    def clash(self, filled: Mapping[str, str], facts: Mapping[str, str]) -> int:
        """How many rules are broken by filling these fields where the record shows these facts (in small letters)."""
        broken = 0
        for label, value, other in (*self.apart, *self.never):
            stands = filled[label] == value if label in filled else facts.get(label) == value.lower()
            if stands and (other in filled or (not other and (label in filled or bool(filled)))):
                broken += 1
        return broken

    def missing(self, filled: Mapping[str, str], facts: Mapping[str, str]) -> int:
        """How many fields are wanted along with what is filled, and are not filled."""
        wanted = {other for label, value, other in self.along if filled.get(label) == value}
        return sum(other not in filled and blank(facts.get(other, "")) for other in wanted)

    @property
    def companions(self) -> frozenset[str]:
        """Fields that are wanted along with something."""
        return frozenset(other for _, _, other in self.along)


def _option(item: Field) -> str:
    """What is chosen in a field, where it is long enough to be recognised in a sentence."""
    return item.value if item.kind in ("choice", "combo") and len(item.value) > 2 and not blank(item.value) else ""


def _keep(rules: list[Rule], rule: Rule) -> None:
    if rule not in rules:
        rules.append(rule)
