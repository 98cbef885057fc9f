"""Our strategic merge is the API server's, on the same objects and patches."""

import copy

import pytest
from lab_objects import deployment, until

from kubefleet.overrides.strategic_merge import merged

pytestmark = pytest.mark.lab

STRATEGIC = "application/strategic-merge-patch+json"
KEPT = ("labels", "finalizers")  # annotations are the controllers' too
PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "Service": "/api/v1/namespaces/default/services",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    "ServiceAccount": "/api/v1/namespaces/default/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/default/configmaps",
}


def web() -> dict:
    made = deployment("merged")
    made["metadata"]["finalizers"] = ["example.com/a"]
    pod = made["spec"]["template"]["spec"]
    pod["containers"] = [
        {
            "name": "main",
            "image": "main:1",
            "args": ["-v"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81}],
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        },
        {"name": "log", "image": "log:1"},
    ]
    pod["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    pod["tolerations"] = [{"key": "a", "operator": "Exists"}]
    pod["hostAliases"] = [{"ip": "10.0.0.1", "hostnames": ["a"]}]
    return made


def in_pod(**spec) -> dict:
    return {"spec": {"template": {"spec": spec}}}


def named(kind: str, version: str, **fields) -> dict:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "merged"}, **fields}


SERVICE = named(
    "Service", "v1", spec={"selector": {"a": "b"}, "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}
)
TWICE = named(
    "Service",
    "v1",
    spec={
        "ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "UDP"}, {"port": 81, "name": "x"}]
    },
)
POLICY = named(
    "NetworkPolicy",
    "networking.k8s.io/v1",
    spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}, {"port": 81}]}]},
)
BUDGET = named(
    "PodDisruptionBudget", "policy/v1", spec={"minAvailable": 1, "selector": {"matchLabels": {"a": "b", "c": "d"}}}
)


@pytest.mark.parametrize(
    ("live", "patch"),
    [
        (web(), in_pod(containers=[{"name": "main", "image": "main:2", "env": [{"name": "B", "value": "3"}]}])),
        (web(), in_pod(containers=[{"name": "main", "env": [{"name": "C", "value": "3"}], "args": ["-q", "-r"]}])),
        (web(), in_pod(containers=[{"name": "new", "image": "new:1"}, {"name": "log", "$patch": "delete"}])),
        (web(), in_pod(containers=[{"$patch": "replace"}, {"name": "only", "image": "only:1"}])),
        (web(), in_pod(containers=[{"name": "main", "env": None, "args": None}], tolerations=None)),
        (web(), in_pod(containers=[{"name": "main", "ports": [{"containerPort": 81, "name": "metrics"}]}])),
        (web(), in_pod(containers=[{"name": "main", "volumeMounts": [{"name": "tmp", "mountPath": "/var"}]}])),
        (web(), in_pod(volumes=[{"name": "tmp", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/t"}}])),
        (web(), in_pod(tolerations=[{"key": "b", "operator": "Exists"}])),
        (web(), in_pod(hostAliases=[{"ip": "10.0.0.2", "hostnames": ["b"]}, {"ip": "10.0.0.1", "hostnames": ["c"]}])),
        (web(), in_pod(initContainers=[{"name": "first", "image": "first:1"}], nodeSelector={"a": "b"})),
        (web(), {"metadata": {"labels": {"x": "y"}, "finalizers": ["example.com/b", "example.com/a"]}}),
        (web(), {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
        (web(), {"spec": {"template": {"metadata": {"annotations": {"$patch": "replace", "only": "1"}}}}}),
        (SERVICE, {"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 82, "name": "d"}]}}),
        (TWICE, {"spec": {"ports": [{"port": 80, "name": "c"}]}}),
        (TWICE, {"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 80, "$patch": "delete"}]}}),
        (SERVICE, {"spec": {"selector": {"a": None, "x": "y"}}}),
        (POLICY, {"spec": {"ingress": [{"ports": [{"port": 82}]}]}}),
        (BUDGET, {"spec": {"selector": {"matchLabels": {"a": "e"}}}}),
        (named("ServiceAccount", "v1", secrets=[{"name": "a"}]), {"secrets": [{"name": "b"}]}),
        (named("ConfigMap", "v1", data={"a": "1", "b": "2"}), {"data": {"a": None, "c": "3"}}),
    ],
)
def test_it_merges_as_the_server_does(connection, live, patch):
    path = PATHS[live["kind"]]
    connection.post(path, copy.deepcopy(live))
    try:
        stored = connection.get(f"{path}/merged")
        theirs = connection.patch(f"{path}/merged", patch, STRATEGIC, dryRun="All")
    finally:
        connection.patch(f"{path}/merged", {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        connection.delete(f"{path}/merged")
    until(lambda: not [item for item in connection.list(path) if item["metadata"]["name"] == "merged"])
    merged_here = merged({**stored, "apiVersion": live["apiVersion"], "kind": live["kind"]}, patch)
    # Created anew, so that what is new in it gets the server's defaults.
    ours = connection.post(path, fresh(merged_here), dryRun="All")
    assert content(ours) == content(theirs)
    assert content(theirs) != content(stored)


def fresh(item: dict) -> dict:
    metadata = {key: item["metadata"][key] for key in ("name", *KEPT) if key in item["metadata"]}
    return {**{key: item[key] for key in item if key != "status"}, "metadata": metadata}


def content(item: dict) -> dict:
    metadata = {key: item["metadata"].get(key) for key in KEPT}
    return {**{key: item[key] for key in item if key not in ("metadata", "status", "kind")}, "metadata": metadata}
