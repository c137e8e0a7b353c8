"""Lease schedules: liability at present value, interest, right-of-use asset, what meets the profit and what is paid."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import (
    calc,
    calendar_of,
    cumulated,
    dates,
    figure,
    first_day,
    nice,
    one,
    plus,
    residual,
    scalar,
    total,
)
from bakeoff.environments.spreadsheet.model import Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future, count, frequency = flags["past"], flags["future"], flags["leases"], flags["frequency"]
    advance, costs, indexed = flags["payment"] == "advance", flags["direct_costs"], flags["indexation"]
    dated, months = flags["dated"], 12 // frequency
    span = past + future
    numbers = range(1, count + 1)
    tags = {i: flags["regions"][i - 1] if count > 1 else "" for i in numbers}
    per = "" if frequency == 1 else f" / {frequency}"
    spoken = "" if frequency == 1 else f", divided by the {frequency} periods of a year"
    sections = [Section("inputs", "section.inputs", "inputs", inputs=True)]
    lines: list[Line] = []
    if dated:
        sections.append(Section("dates", "section.dates", "debt"))
        lines += [scalar("first_day", "first_day", "inputs", "date", 43800, 47500), *dates("dates", months)]
    worn = "* days / SUM(days[:])" if dated else f"/ {span}"
    worn_said = "over all days of the periods shown, each period by its {days}" if dated else f"evenly over the {span} periods shown"
    for i in numbers:
        lines += [
            scalar(f"rent_{i}", "rent_first", "inputs", "money", 0.1, tag=tags[i]),
            scalar(f"index_{i}", "rent_index", "inputs", "rate", 0.0, 0.2, tag=tags[i]),
            scalar(f"rate_{i}", "borrowing_rate", "inputs", "rate", 0.001, 0.3, tag=tags[i]),
        ]
        if costs:
            lines.append(scalar(f"direct_{i}", "direct_costs", "inputs", "money", 0.0, tag=tags[i]))
    for i in numbers:
        block = f"lease_{i}"
        sections.append(Section(block, "section.lease", "debt"))
        present = f"NPV(rate_{i}{per}, payment_{i}[:])" + (f" * (1 + rate_{i}{per})" if advance else "")
        raised = {"each": f"payment_{i}[-1] * (1 + index_{i})", "flat": f"payment_{i}[-1] + rent_{i} * index_{i}"}[indexed]
        raised_said = {
            "each": f"that of the period before, raised by {{index_{i}}}",
            "flat": f"that of the period before plus {{index_{i}}} of {{rent_{i}}}",
        }[indexed]
        charged, charged_said = (
            (f"(opening_{i} - payment_{i})", f"{{opening_{i}}} after {{payment_{i}}}") if advance else (f"opening_{i}", f"{{opening_{i}}}")
        )
        lines += [
            figure(
                f"liability_{i}",
                "liability_initial",
                block,
                present,
                tag=tags[i],
                headline=True,
                rule=f"{{liability_{i}}} is the present value at the start of the first period of all {{payment_{i}}} shown, at {{rate_{i}}}{spoken}; payments fall at the {'start' if advance else 'end'} of each period.",
            ),
            figure(
                f"asset_{i}",
                "asset_initial",
                block,
                f"liability_{i} + direct_{i}" if costs else f"liability_{i}",
                tag=tags[i],
                rule=f"{{asset_{i}}} is {{liability_{i}}}{f' plus {{direct_{i}}}' if costs else ''}.",
            ),
            calc(
                f"payment_{i}",
                "rent",
                block,
                raised,
                first=f"rent_{i}",
                tag=tags[i],
                cost=True,
                rule=f"{{payment_{i}}} is {raised_said}; the very first is {{rent_{i}}}.",
            ),
            calc(
                f"opening_{i}",
                "opening",
                block,
                f"closing_{i}[-1]",
                first=f"liability_{i}",
                tag=tags[i],
                rule=f"{{opening_{i}}} is {{closing_{i}}} of the period before; the very first is {{liability_{i}}}.",
            ),
            calc(
                f"interest_{i}",
                "interest",
                block,
                f"{charged} * rate_{i}{per}",
                tag=tags[i],
                cost=True,
                headline=True,
                rule=f"{{interest_{i}}} is {{rate_{i}}} of {charged_said}{spoken}.",
            ),
            calc(
                f"closing_{i}",
                "closing",
                block,
                f"opening_{i} + interest_{i} - payment_{i}",
                tag=tags[i],
                total=True,
                headline=True,
                rule=f"{{closing_{i}}} is {{opening_{i}}} plus {{interest_{i}}} less {{payment_{i}}}.",
            ),
            calc(
                f"asset_opening_{i}",
                "asset_opening",
                block,
                f"asset_closing_{i}[-1]",
                first=f"asset_{i}",
                tag=tags[i],
                rule=f"{{asset_opening_{i}}} is {{asset_closing_{i}}} of the period before; the very first is {{asset_{i}}}.",
            ),
            calc(
                f"depreciation_{i}",
                "depreciation",
                block,
                f"asset_{i} {worn}",
                tag=tags[i],
                cost=True,
                rule=f"{{depreciation_{i}}} spreads {{asset_{i}}} {worn_said}.",
            ),
            calc(
                f"asset_closing_{i}",
                "asset_closing",
                block,
                f"asset_opening_{i} - depreciation_{i}",
                tag=tags[i],
                total=True,
                headline=True,
                rule=f"{{asset_closing_{i}}} is {{asset_opening_{i}}} less {{depreciation_{i}}}.",
            ),
        ]
    sections += [Section("summary", "section.summary", "summary"), Section("checks", "section.checks", "summary")]
    lines += [
        calc(
            "expense",
            "lease_expense",
            "summary",
            " + ".join(f"interest_{i} + depreciation_{i}" for i in numbers),
            cost=True,
            total=True,
            headline=True,
            rule="{expense} is interest and depreciation of all leases.",
        ),
        calc(
            "paid",
            "lease_paid",
            "summary",
            plus(f"payment_{i}" for i in numbers),
            cost=True,
            rule="{paid} adds up the payments of all leases.",
        ),
        calc("gap", "lease_gap", "summary", "expense - paid", cost=True, rule="{gap} is {expense} less {paid}."),
        calc(
            "gap_so_far",
            "lease_gap_so_far",
            "summary",
            "SUM(gap[so_far])",
            cost=True,
            rule="{gap_so_far} adds up {gap} from the first period shown.",
        ),
        calc(
            "liability_total",
            "liability_total",
            "summary",
            plus(f"closing_{i}" for i in numbers),
            total=True,
            headline=True,
            rule="{liability_total} adds up the closing liabilities.",
        ),
        calc(
            "asset_total",
            "asset_total",
            "summary",
            plus(f"asset_closing_{i}" for i in numbers),
            total=True,
            rule="{asset_total} adds up the closing right-of-use assets.",
        ),
        calc(
            "check",
            "check",
            "checks",
            f"asset_total - liability_total + gap_so_far{''.join(f' - direct_{i}' for i in numbers) if costs else ''}",
            check=True,
            rule="{check}: assets less liabilities fall by what was expensed beyond what was paid.",
        ),
    ]

    def data(rng: Any) -> Numbers:
        found: Numbers = {"first_day": first_day(rng)} if dated else {}
        for i in numbers:
            rent = nice(rng.uniform(8, 120), 0.5)
            found[f"rent_{i}"] = [rent]
            found[f"index_{i}"] = [nice(rng.uniform(0.005, 0.035), 0.001)]
            found[f"rate_{i}"] = [nice(rng.uniform(0.02, 0.085), 0.0005)]
            if costs:
                found[f"direct_{i}"] = [nice(rent * rng.uniform(0.1, 0.6), 0.1)]
        return found

    def reference(values: Values) -> Numbers:
        out: Numbers = {}
        shares = [1 / span] * span
        if dated:
            out["period_end"], out["days"] = calendar_of(values, months, span)
            shares = [gap / sum(out["days"]) for gap in out["days"]]
        for i in numbers:
            rent, index, rate = (one(values, f"{name}_{i}") for name in ("rent", "index", "rate"))
            step = rate / frequency
            rents = [rent * (1 + index) ** n if indexed == "each" else rent * (1 + index * n) for n in range(span)]
            owed = sum(amount * (1 + step) ** -(n if advance else n + 1) for n, amount in enumerate(rents))
            asset = owed + (one(values, f"direct_{i}") if costs else 0.0)
            out[f"liability_{i}"], out[f"asset_{i}"], out[f"payment_{i}"] = [owed], [asset], rents
            rows: dict[str, list[float]] = {
                name: [] for name in ("opening", "interest", "closing", "asset_opening", "depreciation", "asset_closing")
            }
            book = asset
            for amount, share in zip(rents, shares, strict=True):
                cost = (owed - amount if advance else owed) * step
                after = owed + cost - amount
                for name, value in zip(rows, (owed, cost, after, book, asset * share, book - asset * share), strict=True):
                    rows[name].append(value)
                owed, book = after, book - asset * share
            out |= {f"{name}_{i}": series for name, series in rows.items()}
        out["expense"] = total([*(out[f"interest_{i}"] for i in numbers), *(out[f"depreciation_{i}"] for i in numbers)])
        out["paid"] = total(out[f"payment_{i}"] for i in numbers)
        out["gap"] = [a - b for a, b in zip(out["expense"], out["paid"], strict=True)]
        out["gap_so_far"] = cumulated(out["gap"])
        out["liability_total"] = total(out[f"closing_{i}"] for i in numbers)
        out["asset_total"] = total(out[f"asset_closing_{i}"] for i in numbers)
        return out

    def cases(base: Values) -> dict[str, Values]:
        return {
            "rents that never rise": {f"index_{i}": (0.0,) for i in numbers},
            "cheap money": {f"rate_{i}": (0.001,) for i in numbers},
        }

    roll = residual(
        *((sign, f"{name}_{i}") for i in numbers for sign, name in ((1, "closing"), (-1, "opening"), (-1, "interest"), (1, "payment")))
    )
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    return Model(
        tuple(sections),
        tuple(lines),
        past,
        future,
        reference,
        data,
        (Claim("liability-rolls", "the liability grows by interest and falls by payments", roll),),
        cases,
        literals=frozenset({float(span), float(frequency), *({float(months)} if dated else ())}),
    )


LEASE = Family(
    "lease",
    "lease schedule",
    workflow={
        "payment": (("arrears", "advance"), ("advance", "arrears")),
        "indexation": (("each",), ("flat",)),
        "frequency": ((1, 4), (12,)),
    },
    data_model={"leases": ((1, 2), (3,)), "direct_costs": ((False, True), (True,)), "dated": ((False,), (True, False))},
    build=build,
)
