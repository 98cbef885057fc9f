"""Tokens in memory: when they are renewed, that nothing shows them, that many threads ask once."""

import threading
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from kubefleet.federation import MODES, READER, make_mode, placement_role
from kubefleet.federation.entra import explain_entra
from kubefleet.federation.modes.protocol import Ground
from kubefleet.federation.role import Role
from kubefleet.federation.token import Token, read_token
from kubefleet.identity.settings import EntraApp
from kubefleet.kube.credential import Credential, Kept
from kubefleet.kube.patience import Patience
from kubefleet.spec.identity import MODES as DECLARED

pytestmark = pytest.mark.fast


def signed(**claims: Any) -> str:
    return jwt.encode(claims, "x" * 32, algorithm="HS256")


@pytest.mark.parametrize(
    ("issued", "expires", "renewed"),
    [
        (0, 900, 720),  # 80 % of its life
        (0, 600, 480),  # both at once
        (0, 500, 380),  # two minutes before its end
        (100, 3700, 2980),
        (0, 60, 0),  # shorter than the margin: used once
        (50, 50, 50),
    ],
)
def test_a_token_is_renewed_at_80_percent_or_two_minutes_before_its_end(
    issued: float, expires: float, renewed: float
) -> None:
    assert Token("x", issued, expires).renew_at == renewed


def test_a_token_tells_who_and_until_when_but_not_itself() -> None:
    value = signed(iat=1000, exp=1900, jti="abc", sub="system:serviceaccount:fleet:reader")
    token = read_token(value)
    assert (token.issued, token.expires, token.jti, token.user) == (
        1000,
        1900,
        "abc",
        "system:serviceaccount:fleet:reader",
    )
    for shown in (repr(token), str(token), f"{token}", repr(token.credential()), str([token])):
        assert value not in shown
        assert "eyJ" not in shown


@pytest.mark.parametrize("value", ["", "x", "eyJhbGciOiJIUzI1NiJ9.broken.x", signed(exp=5), signed(iat="a", exp=5)])
def test_what_is_no_token_is_told_without_it(value: str) -> None:
    with pytest.raises(ValueError, match="token") as told:
        read_token(value)
    assert told.value.__cause__ is None
    assert len(value) < 2 or value not in str(told.value)


def test_fifty_threads_that_need_a_token_ask_once() -> None:
    asked: list[int] = []
    begin, wait = threading.Barrier(50), threading.Event()

    def make(_: Patience) -> Credential:
        asked.append(1)
        wait.wait(0.2)
        return Token("x", 0, 4e9).credential()

    source = Kept(make)

    def use() -> None:
        begin.wait()
        source.current(Patience(5))

    threads = [threading.Thread(target=use) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1


def ground(**fields: Any) -> Ground:
    def nobody(name: str) -> Any:
        raise AssertionError(name)

    given: Mapping[str, Any] = {"member": nobody, "uid_of": nobody, **fields}
    return Ground(**given)


def test_modes_are_rows_and_unknown_ones_list_them() -> None:
    assert sorted(MODES) == sorted(DECLARED)
    assert sorted(MODES) == ["azure", "exec", "impersonation", "oidc", "service-account-token"]
    with pytest.raises(ValueError, match=r"unknown mode `x` \(expected one of: azure, exec, impersonation, oidc, ser"):
        make_mode("x", ground())


@pytest.mark.parametrize(
    ("mode", "told"),
    [("oidc", "mode `oidc` without a hub"), ("azure", "mode `azure` without `tenant_id` and `client_id`")],
)
def test_modes_that_need_more_say_so(mode: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_mode(mode, ground())
    with pytest.raises(ValueError, match="without a hub"):
        make_mode(mode, ground(entra=EntraApp("t", "c")))


def test_members_know_a_role_by_one_user() -> None:
    role = placement_role("0123456789abcdef", "web")
    assert make_mode("impersonation", ground()).user(role) == "fleet:pulumi-kubefleet:fleet-0123456789abcdef"
    users = [make_mode(mode, ground()).user(READER) for mode in ("impersonation", "service-account-token")]
    assert users == ["fleet:pulumi-kubefleet:fleet-reader", "system:serviceaccount:pulumi-kubefleet:fleet-reader"]


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a" * 64])
def test_an_account_has_a_name_that_an_account_can_have(name: str) -> None:
    with pytest.raises(ValueError, match="expected a DNS label"):
        Role(name, "x")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("x AADSTS700213: No matching ... Trace ID: 1", "AADSTS700213: no federated credential has this subject"),
        ("AADSTS999: new\nfangled eyJhbGciOi.J9.x", "AADSTS999: AADSTS999: new fangled (hidden)"),
        ("cannot connect", "from Entra: cannot connect"),
    ],
)
def test_what_entra_says_is_one_line_that_tells_what_to_do(said: str, told: str) -> None:
    line = explain_entra(said, READER)
    assert told in line
    assert line.startswith("no token for the reader from Entra")
    assert "\n" not in line
    assert "eyJ" not in line
