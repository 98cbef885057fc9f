"""What is said of a 401, by our own token and the server's clock."""

from email.utils import formatdate
from typing import Any

import jwt
import pytest

from kubefleet.kube.credential import Credential
from kubefleet.kube.unauthorized import why_unauthorized

pytestmark = pytest.mark.fast

NOW = 1_000_000.0
GOOD = {
    "iss": "https://hub",
    "aud": ["fleet:u"],
    "sub": "system:serviceaccount:a:web",
    "iat": NOW - 60,
    "exp": NOW + 840,
}


def why(ahead: float = 0, date: str | None = None, **claims: Any) -> str:
    token = jwt.encode({**GOOD, **claims}, "x" * 32, algorithm="HS256")
    said = why_unauthorized(
        Credential().with_token(token), formatdate(NOW + ahead, usegmt=True) if date is None else date, NOW
    )
    assert token not in said
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("claims", "ahead", "told"),
    [
        ({"exp": NOW - 5}, 0, "the token has expired 5 s ago by the server's clock"),
        ({"exp": NOW}, 0, "the token has expired 0 s ago by the server's clock"),
        ({}, 900, "has expired 60 s ago by the server's clock; its clock is 900 s ahead of this machine's"),
        ({}, -120, "begins in 60 s by the server's clock; its clock is 120 s behind this machine's"),
        ({"nbf": NOW + 7}, 0, "the token begins in 7 s by the server's clock"),
        ({"aud": ["fleet:u", "fleet:v"]}, 0, "the token is for 2 audiences (expected the member's alone)"),
        ({"exp": NOW + 7140}, 0, "the token lives 7200 s (expected at most 3600 s)"),
        (
            {"exp": NOW + 3540},
            0,
            "does not trust the issuer `https://hub` with the audience `fleet:u`, denies",
        ),
        ({"aud": "api"}, 0, "with the audience `api`, or its account `system:serviceaccount:a:web` is gone"),
        ({"aud": ["api", "b"], "exp": NOW + 9000}, 0, "with the audience `api, b`, or its account"),
        ({"iat": "x", "exp": None}, 0, "valid by its times"),
    ],
)
def test_the_first_thing_that_is_wrong_with_the_token_is_told(claims: dict[str, Any], ahead: float, told: str) -> None:
    assert told in why(ahead, **claims)


def test_without_a_clock_of_the_server_this_machines_counts() -> None:
    assert "has expired 5 s ago" in why(date="", exp=NOW - 5)


@pytest.mark.parametrize("headers", [(), (("Authorization", "Bearer opaque"),), (("Authorization", "Basic x"),)])
def test_nothing_is_said_of_what_says_nothing(headers: tuple[tuple[str, str], ...]) -> None:
    assert why_unauthorized(Credential(headers), formatdate(NOW), NOW) == ""
