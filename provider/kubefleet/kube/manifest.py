"""From what a user wrote to the body that is applied. Pure."""

import base64
import copy
from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.spec.follower_kinds import is_follower

REVISION_ANNOTATION: Final = "pulumi-kubefleet/revision"
OPERATOR_ANNOTATION: Final = "pulumi-kubefleet/operator"
"""Who ran the command that wrote the object last, as the hub knows them."""
CREATED_ANNOTATION: Final = "pulumi-kubefleet/created"
OUR_ANNOTATIONS: Final = "pulumi-kubefleet/"
# Set by the server; an apply that carries managedFields is refused, the others would be preconditions or conflicts.
_SERVER_SET: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def body_of(
    manifest: Mapping[str, Any], identity: PlacementIdentity, revision: str, *, created: bool = False
) -> dict[str, Any]:
    """The apply configuration: our annotations added, `stringData` as `data`, what the server sets left out.

    `created`: the object is a Namespace that a placement made, which may be deleted again. Pod templates stay as
    they are.
    """
    ref = ref_of(manifest)
    body = copy.deepcopy(dict(manifest))
    body.pop("status", None)
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _SERVER_SET}
    if not metadata.get("labels", True):
        del metadata["labels"]  # the server keeps no empty map, so it would never be found applied
    annotations = dict(metadata.get("annotations") or {}) | {identity.owner_annotation: ref.owner_value}
    if not is_follower(manifest):
        # Of what several placements share each would say something else.
        annotations[REVISION_ANNOTATION] = revision
        annotations |= {OPERATOR_ANNOTATION: identity.operator} if identity.operator else {}
    if created and ref.kind == "Namespace":
        annotations[CREATED_ANNOTATION] = "true"
    metadata["annotations"] = annotations
    body["metadata"] = metadata
    if body.get("apiVersion") == "v1" and body.get("kind") == "Secret" and "stringData" in body:
        body["data"] = dict(body.get("data") or {}) | {
            key: base64.b64encode(str(value).encode()).decode() for key, value in (body.pop("stringData") or {}).items()
        }
    return body


def content_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body is the user's: without its address and without our annotations; empty maps left out."""
    content = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = dict(manifest.get("metadata") or {})
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if not key.startswith(OUR_ANNOTATIONS)
    }
    content["metadata"] = {
        key: value for key, value in metadata.items() if key not in ("name", "namespace", "annotations")
    } | {"annotations": annotations}
    pruned = _without_empty(content)
    return pruned if isinstance(pruned, dict) else {}


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in (None, {}, [])}
