"""Many small placements do not all run to the emptiest cluster, and no order of anything decides."""

from itertools import permutations

import pytest
from makers import best, cluster, counts, divided, node, plan, pod, request

from kubefleet.model.cluster import Cluster
from kubefleet.model.decision import Plan, Previous

pytestmark = pytest.mark.fast

ONE_CPU = pod(cpu="1", memory="1Gi")


def fleet(*cpus: str) -> list[Cluster]:
    return [cluster(name, node(cpu)) for name, cpu in zip("abcdef", cpus, strict=False)]


def loads(made: Plan) -> dict[str, int]:
    total: dict[str, int] = {}
    for decision in made.decisions:
        for name, count in counts(decision).items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def fifteen(**fields: object) -> list:
    return [request(f"p{number:02}", 1, best(1), size=ONE_CPU, **fields) for number in range(15)]


def test_fifteen_placements_of_one_replica_do_not_stampede_to_the_emptiest_cluster() -> None:
    # c is a little larger, and would be the best for every one of them alone.
    assert loads(plan(fleet("32", "32", "34"), fifteen())) == {"a": 5, "b": 5, "c": 5}


def test_they_fill_clusters_in_proportion() -> None:
    asked = [request(f"p{number:02}", 1, best(1), size=pod(cpu="1")) for number in range(14)]
    assert loads(plan(fleet("16", "32", "64"), asked)) == {"a": 2, "b": 4, "c": 8}


def test_equal_requests_spread_over_equal_clusters() -> None:
    assert loads(plan(fleet("32", "32", "32", "32", "32"), fifteen())) == dict.fromkeys("abcde", 3)


def test_equal_requests_of_two_clusters_each_spread() -> None:
    asked = [request(f"p{number}", 1, best(2), size=ONE_CPU) for number in range(6)]
    assert loads(plan(fleet("32", "32", "32", "32"), asked)) == dict.fromkeys("abcd", 3)


def test_divided_requests_spread_too() -> None:
    asked = [divided(f"p{number}", 2, best(1), size=ONE_CPU) for number in range(6)]
    assert loads(plan(fleet("32", "32", "32"), asked)) == dict.fromkeys("abc", 4)


def test_the_order_of_clusters_in_the_file_decides_nothing() -> None:
    clusters = fleet("16", "24", "32", "64")
    made = plan(clusters, fifteen())
    for order in permutations(clusters):
        assert plan(order, fifteen()) == made


def test_the_order_of_placements_decides_nothing() -> None:
    asked = [*fifteen(), divided("big", 20, best(2), size=ONE_CPU), request("high", 3, best(1), priority=1)]
    made = plan(fleet("16", "24", "32"), asked)
    for start in range(len(asked)):
        assert plan(fleet("16", "24", "32"), [*asked[start:], *asked[:start]]) == made


def test_the_next_up_moves_none_of_them() -> None:
    first = plan(fleet("32", "32", "34"), fifteen())
    again = plan(fleet("32", "32", "34"), fifteen(), {d.placement: Previous(d.bindings) for d in first.decisions})
    assert (again.moves, loads(again)) == ((), loads(first))
