"""What the scheduler is told of pods that are others on single clusters."""

import pytest

from kubefleet.model.request import Workload
from kubefleet.spec.overridden_pods import with_overridden
from kubefleet.spec.workload_cuts import cut_workloads
from kubefleet.spec.workloads import parse_workloads

pytestmark = pytest.mark.fast

KEY = "apps/v1/Deployment/shop/web"


def web(cpu="1", **pod):
    containers = [{"name": "web", "resources": {"requests": {"cpu": cpu}}}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers, **pod}}
    metadata = {"namespace": "shop", "name": "web"}
    spec = {"replicas": 2, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def workloads(*manifests) -> tuple[Workload, ...]:
    return parse_workloads(cut_workloads(manifests), "", [])


def test_only_clusters_where_pods_are_others_are_told_of():
    own = {"eu": {KEY: web()}, "us": {KEY: web("4")}, "ap": {KEY: web(nodeSelector={"disk": "ssd"})}}
    [found] = with_overridden(workloads(web()), own)
    assert sorted(found.rules.on) == ["ap", "us"]
    assert found.rules.on["us"].resources.requests() == {"cpu": 4000}
    assert found.rules.on["ap"].node_selector == {"disk": "ssd"}
    assert found.pod == workloads(web())[0].pod


def test_what_is_the_same_everywhere_stays_the_same_object():
    asked = workloads(web())
    other = web()
    other["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    assert with_overridden(asked, {"eu": {KEY: other}}) == asked
    assert with_overridden(asked, {}) == asked


def test_what_cannot_be_read_there_is_as_it_is_written():
    asked = workloads(web())
    assert with_overridden(asked, {"eu": {KEY: web("much")}}) == asked
