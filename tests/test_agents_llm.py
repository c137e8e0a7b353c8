"""Language models as workers, against a stub endpoint: both modes, both memories, budgets, and whose fault it is when no action comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

pytest.importorskip("openai")

from bakeoff.agents.llm.agent import NoAction
from bakeoff.agents.llm.screen import clipped, estimate, shown
from bakeoff.contest.plan import read_plan
from bakeoff.contest.progress import Plain
from bakeoff.contest.run import run_plan
from bakeoff.contest.store import Store
from bakeoff.core import (
    Action,
    Agent,
    Element,
    Observation,
    Outcome,
    ServiceFault,
    TaskId,
    UsageError,
    make_agent,
    memory_hash,
    run_episode,
)
from bakeoff.testing import check_agent
from contest_plugin import (
    plan_text,
    plugin,  # noqa: F401
)
from llm_stub import KEY, Stub, called, completion, slow, status
from toy import TOOLS, ToyEnvironment

pytestmark = pytest.mark.usefixtures("plugin")

RELABEL = "toy/toy-alpha@1/relabel-locker#3"
NAMES = ("llm", "llm-history", "llm-notes")


def asked(request: dict[str, Any]) -> str:
    return str(request["messages"][1]["content"])


def clerk(request: dict[str, Any]) -> dict[str, Any]:
    """A model that can relabel lockers, reads nothing but the question, and keeps a count of its jobs in its notes."""
    question = asked(request)
    if "Write your notes anew" in question:
        return completion(
            {"content": f"Jobs so far: {question.count('Earlier job') + int((re.findall(r'Jobs so far: (.+)', question) or ['0'])[0])}"}
        )
    goal, screen = question.split("The job: ")[1].split("\n\n")[0], question.split("The screen now:\n")[1]
    quoted = [*re.findall(r'"(.+?)"', goal), "?", "?"]
    labels = {"old": quoted[0], "new": quoted[1]}

    def ref(pattern: str) -> dict[str, str] | None:
        found = re.search(rf"\[(e\d+)\] {pattern}", screen)
        return {"ref": found[1]} if found else None

    field = ref("textbox 'Label'")
    if field and f"= {labels['new']!r}" not in screen:
        tool, arguments = "type", {**field, "text": labels["new"]}
    elif field:
        tool, arguments = "click", ref("button 'Save'") or {}
    elif "Save" in question.split("The screen now:")[0]:
        tool, arguments = "finish", {}
    else:
        tool, arguments = "click", ref(f"link '{labels['old']}'") or ref("button 'Next page'") or {}
        tool = tool if arguments else "finish"
    if "tools" in request:
        return called(tool, arguments)
    return completion({"content": f"I shall do this. {{ here: {json.dumps({'tool': tool, 'arguments': arguments})}"})


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    made = Stub(clerk)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("BAKEOFF_LLM_BASE_URL", made.url)
    monkeypatch.setenv("BAKEOFF_LLM_RETRIES", "2")
    yield made
    made.close()


def seen(goal: str = "Change it.") -> Observation:
    return Observation(goal, (Element("e1", "button", "Go"),), 0, "Toy")


def worked(spec: str, task: str = RELABEL) -> tuple[Agent, Any]:
    with ToyEnvironment() as environment:
        worker = make_agent(spec, environment.tools, 0)
        return worker, run_episode(environment, worker.act, environment.task(TaskId.parse(task)), agent=spec)


@pytest.mark.parametrize("spec", ["llm:clerk", "llm:clerk;mode=text", "llm-history:clerk", "llm-notes:clerk;mode=text;temperature=0"])
def test_it_does_the_job(stub: Stub, spec: str) -> None:
    worker, run = worked(spec)
    assert run.verdict.passed, [str(action) for action in run.actions]
    assert worker.spent_tokens() == (100 * len(stub.requests), 7 * len(stub.requests)) and worker.spent_tokens() == (0, 0)
    for request in stub.requests:
        assert ("tools" in request) == ("mode=text" not in spec) and request["model"] == "clerk"
        assert ("seed" in request) == ("temperature" in spec)
    if "mode=text" not in spec:
        offered = {tool["function"]["name"]: tool["function"]["parameters"] for tool in stub.requests[0]["tools"]}
        assert offered == {tool.name: dict(tool.parameters) for tool in TOOLS}


@pytest.mark.parametrize("name", NAMES)
def test_the_agent_keeps_the_contract(stub: Stub, name: str) -> None:
    check_agent(lambda tools, seed: make_agent(f"{name}:clerk", tools, seed), ToyEnvironment, [RELABEL])


def test_what_is_wrong_with_its_name_is_one_line(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, complaint in (
        ("llm", "name a model"),
        ("llm:x;mode=song", "no option"),
        ("llm:x;budget=7", "no option"),
        ("llm:x;colour=3", "no option"),
    ):
        with pytest.raises(UsageError, match=complaint):
            make_agent(name, TOOLS, 0)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="set OPENAI_API_KEY"):
        make_agent("llm:x", TOOLS, 0)


# --- whose fault it is ---------------------------------------------------------------------------------------------------------------


def test_what_passes_is_waited_out(stub: Stub) -> None:
    worker = make_agent("llm:x", TOOLS, 0)
    stub.replies = [status(500), status(429, retry_after="0.05"), called("click", {"ref": "e1"})]
    assert worker.act(seen()) == Action("click", {"ref": "e1"})
    stub.replies = [status(200, "<html>busy</html>"), completion({}) | {"choices": []}, called("wait")]
    assert worker.act(seen()) == Action("wait")


@pytest.mark.parametrize(
    ("replies", "reason", "again"),
    [
        ([status(503, retry_after="0.01")] * 3, r"refused \(503\): not now", True),
        ([status(429, retry_after="0.01")] * 3, r"takes no more for now \(429\): not now", True),
        ([status(401, json.dumps({"error": {"message": f"wrong key {KEY}"}}))], "refuses the key", False),
        ([status(404, json.dumps({"error": {"message": f"no model for {KEY}"}}))], r"refused \(404\): no model for \(key\)", False),
        ([status(400, json.dumps({"error": {"message": "too\nlong"}}))], r"refused \(400\): too long", False),
        ([status(200, "not json")] * 3, "what is no completion", True),
        ([status(200, '{"choices": []}')] * 3, "what is no completion", True),
        ([status(200, "[1, 2]")] * 3, "what is no completion", True),
    ],
)
def test_an_endpoint_that_fails_is_no_failure_of_the_worker(stub: Stub, replies: list[Any], reason: str, again: bool) -> None:
    worker = make_agent("llm:x", TOOLS, 0)
    stub.replies = list(replies)
    with pytest.raises(ServiceFault, match=reason) as fault:
        worker.act(seen())
    assert fault.value.retryable is again and KEY not in str(fault.value) and fault.value.__cause__ is None


def test_an_endpoint_that_is_silent_or_gone(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_LLM_RETRIES", "0")
    monkeypatch.setenv("BAKEOFF_LLM_TIMEOUT", "0.2")
    stub.replies = [slow(1.0)]
    with pytest.raises(ServiceFault, match=r"did not answer within 0\.2 s"):
        make_agent("llm:x", TOOLS, 0).act(seen())
    stub.close()
    with pytest.raises(ServiceFault, match="cannot be reached"):
        make_agent("llm:x", TOOLS, 0).act(seen())


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (called("fly"), "there is no tool 'fly'"),
        (called("click"), "click needs the argument 'ref'"),
        (called("click", {"ref": 3}), "must be of type string"),
        (called("click", {"ref": "e77"}), "no element 'e77' on the screen"),
        (called("click", '{"ref": '), "no JSON"),
        (called("click", "[1]"), "no JSON object"),
        (completion({"content": "I would rather not."}), "names no tool"),
        (completion({"refusal": "I can't help with that."}), "names no tool"),
        (completion({"content": ""}), "names no tool"),
    ],
)
def test_nonsense_is_the_workers_failure_and_it_is_told_what_was_wrong(stub: Stub, answer: dict[str, Any], complaint: str) -> None:
    worker = make_agent("llm:x", TOOLS, 0)
    stub.replies = [answer, called("wait")]
    assert worker.act(seen()) == Action("wait")
    assert complaint in stub.requests[-1]["messages"][-1]["content"]
    stub.replies = [answer] * 3
    with pytest.raises(NoAction, match="no usable action in 3 answers") as failure:
        worker.act(seen())
    assert complaint in str(failure.value)


# --- budgets -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_no_question_outgrows_its_budget_and_an_episode_ends_with_its_own(stub: Stub, name: str) -> None:
    worker = make_agent(f"{name}:x;context=1500;budget=1600;answer=100", TOOLS, 0)
    crowd = tuple(Element(f"e{at}", "button" if at % 9 == 0 else "text", f"thing number {at}") for at in range(900))
    stub.policy = lambda request: called("wait") if "tools" in request else completion({"content": "note " * 400})
    for number in range(3):
        actions = [worker.act(Observation("Find it. " * 300, crowd, step, "Crowd")) for step in range(20)]
        assert Action("wait") in actions and actions[-1] == Action("finish"), "with its tokens spent it says that it is done"
        worker.learn(Observation("Find it.", crowd, 20, "Crowd", ended="finished"), Outcome("outcome", passed=number % 2 == 0))
        assert sum(worker.spent_tokens()) <= 1600
    for request in stub.requests:
        assert estimate(json.dumps([request["messages"], request.get("tools", [])])) <= 1500 * 1.2, "rough, and not much rougher"


@pytest.mark.parametrize("name", NAMES)
def test_an_endpoint_that_counts_more_tokens_than_estimated_is_asked_less(stub: Stub, name: str, tmp_path: Path) -> None:
    """SmolLM2's tokenizer has 1.2 to 1.55 times as many tokens on screens as were estimated."""

    def tokens(request: dict[str, Any]) -> int:
        return len(json.dumps([request["messages"], request.get("tools", [])], ensure_ascii=False).encode()) // 2

    def reply(request: dict[str, Any]) -> dict[str, Any]:
        answer = called("wait") if "tools" in request else completion({"content": "note"})
        answer["usage"]["prompt_tokens"] = tokens(request)
        return answer

    worker = make_agent(f"{name}:x;context=2000;budget=100000;answer=100", TOOLS, 0)
    crowd = tuple(Element(f"e{at}", "button" if at % 9 == 0 else "text", f"thing number {at}") for at in range(900))
    stub.policy = reply
    for _ in range(4):
        for step in range(4):
            worker.act(Observation("Find it. " * 300, crowd, step, "Crowd"))
        worker.learn(Observation("Find it.", crowd, 4, "Crowd", ended="finished"), Outcome("outcome", passed=False))
    assert all(tokens(request) <= 2000 for request in stub.requests[3:])
    assert max(tokens(request) for request in stub.requests[3:]) >= 1200, "and it is not asked too little"
    (tmp_path / "memory").mkdir()
    worker.snapshot(tmp_path / "memory")
    twin = make_agent(f"{name}:x;context=2000;budget=100000;answer=100", TOOLS, 0)
    twin.restore(tmp_path / "memory")
    for one in (worker, twin):
        one.act(Observation("Find it. " * 300, crowd, 0, "Crowd"))
    assert asked(stub.requests[-1]) == asked(stub.requests[-2])


@given(st.lists(st.tuples(st.sampled_from(["button", "text", "row"]), st.text(max_size=60)), max_size=60), st.integers(60, 2000))
def test_a_screen_cut_short_keeps_its_budget_and_says_what_is_missing(items: list[tuple[str, str]], most: int) -> None:
    elements = tuple(Element(f"e{at}", role, name) for at, (role, name) in enumerate(items))
    text = shown(Observation("Press the button.", elements, 1, "Place", error="no"), most)
    assert estimate(text) <= most and text.endswith("! no")
    listed = len(re.findall(r"^\s*\[e\d+\] ", text, re.M))
    missing = re.search(r"\((\d+) of (\d+) elements are not listed\)", text)
    assert listed + (int(missing[1]) if missing else 0) == len(elements)
    assert estimate(clipped(text, 20)) <= 20


# --- memory --------------------------------------------------------------------------------------------------------------------------


def test_history_is_in_the_next_question_newest_kept(stub: Stub) -> None:
    worker, _ = worked("llm-history:clerk;context=3000")
    assert "Earlier job" not in asked(stub.requests[0])
    for passed in (True, False):
        worker.learn(seen(), Outcome("outcome", passed=passed))
    worker.act(seen("Another job."))
    question = asked(stub.requests[-1])
    assert question.count("Earlier job") == 2 and question.index("judged right") < question.index("judged wrong")
    before = memory_hash(worker)
    worker.learn(seen(), Outcome("outcome", abstained=True))
    assert memory_hash(worker) == before
    for _ in range(150):
        worker.learn(seen(), Outcome("none"))
    assert len(worker._episodes) < 150, "what fits in no question is forgotten"


def test_notes_are_written_after_an_episode_and_read_in_the_next(stub: Stub, tmp_path: Path) -> None:
    worker, _ = worked("llm-notes:clerk")
    worker.spent_tokens()
    worker.learn(seen(), Outcome("checks", passed=False, failed_checks=("frame",)))
    assert "judged wrong: frame" in asked(stub.requests[-1]) and worker.spent_tokens() == (100, 7), "writing notes is billed"
    assert worker.beliefs() == ("Jobs so far: 1",)
    worker.act(seen("Another job."))
    assert "Jobs so far: 1" in asked(stub.requests[-1])
    worker.snapshot(tmp_path)
    assert KEY not in (tmp_path / "memory.json").read_text()
    with pytest.raises(UsageError, match="belongs to the model 'clerk'"):
        make_agent("llm-notes:other", TOOLS, 0).restore(tmp_path)


# --- in a run ------------------------------------------------------------------------------------------------------------------------


def test_tokens_and_faults_reach_the_store_and_the_key_does_not(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_LLM_RETRIES", "0")
    count = {"asked": 0}

    def moody(request: dict[str, Any]) -> Any:
        """For a while it answers nonsense, and for a while it is down."""
        count["asked"] += 1
        if 16 <= count["asked"] < 20:
            return status(500, json.dumps({"error": {"message": f"broken {KEY}"}}))
        return called("fly") if 8 <= count["asked"] < 14 else called("finish" if count["asked"] % 2 else "wait")

    stub.policy = moody
    (tmp_path / "plan.toml").write_text(plan_text("llm-notes:clerk", episodes=6))
    result = run_plan(read_plan(tmp_path / "plan.toml"), Plain(Console(quiet=True)), out=tmp_path / "run")
    with Store.open(result.folder) as store:
        episodes = store.episodes()
        kinds = [episode.ended for episode in episodes]
        assert {"agent_error", "fault", "finished"} == set(kinds) and store.faults(), kinds
        assert all("(key)" in fault.reason for fault in store.faults())
        assert sum(episode.ledger.tokens_in for episode in episodes) > 0
        assert all(episode.ledger.tokens_out * 100 == episode.ledger.tokens_in * 7 for episode in episodes)
        assert stub.keys and all(key == f"Bearer {KEY}" for key in stub.keys)
    for path in (item for item in tmp_path.rglob("*") if item.is_file()):
        assert KEY.encode() not in path.read_bytes(), path


def test_a_cell_whose_endpoint_stays_away_ends_and_can_go_on(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_LLM_RETRIES", "0")
    stub.policy = lambda request: status(401)
    (tmp_path / "plan.toml").write_text(plan_text("llm:clerk", episodes=6))
    result = run_plan(read_plan(tmp_path / "plan.toml"), Plain(Console(quiet=True)), out=tmp_path / "run")
    assert not result.complete and all("refuses the key" in reason for _, reason in result.failed)
    with Store.open(result.folder) as store:
        assert {episode.ended for episode in store.episodes()} == {"fault"} and not any(episode.scored for episode in store.episodes())
