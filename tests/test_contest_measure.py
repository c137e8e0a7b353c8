"""From episodes to figures, on runs small enough to count by hand, and on the store that feeds them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bakeoff.contest import measure
from bakeoff.contest import statistics as st
from bakeoff.contest.plan import Prices
from bakeoff.contest.regrade import regrade
from bakeoff.contest.store import Episode, NewEpisode, Store
from bakeoff.contest.summary import table
from bakeoff.contest.trajectories import SCHEMA_VERSION, from_atif, pack, to_atif, unpack
from bakeoff.core import Abstained, Check, Ledger, Scored, TaskId, Trajectory, UsageError, Verdict, content_hash, run_episode
from contest_plugin import plugin  # noqa: F401
from toy import ToyEnvironment


def rows(passes: str, *, agent: str = "a", product: str = "p@1", repetition: int = 0, order: int = 1, **more: Any) -> list[Episode]:
    """One cell's episodes in a product: `1` passed, `0` failed, `.` abstained."""
    out = []
    for number, mark in enumerate(passes, start=1):
        facts: dict[str, Any] = {
            "id": number, "cell": 1, "agent": agent, "stream": "s", "repetition": repetition, "position": number, "kind": "stream",
            "exam": "", "after": number - 1, "task_id": f"toy/{product}/t#{number}", "environment": "toy", "product": product, "template": "t",
            "task_seed": number, "family": "f", "split": "dev", "distance": "skin", "instruction": "do", "attempt": number,
            "template_attempt": number, "product_order": order, "tries": 1, "ended": "finished", "memory_before": "", "memory_after": "",
            "trajectory": "", "artefacts": "", "traceback": "", "started": 0.0, "finished": 1.0, "ledger": Ledger(steps=4, expert_minutes=0.5),
            "value": None if mark == "." else float(mark), "reason": "", "edition": 1, "calls": {"reset": [10.0], "step": [1.0, 2.0]},
        }  # fmt: skip
        out.append(Episode(**(facts | more)))
    return out


# --- by hand -----------------------------------------------------------------------------------------------------------------------


def test_success_by_attempt_averages_repetitions_before_products() -> None:
    data = [*rows("11", product="p@1"), *rows("10", product="p@1", repetition=1), *rows("00", product="q@1")]
    curve = dict(measure.curve(data))
    assert curve[1].value == pytest.approx((1 + 0) / 2) and curve[2].value == pytest.approx((0.5 + 0) / 2)
    assert curve[1].n == 2 and curve[1].unit == "products"
    assert measure.success(data).value == pytest.approx((0.75 + 0) / 2)
    assert {label: figure.value for label, figure in measure.bands(data).items()} == {"1": 0.5, "2–5": 0.25}


def test_late_attempts_are_held_against_first_ones_in_the_same_products() -> None:
    data = [*rows("011111", product="p@1"), *rows("1", product="short@1"), *rows("11111", product="less@1")]
    assert measure.bands(data)["1"].value == pytest.approx(2 / 3) and measure.bands(data)["6–10"].n == 1
    assert measure.beginning(data).value == 0 and measure.beginning(data).n == 1
    assert measure.beginning(rows("1")).value == 1


def test_abstentions_never_enter_a_mean() -> None:
    assert measure.success(rows("1.0.")).value == measure.success(rows("10")).value == 0.5
    assert [attempt for attempt, _ in measure.curve(rows("1.0"))] == [1, 3]
    assert measure.success(rows("...")).value is None and "no scored" in measure.success(rows("...")).why
    assert measure.regret(rows("1.0"), {}, 9).value == 1.0


@pytest.mark.parametrize(
    "passes, expected",
    [
        ("11111", (5, True)),
        ("01111", (5, True)),
        ("0101111", (6, True)),  # attempts 2 to 6 are the first five with four passes
        ("0001111", (7, True)),
        ("00000", (5, False)),
        ("1010101010", (10, False)),
        ("1111", None),
        ("1.1.1.1.1", (5, True)),  # only scored attempts count
        (".....", None),
    ],
)
def test_competence_is_four_of_the_last_five(passes: str, expected: tuple[int, bool] | None) -> None:
    assert measure.competent_at(rows(passes)) == expected


def test_with_too_few_attempts_competence_is_undefined_and_not_zero() -> None:
    found = measure.competence(rows("1111"))
    assert found.mean.value is None and "no product had 5" in found.mean.why and found.cells == 0 and found.survival is None


def test_a_product_that_was_never_mastered_is_censored_and_not_dropped() -> None:
    data = [*rows("1111100000"), *rows("0000000000", product="q@1")]
    found = measure.competence(data)
    assert (found.reached, found.cells, found.horizon) == (1, 2, 10)
    assert found.mean.value == pytest.approx((5 + 10) / 2)
    assert found.survival is not None and found.survival.at(10) == 0.5


def test_regret_counts_what_the_expert_would_have_got() -> None:
    data = [*rows("0011"), *rows("0000", product="q@1")]
    assert measure.regret(data, {}, 4).value == pytest.approx((2 + 4) / 2)
    assert measure.regret(data, {"q@1": 0.5}, 4).value == pytest.approx((2 + 2) / 2)


def test_transfer_is_read_from_the_place_in_the_stream() -> None:
    data = [*rows("00"), *rows("01", product="q@1", order=2), *rows("11", product="r@1", order=3)]
    assert [(place, figure.value) for place, figure in measure.by_order(data)] == [(1, 0.0), (2, 0.5), (3, 1.0)]
    assert [figure.value for _, figure in measure.by_order(data, 1, 1)] == [0.0, 0.0, 1.0]


def test_success_by_distance_keeps_exams_and_stream_apart_and_leaves_out_what_abstained() -> None:
    data = [*rows("01", product="a@1"), *rows("11", product="b@1", distance="workflow"), *rows(".", product="c@1", distance="workflow")]
    assert {tier: (figure.value, figure.n) for tier, figure in measure.by_distance(data).items()} == {
        "skin": (0.5, 1),
        "workflow": (1.0, 1),
    }
    assert {tier: figure.value for tier, figure in measure.by_distance(data, 1, 1).items()} == {"skin": 0.0, "workflow": 1.0}
    examined = rows("10", product="d@1", distance="widgets", kind="exam", attempt=0)
    assert {tier: figure.value for tier, figure in measure.by_distance(examined, 1, 1).items()} == {"widgets": 0.5}


def test_the_fall_with_distance_is_the_slope_over_products_outside_training() -> None:
    data = [*rows("11", product="a@1"), *rows("10", product="b@1", distance="widgets"), *rows("00", product="c@1", distance="data-model")]
    data += [*rows("10", product="d@1", distance="widgets"), *rows("11", product="e@1", distance="none"), *rows(".", product="f@1")]
    fall = measure.fall(data)
    assert fall.value == pytest.approx(-0.25) and fall.n == 4 and fall.low is None  # skin, widgets, data model lie two tiers apart
    data += rows("11", product="g@1", distance="data-model")
    fall = measure.fall(data)
    assert fall.value is not None and fall.low is not None and fall.high is not None and fall.low < fall.value < 0 < fall.high
    assert measure.fall(rows("10")).value is None


def test_call_times_are_quantiles_over_all_calls() -> None:
    data = rows("1" * 20, calls={"step": [2.0, 4.0]}) + rows("1", calls={"step": [100.0], "reset": [7.0]})
    assert {found.call: (found.n, found.median, found.p95) for found in measure.call_times(data)} == {
        "step": (41, 4.0, 4.0),
        "reset": (1, 7.0, 7.0),
    }


def test_exams_are_kept_apart_by_name_and_point() -> None:
    data = [
        *rows("01", kind="exam", exam="same", after=0, attempt=0),
        *rows("11", kind="exam", exam="same", after=6, attempt=0),
        *rows("0.", kind="exam", exam="unseen", after=6, attempt=0, product="z@1"),
        *rows("0000"),
    ]
    assert [(exam.name, exam.after, exam.score.value) for exam in measure.exams(data)] == [
        ("same", 0, 0.5),
        ("same", 6, 1.0),
        ("unseen", 6, 0.0),
    ]
    assert measure.success(data).value == 0.0, "exams are no attempts"


def test_comparing_takes_only_tasks_scored_for_both() -> None:
    one, other = rows("1.10"), rows("00.0", agent="b")
    found = measure.compare(one, other)
    assert found is not None and found.difference.value == pytest.approx(((1 - 0) + (0 - 0)) / 2)
    assert measure.compare(rows("."), rows("1", agent="b")) is None
    with pytest.raises(UsageError, match="not get the same tasks"):
        measure.compare(one, rows("11", agent="b", task_id="toy/p@1/t#99"))


def test_money_follows_the_ledger() -> None:
    prices = Prices(expert_hour=60.0, cpu_hour=3.6, million_tokens_in=2.0, million_tokens_out=10.0)
    assert measure.money(Ledger(expert_minutes=2.0, cpu_seconds=1000, tokens_in=500_000, tokens_out=100_000), prices) == pytest.approx(
        2 + 1 + 1 + 1
    )
    assert measure.total(rows("101")).steps == 12


@given(some.lists(some.text("01.", min_size=1, max_size=12), min_size=1, max_size=6), some.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_areas_and_shares_stay_within_bounds_whatever_happened(products: list[str], horizon: int) -> None:
    data = [episode for number, passes in enumerate(products) for episode in rows(passes, product=f"p{number}@1")]
    area = measure.aulc(data, horizon)
    scored = [episode for episode in data if episode.scored and episode.attempt <= horizon]
    assert (area.value is None) == (not scored)
    if area.value is not None:
        assert 0 <= area.value <= 1
    regret = measure.regret(data, {}, horizon)
    if regret.value is not None:
        assert 0 <= regret.value <= horizon
    found = measure.competence(data)
    assert found.reached <= found.cells <= len(products)


# --- store -------------------------------------------------------------------------------------------------------------------------

ENVIRONMENT = ToyEnvironment()


@cache
def trajectory(seed: int = 3, template: str = "assign-locker") -> Trajectory:
    task = ENVIRONMENT.task(TaskId("toy", "toy-gamma", 1, template, seed))
    return run_episode(ENVIRONMENT, ENVIRONMENT.expert(task), task, agent="expert:mild")


def cells(*agents: str) -> list[dict[str, Any]]:
    fixed = {"privilege": "none", "stream": "s", "repetition": 0, "environment": "toy", "feedback": "outcome", "seed": 1, "planned": 4}
    return [{"agent": agent, "spec": agent, **fixed} for agent in agents]


def new_store(folder: Path, *agents: str) -> Store:
    plan: dict[str, Any] = {"streams": [], "prices": {}}
    return Store.create(folder, name="n", plan_hash="h", plan=plan, source="name = 1", seed=1, cells=cells(*(agents or ("a",))))


def put(store: Store, number: int, memory: Path | None, *, cell: int = 0, verdict: Verdict | None = None, keep: bool = False) -> int:
    run = trajectory()
    before = store.cells()[cell]
    row = {
        "position": number, "kind": "stream", "exam": "", "after": number, "task_id": str(run.task.id), "environment": "toy",
        "product": "toy-gamma@1", "template": run.task.id.template, "task_seed": 3, "family": "lockers", "split": "sealed", "distance": "workflow",
        "instruction": "do", "attempt": number + 1, "template_attempt": 1, "product_order": 1, "tries": 1, "ended": "finished",
        "memory_before": before.memory, "memory_after": before.memory if memory is None else content_hash(memory), "traceback": "",
        "started": 1.0, "finished": 2.0,
    }  # fmt: skip
    judged = verdict or run.verdict
    assert judged is not None
    new = NewEpisode(row, judged, Ledger(steps=7), run, ENVIRONMENT.artefacts(), (f"belief {number}",), memory, keep)
    return store.add_episode(before, new)


def memory(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "notes").write_text(text)
    return folder


def test_what_goes_into_the_store_comes_out_of_it(tmp_path: Path) -> None:
    with new_store(tmp_path / "run") as store:
        verdict = Scored(0.25, (Check("goal", False, "no"), Check("frame", True)), {"rows": [1, 2]})
        number = put(store, 0, memory(tmp_path / "m", "x"), verdict=verdict)
        episode = store.episode(number)
        assert (episode.value, episode.checks, episode.failed_checks, episode.passed) == (0.25, verdict.checks, ("goal",), False)
        assert store.verdict_history(number) == (verdict,)
        assert store.trajectory(episode) == trajectory() and store.artefacts(episode) == ENVIRONMENT.artefacts()
        assert store.beliefs(1) == {"toy-gamma@1": ("belief 0",)} and store.sealed_uses() == 1
        assert store.disk_bytes() > 1000 and store.run.name == "n" and store.run.machine["cpus"]
        with pytest.raises(UsageError, match="no episode 99"):
            store.episode(99)


def test_a_position_is_stored_once(tmp_path: Path) -> None:
    with new_store(tmp_path / "run") as store:
        stale = store.cells()[0]
        put(store, 0, memory(tmp_path / "m", "x"))
        with pytest.raises(UsageError, match="not the next one"):
            store.add_episode(stale, NewEpisode({"position": 0, "memory_after": "", "split": "dev"}, Abstained("x"), Ledger(), None))
        assert len(store.episodes()) == 1 and store.cells()[0].done == 1


def test_only_memories_that_may_be_needed_are_kept(tmp_path: Path) -> None:
    with new_store(tmp_path / "run", "a", "b") as store:
        texts = ["one", "two", "three", "four"]
        folders = [memory(tmp_path / text, text) for text in texts]
        put(store, 0, folders[0])
        put(store, 0, folders[0], cell=1)  # the other cell stands at the same memory
        put(store, 1, folders[1], keep=True)
        put(store, 2, folders[2])
        put(store, 3, folders[3])
        digests = [content_hash(folder) for folder in folders]
        for digest, kept in zip(digests, (True, True, False, True), strict=True):
            into = tmp_path / f"into-{digest[:8]}"
            into.mkdir()
            if kept:
                store.restore_snapshot(digest, into)
                assert content_hash(into) == digest
            else:
                with pytest.raises(UsageError, match="only the ends of products and the newest are kept"):
                    store.restore_snapshot(digest, into)


def test_damage_is_noticed(tmp_path: Path) -> None:
    with new_store(tmp_path / "run") as store:
        put(store, 0, memory(tmp_path / "m", "x"))
        digest = store.cells()[0].memory
        (archive,) = (store.folder / "snapshots").rglob("*.zst")
        other = new_store(tmp_path / "other")
        put(other, 0, memory(tmp_path / "m2", "tampered"))
        (foreign,) = (other.folder / "snapshots").rglob("*.zst")
        archive.write_bytes(foreign.read_bytes())
        (tmp_path / "into").mkdir()
        with pytest.raises(UsageError, match="damaged"):
            store.restore_snapshot(digest, tmp_path / "into")
        other.close()


def test_folders_without_a_store_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        Store.open(tmp_path)
    (tmp_path / "store.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 99)
    with pytest.raises(UsageError, match="is not a store"):
        Store.open(tmp_path)
    new_store(tmp_path / "run").close()
    with pytest.raises(UsageError, match="already holds a run"):
        new_store(tmp_path / "run")


@pytest.mark.usefixtures("plugin")
def test_a_new_verdict_stands_beside_the_old_one(tmp_path: Path) -> None:
    with new_store(tmp_path / "run") as store:
        right = put(store, 0, memory(tmp_path / "m", "x"))
        wrong = put(store, 1, None, verdict=Scored(0.0, (Check("goal", False, "an old verifier's mistake"),)))
        regraded = regrade(store).changes
        assert [change.episode.id for change in regraded] == [wrong]
        assert store.episode(wrong).value == 1.0 and store.episode(wrong).edition == 2 and store.episode(right).edition == 1
        history = store.verdict_history(wrong)
        assert [verdict.value for verdict in history if isinstance(verdict, Scored)] == [0.0, 1.0]
        assert not regrade(store).changes, "a second time nothing changes"


def test_figures_of_a_whole_run(tmp_path: Path) -> None:
    with new_store(tmp_path / "run", "a", "b") as store:
        put(store, 0, memory(tmp_path / "m", "x"))
        put(store, 1, None, verdict=Abstained("the browser died"))
        put(store, 0, memory(tmp_path / "m3", "z"), cell=1, verdict=Scored(0.0, (Check("goal", False),)))
        found = measure.figures(store)
    a, b = found.agent("a"), found.agent("b")
    assert (a.episodes, a.scored, a.passed, a.abstained) == (2, 1, 1, 1) and a.success.value == 1.0 and b.success.value == 0.0
    assert a.products["toy-gamma@1"] == st.proportion(1, 1) and found.longest == 2 and found.late == "2–5"
    assert found.contrasts["a", "b"]["aulc"].difference.value == 1.0 and "late" not in found.contrasts["a", "b"]
    assert a.cost_per_success.value == pytest.approx(a.cost) and b.cost_per_success.value is None
    assert table(found).row_count == 2


def test_an_empty_run_has_figures_too(tmp_path: Path) -> None:
    with new_store(tmp_path / "run") as store:
        found = measure.figures(store)
    assert found.agents[0].success.value is None and found.longest == 0 and table(found).row_count == 1


# --- trajectories ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["assign-locker", "relabel-locker"])
def test_a_trajectory_comes_back_from_atif_as_it_was(template: str) -> None:
    run = trajectory(5, template)
    assert from_atif(to_atif(run, "s")) == run == unpack(pack(run, "s"))


def test_atif_readers_find_what_the_format_promises() -> None:
    document = to_atif(trajectory(), "run/cell")
    assert document["schema_version"] == SCHEMA_VERSION == "ATIF-v1.8" and document["session_id"] == "run/cell"
    assert document["agent"]["name"] == "expert" and document["agent"]["version"]
    assert set(document) == {"schema_version", "session_id", "trajectory_id", "agent", "steps", "final_metrics", "extra"}
    assert [step["step_id"] for step in document["steps"]] == list(range(1, len(document["steps"]) + 1))
    first, *rest = document["steps"]
    assert first["source"] == "user" and first["message"].startswith("Give the cabinet") and "tool_calls" not in first
    for step in rest:
        assert set(step) == {"step_id", "source", "message", "tool_calls", "observation", "extra", "llm_call_count"}
        (call,), (result,) = step["tool_calls"], step["observation"]["results"]
        assert set(call) == {"tool_call_id", "function_name", "arguments"} and result["source_call_id"] == call["tool_call_id"]
        assert result["content"].startswith("# Gamma Cabinets")
    assert document["final_metrics"]["total_steps"] == len(rest)


def test_foreign_documents_are_refused() -> None:
    document = to_atif(trajectory(), "s")
    del document["steps"][1]["extra"]
    with pytest.raises(UsageError, match="not a trajectory that bakeoff wrote"):
        from_atif(document)
    with pytest.raises(UsageError, match="not a stored trajectory"):
        unpack(b"nonsense")
