"""An up that is cut short at any moment is finished by the next one."""

import json
import random
import time

import psutil
import pytest

pytestmark = pytest.mark.engine

CLUSTERS = ("eu-1", "eu-2", "us-1")
TWO = (
    'fleet.placement("web", manifests=[NAMESPACE, config_map(n="1"), deployment(image="web:{n}")], '
    "replicas=Divided())\n"
    'fleet.placement("api", manifests=[NAMESPACE, config_map(n="1"), config_map("own", n="{n}"), '
    'deployment("api", replicas=1, image="api:{n}")], policy=PickN(2))'
)


def wait_until_applied(stack, name: str) -> None:
    """Returns once the Deployment is on some cluster: the command is in the middle of a stage then."""
    while not stack.replicas(name):
        time.sleep(0.2)


def deployments(stack, cluster):
    """Name -> (generation, image)."""
    text = stack.kubectl(cluster, "get", "deploy", "-n", "shop", "--ignore-not-found", "-o", "json")
    # kubectl says nothing at all of a list without objects then.
    found = json.loads(text or '{"items": []}')
    return {
        item["metadata"]["name"]: (
            item["metadata"]["generation"],
            item["spec"]["template"]["spec"]["containers"][0]["image"],
        )
        for item in found["items"]
    }


def owned(stack, cluster):
    """Everything on a cluster that says that it is a placement's, and its record."""
    text = stack.kubectl(cluster, "get", "namespaces,cm,deploy", "-A", "-o", "json")
    return sorted(
        f"{item['kind']}/{item['metadata']['name']}"
        for item in json.loads(text)["items"]
        if any(key.startswith("pulumi-kubefleet/") for key in item["metadata"].get("annotations") or {})
    )


def test_what_was_interrupted_saves_its_state_and_the_next_up_continues(stack, record_testsuite_property):
    web = 'fleet.placement("web", manifests=[NAMESPACE, deployment(cpu="{cpu}")], policy=PickN(2, fit="ignore"))'
    stack.write(web.format(cpu="900"))
    process = stack.pulumi.start("up", "--yes", "--skip-preview", cwd=stack.folder)
    try:
        wait_until_applied(stack, "web")
        began = time.monotonic()
        stack.pulumi.interrupt(process)
        rest, _ = process.communicate(timeout=120)
        record_testsuite_property("seconds from ^C to the end", round(time.monotonic() - began, 1))
    finally:
        stack.pulumi.end(process)
    assert process.returncode != 0
    assert "Traceback" not in rest
    assert {item["type"].split(":")[-1] for item in stack.state()} >= {"Ownership", "Schedule", "Stage"}
    stack.write(web.format(cpu="100m"))
    stack.up()
    assert stack.replicas("web") == {"eu-1": 3, "eu-2": 3}
    assert "to update" not in stack.run("preview").stdout


@pytest.mark.timeout(1500)
def test_killed_at_ten_moments_every_next_up_reaches_the_same_end(stack):
    moments = random.Random(7)
    stack.write(TWO.format(n=0))
    began = time.monotonic()
    stack.up()
    whole = time.monotonic() - began
    kept = {cluster: owned(stack, cluster) for cluster in CLUSTERS}
    before = {cluster: deployments(stack, cluster) for cluster in CLUSTERS}
    for n in range(1, 11):
        stack.write(TWO.format(n=n))
        process = stack.pulumi.start("up", "--yes", "--skip-preview", cwd=stack.folder)
        time.sleep(moments.uniform(0.1, 1) * whole)
        stack.pulumi.end(process)
        stack.pulumi.run("cancel", "--yes", cwd=stack.folder)
        stack.up()
        now = {cluster: deployments(stack, cluster) for cluster in CLUSTERS}
        for cluster in CLUSTERS:
            assert owned(stack, cluster) == kept[cluster]
            for name, (generation, image) in now[cluster].items():
                assert image == f"{name}:{n}"
                assert generation <= before[cluster][name][0] + 1
        before = now
    assert "to update" not in stack.run("preview").stdout


GOING_BACK = """
web = deployment(replicas=2, image="{image}")
web["spec"]["strategy"] = {{"type": "Recreate"}}
web["spec"]["template"]["metadata"]["annotations"] = {{
    "lab.pulumi-kubefleet/ready-after": "3s", "lab.pulumi-kubefleet/never-ready": "{never}"}}
fleet.placement("web", manifests=[NAMESPACE, config_map(of="{image}"), web], policy=PickAll(), strategy=StagedUpdate(
    [Stage("canary", selector={{"region": "eu"}}, max_concurrency=2)], on_failure="rollback", progress_deadline="10s"))
"""


def provider_of(process):
    """The process that Pulumi's engine runs the resources in."""
    children = {child: child.cmdline() for child in psutil.Process(process.pid).children(recursive=True)}
    found = [child for child in children if any("dynamic" in word for word in children[child])]
    assert len(found) == 1, children
    return found[0]


def test_a_provider_that_is_killed_in_the_middle_of_a_rollback_goes_back_the_next_time(stack):
    stack.write(GOING_BACK.format(image="web:1", never="false"))
    stack.up()
    kept = {cluster: owned(stack, cluster) for cluster in CLUSTERS}
    stack.write(GOING_BACK.format(image="web:2", never="true"))
    process = stack.pulumi.start("up", "--yes", "--skip-preview", cwd=stack.folder)
    try:
        until = time.monotonic() + 90
        while deployments(stack, "eu-1")["web"][1] != "web:2":
            assert time.monotonic() < until
            time.sleep(0.1)
        while deployments(stack, "eu-1")["web"][1] != "web:1":
            assert time.monotonic() < until
            time.sleep(0.1)
        # Its old pods are not back yet.
        provider_of(process).kill()
        rest, _ = process.communicate(timeout=120)
    finally:
        stack.pulumi.end(process)
    assert process.returncode != 0
    assert "rolled back" not in rest
    stack.pulumi.run("cancel", "--yes", cwd=stack.folder)
    # The same again fails again, and now all goes back; nothing of the first try is left over.
    assert "rolled back: eu-1, eu-2 to revision" in stack.up(code=-1)
    assert {deployments(stack, cluster)["web"][1] for cluster in CLUSTERS} == {"web:1"}
    assert {cluster: owned(stack, cluster) for cluster in CLUSTERS} == kept
    for cluster in CLUSTERS:
        assert stack.kubectl(cluster, "get", "secrets", "-n", "pulumi-kubefleet", "-o", "name") == ""
    stack.write(GOING_BACK.format(image="web:3", never="false"))
    stack.up()
    assert {deployments(stack, cluster)["web"][1] for cluster in CLUSTERS} == {"web:3"}
    assert "to update" not in stack.run("preview").stdout


def test_destroy_removes_what_a_killed_up_has_applied(stack):
    stack.write(TWO.format(n=0))
    process = stack.pulumi.start("up", "--yes", "--skip-preview", cwd=stack.folder)
    try:
        wait_until_applied(stack, "web")
    finally:
        stack.pulumi.end(process)
    assert any(deployments(stack, cluster) for cluster in CLUSTERS)
    stack.pulumi.run("cancel", "--yes", cwd=stack.folder)
    stack.run("destroy", "--yes")
    for cluster in CLUSTERS:
        assert owned(stack, cluster) == []
