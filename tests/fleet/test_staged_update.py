"""Stages one after the other: a canary that fails stops there, approvals hold, waits are waited for."""

import json
import re
import subprocess
import sys
from datetime import datetime

import pytest

pytestmark = pytest.mark.engine

CANARY = 'Stage("canary", selector=["eu-1"]{gates})'
WEB = """
web = deployment(replicas=2, image="{image}")
if {broken}:
    web["spec"]["template"]["metadata"]["annotations"] = {{"lab.pulumi-kubefleet/never-ready": "true"}}
fleet.placement("web", manifests=[NAMESPACE, web], policy=PickAll(),
                strategy=StagedUpdate([{stages}], progress_deadline="{deadline}"))
"""


def program(stack, image="web:1", *, gates="", stages="", deadline="2m", broken=False):
    first = CANARY.format(gates=f", {gates}" if gates else "")
    both = f'{first}, Stage("us", selector={{"region": "us"}}{stages})'
    stack.write(WEB.format(image=image, stages=both, deadline=deadline, broken=broken))


def images(stack):
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return {
        name: stack.kubectl(name, "get", "deploy", "web", "-n", "shop", "-o", path) for name in ("eu-1", "eu-2", "us-1")
    }


def test_a_canary_that_fails_stops_the_rollout_and_a_mended_one_goes_on_from_there(stack):
    program(stack)
    stack.up()
    mark = stack.events()
    program(stack, "web:2", deadline="15s", broken=True)
    shown = stack.up(code=-1)
    assert "web/canary failed: eu-1: Deployment shop/web is not available" in shown
    assert {cluster for cluster, *_ in stack.writes(mark)} == {"eu-1"}
    assert images(stack) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}
    mark = stack.events()
    program(stack, "web:3")
    stack.up()
    assert images(stack) == {"eu-1": "web:3", "eu-2": "web:3", "us-1": "web:3"}
    first = {name: _first_update(stack, name, mark[name]) for name in ("eu-1", "us-1", "eu-2")}
    assert first["eu-1"] < first["us-1"] < first["eu-2"]
    assert "to update" not in stack.run("preview").stdout


def _first_update(stack, cluster, since):
    events = list(stack.lab.audit(cluster))[since:]
    return min(
        event["requestReceivedTimestamp"]
        for event in events
        if event["verb"] == "patch"
        and event["user"]["username"] == "lab-admin"
        and (event.get("objectRef") or {}).get("resource") == "deployments"
    )


def test_a_stage_is_held_until_its_revision_is_approved(stack):
    program(stack)
    stack.up()
    program(stack, "web:2", stages=", before=[Approval()]")
    shown = stack.preview()
    assert "1 cluster, at most 2m, needs an approval" in shown
    shown = stack.up()
    assert "needs an approval: `kubefleet approve web us`, then `pulumi up` again" in shown
    assert images(stack) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}
    # It says so again, though nothing else has changed.
    shown = stack.preview()
    assert re.search("held: revision [0-9a-f]{12} needs an approval: `kubefleet approve web us`", shown)
    assert "held: waits for stage `us`" in shown
    assert "approved: web/us@" in approve(stack, "us")
    assert "needs an approval" not in stack.preview()
    stack.up()
    assert images(stack) == {"eu-1": "web:2", "eu-2": "web:2", "us-1": "web:2"}
    # Of another revision it says nothing.
    program(stack, "web:3", stages=", before=[Approval()]")
    assert "needs an approval" in stack.up()
    assert images(stack)["us-1"] == "web:2"
    assert "pulumi config set --path 'kubefleet:approvals[0]' web/us@" in approve(stack, "us", "--print")
    approve(stack, "us")
    stack.up()
    assert set(images(stack).values()) == {"web:3"}
    # An urgent one waits for nothing: the revision that is held is named.
    program(stack, "web:4", stages=", before=[Approval()]")
    revision = re.search("revision ([0-9a-f]{12}) needs an approval", stack.up())[1]
    approve(stack, "us")
    program(stack, "web:4", stages=", before=[Approval()], after=[Wait('1h')]")
    stack.run("config", "set", "kubefleet:expedite", revision)
    stack.up()
    assert set(images(stack).values()) == {"web:4"}
    listed = json.loads(stack.run("config", "--json").stdout)["kubefleet:approvals"]["objectValue"]
    assert len(listed) == 1


def approve(stack, stage, *more):
    command = [sys.executable, "-m", "kubefleet.cli.main", "approve", "web", stage, "--cwd", str(stack.folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=stack.pulumi.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_placed_already_becomes_staged(stack):
    web = 'fleet.placement("web", manifests=[NAMESPACE, deployment(image="web:{}")], policy=PickAll(){})'
    stack.write(web.format(1, ""))
    stack.up()
    stack.write(web.format(2, ', strategy=StagedUpdate([Stage("canary", selector=["eu-1"])])'))
    stack.up()
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    images = [stack.kubectl(name, "get", "deploy", "web", "-n", "shop", "-o", path) for name in ("eu-1", "us-1")]
    assert images == ["web:2", "web:2"]
    stack.write(web.format(2, ""))
    stack.up()
    assert "to update" not in stack.run("preview").stdout


def test_a_stage_waits_from_when_it_is_healthy_and_more_replicas_wait_for_nobody(stack):
    program(stack, gates='after=[Wait("8s")]')
    stack.up()
    mark = stack.events()
    program(stack, "web:2", gates='after=[Wait("8s")]')
    stack.up()
    assert set(images(stack).values()) == {"web:2"}
    first = {name: _first_update(stack, name, mark[name]) for name in ("eu-1", "us-1")}
    assert _seconds(first["us-1"]) - _seconds(first["eu-1"]) >= 8


def _seconds(text):
    return datetime.fromisoformat(text).timestamp()


def test_a_cluster_of_two_stages_and_other_mistakes_are_told_at_once(stack):
    stack.write("""
fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickAll(), strategy=StagedUpdate([
    Stage("one", selector={"region": "eu"}), Stage("two", selector=["eu-1", "eu-9"], max_concurrency=0),
    Stage("two", selector={}, after=[{"type": "Wiat"}])]))
""")
    shown = stack.preview(code=-1)
    for said in (
        "placements.web.strategy.stages[1].max_concurrency: nothing would ever change",
        "placements.web.strategy.stages[2].name: `two` is there twice",
        "placements.web.strategy.stages[2].selector: selects every cluster",
        "placements.web.strategy.stages[2].after[0]: bad gate `Wiat` (expected Wait, Approval, Check). Did you mean",
    ):
        assert said in shown
    stack.write("""
fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickAll(), strategy=StagedUpdate([
    Stage("one", selector={"region": "eu"}), Stage("two", selector=["eu-1", "eu-9"])]))
""")
    shown = stack.preview(code=-1)
    assert "placements.web.strategy.stages: cluster `eu-1` is selected by `one` and `two`" in shown
    assert "placements.web.strategy.stages[1].selector: unknown cluster `eu-9`" in shown


TWO = """
fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
fleet.member("us-1", context="us-1", labels={"region": "us"})
"""
EU_2 = 'fleet.member("eu-2", context="eu-2", labels={"region": "eu"})'


def test_a_cluster_that_joins_in_the_middle_comes_with_its_stage_and_one_that_leaves_goes_at_the_end(stack):
    def write(image, members):
        stages = (
            'Stage("europe", selector={"region": "eu"}), Stage("us", selector={"region": "us"}, before=[Approval()])'
        )
        stack.write(WEB.format(image=image, stages=stages, deadline="2m", broken=False), members=members)

    write("web:1", TWO)
    assert "needs an approval" in stack.up()
    approve(stack, "us")
    stack.up()
    write("web:2", TWO)
    assert "needs an approval" in stack.up()
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    image = dict.fromkeys(
        ("eu-1", "eu-2", "us-1"), ("-n", "shop", "get", "deploy", "web", "--ignore-not-found", "-o", path)
    )
    assert {name: stack.kubectl(name, *ask) for name, ask in image.items()} == {
        "eu-1": "web:2",
        "eu-2": "",
        "us-1": "web:1",
    }

    # eu-2 joins a stage that was reached, eu-1 leaves; what is held is held.
    write("web:2", TWO.replace('fleet.member("eu-1", context="eu-1", labels={"region": "eu"})', EU_2))
    assert "eu-2 0 -> 2, 1 cluster, at most 2m" in stack.preview()
    stack.up()
    assert {name: stack.kubectl(name, *ask) for name, ask in image.items()} == {
        "eu-1": "web:2",
        "eu-2": "web:2",
        "us-1": "web:1",
    }
    approve(stack, "us")
    stack.up()
    assert {name: stack.kubectl(name, *ask) for name, ask in image.items()} == {
        "eu-1": "",
        "eu-2": "web:2",
        "us-1": "web:2",
    }
