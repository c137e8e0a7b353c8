"""Plans that name apps, and apps that are run without a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.contest.draw import plan_hash
from bakeoff.contest.plan import read_plan
from bakeoff.core import UsageError

ROOT = Path(__file__).parent.parent
LENDING = ROOT / "examples" / "lending.toml"
PLAN = """
name = "p"
apps = ["{apps}"]
[[agents]]
agent = "noop"
[[streams]]
name = "s"
environment = "outside"
products = ["lending"]
episodes = 1
"""


def plan(folder: Path, apps: str = "app.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "app.toml").write_text(LENDING.read_text())
    (folder / "plan.toml").write_text(PLAN.format(apps=apps))
    return folder / "plan.toml"


def test_an_app_is_found_beside_the_plan_by_file_or_folder_else_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = plan(tmp_path / "one")
    assert [app.path for app in read_plan(path).apps] == [str((tmp_path / "one" / "app.toml").resolve())]
    nested = plan(tmp_path / "two", apps="apps")
    (tmp_path / "two" / "apps").mkdir()
    (tmp_path / "two" / "app.toml").rename(tmp_path / "two" / "apps" / "lending.toml")
    assert [Path(app.path).name for app in read_plan(nested).apps] == ["lending.toml"]
    (tmp_path / "elsewhere" / "here.toml").write_text(LENDING.read_text())
    assert [Path(app.path).parent.name for app in read_plan(plan(tmp_path / "three", apps="here.toml")).apps] == ["elsewhere"]
    with pytest.raises(UsageError, match=r"plan.toml:3: there is no app at 'gone.toml', neither in .*four nor in the current folder"):
        read_plan(plan(tmp_path / "four", apps="gone.toml"))


def test_what_an_app_says_is_part_of_the_plan_and_where_it_is_is_not(tmp_path: Path) -> None:
    one, two = plan(tmp_path / "one"), plan(tmp_path / "two")
    assert plan_hash(read_plan(one), ()) == plan_hash(read_plan(two), ())
    (tmp_path / "two" / "app.toml").write_text(LENDING.read_text().replace("Lend the", "Give the"))
    assert plan_hash(read_plan(one), ()) != plan_hash(read_plan(two), ())


def test_the_file_of_an_app_is_a_plan_that_can_be_saved(tmp_path: Path) -> None:
    made = read_plan(LENDING)
    assert [agent.spec for agent in made.agents] == ["apprentice", "trace-memory", "random", "expert"]
    assert made.streams[0].products == ("lending",) and made.streams[0].episodes == 12
    (tmp_path / "lending.toml").write_text(LENDING.read_text())
    (tmp_path / "plan.toml").write_text(made.source)
    again = read_plan(tmp_path / "plan.toml")
    assert plan_hash(again, ()) == plan_hash(made, ())
    without = LENDING.read_text().replace("expert =", "alternatives.first =", 1)
    (tmp_path / "lending.toml").write_text(without)
    assert "expert" not in [agent.spec for agent in read_plan(tmp_path / "lending.toml").agents], "one task has none"
