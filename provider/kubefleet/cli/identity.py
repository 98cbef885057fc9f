"""`kubefleet identity`: under which identities the fleet of a stack acts, what these may do, and whether they can."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from kubefleet.cli._acting import member_under
from kubefleet.cli._stack import HERE, FolderOption, StackFleet, StackOption, exit_with, read_fleets
from kubefleet.federation import MODES, placement_role
from kubefleet.federation.checking import CLOCK, JOIN, NETWORK, UP, Finding, check_member
from kubefleet.federation.standing_rights import StandingRights, standing_rights
from kubefleet.federation.trusting import revise
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import MemberError, fan_out
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.model.access import Kubeconfig
from kubefleet.model.member import Member

app = typer.Typer(no_args_is_help=True, help="The identities under which a fleet acts at its members.")
OutputOption = Annotated[str, typer.Option("--output", "-o", help="`table` or `json`.")]
_WIDTH: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One placement at one member: whom the member knows it as, what it may do there, what an `up` would change."""

    placement: str
    cluster: str
    user: str
    mode: str
    ttl: int
    rights: tuple[str, ...] = ()
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    error: str = ""


@app.command()
def show(stack: StackOption = "", cwd: FolderOption = HERE, output: OutputOption = "table") -> None:
    """Print who each placement is at each member and what it may do there now, as its own identity is told.

    GAINS is what it lacks and the next `pulumi up` grants; LOSES what it has beyond its needs, until its next rollout
    ends. Exit 1 where a member cannot say.
    """
    fleets = _federated_fleets(cwd, stack)
    rows = {fleet.name: read_rows(fleet, settings) for fleet, settings in fleets}
    if output == "json":
        typer.echo(json.dumps({name: [asdict(row) for row in of] for name, of in rows.items()}, indent=2))
    else:
        _print_rows(rows)
    bad = [row for of in rows.values() for row in of if row.error]
    for row in bad:
        typer.echo(f"{row.cluster}: {row.placement}: {row.error}", err=True)
    if bad:
        typer.echo("Next: kubefleet identity check", err=True)
        raise typer.Exit(1)


@app.command()
def check(stack: StackOption = "", cwd: FolderOption = HERE, output: OutputOption = "table") -> None:
    """Check at each member that every identity gets a token, the fence holds, clocks agree and the reader can read.

    Exit 1 where something does not, with the command that mends it. Writes nothing.
    """
    fleets = _federated_fleets(cwd, stack)
    found = {fleet.name: run_checks(fleet, settings) for fleet, settings in fleets}
    if output == "json":
        typer.echo(json.dumps({name: [asdict(finding) for finding in of] for name, of in found.items()}, indent=2))
    else:
        table = Table("CLUSTER", "CHECK", "RESULT", box=None, pad_edge=False)
        for finding in (finding for of in found.values() for finding in of):
            table.add_row(finding.member, finding.check, finding.wrong or "ok")
        Console(width=_WIDTH).print(table)
    wrong = [(fleet, settings, finding) for fleet, settings in fleets for finding in found[fleet.name] if finding.wrong]
    for line in dict.fromkeys(_next(fleet, settings, finding) for fleet, settings, finding in wrong):
        typer.echo(f"Next: {line}", err=True)
    if wrong:
        raise typer.Exit(1)


@app.command()
def bump(
    file: Annotated[Path, typer.Argument(help="The AuthenticationConfiguration of a member's API server.")],
    issuer: Annotated[str, typer.Option(help="The hub's issuer, as the entry has it.")],
    deny: Annotated[list[str] | None, typer.Option(help="The id (jti) of a token that is refused from now on.")] = None,
) -> None:
    """Have a member read the hub's keys at once, after these were rotated; and revoke tokens before they expire."""
    try:
        revise(file, issuer, deny or ())
    except MemberError as error:
        exit_with(str(error))
    denied = f"; denied: {', '.join(deny)}" if deny else ""
    typer.echo(f"`{issuer}`: its keys are read anew within 20 s{denied}")


def read_rows(fleet: StackFleet, settings: IdentitySettings) -> list[Row]:
    """Every placement at every member where it is placed or has rights; members are asked in parallel."""
    members = fleet.declaration.members
    outcomes = fan_out(members, lambda member: _rows_at(fleet, settings, member))
    rows: list[Row] = []
    for member, outcome in zip(members, outcomes, strict=True):
        if isinstance(outcome.error, MemberError):
            why = str(outcome.error).removeprefix(f"{member.name}: ")
            rows.append(Row("-", member.name, "", settings.mode, settings.seconds, error=why))
        else:
            rows += outcome.get()
    return sorted(rows, key=lambda row: (row.placement, row.cluster))


def run_checks(fleet: StackFleet, settings: IdentitySettings) -> list[Finding]:
    """All checks of all members, in parallel; in the order of members."""
    members = [member for member in fleet.declaration.members if member.access is not None]

    def ask(member: Member) -> list[Finding]:
        placed = [name for name in sorted(fleet.uids) if _is_on(fleet, name, member.name)]
        roles = [placement_role(fleet.uids[name], name) for name in placed]
        return list(check_member(member_under(settings, member), roles))

    found: list[Finding] = []
    for member, outcome in zip(members, fan_out(members, ask), strict=True):
        if isinstance(outcome.error, MemberError):
            why = str(outcome.error).removeprefix(f"{member.name}: ")
            found.append(Finding(member.name, "answers", why, NETWORK))
        else:
            found += outcome.get()
    return found


def _rows_at(fleet: StackFleet, settings: IdentitySettings, member: Member) -> list[Row]:
    at = member_under(settings, member)
    rows = []
    for name in sorted(fleet.uids):
        uid, placed = fleet.uids[name], _is_on(fleet, name, member.name)
        role = placement_role(uid, name)
        known = Row(name, member.name, at.mode.user(role), at.mode.name, settings.seconds)
        declared = [ref_of_key(key) for key in fleet.objects[name]] if placed else []
        try:
            found = standing_rights(at.reader(), at.acting_as(role), uid, declared, settings.ceiling)
        except MemberError as error:
            if placed:
                why = str(error).removeprefix(f"{member.name}: ")
                rows.append(Row(name, member.name, known.user, known.mode, known.ttl, error=why))
            continue
        if placed or found.has:
            rows.append(_with(known, found))
    return rows


def _with(row: Row, found: StandingRights) -> Row:
    lists = ([str(action) for action in actions] for actions in (found.has, found.gains, found.loses))
    rights, gains, loses = (tuple(each) for each in lists)
    return Row(row.placement, row.cluster, row.user, row.mode, row.ttl, rights, gains, loses)


def ref_of_key(key: str) -> ObjectRef:
    """The object of a key as state has it: `apps/v1/Deployment/shop/web`."""
    version, kind, namespace, name = key.rsplit("/", 3)
    return ObjectRef(version, kind, namespace, name)


def _is_on(fleet: StackFleet, placement: str, member: str) -> bool:
    previous = fleet.previous.get(placement)
    return previous is not None and any(binding.cluster == member for binding in previous.bindings)


def _federated_fleets(cwd: Any, stack: str) -> list[tuple[StackFleet, IdentitySettings]]:
    fleets = read_fleets(cwd, stack)
    found = [(fleet, fleet.declaration.identity) for fleet in fleets]
    federated = [(fleet, settings) for fleet, settings in found if settings is not None]
    if not federated:
        names = ", ".join(f"`{fleet.name}`" for fleet in fleets)
        exit_with(f"{names} acts by the declared access (expected `identity=IdentityFederation(...)` of a fleet).")
    return federated


def _print_rows(rows: dict[str, list[Row]]) -> None:
    table = Table("PLACEMENT", "CLUSTER", "USER", "MODE", "TTL", "RIGHTS", "GAINS", "LOSES", box=None, pad_edge=False)
    more = []
    for name, row in ((name, row) for name, of in rows.items() for row in of):
        counts = ["-"] * 3 if row.error else [str(len(each)) for each in (row.rights, row.gains, row.loses)]
        table.add_row(f"{name}/{row.placement}", row.cluster, row.user, row.mode, f"{row.ttl}s", *counts)
        for word, each in (("would gain", row.gains), ("would lose", row.loses)):
            more += [f"{row.placement} on {row.cluster} {word}: {action}" for action in each]
    Console(width=_WIDTH).print(table)
    for line in more:
        typer.echo(line)


def _next(fleet: StackFleet, settings: IdentitySettings, finding: Finding) -> str:
    if finding.remedy == JOIN:
        return shlex.join(["kubefleet", "join", finding.member, "--context", "ADMIN_CONTEXT", *_of_join(settings)])
    if finding.remedy == UP:
        return "pulumi up"
    if finding.remedy == CLOCK:
        return f"set the clock of this machine or of {finding.member}: timedatectl status"
    access = next((item.access for item in fleet.declaration.members if item.name == finding.member), None)
    context = access.context if isinstance(access, Kubeconfig) else "CONTEXT"
    return shlex.join(["kubectl", "--context", context, "version"])


def _of_join(settings: IdentitySettings) -> Iterator[str]:
    """The options of a join that say what the program says; those of the ceiling but for its namespaces are the
    admin's to know.
    """
    for name in settings.ceiling.namespaces:
        yield from ("--namespace", name)
    yield from ("--mode", settings.mode)
    if MODES[settings.mode].impersonates:
        yield from ("--agent", "USER")
    elif settings.hub is not None:
        context = settings.hub.context if isinstance(settings.hub, Kubeconfig) else "HUB_CONTEXT"
        yield from ("--hub-context", context, "--hub-namespace", settings.namespace)
    if settings.entra is not None:
        yield from ("--tenant-id", settings.entra.tenant_id, "--client-id", settings.entra.client_id)
        yield from ("--object-id", settings.entra.object_id)
