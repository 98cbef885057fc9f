"""What overrides make of objects: patches, merges, variables, and all that is wrong with them, by rule and path."""

from typing import Any

import pytest
from immutabledict import immutabledict

from kubefleet.model.cluster import Cluster
from kubefleet.model.override import Override
from kubefleet.model.property import make_property
from kubefleet.overrides.bind import bind, needs_properties
from kubefleet.overrides.record import decode_bound, encode_bound, revision_on
from kubefleet.overrides.tailor import tailored
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.override import check_clusters, parse_overrides
from kubefleet.spec.override_limits import limits

pytestmark = pytest.mark.fast

WEB, SETTINGS = "apps/v1/Deployment/shop/web", "v1/ConfigMap/shop/settings"
EU = Cluster(
    "eu-1",
    labels=immutabledict({"region": "eu", "example.com/tier": "edge"}),
    properties=immutabledict({"node-count": make_property(3, "nodes", "node-count")}),
)
US = Cluster("us-1", labels=immutabledict({"region": "us"}))


def manifests() -> dict[str, dict[str, Any]]:
    container = {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}], "args": ["-v"]}
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"replicas": 3, "template": {"spec": {"containers": [container, {"name": "log", "image": "log:1"}]}}}
    return {
        WEB: {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        SETTINGS: {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": "shop"},
            "data": {"color": "blue"},
        },
    }


def parsed(*rules: dict[str, Any]) -> tuple[Override, ...]:
    mistakes: list[Mistake] = []
    found = parse_overrides(list(rules), "overrides", manifests(), mistakes)
    assert mistakes == []
    return found


def mistakes_in(*rules: dict[str, Any]) -> list[str]:
    mistakes: list[Mistake] = []
    assert parse_overrides(list(rules), "overrides", manifests(), mistakes) == ()
    return [str(mistake) for mistake in mistakes]


def on(cluster: Cluster, *rules: dict[str, Any], divided: bool = False) -> dict[str, Any]:
    overrides = parsed(*rules)
    bound, flaws = bind(overrides, cluster)
    assert flaws == []
    result, flaws = tailored(manifests(), overrides, bound, limits(divided=divided))
    assert flaws == []
    return result


def flaws_on(cluster: Cluster, *rules: dict[str, Any], divided: bool = False) -> list[tuple[Any, ...]]:
    overrides = parsed(*rules)
    bound, flaws = bind(overrides, cluster)
    flaws = flaws or tailored(manifests(), overrides, bound, limits(divided=divided))[1]
    return [(flaw.steps, flaw.object, flaw.why) for flaw in flaws]


def patch(*operations: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"object": "ConfigMap/settings", "json_patch": list(operations), **rule}


def merge(data: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"object": "Deployment/web", "merge": data, **rule}


def in_pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def pod(objects: dict[str, Any]) -> dict[str, Any]:
    return objects[WEB]["spec"]["template"]["spec"]


def test_a_rule_changes_its_object_on_its_clusters_and_nothing_else():
    rule = patch({"op": "replace", "path": "/data/color", "value": "red"}, clusters=["eu-1"])
    assert on(EU, rule)[SETTINGS]["data"] == {"color": "red"}
    assert on(EU, rule)[WEB] == manifests()[WEB]
    assert on(US, rule) == manifests()


@pytest.mark.parametrize(
    ("clusters", "eu", "us"),
    [
        (None, True, True),
        ("us-1", False, True),
        ({"labels": {"region": "eu"}}, True, False),
        ({"label_expressions": [{"key": "example.com/tier", "operator": "Exists"}]}, True, False),
        ({"properties": [{"name": "node-count", "operator": "Ge", "values": ["3"]}]}, True, False),
        ({"properties": [{"name": "node-count", "operator": "Gt", "values": ["3"]}]}, False, False),
        ({"labels": {"region": "eu"}, "properties": [{"name": "node-count", "operator": "Lt", "values": ["3"]}]}, 0, 0),
    ],
)
def test_clusters_are_selected_by_name_label_and_property(clusters, eu, us):
    overrides = parsed(patch({"op": "remove", "path": "/data"}, **({"clusters": clusters} if clusters else {})))
    assert [bool(bind(overrides, cluster)[0].rules) for cluster in (EU, US)] == [bool(eu), bool(us)]


def test_rules_apply_in_their_order():
    first = patch({"op": "add", "path": "/data/a", "value": "1"})
    second = patch({"op": "move", "from": "/data/a", "path": "/data/b"})
    assert on(EU, first, second)[SETTINGS]["data"] == {"color": "blue", "b": "1"}


def test_variables_stand_for_the_clusters_own_name_labels_and_properties():
    text = (
        "${cluster.name} ${cluster.labels.example.com/tier} ${cluster.properties.node-count} ${HOME} $${cluster.name}"
    )
    rule = patch({"op": "add", "path": "/data/where", "value": text})
    assert on(EU, rule)[SETTINGS]["data"]["where"] == "eu-1 edge 3 ${HOME} ${cluster.name}"


def test_a_variable_without_a_value_is_a_flaw_by_rule_and_path():
    rule = merge(in_pod(nodeSelector={"tier": "${cluster.labels.example.com/tier}"}))
    ((steps, _, why),) = flaws_on(US, patch({"op": "remove", "path": "/data"}), rule)
    assert steps == (1, "merge", "spec", "template", "spec", "nodeSelector", "tier")
    assert why.startswith("`${cluster.labels.example.com/tier}`: cluster `us-1` has no label `example.com/tier`")


@pytest.mark.parametrize("name", ["cluster", "cluster.lables.region", "cluster.labels.", "cluster.names"])
def test_a_variable_that_cannot_be_is_a_mistake_before_any_cluster_is_asked(name):
    (told,) = mistakes_in(patch({"op": "add", "path": "/data/x", "value": f"a ${{{name}}}"}))
    assert told.startswith(f"overrides[0].json_patch[0].value: unknown variable `${{{name}}}`")


def test_only_properties_need_a_look_at_the_cluster():
    assert not needs_properties(parsed(patch({"op": "add", "path": "/data/x", "value": "${cluster.labels.a}"})))
    assert needs_properties(parsed(patch({"op": "add", "path": "/data/x", "value": "${cluster.properties.a}"})))
    by_property = {"properties": [{"name": "node-count", "operator": "Exists"}]}
    assert needs_properties(parsed(patch({"op": "remove", "path": "/data"}, clusters=by_property)))


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "replace", "path": "/data/colour", "value": "x"}, "`/data/colour` is not there"),
        ({"op": "remove", "path": "/data/colour"}, "`/data/colour` is not there"),
        ({"op": "add", "path": "/spec/a/b", "value": "x"}, "nothing can be added at `/spec/a/b`"),
        ({"op": "add", "path": "/data/color/x", "value": "x"}, "nothing can be added at `/data/color/x`"),
        ({"op": "test", "path": "/data/color", "value": "red"}, "the test of `/data/color` does not hold"),
        ({"op": "copy", "from": "/data/x", "path": "/data/y"}, "`/data/x` cannot become `/data/y`"),
        ({"op": "move", "from": "/data", "path": "/data/y"}, "`/data` cannot become `/data/y`"),
    ],
)
def test_an_operation_that_does_not_fit_is_a_flaw_by_rule_operation_and_path(operation, why):
    fine = {"op": "add", "path": "/data/fine", "value": "1"}
    ((steps, key, told),) = flaws_on(EU, patch(fine, operation))
    assert (steps, key) == ((0, "json_patch", 1), SETTINGS)
    assert told.startswith(why)


def test_all_rules_that_do_not_fit_are_told_and_no_value_is():
    wrong = {"op": "replace", "path": "/data/a", "value": "hunter2"}
    found = flaws_on(EU, patch(wrong), patch({**wrong, "path": "/data/b"}))
    assert [steps for steps, _, _ in found] == [(0, "json_patch", 0), (1, "json_patch", 0)]
    assert "hunter2" not in str(found)


def test_lists_are_merged_by_the_keys_of_kubernetes():
    env = [{"name": "B", "value": "2"}]
    rule = merge(in_pod(containers=[{"name": "web", "image": "web:2", "env": env, "args": ["-q"]}]))
    assert pod(on(EU, rule))["containers"] == [
        {"name": "web", "image": "web:2", "env": [*env, {"name": "A", "value": "1"}], "args": ["-q"]},
        {"name": "log", "image": "log:1"},
    ]


def test_what_a_merge_sets_to_nothing_goes():
    rule = merge(in_pod(containers=[{"name": "log", "$patch": "delete"}, {"name": "web", "args": None}]))
    assert pod(on(EU, rule))["containers"] == [
        {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]},
    ]


@pytest.mark.parametrize(
    ("data", "steps", "why"),
    [
        (in_pod(containers=[{"image": "x"}]), ("spec", "template", "spec", "containers", 0), "an item without `name`"),
        ({"spec": {"$patch": "remove"}}, ("spec", "$patch"), "unknown value of `$patch`"),
        ({"$setElementOrder/x": []}, ("$setElementOrder/x",), "unknown directive"),
        ({"$patch": "delete"}, (), "it deletes the whole object"),
    ],
)
def test_a_merge_that_does_not_fit_is_a_flaw_by_rule_and_path(data, steps, why):
    ((found, key, told),) = flaws_on(EU, merge(data))
    assert (found, key) == ((0, "merge", *steps), WEB)
    assert told.startswith(why)


def test_lists_of_custom_resources_are_replaced():
    key = "example.com/v1/Widget/shop/a"
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    widget["spec"] = {"containers": [{"name": "a"}]}
    mistakes: list[Mistake] = []
    rule = {"kind": "Widget", "merge": {"spec": {"containers": [{"size": 1}]}}}
    overrides = parse_overrides([rule], "overrides", [key], mistakes)
    result, flaws = tailored({key: widget}, overrides, bind(overrides, EU)[0], limits(divided=False))
    assert (mistakes, flaws) == ([], [])
    assert result[key]["spec"] == {"containers": [{"size": 1}]}


def test_an_object_may_be_left_out_but_no_workload():
    assert set(on(EU, {"object": "ConfigMap/settings", "delete": True})) == {WEB}
    ((steps, key, why),) = flaws_on(EU, {"kind": "Deployment", "delete": True})
    assert (steps, key) == ((0,), WEB)
    assert "the schedule decides where a workload is" in why


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"metadata": {"name": "other"}}, "it changes `metadata.name`"),
        ({"metadata": {"namespace": "other"}}, "it changes `metadata.namespace`"),
        ({"kind": "StatefulSet"}, "it changes `kind`"),
        ({"spec": {"replicas": 5}}, "the schedule decides the replicas"),
    ],
)
def test_what_is_not_for_an_override_to_decide(data, why):
    ((_, key, told),) = flaws_on(EU, merge(data))
    assert key == WEB
    assert told.startswith(why)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"object": "Deployment/wep", "delete": True}, "[0].object: it has no object `Deployment/wep`"),
        ({"delete": True}, "[0]: none of kind, object"),
        ({"kind": "Deployment"}, "[0]: none of json_patch, merge, delete"),
        (merge({"a": 1}, delete=True), "[0]: `merge` and `delete` of json_patch, merge, delete"),
        (patch({"op": "ad", "path": "/x", "value": 1}), "[0].json_patch[0].op: unknown operation"),
        (patch({"op": "add", "path": "/x"}), "[0].json_patch[0].value: missing field"),
        (patch({"op": "add", "path": "x", "value": 1}), "[0].json_patch[0].path: bad path"),
        (patch({"op": "remove", "path": "/x", "form": "/y"}), "[0].json_patch[0].form: unknown field"),
        (patch({"op": "remove", "path": "/x"}, cluster="a"), "[0].cluster: unknown field `cluster`"),
        (patch({"op": "remove", "path": "/x"}, clusters=[]), "[0].clusters: bad value"),
        (patch({"op": "remove", "path": "/x"}, clusters={"lables": {}}), "[0].clusters.lables: unknown field"),
        (
            patch({"op": "remove", "path": "/x"}, clusters={"nodes": [{"at_least": 1, "each": []}]}),
            "[0].clusters.nodes",
        ),
    ],
)
def test_what_is_written_wrongly_is_told_by_path(rule, told):
    assert mistakes_in(rule)[0].startswith(f"overrides{told}")


def test_an_unknown_cluster_is_told_with_what_may_be_meant():
    mistakes: list[Mistake] = []
    check_clusters(parsed(patch({"op": "remove", "path": "/x"}, clusters=["eu-2"])), ["eu-1"], "overrides", mistakes)
    assert str(mistakes[0]) == (
        "overrides[0].clusters: unknown cluster `eu-2` (expected a member: eu-1). Did you mean `eu-1`?"
    )


def test_a_cluster_without_overrides_has_the_placements_revision_and_one_with_them_its_own():
    overrides = parsed(
        patch({"op": "add", "path": "/data/r", "value": "${cluster.labels.region}"}, clusters=["eu-1"]),
    )
    before, other = bind(overrides, EU)[0], bind(overrides, US)[0]
    moved = bind(overrides, Cluster("eu-1", labels=immutabledict({"region": "nordic"})))[0]
    assert revision_on("abc", other) == "abc"
    assert len({revision_on("abc", item) for item in (before, other, moved)}) == 3
    assert revision_on("abc", decode_bound(encode_bound(before))) == revision_on("abc", before)
