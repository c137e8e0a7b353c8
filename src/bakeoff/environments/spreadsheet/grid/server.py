"""Serves workbooks that are open at a desk to the page with the grid. The desk is the only writer; the page asks and shows.

GET  /enter/<ticket>    opens the session, good for one use
GET  /                  the page            GET /file/<name>   what it is made of
GET  /book              everything it shows: sheets, contents, looks, papers
POST /change            one tool of the desk with its arguments -> cells that look different now, or the book anew, or an error
POST /where             what is meant by the text in the name box: an area, or a name to be given
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
import time
from importlib import resources
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bakeoff.core import Action, ActionError, EnvironmentFault
from bakeoff.environments.spreadsheet import entry, formulas, tools
from bakeoff.environments.spreadsheet.book import PLAIN, Formula
from bakeoff.environments.spreadsheet.desk import Desk, valid_name
from bakeoff.environments.spreadsheet.grid import assets
from bakeoff.environments.spreadsheet.grid.display import displayed
from bakeoff.environments.spreadsheet.spec import Document, Spot

COOKIE = "workbook"
CHANGES = ("write", "fill", "copy", "insert_rows", "delete_rows", "add_sheet", "name_range", "format", "undo")
"""Tools of the desk that the page may call; a person does the others by looking."""
_ANEW = ("insert_rows", "delete_rows", "add_sheet", "undo")
_PAGE = ("grid.html", "grid.css", "grid.js")
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Cells = dict[tuple[int, int, int], dict[str, str]]
"""Sheet, row and column, all from 0 -> what the page is told of the cell."""


class Session:
    """One workbook open in one page.

    Attributes:
        desk: the authority.
        requests: requests served so far.
        fault: the trace of a bug of ours that a request ran into; empty otherwise. Such an episode cannot be judged.
    """

    def __init__(self, desk: Desk, title: str, papers: tuple[Document, ...]) -> None:
        self.desk, self.title, self.papers = desk, title, papers
        self.token, self.ticket = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self.guard = threading.Lock()
        self.requests = 0
        self.fault = ""
        self._shown = self._cells()

    def _cells(self) -> Cells:
        found: Cells = {}
        for index, sheet in enumerate(self.desk.book.sheets):
            for row, column in sheet.cells.keys() | sheet.looks.keys():
                content, look = sheet.cells.get((row, column)), sheet.looks.get((row, column), PLAIN)
                value = self.desk.value(Spot(sheet.name, row, column)) if content is not None else None
                cell = {
                    "shown": displayed(value, look),
                    "raw": str(content) if isinstance(content, Formula) else entry.shown(content, look),
                    "kind": entry.kind(value, look),
                    "css": "b" * look.bold + "i" * look.italic,
                    "font": look.font,
                    "fill": look.fill,
                }
                found[index, row - 1, column - 1] = {name: text for name, text in cell.items() if text or name in ("shown", "raw", "kind")}
        return found

    def book(self, rows: int = 0, columns: int = 0) -> dict[str, Any]:
        """Everything that the page shows; every sheet at least so large."""
        self._shown = self._cells()
        sheets = []
        for index, sheet in enumerate(self.desk.book.sheets):
            mine = {(row, column): cell for (at, row, column), cell in self._shown.items() if at == index}
            width, height = (max((place[axis] for place in mine), default=0) + 1 for axis in (1, 0))
            cells: dict[int, dict[int, dict[str, str]]] = {}
            for (row, column), cell in sorted(mine.items()):
                cells.setdefault(row, {})[column] = cell
            longest = {
                column: max(len(cell["shown"]) for (_, other), cell in mine.items() if other == column)
                for column in {place[1] for place in mine}
            }
            sheets.append(
                {
                    "name": sheet.name,
                    "rows": max(height + 3, rows, 20),
                    "columns": max(width + 1, columns, 8),
                    "widths": [min(260, max(64, 8 * longest.get(column, 0) + 14)) for column in range(width)],
                    "cells": cells,
                }
            )
        papers = [{"title": paper.title, "text": paper.text} for paper in self.papers]
        return {"title": self.title, "sheets": sheets, "papers": papers}

    def change(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Carries out a tool of the desk. Raises `ActionError` when it cannot be done."""
        arguments = {str(name): value for name, value in asked.items() if name != "tool"}
        action = Action(str(asked.get("tool", "")), arguments)
        if action.tool not in CHANGES:
            raise ActionError(f"the page has no tool '{action.tool[:40]}'")
        action.check(tools.TOOLS)
        self.desk.perform(action)
        if action.tool in _ANEW:
            return {"anew": self.book()}
        before, self._shown = self._shown, self._cells()
        empty = {"shown": "", "raw": "", "kind": "empty"}
        different = [key for key in before.keys() | self._shown.keys() if before.get(key) != self._shown.get(key)]
        return {"cells": [[*key, self._shown.get(key, empty)] for key in sorted(different)]}

    def where(self, text: str, sheet: str) -> dict[str, Any]:
        """The area that an address or a defined name means, or the name that it could become."""
        known = self.desk.book.meanings()
        if text.casefold() not in known and valid_name(text):
            return {"name": text}
        own = "!" in text or text.casefold() in known
        area = self.desk.area(text if own else f"{formulas.quoted(sheet)}!{text}")
        index = next(index for index, each in enumerate(self.desk.book.sheets) if each.name == area[0])
        top, left, bottom, right = area[1]
        return {"sheet": index, "x1": left - 1, "y1": top - 1, "x2": right - 1, "y2": bottom - 1}


class GridServer:
    """Serves sessions from a thread of its own. Raises `EnvironmentFault` when it cannot start and `UsageError` without the grid's files."""

    def __init__(self) -> None:
        page = resources.files("bakeoff.environments.spreadsheet.grid") / "page"
        self._files = {**assets.load(), **{name: (page / name).read_bytes() for name in _PAGE}}
        self._sessions: dict[str, Session] = {}
        self._tickets: dict[str, Session] = {}
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._application, interface="asgi3", log_level="error", access_log=False, lifespan="off", ws="none", server_header=False
            )
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve(sockets=[self._socket])), name="grid", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise EnvironmentFault("the grid's server did not start")
            time.sleep(0.005)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def open(self, session: Session) -> str:
        """Admits a session; returns the path that opens it, good for one use."""
        self._sessions[session.token] = self._tickets[session.ticket] = session
        return f"/enter/{session.ticket}"

    def shut(self, session: Session) -> None:
        """Forgets a session."""
        self._sessions.pop(session.token, None)
        self._tickets.pop(session.ticket, None)

    def close(self) -> None:
        """Stops serving. Safe to call twice."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        response.headers.update(_HEADERS)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, reading = request.url.path, request.method in ("GET", "HEAD")
        if path.startswith("/enter/") and reading:
            session = self._tickets.pop(path.removeprefix("/enter/"), None)
            if session is None:
                return PlainTextResponse("This door is closed.", 403)
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, session.token, httponly=True, samesite="strict", path="/")
            return answer
        if path.startswith("/file/") and reading:
            return self._file(path.removeprefix("/file/"))
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is None:
            return PlainTextResponse("Please sign in.", 403)
        if path == "/" and reading:
            return self._file("grid.html")
        body = await request.body() if request.method == "POST" else b""
        try:
            with session.guard:
                session.requests += 1
                return self._work(session, request, path, body)
        except ActionError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        except Exception:  # ours: the verdict must not count it against the worker
            import traceback

            session.fault = traceback.format_exc()
            return PlainTextResponse("The server failed.", 500)

    def _work(self, session: Session, request: Request, path: str, body: bytes) -> Response:
        if path == "/book" and request.method == "GET":
            rows, columns = (_size(request.query_params.get(name)) for name in ("rows", "columns"))
            return JSONResponse(session.book(rows, columns))
        if path in ("/change", "/where") and request.method == "POST":
            try:
                asked = json.loads(body)
            except ValueError:
                asked = None
            if not isinstance(asked, dict):
                raise ActionError("that is no request the server knows")
            if path == "/change":
                return JSONResponse(session.change(asked))
            return JSONResponse(session.where(str(asked.get("text", "")), str(asked.get("sheet", ""))))
        return PlainTextResponse("There is nothing here.", 404)

    def _file(self, name: str) -> Response:
        content = self._files.get(name)
        if content is None:
            return PlainTextResponse("There is nothing here.", 404)
        return Response(content, media_type=f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def _size(text: str | None) -> int:
    """A number of rows or columns that the page asks for, 0 to 400."""
    return min(int(text), 400) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0
