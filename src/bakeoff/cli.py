"""The command line. Everything heavy is imported inside the command that needs it, so that help is instant."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from bakeoff.cli_apps import making_ready, place_of
from bakeoff.cli_bake import bake, bake_for, language_model
from bakeoff.cli_common import err, friendly, out
from bakeoff.cli_experts import experts
from bakeoff.core.errors import UsageError

if TYPE_CHECKING:
    from bakeoff.core import Action, Observation, Product, TaskId

app = typer.Typer(
    name="bakeoff",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(experts, name="experts")
app.command("bake")(bake)
app.command("lm")(language_model)
RUNS = Path("runs")


def _version(wanted: bool) -> None:
    if wanted:
        from bakeoff import __version__

        out.print(f"bakeoff {__version__}")
        raise typer.Exit


@app.callback()
def _bakeoff(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")] = False,
) -> None:
    """Must an AI worker's skills be [b]baked in[/] beforehand, or can it learn them [b]on the job[/]? The same verifiable jobs, in real
    software, for both.

    [b]Start here[/]: [cyan]bakeoff doctor[/], then [cyan]bakeoff run plans/default.toml[/], then open the report it prints.

    Set BAKEOFF_DEBUG=1 to see where an error came from.
    """


# --- run ---------------------------------------------------------------------------------------------------------------------------


@app.command()
@friendly
def run(
    plan: Annotated[
        Path, typer.Argument(help="The plan: one TOML file, e.g. plans/default.toml; or the file of an app.", show_default=False)
    ],
    tasks: Annotated[
        Path | None,
        typer.Option("--tasks", help="Replace the plan's products by those named in this file, one a line.", show_default=False),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run.  [dim]Default: runs/<name>-<hash of the plan>[/]", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes at once.  [dim]Default: as the plan says[/]", show_default=False)
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the report: en or zh.")] = "en",
) -> None:
    """Run a bake-off, and write its report.

    Every episode is durable before the next begins: stop it with Ctrl-C, or kill it, and go on with --resume.

    [b]Examples[/]

      bakeoff run plans/default.toml

      bakeoff run plans/miniwob.toml --tasks my-tasks.txt --out runs/mine

      bakeoff run plans/default.toml --resume

      bakeoff run examples/lending.toml
    """
    from bakeoff.contest.plan import read_plan
    from bakeoff.contest.prepare import prepare_plan
    from bakeoff.contest.progress import watcher
    from bakeoff.contest.run import check, run_plan

    _check_language(lang)
    read = read_plan(plan, tasks_file=tasks)
    read = bake_for(read, workers or read.workers)
    with making_ready(err) as told:
        prepare_plan(read, told)
    with out.status("checking the plan: products, tasks, agents, one start of each environment"):
        drawn = check(read)
    result = run_plan(read, watcher(out), drawn=drawn, out=folder, root=RUNS, resume=resume, workers=workers)
    command = f"bakeoff run {plan}" + (f" --tasks {tasks}" if tasks else "") + (f" --out {folder}" if folder else "") + " --resume"
    if result.interrupted and not result.complete:
        out.print(f"Stopped; nothing finished is lost. Go on with: [cyan]{escape(command)}[/]", soft_wrap=True)
        raise typer.Exit(130)
    page = _finish(result.folder, lang)
    for cell, problem in result.failed:
        err.print(
            f"[red]{escape(cell.agent)} on {cell.stream} (repetition {cell.repetition + 1}) did not finish: {escape(problem)}[/]",
            soft_wrap=True,
        )
    if result.failed:
        err.print(f"Try these again with: {escape(command)}", soft_wrap=True)
    out.print(str(page), soft_wrap=True)
    if result.failed:
        raise typer.Exit(1)


def _finish(folder: Path, lang: str) -> Path:
    """Summary table, what was used, and the report."""
    from bakeoff.contest.measure import figures
    from bakeoff.contest.store import Store
    from bakeoff.contest.summary import table

    wide = out if out.is_terminal else Console(highlight=False, width=max(out.width, 200))
    with Store.open(folder) as store:
        info, faults, sealed = store.run, store.faults(), store.sealed_uses()
        with out.status("adding up"):
            found = figures(store)
            used, budget = store.disk_bytes(), info.plan["budgets"]["disk_bytes"]
        wide.print(table(found, f"{info.name} ({info.plan_hash[:8]}, seed {info.seed})"))
    out.print(f"{used / 1e6:,.1f} MB of {budget / 1e6:,.0f} MB disk, {info.seconds:.0f} s in {info.sittings} sitting(s)", soft_wrap=True)
    if faults:
        out.print(
            f"[yellow]{len(faults)} faults of the infrastructure, none of them scored; the first: {escape(shorten(faults[0].reason, 160))}[/]",
            soft_wrap=True,
        )
    if sealed:
        out.print(f"[yellow]{sealed} evaluations on sealed tasks, counted in the store[/]", soft_wrap=True)
    return _report(folder, lang)


def _check_language(lang: str) -> None:
    """Before a long run, not after it."""
    from bakeoff.contest.report import LANGUAGES

    if lang not in LANGUAGES:
        raise UsageError(f"there is no report in the language '{lang}'; use one of {', '.join(LANGUAGES)}")


def _report(folder: Path, lang: str) -> Path:
    from bakeoff.contest.report import write_report

    with out.status("writing the report"):
        return write_report(folder, lang)


# --- looking at runs ---------------------------------------------------------------------------------------------------------------


RunArgument = Annotated[
    Path | None, typer.Argument(help="Folder of a run, or its name below runs/.  [dim]Default: the newest[/]", show_default=False)
]


def _run_folder(given: Path | None) -> Path:
    if given is None:
        found = sorted(RUNS.glob("*/store.sqlite"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise UsageError("there is no run in runs/ yet; make one with `bakeoff run plans/default.toml`")
        return found[-1].parent
    if not given.exists() and (RUNS / given).exists():
        return RUNS / given
    return given


@app.command()
@friendly
def report(folder: RunArgument = None, lang: Annotated[str, typer.Option("--lang", help="en or zh.")] = "en") -> None:
    """Write the report on a run again: one HTML file that opens offline.

    [b]Examples[/]

      bakeoff report

      bakeoff report runs/default-1a2b3c4d --lang zh
    """
    from bakeoff.contest.store import Store

    chosen = _run_folder(folder)
    Store.open(chosen).close()
    out.print(str(_report(chosen, lang)), soft_wrap=True)


@app.command()
@friendly
def regrade(
    folder: RunArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Judge all episodes of a run again from what was stored, with today's verifiers.

    Verdicts that come out otherwise are stored beside the old ones, and count from then on. Needs no browser.
    """
    from rich.progress import Progress

    from bakeoff.contest.regrade import describe
    from bakeoff.contest.regrade import regrade as regrade_run
    from bakeoff.contest.store import Store

    with Store.open(_run_folder(folder)) as store, Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("judging again", total=None)
        result = regrade_run(store, lambda done, total: bar.update(task, completed=done, total=total), keep=not dry_run)
    for change in result.changes:
        episode = change.episode
        out.print(
            f"episode {episode.id} ({escape(episode.agent)}, {episode.task_id}): "
            f"{escape(describe(change.before))} → {escape(describe(change.after))}",
            soft_wrap=True,
        )
    kept = "" if not result.changes else "; not stored (--dry-run)" if dry_run else "; stored as new editions"
    out.print(
        f"{result.judged} judged again, {len(result.changes)} changed{kept}; {result.skipped} had nothing stored to judge", soft_wrap=True
    )


@app.command()
@friendly
def replay(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, or its name below runs/.", show_default=False)],
    episode: Annotated[int, typer.Argument(help="Id of the episode, as the report shows it.", show_default=False)],
) -> None:
    """Play a stored episode again in the real environment and compare every screen and the verdict. Exits 1 where it differs.

    [b]Example[/]

      bakeoff replay runs/default-1a2b3c4d 42
    """
    from bakeoff.contest.regrade import describe
    from bakeoff.contest.replay import replay as replay_episode
    from bakeoff.contest.store import Store

    with Store.open(_run_folder(folder)) as store:
        found = store.episode(episode)
        out.print(f"{escape(found.agent)} on {found.task_id}: {escape(found.instruction)}", soft_wrap=True)
        result = replay_episode(store, found, show=lambda action, seen: None if action is None else _print_action(action, seen))
    for divergence in result.divergences:
        out.print(f"[red]after {divergence.step} actions: {escape(divergence.what)}[/]", soft_wrap=True)
    verdict = "not judged" if result.verdict is None else describe(result.verdict)
    stored = "abstained" if found.value is None else f"{found.value:g}"
    out.print(f"verdict then {stored}, now {escape(verdict)}; {'the same throughout' if result.faithful else 'it differs'}", soft_wrap=True)
    if not result.faithful:
        raise typer.Exit(1)


@app.command()
@friendly
def record(
    what: Annotated[
        str, typer.Argument(help="Folder of a run, or its name below runs/; or a task, to be done by you in a window.", show_default=False)
    ],
    episode: Annotated[int | None, typer.Argument(help="Of a run: id of the episode, as the report shows it.", show_default=False)] = None,
    name: Annotated[str, typer.Option("--name", help="Call it alternatives.NAME instead of expert.")] = "",
) -> None:
    """Turn a run in an app from elsewhere into an expert: prints the line for the app's TOML file. Of a stored episode, or of what you do yourself.

    [b]Examples[/]

      bakeoff record runs/lending-1a2b3c4d 7 --name by-search

      bakeoff record examples/lending.toml/take-back#3
    """
    from bakeoff.cli_apps import lines_of_episode, lines_of_person, written

    if episode is not None:
        task, lines = lines_of_episode(_run_folder(Path(what)), episode, err)
    else:
        task, lines = lines_of_person(what, err)
    sys.stdout.write(written(task, lines, name))


# --- looking at environments -------------------------------------------------------------------------------------------------------


@app.command("list")
@friendly
def list_(
    environment: Annotated[
        str | None, typer.Argument(help="An environment.  [dim]Without: all environments and agents[/]", show_default=False)
    ] = None,
    family: Annotated[str | None, typer.Option("--family", help="Only this job family.", show_default=False)] = None,
    split: Annotated[str | None, typer.Option("--split", help="Only this split: train, dev or sealed.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All products, however many.")] = False,
) -> None:
    """List what there is: environments and agents, or the products of an environment.

    [b]Examples[/]

      bakeoff list

      bakeoff list browser --family crm --split dev

      bakeoff list examples/lending.toml
    """
    from rich.table import Table

    from bakeoff.core import SPLITS, load, names

    environment = None if environment is None else place_of(environment).partition("/")[0]
    if environment is None:
        for group in ("environments", "agents"):
            out.print(f"[b]{group}[/]")
            for name in names(group):
                try:
                    first = (load(group, name).__doc__ or "").strip().splitlines()[:1]
                except UsageError as problem:
                    first = [str(problem)]
                out.print(f"  [cyan]{name:14}[/] {escape(' '.join(first))}", soft_wrap=True)
        return
    if split is not None and split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; use one of {', '.join(SPLITS)}")
    from bakeoff.core import make_environment

    with make_environment(environment) as made:
        found = list(made.products(family=family, split=split))
        families = list(dict.fromkeys(product.family for product in made.products()))
    if not families:
        raise UsageError(f"environment '{environment}' has no products yet: it makes them of files of yours, see the folder docs")
    if not found:
        raise UsageError(f"environment '{environment}' has no such product; its families are {', '.join(families)}")
    table = Table()
    for name in ("product", "family", "split", "distance", "templates", "rules", "quirks"):
        table.add_column(name, justify="right" if name in ("templates", "rules", "quirks") else "left", no_wrap=True)
    shown = found if everything else found[:LISTED]
    for product in shown:
        counts = (str(len(product.templates)), str(product.rules), str(len(product.quirks)))
        table.add_row(product.name, product.family, product.split, product.distance, *counts)
    out.print(table)
    left = f"; the first {len(shown)} shown, --all for the rest" if len(shown) < len(found) else ""
    out.print(f"{_counted(found)}{left}", soft_wrap=True)
    for name in dict.fromkeys(product.family for product in found):
        templates = dict.fromkeys(template for product in found if product.family == name for template in product.templates)
        out.print(f"templates of {name}: {', '.join(templates)}", soft_wrap=True)


LISTED = 40


def _counted(found: list[Product]) -> str:
    counts: dict[str, int] = {}
    for product in found:
        key = f"{product.family} {product.split}"
        counts[key] = counts.get(key, 0) + 1
    return f"{len(found)} products: " + ", ".join(f"{count} {name}" for name, count in counts.items())


@app.command("try")
@friendly
def try_(
    task: Annotated[
        str,
        typer.Argument(
            help="A task id such as browser/crm-harbor@1/assign-lead#17; version, template and seed may be left out.", show_default=False
        ),
    ],
    agent: Annotated[str, typer.Option("--agent", "-a", help="Name, or name:argument; `bakeoff list` shows them.")] = "expert",
    show: Annotated[bool, typer.Option("--show", help="Open a window, where there is a screen.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the task, and of the agent.", show_default=False)] = None,
    practice: Annotated[int, typer.Option("--practice", min=0, help="Practice steps the agent may take first.")] = 0,
    screens: Annotated[bool, typer.Option("--screens", help="Print every screen in full.")] = False,
) -> None:
    """Watch one agent at one task, printed live. Nothing is stored.

    [b]Examples[/]

      bakeoff try miniwob/click-test --agent random

      bakeoff try browser/crm-harbor@1/assign-lead#17 --agent expert --show

      bakeoff try examples/lending.toml/take-back#3
    """
    from bakeoff.core import Ledger, Practice, Scored, load, make_agent

    task = place_of(task)
    environment = task.partition("/")[0]
    options: dict[str, Any] = {}
    if show:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            out.print("There is no screen to open a window on (DISPLAY is not set); going on without.", soft_wrap=True)
        elif "headless" not in inspect.signature(load("environments", environment)).parameters:
            out.print(f"Environment '{environment}' has no window to show; going on without.", soft_wrap=True)
        else:
            options["headless"] = False
    from bakeoff.contest.host import HostedEnvironment
    from bakeoff.contest.prepare import prepare

    with making_ready(err) as told:
        prepare(environment, [task.partition("#")[0].partition("/")[2].partition("/")[0]], told)
    with HostedEnvironment(environment, **options) as host:
        made = host.task(_task_id(host, task, seed))
        worker = make_agent(agent, host.tools, made.id.seed if seed is None else seed)
        out.print(f"[b]{made.id}[/]  [dim]{made.split} split, {made.limits.steps} steps at most[/]", soft_wrap=True)
        if made.split == "sealed":
            out.print("[yellow]A sealed product: nothing may be tuned on what you see here.[/]")
        if practice:
            ledger = Ledger()
            worker.practise(Practice(host, made, practice, ledger))
            out.print(f"[dim]practised for {ledger.practice_steps} steps, {ledger.resets} of them fresh copies[/]")
        _assist(worker, host, made)
        seen = host.reset(made)
        out.print(f"[b]{escape(seen.goal)}[/]\n{escape(seen.text) if screens else _short(seen)}", soft_wrap=True)
        while not seen.done:
            action = worker.act(seen)
            before, seen = seen, host.step(action)
            _print_action(action, seen, before)
            if screens:
                out.print(escape(seen.text), soft_wrap=True)
        verdict = host.verify()
        out.print(f"ended: {seen.ended}")
        if isinstance(verdict, Scored):
            for check in verdict.checks:
                out.print(f"  {'[green]✓[/]' if check.passed else '[red]✗[/]'} {check.name}: {escape(check.detail)}", soft_wrap=True)
            out.print(f"[b]{'[green]passed' if verdict.passed else '[red]failed'}[/][/], score {verdict.value:g} after {seen.step} steps")
        else:
            out.print(f"[yellow]abstained: {escape(verdict.reason)}[/]", soft_wrap=True)
        if any(spent := worker.spent_tokens()):
            out.print(f"[dim]{spent[0]} tokens in, {spent[1]} out[/]")


def _task_id(host: Any, text: str, seed: int | None) -> TaskId:
    """Completes a shortened id: newest version, first template, seed 1."""
    from bakeoff.core import TaskId

    place, _, number = text.partition("#")
    environment, _, rest = place.partition("/")
    name, _, template = rest.partition("/")
    if not name or (number and not number.isdigit()):
        raise UsageError(f"'{text}' is not a task; write environment/product@version/template#seed, e.g. miniwob/click-test@1/episode#1")
    product = host.product(name)
    chosen = seed if seed is not None else int(number or 1)
    return TaskId(environment, product.id, product.version, template or product.templates[0], chosen)


def _assist(worker: Any, host: Any, task: Any) -> None:
    """What a privileged agent is given."""
    from bakeoff.contest.cell import recording_of

    if worker.privilege == "expert":
        policy = host.expert(task)
        if policy is None:
            raise UsageError(f"environment '{host.name}' has no expert for {task.id.template}; choose another --agent")
        worker.assist(policy)
    elif worker.privilege == "recordings":
        recording = recording_of(host, task.id)
        worker.assist(() if recording is None else recording.actions)


def _short(seen: Observation) -> str:
    where = f" at {seen.location}" if seen.location else ""
    return f"[dim]{escape(seen.title)}{escape(where)}: {len(seen.elements)} elements[/]"


def _print_action(action: Action, seen: Observation, before: Observation | None = None) -> None:
    """The action with the name of what it was done to, and what became of it."""
    ref = action.arguments.get("ref")
    target = before.element(ref) if before is not None and isinstance(ref, str) else None
    named = f" [dim]({escape(f'{target.role} {target.name!r}')})[/]" if target is not None else ""
    trouble = f" [red]{escape(seen.error)}[/]" if seen.error else ""
    moved = f" [dim]→ {escape(seen.title)} {escape(seen.location)}[/]" if before is not None and before.location != seen.location else ""
    out.print(f"{seen.step:3} {escape(str(action))}{named}{moved}{trouble}", soft_wrap=True)


@app.command()
@friendly
def audit(
    environment: Annotated[str, typer.Argument(help="An environment; `bakeoff list` shows them.", show_default=False)],
    sample: Annotated[
        int | None, typer.Option("--sample", min=0, help="How many tasks, spread over everything.  [dim]Default: 40[/]", show_default=False)
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Besides, every product on paper; all of them in earnest where an environment has no state level."),
    ] = False,
    each: Annotated[int, typer.Option("--each", min=1, help="With --all: tasks of each product.")] = 1,
    paper: Annotated[
        bool, typer.Option("--paper", help="On paper alone: verdicts from final states, no browser. Fast, and no attacks.")
    ] = False,
    tasks: Annotated[list[str] | None, typer.Option("--task", help="This task, by its id. May be repeated.", show_default=False)] = None,
    checks: Annotated[list[str] | None, typer.Option("--check", help="This check alone. May be repeated.", show_default=False)] = None,
    mutants: Annotated[int, typer.Option("--mutants", min=1, help="Generated mutants of each task, at most.")] = 60,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes at once.  [dim]Default: one a processor, 4 at most[/]", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample and of the mutants.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result for programs; - for the standard output.", show_default=False)
    ] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write the certificate as one web page.", show_default=False)] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            help="Keep what is found in this file after every task, and go on from there next time.  [dim]With --all: below audits/[/]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Prove that an environment can be trusted, and certify it: experts and other right ways pass; near misses, mutants made by machine and cheats
    do not; floors stay at the floor; nothing gives the solution away; the same id gives the same product and verdict. Exits 1 on any failure.
    Sealed products are never audited. An audit of all products that was stopped goes on where it was when the same command is given again.

    [b]Examples[/]

      bakeoff audit browser --sample 12

      bakeoff audit browser --all --html certificate.html --json certificate.json

      bakeoff audit browser --paper --all --each 3

      bakeoff audit examples/lending.toml
    """
    from bakeoff.audit.command import audit as carry_out
    from bakeoff.contest.prepare import prepare
    from bakeoff.core import TaskId

    name = place_of(environment).partition("/")[0]
    with making_ready(err) as told:
        prepare(name, None, told)
    result = carry_out(
        name,
        out,
        err,
        sample=sample,
        all=everything,
        paper=paper,
        each=each,
        tasks=[TaskId.parse(text) for text in tasks] if tasks else None,
        checks=checks or None,
        mutants=mutants,
        workers=workers,
        seed=seed,
        json_file=json_file,
        html_file=html_file,
        journal=journal,
    )
    if not result.passed:
        raise typer.Exit(1)


@app.command()
@friendly
def workbook(
    task: Annotated[str, typer.Argument(help="A task id, e.g. spreadsheet/loan-eden@1/fill-row#1.", show_default=False)],
    folder: Annotated[Path, typer.Option("--out", help="A new or empty folder.")] = Path("job"),
    pdf: Annotated[bool, typer.Option("--pdf", help="The workbook as a PDF as well (needs LibreOffice).")] = False,
) -> None:
    """Hand a spreadsheet job to a person: its workbook, its papers and what is to be done, in a folder.

    [b]Example[/]

      bakeoff workbook 'spreadsheet/loan-eden@1/build-model#1' --out loan
    """
    from bakeoff.cli_sheets import workbook as hand_out

    hand_out(out, task, folder, pdf)


@app.command()
@friendly
def grade(
    task: Annotated[str, typer.Argument(help="The task id it was made for.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="The finished workbook, .xlsx.", show_default=False)],
    answer: Annotated[str, typer.Option("--answer", help="The figure, where the job asks for one.")] = "",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the verdict for programs.", show_default=False)] = None,
) -> None:
    """Grade a finished workbook: recalculated from scratch in two engines, in the base case and in secret scenarios; says which cell is wrong and
    why. Exits 1 when it fails.

    [b]Example[/]

      bakeoff grade 'spreadsheet/loan-eden@1/build-model#1' loan/loan-eden.xlsx
    """
    from bakeoff.cli_sheets import grade as judge

    if not judge(out, task, file, answer, json_file):
        raise typer.Exit(1)


@app.command()
@friendly
def doctor() -> None:
    """Look whether everything is there that bakeoff needs, and say how to mend what is not. Exits 1 when something needed is missing."""
    from bakeoff.doctor import Result, run

    def show(result: Result) -> None:
        sign = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]–[/]"}[result.good]
        out.print(f"{sign} {result.name:22} {escape(result.found)}", soft_wrap=True)
        if result.good is False:
            out.print(f"  [red]to mend:[/] {escape(result.mend)}", soft_wrap=True)

    if not run(show):
        raise typer.Exit(1)
    out.print("All that is needed is there.")


def main() -> None:
    """Entry point. An error that nobody foresaw is one line, too, unless BAKEOFF_DEBUG is set."""
    try:
        app()
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(130)
    except Exception as problem:
        if os.environ.get("BAKEOFF_DEBUG"):
            raise
        text = (
            f"This is a bug in bakeoff: {type(problem).__name__}: {problem}. Run it again with BAKEOFF_DEBUG=1 and report what it prints."
        )
        err.print(f"[red]{escape(text)}[/]", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
