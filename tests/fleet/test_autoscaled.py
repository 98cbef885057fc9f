"""An HPA among the manifests: its bounds are divided, and the replicas are its own."""

import json

import pytest

pytestmark = pytest.mark.engine

WEB = """
def hpa(least, most):
    return {{
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {{"name": "web", "namespace": "shop"}},
        "spec": {{"scaleTargetRef": {{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
                 "minReplicas": least, "maxReplicas": most}},
    }}

fleet.placement("web", manifests=[NAMESPACE, deployment(image="{image}"), hpa({least}, {most})],
                policy=PickFixed({clusters}), replicas=Divided())
"""


def bounds(stack, cluster):
    spec = json.loads(stack.kubectl(cluster, "get", "hpa", "web", "-n", "shop", "-o", "json"))["spec"]
    return spec["minReplicas"], spec["maxReplicas"]


def scale(stack, cluster, replicas):
    stack.kubectl(
        cluster,
        *("patch", "deploy", "web", "-n", "shop", "--subresource=scale", "--type=merge"),
        *("--field-manager=kube-controller-manager", "-p", json.dumps({"spec": {"replicas": replicas}})),
    )


def test_bounds_are_divided_and_shown_and_no_up_resets_the_replicas(stack):
    two = '"eu-1", "us-1"'
    stack.write(WEB.format(image="web:1", least=4, most=9, clusters=two))
    shown = stack.preview()
    assert "web: Deployment/shop/web replicas: autoscaled 4..9 (eu-1 2..5, us-1 2..4)" in shown
    stack.up()
    assert (bounds(stack, "eu-1"), bounds(stack, "us-1")) == ((2, 5), (2, 4))
    scale(stack, "eu-1", 5)
    mark = stack.events()
    assert "updated" not in stack.up()
    assert stack.writes(mark) == []
    stack.write(WEB.format(image="web:2", least=4, most=9, clusters=two))
    stack.up()
    assert stack.replicas("web")["eu-1"] == 5
    stack.write(WEB.format(image="web:2", least=4, most=9, clusters='"eu-1", "us-1", "eu-2"'))
    stack.up()
    assert stack.replicas("web")["eu-1"] == 5
    assert sum(bounds(stack, cluster)[0] for cluster in ("eu-1", "eu-2", "us-1")) == 4
    assert sum(bounds(stack, cluster)[1] for cluster in ("eu-1", "eu-2", "us-1")) == 9


def test_ten_ups_never_reset_what_an_autoscaler_says(stack):
    """Whatever else changes: nothing, a setting, the image, the bounds."""
    settings = 'fleet.placement("settings", manifests=[NAMESPACE, config_map(turn="{turn}")], policy=PickFixed("eu-1"))'
    body = WEB + settings
    for turn in range(10):
        given = {"image": f"web:{turn // 4}", "least": 2, "most": 20 + turn // 6, "turn": turn // 2}
        stack.write(body.format(clusters='"eu-1"', **given))
        stack.up()
        if turn:
            assert stack.replicas("web") == {"eu-1": 3 + turn}
        scale(stack, "eu-1", 4 + turn)
