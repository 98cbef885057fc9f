"""Nothing that holds a token, a key or a password shows it, however it is printed."""

import pprint
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from kubefleet.federation.grants import Grants
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import MODES, Ground, make_mode
from kubefleet.federation.role import READER
from kubefleet.federation.token import Token
from kubefleet.identity.federation import Federation
from kubefleet.identity.settings import EntraApp
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed, Kept
from kubefleet.kube.endpoint import Endpoint
from kubefleet.kube.patience import Patience
from kubefleet.kube.transport import Transport

pytestmark = pytest.mark.fast

SECRET = jwt.encode({"iat": 0, "exp": 900}, "x" * 32, algorithm="HS256")
CREDENTIAL = Credential(key=SECRET, certificate=SECRET).with_token(SECRET)
ENDPOINT = Endpoint("https://127.0.0.1:1", "")


def kept() -> Kept:
    source = Kept(lambda _: CREDENTIAL)
    source.current(Patience(1))
    return source


def connection() -> Connection:
    return Connection("eu-1", Transport("eu-1", ENDPOINT, kept()), Patience(1))


def ground() -> Ground:
    return Ground(lambda _: connection(), lambda _: "uid", connection(), entra=EntraApp("t", "c"))


def member() -> FederatedMember:
    made = FederatedMember("eu-1", connection(), make_mode("oidc", ground()))
    made.reader()
    return made


HOLDERS: dict[str, Callable[[], Any]] = {
    "Credential": lambda: CREDENTIAL,
    "Token": lambda: Token(SECRET, 0, 1),
    "Fixed": lambda: Fixed(CREDENTIAL),
    "Kept": kept,
    "Transport": lambda: connection().transport,
    "Connection": connection,
    "Ground": ground,
    "FederatedMember": member,
    "Grants": lambda: Grants(connection(), connection(), "user", Federation("a", "b", "c")),
    **{f"mode {name}": lambda name=name: make_mode(name, ground()) for name in MODES},
    **{f"source {name}": lambda name=name: make_mode(name, ground()).source("eu-1", READER) for name in MODES},
}


@pytest.mark.parametrize("name", sorted(HOLDERS))
def test_it_does_not_show_what_it_holds(name: str) -> None:
    held = HOLDERS[name]()
    printed = (repr(held), str(held), f"{held}", f"{held!r}", repr([held]), repr({"a": (held,)}), pprint.pformat(held))
    for text in (*printed, repr(getattr(held, "__dict__", ""))):
        assert SECRET not in text
        assert "eyJ" not in text
