"""The tables of a run's store. A changed table means a higher `SCHEMA_VERSION`."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bakeoff.core import Ledger

SCHEMA_VERSION = 3

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("plan_hash", String, nullable=False, unique=True),
    Column("plan", JSON, nullable=False),  # the plan as data, with its streams expanded into task ids
    Column("source", Text, nullable=False),  # the TOML text as the user wrote it
    Column("seed", Integer, nullable=False),
    Column("version", String, nullable=False),
    Column("machine", JSON, nullable=False),
    Column("created", Float, nullable=False),  # seconds since the epoch
    Column("finished", Float),
    Column("seconds", Float, nullable=False, default=0.0),  # wall time of all sittings together
    Column("sittings", Integer, nullable=False, default=0),
)

cells = Table(
    "cells",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("agent", String, nullable=False),  # label, unique within the plan
    Column("spec", String, nullable=False),  # name or name:argument
    Column("privilege", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("repetition", Integer, nullable=False),
    Column("environment", String, nullable=False),
    Column("feedback", String, nullable=False),
    Column("lasts", String, nullable=False, default="stream"),  # its memory: for the stream, a product or an episode
    Column("seed", Integer, nullable=False),
    Column("planned", Integer, nullable=False),  # episodes in all, exams included
    Column("done", Integer, nullable=False, default=0),
    Column("memory", String, nullable=False, default=""),  # hash of the snapshot after the last episode; empty before the first
    Column("status", String, nullable=False, default="pending"),  # pending, running, done, failed
    Column("problem", Text, nullable=False, default=""),
    UniqueConstraint("run_id", "agent", "stream", "repetition"),
)

LEDGER_COLUMNS = tuple(item.name for item in fields(Ledger))
_FRACTIONAL = {"wall_seconds", "agent_seconds", "cpu_seconds", "expert_minutes"}

episodes = Table(
    "episodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), nullable=False),
    Column("position", Integer, nullable=False),  # 0, 1, … over the whole cell, exams included
    Column("kind", String, nullable=False),  # stream or exam
    Column("exam", String, nullable=False, default=""),  # the exam's name
    Column("after", Integer, nullable=False),  # stream episodes finished before this one began
    Column("task_id", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("product", String, nullable=False),  # id@version
    Column("template", String, nullable=False),
    Column("task_seed", Integer, nullable=False),
    Column("family", String, nullable=False),
    Column("split", String, nullable=False),
    Column("distance", String, nullable=False),
    Column("instruction", Text, nullable=False),  # the goal as the agent read it
    Column("attempt", Integer, nullable=False),  # n-th stream episode in this product, from 1; 0 in exams
    Column("template_attempt", Integer, nullable=False),  # n-th stream episode of this template in this product, from 1; 0 in exams
    Column("product_order", Integer, nullable=False),  # this product is the k-th of the stream, from 1; 0 for one only met in exams
    Column("tries", Integer, nullable=False),  # 1, or 2 after a fault of the infrastructure
    Column("ended", String, nullable=False, default=""),
    Column("memory_before", String, nullable=False),
    Column("memory_after", String, nullable=False),
    Column("beliefs", JSON),  # only where they changed
    Column("trajectory", String, nullable=False, default=""),  # relative path; empty once over the disk budget
    Column("artefacts", String, nullable=False, default=""),
    Column("traceback", Text, nullable=False, default=""),  # of an agent's own error
    Column("calls", JSON, nullable=False, default=dict),  # what the environment took: call -> milliseconds of each, practice left out
    Column("started", Float, nullable=False),
    Column("finished", Float, nullable=False),
    *(Column(name, Float if name in _FRACTIONAL else Integer, nullable=False) for name in LEDGER_COLUMNS),
    UniqueConstraint("cell_id", "position"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("episode_id", ForeignKey("episodes.id"), nullable=False),
    Column("edition", Integer, nullable=False),  # 1 as first judged, higher for each regrade
    Column("software", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("kind", String, nullable=False),  # scored or abstained
    Column("value", Float),  # None when abstained
    Column("passed", Boolean),
    Column("reason", Text, nullable=False, default=""),
    Column("evidence", LargeBinary),  # zstd JSON
    UniqueConstraint("episode_id", "edition"),
)

checks = Table(
    "checks",
    metadata,
    Column("verdict_id", ForeignKey("verdicts.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("hash", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("kept", Boolean, nullable=False, default=False),  # end of a product, or needed by an exam: never pruned
)

faults = Table(
    "faults",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cells.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("task_id", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)

sealed_uses = Table(
    "sealed_uses",
    metadata,
    Column("episode_id", ForeignKey("episodes.id"), primary_key=True),
    Column("task_id", String, nullable=False),
    Column("product", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("at", Float, nullable=False),
)

Index("episodes_by_cell", episodes.c.cell_id, episodes.c.position)
Index("verdicts_by_episode", verdicts.c.episode_id)
