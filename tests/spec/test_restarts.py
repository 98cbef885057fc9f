"""Settings that change: whose pods are marked for a restart, and whose will not restart."""

import pytest

from kubefleet.model.subject import subject_of_object
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.restarts import RESTART_ANNOTATION, not_restarted, parse_restart_on, with_restarts

pytestmark = pytest.mark.fast

SETTINGS, DOOR, WEB = "v1/ConfigMap/shop/settings", "v1/Secret/shop/door", "apps/v1/Deployment/shop/web"


def manifests(color="blue", image="web:1", kind="Deployment"):
    container = {
        "name": "web",
        "image": image,
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "door", "key": "key"}}}],
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    idle = {"metadata": {"labels": {"app": "idle"}}, "spec": {"containers": [{"name": "idle", "image": "idle:1"}]}}

    def named(kind, version, name, **fields):
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **fields}

    return {
        SETTINGS: named("ConfigMap", "v1", "settings", data={"color": color}),
        DOOR: named("Secret", "v1", "door", data={"key": "aHVudGVyMg=="}),
        WEB: named(kind, "apps/v1", "web", spec={"template": template}),
        "apps/v1/Deployment/shop/idle": named("Deployment", "apps/v1", "idle", spec={"template": idle}),
    }


def subjects(*names):
    return tuple(subject_of_object(name) for name in names)


def mark(items, key=WEB):
    return (items[key]["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTART_ANNOTATION)


def test_the_mark_changes_with_the_settings_and_only_on_what_reads_them():
    on = subjects("ConfigMap/settings")
    blue, red = (with_restarts(manifests(color), on, {}) for color in ("blue", "red"))
    assert mark(blue) is not None
    assert mark(blue) != mark(red)
    assert mark(blue) == mark(with_restarts(manifests("blue", image="web:2"), on, {}))
    assert mark(blue, "apps/v1/Deployment/shop/idle") is None
    assert with_restarts(manifests(), (), {}) == manifests()


def test_a_secret_counts_by_how_often_it_has_changed_not_by_its_values():
    on = subjects("Secret/shop/door")
    other = manifests()
    other[DOOR]["data"] = {"key": "b3RoZXI="}
    first, same, second = (
        with_restarts(items, on, {DOOR: n}) for items, n in ((manifests(), 1), (other, 1), (manifests(), 2))
    )
    assert mark(first) == mark(same)
    assert mark(first) != mark(second)


@pytest.mark.parametrize(
    ("now", "restart_on", "found"),
    [
        (manifests("red"), (), (("ConfigMap/shop/settings", "Deployment/shop/web"),)),
        (manifests("red"), ("ConfigMap/settings",), ()),
        (manifests("red", image="web:2"), (), ()),
        (manifests("blue"), (), ()),
    ],
)
def test_whose_pods_will_not_restart(now, restart_on, found):
    assert not_restarted(manifests("blue"), now, subjects(*restart_on)) == found


def test_what_is_no_settings_of_the_placement_is_a_mistake():
    mistakes: list[Mistake] = []
    parse_restart_on(["ConfigMap/setings", "Deployment/web", "Secret/door"], manifests(), "restart_on", mistakes)
    expected = "in its manifests (expected one of ConfigMap/shop/settings, Secret/shop/door)."
    assert [str(mistake) for mistake in mistakes] == [
        f"restart_on[0]: no settings `ConfigMap/setings` {expected} Did you mean `ConfigMap/shop/settings`?",
        f"restart_on[1]: no settings `Deployment/web` {expected}",
    ]
