"""Wherever an app keeps its truth and however it is reset: the same jobs, the same verdicts, the same beginnings."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bakeoff.core import EnvironmentFault, Scored, TaskId, UsageError
from bakeoff.environments.outside.app import Truth
from bakeoff.environments.outside.environment import OutsideEnvironment
from bakeoff.environments.outside.truth import State
from bakeoff.environments.outside.verify import difference

APP = Path(__file__).parent / "notes_app.py"

TASKS = {
    "rows": """
[[tasks]]
name = "add"
instruction = "Note {what}."
draw.what = ["salt", "two pens"]
goal = [{ create = "note", values = { text = "{what}", state = "open" } }]
expert = ['type "Note" = "{what}"', 'click "Add"']
alternatives.by-keyboard = ['type "Note" = "{what}"', 'press Enter']

[[tasks]]
name = "tick-off"
instruction = "{note.text} is done."
draw.note = "select id, text from note where state = 'open'"
goal = [{ change = "note", where = { id = "{note.id}" }, set = { state = "done" } }]
expert = ['click "Done" in row ~"{note.text}"']
alternatives.after-a-look = ['wait', 'click "Done" in row ~"{note.text}"']
""",
    "files": """
[[tasks]]
name = "add"
instruction = "Note {what}."
draw.what = ["salt", "two pens"]
goal = [{ create = "files", values = { path = { matches = 'notes/\\d+\\.txt' }, text = "open: {what}" } }]
expert = ['type "Note" = "{what}"', 'click "Add"']
alternatives.by-keyboard = ['type "Note" = "{what}"', 'press Enter']

[[tasks]]
name = "tick-off"
instruction = "{what} is done."
draw.what = "select substr(trim(text, char(10)), 7) from files where text like 'open: %'"
goal = [{ change = "files", where = { text = "open: {what}" }, set = { text = "done: {what}" } }]
expert = ['click "Done" in row ~"{what}"']
alternatives.after-a-look = ['wait', 'click "Done" in row ~"{what}"']
""",
}


def app_file(folder: Path, start: str, reset: str, truth: str, tasks: str = "rows") -> Path:
    path = folder / "notes.toml"
    path.write_text(f'name = "notes"\n[start]\n{start}\n[reset]\n{reset}\n[truth]\n{truth}\n{TASKS[tasks]}')
    return path


def started(keeper: str, place: str) -> str:
    return f'command = ["{{python}}", "{APP}", "{{port}}", "{keeper}", "{place}"]'


MUTANTS = ("left-before-the-end", "extra-record", "other-what")


def every_proof_holds(path: Path) -> None:
    """Experts and alternatives pass, everything else does not, and every episode begins alike."""
    with OutsideEnvironment(apps=[path]) as environment:
        assert isinstance(environment, OutsideEnvironment)
        for template in ("add", "tick-off"):
            task = environment.task(TaskId("outside", "notes", 1, template, 3))
            firsts = []
            for proof in environment.proofs(task):
                if proof.kind == "attack" or (proof.kind == "mutant" and proof.name not in MUTANTS):
                    continue
                firsts.append(environment.reset(task))
                proof.play(environment, firsts[-1])
                verdict = environment.verify()
                assert isinstance(verdict, Scored)
                assert verdict.passed == (proof.kind in ("expert", "alternative")), (proof.name, verdict)
                assert environment.regrade(task, environment.artefacts()) == verdict
            assert len(firsts) >= 4 and all(first == firsts[0] for first in firsts)


JSON = '[[truth.json]]\ntable = "note"\nurl = "/api/notes"\nat = "data.notes"\nkey = "id"'


def test_records_in_json_over_http_reset_by_a_call(tmp_path: Path) -> None:
    every_proof_holds(app_file(tmp_path, started("json", "-"), 'http = { method = "POST", path = "/api/fresh" }', JSON))


def test_files_reset_by_a_snapshot(tmp_path: Path) -> None:
    path = app_file(tmp_path, started("files", "{data}/notes"), 'files = ["notes"]', 'files = ["notes/*.txt"]', "files")
    every_proof_holds(path)


@pytest.mark.slow
def test_a_reset_by_restart_brings_back_what_only_memory_held(tmp_path: Path) -> None:
    note = started("json", "-") + '\nbuild = ["{python}", "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", "{data}/mark"]'
    every_proof_holds(app_file(tmp_path, note, 'files = ["mark"]\nrestart = true', JSON))


# --- an app that runs already ---------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextmanager
def running(*words: str) -> Iterator[int]:
    """The notes, up at a port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(APP), str(port), *words])
    try:
        for _ in range(200):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


CALL = 'http = { method = "POST", path = "/api/fresh" }'


def test_an_app_that_runs_already_is_taken_as_it_is(tmp_path: Path) -> None:
    with running("json", "-") as port:
        every_proof_holds(app_file(tmp_path, f'url = "http://127.0.0.1:{port}"', CALL, JSON))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/notes") as answer:
            assert answer.status == 200, "it was not ended with the episode"


def test_where_nothing_runs_is_said(tmp_path: Path) -> None:
    path = app_file(tmp_path, f'url = "http://127.0.0.1:{free_port()}"\ntimeout = 0.5', CALL, JSON)
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(EnvironmentFault, match=r"refused.*is it running\?"):
        environment.task(TaskId("outside", "notes", 1, "add", 1))


def test_another_host_has_to_be_meant(tmp_path: Path) -> None:
    path = app_file(tmp_path, 'url = "http://intranet.example:8000"', CALL, JSON)
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(UsageError, match=r'notes.toml:3.*host = "intranet.example"'):
        environment.products()
    path = app_file(tmp_path, 'url = "http://intranet.example:8000"\nhost = "intranet.example"', CALL, JSON)
    with OutsideEnvironment(apps=[path]) as environment:
        assert "other machine" in environment.product("notes").notes["isolation"]


def test_a_reset_call_that_is_refused_is_a_fault(tmp_path: Path) -> None:
    path = app_file(tmp_path, started("json", "-"), 'http = { method = "PUT", path = "/api/fresh" }', JSON)
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(EnvironmentFault, match=r"reset by PUT /api/fresh failed: .*501"):
        environment.task(TaskId("outside", "notes", 1, "add", 1))


# --- PostgreSQL -----------------------------------------------------------------------------------------------------------------------


def postgres_tool(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


def driver() -> bool:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    return True


needs_postgresql = pytest.mark.skipif(
    postgres_tool("initdb") is None or not driver(), reason="PostgreSQL (Debian's package) or psycopg (extra `postgresql`) is not installed"
)
FRESH = """
drop table if exists note;
create table note (id serial primary key, text varchar(80) not null, state text not null, made timestamptz default '2026-01-05T10:00:00Z',
  price numeric(8, 2), tags text[]);
insert into note (text, state, price, tags) values ('milk', 'open', 1.20, '{food}'), ('bread', 'open', 3, '{food,daily}'), ('soap', 'done', null, '{}');
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, on loopback alone."""
    folder = Path(tempfile.mkdtemp(prefix="bakeoff-postgres-"))
    as_user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    data, initdb, server = folder / "data", postgres_tool("initdb"), postgres_tool("postgres")
    assert initdb and server
    made = [initdb, "-D", str(data), "-A", "trust", "-U", "robin", "--no-sync", "--locale=C.UTF-8"]
    subprocess.run(made, check=True, capture_output=True, cwd="/", **as_user)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    process = subprocess.Popen([server, "-D", str(data), "-p", str(port), *options], stderr=subprocess.DEVNULL, cwd="/", **as_user)
    try:
        import psycopg

        for _ in range(200):
            try:
                psycopg.connect(f"postgresql://robin@127.0.0.1:{port}/postgres").close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield f"robin@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # at once, whoever is still connected
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def postgres_app(folder: Path, cluster: str, database: str = "postgresql") -> Path:
    (folder / "fresh.sql").write_text(FRESH)
    begin = f'["{postgres_tool("psql")}", "-q", "-f", "{{here}}/fresh.sql", "postgresql://{cluster}"]'
    truth = f'database = "{database}://{cluster}"\nnoise.note.made = "when it was written down"'
    return app_file(folder, started("postgresql", f"postgresql://{cluster}"), f"command = {begin}", truth)


@pytest.mark.slow
@needs_postgresql
def test_records_in_postgresql_reset_by_a_command(tmp_path: Path, cluster: str) -> None:
    every_proof_holds(postgres_app(tmp_path, cluster))


@pytest.mark.slow
@needs_postgresql
def test_what_is_wrong_with_postgresql_is_one_line(tmp_path: Path, cluster: str) -> None:
    for database, complaint in (
        ("postgresql+none", r"'database' is no address that SQLAlchemy can open"),
        ("postgresql+psycopg2", r"pip install 'bakeoff\[postgresql\]'"),
    ):
        with OutsideEnvironment(apps=[postgres_app(tmp_path, cluster, database)]) as environment:
            with pytest.raises(UsageError, match=complaint) as problem:
                environment.task(TaskId("outside", "notes", 1, "add", 1))
            assert "\n" not in str(problem.value)
    nowhere = cluster.replace("/postgres", "/missing")
    path = postgres_app(tmp_path, cluster)
    path.write_text(path.read_text().replace(f'database = "postgresql://{cluster}', f'database = "postgresql://{nowhere}'))
    with OutsideEnvironment(apps=[path]) as environment, pytest.raises(EnvironmentFault, match='database "missing" does not exist'):
        environment.task(TaskId("outside", "notes", 1, "add", 1))


def test_evidence_of_equal_runs_is_equal_whatever_an_app_draws_at_random() -> None:
    truth = Truth("", (), (), (), {"ticket.secret": "random"})
    app: Any = SimpleNamespace(truth=truth)

    def lines(key: str) -> list[str]:
        row = {"id": 4, "secret": key, "content": f'{{"title": "Night train", "key": "{key}"}}', "mark": "deadbeef"}
        return difference(app, State({"ticket": {}}), State({"ticket": {"4": row}})).lines()

    one, two = (lines(str(uuid.UUID(int=number))) for number in (7**40, 5**50))
    assert one == two and "secret" not in one[0] and "Night train" in one[0] and "mark='deadbeef'" in one[0]
    changed = difference(app, State({"ticket": {"4": {"id": 4, "secret": "a"}}}), State({"ticket": {"4": {"id": 4, "secret": "b"}}}))
    assert not changed.lines()
