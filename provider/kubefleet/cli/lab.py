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
from kubefleet.lab.faults import Fault
from kubefleet.lab.folder import LabFolder, labs_folder
from kubefleet.lab.lab import Lab, inflict_on, running_labs, status_of, stop
from kubefleet.lab.programs import ProgramError
from kubefleet.lab.status import LabStatus
from kubefleet.spec.mistakes import MistakesError

app = typer.Typer(no_args_is_help=True, help=__doc__)
app.command()(versions)
T = TypeVar("T")

Name = Annotated[str, typer.Argument(help="The lab's name.")]


class StatusForm(StrEnum):
    """How labs are printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


@app.command()
def up(
    name: Annotated[str, typer.Argument(help="A shipped lab, or with --spec the name for it.")] = "quickstart",
    members: Annotated[int | None, typer.Option(help="How many members.")] = None,
    hub: Annotated[bool, typer.Option("--hub", help="With a hub cluster.")] = False,
    spec: Annotated[Path | None, typer.Option(help="A lab.yaml.")] = None,
    as_name: Annotated[str, typer.Option("--name", help="Run a shipped lab under another name.")] = "",
) -> None:
    """Start a lab and leave it running. One that runs already is found."""
    lab = _or_exit(lambda: Lab(spec or name, name=as_name or name, members=members, hub=hub))
    started = _or_exit(lab.up)
    clusters = ", ".join(cluster.name for cluster in lab.spec.clusters)
    typer.echo(f"lab `{lab.name}` {'is ready' if started else 'runs already'}: {clusters}")
    typer.echo(f"export KUBECONFIG={lab.kubeconfig}")


@app.command()
def down(name: Name = "quickstart") -> None:
    """End a lab."""
    ended = _or_exit(lambda: stop(_folder(name)))
    typer.echo(f"lab `{name}` {'has ended' if ended else 'does not run'}")


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="One lab; else all that run.")] = "",
    output: Annotated[StatusForm, typer.Option("--output", "-o", help="How to print it.")] = StatusForm.TABLE,
) -> None:
    """Print what runs."""
    found = status_of(_folder(name)) if name else None
    labs = running_labs() if not name else (found,) if found else ()
    if output is StatusForm.JSON:
        typer.echo(json.dumps([asdict(lab) for lab in labs], indent=2))
    elif output is StatusForm.YAML:
        typer.echo(yaml.safe_dump(json.loads(json.dumps([asdict(lab) for lab in labs])), sort_keys=False), nl=False)
    else:
        _print_table(labs, wide=output is StatusForm.WIDE)
    if name and not labs:
        typer.echo(f"lab `{name}` does not run. Start it with `kubefleet lab up {name}`.", err=True)
        raise typer.Exit(1)


@app.command()
def kubeconfig(name: Name = "quickstart") -> None:
    """Print the path of the kubeconfig; its contexts are the clusters' names."""
    path = _folder(name).kubeconfig
    if not path.exists():
        typer.echo(f"lab `{name}` does not run. Start it with `kubefleet lab up {name}`.", err=True)
        raise typer.Exit(1)
    typer.echo(str(path))


@app.command()
def fault(
    verb: Annotated[Fault, typer.Argument(help="What to do to it.")],
    cluster: Annotated[str, typer.Argument(help="Which cluster.")],
    lab: Annotated[str, typer.Option(help="Of which lab.")] = "quickstart",
    milliseconds: Annotated[int, typer.Option(min=0, help="For `delay`.")] = 1000,
) -> None:
    """Do something bad to a cluster: the fault is real, not played."""
    _or_exit(lambda: inflict_on(_folder(lab), verb, cluster, milliseconds))
    typer.echo(f"{cluster}: {verb.value}")


def _folder(name: str) -> LabFolder:
    return LabFolder(labs_folder() / name)


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
