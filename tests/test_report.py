"""The report: one file, complete in itself, true to the figures, and clear whatever a run lacks."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bakeoff.contest.report import LANGUAGES, write_report
from bakeoff.contest.store import Store
from bakeoff.core import Action, Environment, EnvironmentFault, Observation, UsageError
from report_runs import BELIEFS, WORKERS, Worker, write_run
from toy import ToyEnvironment

FOUR = tuple(worker for worker in WORKERS if worker.label in ("apprentice", "trace-memory", "noop", "expert"))
VOID = {"meta", "br", "img", "input", "link", "hr", "circle", "rect", "line", "path", "polyline", "polygon", "image"}


class Page(HTMLParser):
    """Reads a page: its visible words, its addresses, and whether its tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.wrong: list[str] = []
        self.heads: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "action", "srcset", "poster", "data", "xlink:href"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag in ("h1", "h2", "h3"):
            self.heads.append(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not set(self._open) & {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(path: Path) -> tuple[str, Page]:
    """The file without the plot library, and the page in it."""
    text = re.sub(r'<script id="plotly">.*?</script>', "", path.read_text(encoding="utf-8"), flags=re.S)
    return text, Page(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield write_run(tmp_path_factory.mktemp("report") / "run", workers=FOUR, products=6, episodes=6, exams=True, abstain=lambda n: n == 20)


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest, folder: Path) -> tuple[str, Page, Path]:
    path = write_report(folder, request.param, environments=None)
    return (*read(path), path)


# --- one file, complete in itself --------------------------------------------------------------------------------------------------------


def test_asks_for_nothing_from_outside(page: tuple[str, Page, Path]) -> None:
    text, parsed, path = page
    assert path.name in ("report.html", "report.zh.html") and path.stat().st_size < 8_000_000
    assert parsed.addresses and all(address.startswith(("#", "data:image/")) for address in parsed.addresses)
    assert "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text, "the browser itself must refuse to load anything"
    assert path.read_text().count('<script id="plotly">') == 1


def test_is_well_formed(page: tuple[str, Page, Path]) -> None:
    _, parsed, _ = page
    assert parsed.wrong == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {address[1:] for address in parsed.addresses if address.startswith("#")} <= set(parsed.ids)
    assert parsed.heads.count("h1") == 1 and parsed.heads[0] == "h1"


def test_every_figure_has_words_and_a_table(page: tuple[str, Page, Path]) -> None:
    text, _, _ = page
    for name in ("curves", "forest", "transfer"):
        assert re.search(rf'data-figure="{name}" role="img" aria-label="[^"]+"', text)
        assert f'id="{name}-data"' in text
    assert (
        len(re.findall(r'<svg class="multiple"[^>]*aria-label="[^"]+"', text)) == 6 + 2 + 2
    )  # products, families, and families from product to product


def test_has_its_parts_in_order(page: tuple[str, Page, Path]) -> None:
    parts = [item for item in page[1].ids if item in ("verdict", "learning", "figures", "film", "beliefs", "ledger", "reproduce")]
    assert parts == ["verdict", "learning", "figures", "film", "beliefs", "ledger", "reproduce"]


def test_says_the_same_twice(folder: Path) -> None:
    one = write_report(folder, environments=None).read_bytes()
    assert write_report(folder, environments=None).read_bytes() == one


def test_speaks_chinese(folder: Path) -> None:
    text, parsed = read(write_report(folder, "zh", environments=None))
    assert '<html lang="zh-Hans">' in text and "学习曲线" in parsed.text
    assert "Learning curves" not in parsed.text and "The ledger" not in parsed.text
    with pytest.raises(UsageError, match="no report in the language 'fr'"):
        write_report(folder, "fr")


def test_refuses_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        write_report(tmp_path)


# --- true to the run -----------------------------------------------------------------------------------------------------------------


def test_tells_what_the_store_says(folder: Path) -> None:
    _, parsed = read(write_report(folder, environments=None))
    with Store.open(folder) as store:
        run, episodes = store.run, store.episodes()
    assert run.plan_hash in parsed.text and run.source.strip().splitlines()[0] in parsed.text
    assert f"Episodes {len(episodes)}" in parsed.text
    away = [episode for episode in episodes if not episode.scored]
    assert len(away) == 4 and f"Abstained {len(away)}" in parsed.text
    assert all(episode.task_id in parsed.text for episode in away) and "the browser died twice" in parsed.text
    assert BELIEFS[0] in parsed.text
    assert "privileged: expert" in parsed.text


@pytest.mark.parametrize(
    ("without", "products", "said"),
    [
        (lambda n, k: 0.2, 8, "What it learned on the job is worth +"),
        (lambda n, k: min(0.9, 0.22 + 0.05 * n + 0.03 * k), 8, "cannot be told from nothing in this run"),
        (lambda n, k: 0.2, 1, "Without any memory the same agent passed"),
    ],
)
def test_says_what_learning_is_worth_against_the_same_agent_without_memory(
    without: Callable[[int, int], float], products: int, said: str, tmp_path: Path
) -> None:
    workers = (WORKERS[0], Worker("apprentice, no memory", "apprentice", "none", without, lasts="episode"), WORKERS[-1])
    folder = write_run(tmp_path / "run", workers=workers, products=products, trajectories=False, seed=3)
    assert said in read(write_report(folder, environments=None))[1].text
    assert "没有任何记忆" in read(write_report(folder, "zh", environments=None))[1].text


def test_without_such_an_agent_it_says_nothing_of_that(folder: Path) -> None:
    assert "without any memory" not in read(write_report(folder, environments=None))[1].text


def test_film_shows_a_failure_and_a_later_success_of_one_job(folder: Path) -> None:
    text, parsed = read(write_report(folder, environments=None))
    strips = re.findall(r'<p class="where">episode \d+ · ([^<]+) · apprentice</p>', text)
    assert len(strips) == 2
    with Store.open(folder) as store:
        by_id = {episode.task_id: episode for episode in store.episodes(agent="apprentice", kind="stream")}
    failed, worked = (by_id[strip] for strip in strips)
    assert failed.scored and not failed.passed and worked.passed
    assert failed.product == worked.product and failed.template == worked.template and failed.attempt < worked.attempt
    assert f"Attempt {failed.attempt}: failed" in parsed.text and "these are not screenshots" in parsed.text
    assert "Click the button" in parsed.text and "Type “" in parsed.text
    assert text.count('class="wf-mark"') >= 6


def test_people_are_drawn_only_for_miniwob(tmp_path: Path) -> None:
    two = FOUR[:2]
    away = write_run(tmp_path / "products", workers=two, products=2, episodes=2, trajectories=False)
    assert "1,537" not in read(write_report(away, environments=None))[1].text
    names = ("click-test", "enter-text")
    there = write_run(
        tmp_path / "pages", workers=two, products=2, episodes=6, names=names, environment="miniwob", carry=False, trajectories=False
    )
    text, parsed = read(write_report(there, environments=None))
    assert "1,537 worker sessions" in parsed.text and '"agent": "human"' in text
    assert 'data-agent-row="apprentice"' in text and "click-test" in parsed.text


# --- pictures --------------------------------------------------------------------------------------------------------------------------


class Pictured(ToyEnvironment):
    """The toy under a name of the run's own making, with pictures."""

    def __init__(self) -> None:
        super().__init__(pictures=True)


class Changed(Pictured):
    def step(self, action: Action) -> Observation:
        observation = super().step(action)
        return Observation(observation.goal, observation.elements[:-1], observation.step, observation.title, observation.location)


def _fails(name: str) -> Environment:
    raise EnvironmentFault("the browser would not start")


def test_screenshots_are_taken_once_and_kept(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    text, parsed = read(write_report(copy, environments=lambda name: Pictured()))
    assert text.count('href="data:image/png;base64,') >= 8 and "Screenshots from a replay" in parsed.text
    assert list((copy / "pictures").glob("*.png"))
    again, _ = read(write_report(copy, "zh", environments=_fails))
    assert again.count("data:image/png") == text.count("data:image/png")


class Heavy(Pictured):
    """Its pictures are so big that not all of them fit."""

    def __init__(self, kilobytes: int) -> None:
        super().__init__()
        self._more = bytes(kilobytes * 1000)

    def screenshot(self) -> bytes:
        return super().screenshot() + self._more


@pytest.mark.parametrize(("kilobytes", "pictured"), [(155, True), (400, False)])
def test_too_heavy_pictures_make_way(folder: Path, tmp_path: Path, kilobytes: int, pictured: bool) -> None:
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    all_of_them = read(write_report(copy, environments=None))[0].count('<svg class="picture')
    path = write_report(copy, environments=lambda name: Heavy(kilobytes))
    text, _ = read(path)
    assert path.stat().st_size < 8_000_000
    assert ("data:image/png" in text) == pictured
    if pictured:
        assert 4 <= text.count('<svg class="picture') < all_of_them and "actions not shown" in text
    else:
        assert "too big" in text and text.count('<svg class="picture') == all_of_them


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_fails, "the browser would not start"),
        (lambda name: Changed(), "the replay differed from the stored episode"),
        (lambda name: ToyEnvironment(), "the environment has no pictures"),
    ],
)
def test_without_screenshots_it_draws_and_says_why(folder: Path, make: object, words: str) -> None:
    text, parsed = read(write_report(folder, environments=make))  # type: ignore[arg-type]
    assert "data:image/png" not in text and 'class="picture wire"' in text
    assert words in parsed.text


# --- whatever a run lacks -------------------------------------------------------------------------------------------------------------------


def test_nothing_finished_yet(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[:2], products=2, episodes=2, done=0)
    text, parsed = read(write_report(run))
    assert "No verdict: this run holds no finished episode yet." in parsed.text and parsed.wrong == []
    assert "0 of 8 planned episodes" in parsed.text and 'data-figure="' not in text


def test_only_abstentions(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[:2], products=2, episodes=2, abstain=lambda _: True)
    text, parsed = read(write_report(run))
    assert "none of the 8 finished episodes could be judged" in parsed.text and 'data-figure="' not in text
    assert parsed.text.count("the browser died twice") == 8 and "There is nothing to show" in parsed.text


def test_one_agent_one_episode(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[:1], products=1, episodes=1)
    _, parsed = read(write_report(run, environments=None))
    assert parsed.wrong == [] and "nothing to compare it with" in parsed.text
    assert "95% interval" not in parsed.text.split("agent did")[0].split("One agent")[0], "one product gives no interval"
    assert "need at least five attempts" in parsed.text and "No transfer from product to product" in parsed.text


def test_trajectories_lost_to_the_disk_budget(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[:2], products=2, episodes=3, trajectories=False)
    _, parsed = read(write_report(run))
    assert "no scored episode of this run has a stored trajectory" in parsed.text and "0 of 12 episodes" in parsed.text


def test_only_privileged_agents(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[-1:], products=2, episodes=2)
    _, parsed = read(write_report(run, environments=None))
    assert "no agent without privileges" in parsed.text and parsed.wrong == []


def test_limits_that_not_even_the_expert_keeps_are_told(tmp_path: Path) -> None:
    never = replace(FOUR[-1], chance=lambda episodes, attempt: 0.0)
    assert never.privilege == "expert"
    run = write_run(tmp_path / "run", workers=(FOUR[0], never), products=2, episodes=2, trajectories=False)
    _, parsed = read(write_report(run, environments=None))
    assert "In 4 jobs the expert itself ran out of steps" in parsed.text
    run = write_run(tmp_path / "fine", workers=(FOUR[0], FOUR[-1]), products=2, episodes=2, trajectories=False)
    assert "ran out of steps" not in read(write_report(run, environments=None))[1].text


def test_unfinished_and_failed_parts_are_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", workers=FOUR[:2], products=2, episodes=3, done=4)
    with Store.open(run) as store:
        store.mark_cell(store.cells()[0].id, "failed", "the agent could not be restored")
    _, parsed = read(write_report(run, environments=None))
    assert "8 of 12 planned episodes are in" in parsed.text and "the agent could not be restored" in parsed.text


def test_texts_of_a_run_cannot_break_out(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"
    workers = [Worker(f"a{evil}", "graph", "none", lambda n, k: 0.5, beliefs=True), FOUR[1]]
    run = write_run(tmp_path / "run", workers=workers, products=2, episodes=4, instruction=f'say "{evil}"')
    text, parsed = read(write_report(run, environments=None))
    assert "<script>alert" not in text and "<img" not in text
    assert parsed.wrong == [] and evil in parsed.text


# --- in a browser ----------------------------------------------------------------------------------------------------------------------


CLICKS = """<script>setTimeout(function () {
  var told = [], all = document.querySelectorAll.bind(document);
  function lines() { return all("[data-figure=curves] .scatterlayer .trace").length; }
  function tasks() { return Array.from(all("#task-table tbody tr")).filter(row => !row.hidden).map(row => row.cells[2].dataset.sort); }
  told.push("plots " + all(".plot .main-svg").length, "lines " + lines());
  document.querySelector('[data-toggle="trace-memory"]').click();
  told.push("fewer " + lines(), "hidden " + all(".hidden-agent").length);
  document.getElementById("theme").click();
  told.push("theme " + document.documentElement.dataset.theme);
  all("#task-table thead button")[2].click();
  told.push("sorted " + tasks().join(" "));
  document.body.textContent = "TOLD[" + told.join(";") + "]";
}, 1500)</script></body>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_works_in_a_real_browser(folder: Path, tmp_path: Path) -> None:
    clicked = tmp_path / "clicked.html"
    clicked.write_text(write_report(folder, environments=None).read_text().replace("</body>", CLICKS))
    with tempfile.TemporaryDirectory() as profile:
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
        )
        command = ["chromium", *flags.split(), "--disable-sync", f"--user-data-dir={profile}", "--enable-logging=stderr"]
        done = subprocess.run(
            [*command, "--virtual-time-budget=8000", "--dump-dom", clicked.as_uri()],
            capture_output=True,
            text=True,
            timeout=250,
            check=True,
        )
    assert "CONSOLE" not in done.stderr, "a script failed, or something was asked for that the page's policy forbids"
    told = dict(item.split(" ", 1) for item in re.findall(r"TOLD\[(.*?)\]", done.stdout, re.S)[0].split(";"))
    assert int(told["plots"]) >= 3
    assert int(told["fewer"]) < int(told["lines"]) and int(told["hidden"]) >= 6
    assert told["theme"] in ("light", "dark")
    shares = [float(share) for share in told["sorted"].split()]
    assert len(shares) >= 3 and shares == sorted(shares, reverse=True)
