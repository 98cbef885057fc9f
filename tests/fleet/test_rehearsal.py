"""What the clusters would refuse shows in the preview, by placement, object, cluster and field."""

import pytest

pytestmark = pytest.mark.engine


def test_what_the_clusters_would_refuse_is_told_by_the_preview_and_nothing_is_written(stack):
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(), deployment()])')
    stack.up()
    stack.kubectl("us-1", "create", "configmap", "taken", "-n", "shop", "--from-literal=a=1")
    stack.write(
        'broken = deployment()\nbroken["spec"]["selector"] = {"matchLabels": {"app": "other"}}\n'
        'wrong = config_map("wrong")\nwrong["metadata"]["labels"] = {"bad key!": "x"}\n'
        'fleet.placement("web", manifests=[NAMESPACE, config_map(), broken, wrong, config_map("taken", a="2")])'
    )
    before = stack.events()
    text = stack.preview(code=-1)
    assert stack.writes(before) == []
    assert "placements.web.manifests: `apps/v1/Deployment/shop/web` on eu-1, eu-2, us-1: invalid: " in text
    assert "field is immutable" in text
    assert "placements.web.manifests: `v1/ConfigMap/shop/wrong` on eu-1, eu-2, us-1: invalid: " in text
    assert "us-1: ConfigMap shop/taken belongs to `kubectl-create` (fields .data.a)" in text
    stack.kubectl("us-1", "delete", "configmap", "taken", "-n", "shop")
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(a="1"), deployment()])')
    assert "mistake" not in stack.preview()


def test_a_new_placement_with_all_that_it_needs_and_a_silent_member_pass(stack):
    stack.lab.blackhole("us-1")
    try:
        stack.write(
            'account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "shop"}}\n'
            'fleet.placement("web", manifests=[NAMESPACE, account, config_map(), deployment()], policy=PickN(2))'
        )
        assert "error" not in stack.preview()
        stack.run("up", "--yes")
    finally:
        stack.lab.heal("us-1")
    assert set(stack.replicas("web")) == {"eu-1", "eu-2"}
