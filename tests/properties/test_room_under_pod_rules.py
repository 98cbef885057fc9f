"""Laws of the room for pods with rules, on random small clusters."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster
from kubefleet.model.pod_rules import HOSTNAME, PodRules, Pods, PodSpread, PodTerm
from kubefleet.model.request import PodShape
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.standing import Standing, StandingPods
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.node_table import NodeTable
from kubefleet.scheduling.rooms import Rooms
from kubefleet.scheduling.rules.books import Admissions, RuledBooks
from kubefleet.scheduling.rules.play import Play
from kubefleet.scheduling.rules.room import room_on

pytestmark = pytest.mark.fast

NAMES = ("web", "db")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = (HOSTNAME, "zone", "rack")
apps = st.sampled_from(NAMES)
keys = st.sampled_from(KEYS)


def about(app: str) -> Pods:
    return Pods((Expr("app", Operator.IN, (app,)),), frozenset({"shop"}))


terms = st.builds(lambda key, app: PodTerm(key, about(app)), keys, apps)
spreads = st.builds(
    lambda key, skew, app, least, affinity, taints: PodSpread(key, skew, about(app), least, affinity, taints),
    keys,
    st.integers(1, 3),
    apps,
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
rules = st.builds(
    lambda app, near, apart, spread: PodRules(
        "shop",
        immutabledict({"app": app}),
        affinity=tuple(near),
        anti_affinity=tuple(apart),
        spread=tuple(spread),
    ),
    apps,
    st.lists(terms, max_size=1),
    st.lists(terms, max_size=2),
    st.lists(spreads, max_size=2),
)
standing = st.builds(
    lambda pods: Standing(tuple(dict.fromkeys(pods))),
    st.lists(
        st.builds(
            lambda app, apart, count: StandingPods("shop", immutabledict({"app": app}), tuple(apart), count),
            apps,
            st.lists(terms, max_size=1),
            st.integers(1, 3),
        ),
        max_size=2,
    ),
)


@st.composite
def nodes(draw: Any) -> NodeShape:
    allocatable = parse_amounts({"cpu": str(draw(st.integers(0, 4))), "memory": "9Gi", "pods": "5"})
    labels = {key: draw(st.sampled_from("abc")) for key in ("zone", "rack") if draw(st.booleans())}
    count = draw(st.integers(1, 3))
    return NodeShape(
        count,
        allocatable,
        allocatable,
        ((allocatable, count),),
        labels=immutabledict(labels),
        schedulable=draw(st.integers(0, 4)) > 0,
        standing=(draw(standing),),
    )


clusters = st.lists(nodes(), min_size=1, max_size=5).map(lambda found: Cluster("a", shapes=tuple(found)))


def played(cluster: Cluster, pod: PodShape) -> tuple[Play, Any]:
    admissions = Admissions([cluster], [pod])
    table = NodeTable([cluster], [pod])
    books = RuledBooks([cluster], table, Rooms(table.nodes), admissions)
    ground, view = books._ground(0), books._view(pod)
    return Play(ground, view), room_on(ground, view, books._whole)


@given(clusters, rules, st.randoms(use_true_random=False))
def test_room_is_what_is_bound_one_by_one_in_any_order(cluster: Cluster, rule: PodRules, random: Any) -> None:
    pod = PodShape(parse_amounts({"cpu": "1"}), rules=rule)
    play, room = played(cluster, pod)
    bound = play.bind(1000, lambda _: random.random())
    if room.unsure:
        return
    assert bound == room.pods


@given(clusters, rules, st.integers(0, 6))
def test_what_is_taken_is_missing_from_the_room_and_nothing_else(cluster: Cluster, rule: PodRules, pods: int) -> None:
    pod = PodShape(parse_amounts({"cpu": "1"}), rules=rule)
    ledger = Ledger(Columns(Snapshot(NOW, (cluster,))), [pod])
    limit = ledger.limit(pod, 0)
    assert limit is not None
    ledger.take(np.array([0]), [(pod, np.array([pods]))])
    after = ledger.limit(pod, 0)
    assert after is not None
    if not (limit.unsure or after.unsure):
        assert after.pods == limit.pods - min(pods, limit.pods)
