"""What becomes of a rollout that fails: it pauses, goes back, or goes on with the others."""

import base64
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
web = deployment(replicas=2, image="{image}")
if not {ready}:
    web["spec"]["template"]["metadata"]["annotations"] = {{"lab.pulumi-kubefleet/never-ready": "true"}}
word = {{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "word", "namespace": "shop"}},
        "stringData": {{"word": pulumi.Output.secret("hunter-of-{image}")}}}}
fleet.placement("web", manifests=[NAMESPACE, web, word], policy=PickAll(), strategy={strategy})
"""
STAGED = 'StagedUpdate([Stage("canary", selector=["eu-1"])], on_failure="{then}", progress_deadline="{deadline}s")'
GOES_ON = 'RollingUpdate(max_unavailable=2, on_failure="continue", max_failures=1, progress_deadline="10s")'


def program(stack, image, strategy, *, ready=True):
    stack.write(PROGRAM.format(image=image, strategy=strategy, ready=ready))


def images(stack):
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return {
        name: stack.kubectl(name, "get", "deploy", "web", "-n", "shop", "-o", path) for name in ("eu-1", "eu-2", "us-1")
    }


def status(stack, *more):
    command = [sys.executable, "-m", "kubefleet.cli.main", "status", "--cwd", str(stack.folder), *more]
    environment = stack.pulumi.environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout


def test_a_rollout_goes_back_when_its_canary_fails_and_a_mended_one_starts_there(stack):
    strategy = STAGED.format(then="rollback", deadline=60)
    program(stack, "web:1", strategy)
    stack.up()
    mark = stack.events()
    program(stack, "web:2", STAGED.format(then="rollback", deadline=8), ready=False)
    # The second time it is tried again, and goes back again.
    for _ in range(2):
        shown = stack.up(code=-1)
        assert "web/canary failed: eu-1: Deployment shop/web is not available" in shown
        assert "held: rolled back: eu-1 to revision" in shown
        assert set(images(stack).values()) == {"web:1"}
    assert {cluster for cluster, *_ in stack.writes(mark)} == {"eu-1"}
    path = "jsonpath={.data.word}"
    word = stack.kubectl("eu-1", "get", "secret", "word", "-n", "shop", "-o", path)
    assert base64.b64decode(word) == b"hunter-of-web:1"
    exported = stack.run("stack", "export").stdout
    for text in (
        "hunter-of",
        base64.b64encode(b"hunter-of-web:1").decode(),
        base64.b64encode(b"hunter-of-web:2").decode(),
    ):
        assert text not in exported
        assert text not in shown

    noted = status(stack, "--timeline")
    assert re.search(
        r"web canary:\n  \S+Z eu-1 changes\n  \S+Z failed: eu-1: Deployment shop/web is not available", noted
    )
    assert re.search(r"web settle:\n(  .*\n)*  \S+Z held: rolled back: eu-1 to revision", noted)

    program(stack, "web:3", strategy)
    stack.up()
    assert set(images(stack).values()) == {"web:3"}
    assert "to update" not in stack.run("preview").stdout
    assert re.search(
        r"web canary:\n  \S+Z eu-1 changes\n  \S+Z eu-1 is healthy\n  \S+Z complete\n", status(stack, "--timeline")
    )
    for name in ("eu-1", "eu-2", "us-1"):
        assert stack.kubectl(name, "get", "secrets", "-n", "pulumi-kubefleet", "-o", "name") == ""


GATED = """
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=2, image="{image}")], policy=PickFixed("eu-1", "us-1"),
                approvals={approvals},
                strategy=StagedUpdate([Stage("canary", selector=["eu-1"], before=[Approval()], after=[Wait("3s")])],
                                      on_failure="rollback", progress_deadline="8s"))
"""


def test_a_stage_that_was_rolled_back_passes_its_gates_again(stack):
    def write(image, *approved):
        stack.write(GATED.format(image=image, approvals=[f"web/canary@{one}" for one in approved]))

    def asked():
        return re.search(r"revision (\w+) needs an approval", stack.up())[1]

    write("web:1")
    write("web:1", asked())
    stack.up()
    # On the second stage no new pod starts.
    stack.kubectl("us-1", "-n", "shop", "create", "quota", "none", "--hard=pods=0")
    write("web:2")
    two = asked()
    write("web:2", two)
    shown = stack.up(code=-1)
    assert "web/rest failed: us-1: Deployment shop/web is not available" in shown
    assert "rolled back: eu-1, us-1 to revision" in shown
    # The approval is taken back: that it was given for the first try does not stand for the second.
    write("web:2")
    mark = stack.events()
    assert asked() == two
    assert stack.writes(mark) == []
    write("web:2", two)
    assert "healthy, waits 3s" in stack.up(code=-1)
    assert set(stack.kubectl("eu-1", "get", "deploy", "-n", "shop", "-o", "jsonpath={..image}").split()) == {"web:1"}
    stack.kubectl("us-1", "-n", "shop", "delete", "quota", "none")


def test_a_rollout_goes_on_when_fewer_fail_than_may_and_the_next_up_tries_these_again(stack):
    program(stack, "web:1", GOES_ON)
    stack.up()
    quota = ("-n", "shop", "create", "quota", "none", "--hard=pods=0")
    stack.kubectl("eu-1", *quota)
    program(stack, "web:2", GOES_ON)
    shown = stack.up()
    assert "eu-1: Deployment shop/web is not available" in shown
    assert "left behind: the next `pulumi up` tries again" in shown
    ready = "jsonpath={.status.updatedReplicas}"
    updated = {name: stack.kubectl(name, "get", "deploy", "web", "-n", "shop", "-o", ready) for name in images(stack)}
    assert (updated["eu-1"] or "0", updated["eu-2"], updated["us-1"]) == ("0", "2", "2")

    # A second one is one too many: the third is not touched.
    stack.kubectl("eu-2", *quota)
    program(stack, "web:3", GOES_ON)
    mark = stack.events()
    shown = stack.up(code=-1)
    assert "2 failed, more than `max_failures` allows" in shown
    assert {cluster for cluster, *_ in stack.writes(mark)} == {"eu-1", "eu-2"}
    assert images(stack)["us-1"] == "web:2"

    for name in ("eu-1", "eu-2"):
        stack.kubectl(name, "-n", "shop", "delete", "quota", "none")
    # Kubernetes tries again ever more slowly to make pods that were refused: the first runs may leave some behind.
    for _ in range(6):
        done = stack.pulumi.run("up", "--yes", "--skip-preview", cwd=stack.folder)
        if done.code == 0 and "left behind" not in done.stdout + done.stderr:
            break
    assert set(images(stack).values()) == {"web:3"}
    assert "to update" not in stack.run("preview").stdout


def test_a_placement_that_is_paused_changes_nowhere_until_it_is_not(stack):
    def write(image, more=""):
        stack.write(
            f'fleet.placement("web", manifests=[NAMESPACE, deployment(image="{image}")], policy=PickAll(){more})'
        )

    write("web:1")
    stack.up()
    write("web:2", ", paused=True")
    assert "paused" in stack.preview()
    mark = stack.events()
    assert "held: paused. Take `paused` out of the program, then run `pulumi up` again" in stack.up()
    assert stack.writes(mark) == []
    write("web:2")
    stack.up()
    assert set(images(stack).values()) == {"web:2"}


def test_all_mistakes_in_what_becomes_of_a_failure_are_told_at_once(stack):
    stack.write("""
fleet.placement("web", manifests=[NAMESPACE, deployment()], strategy=RollingUpdate(on_failure="rolback"))
fleet.placement("api", manifests=[NAMESPACE, deployment("api")], strategy=SpreadUpdate(on_failure="continue"))
fleet.placement("db", manifests=[NAMESPACE, deployment("db")], strategy=StagedUpdate(
    [Stage("canary", selector=["eu-1"])], max_failures=1))
""")
    shown = stack.preview(code=-1)
    for said in (
        "placements.web.strategy.on_failure: unknown value `rolback` (expected one of pause, rollback, continue). Did",
        "placements.api.strategy.on_failure: `continue` without `max_failures`",
        "placements.db.strategy.max_failures: `max_failures` with `pause`",
    ):
        assert said in shown, shown
