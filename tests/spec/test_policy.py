from collections.abc import Mapping
from typing import Any

import pytest

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.policy import Fit, Nodes, Policy, PolicyType, Prefer, SpreadGroup, Term, TopologySpread
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.taint import Toleration
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.policy import parse_policy

pytestmark = pytest.mark.fast

H100 = {"name": "accelerator", "operator": "Eq", "values": ["nvidia-h100-80gb"]}
CPU = {"name": "cpu", "operator": "Ge", "values": ["8"]}
PYTHON: dict[str, Any] = {
    "type": "PickN",
    "number_of_clusters": 2,
    "required": [
        {
            "labels": {"tier": "prod"},
            "label_expressions": [{"key": "region", "operator": "In", "values": ["us", "eu"]}],
            "properties": [{"name": "node-count", "operator": "Ge", "values": [2]}],
            "nodes": [{"at_least": 8, "each": [H100, {"name": "cpu", "operator": "Ge", "values": [8]}], "free": True}],
        }
    ],
    "preferred": [
        {"weight": 20, "term": {"labels": {"tier": "prod"}}},
        {"weight": -5, "sort_by": {"property": "node-count", "order": "Descending"}},
    ],
    "topology_spread": [
        {"topology_key": "region", "max_skew": 2, "when_unsatisfiable": "DoNotSchedule", "min_domains": 3},
        {"topology_key": "zone", "when_unsatisfiable": "ScheduleAnyway"},
    ],
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 300}],
    "fit": "score",
    "spread_groups": [{"topology_key": "region", "min_groups": 1, "max_groups": 2}],
    "affinity": [{"placements": {"names": ["db", "cache"]}, "topology_key": "cluster", "required": True}],
    "anti_affinity": [{"placements": {"labels": {"tier": "batch"}}, "topology_key": "region", "weight": 30}],
    "min_clusters": 2,
}
FILE = {
    "type": "PickN",
    "numberOfClusters": 2,
    "required": [
        {
            "labels": {"tier": "prod"},
            "labelExpressions": [{"key": "region", "operator": "In", "values": ["eu", "us"]}],
            "properties": [{"name": "node-count", "operator": "Ge", "values": ["2"]}],
            "nodes": [{"atLeast": 8, "each": [CPU, H100], "free": True}],
        }
    ],
    "preferred": [
        {"weight": 20, "term": {"labels": {"tier": "prod"}}},
        {"weight": -5, "sortBy": {"property": "node-count", "order": "Descending"}},
    ],
    "topologySpread": [
        {"topologyKey": "region", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3},
        {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
    ],
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
    "fit": "score",
    "spreadGroups": [{"topologyKey": "region", "minGroups": 1, "maxGroups": 2}],
    "affinity": [{"placements": {"names": ["cache", "db"]}, "required": True, "weight": 0}],
    "antiAffinity": [{"placements": {"labels": {"tier": "batch"}}, "topologyKey": "region", "weight": 30}],
    "minClusters": 2,
}
PROD = Expr("tier", Operator.IN, ("prod",))
WHOLE = Policy(
    PolicyType.PICK_N,
    2,
    required=(
        Term(
            (Expr("region", Operator.IN, ("eu", "us")), PROD),
            (Expr("node-count", Operator.GE, ("2",)),),
            (Nodes((Expr("accelerator", Operator.EQ, ("H100",)), Expr("cpu", Operator.GE, ("8",))), 8, free=True),),
        ),
    ),
    preferred=(Prefer(20, Term((PROD,))), Prefer(-5, sort_by="node-count", descending=True)),
    topology_spread=(TopologySpread("region", 2, True, 3), TopologySpread("zone", 1, False)),
    tolerations=(Toleration("a", "Exists", "", "NoExecute", 300),),
    fit=Fit.SCORE,
    spread_groups=(SpreadGroup("region", 1, 2),),
    affinity=(Affinity(PlacementSelector(("cache", "db"))),),
    anti_affinity=(Affinity(PlacementSelector(labels=(("tier", "batch"),)), "region", 30),),
    min_clusters=2,
)


def parse(raw: Mapping[str, Any], spelling: Spelling = Spelling.FILE) -> tuple[Policy | None, list[str]]:
    mistakes: list[Mistake] = []
    policy = parse_policy(raw, "policy", spelling, mistakes)
    return policy, [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(("raw", "spelling"), [(PYTHON, Spelling.PYTHON), (FILE, Spelling.FILE)])
def test_both_spellings_say_the_same(raw: Mapping[str, Any], spelling: Spelling) -> None:
    assert parse(raw, spelling) == (WHOLE, [])


@pytest.mark.parametrize(
    ("raw", "spelling", "message"),
    [
        (
            {"type": "PickN", "numberOfClusters": 2, "topology_spread": []},
            Spelling.FILE,
            "policy.topology_spread: unknown field `topology_spread`",
        ),
        (
            {"type": "PickN", "number_of_clusters": 2, "topologySpread": []},
            Spelling.PYTHON,
            "policy.topologySpread: unknown field `topologySpread`",
        ),
        ({"type": "PickN"}, Spelling.FILE, "policy.numberOfClusters: missing field"),
        ({"type": "PickN"}, Spelling.PYTHON, "policy.number_of_clusters: missing field"),
    ],
)
def test_a_mistake_is_told_in_the_spelling_of_its_user(
    raw: Mapping[str, Any], spelling: Spelling, message: str
) -> None:
    policy, (mistake,) = parse(raw, spelling)
    assert policy is None
    assert mistake.startswith(message)


@pytest.mark.parametrize("number", [0, 1000, 5.0])
def test_the_number_of_clusters_may_be(number: float) -> None:
    assert parse({"type": "PickN", "numberOfClusters": number}) == (Policy(PolicyType.PICK_N, int(number)), [])


def test_every_type_may_have_preferences() -> None:
    for kind in ({"type": "PickAll"}, {"type": "PickFixed", "clusterNames": ["a"]}):
        policy, mistakes = parse({**kind, "preferred": [{"weight": 1, "term": {"labels": {"a": "b"}}}]})
        assert policy is not None
        assert (len(policy.preferred), mistakes) == (1, [])


def term(**fields: Any) -> dict[str, Any]:
    return {"type": "PickAll", "required": [fields]}


def label(operator: str, *values: Any) -> dict[str, Any]:
    return term(labelExpressions=[{"key": "region", "operator": operator, "values": list(values)}])


def prop(operator: str, *values: Any) -> dict[str, Any]:
    return term(properties=[{"name": "x", "operator": operator, "values": list(values)}])


def node(name: str, operator: str = "Exists", *values: Any) -> dict[str, Any]:
    return term(nodes=[{"each": [{"name": name, "operator": operator, "values": list(values)}]}])


def pick(**fields: Any) -> dict[str, Any]:
    return {"type": "PickN", "numberOfClusters": 1, **fields}


def group(**fields: object) -> dict[str, Any]:
    return pick(spreadGroups=[{"topologyKey": "region", **fields}])


def beside(placements: Mapping[str, object], **fields: object) -> dict[str, Any]:
    return pick(affinity=[{"placements": placements, **fields}])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (pick(numberOfClusters=1001), "policy.numberOfClusters: value `1001` is too large (expected at most 1000)"),
        (pick(numberOfClusters=-1), "policy.numberOfClusters: value `-1` is too small (expected at least 0)"),
        (pick(numberOfClusters="2"), "policy.numberOfClusters: bad number `2` (expected a whole number)"),
        (pick(numberOfClusters=True), "policy.numberOfClusters: bad number `True`"),
        ({"type": "PickAll", "numberOfClusters": 1}, "policy.numberOfClusters: a number with PickAll"),
        ({"type": "PickFixed"}, "policy.clusterNames: no names with PickFixed"),
        ({"type": "PickFixed", "clusterNames": []}, "policy.clusterNames: no names with PickFixed"),
        ({"type": "PickFixed", "clusterNames": ["a", "a"]}, "policy.clusterNames: cluster `a` is named twice"),
        ({"type": "PickFixed", "clusterNames": ["A"]}, "policy.clusterNames[0]: bad name `A`"),
        ({"type": "PickFixed", "clusterNames": [f"c{i}" for i in range(101)]}, "101 entries are too many (expected at"),
        (pick(clusterNames=["a"]), "policy.clusterNames: names with PickN"),
        ({"type": "PickFew"}, "policy.type: unknown value `PickFew` (expected one of PickAll, PickFixed, PickN)."),
        ({"type": "pickall"}, "Did you mean `PickAll`?"),
        ({}, "policy.type: missing field"),
        (pick(preferred=[{"weight": 101, "term": {}}]), "policy.preferred[0].weight: value `101` is too large"),
        (pick(preferred=[{"weight": -101, "term": {}}]), "policy.preferred[0].weight: value `-101` is too small"),
        (pick(preferred=[{"weight": 1}]), "policy.preferred[0]: a preference by "),
        (
            pick(preferred=[{"weight": 1, "term": {}, "sortBy": {"property": "x", "order": "Ascending"}}]),
            "policy.preferred[0]: a preference by ",
        ),
        (pick(preferred=[{"weight": 1, "term": {}}] * 11), "policy.preferred: 11 entries are too many"),
        (pick(required=[{}] * 11), "policy.required: 11 entries are too many (expected at most 10)"),
        (pick(tolerations=[{"operator": "Exists"}] * 101), "policy.tolerations: 101 entries are too many"),
        (pick(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]), "value `b` beside operator Exists"),
        (pick(tolerations=[{"value": "b"}]), "operator Equal without a key"),
        (pick(tolerations=[{"key": "a", "effect": "NoExec"}]), "Did you mean `NoExecute`?"),
        (
            pick(topologySpread=[{"topologyKey": "a", "maxSkew": 0}]),
            "maxSkew: value `0` is too small (expected at least 1)",
        ),
        (pick(topologySpread=[{"topologyKey": "a b"}]), "topologyKey: bad label key `a b`"),
        (pick(topologySpread=[{"topologyKey": "a"}, {"topologyKey": "a"}]), "topology key `a` is named twice"),
        (
            pick(topologySpread=[{"topologyKey": "a", "minDomains": 2, "whenUnsatisfiable": "ScheduleAnyway"}]),
            "a minimum of domains with ScheduleAnyway",
        ),
        (pick(fit="filters"), "Did you mean `filter`?"),
        (label("In"), "no values for In on `region` (expected at least one)"),
        (label("Exists", "eu"), "1 values for Exists on `region` (expected none)"),
        (label("Eq", "eu"), "policy.required[0].labelExpressions[0].operator: unknown value `Eq`"),
        (label("In", 5), "bad label value `5` (expected text). Put it in quotes."),
        (label("In", "a b"), "bad label value `a b`"),
        (prop("Ge"), "0 values for Ge on `x` (expected exactly one)"),
        (prop("Eq", "1", "2"), "2 values for Eq on `x` (expected exactly one)"),
        (prop("Gt", "many"), "bad value `many` for Gt on `x` (expected a quantity or a version `v1.2`)"),
        (term(labels={"a": 1}), "policy.required[0].labels.a: bad label value `1` (expected text). Put it in quotes."),
        (term(labels={"-a": "b"}), "policy.required[0].labels.-a: bad label key `-a`"),
        (term(nodes=[{"each": []}]), "policy.required[0].nodes[0].each: 0 entries are too few (expected at least 1)"),
        (term(nodes=[{"atLeast": 0, "each": [CPU]}]), "policy.required[0].nodes[0].atLeast: value `0` is too small"),
        (term(nodes=[{"at_least": 1, "each": [CPU]}]), "Did you mean `atLeast`?"),
        (node("memroy"), "unknown fact of a node `memroy`"),
        (node("memroy"), "Did you mean `memory`?"),
        (node("network/bandwith-gbps"), "Did you mean `network/bandwidth-gbps`?"),
        (node("network/fabric", "Eq", "infinband"), "Did you mean `infiniband`?"),
        (node("cpu", "Ge", "many"), "bad value `many` for Ge on `cpu` (expected a quantity or a version `v1.2`)"),
        (node("cpu", "Ge", "nan"), "bad value `nan` for Ge on `cpu` (expected a quantity or a version `v1.2`)"),
        (pick(spreadGroup=[]), "unknown field `spreadGroup`"),
        (group(minGroups=2, maxGroups=1), "at most 1 groups (expected at least the minimum, 2)"),
        (group(minGroups=0), "minGroups: value `0` is too small (expected at least 1)"),
        (group(minGroups=2), "policy.spreadGroups: at least 2 groups of 1 clusters (expected at most 1)"),
        (pick(spreadGroups=[{"topologyKey": "a"}] * 2), "topology key `a` is named twice"),
        (pick(minClusters=2), "policy.minClusters: at least 2 of 1 clusters (expected at most 1)"),
        (beside({}), "affinity[0].placements: neither names nor labels of placements"),
        (beside({"name": ["db"]}), "placements.name: unknown field `name`"),
        (beside({"names": ["DB"]}), "placements.names[0]: bad name `DB` (expected the name of a placement, or FLEET"),
        (beside({"names": ["a/b/c"]}), "bad name `a/b/c`"),
        (beside({"names": ["db"]}, required=True, weight=5), "weight 5 of a required rule (expected none)"),
        (beside({"names": ["db"]}, required=False), "a preference without a weight (expected 1 to 100)"),
        (beside({"names": ["db"]}, weight=101), "weight: value `101` is too large (expected at most 100)"),
        (beside({"names": ["db"]}, topologyKey="a b"), "topologyKey: bad label key `a b`"),
        (pick(antiAffinity=[{"topologyKey": "a"}]), "policy.antiAffinity[0].placements: missing field"),
    ],
)
def test_what_cannot_be_meant_is_one_mistake(raw: Mapping[str, Any], message: str) -> None:
    policy, (mistake,) = parse(raw)
    assert policy is None
    assert message in mistake


def test_all_mistakes_of_a_policy_come_at_once() -> None:
    _, mistakes = parse({"type": "PickN", "numberOfCluster": 1, "fit": "x", "tolerations": [{"key": "-"}]})
    assert [mistake.split(":")[0] for mistake in mistakes] == [
        "policy.tolerations[0].key",
        "policy.fit",
        "policy.numberOfCluster",
    ]
