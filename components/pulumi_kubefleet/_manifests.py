"""The manifests of one placement, as its resources get them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from kubefleet.model.selection import Selection
from kubefleet.spec.created_namespaces import with_namespaces
from kubefleet.spec.manifests import ManifestObject, load_manifests, without_last_applied
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.selection import select_objects
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet.placement import Placement


@dataclass(frozen=True, slots=True)
class Read:
    """The objects that a placement takes, those that it leaves in its manifests (by key), and what was selected."""

    objects: tuple[ManifestObject, ...]
    left: frozenset[str] = frozenset()
    selection: Selection | None = None


def read_manifests(placement: Placement) -> tuple[Read, list[Mistake]]:
    """Every object of a placement, and every mistake in them and in the arguments that their keys are made of."""
    path = f"placements.{placement.placement_name}"
    namespace, allowed = placement._raw.get("namespace"), placement._raw.get("allow_namespaces")
    items = _listed(allowed)
    select = placement._raw.get("select")
    names = [select] if isinstance(select, str) else _listed(select)
    written = {
        join(path, "namespace"): namespace,
        join(path, "allow_namespaces"): allowed,
        **{join(path, "allow_namespaces", index): item for index, item in enumerate(items)},
        join(path, "select"): select,
        **{join(path, "select", index): name for index, name in enumerate(names)},
    }
    objects, mistakes = load_manifests(
        placement._manifests,
        path=path,
        base=Path.cwd(),
        # What is no text is left to the check of all arguments.
        namespace=namespace if isinstance(namespace, str) else None,
        allow_namespaces=[item for item in items if isinstance(item, str)],
    )
    late = [
        Mistake(where, "this is an Output (expected plain text that is known when the program runs).")
        for where, value in written.items()
        if isinstance(value, pulumi.Output)
    ]
    taken, selection = objects, None
    if names and all(isinstance(name, str) for name in names):
        taken, selection = select_objects(objects, names, path, mistakes)
    left = frozenset(item.key for item in objects) - frozenset(item.key for item in taken)
    if placement._raw.get("create_namespace") is True:
        taken = with_namespaces(taken, join(path, "create_namespace"))
    return Read(taken, left, selection), late + mistakes


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def as_input(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest for state: the values of a Secret are secret outputs there, and nothing holds them once more."""
    shown = dict(manifest)
    metadata = manifest["metadata"]
    if isinstance(metadata.get("annotations"), pulumi.Output):
        shown["metadata"] = {**metadata, "annotations": when_known(metadata["annotations"], _own_annotations)}
    if manifest.get("kind") == "Secret":
        shown.update({key: pulumi.Output.secret(shown[key]) for key in ("data", "stringData") if key in shown})
    return shown


def _own_annotations(annotations: Any) -> Any:
    return without_last_applied(annotations) if isinstance(annotations, Mapping) else annotations
