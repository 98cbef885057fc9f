"""`create_namespace`: the namespaces that a placement's objects stand in are made where they are missing.

As `helm install --create-namespace` has it: off unless asked for, and a namespace that exists is used as it is.
"""

from collections.abc import Sequence

from kubefleet.spec.follower_kinds import IF_MISSING_ANNOTATION
from kubefleet.spec.manifests import ManifestObject

_ALWAYS_THERE = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})


def with_namespaces(objects: Sequence[ManifestObject], where: str) -> tuple[ManifestObject, ...]:
    """The objects, and a Namespace for every one that they stand in and do not bring themselves."""
    used = {str(item.object["metadata"].get("namespace", "")) for item in objects}
    brought = {item.object["metadata"]["name"] for item in objects if item.object["kind"] == "Namespace"}
    made = sorted(used - brought - _ALWAYS_THERE - {""})
    return (*objects, *(_namespace(name, where) for name in made))


def _namespace(name: str, where: str) -> ManifestObject:
    metadata = {"name": name, "annotations": {IF_MISSING_ANNOTATION: "true"}}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return ManifestObject(f"v1/Namespace//{name}", made, where)
