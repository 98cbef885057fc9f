"""`kubefleet simulate FILE`: plan a fleet file, without any cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kubefleet.cli._plan_data import PlanForm, as_text, plan_as_json
from kubefleet.cli._plan_table import plan_as_table, plan_as_wide_table
from kubefleet.jobs.plan import JobPlan
from kubefleet.model.decision import Plan
from kubefleet.report.job_lines import job_lines
from kubefleet.spec.fleet_file import FleetFile, load_fleet_file
from kubefleet.spec.mistakes import Mistake, MistakesError

_DIFFERENT, _INVALID, _UNPLACED = 1, 2, 3
Jobs = tuple[JobPlan, ...]


def simulate(
    file: Annotated[Path, typer.Argument(help="A fleet file: clusters and placements.")],
    output: Annotated[PlanForm, typer.Option("--output", "-o", help="How to print the plan.")] = PlanForm.TABLE,
    check: Annotated[bool, typer.Option("--check", help="Compare with what the file expects.")] = False,
) -> None:
    """Plan a fleet file. Exit 0 when all is placed, 3 when something is not, 2 for invalid input.

    With --check, exit 1 when the plan is not what the file expects, else 0.
    """
    try:
        fleet = load_fleet_file(file)
        if check and not fleet.expected:
            raise MistakesError([Mistake("expect", "missing field (expected what --check compares with)", str(file))])
    except MistakesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_INVALID) from None
    plan, jobs = fleet.plan_all()
    typer.echo(_RENDERERS[output](fleet, plan, jobs), nl=False)
    if check:
        differences = fleet.differences(plan)
        for line in differences:
            typer.echo(line, err=True)
        raise typer.Exit(_DIFFERENT if differences else 0)
    if any(decision.unplaced for decision in plan.decisions) or any(job.unfit for job in jobs):
        raise typer.Exit(_UNPLACED)


def simulate_file(path: Path) -> Plan:
    """The plan of a fleet file. Raises MistakesError."""
    return load_fleet_file(path).plan()


def _with_jobs(text: str, fleet: FleetFile, jobs: Jobs) -> str:
    total = {job.name: job.demand.completions for job in fleet.jobs}
    return "".join((text, *(f"{line}\n" for job in jobs for line in job_lines(job, total[job.job]))))


_RENDERERS: dict[PlanForm, Callable[[FleetFile, Plan, Jobs], str]] = {
    PlanForm.TABLE: lambda fleet, plan, jobs: _with_jobs(plan_as_table(plan, fleet.snapshot), fleet, jobs),
    PlanForm.WIDE: lambda fleet, plan, jobs: _with_jobs(
        plan_as_wide_table(plan, fleet.snapshot, fleet.requests), fleet, jobs
    ),
    PlanForm.JSON: lambda fleet, plan, jobs: as_text(plan_as_json(plan, fleet.requests, jobs), PlanForm.JSON),
    PlanForm.YAML: lambda fleet, plan, jobs: as_text(plan_as_json(plan, fleet.requests, jobs), PlanForm.YAML),
}
