"""Outputs in manifests: parts that are known only when something else has been created."""

import pytest

pytestmark = pytest.mark.engine

PARTS = """
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Echo(ResourceProvider):
    def create(self, props):
        return CreateResult("echo", {"value": 5})

class Source(Resource):
    value: pulumi.Output[int]

    def __init__(self):
        super().__init__(Echo(), "source", {"value": None})

count = Source().value

def with_spec(manifest, change):
    return {**manifest, "spec": count.apply(lambda number: {**manifest["spec"], **change(int(number))})}

web = with_spec(deployment("web", 1), lambda number: {"replicas": number})
huge = with_spec(deployment("huge", 1, cpu="4000"), lambda number: {})
fleet.placement("web", manifests=[NAMESPACE, web], policy=PickFixed("eu-1", "us-1"), replicas=Divided())
fleet.placement("huge", manifests=[NAMESPACE, huge], policy=PickN(1))
fleet.placement("other", manifests=[NAMESPACE, deployment("other", 2)], policy=PickFixed("eu-2"))
"""


def test_a_spec_that_is_an_output_is_scheduled_by_what_it_holds(stack):
    stack.write(PARTS)
    text = stack.preview()
    assert "other on eu-2" in text
    assert "web on" not in text
    stack.up()
    assert stack.plan() == {"huge": "nowhere", "other": "eu-2", "web": "eu-1 x3, us-1 x2"}
    assert stack.replicas("web") == {"eu-1": 3, "us-1": 2}
    assert stack.replicas("huge") == {}


def test_an_output_that_addresses_are_made_of_is_a_mistake_beside_all_others(stack):
    stack.write(
        'late = pulumi.Output.from_input("shop")\n'
        'fleet.placement("web", manifests=[NAMESPACE], namespace=late, allow_namespaces=[late])\n'
        'fleet.placement("api", manifests=late, allow_namespaces=late, polcy=1)\n'
    )
    text = stack.preview(code=-1)
    late = "this is an Output (expected plain text that is known when the program runs)"
    for part in (
        f"__main__.py:9: placements.web.namespace: {late}",
        f"__main__.py:9: placements.web.allow_namespaces[0]: {late}",
        f"__main__.py:10: placements.api.allow_namespaces: {late}",
        "placements.api.manifests[0]: bad value of type Output",
        "placements.api.polcy: unknown field",
    ):
        assert part in text, f"{part!r} is not in\n{text}"
    assert "Calling __str__" not in text
