"""What did not fit, and the smallest change that would make it fit: whole lists, since they are what users read."""

from dataclasses import replace
from datetime import timedelta

import pytest
from immutabledict import immutabledict
from makers import (
    CORDONED,
    NO_SCHEDULE,
    NOW,
    UNREACHABLE,
    best,
    cluster,
    counts,
    decide,
    divided,
    named,
    node,
    plan,
    pod,
    request,
    spread,
)

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.plugin import Plugin
from kubefleet.model.policy import Fit, Nodes, SpreadGroup, Term
from kubefleet.model.property import make_property
from kubefleet.model.request import Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.report.relaxation_text import relaxation_text
from kubefleet.scheduling.relax.search import MOST_TRIALS
from kubefleet.scheduling.relax.what_if import WhatIf

pytestmark = pytest.mark.fast

EU, US = {"region": "eu"}, {"region": "us"}
FLAWED = make_property("many", "user", "node-count")
IN_EU = (Term(labels=(Expr("region", Operator.IN, ("eu",)),)),)


def told(decision) -> list[str]:
    """The texts, with what they leave unplaced where that is anything."""
    return [
        relaxation_text(item) + (f" (leaves {item.unplaced})" if item.unplaced else "") for item in decision.relaxations
    ]


def with_nodes(name: str, count: object, **fields):
    return cluster(name, properties=immutabledict({"node-count": make_property(count, "user")}), **fields)


def at_least(value: str) -> tuple[Term, ...]:
    return (Term(properties=(Expr("node-count", Operator.GE, (value,)),)),)


FILTERS = {
    "a taint": (
        [cluster("a"), cluster("b", taints=(NO_SCHEDULE,)), cluster("c", state=CORDONED)],
        {},
        ["a toleration of dedicated=ml:NoSchedule", "c not cordoned"],
    ),
    "a label": (
        [cluster("a", labels=EU), cluster("b", labels=US), cluster("c")],
        {"required": IN_EU},
        ["`region In eu` dropped", "region us beside `region In eu`"],
    ),
    "a bound, as little as is enough": (
        [with_nodes("a", 9), with_nodes("b", 5), with_nodes("c", 7), with_nodes("d", 6)],
        {"required": at_least("8")},
        ["`node-count Ge 7` instead of `node-count Ge 8`"],
    ),
    "a version": (
        [with_nodes("a", "v1.36.2"), with_nodes("b", "v1.30.1"), with_nodes("c", "v1.9.0")],
        {"required": at_least("v1.31")},
        ["`node-count Ge v1.30.1` instead of `node-count Ge v1.31`"],
    ),
    "a property that is missing": (
        [with_nodes("a", 9), cluster("b")],
        {"required": at_least("8")},
        ["`node-count Ge 8` dropped"],
    ),
    "fewer nodes of a kind": (
        [cluster("a", node("8", 3)), cluster("b", node("8", 2)), cluster("c", node("4", 9))],
        {"required": (Term(nodes=(Nodes((Expr("cpu", Operator.GE, ("8",)),), 3),)),)},
        ["at least 2 instead of 3 nodes with cpu Ge 8"],
    ),
    "a property that cannot be used": (
        [with_nodes("a", 9), cluster("b", properties=immutabledict({"node-count": FLAWED}))],
        {"required": at_least("8")},
        ["`node-count Ge 8` dropped"],
    ),
    "a filter of the user's own": (
        [cluster("a"), cluster("b")],
        {"filters": (Plugin("own:rule", lambda cluster, _: cluster.name == "a"),)},
        ["filter own:rule dropped"],
    ),
    "a cluster that is silent can not be made to fit": ([cluster("a"), cluster("b", state=UNREACHABLE)], {}, []),
    "a topology spread": (
        [cluster("a", labels=EU), cluster("b", labels=EU), cluster("c", labels=EU)],
        {"topology_spread": spread(min_domains=3)},
        ["max_skew 2 instead of 1 over region", "min_domains 1 instead of 3 over region"],
    ),
    "a label to spread over": (
        [cluster("a", labels=EU), cluster("b")],
        {"topology_spread": spread()},
        ["ScheduleAnyway over region"],
    ),
}


@pytest.mark.parametrize(("fleet", "policy", "texts"), FILTERS.values(), ids=FILTERS)
def test_a_copy_more_would_fit_without_one_constraint(fleet, policy, texts: list[str]) -> None:
    decision = decide(fleet, request(policy=best(2, **policy)))
    assert decision.unplaced == 1
    assert told(decision) == [*texts, "1 asked for instead of 2"]


GROUPS = {
    "fewer groups": (
        [cluster("a", labels=EU), cluster("b", labels=EU)],
        {"spread_groups": (SpreadGroup("region", min_groups=2),)},
        2,
        ["min_groups 1 instead of 2 over region"],
    ),
    "more groups": (
        [cluster("a", labels=EU), cluster("b", labels=US)],
        {"spread_groups": (SpreadGroup("region", max_groups=1),)},
        1,
        ["max_groups 2 instead of 1 over region"],
    ),
    "fewer clusters at least": (
        [cluster("a"), cluster("b", state=UNREACHABLE)],
        {"min_clusters": 2},
        2,
        ["min_clusters 1 instead of 2 (leaves 1)"],
    ),
}


@pytest.mark.parametrize(("fleet", "policy", "unplaced", "texts"), GROUPS.values(), ids=GROUPS)
def test_rules_over_all_clusters_are_relaxed(fleet, policy, unplaced: int, texts: list[str]) -> None:
    decision = decide(fleet, request(policy=best(2, **policy)))
    assert decision.unplaced == unplaced
    assert told(decision)[: len(texts)] == texts


def test_an_affinity_is_dropped_by_its_words() -> None:
    beside = Affinity(PlacementSelector(("db",)))
    fleet = [cluster("a"), cluster("b")]
    db = request("db", policy=named("a"))
    needing = plan(fleet, [db, request(policy=best(2, affinity=(beside,)))]).decision("web")
    assert told(needing)[0] == "`beside db` dropped"
    apart = plan(fleet, [db, request(policy=best(2, anti_affinity=(beside,)))]).decision("web")
    assert told(apart)[0] == "`apart from db` dropped"
    refusing = replace(db, policy=named("a", anti_affinity=(Affinity(PlacementSelector(("web",))),)), priority=1)
    refused = plan(fleet, [refusing, request(policy=best(2))]).decision("web")
    assert told(refused)[0] == "the anti-affinity of db dropped"


def test_only_what_is_unplaced_is_relaxed_and_nothing_before_it_is_asked_for(monkeypatch) -> None:
    asked = []
    left = WhatIf.left
    monkeypatch.setattr(WhatIf, "left", lambda self, *steps: asked.append(self.request.name) or left(self, *steps))
    tainted = [cluster("a"), cluster("b", taints=(NO_SCHEDULE,))]
    made = plan(tainted, [request("fits", policy=best(1)), request("lacks", policy=best(2))])
    assert asked == []
    fits, lacks = made.decisions
    assert (list(fits.relaxations), asked) == ([], [])
    assert len(lacks.relaxations) == 2
    assert asked == ["lacks"]
    assert len(lacks.relaxations) == 2
    assert asked == ["lacks"]


def test_questions_asked_do_not_grow_with_the_fleet(monkeypatch) -> None:
    asked = []
    left = WhatIf.left
    monkeypatch.setattr(WhatIf, "left", lambda self, *steps: asked.append(len(steps)) or left(self, *steps))
    numbers = []
    for size in (12, 120, 600):
        asked.clear()
        tainted = (NO_SCHEDULE,)
        fleet = [cluster(f"c{n:03}", node("4"), taints=tainted if n % 3 else ()) for n in range(size)]
        made = plan(fleet, [request(f"p{n}", policy=best(1), size=pod(cpu="9")) for n in range(3)])
        assert told(made.decisions[0])[0] == "cpu 4 instead of 9 for a pod of w"
        numbers.append(len(asked))
    assert numbers == [numbers[0]] * 3
    assert numbers[0] <= MOST_TRIALS / 3


def test_several_reasons_against_the_only_cluster_are_one_relaxation() -> None:
    fleet = [cluster("a", node("2"), labels=US, state=CORDONED, taints=(NO_SCHEDULE,))]
    decision = decide(fleet, request(policy=best(1, required=IN_EU), replicas=3, size=pod(cpu="1")))
    assert told(decision) == [
        (
            "a toleration of dedicated=ml:NoSchedule and region us beside `region In eu` and a not cordoned and "
            "1 more node of cpu 2, memory 32Gi on a"
        )
    ]


def test_where_the_time_of_a_toleration_is_over_one_more_is_not_enough() -> None:
    gone = Taint("gone", "", Effect.NO_EXECUTE, NOW - timedelta(minutes=1))
    brief = Toleration("gone", "Exists", effect="NoExecute", seconds=30)
    decision = decide([cluster("a", taints=(gone,))], request(policy=best(1, tolerations=(brief,))))
    assert told(decision)[0] == "gone:NoExecute tolerated for ever, not only for seconds"


def test_an_expression_that_is_dropped_makes_more_domains_count() -> None:
    """Without `tier In prod` c is one more region that has none, so that eu may not have two."""
    prod = (Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),)
    fleet = [
        cluster("a", labels=EU | {"tier": "prod"}),
        cluster("b", labels=EU),
        cluster("c", node("1"), labels=US | {"tier": "test"}),
    ]
    policy = best(2, required=prod, topology_spread=spread())
    decision = decide(fleet, request(policy=policy, replicas=1, size=pod(cpu="2")))
    assert decision.unplaced == 1
    assert "`tier In prod` dropped" not in told(decision)


def test_where_nothing_is_enough_it_says_what_would_place_most() -> None:
    fleet = [cluster("a"), cluster("b", taints=(NO_SCHEDULE,)), cluster("c", state=UNREACHABLE)]
    decision = decide(fleet, request(policy=best(3)))
    assert told(decision) == ["a toleration of dedicated=ml:NoSchedule (leaves 1)", "1 asked for instead of 3"]


def test_the_nearest_clusters_are_opened_together() -> None:
    fleet = [cluster("a", state=CORDONED), cluster("b", state=CORDONED), cluster("c", taints=(NO_SCHEDULE,))]
    decision = decide(fleet, request(policy=best(3)))
    assert told(decision) == ["a toleration of dedicated=ml:NoSchedule and a not cordoned and b not cordoned"]


def test_nodes_are_counted_by_what_an_empty_one_holds() -> None:
    fleet = [cluster("a", node("4"), node("16")), cluster("b", node("4", 2))]
    decision = decide(fleet, divided(replicas=30, size=pod(cpu="3")))
    # a holds 1 + 5, b 2: 22 are left, of which a node of 16 holds 5, one of 4 holds 1. What is placed keeps its size.
    assert decision.unplaced == 22
    assert told(decision) == [
        "5 more nodes of cpu 16, memory 32Gi on a",
        "22 more nodes of cpu 4, memory 32Gi on b",
        "cpu 140m instead of 3 for a pod of w",
        "8 asked for instead of 30",
    ]


def test_a_pod_too_large_for_every_node_may_be_as_large_as_the_best_has_free() -> None:
    decision = decide([cluster("a", node("4")), cluster("b", node("6", 3))], request(policy=best(1), size=pod(cpu="7")))
    assert told(decision) == ["cpu 6 instead of 7 for a pod of w"]


def test_nodes_that_do_not_accept_the_pod_are_not_added() -> None:
    fleet = [cluster("a", node("4", labels={"pool": "x"}), node("64", labels={"pool": "y"}))]
    size = replace(pod(cpu="2"), node_selector=immutabledict({"pool": "x"}))
    decision = decide(fleet, request(policy=best(1), replicas=4, size=size))
    assert told(decision) == ["1 more node of cpu 4, memory 32Gi on a", "cpu 1 instead of 2 for a pod of w"]


def test_workloads_of_one_copy_get_room_together() -> None:
    work = (Workload("x", "default", 3, pod(cpu="2")), Workload("y", "default", 3, pod(cpu="2")))
    decision = decide([cluster("a", node("4"))], request(policy=best(1), workloads=work))
    assert told(decision)[0] == "2 more nodes of cpu 4, memory 32Gi on a"


def test_divided_replicas_may_go_to_more_clusters_or_beyond_a_maximum() -> None:
    fleet = [cluster("a", node("4")), cluster("b", node("2"))]
    fewer = decide(fleet, divided(replicas=5, policy=best(1), size=pod(cpu="1")))
    assert told(fewer)[0] == "2 clusters instead of 1"
    bound = decide(fleet, divided(replicas=5, size=pod(cpu="1"), high={"a": 1}))
    assert told(bound)[0] == "at most 3 instead of 1 on a"


def test_a_spread_of_replicas_is_widened_by_what_is_missing() -> None:
    fleet = [cluster("a", node("20"), labels=EU), cluster("b", node("2"), labels=US)]
    decision = decide(fleet, divided(replicas=10, policy=best(2, topology_spread=spread()), size=pod(cpu="1")))
    assert counts(decision) == {"a": 3, "b": 2}
    assert told(decision)[:2] == ["max_skew 6 instead of 1 over region", "3 more nodes of cpu 2, memory 32Gi on b"]


def test_a_namespace_or_an_api_that_a_named_cluster_lacks_is_told() -> None:
    fleet = [cluster("a", namespaces=frozenset({"shop"}), apis=frozenset())]
    lacks = {"needs_namespaces": frozenset({"other"}), "needs_apis": frozenset({"x/v1/Y"})}
    assert told(decide(fleet, request(policy=named("a"), **lacks))) == [
        "namespace other created and API x/v1/Y installed"
    ]


def test_room_is_what_later_placements_have_left() -> None:
    fleet = [cluster("a", node("4")), cluster("b", node("4"), taints=(NO_SCHEDULE,))]
    first = request("first", policy=best(2), size=pod(cpu="1"), priority=1)
    # Takes all that is left on both, tolerating the taint by not minding it.
    second = request("second", policy=named("a", "b", fit=Fit.FILTER), replicas=3, size=pod(cpu="1"))
    alone, beside = decide(fleet, first), plan(fleet, [first, second]).decision("first")
    assert told(alone)[0] == "a toleration of dedicated=ml:NoSchedule"
    assert told(beside)[0] == "a toleration of dedicated=ml:NoSchedule"
    third = request("third", policy=named("b"), replicas=2, size=pod(cpu="2"))
    full = plan(fleet, [first, third]).decision("first")
    assert told(full)[0] == "a toleration of dedicated=ml:NoSchedule and 1 more node of cpu 4, memory 32Gi on b"


def _term(*labels: str, cpu: str = "") -> Term:
    exprs = tuple(Expr(key, Operator.IN, (value,)) for key, value in (label.split("=") for label in labels))
    return Term(labels=exprs, nodes=(Nodes((Expr("cpu", Operator.GE, (cpu,)),)),) if cpu else ())


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        # The first lacks but one label, and nodes: that label alone would not do.
        (
            (_term("region=us", cpu="8"), _term("region=us", "tier=x")),
            "`tier In x` dropped and region eu beside `region In us`",
        ),
        # Every term lacks nodes: the label and the nodes are those of one term.
        (
            (_term("region=us", "tier=x", cpu="8"), _term("region=us", cpu="16")),
            "region eu beside `region In us` and no nodes with cpu Ge 16 asked for",
        ),
    ],
)
def test_a_term_is_told_with_its_labels_and_its_nodes(terms: tuple[Term, ...], expected: str) -> None:
    asked = request(policy=best(1, required=terms))
    assert told(decide([cluster("a", node("4"), labels=EU)], asked)) == [expected]


def test_a_cluster_that_belongs_to_no_group_could_be_chosen_without_the_rule() -> None:
    asked = request(policy=best(2, spread_groups=(SpreadGroup("region", min_groups=2),)))
    assert told(decide([cluster("a", labels=EU), cluster("b")], asked)) == ["not-enough-groups (key region) dropped"]
