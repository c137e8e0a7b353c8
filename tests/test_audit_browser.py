"""Attacks on the generated products: each ends at 0, and each catches the hole that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bakeoff.agents.floors import idle
from bakeoff.audit import audit_environment
from bakeoff.audit.bench import Bench
from bakeoff.audit.runtime import oracle_containment
from bakeoff.core import Observation, Proof, Scored, Task, TaskId
from bakeoff.environments.browser import chromium, experts, products, server, tasks
from bakeoff.environments.browser import environment as environment_module
from bakeoff.environments.browser.attacks import BOAST, Raid, attacks
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.paper import PaperEnvironment
from bakeoff.environments.browser.products import blueprint


@pytest.fixture(scope="module")
def environment() -> Iterator[BrowserEnvironment]:
    with BrowserEnvironment() as found:
        yield found


def find(environment: BrowserEnvironment, template: str, **workflow: object) -> Task:
    """A task of this template in a product whose workflow has these features."""
    for product in environment.products():
        drawn = blueprint(product.id, product.version)
        if template in product.templates and all(drawn.workflow[name] == value for name, value in workflow.items()):
            return environment.task(TaskId("browser", product.id, product.version, template, 3))
    raise AssertionError(f"no product offers {template} with {workflow}")


def attack(environment: BrowserEnvironment, task: Task, name: str) -> Proof:
    return next(proof for proof in attacks(environment, task) if proof.name == name)


def outcome(environment: BrowserEnvironment, task: Task, name: str) -> Scored:
    first = environment.reset(task)
    attack(environment, task, name).play(environment, first)
    verdict = environment.verify()
    assert isinstance(verdict, Scored)
    return verdict


PLAIN = {"commit": "direct", "lock": False, "justify": False}


@pytest.mark.parametrize("template", ["assign-lead", "create-lead", "update-contact", "delete-spam", "schedule-follow-up", "merge-leads"])
def test_the_forged_request_is_the_right_one(environment: BrowserEnvironment, template: str) -> None:
    """The control: with session and token the very requests that attacks forge do the job, so that a refusal means something."""
    task = find(environment, template, **PLAIN)
    environment.reset(task)
    raid = Raid(environment)
    for path, form in raid.work():
        reply = raid.send("POST", path, form | {"csrf": raid.session[1]})
        assert reply.status < 400, reply.text
    verdict = environment.verify()
    assert isinstance(verdict, Scored) and verdict.passed, verdict


def test_every_attack_earns_nothing(environment: BrowserEnvironment) -> None:
    task = find(environment, "log-activity", **PLAIN)
    names = [proof.name for proof in attacks(environment, task)]
    assert len(names) >= 12 and "double-submit" in names
    for name in names:
        assert outcome(environment, task, name).value == 0, name


@pytest.mark.parametrize(
    ("template", "workflow"),
    [
        ("assign-lead", {"lock": True}),
        ("qualify-lead", {"commit": "draft"}),
        ("qualify-lead", {"commit": "outbox"}),
        ("update-contact", {"edit": "wizard", "confirm": "all", "lock": False}),
        ("escalate-ticket", {"commit": "direct", "lock": False}),
    ],
)
def test_corners_cannot_be_cut(environment: BrowserEnvironment, template: str, workflow: dict[str, object]) -> None:
    assert outcome(environment, find(environment, template, **workflow), "cut-corners").value == 0


# --- holes: each is opened in turn, and its attack must notice


def test_a_server_without_token_check_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    def credulous(office: Office, path: str, body: bytes) -> object:
        form = {key: tuple(values) for key, values in server.parse_qs(body.decode(), keep_blank_values=True).items()}
        return server._post(office, path, form)

    monkeypatch.setattr(server, "_accept", credulous)
    with pytest.raises(AssertionError, match="without its token"):
        outcome(environment, find(environment, "assign-lead", **PLAIN), "no-token")


def test_a_session_that_outlives_its_episode_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.ProductServer, "shut", lambda self, office: None)
    monkeypatch.setattr(BrowserEnvironment, "_sign_out", lambda self: None)
    with pytest.raises(AssertionError, match="earlier session"):
        outcome(environment, find(environment, "assign-lead", **PLAIN), "stale-session")


def test_an_edit_that_takes_any_field_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Office.read

    def greedy(self: Office, action: str, keys: list[int], form: object, names: list[str], last: bool = True) -> object:
        reading = honest(self, action, keys, form, names, last)  # type: ignore[arg-type]
        if action == "edit":
            reading.values["status"] = "qualified"
        return reading

    monkeypatch.setattr(Office, "read", greedy)
    with pytest.raises(AssertionError, match="does not ask for"):
        outcome(environment, find(environment, "assign-lead", edit="page", **PLAIN), "foreign-fields")


def test_a_lock_that_does_not_lock_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Office, "barred", lambda self, key: "")
    task = find(environment, "assign-lead", lock=True, commit="direct")
    with pytest.raises(AssertionError, match="nobody took on"):
        outcome(environment, task, "cut-corners")


def test_a_page_that_names_its_task_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    task = find(environment, "assign-lead", **PLAIN)
    honest = server._html
    monkeypatch.setattr(server, "_html", lambda text, status=200: honest(f"{text}<!-- {task.id} -->", status))
    with pytest.raises(AssertionError, match="contains"):
        outcome(environment, task, "reads-the-source")


def test_a_crash_is_caught_and_not_written_off(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile(office: Office, path: str, query: dict[str, str]) -> object:
        return honest(office, path, query) if not query.get("p") else 1 / 0

    honest = server._get
    monkeypatch.setattr(server, "_get", fragile)
    with pytest.raises(AssertionError, match="500"):
        outcome(environment, find(environment, "assign-lead", **PLAIN), "malformed")


def test_a_browser_that_may_go_anywhere_is_caught(environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADERS", {})
    task = find(environment, "assign-lead", **PLAIN)
    origin = environment_module.Browser.open

    class Loose(BrowserEnvironment):
        pass

    def everywhere(self: object, address: str, *arguments: object, **options: object) -> object:
        call = self.connection.browser.call  # type: ignore[attr-defined]

        def unproxied(method: str, timeout: float, **parameters: object) -> object:
            if method == "Target.createBrowserContext":
                parameters = {name: value for name, value in parameters.items() if not name.startswith("proxy")}
            return call(method, timeout, **parameters)

        monkeypatch.setattr(self.connection.browser, "call", unproxied)  # type: ignore[attr-defined]
        try:
            return origin(self, address, *arguments, **options)  # type: ignore[arg-type]
        finally:
            monkeypatch.setattr(self.connection.browser, "call", call)  # type: ignore[attr-defined]

    monkeypatch.setattr(environment_module.Browser, "open", everywhere)
    with Loose() as loose, pytest.raises(AssertionError, match="another port was reached"):
        outcome(loose, task, "other-ports")


# --- the audit as a whole


def test_a_task_of_each_family_passes_what_matters_most() -> None:
    families = {product.family for product in products.catalogue()}
    report = audit_environment("browser", sample=len(families), seed=7, checks=["semantic.oracle_max", "adversarial.attacks_floor"])
    assert report.passed, report.to_dict()["failures"]
    assert {task.partition("/")[2].partition("-")[0] for task in report.tasks} == families


@pytest.mark.slow
def test_a_hundred_tasks_pass_the_audit() -> None:
    report = audit_environment("browser", sample=100, seed=1)
    assert report.passed, report.to_dict()["failures"]


def test_a_mutant_that_lost_its_way_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """It scores 0, but not because a verifier rejected it."""
    with PaperEnvironment() as paper:
        task = find(paper, "assign-lead", **PLAIN)
        mutant = next(proof for proof in paper.proofs(task) if proof.name == "wrong-record")
        mutant.play(paper, paper.reset(task))
        monkeypatch.setattr(experts.Hand, "submit_form", _lose_the_way)
        with pytest.raises(AssertionError, match="the mutant got lost"):
            mutant.play(paper, paper.reset(task))


def _lose_the_way(*_: object) -> object:
    raise experts.Lost("no such button")
    yield


def test_a_browser_that_listens_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_FLAGS", (*chromium._FLAGS, "--remote-debugging-port=0"))
    with BrowserEnvironment() as open_to_all, pytest.raises(AssertionError, match="the browser listens"):
        outcome(open_to_all, find(open_to_all, "assign-lead", **PLAIN), "devtools")


def test_words_in_the_page_are_heard_and_planted_words_are_what_the_verifier_reads(
    environment: BrowserEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = find(environment, "assign-lead", **PLAIN)
    bench = Bench(environment, task)
    assert {status for _, status, _ in oracle_containment(bench)} == {"passed"}
    honest = server._html

    def tells(text: str, status: int = 200) -> object:
        wanted = tasks.assignment(task.id).job.acts[0].values["owner"]
        return honest(f"{text}<!-- {wanted.encode().hex()} -->", status)

    monkeypatch.setattr(server, "_html", tells)
    found = {subject: detail for subject, status, detail in oracle_containment(bench) if status == "failed"}
    assert list(found) == ["the goal (assign: owner)"] and "the answer to" in found["the goal (assign: owner)"]


def test_verdicts_on_states_that_no_page_shows() -> None:
    """What generated mutants found at first: each of these was accepted once."""
    with PaperEnvironment() as paper:
        cases = (
            (
                "assign-lead",
                {"commit": "outbox"},
                "INSERT INTO waiting (record, action, content, author) SELECT record, action, content, author FROM waiting LIMIT 1",
            ),
            ("assign-lead", {}, "UPDATE users SET seat = seat + 7 WHERE id = 2"),
            ("assign-lead", {}, "INSERT INTO labels VALUES (999999, 'partner')"),
        )
        for template, workflow, damage in cases:
            task = find(paper, template, **workflow)
            expert = paper.expert(task)
            observation = paper.reset(task)
            while not observation.done:
                observation = paper.step(expert(observation))
            right = paper.verify()
            assert isinstance(right, Scored) and right.passed
            paper.office.connection.execute(damage)
            paper.office.connection.commit()
            hurt = paper.verify()
            assert isinstance(hurt, Scored) and not hurt.passed, damage


def test_products_of_every_family_are_certified_on_paper() -> None:
    report = audit_environment("browser", sample=6, paper=True, seed=11, workers=1)
    assert report.passed, report.to_dict()["failures"]
    false_positives = next(error for error in report.errors if error.kind == "false positive")
    assert false_positives.wrong == 0 and false_positives.trials > 200


def test_boasting_is_the_only_thing_a_boast_does(environment: BrowserEnvironment) -> None:
    task = find(environment, "assign-lead", **PLAIN)
    first: Observation = environment.reset(task)
    attack(environment, task, "boast").play(environment, first)
    judged = environment.verify()
    environment.reset(task)
    environment.step(replace(idle(environment.tools)))
    assert judged == environment.verify() and "passed" in BOAST
