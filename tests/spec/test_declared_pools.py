"""Node pools as users write them, in both spellings."""

from pathlib import Path
from typing import Any

import pytest

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.node_pool import NodePool
from kubefleet.spec.fleet_file import load_fleet_file
from kubefleet.spec.member import parse_member
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling
from pulumi_kubefleet._record import plain
from pulumi_kubefleet.node_pools import NodePool as Written
from pulumi_kubefleet.terms import Taint

pytestmark = pytest.mark.fast

SIZE = {"cpu": "8", "memory": "32Gi"}


def parse(*pools: Any) -> tuple[tuple[NodePool, ...], list[str]]:
    mistakes: list[Mistake] = []
    member = parse_member("eu-1", {"node_pools": plain(list(pools))}, "members.eu-1", Spelling.PYTHON, mistakes)
    return () if member is None else member.node_pools, [str(mistake) for mistake in mistakes]


def test_a_pool_has_what_was_declared() -> None:
    written = Written(
        "gpu",
        count=2,
        max_count=5,
        allocatable={"cpu": 8, "memory": "32Gi"},
        capacity={"cpu": "9"},
        instance_type="X1",
        labels={"b": "2", "a": "1"},
        taints=[Taint("gpu", effect="NoSchedule")],
    )
    (pool,), mistakes = parse(written)
    assert mistakes == []
    assert (pool.name, pool.count, pool.max_count) == ("gpu", 2, 5)
    assert (pool.allocatable, pool.capacity) == (parse_amounts(SIZE), parse_amounts({"cpu": "9"}))
    assert [str(taint) for taint in pool.taints] == ["gpu:NoSchedule"]
    shape = pool.nodes(3)
    assert (shape.count, shape.instance_type, shape.free) == (3, "X1", ((parse_amounts(SIZE), 3),))
    assert dict(shape.labels) == {"a": "1", "b": "2", "node.kubernetes.io/instance-type": "X1"}


def test_what_is_left_out_is_one_node_that_stays_one() -> None:
    (pool,), _ = parse(Written("main", allocatable=SIZE))
    assert (pool.count, pool.max_count, pool.capacity) == (1, None, pool.allocatable)


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        (
            [Written("a", allocatable=SIZE, count=3, max_count=2)],
            "node_pools[0]: maximum 2 below the count (expected at least 3)",
        ),
        ([Written("a")], "node_pools[0].allocatable: missing field (expected a value for `allocatable`)"),
        ([Written("a", allocatable=SIZE, count=-1)], "node_pools[0].count: value `-1` is too small"),
        ([Written("a", allocatable={"cpu": "lots"})], "node_pools[0].allocatable.cpu: "),
        ([Written("a", allocatable=SIZE, maxcount=4)], "node_pools[0].maxcount: unknown field `maxcount`"),
        ([Written("", allocatable=SIZE)], "node_pools[0].name: empty text"),
        ([Written("a", allocatable=5)], "node_pools[0].allocatable: bad value `5` (expected a mapping of fields)"),  # type: ignore[arg-type]
        (
            [Written("a", allocatable=SIZE), Written("a", allocatable=SIZE)],
            "node_pools: `a` is there twice (expected once). Rename or remove one.",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_mistake_by_path(pools: list[Any], message: str) -> None:
    found, (mistake,) = parse(*pools)
    assert found == ()
    assert mistake.startswith(f"members.eu-1.{message}")


def test_all_mistakes_of_all_pools_are_told_at_once() -> None:
    _, mistakes = parse(Written("a", allocatable=SIZE, maxCount=5), Written("b", count=1.5))  # type: ignore[arg-type]
    assert [mistake.partition(": ")[0].removeprefix("members.eu-1.node_pools") for mistake in mistakes] == [
        "[0].maxCount",
        "[1].count",
        "[1].allocatable",
    ]
    assert "Did you mean `max_count`?" in mistakes[0]


def test_a_file_has_pools_in_its_own_spelling(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "clusters:\n- name: eu-1\n  state: planned\n"
        '  nodePools: [{name: a, count: 2, max_count: 3, allocatable: {cpu: "8"}}]\n'
    )
    with pytest.raises(MistakesError) as raised:
        load_fleet_file(file)
    (mistake,) = raised.value.mistakes
    assert mistake.path == "clusters.eu-1.nodePools[0].max_count"
    assert "Did you mean `maxCount`?" in mistake.message
