"""`kubefleet inventory`: clusters, their properties, node shapes and capacity, as they are now."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
import yaml

from kubefleet.cli._acting import looking
from kubefleet.cli._inventory_data import as_fleet_file
from kubefleet.cli._inventory_table import as_property_table, as_table, as_wide_table
from kubefleet.cli._stack import HERE, FolderOption, StackOption, read_fleets
from kubefleet.identity.settings import IdentitySettings
from kubefleet.model.access import Kubeconfig
from kubefleet.model.cluster import ClusterState
from kubefleet.model.knowledge import Knowledge
from kubefleet.model.member import Member
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.flaws import flaw_lines


class InventoryForm(StrEnum):
    """How it is printed; `wide` adds columns and the node shapes, `properties` has a line for each property, `json` and
    `yaml` are a fleet file's `clusters`.
    """

    TABLE = "table"
    WIDE = "wide"
    PROPERTIES = "properties"
    JSON = "json"
    YAML = "yaml"


def inventory(
    context: Annotated[
        list[str] | None, typer.Option("--context", help="A context of the kubeconfig; repeat for several.")
    ] = None,
    kubeconfig: Annotated[str, typer.Option(help="Path of the kubeconfig; else kubectl's rules.")] = "",
    output: Annotated[InventoryForm, typer.Option("--output", "-o", help="How to print it.")] = InventoryForm.TABLE,
    stack: StackOption = "",
    cwd: FolderOption = HERE,
    within: Annotated[float, typer.Option(help="Seconds that a cluster has to answer.")] = 15,
) -> None:
    """Print what the clusters of a stack, or of contexts, have: nodes by shape, what is free, properties.

    Exit 1 when one cannot be reached.
    """
    if context:
        snapshot = read_inventory([Member(name, Kubeconfig(name, kubeconfig)) for name in sorted(set(context))], within)
    else:
        declared = [fleet.declaration for fleet in read_fleets(cwd, stack)]
        snapshot = _one_snapshot(
            [read_inventory(fleet.members, within, fleet.knowledge, fleet.identity) for fleet in declared]
        )
    show_inventory(snapshot, output)


def _one_snapshot(snapshots: Sequence[Snapshot]) -> Snapshot:
    clusters = (cluster for snapshot in snapshots for cluster in snapshot.clusters)
    return replace(snapshots[0], clusters=tuple(sorted(clusters, key=lambda cluster: cluster.name)))


def read_inventory(
    members: Sequence[Member],
    within: float,
    knowledge: Knowledge | None = None,
    identity: IdentitySettings | None = None,
) -> Snapshot:
    """A fresh snapshot of the members, as the reader where the fleet has an identity."""
    from kubefleet.kube.snapshot import take_snapshot

    snapshot, connections = take_snapshot(
        members, taken_at=datetime.now(UTC), deadline=within, knowledge=knowledge, look=looking(identity)
    )
    for connection in connections.values():
        connection.close()
    return snapshot


def show_inventory(snapshot: Snapshot, output: InventoryForm) -> None:
    """Print a snapshot on stdout, and on stderr why a cluster or a property is missing; exit 1 if a cluster is."""
    typer.echo(render_inventory(snapshot, output), nl=False)
    lost = [cluster for cluster in snapshot.clusters if cluster.state is ClusterState.UNREACHABLE]
    for cluster in lost:
        typer.echo(f"{cluster.name}: unreachable: {cluster.why}", err=True)
    for line in flaw_lines(snapshot):
        typer.echo(line, err=True)
    if lost:
        raise typer.Exit(1)


def render_inventory(snapshot: Snapshot, output: InventoryForm) -> str:
    """The text of a snapshot, with a line break at its end."""
    return _RENDERERS[output](snapshot)


_RENDERERS: dict[InventoryForm, Callable[[Snapshot], str]] = {
    InventoryForm.TABLE: as_table,
    InventoryForm.WIDE: as_wide_table,
    InventoryForm.PROPERTIES: as_property_table,
    InventoryForm.JSON: lambda snapshot: json.dumps(as_fleet_file(snapshot), indent=2) + "\n",
    InventoryForm.YAML: lambda snapshot: yaml.safe_dump(as_fleet_file(snapshot), sort_keys=False),
}
