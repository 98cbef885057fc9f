"""Pods with rules in a whole plan: what they take, what they leave to others, and what is said of it."""

from dataclasses import replace
from typing import Any

import pytest
from immutabledict import immutabledict
from makers import NOW, best, cluster, counts, node, plan

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster
from kubefleet.model.pod_rules import PodOn
from kubefleet.model.policy import Divided
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.standing import LimitRange, Quota, Scope, Surroundings
from kubefleet.report.reason_text import reason_text
from kubefleet.report.story import story_lines
from kubefleet.scheduling import schedule
from kubefleet.scheduling.rules.admission import admit
from kubefleet.scheduling.rules.prepare import with_rules
from kubefleet.spec.pod_requests import pod_resources
from kubefleet.spec.pod_rules import parse_rules

pytestmark = pytest.mark.fast

HOST = "kubernetes.io/hostname"


def term(app: str, key: str = HOST, **more: Any) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def spread(app: str, key: str = "zone", skew: int = 1) -> dict[str, Any]:
    return {"topologyKey": key, "maxSkew": skew, "labelSelector": {"matchLabels": {"app": app}}}


def work(name: str, replicas: int = 1, *, cpu: str = "1", namespace: str = "default", **pod: Any) -> Workload:
    """Pods with the label `app: <name>`; `pod` are fields of their spec, as cut out of a manifest."""
    spec = {"labels": {"app": name}, "containers": [{"resources": {"requests": {"cpu": cpu}}}], **pod}
    resources = pod_resources(spec)
    return Workload(
        name, namespace, replicas, PodShape(resources.requests()), rules=parse_rules(spec, namespace, resources)
    )


def ask(*workloads: Workload, name: str = "", divided: bool = True, clusters: int = 1, **fields: Any) -> Request:
    return Request(
        name or workloads[0].key,
        uid=f"uid-{name or workloads[0].key}",
        policy=best(clusters),
        workloads=workloads,
        divided=Divided() if divided else None,
        **fields,
    )


def zones(*cpus: str) -> list[NodeShape]:
    """One node in each of the zones a, b, ..."""
    return [node(cpu, labels={"zone": "abcdef"[number]}) for number, cpu in enumerate(cpus)]


def placed(clusters: list[Cluster], *requests: Request) -> dict[str, int]:
    made = plan(clusters, requests)
    return {decision.placement: sum(counts(decision).values()) for decision in made.decisions}


def test_without_rules_anywhere_requests_stay_the_same_objects() -> None:
    asked = [ask(work("web")), ask(work("db"))]
    assert all(one is other for one, other in zip(with_rules([cluster("a", *zones("8"))], asked), asked, strict=True))


def test_what_one_placement_lays_repels_the_next() -> None:
    # Its priority is higher: of equals, repair would leave it out for more pods in all.
    db = ask(work("db", 2, podAntiAffinity=[term("web")]), name="a-db", priority=1)
    # The pods of db go to two of three nodes; they want no web beside them, and web has no rule of its own.
    web = ask(work("web", 20))
    assert placed([cluster("a", *zones("4", "4", "4"))], db, web) == {"a-db": 2, "web": 4}


def test_what_one_placement_lays_attracts_the_next() -> None:
    cache = ask(work("cache", 1), name="a-cache")
    web = ask(work("web", 20, podAffinity=[term("cache", "zone")]))
    assert placed([cluster("a", *zones("4", "6"))], cache, web) == {"a-cache": 1, "web": 5}


def test_pods_with_and_without_rules_take_from_one_ledger() -> None:
    one_a_node = ask(work("agent", 9, cpu="3", podAntiAffinity=[term("agent")]), name="a-agent", priority=1)
    plain = ask(work("plain", 99))
    assert placed([cluster("a", *zones("4", "4", "4"))], one_a_node, plain) == {"a-agent": 3, "plain": 3}


def test_a_spread_counts_what_other_placements_of_the_plan_lay() -> None:
    first = ask(work("web", 2, cpu="3"), name="a-first")
    second = ask(work("web", 20, topologySpreadConstraints=[spread("web")]), name="b-second")
    # The first two stand in a and b; c has room for one, a and b get one more above that each.
    assert placed([cluster("a", *zones("8", "8", "1"))], first, second) == {"a-first": 2, "b-second": 3}


def test_several_workloads_fit_together_only_beside_what_they_repel() -> None:
    web = work("web", 1, podAntiAffinity=[term("db")])
    copies = ask(web, work("db", 1), divided=False)
    assert placed([cluster("a", *zones("8"))], copies) == {"web": 0}
    assert placed([cluster("a", *zones("8", "8"))], copies) == {"web": 1} or placed(
        [cluster("a", *zones("8", "8"))], copies
    ) == {"web": 2}


def test_pods_held_already_need_no_room() -> None:
    from makers import before

    web = ask(replace(work("web", 3, podAntiAffinity=[term("web")]), key="w"), name="web")
    made = plan([cluster("a", *zones("8", "8", "8"))], web, {"web": before(a=3)})
    assert counts(made.decision("web")) == {"a": 3}
    assert made.decisions[0].unplaced == 0


def quota(hard: dict[str, int], used: dict[str, int] | None = None, *scopes: Scope) -> Surroundings:
    found = Quota("team", "default", immutabledict(hard), immutabledict(used or {}), scopes)
    return Surroundings(quotas=(found,))


@pytest.mark.parametrize(
    ("surroundings", "room"),
    [
        (quota({"requests.cpu": 5000}, {"requests.cpu": 1500}), 3),
        (quota({"cpu": 2000}), 2),
        (quota({"pods": 7}, {"pods": 3}), 4),
        (quota({"count/pods": 1}), 1),
        (quota({"requests.nvidia.com/gpu": 0}), 8),
        (quota({"pods": 3}, {"pods": 9}), 0),
        (quota({"requests.memory": 2**30}), 0),
        (quota({"pods": 1}, None, Scope("BestEffort")), 8),
        (quota({"pods": 1}, None, Scope("NotBestEffort")), 1),
        (quota({"pods": 1}, None, Scope("Terminating")), 8),
        (quota({"pods": 1}, None, Scope("NotTerminating")), 1),
        (quota({"pods": 1}, None, Scope("PriorityClass", "In", ("high",))), 8),
        (quota({"pods": 1}, None, Scope("PriorityClass", "NotIn", ("high",))), 1),
        (quota({"pods": 1}, None, Scope("PriorityClass", "DoesNotExist")), 1),
        (quota({"pods": 1}, None, Scope("CrossNamespacePodAffinity")), 8),
    ],
)
def test_a_quota_lets_in_what_it_has_left(surroundings: Surroundings, room: int) -> None:
    limited = cluster("a", *zones("8"), surroundings=surroundings)
    assert placed([limited], ask(work("web", 20))) == {"web": room}


def test_placements_share_what_a_quota_has_left() -> None:
    limited = cluster("a", *zones("8"), surroundings=quota({"pods": 5}))
    asked = [ask(work("web", 3), name="a-web"), ask(work("db", 9), name="b-db"), ask(work("x", 1, namespace="y"))]
    assert placed([limited], *asked) == {"a-web": 3, "b-db": 2, "x": 1}


def test_a_quota_counts_what_limit_ranges_fill_in() -> None:
    limits = LimitRange("sizes", "default", default_request=parse_amounts({"memory": "2Gi"}))
    given = replace(quota({"requests.memory": 5 * 2**30}), limit_ranges=(limits,))
    assert placed([cluster("a", *zones("8"), surroundings=given)], ask(work("web", 9))) == {"web": 2}


def limits(**fields: Any) -> Surroundings:
    amounts = {name: parse_amounts(given) for name, given in fields.items() if name not in {"type", "ratio"}}
    others = {name: given for name, given in fields.items() if name in {"type", "ratio"}}
    return Surroundings(limit_ranges=(LimitRange("sizes", "default", **others, **amounts),))


@pytest.mark.parametrize(
    ("surroundings", "refused"),
    [
        (limits(max={"cpu": "1"}), "limit range sizes: maximum cpu for a Container"),
        (limits(max={"cpu": "4"}, default={"cpu": "3"}), ""),
        (limits(max={"cpu": "2"}, default={"cpu": "3"}), "limit range sizes: maximum cpu for a Container"),
        (limits(min={"cpu": "2"}), "limit range sizes: minimum cpu for a Container"),
        (limits(min={"memory": "1Gi"}), "limit range sizes: minimum memory for a Container"),
        (limits(type="Pod", min={"cpu": "2"}), "limit range sizes: minimum cpu for a Pod"),
        (limits(type="Pod", min={"cpu": "1"}), ""),
        (limits(default={"cpu": "3"}, ratio=immutabledict({"cpu": 3000})), ""),
        (
            limits(default={"cpu": "4"}, ratio=immutabledict({"cpu": 3000})),
            "limit range sizes: limit of cpu too far above its request",
        ),
    ],
)
def test_a_limit_range_refuses_as_the_api_server_does(surroundings: Surroundings, refused: str) -> None:
    found = work("web")
    assert found.rules is not None
    assert admit(found.pod, found.rules, surroundings).refused == refused


def test_refusals_say_which_rule_or_quota_it_was() -> None:
    asked = ask(work("web", 5), divided=False)
    limited = cluster("a", *zones("8"), surroundings=quota({"pods": 2}))
    crowded = cluster("b", *zones("8"))
    one_a_node = ask(work("agent", 2, podAntiAffinity=[term("agent")]), divided=False)
    made = plan([limited, crowded], [asked, one_a_node])
    said = {
        decision.placement: [reason_text(reason) for reasons in decision.refused.values() for reason in reasons]
        for decision in made.decisions
    }
    assert "room for 2 of 5 pods (quota team: pods)" in said["web"]
    assert said["agent"] == ["room for 1 of 2 pods (pod anti-affinity)"] * 2


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        ({"claims": True}, "volumes may be bound to a zone or a node"),
        ({"resourceClaims": [{"name": "gpu"}]}, "claims of devices are not looked at"),
        ({"priorityClassName": "high"}, "pods of lower priority may be preempted"),
        ({"schedulerName": "mine"}, "scheduler mine may have other rules"),
        (
            {"topologySpreadConstraints": [{**spread("web"), "matchLabelKeys": ["pod-template-hash"]}]},
            "pods of other revisions are counted as its own",
        ),
        ({"podAffinity": [term("web", "zone")]}, "which node comes first decides how many fit"),
    ],
)
def test_what_a_snapshot_cannot_tell_makes_capacity_an_estimate(pod: dict[str, Any], why: str) -> None:
    made = plan([cluster("a", *zones("8", "3"))], ask(work("web", 1, **pod)))
    (decision,) = made.decisions
    assert [reason_text(reason) for reason in decision.warnings] == [f"capacity is an estimate: {why}"]
    assert any(f"warning  a: capacity is an estimate: {why}" in line for line in story_lines(decision))


def test_quotas_that_may_not_be_read_make_the_capacity_of_every_pod_an_estimate() -> None:
    silent = cluster("a", *zones("8"), surroundings=Surroundings(unread=("quotas may not be read",)))
    (decision,) = plan([silent, cluster("b", *zones("8"))], ask(work("web", 16), clusters=2)).decisions
    assert [(reason.cluster, reason_text(reason)) for reason in decision.warnings] == [
        ("a", "capacity is an estimate: quotas may not be read")
    ]


def test_clusters_come_in_any_order() -> None:
    found = [
        cluster("a", *zones("4", "2"), surroundings=quota({"pods": 3})),
        cluster("b", *zones("8", "1")),
        cluster("c", *zones("3", "3", "3")),
    ]
    asked = [
        ask(work("web", 9, topologySpreadConstraints=[spread("web")]), clusters=3),
        ask(work("db", 4, podAntiAffinity=[term("web", "zone")]), clusters=2),
    ]
    once = schedule(Snapshot(NOW, tuple(found)), asked, {})
    assert schedule(Snapshot(NOW, tuple(reversed(found))), list(reversed(asked)), {}) == once


def own(size: Workload, **clusters: str) -> Workload:
    """The same pods, with so much cpu each on single clusters."""
    assert size.rules is not None
    on = {}
    for name, cpu in clusters.items():
        spec = {"containers": [{"resources": {"requests": {"cpu": cpu}}}]}
        on[name] = PodOn(pod_resources(spec))
    return replace(size, rules=replace(size.rules, on=immutabledict(on)))


def test_pods_that_are_larger_on_one_cluster_take_more_there_and_leave_less_to_others() -> None:
    fleet = [cluster("a", node("8")), cluster("b", node("8"))]
    web = own(work("web", 8), a="4")
    both = plan(fleet, [ask(web, clusters=2)])
    assert counts(both.decisions[0]) == {"a": 2, "b": 6}
    beside = plan(fleet[:1], [ask(own(work("web"), a="4"), name="a-web", priority=1), ask(work("db", 6))])
    assert counts(beside.decisions[1]) == {"a": 4}


def test_where_pods_do_not_fit_as_they_are_there_the_reason_says_so() -> None:
    fleet = [cluster("a", node("8")), cluster("b", node("8"))]
    decision = plan(fleet, [ask(own(work("web", 2), a="9"), divided=False, clusters=2)]).decisions[0]
    assert counts(decision) == {"b": 2}
    told = [reason_text(reason) for reasons in decision.refused.values() for reason in reasons]
    assert told == ["room for 0 of 2 pods (as it is overridden there)"]


def test_pods_that_are_smaller_on_one_cluster_fit_where_they_would_not() -> None:
    fleet = [cluster("a", node("4"))]
    assert placed(fleet, ask(work("web", 4, cpu="2"))) == {"web": 2}
    assert placed(fleet, ask(own(work("web", 4, cpu="2"), a="1"))) == {"web": 4}


def test_a_node_selector_of_its_own_decides_where_pods_are_on_that_cluster() -> None:
    web = work("web", 2)
    assert web.rules is not None
    there = PodOn(web.rules.resources, immutabledict({"disk": "ssd"}))
    web = replace(web, rules=replace(web.rules, on=immutabledict({"a": there})))
    assert placed([cluster("a", node("8"))], ask(web)) == {"web": 0}
    assert placed([cluster("a", node("8", labels={"disk": "ssd"}))], ask(web)) == {"web": 2}
    assert placed([cluster("b", node("8"))], ask(web)) == {"web": 2}
