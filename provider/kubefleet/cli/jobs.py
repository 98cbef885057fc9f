"""`kubefleet jobs`: how the jobs of a stack stand, where an index runs, and who looks after them between two `up`s."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from kubefleet.cli._job_board import JobBoard
from kubefleet.cli._job_look import index_lines, look_at_jobs, row_table, shard_table
from kubefleet.cli._plan_data import PlanForm, as_text
from kubefleet.cli._stack import HERE, FolderOption, StackOption, exit_with
from kubefleet.cli._stack_jobs import StackJob, read_jobs
from kubefleet.jobs.verdict import JobPhase
from kubefleet.report.job_table import JobRow, job_data

_EVERY = 2.0
app = typer.Typer(no_args_is_help=True, help="The jobs of a stack.")
JobArgument = Annotated[str, typer.Argument(help="The job, or FLEET/JOB; else all.")]


@app.command()
def status(
    job: JobArgument = "",
    output: Annotated[PlanForm, typer.Option("--output", "-o", help="How to print it.")] = PlanForm.TABLE,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on until all are over.")] = False,
    index: Annotated[int, typer.Option("--index", help="Only where this index runs, and how to see its logs.")] = -1,
    stack: StackOption = "",
    cwd: FolderOption = HERE,
) -> None:
    """Print how far each job is, by what its clusters say now. Changes nothing. Exit 1 when one has failed.

    `wide` adds a line for each shard; `json` and `yaml` have all of it.
    """
    jobs = read_jobs(cwd, stack, job)
    if index >= 0:
        if len(jobs) > 1:
            exit_with(f"an index of which job? (expected one of {', '.join(job.full for job in jobs)}). Name it.")
        typer.echo("\n".join(index_lines(jobs[0], index)))
        return
    rows = look_at_jobs(jobs)
    if watch and output is PlanForm.TABLE:
        rows = _follow(jobs, rows)
    elif output in (PlanForm.JSON, PlanForm.YAML):
        data: dict[str, Any] = {"jobs": [job_data(row) for row in rows]}
        typer.echo(as_text(data, output), nl=False)
    else:
        console = Console()
        console.print(row_table(rows))
        if output is PlanForm.WIDE:
            console.print()
            console.print(shard_table(rows))
    _tell_why(rows)
    if any(row.verdict.phase is JobPhase.FAILED for row in rows):
        raise typer.Exit(1)


def _follow(jobs: tuple[StackJob, ...], rows: list[JobRow]) -> list[JobRow]:
    with Live(row_table(rows), console=Console(), auto_refresh=False) as live:
        try:
            while any(row.verdict.phase is JobPhase.RUNNING for row in rows):
                time.sleep(_EVERY)
                rows = look_at_jobs(jobs)
                live.update(row_table(rows), refresh=True)
        except KeyboardInterrupt:
            pass
    return rows


def _tell_why(rows: list[JobRow]) -> None:
    for row in rows:
        if row.verdict.phase is JobPhase.FAILED:
            typer.echo(f"{row.name}: {row.verdict.reason}", err=True)
        for member, why in sorted(row.why.items()):
            typer.echo(f"{row.name}: {member} does not say what it has: {why}", err=True)


@app.command()
def run(
    job: JobArgument = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on until all are over.")] = False,
    stack: StackOption = "",
    cwd: FolderOption = HERE,
) -> None:
    """Look after jobs as `pulumi up` does: what a lost cluster has left goes to others, and so does what failed.

    One round, or with --watch one every few seconds until all are over. Needs a hub. Exit 1 when one is not complete.
    """
    jobs = read_jobs(cwd, stack, job, secrets=True)
    _expect_hub(jobs)
    board = JobBoard(jobs)
    ended: Mapping[str, JobPhase] = board.run(once=not watch)
    if any(phase is not JobPhase.COMPLETE for phase in ended.values()):
        raise typer.Exit(1)


def _expect_hub(jobs: tuple[StackJob, ...]) -> None:
    for fleet in sorted({job.fleet for job in jobs if job.outputs.get("hub") is None}):
        exit_with(
            f"fleet `{fleet}` has no hub (expected `Fleet(..., hub=...)`): there a lease keeps this command and "
            "`pulumi up` from giving one index to two clusters, and both find the account of each job. Give the fleet "
            'a hub and run `pulumi up`, or let that do it all: wait="completed".'
        )
