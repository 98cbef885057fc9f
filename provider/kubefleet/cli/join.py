"""`kubefleet join`: has a member trust a fleet, by an admin of the member, outside any stack."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
import yaml

from kubefleet.cli._stack import exit_with
from kubefleet.federation import joining, make_mode
from kubefleet.federation.modes import Ground
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import ApiError, MemberError, connect
from kubefleet.model.access import Kubeconfig
from kubefleet.spec.identity import AUTO, PATH, parse_identity
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.scalars import check_name

_WITHIN: Final = 15.0
Many = list[str] | None


def join(
    member: Annotated[str, typer.Argument(help="Its name in the fleet.")],
    context: Annotated[str, typer.Option(help="The context of an admin of the member.")] = "",
    kubeconfig: Annotated[str, typer.Option(help="Path of the kubeconfig; else kubectl's rules.")] = "",
    namespace: Annotated[Many, typer.Option(help="Where placements may have objects; repeat for several.")] = None,
    cluster_scoped: Annotated[
        Many, typer.Option(help="A resource without a namespace that they may have, as kubectl spells it.")
    ] = None,
    custom: Annotated[Many, typer.Option(help="A namespaced resource beside Kubernetes' own workloads.")] = None,
    service_account: Annotated[Many, typer.Option(help="An account that pods may run as; `default` if none.")] = None,
    shared: Annotated[Many, typer.Option(help="What pods may name beside their own, as `configmaps/ca`.")] = None,
    allow_escalation: Annotated[Many, typer.Option(help="The name of a role that placements may write.")] = None,
    mode: Annotated[str, typer.Option(help="Where the member's trust comes from.")] = AUTO,
    operator: Annotated[Many, typer.Option(help="A user of the member who may run the fleet and nothing else.")] = None,
    show: Annotated[bool, typer.Option("--print", help="Only print the manifests, for review.")] = False,
    going: Annotated[bool, typer.Option("--leave", help="Take the join back.")] = False,
) -> None:
    """Have a member trust a fleet, within a ceiling. It takes an admin of the member, once; it can be repeated."""
    written: dict[str, Any] = {
        "mode": mode,
        "namespaces": namespace or [],
        "cluster_scoped": cluster_scoped,
        "custom": custom,
        "service_accounts": service_account,
        "shared": shared,
        "allow_escalation": allow_escalation,
    }
    declared = {name: value for name, value in written.items() if value is not None}
    settings = _settings(member, declared)
    access = Kubeconfig(context, kubeconfig)
    # To leave, the bindings of operators go whoever they were.
    operators = operator or ([""] if going else [])
    manifests = joining.joining(make_mode(settings.mode, _ground(member, access)), settings.ceiling, operators)
    if show:
        typer.echo(yaml.safe_dump_all(manifests, sort_keys=False), nl=False)
        return
    if not context:
        exit_with("no `--context` (expected the context of an admin of the member; `--print` needs none).")
    try:
        admin = connect(member, access, answer_within=_WITHIN)
        _tell((joining.leave if going else joining.join)(admin, manifests), "removed" if going else "written")
    except MemberError as error:
        denied = isinstance(error, ApiError) and error.status == 403
        exit_with(f"{error}{'. It takes an admin of the member; run it again as one.' if denied else ''}")
    if going:
        typer.echo(f"{member} has left: no identity of the fleet has any right there.")
        return
    typer.echo(f"{member} has joined. {_NEXT}\n  {_fleet(declared)}\n  {_member(member)}")


_NEXT: Final = "The fleet's program declares, with the context of somebody who may only mint tokens there:"


def _settings(member: str, declared: Mapping[str, Any]) -> IdentitySettings:
    """What was asked for, checked as in a program."""
    mistakes: list[Mistake] = []
    check_name(member, "MEMBER", mistakes)
    settings = parse_identity(declared, mistakes)
    if not declared["namespaces"]:
        mistakes.append(Mistake("namespaces", "none (expected `--namespace`, where placements may have objects)."))
    if mistakes or settings is None:
        exit_with("\n".join(str(mistake).removeprefix(f"{PATH}.") for mistake in mistakes))
    return settings


def _ground(member: str, access: Kubeconfig) -> Ground:
    def nobody(name: str) -> str:
        raise ValueError(f"the uid of `{name}` is not known")

    return Ground(lambda _: connect(member, access, answer_within=_WITHIN), nobody)


def _tell(work: Iterator[joining.Applied], done: str) -> None:
    """One line for each kind of objects, also of what was done before something failed."""
    changed: Counter[str] = Counter()
    same: Counter[str] = Counter()
    try:
        for item in work:
            (changed if item.changed else same)[item.kind] += 1
    finally:
        for kind in sorted({*changed, *same}):
            counts = [f"{changed[kind]} {done}"] if changed[kind] else []
            counts += [f"{same[kind]} as it was"] if same[kind] else []
            typer.echo(f"{kind}: {', '.join(counts)}")


def _fleet(declared: Mapping[str, Any]) -> str:
    given = {name: value for name, value in declared.items() if value != AUTO}
    arguments = ", ".join(f"{name}={_list(value)}" for name, value in given.items())
    return f"Fleet(..., identity=IdentityFederation({arguments}))"


def _list(value: str | Sequence[str]) -> str:
    return f'"{value}"' if isinstance(value, str) else "[" + ", ".join(f'"{item}"' for item in value) + "]"


def _member(member: str) -> str:
    return f'fleet.member("{member}", context="...")'
