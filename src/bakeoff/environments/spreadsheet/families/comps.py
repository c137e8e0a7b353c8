"""Comparable companies: enterprise values and multiples of peers, statistics over them, and what they say a target is worth."""

from __future__ import annotations

import statistics
from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, draws, figure, given, nice, residual, scalar, split, whole
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values

MULTIPLES = {"sales": ("ev_sales", "revenue"), "ebitda": ("ev_ebitda", "ebitda"), "earnings": ("price_earnings", "net_income")}


def build(flags: Flags) -> Model:
    past, future = min(flags["past"], 3), flags["future"]
    span = past + future
    measure, wide, trailing, diluted = (
        flags["statistic"],
        flags["ev"] == "with-minorities",
        flags["figures"] == "trailing",
        flags["options"],
    )
    sections = [
        Section("market", "section.market", "inputs", inputs=True),
        Section("target", "section.target", "inputs", inputs=True),
        Section("multiples", "section.multiples", "model"),
        Section("statistics", "section.statistics", "summary"),
        Section("value", "section.valuation", "summary"),
        Section("checks", "section.checks", "summary"),
    ]
    lines: list[Line] = [
        given("price", "share_price", "market", "money", 0.5, 5000, back=DATA, places=2),
        given("shares", "shares", "market", "count", 1, 100000, back=DATA, places=1),
        given("debt", "debt", "market", low=0.0, back=DATA),
        given("cash", "cash", "market", low=0.0, back=DATA),
    ]
    if diluted:
        lines += [
            given("options", "options", "market", "count", 0, 10000, back=DATA, places=1),
            given("strike", "strike_price", "market", "money", 0.1, 5000, back=DATA, places=2),
        ]
    if wide:
        lines.append(given("minorities", "minorities", "market", low=0.0, back=DATA))
    for key, term in (("revenue", "revenue"), ("ebitda", "ebitda"), ("net_income", "net_income")):
        if trailing:
            lines += [
                given(f"{key}_year", f"{term}_year", "market", low=1.0, back=DATA),
                given(f"{key}_now", f"{term}_now", "market", low=0.5, back=DATA),
                given(f"{key}_then", f"{term}_then", "market", low=0.1, back=DATA),
                calc(
                    key,
                    term,
                    "multiples",
                    f"MAX(0.01, {key}_year + {key}_now - {key}_then)",
                    rule=f"{{{key}}} over the last twelve months is {{{key}_year}} plus {{{key}_now}} less {{{key}_then}}, at least 0.01.",
                ),
            ]
        else:
            lines.append(given(key, term, "market", low=1.0, back=DATA))
    for key, term in (("revenue", "revenue"), ("ebitda", "ebitda"), ("net_income", "net_income")):
        lines.append(scalar(f"target_{key}", term, "target", "money", 0.1, tag=flags["peers"][-1]))
    lines += [
        scalar("target_net_debt", "net_debt", "target", "money", -1e5, 1e6),
        scalar("target_shares", "shares", "target", "count", 1, 100000, places=1, tag=flags["peers"][-1]),
    ]
    count = "(shares + MAX(0, options * (1 - strike / price)))" if diluted else "shares"
    lines += [
        calc(
            "capitalisation",
            "market_cap",
            "multiples",
            f"price * {count}",
            headline=True,
            rule=f"{{capitalisation}} is {{price}} times {{shares}}{', plus {options} less the shares that their {strike} buys back at {price} (none where {strike} is above {price})' if diluted else ''}.",
        ),
        calc(
            "enterprise",
            "enterprise_value",
            "multiples",
            f"capitalisation + debt{' + minorities' if wide else ''} - cash",
            total=True,
            headline=True,
            rule=f"{{enterprise}} is {{capitalisation}} plus {{debt}}{' plus {minorities}' if wide else ''} less {{cash}}.",
        ),
        calc("margin", "ebitda_margin", "multiples", "ebitda / revenue", "rate", rule="{margin} is {ebitda} over {revenue}."),
    ]
    for name, (term, basis) in MULTIPLES.items():
        top = "capitalisation" if name == "earnings" else "enterprise"
        lines.append(
            calc(
                f"multiple_{name}",
                term,
                "multiples",
                f"{top} / {basis}",
                "ratio",
                headline=True,
                places=1,
                rule=f"{{multiple_{name}}} is {{{top}}} over {{{basis}}}.",
            )
        )
    for name in MULTIPLES:
        for function in ("MEDIAN", "AVERAGE", "MAX", "MIN"):
            if function in ("MAX", "MIN") and measure != "midpoint":
                continue
            lines.append(
                figure(
                    f"{function.lower()}_{name}",
                    f"statistic.{function.lower()}",
                    "statistics",
                    f"{function}(multiple_{name}[:])",
                    "ratio",
                    tag=_TAGS[name],
                    rule=f"{{{function.lower()}_{name}}} is the {_SAID[function]} of {{multiple_{name}}} over all companies.",
                )
            )
    chosen = {"median": "median_{0}", "mean": "average_{0}", "midpoint": "(max_{0} + min_{0}) / 2"}[measure]
    said = {"median": "{{median_{0}}}", "mean": "{{average_{0}}}", "midpoint": "halfway between {{max_{0}}} and {{min_{0}}}"}[measure]
    equity = []
    for name, (_, basis) in MULTIPLES.items():
        less = "" if name == "earnings" else " - target_net_debt"
        lines.append(
            figure(
                f"equity_{name}",
                "equity_value",
                "value",
                f"target_{basis} * {chosen.format(name)}{less}",
                tag=_TAGS[name],
                headline=True,
                rule=f"{{equity_{name}}}: {{target_{basis}}} times {said.format(name)}{' less {target_net_debt}' if less else ''}.",
            )
        )
        equity.append(f"equity_{name}")
    lines += [
        figure(
            "equity",
            "equity_mean",
            "value",
            f"AVERAGE({', '.join(equity)})",
            total=True,
            headline=True,
            rule="{equity} is the average of the three.",
        ),
        figure(
            "per_share",
            "value_per_share",
            "value",
            "equity / target_shares",
            places=2,
            headline=True,
            rule="{per_share} is {equity} over {target_shares}.",
        ),
        calc(
            "check",
            "check",
            "checks",
            f"enterprise - capitalisation - debt{' - minorities' if wide else ''} + cash",
            check=True,
            rule="{check}: {enterprise} is made up in full.",
        ),
    ]

    def data(rng: Any) -> Numbers:
        rows: dict[str, list[float]] = {line.key: [] for line in lines if line.ahead == DATA and not line.scalar}
        for _ in range(span):
            sales = rng.uniform(200, 3000)
            earned, left = sales * rng.uniform(0.12, 0.32), sales * rng.uniform(0.04, 0.12)
            firm = earned * rng.uniform(6, 14)
            shares = nice(rng.uniform(30, 500), 0.5)
            debt, cash = nice(earned * rng.uniform(0.5, 2.5), 0.5), nice(earned * rng.uniform(0.1, 0.8), 0.5)
            price = nice(max(2.0, (firm - debt + cash) / shares), 0.05)
            row = {
                "price": price,
                "shares": shares,
                "debt": debt,
                "cash": cash,
                "minorities": nice(earned * rng.uniform(0.05, 0.3)),
                "options": nice(shares * rng.uniform(0.01, 0.06), 0.1),
                "strike": nice(price * rng.uniform(0.5, 1.2), 0.05),
            }
            for key, value in (("revenue", sales), ("ebitda", earned), ("net_income", left)):
                row[key] = nice(value)
                row[f"{key}_year"], row[f"{key}_now"], row[f"{key}_then"] = (
                    nice(value * 0.95),
                    nice(value * rng.uniform(0.48, 0.55)),
                    nice(value * rng.uniform(0.4, 0.46)),
                )
            for key, series in rows.items():
                series.append(row[key])
        found: Numbers = {}
        for key, series in rows.items():
            found |= split(series, past, key)
        size = rng.uniform(150, 1200)
        found |= {
            "target_revenue": [nice(size)],
            "target_ebitda": [nice(size * rng.uniform(0.15, 0.28))],
            "target_net_income": [nice(size * rng.uniform(0.05, 0.11))],
        }
        return found | {"target_net_debt": [nice(size * rng.uniform(0.05, 0.4), 0.5)], "target_shares": [draws(rng, 1, 20, 150, 0.5)[0]]}

    def reference(values: Values) -> Numbers:
        out: Numbers = {}
        given_rows = {line.key: whole(values, line.key) for line in lines if line.ahead == DATA and not line.scalar}
        basis: dict[str, list[float]] = {}
        for key in ("revenue", "ebitda", "net_income"):
            if trailing:
                basis[key] = out[key] = [
                    max(0.01, y + now - then)
                    for y, now, then in zip(*(given_rows[f"{key}_{part}"] for part in ("year", "now", "then")), strict=True)
                ]
            else:
                basis[key] = given_rows[key]
        names = ("capitalisation", "enterprise", "margin", "multiple_sales", "multiple_ebitda", "multiple_earnings")
        rows: dict[str, list[float]] = {name: [] for name in names}
        for n in range(span):
            at = {key: series[n] for key, series in given_rows.items()}
            owned = at["shares"]
            if diluted and at["strike"] < at["price"]:
                owned += at["options"] - at["options"] * at["strike"] / at["price"]
            worth = owned * at["price"]
            firm = worth + at["debt"] - at["cash"] + (at["minorities"] if wide else 0.0)
            found = (
                worth,
                firm,
                basis["ebitda"][n] / basis["revenue"][n],
                firm / basis["revenue"][n],
                firm / basis["ebitda"][n],
                worth / basis["net_income"][n],
            )
            for name, value in zip(names, found, strict=True):
                rows[name].append(value)
        out |= rows
        implied = []
        for name, (_, base) in MULTIPLES.items():
            series = rows[f"multiple_{name}"]
            out[f"median_{name}"], out[f"average_{name}"] = [statistics.median(series)], [sum(series) / span]
            if measure == "midpoint":
                out[f"max_{name}"], out[f"min_{name}"] = [max(series)], [min(series)]
            level = {"median": statistics.median(series), "mean": sum(series) / span, "midpoint": (max(series) + min(series)) / 2}[measure]
            worth = values[f"target_{base}"][0] * level - (values["target_net_debt"][0] if name != "earnings" else 0.0)
            out[f"equity_{name}"] = [worth]
            implied.append(worth)
        out["equity"] = [sum(implied) / 3]
        out["per_share"] = [out["equity"][0] / values["target_shares"][0]]
        return out

    def cases(base: Values) -> dict[str, Values]:
        found: dict[str, Values] = {
            "one dear peer": {"price": tuple(value * (8 if n == 0 else 1) for n, value in enumerate(base["price"]))}
        }
        if diluted:
            found["options worthless"] = {"strike": tuple(value * 1.5 for value in base["price"])}
        return found

    claims = (
        Claim(
            "made-up",
            "enterprise value is made up in full",
            residual((1, "enterprise"), (-1, "capitalisation"), (-1, "debt"), (1, "cash"), *(((-1, "minorities"),) if wide else ())),
        ),
    )
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    captions = tuple(flags["peers"][:span])
    return Model(
        tuple(sections),
        tuple(lines),
        past,
        future,
        reference,
        data,
        claims,
        cases,
        switchable=(),
        captions=captions,
        literals=frozenset({0.01}),
    )


_TAGS = {"sales": "EV/Sales", "ebitda": "EV/EBITDA", "earnings": "P/E"}
_SAID = {"MEDIAN": "median", "AVERAGE": "average", "MAX": "highest", "MIN": "lowest"}

COMPS = Family(
    "comps",
    "comparable companies",
    workflow={"statistic": (("median", "mean"), ("midpoint",)), "ev": (("plain",), ("with-minorities",))},
    data_model={"figures": (("year",), ("trailing",)), "options": ((False, True), (True,))},
    build=build,
    axis="items",
    without=frozenset({"scenario"}),
)
