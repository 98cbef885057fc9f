"""What preview shows is what up does; what does not change is not touched."""

import json

import pytest

pytestmark = pytest.mark.engine

WEB = 'fleet.placement("web", manifests=[NAMESPACE, deployment(replicas={n})], policy=PickN(2), replicas=Divided())'


def test_preview_shows_the_decision_and_writes_nothing(stack):
    stack.write(WEB.format(n=3))
    before = stack.events()
    shown = stack.preview()
    assert "1 placement on 2 of 3 clusters, all placed" in shown
    assert "eu-1 0 -> 2, eu-2 0 -> 1" in shown
    assert '"eu-1 x2, eu-2 x1"' in shown
    assert stack.writes(before) == []


def test_up_does_what_preview_showed_and_a_second_one_writes_nothing(stack):
    stack.write(WEB.format(n=3))
    preview = json.loads(stack.run("preview", "--json").stdout)
    shown = [
        step["newState"]["inputs"]["to:web"] for step in preview["steps"] if step["urn"].endswith("Schedule::shop")
    ]
    stack.up()
    assert shown == [{"eu-1": {"Deployment/shop/web": 2}, "eu-2": {"Deployment/shop/web": 1}}]
    assert stack.replicas("web") == {"eu-1": 2, "eu-2": 1}
    before = stack.events()
    again = stack.run("up", "--yes").stdout
    assert "unchanged" in again
    assert "to update" not in again
    assert stack.writes(before) == []


def test_a_saved_plan_passes_when_nothing_changed_and_is_refused_when_the_decision_did(stack):
    stack.write(WEB.format(n=3))
    stack.run("preview", "--save-plan", "plan.json")
    stack.run("up", "--yes", "--skip-preview", "--plan", "plan.json")
    assert stack.replicas("web") == {"eu-1": 2, "eu-2": 1}

    stack.write(WEB.format(n=4))
    stack.run("preview", "--save-plan", "plan.json")
    for node in ("us-1-0-0", "us-1-0-1", "eu-2-0-0", "eu-2-0-1", "eu-2-0-2", "eu-1-0-0"):
        cluster = node.rsplit("-", 2)[0]
        stack.kubectl(cluster, "cordon", node)
    try:
        stack.kubectl("eu-1", "cordon", "eu-1-0-1", "eu-1-1-0", "eu-1-1-1")
        refused = stack.run("up", "--yes", "--skip-preview", "--plan", "plan.json", code=-1)
        assert "violates plan" in refused.stdout + refused.stderr
        assert stack.replicas("web") == {"eu-1": 2, "eu-2": 1}
    finally:
        for cluster in ("eu-1", "eu-2", "us-1"):
            names = stack.kubectl(cluster, "get", "nodes", "-o", "name").split()
            stack.kubectl(cluster, "uncordon", *names)


CREATES_A_MEMBER = """
import pulumi.dynamic
class Maker(pulumi.dynamic.ResourceProvider):
    def create(self, props):
        return pulumi.dynamic.CreateResult("made", {"context": props["wanted"]})
class Made(pulumi.dynamic.Resource):
    context: pulumi.Output[str]
    def __init__(self, wanted):
        super().__init__(Maker(), "made", {"wanted": wanted, "context": None})
fleet.member("eu-1", context=Made("eu-1").context)
fleet.member("eu-2", context="eu-2")
"""


def test_a_member_that_is_created_in_the_same_program_is_planned_and_then_used(stack):
    stack.write(WEB.format(n=3), members=CREATES_A_MEMBER)
    stack.run("preview", "--save-plan", "plan.json")
    text = stack.run("up", "--yes").stdout
    assert "1 placement on 2 of 2 clusters, all placed" in text
    assert stack.replicas("web") == {"eu-1": 2, "eu-2": 1}
    assert "to update" not in stack.run("preview").stdout


CHANGES_AFTER_ITS_PREVIEW = """
import subprocess
if not pulumi.runtime.is_dry_run():
    for context in ("eu-1", "eu-2"):
        subprocess.run(["kubectl", "--context", context, "cordon", "-l", "kubernetes.io/os"], check=True)
"""


def test_a_fleet_that_changes_between_preview_and_update_of_one_up_stops_it(stack):
    stack.write(WEB.format(n=3) + CHANGES_AFTER_ITS_PREVIEW)
    before = stack.events()
    try:
        stopped = stack.run("up", "--yes", code=-1).stdout
        assert "the fleet changed since this preview; nothing was changed. Run `pulumi up` again" in stopped
        assert "web: shown on eu-1 x2, eu-2 x1, now on us-1 x3" in stopped
        assert not [write for write in stack.writes(before) if write[2] != "nodes"]
        again = stack.run("up", "--yes").stdout
        assert "1 placement on 1 of 3 clusters" in again
        assert stack.replicas("web") == {"us-1": 3}
    finally:
        for cluster in ("eu-1", "eu-2"):
            stack.kubectl(cluster, "uncordon", "-l", "kubernetes.io/os")


def test_two_previews_in_a_row_are_the_same_though_pods_come_and_go(stack, two_runs):
    stack.write(WEB.format(n=3))
    stack.up()
    first = two_runs(stack)
    stack.kubectl("us-1", "create", "deployment", "noise", "--image=noise", "--replicas=5")
    stack.kubectl("eu-1", "create", "deployment", "noise", "--image=noise", "--replicas=5")
    try:
        assert two_runs(stack) == first
    finally:
        for cluster in ("us-1", "eu-1"):
            stack.kubectl(cluster, "delete", "deployment", "noise", "--wait=false")


def test_more_replicas_are_only_added(stack):
    stack.write(WEB.format(n=3))
    stack.up()
    before = stack.replicas("web")
    stack.write(WEB.format(n=7))
    stack.up()
    after = stack.replicas("web")
    assert sum(after.values()) == 7
    assert all(after[cluster] >= count for cluster, count in before.items())


def test_every_resource_names_its_schema_and_has_the_same_small_provider_in_every_run(stack):
    stack.write(WEB.format(n=3))
    stack.up()
    ours = [item for item in stack.state() if "dynamic/kubefleet:" in item["type"]]
    providers = {item["type"]: item["outputs"]["__provider"] for item in ours}
    assert len(providers) == 5
    assert all(len(text) < 120 for text in providers.values())
    assert all(item["outputs"]["schema"] == 1 for item in ours)
    stack.write(WEB.format(n=4))
    stack.up()
    later = {item["type"]: item["outputs"]["__provider"] for item in stack.state() if item["type"] in providers}
    assert later == providers
