"""Shards of one job on three real clusters: what every pod that has succeeded saw as its index, as kubelet resolves it
from the pod itself, and not as the account has it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from lab_objects import PREFIX, until

from job_pods import environment
from kubefleet.dispatch.shards import create_shard, fence_shard, read_shards
from kubefleet.jobs.account import Account, Shard, planned
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import LOCAL, MOST_RUNS, IndexBy, index_policy
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob, shard_manifests
from kubefleet.jobs.steps import next_parts
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBERS, SPACE, TOTAL = ("eu-1", "eu-2", "us-1"), "sweep", 60
CONTAINER = {
    "name": "main",
    "image": "sweep:1",
    "env": [
        {"name": "MINE", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{LOCAL}']"}}},
    ],
    "resources": {"requests": {"cpu": "10m"}},
}
QUICK = {f"{PREFIX}/{stage}-after": "10ms" for stage in ("start", "ready", "complete", "stop")}
TEMPLATE = {
    "spec": {
        "completions": TOTAL,
        "template": {
            "metadata": {"labels": {"app": "sweep"}, "annotations": QUICK},
            "spec": {"restartPolicy": "Never", "containers": [CONTAINER]},
        },
    }
}
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, quickstart_lab.access(name)) for name in MEMBERS}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        for manifest in index_policy():
            apply_body(connection, manifest, manager="test", force=True)
    until(lambda: all(_in_force(connection) for connection in opened.values()))
    yield opened
    for connection in opened.values():
        for manifest in index_policy():
            delete_if_there(connection, ref_of(manifest))
        connection.delete(f"/api/v1/namespaces/{SPACE}")
        connection.close()


def _in_force(connection: Connection) -> bool:
    """Whether a pod that would be created gets its index (a dry run)."""
    annotations = {LOCAL: "3", "pulumi-kubefleet/index-map": "0:5,3:20"}
    pod = {"metadata": {"name": "a", "annotations": annotations}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    try:
        made = connection.post(f"/api/v1/namespaces/{SPACE}/pods", pod, dryRun="All")
    except ApiError:
        return False  # the namespace's account is not there yet
    return made["metadata"]["annotations"].get("pulumi-kubefleet/index") == "20"


def run(members: dict[str, Connection], uid: str, how: IndexBy, index: Callable[[dict[str, str]], int]) -> Counter[int]:
    """Which index every pod saw that has succeeded."""
    job = WholeJob(f"sweep-{uid}", uid, SPACE, TEMPLATE, TOTAL)
    sites = [Site("eu-1", 9), Site("eu-2", 5, 2000), Site("us-1", 3)]
    # What is left of a first run: holes.
    account = Account(TOTAL, done=Indexes([7, 8, 30, 57]))
    account = planned(account, next_parts(account, DivideJobBy.MAKESPAN, sites, Demand(TOTAL)))
    assert {shard.cluster for shard in account.shards} == set(MEMBERS)
    seen: Counter[int] = Counter()
    for shard in account.shards:
        for manifest in shard_manifests(job, shard, how):
            apply_body(members[shard.cluster], manifest, manager="test", force=True)
    for shard in account.shards:
        connection = members[shard.cluster]
        (one,) = connection.list(JOBS, labelSelector=f"{JOB_LABEL}={uid}")
        path = f"{JOBS}/{one['metadata']['name']}"
        until(lambda path=path, at=connection: (at.get(path).get("status") or {}).get("completionTime"), 120)
        assert connection.get(path)["status"]["succeeded"] == len(shard.indexes)
        files = {}
        if how is IndexBy.FILE:
            (volume,) = one["spec"]["template"]["spec"]["volumes"]
            files = connection.get(f"/api/v1/namespaces/{SPACE}/configmaps/{volume['configMap']['name']}")["data"]
        pods = connection.list(f"/api/v1/namespaces/{SPACE}/pods", labelSelector=f"{JOB_LABEL}={uid}")
        for pod in pods:
            if pod["status"]["phase"] == "Succeeded":
                env = environment(pod, files)
                assert (env["FLEET_SIZE"], env["FLEET_CLUSTER"]) == (str(TOTAL), shard.cluster)
                seen[index(env)] += 1
        connection.delete(path, {"propagationPolicy": "Background"})
    return seen


EXPECTED = Counter(set(range(TOTAL)) - {7, 8, 30, 57})


def by_policy(env: dict[str, str]) -> int:
    # A reference of the user's own to the Job's index has been led to the whole job's.
    assert env["MINE"] == env["JOB_COMPLETION_INDEX"]
    return int(env["JOB_COMPLETION_INDEX"])


def by_contract(env: dict[str, str]) -> int:
    local = int(env["JOB_COMPLETION_INDEX"])
    if "FLEET_INDEX_OFFSET" in env:
        return int(env["FLEET_INDEX_OFFSET"]) + local
    every: list[int] = []
    for part in env["FLEET_INDEX_LIST"].split(","):
        first, _, last = part.partition("-")
        every += range(int(first), int(last or first) + 1)
    return every[local]


@pytest.mark.parametrize(
    ("uid", "how", "index"),
    [
        ("policy", IndexBy.POLICY, by_policy),
        ("file", IndexBy.FILE, lambda env: int(env["FILE"])),
        ("contract", IndexBy.CONTRACT, by_contract),
    ],
)
def test_every_index_was_seen_by_exactly_one_pod_that_succeeded(
    members: dict[str, Connection], uid: str, how: IndexBy, index: Callable[[dict[str, str]], int]
) -> None:
    assert run(members, uid, how, index) == EXPECTED


def test_files_of_indexes_go_with_the_job_that_reads_them(members: dict[str, Connection]) -> None:
    connection = members["us-1"]
    job = WholeJob("holes", "00000000000000f1", SPACE, TEMPLATE, TOTAL)
    # More ranges than the policy reads for each pod.
    shard = Shard("us-1", 1, Indexes(range(0, 2 * MOST_RUNS + 2, 2)), 1)
    # What an earlier run has left, which died before the Job was there, is none of this shard's.
    (earlier, _) = shard_manifests(job, replace(shard, indexes=span(0, 9)), IndexBy.FILE)
    connection.post(f"/api/v1/namespaces/{SPACE}/configmaps", earlier)
    uid = create_shard(connection, job, shard)
    assert create_shard(connection, job, shard) == uid
    (made,) = connection.list(JOBS, labelSelector=f"{JOB_LABEL}={job.uid}")
    (volume,) = made["spec"]["template"]["spec"]["volumes"]
    path = f"/api/v1/namespaces/{SPACE}/configmaps/{volume['configMap']['name']}"
    found = connection.get(path)
    assert found["metadata"]["ownerReferences"][0]["uid"] == uid
    assert found["data"]["4"] == "8"
    until(lambda: fence_shard(connection, job, uid))
    assert read_shards(connection, job) == ()
    names = f"/api/v1/namespaces/{SPACE}/configmaps"
    until(lambda: all(item["metadata"]["name"] != path.rpartition("/")[2] for item in connection.list(names)))


def test_clusters_that_each_count_from_0_do_not_cover_the_job(members: dict[str, Connection]) -> None:
    """The same check notices a naive split."""
    seen = run(members, "naive", IndexBy.CONTRACT, lambda env: int(env["JOB_COMPLETION_INDEX"]))
    assert seen != EXPECTED
    assert seen[0] == len(MEMBERS)
