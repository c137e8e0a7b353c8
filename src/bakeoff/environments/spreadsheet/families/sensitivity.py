"""Scenario and sensitivity tables: a grid of values over two assumptions, and cases side by side with their weighted result."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, draws, figure, given, nice, residual, scalar, split, whole
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future, rows = 2, max(3, flags["future"] - 2), flags["rows"]
    span = past + future
    value, weighted, taxed, fixed_steps = flags["grid_value"], flags["weighting"], flags["tax_floor"], flags["steps"]
    numbers = range(1, rows + 1)
    sections = [
        Section("inputs", "section.inputs", "inputs", inputs=True),
        Section("cases", "section.cases", "inputs", inputs=True),
        Section("results", "section.case_results", "model"),
        Section("weighted", "section.weighted", "summary"),
        Section("grid", "section.grid", "summary"),
        Section("checks", "section.checks", "summary"),
    ]
    lines: list[Line] = [
        scalar("flow", "flow_next_year", "inputs", "money", 0.5),
        scalar("net_debt", "net_debt", "inputs", "money", 0.0),
        scalar("shares", "shares", "inputs", "count", 1, 100000, places=1),
        scalar("tax_rate", "tax_rate", "inputs", "rate", 0.0, 0.6),
        scalar("fixed_costs", "overhead", "inputs", "money", 0.0, cost=True),
        given("volume", "case_volume", "cases", "count", 1, 1_000_000, back=DATA),
        given("price", "case_price", "cases", "money", 0.5, 10000, back=DATA, places=2),
        given("unit_cost", "unit_cost", "cases", "money", 0.0, 9000, back=DATA, places=2, cost=True),
        given(
            "weight",
            "case_weight",
            "cases",
            "rate" if weighted == "probability" else "count",
            0.01,
            1.0 if weighted == "probability" else 100,
            back=DATA,
        ),
    ]
    if fixed_steps == "stepped":
        lines += [
            scalar("capacity", "capacity", "inputs", "count", 1, 1_000_000),
            scalar("step_cost", "step_cost", "inputs", "money", 0.0, cost=True),
        ]
    scale = flags["money_unit"][1]
    per = "" if scale == 1 else f" / {scale}"
    words = "" if scale == 1 else f", divided by {scale:,}"
    extra = " - IF(volume > capacity, step_cost, 0)" if fixed_steps == "stepped" else ""
    lines += [
        calc(
            "revenue", "revenue", "results", f"volume * price{per}", total=True, rule=f"{{revenue}} is {{volume}} times {{price}}{words}."
        ),
        calc(
            "variable",
            "variable_costs",
            "results",
            f"volume * unit_cost{per}",
            cost=True,
            rule=f"{{variable}} are {{volume}} times {{unit_cost}}{words}.",
        ),
        calc(
            "contribution", "contribution", "results", "revenue - variable", total=True, rule="{contribution} is {revenue} less {variable}."
        ),
        calc(
            "profit",
            "profit_before_tax",
            "results",
            f"contribution - fixed_costs{extra}",
            headline=True,
            rule=f"{{profit}} is {{contribution}} less {{fixed_costs}}{', and less {step_cost} where {volume} is above {capacity}' if extra else ''}.",
        ),
        calc(
            "tax",
            "tax",
            "results",
            "MAX(0, profit) * tax_rate" if taxed else "profit * tax_rate",
            cost=True,
            rule=f"{{tax}} is {{tax_rate}} of {{profit}}{', and nothing on a loss' if taxed else ', a credit on a loss'}.",
        ),
        calc("net", "net_income", "results", "profit - tax", total=True, headline=True, rule="{net} is {profit} less {tax}."),
        calc(
            "break_even",
            "break_even_volume",
            "results",
            f"IF(price > unit_cost, fixed_costs{'' if scale == 1 else f' * {scale}'} / (price - unit_cost), 0)",
            "count",
            rule=f"{{break_even}}: {{fixed_costs}}{'' if scale == 1 else f' times {scale:,}'} over {{price}} less {{unit_cost}}, and 0 where no price covers it (without any step).",
        ),
        figure(
            "expected",
            "expected_result",
            "weighted",
            "SUMPRODUCT(weight[:], net[:]) / SUM(weight[:])",
            headline=True,
            rule="{expected} is {net} of all cases, weighted by {weight}, over the sum of the weights.",
        ),
        figure("best", "best_result", "weighted", "MAX(net[:])", rule="{best} is the highest {net} of all cases."),
        figure("worst", "worst_result", "weighted", "MIN(net[:])", headline=True, rule="{worst} is the lowest {net} of all cases."),
        figure("spread", "result_spread", "weighted", "best - worst", rule="{spread} is {best} less {worst}."),
        given("wacc", "wacc", "grid", "rate", 0.06, 0.4, back=DATA),
    ]
    for i in numbers:
        lines.append(scalar(f"step_{i}", "perpetual_growth", "grid", "rate", -0.05, 0.045, tag=str(i)))
        firm = f"flow / (wacc - step_{i})" if value != "grown" else f"flow * (1 + step_{i}) / (wacc - step_{i})"
        firm_said = f"{{flow}}{f' grown once by {{step_{i}}}' if value == 'grown' else ''} over {{wacc}} less {{step_{i}}}"
        whole_value = value in ("equity", "grown")
        lines.append(
            calc(
                f"grid_{i}",
                "grid_value" if whole_value else "value_per_share",
                "grid",
                f"{firm} - net_debt" if whole_value else f"({firm} - net_debt) / shares",
                tag=str(i),
                beside=f"step_{i}",
                places=None if whole_value else 2,
                headline=True,
                rule=f"{{grid_{i}}}: {firm_said}, less {{net_debt}}{'' if whole_value else ', over {shares}'}.",
            )
        )
    lines.append(
        calc(
            "check",
            "check",
            "checks",
            "net - revenue + variable + fixed_costs + tax" + (" + IF(volume > capacity, step_cost, 0)" if extra else ""),
            check=True,
            rule="{check}: the cases add up.",
        )
    )

    def data(rng: Any) -> Numbers:
        size = rng.uniform(20, 400)
        price = rng.uniform(20, 300)
        volume = min(size * 10 * scale / price if scale > 1 else rng.uniform(500, 4000), 400_000.0)
        level = volume * price / scale
        found: Numbers = {
            "flow": [nice(size)],
            "net_debt": [nice(size * rng.uniform(1, 4), 0.5)],
            "shares": [nice(rng.uniform(20, 200), 0.5)],
            "tax_rate": [nice(rng.uniform(0.18, 0.3), 0.005)],
            "fixed_costs": [nice(level * rng.uniform(0.15, 0.3), 0.1 if level > 20 else 0.001)],
        }
        found |= split([nice(volume * rng.uniform(0.6, 1.4), 1) for _ in range(span)], past, "volume")
        found |= split(draws(rng, span, price * 0.85, price * 1.15, 0.05), past, "price")
        found |= split(draws(rng, span, price * 0.5, price * 0.7, 0.05), past, "unit_cost")
        found |= split(draws(rng, span, 0.05, 0.3, 0.01) if weighted == "probability" else draws(rng, span, 1, 9, 1), past, "weight")
        if fixed_steps == "stepped":
            found |= {
                "capacity": [nice(volume * rng.uniform(0.9, 1.15), 1)],
                "step_cost": [nice(level * rng.uniform(0.03, 0.08), 0.1 if level > 20 else 0.001)],
            }
        start = nice(rng.uniform(0.07, 0.085), 0.0025)
        found |= split([nice(start + 0.005 * n, 0.0005) for n in range(span)], past, "wacc")
        low = nice(rng.uniform(0.0, 0.01), 0.0025)
        return found | {f"step_{i}": [nice(low + 0.005 * (i - 1), 0.0005)] for i in numbers}

    def reference(values: Values) -> Numbers:
        names = "revenue variable contribution profit tax net break_even".split()
        out: Numbers = {name: [] for name in names}
        costs, rate = values["fixed_costs"][0], values["tax_rate"][0]
        quantity, price, cost = (whole(values, key) for key in ("volume", "price", "unit_cost"))
        for q, p, c in zip(quantity, price, cost, strict=True):
            margin = q * (p - c) / scale
            before = margin - costs
            if fixed_steps == "stepped" and q > values["capacity"][0]:
                before -= values["step_cost"][0]
            levy = rate * (before if before > 0 or not taxed else 0.0)
            found = (q * p / scale, q * c / scale, margin, before, levy, before - levy, costs * scale / (p - c) if p > c else 0.0)
            for name, number in zip(names, found, strict=True):
                out[name].append(number)
        weights = whole(values, "weight")
        out["expected"] = [sum(w * n for w, n in zip(weights, out["net"], strict=True)) / sum(weights)]
        out["best"], out["worst"] = [max(out["net"])], [min(out["net"])]
        out["spread"] = [max(out["net"]) - min(out["net"])]
        for i in numbers:
            pace, flow = values[f"step_{i}"][0], values["flow"][0]
            firm = [
                (flow + flow * pace if value == "grown" else flow) / (rate_here - pace) - values["net_debt"][0]
                for rate_here in whole(values, "wacc")
            ]
            out[f"grid_{i}"] = firm if value in ("equity", "grown") else [worth / values["shares"][0] for worth in firm]
        return out

    def cases(base: Values) -> dict[str, Values]:
        found: dict[str, Values] = {
            "losses": {"fixed_costs": (base["fixed_costs"][0] * 5,)},
            "no margin": {"unit_cost": tuple(value * 1.1 for value in base["price"])},
        }
        if fixed_steps == "stepped":
            found |= {"always above capacity": {"capacity": (1.0,)}, "never above capacity": {"capacity": (900_000.0,)}}
        return found

    claims = (Claim("adds-up", "net income is taxed profit", residual((1, "net"), (-1, "profit"), (1, "tax"))),)
    order = {section.key: n for n, section in enumerate(sections)}
    lines.sort(key=lambda line: order[line.section])
    captions = tuple(f"{flags['case_word']} {'ABCDEFGHIJ'[n]}" for n in range(span))
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
        literals=frozenset({float(scale)}),
    )


SENSITIVITY = Family(
    "sensitivity",
    "scenario and sensitivity tables",
    workflow={
        "grid_value": (("per-share", "equity"), ("grown",)),
        "weighting": (("probability",), ("points",)),
        "tax_floor": ((True, False), (True,)),
        "case_word": (("Case", "Column"), ("View", "Variant")),
    },
    data_model={"rows": ((3, 4), (5,)), "steps": (("fixed", "stepped"), ("stepped",))},
    build=build,
    axis="items",
    without=frozenset({"scenario", "extend"}),
)
