"""What stays, what moves, and in which order."""

import re
import subprocess
import sys
from datetime import datetime

import pytest

pytestmark = pytest.mark.engine

WEB = """
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=3)], policy=PickN(2), replicas=Divided())
"""


def members(taint: str = "") -> str:
    taints = f', taints=[Taint("maintenance", effect="{taint}")]' if taint else ""
    return f"""
fleet.member("eu-1", context="eu-1"{taints})
fleet.member("eu-2", context="eu-2")
fleet.member("us-1", context="us-1")
"""


def test_a_no_schedule_taint_keeps_what_runs_and_says_so(stack):
    stack.write(WEB, members=members())
    stack.up()
    before, mark = stack.replicas("web"), stack.events()
    stack.write(WEB, members=members("NoSchedule"))
    assert "web kept on eu-1: taint maintenance:NoSchedule not tolerated" in stack.preview()
    stack.up()
    assert stack.replicas("web") == before
    assert stack.writes(mark) == []


def test_a_no_execute_taint_moves_and_the_new_side_is_healthy_before_the_old_one_is_emptied(stack):
    stack.write(WEB, members=members())
    stack.up()
    mark = stack.events()
    stack.write(WEB, members=members("NoExecute"))
    shown = stack.preview()
    assert "eu-1 -> us-1" in shown
    assert "because it is tainted NoExecute maintenance" in shown
    stack.up()
    assert stack.replicas("web") == {"eu-2": 2, "us-1": 1}
    deleted = [event for event in list(stack.lab.audit("eu-1"))[mark["eu-1"] :] if _is_delete(event)]
    ready = [event for event in list(stack.lab.audit("us-1"))[mark["us-1"] :] if _available(event) == 1]
    assert deleted
    assert ready
    assert min(event["requestReceivedTimestamp"] for event in ready) < min(
        event["requestReceivedTimestamp"] for event in deleted
    )


def test_a_member_that_leaves_the_program_is_emptied(stack):
    stack.write(WEB, members=members())
    stack.up()
    gone = "\n".join(line for line in members().splitlines() if "eu-1" not in line)
    stack.write(WEB, members=gone)
    stack.up()
    assert stack.replicas("web") == {"eu-2": 2, "us-1": 1}
    assert "namespace/shop" not in stack.kubectl("eu-1", "get", "namespaces", "-o", "name").split()
    assert "to update" not in stack.run("up", "--yes").stdout


def test_a_member_with_a_new_name_keeps_what_it_has(stack):
    stack.write(WEB, members=members())
    stack.up()
    mark, before = stack.events(), stack.replicas("web")
    stack.write(WEB, members=members().replace('member("eu-1"', 'member("europe-1"'))
    text = stack.up()
    assert "moves" not in text
    assert stack.replicas("web") == before
    assert stack.plan() == {"web": "eu-2 x1, europe-1 x2"}
    assert [write for write in stack.writes(mark) if write[1] == "delete"] == []
    assert "to update" not in stack.run("up", "--yes").stdout


def test_two_names_for_one_cluster_are_a_mistake(stack):
    stack.write(WEB, members=members() + 'fleet.member("europe-1", context="eu-1")')
    text = stack.preview(code=-1)
    assert "members.europe-1: it is the same cluster as `eu-1`" in text


def test_a_member_that_leaves_keeps_what_has_no_room_elsewhere_and_destroy_finds_it(stack):
    web = WEB.replace("replicas=3", 'replicas=8, cpu="3"')
    two = members().replace('fleet.member("us-1", context="us-1")', "")
    stack.write(web, members=two)
    stack.up()
    assert stack.replicas("web") == {"eu-1": 4, "eu-2": 4}
    stack.write(web, members='fleet.member("eu-2", context="eu-2")')
    text = stack.up()
    assert "no room elsewhere for 2 yet" in text
    assert stack.replicas("web") == {"eu-1": 2, "eu-2": 6}
    stack.run("destroy", "--yes")
    assert stack.replicas("web") == {}


def test_a_member_that_is_to_be_kept_is_left_as_it_is(stack):
    keeping = members().replace('context="eu-1"', 'context="eu-1", leave="keep"')
    stack.write(WEB, members=keeping)
    stack.up()
    mark = stack.events()
    try:
        stack.write(WEB, members="\n".join(line for line in keeping.splitlines() if "eu-1" not in line))
        stack.up()
        assert sum(stack.replicas("web")[cluster] for cluster in ("eu-2", "us-1")) == 3
        assert [write for write in stack.writes(mark) if write[0] == "eu-1"] == []
    finally:
        stack.kubectl("eu-1", "delete", "namespace", "shop", "pulumi-kubefleet")


def _is_delete(event) -> bool:
    reference = event.get("objectRef") or {}
    mine = event["user"]["username"] == "lab-admin" and reference.get("resource") == "deployments"
    return mine and event["verb"] == "delete"


def _available(event) -> int | None:
    reference = event.get("objectRef") or {}
    if reference.get("resource") != "deployments" or reference.get("name") != "web":
        return None
    status = (event.get("responseObject") or {}).get("status")
    return status.get("availableReplicas") if isinstance(status, dict) else None


def test_toleration_seconds_keep_until_they_ran_out_and_the_next_up_moves(stack):
    tolerant = (
        'fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=3)], policy=PickFixed("eu-1", "eu-2", '
        'tolerations=[Toleration("maintenance", operator="Exists", toleration_seconds={})]), replicas=Divided())'
    )
    stack.write(tolerant.format(3600), members=members())
    stack.up()
    stack.write(tolerant.format(3600), members=members("NoExecute"))
    shown = stack.run("preview", "--save-plan", "plan.json").stdout
    assert "web kept on eu-1: taint maintenance:NoExecute tolerated until 20" in shown
    mark = stack.events()
    stack.run("up", "--yes", "--skip-preview", "--plan", "plan.json")
    assert "to update" not in stack.run("up", "--yes").stdout
    assert stack.writes(mark) == []
    (since,) = [resource["inputs"]["tainted"] for resource in stack.state() if "tainted" in resource.get("inputs", {})]
    assert list(since) == ["eu-1"]
    # What was recorded stays when the seconds change: it is the taint that was seen then.
    stack.write(tolerant.format(1), members=members("NoExecute"))
    assert "because it is tainted NoExecute maintenance" in stack.preview()
    stack.up()
    assert stack.replicas("web") == {"eu-2": 3}


ADDRESSED = """
way_in = {{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {{"name": "web", "namespace": "shop"}},
          "spec": {{"defaultBackend": {{"service": {{"name": "web", "port": {{"number": 80}}}}}}}}}}
fleet.placement("web", manifests=[NAMESPACE, deployment(), way_in], policy=PickFixed("{}"),
                before_remove=[Wait("4s"), Check(object="Deployment/web", cel="object.status.readyReplicas == 3")])
"""


def test_an_address_goes_away_some_time_after_the_new_side_is_healthy(stack):
    stack.write(ADDRESSED.format("eu-1"))
    stack.up()
    mark = stack.events()
    stack.write(ADDRESSED.format("us-1"))
    assert "traffic: address of eu-1 goes away 4s after the new side is healthy" in stack.preview()
    text = stack.up()
    assert re.search(r"complete after \d+s", text)
    assert "us-1 is healthy" in text
    assert "removed from eu-1" in text
    ready = [event for event in list(stack.lab.audit("us-1"))[mark["us-1"] :] if _available(event) == 3]
    deleted = [event for event in list(stack.lab.audit("eu-1"))[mark["eu-1"] :] if _is_delete(event)]
    times = [min(event["requestReceivedTimestamp"] for event in events) for events in (ready, deleted)]
    healthy, gone = (datetime.fromisoformat(moment) for moment in times)
    assert (gone - healthy).total_seconds() >= 3
    assert stack.replicas("web") == {"us-1": 3}


HELD = """
fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickFixed("{}"), before_remove=[Approval()])
"""


def approve(stack, *more, code=0):
    command = [sys.executable, "-m", "kubefleet.cli.main", "approve", "web", "removal", "--cwd", str(stack.folder)]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False, env=stack.pulumi.environment)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_cluster_is_left_only_when_that_very_removal_is_approved(stack):
    stack.write(HELD.format("eu-1"))
    stack.up()
    assert "no stage `removal` of `web`" in approve(stack, code=1)

    stack.write(HELD.format("us-1"))
    assert "leaves eu-1 only with an approval" in stack.preview()
    shown = stack.up()
    assert "held: it leaves eu-1 only with an approval: `kubefleet approve web removal`, then" in shown
    assert stack.replicas("web") == {"eu-1": 3, "us-1": 3}

    # What is held says so again, though nothing else has changed, also in `status`.
    assert "held: it leaves eu-1 only with an approval" in stack.preview()
    command = [sys.executable, "-m", "kubefleet.cli.main", "status", "--cwd", str(stack.folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=stack.pulumi.environment)
    assert "shop/web settle held: it leaves eu-1 only with an approval" in told.stderr

    assert "pulumi config set --path 'kubefleet:approvals[0]' web/removal@" in approve(stack, "--print")
    assert ":eu-1" in approve(stack)
    assert "goes on: the removal is approved" in stack.preview()
    stack.up()
    assert stack.replicas("web") == {"us-1": 3}
    assert "to update" not in stack.run("preview").stdout

    # That it may leave one cluster says nothing of another.
    stack.write(HELD.format("eu-2"))
    assert "held: it leaves us-1 only with an approval" in stack.up()
    assert stack.replicas("web") == {"eu-2": 3, "us-1": 3}
