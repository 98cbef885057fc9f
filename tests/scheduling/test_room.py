"""The room that a plan has left for jobs."""

from dataclasses import replace

import pytest
from makers import CORDONED, NO_SCHEDULE, NOW, before, cluster, divided, node, pod

from kubefleet.model.policy import Policy, PolicyType
from kubefleet.model.reason import Code
from kubefleet.model.request import Workload
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import schedule_and_ask

pytestmark = pytest.mark.fast

CLUSTERS = (
    cluster("a", node("4", 2)),
    cluster("b", node("8")),
    cluster("c", node("8"), state=CORDONED),
    cluster("d", node("8"), taints=(NO_SCHEDULE,)),
)
SNAPSHOT = Snapshot(NOW, CLUSTERS)
JOB, OTHER = divided("job", size=pod(cpu="3")), divided("other", size=pod(cpu="1"))


def test_it_is_what_the_nodes_hold_after_the_plan_and_says_why_others_hold_nothing() -> None:
    _, room = schedule_and_ask(SNAPSHOT, [], {}, [JOB])
    places = room.places("job")
    assert places.pods == {"a": 2, "b": 2}
    assert {name: [reason.code for reason in reasons] for name, reasons in places.refused.items()} == {
        "c": [Code.CORDONED],
        "d": [Code.TAINT_NOT_TOLERATED],
    }
    plan, room = schedule_and_ask(SNAPSHOT, [divided("web", 8, size=pod(cpu="1"))], {}, [JOB])
    assert {binding.cluster: binding.total for binding in plan.decisions[0].bindings} == {"a": 4, "b": 4}
    # 4 of 8 cores are free on each: for kube-scheduler may have spread them over the two nodes of `a`, none is certain.
    assert room.places("job").pods["b"] == 1


def test_who_takes_some_leaves_less_to_the_next() -> None:
    _, room = schedule_and_ask(SNAPSHOT, [], {}, [JOB, OTHER])
    assert room.places("other").pods == {"a": 8, "b": 8}
    room.take("job", {"a": 2, "b": 1})
    assert room.places("other").pods == {"a": 2, "b": 5}
    assert room.places("job").pods == {"a": 0, "b": 1}


def test_what_is_dispatched_whole_is_where_all_of_its_pods_have_room_together() -> None:
    workers = Workload("workers", "ml", 2, pod(cpu="3"), divisible=False)
    driver = Workload("driver", "ml", 1, pod(cpu="2"), divisible=False)
    whole = replace(JOB, workloads=(workers, driver), divided=None)
    # On `a` there is room for the workers, and for the driver, but not for all.
    two, named = Policy(PolicyType.PICK_N, number=2), Policy(PolicyType.PICK_FIXED, names=("a", "b"))
    for policy, pods in ((two, {"b": 1}), (named, {"a": 0, "b": 1})):
        _, room = schedule_and_ask(SNAPSHOT, [], {}, [replace(whole, policy=policy), OTHER])
        assert room.places("job").pods == pods
        room.take("job", {"b": 1})
        assert room.places("other").pods == {"a": 8, "b": 0}


def test_what_a_job_has_already_is_its_own() -> None:
    _, room = schedule_and_ask(SNAPSHOT, [], {"job": before(a=2)}, [JOB, OTHER])
    assert room.places("job").pods == {"a": 2, "b": 2}
    assert room.places("other").pods == {"a": 2, "b": 8}
