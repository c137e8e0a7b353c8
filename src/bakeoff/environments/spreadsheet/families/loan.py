"""Loan schedules: one or several loans with their corkscrews, interest by the house's basis, fees, and cover by cash flow."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import (
    calc,
    calendar_of,
    cumulated,
    dates,
    draws,
    first_day,
    given,
    nice,
    one,
    plus,
    scalar,
    split,
    total,
    walk,
    whole,
)
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future, loans, frequency = flags["past"], flags["future"], flags["loans"], flags["frequency"]
    basis, profile, fees, floating = flags["interest"], flags["profile"], flags["fee"], flags["floating"]
    dated = basis in ("act360", "act365")
    year = basis.removeprefix("act")
    months = 12 // frequency
    sections = [Section("inputs", "section.inputs", "inputs", inputs=True)]
    lines: list[Line] = []
    numbers = range(1, loans + 1)
    tags = {i: flags["lenders"][i - 1] if loans > 1 else "" for i in numbers}
    if dated:
        lines.append(scalar("first_day", "first_day", "inputs", "date", 43800, 47500))
    if floating:
        lines.append(given("base_rate", "base_rate", "inputs", "rate", 0.0, 0.2, back=DATA))
    for i in numbers:
        lines += [
            scalar(f"start_{i}", "balance_start", "inputs", "money", 1.0, None, tag=tags[i]),
            scalar(f"term_{i}", "term", "inputs", "count", 2, 60, tag=tags[i]),
            scalar(f"rate_{i}", "margin" if floating else "rate", "inputs", "rate", 0.001, 0.3, tag=tags[i]),
        ]
        if fees:
            lines.append(scalar(f"fee_rate_{i}", "fee_rate", "inputs", "rate", 0.0, 0.05, tag=tags[i]))
        lines.append(given(f"extra_{i}", "extra", "inputs", low=0.0, back=DATA, tag=tags[i], cost=True))
    lines.append(given("cash", "cash_available", "inputs", back=DATA, low=0.0))
    if dated or profile == "bullet":
        sections.append(Section("dates", "section.dates", "debt"))
    if profile == "bullet":
        lines.append(
            calc("number", "number", "dates", "number[-1] + 1", "count", first="1", rule="{number} counts the periods of the sheet from 1.")
        )
    if dated:
        lines += dates("dates", months)
    for i in numbers:
        section = f"debt_{i}"
        sections.append(Section(section, "section.debt", "debt"))
        annual = f"(base_rate + rate_{i})" if floating else f"rate_{i}"
        said = f"{{base_rate}} plus {{rate_{i}}}" if floating else f"{{rate_{i}}}"
        per = f"* days / {year}" if dated else "" if frequency == 1 else f"/ {frequency}"
        spoken = f", actual days over {year}" if dated else "" if frequency == 1 else f", divided by the {frequency} periods of a year"
        average = basis == "average" and profile != "annuity"
        charged = f"(opening_{i} - scheduled_{i} / 2)" if average else f"opening_{i}"
        on = f"{{opening_{i}}} less half of {{scheduled_{i}}}" if average else f"{{opening_{i}}}"
        level = "" if frequency == 1 else f"/ {frequency}"
        plans = {
            "linear": (
                f"MIN(opening_{i}, start_{i} / term_{i})",
                f"{{start_{i}}} over {{term_{i}}} in equal parts, never more than what is owed",
            ),
            "bullet": (f"IF(number == term_{i}, opening_{i}, 0)", f"all at once in the period whose number is {{term_{i}}}"),
            "annuity": (
                f"MIN(opening_{i}, start_{i} * rate_{i} {level} / (1 - (1 + rate_{i} {level}) ** -term_{i}) - opening_{i} * rate_{i} {level})",
                f"the level payment on {{start_{i}}} over {{term_{i}}} at {{rate_{i}}} alone, less interest at {{rate_{i}}} on {{opening_{i}}}, never more than what is owed",
            ),
        }
        plan, words = plans[profile]
        lines += [
            calc(
                f"opening_{i}",
                "opening",
                section,
                f"closing_{i}[-1]",
                first=f"start_{i}",
                tag=tags[i],
                block=section,
                rule=f"{{opening_{i}}} is {{closing_{i}}} of the period before; the very first is {{start_{i}}}.",
            ),
            calc(f"scheduled_{i}", "scheduled", section, plan, cost=True, tag=tags[i], rule=f"{{scheduled_{i}}}: {words}."),
            calc(
                f"repayment_{i}",
                "repayment",
                section,
                f"MIN(opening_{i}, scheduled_{i} + extra_{i})",
                cost=True,
                tag=tags[i],
                rule=f"{{repayment_{i}}} is {{scheduled_{i}}} plus {{extra_{i}}}, never more than {{opening_{i}}}.",
            ),
            calc(
                f"closing_{i}",
                "closing",
                section,
                f"opening_{i} - repayment_{i}",
                tag=tags[i],
                total=True,
                headline=True,
                rule=f"{{closing_{i}}} is {{opening_{i}}} less {{repayment_{i}}}.",
            ),
            calc(
                f"interest_{i}",
                "interest",
                section,
                f"{charged} * {annual} {per}",
                cost=True,
                tag=tags[i],
                headline=True,
                rule=f"{{interest_{i}}} is charged at {said} on {on}{spoken}.",
            ),
        ]
        if fees:
            lines.append(
                calc(
                    f"fee_{i}",
                    "fee",
                    section,
                    f"opening_{i} * fee_rate_{i} {level}",
                    cost=True,
                    tag=tags[i],
                    rule=f"{{fee_{i}}} is {{fee_rate_{i}}} of {{opening_{i}}}{'' if frequency == 1 else f', divided by the {frequency} periods of a year'}.",
                )
            )
        paid = [f"repayment_{i}", f"interest_{i}", *([f"fee_{i}"] if fees else [])]
        lines.append(
            calc(
                f"service_{i}",
                "service",
                section,
                " + ".join(paid),
                cost=True,
                tag=tags[i],
                total=True,
                rule=f"{{service_{i}}} is {', '.join(f'{{{key}}}' for key in paid)} together.",
            )
        )
    sections.append(Section("summary", "section.summary", "summary"))
    for key, term, part in (
        ("debt_total", "debt_total", "closing"),
        ("interest_total", "interest_total", "interest"),
        ("service_total", "service_total", "service"),
    ):
        lines.append(
            calc(
                key,
                term,
                "summary",
                plus(f"{part}_{i}" for i in numbers),
                cost=part != "closing",
                headline=True,
                total=True,
                rule=f"{{{key}}} adds up {', '.join(f'{{{part}_{i}}}' for i in numbers)}.",
            )
        )
    lines += [
        calc(
            "interest_to_date",
            "total_interest",
            "summary",
            "SUM(interest_total[so_far])",
            cost=True,
            rule="{interest_to_date} adds up {interest_total} from the first period shown.",
        ),
        calc(
            "cover",
            "cover",
            "summary",
            "IF(service_total == 0, 0, cash / service_total)",
            "ratio",
            headline=True,
            rule="{cover} is {cash} over {service_total}, and 0 where nothing is due.",
        ),
    ]
    sections.append(Section("checks", "section.checks", "summary"))
    repaid = " - ".join(f"SUM(repayment_{i}[so_far])" for i in numbers)
    lines.append(
        calc(
            "check",
            "check",
            "checks",
            f"{' + '.join(f'start_{i}' for i in numbers)} - {repaid} - debt_total",
            check=True,
            rule="{check}: what was owed at first, less all repaid, less {debt_total}.",
        )
    )

    def data(rng: Any) -> Numbers:
        found: Numbers = {}
        debt = 0.0
        for i in numbers:
            start = nice(rng.uniform(200, 900) * (0.6 ** (i - 1)), 5)
            debt += start
            found[f"start_{i}"] = [start]
            found[f"term_{i}"] = [float(rng.randint(past + 1, past + future + 6))]
            found[f"rate_{i}"] = [nice(rng.uniform(0.01, 0.04) if floating else rng.uniform(0.025, 0.075) + 0.01 * i, 0.0005)]
            if fees:
                found[f"fee_rate_{i}"] = [nice(rng.uniform(0.001, 0.008), 0.0005)]
            extra = [nice(rng.uniform(0.01, 0.05) * start, 0.5) if rng.random() < 0.6 else 0.0 for _ in range(past + future)]
            found |= split(extra, past, f"extra_{i}")
        found |= split(walk(rng, nice(debt * rng.uniform(0.15, 0.4), 0.5), past + future, -0.08, 0.15, 0.5), past, "cash")
        if floating:
            found |= split(draws(rng, past + future, 0.01, 0.05, 0.0005), past, "base_rate")
        if dated:
            found["first_day"] = first_day(rng)
        return found

    def reference(values: Values) -> Numbers:
        span = past + future
        out: Numbers = {}
        shares = [1 / frequency] * span
        if dated:
            ends, gaps = calendar_of(values, months, span)
            out["period_end"], out["days"] = ends, gaps
            shares = [gap / float(year) for gap in gaps]
        index = whole(values, "base_rate") if floating else [0.0] * span
        if profile == "bullet":
            out["number"] = [float(n + 1) for n in range(span)]
        for i in numbers:
            owed = start = one(values, f"start_{i}")
            periods, rate = one(values, f"term_{i}"), one(values, f"rate_{i}")
            extra = whole(values, f"extra_{i}")
            rows: dict[str, list[float]] = {
                name: [] for name in ("opening", "scheduled", "repayment", "closing", "interest", "fee", "service")
            }
            for n in range(span):
                if profile == "linear":
                    due = min(owed, start / periods)
                elif profile == "bullet":
                    due = owed if n + 1 == periods else 0.0
                else:
                    step = rate / frequency
                    level = start * step / (1.0 - (1.0 + step) ** -periods)
                    due = min(owed, level - owed * step)
                paid = min(owed, due + extra[n])
                carried = owed - due / 2 if basis == "average" and profile != "annuity" else owed
                cost = carried * (index[n] + rate) * shares[n]
                fee = owed * one(values, f"fee_rate_{i}") / frequency if fees else 0.0
                for name, value in zip(rows, (owed, due, paid, owed - paid, cost, fee, paid + cost + fee), strict=True):
                    rows[name].append(value)
                owed -= paid
            out |= {f"{name}_{i}": series for name, series in rows.items() if name != "fee" or fees}
        out["debt_total"] = total(out[f"closing_{i}"] for i in numbers)
        out["interest_total"] = total(out[f"interest_{i}"] for i in numbers)
        out["service_total"] = total(out[f"service_{i}"] for i in numbers)
        out["interest_to_date"] = cumulated(out["interest_total"])
        out["cover"] = [0.0 if due == 0 else have / due for have, due in zip(whole(values, "cash"), out["service_total"], strict=True)]
        return out

    def cases(base: Values) -> dict[str, Values]:
        """Paid off early; a term that ends within the years shown; no rate to speak of."""
        found: dict[str, Values] = {
            "paid off early": {f"extra_{i}": tuple(one(base, f"start_{i}") * 0.6 for _ in range(future)) for i in numbers},
            "short terms": {f"term_{i}": (float(past + 1),) for i in numbers},
            "cheap money": {f"rate_{i}": (0.001,) for i in numbers},
        }
        return found

    def ties(values: Any) -> tuple[float, ...]:
        owed = values["debt_total"]
        return tuple(owed[n - 1] - sum(values[f"repayment_{i}"][n] for i in numbers) - owed[n] for n in range(1, len(owed)))

    claims = [Claim("debt-rolls", "total debt falls each period by what is repaid", ties)]
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    literals = frozenset({float(year)} if dated else set()) | frozenset({float(months)})
    return Model(
        tuple(sections),
        tuple(lines),
        past,
        future,
        reference,
        data,
        tuple(claims),
        cases,
        switchable=("base_rate",) if floating else ("cash",),
        literals=literals,
    )


LOAN = Family(
    "loan",
    "loan schedule",
    workflow={
        "interest": (("opening", "average"), ("act360", "act365")),
        "profile": (("linear", "annuity"), ("bullet", "annuity")),
        "frequency": ((1, 1, 4), (12, 4)),
    },
    data_model={"loans": ((1, 2), (2, 3)), "fee": ((False, True), (True,)), "floating": ((False,), (True,))},
    build=build,
)
