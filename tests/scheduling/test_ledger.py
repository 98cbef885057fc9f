"""What a cluster still holds, as kube-scheduler would bind."""

import numpy as np
import pytest
from immutabledict import immutabledict
from makers import ALL, NOW, best, cluster, node, plan, pod, request

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Binding, Previous
from kubefleet.model.request import PodShape
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.layout import UNBOUNDED
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.standing import Standing, Standings

pytestmark = pytest.mark.fast


class Books:
    """A ledger over some clusters, with pods as plain numbers."""

    def __init__(self, clusters: list[Cluster], *pods: PodShape) -> None:
        self.ledger = Ledger(Columns(Snapshot(NOW, tuple(clusters))), pods)

    def room(self, size: PodShape) -> list[int]:
        return [int(room) for room in self.ledger.room(size)]

    def take(self, place: int, *demands: tuple[PodShape, int]) -> None:
        self.ledger.take(np.array([place]), [(size, np.array([count])) for size, count in demands])

    def holds(self, *demands: tuple[PodShape, int]) -> bool:
        return bool(self.ledger.holds(np.array([0]), [(size, np.array([count])) for size, count in demands])[0])


def test_room_is_that_of_single_nodes_by_the_scarcest_resource() -> None:
    small, large = pod(cpu="3"), pod(cpu="1", memory="20Gi")
    # Four nodes of 8 cpu and 32Gi hold two of three cpu each, and one of 20Gi each.
    books = Books([cluster("a", node("8", count=4))], small, large)
    assert (books.room(small), books.room(large)) == ([8], [4])


def test_pod_slots_are_a_resource_unless_nodes_say_nothing_of_them() -> None:
    tiny = PodShape()
    silent = NodeShape(1, parse_amounts({"cpu": "1"}), parse_amounts({"cpu": "1"}), ((parse_amounts({"cpu": "1"}), 1),))
    books = Books([cluster("a", node("1", count=2, pods="3")), cluster("b", silent)], tiny)
    assert books.room(tiny) == [6, UNBOUNDED]


def test_unknown_capacity_has_no_limit_and_no_nodes_have_no_room() -> None:
    size = pod(cpu="1")
    books = Books([cluster("a"), cluster("b", capacity_known=True)], size)
    books.take(0, (size, 1000))
    assert books.room(size) == [UNBOUNDED, 0]


def test_pods_go_only_where_selector_affinity_and_taints_let_them() -> None:
    taint = Taint("gpu", "", Effect.NO_SCHEDULE)
    gpu = NodeShape(
        2,
        parse_amounts({"cpu": "8", "pods": "10"}),
        parse_amounts({"cpu": "8", "pods": "10"}),
        ((parse_amounts({"cpu": "8", "pods": "10"}), 2),),
        labels=immutabledict({"pool": "gpu"}),
        taints=(taint, Taint("soft", "", Effect.PREFER_NO_SCHEDULE)),
    )
    amounts = parse_amounts({"cpu": "4"})
    plain = PodShape(amounts)
    tolerating = PodShape(amounts, tolerations=(Toleration("gpu", "Exists"),))
    selecting = PodShape(amounts, immutabledict({"pool": "gpu"}), tolerations=(Toleration("gpu", "Exists"),))
    avoiding = PodShape(
        amounts,
        node_affinity=((Expr("pool", Operator.NOT_IN, ("gpu",)),), (Expr("pool", Operator.IN, ("none",)),)),
        tolerations=(Toleration("gpu", "Exists"),),
    )
    books = Books([cluster("a", node("8"), gpu)], plain, tolerating, selecting, avoiding)
    assert [books.room(size) for size in (plain, tolerating, selecting, avoiding)] == [[2], [6], [4], [2]]


def test_a_node_that_is_not_schedulable_holds_nothing() -> None:
    size = pod(cpu="1")
    closed = NodeShape(1, parse_amounts({"cpu": "8"}), parse_amounts({"cpu": "8"}), (), schedulable=False)
    assert Books([cluster("a", closed)], size).room(size) == [0]


def test_pods_are_laid_on_the_least_allocated_node_as_the_default_profile_does() -> None:
    one, four = pod(cpu="1"), pod(cpu="4")
    # 4, 4 and 8 cpu. Spread evenly by share, four pods of 1 leave 3, 3 and 6: room for one of 4. Packed, they would
    # leave two.
    books = Books([cluster("a", node("4", count=2), node("8", memory="64Gi"))], one, four)
    books.take(0, (one, 4))
    assert books.room(four) == [1]


def test_what_finds_no_node_takes_nothing() -> None:
    big, small = pod(cpu="6"), pod(cpu="2")
    books = Books([cluster("a", node("8"))], big, small)
    books.take(0, (big, 5))
    assert (books.room(big), books.room(small)) == ([0], [1])


def test_several_sizes_fit_together_only_if_one_layout_has_them_all() -> None:
    big, small = pod(cpu="6"), pod(cpu="2")
    books = Books([cluster("a", node("8", count=2))], big, small)
    assert books.room(big) == [2]
    assert books.room(small) == [8]
    assert books.holds((big, 2), (small, 2))
    assert not books.holds((big, 2), (small, 3))


def test_first_fit_decreasing_is_tried_where_spreading_leaves_a_pod_out() -> None:
    # 4 + 3 + 3 on nodes of 4 and 6: spread, the 4 goes to the node of 6 and leaves 2.
    four, three = pod(cpu="4"), pod(cpu="3")
    assert Books([cluster("a", node("4"), node("6"))], four, three).holds((four, 1), (three, 2))


def test_pending_pods_take_from_the_nodes_with_the_most_free() -> None:
    size = pod(cpu="4")
    pending = cluster("a", node("8", count=2), pending=parse_amounts({"cpu": "5"}))
    assert Books([pending], size).room(size) == [2]


def test_changes_of_one_cluster_leave_the_others_alone() -> None:
    one, two = pod(cpu="1"), pod(cpu="2")
    books = Books([cluster(name, node("8")) for name in "abc"], one, two)
    assert books.room(one) == [8, 8, 8]
    books.take(1, (two, 3))
    assert (books.room(one), books.room(two)) == ([8, 2, 8], [4, 1, 4])


def test_the_share_that_is_free_is_that_of_the_scarcer_of_cpu_and_memory() -> None:
    size = pod(cpu="2", memory="24Gi")
    books = Books([cluster("a", node("8")), cluster("b", node("16", memory="48Gi")), cluster("c")], size)
    # a: 6/8 cpu, 8/32Gi. b: 14/16 cpu, 24/48Gi. Unknown: nothing.
    assert list(books.ledger.share_free([(size, 1)])) == [25, 50, 0]
    assert list(books.ledger.share_free([(size, 1000)])) == [0, 0, 0]


@pytest.mark.parametrize(
    ("nodes", "size", "count"),
    [
        ([node("8", memory="7Ei")], {"memory": "1"}, 1),
        ([node("8", count=3, memory="4Ei")], {"memory": "4Ei"}, 1),
        ([node("9E", count=5000)] * 40, {"cpu": "1m"}, 1),
        ([node("8", count=2**40)], {"cpu": "1"}, 1),
        ([node("8")], {"cpu": "1P"}, 10_000_000),
        ([node("8")], {"memory": "7Ei"}, 10_000_000),
        ([node("8", **{"example.com/a": "9E"}, count=9)] * 9, {"example.com/a": "9E"}, 10),
    ],
)
def test_figures_that_no_machine_has_overflow_nothing(nodes: list[NodeShape], size: dict[str, str], count: int) -> None:
    asked, one = PodShape(parse_amounts(size)), pod(cpu="1")
    books = Books([cluster("a", *nodes), cluster("b", node("8"))], asked, one)
    with np.errstate(all="raise"):
        books.holds((asked, count), (one, 1))
        books.take(0, (asked, count), (one, 1))
        assert 0 <= books.room(asked)[0] <= UNBOUNDED
        assert all(0 <= share <= 100 for share in books.ledger.share_free([(asked, count)]))
    assert books.room(one)[1] == 8


def test_what_is_placed_keeps_no_picture_of_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each of 10,000 placements would be most of the memory of a plan."""
    pictures: list[Ledger] = []
    real = Ledger.picture

    def counted(self: Ledger) -> Ledger:
        pictures.append(self)
        return real(self)

    monkeypatch.setattr(Ledger, "picture", counted)
    clusters = [cluster(f"c{number}", node("8")) for number in range(4)]
    asked = [request(f"p{number:02}", 1, best(2), size=pod(cpu="100m")) for number in range(20)]
    made = plan(clusters, asked)
    assert not any(decision.unplaced for decision in made.decisions)
    assert pictures == []
    # Scores tell what was free when they ranked, also when they are asked for after everything is booked.
    first, *_, last = (decision.candidates[0].scores[-1].value for decision in made.decisions)
    assert first > last


def test_what_stands_alike_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = [cluster(f"c{number:02}", node("8", 40)) for number in range(20)]
    asked = [request(f"p{number:02}", 2, ALL, size=pod(cpu="100m")) for number in range(10)]
    made = plan(clusters, asked)
    standing = {decision.placement: Previous(decision.bindings) for decision in made.decisions}
    read: list[int] = []
    real = Standings._of

    def counted(self: Standings, bindings: tuple[Binding, ...]) -> Standing | None:
        read.append(len(bindings))
        return real(self, bindings)

    monkeypatch.setattr(Standings, "_of", counted)
    again = plan(clusters, asked, standing)
    assert all(one.bindings is standing[one.placement].bindings for one in again.decisions)
    assert read == [20]
