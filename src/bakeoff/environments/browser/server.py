"""The products over HTTP: Starlette on loopback, one port, any number of open copies, each reached by its session cookie alone."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bakeoff.core import EnvironmentFault
from bakeoff.environments.browser import forms, loophole, pages
from bakeoff.environments.browser.office import Office, Reading
from bakeoff.environments.browser.schema import Entity

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
        config = uvicorn.Config(
            self._application,
            interface="asgi3",
            log_level="error",
            access_log=False,
            lifespan="off",
            http="httptools",
            ws="none",
            timeout_keep_alive=60,
            proxy_headers=False,
            server_header=False,
            date_header=False,
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

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        known = request.method in ("GET", "HEAD", "POST")
        response = await self._serve(request) if known else PlainTextResponse("There is nothing of the kind to do here.", 405)
        await response(scope, receive, send)

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
            entered = self._enter(office, "X-Requested-With" in request.headers)
            entered.set_cookie(COOKIE, office.token, httponly=True, samesite="strict", path="/")
            return entered
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
            office.partial = request.headers.get("X-Requested-With") == "XMLHttpRequest"
            if request.method != "POST":
                return _careful(office, lambda: _get(office, path, dict(request.query_params)))
            if office.partial:
                return _careful(office, lambda: _straight(office, _accept(office, path, body)))
            return _careful(office, lambda: _accept(office, path, body))

    def _enter(self, office: Office, at_once: bool) -> Response:
        """The way to the product's first page, or to whom asks for it with a header of their own, that page at once."""
        address = pages.addresses(office.blueprint).start
        if not at_once:
            return _away(address)
        with office.guard:
            office.partial = False
            page = _careful(office, lambda: _get(office, address, {}))
        page.headers["X-Location"] = address
        return page


def _careful(office: Office, work: Callable[[], Response]) -> Response:
    """Serves one request; after a bug of ours the episode must abstain, whatever the page shows."""
    office.requests += 1
    try:
        return work()
    except Exception as problem:
        office.connection.rollback()
        office.fault = "".join(traceback.format_exception(problem))
        return PlainTextResponse("Something went wrong.", 500)


def _straight(office: Office, answer: Response) -> Response:
    """What a redirect leads to, with its address in a header: the page's own script needs no second request for it."""
    for _ in range(3):
        if not isinstance(answer, RedirectResponse):
            break
        address = answer.headers["location"]
        path, _, query = address.partition("?")
        answer = _get(office, path, dict(parse_qsl(query)))
        answer.headers["X-Location"] = address
    return answer


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
    return PlainTextResponse(office.blueprint.say("no-page"), 404)


def _away(path: str) -> Response:
    return RedirectResponse(path, 303)


def _number(text: str) -> int | None:
    """A whole number as an address or a form may carry it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _record_path(office: Office, path: str) -> tuple[int, str] | None:
    """The record and the rest of `/records/17/rest`; None when it is no address of an existing record."""
    at = pages.addresses(office.blueprint)
    if not path.startswith(f"{at.details}/"):
        return None
    number, _, rest = path.removeprefix(f"{at.details}/").partition("/")
    key = _number(number)
    return (key, rest) if key is not None and key in office.store.records() else None


def _get(office: Office, path: str, query: Mapping[str, str]) -> Response:
    at = pages.addresses(office.blueprint)
    if path == "/" and at.start == "/":
        return _html(pages.home_page(office))
    for entity in office.blueprint.family.entities:
        if path == at.list_of(entity) or (path == "/" and at.list_of(entity) == at.start):
            return _html(pages.list_page(office, query, entity))
    if creation := _creation(office, path):
        return _show_form(office, creation, [], pages.form_view(office, creation, [], 0, {}, {}, fresh=True))
    if path == at.waiting and office.blueprint.workflow["commit"] != "direct":
        return _html(pages.waiting_page(office))
    if path.startswith(f"{at.waiting}/") and office.blueprint.workflow["commit"] == "approval":
        number = _number(path.removeprefix(f"{at.waiting}/"))
        page = pages.review_page(office, number) if number is not None else None
        return _missing(office) if page is None else _html(page)
    found = _record_path(office, path)
    if found is None:
        return _missing(office)
    key, rest = found
    if not rest:
        return _html(pages.record_page(office, key, query.get("t", "")))
    action = at.actions.get(rest, "")
    action = _meant(office, key, action)
    if not action:
        return _missing(office)
    if barred := office.barred(key):
        office.say(barred, "alert")
        return _away(at.record(key))
    if not action.startswith("status-form"):
        operation = office.blueprint.family.operation(action)
        reading = Reading(operation)
        office.check([key], reading)
        if reading.problems:
            office.say(reading.problems[""], "alert")
            return _away(at.record(key))
    if not office.blueprint.form_fields(action) and not office.blueprint.is_merge(action):
        return _show_form(office, action, [key], pages.confirm_view(office, action, [key], {}, {}))
    return _show_form(office, action, [key], pages.form_view(office, action, [key], 0, {}, {}, fresh=True))


def _meant(office: Office, key: int, action: str) -> str:
    """The action that an address means for this record; empty when the record's page does not offer it."""
    blueprint = office.blueprint
    entity = blueprint.family.entity_of(office.store.records()[key])
    if action.startswith("status-form"):
        return blueprint.status_form(entity)
    offered = blueprint.actions_of(entity)
    if blueprint.edits_in_place:
        offered = (*offered, blueprint.family.editing(entity).name)
    offered = (*offered, *blueprint.moves(entity))
    return action if action in offered else ""


def _creation(office: Office, path: str) -> str:
    """The operation that enters a new record at this address, if any."""
    at = pages.addresses(office.blueprint)
    return next((item.name for item in office.blueprint.family.operations if item.kind == "create" and at.creation(item.name) == path), "")


def _show_form(office: Office, action: str, keys: list[int], view: dict[str, Any], status: int = 200) -> Response:
    """A form where this product shows forms: on a page of its own, in a dialog over the record, or inside the record."""
    edit = office.blueprint.workflow["edit"]
    if len(keys) == 1 and view["target"].startswith(pages.addresses(office.blueprint).record(keys[0])):
        asked = any(name == "confirmed" for name, _ in view["carried"])
        if office.blueprint.edits_in_place and office.blueprint.is_edit(action) and not asked:
            return _html(pages.record_page(office, keys[0], inline=view), status)
        if edit in ("dialog", "inline", "autosave"):
            return _html(pages.record_page(office, keys[0], dialog=view), status)
    return _html(pages.form_page(office, view), status)


def _post(office: Office, path: str, form: Mapping[str, tuple[str, ...]]) -> Response:
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    if blueprint.loophole and path == loophole.ADDRESS:
        office.claimed = True
        return _away(at.start)
    if creation := _creation(office, path):
        return _advance(office, creation, [], form)
    for entity in blueprint.family.entities:
        if path == at.selected(entity):
            return _choose_bulk(office, form, entity)
        if path == at.grid(entity) and blueprint.gridded(entity):
            return _save_grid(office, form, entity)
        if path == at.moved(entity) and blueprint.moves(entity):
            return _move(office, form, entity)
        if path.startswith(f"{at.selected(entity)}/"):
            action = at.actions.get(path.removeprefix(f"{at.selected(entity)}/"), "")
            keys = _ticked(office, form, entity)
            if action not in blueprint.bulk_actions_of(entity) or not keys:
                return _missing(office)
            return _held_back(office, keys) or _advance(office, action, keys, form, bulk=True)
    if path.startswith(f"{at.waiting}/") and blueprint.workflow["commit"] != "direct":
        number, _, verb = path.removeprefix(f"{at.waiting}/").partition("/")
        which = _number(number)
        release, drop = at.fixed["release"], at.fixed["drop"]
        done = which is not None and (office.release(which) if verb == release else verb == drop and office.drop(which))
        return _away(at.waiting) if done else _missing(office)
    found = _record_path(office, path)
    if found is None:
        return _missing(office)
    key, rest = found
    if rest == f"-/{at.fixed['take']}" and blueprint.workflow["lock"]:
        office.store.lock(key)
        office.connection.commit()
        office.tell("taken-over", noun=blueprint.noun(blueprint.family.entity_of(office.store.records()[key])).lower())
        return _away(at.record(key))
    if rest in (f"-/{at.fixed['release']}", f"-/{at.fixed['drop']}") and blueprint.workflow["commit"] == "draft":
        for waiting, target, *_ in office.store.waiting():
            if target == key:
                (office.release if rest == f"-/{at.fixed['release']}" else office.drop)(waiting)
        return _away(at.record(key))
    action = _meant(office, key, at.actions.get(rest, ""))
    if not action:
        return _missing(office)
    if barred := office.barred(key):
        office.say(barred, "alert")
        return _html(pages.saved(office)) if "autosave" in form else _away(at.record(key))
    return _advance(office, action, [key], form)


def _ticked(office: Office, form: Mapping[str, tuple[str, ...]], entity: Entity) -> list[int]:
    records = office.store.records()
    numbers = dict.fromkeys(_number(text) for text in form.get("id", ()))
    return [key for key in numbers if key is not None and key in records and office.blueprint.family.entity_of(records[key]) is entity]


def _save_grid(office: Office, form: Mapping[str, tuple[str, ...]], entity: Entity) -> Response:
    """The fields in the rows of a list, all saved at once; none if one of them is wrong."""
    blueprint, records = office.blueprint, office.store.records()
    name, wanted = blueprint.gridded(entity), {}
    operation = blueprint.family.editing(entity)
    for field, entered in form.items():
        key = _number(field.removeprefix("g")) if field.startswith("g") else None
        if key is None or key not in records or blueprint.family.entity_of(records[key]) is not entity:
            continue
        reading = office.read_one(operation, key, name, entered[0])
        if reading.problems:
            office.warn("about", name=office.title(records[key]), text=reading.problems[name])
            return _away(pages.addresses(blueprint).list_of(entity))
        if reading.values[name] != office.effective(key)[name]:
            wanted[key] = reading.values
    if held := _held_back(office, list(wanted)):
        return held
    for key, values in wanted.items():
        office.perform(operation.name, operation, [key], values)
    if not wanted:
        office.tell("unchanged")
    return _away(pages.addresses(blueprint).list_of(entity))


def _move(office: Office, form: Mapping[str, tuple[str, ...]], entity: Entity) -> Response:
    """A card was dropped on another lane: the operation that leads there is carried out, or its form or question shown first."""
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    back = at.list_of(entity)
    if wanted := {name: form[name][0] for name in ("q", "s", "p") if form.get(name, ("",))[0]}:
        back = f"{back}?{urlencode(wanted)}"
    keys = _ticked(office, form, entity)
    lane = form.get("to", ("",))[0]
    status = blueprint.family.field(entity.status)
    target = next((value for value in status.values if forms.value_word(blueprint, status, value) == lane), None)
    if len(keys) != 1 or target is None:
        return _missing(office)
    key = keys[0]
    if office.effective(key)[entity.status] == target:
        return _away(back)
    if held := _held_back(office, keys):
        return held
    leading = [item for item in blueprint.status_verbs(entity) if item.sets[entity.status] == target]
    if not leading:
        office.warn("not-by-hand", value=lane)
        return _away(back)
    reading = Reading(leading[0])
    office.check(keys, reading)
    if reading.problems:
        office.say(next(iter(reading.problems.values())), "alert")
        return _away(back)
    if leading[0].fields or blueprint.confirmed(leading[0].name):
        return _away(at.action(key, leading[0].name))
    office.perform(leading[0].name, leading[0], keys, {})
    return _away(back)


def _held_back(office: Office, keys: list[int]) -> Response | None:
    """Back to the list when one of the ticked records may not be touched yet."""
    for key in keys:
        if barred := office.barred(key):
            office.warn("about", name=office.title(office.store.records()[key]), text=barred)
            return _away(pages.addresses(office.blueprint).list_of(office.blueprint.family.entity_of(office.store.records()[key])))
    return None


def _choose_bulk(office: Office, form: Mapping[str, tuple[str, ...]], entity: Entity) -> Response:
    """Ticked rows and the name of an action: shows that action's form or question."""
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    keys = _ticked(office, form, entity)
    action = next(
        (name for name in blueprint.bulk_actions_of(entity) if pages.action_word(blueprint, name) == form.get("action", ("",))[0]), ""
    )
    if not action or not keys:
        office.warn("pick-rows")
        return _away(at.list_of(entity))
    if blueprint.is_merge(action) and len(keys) != 2:
        office.warn("pick-two")
        return _away(at.list_of(entity))
    if not blueprint.form_fields(action) and not blueprint.is_merge(action):
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
    if blueprint.is_merge(action):
        _read_merge(office, keys, form, reading, bulk)
    if "autosave" in form and blueprint.workflow["edit"] == "autosave" and blueprint.is_edit(action):
        return _autosave(office, action, keys, reading)
    if reading.problems:
        shown = step
        if last:
            shown = next((index for index, part in enumerate(steps) if any(name in reading.problems for name in part)), step)
        return _show_form(
            office, action, keys, pages.form_view(office, action, keys, shown, form, reading.problems, fresh=False, bulk=bulk), 422
        )
    if not last:
        return _show_form(office, action, keys, pages.form_view(office, action, keys, step + 1, form, {}, fresh=False, bulk=bulk))
    unsure = "confirmed" not in form
    mistyped = blueprint.types_to_confirm(action) and len(keys) == 1 and form.get("t", ("",))[0].strip() != blueprint.code(keys[0])
    if (unsure or mistyped) and blueprint.confirmed(reading.operation.name):
        values = {name: value for name, value in reading.values.items() if name != "gone"}
        problem = "" if unsure else blueprint.say("type-exactly", code=blueprint.code(keys[0]))
        view = pages.confirm_view(office, action, keys, form, values, bulk=bulk, problem=problem)
        return _show_form(office, action, keys, view, 200 if unsure else 422)
    targets = keys
    if blueprint.is_merge(action):
        targets = [reading.values.pop("gone")]
    office.perform(action, reading.operation, targets, reading.values)
    remaining = [key for key in keys if key in office.store.records()]
    if remaining and not (bulk and len(keys) > 1):
        return _away(at.record(remaining[0]))
    return _away(at.list_of(blueprint.form_entity(action)))


def _autosave(office: Office, action: str, keys: list[int], reading: Reading) -> Response:
    """A field was left: keeps what was entered, if all is well, and says so; the page stays as it is."""
    for problem in reading.problems.values():
        office.say(problem, "alert")
    if not reading.problems:
        office.perform(action, reading.operation, keys, reading.values)
    return _html(pages.saved(office))


def _read_merge(office: Office, keys: list[int], form: Mapping[str, tuple[str, ...]], reading: Reading, bulk: bool) -> None:
    """Which record stays (`into`) and which goes (`gone`), by how this product asks for it."""
    chosen = form.get("m", ("",))[0]
    candidates = keys if bulk else office.merge_candidates(keys[0])
    other = next((key for key in candidates if office.caption(key) == chosen), None)
    if other is None or (bulk and len(keys) != 2):
        reading.problems["into"] = office.blueprint.say("pick-record")
        return
    if bulk:
        reading.values |= {"into": other, "gone": next(key for key in keys if key != other)}
    elif office.blueprint.workflow["merge"] == "absorb":
        reading.values |= {"into": keys[0], "gone": other}
    else:
        reading.values |= {"into": other, "gone": keys[0]}
