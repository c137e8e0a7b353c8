"""Expert data: collected from experts' runs in training products alone, through gates, kept so that a kill loses nothing, exported for others."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import Action, Step, TaskId, UsageError
from bakeoff.experts.check import check
from bakeoff.experts.collect import Collected, Wanted, collect, make
from bakeoff.experts.export import card, export, messages
from bakeoff.experts.gates import always
from bakeoff.experts.item import EXPERT_SEEDS, Item, reasons
from bakeoff.experts.shelf import Shelf
from contest_plugin import plugin  # noqa: F401
from toy import TOOLS, ToyEnvironment

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, plugin: Path) -> tuple[Path, Collected]:  # noqa: F811
    folder = tmp_path_factory.mktemp("data") / "toys"
    return folder, collect(Wanted("toy", 6, sample=0.5), Shelf(folder))


def test_items_are_questions_with_demonstrations_answers_reasons_and_gates(filled: tuple[Path, Collected]) -> None:
    folder, result = filled
    assert (result.added, result.before, result.rejected, result.faults) == (6, 0, 0, [])
    items = list(Shelf(folder, create=False))
    assert {item.split for item in items} == {"train"} and {item.product for item in items} == {"toy-alpha@1"}
    assert len({item.template for item in items}) == 3  # spread over the templates
    for item in items:
        assert TaskId.parse(item.id).seed >= EXPERT_SEEDS
        demo = Shelf(folder).demo(item)
        assert demo.first.goal == item.question and len(demo.steps) == item.steps == len(item.reasoning)
        assert all(why.startswith(step.action.tool) for why, step in zip(item.reasoning, demo.steps, strict=True))
        assert item.passed and item.answer and Shelf(folder).gold(item)
        assert Item.from_dict(json.loads(json.dumps(item.to_dict()))) == item
    tried = [gate.passed for item in items for gate in item.gates if gate.name == "repeats-exactly"]
    assert tried.count(True) == 3 and tried.count(None) == 3  # half of them, and the others say that they were not


def test_asked_again_it_does_nothing_twice_and_a_torn_line_is_done_again(filled: tuple[Path, Collected], tmp_path: Path) -> None:
    folder, _ = filled
    assert collect(Wanted("toy", 6, sample=0.5), Shelf(folder)).before == 6
    lines = (folder / "items.jsonl").read_bytes().splitlines(keepends=True)
    subprocess.run(["cp", "-r", str(folder), str(tmp_path / "torn")], check=True)
    (tmp_path / "torn" / "items.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:40])
    again = collect(Wanted("toy", 6, sample=0.5), Shelf(tmp_path / "torn"))
    assert (again.before, again.added) == (4, 2)
    assert [item.id for item in Shelf(tmp_path / "torn")] == [item.id for item in Shelf(folder)]


@pytest.mark.parametrize("name", ["toy-beta", "toy-gamma"])
def test_nothing_is_collected_from_unseen_products(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing may be learned from it"):
        collect(Wanted("toy", 1, named=(name,)), Shelf(tmp_path / "data"))
    with HostedEnvironment("toy") as host, pytest.raises(UsageError, match="nothing may be learned from it"):
        make(host, TaskId("toy", name, 1, "assign-locker", EXPERT_SEEDS), tried=False)


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"n": 0}, "at least one"),
        ({"n": 1, "sample": 2.0}, "between 0 and 1"),
        ({"n": 1, "first": 5}, "belong to the contest"),
        ({"n": 1, "family": "nothing"}, "no training product of that kind; families with some: lockers"),
        ({"n": 1, "products": 5}, "only 1 such"),
        ({"n": 1, "templates": ("dance",)}, "no such product has the template 'dance'"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_clear_line(wish: dict[str, object], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=complaint):
        collect(Wanted("toy", **wish), Shelf(tmp_path / "data"))  # type: ignore[arg-type]


def test_the_gates_refuse_what_is_wrong() -> None:
    with ToyEnvironment() as environment:
        task = environment.task(TaskId("toy", "toy-alpha", 1, "assign-locker", EXPERT_SEEDS))
        from bakeoff.core import run_episode

        demo = run_episode(environment, environment.expert(task), task, agent="expert")
        gold = dict(environment.artefacts())
        assert all(gate.passed for gate in always(environment, task, demo, gold, reasons(demo)))
        undone = run_episode(environment, lambda _: Action("finish"), task, agent="idle")
        failed = {
            gate.name for gate in always(environment, task, undone, dict(environment.artefacts()), reasons(undone)) if not gate.passed
        }
        assert failed == {"expert-passes", "gold-state-passes"}
        stray = Step(Action("click", {"ref": "e999"}), demo.steps[0].observation)
        odd = replace(demo, steps=(stray, *demo.steps[1:]))
        failed = {gate.name for gate in always(environment, task, odd, gold, reasons(demo)[1:]) if not gate.passed}
        assert failed == {"actions-fit-the-screen", "reasons-complete"}


def test_what_fails_a_gate_is_kept_apart(filled: tuple[Path, Collected], tmp_path: Path) -> None:
    folder, _ = filled
    good = Shelf(folder)
    item = next(iter(good))
    bad = replace(item, gates=(*item.gates, replace(item.gates[0], name="of-a-test", passed=False)))
    shelf = Shelf(tmp_path / "data")
    shelf.add(bad, good.demo(item), good.gold(item))
    assert len(shelf) == 0 and list(Shelf(tmp_path / "data").rejected) == [item.id]
    assert "of-a-test" not in {gate.name for kept in Shelf(tmp_path / "data") for gate in kept.gates}


def test_check_finds_damage(filled: tuple[Path, Collected], tmp_path: Path) -> None:
    folder, _ = filled
    assert check(Shelf(folder)) == ()
    subprocess.run(["cp", "-r", str(folder), str(tmp_path / "worn")], check=True)
    worn = Shelf(tmp_path / "worn")
    first, second, third, fourth, *_ = worn
    (tmp_path / "worn" / "demos" / f"{first.demo}.zst").write_bytes(b"nonsense")
    (tmp_path / "worn" / "gold" / f"{next(iter(second.answer.values()))}.zst").unlink()
    lines = [json.loads(line) for line in (tmp_path / "worn" / "items.jsonl").read_text().splitlines()]
    lines[2]["split"] = "dev"
    lines[3]["reasoning"] = ["because"] * len(lines[3]["reasoning"])
    (tmp_path / "worn" / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = {problem.item: problem.what for problem in check(Shelf(tmp_path / "worn"))}
    assert set(found) == {first.id, second.id, third.id, fourth.id}
    assert "damaged" in found[first.id] and "missing" in found[second.id] and "reasons" in found[fourth.id]


def test_a_conversation_only_ever_grows_and_says_what_the_expert_did(filled: tuple[Path, Collected], tmp_path: Path) -> None:
    shelf = Shelf(filled[0])
    item = next(iter(shelf))
    told = messages(item, shelf.demo(item))
    calls = [message["tool_calls"][0]["function"] for message in told if message["role"] == "assistant"]
    assert [(call["name"], call["arguments"]) for call in calls] == [(a.tool, dict(a.arguments)) for a in shelf.demo(item).actions]
    assert told[1]["content"].startswith(item.question) and told[-1]["role"] == "assistant"
    assert export(shelf, TOOLS, tmp_path / "chat.jsonl", "chat") == 6
    rows = [json.loads(line) for line in (tmp_path / "chat.jsonl").read_text().splitlines()]
    assert rows[0]["messages"] == told and {tool["function"]["name"] for tool in json.loads(rows[0]["tools"])} == {
        tool.name for tool in TOOLS
    }
    assert export(shelf, TOOLS, tmp_path / "sessions", "sessions") == 6
    session = [json.loads(line) for line in next((tmp_path / "sessions").iterdir()).read_text().splitlines()]
    assert session[0]["type"] == "session" and all(line["type"] == "message" for line in session[1:])


def test_the_card_says_who_what_and_what_not(filled: tuple[Path, Collected]) -> None:
    text = card(Shelf(filled[0]))
    assert "6 verified demonstrations in 1 training products" in text and "programmed expert: 6" in text
    assert "| expert-passes | 6 | 0 | 0 |" in text and "| repeats-exactly | 3 | 0 | 3 |" in text
    assert "Canary: bakeoff-" in text


def test_the_command_line_collects_checks_and_exports(tmp_path: Path) -> None:
    def bakeoff(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bakeoff.cli", "experts", *map(str, words)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    done = bakeoff("collect", "toys", "--environment", "toy", "--n", 2)
    assert done.returncode == 0 and "2 items added" in done.stdout, done.stderr
    assert (tmp_path / "toys" / "README.md").read_text().startswith("---\nlicense")
    assert bakeoff("check", "toys").stdout.strip() == "2 items, 0 problems"
    assert "2 items in" in bakeoff("export", "toys", "--out", "toys.jsonl").stdout
    wrong = bakeoff("collect", "others", "--environment", "toy", "--product", "toy-beta")
    assert wrong.returncode == 2 and wrong.stderr.strip().count("\n") == 0 and "dev product" in wrong.stderr
    assert bakeoff("check", "nowhere").returncode == 2
