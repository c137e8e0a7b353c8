"""Running plans: what is stored, what happens when things break, and that nothing is lost or doubled, whenever it is killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from bakeoff.contest.plan import Plan, parse_plan
from bakeoff.contest.progress import Plain
from bakeoff.contest.run import RunResult, run_plan
from bakeoff.contest.store import Episode, Store
from bakeoff.core import UsageError
from contest_plugin import FAULTS, plan_text, plugin  # noqa: F401

pytestmark = pytest.mark.usefixtures("plugin")

SAME = '[[streams.exams]]\nat = ["start", "product"]\nepisodes = 2'


def go(plan: Plan, folder: Path, **more: object) -> RunResult:
    return run_plan(plan, Plain(Console(quiet=True)), out=folder, **more)  # type: ignore[arg-type]


def story(folder: Path) -> list[tuple[object, ...]]:
    """Everything about a run that must not depend on how often it was interrupted."""
    with Store.open(folder) as store:
        rows = store.episodes()
    return [
        (
            *(
                episode.agent,
                episode.repetition,
                episode.position,
                episode.kind,
                episode.after,
                episode.task_id,
                episode.attempt,
                episode.value,
            ),
            *(episode.memory_before, episode.memory_after, episode.beliefs, episode.failed_checks),
            *(episode.ledger.steps, episode.ledger.practice_steps, episode.ledger.resets, episode.ledger.verdict_bits),
            *(episode.ledger.demonstrations, episode.ledger.expert_minutes, episode.ledger.failed_attempts),
        )
        for episode in rows
    ]


def episodes(folder: Path, **wanted: str) -> tuple[Episode, ...]:
    with Store.open(folder) as store:
        return store.episodes(**wanted)  # type: ignore[arg-type]


def test_a_run_stores_every_episode_with_its_evidence(tmp_path: Path) -> None:
    result = go(parse_plan(plan_text("chain", "expert", repetitions=2, exams=SAME)), tmp_path / "run")
    assert result.complete and not result.failed
    with Store.open(result.folder) as store:
        rows = store.episodes()
        assert len(rows) == 2 * 2 * (2 * 6 + 3 * 4)
        assert all(cell.status == "done" and cell.done == cell.planned for cell in store.cells())
        assert {episode.value for episode in rows if episode.agent == "expert"} == {1.0}
        for episode in rows:
            trajectory = store.trajectory(episode)
            assert trajectory is not None and str(trajectory.task.id) == episode.task_id
            assert len(trajectory.steps) == episode.ledger.steps > 0
            assert trajectory.verdict == store.verdict_history(episode.id)[0]
            assert set(store.artefacts(episode) or {}) == {"before.json", "after.json", "answer.json"}
        for cell in store.cells():
            own = [episode for episode in rows if episode.cell == cell.id]
            assert [episode.position for episode in own] == list(range(cell.planned))
            for before, after in pairwise(own):
                assert before.memory_after == after.memory_before
            store.restore_snapshot(cell.memory, _folder(tmp_path / f"memory-{cell.id}"))
            for product in ("toy-alpha@1", "toy-beta@1"):
                practised = sum(episode.ledger.practice_steps for episode in own if episode.product == product and episode.kind == "stream")
                assert practised == (10 if cell.agent == "chain" else 0)
        assert store.run.seconds > 0 and store.run.finished is not None and store.run.sittings == 1


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_agents_get_the_same_tasks_and_repetitions_get_others(tmp_path: Path) -> None:
    folder = go(parse_plan(plan_text("noop", "random", "expert", repetitions=2, exams=SAME)), tmp_path / "run").folder
    by_agent = {
        agent: [(episode.repetition, episode.position, episode.task_id) for episode in episodes(folder, agent=agent)]
        for agent in ("noop", "random", "expert")
    }
    assert by_agent["noop"] == by_agent["random"] == by_agent["expert"]
    first, second = ({task for repetition, _, task in by_agent["noop"] if repetition == number} for number in (0, 1))
    assert not first & second
    stream = {episode.task_seed for episode in episodes(folder, kind="stream")}
    assert not stream & {episode.task_seed for episode in episodes(folder, kind="exam")}


def test_nothing_is_learned_in_an_exam(tmp_path: Path) -> None:
    folder = go(parse_plan(plan_text("chain", exams=SAME)), tmp_path / "run").folder
    exams = episodes(folder, kind="exam")
    assert len(exams) == 12 and {episode.after for episode in exams} == {0, 6, 12}
    for episode in exams:
        assert episode.memory_before == episode.memory_after
        assert episode.ledger.practice_steps == 0 and episode.ledger.verdict_bits == 0 and episode.attempt == 0
    for episode in episodes(folder, kind="stream"):
        assert episode.memory_before != episode.memory_after
    # The same agent at the same point does the same: exam tasks do not influence each other or the stream.
    bare = go(parse_plan(plan_text("chain")), tmp_path / "bare").folder
    assert [e.memory_after for e in episodes(bare)] == [e.memory_after for e in episodes(folder, kind="stream")]


def test_an_agent_that_forgets_begins_each_product_as_on_its_first_day(tmp_path: Path) -> None:
    text = plan_text("chain", "chain", repetitions=2, exams=SAME).replace('agent = "chain"', 'agent = "chain"\nmemory = "product"', 1)
    plan = parse_plan(text)
    assert [agent.label for agent in plan.agents] == ["chain, fresh", "chain"]
    folder = go(plan, tmp_path / "run").folder
    keeps, forgets = (episodes(folder, agent=agent, kind="stream") for agent in ("chain", "chain, fresh"))
    assert [e.task_id for e in keeps] == [e.task_id for e in forgets]
    for repetition in (0, 1):
        own = [episode for episode in forgets if episode.repetition == repetition]
        begun = {episode.memory_before for episode in own if episode.attempt == 1}
        assert len(begun) == 1 and len({episode.product for episode in own if episode.attempt == 1}) == 2
        # In the first product there is nothing to forget yet, so the twins are the same agent but for their labels.
        alike = [episode for episode in keeps if episode.repetition == repetition]
        assert begun == {alike[0].memory_before} and alike[6].memory_before not in begun
        assert own[5].beliefs == alike[5].beliefs == ("I have had 6 lessons.",) and own[6].beliefs == ("I have had 1 lessons.",)


def test_an_agent_without_memory_meets_every_job_as_its_first(tmp_path: Path) -> None:
    text = plan_text("chain", repetitions=2, exams=SAME).replace('agent = "chain"', 'agent = "chain"\nmemory = "episode"', 1)
    plan = parse_plan(text)
    assert [agent.label for agent in plan.agents] == ["chain, no memory"]
    whole = go(plan, tmp_path / "run").folder
    for repetition in (0, 1):
        own = [episode for episode in episodes(whole) if episode.repetition == repetition]
        assert len({episode.memory_before for episode in own}) == 1, "exams begin without memory, too"
        lessons = {episode.beliefs for episode in own if episode.kind == "stream" and episode.beliefs is not None}
        assert lessons == {("I have had 1 lessons.",)}


def test_the_times_of_calls_are_stored_without_those_of_practice(tmp_path: Path) -> None:
    folder = go(parse_plan(plan_text("chain", "expert")), tmp_path / "run").folder
    for episode in episodes(folder):
        assert set(episode.calls) == {"reset", "step", "verify"}
        assert len(episode.calls["reset"]) == len(episode.calls["verify"]) == 1 and len(episode.calls["step"]) == episode.ledger.steps
        assert all(0 < milliseconds < 60_000 for taken in episode.calls.values() for milliseconds in taken)


def test_two_runs_of_a_plan_tell_the_same_story_with_any_number_of_workers(tmp_path: Path) -> None:
    plan = parse_plan(plan_text("chain", "random", repetitions=2, exams=SAME))
    assert story(go(plan, tmp_path / "one", workers=1).folder) == story(go(plan, tmp_path / "three", workers=3).folder)


def test_recordings_and_demonstrations_are_billed(tmp_path: Path) -> None:
    folder = go(parse_plan(plan_text("replay", "pupil", "expert", "chain", feedback="shown")), tmp_path / "run").folder
    for episode in episodes(folder, agent="replay"):
        assert episode.ledger.demonstrations == 1 and episode.ledger.expert_minutes > 0
    for episode in episodes(folder, agent="pupil"):
        assert episode.ledger.demonstrations == (0 if episode.passed else 1)
        assert (episode.ledger.expert_minutes > 0) == (not episode.passed)
        assert episode.ledger.verdict_bits == 1 + 3  # pass or fail, and three named checks
    for episode in episodes(folder, agent="expert"):
        assert episode.ledger.demonstrations == 0 and episode.ledger.expert_minutes == pytest.approx(episode.ledger.steps * 5 / 60)
    assert all(episode.ledger.expert_minutes == 0 for episode in episodes(folder, agent="chain"))


@pytest.mark.parametrize("level, bits", [("none", 0), ("outcome", 1), ("checks", 4)])
def test_an_agent_is_told_what_the_level_allows_and_that_is_counted(tmp_path: Path, level: str, bits: int) -> None:
    folder = go(parse_plan(plan_text("chain", feedback=level, episodes=2)), tmp_path / "run").folder
    assert {episode.ledger.verdict_bits for episode in episodes(folder)} == {bits}


# --- when things break -------------------------------------------------------------------------------------------------------------


def test_a_fault_is_run_again_and_then_abstains_and_is_never_a_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FAULTS, str(_folder(tmp_path / "faults")))
    folder = go(parse_plan(plan_text("expert", environment="toy_frail", episodes=10)), tmp_path / "run").folder
    kinds = {kind: [episode for episode in episodes(folder) if episode.task_seed % 3 == kind] for kind in (0, 1, 2)}
    assert all(kinds.values()), "the seed of this test draws all three kinds"
    assert {(episode.tries, episode.value) for episode in kinds[0]} == {(1, 1.0)}
    assert {(episode.tries, episode.value) for episode in kinds[1]} == {(2, 1.0)}
    assert {(episode.tries, episode.value) for episode in kinds[2]} == {(2, None)}
    for episode in kinds[2]:
        assert "ended with code 3" in episode.reason and episode.ended == "fault"
        assert episode.ledger.failed_attempts == 0 and episode.ledger.verdict_bits == 0
    with Store.open(folder) as store:
        assert len(store.faults()) == len(kinds[1]) + 2 * len(kinds[2])


def test_a_fault_that_was_mended_leaves_no_trace_in_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FAULTS, str(_folder(tmp_path / "faults")))
    plan = parse_plan(plan_text("chain", environment="toy_frail", episodes=10))
    shaken = go(plan, tmp_path / "shaken").folder
    assert {episode.tries for episode in episodes(shaken) if episode.scored} == {1, 2}
    # The faults that pass have left their marks and stay away from now on.
    calm = go(plan, tmp_path / "calm").folder
    assert {episode.tries for episode in episodes(calm) if episode.scored} == {1}
    assert story(shaken) == story(calm)


def test_an_abstention_is_told_to_the_agent_and_the_stream_goes_on(tmp_path: Path) -> None:
    folder = go(parse_plan(plan_text("chain", environment="toy_buggy", episodes=3)), tmp_path / "run").folder
    rows = episodes(folder)
    began = [episode for episode in rows if episode.value is None]
    assert len(rows) == 6 and began
    for episode in began:
        assert "KeyError" in episode.reason and episode.tries == 1  # a bug is not mended by trying again
        assert episode.memory_before != episode.memory_after
    assert [episode.beliefs for episode in rows][-1] == ("I have had 6 lessons.",)


@pytest.mark.parametrize("where", ["act", "practise"])
def test_an_agent_that_breaks_fails_that_episode_and_goes_on(tmp_path: Path, where: str) -> None:
    folder = go(parse_plan(plan_text(f"crasher:{where}")), tmp_path / "run").folder
    rows = episodes(folder)
    broken = [episode for episode in rows if episode.failed_checks == ("agent-error",)]
    assert len(rows) == 12 and broken
    for episode in broken:
        assert episode.value == 0.0 and f"broken while asked to {where}" in episode.traceback
        assert episode.memory_before == episode.memory_after and not episode.artefacts


def test_a_verdict_stands_when_the_agent_breaks_while_it_learns(tmp_path: Path) -> None:
    rows = episodes(go(parse_plan(plan_text("crasher:learn")), tmp_path / "run").folder)
    broken = [episode for episode in rows if episode.traceback]
    assert broken
    for episode in broken:
        assert episode.failed_checks != ("agent-error",) and episode.memory_before == episode.memory_after


def test_an_agent_whose_snapshot_lies_ends_its_cell_and_no_other(tmp_path: Path) -> None:
    result = go(parse_plan(plan_text("amnesiac", "expert", exams=SAME)), tmp_path / "run")
    assert [cell.agent for cell, _ in result.failed] == ["amnesiac"]
    assert "not what its snapshot says" in result.failed[0][1]
    assert len(episodes(result.folder, agent="expert")) == 24 and not result.complete


def test_an_agent_that_never_answers_does_not_hold_up_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.contest.run.DEATHS", 1)
    result = go(parse_plan(plan_text("sleeper", "noop", episodes=2) + "[budgets]\nsilence = 20\n"), tmp_path / "run")
    assert [cell.agent for cell, _ in result.failed] == ["sleeper"] and "died" in result.failed[0][1]
    assert len(episodes(result.folder, agent="sleeper")) == 1 and len(episodes(result.folder, agent="noop")) == 4


def test_over_the_disk_budget_verdicts_and_artefacts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.contest.run.DISK_CHECK", 0.0)
    text = plan_text("chain:5", episodes=30) + '[budgets]\ndisk = "1 KB"\n'
    folder = go(parse_plan(text), tmp_path / "run").folder
    with Store.open(folder) as store:
        rows = store.episodes()
        kept = [episode for episode in rows if episode.trajectory]
        assert len(rows) == 60 and len(kept) < 60
        assert all(episode.artefacts and episode.scored for episode in rows)
        assert all(store.trajectory(episode) is None for episode in rows if not episode.trajectory)


def test_sealed_evaluations_are_counted(tmp_path: Path) -> None:
    text = plan_text("noop", episodes=3).replace('"toy-beta"', '"toy-gamma"')
    folder = go(parse_plan(text), tmp_path / "run").folder
    with Store.open(folder) as store:
        assert store.sealed_uses() == 3


# --- stopping and going on ---------------------------------------------------------------------------------------------------------

DRIVER = """
import sys
from pathlib import Path
from rich.console import Console
from bakeoff.contest.plan import read_plan
from bakeoff.contest.progress import Plain
from bakeoff.contest.run import run_plan
result = run_plan(read_plan(Path(sys.argv[1])), Plain(Console()), out=Path(sys.argv[2]), resume=True)
sys.exit(0 if result.complete else 3)
"""


def start(plan: Path, folder: Path, mark: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "BAKEOFF_TEST_MARK": mark}
    return subprocess.Popen([sys.executable, "-c", DRIVER, str(plan), str(folder)], env=environment, stdout=subprocess.DEVNULL)


def marked(mark: str) -> list[int]:
    """Processes that were started with this mark, by any of ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"BAKEOFF_TEST_MARK={mark}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def gone(mark: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not marked(mark):
            return True
        time.sleep(0.05)
    return False


def test_killed_ten_times_at_random_a_run_ends_as_if_it_never_had_been(tmp_path: Path) -> None:
    text = plan_text("chain:3", "random", repetitions=2, episodes=16, exams=SAME)
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    whole = go(parse_plan(text, str(plan)), tmp_path / "whole")
    assert whole.complete
    rng, mark, progress = random.Random(os.urandom(4)), f"kill-{os.getpid()}", []
    folder = tmp_path / "killed"
    for number in range(10):
        process = start(plan, folder, mark)
        time.sleep(rng.uniform(0.5, 2.0))
        # Now and then only one of its processes dies, and the run must look after itself before all of it is killed.
        if number % 3 == 2 and (others := [pid for pid in marked(mark) if pid != process.pid]):
            victim = rng.choice(others)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            time.sleep(rng.uniform(0.1, 0.5))
        process.kill()
        process.wait()
        assert gone(mark, 15), "a killed run leaves no process behind"
        if (folder / "store.sqlite").exists():
            progress.append(len(episodes(folder)))
    assert progress == sorted(progress), "what was stored stays stored"
    process = start(plan, folder, mark)
    assert process.wait(120) == 0
    assert story(folder) == story(whole.folder)
    assert gone(mark, 15)


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    text = plan_text("chain:3", episodes=16, repetitions=2)
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    mark = f"worker-{os.getpid()}"
    process = start(plan, tmp_path / "run", mark)
    killed = 0
    until = time.monotonic() + 30
    while killed < 2 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.2)
        for pid in marked(mark):
            command = Path(f"/proc/{pid}/cmdline")
            if pid != process.pid and command.exists() and b"contest.worker" in command.read_bytes():
                os.kill(pid, signal.SIGKILL)
                killed += 1
                break
    assert process.wait(90) == 0 and killed >= 1
    assert story(tmp_path / "run") == story(go(parse_plan(text, str(plan)), tmp_path / "whole").folder)


def test_ctrl_c_stops_between_episodes_and_resume_ends_it(tmp_path: Path) -> None:
    text = plan_text("chain:5", episodes=20)
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    process = start(plan, tmp_path / "run", f"stop-{os.getpid()}")
    until = time.monotonic() + 30
    while time.monotonic() < until and not ((tmp_path / "run" / "store.sqlite").exists() and len(episodes(tmp_path / "run")) > 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 3
    done = len(episodes(tmp_path / "run"))
    assert 3 < done < 40
    with Store.open(tmp_path / "run") as store:
        assert store.run.finished is None and all(cell.status != "running" for cell in store.cells())
    assert go(parse_plan(text, str(plan)), tmp_path / "run", resume=True).complete
    assert story(tmp_path / "run") == story(go(parse_plan(text, str(plan)), tmp_path / "whole").folder)


def test_a_changed_plan_is_not_resumed(tmp_path: Path) -> None:
    go(parse_plan(plan_text("noop")), tmp_path / "run")
    with pytest.raises(UsageError, match="changed since the run"):
        go(parse_plan(plan_text("noop", seed=2)), tmp_path / "run", resume=True)
    with pytest.raises(UsageError, match="already holds a run"):
        go(parse_plan(plan_text("noop")), tmp_path / "run")
    assert go(parse_plan(plan_text("noop").replace("workers = 2", "workers = 1")), tmp_path / "run", resume=True).complete


def test_folders_below_the_root_are_named_by_plan_and_never_mixed_up(tmp_path: Path) -> None:
    quiet = Plain(Console(quiet=True))
    first = run_plan(parse_plan(plan_text("noop")), quiet, root=tmp_path)
    again = run_plan(parse_plan(plan_text("noop")), quiet, root=tmp_path)
    other = run_plan(parse_plan(plan_text("noop", seed=5)), quiet, root=tmp_path)
    assert len({first.folder, again.folder, other.folder}) == 3
    assert run_plan(parse_plan(plan_text("noop")), quiet, root=tmp_path, resume=True).folder == again.folder
    with pytest.raises(UsageError, match="another version"):
        run_plan(parse_plan(plan_text("noop", seed=9)), quiet, root=tmp_path, resume=True)


def test_two_runs_cannot_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.contest.run.LOCK_WAIT", 0.3)
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text("chain:20", episodes=30))
    process = start(plan, tmp_path / "run", "lock")
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and not (tmp_path / "run" / "store.sqlite").exists():
            time.sleep(0.05)
        with pytest.raises(UsageError, match="another `bakeoff run` is at work"):
            go(parse_plan(plan.read_text(), str(plan)), tmp_path / "run", resume=True)
    finally:
        process.kill()
        process.wait()


def test_what_cannot_work_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs an expert"):
        go(parse_plan(plan_text("expert", environment="toy_stern")), tmp_path / "run")
    assert not (tmp_path / "run").exists()
