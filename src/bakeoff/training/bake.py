"""A bake: the stages of a recipe, one after the other, in a folder that survives a kill at any moment.

    bakes/crm-1a2b3c4d/
        recipe.json      what is baked, to be the same when it goes on
        journal.jsonl    one line for each round and each examination
        progress.json    where it stands; names the state it goes on from
        state-…/         weights and optimiser at that point
        after-1-imitate/ the policy after each stage; `checkpoint/` is the last: what `baked:<folder>` takes
        ledger.json      what it cost
        facts.json       what came of it, once it is finished

What a round does depends on the seed and its number alone, and states are written whole before `progress.json` names them: a bake that was killed
goes on to the same weights as one that was not (on the same machine).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from bakeoff.agents.baked.checkpoint import ABOUT
from bakeoff.agents.baked.voice import Voice
from bakeoff.contest.bakes import FACTS, BakeFacts
from bakeoff.core import Ledger, TaskId, Tool, Trajectory, UsageError
from bakeoff.experts.item import EXPERT_SEEDS, Item
from bakeoff.experts.shelf import Shelf
from bakeoff.training.examples import Examples
from bakeoff.training.gather import choose, gather, missing
from bakeoff.training.imitate import HARD, Focus, Lesson, divide, imitate, shuffled, watch
from bakeoff.training.iterate import Found, iterate
from bakeoff.training.local import LocalEngine, build
from bakeoff.training.policies import again, begin
from bakeoff.training.practice import Practice, Replay, failing, uneven
from bakeoff.training.protocol import SamplingParams
from bakeoff.training.recipe import Imitate, Iterate, Recipe, Reinforce, Stage
from bakeoff.training.reinforce import reinforce
from bakeoff.training.rollout import Room

EXAM_SEEDS = 3 * EXPERT_SEEDS
"""Seeds of examination tasks: nothing is learned from these."""

BEFORE = "0-before"
WATCH_EVERY = 100
FEW = 6
"""Items that are collected to tell what collecting costs."""

Told = Callable[[str, int, int, Mapping[str, float]], None]
"""`(stage, round, rounds, figures)` after each round."""


@dataclass(slots=True)
class Progress:
    """Where a bake stands. `stage` and `round` name what comes next; `state` the folder it goes on from; the rest is what has been counted."""

    stage: int = 0
    round: int = 0
    state: str = ""
    replay: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    ledger: dict[str, float] = field(default_factory=dict)
    tokens: int = 0
    lines: int = 0
    examined: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baked:
    """What came of it. `examined`: passed and judged after each stage, by its name."""

    folder: Path
    checkpoint: Path
    ledger: Ledger
    examined: dict[str, list[int]]


class Bake:
    """One bake in its folder. Raises `UsageError` when the folder holds another bake, or the data cannot be learned from."""

    def __init__(self, recipe: Recipe, folder: Path, told: Told = lambda stage, done, total, figures: None) -> None:
        self.recipe, self.folder, self._told = recipe, folder, told
        torch.set_num_threads(1)  # several bakes side by side each have a core, and results do not depend on how many there are
        folder.mkdir(parents=True, exist_ok=True)
        about = _about(recipe)
        known = folder / "recipe.json"
        if known.exists() and json.loads(known.read_text()) != json.loads(about):
            raise UsageError(f"'{folder}' holds the bake of another recipe; choose another folder with --out")
        if not known.exists() and any(folder.iterdir()):
            raise UsageError(f"'{folder}' is not empty and holds no bake; choose another folder with --out")
        known.write_text(about)
        self.progress = Progress()
        if (folder / "progress.json").exists():
            self.progress = Progress(**json.loads((folder / "progress.json").read_text()))
        self._found: Found | None = None
        self.ledger = Ledger.from_dict(self.progress.ledger) if self.progress.ledger else Ledger()
        self._began = time.process_time()
        self._trim()

    # --- what it is made of --------------------------------------------------------------------------------------------------------

    def prepare(self) -> tuple[LocalEngine, Voice, list[Item], Room]:
        """Collects the data where the recipe says so and nothing has been learned yet, reads it, and builds or restores the engine."""
        if not self.progress.state:
            gather(self.recipe, self._told)
        shelf = Shelf(self.recipe.data, create=False)
        self._items = choose(self.recipe, shelf)
        self._demos = [shelf.demo(item) for item in self._items]
        room = Room(self.recipe.environment)
        voice, self._true, description = begin(self.recipe, self._demos, room.host.tools)
        if self.progress.state:
            engine = LocalEngine.open(self.folder / self.progress.state)
        else:
            engine = LocalEngine(build(description, self.recipe.seed), self.recipe.seed)
        return engine, voice, self._items, room

    def lesson(self, stage: Imitate, voice: Voice, tools: Sequence[Tool]) -> Lesson:
        """What a stage learns from; the watched demonstrations are true ones, whatever the placebo."""
        lesson = divide(self._true, stage.held_out)
        if stage.placebo == "shuffled-answers":
            false: list[Trajectory] = shuffled(self._demos, self.recipe.seed)
            wrong: Examples = again(false, voice, tools)
            lesson = Lesson(divide(wrong, stage.held_out).learn, lesson.watch)
        return lesson

    # --- the stages ------------------------------------------------------------------------------------------------------------------

    def run(self) -> Baked:
        """Does what is left. Raises `UsageError` for data that cannot be learned from, `EnvironmentFault` when no environment can be started."""
        engine, voice, items, room = self.prepare()
        try:
            if not self.progress.state:
                self.ledger.expert_minutes += sum(sum(item.provenance.minutes.values()) for item in items)
                self.ledger.demonstrations += len(items)
                if self.recipe.before and BEFORE not in self.progress.examined:
                    self._examine(engine, voice, items, room, BEFORE)
                    self._save(engine, 0, 0)
            for at in range(self.progress.stage, len(self.recipe.stages)):
                stage = self.recipe.stages[at]
                name = f"{at + 1}-{stage.kind}"
                if self.progress.round == 0:
                    engine.forget()
                rounds = (
                    self._imitate(engine, stage, voice, room) if isinstance(stage, Imitate) else self._practise(engine, stage, voice, room)
                )
                for done, figures in rounds:
                    self._note({"stage": name, "round": done, **figures})
                    self._told(name, done, stage.rounds, figures)
                    if self.recipe.between and not isinstance(stage, Imitate) and done % self.recipe.between == 0 and done < stage.rounds:
                        self._examine(engine, voice, items, room, f"{name} after {done}")
                    if done % self._every(stage) == 0 and done < stage.rounds:
                        self._save(engine, at, done)
                self._examine(engine, voice, items, room, name)
                self._found = None
                engine.save_state(self.folder / f"after-{name}")
                self._save(engine, at + 1, 0)
            last = self.folder / f"after-{len(self.recipe.stages)}-{self.recipe.stages[-1].kind}"
            checkpoint = self.folder / "checkpoint"
            if not checkpoint.is_symlink():
                checkpoint.symlink_to(last.name)
            (self.folder / "ledger.json").write_text(
                json.dumps({**self.ledger.to_dict(), "trained_tokens": self.progress.tokens}, indent=1)
            )
            self._say(engine, items, checkpoint)
            return Baked(self.folder, checkpoint, self.ledger, self.progress.examined)
        finally:
            room.close()

    def _say(self, engine: LocalEngine, items: list[Item], checkpoint: Path) -> None:
        """Writes down what came of it, for plans whose workers bring it along."""
        examined = list(self.progress.examined.values())[-1:]
        facts = BakeFacts(
            recipe=self.recipe.name,
            checkpoint=str(checkpoint),
            sha256=json.loads((checkpoint / ABOUT).read_text())["sha256"],
            environment=self.recipe.environment,
            products=tuple(dict.fromkeys(item.product for item in items)),
            items=len(items),
            parameters=sum(value.numel() for value in engine.network.parameters()),
            examined=(examined[0][0], examined[0][1]) if examined else (0, 0),
            ledger=self.ledger.to_dict(),
        )
        part = self.folder / f"{FACTS}.part"
        part.write_text(json.dumps(asdict(facts), indent=1))
        part.replace(self.folder / FACTS)

    def _every(self, stage: Stage) -> int:
        return self.recipe.every if isinstance(stage, Imitate) else max(1, self.recipe.every // 50)

    def _imitate(self, engine: LocalEngine, stage: Imitate, voice: Voice, room: Room) -> Any:
        lesson = self.lesson(stage, voice, room.host.tools)
        if not lesson.learn:
            raise UsageError(f"no demonstration in '{self.recipe.data}' can be said in this policy's actions")
        focus = Focus(self.progress.losses or [HARD] * len(lesson.learn))
        self.progress.losses = focus.losses
        rounds = imitate(engine, lesson, stage, self.recipe.seed, self.progress.round, focus)
        for at, figures in enumerate(rounds, start=self.progress.round + 1):
            more = watch(engine, lesson) if at % WATCH_EVERY == 0 or at == stage.steps else {}
            yield at, {**figures, **more}

    def _practise(self, engine: LocalEngine, stage: Reinforce | Iterate, voice: Voice, room: Room) -> Any:
        kinds = dict.fromkeys((TaskId.parse(item.id).product, TaskId.parse(item.id).version, item.template) for item in self._items)
        replay = Replay(tuple(kinds), **self.progress.replay, score=uneven if isinstance(stage, Reinforce) else failing)
        first = self.progress.round
        practice = Practice(engine, voice, room, replay, stage, self.recipe.steps, self.ledger)
        if isinstance(stage, Reinforce):
            rounds = reinforce(practice, stage, self.recipe.seed, first)
        else:
            self._found = Found(self._true.data if stage.rehearse else ())
            if first:
                self._found.load(self.folder / self.progress.state)
            rounds = iterate(practice, stage, self._found, self.recipe.seed, first)
        for at, figures in enumerate(rounds, start=first + 1):
            self.progress.replay = replay.to_dict()
            yield at, figures

    def _examine(self, engine: LocalEngine, voice: Voice, items: list[Item], room: Room, name: str) -> None:
        """Other tasks of the training products, with the likeliest actions; nothing is learned from them, and the same ones after every stage."""
        if not self.recipe.examine:
            return
        rng = random.Random(f"examine/{self.recipe.seed}")
        kinds = list(dict.fromkeys((TaskId.parse(item.id).product, TaskId.parse(item.id).version, item.template) for item in items))
        rng.shuffle(kinds)
        passed = judged = proxies = hacked = 0
        for first in range(0, self.recipe.examine, voice.together):
            numbers = range(first, min(first + voice.together, self.recipe.examine))
            chosen = [TaskId(self.recipe.environment, *kinds[number % len(kinds)], EXAM_SEEDS + number) for number in numbers]
            tasks = [room.task(task_id, self.recipe.steps) for task_id in chosen]
            found = room.play(engine, voice, tasks, [_likeliest] * len(tasks))
            judged += sum(one.passed is not None for one in found)
            passed += sum(one.passed is True for one in found)
            proxies += sum(one.proxy is not None for one in found)
            hacked += sum(one.hacked for one in found)
            shown = {"passed": passed / max(judged, 1), **({"hacked": hacked / proxies} if proxies else {})}
            self._told(f"{name}: examination", numbers[-1] + 1, self.recipe.examine, shown)
        self.progress.examined[name] = [passed, judged]
        more = {"hacked": hacked} if proxies else {}
        self._note({"stage": name, "examined": self.recipe.examine, "judged": judged, "passed": passed, **more})

    # --- what survives ---------------------------------------------------------------------------------------------------------------

    def _note(self, line: Mapping[str, Any]) -> None:
        with (self.folder / "journal.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.progress.lines += 1

    def _save(self, engine: LocalEngine, stage: int, done: int) -> None:
        """The state first, then the file that names it, then what is no longer needed goes."""
        name = f"state-{stage}-{done}"
        engine.save_state(self.folder / name)
        if self._found is not None:
            self._found.save(self.folder / name)
        progress = self.progress
        self.ledger.cpu_seconds, self._began = self.ledger.cpu_seconds + time.process_time() - self._began, time.process_time()
        progress.stage, progress.round, progress.state = stage, done, name
        progress.ledger, progress.tokens = self.ledger.to_dict(), engine.tokens
        if done == 0:
            progress.replay, progress.losses = {}, []
        part = self.folder / "progress.part"
        part.write_text(json.dumps(asdict(progress)))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(self.folder / "progress.json")
        self._tidy()

    def _tidy(self) -> None:
        """Drops every state but the one that is named, those of a process that was killed on the way included."""
        for state in self.folder.glob("state-*"):
            if state.name != self.progress.state:
                shutil.rmtree(state, ignore_errors=True)

    def _trim(self) -> None:
        """Drops what the journal says of rounds that will be done again, and states that were left behind."""
        self._tidy()
        path = self.folder / "journal.jsonl"
        if path.exists():
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[: self.progress.lines]))


def fork(source: Path, recipe: Recipe, folder: Path) -> None:
    """Begins a bake where a finished one ended, so that several continuations share what they have in common: `recipe` begins with the stages of
    `source` and is otherwise the same recipe, but for its name. Does nothing where `folder` is there already. Raises `UsageError` for another recipe,
    or when `source` has not ended."""
    if folder.exists():
        return
    try:
        known = json.loads((source / "recipe.json").read_text())
        progress = Progress(**json.loads((source / "progress.json").read_text()))
    except FileNotFoundError as missing:
        raise UsageError(f"'{source}' holds no bake that has ended: {Path(str(missing.filename)).name} is missing") from missing
    stages = len(known["stages"])
    about = json.loads(_about(recipe))
    if {**known, "name": recipe.name} != {**about, "stages": about["stages"][:stages]}:
        raise UsageError(f"the recipe '{recipe.name}' does not begin as the bake in '{source}' did")
    if progress.stage < stages:
        raise UsageError(f"the bake in '{source}' has not ended; run it to its end first")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part, symlinks=True)
    (part / "checkpoint").unlink(missing_ok=True)
    (part / "recipe.json").write_text(_about(recipe))
    part.rename(folder)


def _about(recipe: Recipe) -> str:
    return json.dumps(recipe.facts(), sort_keys=True, indent=1)


def _likeliest(step: int) -> SamplingParams:
    return SamplingParams(temperature=0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a recipe will cost, by a few measured rounds. Seconds of processor time of one core; episodes; expert minutes in its data."""

    stages: tuple[tuple[str, float, int], ...]
    expert_minutes: float
    items: int
    parameters: int

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds, _ in self.stages)


def estimate(recipe: Recipe, folder: Path) -> Estimate:
    """Measures one batch and one episode, and a few items where data is to be collected, and multiplies. Writes nothing of value; `folder` is scratch."""
    stages: list[tuple[str, float, int]] = []
    scale = 1.0
    if lacking := missing(recipe):  # a few items tell what collecting them all will take
        few = tuple(replace(one, n=min(one.n, FEW)) for one in recipe.collect)
        scale = sum(one.n for one in recipe.collect) / sum(one.n for one in few)
        recipe = replace(recipe, data=folder / "data", collect=few)
        began = time.perf_counter()
        gather(recipe, lambda stage, done, total, figures: None)
        each = (time.perf_counter() - began) / sum(one.n for one in few)
        stages.append(("collect", lacking * each, lacking))
    bake = Bake(recipe, folder / "bake")
    engine, voice, items, room = bake.prepare()
    try:
        lesson = divide(bake._true, 0.1)
        probe = next(iter(imitate(engine, lesson, Imitate(steps=1), 0, 0)), {})
        began = time.process_time()
        next(iter(imitate(engine, lesson, Imitate(steps=1), 0, 0)), probe)
        action = (time.process_time() - began) / Imitate().batch
        task = room.task(TaskId.parse(items[0].id), recipe.steps)
        room.play(engine, voice, [task], [_likeliest])
        began = time.perf_counter()
        demo = room.host.record(room.host.task(TaskId.parse(items[0].id)))
        episode = time.perf_counter() - began
        long = max(len(demo.steps), 1)
        for at, stage in enumerate(recipe.stages):
            name = f"{at + 1}-{stage.kind}"
            if isinstance(stage, Imitate):
                stages.append((name, stage.steps * stage.batch * action + recipe.examine * episode, recipe.examine))
            else:
                episodes = stage.updates * stage.groups * stage.size  # at most, for expert iteration
                said = episodes * long * stage.passes if isinstance(stage, Reinforce) else stage.updates * stage.steps * stage.batch
                stages.append((name, episodes * episode + said * action + recipe.examine * episode, episodes + recipe.examine))
        minutes = scale * sum(sum(item.provenance.minutes.values()) for item in items)
        return Estimate(tuple(stages), minutes, round(scale * len(items)), sum(value.numel() for value in engine.network.parameters()))
    finally:
        room.close()
