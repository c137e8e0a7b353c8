"""Whether a verdict means what it says: right results pass, wrong ones and cheats do not, and nothing gives the solution away."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

from bakeoff.agents.floors import BlindReplay, Random
from bakeoff.audit.bench import Bench, Run, scored
from bakeoff.audit.report import Status
from bakeoff.audit.sample import SEEDS
from bakeoff.core import EnvironmentFault, Proof, ProofKind, Scored, Task, TaskId

ALTERNATIVES, MUTANTS, ATTACKS = 2, 6, 1
"""The least number of proofs of each kind that a task with an expert ships."""

RANDOM_RUNS = 1
"""Random episodes for each task; the rate over all tasks comes with its interval."""

RECORDINGS = 3
"""Recordings of other seeds that are replayed when the first of them passes. A task fails when two of them do: one may ask for the same by chance."""

Results = Iterator[tuple[str, Status, str]]
"""Subject, status, detail."""


def judge(good: bool, detail: str) -> tuple[Status, str]:
    return ("passed", "") if good else ("failed", detail)


def explain(verdict: Scored, ended: str | None = None) -> str:
    failed = "; ".join(f"{check.name}: {check.detail}" for check in verdict.checks if not check.passed) or "no check failed"
    return f"scored {verdict.value:g} ({failed}){'' if ended is None else f'; the episode ended: {ended}'}"


# --- right results pass --------------------------------------------------------------------------------------------------------------


def oracle_max(bench: Bench) -> Results:
    """the expert scores 1, within the limits"""
    run = bench.expert
    if run is None:
        yield "", "inapplicable", "the environment has no expert"
        return
    yield "policy", *judge(run.verdict.passed, explain(run.verdict, run.trajectory.last.ended or "not at all"))
    if bench.all_proofs:
        yield from _proofs(bench, "expert", 1, lambda value: value == 1)


def alternatives_accepted(bench: Bench) -> Results:
    """right results reached in another way score 1"""
    yield from _proofs(bench, "alternative", ALTERNATIVES, lambda value: value == 1)


# --- wrong results do not ------------------------------------------------------------------------------------------------------------


def mutants_rejected(bench: Bench) -> Results:
    """near misses score below 1"""
    yield from _proofs(bench, "mutant", MUTANTS, lambda value: value < 1)


def attacks_floor(bench: Bench) -> Results:
    """cheats score 0"""
    yield from _proofs(bench, "attack", ATTACKS, lambda value: value == 0)


def _proofs(bench: Bench, kind: ProofKind, least: int, good: Callable[[float], bool]) -> Results:
    """Plays every proof of a kind. What a proof asserts on the way counts as well."""
    proofs = bench.proofs(kind)
    if not proofs and bench.environment.expert(bench.task) is None:
        yield "", "inapplicable", f"without an expert, no proof of kind '{kind}' can be asked for"
        return
    if len(proofs) < least:
        yield "", "failed", f"the task ships {len(proofs)} proofs of kind '{kind}'; it needs at least {least}"
    for proof in proofs:
        if proof.name not in bench.played:
            bench.played[proof.name] = _play(bench, proof, good)
        yield proof.name, *bench.played[proof.name]


def _play(bench: Bench, proof: Proof, good: Callable[[float], bool]) -> tuple[Status, str]:
    bench.episodes += 1
    observation = bench.environment.reset(bench.task)
    try:
        proof.play(bench.environment, observation)
    except EnvironmentFault:
        raise
    except AssertionError as problem:
        return "failed", f"{proof.claim}: {problem or 'an assertion failed'}"
    except Exception as problem:
        return "failed", f"{proof.claim}: broke with {type(problem).__name__}: {problem}"
    verdict = scored(bench.environment.verify())
    bench.count("expert" if proof.kind == "expert" else f"{proof.kind}s", proof.name, verdict.passed)
    return judge(good(verdict.value), f"{proof.claim}: {explain(verdict)}")


# --- floors --------------------------------------------------------------------------------------------------------------------------


def floor_gap(bench: Bench) -> Results:
    """doing nothing scores below the expert, and below 1"""
    floor = bench.idle.verdict
    top = 1.0 if bench.expert is None else bench.expert.verdict.value
    yield "noop", *judge(floor.value < min(top, 1.0), f"doing nothing {explain(floor, bench.idle.trajectory.last.ended or 'not at all')}")


def canary_floor(bench: Bench) -> Results:
    """random actions and a blind replay of other seeds' experts score below the expert"""
    rng = random.Random(f"{bench.seed}/{bench.task.id}")
    best = bench.expert
    for _ in range(RANDOM_RUNS):
        run = bench.run(Random(bench.environment.tools, rng.randrange(SEEDS)).act, "random")
        if best is not None:
            reached = f"random reached the expert's score: {explain(run.verdict, run.trajectory.last.ended or 'not at all')}"
            yield "random", *judge(run.verdict.value < best.verdict.value, reached)
    if best is None:
        yield "", "inapplicable", "the environment has no expert to stay below"
        return
    hits: list[str] = []
    for _ in range(RECORDINGS):
        other, run = _replay(bench, rng)
        if run.verdict.value >= best.verdict.value:
            hits.append(str(other.id))
        if not hits:
            break
    # One of three is chance: two records may stand at the same place of a list.
    yield "replay", *judge(len(hits) < 2, f"a blind replay reached the expert's score with what was recorded on {' and on '.join(hits)}")


def _replay(bench: Bench, rng: random.Random) -> tuple[Task, Run]:
    """The expert's actions on another seed, repeated blindly on this one."""
    other = _another_job(bench, rng)
    policy = bench.environment.expert(other)
    assert policy is not None, f"{other.id} has no expert though {bench.task.id} has"
    replay = BlindReplay(bench.environment.tools, 0)
    replay.assist(bench.run(policy, "expert", task=other, count=False).trajectory.actions)
    return other, bench.run(replay.act, "replay")


def _another_job(bench: Bench, rng: random.Random) -> Task:
    """The same template's task of another seed that asks for something else, if one comes up in twenty: in a small world seeds ask for the same."""
    for _ in range(20):
        other = bench.environment.task(twin(bench.task.id, 1 + rng.randrange(SEEDS)))
        if other.instruction != bench.task.instruction:
            break
    return other


def twin(identity: TaskId, by: int) -> TaskId:
    """The same task of another seed."""
    return TaskId(identity.environment, identity.product, identity.version, identity.template, (identity.seed + by) % SEEDS)


# --- nothing gives it away -------------------------------------------------------------------------------------------------------------


def no_solution_leakage(bench: Bench) -> Results:
    """nothing that a worker sees names the task, its template or its proofs"""
    rare = (proof.name for proof in bench.all_proofs if proof.name.count("-") >= 2)  # names that are no everyday words
    tells = {str(bench.task.id), f"{bench.task.id.product}@", f"/{bench.task.id.template}#", *rare}
    runs = [run for run in (bench.expert, bench.idle) if run is not None]
    seen = [json.dumps(observation.to_dict(), ensure_ascii=False) for run in runs for observation in run.observations]
    hits = sorted(tell for tell in tells if any(tell in text for text in seen))
    yield "observations", *judge(not hits, f"the screen shows {', '.join(hits)}")


# --- the verdict is the same every time ------------------------------------------------------------------------------------------------


def verifier_determinism(bench: Bench) -> Results:
    """the same actions get the same verdict, asked twice and on every repetition"""
    run = bench.script
    yield "twice", *judge(run.again == run.trajectory.verdict, "asked twice, verify gives two verdicts")
    for name, again in bench.repeats:
        if isinstance(again, Run):
            same = again.trajectory.verdict == run.trajectory.verdict
            yield name, *judge(same, f"first {run.trajectory.verdict}, then {again.trajectory.verdict}")


def verifier_portability(bench: Bench) -> Results:
    """the stored artefacts alone give the same verdict, without the episode"""
    grader = bench.other or bench.environment
    for name, run in (("script", bench.script), ("noop", bench.idle)):
        regraded = grader.regrade(bench.task, run.artefacts)
        yield name, *judge(regraded == run.trajectory.verdict, f"judged {run.trajectory.verdict}, regraded {regraded}")


def replayability(bench: Bench) -> Results:
    """the recorded actions bring the same episode about again, in another instance as well"""
    for name, again in bench.repeats[-1:]:
        yield name, *judge(isinstance(again, Run), str(again))
