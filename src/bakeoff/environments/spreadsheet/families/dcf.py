"""Discounted cash flow: free cash flow by the house's route, discounting at year end or mid-year, terminal value by growth or multiple, value per share."""

from __future__ import annotations

from typing import Any

from bakeoff.environments.spreadsheet.families.build import calc, draws, figure, first_day, given, month_later, nice, one, residual, scalar
from bakeoff.environments.spreadsheet.model import DATA, Claim, Family, Flags, Line, Model, Numbers, Section
from bakeoff.environments.spreadsheet.spec import Values


def build(flags: Flags) -> Model:
    past, future = flags["past"], flags["future"]
    mid, terminal, capital, minority = flags["discounting"] == "mid-year", flags["terminal"], flags["capital_cost"], flags["minorities"]
    dated = flags["dated"]
    sections = [
        Section("inputs", "section.inputs", "inputs", inputs=True),
        Section("capital", "section.capital_cost", "inputs", inputs=True),
        Section("flows", "section.free_flow", "model"),
        Section("value", "section.valuation", "summary"),
        Section("checks", "section.checks", "summary"),
    ]
    lines: list[Line] = [
        given("growth", "growth", "inputs", "rate", -0.5, 1.0, back="revenue / revenue[-1] - 1"),
        given("margin", "ebitda_margin", "inputs", "rate", -0.2, 0.9, back="ebitda / revenue"),
        given("wear_share", "depreciation_share", "inputs", "rate", 0.0, 0.5, back="depreciation / revenue"),
        given("capex_share", "capex_share", "inputs", "rate", 0.0, 0.5, back="capex / revenue"),
        given("capital_share", "working_capital_share", "inputs", "rate", -0.3, 0.8, back="working_capital / revenue"),
        scalar("tax_rate", "tax_rate", "inputs", "rate", 0.0, 0.6),
        scalar("net_debt", "net_debt", "inputs", "money", -1e5, 1e6),
        scalar("shares", "shares", "inputs", "count", 1, 100000, places=1),
    ]
    if dated:
        lines += [
            scalar("last_close", "last_close", "inputs", "date", 43800, 47500),
            scalar("first_day", "first_day", "inputs", "date", 43800, 47500),
        ]
    if minority:
        lines.append(scalar("minorities", "minorities", "inputs", "money", 0.0))
    if capital == "given":
        lines.append(scalar("wacc", "wacc", "capital", "rate", 0.06, 0.4))
    else:
        lines += [
            scalar("risk_free", "risk_free", "capital", "rate", 0.02, 0.15),
            scalar("beta", "beta", "capital", "ratio", 0.5, 3.0, places=2),
            scalar("premium", "risk_premium", "capital", "rate", 0.04, 0.12),
            scalar("debt_rate", "rate", "capital", "rate", 0.035, 0.2),
            scalar("debt_weight", "debt_weight", "capital", "rate", 0.0, 0.5),
            figure(
                "equity_rate",
                "cost_of_equity",
                "capital",
                "risk_free + beta * premium",
                "rate",
                rule="{equity_rate} is {risk_free} plus {beta} times {premium}.",
            ),
            figure(
                "wacc",
                "wacc",
                "capital",
                "equity_rate * (1 - debt_weight) + debt_rate * (1 - tax_rate) * debt_weight",
                "rate",
                headline=True,
                rule="{wacc}: {equity_rate} and {debt_rate} after {tax_rate}, weighted by {debt_weight}.",
            ),
        ]
    if terminal == "growth":
        lines.append(scalar("perpetual", "perpetual_growth", "capital", "rate", -0.03, 0.035))
    else:
        lines.append(scalar("exit_multiple", "exit_multiple", "capital", "ratio", 1, 40))
    years = "((period_end - first_day) / 365)" if dated else "number"
    years_said = "the days from {first_day} to {period_end} over 365" if dated else "{number}"
    taxed = "MAX(0, ebit) * tax_rate" if flags["tax_floor"] else "ebit * tax_rate"
    lines += [
        calc(
            "revenue",
            "revenue",
            "flows",
            "revenue[-1] * (1 + growth)",
            back=DATA,
            total=True,
            low=1.0,
            rule="{revenue} is that of the period before, grown by {growth}.",
        ),
        calc("ebitda", "ebitda", "flows", "revenue * margin", back=DATA, total=True, low=-1e6, rule="{ebitda} is {margin} of {revenue}."),
        calc(
            "depreciation",
            "depreciation",
            "flows",
            "revenue * wear_share",
            back=DATA,
            cost=True,
            low=0.0,
            rule="{depreciation} is {wear_share} of {revenue}.",
        ),
        calc("ebit", "ebit", "flows", "ebitda - depreciation", total=True, rule="{ebit} is {ebitda} less {depreciation}."),
        calc(
            "tax",
            "tax_on_ebit",
            "flows",
            taxed,
            cost=True,
            rule=f"{{tax}} is {{tax_rate}} of {{ebit}}{', and nothing on a loss' if flags['tax_floor'] else ', a credit on a loss'}.",
        ),
        calc("nopat", "nopat", "flows", "ebit - tax", rule="{nopat} is {ebit} less {tax}."),
        calc(
            "capex", "capex", "flows", "revenue * capex_share", back=DATA, cost=True, low=0.0, rule="{capex} is {capex_share} of {revenue}."
        ),
        calc(
            "working_capital",
            "working_capital",
            "flows",
            "revenue * capital_share",
            back=DATA,
            low=-1e6,
            rule="{working_capital} is {capital_share} of {revenue}.",
        ),
        calc(
            "capital_change",
            "working_capital_change",
            "flows",
            "working_capital - working_capital[-1]",
            cost=True,
            rule="{capital_change} is the rise of {working_capital} since the period before.",
        ),
        calc(
            "flow",
            "free_cash_flow",
            "flows",
            "nopat + depreciation - capex - capital_change",
            total=True,
            headline=True,
            rule="{flow} is {nopat} plus {depreciation} less {capex} less {capital_change}.",
        ),
        calc(
            "period_end",
            "period_end",
            "value",
            "EDATE(period_end[-1], 12)",
            "date",
            back="",
            at_close="last_close",
            rule="{period_end} lies 12 months after the one before; history ends on {last_close}.",
        )
        if dated
        else calc(
            "number", "forecast_year", "value", "number[-1] + 1", "count", back="", rule="{number} counts the forecast periods from 1."
        ),
        calc(
            "factor",
            "discount_factor",
            "value",
            f"1 / (1 + wacc) ** {f'({years} - 0.5)' if mid else years}",
            "ratio",
            back="",
            places=4,
            rule=f"{{factor}} is 1 over (1 plus {{wacc}}) to the power of {years_said}{' less one half: flows come in the middle of the year' if mid else ': flows come at the end of the year'}.",
        ),
        calc("present", "present_value", "value", "flow * factor", back="", headline=True, rule="{present} is {flow} times {factor}."),
        figure("flows_value", "value_of_flows", "value", "SUM(present[ahead])", rule="{flows_value} adds up {present}."),
    ]
    if terminal == "growth":
        lines.append(
            figure(
                "end_value",
                "terminal_value",
                "value",
                "flow[last] * (1 + perpetual) / (wacc - perpetual)",
                rule="{end_value}: {flow} of the last year, grown once by {perpetual}, over {wacc} less {perpetual}.",
            )
        )
    else:
        lines.append(
            figure(
                "end_value",
                "terminal_value",
                "value",
                "ebitda[last] * exit_multiple",
                rule="{end_value} is {exit_multiple} times {ebitda} of the last year.",
            )
        )
    at_end = (
        "factor[last]"
        if not mid or terminal == "growth"
        else f"(1 + wacc) ** -{'((period_end[last] - first_day) / 365)' if dated else 'number[last]'}"
    )
    at_end_said = (
        "{factor} of the last year"
        if not mid or terminal == "growth"
        else f"(1 plus {{wacc}}) to the power of minus {years_said} of the last year: a multiple is paid at the year's end"
    )
    lines += [
        figure(
            "end_present",
            "terminal_present",
            "value",
            f"end_value * {at_end}",
            rule=f"{{end_present}} is {{end_value}} times {at_end_said}.",
        ),
        figure(
            "enterprise",
            "enterprise_value",
            "value",
            "flows_value + end_present",
            total=True,
            headline=True,
            rule="{enterprise} is {flows_value} plus {end_present}.",
        ),
        figure(
            "equity",
            "equity_value",
            "value",
            f"enterprise - net_debt{' - minorities' if minority else ''}",
            total=True,
            headline=True,
            rule=f"{{equity}} is {{enterprise}} less {{net_debt}}{' less {minorities}' if minority else ''}.",
        ),
        figure(
            "per_share",
            "value_per_share",
            "value",
            "equity / shares",
            headline=True,
            places=2,
            rule="{per_share} is {equity} over {shares} (both in the same unit).",
        ),
        figure(
            "end_share",
            "terminal_share",
            "value",
            "end_present / enterprise",
            "rate",
            rule="{end_share} is {end_present} over {enterprise}.",
        ),
        figure(
            "check",
            "check",
            "checks",
            f"enterprise - equity - net_debt{' - minorities' if minority else ''}",
            check=True,
            rule="{check}: {enterprise} is shared out in full.",
        ),
    ]

    def data(rng: Any) -> Numbers:
        size = rng.uniform(150, 1800)
        out: Numbers = {key: [] for key in ("revenue", "ebitda", "depreciation", "capex", "working_capital")}
        margin, wear, spend, tied = rng.uniform(0.18, 0.32), rng.uniform(0.03, 0.06), rng.uniform(0.03, 0.07), rng.uniform(0.08, 0.18)
        level = size
        for _ in range(past):
            out["revenue"].append(nice(level))
            for key, share in (("ebitda", margin), ("depreciation", wear), ("capex", spend), ("working_capital", tied)):
                out[key].append(nice(level * (share + rng.uniform(-0.008, 0.008))))
            level *= 1 + rng.uniform(0.01, 0.12)
        found: Numbers = {f"{key}.past": series for key, series in out.items()}
        found |= {
            "growth": draws(rng, future, 0.01, 0.12, 0.005),
            "margin": draws(rng, future, margin - 0.03, margin + 0.04, 0.005),
            "wear_share": draws(rng, future, wear - 0.01, wear + 0.01, 0.001),
            "capex_share": draws(rng, future, spend - 0.01, spend + 0.01, 0.001),
            "capital_share": draws(rng, future, tied - 0.02, tied + 0.02, 0.005),
            "tax_rate": [nice(rng.uniform(0.18, 0.3), 0.005)],
            "net_debt": [nice(size * rng.uniform(0.1, 0.8), 0.5)],
            "shares": [nice(rng.uniform(20, 300), 0.5)],
        }
        if minority:
            found["minorities"] = [nice(size * rng.uniform(0.01, 0.06), 0.5)]
        if capital == "given":
            found["wacc"] = [nice(rng.uniform(0.07, 0.12), 0.0025)]
        else:
            found |= {
                "risk_free": [nice(rng.uniform(0.025, 0.045), 0.0025)],
                "beta": [nice(rng.uniform(0.8, 1.5), 0.05)],
                "premium": [nice(rng.uniform(0.045, 0.065), 0.0025)],
                "debt_rate": [nice(rng.uniform(0.045, 0.07), 0.0025)],
                "debt_weight": [nice(rng.uniform(0.1, 0.4), 0.05)],
            }
        if dated:
            found["last_close"] = first_day(rng)
            found["first_day"] = [found["last_close"][0] + rng.randint(10, 170)]
        found["perpetual" if terminal == "growth" else "exit_multiple"] = [
            nice(rng.uniform(0.01, 0.03), 0.0025) if terminal == "growth" else nice(rng.uniform(6, 12), 0.5)
        ]
        return found

    def reference(values: Values) -> Numbers:
        out: Numbers = {key: list(values[f"{key}.past"]) for key in ("revenue", "ebitda", "depreciation", "capex", "working_capital")}
        more = {key: [0.0] * past for key in ("ebit", "tax", "nopat", "capital_change", "flow", "number", "factor", "present")}
        tax_rate = one(values, "tax_rate")
        if capital == "given":
            wacc = one(values, "wacc")
        else:
            cost = one(values, "risk_free") + one(values, "beta") * one(values, "premium")
            weight = one(values, "debt_weight")
            wacc = cost - cost * weight + weight * one(values, "debt_rate") * (1 - tax_rate)
            out |= {"equity_rate": [cost], "wacc": [wacc]}
        worth = 0.0
        after = [n + 1.0 for n in range(future)]
        if dated:
            start, ends = one(values, "first_day"), [one(values, "last_close")]
            for _ in range(future):
                ends.append(float(month_later(ends[-1], 12)))
            after = [(end - start) / 365 for end in ends[1:]]
            out["period_end"] = [0.0] * past + ends[1:]
        for n in range(future):
            sales = out["revenue"][-1] * (1 + values["growth"][n])
            earned, worn = sales * values["margin"][n], sales * values["wear_share"][n]
            spent, tied = sales * values["capex_share"][n], sales * values["capital_share"][n]
            operating = earned - worn
            levy = tax_rate * (operating if operating > 0 or not flags["tax_floor"] else 0.0)
            rise = tied - out["working_capital"][-1]
            flow = earned - levy - spent - rise
            discount = (1 + wacc) ** -(after[n] - (0.5 if mid else 0.0))
            worth += flow * discount
            for key, value in (("revenue", sales), ("ebitda", earned), ("depreciation", worn), ("capex", spent), ("working_capital", tied)):
                out[key].append(value)
            for key, value in zip(more, (operating, levy, operating - levy, rise, flow, n + 1.0, discount, flow * discount), strict=True):
                more[key].append(value)
        if terminal == "growth":
            pace = one(values, "perpetual")
            end = more["flow"][-1] * (1 + pace) / (wacc - pace)
            end_present = end * more["factor"][-1]
        else:
            end = one(values, "exit_multiple") * out["ebitda"][-1]
            end_present = end / (1 + wacc) ** after[-1]
        firm = worth + end_present
        owners = firm - one(values, "net_debt") - (one(values, "minorities") if minority else 0.0)
        single = {
            "flows_value": worth,
            "end_value": end,
            "end_present": end_present,
            "enterprise": firm,
            "equity": owners,
            "per_share": owners / one(values, "shares"),
            "end_share": end_present / firm,
        }
        return {**out, **more, **{key: [value] for key, value in single.items()}}

    def cases(base: Values) -> dict[str, Values]:
        return {
            "losses": {"margin": tuple(-0.1 if n < 2 else 0.3 for n in range(future))},
            "no growth": {"growth": tuple(0.0 for _ in range(future))},
        }

    claims = (
        Claim(
            "value-adds-up",
            "enterprise value is the flows' and the terminal value's",
            residual((1, "enterprise"), (-1, "flows_value"), (-1, "end_present")),
        ),
        Claim(
            "flow",
            "free cash flow ties to profit after tax",
            residual((1, "flow"), (-1, "nopat"), (-1, "depreciation"), (1, "capex"), (1, "capital_change")),
        ),
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
        claims,
        cases,
        switchable=("growth", "margin"),
        literals=frozenset({0.5}),
    )


DCF = Family(
    "dcf",
    "valuation",
    workflow={
        "discounting": (("year-end", "mid-year"), ("mid-year",)),
        "terminal": (("growth", "multiple"), ("multiple",)),
        "tax_floor": ((False, True), (True,)),
    },
    data_model={"capital_cost": (("given", "built"), ("built",)), "minorities": ((False,), (True,)), "dated": ((False,), (True, False))},
    build=build,
)
