"""`kubefleet join`: has a member trust a fleet, by an admin of the member, outside any stack."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kubefleet.cli._joining import Wish, declarations, tell, what_is_left
from kubefleet.cli._stack import exit_with
from kubefleet.federation import MODES
from kubefleet.federation.trusting import NotTrusted, trust_text
from kubefleet.identity.needs import HOME
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import ApiError, MemberError
from kubefleet.kube.hub import HUB
from kubefleet.kube.patience import Patience
from kubefleet.model.access import Kubeconfig
from kubefleet.spec.identity import AUTO, PATH, WITH_HUB, parse_identity
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.scalars import check_name

_WITHIN: Final = 15.0
_HUB: Final = "With a hub"
_AGENT: Final = "With an agent"
_GRANTED: Final = "Where the member's admin hands out rights"
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
    operator: Annotated[
        Many, typer.Option(help="A user of the member, or of the hub, who may run the fleet and nothing else.")
    ] = None,
    uid: Annotated[
        str, typer.Option(help="The uid of the member's namespace kube-system; else it is asked.", rich_help_panel=_HUB)
    ] = "",
    hub_context: Annotated[
        str, typer.Option(help="The context of an admin of the fleet's namespace on the hub.", rich_help_panel=_HUB)
    ] = "",
    hub_kubeconfig: Annotated[str, typer.Option(help="The file of that context.", rich_help_panel=_HUB)] = "",
    hub_namespace: Annotated[
        str, typer.Option(help="Where the hub has the fleet's accounts.", rich_help_panel=_HUB)
    ] = HOME,
    authentication_config: Annotated[
        Path | None,
        typer.Option(help="The AuthenticationConfiguration of the member's API server.", rich_help_panel=_HUB),
    ] = None,
    user: Annotated[
        str, typer.Option(help="Whom the member takes the fleet for, in mode `exec`.", rich_help_panel=_GRANTED)
    ] = "",
    tenant_id: Annotated[str | None, typer.Option(help="Entra's tenant.", rich_help_panel=_GRANTED)] = None,
    client_id: Annotated[str | None, typer.Option(help="The application in it.", rich_help_panel=_GRANTED)] = None,
    object_id: Annotated[
        str | None, typer.Option(help="The id of its service principal.", rich_help_panel=_GRANTED)
    ] = None,
    agent: Annotated[
        str, typer.Option(help="In `impersonation`: the user of the member who runs the fleet.", rich_help_panel=_AGENT)
    ] = "",
    legacy_impersonation: Annotated[
        bool,
        typer.Option(
            "--legacy-impersonation",
            help="Where the member knows no other: the agent may do whatever a placement may.",
            rich_help_panel=_AGENT,
        ),
    ] = False,
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
        "hub_namespace": hub_namespace if hub_namespace != HOME else None,
        "tenant_id": tenant_id,
        "client_id": client_id,
        "object_id": object_id,
    }
    declared = {name: value for name, value in written.items() if value is not None}
    hub = Kubeconfig(hub_context, hub_kubeconfig) if hub_context else None
    settings = _settings(member, declared, hub)
    # To leave, bindings go whoever they were of.
    operators = tuple(operator or ([""] if going else []))
    taken_for = user or ("-" if going else "")
    access, acts = Kubeconfig(context, kubeconfig), _agent(settings, agent, going=going)
    wish = Wish(
        member, access, settings, operators, taken_for, uid, authentication_config, acts, legacy=legacy_impersonation
    )
    if not context and not show:
        exit_with("no `--context` (expected the context of an admin of the member; `--print` needs none).")
    try:
        if show:
            typer.echo(wish.manifests(), nl=False)
            return
        membership = wish.membership(going=going)
        tell(membership.leave() if going else membership.join(Patience(_WITHIN)), "removed" if going else "written")
        program = "" if going else declarations(membership, declared, hub)
    except NotTrusted as error:
        if error.file is not None:
            exit_with(f"{error}.")
        typer.echo(trust_text(error.trusted), nl=False)
        exit_with(f"{error}. Everything else is there: have this entry in it, and run the command again.")
    except MemberError as error:
        denied = isinstance(error, ApiError) and error.status == 403
        who = "the hub" if error.member == HUB else "the member"
        exit_with(f"{error}{f'. It takes an admin of {who}; run it again as one.' if denied else ''}")
    if going:
        typer.echo(f"{member} has left: no identity of the fleet has any right there.")
    else:
        typer.echo(f"{member} has joined. The fleet's program declares{_with(settings, agent)}:")
        typer.echo(program)
    if left := what_is_left(membership, going=going):
        typer.echo(left)


def _agent(settings: IdentitySettings, agent: str, *, going: bool) -> str:
    """Who acts as the fleet's users, where somebody does; to leave, whoever it was."""
    impersonates = MODES[settings.mode].impersonates
    if agent and not impersonates:
        exit_with(f"`--agent` in mode `{settings.mode}` (expected it with `--mode impersonation` only).")
    if impersonates and not agent and not going:
        exit_with("no `--agent` (expected the user, as the member knows them, who runs the fleet).")
    return agent or ("-" if impersonates else "")


def _with(settings: IdentitySettings, agent: str) -> str:
    if agent:
        return f", with a context of `{agent}`"
    if settings.mode == "service-account-token":
        return ", with the context of somebody who may only mint tokens there"
    return ", with a context of which nothing but the server is used" if settings.hub is not None else ""


def _settings(member: str, declared: dict[str, Any], hub: Kubeconfig | None) -> IdentitySettings:
    """What was asked for, checked as in a program."""
    mistakes: list[Mistake] = []
    check_name(member, "MEMBER", mistakes)
    if declared["mode"] in WITH_HUB and hub is None:
        exit_with(f"no `--hub-context` (expected by mode `{declared['mode']}`, in which a hub has the accounts).")
    of_hub = {"hub": {"context": hub.context, **({"path": hub.path} if hub.path else {})}} if hub is not None else {}
    settings = parse_identity({**declared, **of_hub}, mistakes)
    if not declared["namespaces"]:
        mistakes.append(Mistake("namespaces", "none (expected `--namespace`, where placements may have objects)."))
    if mistakes or settings is None:
        exit_with("\n".join(str(mistake).removeprefix(f"{PATH}.") for mistake in mistakes))
    return settings
