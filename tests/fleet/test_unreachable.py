"""One bad member is one bad member."""

import pytest

pytestmark = pytest.mark.engine

WEB = 'fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=3)])'


FAULTS = {
    "hung": (lambda lab: lab.hang("eu-2"), lambda lab: lab.resume("eu-2")),
    "killed": (lambda lab: lab.kill("eu-2"), lambda lab: lab.restart("eu-2")),
    "slow": (lambda lab: lab.delay("eu-2", 10_000), lambda lab: lab.heal("eu-2")),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_member_that_does_not_answer_costs_its_own_row_and_is_served_when_it_is_back(stack, fault):
    begin, end = FAULTS[fault]
    stack.write(WEB)
    stack.up()
    stack.write(WEB.replace("replicas=3", "replicas=4"))
    begin(stack.lab)
    try:
        text = stack.run("up", "--yes").stdout
        assert "eu-2 is unreachable" in text
        assert "web kept on eu-2: unreachable" in text
        assert "eu-2 is pending" in text
    finally:
        end(stack.lab)
    assert stack.replicas("web") == {"eu-1": 4, "eu-2": 3, "us-1": 4}
    stack.up()
    assert stack.replicas("web") == {"eu-1": 4, "eu-2": 4, "us-1": 4}
    assert "to update" not in stack.run("preview").stdout


@pytest.mark.usefixtures("namespaces_of_joins")
def test_what_a_removed_placement_has_left_on_a_silent_member_goes_when_it_is_back(stack):
    stack.write(WEB)
    stack.up()
    stack.write("")
    stack.lab.kill("eu-2")
    try:
        assert "eu-2: not removed there" in stack.up()
    finally:
        stack.lab.restart("eu-2")
    assert stack.replicas("web") == {"eu-2": 3}
    stack.up()
    assert stack.replicas("web") == {}
    assert "pulumi-kubefleet" not in stack.kubectl("eu-2", "get", "namespaces", "-o", "name")
    assert "to update" not in stack.run("up", "--yes").stdout


def test_destroy_with_a_dead_member_fails_in_one_line_and_passes_when_told_to_abandon_it(stack):
    stack.write(
        'fleet.placement("web", manifests=[config_map()], policy=PickFixed("eu-1"))'.replace(
            "config_map()",
            '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left", "namespace": "default"}}',
        )
    )
    stack.up()
    stack.lab.kill("eu-1")
    try:
        text = stack.run("destroy", "--yes", code=-1)
        assert "set KUBEFLEET_ABANDON=eu-1" in text.stdout + text.stderr
        passed = stack.pulumi.run("destroy", "--yes", cwd=stack.folder, settings={"KUBEFLEET_ABANDON": "eu-1"})
        assert passed.code == 0, passed.stdout + passed.stderr
    finally:
        stack.lab.restart("eu-1")
        stack.kubectl("eu-1", "delete", "cm", "left", "--ignore-not-found")
        stack.kubectl("eu-1", "delete", "ns", "pulumi-kubefleet", "--ignore-not-found")
