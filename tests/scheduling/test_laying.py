"""Pods laid on many clusters at once stand as if each cluster were alone."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from immutabledict import immutabledict
from makers import NOW, cluster, node, pod

from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.ledger import Ledger

pytestmark = pytest.mark.fast


def test_first_fit_is_tried_on_every_cluster_where_spreading_leaves_a_pod_out() -> None:
    # Spread, the 4 goes to the node of 6; packed, it splits the two of 4, for which the table has to become wider.
    four, three = pod(cpu="4"), pod(cpu="3")
    clusters = tuple(cluster(name, node("4", count=2), node("6")) for name in "abc")
    ledger = Ledger(Columns(Snapshot(NOW, clusters)), [four, three])
    demands = [(four, np.array([1, 1, 1])), (three, np.array([3, 3, 4]))]
    assert ledger.holds(np.arange(3), demands).tolist() == [True, True, False]


def test_of_pods_of_one_size_those_come_first_that_the_fewest_nodes_accept() -> None:
    anywhere, in_x = pod(cpu="1"), replace(pod(cpu="1"), node_selector=immutabledict({"zone": "x"}))
    found = cluster("a", node("2", labels={"zone": "x"}), node("1"))
    for pods in ([anywhere, in_x], [in_x, anywhere]):
        ledger = Ledger(Columns(Snapshot(NOW, (found,))), pods)
        demands = [(size, np.array([2 if size is in_x else 1])) for size in pods]
        assert ledger.holds(np.arange(1), demands).tolist() == [True]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_laid_together_stands_as_if_laid_cluster_by_cluster(seed: int) -> None:
    random = Random(seed)
    sizes = [pod(cpu=f"{random.randint(1, 40) * 100}m", memory=f"{random.randint(1, 40) * 100}Mi") for _ in range(4)]
    clusters = tuple(
        cluster(f"c{number}", *(node(random.choice("248"), random.randint(1, 9)) for _ in range(random.randint(1, 4))))
        for number in range(5)
    )
    columns = Columns(Snapshot(NOW, clusters))
    together, apart = Ledger(columns, sizes), Ledger(columns, sizes)
    for _ in range(15):
        size, pods = random.choice(sizes), np.array([random.choice((0, 1, 3, 30)) for _ in clusters])
        together.take(np.arange(5), [(size, pods)])
        for place in random.sample(range(5), 5):
            apart.take(np.array([place]), [(size, pods[place : place + 1])])
            # Room that is counted in between may not matter either.
            apart.room(random.choice(sizes))
        looked_at = random.choice(sizes)
        assert together.room(looked_at).tolist() == apart.room(looked_at).tolist()
        wanted = np.array([random.randint(0, 20) for _ in clusters])
        assert together.reaches(looked_at, wanted).tolist() == (apart.room(looked_at) >= wanted).tolist()


@pytest.mark.parametrize("seed", range(30))
def test_pods_of_several_sizes_are_held_where_laying_them_leaves_none_out(seed: int) -> None:
    random = Random(seed)
    sizes = [pod(cpu=f"{random.randint(1, 30) * 100}m", memory=f"{random.randint(0, 30) * 100}Mi") for _ in range(3)]
    clusters = tuple(
        cluster(f"c{number}", *(node(random.choice("248"), random.randint(1, 9)) for _ in range(random.randint(0, 4))))
        for number in range(8)
    )
    columns = Columns(Snapshot(NOW, clusters))
    for _ in range(5):
        ledger, places = Ledger(columns, sizes), np.arange(8)
        # What was laid before makes what is known of the room a bound only.
        ledger.take(places, [(random.choice(sizes), np.array([random.randint(0, 30) for _ in places]))])
        some = [random.choice(sizes) for _ in range(random.randint(1, 3))]
        demands = [(size, np.array([random.choice((0, 1, 4, 12)) for _ in places])) for size in some]
        held, laid = ledger.holds(places, demands), ledger.fork(sizes)
        laid.crowded[:] = False
        laid.take(places, demands)
        assert held.tolist() == (~laid.crowded).tolist()
