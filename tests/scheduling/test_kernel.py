"""The compiled inner loops decide exactly as the numpy ones, which are used where nothing was compiled."""

from random import Random

import numpy as np
import pytest
from makers import ALL, NOW, best, cluster, node, pod, request

from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling import kernel, least_allocated, schedule
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.ledger import Ledger

pytestmark = [
    pytest.mark.fast,
    pytest.mark.skipif(kernel.built is None, reason="no compiler was there when the package was installed"),
]


def _sizes(random: Random) -> list[PodShape]:
    return [pod(cpu=f"{random.randint(0, 40) * 100}m", memory=f"{random.randint(0, 40) * 100}Mi") for _ in range(5)]


def _snapshot(random: Random) -> Snapshot:
    def nodes() -> list[NodeShape]:
        return [node(random.choice("248"), random.randint(1, 9)) for _ in range(random.randint(0, 4))]

    return Snapshot(NOW, tuple(cluster(f"c{number}", *nodes()) for number in range(6)))


@pytest.mark.parametrize("seed", range(40))
def test_pods_are_laid_on_the_same_nodes_and_leave_the_same_room(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    sizes, columns = _sizes(random), Columns(_snapshot(random))
    ledgers = [(kernel.built, Ledger(columns, sizes)), (None, Ledger(columns, sizes))]
    for _ in range(15):
        size, rows = random.choice(sizes), np.array(sorted(random.sample(range(6), random.randint(1, 6))))
        pods = np.array([random.choice((0, 1, 3, 7, 30, 200)) for _ in rows])
        seen = []
        for loops, ledger in ledgers:
            monkeypatch.setattr(kernel, "built", loops)
            ledger.take(rows, [(size, pods)])
            rooms = [ledger.room(other).tolist() for other in sizes]
            free = ledger.most_free(size, "cpu").tolist()
            bounds = [ledger.room_bounds(other, columns.places) for other in sizes]
            assert all((most >= room).all() for most, room in zip(bounds, rooms, strict=True))
            seen.append((rooms, free, ledger.share_free([(size, 7)]).tolist()))
        assert seen[0] == seen[1]


@pytest.mark.parametrize("seed", range(25))
def test_fleets_get_the_same_plan(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    snapshot, sizes = _snapshot(random), _sizes(random)
    asked = [
        request(
            f"p{number:02}",
            random.randint(1, 9),
            random.choice((ALL, best(random.randint(1, 5)))),
            size=random.choice(sizes),
            divided=Divided(random.choice(list(DivideBy))) if number % 2 else None,
        )
        for number in range(10)
    ]
    compiled = schedule(snapshot, asked, {})
    monkeypatch.setattr(kernel, "built", None)
    assert schedule(snapshot, asked, {}) == compiled


def test_arrays_that_do_not_go_together_are_refused() -> None:
    columns = Columns(_snapshot(Random(1)))
    size = pod(cpu="1")
    ledger = Ledger(columns, [size])
    with pytest.raises(ValueError, match="go together"):
        least_allocated.lay(ledger._nodes, np.array([99]), ledger._sizes[size], np.array([1]))
