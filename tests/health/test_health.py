from pathlib import Path

import pytest

from kubefleet.health import Health, Status, health
from kubefleet.health.table import _RULES

pytestmark = pytest.mark.fast

A, P, F, U = Status.AVAILABLE, Status.PROGRESSING, Status.FAILED, Status.UNVERIFIED


def live(kind: str, *, spec=None, status=None, generation=2, **metadata) -> dict:
    api_version, _, name = kind.rpartition("/")
    return {
        "apiVersion": api_version,
        "kind": name,
        "metadata": {"name": "web", "generation": generation, **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**statuses) -> list[dict]:
    return [{"type": kind, "status": status, "message": f"{kind} says {status}"} for kind, status in statuses.items()]


def counts(replicas: int, updated: int, available: int, **more) -> dict:
    return {
        "observedGeneration": 2,
        "replicas": replicas,
        "updatedReplicas": updated,
        "availableReplicas": available,
        **more,
    }


DEPLOYMENTS = [
    ("not seen at all", {}, {}, P, "not yet seen"),
    ("an older generation seen", {}, {"observedGeneration": 1}, P, "generation 1 of 2"),
    ("one replica by default", {}, counts(1, 1, 1), A, "1 of 1 pods available"),
    ("no replicas wanted", {"replicas": 0}, counts(0, 0, 0), A, "0 of 0"),
    ("no replicas wanted but one still runs", {"replicas": 0}, counts(1, 0, 1), P, "1 old pods"),
    ("not all updated", {"replicas": 3}, counts(3, 2, 3), P, "2 of 3 pods updated"),
    ("old pods beside the new", {"replicas": 3}, counts(4, 3, 4), P, "1 old pods still run"),
    ("not all available", {"replicas": 3}, counts(3, 3, 2), P, "2 of 3 pods available"),
    ("all there", {"replicas": 3}, counts(3, 3, 3), A, "3 of 3"),
    (
        "deadline exceeded",
        {"replicas": 3},
        counts(3, 3, 2, conditions=conditions(Progressing="False")),
        F,
        "Progressing says False",
    ),
    (
        "quota",
        {"replicas": 3},
        counts(0, 0, 0, conditions=conditions(Progressing="True", ReplicaFailure="True")),
        P,
        "ReplicaFailure says True",
    ),
    ("paused half-way", {"replicas": 3, "paused": True}, counts(3, 1, 3), P, "paused: 1 of 3"),
    ("paused but all there", {"replicas": 3, "paused": True}, counts(3, 3, 3), A, "3 of 3"),
]


@pytest.mark.parametrize(
    ("spec", "status", "expected", "says"), [c[1:] for c in DEPLOYMENTS], ids=[c[0] for c in DEPLOYMENTS]
)
def test_a_deployment_is_available_when_updated_equals_available_equals_desired(spec, status, expected, says):
    found = health(live("apps/v1/Deployment", spec=spec, status=status))
    assert found.status is expected
    assert says in found.reason


ON_DELETE = {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}
PARTITION = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
WORKLOADS = [
    ("StatefulSet", {"replicas": 2}, counts(1, 1, 1), P, "1 of 2 pods created"),
    ("StatefulSet", {"replicas": 2}, counts(3, 2, 3), P, "old pods"),
    ("StatefulSet", {"replicas": 2}, counts(2, 2, 1), P, "1 of 2 pods available"),
    ("StatefulSet", {"replicas": 2}, counts(2, 1, 2), P, "1 of 2 pods updated"),
    ("StatefulSet", {"replicas": 2}, counts(2, 2, 2, currentRevision="a", updateRevision="b"), P, "not finished"),
    ("StatefulSet", {"replicas": 2}, counts(2, 2, 2, currentRevision="b", updateRevision="b"), A, "2 of 2"),
    ("StatefulSet", ON_DELETE, counts(2, 0, 2, currentRevision="a", updateRevision="b"), A, "OnDelete"),
    ("StatefulSet", PARTITION, counts(3, 0, 3), P, "0 of 1 pods updated"),
    ("StatefulSet", PARTITION, counts(3, 1, 3, currentRevision="a", updateRevision="b"), A, "3 of 3"),
    ("ReplicaSet", {"replicas": 2}, counts(2, 0, 1), P, "1 of 2 pods available"),
    ("ReplicaSet", {"replicas": 2}, counts(2, 0, 2), A, "2 of 2"),
    ("ReplicaSet", {"replicas": 1}, counts(2, 0, 2), P, "old pods"),
    ("ReplicaSet", {}, counts(0, 0, 0, conditions=conditions(ReplicaFailure="True")), P, "ReplicaFailure"),
]


@pytest.mark.parametrize(
    ("status", "expected"), [({}, P), (counts(2, 0, 1), P), (counts(3, 0, 2), P), (counts(2, 0, 2), A)]
)
def test_a_replication_controller_is_judged_as_a_replica_set(status, expected):
    assert health(live("v1/ReplicationController", spec={"replicas": 2}, status=status)).status is expected


@pytest.mark.parametrize(("kind", "spec", "status", "expected", "says"), WORKLOADS)
def test_stateful_and_replica_sets_follow_their_counts(kind, spec, status, expected, says):
    found = health(live(f"apps/v1/{kind}", spec=spec, status=status))
    assert found.status is expected
    assert says in found.reason


def nodes(desired: int, updated: int, available: int) -> dict:
    return {
        "observedGeneration": 2,
        "desiredNumberScheduled": desired,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
    }


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {}, P),
        ({}, nodes(0, 0, 0), A),
        ({}, nodes(3, 2, 3), P),
        ({}, nodes(3, 3, 2), P),
        ({}, nodes(3, 3, 3), A),
        ({"updateStrategy": {"type": "OnDelete"}}, nodes(3, 0, 3), A),
    ],
)
def test_a_daemon_set_has_an_available_pod_on_every_node(spec, status, expected):
    assert health(live("apps/v1/DaemonSet", spec=spec, status=status)).status is expected


WAITING = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
OTHERS = [
    ("batch/v1/Job", {}, {}, P, "0 of 1 completions"),
    ("batch/v1/Job", {"completions": 4}, {"succeeded": 3, "active": 1}, P, "3 of 4 completions, 1 pods active"),
    ("batch/v1/Job", {"suspend": True}, {}, P, "suspended"),
    ("batch/v1/Job", {}, {"conditions": conditions(Complete="True")}, A, "complete"),
    ("batch/v1/Job", {}, {"conditions": conditions(Failed="True")}, F, "Failed says True"),
    ("v1/Pod", {}, {"phase": "Running", "conditions": conditions(Ready="True")}, A, "ready"),
    ("v1/Pod", {}, {"phase": "Running", "conditions": conditions(Ready="False")}, P, "phase Running"),
    ("v1/Pod", {}, {"phase": "Pending", "conditions": conditions(PodScheduled="False")}, P, "PodScheduled"),
    ("v1/Pod", {}, {"phase": "Pending", **WAITING}, P, "container app: ImagePullBackOff"),
    ("v1/Pod", {}, {"phase": "Succeeded"}, A, "succeeded"),
    ("v1/Pod", {}, {"phase": "Failed", "reason": "Evicted"}, F, "Evicted"),
    ("v1/Service", {"clusterIP": "10.0.0.1"}, {}, A, ""),
    ("v1/Service", {"clusterIP": "None"}, {}, A, ""),
    ("v1/Service", {}, {}, P, "cluster IP"),
    ("v1/Service", {"type": "ExternalName"}, {}, A, ""),
    ("v1/Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, {}, P, "load-balancer"),
    (
        "v1/Service",
        {"type": "LoadBalancer", "clusterIP": "10.0.0.1"},
        {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        A,
        "",
    ),
    ("v1/Namespace", {}, {"phase": "Active"}, A, ""),
    ("v1/Namespace", {}, {"phase": "Terminating"}, P, "Terminating"),
    ("v1/PersistentVolumeClaim", {}, {"phase": "Bound"}, A, "bound"),
    ("v1/PersistentVolumeClaim", {"storageClassName": "late"}, {"phase": "Pending"}, A, "first pod"),
    ("v1/PersistentVolumeClaim", {"storageClassName": "fast"}, {"phase": "Pending"}, P, "Pending"),
    ("v1/PersistentVolumeClaim", {}, {"phase": "Lost"}, F, "lost"),
    ("apiextensions.k8s.io/v1/CustomResourceDefinition", {}, {}, P, "not established"),
    (
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
        {},
        {"conditions": conditions(NamesAccepted="True", Established="True")},
        A,
        "established",
    ),
    (
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
        {},
        {"conditions": conditions(NamesAccepted="False")},
        F,
        "NamesAccepted",
    ),
    ("apiregistration.k8s.io/v1/APIService", {}, {"conditions": conditions(Available="False")}, P, "Available"),
    ("apiregistration.k8s.io/v1/APIService", {}, {"conditions": conditions(Available="True")}, A, ""),
    ("policy/v1/PodDisruptionBudget", {}, {"observedGeneration": 1}, P, "generation 1 of 2"),
    ("policy/v1/PodDisruptionBudget", {}, {"observedGeneration": 2}, A, ""),
    ("autoscaling/v2/HorizontalPodAutoscaler", {}, {}, A, ""),
    ("autoscaling/v2/HorizontalPodAutoscaler", {}, {"conditions": conditions(AbleToScale="False")}, P, "AbleToScale"),
    ("v1/ConfigMap", {}, {}, A, ""),
    ("v1/Secret", {}, {}, A, ""),
    ("rbac.authorization.k8s.io/v1/Role", {}, {}, A, ""),
    ("networking.k8s.io/v1/Ingress", {}, {}, A, ""),
    ("batch/v1/CronJob", {}, {}, A, ""),
    ("example.com/v1/Thing", {}, {}, U, "none of the conditions"),
    ("example.com/v1/ConfigMap", {}, {}, U, "none of the conditions"),
    ("example.com/v1/Thing", {}, {"conditions": conditions(Ready="True")}, A, "Ready says True"),
    ("example.com/v1/Thing", {}, {"conditions": conditions(Ready="False")}, P, "Ready says False"),
    ("example.com/v1/Thing", {}, {"conditions": conditions(Available="True")}, A, "Available says True"),
    ("example.com/v1/Thing", {}, {"conditions": conditions(Ready="True", Stalled="True")}, F, "Stalled"),
    ("example.com/v1/Thing", {}, {"conditions": conditions(Ready="True", Reconciling="True")}, P, "Reconciling"),
    ("example.com/v1/Thing", {}, {"observedGeneration": 1, "conditions": conditions(Ready="True")}, P, "1 of 2"),
    (
        "example.com/v1/Thing",
        {},
        {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]},
        P,
        "older generation",
    ),
]


@pytest.mark.parametrize(("kind", "spec", "status", "expected", "says"), OTHERS)
def test_other_kinds_are_judged_by_their_phase_or_conditions(kind, spec, status, expected, says):
    found = health(live(kind, spec=spec, status=status), binding_modes={"late": "WaitForFirstConsumer"})
    assert found.status is expected
    assert says in found.reason


def test_what_is_being_deleted_is_never_available():
    going = live("v1/ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z")
    assert health(going) == Health(Status.PROGRESSING, "being deleted")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": None, "spec": [], "status": {"conditions": 3}},
        {"apiVersion": "v1", "kind": "Pod", "status": {"containerStatuses": [None], "conditions": ["x"]}},
        {"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": None, "succeeded": "many"}},
    ],
)
def test_an_object_that_lacks_everything_is_not_available_and_nothing_is_raised(broken):
    assert health(broken).status in (P, U)


def test_the_docs_name_every_kind_that_has_a_rule():
    built_in = Path(__file__).parents[2].joinpath("docs", "health.md").read_text().partition("## Checks of your own")[0]
    assert [kind for _, kind in _RULES if kind not in built_in] == []
