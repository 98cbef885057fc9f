"""Replicas and copies on chosen clusters, beyond what case files can tell."""

from dataclasses import replace

import pytest
from immutabledict import immutabledict
from makers import CORDONED, DRAINED, before, best, cluster, counts, decide, divided, node, plan, pod, request

from kubefleet.model.decision import Binding, Previous
from kubefleet.model.policy import Policy, PolicyType, SpreadGroup
from kubefleet.model.request import Workload

pytestmark = pytest.mark.fast


def test_a_cluster_without_a_seat_of_any_workload_is_not_in_the_decision() -> None:
    works = (Workload("w", "default", 1, pod(cpu="1")), Workload("x", "default", 0, pod(cpu="1")))
    decision = decide([cluster("a", node()), cluster("b", node())], divided(workloads=works))
    assert counts(decision) == {"a": 1}
    # Where no workload has a replica all clusters are in it.
    none = tuple(Workload(key, "default", 0, pod(cpu="1")) for key in "wx")
    assert counts(decide([cluster("a", node()), cluster("b", node())], divided(workloads=none))) == {"a": 0, "b": 0}


def test_what_is_whole_beside_divided_replicas_takes_its_room() -> None:
    whole = Workload("agent", "default", 1, pod(cpu="4"), divisible=False)
    works = (Workload("w", "default", 2, pod(cpu="1")), whole)
    small = request("small", policy=best(1), size=pod(cpu="3"))
    made = plan([cluster("a", node("8"))], [divided(workloads=works, priority=1), small])
    assert counts(made.decision("web")) == {"a": 3}
    # 8 less 2 and 4.
    assert counts(made.decision("small")) == {}


def test_what_is_whole_beside_divided_replicas_goes_where_a_replica_goes() -> None:
    whole = Workload("agent", "default", 2, pod(cpu="1"), divisible=False)
    works = (Workload("w", "default", 1, pod(cpu="1")), whole)
    decision = decide([cluster("a", node()), cluster("b", node())], divided(workloads=works))
    assert {binding.cluster: dict(binding.replicas) for binding in decision.bindings} == {"a": {"agent": 2, "w": 1}}


def test_a_workload_that_is_new_does_not_start_where_nothing_new_may_come() -> None:
    works = (Workload("w", "default", 2), Workload("x", "default", 1))
    decision = decide([cluster("a", state=CORDONED)], request(workloads=works), before(a=2))
    assert [dict(binding.replicas) for binding in decision.bindings] == [{"w": 2, "x": 0}]


def test_the_largest_workload_sees_to_the_groups() -> None:
    works = (Workload("w", "default", 1), Workload("x", "default", 4))
    policy = Policy(PolicyType.PICK_ALL, spread_groups=(SpreadGroup("region", 2),))
    fleet = [cluster("a", labels={"region": "eu"}), cluster("b", labels={"region": "us"})]
    decision = decide(fleet, divided(policy=policy, workloads=works))
    assert [dict(binding.replicas) for binding in decision.bindings] == [{"w": 1, "x": 2}, {"w": 0, "x": 2}]


def test_a_workload_that_is_new_begins_with_nothing_where_another_stands() -> None:
    works = (Workload("w", "default", 2), Workload("x", "default", 3))
    decision = decide([cluster("a"), cluster("b")], divided(workloads=works), before(a=2))
    assert [dict(binding.replicas) for binding in decision.bindings] == [{"w": 2, "x": 2}, {"w": 0, "x": 1}]


def test_a_copy_grows_with_its_workload_where_something_new_may_come() -> None:
    fleet = [cluster("a"), cluster("b", state=CORDONED)]
    assert counts(decide(fleet, request(replicas=3), before(a=2, b=2))) == {"a": 3, "b": 2}


def test_workloads_that_stand_on_different_clusters_stay_there() -> None:
    works = (Workload("w", "default", 2), Workload("x", "default", 1))
    apart = Previous((Binding("a", immutabledict({"w": 2})), Binding("b", immutabledict({"x": 1}))))
    decision = decide([cluster("a"), cluster("b")], divided(workloads=works), apart)
    assert {binding.cluster: dict(binding.replicas) for binding in decision.bindings} == {
        "a": {"w": 2, "x": 0},
        "b": {"w": 0, "x": 1},
    }


def test_a_copy_that_waits_begins_nothing_new_where_it_leaves() -> None:
    works = (Workload("w", "default", 2), Workload("x", "default", 1))
    full = cluster("b", node("1"))
    asked = request(policy=best(1), workloads=tuple(replace(work, pod=pod(cpu="1")) for work in works))
    decision = decide([cluster("a", node(), state=DRAINED), full], asked, before(a=2))
    assert {binding.cluster: dict(binding.replicas) for binding in decision.bindings} == {"a": {"w": 2, "x": 0}}
    assert [(str(reason.code), dict(reason.detail)) for reason in decision.kept["a"]] == [
        ("drained", {}),
        ("insufficient-capacity", {"pods": 1}),
    ]


def test_replicas_that_wait_bring_nothing_new_where_they_leave() -> None:
    agent = Workload("agent", "default", 1, pod(cpu="1"), divisible=False)
    asked = divided(policy=best(2), workloads=(Workload("w", "default", 2, pod(cpu="1")), agent))
    decision = decide([cluster("a", node(), state=DRAINED), cluster("b", node("1"))], asked, before(a=2))
    assert {binding.cluster: dict(binding.replicas) for binding in decision.bindings} == {"a": {"agent": 0, "w": 2}}


def test_of_no_replicas_none_waits_where_they_leave() -> None:
    assert counts(decide([cluster("a", state=DRAINED), cluster("b")], divided(replicas=0), before(a=0))) == {"b": 0}
