"""Objects that differ from cluster to cluster, in previews and on clusters."""

import json

import pytest

pytestmark = pytest.mark.engine

WEB = """
fleet.placement("web", manifests=[NAMESPACE, config_map(color="blue"), deployment()], strategy={strategy},
                overrides=[{overrides}])
"""
REGION = """Override(object="ConfigMap/settings", json_patch=[
    {"op": "add", "path": "/data/where", "value": "${cluster.name} in ${cluster.labels.region}"}])"""
IMAGE = """Override(clusters=Term(labels={"region": "us"}), object="Deployment/web", merge={"spec": {"template": {
    "spec": {"containers": [{"name": "web", "image": "web:us", "resources": None}]}}}})"""
LEFT_OUT = 'Override(clusters=["eu-2"], kind="ConfigMap", delete=True)'


def data(stack, cluster):
    text = stack.kubectl(cluster, "get", "cm", "settings", "-n", "shop", "--ignore-not-found", "-o", "json")
    return json.loads(text)["data"] if text else None


def container(stack, cluster):
    found = json.loads(stack.kubectl(cluster, "get", "deploy", "web", "-n", "shop", "-o", "json"))
    return found["spec"]["template"]["spec"]["containers"][0]


def program(stack, *overrides, members="", strategy="None"):
    stack.write(WEB.format(overrides=", ".join(overrides), strategy=strategy), members=members)


def test_each_cluster_gets_its_own_objects_and_a_second_up_finds_nothing(stack):
    program(stack, REGION, IMAGE, LEFT_OUT)
    stack.up()
    assert [data(stack, cluster) for cluster in ("eu-1", "eu-2", "us-1")] == [
        {"color": "blue", "where": "eu-1 in eu"},
        None,
        {"color": "blue", "where": "us-1 in us"},
    ]
    assert [container(stack, cluster)["image"] for cluster in ("eu-1", "us-1")] == ["web:1", "web:us"]
    assert not container(stack, "us-1").get("resources")
    before = stack.events()
    assert "to update" not in stack.run("up", "--yes").stdout
    assert stack.writes(before) == []


def test_a_changed_label_and_a_changed_rule_change_what_they_are_about(stack):
    program(stack, REGION, IMAGE)
    stack.up()
    members = "\n".join(
        f'fleet.member("{name}", context="{name}", labels={{"region": "{region}"}})'
        for name, region in {"eu-1": "eu", "eu-2": "nordic", "us-1": "us"}.items()
    )
    program(stack, REGION, IMAGE, members=members)
    assert "nordic" in stack.run("preview", "--diff").stdout
    before = stack.events()
    stack.up()
    assert data(stack, "eu-2") == {"color": "blue", "where": "eu-2 in nordic"}
    assert {write[0] for write in stack.writes(before)} == {"eu-2"}
    program(stack, REGION, IMAGE.replace("web:us", "web:us2"), LEFT_OUT, members=members)
    stack.up()
    assert container(stack, "us-1")["image"] == "web:us2"
    assert data(stack, "eu-2") is None
    program(stack, members=members)
    stack.up()
    assert data(stack, "us-1") == data(stack, "eu-2") == {"color": "blue"}
    assert container(stack, "us-1")["image"] == "web:1"


def test_a_rollout_that_counts_pods_goes_by_what_is_overridden(stack):
    strategy = """Override(clusters=["us-1"], object="Deployment/web",
        merge={"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}})"""
    program(stack, IMAGE, strategy="SpreadUpdate(min_available=8)")
    stack.up()
    program(stack, IMAGE.replace("web:us", "web:us2"), strategy, strategy="SpreadUpdate(min_available=8)")
    assert "web on us-1 takes down 3 pods at once by its own strategy" in stack.preview(code=-1)
    program(stack, IMAGE.replace("web:us", "web:us2"), strategy="SpreadUpdate(min_available=8)")
    before = stack.events()
    stack.up()
    assert container(stack, "us-1")["image"] == "web:us2"
    assert {write[0] for write in stack.writes(before)} == {"eu-1", "eu-2", "us-1"}


def test_everything_that_does_not_fit_is_told_in_the_preview_by_rule_and_path(stack):
    program(
        stack,
        REGION,
        """Override(object="ConfigMap/settings", clusters=["us-1", "eu-1"], json_patch=[
            {"op": "replace", "path": "/data/colour", "value": "red"}])""",
        """Override(object="Deployment/web", merge={"spec": {"replicas": 7}})""",
        """Override(object="ConfigMap/settings", json_patch=[
            {"op": "add", "path": "/data/t", "value": "${cluster.properties.energy}"}])""",
    )
    before = stack.events()
    text = stack.preview(code=-1)
    assert stack.writes(before) == []
    for line in (
        "placements.web.overrides[3].json_patch[0].value: `${cluster.properties.energy}`: cluster `us-1` has no",
        "placements.web.overrides[1].json_patch[0]: `v1/ConfigMap/shop/settings` on eu-1, us-1: `/data/colour` is not",
        "placements.web.overrides[2]: `apps/v1/Deployment/shop/web` on eu-1, eu-2, us-1: the schedule decides the repl",
    ):
        assert line in text


def test_a_rule_by_property_and_an_output_in_it(stack):
    program(
        stack,
        """Override(clusters=Term(properties=[Prop("tier").eq("gold")]), object="ConfigMap/settings", merge={
            "data": {"color": pulumi.Output.from_input("gold of ${cluster.properties.tier}")}})""",
        members='fleet.member("eu-1", context="eu-1", properties={"tier": "gold"})\n'
        'fleet.member("us-1", context="us-1", properties={"tier": "iron"})',
    )
    stack.up()
    assert [data(stack, cluster)["color"] for cluster in ("eu-1", "us-1")] == ["gold of gold", "blue"]


LARGE = """Override(clusters=Term(labels={"region": "us"}), object="Deployment/web", merge={"spec": {"template": {
    "spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "${cluster.properties.cpu}"}}}]}}}})"""


def test_pods_that_an_override_makes_larger_have_to_fit_as_they_are(stack):
    members = "\n".join(
        f'fleet.member("{name}", context="{name}", labels={{"region": "{name[:2]}"}}, properties={{"cpu": "{cpu}"}})'
        for name, cpu in {"eu-1": "6", "us-1": "9"}.items()
    )
    body = f"""
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=9)], policy=PickN(2), replicas=Divided(),
                overrides=[{LARGE}])
"""
    # Two nodes of 16 cpus hold one pod of 9 each.
    stack.write(body, members=members)
    stack.up()
    assert stack.replicas("web") == {"eu-1": 7, "us-1": 2}
    assert container(stack, "us-1")["resources"]["requests"]["cpu"] == "9"
    assert "to update" not in stack.run("up", "--yes").stdout

    # A copy of three finds no room there, and the preview says why.
    stack.write(body.replace("replicas=Divided(),", "").replace("replicas=9", "replicas=3"), members=members)
    assert "room for 2 of 3 pods (as it is overridden there)" in stack.preview()
