"""`kubefleet lab`: small fleets of real control planes on this machine."""

import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import yaml
from rich.console import Console
from rich.table import Table

from kubefleet.cli.lab_versions import versions
from kubefleet.lab.failure import LabError
from kubefleet.lab.faults import Extent, Fault
from kubefleet.lab.folder import LabFolder, lab_folder
from kubefleet.lab.lab import Lab
from kubefleet.lab.programs import ProgramError
from kubefleet.lab.running import inflict_on, running_labs, status_of, stop
from kubefleet.lab.skewed_token import ACCOUNT
from kubefleet.lab.spec import shipped_labs
from kubefleet.lab.status import LabStatus
from kubefleet.spec.mistakes import MistakesError

app = typer.Typer(no_args_is_help=True, help="Small fleets of real control planes on this machine.")
app.command()(versions)
T = TypeVar("T")
QUICKSTART = "quickstart"

Name = Annotated[str, typer.Argument(help="The lab's name.")]


class StatusForm(StrEnum):
    """How labs are printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


@app.command()
def up(
    name: Annotated[str, typer.Argument(help=f"{', '.join(shipped_labs())}; with --spec the lab's own name.")] = "",
    members: Annotated[int | None, typer.Option(help="How many members.")] = None,
    hub: Annotated[bool, typer.Option("--hub", help="With a hub cluster.")] = False,
    spec: Annotated[Path | None, typer.Option(help="A lab.yaml of your own.")] = None,
    as_name: Annotated[str, typer.Option("--name", help="Run it under another name.")] = "",
) -> None:
    """Start a lab (quickstart, if none is named) and leave it running. One that runs already is found."""
    own_name = as_name or (name if spec else "")
    lab = _or_exit(lambda: Lab(spec or name or QUICKSTART, name=own_name, members=members, hub=hub))
    started = _or_exit(lab.up)
    clusters = ", ".join(cluster.name for cluster in lab.spec.clusters)
    typer.echo(f"lab `{lab.name}` {'is ready' if started else 'runs already'}: {clusters}")
    typer.echo(f"export KUBECONFIG={lab.kubeconfig}")


@app.command()
def down(name: Name = QUICKSTART) -> None:
    """End a lab. One that does not run is no mistake."""
    ended = _or_exit(lambda: stop(lab_folder(name)))
    typer.echo(f"lab `{name}` {'has ended' if ended else 'does not run'}")


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="One lab; else all that run.")] = "",
    output: Annotated[StatusForm, typer.Option("--output", "-o", help="How to print it.")] = StatusForm.TABLE,
) -> None:
    """Print the clusters of the labs that run, and what is being done to them."""
    labs = (_running(name)[1],) if name else _or_exit(running_labs)
    if output is StatusForm.JSON:
        typer.echo(json.dumps([asdict(lab) for lab in labs], indent=2))
    elif output is StatusForm.YAML:
        typer.echo(yaml.safe_dump(json.loads(json.dumps([asdict(lab) for lab in labs])), sort_keys=False), nl=False)
    elif labs:
        _print_table(labs, wide=output is StatusForm.WIDE)
    else:
        typer.echo("no lab runs. Start one with `kubefleet lab up`.")


@app.command()
def kubeconfig(name: Name = QUICKSTART) -> None:
    """Print the path of the kubeconfig; its contexts are the clusters' names."""
    folder, _ = _running(name)
    typer.echo(str(folder.kubeconfig))


@app.command()
def fault(
    verb: Annotated[Fault, typer.Argument(help="What to do to it.")],
    cluster: Annotated[str, typer.Argument(help="Which cluster.")],
    lab: Annotated[str, typer.Option(help="Of which lab.")] = QUICKSTART,
    milliseconds: Annotated[int, typer.Option(min=0, help="For `delay`: by how much, in each direction.")] = 1000,
    nodes: Annotated[int, typer.Option(min=1, help="For `not-ready`: how many.")] = 1,
    namespace: Annotated[str, typer.Option(help="For `exhaust`: whose quota.")] = "default",
    seconds: Annotated[int, typer.Option(help="For `skew`: how fast the clock of the token's issuer is.")] = 600,
) -> None:
    """Do something bad to a cluster, or undo it.

    The API server can hang and continue, be killed and restart on its old data. What is on its way to it can be
    delayed, cut or blackholed. Its certificate can expire, its etcd become read-only, a webhook refuse workloads, a
    quota be exhausted, nodes not be ready or all be unschedulable. All but the first four are undone by `heal`. `skew`
    writes a kubeconfig with a token by a wrong clock, and prints where.
    """
    folder, _ = _running(lab)
    extent = Extent(milliseconds, nodes, namespace, seconds)
    _or_exit(lambda: inflict_on(folder, verb, cluster, extent))
    told = f" in {folder.cluster(cluster).kubeconfig(ACCOUNT)}" if verb is Fault.SKEW else ""
    typer.echo(f"{cluster}: {verb.value}{told}")


def _running(name: str) -> tuple[LabFolder, LabStatus]:
    folder = _or_exit(lambda: lab_folder(name))
    found = _or_exit(lambda: status_of(folder))
    if found is None:
        typer.echo(f"lab `{name}` does not run (expected it to). Start it with `kubefleet lab up`.", err=True)
        raise typer.Exit(1)
    return folder, found


def _print_table(labs: tuple[LabStatus, ...], *, wide: bool) -> None:
    columns = ("LAB", "CLUSTER", "ROLE", "STATE", "NODES", "LABELS", *(("SERVER", "PROCESSES") if wide else ()))
    table = Table(*columns, box=None, pad_edge=False)
    for lab in labs:
        for cluster in lab.clusters:
            state = ", ".join(cluster.faults) or ("ready" if cluster.ready else "starting")
            labels = ",".join(f"{key}={value}" for key, value in sorted(cluster.labels.items()))
            row = [lab.name, cluster.name, cluster.role, state, str(cluster.nodes), labels]
            if wide:
                row += [cluster.server, " ".join(f"{process.name}:{process.pid}" for process in cluster.processes)]
            table.add_row(*row)
    Console(width=200 if wide else None).print(table)


def _or_exit(work: Callable[[], T]) -> T:
    try:
        return work()
    except (LabError, ProgramError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except MistakesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
