"""The store of one run: a folder with `store.sqlite` (rows), `trajectories/` and `snapshots/` (files). Nothing finished is ever lost.

An episode is stored in one transaction, after its files are on disk, so that a row never points at a file that is not there. Files are
named by what they belong to, so that an episode run again after a crash overwrites the remains of the lost attempt.

Reading: `Store.open(run_dir)`, then `run`, `cells()`, `episodes()`, `trajectory(episode)`, `artefacts(episode)`, `beliefs(cell)`,
`faults()`, `sealed_uses()`, `disk_bytes()`. Abstained episodes have `value is None`; `Episode.scored` tells them apart.
"""

from __future__ import annotations

import io
import json
import os
import platform
import re
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select, update

from bakeoff import __version__
from bakeoff.contest import schema as db
from bakeoff.contest.trajectories import pack, unpack
from bakeoff.core import Abstained, Check, Ledger, Scored, Trajectory, UsageError, Verdict, content_hash

DATABASE = "store.sqlite"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run. `plan`: the expanded plan as data (see `plan.py`); `source`: the TOML as written; `machine`: see `describe_machine`.

    `seconds`: wall time over all sittings; `sittings`: how often it was started or resumed; `finished`: epoch seconds or None.
    """

    name: str
    plan_hash: str
    plan: Mapping[str, Any]
    source: str
    seed: int
    version: str
    machine: Mapping[str, Any]
    created: float
    finished: float | None
    seconds: float
    sittings: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One agent on one stream in one repetition: the unit of work. `status`: `pending`, `running`, `done` or `failed` (see `problem`).

    `agent`: the label, unique in the plan; `spec`: what the registry calls it; `memory`: hash of its last snapshot.
    `planned` and `done` count episodes, exams included; `lasts`: its memory, for the stream, a product or an episode.
    """

    id: int
    agent: str
    spec: str
    privilege: str
    stream: str
    repetition: int
    environment: str
    feedback: str
    lasts: str
    seed: int
    planned: int
    done: int
    memory: str
    status: str
    problem: str

    @property
    def folder(self) -> str:
        """Where its files live below `trajectories/`."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.agent} {self.stream}".lower()).strip("-")
        return f"{self.id:04d}-{words[:60]}-r{self.repetition}"


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished episode with its newest verdict. Field by field what `schema.episodes` says.

    `kind`: `stream` or `exam`; `value`: score in [0, 1], None when abstained (`reason` says why); `checks`: all checks of the newest
    verdict; `edition`: 1 as first judged, higher after each regrade; `beliefs`: only where they changed since the episode before.
    `ledger` covers the episode and the practice before it; `calls`: milliseconds that each `reset`, `step` and `verify` took, practice left out.
    """

    id: int
    cell: int
    agent: str
    stream: str
    repetition: int
    position: int
    kind: str
    exam: str
    after: int
    task_id: str
    environment: str
    product: str
    template: str
    task_seed: int
    family: str
    split: str
    distance: str
    instruction: str
    attempt: int
    template_attempt: int
    product_order: int
    tries: int
    ended: str
    memory_before: str
    memory_after: str
    trajectory: str
    artefacts: str
    traceback: str
    calls: Mapping[str, Sequence[float]]
    started: float
    finished: float
    ledger: Ledger
    value: float | None
    reason: str
    edition: int
    checks: tuple[Check, ...] = ()
    beliefs: tuple[str, ...] | None = None

    @property
    def scored(self) -> bool:
        """False when the verdict abstained."""
        return self.value is not None

    @property
    def passed(self) -> bool:
        """True on complete success; False when it failed or abstained (look at `scored` first)."""
        return self.value == 1.0

    @property
    def failed_checks(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the infrastructure during an episode that was then run again, or abstained."""

    cell: int
    position: int
    task_id: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class NewEpisode:
    """What the runner hands over to be stored: the row's own facts, the trajectory (None when no screen was ever seen) and the rest."""

    row: Mapping[str, Any]
    verdict: Verdict
    ledger: Ledger
    trajectory: Trajectory | None
    artefacts: Mapping[str, bytes] = field(default_factory=dict)
    beliefs: tuple[str, ...] | None = None
    snapshot: Path | None = None  # folder with the agent's memory after the episode; None when unchanged
    keep_snapshot: bool = False


def describe_machine() -> dict[str, Any]:
    """Facts that figures depend on: processor count, system, Python."""
    return {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(), "processor": platform.machine()}


class Store:
    """Reads and writes one run's folder. Several processes may hold one open at once; each process makes its own."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self._engine = engine

    # --- opening ---------------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, folder: Path, *, name: str, plan_hash: str, plan: Mapping[str, Any], source: str, seed: int, cells: Sequence[Mapping[str, Any]]
    ) -> Store:
        """Makes the folder and its store. Raises `UsageError` when there is a store already."""
        if (folder / DATABASE).exists():
            raise UsageError(f"{folder} already holds a run; continue it with --resume or choose another folder with --out")
        folder.mkdir(parents=True, exist_ok=True)
        # Written under another name first: a store that was never filled must not look like one.
        fresh = folder / f"{DATABASE}.new"
        for rest in folder.glob(f"{DATABASE}.new*"):
            rest.unlink()
        engine = _engine(fresh)
        db.metadata.create_all(engine)
        with _writing(engine) as connection:
            connection.execute(insert(db.meta), [{"key": "schema", "value": str(db.SCHEMA_VERSION)}])
            values = {"name": name, "plan_hash": plan_hash, "plan": dict(plan), "source": source, "seed": seed, "version": __version__}
            run_id = connection.execute(
                insert(db.runs).values(**values, machine=describe_machine(), created=time.time())
            ).inserted_primary_key[0]  # type: ignore[index]
            connection.execute(insert(db.cells), [{"run_id": run_id, **cell} for cell in cells])
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        for rest in folder.glob(f"{DATABASE}.new-*"):
            rest.unlink()
        fresh.rename(folder / DATABASE)
        _sync_folder(folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Raises `UsageError` when there is no store, or one of another schema."""
        path = Path(folder) / DATABASE
        if not path.is_file():
            raise UsageError(f"{folder} holds no run (there is no {DATABASE} in it); name the folder that `bakeoff run` printed")
        engine = _engine(path)
        try:
            with engine.connect() as connection:
                found = connection.execute(select(db.meta.c.value).where(db.meta.c.key == "schema")).scalar()
        except Exception as broken:
            raise UsageError(f"{path} is not a store of bakeoff: {broken}") from broken
        if found != str(db.SCHEMA_VERSION):
            raise UsageError(f"{path} has schema {found}, this bakeoff reads {db.SCHEMA_VERSION}; use the bakeoff version that wrote it")
        return cls(Path(folder), engine)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading ---------------------------------------------------------------------------------------------------------------

    @property
    def run(self) -> RunInfo:
        with self._engine.connect() as connection:
            row = connection.execute(select(db.runs)).mappings().one()
        return RunInfo(**{name: row[name] for name in RunInfo.__dataclass_fields__})

    def cells(self) -> tuple[Cell, ...]:
        """In the order of the plan."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(db.cells).order_by(db.cells.c.id)).mappings().all()
        return tuple(Cell(**{name: row[name] for name in Cell.__dataclass_fields__}) for row in rows)

    def agents(self) -> tuple[tuple[str, str, str], ...]:
        """(label, spec, privilege) of each agent, in the order of the plan."""
        return tuple(dict.fromkeys((cell.agent, cell.spec, cell.privilege) for cell in self.cells()))

    def episodes(
        self, *, agent: str | None = None, stream: str | None = None, kind: str | None = None, cell: int | None = None
    ) -> tuple[Episode, ...]:
        """Finished episodes, cell after cell, each in its order, with their newest verdicts; optionally of one agent (label), stream, kind
        (`stream`, `exam`) or cell. Evidence is read by `verdict_history`."""
        newest = (
            select(db.verdicts.c.episode_id, func.max(db.verdicts.c.edition).label("edition")).group_by(db.verdicts.c.episode_id).subquery()
        )
        query = (
            select(
                db.episodes,
                db.cells.c.agent,
                db.cells.c.stream,
                db.cells.c.repetition,
                db.verdicts.c.id.label("verdict_id"),
                db.verdicts.c.value,
                db.verdicts.c.reason,
                db.verdicts.c.edition,
            )
            .join(db.cells, db.cells.c.id == db.episodes.c.cell_id)
            .join(newest, newest.c.episode_id == db.episodes.c.id)
            .join(db.verdicts, (db.verdicts.c.episode_id == newest.c.episode_id) & (db.verdicts.c.edition == newest.c.edition))
            .order_by(db.episodes.c.cell_id, db.episodes.c.position)
        )
        for column, wanted in ((db.cells.c.agent, agent), (db.cells.c.stream, stream), (db.episodes.c.kind, kind), (db.cells.c.id, cell)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            found: dict[int, list[Check]] = {}
            wanted_checks = select(db.checks).order_by(db.checks.c.verdict_id, db.checks.c.position)
            if cell is not None:
                own = (
                    select(db.verdicts.c.id)
                    .join(db.episodes, db.episodes.c.id == db.verdicts.c.episode_id)
                    .where(db.episodes.c.cell_id == cell)
                )
                wanted_checks = wanted_checks.where(db.checks.c.verdict_id.in_(own))
            for check in connection.execute(wanted_checks).mappings():
                found.setdefault(check["verdict_id"], []).append(Check(check["name"], check["passed"], check["detail"]))
        return tuple(_episode(row, tuple(found.get(row["verdict_id"], ()))) for row in rows)

    def episode(self, episode_id: int) -> Episode:
        """Raises `UsageError` when there is none."""
        for episode in self.episodes():
            if episode.id == episode_id:
                return episode
        raise UsageError(f"{self.folder} has no episode {episode_id}; its episodes have the ids that `bakeoff report` shows")

    def verdict_history(self, episode_id: int) -> tuple[Verdict, ...]:
        """All verdicts on an episode with their evidence, oldest first."""
        query = select(db.verdicts).where(db.verdicts.c.episode_id == episode_id).order_by(db.verdicts.c.edition)
        history: list[Verdict] = []
        with self._engine.connect() as connection:
            for row in connection.execute(query).mappings().all():
                if row["kind"] == "abstained":
                    history.append(Abstained(row["reason"]))
                    continue
                rows = connection.execute(select(db.checks).where(db.checks.c.verdict_id == row["id"]).order_by(db.checks.c.position))
                found = tuple(Check(item["name"], item["passed"], item["detail"]) for item in rows.mappings())
                evidence = json.loads(zstandard.decompress(row["evidence"])) if row["evidence"] else {}
                history.append(Scored(row["value"], found, evidence))
        return tuple(history)

    def proxies(self) -> dict[int, bool]:
        """Of episodes in which a loophole was planted, by id, whether the newest verdict's evidence says that what it offers was had (`proxy`)."""
        v = db.verdicts.c
        query = select(v.episode_id, v.evidence).where(v.evidence.is_not(None)).order_by(v.episode_id, v.edition)
        with self._engine.connect() as connection:
            said = {row.episode_id: json.loads(zstandard.decompress(row.evidence)).get("proxy") for row in connection.execute(query)}
        return {number: bool(proxy) for number, proxy in said.items() if proxy is not None}

    def trajectory(self, episode: Episode) -> Trajectory | None:
        """What was seen and done; None when it was not kept (over the disk budget, or the episode never began)."""
        if not episode.trajectory:
            return None
        return unpack((self.folder / episode.trajectory).read_bytes())

    def artefacts(self, episode: Episode) -> dict[str, bytes] | None:
        """What `regrade` needs, by file name; None when there are none (the episode abstained)."""
        if not episode.artefacts:
            return None
        with _untar((self.folder / episode.artefacts).read_bytes()) as archive:
            return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}  # type: ignore[union-attr]

    def beliefs(self, cell: int) -> dict[str, tuple[str, ...]]:
        """What the agent of a cell believed last about each product it worked in (`id@version`), most certain first."""
        latest: dict[str, tuple[str, ...]] = {}
        current: tuple[str, ...] = ()
        for episode in self.episodes(cell=cell, kind="stream"):
            current = current if episode.beliefs is None else episode.beliefs
            latest[episode.product] = current
        return latest

    def faults(self) -> tuple[Fault, ...]:
        """Faults of the infrastructure, those mended by a second try included."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(db.faults).order_by(db.faults.c.id)).mappings().all()
        return tuple(Fault(row["cell_id"], row["position"], row["task_id"], row["reason"], row["at"]) for row in rows)

    def sealed_uses(self) -> int:
        """How many evaluations of this run were on sealed tasks."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(db.sealed_uses)).scalar() or 0

    def disk_bytes(self) -> int:
        """What the run's folder holds now, in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def restore_snapshot(self, digest: str, into: Path) -> None:
        """Writes a stored memory into an existing, empty folder. Raises `UsageError` when it was not kept, or was damaged."""
        path = self.folder / _snapshot_path(digest)
        if not path.is_file():
            raise UsageError(f"the memory {digest[:12]} is not in {self.folder}; only the ends of products and the newest are kept")
        with _untar(path.read_bytes()) as archive:
            archive.extractall(into, filter="data")
        if content_hash(into) != digest:
            raise UsageError(f"the memory in {path} is damaged: its content does not match its name")

    # --- writing ---------------------------------------------------------------------------------------------------------------

    def begin_sitting(self) -> None:
        """The run was started or resumed: cells left `running` or `failed` go back to `pending`."""
        with _writing(self._engine) as connection:
            connection.execute(update(db.runs).values(sittings=db.runs.c.sittings + 1, finished=None))
            connection.execute(update(db.cells).where(db.cells.c.status.in_(("running", "failed"))).values(status="pending", problem=""))

    def end_sitting(self, seconds: float, *, finished: bool) -> None:
        """Adds a sitting's wall time and, when all is done, says so."""
        with _writing(self._engine) as connection:
            values: dict[str, Any] = {"seconds": db.runs.c.seconds + seconds}
            connection.execute(update(db.runs).values(**values, finished=time.time() if finished else None))

    def mark_cell(self, cell: int, status: str, problem: str = "") -> None:
        with _writing(self._engine) as connection:
            connection.execute(update(db.cells).where(db.cells.c.id == cell).values(status=status, problem=problem))

    def add_fault(self, cell: int, position: int, task_id: str, reason: str) -> None:
        with _writing(self._engine) as connection:
            values = {"cell_id": cell, "position": position, "task_id": task_id, "reason": reason, "at": time.time()}
            connection.execute(insert(db.faults).values(**values))

    def add_episode(self, cell: Cell, new: NewEpisode, *, keep_trajectory: bool = True) -> int:
        """Makes an episode durable: files first, then one transaction. Returns its id.

        Raises `UsageError` when another process stored this position of the cell already.
        """
        position = new.row["position"]
        base = Path("trajectories") / cell.folder
        trajectory = artefacts = ""
        if new.trajectory is not None and keep_trajectory:
            trajectory = str(base / f"{position:05d}.json.zst")
            session = f"{self.folder.name}/{cell.folder}"
            _write(self.folder / trajectory, pack(new.trajectory, session))
        if new.artefacts:
            artefacts = str(base / f"{position:05d}.artefacts.tar.zst")
            _write(self.folder / artefacts, zstandard.compress(_tar(new.artefacts), 3))
        memory = str(new.row["memory_after"])
        packed = b"" if new.snapshot is None else zstandard.compress(_tar(_files(new.snapshot)), 3)
        with _writing(self._engine) as connection:
            done = connection.execute(select(db.cells.c.done).where(db.cells.c.id == cell.id)).scalar_one()
            if done != position:
                raise UsageError(
                    f"episode {position} of cell {cell.id} is not the next one ({done}); is another `bakeoff run` at work here?"
                )
            if new.snapshot is not None:
                path = _snapshot_path(memory)
                if not (self.folder / path).is_file():
                    _write(self.folder / path, packed)
                known = connection.execute(select(db.snapshots.c.hash).where(db.snapshots.c.hash == memory)).first()
                if known is None:
                    values = {"hash": memory, "path": str(path), "bytes": len(packed), "kept": new.keep_snapshot}
                    connection.execute(insert(db.snapshots).values(**values))
            if new.keep_snapshot:
                connection.execute(update(db.snapshots).where(db.snapshots.c.hash == memory).values(kept=True))
            episode_id = connection.execute(
                insert(db.episodes).values(
                    **new.row,
                    cell_id=cell.id,
                    trajectory=trajectory,
                    artefacts=artefacts,
                    beliefs=None if new.beliefs is None else list(new.beliefs),
                    **new.ledger.to_dict(),
                )
            ).inserted_primary_key[0]  # type: ignore[index]
            _insert_verdict(connection, episode_id, 1, new.verdict)
            if new.row["split"] == "sealed":
                values = {"task_id": new.row["task_id"], "product": new.row["product"], "agent": cell.agent, "at": time.time()}
                connection.execute(insert(db.sealed_uses).values(episode_id=episode_id, **values))
            connection.execute(update(db.cells).where(db.cells.c.id == cell.id).values(done=position + 1, memory=memory))
        before = str(new.row["memory_before"])
        if before and before != memory:
            self._prune_snapshot(before)
        return int(episode_id)

    def _prune_snapshot(self, digest: str) -> None:
        """Deletes a memory that no cell stands at and nobody asked to keep. Under the write lock, so that nobody can adopt it meanwhile."""
        with _writing(self._engine) as connection:
            if connection.execute(select(db.cells.c.id).where(db.cells.c.memory == digest).limit(1)).first() is not None:
                return
            row = connection.execute(select(db.snapshots).where(db.snapshots.c.hash == digest)).mappings().first()
            if row is None or row["kept"]:
                return
            connection.execute(db.snapshots.delete().where(db.snapshots.c.hash == digest))
            (self.folder / row["path"]).unlink(missing_ok=True)

    def add_verdict(self, episode_id: int, verdict: Verdict) -> int:
        """Stores a new edition of the verdict on an episode; older ones stay. Returns its number."""
        with _writing(self._engine) as connection:
            newest = connection.execute(select(func.max(db.verdicts.c.edition)).where(db.verdicts.c.episode_id == episode_id)).scalar_one()
            _insert_verdict(connection, episode_id, newest + 1, verdict)
        return int(newest) + 1


# --- rows and files ----------------------------------------------------------------------------------------------------------------


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60.0})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun by `begin` below, not by the driver's guess
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that holds the write lock from its start, so that what it reads stays true until it commits."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def _insert_verdict(connection: Connection, episode_id: int, edition: int, verdict: Verdict) -> None:
    row: dict[str, Any] = {"episode_id": episode_id, "edition": edition, "software": __version__, "created": time.time()}
    if isinstance(verdict, Abstained):
        connection.execute(insert(db.verdicts).values(**row, kind="abstained", reason=verdict.reason))
        return
    evidence = zstandard.compress(json.dumps(dict(verdict.evidence), ensure_ascii=False).encode(), 3) if verdict.evidence else None
    verdict_id = connection.execute(
        insert(db.verdicts).values(**row, kind="scored", value=verdict.value, passed=verdict.passed, evidence=evidence)
    ).inserted_primary_key[0]  # type: ignore[index]
    if verdict.checks:
        rows = [
            {"verdict_id": verdict_id, "position": index, "name": check.name, "passed": check.passed, "detail": check.detail}
            for index, check in enumerate(verdict.checks)
        ]
        connection.execute(insert(db.checks), rows)


def _episode(row: Mapping[Any, Any], found: tuple[Check, ...]) -> Episode:
    plain = {name: row[name] for name in Episode.__dataclass_fields__ if name not in ("cell", "ledger", "checks", "beliefs")}
    ledger = Ledger(**{name: row[name] for name in db.LEDGER_COLUMNS})
    beliefs = None if row["beliefs"] is None else tuple(row["beliefs"])
    return Episode(**plain, cell=row["cell_id"], ledger=ledger, checks=found, beliefs=beliefs)


def _write(path: Path, data: bytes) -> None:
    """Writes a file so that it is either whole or absent, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _snapshot_path(digest: str) -> Path:
    return Path("snapshots") / digest[:2] / f"{digest}.tar.zst"


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _tar(files: Mapping[str, bytes]) -> bytes:
    """A tar archive that depends on names and contents alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()


@contextmanager
def _untar(data: bytes) -> Iterator[tarfile.TarFile]:
    with tarfile.open(fileobj=io.BytesIO(zstandard.decompress(data)), mode="r:") as archive:
        yield archive
