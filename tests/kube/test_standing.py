"""What a snapshot keeps of pods that stand, of nodes and of namespaces for those who ask."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.kube.connection import Connection
from kubefleet.kube.interest import Interest, interest_of
from kubefleet.kube.load import LoadCounter
from kubefleet.kube.nodes import make_shapes, read_node
from kubefleet.kube.standing import StandingCounter
from kubefleet.kube.surroundings import read_surroundings
from kubefleet.model.pod_rules import HOSTNAME, NODE_NAME, HostPort
from kubefleet.model.request import Request
from kubefleet.model.standing import RuntimeClass, Scope, Standing
from kubefleet.spec.workload_cut import cut_workload
from kubefleet.spec.workloads import parse_workloads

pytestmark = pytest.mark.fast

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def asking(labels: dict[str, str] | None = None, namespace: str = "shop", **pod: Any) -> Interest:
    template = {"metadata": {"labels": labels or {"app": "web"}}, "spec": {"containers": [{}], **pod}}
    metadata = {"name": "web", "namespace": namespace}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    cut = cut_workload(manifest)
    assert cut is not None
    return interest_of([Request("web", workloads=parse_workloads([cut], "", []))])


def anti(app: str, key: str = HOSTNAME, **more: Any) -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}
    return {"podAntiAffinity": {REQUIRED: [term]}}


def pod(app: str, node: str = "n1", namespace: str = "shop", *, leaving: bool = False, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"namespace": namespace, "labels": {"app": app, "hash": "x"}}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": {"nodeName": node, "containers": [{}], **spec}, "status": {}}


def standing(interest: Interest, *pods: dict[str, Any]) -> dict[str, Standing]:
    counter = LoadCounter(standing=StandingCounter(interest))
    for item in pods:
        counter.count(item)
    return dict(counter.result().standing)


def test_nobody_asks_nothing_is_kept() -> None:
    assert standing(asking(), pod("web"), pod("db", affinity=anti("cache"))) == {}


def test_pods_that_a_rule_is_about_are_counted_by_the_labels_that_it_names() -> None:
    found = standing(
        asking(affinity=anti("db")),
        pod("db"),
        pod("db"),
        pod("db", leaving=True),
        pod("db", "n2"),
        pod("db", namespace="other"),
        pod("web"),
        pod("db", ""),
    )
    counted = {
        node: [(dict(pods.labels), pods.count, pods.terminating) for pods in there.pods]
        for node, there in found.items()
    }
    assert counted == {
        "n1": [({"app": "db"}, 2, False), ({"app": "db"}, 1, True)],
        "n2": [({"app": "db"}, 1, False)],
    }


def test_pods_that_refuse_what_is_asked_for_are_kept_with_the_terms_that_do() -> None:
    found = standing(
        asking(),
        pod("db", affinity=anti("web", "zone")),
        pod("db", affinity=anti("cache")),
        pod("db", namespace="other", affinity=anti("web")),
        pod("db", "n2", namespace="other", affinity=anti("web", namespaces=["shop"])),
        pod("db", "n3", namespace="other", affinity=anti("web", namespaceSelector={"matchLabels": {"team": "x"}})),
    )
    kept = {
        node: [[term.topology_key for term in pods.anti_affinity] for pods in there.pods]
        for node, there in found.items()
    }
    assert kept == {
        "n1": [["zone"]],
        "n2": [[HOSTNAME]],
        "n3": [[HOSTNAME]],
    }
    assert all(not pods.labels for there in found.values() for pods in there.pods)


def test_ports_are_kept_that_a_pod_that_is_asked_for_wants() -> None:
    wanted = asking(containers=[{"ports": [{"hostPort": 80}]}])
    found = standing(
        wanted,
        pod("x", containers=[{"ports": [{"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 81}]}]),
        pod("x", "n2", containers=[{"ports": [{"hostPort": 81}, {"containerPort": 80}]}]),
        pod("x", "n3", containers=[{"ports": [{"containerPort": 80}]}], hostNetwork=True),
    )
    assert {node: there.host_ports for node, there in found.items()} == {
        "n1": {HostPort(80, "TCP", "10.0.0.1")},
        "n3": {HostPort(80)},
    }


def test_a_rule_that_cannot_be_read_is_one_that_a_pod_does_not_have() -> None:
    counter = LoadCounter(standing=StandingCounter(asking()))
    counter.count(pod("db", affinity={"podAntiAffinity": {REQUIRED: [{"labelSelector": {}}]}}))
    assert dict(counter.result().standing) == {}
    assert counter.result().by_node["n1"]["pods"] == 1


def node(name: str, **labels: str) -> Any:
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    metadata = {"name": name, "labels": {HOSTNAME: name, **labels}}
    return read_node({"metadata": metadata, "status": {"allocatable": amounts}})


def test_nodes_with_different_pods_on_them_are_rows_of_one_shape() -> None:
    interest = asking(affinity=anti("db"))
    there = standing(interest, pod("db"), pod("db", "n2"))
    (shape,) = make_shapes([node(f"n{number}") for number in range(1, 6)], {}, interest, there)
    assert [count for _, count in shape.free] == [3, 2]
    assert [sum(pods.count for pods in row.pods) for row in shape.standing] == [0, 1]


def test_without_interest_shapes_are_as_they_were() -> None:
    nodes = [node(f"n{number}", machine=str(number)) for number in range(100)]
    (shape,) = make_shapes(nodes, {})
    assert (shape.standing, dict(shape.labels)) == ((), {})


def test_labels_that_tell_nodes_apart_are_kept_where_a_request_names_them() -> None:
    nodes = [node(f"n{number}", machine=str(number)) for number in range(100)]
    assert len(make_shapes(nodes, {}, asking(nodeSelector={"machine": "7"}))) == 100
    by_host = make_shapes(nodes, {}, asking(nodeSelector={HOSTNAME: "n7"}))
    assert sorted((shape.labels[HOSTNAME], shape.count) for shape in by_host) == [("", 99), ("n7", 1)]
    fields = [{"matchFields": [{"key": NODE_NAME, "operator": "In", "values": ["n9"]}]}]
    by_name = make_shapes(nodes, {}, asking(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": fields}}}))
    assert sorted((shape.labels.get(NODE_NAME, ""), shape.count) for shape in by_name) == [("", 99), ("n9", 1)]


def test_a_label_by_which_pods_that_stand_refuse_others_is_kept() -> None:
    interest = asking()
    nodes = [node(f"n{number}", machine=str(number)) for number in range(100)]
    there = standing(interest, pod("db", "n7", affinity=anti("web", "machine")))
    assert len(make_shapes(nodes, {}, interest, there)) == 100


QUOTA = {
    "metadata": {"name": "team", "namespace": "shop"},
    "spec": {
        "hard": {"requests.cpu": "4", "limits.memory": "1Gi", "count/pods": "9"},
        "scopes": ["NotBestEffort"],
        "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]},
    },
    "status": {"used": {"requests.cpu": "1500m"}},
}
LIMITS = {
    "metadata": {"name": "sizes", "namespace": "shop"},
    "spec": {
        "limits": [
            {"type": "Container", "default": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "1500m"}},
            {"type": "Pod", "max": {"memory": "2Gi"}},
            {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
        ]
    },
}
RUNTIME = {
    "metadata": {"name": "kata"},
    "overhead": {"podFixed": {"cpu": "250m"}},
    "scheduling": {"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm", "operator": "Exists"}]},
}


def serve(api: HTTPServer, path: str, *items: dict[str, Any], status: int = 200) -> None:
    answer: dict[str, Any] = {"metadata": {}, "items": list(items)}
    if status != 200:
        answer = {"kind": "Status", "status": "Failure", "code": status, "reason": "Forbidden", "message": "no"}
    api.expect_request(path).respond_with_json(answer, status=status)


def test_quotas_limit_ranges_and_runtime_classes_that_concern_somebody_are_read(
    api: HTTPServer, connection: Connection
) -> None:
    other = {**QUOTA, "metadata": {"name": "other", "namespace": "elsewhere"}}
    serve(api, "/api/v1/resourcequotas", other, QUOTA)
    serve(api, "/api/v1/limitranges", LIMITS)
    serve(api, "/apis/node.k8s.io/v1/runtimeclasses", RUNTIME, {"metadata": {"name": "gvisor"}})
    found = read_surroundings(connection, asking(runtimeClassName="kata"))
    assert found is not None
    ((quota,), limits, (runtime,)) = found.quotas, found.limit_ranges, found.runtime_classes
    assert dict(quota.hard) == {"requests.cpu": 4000, "limits.memory": 2**30, "count/pods": 9}
    assert dict(quota.used) == {"requests.cpu": 1500}
    assert quota.scopes == (Scope("NotBestEffort"), Scope("PriorityClass", "In", ("high",)))
    assert [(item.type, dict(item.default), dict(item.max), dict(item.ratio)) for item in limits] == [
        ("Container", {"cpu": 1000}, {}, {"cpu": 1500}),
        ("Pod", {}, {"memory": 2**31}, {}),
    ]
    assert isinstance(runtime, RuntimeClass)
    assert (dict(runtime.overhead), dict(runtime.node_selector), runtime.tolerations[0].key) == (
        {"cpu": 250},
        {"vm": "yes"},
        "vm",
    )
    assert found.unread == ()


def test_what_may_not_be_read_is_named_and_costs_nothing_else(api: HTTPServer, connection: Connection) -> None:
    serve(api, "/api/v1/resourcequotas", status=403)
    serve(api, "/api/v1/limitranges", LIMITS)
    found = read_surroundings(connection, asking())
    assert found is not None
    assert (found.quotas, len(found.limit_ranges), found.unread) == ((), 2, ("quotas may not be read",))


def test_nothing_is_read_where_nobody_asks(connection: Connection) -> None:
    assert read_surroundings(connection, Interest()) is None
