"""Moves and updates that count pods over the whole fleet: never fewer than promised, seen by an independent watcher."""

import threading
import time
from datetime import UTC, datetime

import pytest

from availability import Faults, Watch, watch
from conftest import MEMBERS

pytestmark = pytest.mark.engine

WEB = """
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=12, image="{image}")], policy=PickN(2),
                replicas=Divided(), strategy=SpreadUpdate(min_available={least}, max_surge={surge}, tighten={tighten}))
"""


def program(stack, *, tainted="", image="web:1", least=10, surge=2, tighten=False):
    taints = ', taints=[Taint("maintenance", effect="NoExecute")]'
    lines = [f'fleet.member("{name}", context="{name}"{taints if name == tainted else ""})' for name in MEMBERS]
    body = WEB.format(image=image, least=least, surge=surge, tighten=tighten)
    stack.write(body, members="\n".join(lines))


def watched(stack, begin) -> Watch:
    return watch({name: list(stack.lab.audit(name)) for name in MEMBERS}, "web", begin)


def test_twelve_replicas_leave_a_tainted_cluster_and_ten_are_always_available(stack):
    program(stack)
    stack.up()
    assert stack.replicas("web") == {"eu-1": 6, "eu-2": 6}
    program(stack, tainted="eu-1")
    assert "eu-1 -> us-1" in stack.preview()
    begin, lost = datetime.now(UTC), []

    def crash():
        """When the first pods have come to the slow cluster, one dies on another."""
        while stack.replicas("web").get("us-1", 0) < 2:
            time.sleep(0.2)
        pods = stack.kubectl("eu-2", "get", "pods", "-n", "shop", "-l", "app=web", "-o", "name").split()
        lost.append((datetime.now(UTC), "eu-2"))
        stack.kubectl("eu-2", "delete", "-n", "shop", pods[0], "--now")

    stack.lab.delay("us-1", 300)
    fault = threading.Thread(target=crash)
    fault.start()
    try:
        shown = stack.up()
    finally:
        stack.lab.heal("us-1")
        fault.join()
    assert "failed" not in shown
    assert stack.replicas("web") == {"eu-2": 6, "us-1": 6}
    seen = watched(stack, begin)
    assert len(lost) == 1
    assert seen.violations(10, 14, Faults(lost=tuple(lost), slow={"us-1": 0.3})) == []
    assert seen.lowest() >= 9
    assert max(one.desired for one in seen.moments if one.cluster == "us-1" and one.at >= begin) == 6
    assert "to update" not in stack.run("up", "--yes").stdout


@pytest.mark.parametrize(("least", "surge"), [(10, 0), (10, 2)])
def test_an_image_changes_in_place_while_pods_move(stack, least, surge):
    program(stack, least=least, surge=surge)
    stack.up()
    program(stack, least=least, surge=surge, tainted="eu-2", image="web:2")
    begin = datetime.now(UTC)
    stack.up()
    assert stack.replicas("web") == {"eu-1": 6, "us-1": 6}
    assert watched(stack, begin).violations(least) == []
    images = stack.kubectl("eu-1", "get", "pods", "-n", "shop", "-o", "jsonpath={..image}").split()
    assert set(images) == {"web:2"}


ADDRESSED = """
way_in = {{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {{"name": "web", "namespace": "shop"}},
          "spec": {{"defaultBackend": {{"service": {{"name": "web", "port": {{"number": 80}}}}}}}}}}
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=6), way_in], policy=PickFixed("{}"),
                replicas=Divided(), strategy=SpreadUpdate(min_available=5, max_surge={surge}),
                before_remove=[Wait("3s")])
"""


def test_an_address_has_pods_until_it_goes_away_as_far_as_the_surge_goes(stack):
    stack.write(ADDRESSED.format("eu-1", surge=2))
    stack.up()
    stack.write(ADDRESSED.format("us-1", surge=0))
    shown = stack.preview()
    assert "traffic: address of eu-1 goes away 3s after the new side is healthy" in shown
    assert "(without pods before: `max_surge` leaves none on eu-1)" in shown
    stack.write(ADDRESSED.format("us-1", surge=2))
    assert "without pods" not in stack.preview()
    begin, mark = datetime.now(UTC), stack.events()
    stack.up()
    assert stack.replicas("web") == {"us-1": 6}
    seen = watched(stack, begin)
    assert seen.violations(5, 8) == []
    # The audit log has what other tests have done before, too.
    moments = [one for one in seen.moments if one.at >= begin]
    here, there = ([one for one in moments if one.cluster == name] for name in ("eu-1", "us-1"))
    healthy = min(one.at for one in there if one.available == 6)
    emptied = min(one.at for one in here if one.desired == 0)
    assert min(one.desired for one in here if one.at < emptied) == 2
    assert (emptied - healthy).total_seconds() >= 2.5
    assert ("eu-1", "delete", "ingresses", "web") in stack.writes(mark)
    assert "to update" not in stack.run("preview").stdout


def test_a_watcher_sees_what_is_taken_down_too_soon(stack):
    program(stack)
    stack.up()
    begin = datetime.now(UTC)
    stack.kubectl("eu-1", "scale", "deploy/web", "-n", "shop", "--replicas=3")
    until = time.monotonic() + 20
    while not watched(stack, begin).violations(10) and time.monotonic() < until:
        time.sleep(0.3)
    found = watched(stack, begin).violations(10)
    assert any("eu-1 to 3 takes 3, of 12 that are available" in line for line in found)
    assert any("9 available of at least 10" in line for line in found)


def test_a_preview_tells_the_steps_and_a_budget_that_no_step_fits(stack):
    program(stack)
    stack.up()
    program(stack, tainted="eu-1")
    assert "6 steps, at least 12 of 12 web available" in stack.preview()
    program(stack, image="web:2")
    assert "2 steps, at least 10 of 12 web available" in stack.preview()
    program(stack, image="web:2", least=12)
    shown = stack.preview(code=-1)
    assert "placements.web.strategy: an update of web on eu-1 takes down 1 pods at once by its own strategy" in shown
    program(stack, image="web:2", least=12, tighten=True)
    begin = datetime.now(UTC)
    assert "2 steps, at least 12 of 12 web available" in stack.preview()
    stack.up()
    assert watched(stack, begin).violations(12) == []
    assert "to update" not in stack.run("up", "--yes").stdout
    program(stack, least=13)
    assert "placements.web.strategy: 13 pods of web have to be available, and only 12 are desired." in stack.preview(
        code=-1
    )
