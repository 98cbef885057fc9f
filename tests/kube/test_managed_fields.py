import pytest

from kubefleet.kube.managed_fields import (
    NOTHING,
    applied,
    beyond,
    contested,
    differing,
    held,
    managed_by,
    uncontested,
    united,
)

pytestmark = pytest.mark.fast

SPEC = {
    "replicas": 3,
    "selector": {"app": "web"},
    "containers": [{"name": "web", "image": "a", "stdin": True}, {"name": "log", "image": "b"}],
    "ports": [{"port": 80, "protocol": "TCP"}],
    "finalizers": ["x/y", "z"],
    "args": ["-v"],
}
FIELDS = {
    "f:replicas": {},
    "f:selector": {},
    "f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}},
    "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
    "f:finalizers": {".": {}, 'v:"z"': {}},
    "f:args": {},
}


def test_what_a_manager_applied_is_the_part_of_the_object_under_its_fields():
    assert applied(SPEC, FIELDS) == {
        "replicas": 3,
        "selector": {"app": "web"},
        "containers": [{"name": "web", "image": "a"}],
        "ports": [{"port": 80}],
        "finalizers": ["z"],
        "args": ["-v"],
    }


@pytest.mark.parametrize(
    ("value", "fields", "expected"),
    [
        ({"a": 1}, {"f:b": {}}, NOTHING),
        ({"a": 1}, {".": {}, "f:b": {}}, {}),
        ([], {"v:1": {}}, NOTHING),
        ("text", {"f:a": {}}, NOTHING),
        (["a", "b"], {"i:1": {}}, ["b"]),
    ],
)
def test_fields_that_are_gone_are_no_part(value, fields, expected):
    found = applied(value, fields)
    assert found is expected or found == expected


def test_held_fields_are_named_by_path_with_the_keys_of_list_items():
    assert sorted(held({"spec": SPEC}, {"f:spec": FIELDS})) == [
        ".spec.args",
        ".spec.containers[name=web].image",
        ".spec.containers[name=web].name",
        '.spec.finalizers["z"]',
        ".spec.ports[port=80,protocol=TCP].port",
        ".spec.replicas",
        ".spec.selector",
    ]


def test_a_key_that_an_item_leaves_to_its_default_does_not_hide_the_conflict():
    assert list(held([{"port": 80}], {'k:{"port":80,"protocol":"TCP"}': {"f:port": {}}})) == [
        "[port=80,protocol=TCP].port"
    ]


def test_differences_are_paths():
    left, right = {"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"b": 2, "c": [2]}, "e": 1}
    assert list(differing(left, right)) == [".a.b", ".a.c", ".d", ".e"]


def test_a_malformed_entry_is_passed_over():
    live = {"metadata": {"managedFields": [None, {"manager": "x"}, {"manager": "y", "fieldsV1": {"f:a": {}}}]}}
    assert [entry.manager for entry in managed_by(live)] == ["y"]


THEIRS = {"f:replicas": {}, "f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}}, "f:args": {}}
LIVE = {**SPEC, "replicas": 5, "containers": [{"name": "log", "image": "b"}, {"name": "web", "image": "hot"}]}


def test_contested_is_what_another_holds_with_another_value():
    assert list(contested(SPEC, LIVE, THEIRS)) == [".replicas", ".containers[name=web].image"]
    assert list(contested({"selector": {}}, LIVE, THEIRS)) == []
    assert list(contested(SPEC, {}, {"f:args": {}})) == [".args"]


def test_what_is_contested_can_be_left_out_and_all_else_stays():
    assert uncontested(SPEC, LIVE, THEIRS) == {
        **{key: item for key, item in SPEC.items() if key != "replicas"},
        "containers": [{"name": "web", "stdin": True}, {"name": "log", "image": "b"}],
    }
    assert uncontested(SPEC, SPEC, THEIRS) == SPEC
    assert uncontested({"a": 1}, {"a": 2}, {}) is NOTHING


def test_two_trees_of_fields_are_united_and_subtracted():
    assert united({"f:a": {}, "f:b": {"f:c": {}}}, {"f:b": {"f:d": {}}}) == {"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}
    left = {"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}, "f:e": {"f:f": {}}}
    assert beyond(left, {"f:b": {"f:c": {}}, "f:e": {}}) == {"f:a": {}, "f:b": {"f:d": {}}}
    assert beyond(left, left) == {}
