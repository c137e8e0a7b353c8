"""Whether the environment behaves: the same from the same seed, apart from its neighbours, and with its secrets out of the agent's reach."""

from __future__ import annotations

import base64
import json
import math
import random
import threading
from collections.abc import Iterable, Iterator

from bakeoff.agents.floors import Random
from bakeoff.audit.bench import Bench, Run, difference_of, scored
from bakeoff.audit.sample import SEEDS
from bakeoff.audit.semantic import Results, explain, judge, twin
from bakeoff.core import Environment, verdict_from_dict
from bakeoff.proofs import Canaries


def reward_well_formed(bench: Bench) -> Results:
    """every score is a number from 0 to 1 that its checks bear out and that survives being stored"""
    for name, run in (("script", bench.script), ("noop", bench.idle)):
        verdict = run.verdict
        good = math.isfinite(verdict.value) and 0 <= verdict.value <= 1 and bool(verdict.checks)
        good &= verdict_from_dict(json.loads(json.dumps(verdict.to_dict()))).to_dict() == json.loads(json.dumps(verdict.to_dict()))
        yield name, *judge(good, explain(verdict))


def seed_control(bench: Bench) -> Results:
    """the seed decides: the same one begins the same, another one is another job"""
    rng = random.Random(f"seed/{bench.seed}/{bench.task.id}")
    bench.episodes += 1
    first = bench.environment.reset(bench.task)
    difference = difference_of(bench.script.trajectory.first, first)
    yield "same seed", *judge(not difference, difference)
    jobs = {_job(bench, twin(bench.task.id, 1 + rng.randrange(SEEDS))) for _ in range(4)} | {(first.goal, first.text)}
    yield "other seeds", *judge(len(jobs) > 1, "five seeds gave one and the same job and screen")


def _job(bench: Bench, identity: object) -> tuple[str, str]:
    bench.episodes += 1
    observation = bench.environment.reset(bench.environment.task(identity))  # type: ignore[arg-type]
    return observation.goal, observation.text


def episode_determinism(bench: Bench) -> Results:
    """the same actions lead through the same screens, every time"""
    for name, again in bench.repeats:
        yield name, *judge(isinstance(again, Run), str(again))


def episode_isolation(bench: Bench) -> Results:
    """an episode in a second instance, stepped in turn or at the same time, changes nothing"""
    if bench.other is None:
        yield "", "inapplicable", "no second instance; audit the environment by name"
        return
    run = bench.script
    bench.episodes += 2
    intruder = Random(bench.other.tools, bench.seed + 1)
    mine, theirs = bench.environment.reset(bench.task), bench.other.reset(bench.task)
    difference = difference_of(run.trajectory.first, mine)
    for index, step in enumerate(run.trajectory.steps):
        if difference:
            break
        if not theirs.done:
            theirs = bench.other.step(intruder.act(theirs))
        difference = difference_of(
            step.observation, bench.environment.step(step.action), f"beside another episode, after action {index + 1}"
        )
    yield "screens", *judge(not difference, difference)
    if difference:
        return
    verdict = bench.environment.verify()
    yield "verdict", *judge(verdict == run.trajectory.verdict, f"alone {run.trajectory.verdict}, beside another episode {verdict}")
    strange = scored(bench.other.verify())
    yield "neighbour", *judge(not strange.passed, "a random neighbour passed while the expert worked on the same task")
    yield from _at_once(bench)


def _at_once(bench: Bench) -> Results:
    """Two at the same time, one thread each, on the same task."""
    assert bench.other is not None
    found: dict[str, Run | str | BaseException] = {}

    def work(name: str, environment: Environment) -> None:
        try:
            found[name] = bench.repeat(environment)
        except BaseException as problem:
            found[name] = problem

    thread = threading.Thread(target=work, args=("the other", bench.other), daemon=True)
    thread.start()
    work("one", bench.environment)
    thread.join()
    for name, result in sorted(found.items()):
        if isinstance(result, BaseException):
            raise result
        good = isinstance(result, Run) and result.trajectory.verdict == bench.script.trajectory.verdict
        yield f"at once, {name}", *judge(good, result if isinstance(result, str) else f"{result.trajectory.verdict}")


WANDER = 12
"""Random actions while words are planted, to see pages that the expert has no reason to open."""


# --- canaries --------------------------------------------------------------------------------------------------------------------------


def oracle_containment(bench: Bench) -> Results:
    """tell-tale words planted in the goal, the solution and the verdict reach nothing that a worker could see"""
    plant = getattr(bench.environment, "plant", None)
    if plant is None:
        yield "", "inapplicable", "the environment offers no way to plant words in its secrets"
        return
    script = bench.script
    actions = iter(script.trajectory.actions)
    with plant(bench.task) as canaries:
        replay = bench.run(lambda _: next(actions), "script", count=False)
        heard = list(_seen(replay)) + list(canaries.heard())
        wander = bench.task.with_limits(steps=min(WANDER, bench.task.limits.steps))
        heard += _seen(bench.run(Random(bench.environment.tools, bench.seed).act, "random", task=wander, count=False))
        heard += canaries.heard()
    control = replay.verdict.passed and script.verdict.passed
    yield "control", *judge(not control, "with a goal made of planted words the expert's old actions still pass: the plant reached nothing")
    yield from _search(canaries, heard)


def _seen(run: Run) -> Iterator[tuple[str, str]]:
    """All that a worker is given: observations, and which checks failed (feedback level `checks`)."""
    for observation in run.observations:
        yield "an observation", json.dumps(observation.to_dict(), ensure_ascii=False)
    yield "the feedback", " ".join(run.verdict.failed_checks)


def _search(canaries: Canaries, heard: Iterable[tuple[str, str]]) -> Results:
    texts = {name: "" for name, _ in heard}
    for name, text in heard:
        texts[name] += text + "\n"
    for place, word in canaries.words.items():
        forms = disguises(word)
        found = [name for name, text in texts.items() if any(form in text for form in forms) or word in text.lower()]
        yield place, *judge(not found, f"what was hidden in {place} shows up in {', '.join(found)}")
    total = sum(map(len, texts.values()))
    yield "listening", *judge(total > 0, "nothing was heard at all, so nothing could have been found")


def disguises(word: str) -> set[str]:
    """A word as it is, backwards, in hexadecimal, and in base64 wherever it may begin in a longer text."""
    raw = word.encode()
    forms = {word, word[::-1], raw.hex()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        forms.add(text[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6])
    return forms
