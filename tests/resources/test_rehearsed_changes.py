"""Which objects a preview asks the clusters about: those that change there, and no others."""

import pytest
from pulumi.output import UNKNOWN

from kubefleet.resources import _session
from kubefleet.resources._rehearsal import _changed, _left, _new, _shrinking, rehearsed

pytestmark = pytest.mark.fast

UID = "0123456789abcdef"
A, B = "v1/ConfigMap/shop/a", "v1/ConfigMap/shop/b"


def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


@pytest.fixture(autouse=True)
def session(monkeypatch):
    for name in ("manifests", "before", "overrides", "overrides_before"):
        monkeypatch.setattr(_session, name, {})
    _session.before[UID] = {A: config("a", x="1"), B: config("b", x="1")}
    _session.manifests[UID] = {A: config("a", x="2"), B: config("b", x="1")}


def changed(olds, news, target):
    base = {"uid": UID, "revision": "r"}
    return _changed({**base, **olds}, {**base, **news}, {name: {} for name in target})


def test_what_is_other_than_before_changes_and_on_a_new_cluster_everything_does():
    assert changed({"to": {"eu-1": {}}}, {}, ["eu-1", "us-1"]) == {"eu-1": {A}, "us-1": {A, B}}


def test_where_the_last_run_did_not_come_to_its_end_everything_is_asked_about():
    redo = {"redo": {"clusters": ["us-1"], "turn": 1}}
    assert changed({"to": {"eu-1": {}, "us-1": {}}}, redo, ["eu-1", "us-1"]) == {"eu-1": {A}, "us-1": {A, B}}


def test_new_is_what_the_last_run_had_not_there():
    _session.manifests[UID] = {A: config("a", x="2"), B: config("b", x="1"), "c": config("c")}
    redo = {"uid": UID, "redo": {"clusters": ["ap-1"], "turn": 1}}
    found = _new({"to": {"eu-1": {}, "ap-1": {}}}, redo, {"eu-1": {}, "us-1": {}, "ap-1": {}})
    assert found == {"eu-1": {"c"}, "us-1": {A, B, "c"}, "ap-1": {A, B, "c"}}


def test_where_objects_only_go_the_cluster_shrinks_and_where_all_go_it_is_left():
    _session.manifests[UID] = {A: config("a", x="1")}
    olds = {"uid": UID, "to": {"eu-1": {}, "us-1": {}, "ap-1": {}}}
    news = {"uid": UID, "to": {"eu-1": {}, "us-1": UNKNOWN, "new-1": {}}}
    assert _shrinking(olds, news, {"eu-1": {}, "new-1": {}}) == ("eu-1",)
    assert _left(olds, news) == ("ap-1",)
    assert _left(olds, {**news, "to": UNKNOWN}) == ()


def test_what_is_not_known_yet_is_not_asked_about():
    _session.manifests[UID] = {A: config("a", x=UNKNOWN), B: config("b", x="2")}
    assert changed({"to": {"eu-1": {}}}, {}, ["eu-1"]) == {"eu-1": {B}}


def test_an_override_that_holds_elsewhere_or_changes_changes_its_object_there():
    _session.manifests[UID] = _session.before[UID]
    rule = {"object": "ConfigMap/b", "json_patch": [{"op": "add", "path": "/data/y", "value": "${cluster.labels.y}"}]}
    _session.overrides[UID] = _session.overrides_before[UID] = [rule]

    def held(**values):
        return {name: {"rules": [0], "values": {"cluster.labels.y": value}} for name, value in values.items()}

    olds = {"to": {"eu": {}, "us": {}, "ap": {}}, "overrides": held(eu="1", us="1")}
    assert changed(olds, {"overrides": held(eu="1", us="2", ap="1")}, ["eu", "us", "ap"]) == {
        "eu": set(),
        "us": {B},
        "ap": {B},
    }


def test_outside_of_a_preview_nothing_is_asked():
    assert not _session.previewing.is_set()
    assert rehearsed({}, {"uid": UID, "revision": "r", "to": {"eu-1": {}}, "placement": "web"}) == []
