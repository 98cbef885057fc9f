"""Decisions in words: whole texts, since they are what users read."""

import pytest
from makers import (
    CORDONED,
    NO_EXECUTE,
    NO_SCHEDULE,
    UNREACHABLE,
    before,
    best,
    cluster,
    decide,
    divided,
    node,
    plan,
    pod,
    request,
    spread,
)

from kubefleet.model.policy import Prefer, Term
from kubefleet.model.reason import Code, make_reason
from kubefleet.model.selector import Expr, Operator
from kubefleet.report.fit_line import fit_line
from kubefleet.report.reason_text import reason_text
from kubefleet.report.story import story_lines

pytestmark = pytest.mark.fast

PROD = Term(labels=(Expr("tier", Operator.IN, ("prod",)),), properties=(Expr("node-count", Operator.GE, ("3",)),))


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (make_reason(Code.UNREACHABLE, "reachable", "a", why="timed out"), "unreachable (timed out)"),
        (make_reason(Code.CORDONED, "eligibility", "a"), "cordoned"),
        (
            make_reason(Code.TAINT_NOT_TOLERATED, "taints", "a", key="dedicated", value="ml", effect="NoSchedule"),
            "taint dedicated=ml:NoSchedule not tolerated",
        ),
        (
            make_reason(Code.TAINT_NOT_TOLERATED, "taints", "a", key="maintenance", value="", effect="NoExecute"),
            "taint maintenance:NoExecute not tolerated",
        ),
        (
            make_reason(Code.INSUFFICIENT_CAPACITY, "capacity", "a", resource="cpu", need=8000, free=6500),
            "insufficient cpu (need 8, most free 6500m)",
        ),
        (
            make_reason(Code.INSUFFICIENT_CAPACITY, "capacity", "a", resource="memory", need=2**34, free=2**33),
            "insufficient memory (need 16Gi, most free 8Gi)",
        ),
        (make_reason(Code.INSUFFICIENT_CAPACITY, "capacity", "a", pods=5, room=3), "room for 3 of 5 pods"),
        (make_reason(Code.NAMESPACE_MISSING, "namespaces", "a", name="shop"), "namespace is missing: shop"),
        (make_reason(Code.API_MISSING, "apis", "a", name="x/v1/Y"), "API is missing: x/v1/Y"),
        (
            make_reason(Code.TOPOLOGY_SPREAD, "spread", "a", key="region", domain="eu", count=2, least=0, max_skew=1),
            "one more in region=eu would leave a skew of 3 (at most 1)",
        ),
        (make_reason(Code.TOPOLOGY_SPREAD, "spread", "a", key="region"), "no label region to spread over"),
        (make_reason(Code.NOT_NAMED, "policy", "a"), "not named by the policy"),
        (make_reason(Code.LIMIT_REACHED, "policy", "a"), "no seat was left"),
    ],
)
def test_a_reason_in_words(reason, text: str) -> None:
    assert reason_text(reason) == text


def test_every_code_has_its_words() -> None:
    figures = {
        "key": "k", "wanted": "k In v", "seen": "w", "name": "n", "pods": 1, "room": 0, "score": 1, "chosen": 2,
        "value": "", "effect": "NoSchedule", "function": "own:rule", "have": 1, "at_least": 2, "free": 0,
        "pool": "gpu", "nodes": 2,
        "taint": "k", "until": "12:00", "object": "PersistentVolumeClaim/d", "reason": "drained", "why": "",
    }  # fmt: skip
    for code in Code:
        assert reason_text(make_reason(code, "p", "a", **figures))


def test_the_fit_line_counts_clusters_by_reason() -> None:
    fleet = [
        cluster("a", taints=(NO_SCHEDULE,)),
        cluster("b", taints=(NO_SCHEDULE,)),
        cluster("c", node("6")),
        cluster("d", node("4")),
        cluster("e", node("8")),
    ]
    decision = decide(fleet, request(policy=best(1), size=pod(cpu="8")))
    assert fit_line(decision, 5) == (
        "1/5 clusters fit: 2 insufficient cpu (need 8, most free 6), 2 taint dedicated=ml:NoSchedule not tolerated"
    )


def test_a_cluster_that_was_not_needed_fits() -> None:
    assert fit_line(decide([cluster("a"), cluster("b")], request(policy=best(1))), 2) == "2/2 clusters fit"


def test_the_whole_story_of_a_choice() -> None:
    fleet = [
        cluster("a", node("8"), labels={"tier": "prod"}),
        cluster("b", node("8"), labels={"tier": "prod"}),
        cluster("c", state=CORDONED),
        cluster("d", node("8"), labels={"tier": "test"}),
        cluster("e", node("1"), labels={"tier": "test"}),
    ]
    policy = best(
        1,
        required=(Term(labels=(Expr("tier", Operator.EXISTS),)),),
        preferred=(Prefer(5, Term(labels=PROD.labels)),),
    )
    assert story_lines(decide(fleet, request(policy=policy, size=pod(cpu="2")))) == [
        (
            "web: 3/5 clusters fit: 1 cordoned, 1 insufficient cpu (need 2, most free 1), "
            "1 label does not match: tier Exists"
        ),
        "  chosen   a: w x1",
        "  refused  b: outscored: 125 (the last one chosen has 125)",
        "  refused  c: cordoned; label does not match: tier Exists",
        "  refused  d: outscored: 75 (the last one chosen has 125)",
        "  refused  e: insufficient cpu (need 2, most free 1)",
        "  nearest  e: insufficient cpu (need 2, most free 1)",
        "  nearest  c: cordoned; label does not match: tier Exists (it is absent)",
        "  FILTER       LEFT  REFUSES",
        "                  5",
        "  eligibility     4  c",
        "  required        4  c",
        "  capacity        3  e",
        "  SCORE  CLUSTER  spread × 10000  preferred × 10  capacity × 1  CHOSEN",
        "    125  a                     0               5            75  yes",
        "    125  b                     0               5            75",
        "     75  d                     0               0            75",
        "  tie      a comes before b: equal scores go by name",
    ]


def test_the_whole_story_of_a_move() -> None:
    size = pod(cpu="2")
    fleet = [
        cluster("a", node("8"), taints=(NO_EXECUTE,)),
        cluster("b", node("4")),
        cluster("c", state=UNREACHABLE, why="timed out"),
    ]
    made = plan(fleet, divided(replicas=5, size=size), {"web": before(a=4, c=1)})
    assert story_lines(made.decisions[0], made.moves)[:8] == [
        "web: 3/3 clusters fit",
        "  chosen   a: w x2",
        "  chosen   b: w x2",
        "  chosen   c: w x1",
        "  kept     a: taint maintenance:NoExecute not tolerated",
        "  kept     a: no room elsewhere for 2 yet",
        "  kept     c: unreachable (timed out)",
        "  move     2 a -> b: taint-no-execute maintenance",
    ]


def test_what_is_unplaced_says_what_was_missing() -> None:
    fleet = [cluster("a", labels={"region": "eu"}), cluster("b", labels={"region": "eu"}), cluster("c", state=CORDONED)]
    copies = story_lines(decide(fleet, request(policy=best(3, topology_spread=spread()))))
    assert copies[:5] == [
        "web: 2/3 clusters fit: 1 cordoned, 1 no label region to spread over",
        "  chosen   a: w x1",
        "  chosen   b: w x1",
        "  unplaced 1",
        "  missing  c: cordoned",
    ]
    replicas = story_lines(decide([cluster("a", node("4"))], divided(replicas=3, size=pod(cpu="2"))))
    assert replicas[:4] == [
        "web: 1/1 clusters fit",
        "  chosen   a: w x2",
        "  unplaced 1",
        "  missing  no room for 1 of w",
    ]
