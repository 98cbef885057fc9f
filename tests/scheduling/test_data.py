"""Data does not move: what has some stays, and the plan says what would have moved it."""

from dataclasses import replace

import pytest
from immutabledict import immutabledict
from makers import DRAINED, NO_EXECUTE, before, best, cluster, counts, decide, divided, moves, named, plan, request

from kubefleet.model.cluster import ClusterState
from kubefleet.model.policy import Term, TopologySpread
from kubefleet.model.selector import Expr, Operator
from kubefleet.report.reason_text import reason_text
from kubefleet.spec.data import Data, pinned_by

pytestmark = pytest.mark.fast

DB = "StatefulSet/shop/db"
PROD = (Term(labels=(Expr("tier", Operator.IN, ("prod",)),)),)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"taints": (NO_EXECUTE,)}, "tainted NoExecute maintenance"),
        ({"state": DRAINED, "why": "by ops"}, "drained by ops"),
        ({"state": ClusterState.LEAVING, "why": "no longer declared"}, "leaving: no longer declared"),
    ],
)
def test_what_would_move_any_other_placement_moves_no_data_and_is_told(fields: dict, why: str) -> None:
    clusters = [cluster("a", **fields), cluster("b")]
    asked, stood = request(policy=best(1)), before(a=1)
    assert counts(decide(clusters, asked, stood)) == {"b": 1}
    decision = decide(clusters, replace(asked, pinned=DB), stood)
    assert counts(decision) == {"a": 1}
    (reason,) = decision.kept["a"]
    assert reason_text(reason) == f"has data ({DB}), which does not move, though {why}"
    assert moves(plan(clusters, replace(asked, pinned=DB), previous={"web": stood})) == []


@pytest.mark.parametrize(
    "policy",
    [best(1, required=PROD), named("b"), best(1, topology_spread=(TopologySpread("region", 1),))],
    ids=["another term", "another name", "a spread"],
)
def test_an_edited_policy_moves_no_data(policy) -> None:
    clusters = [cluster("a"), cluster("b", labels={"tier": "prod", "region": "eu"})]
    stood = replace(before(a=1), edited=True)
    assert counts(decide(clusters, request(policy=policy), stood)) == {"b": 1}
    decision = decide(clusters, request(policy=policy, pinned=DB), stood)
    assert decision.binding("a") is not None


def test_a_rebalance_moves_no_data() -> None:
    clusters = [cluster("a"), cluster("b")]
    asked = request(policy=best(1), rebalance=True)
    assert counts(decide(clusters, asked, before(b=1))) == {"a": 1}
    assert counts(decide(clusters, replace(asked, pinned=DB), before(b=1))) == {"b": 1}


def test_a_smaller_number_of_copies_is_no_move() -> None:
    clusters = [cluster("a"), cluster("b")]
    decision = decide(clusters, request(policy=best(1), pinned=DB), replace(before(a=1, b=1), edited=True))
    assert list(counts(decision).values()) == [1]
    assert decision.kept == {}


def test_divided_replicas_with_data_stay_where_a_minimum_elsewhere_would_take_some() -> None:
    clusters = [cluster("a"), cluster("b")]
    asked = divided(replicas=4)
    assert asked.divided is not None
    asked = replace(asked, divided=replace(asked.divided, min=immutabledict({"b": 2})))
    stood = replace(before(a=4), edited=True)
    assert counts(decide(clusters, asked, stood)) == {"a": 2, "b": 2}
    assert counts(decide(clusters, replace(asked, pinned=DB), stood)) == {"a": 4}


@pytest.mark.parametrize(
    ("cuts", "objects", "expected"),
    [
        ([{"kind": "StatefulSet", "namespace": "shop", "name": "db", "claims": True}], [], DB),
        ([{"kind": "Deployment", "namespace": "shop", "name": "db", "pod": {"data": True}}], [], "Deployment/shop/db"),
        ([{"kind": "Deployment", "namespace": "shop", "name": "db", "pod": {"claims": True}}], [], ""),
        ([], ["v1/PersistentVolumeClaim/shop/data", "v1/ConfigMap/shop/c"], "PersistentVolumeClaim/shop/data"),
        ([{"kind": "StatefulSet", "namespace": "shop", "name": "db"}], ["apps/v1/StatefulSet/shop/db"], ""),
    ],
    ids=["templates", "a claim", "an ephemeral volume", "a claim among the objects", "no volume"],
)
def test_what_has_data(cuts: list, objects: list[str], expected: str) -> None:
    assert pinned_by(Data.PINNED, cuts, objects) == expected
    assert pinned_by(Data.DISPOSABLE, cuts, objects) == ""
    assert pinned_by(Data.REPLICATED, cuts, objects) == ""
