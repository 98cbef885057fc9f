"""TokenRequest (KEP-1205): a service account's token of some minutes, for one audience."""

from collections.abc import Sequence
from typing import Final

from kubefleet.federation.role import Role
from kubefleet.federation.token import Token, read_token
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import NobodyThere, NoToken
from kubefleet.kube.errors import ApiError, MemberError

SHORTEST: Final = 600
"""Seconds: API servers give no token for less."""


def request_token(connection: Connection, namespace: str, role: Role, audiences: Sequence[str], seconds: int) -> Token:
    """A token of the role's account in `namespace`; no audience means the server's own.

    Raises NobodyThere where there is no such account, NoToken where the caller may not act as it, and ValueError where
    nobody answers; all in one line.
    """
    account, at = f"{namespace}/{role.account}", connection.name
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{role.account}/token"
    spec = {"audiences": list(audiences), "expirationSeconds": seconds}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    try:
        answer = connection.post(path, body)
    except ApiError as error:
        if error.status == 403:
            why = f"no right to create serviceaccounts/token of `{account}` at {at}: that right means to act as it"
            raise NoToken(f"may not act as {role.words}: {why}. Grant it, or run as somebody who has it") from None
        if error.status == 404:
            raise NobodyThere(f"no account `{account}` at {at} for {role.words}. Join the member again") from None
        raise NoToken(f"no token for {role.words}: {at} answered {error.status} {error.message}") from None
    except MemberError as error:
        raise ValueError(f"no token for {role.words}: {error}") from None
    status = answer.get("status")
    value = status.get("token") if isinstance(status, dict) else None
    if not isinstance(value, str) or not value:
        raise NoToken(f"no token for {role.words}: {at} gave none")
    return read_token(value)


def hub_token(hub: Connection, namespace: str, role: Role, audience: str, seconds: int) -> Token:
    """As `request_token`; the hub's silence is a NoToken too: it is none of the member's."""
    try:
        return request_token(hub, namespace, role, [audience], seconds)
    except NoToken:
        raise
    except ValueError as error:
        raise NoToken(str(error)) from None
