"""What a join looks at before it touches a member: a hub whose clock is another's, and issuers, by injected answers."""

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.federation.foreseeing import foresee_trust
from kubefleet.federation.trusting import DISCOVERY, Issuer
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import MemberError

pytestmark = pytest.mark.fast


def serves(api: HTTPServer, issuer: str) -> None:
    """From now on."""
    api.clear()
    api.expect_request(DISCOVERY).respond_with_json({"issuer": issuer})
    api.expect_request("/version").respond_with_json({})


@pytest.mark.parametrize(
    ("member", "hub", "wrong"),
    [
        (0, 0, ""),
        # Both differ from this machine, which signs nothing and verifies nothing.
        (300, 300, ""),
        (-30, 25, ""),
        (100, 0, r"(99|100|101) s ahead of the hub's"),
        (-40, 40, r"(79|80|81) s behind the hub's"),
    ],
)
def test_clocks_that_differ_are_told_before_anything_is_touched(
    api: HTTPServer,
    other_api: HTTPServer,
    connect_to: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
    member: int,
    hub: int,
    wrong: str,
) -> None:
    fast = {api.port: member, other_api.port: hub}

    def date(self: Any, timestamp: float | None = None) -> str:
        return formatdate(time.time() + fast[self.server.server_port], usegmt=True)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)
    serves(api, "https://member")
    serves(other_api, "https://hub")
    issuer = Issuer(connect_to(other_api), "fleet")
    if not wrong:
        assert foresee_trust(connect_to(api), issuer, "u-1").audience == "fleet:u-1"
        return
    with pytest.raises(MemberError) as told:
        foresee_trust(connect_to(api), issuer, "u-1")
    assert re.search(f"^eu-1: its clock is {wrong} \\(expected at most 60 s\\)", str(told.value))
    assert str(told.value).endswith("Set the one that is wrong: timedatectl status")


@pytest.mark.parametrize(
    ("issuer", "wrong"),
    [
        ("https://hub", "`https://hub` is also that of the member's own service accounts"),
        ("http://hub", "`http://hub` (expected an https URL)"),
        ("", "`` (expected an https URL)"),
    ],
)
def test_an_issuer_that_no_member_could_trust_is_told(
    api: HTTPServer, other_api: HTTPServer, connect_to: Callable[..., Connection], issuer: str, wrong: str
) -> None:
    serves(api, "https://hub")
    serves(other_api, issuer)
    with pytest.raises(MemberError, match=re.escape(wrong)):
        foresee_trust(connect_to(api), Issuer(connect_to(other_api), "fleet"), "u-1")
    assert {request.method for server in (api, other_api) for request, _ in server.log} == {"GET"}


def test_a_hub_that_shows_where_its_keys_are_but_not_these_is_told(
    api: HTTPServer, other_api: HTTPServer, connect_to: Callable[..., Connection]
) -> None:
    serves(api, "https://member")
    other_api.clear()
    keys = "https://elsewhere/openid/v1/jwks"
    other_api.expect_request(DISCOVERY).respond_with_json({"issuer": "https://hub", "jwks_uri": keys})
    other_api.expect_request("/openid/v1/jwks").respond_with_json({"kind": "Status", "code": 403}, status=403)
    with pytest.raises(MemberError, match=r"it shows its keys to nobody who is not known \(403\)"):
        foresee_trust(connect_to(api), Issuer(connect_to(other_api), "fleet"), "u-1")
