"""Gangs in one network, on H100s with InfiniBand: the network is found by what the nodes say, all pods are bound inside
of it by the real scheduler, and where none is large enough nothing begins.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.gang_round import GangTask, run_gang_round
from kubefleet.dispatch.round import JobTask, Round
from kubefleet.jobs.account import Account
from kubefleet.jobs.divide import Demand, DivideJobBy
from kubefleet.jobs.gang import Gang, Seat
from kubefleet.jobs.gang_state import GangPhase, GangState
from kubefleet.jobs.plan import JobRequest, seats_of
from kubefleet.jobs.shard_job import JOB_LABEL, WholeJob
from kubefleet.kube import take_snapshot
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab
from kubefleet.model.member import Member
from kubefleet.model.network_domain import NETWORK_LABELS
from kubefleet.model.policy import Divided, Nodes, Policy, PolicyType, Term
from kubefleet.model.request import Request
from kubefleet.model.selector import Expr, Operator
from kubefleet.scheduling import schedule_and_ask
from kubefleet.spec.workload_cut import cut_workload
from kubefleet.spec.workloads import parse_workloads

pytestmark = pytest.mark.lab

NAMES, RACK = ("a100", "cpu", "h100"), "topology.kubernetes.io/rack"
PODS, JOBS = "/api/v1/namespaces/default/pods", "/apis/batch/v1/namespaces/default/jobs"
AFTER = {f"{PREFIX}/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
FABRIC = Nodes((Expr("network/fabric", Operator.EQ, ("infiniband",)),))


def template(gpus: int) -> dict[str, Any]:
    container = {"name": "main", "image": "a:1", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    }
    metadata = {"annotations": {**AFTER, f"{PREFIX}/complete-after": "600s"}}
    spec = {"completions": 1, "template": {"metadata": metadata, "spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "mpi", "namespace": "default"}, "spec": spec}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab("gpu", name="networks", folder=tmp_path_factory.mktemp("labs")) as lab:
        yield lab


@pytest.fixture(scope="module")
def members(lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, lab.access(name)) for name in NAMES}
    yield opened
    for connection in opened.values():
        connection.close()


class Mpi:
    """A gang of so many pods on InfiniBand, with so many GPUs each."""

    def __init__(self, lab: Lab, members: dict[str, Connection], uid: str, pods: int, gpus: int = 8) -> None:
        self.lab, self.members, self.uid = lab, members, uid.rjust(16, "0")
        self.job = WholeJob(f"mpi-{uid}", self.uid, "default", template(gpus), pods)
        (work,) = parse_workloads([cut_workload(self.job.template, lambda part, cut: cut(part))], "job", [])
        policy = Policy(PolicyType.PICK_N, 1, required=(Term(nodes=(FABRIC,)),))
        request = Request("mpi", policy=policy, workloads=(work,), divided=Divided(), networks=NETWORK_LABELS)
        self.request = JobRequest(request, DivideJobBy.MAKESPAN, Demand(pods), gang=Gang.ONE_CLUSTER)
        whole = JobTask(
            self.job,
            DivideJobBy.MAKESPAN,
            Demand(pods),
            NAMES,
            members.__getitem__,
            lambda names: [],
            lambda account: None,
        )
        self.task = GangTask(whole, self.seats, 120, self.store)
        self.known = Account(pods), GangState()

    def seats(self, names: Collection[str]) -> Mapping[str, Seat]:
        given = [Member(name, self.lab.access(name)) for name in NAMES]
        snapshot, connections = take_snapshot(given, taken_at=datetime.now(UTC), requests=[self.request.request])
        for connection in connections.values():
            connection.close()
        return seats_of(schedule_and_ask(snapshot, [], {}, [self.request.request])[1], self.request, names)

    def store(self, account: Account, state: GangState) -> None:
        self.known = account, state

    def round(self) -> Round:
        found, state = run_gang_round(self.task, self.known, int(time.time()))
        self.known = found.account, state
        return found

    def until_it_runs(self) -> Counter[tuple[str, str]]:
        """Its pods by cluster and rack."""
        until(lambda: self.round() and self.known[1].phase is GangPhase.RUNNING, 180)
        found: Counter[tuple[str, str]] = Counter()
        for name, connection in self.members.items():
            racks = {
                node["metadata"]["name"]: node["metadata"]["labels"].get(RACK, "")
                for node in connection.list("/api/v1/nodes")
            }
            for pod in connection.list(PODS, labelSelector=f"{JOB_LABEL}={self.uid}"):
                found[name, racks[pod["spec"]["nodeName"]]] += 1
        return found

    def remove(self) -> None:
        for connection in self.members.values():
            of = f"{JOB_LABEL}={self.uid}"
            connection.delete(JOBS, {"propagationPolicy": "Background"}, labelSelector=of)
            until(lambda at=connection, of=of: not list(at.list(PODS, labelSelector=of)), 60)


def label(connection: Connection, racks: Mapping[str, str | None]) -> None:
    for name, rack in racks.items():
        body = {"metadata": {"labels": {RACK: rack}}}
        connection.patch(f"/api/v1/nodes/{name}", body, "application/merge-patch+json")


def test_a_gang_is_kept_in_one_network_and_never_split(lab: Lab, members: dict[str, Connection]) -> None:
    # Without any label the nodes on InfiniBand are one network; nobody else's nodes count, though they have GPUs.
    whole = Mpi(lab, members, "a1", pods=8)
    assert whole.until_it_runs() == {("h100", ""): 8}
    whole.remove()
    fast = sorted(
        node["metadata"]["name"]
        for node in members["h100"].list("/api/v1/nodes")
        if "nvidia.com/gpu" in node["status"]["allocatable"]
    )
    assert len(fast) == 8
    # Two racks, each with room for half of it.
    label(members["h100"], {name: f"r{number // 4}" for number, name in enumerate(fast)})
    split = Mpi(lab, members, "a2", pods=8)
    for _ in range(3):
        found = split.round()
        assert str(found.unfit) == (
            "queued: no room for all 8 pods at once; the most are 4, in topology.kubernetes.io/rack=r0 of h100"
        )
    assert split.known[1].phase is GangPhase.QUEUED
    assert not any(list(at.list(path, labelSelector=JOB_LABEL)) for at in members.values() for path in (PODS, JOBS))
    # One rack is fuller than the other: best fit takes that, and leaves the other whole.
    small = Mpi(lab, members, "a3", pods=4, gpus=2)
    assert small.until_it_runs() == {("h100", "r0"): 4}
    more = Mpi(lab, members, "a4", pods=8, gpus=2)
    assert more.until_it_runs() == {("h100", "r0"): 8}
    large = Mpi(lab, members, "a5", pods=4)
    assert large.until_it_runs() == {("h100", "r1"): 4}
    # As soon as there is one network again there is room.
    for job in (small, more, large):
        job.remove()
    label(members["h100"], dict.fromkeys(fast, "r"))
    assert split.until_it_runs() == {("h100", "r"): 8}
    split.remove()
