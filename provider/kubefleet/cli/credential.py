"""`kubefleet-credential`: an exec plugin (`client.authentication.k8s.io`, KEP-541) that serves kubectl, the Python
client and pulumi-kubernetes with the identity of a role, so that these too act as no admin.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from kubefleet.federation import MODES, Role, make_mode
from kubefleet.federation.modes import Ground
from kubefleet.federation.modes.protocol import NAMESPACE
from kubefleet.identity.settings import LIFE, EntraApp
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential
from kubefleet.kube.errors import MemberError
from kubefleet.kube.exec_plugin import V1, VERSIONS
from kubefleet.kube.patience import Patience
from kubefleet.model.access import Kubeconfig

_WITHIN: Final = 15.0
_NAMED_BY_HEADERS: Final = "impersonation"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help="Print an ExecCredential for one role at one member. Meant for the `exec` of a kubeconfig's user.")
def credential(
    account: Annotated[str, typer.Argument(help="The role's account, as `fleet-reader`.")],
    mode: Annotated[str, typer.Option(help=f"One of: {', '.join(sorted(MODES))}.")],
    context: Annotated[str, typer.Option(help="The member's context, where the mode asks the member.")] = "",
    kubeconfig: Annotated[str, typer.Option(help="The file of that context.")] = "",
    hub_context: Annotated[str, typer.Option(help="The hub's context, where the mode asks the hub.")] = "",
    hub_kubeconfig: Annotated[str, typer.Option(help="The file of that context.")] = "",
    member_uid: Annotated[str, typer.Option(help="The uid of the member's namespace kube-system.")] = "",
    namespace: Annotated[str, typer.Option(help="Where the accounts are.")] = NAMESPACE,
    seconds: Annotated[int, typer.Option(help="How long a token lives.")] = LIFE,
    tenant_id: Annotated[str, typer.Option(help="Entra's tenant.")] = "",
    client_id: Annotated[str, typer.Option(help="The application in it.")] = "",
) -> None:
    """Says in one line on standard error what is wrong, without any token, and ends with code 1."""
    try:
        if mode == _NAMED_BY_HEADERS:
            raise ValueError("mode `impersonation` gives no credential of its own. Use `as` of the kubeconfig's user")
        ground = Ground(
            member=_connected("member", context, kubeconfig, "--context"),
            uid_of=lambda _: _given(member_uid, "--member-uid"),
            hub=_connected("hub", hub_context, hub_kubeconfig, "--hub-context")("hub") if hub_context else None,
            namespace=namespace,
            seconds=seconds,
            entra=EntraApp(tenant_id, client_id) if tenant_id and client_id else None,
        )
        source = make_mode(mode, ground).source("member", Role(account, f"`{account}`"))
        typer.echo(exec_credential(source.current(Patience(_WITHIN)), os.environ.get("KUBERNETES_EXEC_INFO", "")))
    except (ValueError, MemberError) as error:
        typer.echo(f"kubefleet-credential: {error}", err=True)
        raise typer.Exit(1) from None


def exec_credential(found: Credential, asked: str) -> str:
    """The answer to kubectl (JSON): in the version that it has `asked` for, with what the credential shows.

    Raises ValueError where the version is none that is known, or there is nothing to show.
    """
    version = _version(asked)
    bearer = dict(found.headers).get("Authorization", "").removeprefix("Bearer ")
    status: dict[str, Any] = {"token": bearer} if bearer else {}
    if found.certificate and found.key:
        status |= {"clientCertificateData": found.certificate, "clientKeyData": found.key}
    if not status:
        raise ValueError("no credential to show: the declared access has none")
    if found.expires is not None:
        status["expirationTimestamp"] = datetime.fromtimestamp(found.expires, UTC).isoformat(timespec="seconds")
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})


def _version(asked: str) -> str:
    try:
        version = json.loads(asked)["apiVersion"] if asked else V1
    except (ValueError, KeyError, TypeError):
        raise ValueError("bad KUBERNETES_EXEC_INFO (expected an ExecCredential)") from None
    if version not in VERSIONS:
        raise ValueError(f"unknown version of ExecCredential (expected one of: {', '.join(VERSIONS)})")
    return str(version)


def _connected(name: str, context: str, path: str, option: str) -> Callable[[str], Connection]:
    return lambda _: connect(name, Kubeconfig(_given(context, option), path), answer_within=_WITHIN)


def _given(value: str, option: str) -> str:
    if not value:
        raise ValueError(f"this mode needs `{option}`")
    return value


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
