"""A board of notes, as an app from elsewhere for tests: python notes_app.py PORT KEEPER PLACE. It keeps its notes in one of three ways.

json: in memory, told at /api/notes, and put back by POST /api/fresh.    files: one file a note below the folder PLACE.
postgresql: in the database at the address PLACE.
"""

from __future__ import annotations

import html
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

FRESH = [("milk", "open"), ("bread", "open"), ("soap", "done")]


class Memory:
    def __init__(self, place: str) -> None:
        self.fresh()

    def fresh(self) -> None:
        self.rows = [{"id": number, "text": text, "state": state} for number, (text, state) in enumerate(FRESH, start=1)]

    def all(self) -> list[dict[str, Any]]:
        return self.rows

    def add(self, text: str) -> None:
        self.rows.append({"id": len(self.rows) + 1, "text": text, "state": "open"})

    def done(self, number: int) -> None:
        next(row for row in self.rows if row["id"] == number)["state"] = "done"


class Files(Memory):
    def __init__(self, place: str) -> None:
        self.folder = Path(place)
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            for number, (text, state) in enumerate(FRESH, start=1):
                (self.folder / f"{number}.txt").write_text(f"{state}: {text}\n")

    def all(self) -> list[dict[str, Any]]:
        found = []
        for path in sorted(self.folder.glob("*.txt")):
            state, _, text = path.read_text().strip().partition(": ")
            found.append({"id": int(path.stem), "text": text, "state": state})
        return found

    def add(self, text: str) -> None:
        (self.folder / f"{len(self.all()) + 1}.txt").write_text(f"open: {text}\n")

    def done(self, number: int) -> None:
        path = self.folder / f"{number}.txt"
        path.write_text(path.read_text().replace("open:", "done:", 1))


class Database(Memory):
    def __init__(self, place: str) -> None:
        import psycopg

        self.connection = psycopg.connect(place, autocommit=True)
        self.connection.execute("create table if not exists note (id serial primary key, text varchar(80) not null, state text not null)")

    def all(self) -> list[dict[str, Any]]:
        rows = self.connection.execute("select id, text, state from note order by id").fetchall()
        return [dict(zip(("id", "text", "state"), row, strict=True)) for row in rows]

    def add(self, text: str) -> None:
        self.connection.execute("insert into note (text, state) values (%s, 'open')", (text,))

    def done(self, number: int) -> None:
        self.connection.execute("update note set state = 'done' where id = %s", (number,))


KEEPERS = {"json": Memory, "files": Files, "postgresql": Database}


class Board(BaseHTTPRequestHandler):
    keeper: Memory

    def do_GET(self) -> None:
        if self.path == "/api/notes":
            return self.say(json.dumps({"data": {"notes": self.keeper.all()}}), "application/json")
        rows = "".join(
            f"<tr><td>{html.escape(row['text'])}</td><td>{row['state']}</td><td>"
            + (f'<form method="post" action="/done/{row["id"]}"><button>Done</button></form>' if row["state"] == "open" else "")
            + "</td></tr>"
            for row in self.keeper.all()
        )
        form = '<form method="post" action="/add"><label>Note <input name="text"></label><button>Add</button></form>'
        return self.say(f"<!doctype html><title>Notes</title><h1>Notes</h1><table>{rows}</table>{form}", "text/html")

    def do_POST(self) -> None:
        given = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        if self.path == "/api/fresh":
            self.keeper.fresh()
            return self.say("{}", "application/json")
        if self.path == "/add":
            self.keeper.add(given["text"][0])
        elif match := re.fullmatch(r"/done/(\d+)", self.path):
            self.keeper.done(int(match[1]))
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()
        return None

    def say(self, body: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    port, keeper, place = sys.argv[1:]
    Board.keeper = KEEPERS[keeper](place)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Board).serve_forever()
