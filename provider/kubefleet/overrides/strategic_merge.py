"""Strategic merge patches on a manifest: maps are merged, lists of Kubernetes' own kinds by their keys.

As the API server does it for `application/strategic-merge-patch+json`: `null` removes a field, a list without a key is
replaced, `$patch: replace` and `$patch: delete` stand for what they say, `$retainKeys` lists all that a map keeps. The
keys are the `patchMergeKey`s of k8s.io/api v0.37. Custom resources have none: their lists are replaced, as in a JSON
merge patch (RFC 7396).
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from kubefleet.overrides.flaw import Unfit

_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_KEYS: Final = {
    ("", "secrets"): "name",
    ("", "webhooks"): "name",
    ("metadata", "ownerReferences"): "uid",
    ("spec", "hostAliases"): "ip",
    ("spec", "imagePullSecrets"): "name",
    ("spec", "matchConditions"): "name",
    ("spec", "ports"): "port",
    ("spec", "resourceClaims"): "name",
    ("spec", "schedulingGates"): "name",
    ("spec", "topologySpreadConstraints"): "topologyKey",
    ("spec", "variables"): "name",
    ("spec", "volumes"): "name",
    ("webhooks", "matchConditions"): "name",
    **{("spec", field): "name" for field in _CONTAINERS},
    **{
        (within, field): key
        for within in _CONTAINERS
        for field, key in (
            ("env", "name"),
            ("ports", "containerPort"),
            ("volumeDevices", "devicePath"),
            ("volumeMounts", "mountPath"),
        )
    },
}
"""Enclosing field (none at the top) and field -> the key by which the items of the list are told apart."""
_SETS: Final = frozenset({("metadata", "finalizers")})
_REPLACED: Final = frozenset({("PodDisruptionBudget", "selector")})
_GROUPS: Final = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
_PATCH, _RETAIN = "$patch", "$retainKeys"
_AGAIN: Final = "\n"
Steps = tuple[str | int, ...]


def merged(manifest: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with the patch merged into it. Raises Unfit for a directive that cannot be followed."""
    group = str(manifest.get("apiVersion") or "").rpartition("/")[0]
    merge = _Merge(str(manifest.get("kind")), known=group in _GROUPS)
    result = merge.maps(copy.deepcopy(dict(manifest)), patch, "", ())
    if not result:
        raise Unfit((), "it deletes the whole object (expected `delete=True` for that).")
    return result


class _Merge:
    """One merge. `known`: it is one of Kubernetes' own kinds, whose lists have keys."""

    def __init__(self, kind: str, *, known: bool) -> None:
        self._kind = kind
        self._known = known

    def maps(self, old: dict[str, Any], patch: Mapping[str, Any], field: str, steps: Steps) -> dict[str, Any]:
        """`field` is the one that leads to these maps, `steps` all of them in the patch."""
        _check_directives(patch, steps)
        if patch.get(_PATCH) == "delete":
            return {}
        if patch.get(_PATCH) == "replace":
            old = {}
        if _RETAIN in patch:
            old = {key: value for key, value in old.items() if key in patch[_RETAIN]}
        for key, value in patch.items():
            if key.startswith("$"):
                continue
            if value is None:
                old.pop(key, None)
            else:
                old[key] = self._one(old.get(key), value, field, key, (*steps, key))
        return old

    def _one(self, old: Any, new: Any, within: str, key: str, steps: Steps) -> Any:
        if isinstance(new, Mapping):
            keeps = isinstance(old, dict) and (self._kind, key) not in _REPLACED
            return self.maps(old if keeps else {}, new, key, steps)
        if isinstance(new, list | tuple):
            if self._known and (within, key) in _SETS and isinstance(old, list):
                return _interleaved({repr(item): item for item in old}, {repr(item): item for item in new})
            merge_key = _KEYS.get((within, key)) if self._known else None
            if merge_key is not None:
                return self._lists(old if isinstance(old, list) else [], new, merge_key, key, steps)
            return [copy.deepcopy(item) for item in new]
        return copy.deepcopy(new)

    def _lists(self, old: list[Any], new: Any, merge_key: str, field: str, steps: Steps) -> list[Any]:
        if any(isinstance(item, Mapping) and item == {_PATCH: "replace"} for item in new):
            old = []
            new = [item for item in new if item != {_PATCH: "replace"}]
        live = _by_name(old, merge_key)
        mine: dict[str, Any] = {}
        gone: set[str] = set()
        for index, item in enumerate(new):
            place = (*steps, index)
            if not isinstance(item, Mapping) or item.get(merge_key) is None:
                raise Unfit(place, f"an item without `{merge_key}` (expected it: these are told apart by it).")
            name = _key(item, merge_key)
            if item.get(_PATCH) == "delete":
                gone.add(name)
            else:
                mine[name] = self.maps(dict(mine.get(name) or live.get(name) or {}), item, field, place)
        return _interleaved({name: live[name] for name in live if name.partition(_AGAIN)[0] not in gone}, mine)


def _by_name(items: list[Any], merge_key: str) -> dict[str, Any]:
    """Items by their keys; of those that share one, such as a port of TCP and of UDP, a patch means the first."""
    found: dict[str, Any] = {}
    for item in items:
        name = _key(item, merge_key)
        again = sum(other.partition(_AGAIN)[0] == name for other in found)
        found[name + _AGAIN * again] = item
    return found


def _key(item: Any, merge_key: str) -> str:
    return repr(item.get(merge_key) if isinstance(item, Mapping) else item)


def _interleaved(live: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Any]:
    """Items by name in the order of the API server: what the patch names in its own order, the others before the first
    of these that they stood before.
    """
    order = list(live)
    left, right = [name for name in order if name not in mine], list(mine)
    result = []
    while left or right:
        first = left and (not right or (right[0] in live and order.index(left[0]) < order.index(right[0])))
        name = left.pop(0) if first else right.pop(0)
        result.append(mine.get(name, live.get(name)))
    return result


def _check_directives(patch: Mapping[str, Any], steps: Steps) -> None:
    for key, value in patch.items():
        if not key.startswith("$"):
            continue
        if key not in {_PATCH, _RETAIN}:
            raise Unfit((*steps, key), f"unknown directive `{key}` (expected `{_PATCH}` or `{_RETAIN}`).")
        if key == _PATCH and value not in {"delete", "merge", "replace"}:
            raise Unfit((*steps, key), f"unknown value of `{_PATCH}` (expected delete, merge or replace).")
        if key == _RETAIN and not isinstance(value, list | tuple):
            raise Unfit((*steps, key), f"bad value of `{_RETAIN}` (expected a list of field names).")
