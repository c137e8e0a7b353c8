"""The products over HTTP: Starlette on loopback, one port, any number of open copies, each reached by its session cookie alone."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bakeoff.core import EnvironmentFault
from bakeoff.environments.browser import pages
from bakeoff.environments.browser.office import Office, Reading

COOKIE = "session"
LARGEST = 64_000
"""Bytes a form may have."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ProductServer:
    """Serves open copies of products from a thread of its own.

    Use `open` to admit an office and `shut` to forget it. Raises `EnvironmentFault` when the server cannot start.

    Attributes:
        tap: where an audit listens: every answer as (what was asked, status, headers and body), while it is a list.
    """

    def __init__(self) -> None:
        self.tap: list[tuple[str, str]] | None = None
        self._offices: dict[str, Office] = {}
        self._tickets: dict[str, Office] = {}
        app = Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])])
        config = uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="off", http="httptools", ws="none", timeout_keep_alive=60
        )
        self._server = uvicorn.Server(config)
        # The protocol is named because asyncio switches Nagle's algorithm off only then; it costs 40 ms a page.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, name=f"products:{self.port}", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise EnvironmentFault("the product server did not start")
            time.sleep(0.005)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def open(self, office: Office) -> str:
        """Admits a copy; returns the path that opens its session, good for one use."""
        self._offices[office.token] = office
        self._tickets[office.ticket] = office
        return f"/enter/{office.ticket}"

    def shut(self, office: Office) -> None:
        """Forgets a copy; its session is void at once."""
        self._offices.pop(office.token, None)
        self._tickets.pop(office.ticket, None)

    def close(self) -> None:
        """Stops serving. Safe to call twice."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    # --- requests ----------------------------------------------------------------------------------------------------------------

    async def _serve(self, request: Request) -> Response:
        response = await self._answer(request)
        response.headers.update(HEADERS)
        if self.tap is not None:
            content = bytes(response.body).decode("utf-8", "replace")
            self.tap.append((f"the answer to {request.method} {request.url.path}", f"{response.status_code} {response.headers}\n{content}"))
        return response

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path.startswith("/enter/"):
            office = self._tickets.pop(path.removeprefix("/enter/"), None)
            if office is None or request.method != "GET":
                return PlainTextResponse("This door is closed.", 403)
            answer = RedirectResponse(pages.addresses(office.blueprint).records, 303)
            answer.set_cookie(COOKIE, office.token, httponly=True, samesite="strict", path="/")
            return answer
        office = self._offices.get(request.cookies.get(COOKIE, ""))
        if office is None:
            return PlainTextResponse("You are not signed in.", 403)
        if path == "/favicon.ico":
            return Response(status_code=204)
        body = b""
        if request.method == "POST":
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return PlainTextResponse("Too large.", 413)
        with office.guard:
            office.requests += 1
            office.partial = request.headers.get("X-Requested-With") == "XMLHttpRequest"
            try:
                if request.method == "POST":
                    return _accept(office, path, body)
                return _get(office, path, dict(request.query_params))
            except Exception as problem:  # a bug of ours: the episode must abstain, whatever the page shows
                office.connection.rollback()
                office.fault = "".join(traceback.format_exception(problem))
                return PlainTextResponse("Something went wrong.", 500)


def _accept(office: Office, path: str, body: bytes) -> Response:
    form = {key: tuple(values) for key, values in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()}
    if form.get("csrf", ("",))[0] != office.csrf:
        office.refused += 1
        return PlainTextResponse("This form has expired.", 403)
    return _post(office, path, form)


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status)


def _missing(office: Office) -> Response:
    office.refused += 1
    return PlainTextResponse("There is no such page.", 404)


def _away(path: str) -> Response:
    return RedirectResponse(path, 303)


def _number(text: str) -> int | None:
    """A whole number as an address or a form may carry it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _record_path(office: Office, path: str) -> tuple[int, str] | None:
    """The record and the rest of `/records/17/rest`; None when it is no address of an existing record."""
    at = pages.addresses(office.blueprint)
    if not path.startswith(f"{at.records}/"):
        return None
    number, _, rest = path.removeprefix(f"{at.records}/").partition("/")
    key = _number(number)
    return (key, rest) if key is not None and key in office.store.records() else None


def _get(office: Office, path: str, query: Mapping[str, str]) -> Response:
    at = pages.addresses(office.blueprint)
    if path in ("/", at.records):
        return _html(pages.list_page(office, query))
    if path == at.new:
        return _show_form(office, "create", [], pages.form_view(office, "create", [], 0, {}, {}, fresh=True))
    if path == at.waiting and office.blueprint.workflow["commit"] != "direct":
        return _html(pages.waiting_page(office))
    found = _record_path(office, path)
    if found is None:
        return _missing(office)
    key, rest = found
    if not rest:
        return _html(pages.record_page(office, key, query.get("tab", "")))
    action = at.actions.get(rest, "")
    if action not in _offered(office):
        return _missing(office)
    if barred := office.barred(key):
        office.say(barred, "alert")
        return _away(at.record(key))
    if action != "status-form":
        operation = office.blueprint.family.operation(action)
        reading = Reading(operation)
        office.check([key], reading)
        if reading.problems:
            office.say(reading.problems[""], "alert")
            return _away(at.record(key))
    if not office.blueprint.form_fields(action) and action != "merge":
        return _show_form(office, action, [key], pages.confirm_view(office, action, [key], {}, {}))
    return _show_form(office, action, [key], pages.form_view(office, action, [key], 0, {}, {}, fresh=True))


def _offered(office: Office) -> tuple[str, ...]:
    inline = ("edit",) if office.blueprint.workflow["edit"] == "inline" else ()
    return (*office.blueprint.actions, *inline)


def _show_form(office: Office, action: str, keys: list[int], view: dict[str, Any], status: int = 200) -> Response:
    """A form where this product shows forms: on a page of its own, in a dialog over the record, or inside the record."""
    edit = office.blueprint.workflow["edit"]
    if len(keys) == 1 and view["target"].startswith(pages.addresses(office.blueprint).record(keys[0])):
        if edit == "inline" and action == "edit" and view["widgets"]:
            return _html(pages.record_page(office, keys[0], inline=view), status)
        if edit in ("dialog", "inline"):
            return _html(pages.record_page(office, keys[0], dialog=view), status)
    return _html(pages.form_page(office, view), status)


def _post(office: Office, path: str, form: Mapping[str, tuple[str, ...]]) -> Response:
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    if path == at.new:
        return _advance(office, "create", [], form)
    if path == at.bulk:
        return _choose_bulk(office, form)
    if path.startswith(f"{at.bulk}/"):
        action = at.actions.get(path.removeprefix(f"{at.bulk}/"), "")
        keys = _ticked(office, form)
        if action not in blueprint.bulk_actions or not keys:
            return _missing(office)
        return _held_back(office, keys) or _advance(office, action, keys, form, bulk=True)
    if path.startswith(f"{at.waiting}/") and blueprint.workflow["commit"] != "direct":
        number, _, verb = path.removeprefix(f"{at.waiting}/").partition("/")
        which = _number(number)
        done = which is not None and (office.release(which) if verb == "release" else verb == "drop" and office.drop(which))
        return _away(at.waiting) if done else _missing(office)
    found = _record_path(office, path)
    if found is None:
        return _missing(office)
    key, rest = found
    if rest == "hold/take" and blueprint.workflow["lock"]:
        office.store.lock(key)
        office.connection.commit()
        office.say(f"You are working on this {blueprint.word('entity').lower()} now.")
        return _away(at.record(key))
    if rest in ("draft/release", "draft/drop") and blueprint.workflow["commit"] == "draft":
        for waiting, target, *_ in office.store.waiting():
            if target == key:
                (office.release if rest == "draft/release" else office.drop)(waiting)
        return _away(at.record(key))
    action = at.actions.get(rest, "")
    if action not in _offered(office):
        return _missing(office)
    if barred := office.barred(key):
        office.say(barred, "alert")
        return _away(at.record(key))
    return _advance(office, action, [key], form)


def _ticked(office: Office, form: Mapping[str, tuple[str, ...]]) -> list[int]:
    records = office.store.records()
    numbers = dict.fromkeys(_number(text) for text in form.get("id", ()))
    return [key for key in numbers if key is not None and key in records]


def _held_back(office: Office, keys: list[int]) -> Response | None:
    """Back to the list when one of the ticked records may not be touched yet."""
    for key in keys:
        if barred := office.barred(key):
            office.say(f"{office.title(office.store.records()[key])}: {barred}", "alert")
            return _away(pages.addresses(office.blueprint).records)
    return None


def _choose_bulk(office: Office, form: Mapping[str, tuple[str, ...]]) -> Response:
    """Ticked rows and the name of an action: shows that action's form or question."""
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    keys = _ticked(office, form)
    action = next((name for name in blueprint.bulk_actions if pages.action_word(blueprint, name) == form.get("action", ("",))[0]), "")
    if not action or not keys:
        office.say("Pick rows and what to do with them.", "alert")
        return _away(at.records)
    if action == "merge" and len(keys) != 2:
        office.say("Pick exactly two rows.", "alert")
        return _away(at.records)
    if action == "delete":
        return _html(
            pages.form_page(office, pages.confirm_view(office, action, keys, {"id": tuple(str(key) for key in keys)}, {}, bulk=True))
        )
    return _html(pages.form_page(office, pages.form_view(office, action, keys, 0, {}, {}, fresh=True, bulk=True)))


def _advance(office: Office, action: str, keys: list[int], form: Mapping[str, tuple[str, ...]], bulk: bool = False) -> Response:
    """A form came in: ask again, go to the next step, ask back, or carry it out."""
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    steps = blueprint.steps(action)
    step = min(_number(form.get("step", ("0",))[0]) or 0, len(steps) - 1)
    last = step == len(steps) - 1
    names = [name for part in steps for name in part] if last else list(steps[step])
    reading = office.read(action, keys, form, names, last)
    if action == "merge":
        _read_merge(office, keys, form, reading, bulk)
    if reading.problems:
        shown = step
        if last:
            shown = next((index for index, part in enumerate(steps) if any(name in reading.problems for name in part)), step)
        return _show_form(
            office, action, keys, pages.form_view(office, action, keys, shown, form, reading.problems, fresh=False, bulk=bulk), 422
        )
    if not last:
        return _show_form(office, action, keys, pages.form_view(office, action, keys, step + 1, form, {}, fresh=False, bulk=bulk))
    if "confirmed" not in form and blueprint.confirmed(reading.operation.name):
        return _show_form(
            office,
            action,
            keys,
            pages.confirm_view(
                office, action, keys, form, {name: value for name, value in reading.values.items() if name != "gone"}, bulk=bulk
            ),
        )
    targets = keys
    if action == "merge":
        targets = [reading.values.pop("gone")]
    office.perform(action, reading.operation, targets, reading.values)
    remaining = [key for key in keys if key in office.store.records()]
    return _away(at.record(remaining[0]) if remaining and not (bulk and len(keys) > 1) else at.records)


def _read_merge(office: Office, keys: list[int], form: Mapping[str, tuple[str, ...]], reading: Reading, bulk: bool) -> None:
    """Which record stays (`into`) and which goes (`gone`), by how this product asks for it."""
    chosen = form.get("m", ("",))[0]
    candidates = keys if bulk else office.merge_candidates(keys[0])
    other = next((key for key in candidates if office.caption(key) == chosen), None)
    if other is None or (bulk and len(keys) != 2):
        reading.problems["into"] = "Pick one of the records on offer"
        return
    if bulk:
        reading.values |= {"into": other, "gone": next(key for key in keys if key != other)}
    elif office.blueprint.workflow["merge"] == "absorb":
        reading.values |= {"into": keys[0], "gone": other}
    else:
        reading.values |= {"into": other, "gone": keys[0]}
