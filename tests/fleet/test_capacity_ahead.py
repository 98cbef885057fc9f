"""Capacity that is not there yet, or that others have booked: clusters that a program creates, and two stacks."""

import json
import time
from collections.abc import Iterator

import pytest

from conftest import Stack
from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

CREATES_A_MEMBER = """
import pulumi.dynamic
class Maker(pulumi.dynamic.ResourceProvider):
    def create(self, props):
        return pulumi.dynamic.CreateResult("made", {{"context": props["wanted"]}})
class Made(pulumi.dynamic.Resource):
    context: pulumi.Output[str]
    def __init__(self, wanted):
        super().__init__(Maker(), "made", {{"wanted": wanted, "context": None}})
POOL = NodePool("main", count=4, max_count=6, instance_type="Standard_D8s_v5",
                allocatable={{"cpu": "8", "memory": "32Gi", "pods": 110}})
fleet.member("eu-1", context=Made("eu-1").context, node_pools=[POOL{more}])
"""
WEB = """
four = Term(properties=[Prop("node-count").at_least(4), Prop("sku/Standard_D8s_v5/count").at_least(4)])
fleet.placement("web", manifests=[NAMESPACE, deployment("web", {n}, cpu="4")],
                policy=PickN(1, required=[four]), replicas=Divided())
"""


def test_a_preview_counts_the_pools_of_a_cluster_that_is_still_to_be_created(stack: Stack) -> None:
    stack.write(WEB.format(n=11), members=CREATES_A_MEMBER.format(more=""))
    text = stack.preview()
    # Four nodes of eight cpu hold eight pods of four.
    assert "1 placement on 1 of 1 cluster, all placed" in text
    assert "web on eu-1 needs +2 nodes of pool main" in text
    assert "web on eu-1 x11; 1/1 clusters fit" in text
    stack.write(WEB.format(n=14), members=CREATES_A_MEMBER.format(more=""))
    text = stack.preview()
    assert "web: 2 unplaced" in text
    assert "web on eu-1 x12" in text


def test_an_up_that_creates_the_cluster_does_what_its_preview_has_shown(stack: Stack) -> None:
    stack.write(WEB.format(n=8), members=CREATES_A_MEMBER.format(more=""))
    text = stack.run("up", "--yes").stdout
    assert "web on eu-1 x8; 1/1 clusters fit" in text
    assert "pool main" not in text
    assert stack.replicas("web") == {"eu-1": 8}
    assert "to update" not in stack.run("preview").stdout
    # The cluster is there, and may still grow by two.
    stack.write(WEB.format(n=11), members=CREATES_A_MEMBER.format(more=""))
    assert "web on eu-1 needs +2 nodes of pool main" in stack.preview()


def test_mistakes_in_pools_are_told_by_path(stack: Stack) -> None:
    stack.write(WEB.format(n=1), members=CREATES_A_MEMBER.format(more=', NodePool("gpu", count=2, max_count=1)'))
    text = stack.preview(code=-1)
    assert "members.eu-1.node_pools[1].allocatable: missing field (expected a value for `allocatable`)" in text


@pytest.fixture
def other(pulumi: PulumiEnvironment, quickstart_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second program with a stack of its own, on the same clusters."""
    folder = tmp_path_factory.mktemp("other")
    made = Stack(folder, pulumi, quickstart_lab)
    made.write("")
    pulumi.init("dev", cwd=folder)
    yield made
    destroyed = pulumi.run("destroy", "--yes", cwd=folder)
    assert destroyed.code == 0, destroyed.stdout + destroyed.stderr


ONE_MEMBER = 'fleet.member("eu-1", context="eu-1")'
PLACED = 'fleet.placement("{name}", manifests=[NAMESPACE, deployment("{name}", {n}, cpu="4")], replicas=Divided())'


def test_two_stacks_see_what_the_other_has_booked_and_not_started(stack: Stack, other: Stack) -> None:
    stack.write(PLACED.format(name="web", n=6), members=ONE_MEMBER)
    stack.up()
    # As in the middle of its rollout: the pods are promised, and not there.
    stack.kubectl("eu-1", "scale", "deployment", "web", "--namespace=shop", "--replicas=0")
    deadline = time.monotonic() + 60
    while json.loads(stack.kubectl("eu-1", "get", "pods", "--namespace=shop", "--output=json"))["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    other.write(PLACED.format(name="api", n=5).replace("NAMESPACE, ", ""), members=ONE_MEMBER)
    text = other.preview()
    # Of room for eight, six are booked.
    assert "api on eu-1 x2" in text
    assert "api: 3 unplaced" in text
    # Whoever booked them is credited with them.
    stack.write(PLACED.format(name="web", n=8), members=ONE_MEMBER)
    text = stack.preview()
    assert "web on eu-1 x8" in text
    assert "all placed" in text
    other.up()
    text = stack.preview()
    assert "web on eu-1 x6" in text
    assert "web: 2 unplaced" in text
