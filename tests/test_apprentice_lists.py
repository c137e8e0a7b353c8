"""Products with several lists of records: codes as names, records of another list, questions, and demonstrations that are understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bakeoff.agents.apprentice.agent import Apprentice
from bakeoff.agents.apprentice.workplace.acts import Act, Fill
from bakeoff.agents.apprentice.workplace.asking import Sources, answers
from bakeoff.agents.apprentice.workplace.entry import Entry
from bakeoff.agents.apprentice.workplace.job import Job, series, shape
from bakeoff.agents.apprentice.workplace.page import Page
from bakeoff.agents.apprentice.workplace.theory import Theory
from bakeoff.agents.apprentice.workplace.widgets import dictated
from bakeoff.agents.apprentice.workplace.workplace import Workplace
from bakeoff.core import (
    Action,
    ActionError,
    Check,
    Element,
    Environment,
    Ledger,
    Limits,
    Observation,
    Policy,
    Practice,
    Product,
    Scored,
    Screen,
    Split,
    Task,
    TaskId,
    Tool,
    UsageError,
    Verdict,
    content_hash,
    feedback,
    run_episode,
)

FIRMS = ("Red Ltd", "Blue Ltd", "Tan Ltd", "Ivy Ltd")
BOXES = tuple((f"BX-{4100 + 7 * i}", FIRMS[i % 4], f"{12 + 5 * i}", f"CR-{200 + i}") for i in range(8))
CRATES = tuple((f"CR-{200 + i}", FIRMS[(i + 1) % 4], ("Ada Byron", "Carl Gauss", "Emmy Noether")[i % 3]) for i in range(8))


def _tool(name: str, *arguments: str) -> Tool:
    properties = {argument: {"type": "string"} for argument in arguments}
    return Tool(name, name, {"type": "object", "properties": properties, "required": [a for a in arguments if a != "answer"]})


class Depot(Environment):
    """Boxes and crates with nonsense labels. `Plim` and `Zug` (on crates) only ask for confirmation; `Vorp` (on boxes) changes the `Drell`."""

    name = "depot"
    tools = (
        _tool("click", "ref"), _tool("type", "ref", "text"), _tool("select", "ref", "option"), _tool("press", "key"), _tool("scroll", "ref"),
        _tool("back"), _tool("wait"), _tool("finish", "answer"),
    )  # fmt: skip

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        return (Product("depot-one", 1, "depot", "train", "none", ("seal", "weigh", "keeper", "match")),)

    def task(self, task_id: TaskId) -> Task:
        crate, box = CRATES[task_id.seed % 8], BOXES[task_id.seed % 8]
        said = {
            "seal": f"Seal the crate {crate[0]} ({crate[1]}).",
            "weigh": f"What is the sum of the weights of all boxes from {box[1]}? Finish with that number as the answer.",
            "match": f"Give the box {box[0]} the same weight as {BOXES[(task_id.seed + 3) % 8][0]}.",
            "keeper": f"Who keeps the crate that belongs to the box {box[0]}? Finish with the name as the answer.",
        }[task_id.template]
        return Task(task_id, "depot", "train", said, Limits(40, 60))

    def expert(self, task: Task) -> Policy:
        title = CRATES[task.id.seed % 8][0]

        def policy(observation: Observation) -> Action:
            if any(element.role == "status" for element in observation.elements):
                return Action("finish", {})
            for name in ("Yes", "Zug", title, "Crates"):
                found = next((e for e in observation.elements if e.role in ("link", "button") and e.name == name), None)
                if found is not None and not (name == "Crates" and "selected" in found.states):
                    return Action("click", {"ref": found.ref})
            return Action("wait", {})

        return policy

    def _begin(self, task: Task, practice: bool) -> Screen:
        self.at, self.query, self.past, self.notice, self.said = "/boxes", "", ["/boxes"], "", ""
        self.done: set[tuple[str, str]] = set()
        self.weights = {box[0]: box[2] for box in BOXES}
        self.typed = ""
        return self._screen()

    def _screen(self, ended: bool = False) -> Screen:
        found: list[Element] = []

        def put(role: str, name: str, parent: str | None = None, **more: object) -> str:
            ref = f"e{len(found)}"
            found.append(Element(ref, role, name, parent=parent, order=len(found), **more))  # type: ignore[arg-type]
            return ref

        navigation = put("navigation", "Main")
        for place in ("Boxes", "Crates"):
            put("link", place, navigation, states=frozenset({"selected"} if self.at == f"/{place.lower()}" else ()))
        if self.notice:
            put("status", self.notice)
        _, page, *rest = self.at.split("/")
        records: tuple[tuple[str, ...], ...] = BOXES if page == "boxes" else CRATES
        if not rest:
            put("heading", page.capitalize())
            box = put("search", "")
            put("searchbox", "Seek", box, value=self.query)
            put("button", "Look", box)
            table = put("table", "")
            for record in records:
                if self.query.lower() in " ".join(record).lower():
                    row = put("row", " ".join(record), table)
                    put("link", record[0], put("cell", record[0], row))
                    for text in record[1:]:
                        put("cell", text, row)
        elif len(rest) == 1:
            record = next(item for item in records if item[0] == rest[0])
            holder = put("generic", "")
            put("heading", record[0], holder)
            if page == "boxes":
                record = (*record[:2], self.weights[record[0]], record[3])
            for label, text in zip(("Num", "Firm", "Drell", "Krat") if page == "boxes" else ("Num", "Firm", "Hush"), record, strict=True):
                put("text", label, holder)
                put("text", text, holder)
            for name in ("Vorp",) if page == "boxes" else ("Zug", "Plim"):
                put("link", name)
        else:
            form = put("form", "")
            if rest[1] == "Vorp":
                put("textbox", "Drell", form, value=self.typed or self.weights[rest[0]])
            put("button", "Yes", form)
            put("link", "No", form)
        self.now = {element.ref: element for element in found}
        return Screen(tuple(found), "Small Depot", self.at, "finished" if ended else None)

    def _perform(self, action: Action) -> Screen:
        self.notice = ""
        if action.tool == "finish":
            self.said = str(action.arguments.get("answer", ""))
            return self._screen(ended=True)
        if action.tool in ("press", "wait", "scroll"):
            return self._screen()
        element = self.now.get(str(action.arguments.get("ref", "")))
        if action.tool == "back":
            self.at = self.past.pop() if self.past else "/boxes"
        elif element is None:
            raise ActionError("no such element")
        elif action.tool == "type" and element.name == "Drell":
            self.typed = str(action.arguments["text"])
        elif action.tool == "type":
            self.query = str(action.arguments["text"])
        elif element.name != "Look":
            self.past.append(self.at)
            *head, last = self.at.split("/")
            if element.name in ("Boxes", "Crates"):
                self.at, self.query = f"/{element.name.lower()}", ""
            elif element.name == "Yes":
                if last == "Vorp":
                    self.weights[head[-1]], self.typed = self.typed or self.weights[head[-1]], ""
                else:
                    self.done.add((head[-1], last))
                self.at, self.notice = "/".join(head), "Done."
            elif element.name == "No":
                self.typed = ""
                self.at = "/".join(head)
            else:
                self.at = f"{self.at}/{element.name}"
        return self._screen()

    def _judge(self) -> Verdict:
        assert self._task is not None
        seed, template = self._task.id.seed % 8, self._task.id.template
        done = {(CRATES[seed][0], "Zug")} if template == "seal" else set()
        weights = {box[0]: box[2] for box in BOXES}
        if template == "match":
            weights[BOXES[seed][0]] = BOXES[(seed + 3) % 8][2]
        answer = {
            "seal": "",
            "match": "",
            "weigh": str(sum(int(box[2]) for box in BOXES if box[1] == BOXES[seed][1])),
            "keeper": next(crate[2] for crate in CRATES if crate[0] == BOXES[seed][3]),
        }[template]
        return Scored.all_of((Check("goal", self.done == done and self.weights == weights), Check("answer", self.said == answer)))

    def artefacts(self) -> Mapping[str, bytes]:
        return {}

    def regrade(self, task: Task, artefacts: Mapping[str, bytes]) -> Verdict:
        raise NotImplementedError


def _work(agent: Apprentice, environment: Depot, template: str, seed: int, shown: list[str] | None = None) -> bool:
    task = environment.task(TaskId("depot", "depot-one", 1, template, seed))
    observation = environment.reset(task)
    while not observation.done:
        observation = environment.step(agent.act(observation))
    verdict = environment.verify()

    def demonstrate() -> object:
        assert shown is not None
        shown.append(template)
        return run_episode(environment, environment.expert(task), task, agent="expert", judge=False)

    agent.learn(observation, feedback("outcome" if shown is None else "shown", verdict, demonstrate))
    assert isinstance(verdict, Scored)
    return verdict.passed


def _practised(argument: str = "") -> tuple[Apprentice, Depot]:
    environment = Depot()
    agent = Apprentice(environment.tools, 3, argument)
    agent.practise(Practice(environment, environment.task(TaskId("depot", "depot-one", 1, "seal", 0)), 60, Ledger()))
    return agent, environment


def test_codes_and_addresses_are_values() -> None:
    job = Job("Put the order PO-8118 of Ann Ash on account FR78 9725 2745 and send it to Mill Lane 51.")
    assert [(slot.text, slot.kind) for slot in job.slots] == [
        ("PO-8118", "code"), ("Ann Ash", "name"), ("FR78 9725 2745", "code"), ("Mill Lane 51", "address"),
    ]  # fmt: skip
    assert job.nouns(frozenset({0})) == {"order"} and not job.nouns(frozenset({1}))
    assert shape("PO-8118") == "code" and series("PO-8118") == "PO" and series("FR78 9725 2745") == ""


def test_practice_finds_the_lists_and_what_their_records_offer() -> None:
    agent, _ = _practised()
    theory = agent.workplace.store.theory
    assert theory.places == {"/crates": "Crates"}
    assert {command.shown for command in theory.record_commands("Crates")} == {"Zug", "Plim"}
    assert [command.shown for command in theory.record_commands()] == ["Vorp"]
    assert theory.place_for("CR-203", frozenset()) == ["Crates"]


def test_a_job_in_another_list_is_learned_from_its_outcomes() -> None:
    agent, environment = _practised()
    passed = [_work(agent, environment, "seal", seed) for seed in range(8)]
    assert all(passed[-4:])


def test_a_question_is_answered_from_what_is_read_and_nothing_is_changed() -> None:
    agent, environment = _practised()
    passed = [_work(agent, environment, ("weigh", "keeper")[turn % 2], turn) for turn in range(12)]
    assert sum(passed[-6:]) >= 5
    assert any("answer with the" in sentence for sentence in agent.beliefs())


def test_what_another_record_shows_is_copied() -> None:
    agent, environment = _practised()
    passed = [_work(agent, environment, "match", seed) for seed in range(6)]
    assert sum(passed) >= 5


def test_answers_reckon_over_records_and_with_what_they_have_in_common() -> None:
    records = [{"Firm": "Red", "Sum": "1,200.50", "Due": "03.04.2026"}, {"Firm": "Red", "Sum": "10", "Due": "01.05.2026"}]
    records.append({"Firm": "Blue", "Sum": "2", "Due": "–"})
    found = {(a.way, a.label, a.only): a.text for a in answers(Sources(records=records), Job("Give the answer."))}
    assert found["sum", "Sum", ("", "")] == "1212.50" and found["sum", "Sum", ("Firm", "Red")] == "1210.50"
    assert found["most", "Due", ("", "")] == "01.05.2026" and found["number", "", ("Firm", "Blue")] == "1"
    one = {(a.way, a.label): a.text for a in answers(Sources({"Pieces": "3", "Price": "2.50", "Firm": "Red"}), Job("Give the answer."))}
    assert one["product", "Pieces and Price"] == "7.50" and one["difference", "Pieces and Price"] == "0.50" and one["fact", "Firm"] == "Red"


def test_a_demonstration_is_understood_asked_for_once_and_kept_in_the_snapshot(tmp_path: Path) -> None:
    agent, environment = _practised("demos=1")
    shown: list[str] = []
    passed = [_work(agent, environment, "seal", seed, shown) for seed in range(6)]
    assert len(shown) <= 1 and passed.count(False) <= 1 and all(passed[1:])
    assert len(agent.workplace.store.shown) == len(shown) == agent.workplace.store.understood
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    agent.snapshot(tmp_path / "a")
    twin = Apprentice(environment.tools, 99, "demos=1")
    twin.restore(tmp_path / "a")
    twin.snapshot(tmp_path / "b")
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")


def test_without_an_allowance_no_demonstration_is_asked_for() -> None:
    agent, environment = _practised()
    shown: list[str] = []
    for seed in range(4):
        _work(agent, environment, "seal", seed, shown)
    assert shown == []
    with pytest.raises(UsageError, match="demos=N"):
        Apprentice(Depot.tools, 1, "demos=many")


def test_a_page_of_counts_is_a_place_of_work() -> None:
    counts = (Element("a", "navigation", "Main"), Element("b", "link", "Foyer", parent="a"), Element("c", "link", "Folk", parent="a"))
    screen = Observation("Do it.", (*counts, Element("d", "text", "42")), 0)
    assert Workplace.suits(screen, frozenset({"click", "finish"}))
    assert not Workplace.suits(screen, frozenset({"click"}))
    assert not Workplace.suits(Observation("Do it.", counts[:2], 0), frozenset({"click", "finish"}))


def test_what_a_field_dictates_is_read_from_its_label() -> None:
    assert dictated("Type here: #6741") == "#6741"
    assert dictated("Owner: group") == "" and dictated("Name") == "" and dictated("Price: 5") == ""


def test_an_amount_goes_into_two_fields_with_the_cents_apart() -> None:
    elements = (
        Element("f", "form", ""), Element("x", "textbox", "Zug: euros", parent="f"), Element("y", "textbox", "Zug: cents", parent="f"),
        Element("z", "button", "Yes", parent="f"),
    )  # fmt: skip
    page = Page(Observation("", elements, 1))
    steps = Entry(Theory(), page).fill(Act("Vorp", (Fill("Zug: euros", "1,207.5"),)), set(), {})
    typed = [next(steps)]
    with pytest.raises(StopIteration):
        while True:
            typed.append(steps.send(page))
    assert [(action.arguments["ref"], action.arguments["text"]) for action in typed] == [("x", "1207"), ("y", "50")]
