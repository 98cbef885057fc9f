"""`kubefleet explain PLACEMENT`: why it is where it is, with the fleet as it is now."""

from typing import Annotated

import typer

from kubefleet.cli._plan_data import PlanForm, as_text, plan_as_json
from kubefleet.cli._stack import HERE, FolderOption, StackFleet, StackOption, read_fleets
from kubefleet.cli.inventory import read_inventory
from kubefleet.model.decision import Plan
from kubefleet.report.autoscaled_lines import autoscaled_lines
from kubefleet.report.selection_lines import selection_lines
from kubefleet.report.story import SHORT, story_lines
from kubefleet.scheduling import schedule
from kubefleet.spec.mistakes import did_you_mean


def explain(
    placement: Annotated[str, typer.Argument(help="The placement, or FLEET/PLACEMENT.")],
    stack: StackOption = "",
    cwd: FolderOption = HERE,
    output: Annotated[PlanForm, typer.Option("--output", "-o", help="How to print it.")] = PlanForm.TABLE,
    within: Annotated[float, typer.Option(help="Seconds that a cluster has to answer.")] = 15,
) -> None:
    """Print every cluster of a placement: chosen with its scores, or refused with all reasons. Changes nothing.

    `wide` names all of them, however many; `json` and `yaml` have the same data in full.
    """
    fleet, name = _find(read_fleets(cwd, stack), placement)
    plan = plan_now(fleet, within)
    if output in {PlanForm.JSON, PlanForm.YAML}:
        alone = Plan(tuple(decision for decision in plan.decisions if decision.placement == name))
        data = plan_as_json(alone, fleet.declaration.requests)["placements"][name]
        typer.echo(as_text(data, output), nl=False)
        return
    decision = plan.decision(name)
    request = next(request for request in fleet.declaration.requests if request.name == name)
    if decision is not None:
        moves = tuple(move for move in plan.moves if move.placement == name)
        autoscaled = [f"  scaled   {line}" for line in autoscaled_lines(request, decision)]
        listing = selection_lines(request.selection) if request.selection is not None else []
        story = story_lines(decision, moves, None if output is PlanForm.WIDE else SHORT)
        typer.echo("\n".join([*story, *autoscaled, *listing]))


def plan_now(fleet: StackFleet, within: float) -> Plan:
    """What the scheduler would decide now, for a fleet as it was declared in the last `up`."""
    declared = fleet.declaration
    snapshot = read_inventory(declared.members, within, declared.knowledge, declared.identity)
    return schedule(snapshot, fleet.declaration.requests, fleet.previous)


def _find(fleets: tuple[StackFleet, ...], wanted: str) -> tuple[StackFleet, str]:
    known = [(fleet, name) for fleet in fleets for name in fleet.uids]
    found = [(fleet, name) for fleet, name in known if wanted in {name, f"{fleet.name}/{name}"}]
    if len(found) == 1:
        return found[0]
    names = [f"{fleet.name}/{name}" for fleet, name in known]
    hint = did_you_mean(wanted, [name for _, name in known])
    typer.echo(f"no placement `{wanted}` (expected one of {', '.join(sorted(names))}).{hint}", err=True)
    raise typer.Exit(1)
