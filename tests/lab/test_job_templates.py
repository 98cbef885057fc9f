"""Templates of all sorts, on a real API server: whatever it would take as a plain Job, and has no flaw of ours, it
takes as a shard too. Dry runs: nothing is created.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from lab_objects import until

from kubefleet.jobs.account import Shard
from kubefleet.jobs.flaws import flaws
from kubefleet.jobs.global_index import LOCAL, IndexBy
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.shard_job import WholeJob, shard_manifests
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError

pytestmark = pytest.mark.lab

SPACE, TEMPLATES = "templates", 120
SHARDS = [
    Shard("eu-1", 1, span(0, 1), 1),
    Shard("eu-1", 12, Indexes([3, 7, 8]), 2),
    Shard("eu-1", 3, span(5, 150_005), 20_000),
]


@pytest.fixture(scope="module")
def member(connection: Connection) -> Iterator[Connection]:
    connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    until(lambda: list(connection.list(f"/api/v1/namespaces/{SPACE}/serviceaccounts")))
    yield connection
    connection.delete(f"/api/v1/namespaces/{SPACE}")


def some_of(chance: random.Random, fields: dict[str, Any], share: float = 0.35) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if chance.random() < share}


def container(chance: random.Random, name: str) -> dict[str, Any]:
    by_label = {"fieldRef": {"fieldPath": f"metadata.labels['{LOCAL}']"}}
    by_annotation = {"fieldRef": {"fieldPath": f"metadata.annotations['{LOCAL}']"}}
    env = [
        {"name": "JOB_COMPLETION_INDEX", "value": "7"},
        {"name": "FLEET_SIZE", "value": "1"},
        {"name": "MINE", "valueFrom": by_label},
        {"name": "ALSO", "valueFrom": by_annotation},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "OF", "value": "$(JOB_COMPLETION_INDEX)/$(FLEET_SIZE)"},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ]
    more = {
        "env": chance.sample(env, chance.randint(1, len(env))),
        "envFrom": [{"configMapRef": {"name": "settings", "optional": True}}],
        "command": ["run", "$(JOB_COMPLETION_INDEX)"],
        "resources": {"requests": {"cpu": "10m"}, "limits": {"cpu": "1", "memory": "64Mi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch", "subPathExpr": "$(MY_POD)"}],
        "ports": [{"containerPort": 80, "hostPort": chance.randint(1000, 9000)}],
        "securityContext": {"runAsNonRoot": True},
    }
    found = {"name": name, "image": "main:1", **some_of(chance, more)}
    if "volumeMounts" in found:
        here = {"name": "MY_POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
        found["env"] = [*found.get("env", ()), here]
    return found


def template(chance: random.Random) -> dict[str, Any]:
    projected = {"sources": [{"downwardAPI": {"items": [{"path": "index", "fieldRef": {"fieldPath": _LABEL}}]}}]}
    pod: dict[str, Any] = {
        "restartPolicy": chance.choice([*["Never"] * 8, "OnFailure", "OnFailure", "Always"]),
        "containers": [container(chance, f"c{number}") for number in range(chance.randint(1, 3))],
        "volumes": [{"name": "scratch", "emptyDir": {}}, *chance.choice([[], [{"name": "i", "projected": projected}]])],
        **some_of(
            chance,
            {
                "initContainers": [{**container(chance, "init"), **chance.choice([{}, {"restartPolicy": "Always"}])}],
                "nodeSelector": {"a": "b"},
                "tolerations": [{"operator": "Exists"}],
                "terminationGracePeriodSeconds": 5,
                "activeDeadlineSeconds": 60,
                "hostNetwork": True,
                "priorityClassName": "system-node-critical",
                "shareProcessNamespace": True,
                "hostname": "me",
                "serviceAccountName": "default",
            },
        ),
        **some_of(chance, {"setHostnameAsFQDN": True, "subdomain": "peers"}, 0.05),
    }
    action = chance.choice(["FailIndex", "Ignore", "Ignore", "Count", "Count", "FailJob"])
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [42]}}
    spec = {
        "completions": chance.choice([1, 7, 100_000]),
        **some_of(
            chance,
            {
                "completionMode": chance.choice(["Indexed", "Indexed", "NonIndexed"]),
                "parallelism": chance.choice([1, 5, 10_000]),
                "backoffLimit": 3,
                "backoffLimitPerIndex": 2,
                "activeDeadlineSeconds": 600,
                "ttlSecondsAfterFinished": 0,
                "suspend": chance.choice([True, False, False, False]),
                "managedBy": chance.choice([*["kubernetes.io/job-controller"] * 3, "example.com/mine"]),
                "podReplacementPolicy": "Failed",
                "podFailurePolicy": {"rules": [rule]},
                "successPolicy": {"rules": [{"succeededCount": 1}]},
            },
        ),
    }
    if "backoffLimitPerIndex" in spec:
        spec.update(some_of(chance, {"maxFailedIndexes": 1}))
    if spec.keys() & {"backoffLimitPerIndex", "successPolicy"} and chance.random() < 0.9:
        spec["completionMode"] = "Indexed"
    metadata = some_of(
        chance,
        {"labels": {"app": "a", "pulumi-kubefleet/job": "theirs"}, "annotations": {"pulumi-kubefleet/index-map": "x"}},
    )
    return {"metadata": metadata, "spec": {**spec, "template": {"metadata": dict(metadata), "spec": pod}}}


_LABEL = f"metadata.labels['{LOCAL}']"


def why_not(connection: Connection, manifest: dict[str, Any]) -> str:
    """What the server says against it; nothing where it takes it."""
    path = connection.path_of(manifest["apiVersion"], manifest["kind"], SPACE)
    try:
        connection.post(path, manifest, dryRun="All", fieldValidation="Strict")
    except ApiError as error:
        return error.message
    return ""


def test_what_is_taken_as_a_job_is_taken_as_a_shard(member: Connection) -> None:
    tried = flawed = 0
    for seed in range(TEMPLATES):
        written = template(random.Random(seed))
        found = list(flaws(written, divided=True))
        plain = {"apiVersion": "batch/v1", "kind": "Job", **written}
        plain["metadata"] = {**written["metadata"], "name": "plain", "namespace": SPACE}
        if found or why_not(member, plain):
            flawed += bool(found)
            continue
        tried += 1
        job = WholeJob("sweep", "00000000000000aa", SPACE, written, 200_000)
        for shard in SHARDS:
            for how in IndexBy:
                if how is IndexBy.FILE and len(shard.indexes) > 100:
                    continue
                for manifest in shard_manifests(job, shard, how, suspended=seed % 2 == 0):
                    assert why_not(member, manifest) == "", (seed, how, shard.generation)
    assert min(tried, flawed) > 30, (tried, flawed)


def test_what_no_api_server_takes_is_told_before(member: Connection) -> None:
    """Of what a shard would add: a template that only the shard makes wrong is a flaw."""
    main = {"name": "main", "image": "a:1"}
    for pod in ({"restartPolicy": "Always"}, {"volumes": [{"name": "fleet-index", "emptyDir": {}}]}):
        written = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [main], **pod}}}}
        job = WholeJob("sweep", "00000000000000aa", SPACE, written, 9)
        *_, made = shard_manifests(job, SHARDS[1], IndexBy.FILE)
        assert why_not(member, made)
        assert list(flaws(written, divided=True))
