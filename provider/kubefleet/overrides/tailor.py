"""The objects of a placement as one cluster is to have them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubefleet.model.override import Bound, Change, Delete, JsonPatch, Override
from kubefleet.overrides.flaw import Flaw, Unfit
from kubefleet.overrides.json_patch import patched
from kubefleet.overrides.strategic_merge import merged
from kubefleet.overrides.variables import filled

Manifests = Mapping[str, Mapping[str, Any]]
Guard = Callable[[Mapping[str, Any], Mapping[str, Any] | None], str | None]
"""Why an object (before, after; None: deleted) may not be changed so, or None where it may."""


def tailored(
    manifests: Manifests, overrides: Sequence[Override], bound: Bound, guard: Guard
) -> tuple[dict[str, Mapping[str, Any]], list[Flaw]]:
    """The manifests after the rules that hold, in their order; an object that a rule deletes is not among them. A rule
    that does not fit, or that `guard` objects to, changes nothing and is a flaw.
    """
    result, flaws = dict(manifests), list[Flaw]()
    for index in bound.rules:
        override = overrides[index]
        for key in [key for key in result if override.subject.covers_key(key)]:
            try:
                changed = _changed(result[key], override.change, bound.values or {})
            except Unfit as unfit:
                flaws.append(Flaw((index, *unfit.steps), unfit.why, key))
                continue
            if why := guard(result[key], changed):
                flaws.append(Flaw((index,), why, key))
            elif changed is None:
                del result[key]
            else:
                result[key] = changed
    return result, flaws


def _changed(manifest: Mapping[str, Any], change: Change, values: Mapping[str, str]) -> dict[str, Any] | None:
    """Raises Unfit with steps from the rule."""
    match change:
        case Delete():
            return None
        case JsonPatch(operations):
            try:
                return patched(manifest, filled(operations, values))
            except Unfit as unfit:
                raise Unfit(("json_patch", *unfit.steps), unfit.why) from unfit
        case merge:
            try:
                return merged(manifest, filled(merge.patch, values))
            except Unfit as unfit:
                raise Unfit(("merge", *unfit.steps), unfit.why) from unfit
