"""What a schedule says about itself in a preview."""

from datetime import UTC, datetime

import pytest
from immutabledict import immutabledict

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Binding, Decision, Move, MoveReason, Plan
from kubefleet.model.reason import Code, make_reason
from kubefleet.model.relaxation import Constraint, Relaxation, make_change
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.plan_message import MOST_LINES, counts, plan_message

pytestmark = pytest.mark.fast


def on(**replicas: int) -> tuple[Binding, ...]:
    return tuple(Binding(name, immutabledict({"w": count})) for name, count in replicas.items())


def fleet(*clusters: Cluster) -> Snapshot:
    return Snapshot(datetime(2026, 1, 1, tzinfo=UTC), clusters or (Cluster("a"), Cluster("b")))


def test_divided_replicas_are_counted_and_whole_copies_are_not() -> None:
    assert counts(Decision("web", on(a=7, b=5), divided=True)) == "a x7, b x5"
    assert counts(Decision("agent", on(a=3, b=3))) == "a, b"
    assert counts(Decision("new")) == "nowhere"


def test_the_summary_comes_first_then_who_is_silent_what_moves_what_is_kept_and_every_placement() -> None:
    taint = make_reason(Code.TAINT_NOT_TOLERATED, "taints", "b", key="dedicated", value="ml", effect="NoSchedule")
    plan = Plan(
        (
            Decision("agent", on(b=1), kept={"b": (taint,)}),
            Decision("web", on(b=2), divided=True, unplaced=1),
        ),
        (Move("web", "a", "b", 2, MoveReason.TAINT_NO_EXECUTE, "maintenance"),),
    )
    snapshot = fleet(Cluster("a"), Cluster("b"), Cluster("c", state=ClusterState.UNREACHABLE, why="no answer"))
    assert plan_message(plan, snapshot).splitlines() == [
        (
            "2 placements on 1 of 3 clusters, 1 move (a tainted NoExecute maintenance), 1 kept for a reason, "
            "1 unreachable, 1 unplaced"
        ),
        "  c is unreachable: no answer",
        "  move 2 of web: a -> b, because it is tainted NoExecute maintenance",
        "  agent kept on b: taint dedicated=ml:NoSchedule not tolerated",
        "  web: 1 unplaced",
        "  agent on b; 3/3 clusters fit",
        "  web on b x2; 3/3 clusters fit",
    ]


def test_a_scorer_that_fails_is_one_line_for_each_way_of_failing() -> None:
    failures = [
        make_reason(Code.PLUGIN_FAILED, "function", name, function="rules:score", why="KeyError: 'region'")
        for name in "abcde"
    ]
    lines = plan_message(Plan((Decision("web", on(a=1), failures=tuple(failures)),)), fleet()).splitlines()
    assert lines[1] == "  web: no answer from rules:score: KeyError: 'region' (a, b, c and 2 more)"


def test_what_is_unplaced_says_what_would_make_it_fit() -> None:
    nodes = make_change(Constraint.NODES, cluster="a", count=2, instance_type="large", cpu=8000, memory=2**34)
    told = {
        Relaxation((nodes,)): "web: 3 unplaced; would fit with 2 more nodes of large on a",
        Relaxation((nodes,), unplaced=1): "web: 3 unplaced; 1 left with 2 more nodes of large on a",
    }
    for relaxation, line in told.items():
        plan = Plan((Decision("web", on(a=1), unplaced=3, relaxations=(relaxation,)),))
        assert plan_message(plan, fleet()).splitlines()[1].strip() == line


def test_of_many_lines_the_rest_is_counted() -> None:
    plan = Plan(tuple(Decision(f"p{number:02}", on(a=1)) for number in range(MOST_LINES + 5)))
    lines = plan_message(plan, fleet()).splitlines()
    assert len(lines) == MOST_LINES + 2
    assert lines[-1] == "  and 5 more: kubefleet explain PLACEMENT"
