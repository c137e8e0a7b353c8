"""What an audit leaves behind: a journal that survives a kill, and the certificate."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.audit import CHECKS, ON_PAPER, audit_environment
from bakeoff.audit.certificate import render
from bakeoff.audit.command import in_words
from bakeoff.audit.pace import DEARER, Pace
from bakeoff.audit.report import Result, errors_of
from bakeoff.audit.runtime import disguises
from bakeoff.core import (
    EnvironmentFault,
    Screen,
    Task,
    TaskId,
    UsageError,
)
from test_audit import GoalOnly, Wired, shown
from toy import PRODUCTS, TEMPLATES, ToyEnvironment

# --- sealed products, and what survives a kill


def test_sealed_products_are_never_audited() -> None:
    """Not by a sample, not with all products, not on paper, not by name."""
    sealed = {product.id for product in PRODUCTS if product.split == "sealed"}
    assert sealed
    cheap = ["semantic.floor_gap"]
    for report in (
        audit_environment(Wired, sample=12, checks=cheap),
        audit_environment(Wired, sample=2, all=True, checks=cheap),
        audit_environment(Wired, all=True, paper=True, each=2, checks=cheap),
    ):
        assert not {task.split("/")[1].split("@")[0] for task in (*report.tasks, *report.state_tasks)} & sealed
        assert any("1 sealed products were left out" in note for note in report.notes)
    name = TaskId("toy", sealed.pop(), 1, TEMPLATES[0], 3)
    with pytest.raises(UsageError, match="leaves sealed products alone"):
        audit_environment(Wired, tasks=[name])
    with pytest.raises(UsageError, match="leaves sealed products alone"):
        audit_environment(Wired, splits=["dev", "sealed"])


class Killed(Exception):
    """Stands for the end of the process."""


def test_an_audit_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    checks = ["semantic.oracle_max", "semantic.generated_mutants_rejected"]
    whole = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5)
    done: list[str] = []

    def until(number: int) -> Callable[[int, int, str, float | None], None]:
        def told(count: int, total: int, task: str, left: float | None) -> None:
            done.append(task)
            if count == number:
                raise Killed

        return told

    for number in (1, 3, 6):  # twice on paper, once among the tasks that are played
        with pytest.raises(Killed):
            audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=tmp_path, progress=until(number))
    (file,) = tmp_path.iterdir()
    with file.open("a") as journal:
        journal.write('{"tier": "played", "ta')  # killed in the middle of a line
    report = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=tmp_path)
    assert report.journal == file and report.sittings == 4
    same = ("findings", "rates", "breakdown", "errors", "tasks", "state_tasks", "coverage", "sample", "claims")
    assert [getattr(report, name) for name in same] == [getattr(whole, name) for name in same]
    assert report.episodes == whole.episodes, "nothing is lost and nothing counts twice"
    again = audit_environment(Wired, sample=4, all=True, each=2, seed=2, checks=checks, mutants=5, journal=file)
    assert again.findings == whole.findings and file.read_bytes().count(b"\n") == 1 + 4 + 4, "all was known"
    more = audit_environment(Wired, sample=5, all=True, each=2, seed=2, checks=checks, mutants=5, journal=file)
    assert len(more.tasks) == 5 and file.read_bytes().count(b"\n") == 10, "a sample may grow"
    with pytest.raises(UsageError, match="belongs to another audit: seed differ"):
        audit_environment(Wired, sample=4, seed=3, checks=checks, mutants=5, journal=file)
    file.write_text("notes on something else\n")
    with pytest.raises(UsageError, match="no journal of an audit"):
        audit_environment(Wired, sample=4, seed=2, checks=checks, mutants=5, journal=file)


def test_what_stayed_open_is_tried_again_next_time(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    broken = audit_environment(Faulty, sample=2, checks=["semantic.floor_gap"], journal=file)
    assert broken.verdict == "inconclusive"
    Faulty.working = True
    try:
        mended = audit_environment(Faulty, sample=2, checks=["semantic.floor_gap"], journal=file)
    finally:
        Faulty.working = False
    assert mended.passed and mended.sittings == 2


class Faulty(ToyEnvironment):
    working = False

    def _begin(self, task: Task, practice: bool) -> Screen:
        if not self.working:
            raise EnvironmentFault("out of order")
        return super()._begin(task, practice)


def test_a_source_that_changes_meanwhile_certifies_nothing(tmp_path: Path) -> None:
    file = tmp_path / "app.toml"
    file.write_text("a = 1")

    class Edited(ToyEnvironment):
        def source_files(self) -> list[Path]:
            return [file]

    def edit(done: int, total: int, task: str, left: float | None) -> None:
        if done == 1:
            file.write_text("a = 2")

    report = audit_environment(Edited, sample=2, checks=["semantic.floor_gap"], progress=edit)
    assert not report.passed and report.verdict == "inconclusive" and "source changed" in shown(report)
    assert "inconclusive" in render(report)


def test_a_certificate_says_what_it_looked_at_of_how_much() -> None:
    report = audit_environment(Wired, sample=3, all=True, each=2, seed=4, checks=["semantic.floor_gap"])
    state, played = report.coverage
    open_products = [product for product in PRODUCTS if product.split != "sealed"]
    assert (state.tier, state.tasks, state.products, state.of_products) == (
        "state",
        2 * len(open_products),
        len(open_products),
        len(open_products),
    )
    assert (played.tier, played.tasks, played.of_templates) == ("played", 3, len(TEMPLATES))
    assert sum(state.distances.values()) == state.tasks and sum(played.distances.values()) == 3
    assert f"{state.products} of {state.of_products}" in render(report) and "What was looked at" in shown(report)


def test_how_long_it_may_take_is_reckoned_from_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("bakeoff.audit.pace.time.monotonic", lambda: now[0])
    said: list[float | None] = []
    pace = Pace({"state": ["a", "b", "c"], "played": ["d", "e"]}, lambda done, total, task, left: said.append(left), {("state", "a")})
    pace.begins("state", "b")
    now[0] = 2
    pace.done("state", "b")
    assert said == [None, 2 + 2 * 2 * DEARER], "a tier that has not begun is reckoned from the other"
    now[0] = 4
    pace.done("state", "c")
    pace.begins("played", "d")
    now[0] = 14
    pace.done("played", "d")
    assert said[-1] == 10
    assert in_words(said[-1]) == ", about 10 s left" and in_words(600) == ", about 10 min left" and in_words(None) == ""


# --- the certificate


def test_the_certificate_stands_alone_and_says_all_that_is_needed() -> None:
    report = audit_environment(Wired, sample=3, all=True, each=2, seed=4)
    assert report.passed and len(report.tasks) == 3 and len(report.state_tasks) == 4
    page = render(report)
    assert '<span class="seal">certified</span>' in page and page.count("<table>") == page.count("</table>") >= 5
    assert not re.search(r"<(script|link|img|iframe)\b|https?://|url\(", page), "nothing is fetched from anywhere"
    for needed in (
        report.date[:10],
        report.subject.source,
        "seed 4",
        "templates taking turns",
        *report.tasks,
        *CHECKS,
        "prefers-color-scheme: dark",
    ):
        assert needed in page, needed
    on_paper = {summary.check for summary in report.summaries if summary.tier == "state"}
    assert on_paper == set(ON_PAPER)


def test_only_a_whole_audit_certifies() -> None:
    assert "passed on paper" in render(audit_environment(Wired, sample=1, paper=True))
    assert "passed these checks" in render(audit_environment(Wired, sample=1, checks=["semantic.oracle_max"]))


def test_the_certificate_of_a_failure_shows_what_and_how_to_see_it_again() -> None:
    report = audit_environment(GoalOnly, sample=2, seed=7, checks=["semantic.generated_mutants_rejected"])
    page = render(report)
    failed = report.failures[0]
    assert '<span class="seal">failed</span>' in page and "accepted: " in page
    assert "--check semantic.generated_mutants_rejected --seed 7" in page and failed.task.replace("&", "&amp;") in page
    assert report.errors[0].kind == "false positive" and report.errors[0].wrong > 0 < report.errors[0].tasks_wrong
    again = audit_environment(GoalOnly, tasks=[TaskId.parse(failed.task)], seed=7, checks=[failed.check])
    assert failed in again.findings, "the command shows the same failure"


def test_the_source_hash_follows_the_source(tmp_path: Path) -> None:
    class Extended(ToyEnvironment):
        def source_files(self) -> list[Path]:
            return [tmp_path / "app.toml"]

    hashes = set()
    for text in ("a = 1", "a = 2", "a = 1"):
        (tmp_path / "app.toml").write_text(text)
        hashes.add(audit_environment(Extended, sample=1, checks=["semantic.floor_gap"]).subject.source)
    assert len(hashes) == 2


def test_results_are_added_up_by_group_and_by_task() -> None:
    results = [Result("mutants", "a", "t1", False), Result("mutants", "b", "t1", True), Result("attacks", "c", "t2", False)]
    results += [Result("expert", "", "t1", True), Result("equivalents", "space", "t2", False), Result("impossible", "sign", "t1", False)]
    positive, negative = errors_of(results)
    assert (positive.wrong, positive.trials, positive.tasks_wrong, positive.tasks) == (1, 3, 1, 2)
    assert (negative.wrong, negative.trials, negative.tasks_wrong, negative.tasks) == (1, 2, 1, 2)


@pytest.mark.parametrize("word", ["zqabc", "zqlonger"])
def test_disguised_words_are_found_wherever_they_begin(word: str) -> None:
    for lead in ("", "x", "yy", "zzz"):
        text = base64.b64encode(f"{lead}{word} and more".encode()).decode()
        assert any(form in text for form in disguises(word)), lead
    assert not any(form in base64.b64encode(b"something else altogether").decode() for form in disguises(word))
