"""One attack under way: what it knows, and a wire to the server that no page restricts."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from bakeoff.core import Action, Observation
from bakeoff.environments.browser import forms, pages
from bakeoff.environments.browser.environment import BrowserEnvironment
from bakeoff.environments.browser.experts import Hand, Style
from bakeoff.environments.browser.schema import Act, State, blank_record
from bakeoff.environments.browser.server import COOKIE
from bakeoff.environments.browser.tab import ScriptError
from bakeoff.environments.browser.tasks import assignment

Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    text: str


class Raid:
    """One attack under way: the open episode, what the task wants, and a wire to the server that no page restricts."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        assert environment._task is not None
        self.environment, self.task = environment, environment._task
        self.found = assignment(self.task.id)
        self.blueprint, self.at = self.found.blueprint, pages.addresses(self.found.blueprint)

    @property
    def session(self) -> tuple[str, str]:
        """The cookie's value and the form token."""
        return self.environment.office.token, self.environment.office.csrf

    def send(
        self,
        method: str,
        path: str,
        form: Form | bytes | None = None,
        *,
        cookie: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One raw request; `cookie=None` sends the session's, `""` none."""
        address = urlsplit(self.environment.origin)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        body = form if isinstance(form, bytes) or form is None else urlencode(form, doseq=True).encode()
        head = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        value = self.session[0] if cookie is None else cookie
        if value:
            head["Cookie"] = f"{COOKIE}={value}"
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, content in head.items():
                connection.putheader(name, content)
            connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def work(self) -> Iterator[tuple[str, Form]]:
        """The requests that the product's own forms would send for the job, without the token."""
        for act in self.found.job.acts:
            for key in act.records or (None,):
                yield self.request(act, key)

    def request(self, act: Act, key: int | None, **options: bool) -> tuple[str, Form]:
        """The one request for an act on a record, as if all of the form's steps had been gone through."""
        office, family = self.environment.office, self.blueprint.family
        action, values = Hand(self.blueprint, self.found.before, Style()).action_for(act)
        entity = self.blueprint.form_entity(action)
        form: Form = {"confirmed": "1", "step": str(len(self.blueprint.steps(action)) - 1), "j": "As asked"}
        if key is not None:
            form["t"] = self.blueprint.code(key)
        if self.blueprint.is_merge(action):
            assert key is not None
            form["m"] = office.caption(act.values["into"] if self.blueprint.workflow["merge"] != "absorb" else key)
            if self.blueprint.workflow["merge"] == "bulk":
                return f"{self.at.selected(entity)}/{self.at.slugs[action]}", form | {"id": (str(key), str(act.values["into"]))}
            return self.at.action(act.values["into"] if self.blueprint.workflow["merge"] == "absorb" else key, action), form
        record = office.effective(key) if self.blueprint.is_edit(action) else blank_record(family, entity)
        for name in self.blueprint.form_fields(action):
            value = values.get(name, record.get(name, family.field(name).empty))
            form |= self.entered(name, value)
        return (self.at.creation(action) if key is None else self.at.action(key, action)), form

    def entered(self, name: str, value: Any) -> Form:
        """A canonical value as the product's form would submit it."""
        held: Form = {}
        for part, content in zip(
            forms.parts(self.blueprint, name, self.found.before.users),
            forms.enter(self.blueprint, name, value, self.found.before.users).items(),
            strict=False,
        ):
            key, entered = content
            if part.widget == "triple":
                year, month, day = (entered or "--").split("-")
                named = self.blueprint.month(int(month)) if month else forms.NONE
                held |= {f"{key}d": str(int(day)) if day else forms.NONE, f"{key}m": named, f"{key}y": year or forms.NONE}
            else:
                held[key] = entered
        return held

    def state(self) -> State:
        """What the database says now."""
        with self.environment.office.guard:
            return self.environment.office.store.state()

    @contextlib.contextmanager
    def nothing_changes(self, what: str) -> Iterator[None]:
        """Asserts that the database says the same before and after."""
        before = self.state()
        yield
        after = self.state()
        assert after == before, f"{what} changed the records"

    @property
    def browser_pid(self) -> int:
        return self.environment._running()[0].pid

    def wait(self) -> Observation:
        """What is on the screen a moment later."""
        return self.environment.step(Action("wait"))

    def script(self, source: str) -> Any:
        """Runs script in the page; what it throws is its own affair."""
        try:
            return self.environment.tab.evaluate(source, "page")
        except ScriptError:
            return None

    def forbidden(self) -> tuple[str, ...]:
        """What no answer of the server may contain: ids of the task, and what only the solution holds."""
        before = self.found.before
        known = json.dumps([before.records, before.notes, before.users], default=str, ensure_ascii=False)
        values = [value for act in self.found.job.acts for value in act.values.values() if isinstance(value, str) and len(value) > 8]
        secrets = [value for value in values if (" " in value or "@" in value) and value not in known]
        ids = (str(self.task.id), f"{self.task.id.product}@", f"/{self.task.id.template}#")
        return (*ids, *secrets)


def refused(reply: Reply, what: str) -> None:
    assert reply.status in (400, 401, 403, 404, 405, 413, 421), f"{what} was answered with {reply.status}: {reply.text[:80]!r}"
