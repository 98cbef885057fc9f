"""`kubefleet status`: what is live, beside what was decided."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kubefleet.cli._acting import member_under
from kubefleet.cli._stack import HERE, FolderOption, StackFleet, StackOption, read_fleets
from kubefleet.federation import placement_role
from kubefleet.federation.member import FederatedMember
from kubefleet.kube import Connection, MemberError, connect, fan_out
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.model.member import Member
from kubefleet.model.phase import Phase
from kubefleet.rollout.live import read_copy
from kubefleet.rollout.planner import Copy


@dataclass(frozen=True, slots=True)
class Row:
    """One placement on one cluster: replicas decided and live, and whether all of it is available."""

    placement: str
    cluster: str
    decided: int
    live: int
    state: str


def status(
    stack: StackOption = "",
    cwd: FolderOption = HERE,
    output: Annotated[str, typer.Option("--output", "-o", help="`table` or `json`.")] = "table",
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also what happened when, in the last rollouts.")
    ] = False,
    within: Annotated[float, typer.Option(help="Seconds that a cluster has to answer.")] = 15,
) -> None:
    """Print each placement on each cluster as it is now. Exit 1 when something is not as it was decided."""
    fleets = read_fleets(cwd, stack)
    rows = {fleet.name: read_rows(fleet, within) for fleet in fleets}
    if output == "json":
        typer.echo(json.dumps({name: [asdict(row) for row in of] for name, of in rows.items()}, indent=2))
    else:
        for fleet in fleets:
            _print(fleet, rows[fleet.name])
            for line in happened(fleet) if timeline else ():
                typer.echo(line)
    for line in (line for fleet in fleets for line in unfinished(fleet)):
        typer.echo(line, err=True)
    bad = any(row.state != "available" or row.live != row.decided for of in rows.values() for row in of)
    if bad or any(unfinished(fleet) for fleet in fleets):
        raise typer.Exit(1)


def read_rows(fleet: StackFleet, within: float) -> list[Row]:
    """All placements on all clusters where something was decided or is live; clusters are read in parallel."""
    members = fleet.declaration.members
    rows: list[Row] = []
    for member, outcome in zip(members, fan_out(members, lambda member: _read(fleet, member, within)), strict=True):
        for placement, previous in sorted(fleet.previous.items()):
            binding = next((found for found in previous.bindings if found.cluster == member.name), None)
            decided = binding.total if binding else 0
            if isinstance(outcome.error, MemberError):
                if binding:
                    rows.append(Row(placement, member.name, decided, 0, str(outcome.error)))
                continue
            copy = outcome.get()[placement]
            if copy is not None:
                live = sum(copy.replicas.values())
                rows.append(Row(placement, member.name, decided, live, _state(copy)))
            elif binding:
                rows.append(Row(placement, member.name, decided, 0, "absent"))
    return sorted(rows, key=lambda row: (row.placement, row.cluster))


def _state(copy: Copy) -> str:
    if not copy.revision:
        return "unfinished"
    return "available" if copy.available else "not available"


def happened(fleet: StackFleet) -> list[str]:
    """What each resource has noted of its last revision: a line that names it, then one for each moment."""
    lines = []
    for placement, kind, outputs in fleet.phases:
        if noted := outputs.get("timeline"):
            lines += [f"{fleet.name}/{placement} {outputs.get('stage') or kind.lower()}:"]
            lines += [f"  {line}" for line in noted]
    return lines


def unfinished(fleet: StackFleet) -> list[str]:
    """One line for each resource that is not complete, and for operations that a killed command has left."""
    lines = [
        f"{fleet.name}/{placement} {kind.lower()} {outputs['phase']}: {outputs.get('reason', '')}"
        for placement, kind, outputs in fleet.phases
        if outputs.get("phase") != Phase.COMPLETE
    ]
    if fleet.pending_operations:
        lines.append(
            f"{fleet.pending_operations} operations of a killed command are pending: run `pulumi cancel --yes`, "
            "then `pulumi up`; only if Pulumi still reports them: `pulumi refresh --clear-pending-creates`"
        )
    return lines


def _read(fleet: StackFleet, member: Member, within: float) -> dict[str, Copy | None]:
    if member.access is None:
        return dict.fromkeys(fleet.previous)
    if fleet.declaration.identity is not None:
        at = member_under(fleet.declaration.identity, member)
        return {placement: _copy_under(at, fleet, placement) for placement in fleet.previous}
    connection = connect(member.name, member.access, answer_within=within)
    try:
        return {placement: _copy(connection, fleet, placement) for placement in fleet.previous}
    finally:
        connection.close()


def _copy_under(at: FederatedMember, fleet: StackFleet, placement: str) -> Copy | None:
    """As the placement itself; where it has nothing by the fleet's records nobody asks as it."""
    uid = fleet.uids[placement]
    if read_inventory_object(at.reader(), uid) is None:
        return None
    return _copy(at.acting_as(placement_role(uid, placement)), fleet, placement)


def _copy(connection: Connection, fleet: StackFleet, placement: str) -> Copy | None:
    checks = fleet.checks[placement]
    return read_copy(connection, fleet.uids[placement], checks_of=lambda _revision: checks)


def _print(fleet: StackFleet, rows: list[Row]) -> None:
    table = Table("PLACEMENT", "CLUSTER", "DECIDED", "LIVE", "STATE", box=None, pad_edge=False)
    for row in rows:
        table.add_row(f"{fleet.name}/{row.placement}", row.cluster, str(row.decided), str(row.live), row.state)
    Console().print(table)
