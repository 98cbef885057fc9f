"""Whether a member has constrained impersonation, by what its server says of itself; and what its refusals mean."""

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.federation import READER, make_mode
from kubefleet.federation.constrained import by_legacy, has_constrained
from kubefleet.federation.impersonation_refused import explain_impersonation
from kubefleet.federation.modes import Ground, Mode
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, MemberError

pytestmark = pytest.mark.fast

ON = 'kubernetes_feature_enabled{name="ConstrainedImpersonation",stage="BETA"} 1'
OFF = 'kubernetes_feature_enabled{name="ConstrainedImpersonation",stage="ALPHA"} 0'
OTHER = 'kubernetes_feature_enabled{name="Other",stage="BETA"} 1'


@pytest.mark.parametrize(
    ("metrics", "minor", "has"),
    [
        (f"{OTHER}\n{ON}\n", "35", True),
        (f"{OTHER}\n{OFF}\n", "36", False),
        (f"{OTHER}\n", "36", True),
        (f"{OTHER}\n", "35+", False),
        (f"# {ON}\n", "35", False),
        (None, "36", True),
        (None, "37+", True),
        (None, "35", False),
        (None, "", False),
    ],
)
def test_what_the_server_has_on_counts_and_else_its_version(
    connection: Connection, api: HTTPServer, metrics: str | None, minor: str, has: bool
) -> None:
    if metrics is None:
        api.expect_request("/metrics").respond_with_json({"reason": "Forbidden"}, status=403)
    else:
        api.expect_request("/metrics").respond_with_data(metrics)
    api.expect_request("/version").respond_with_json({"major": "1", "minor": minor})
    assert has_constrained(connection) == has


def mode_of(name: str, connection: Connection) -> Mode:
    return make_mode(name, Ground(lambda _: connection, lambda _: ""))


def test_legacy_impersonation_is_for_whoever_allows_it_where_there_is_no_other(
    connection: Connection, api: HTTPServer
) -> None:
    acting = mode_of("impersonation", connection)
    api.expect_request("/metrics").respond_with_data(OFF)
    assert by_legacy(acting, connection, allowed=True)
    with pytest.raises(
        MemberError, match=r"^eu-1: it knows no constrained impersonation .*Allow `legacy_impersonation`"
    ):
        by_legacy(acting, connection, allowed=False)
    api.clear()
    api.expect_request("/metrics").respond_with_data(ON)
    assert not by_legacy(acting, connection, allowed=True)
    assert not by_legacy(acting, connection, allowed=False)


def test_in_modes_without_an_agent_nobody_is_asked(connection: Connection, api: HTTPServer) -> None:
    assert not by_legacy(mode_of("service-account-token", connection), connection, allowed=True)
    assert api.log == []


def refused(message: str, status: int = 403) -> str:
    return explain_impersonation(ApiError("eu-1", "POST /x", status, "Forbidden", message), READER)


def test_a_refusal_to_act_names_the_right_and_who_has_to_give_it() -> None:
    said = 'users "r" is forbidden: User "ana" cannot {} resource "users" in API group "authentication.k8s.io"'
    told = refused(said.format("impersonate:user-info"))
    assert told == (
        'may not act as the reader: User "ana" cannot impersonate:user-info resource "users" in API group '
        '"authentication.k8s.io". Have the member\'s admin join it with this agent: `--mode impersonation --agent ana`'
    )
    assert "`--agent ana`" not in refused(said.format("impersonate"))
    assert "it knows no constrained impersonation" in refused(said.format("impersonate"))
    assert "--agent ana" in refused('x: User "ana" cannot impersonate-on:user-info:get path "/api"')


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ('User "ana" cannot get resource "nodes" in API group "" at the cluster scope', 403),
        ('User "ana" cannot impersonate resource "users"', 500),
        ("Unauthorized", 401),
    ],
)
def test_another_refusal_is_none_of_this(message: str, status: int) -> None:
    assert refused(message, status) == ""
