"""What fails stays small, and is mended by the next up."""

import json

import pytest

pytestmark = pytest.mark.engine

FOREIGN = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "taken", "namespace": "default"},
    "data": {"color": "red"},
}
PLACEMENT = 'fleet.placement("p{n}", manifests=[{{**config_map("p{n}"), "data": {{"n": "{n}"}}}}, NAMESPACE])'


def settings(stack, cluster, name):
    text = stack.kubectl(cluster, "get", "cm", name, "-n", "shop", "--ignore-not-found", "-o", "json")
    return json.loads(text)["data"] if text else None


def test_of_five_placements_one_fails_in_one_line_and_four_are_finished(stack):
    stack.kubectl("eu-2", "apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=json.dumps(FOREIGN))
    bad = f'fleet.placement("bad", manifests=[{ {**FOREIGN, "data": {"color": "blue"}}!r}], policy=PickFixed("eu-2"))'
    four = "\n".join(PLACEMENT.format(n=n) for n in range(4))
    stack.write(f"{four}\n{bad}")
    try:
        text = stack.up(code=-1)
        assert text.count("bad/all failed: eu-2: nothing applied: ConfigMap default/taken belongs to `helm`") == 1
        assert "4 of 5 placements are finished" in text
        for n in range(4):
            assert [settings(stack, cluster, f"p{n}") for cluster in ("eu-1", "eu-2", "us-1")] == [{"n": str(n)}] * 3
    finally:
        stack.kubectl("eu-2", "delete", "cm", "taken", "-n", "default")
    before = stack.events()
    stack.up()
    assert {write[3] for write in stack.writes(before) if write[2] == "configmaps"} >= {"taken"}
    assert not {write[3] for write in stack.writes(before)} & {"p0", "p1", "p2", "p3"}


def test_reverting_the_program_after_a_failed_up_restores_the_clusters(stack):
    good = 'fleet.placement("web", manifests=[NAMESPACE, config_map(a="1"), deployment()], policy=PickN(2))'
    broken = good.replace('a="1"', 'a="2"').replace("deployment()", "other_selector(deployment())")
    stack.write(good)
    stack.up()
    stack.write(
        "def other_selector(item):\n"
        "    return {**item, 'spec': {**item['spec'], 'selector': {'matchLabels': {'app': 'x'}}}}\n"
        f"{broken}"
    )
    text = stack.up(code=-1)
    assert "web/all failed" in text
    assert "spec.selector" in text
    touched = [cluster for cluster in ("eu-1", "eu-2", "us-1") if settings(stack, cluster, "settings") == {"a": "2"}]
    assert touched
    stack.write(good)
    stack.up()
    assert [settings(stack, cluster, "settings") for cluster in ("eu-1", "eu-2")] == [{"a": "1"}] * 2
    assert "to update" not in stack.run("preview").stdout


def test_a_target_on_one_new_placement_is_held_and_the_next_plain_up_places_it(stack):
    stack.write(PLACEMENT.format(n=1))
    stack.up()
    stack.write(f"{PLACEMENT.format(n=1)}\n{PLACEMENT.format(n=2)}")
    project = stack.folder.name
    parents = "kubefleet:index:Fleet$kubefleet:index:Placement"
    targets = [
        f"urn:pulumi:dev::{project}::{parents}::shop/p2",
        f"urn:pulumi:dev::{project}::{parents}$pulumi-python:dynamic/kubefleet:*::shop/p2*",
    ]
    before = stack.events()
    done = stack.run("up", "--yes", "--skip-preview", *(word for urn in targets for word in ("--target", urn)))
    assert "not planned in this run" in done.stdout + done.stderr
    assert stack.writes(before) == []
    stack.up()
    assert settings(stack, "eu-1", "p2") == {"n": "2"}


def test_a_renamed_placement_converges_in_two_ups_on_a_full_fleet(stack):
    """Three clusters whose memory is all but used up: there is no room for a second copy beside the first."""
    placement = (
        'fleet.placement("{name}", manifests=[NAMESPACE, deployment("web", replicas={n}, cpu="{cpu}")], '
        "replicas=Divided())"
    )
    stack.write(placement.format(name="old", n=12, cpu="3"))
    stack.up()
    assert sum(stack.replicas("web").values()) == 12
    stack.write(placement.format(name="new", n=12, cpu="3"))
    first = stack.up()
    assert "held: owned by shop/old, freed at the end of this `pulumi up`. Run it again" in first
    stack.up()
    assert sum(stack.replicas("web").values()) == 12
    assert stack.plan().keys() == {"new"}
    before = stack.events()
    assert "to update" not in stack.run("up", "--yes").stdout
    assert stack.writes(before) == []


def test_renaming_the_stack_changes_nothing(stack):
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(), deployment()], replicas=Divided())')
    stack.up()
    stack.run("stack", "rename", "prod")
    before = stack.events()
    text = stack.run("up", "--yes").stdout
    assert "to update" not in text
    assert "to create" not in text
    assert stack.writes(before) == []
