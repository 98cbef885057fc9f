"""A member reached by its ClusterProfile on a real hub, with the real exec plugin."""

import base64
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_cluster_properties import CRDS, PROFILE, names, until

from kubefleet.federation import READER
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import NoAccess
from kubefleet.lab.lab import Lab
from kubefleet.model.access import ClusterProfile

pytestmark = pytest.mark.lab

SPACE = "fleet-profile"
PATH = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/default/clusterprofiles"


@pytest.fixture(scope="module")
def hub(quickstart_lab: Lab, connection: Connection) -> Iterator[Connection]:
    """us-1 has a profile of eu-1, where the reader has an account."""
    connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    connection.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": READER.account}})
    hub = connect("us-1", quickstart_lab.access("us-1"))
    hub.post(CRDS, PROFILE)
    until(lambda: hub.apis(fresh=True).find("multicluster.x-k8s.io/v1alpha1", "ClusterProfile"))
    endpoint = connection.transport.endpoint
    cluster: dict[str, Any] = {
        "server": endpoint.server,
        "certificate-authority-data": base64.b64encode(endpoint.ca.encode()).decode(),
        "extensions": [
            {"name": "client.authentication.k8s.io/exec", "extension": {"clusterName": "eu-1"}},
            {"name": "multicluster.x-k8s.io/clusterprofiles/auth/exec/additional-args", "extension": ["--evil"]},
        ],
    }
    providers = [
        {"name": "real", "cluster": cluster},
        {"name": "bare", "cluster": {}},
        {"name": "file", "cluster": {"server": endpoint.server, "certificate-authority": "/etc/hostname"}},
        {"name": "open", "cluster": {"server": endpoint.server, "insecure-skip-tls-verify": True}},
    ]
    profile = {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ClusterProfile", "metadata": {"name": "eu-1"}}
    hub.post(PATH, {**profile, "spec": {}, "status": {"accessProviders": providers}})
    older = {**profile, "metadata": {"name": "older"}, "status": {"credentialProviders": providers}}
    hub.post(PATH, {**older, "spec": {}})
    yield hub
    hub.delete(f"{CRDS}/{PROFILE['metadata']['name']}")
    until(lambda: PROFILE["metadata"]["name"] not in names(hub))
    hub.close()
    connection.delete(f"/api/v1/namespaces/{SPACE}")


@pytest.fixture
def by_profile(hub: Connection, quickstart_lab: Lab) -> ClusterProfile:
    plugin = str(Path(sys.executable).with_name("kubefleet-credential"))
    member = ("--context", "eu-1", "--kubeconfig", str(quickstart_lab.kubeconfig))
    args = (READER.account, "--mode", "service-account-token", *member, "--namespace", SPACE)
    return ClusterProfile("eu-1", "default", "real", quickstart_lab.access("us-1"), plugin, args)


@pytest.mark.parametrize("name", ["eu-1", "older"])
def test_a_member_is_reached_by_its_profile_under_the_plugins_identity(by_profile: ClusterProfile, name: str) -> None:
    member = connect("eu-1", replace(by_profile, name=name))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    found = member.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert found["status"]["userInfo"]["username"] == f"system:serviceaccount:{SPACE}:{READER.account}"
    member.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "nobody"}, "ClusterProfile `default/nobody` is not read: hub: GET .* 404"),
        ({"provider": "x"}, "no access provider `x` in ClusterProfile `default/eu-1` .expected one of: bare, file, op"),
        ({"provider": "bare"}, "names no server"),
        ({"provider": "file"}, "`certificate-authority` of access provider `file` .* names a file"),
        ({"provider": "open"}, "has `insecure-skip-tls-verify`, which is refused"),
    ],
)
def test_what_a_profile_lacks_is_told(by_profile: ClusterProfile, change: dict[str, str], told: str) -> None:
    with pytest.raises(NoAccess, match=told) as refused:
        connect("eu-1", replace(by_profile, **change))
    assert "\n" not in str(refused.value)
