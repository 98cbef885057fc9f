"""All mistakes of a program at once, by path, with the line that made them."""

import pytest

pytestmark = pytest.mark.engine

MISTAKES = """
fleet.member("eu-1", context="eu-1", tanits=[])
fleet.member("eu-2", context="eu-2")
fleet.member("eu-2", context="eu-2")
fleet.placement("a", manifests=["broken.yaml", "absent.yaml"], policy=PickN(1001))
fleet.placement("b", manifests=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}],
                policy=PickFixed("eu-3"))
fleet.placement("c", manifests=[{"apiVersion": "v1", "kind": "ConfigMap",
                                 "metadata": {"name": "x", "namespace": "kube-system"}}],
                policy=PickN(1, preferred=[Prefer(200, sort_by=("node-count", "ascending"))]))
fleet.placement("d", manifests=[deployment(cpu="lots")], replicas=Divided(weights={"eu-1": -1}))
"""


def test_every_mistake_is_reported_at_preview_by_path_and_line(stack):
    (stack.folder / "broken.yaml").write_text("a: 1\nb: [1\n")
    stack.write(MISTAKES, members=" ")
    before = stack.events()
    text = stack.preview(code=-1)
    for part in (
        "__main__.py:7: members.eu-1.tanits: unknown field `tanits`",
        "Did you mean `taints`?",
        "`eu-2` is declared twice, at __main__.py:8 and at __main__.py:9",
        "broken.yaml:3: placements.a.manifests[0]: invalid YAML",
        "absent.yaml: placements.a.manifests[1]: cannot read the file",
        "placements.a.policy.number_of_clusters: value `1001` is too large",
        "placements.b.manifests[0]: `metadata.generateName`",
        "placements.b.policy.cluster_names: unknown cluster `eu-3`",
        "`ConfigMap/x` touches namespace `kube-system`",
        "placements.c.policy.preferred[0].weight: value `200` is too large",
        "bad quantity `lots`",
        "placements.d.replicas.weights.eu-1: value `-1` is too small",
    ):
        assert part in text, f"{part!r} is not in\n{text}"
    assert stack.writes(before) == []


def test_half_a_fleet_is_never_deployed(stack):
    body = 'fleet.placement("web", manifests=[NAMESPACE, deployment()], policy=PickFixed("eu-1"))'
    stack.write(body)
    stack.up()
    before = stack.events()
    stack.write(f"{body}\nraise ValueError('half-way')")
    done = stack.pulumi.run("up", "--yes", "--skip-preview", cwd=stack.folder)
    assert done.code != 0
    assert "half-way" in done.stdout + done.stderr
    assert stack.writes(before) == []
    assert stack.replicas("web") == {"eu-1": 3}


def test_an_exception_inside_with_that_is_caught_outside_deploys_nothing(stack):
    stack.write("")
    (stack.folder / "__main__.py").write_text(
        "from pulumi_kubefleet import *\nfrom parts import *\n"
        "try:\n    with Fleet('shop') as fleet:\n        fleet.member('eu-1', context='eu-1')\n"
        "        fleet.placement('web', manifests=[NAMESPACE, deployment()])\n        raise KeyError('oops')\n"
        "except KeyError:\n    print('caught')\n"
    )
    before = stack.events()
    text = stack.up(code=-1)
    assert "half a fleet is never deployed" in text
    assert stack.writes(before) == []
