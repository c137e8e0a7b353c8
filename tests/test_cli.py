"""The command line as a user meets it: in a process of its own, judged by what it prints and how it exits."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.contest.store import Store
from contest_plugin import plan_text, plugin  # noqa: F401

pytestmark = pytest.mark.usefixtures("plugin")


def bakeoff(*words: object, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bakeoff.cli", *map(str, words)]
    surroundings = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:  # noqa: F811
    """A finished run of two agents, below `runs/` of a working folder."""
    folder = tmp_path_factory.mktemp("work")
    exams = '[[streams.exams]]\nat = ["start", "end"]'
    (folder / "plan.toml").write_text(plan_text("random", "expert", episodes=6, exams=exams))
    return folder, bakeoff("run", "plan.toml", folder=folder)


def test_a_run_ends_with_a_table_and_the_reports_path(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = finished
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    page = folder / lines[-1]
    assert page.is_file() and page.name == "report.html" and "<html" in page.read_text()
    text = done.stdout
    for word in (
        "attempts",
        "AULC of 6",
        "competence",
        "exam same",
        "abstained",
        "steps",
        "practice",
        "expert *",
        "random",
        "100%",
        "is told the solution",
    ):
        assert word in text.replace("\n", " ") or word.split()[0] in text, word
    assert "32 of 32 episodes to go" in text and "MB of 2,000 MB disk" in text


def test_a_finished_run_is_not_run_over(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = finished
    run = Path(done.stdout.strip().splitlines()[-1]).parent
    again = bakeoff("run", "plan.toml", "--out", run, folder=folder)
    assert again.returncode == 2 and "--resume" in again.stderr and len(again.stderr.strip().splitlines()) == 1
    resumed = bakeoff("run", "plan.toml", "--resume", folder=folder)
    assert resumed.returncode == 0 and "0 of 32 episodes to go" in resumed.stdout


def test_report_regrade_and_replay_of_a_run(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = finished
    run = Path(done.stdout.strip().splitlines()[-1]).parent
    page = bakeoff("report", run, "--lang", "zh", folder=folder)
    assert page.returncode == 0 and page.stdout.strip().endswith("report.zh.html")
    assert bakeoff("report", run, "--lang", "fr", folder=folder).returncode == 2
    graded = bakeoff("regrade", run, folder=folder)
    assert graded.returncode == 0 and "32 judged again, 0 changed; 0 had nothing stored to judge" in graded.stdout
    with Store.open(folder / run) as store:
        episode = next(episode for episode in store.episodes(agent="expert") if episode.passed)
    replayed = bakeoff("replay", run.name, episode.id, folder=folder)
    assert replayed.returncode == 0 and "verdict then 1, now 1; the same throughout" in replayed.stdout
    missing = bakeoff("replay", run, 9999, folder=folder)
    assert missing.returncode == 2 and "no episode 9999" in missing.stderr


def test_replay_says_where_it_differs(finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    folder, done = finished
    run = folder / Path(done.stdout.strip().splitlines()[-1]).parent
    with Store.open(run) as store:
        first, other = [episode for episode in store.episodes(agent="expert", kind="stream") if episode.product == "toy-alpha@1"][:2]
        one, two = (run / episode.trajectory for episode in (first, other))
    kept = one.read_bytes()
    try:
        # The stored screens of another seed's episode, under this one's name: nothing on them can come out the same.
        from bakeoff.contest.trajectories import from_atif, pack, to_atif, unpack

        document = to_atif(unpack(two.read_bytes()), "s")
        document["extra"]["task"] = to_atif(unpack(kept), "s")["extra"]["task"]
        one.write_bytes(pack(from_atif(document), "s"))
        replayed = bakeoff("replay", run, first.id)
    finally:
        one.write_bytes(kept)
    assert replayed.returncode == 1 and "after 0 actions: " in replayed.stdout and "it differs" in replayed.stdout


@pytest.mark.parametrize(
    "text, message",
    [
        (plan_text("nop"), "there is no agent 'nop' (did you mean 'noop'?)"),
        (plan_text("noop") + "nonsense = 1\n", "unknown key 'nonsense'"),
        (plan_text("noop").replace("toy-alpha", "toy-nix"), "has no product 'toy-nix'"),
        (plan_text("noop").replace("=", ""), "is not valid TOML"),
    ],
)
def test_a_bad_plan_is_one_clear_line_and_exit_code_2(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "plan.toml").write_text(text)
    refused = bakeoff("run", "plan.toml", folder=tmp_path)
    assert refused.returncode == 2 and message in refused.stderr and refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1 and "Traceback" not in refused.stderr
    assert not (tmp_path / "runs").exists()


def test_an_unknown_language_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(plan_text("noop"))
    refused = bakeoff("run", "plan.toml", "--lang", "fr", folder=tmp_path)
    assert refused.returncode == 2 and "'fr'" in refused.stderr and not (tmp_path / "runs").exists()


def test_a_missing_chromium_is_one_clear_line_and_exit_code_2(tmp_path: Path) -> None:
    plan = Path(__file__).parent.parent / "plans" / "default.toml"
    refused = bakeoff("run", plan, folder=tmp_path, BAKEOFF_CHROMIUM="/nowhere/chromium")
    assert refused.returncode == 2 and "Chromium" in refused.stderr and "apt-get install chromium" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1 and not (tmp_path / "runs").exists()
    ill = bakeoff("doctor", folder=tmp_path, BAKEOFF_CHROMIUM="/nowhere/chromium")
    assert ill.returncode == 1 and "✗ Chromium" in ill.stdout and "to mend: apt-get install chromium" in ill.stdout


def test_debugging_shows_where_an_error_came_from(tmp_path: Path) -> None:
    assert "Traceback" in bakeoff("run", "none.toml", folder=tmp_path, BAKEOFF_DEBUG="1").stderr


def test_resuming_what_never_ran_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(plan_text("noop"))
    refused = bakeoff("run", "plan.toml", "--resume", folder=tmp_path)
    assert refused.returncode == 2 and "to resume; leave out --resume" in refused.stderr
    assert bakeoff("report", folder=tmp_path).returncode == 2


def test_try_prints_an_episode_live() -> None:
    tried = bakeoff("try", "toy/toy-gamma", "--agent", "expert", "--seed", "3", "--show", DISPLAY="", WAYLAND_DISPLAY="")
    assert tried.returncode == 0, tried.stderr
    for word in ("toy/toy-gamma@1/relabel-locker#3", "sealed split", "There is no screen", "Yes, keep it", "✓ goal", "passed, score 1"):
        assert word in tried.stdout, word
    failed = bakeoff("try", "toy/toy-alpha@1/assign-locker#9", "-a", "noop", "--screens")
    assert failed.returncode == 0 and "✗ goal" in failed.stdout and "failed, score 0" in failed.stdout and "[e0] heading" in failed.stdout
    assert bakeoff("try", "toy/toy-alpha", "-a", "replay").returncode == 0
    for words in (
        ("try", "toy"),
        ("try", "toy/nix"),
        ("try", "nix/x"),
        ("try", "toy/toy-alpha", "-a", "nobody"),
        ("try", "toy/toy-alpha#x"),
    ):
        refused = bakeoff(*words)
        assert refused.returncode == 2 and len(refused.stderr.strip().splitlines()) == 1, words


def test_list_names_what_there_is() -> None:
    everything = bakeoff("list")
    assert everything.returncode == 0 and "browser" in everything.stdout and "apprentice" in everything.stdout
    listed = bakeoff("list", "toy", "--split", "dev")
    assert "toy-beta@1" in listed.stdout and "toy-alpha@1" not in listed.stdout and "1 products: 1 lockers dev" in listed.stdout
    assert "templates of lockers: relabel-locker, assign-locker, release-locker" in listed.stdout
    for words in (("toy", "--split", "nix"), ("toy", "--family", "nix"), ("nix",)):
        refused = bakeoff("list", *words)
        assert refused.returncode == 2 and len(refused.stderr.strip().splitlines()) == 1, words


def test_audit_proves_and_disproves(tmp_path: Path) -> None:
    page = tmp_path / "certificate.html"
    good = bakeoff("audit", "toy", "--sample", "2", "--json", "-", "--html", str(page))
    assert good.returncode == 0, good.stdout + good.stderr
    report = json.loads(good.stdout)
    assert report["environment"] == "toy" and report["passed"] and len(report["tasks"]) == 2
    assert "certified" in page.read_text() and report["subject"]["source"] in page.read_text()
    bad = bakeoff("audit", "toy_buggy", "--sample", "1", "--json", str(tmp_path / "bad.json"))
    assert bad.returncode == 1
    again = json.loads((tmp_path / "bad.json").read_text())["failures"][0]["reproduce"]
    assert again.startswith("bakeoff audit ") and "--task 'toy" in again
    one = bakeoff("audit", "toy", "--task", report["tasks"][0], "--check", "semantic.oracle_max")
    assert one.returncode == 0 and "1 tasks played" in one.stdout, one.stdout + one.stderr
    for words in (("toy", "--paper"), ("toy", "--check", "nix"), ("toy", "--html", str(tmp_path / "no" / "x.html"))):
        refused = bakeoff("audit", *words)
        assert refused.returncode == 2 and len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert bakeoff("audit", "nix").returncode == 2


def test_help_teaches_and_is_quick() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    first = bakeoff("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, because wall time says more about the machine; 0.3 s on an idle one.
    assert first.returncode == 0 and after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5
    for command in ("run", "report", "list", "try", "audit", "regrade", "replay", "doctor"):
        assert command in first.stdout
        page = bakeoff(command, "--help")
        assert page.returncode == 0 and (command in ("doctor", "regrade") or "Example" in page.stdout), command
    assert bakeoff("--version").stdout.startswith("bakeoff 0.")
    assert bakeoff().returncode in (0, 2) and bakeoff("nonsense").returncode == 2


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, bakeoff.cli; print([name for name in ('numpy', 'sqlalchemy', 'plotly', 'starlette', 'zstandard') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
