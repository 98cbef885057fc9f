"""The command `kubefleet`. One file a command; what a command does is in the packages below."""

import typer

from kubefleet.cli.approve import approve
from kubefleet.cli.explain import explain
from kubefleet.cli.identity import app as identity
from kubefleet.cli.inventory import inventory
from kubefleet.cli.jobs import app as jobs
from kubefleet.cli.join import join
from kubefleet.cli.lab import app as lab
from kubefleet.cli.simulate import simulate
from kubefleet.cli.status import status

app = typer.Typer(
    name="kubefleet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A fleet of Kubernetes clusters, used as one computer.",
)
app.add_typer(lab, name="lab")
app.add_typer(identity, name="identity")
app.add_typer(jobs, name="jobs")
app.command()(inventory)
app.command()(simulate)
app.command()(explain)
app.command()(status)
app.command()(approve)
app.command()(join)


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
