"""Affinities and spread groups in Pulumi: what a preview shows, and what two stacks know of one another."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Stack

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "05-affinity"


def test_a_preview_shows_who_is_beside_whom_and_who_keeps_apart(stack: Stack) -> None:
    shutil.copytree(EXAMPLE / "k8s", stack.folder / "k8s")
    shutil.copy(EXAMPLE / "__main__.py", stack.folder)
    preview = stack.preview()
    for line in (
        "server on eu-1, us-1; 3/3 clusters fit",
        "cache on eu-1, us-1; 2/3 clusters fit: 1 not beside server",
        "db-b on us-1; 1/3 clusters fit: 2 not apart from app=db in its region",
        "all placed",
    ):
        assert line in preview
    mistaken = (EXAMPLE / "__main__.py").read_text().replace("Affinity(server)", 'Affinity("sever")')
    (stack.folder / "__main__.py").write_text(mistaken)
    told = stack.preview(code=-1)
    assert "placements.cache.policy.affinity[0].placements.names: unknown placement `sever`" in told
    assert "Did you mean `server`?" in told


@pytest.fixture
def other(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second stack on the same clusters, destroyed first."""
    made = Stack(tmp_path_factory.mktemp("other"), stack.pulumi, stack.lab)
    made.write("")
    stack.pulumi.init("dev", cwd=made.folder)
    yield made
    assert stack.pulumi.run("destroy", "--yes", cwd=made.folder).code == 0


def test_what_another_stack_has_placed_is_a_neighbour_by_name_and_by_label(stack: Stack, other: Stack) -> None:
    stack.write(
        'fleet.placement("db", manifests=[NAMESPACE, deployment("db", 1)], labels={"tier": "db"}, '
        'policy=PickN(1, required=[Term(label_expressions=[Label("region").in_("us")])], '
        'anti_affinity=[Affinity({"labels": {"load": "heavy"}})]))'
    )
    stack.up()
    other.write(
        'fleet.placement("cache", manifests=[NAMESPACE, deployment("cache", 1)], '
        'policy=PickN(1, affinity=[Affinity("shop/db")]))\n'
        'fleet.placement("batch", manifests=[NAMESPACE, deployment("batch", 1)], '
        'policy=PickN(3, anti_affinity=[Affinity({"labels": {"tier": "db"}})]))\n'
        'fleet.placement("load", manifests=[NAMESPACE, deployment("load", 1)], labels={"load": "heavy"}, '
        "policy=PickN(3))"
    )
    other.up()
    assert other.plan() == {"batch": "eu-1, eu-2", "cache": "us-1", "load": "eu-1, eu-2"}
