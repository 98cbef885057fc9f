"""What each filter says of a cluster that it refuses, as data: codes and figures, for all that is wrong at once."""

from dataclasses import replace
from fractions import Fraction

import pytest
from immutabledict import immutabledict
from makers import ALL, NO_EXECUTE, NO_SCHEDULE, best, cluster, decide, divided, named, node, plan, pod, request, spread

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.policy import Nodes, Policy, SpreadGroup, Term
from kubefleet.model.property import Flaw, Property
from kubefleet.model.request import Request, Workload
from kubefleet.model.selector import Expr, Operator

pytestmark = pytest.mark.fast


def told(where: Cluster, asked: Request, beside: Cluster | None = None) -> list[tuple[str, dict[str, object]]]:
    """Code and figures of each reason, in the order of the filters."""
    fleet = [where] if beside is None else [where, beside]
    reasons = decide(fleet, asked).refused.get(where.name, ())
    return [(str(reason.code), dict(reason.detail)) for reason in reasons]


@pytest.mark.parametrize("state", [ClusterState.NOT_READY, ClusterState.CORDONED, ClusterState.DRAINED])
def test_a_state_has_its_own_code_and_why(state: ClusterState) -> None:
    assert told(cluster("a", state=state), request()) == [(str(state), {})]
    assert told(cluster("a", state=state, why="kubelet is gone"), request()) == [
        (str(state), {"why": "kubelet is gone"})
    ]


def test_of_what_cannot_be_reached_nothing_else_is_told() -> None:
    silent = cluster("a", state=ClusterState.UNREACHABLE, taints=(NO_SCHEDULE,))
    assert told(silent, request()) == [("unreachable", {})]
    assert told(replace(silent, why="timed out"), request()) == [("unreachable", {"why": "timed out"})]


def test_each_taint_is_told_by_its_effect() -> None:
    tainted = cluster("a", taints=(NO_SCHEDULE, NO_EXECUTE))
    assert told(tainted, request()) == [
        ("taint-not-tolerated", {"key": "maintenance", "value": "", "effect": "NoExecute"}),
        ("taint-not-tolerated", {"key": "dedicated", "value": "ml", "effect": "NoSchedule"}),
    ]


TIER, ZONE = Expr("tier", Operator.IN, ("prod",)), Expr("zone", Operator.EXISTS)
MANY = Expr("node-count", Operator.GE, ("3",))
COUNT = Property(Fraction(2), "2", "nodes")


def test_all_that_does_not_hold_of_a_term_is_told() -> None:
    term = Term(labels=(TIER, ZONE), properties=(MANY,))
    assert told(cluster("a", labels={"tier": "test"}), request(policy=best(1, required=(term,)))) == [
        ("label-mismatch", {"key": "tier", "wanted": "tier In prod", "seen": "test"}),
        ("label-mismatch", {"key": "zone", "wanted": "zone Exists", "seen": "absent"}),
        ("property-missing", {"key": "node-count", "wanted": "node-count Ge 3", "seen": "absent"}),
    ]


@pytest.mark.parametrize(
    ("have", "wanted", "code", "more"),
    [
        (COUNT, MANY, "property-mismatch", {"seen": "2"}),
        (Property(Flaw("`x` is no number"), "x", "user"), MANY, "property-missing", {"why": "`x` is no number"}),
        (Property("many", "many", "user"), MANY, "property-mismatch", {"why": "`many` is no quantity"}),
        # Where order does not matter a text is as good as any.
        (Property("many", "many", "user"), Expr("node-count", Operator.IN, ("few",)), "property-mismatch", {}),
    ],
)
def test_a_property_that_cannot_be_compared_says_why(
    have: Property, wanted: Expr, code: str, more: dict[str, str]
) -> None:
    where = cluster("a", properties=immutabledict({"node-count": have}))
    assert told(where, request(policy=best(1, required=(Term(properties=(wanted,)),)))) == [
        (code, {"key": "node-count", "wanted": str(wanted), "seen": have.text, **more})
    ]


@pytest.mark.parametrize(
    ("terms", "codes"),
    [
        # The one of which the least does not hold; of equals the first.
        ([Term(labels=(TIER, ZONE)), Term(properties=(MANY,))], ["property-missing"]),
        ([Term(labels=(TIER,)), Term(properties=(MANY,))], ["label-mismatch"]),
        # Rather one of which the cluster has the nodes, though more of it does not hold.
        (
            [Term(labels=(TIER,), nodes=(Nodes((), at_least=9),)), Term(labels=(TIER, ZONE))],
            ["label-mismatch", "label-mismatch"],
        ),
        # As many as are asked for are enough.
        (
            [Term(labels=(TIER,), nodes=(Nodes((), at_least=9),)), Term((TIER, ZONE), nodes=(Nodes((), at_least=2),))],
            ["label-mismatch", "label-mismatch"],
        ),
        # Where there are nodes for none, the nodes count as well.
        (
            [
                Term(labels=(TIER,), nodes=(Nodes((), at_least=8), Nodes((), at_least=9))),
                Term(properties=(MANY,), nodes=(Nodes((), at_least=9),)),
            ],
            ["property-missing", "node-requirement-unmet"],
        ),
        # Of terms that are described each lacks nodes: the one that lacks the fewest kinds.
        (
            [Term(nodes=(Nodes((), at_least=8), Nodes((), at_least=9))), Term(nodes=(Nodes((), at_least=9),))],
            ["node-requirement-unmet"],
        ),
    ],
)
def test_the_term_that_is_told_is_the_nearest(terms: list[Term], codes: list[str]) -> None:
    where = cluster("a", node("8", 2))
    assert [code for code, _ in told(where, request(policy=best(1, required=tuple(terms))))] == codes


def test_nodes_alone_do_not_make_a_term_hold_whose_labels_do_not() -> None:
    terms = (Term(labels=(TIER,), nodes=(Nodes((), at_least=1),)), Term(nodes=(Nodes((), at_least=3),)))
    where = cluster("a", node("8", 2))
    assert told(where, request(policy=best(1, required=terms))) == [
        ("node-requirement-unmet", {"wanted": "", "at_least": 3, "have": 2, "free": 0}),
    ]


def test_missing_namespaces_and_apis_are_all_told() -> None:
    where = cluster("a", namespaces=frozenset({"shop"}), apis=frozenset())
    asked = request(needs_namespaces=frozenset({"shop", "web", "api"}), needs_apis=frozenset({"x/v1/Y"}))
    assert told(where, asked) == [
        ("namespace-missing", {"name": "api"}),
        ("namespace-missing", {"name": "web"}),
        ("api-missing", {"name": "x/v1/Y"}),
    ]
    assert told(cluster("a"), asked) == []


def test_what_another_placement_brings_is_there_where_that_is() -> None:
    fleet = [cluster(name, namespaces=frozenset(), apis=frozenset()) for name in "ab"]
    first = request("first", policy=named("a"), provides_namespaces=frozenset({"shop"}))
    second = request("second", needs_namespaces=frozenset({"shop", "web"}))
    refused = plan(fleet, [first, second]).decision("second").refused
    assert {name: [reason.detail["name"] for reason in reasons] for name, reasons in refused.items()} == {
        "a": ["web"],
        "b": ["shop", "web"],
    }


def test_who_needs_the_same_before_and_after_it_is_brought_is_asked_anew() -> None:
    where = cluster("a", namespaces=frozenset({"web"}))
    shop, web = frozenset({"shop"}), frozenset({"web"})
    late = request("late", needs_namespaces=shop)
    assert list(plan([where], [late]).decision("late").refused) == ["a"]
    # Two that need what the other brings: the first of them is decided last, so the second finds nothing yet.
    first = request("first", needs_namespaces=web, provides_namespaces=shop)
    second = request("second", needs_namespaces=shop, provides_namespaces=web)
    made = plan([where], [first, second, late])
    assert {decision.placement: list(decision.refused) for decision in made.decisions} == {
        "first": [],
        "late": [],
        "second": ["a"],
    }


BATCH = PlacementSelector(("batch",))


def test_affinities_say_whom_they_want_and_where() -> None:
    rules = (Affinity(BATCH), Affinity(BATCH, key="region"))
    fleet = [cluster("a", labels={"region": "eu"}), cluster("b", labels={"region": "us"})]
    batch = request("batch", policy=named("b"))
    refused = plan(fleet, [batch, request(policy=best(1, affinity=rules))]).decision("web").refused["a"]
    assert [(reason.code, dict(reason.detail)) for reason in refused] == [
        ("affinity-unmet", {"key": "cluster", "wanted": "beside batch"}),
        ("affinity-unmet", {"key": "region", "wanted": "beside batch in its region"}),
    ]


def test_of_a_rule_that_both_bear_it_is_enough_to_hear_once() -> None:
    web = request(policy=best(1, anti_affinity=(Affinity(BATCH),)))
    shy = PlacementSelector(("web",))
    batch = request("batch", policy=named("a", anti_affinity=(Affinity(shy),)))
    refused = plan([cluster("a")], [batch, web]).decision("web").refused["a"]
    assert [(reason.code, dict(reason.detail)) for reason in refused] == [
        ("anti-affinity", {"key": "cluster", "wanted": "apart from batch"}),
        ("anti-affinity", {"key": "cluster", "by": "batch"}),
    ]
    both = PlacementSelector(labels=(("tier", "job"),))
    rule = (Affinity(both),)
    one = request("one", policy=named("a", anti_affinity=rule), labels=immutabledict({"tier": "job"}))
    two = request("two", policy=best(1, anti_affinity=rule), labels=immutabledict({"tier": "job"}))
    refused = plan([cluster("a")], [one, two]).decision("two").refused["a"]
    assert [dict(reason.detail) for reason in refused] == [{"key": "cluster", "wanted": "apart from tier=job"}]


def two_workloads(first: int, second: int, cpu: str = "2") -> tuple[Workload, ...]:
    size = pod(cpu=cpu)
    return Workload("w", "default", first, size), Workload("x", "default", second, size)


@pytest.mark.parametrize(
    ("where", "asked", "figures"),
    [
        (
            cluster("a", node("1"), node("3")),
            request(policy=best(1), size=pod(cpu="4")),
            {"workload": "w", "resource": "cpu", "need": 4000, "free": 3000},
        ),
        (
            cluster("a", node("8")),
            request(policy=best(1), replicas=9, size=pod(cpu="2")),
            {"workload": "w", "pods": 9, "room": 4},
        ),
        # Enough of the first resource, not of the second.
        (
            cluster("a", node("8")),
            request(policy=best(1), size=pod(cpu="2", memory="64Gi")),
            {"workload": "w", "resource": "memory", "need": 2**36, "free": 2**35},
        ),
        # A node that has nothing of it has none free.
        (
            cluster("a", node("8")),
            request(policy=best(1), size=pod(**{"nvidia.com_gpu": "1"})),
            {"workload": "w", "resource": "nvidia.com/gpu", "need": 1, "free": 0},
        ),
        (
            cluster("a", capacity_known=True),
            request(policy=best(1), size=pod(cpu="1")),
            {"workload": "w", "short": "no-node"},
        ),
        # Just enough of the first resource, not of the second.
        (
            cluster("a", node("8")),
            request(policy=best(1), size=pod(cpu="8", memory="64Gi")),
            {"workload": "w", "resource": "memory", "need": 2**36, "free": 2**35},
        ),
        # What is whole beside divided replicas needs room for all its pods.
        (
            cluster("a", node("8")),
            divided(
                policy=best(1),
                workloads=(
                    Workload("w", "default", 2, pod(cpu="1")),
                    Workload("agent", "default", 2, pod(cpu="5"), divisible=False),
                ),
            ),
            {"workload": "agent", "pods": 2, "room": 1},
        ),
        # Just enough for one pod is room for one.
        (
            cluster("a", node("2")),
            request(policy=best(1), replicas=2, size=pod(cpu="2")),
            {"workload": "w", "pods": 2, "room": 1},
        ),
        # Divided: one replica, or the minimum of that cluster.
        (
            cluster("a", node("8")),
            divided(policy=best(1), replicas=9, size=pod(cpu="2"), low={"a": 5}),
            {"workload": "w", "pods": 5, "room": 4},
        ),
        # Each fits alone.
        (cluster("a", node("8")), request(policy=best(1), workloads=two_workloads(3, 3)), {"short": "together"}),
    ],
)
def test_what_is_short_is_told_with_figures(where: Cluster, asked: Request, figures: dict[str, object]) -> None:
    assert told(where, asked) == [("insufficient-capacity", figures)]


def test_every_workload_that_does_not_fit_is_told_on_each_cluster_with_its_own_figures() -> None:
    asked = request(policy=best(3), workloads=two_workloads(5, 9))
    fleet = [cluster("a", node("4")), cluster("b", node("12")), cluster("c", node("40")), cluster("d", node("8"))]
    refused = decide(fleet, asked).refused
    assert {name: [dict(reason.detail) for reason in refused[name]] for name in "abd"} == {
        "a": [{"workload": "w", "pods": 5, "room": 2}, {"workload": "x", "pods": 9, "room": 2}],
        "b": [{"workload": "x", "pods": 9, "room": 6}],
        "d": [{"workload": "w", "pods": 5, "room": 4}, {"workload": "x", "pods": 9, "room": 4}],
    }


def test_a_workload_without_replicas_needs_no_room_beside_another() -> None:
    assert told(cluster("a", node("8")), request(policy=best(1), workloads=two_workloads(4, 0))) == []
    assert told(cluster("a", node("8")), request(policy=best(1), workloads=two_workloads(2, 2))) == []


def test_divided_workloads_need_room_for_one_replica_of_each_and_none_if_they_have_none() -> None:
    assert told(cluster("a", node("4")), divided(policy=best(1), workloads=two_workloads(4, 4))) == []
    assert told(cluster("a", node("2")), divided(policy=best(1), workloads=two_workloads(4, 4))) == [
        ("insufficient-capacity", {"short": "together"})
    ]
    assert told(cluster("a", node("1")), divided(policy=best(1), replicas=0, size=pod(cpu="2"))) == []
    # A minimum of another cluster, or of one that is not there, says nothing of this one.
    low = divided(policy=best(2), replicas=9, size=pod(cpu="2"), low={"a": 5, "b": 1})
    assert told(cluster("a", node("8")), low, cluster("b", node("8"))) == [
        ("insufficient-capacity", {"workload": "w", "pods": 5, "room": 4})
    ]
    one = divided(policy=best(1), replicas=9, size=pod(cpu="2"), low={"a": 1})
    assert told(cluster("a", node("2")), one) == []
    other = divided(policy=best(1), replicas=9, size=pod(cpu="2"), low={"b": 9, "gone": 99})
    assert told(cluster("a", node("2")), other) == []


def test_every_key_that_a_cluster_lacks_is_told() -> None:
    asked = request(policy=best(1, topology_spread=(*spread("region"), *spread("zone"), *spread("tier", hard=False))))
    assert told(cluster("a", labels={"zone": "1"}), asked) == [("topology-spread", {"key": "region"})]
    assert told(cluster("a"), asked) == [("topology-spread", {"key": "region"}), ("topology-spread", {"key": "zone"})]
    groups = tuple(SpreadGroup(key) for key in ("region", "zone", "cluster"))
    grouped = request(policy=best(1, spread_groups=groups))
    assert told(cluster("a"), grouped) == [
        ("not-enough-groups", {"key": "region"}),
        ("not-enough-groups", {"key": "zone"}),
    ]


def test_of_several_spreads_only_those_are_told_that_one_more_would_break() -> None:
    places = {"a": ("eu", "8"), "b": ("eu", "8"), "full": ("us", "1")}
    fleet = [cluster(name, node(cpu), labels={"region": at, "tier": "x"}) for name, (at, cpu) in places.items()]
    rules = (*spread("region"), *spread("tier", max_skew=5))
    refused = decide(fleet, request(policy=best(2, topology_spread=rules), size=pod(cpu="2"))).refused
    assert [(str(reason.code), reason.detail["key"]) for reason in refused["b"]] == [("topology-spread", "region")]


def test_named_clusters_are_warned_of_what_would_refuse_others() -> None:
    where = cluster("a", node("1"), taints=(NO_SCHEDULE,))
    policy = named("a", required=(Term(labels=(TIER,)),), topology_spread=spread())
    decision = decide([where], request(policy=policy, size=pod(cpu="2")))
    assert not decision.refused
    assert [str(reason.code) for reason in decision.warnings] == [
        "taint-not-tolerated",
        "label-mismatch",
        "insufficient-capacity",
        "topology-spread",
    ]


def test_all_clusters_are_warned_of_room_alone() -> None:
    fleet = [cluster("a", node("1")), cluster("b", taints=(NO_SCHEDULE,))]
    decision = decide(fleet, request(policy=ALL, size=pod(cpu="2")))
    assert [(reason.cluster, str(reason.code)) for reason in decision.warnings] == [("a", "insufficient-capacity")]
    assert list(decision.refused) == ["b"]


def test_policies_without_rules_refuse_nobody() -> None:
    assert told(cluster("a"), request(policy=Policy(ALL.type))) == []
