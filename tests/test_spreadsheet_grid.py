"""Spreadsheet jobs in the web grid: real Chromium, the real grid, the workbook on the server."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.core import Action, Observation, TaskId, UsageError
from bakeoff.environments.spreadsheet import products
from bakeoff.environments.spreadsheet.book import Look
from bakeoff.environments.spreadsheet.families import FAMILIES
from bakeoff.environments.spreadsheet.grid import assets, experts
from bakeoff.environments.spreadsheet.grid.display import displayed
from bakeoff.environments.spreadsheet.grid.environment import GridEnvironment
from bakeoff.environments.spreadsheet.tasks import TEMPLATES

needs_grid = pytest.mark.skipif(not assets.ready(), reason="the web spreadsheet is not installed; `make grid` fetches it")
HOUSE = products.products("loan", "train")[0].id
FILL = f"grid/{HOUSE}@1/fill-row#3"


@pytest.fixture(scope="module")
def grid() -> Iterator[GridEnvironment]:
    with GridEnvironment() as environment:
        yield environment


def begin(grid: GridEnvironment, task: str = FILL) -> Observation:
    return grid.reset(grid.task(TaskId.parse(task)))


def ref(seen: Observation, name: str) -> str:
    return next(item.ref for item in seen.elements if item.name == name and item.role in ("textbox", "button", "tab"))


def status(seen: Observation) -> str:
    return next(" ".join((item.name, item.value)).strip() for item in seen.elements if item.role == "status")


def bar(seen: Observation) -> str:
    return next(item.value for item in seen.elements if item.name == "Formula bar")


def go(grid: GridEnvironment, seen: Observation, area: str) -> Observation:
    grid.step(Action("type", {"ref": ref(seen, "Name box"), "text": area}))
    return grid.step(Action("press", {"key": "Enter"}))


def enter(grid: GridEnvironment, seen: Observation, cell: str, content: str) -> Observation:
    seen = go(grid, seen, cell)
    grid.step(Action("type", {"ref": ref(seen, "Formula bar"), "text": content}))
    return grid.step(Action("press", {"key": "Enter"}))


EVERY = [
    pytest.param(family, template, marks=() if (family, template) in (("loan", "fill-row"), ("comps", "answer")) else pytest.mark.slow)
    for family, template in [("loan", "fill-row"), ("comps", "answer"), *zip(FAMILIES, TEMPLATES[1:] + TEMPLATES[:1], strict=False)]
]
"""A job of every family, and with them most templates; two of them by default."""


@needs_grid
@pytest.mark.parametrize(("family", "template"), EVERY)
def test_experts_pass_by_keyboard(grid: GridEnvironment, family: str, template: str) -> None:
    house = next(product for product in products.products(family, "train") if template in product.templates)
    task = grid.task(TaskId.parse(f"grid/{house.id}@1/{template}#3"))
    seen = grid.reset(task)
    policy = grid.expert(task)
    while not seen.done:
        seen = grid.step(policy(seen))
    verdict = grid.verify()
    assert verdict.value == 1.0, verdict
    assert grid.regrade(task, grid.artefacts()).value == 1.0


@needs_grid
def test_other_ways_pass_and_near_misses_and_attacks_do_not(grid: GridEnvironment) -> None:
    task = grid.task(TaskId.parse(FILL))
    seen = set()
    for proof in grid.proofs(task):
        proof.play(grid, grid.reset(task))
        value = grid.verify().value
        assert value == 1.0 if proof.kind in ("expert", "alternative") else value < 1.0, proof.name
        seen.add(proof.kind)
    assert seen == {"expert", "alternative", "mutant", "attack"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_kind_of_task_has_two_other_right_ways(template: str) -> None:
    family = next(name for name in ("budget", "lbo", "loan") if template in products.products(name, "train")[0].templates)
    house = products.products(family, "train")[0]
    inner = products.task(TaskId("spreadsheet", house.id, house.version, template, 5))
    assert len(experts.alternatives(inner)) >= 2


@needs_grid
def test_what_is_entered_is_calculated_copied_and_taken_back(grid: GridEnvironment) -> None:
    seen = begin(grid)
    sheet = grid.session.desk.book.sheets[0].name
    seen = enter(grid, seen, "AB60", "6")
    seen = enter(grid, seen, "AC60", "=AB60*7")
    assert bar(go(grid, seen, "AC60")) == "=AB60*7"
    assert any(item.role == "cell" and item.name == "42" for item in seen.elements)
    seen = go(grid, seen, "AB60:AC60")
    grid.step(Action("press", {"key": "Control+c"}))
    seen = go(grid, seen, "AB61")
    seen = grid.step(Action("press", {"key": "Control+v"}))
    book = grid.session.desk.book
    assert book.sheet(sheet).cells[61, 29] == "=AB61*7"
    seen = grid.step(Action("click", {"ref": ref(seen, "Undo")}))
    assert (61, 29) not in grid.session.desk.book.sheet(sheet).cells


@needs_grid
def test_cells_can_be_edited_in_place(grid: GridEnvironment) -> None:
    seen = begin(grid)
    seen = enter(grid, seen, "B60", "1234.5")
    seen = go(grid, seen, "B60")
    cell = next(item for item in seen.elements if item.role == "cell" and item.name == "1234.5")
    seen = grid.step(Action("double_click", {"ref": cell.ref}))
    field = next(item for item in seen.elements if "focused" in item.states and item.role == "textbox")
    grid.step(Action("type", {"ref": field.ref, "text": "=2+3"}))
    seen = grid.step(Action("press", {"key": "Enter"}))
    assert grid.session.desk.book.sheets[0].cells[60, 2] == "=2+3"
    assert any(item.role == "cell" and item.name == "5" for item in seen.elements)


@needs_grid
def test_what_cannot_be_done_is_said_on_the_page(grid: GridEnvironment) -> None:
    seen = begin(grid)
    assert "cannot be entered" in status(enter(grid, seen, "B60", "=SUM(B1"))
    assert status(go(grid, seen, "Nowhere!A1"))
    seen = grid.step(Action("click", {"ref": ref(seen, "Add sheet")}))
    assert "name" in status(seen)
    assert not grid.session.fault


@needs_grid
def test_names_sheets_and_rows(grid: GridEnvironment) -> None:
    seen = begin(grid)
    seen = go(grid, go(grid, seen, "B60:D60"), "growth_path")
    assert "growth_path" in grid.session.desk.book.names
    assert bar(go(grid, seen, "growth_path")) == ""
    grid.step(Action("type", {"ref": ref(seen, "New sheet name"), "text": "Notes of mine"}))
    seen = grid.step(Action("click", {"ref": ref(seen, "Add sheet")}))
    assert grid.session.desk.book.sheets[-1].name == "Notes of mine"
    before = grid.session.desk.book.sheets[0].cells.copy()
    seen = go(grid, seen, f"'{grid.session.desk.book.sheets[0].name}'!A2")
    grid.step(Action("click", {"ref": ref(seen, "Insert row")}))
    after = grid.session.desk.book.sheets[0].cells
    assert after[1, 1] == before[1, 1] and (2, 1) not in after and len(after) == len(before)


@needs_grid
def test_nobody_comes_in_without_a_session(grid: GridEnvironment) -> None:
    import http.client

    begin(grid)
    assert grid._server is not None
    for path in ("/", "/book", "/enter/guess"):
        connection = http.client.HTTPConnection(grid._server.origin.removeprefix("http://"), timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().status == 403
        connection.close()


def test_without_its_files_the_grid_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="make grid"):
        assets.load()


def test_a_package_with_a_wrong_checksum_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    parcel = io.BytesIO()
    with tarfile.open(fileobj=parcel, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/dist/index.js"))
    (tmp_path / "parcel.tgz").write_bytes(parcel.getvalue())
    npm.write_text(
        f'#!/bin/sh\nfor last; do :; done\nwhile [ "$1" != --pack-destination ]; do shift; done\ncp {tmp_path}/parcel.tgz "$2/it.tgz"\n'
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match="wrong checksum"):
        assets.install()
    assert not assets.ready()
    npm.unlink()
    monkeypatch.setenv("PATH", str(npm.parent))
    with pytest.raises(UsageError, match="npm is not installed"):
        assets.install()


def test_checksums_are_whole() -> None:
    assert all(len(base64.b64decode(package.sha512)) == hashlib.sha512().digest_size for package in assets.PACKAGES)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5, "#,##0.0", "1,234.5"),
        (-1234.5, "#,##0;(#,##0)", "(1,234)"),
        (0.0, '#,##0;(#,##0);"-"', "-"),
        (0.05, "0.0%", "5.0%"),
        (7.5, '0.0"x"', "7.5x"),
        (0.05, "General", "0.05"),
        (1234567.0, "#,##0.0,", "1,234.6"),
        (-0.04, "0.0", "0.0"),
        (46112.0, "mmm-yy", "Mar-26"),
        ("text", "#,##0", "text"),
        (None, "0.0", ""),
    ],
)
def test_values_are_shown_by_their_format(value: float | str | None, code: str, text: str) -> None:
    assert displayed(value, Look(number_format=code)) == text
