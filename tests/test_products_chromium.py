"""The newer families in real Chromium: script of the newer widgets, forms that save by themselves, answers, variants, attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bakeoff.core import Action, Scored, TaskId, UsageError
from bakeoff.environments.browser import mutants, tasks, ways
from bakeoff.environments.browser.environment import ARTEFACT, BrowserEnvironment
from open_products import OPEN, product_with


@pytest.fixture(scope="module")
def environment() -> Iterator[BrowserEnvironment]:
    with BrowserEnvironment() as found:
        yield found


CASES = [
    ("payables", {"choice": "lookup", "edit": "autosave"}, "copy-cost-centre", ""),
    ("payables", {"money": "split", "date": "calendar"}, "correct-invoice", ""),
    ("shop", {"number": "slider", "confirm": "typed"}, "take-delivery", ""),
    ("shop", {"tags": "transfer"}, "label-product", ""),
    ("hr", {"edit": "autosave", "grid": True}, "change-details", ""),
    ("travel", {"number": "stepper"}, "same-seats", ""),
    ("travel", {"commit": "outbox"}, "decide-by-policy", "-nonsense"),
    ("hr", {"commit": "draft"}, "check-pay-rise", "@2"),
    ("crm", {"status": "board"}, "qualify-lead", ""),
    ("shop", {"status": "board", "commit": "approval"}, "ship-order", ""),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in (
            ("helpdesk", {"status": "board", "lock": True}, "close-ticket", ""),
            ("payables", {"status": "board", "find": "search"}, "approve-invoice", "-nonsense"),
            ("travel", {"status": "board", "confirm": "typed"}, "close-room", "@2"),
            ("hr", {"commit": "approval", "edit": "wizard"}, "change-details", "@2"),
            ("crm", {"commit": "approval", "merge": "bulk"}, "merge-leads", ""),
            ("travel", {"date": "calendar", "commit": "approval"}, "shift-trip", "-nonsense"),
            ("travel", {"date": "triple"}, "shift-trip", "-nonsense"),
            ("shop", {"number": "slider", "grid": True}, "days-returns", "-nonsense"),
            ("shop", {"edit": "inline"}, "return-and-refund", "@2"),
            ("hr", {"date": "calendar"}, "give-notice", "-nonsense"),
            ("helpdesk", {"tags": "transfer", "edit": "autosave"}, "label-ticket", ""),
            ("helpdesk", {"number": "slider"}, "book-time", "@2"),
            ("payables", {"number": "stepper"}, "agree-instalments", ""),
            ("crm", {"commit": "outbox"}, "names-at-firm", "-nonsense"),
        )
    ),
]


@pytest.mark.parametrize(("family", "features", "template", "variant"), CASES)
def test_newer_widgets_and_workflows_hold_in_chromium(
    environment: BrowserEnvironment, family: str, features: dict[str, object], template: str, variant: str
) -> None:
    name, version = product_with(family, **features).id + variant.removesuffix("@2"), 2 if variant == "@2" else 1
    task = environment.task(TaskId("browser", name, version, template, 3))
    found = tasks.assignment(task.id)
    unsaved = [proof for proof in mutants.proofs(found) if proof.name == "not-saved"]
    for proof in (*ways.proofs(found)[:4], *unsaved):
        proof.play(environment, environment.reset(task))
        verdict = environment.verify()
        assert isinstance(verdict, Scored)
        assert verdict.passed == (proof.kind != "mutant"), (proof.name, verdict, environment.answer)


def test_an_answer_is_judged_kept_and_needed_to_judge_again(environment: BrowserEnvironment) -> None:
    task = environment.task(TaskId("browser", OPEN["payables"][4], 1, "total-owed", 8))
    policy, observation = environment.expert(task), environment.reset(task)
    while not observation.done:
        observation = environment.step(policy(observation))
    verdict, kept = environment.verify(), dict(environment.artefacts())
    assert isinstance(verdict, Scored) and verdict.passed and environment.regrade(task, kept) == verdict
    with pytest.raises(UsageError, match="the job asks a question"):
        environment.regrade(task, {ARTEFACT: kept[ARTEFACT]})
    environment.reset(task)
    environment.step(Action("finish", {"answer": "12.00"}))
    wrong = environment.verify()
    assert isinstance(wrong, Scored) and wrong.failed_checks == ("goal-answer",)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "template"),
    [("payables", "clear-supplier"), ("shop", "cancel-unless-sent"), ("hr", "request-leave"), ("travel", "close-room")],
)
def test_attacks_on_newer_families_score_nothing(environment: BrowserEnvironment, family: str, template: str) -> None:
    task = environment.task(TaskId("browser", OPEN[family][150], 1, template, 2))
    for proof in environment.proofs(task):
        if proof.kind == "attack":
            proof.play(environment, environment.reset(task))
            verdict = environment.verify()
            assert isinstance(verdict, Scored) and not verdict.passed, proof.name
