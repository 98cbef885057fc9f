"""The manifests of one placement, as its resources get them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from kubefleet.spec.manifests import ManifestObject, load_manifests, without_last_applied
from kubefleet.spec.mistakes import Mistake, join
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet.placement import Placement


def read_manifests(placement: Placement) -> tuple[tuple[ManifestObject, ...], list[Mistake]]:
    """Every object of a placement, and every mistake in them and in the arguments that their keys are made of."""
    path = f"placements.{placement.placement_name}"
    namespace, allowed = placement._raw.get("namespace"), placement._raw.get("allow_namespaces")
    items = allowed if isinstance(allowed, Sequence) and not isinstance(allowed, str) else ()
    written = {
        join(path, "namespace"): namespace,
        join(path, "allow_namespaces"): allowed,
        **{join(path, "allow_namespaces", index): item for index, item in enumerate(items)},
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
    return objects, late + mistakes


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
