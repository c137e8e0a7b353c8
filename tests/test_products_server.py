"""The products behind their pages: every proof on paper (no Chromium), business rules, forms sent by hand."""

from __future__ import annotations

import random
import re
from urllib.parse import quote, urlencode

import pytest

from bakeoff.core import Action, Scored, TaskId
from bakeoff.environments.browser import answers, forms, mutants, pages, products, server, tasks, verify, ways
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.browser.office import Office
from bakeoff.environments.browser.schema import Answer, Field, Operation, apply_all
from bakeoff.environments.browser.world import open_copy, snapshot
from open_products import OPEN, product_with
from paper import Paper, PaperEnvironment


def _sample(family: str) -> list[str]:
    """A product of each distance and one training product."""
    catalogue = [item for item in products.catalogue(family) if item.split != "sealed"]
    unseen = [
        next(item.id for item in catalogue if item.distance == distance)
        for distance in ("skin", "vocabulary", "widgets", "workflow", "data-model")
    ]
    return [*unseen, *[item.id for item in catalogue if item.split == "train"][:1]]


def _prove(environment: PaperEnvironment, name: str, template: str, seed: int, everything: bool, version: int = 1) -> None:
    """The expert of a task scores 1 within half its limit; with `everything` its alternatives score 1 within the limit, and its mutants do not."""
    task = environment.task(TaskId("browser", name, version, template, seed))
    found = tasks.assignment(task.id)
    proofs = (*ways.proofs(found), *mutants.proofs(found)) if everything else ways.proofs(found)[:1]
    for proof in proofs:
        proof.play(environment, environment.reset(task))
        last = environment._observation
        verdict = environment.verify()
        assert isinstance(verdict, Scored)
        assert verdict.passed == (proof.kind != "mutant"), (task.id, proof.name, verdict, environment.answer)
        if proof.kind != "mutant":
            room = task.limits.steps if proof.kind == "alternative" else task.limits.steps // 2
            assert last is not None and last.ended == "finished" and last.step <= room, (task.id, proof.name)
            assert environment.answer == "" or (found.job.answer is not None and not environment.answer.startswith("lost"))


@pytest.mark.parametrize("name", [name for family in FAMILIES for name in _sample(family)])
def test_experts_and_alternatives_score_one_and_mutants_do_not(name: str) -> None:
    drawn = products.blueprint(name)
    place = _sample(drawn.family.name).index(name)
    with PaperEnvironment() as environment:
        for index, template in enumerate(drawn.family.templates):
            if index % 3 == place % 3:  # each template in two of the six products; of every other one all proofs
                _prove(environment, name, template, 7 * index, everything=index % 2 == place // 3)
        assert environment.paper.largest < 36_000


@pytest.mark.parametrize("family", FAMILIES)
def test_experts_work_after_an_update_and_under_nonsense_labels(family: str) -> None:
    with PaperEnvironment() as environment:
        for index, name in enumerate(_sample(family)[2:5]):
            for step, template in enumerate(list(FAMILIES[family].templates)[index::7]):
                _prove(environment, name, template, step, everything=False, version=2)
                _prove(environment, f"{name}-nonsense", template, step, everything=False)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_all_proofs_of_a_task_in_every_product(family: str) -> None:
    templates = list(FAMILIES[family].templates)
    with PaperEnvironment() as environment:
        for index, name in enumerate(OPEN[family]):
            _prove(environment, name, templates[index % len(templates)], index, everything=True)


def _office(name: str, seed: int = 1) -> Office:
    drawn = products.blueprint(name)
    return Office(drawn, open_copy(snapshot(drawn, "task", seed)))


def _post(office: Office, path: str, **fields: str) -> int:
    body = "&".join(f"{key}={value}" for key, value in {"csrf": office.csrf, **fields}.items())
    return server._accept(office, path, body.encode()).status_code


def test_a_form_without_its_token_is_refused_and_changes_nothing() -> None:
    office = _office(OPEN["crm"][0])
    at = pages.addresses(office.blueprint)
    before = office.store.state()
    key = next(iter(office.store.records()))
    assert _post(office, at.action(key, "delete"), csrf="wrong", confirmed="1") == 403
    assert office.store.state().records == before.records and office.refused == 1


def test_a_delete_asks_back_first() -> None:
    drawn = product_with("crm", commit="direct", lock=False, confirm="none")
    office = _office(drawn.id)
    at = pages.addresses(drawn)
    key = next(iter(office.store.records()))
    assert _post(office, at.action(key, "delete")) == 200
    assert key in office.store.records()
    assert _post(office, at.action(key, "delete"), confirmed="1") == 303
    assert key not in office.store.records()


def test_drafts_change_nothing_until_published_and_can_be_discarded() -> None:
    drawn = product_with("crm", commit="draft", confirm="none", status="verbs")
    office = _office(drawn.id)
    at, key = pages.addresses(drawn), next(key for key, record in office.store.records().items() if record["status"] == "new")
    assert _post(office, at.action(key, "qualify"), confirmed="1") == 303
    assert office.store.records()[key]["status"] == "new" and len(office.store.waiting()) == 1
    assert _post(office, at.held(key, "drop")) == 303
    assert office.store.records()[key]["status"] == "new" and not office.store.waiting()
    _post(office, at.action(key, "qualify"), confirmed="1")
    assert _post(office, at.held(key, "release")) == 303
    assert office.store.records()[key]["status"] == "qualified" and not office.store.waiting()


def test_the_outbox_holds_everything_back_and_colleagues_changes_wait_there() -> None:
    drawn = product_with("helpdesk", commit="outbox", lock=False, confirm="all")
    office = _office(drawn.id)
    at = pages.addresses(drawn)
    key = next(iter(office.store.records()))
    assert [item[4] for item in office.store.waiting()] == ["colleague", "colleague"]
    assert _post(office, at.action(key, "delete"), confirmed="1") == 303
    number = office.store.waiting()[-1][0]
    assert key in office.store.records()
    assert _post(office, at.waits(number, "release")) == 303
    assert key not in office.store.records()


def test_a_record_must_be_taken_before_it_is_changed() -> None:
    drawn = product_with("crm", lock=True, commit="direct", confirm="all")
    office = _office(drawn.id)
    at, key = pages.addresses(drawn), next(iter(office.store.records()))
    _post(office, at.action(key, "delete"), confirmed="1")
    assert key in office.store.records() and drawn.word("ui.lock") in office.flash[-1][1]
    if "delete" in drawn.bulk_actions:
        _post(office, f"{at.selected(drawn.family.entities[0])}/{at.slugs['delete']}", id=str(key), confirmed="1")
        assert key in office.store.records()
    assert _post(office, at.take(key)) == 303
    _post(office, at.action(key, "delete"), confirmed="1")
    assert key not in office.store.records()


def test_rules_hold_on_the_server_and_are_told_to_the_worker() -> None:
    drawn = product_with("helpdesk", status="verbs", lock=False, commit="direct", edit="page")
    office = _office(drawn.id)
    at = pages.addresses(drawn)
    closed = next(key for key, record in office.store.records().items() if record["status"] == "closed")
    fresh = next(key for key, record in office.store.records().items() if record["status"] == "new")
    page = bytes(server._accept(office, at.action(fresh, "close"), f"csrf={office.csrf}".encode()).body).decode()
    assert f"{drawn.word('field.resolution')} is required" in page
    page = bytes(server._accept(office, at.action(fresh, "snooze"), f"csrf={office.csrf}&f11=2020-01-01".encode()).body).decode()
    assert "must not lie in the past" in page
    assert office.store.records()[fresh]["status"] == "new"
    paper = Paper(office)
    paper.request(at.action(closed, "close"))
    assert paper.location == at.record(closed)
    assert any(element.role == "alert" and "Not possible while" in element.name for element in paper.elements)


@pytest.mark.parametrize("path", ["/etc/passwd", "/../server.py", "/verdict", "/%2e%2e/", "/openapi.json", "/docs"])
def test_other_addresses_do_not_exist(path: str) -> None:
    office = _office(OPEN["crm"][3])
    assert server._get(office, path, {}).status_code == 404


ODD = (
    "",
    "x",
    "0",
    "-1",
    "²",
    "٣",
    "1e9",
    "9" * 12,
    "9" * 400,
    "12.50",
    "2026-04-03",
    "04/03/2026",
    "31",
    "–",
    "Yes",
    "a@b.example",
    "\x00",
    "a,b",
    "' OR 1=1 --",
)


def _value(rng: random.Random, office: Office, field: Field) -> object:
    """Something that a form of this product could hold for a field."""
    kinds: dict[str, object] = {
        "user": rng.choice(office.users)[0],
        "choice": rng.choice(field.values or ("",)),
        "date": f"2026-0{rng.randrange(3, 9)}-1{rng.randrange(9)}",
        "money": rng.randrange(10**6),
        "number": rng.randrange(field.most + 1),
        "flag": rng.random() < 0.5,
        "tags": tuple(rng.sample(field.values, min(2, len(field.values)))),
        "name": "Ann Smith",
    }
    return kinds.get(field.kind, rng.choice(("x y", "a@b.example")))


def _form(rng: random.Random, office: Office, action: str, key: int) -> dict[str, str]:
    """A form as it might come in: most of it sensible, some of it not, and steps left out."""
    form = {"csrf": office.csrf, "confirmed": "1", "j": "why", "t": office.blueprint.code(key), "step": rng.choice(("0", "1", "9", "²"))}
    if rng.random() < 0.2:
        del form["confirmed"]
    for name in office.blueprint.form_fields(action):
        value = _value(rng, office, office.blueprint.family.field(name))
        for part, entered in forms.enter(office.blueprint, name, value, office.users).items():
            form[part] = rng.choice(ODD) if rng.random() < 0.2 else entered
            form |= {f"{part}{suffix}": rng.choice(ODD) for suffix in "dmy" if rng.random() < 0.2}
    return form


def _path(rng: random.Random, office: Office, operation: Operation, key: int) -> str:
    at, blueprint = pages.addresses(office.blueprint), office.blueprint
    entity = blueprint.family.entity_of(office.store.records()[key])
    waiting = [str(number) for number, *_ in office.store.waiting()] or ["1"]
    paths = [
        at.creation(operation.name) if operation.kind == "create" else at.action(key, operation.name),
        f"{at.waiting}/{rng.choice(waiting)}/{rng.choice(('release', 'drop', 'x'))}",
        f"{at.record(key)}/{rng.choice(('hold/take', 'draft/release', 'draft/drop'))}",
        f"{at.selected(entity)}/{at.slugs.get(operation.name, 'x')}",
        f"{at.record(key)}/{quote(rng.choice(ODD))}",
        at.grid(entity),
    ]
    return rng.choices(paths, (6, 2, 1, 2, 1, 1))[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_sequence_of_forms_breaks_the_server(family: str) -> None:
    """Forms of any kind in any order, sensible and odd: the product answers each, and what it holds afterwards can be read and shown."""
    rng = random.Random(family)
    for name in rng.sample(OPEN[family], 3):
        office = _office(name, seed=rng.randrange(100))
        at, own = pages.addresses(office.blueprint), office.blueprint.family
        for _ in range(70):
            key = rng.choice(list(office.store.records()))
            entity = own.entity_of(office.store.records()[key])
            operation = rng.choice(own.operations if rng.random() < 0.2 else own.of(entity))
            some = rng.sample(list(office.store.records()), 2)
            form = _form(rng, office, operation.name, key) | {f"g{key}": rng.choice(ODD), "id": [str(number) for number in some]}
            answer = server._accept(office, _path(rng, office, operation, key), urlencode(form, doseq=True).encode())
            assert answer.status_code in (200, 303, 404, 422), (name, form)
        office.connection.commit()
        verify.final_state(office.blueprint, office.connection)
        for path in (at.start, *(at.list_of(entity) for entity in own.entities), at.record(key)):
            for text in ODD[::4]:
                assert server._get(office, path, {"q": text, "p": text, "s": text, "t": text}).status_code in (200, 404), (name, path, text)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_instruction_never_fits_a_record_beside_the_one_that_is_meant(family: str) -> None:
    """Records that share title and subtitle are told apart by their contact, unless the job is about all that fit a description."""
    for index, template in enumerate(FAMILIES[family].templates):
        found = tasks.assignment(TaskId("browser", OPEN[family][0], 1, template, 40 + index))
        job, own, records = found.job, found.blueprint.family, found.before.records
        touched = {key for act in job.acts for key in act.records}
        for keys, text in ((touched, job.instruction), (set(job.sources), job.instruction)):
            for key in keys:
                entity = own.entity_of(records[key])
                alike = [
                    other
                    for other, record in records.items()
                    if other not in keys
                    and own.entity_of(record) is entity
                    and all(record[name] == records[key][name] for name in (entity.title, entity.subtitle))
                ]
                told = any(str(records[one][entity.contact]) in text for one in (key, *alike))
                assert not alike or told or re.search(r"\b([Ee]very|[Aa]ll|of the snoozed|Of the)\b", text), (found.id, text)


def test_silence_is_no_answer() -> None:
    for answer in (Answer("list", ()), Answer("text", ""), Answer("money", 0), Answer("number", 0), Answer("name", "")):
        assert not answers.same(answer, "") and not answers.same(answer, " \n ", ("",))


def test_other_orders_and_mistakes_set_right_are_among_the_right_ways() -> None:
    found = [tasks.assignment(TaskId("browser", OPEN[family][0], 1, name, 2)) for family in FAMILIES for name in FAMILIES[family].templates]
    names = [set(ways.alternatives(item)) for item in found]
    assert sum("another-order" in item for item in names) > 15 and sum("bystander-undone" in item for item in names) > 0.9 * len(names)
    for item in found:
        for name, (_, _, acts) in ways.alternatives(item).items():
            after = apply_all(item.blueprint.family, item.before, acts)
            right = verify.judge(item.blueprint.family, item.before, after, item.job.acts)
            assert right.passed, (item.id, name, right.failed_checks)


def test_practice_has_other_data_and_no_verdict_and_ends_with_finish() -> None:
    with PaperEnvironment() as environment:
        task = environment.task(TaskId("browser", OPEN["crm"][0], 1, "qualify-lead", 3))
        real = environment.reset(task)
        practice = environment.reset(task, practice=True)
        assert practice.goal == "" and real.goal == task.instruction
        assert [item.name for item in practice.elements] != [item.name for item in real.elements]
        assert environment.step(Action("finish")).done


HIDDEN = {
    "a note that no page shows": ("notes", lambda drawn: drawn.model["notes"] == "inline", "INSERT INTO notes (record, kind, body) VALUES ({key}, 'call', 'x')"),
    "a label that no page shows": ("tags", lambda drawn: drawn.model["tags"] != "table", "INSERT INTO labels VALUES ({key}, 'x')"),
    "a status that no page shows": ("status", lambda drawn: drawn.model["status"] != "history", "INSERT INTO steps (record, value) VALUES ({key}, 'x')"),
}  # fmt: skip


@pytest.mark.parametrize("what", HIDDEN)
def test_what_stands_in_a_table_that_this_product_has_no_use_for_is_seen(what: str) -> None:
    """Each of these was accepted once."""
    _, fits, damage = HIDDEN[what]
    drawn = next(found for name in OPEN["payables"] if fits(found := products.blueprint(name)))
    with PaperEnvironment() as environment:
        task = environment.task(TaskId("browser", drawn.id, 1, "approve-invoice", 1))
        ways.proofs(tasks.assignment(task.id))[0].play(environment, environment.reset(task))
        right = environment.verify()
        key = next(key for key in tasks.assignment(task.id).before.records)
        environment.office.connection.execute(damage.format(key=key))
        environment.office.connection.commit()
        wrong = environment.verify()
    assert isinstance(right, Scored) and isinstance(wrong, Scored)
    assert right.passed and wrong.failed_checks == ("frame-extras",), what


@pytest.mark.parametrize("family", [family for family in FAMILIES if OPEN[family]])
def test_an_answer_may_be_what_the_screen_says(family: str) -> None:
    """Days and people as the product's own pages write them; what the page of another product would say need not be understood."""
    asked = set()
    for index, name in enumerate(OPEN[family][::9]):
        drawn = products.blueprint(name)
        for template in drawn.family.templates:
            found = tasks.assignment(TaskId("browser", name, 1, template, index))
            answer = found.job.answer
            if answer is None or answer.kind not in ("date", "name"):
                continue
            for key in found.job.sources:
                for field in found.blueprint.family.fields:
                    if found.before.records[key][field.name] == answer.value and field.kind in ("date", "name", "user"):
                        read = forms.shown(drawn, field.name, answer.value, found.before.users)
                        asked.add(read)
                        assert answers.same(answer, read, answers.shown(answer, drawn, found.before.users)), (found.id, read)
                        assert not answers.same(answer, f"not {read}", answers.shown(answer, drawn, found.before.users))
    assert asked or family in ("crm", "helpdesk"), "no question about a day or a person was met"


def test_days_are_understood_as_people_write_them() -> None:
    day = Answer("date", "2026-03-16")
    for text in ("March 16, 2026", "16th March 2026", "Monday, 16 March 2026", "Mar 16 2026", "16 Sept 2026".replace("Sept", "Mar")):
        assert answers.same(day, text), text
    for text in ("Tuesday, 16 March 2026", "03/16/2026", "16 Ma 2026", "March 2026", "16 or 17 March 2026"):
        assert not answers.same(day, text), text


def test_a_final_database_is_graded_again_from_its_bytes_alone() -> None:
    with PaperEnvironment() as environment:
        task = environment.task(TaskId("browser", OPEN["helpdesk"][130], 1, "answer-and-close", 3))
        policy, observation = environment.expert(task), environment.reset(task)
        untouched = dict(environment.artefacts())
        while not observation.done:
            observation = environment.step(policy(observation))
        verdict, artefacts = environment.verify(), dict(environment.artefacts())
    with PaperEnvironment() as later:
        assert later.regrade(task, artefacts) == verdict and verdict.to_dict()["value"] == 1.0
        assert later.regrade(task, untouched).to_dict()["value"] == 0.0
