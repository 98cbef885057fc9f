from pathlib import Path

import pytest

from kubefleet.spec.created_namespaces import with_namespaces
from kubefleet.spec.follower_kinds import is_only_if_missing
from kubefleet.spec.manifests import load_manifests
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.selection import select_objects
from kubefleet.spec.selection_record import record_of, selection_of

pytestmark = pytest.mark.fast

SHOP = Path(__file__).parents[1] / "cases" / "manifests" / "shop"


def loaded(*sources, namespace="shop"):
    objects, mistakes = load_manifests(sources, path="placements.web", base=SHOP, namespace=namespace)
    assert mistakes == []
    return objects


def select(objects, *wanted):
    mistakes: list[Mistake] = []
    taken, listing = select_objects(objects, wanted, "placements.web", mistakes)
    return taken, listing, [str(mistake) for mistake in mistakes]


def pod(**spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [], **spec}}},
    }


def config(name, kind="ConfigMap", **rest):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **rest}


def test_the_objects_stay_in_their_order_and_each_is_there_once():
    objects = loaded(
        config("a"), pod(volumes=[{"configMap": {"name": "a"}}, {"configMap": {"name": "a"}}]), config("b")
    )
    taken, _, _ = select(objects, "Deployment/web", "ConfigMap/a")
    assert [item.key for item in taken] == ["v1/ConfigMap/shop/a", "apps/v1/Deployment/shop/web"]


def test_the_listing_says_who_brings_what():
    _, listing, _ = select(loaded("."), "Deployment/api")
    why = {item.object: item.why for item in (*listing.follows, *listing.absent, *listing.unclear)}
    assert listing.selected == ("Deployment/shop/api",)
    assert why["Secret/shop/mirror"] == "named by ServiceAccount/shop/shop"
    assert why["Secret/shop/certificate"] == "named by Ingress/shop/api"
    assert why["Service/shop/api"] == "serves Deployment/shop/api"
    assert why["Role/shop/reads"] == "named by RoleBinding/shop/reads"
    assert why["Secret/shop/only-in-the-cluster"] == "named by Deployment/shop/api"
    assert why["Service/shop/everything"] == "serves Deployment/shop/worker too"


def test_a_listing_comes_back_from_the_inputs_as_it_was():
    _, listing, _ = select(loaded("."), "Deployment/api")
    assert selection_of(record_of(listing)) == listing
    assert selection_of(None) is None


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({"volumes": [{"secret": {"secretName": "x"}}]}, "Secret/shop/x"),
        ({"volumes": [{"azureFile": {"secretName": "x", "shareName": "s"}}]}, "Secret/shop/x"),
        ({"volumes": [{"cephfs": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"cinder": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"csi": {"nodePublishSecretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"flexVolume": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"iscsi": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"rbd": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"scaleIO": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"storageos": {"secretRef": {"name": "x"}}}]}, "Secret/shop/x"),
        ({"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}, "Secret/shop/x"),
        ({"volumes": [{"projected": {"sources": [{"configMap": {"name": "x"}}]}}]}, "ConfigMap/shop/x"),
        ({"volumes": [{"configMap": {"name": "x"}}]}, "ConfigMap/shop/x"),
        ({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}, "PersistentVolumeClaim/shop/x"),
        ({"imagePullSecrets": [{"name": "x"}]}, "Secret/shop/x"),
        ({"serviceAccount": "x"}, "ServiceAccount/shop/x"),
        ({"runtimeClassName": "x"}, "RuntimeClass/x"),
        ({"priorityClassName": "x"}, "PriorityClass/x"),
        ({"ephemeralContainers": [{"envFrom": [{"secretRef": {"name": "x"}}]}]}, "Secret/shop/x"),
        ({"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "x"}}}]}]}, "ConfigMap/shop/x"),
        ({"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "x"}}}]}]}, "Secret/shop/x"),
        ({"containers": [{"envFrom": [{"configMapRef": {"name": "x"}}]}]}, "ConfigMap/shop/x"),
    ],
)
def test_every_field_in_which_a_pod_names_an_object_is_read(spec, named):
    _, listing, mistakes = select(loaded(pod(**spec)), "Deployment/web")
    assert mistakes == []
    assert [item.object for item in listing.absent] == [named]


@pytest.mark.parametrize(
    "spec",
    [
        {"volumes": [{"secret": {"secretName": "x", "optional": True}}]},
        {"volumes": [{"projected": {"sources": [{"configMap": {"name": "x", "optional": True}}]}}]},
        {"containers": [{"envFrom": [{"secretRef": {"name": "x", "optional": True}}]}]},
        {"volumes": [{"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}]},
        {"serviceAccountName": "default"},
        {"priorityClassName": "system-cluster-critical"},
        {"volumes": [{"emptyDir": {}}, {"hostPath": {"path": "/"}}]},
    ],
)
def test_what_is_optional_or_always_there_is_not_absent(spec):
    _, listing, _ = select(loaded(pod(**spec)), "Deployment/web")
    assert listing.absent == ()


def test_an_optional_object_follows_when_the_manifests_have_it():
    optional = pod(containers=[{"envFrom": [{"secretRef": {"name": "x", "optional": True}}]}])
    _, listing, _ = select(loaded(optional, config("x", "Secret")), "Deployment/web")
    assert [item.object for item in listing.follows] == ["Secret/shop/x"]


def test_objects_of_other_namespaces_do_not_follow():
    other = {**config("x"), "metadata": {"name": "x", "namespace": "other"}}
    _, listing, _ = select(loaded(pod(volumes=[{"configMap": {"name": "x"}}]), other), "Deployment/web")
    assert listing.follows == ()
    assert [item.object for item in listing.absent] == ["ConfigMap/shop/x"]


def test_a_custom_resource_brings_its_definition_and_what_its_pods_name():
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "rollouts.argoproj.io"},
        "spec": {"group": "argoproj.io", "names": {"kind": "Rollout", "plural": "rollouts"}, "scope": "Namespaced"},
    }
    rollout = {**pod(volumes=[{"configMap": {"name": "a"}}]), "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
    _, listing, _ = select(loaded(crd, rollout, config("a")), "Rollout/web")
    assert {item.object for item in listing.follows} == {
        "ConfigMap/shop/a",
        "CustomResourceDefinition/rollouts.argoproj.io",
    }


def test_a_name_that_matches_nothing_is_a_mistake_with_the_nearest():
    _, _, mistakes = select(loaded("."), "deployment/api", "Secret/nowhere")
    assert "placements.web.select[0]: `deployment/api` is not among the manifests" in mistakes[0]
    assert "Did you mean `Deployment/api`?" in mistakes[0]
    assert mistakes[1].startswith("placements.web.select[1]: `Secret/nowhere`")


def test_a_name_in_two_namespaces_is_a_mistake_that_names_both():
    other = {**config("a"), "metadata": {"name": "a", "namespace": "other"}}
    _, _, mistakes = select(loaded(config("a"), other), "ConfigMap/a")
    assert "ambiguous (expected one of ConfigMap/other/a, ConfigMap/shop/a)" in mistakes[0]
    assert select(loaded(config("a"), other), "ConfigMap/other/a")[2] == []


def test_a_name_that_is_not_known_yet_is_a_mistake_that_says_which_field():
    _, _, mistakes = select(loaded(pod(serviceAccountName=object())), "Deployment/web")
    (mistake,) = mistakes
    assert mistake.startswith("placements.web.select: `serviceAccountName` is a value of type object (expected one")


def test_a_value_that_names_nothing_may_stay_unknown():
    taken, _, mistakes = select(loaded(pod(containers=[{"image": object()}])), "Deployment/web")
    assert mistakes == []
    assert len(taken) == 1


def test_namespaces_are_made_once_each_but_not_those_that_are_brought_or_always_there():
    objects = loaded(config("a"), config("b"), {**config("c"), "metadata": {"name": "c", "namespace": "default"}})
    made = with_namespaces(objects, "here")[len(objects) :]
    assert [item.key for item in made] == ["v1/Namespace//shop"]
    assert is_only_if_missing(made[0].object)
    brought = loaded(config("a"), config("shop", "Namespace"))
    assert with_namespaces(brought, "here") == brought
