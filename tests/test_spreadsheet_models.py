"""Houses, tasks, jobs, experts and mutants of the spreadsheet room, through what the room offers."""

from __future__ import annotations

import re

import pytest

from bakeoff.core import DISTANCES, TaskId, UsageError
from bakeoff.environments.spreadsheet import experts, figures, mutants, notation, products, tasks
from bakeoff.environments.spreadsheet.environment import SpreadsheetEnvironment
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.model import Line, Model, Section
from bakeoff.environments.spreadsheet.spec import Spot
from bakeoff.environments.spreadsheet.vocabulary import pools


def some(family: str, template: str, number: int = 1, nth: int = 0) -> TaskId:
    """A task of a training house."""
    train = [name for name, (split, _) in products._places(family).items() if split == "train"]
    return TaskId("spreadsheet", train[nth], 1, template, number)


# --- the catalogue -----------------------------------------------------------------------------------------------------------------------


def test_every_family_has_its_houses_in_each_split() -> None:
    assert len(FAMILIES) == 10
    for family in FAMILIES:
        places = products._places(family)
        counts = {split: [where for where in places.values() if where[0] == split] for split in ("train", "dev", "sealed")}
        assert [len(found) for found in counts.values()] == [120, 40, 60]
        assert {distance for _, distance in counts["train"]} == {"none"}
        for split in ("dev", "sealed"):
            sizes = {distance: sum(where[1] == distance for where in counts[split]) for distance in DISTANCES[1:]}
            assert len(set(sizes.values())) == 1, "unseen houses lie evenly over the distances"


def test_houses_differ_and_stay_as_they_are() -> None:
    train = [name for name, (split, _) in products._places("loan").items() if split == "train"][:12]
    drawn = {name: products.house(name) for name in train}
    assert len({str((house.words, house.widgets, house.workflow)) for house in drawn.values()}) == len(drawn)
    products.house.cache_clear()
    assert all(str(products.house(name).flags) == str(house.flags) for name, house in drawn.items())


def test_a_near_house_shares_its_base_words_and_a_far_one_does_not() -> None:
    places = products._places("dcf")
    near = next(name for name, where in places.items() if where == ("dev", "skin"))
    far = next(name for name, where in places.items() if where == ("dev", "data-model"))
    assert products.house(near).words == products.house(products.house(near).base).words
    own, base = products.house(far).words, products.house(products.house(far).base).words
    assert all(own[term] != base[term] for term, halves in pools().items() if not set(halves[0]) & set(halves[1]))


def test_unknown_names_are_told_apart() -> None:
    with pytest.raises(UsageError, match="no product"):
        products.house("loan-nowhere")
    with pytest.raises(UsageError, match="has no task 'polish'"):
        products.task(some("loan", "polish"))
    with pytest.raises(UsageError, match="does not belong"):
        products.task(TaskId("browser", "loan-x", 1, "fill-row", 1))


def test_words_of_the_two_halves_are_apart() -> None:
    for term, (near, far) in pools().items():
        assert not {word.lower() for word in near} & {word.lower() for word in far}, term


# --- notation ----------------------------------------------------------------------------------------------------------------------------

LINES = (
    Line("sales", "revenue", "s"),
    Line("costs", "cogs", "s", cost=True),
    Line("fees", "fee", "s", cost=True),
    Line("rate", "rate", "s", "rate", scalar=True),
    Line("out", "ebitda", "s"),
    Line("paid", "repayment", "s", cost=True),
)
PLACES = {"sales": 1, "costs": 2, "fees": 3, "rate": 4, "out": 5, "paid": 6}


def compiled(key: str, rule: str, *, negative: bool = False, rate: int = 1, **style: str) -> str:
    model = Model((Section("s", "section.inputs"),), LINES, 2, 3, lambda values: {}, lambda rng: {})
    hidden = frozenset({"costs", "fees", "paid"}) if negative else frozenset()

    def place(name: str, period: int) -> Spot:
        return Spot("M", PLACES[name], 2 if name == "rate" else 3 + period)

    compiler = notation.Compiler(model, place, notation.Shown(hidden, rate), across=True)
    return compiler.formula(model.line(key), rule, 2, notation.Style(**style))


@pytest.mark.parametrize(
    ("key", "rule", "plain", "negative"),
    [
        ("out", "sales - costs - fees", "=E1-E2-E3", "=E1+E2+E3"),
        ("out", "sales - (costs - fees)", "=E1-E2+E3", "=E1+E2-E3"),
        ("costs", "sales * rate", "=E1*$B$4", "=-E1*$B$4"),
        ("out", "SUM(costs, fees)", "=SUM(E2:E3)", "=-SUM(E2:E3)"),
        ("paid", "MIN(sales, costs + fees)", "=MIN(E1,E2+E3)", "=-MIN(E1,-(E2+E3))"),
        ("paid", "MAX(costs, fees)", "=MAX(E2,E3)", "=MIN(E2,E3)"),
        ("out", "costs[-1] * costs", "=D2*E2", "=D2*E2"),
        ("out", "SUM(costs[so_far])", "=SUM($C2:E2)", "=-SUM($C2:E2)"),
        ("out", "sales[last] / (1 + rate) ** 2", "=$G1/(1+$B$4)^2", "=$G1/(1+$B$4)^2"),
        ("costs", "IF(sales > 0, costs[-1], 0)", "=IF(E1>0,D2,0)", "=IF(E1>0,D2,0)"),
        ("out", "-(sales ** 2)", "=-(E1^2)", "=-(E1^2)"),
    ],
)
def test_rules_become_formulas_in_either_sign(key: str, rule: str, plain: str, negative: str) -> None:
    assert compiled(key, rule) == plain
    assert compiled(key, rule, negative=True) == negative


def test_rates_are_written_as_the_house_writes_them() -> None:
    assert compiled("costs", "sales * rate", rate=100) == "=E1*$B$4/100"
    assert compiled("rate", "costs / sales", rate=10000) == "=E2/E1*10000"
    assert compiled("rate", "rate", rate=100) == "=$B$4"


def test_idioms_say_the_same_otherwise() -> None:
    assert compiled("out", "SUM(costs, fees)", sums="plus") == "=E2+E3"
    assert compiled("out", "MIN(sales, costs)", extremes="if") == "=IF(E1<E2,E1,E2)"
    assert compiled("costs", "sales * rate", anchors="none") == "=E1*B4"


# --- tasks and jobs ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", tasks.TEMPLATES)
def test_a_job_holds_together(template: str) -> None:
    task_id = some("loan", template)
    found, task = products.assignment(task_id), products.task(task_id)
    job = products.job(task)
    assert job.workbook == tasks.assign(task_id, products.house(task_id.product)).handed.to_xlsx()
    assert re.search(r"[.?]$", task.instruction)
    assert job.pack and all(paper.text for paper in job.pack)
    assert "{" not in task.instruction + "".join(paper.text for paper in job.pack)
    assert len(experts.actions(found)) < task.limits.steps
    base = job.base()
    right, values = found.solved.values(), job.reference(base)
    for output in figures.outputs(found.layout, {}):
        for spot, number in zip(output.spots, values.get(output.key, ()), strict=output.key in values):
            assert right[spot] == pytest.approx(number * output.scale, rel=1e-8, abs=1e-7)
    changed = {spot for spot, cell in found.solved.cells.items() if cell.content != found.handed.content(spot)}
    assert changed, "there is something to do"
    if found.names is None:
        assert changed <= found.open, "the worker may change what it has to change"
        assert all(driver.spots and not driver.name for driver in job.drivers)
    else:
        assert all(driver.name and not driver.spots for driver in job.drivers)
        assert len({name.lower() for name in found.names.values()}) == len(found.names)
    for name, case in job.scenarios.items():
        for driver in job.drivers:
            assert all(driver.low <= value <= driver.high for value in case.get(driver.key, driver.base)), (name, driver.key)


def test_the_same_id_gives_the_same_job_and_another_other_figures() -> None:
    first, again = (tasks.assign(some("saas", "fill-row", 4), products.house(some("saas", "fill-row").product)) for _ in range(2))
    assert first.base == again.base and first.handed.cells == again.handed.cells
    other = products.assignment(some("saas", "fill-row", 5))
    assert other.base != first.base
    rehearsed = products.practice(products.task(some("saas", "fill-row", 4)))
    assert rehearsed.base() != first.base


def recorded(task_id: TaskId) -> tuple[tuple[str, str], ...]:
    """What an expert does to a workbook, as a recording holds it."""
    found = tasks.assign(task_id, products.house(task_id.product))
    steps = experts.plan(found.handed, found.solved, across=found.layout.across)
    return tuple((step.tool, str(sorted(step.arguments.items()))) for step in steps)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_recording_of_one_workbook_is_of_no_use_for_another(family: str) -> None:
    """Formulas do not depend on figures; so where they stand must differ from workbook to workbook of a house."""
    house = products.products(family, "train")[3]
    turn = list(FAMILIES).index(family)
    for template in [house.templates[(turn + step) % len(house.templates)] for step in (0, 5)]:
        runs = [recorded(TaskId("spreadsheet", house.id, 1, template, number)) for number in range(6)]
        assert len(set(runs)) == len(runs), template
        assert len({tuple(sorted(run)) for run in runs}) == len(runs)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_experts_pass_every_template_with_the_agents_tools(family: str) -> None:
    """Each template in another house, so that many layouts are met."""
    environment = SpreadsheetEnvironment()
    train = products.products(family, "train")
    for turn, template in enumerate(tasks.TEMPLATES):
        house = next((product for product in train[7 * turn :] if template in product.templates), None)
        if house is None:
            assert not any(template in product.templates for product in train), template
            continue
        task = environment.task(TaskId("spreadsheet", house.id, 1, template, 50 + turn))
        policy = environment.expert(task)
        assert policy is not None
        seen = environment.reset(task)
        while not seen.done:
            seen = environment.step(policy(seen))
        assert environment.verify().value == 1.0, (task.id, environment.verify())
    environment.close()


def test_repair_tasks_are_wrong_and_can_be_mended() -> None:
    found = products.assignment(some("budget", "repair-three", 2))
    assert len(found.slips) == 3 and len({slip.kind for slip in found.slips}) == 3
    spots = [spot for line in figures.computed_lines(found.model) for spot in found.layout.spots(line.key)]
    wrong, right = found.handed.values(spots), found.solved.values(spots)
    assert any(not tasks.same(wrong[spot], right[spot]) for spot in spots)
    wrongly = [spot for spot, cell in found.solved.cells.items() if cell.content != found.handed.content(spot)]
    assert set(wrongly) <= {spot for slip in found.slips for spot in found.layout.spots(slip.line.key)}


def test_a_question_has_its_answer_after_the_change_only() -> None:
    found = products.assignment(some("dcf", "answer", 3))
    assert found.question is not None and found.asked is not None
    line, period = found.asked
    spot = found.layout.spots(line.key)[0 if line.scalar else period]
    assert found.solved.values([spot])[spot] == pytest.approx(found.question.value, abs=found.question.tolerance / 10)
    assert abs(found.handed.values([spot])[spot] - found.question.value) > found.question.tolerance / 2
    assert abs(float(found.answer) - found.question.value) <= found.question.tolerance


def test_a_switch_chooses_among_three_cases() -> None:
    found = products.assignment(some("lbo", "scenario", 1))
    job = products.job(products.task(some("lbo", "scenario", 1)))
    line = found.lines[0]
    results = {choice: job.reference({**job.base(), "case_switch": (float(choice),)})[line.key] for choice in (1, 2, 3)}
    assert len(set(results.values())) == 3
    assert all(
        results[choice] == found.base[f"{line.key}_{case}"]
        for choice, case in zip((1, 2, 3), ("case_base", "case_up", "case_down"), strict=True)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_ships_its_proofs(family: str) -> None:
    template = tasks.TEMPLATES[sorted(FAMILIES).index(family) % 7]
    found = products.assignment(some(family, template, 2, nth=5))
    wrong = list(mutants.wrong_drafts(found))
    assert len(wrong) >= 6 and len({item.name for item in wrong}) == len(wrong)
    assert len(experts.alternatives(found)) >= 2
    for item in wrong:
        assert item.draft.cells != found.solved.cells or item.draft.names != found.solved.names or item.answer != found.answer, item.name


# --- played and judged -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "template"),
    [("loan", "fill-row"), ("merger", "repair-one"), ("comps", "build-model"), ("lease", "from-scratch"), ("dcf", "answer")],
)
def test_experts_pass_and_near_misses_fail(family: str, template: str) -> None:
    environment, task_id = SpreadsheetEnvironment(), some(family, template, 3, nth=2)
    task = environment.task(task_id)
    chosen = [proof for proof in environment.proofs(task) if proof.kind in ("expert", "alternative", "mutant")]
    experts_first = [proof for proof in chosen if proof.kind != "mutant"][:3] + [proof for proof in chosen if proof.kind == "mutant"][:4]
    for proof in experts_first:
        proof.play(environment, environment.reset(task))
        verdict = environment.verify()
        assert getattr(verdict, "value", None) is not None, f"{proof.name}: {verdict}"
        assert (verdict.value == 1.0) == (proof.kind != "mutant"), f"{proof.name} ({proof.claim}): {verdict}"
    environment.close()
