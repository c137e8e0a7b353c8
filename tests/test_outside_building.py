"""What is made once is made once, as a whole, before anything waits for it; and screens are shown when the page is done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.contest.plan import read_plan
from bakeoff.contest.prepare import prepare_plan
from bakeoff.core import EnvironmentFault, TaskId
from bakeoff.environments.outside.environment import OutsideEnvironment

FILE = """
name = "site"
worlds = 1
[start]
command = ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", "{here}"]
build = ["{python}", "{here}/build.py", "{data}"]
seed = ["{python}", "-c", "import pathlib, sys; pathlib.Path(sys.argv[1], 'world').write_text(sys.argv[2])", "{data}", "{world}"]
sources = ["build.py"]
[reset]
files = ["world"]
[truth]
files = ["world", "built"]
[[tasks]]
name = "look"
instruction = "What does it say in the end?"
answer = "all there"
expert = ['finish "all there"']
"""
BUILD = """
import pathlib, sys, time
with pathlib.Path(__file__).with_name("count").open("a") as file:
    file.write("x")
pathlib.Path(sys.argv[1], "built").write_text("half")
time.sleep(0.5)
{more}
pathlib.Path(sys.argv[1], "built").write_text("whole")
"""
PAGE = """<!doctype html><title>Late</title><p id="one">begun</p><div style="height: 3000px"></div><p id="two">below</p><script>
  const say = text => { document.getElementById('one').textContent = text; };
  setTimeout(() => requestIdleCallback(() => fetch('/late.txt').then(answer => answer.text()).then(text => setTimeout(() => say(text), 600))), 700);
  (function poll() { setTimeout(poll, 200); })();
</script>"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    (tmp_path / "build.py").write_text(BUILD.format(more=""))
    (tmp_path / "site.toml").write_text(FILE)
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "late.txt").write_text("all there")
    return tmp_path / "site.toml"


PROGRAM = """
import sys
from bakeoff.environments.outside.environment import OutsideEnvironment
OutsideEnvironment(apps=[sys.argv[1]]).prepare()
"""


def test_two_processes_make_the_data_once(site: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(site)]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert (site.parent / "count").read_text() == "x"
    made = sorted(path for path in (site.parent / "cache" / "apps").glob("site-*/*") if path.is_dir())
    assert [path.name for path in made] == ["base", "world-0", "world-1"]
    assert all((path / "built").read_text() == "whole" for path in made)


def test_what_was_made_half_is_not_there_and_is_made_anew(site: Path) -> None:
    (site.parent / "build.py").write_text(BUILD.format(more="sys.exit('no more room')"))
    environment = OutsideEnvironment(apps=[site])
    with pytest.raises(EnvironmentFault, match=r"build command .* failed \(1\): no more room"):
        environment.prepare()
    assert not list((site.parent / "cache" / "apps").glob("site-*/base"))
    (site.parent / "build.py").write_text(BUILD.format(more=""))
    environment.prepare()
    assert len(list((site.parent / "cache" / "apps").glob("site-*/base"))) == 1


def test_a_plan_makes_it_before_its_first_episode_and_tells_how_far_it_is(site: Path) -> None:
    plan = site.with_name("plan.toml")
    plan.write_text(
        'name = "p"\napps = ["site.toml"]\n[[agents]]\nagent = "noop"\n[[streams]]\nname = "s"\nenvironment = "outside"\n'
        'products = ["site"]\nepisodes = 1\n'
    )
    read, told = read_plan(plan), []
    import bakeoff.contest.apps as apps

    apps.announce([app.path for app in read.apps])
    prepare_plan(read, lambda what, done, total: told.append((what, done, total)))
    assert told == [("site, data set 0", 0, 2), ("site, data set 1", 1, 2), ("ready", 2, 2)]
    told.clear()
    prepare_plan(read, lambda what, done, total: told.append((what, done, total)))
    assert not told, "it is there already"


def test_a_screen_is_shown_once_the_page_has_done_what_it_put_off(site: Path) -> None:
    with OutsideEnvironment(apps=[site]) as environment:
        first = environment.reset(environment.task(TaskId("outside", "site", 1, "look", 1)))
        assert next(item.name for item in first.elements if item.role == "text") == "all there", first.text
