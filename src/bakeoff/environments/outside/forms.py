"""Signing the worker in before an episode, by the app's own login form or with a cookie; no page and no agent is involved."""

from __future__ import annotations

import http.cookiejar
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urljoin

from bakeoff.core import EnvironmentFault, UsageError
from bakeoff.environments.outside import text
from bakeoff.environments.outside.app import App


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of the app's origin. `hidden`: page script cannot read it."""

    value: str
    hidden: bool = True


Cookies = dict[str, Cookie]
"""By name."""


class _Forms(HTMLParser):
    """The forms of a page: action, method, and the fields with what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str], set[str]]] = []  # action, method, values, names

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), {}, set()))
        elif tag in ("input", "button", "select", "textarea") and self.found and given.get("name"):
            _, _, values, names = self.found[-1]
            names.add(given["name"])
            if tag == "input" and given.get("type", "text").lower() in ("hidden", "submit"):
                values.setdefault(given["name"], given.get("value", ""))


def sign_in(app: App, origin: str, places: Mapping[str, Any]) -> Cookies:
    """The cookies of a signed-in worker; none where the app's file has no [login] by form or cookie.

    Raises `UsageError` when the page has no such form or the app does not let the worker in, `EnvironmentFault` when it does not answer.
    """
    login = app.login
    if login.cookie:
        return {text.fill(login.cookie["name"], places, app.where): Cookie(text.fill(login.cookie["value"], places, app.where))}
    if not login.form:
        return {}
    where = f"{app.where}: [login]"
    wanted = {name: text.fill(value, places, app.where) for name, value in login.fields.items()}
    jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=None))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    address = origin + login.form
    try:
        with opener.open(address, timeout=30) as answer:
            address, page = answer.url, _Forms()
            page.feed(answer.read().decode("utf-8", "replace"))
        form = next((found for found in page.found if set(wanted) <= found[3] and found[1] == "post"), None)
        if form is None:
            names = "; ".join(", ".join(sorted(found[3])) for found in page.found if found[1] == "post") or "no form at all"
            raise UsageError(f"{where}: the page {login.form} has no form with the fields {', '.join(wanted)}; it has: {names}")
        action, _, values, _ = form
        request = urllib.request.Request(
            urljoin(address, action or address),
            data=urlencode({**values, **wanted}).encode(),
            headers={"Referer": address, "Origin": origin},
        )
        with opener.open(request, timeout=30) as answer:
            after = _Forms()
            after.feed(answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as problem:
        raise UsageError(
            f"{where}: the app answered {problem.code} {problem.reason} at {problem.url}; are path and fields right?"
        ) from problem
    except (OSError, HTTPException) as problem:
        raise EnvironmentFault(f"app '{app.name}': signing in at {login.form} failed: {problem}") from problem
    if any(set(wanted) <= found[3] and found[1] == "post" for found in after.found):
        raise UsageError(f"{where}: the app did not let {next(iter(wanted.values()), 'the worker')} in; it shows the form again")
    if not jar:
        raise UsageError(f"{where}: the app set no cookie; is this the form that signs in?")
    return {cookie.name: Cookie(cookie.value or "", cookie.has_nonstandard_attr("HttpOnly")) for cookie in jar}
