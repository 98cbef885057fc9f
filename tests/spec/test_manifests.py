from pathlib import Path

import pytest

from kubefleet.spec.manifests import load_manifests

pytestmark = pytest.mark.fast

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}


def load(*sources, base: Path, **options):
    return load_manifests(sources, path="placements.web", base=base, **options)


def test_an_object_without_a_namespace_gets_the_placements_own(tmp_path):
    objects, mistakes = load(CONFIG, base=tmp_path, namespace="shop")
    assert (objects[0].key, objects[0].object["metadata"]["namespace"], mistakes) == (
        "v1/ConfigMap/shop/settings",
        "shop",
        [],
    )


def test_a_cluster_scoped_object_gets_none(tmp_path):
    objects, _ = load({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, base=tmp_path)
    assert objects[0].key == "v1/Namespace//shop"


def test_all_mistakes_come_at_once_each_with_its_file_and_line(tmp_path):
    (tmp_path / "web.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: kube-system}\n"
    )
    (tmp_path / "broken.yaml").write_text("a: 1\nb: [1\n")
    objects, mistakes = load("web.yaml", "broken.yaml", "absent.yaml", CONFIG, CONFIG, base=tmp_path)
    texts = "\n".join(str(mistake) for mistake in mistakes)
    assert len(objects) == 2
    assert "web.yaml:3" in texts or "web.yaml:1" in texts
    for part in ("generateName", "kube-system", "broken.yaml:", "invalid YAML", "absent.yaml", "twice"):
        assert part in texts


def test_kube_system_may_be_allowed(tmp_path):
    item = {**CONFIG, "metadata": {"name": "settings", "namespace": "kube-system"}}
    assert load(item, base=tmp_path, allow_namespaces=["kube-system"])[1] == []


def test_a_folder_is_read_in_the_order_of_its_files(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    objects, mistakes = load(".", base=tmp_path)
    assert ([item.object["metadata"]["name"] for item in objects], mistakes) == (["a", "b"], [])


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_kubectls_copy_of_the_object_in_its_annotations_is_left_out(tmp_path, kind):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"key": "b2xk"}}', "note": "x"}
    item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "annotations": annotations}}
    (found,), mistakes = load(item, base=tmp_path)
    assert (found.object["metadata"]["annotations"], mistakes) == ({"note": "x"}, [])
    assert len(annotations) == 2
