"""Plans: what they say, what they refuse and how, and that drawing them is fair and repeatable."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bakeoff.contest.draw import expand, plan_hash
from bakeoff.contest.plan import StreamRun, items, parse_plan, read_plan
from bakeoff.core import DISTANCES, Product, Task, TaskId, UsageError
from contest_plugin import plan_text, plugin  # noqa: F401
from toy import TEMPLATES, ToyEnvironment

pytestmark = pytest.mark.usefixtures("plugin")
ROOT = Path(__file__).parent.parent


def draw(text: str) -> tuple[StreamRun, ...]:
    return expand(parse_plan(text, "p.toml"), {"toy": ToyEnvironment()})


def test_the_plans_we_ship_are_good() -> None:
    default = read_plan(ROOT / "plans" / "default.toml")
    assert {agent.spec for agent in default.agents} == {"apprentice", "hybrid", "baked", "noop", "replay", "trace-memory", "expert"}
    assert {stream.family for stream in default.streams} == {"crm", "helpdesk", "loan", "statements"}
    assert {stream.split for stream in default.streams} == {"dev"} and {stream.feedback for stream in default.streams} == {"outcome"}
    assert all(stream.warmup for stream in default.streams if stream.family != "statements") and len(default.recipes) == 2
    question = read_plan(ROOT / "plans" / "question.toml")
    assert set(default.environments) == set(question.environments) and len(question.recipes) == 2
    miniwob = read_plan(ROOT / "plans" / "miniwob.toml")
    allowed = (ROOT / "src/bakeoff/environments/browser/miniwob_dev.txt").read_text().split("\n")
    (pages,) = miniwob.streams
    assert isinstance(pages.products, tuple) and len(pages.products) >= 50 and set(pages.products) <= set(allowed)
    assert not pages.carry and pages.episodes == 20
    assert not [name for name in pages.products if "drag" in name or "draw" in name]
    transfer = read_plan(ROOT / "plans" / "transfer.toml")
    assert all(set(stream.distances) == set(DISTANCES) - {"none"} and stream.warmup for stream in transfer.streams)
    assert [agent.memory for agent in transfer.agents if agent.spec == "apprentice"] == ["stream", "product"]


@pytest.mark.parametrize(
    "change, message",
    [
        (("name =", "nam ="), "p.toml:2: 'name' is missing (is it 'nam', misspelt?)"),
        (('name = "toys"', 'name = "To ys"'), "'name' must be lower-case"),
        (("seed = 1", "seed = -1"), "'seed' must be at least 0"),
        (("seed = 1", 'seed = "one"'), "'seed' must be a whole number, not 'one'"),
        (("seed = 1", "seed = true"), "'seed' must be a whole number"),
        (("workers = 2", "wrokers = 2"), "unknown key 'wrokers' (did you mean 'workers'?)"),
        (('agent = "noop"', 'agent = "nop"'), "agent 1: there is no agent 'nop' (did you mean 'noop'?)"),
        (('agent = "noop"', 'agent = "noop"\nlabl = "x"'), "agent 1: unknown key 'labl' (did you mean 'label'?)"),
        (('environment = "toy"', 'environment = "tyo"'), "stream 'lockers': 'environment' must be one of"),
        (("episodes = 6", "episodes = 0"), "'episodes' must be at least 1"),
        (('feedback = "outcome"', 'feedback = "loud"'), "'feedback' must be one of none, outcome, checks, shown"),
        (("practice_steps = 10", 'order = "random"'), "'order' must be one of blocked, mixed"),
        (("practice_steps = 10", 'templates = ["relabel"]'), "has no template 'relabel' (did you mean 'relabel-locker'?)"),
        (("practice_steps = 10", 'family = "locker"'), "has no family 'locker' (did you mean 'lockers'?)"),
        (("practice_steps = 10", 'split = "train"'), "is of family 'lockers' and split 'dev', and the stream asks for any and train"),
        (('products = ["toy-alpha", "toy-beta"]', "products = 4"), "4 products are wanted and 1 are left"),
        (('products = ["toy-alpha", "toy-beta"]', 'products = "mine"'), "there is no list 'mine' in [lists]"),
        (('products = ["toy-alpha", "toy-beta"]', 'products = ["toy-alpa"]'), "has no product 'toy-alpa' (did you mean 'toy-alpha'?)"),
        (('products = ["toy-alpha", "toy-beta"]', 'tasks = ["toy/toy-alpha@1/relabel-locker#1"]'), "give either 'tasks' or 'episodes'"),
        (("practice_steps = 10", "exams = [{at = [99]}]"), "an exam at 99 lies after the last of 12 episodes"),
        (("practice_steps = 10", 'exams = [{at = ["half"]}]'), "'at' takes numbers of episodes, 'start', 'end' or 'product', not 'half'"),
        (("practice_steps = 10", 'exams = [{at = [0], on = "unseen", products = 3}]'), "and 0 are left"),
        (("practice_steps = 10", 'order = "mixed"\nexams = [{at = ["product"]}]'), 'need order = "blocked"'),
        (("practice_steps = 10", 'distances = ["skin"]'), "'distances' says which products to draw, and 'products' names them"),
        (("practice_steps = 10", 'exams = [{at = [0], split = "dev"}]'), "'split' and 'distances' choose unseen products"),
        (('["toy-alpha", "toy-beta"]', '1\ndistances = ["wokflow"]'), "not 'wokflow' (did you mean 'workflow'?)"),
        (('["toy-alpha", "toy-beta"]', '1\ndistances = ["workflow"]'), "1 products of distance 'workflow' are wanted and 0 are left"),
        (('agent = "noop"', 'agent = "noop"\nmemory = "short"'), "'memory' must be one of stream, product"),
        (('agent = "noop"', 'agent = "noop"\nmemory = "stream"\n[[agents]]\nagent = "noop"'), "two agents are called 'noop'"),
        (("[[streams]]", '[budgets]\ndisk = "big"\n[[streams]]'), "'disk' must be a number of bytes or a text such as \"2 GB\""),
        (("[[streams]]", "[budgets]\nmax_step = 3\n[[streams]]"), "unknown key 'max_step' (did you mean 'max_steps'?)"),
        (("[[streams]]", "[prices]\nexpert_hour = -1\n[[streams]]"), "prices cannot be negative"),
        (("seed = 1", "seed = "), "is not valid TOML"),
    ],
)
def test_a_bad_plan_is_refused_in_one_line_that_names_the_place(change: tuple[str, str], message: str) -> None:
    text = plan_text("noop")
    assert change[0] in text
    with pytest.raises(UsageError) as refused:
        draw(text.replace(*change, 1))
    assert message in str(refused.value) and "p.toml" in str(refused.value) and "\n" not in str(refused.value)


def test_two_of_a_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two agents are called 'noop'"):
        parse_plan(plan_text("noop", "noop"))
    text = plan_text("noop")
    with pytest.raises(UsageError, match="another stream has this name"):
        parse_plan(text + text[text.index("[[streams]]") :])
    with pytest.raises(UsageError, match=r"cannot read nowhere\.toml: .*; plans are TOML files"):
        read_plan(Path("nowhere.toml"))


def test_each_repetition_draws_other_tasks_from_the_same_products() -> None:
    one, two = draw(plan_text("noop", repetitions=2, episodes=9))
    assert not set(one.stream.tasks) & set(two.stream.tasks)
    for run in (one, two):
        assert {task.product for task in run.stream.tasks} == {"toy-alpha", "toy-beta"}
        products = [task.product for task in run.stream.tasks]
        assert products == sorted(products, reverse=products[0] > products[-1]), "blocked: product after product"
        for product in ("toy-alpha", "toy-beta"):
            templates = [task.template for task in run.stream.tasks if task.product == product]
            assert all(sorted(templates[start : start + 3]) == sorted(TEMPLATES) for start in (0, 3, 6)), "in shuffled rounds"


def test_mixed_order_mixes() -> None:
    (run,) = draw(plan_text("noop", episodes=20).replace("practice_steps = 10", 'order = "mixed"'))
    products = [task.product for task in run.stream.tasks]
    changes = sum(one != other for one, other in pairwise(products))
    assert products.count("toy-alpha") == products.count("toy-beta") == 20 and changes > 5
    assert [item.attempt for item in items(run.stream) if item.task.product == "toy-alpha"] == list(range(1, 21))


def test_without_carry_each_product_is_a_stream_of_its_own() -> None:
    runs = draw(plan_text("noop", repetitions=2).replace("practice_steps = 10", "carry = false"))
    assert {run.stream.name for run in runs} == {"lockers-toy-alpha", "lockers-toy-beta"} and len(runs) == 4
    assert all(len({task.product for task in run.stream.tasks}) == 1 for run in runs)


def test_an_agent_that_forgets_needs_products_one_after_the_other() -> None:
    text = plan_text("noop").replace('agent = "noop"', 'agent = "noop"\nmemory = "product"')
    assert parse_plan(text).agents[0].memory == "product"
    with pytest.raises(UsageError, match="forgets when a product begins, and stream 'lockers' mixes its products"):
        parse_plan(text.replace("practice_steps = 10", 'order = "mixed"'))


def test_products_are_drawn_evenly_over_the_distances_asked_for() -> None:
    offered = {
        f"p{number}": Product(f"p{number}", 1, "f", "dev", ("skin", "vocabulary", "widgets", "workflow")[number % 4], TEMPLATES)
        for number in range(24)
    }

    class Catalogue:
        def products(self, *, family: str | None = None, split: str | None = None) -> list[Product]:
            return [product for product in offered.values() if split in (None, product.split)]

        def product(self, name: str) -> Product:
            return offered[name]

        def task(self, task_id: TaskId) -> Task:
            raise AssertionError("drawing asks for no task")

    exams = 'exams = [{at = ["end"], on = "unseen", products = 3, distances = ["skin", "widgets"]}]'
    text = plan_text("noop").replace('["toy-alpha", "toy-beta"]', '7\ndistances = ["skin", "widgets", "workflow"]')
    (drawn,) = expand(parse_plan(text.replace("practice_steps = 10", exams)), {"toy": Catalogue()})  # type: ignore[dict-item]
    met = dict.fromkeys(task.product for task in drawn.stream.tasks)
    assert Counter(offered[name].distance for name in met) == {"skin": 3, "widgets": 2, "workflow": 2}
    (exam,) = drawn.stream.exams
    examined = dict.fromkeys(task.product for task in exam.tasks)
    assert Counter(offered[name].distance for name in examined) == {"skin": 2, "widgets": 1} and not set(examined) & set(met)


def test_training_products_warm_up_before_the_others_in_every_repetition() -> None:
    text = plan_text("noop", repetitions=3).replace('["toy-alpha", "toy-beta"]', '["toy-beta"]\nwarmup = 1')
    for run in draw(text):
        assert list(dict.fromkeys(task.product for task in run.stream.tasks)) == ["toy-alpha", "toy-beta"]
    with pytest.raises(UsageError, match="'warmup' draws from the split 'train': 2 products are wanted and 1 are left"):
        draw(text.replace("warmup = 1", "warmup = 2"))
    with pytest.raises(UsageError, match="needs carry = true"):
        parse_plan(text.replace("warmup = 1", "warmup = 1\ncarry = false"))


def test_exams_stand_where_they_should_and_use_other_data() -> None:
    exams = (
        '[[streams.exams]]\nat = ["start", 4, "product", "end"]\nepisodes = 2\n[[streams.exams]]\nat = ["end"]\non = "unseen"\nepisodes = 3'
    )
    text = plan_text("noop", exams=exams).replace('["toy-alpha", "toy-beta"]', '["toy-beta"]')
    # The only other product is of another split, so nothing unseen is left to examine.
    with pytest.raises(UsageError, match="0 are left"):
        draw(text)
    (run,) = draw(text.replace('on = "unseen"', 'name = "more"'))
    assert [(exam.name, exam.after, len(exam.tasks)) for exam in run.stream.exams] == [
        ("same", 0, 2),
        ("same", 4, 2),
        ("same", 6, 2),
        ("more", 6, 3),
    ]
    assert len({exam.tasks for exam in run.stream.exams if exam.name == "same"}) == 1, "the same tasks at every point"
    order = items(run.stream)
    assert [item.position for item in order] == list(range(len(order)))
    assert [item.kind for item in order] == ["exam"] * 2 + ["stream"] * 4 + ["exam"] * 2 + ["stream"] * 2 + ["exam"] * 5
    stream, examined = ({item.task for item in order if item.kind == kind} for kind in ("stream", "exam"))
    assert not stream & examined
    assert [item.ends_product for item in order if item.kind == "stream"] == [False] * 5 + [True]


def test_tasks_may_be_listed_by_id() -> None:
    tasks = ["toy/toy-alpha@1/relabel-locker#5", "toy/toy-gamma@1/assign-locker#2"]
    text = plan_text("noop").replace('products = ["toy-alpha", "toy-beta"]\nepisodes = 6', f"tasks = {tasks}".replace("'", '"'))
    (run,) = draw(text)
    assert [str(task) for task in run.stream.tasks] == tasks
    for wrong, message in (
        ("toy/toy-alpha@1/relabel#5", "has no template"),
        ("toy/toy-alpha@1", "is not a task id"),
        ("toy/toy-nix@1/a#1", "no product"),
    ):
        with pytest.raises(UsageError, match=message):
            draw(text.replace(tasks[0], wrong))


def test_a_file_of_names_replaces_the_products_whatever_their_split(tmp_path: Path) -> None:
    plan, names = tmp_path / "p.toml", tmp_path / "names.txt"
    plan.write_text(plan_text("noop"))
    names.write_text("# two\ntoy-gamma\n\ntoy-beta@1  # the second\ntoy-gamma\n")
    runs = expand(read_plan(plan, tasks_file=names), {"toy": ToyEnvironment()})
    assert {task.product for task in runs[0].stream.tasks} == {"toy-beta", "toy-gamma"}
    names.write_text("# nothing\n")
    with pytest.raises(UsageError, match="names no task"):
        read_plan(plan, tasks_file=names)
    with pytest.raises(UsageError, match="cannot read the list"):
        read_plan(plan, tasks_file=tmp_path / "none")


def test_the_hash_is_of_what_decides_results() -> None:
    base = parse_plan(plan_text("noop", "random"))
    drawn = expand(base, {"toy": ToyEnvironment()})
    identity = plan_hash(base, drawn)
    assert plan_hash(replace(base, workers=7, source="other"), drawn) == identity
    assert plan_hash(replace(base, agents=base.agents[:1]), drawn) != identity
    assert plan_hash(replace(base, budgets=replace(base.budgets, max_steps=3)), drawn) != identity
    other = parse_plan(plan_text("noop", "random", seed=2))
    assert plan_hash(other, expand(other, {"toy": ToyEnvironment()})) != identity


@given(some.integers(0, 10**9), some.integers(1, 9), some.integers(1, 3), some.sampled_from(["blocked", "mixed"]))
@settings(max_examples=30, deadline=None)
def test_drawing_is_repeatable_and_never_repeats_a_task(seed: int, episodes: int, repetitions: int, order: str) -> None:
    text = plan_text("noop", seed=seed, episodes=episodes, repetitions=repetitions).replace("practice_steps = 10", f'order = "{order}"')
    runs = draw(text)
    assert runs == draw(text)
    tasks = [task for run in runs for task in run.stream.tasks]
    assert len(set(tasks)) == len(tasks) == 2 * episodes * repetitions
    for run in runs:
        assert StreamRun.from_dict(run.to_dict()) == run
        assert all(TaskId.parse(str(task)) == task for task in run.stream.tasks)
        attempts = [item.template_attempt for item in items(run.stream)]
        assert max(attempts) == -(-episodes // 3), "templates come up equally often"
