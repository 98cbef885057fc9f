"""`Join` of a stack: what cannot hold is its reason, and nothing was written at the member or the hub by then."""

from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.federation.trusting import DISCOVERY
from kubefleet.kube.connection import Connection
from kubefleet.model.access import Kubeconfig
from kubefleet.model.phase import Phase
from kubefleet.resources import _session
from kubefleet.resources.join import JoinProvider

pytestmark = pytest.mark.fast

NEWS = {
    "fleet": "shop",
    "member": "foreseen",
    "access": {"context": "foreseen"},
    "uid": "u-1",
    "identity": {"namespaces": ["shop"], "hub": {"context": "foreseeing"}},
}


@pytest.fixture
def clusters(
    api: HTTPServer, other_api: HTTPServer, connect_to: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> tuple[HTTPServer, HTTPServer]:
    """The member's server and the hub's."""
    monkeypatch.setattr(_session, "_connections", {})
    monkeypatch.setattr(_session, "_federated", {})
    _session.keep("foreseen", Kubeconfig("foreseen"), connect_to(api))
    _session.keep("hub", Kubeconfig("foreseeing"), connect_to(other_api))
    other_api.expect_request("/apis/authentication.k8s.io/v1/selfsubjectreviews").respond_with_json(
        {"status": {"userInfo": {"username": "ana"}}}
    )
    return api, other_api


def test_a_mode_that_the_member_has_not_joined_in_is_the_reason(clusters: tuple[HTTPServer, HTTPServer]) -> None:
    home = {"metadata": {"name": "pulumi-kubefleet", "annotations": {"pulumi-kubefleet/mode": "impersonation"}}}
    clusters[0].expect_request("/api/v1/namespaces/pulumi-kubefleet").respond_with_json(home)
    found = JoinProvider().applied(None, NEWS)
    assert found["phase"] == Phase.FAILED
    assert found["reason"].startswith(
        "foreseen: it has joined in mode `impersonation` (expected `oidc`). Leave in that one"
    )


def test_a_hub_with_the_members_own_issuer_is_the_reason(clusters: tuple[HTTPServer, HTTPServer]) -> None:
    status = {"kind": "Status", "code": 404, "reason": "NotFound"}
    clusters[0].expect_request("/api/v1/namespaces/pulumi-kubefleet").respond_with_json(status, status=404)
    for server in clusters:
        server.expect_request(DISCOVERY).respond_with_json({"issuer": "https://kubernetes.default.svc"})
    found = JoinProvider().applied(None, NEWS)
    assert found["phase"] == Phase.FAILED
    assert found["reason"].startswith("eu-1: `https://kubernetes.default.svc` is also that of the member's own")
    assert {request.method for server in clusters for request, _ in server.log if "reviews" not in request.path} == {
        "GET"
    }
