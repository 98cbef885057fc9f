"""A user's `batch/v1` Job: what it says of the whole job, and what of it is for every shard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kubefleet.jobs.global_index import GLOBAL, LOCAL

# All that a Job's status or another controller says of the whole job is said by its account instead.
_OF_THE_WHOLE: Final = ("completions", "parallelism", "successPolicy", "maxFailedIndexes", "ttlSecondsAfterFinished")
_CONTAINERS: Final = ("initContainers", "containers")


def completions_of(template: Mapping[str, Any]) -> int:
    """How many indexes the template says that the job has; 1 where it does not say."""
    found = (template.get("spec") or {}).get("completions")
    return int(found) if isinstance(found, int) else 1


def parallelism_of(template: Mapping[str, Any]) -> int | None:
    """How many pods the template lets run at once, None where it does not say: as many as there is room for."""
    found = (template.get("spec") or {}).get("parallelism")
    return found if isinstance(found, int) and found > 0 else None


def limit_of(template: Mapping[str, Any]) -> int | None:
    """The seconds after which the template's own `activeDeadlineSeconds` ends a Job; None without one."""
    found = (template.get("spec") or {}).get("activeDeadlineSeconds")
    return found if isinstance(found, int) else None


def shardable(template: Mapping[str, Any]) -> dict[str, Any]:
    """The `spec` of the template for any shard: without what is said of the whole job, and with references to the
    Job's own index led to the whole job's.
    """
    spec = {key: value for key, value in (template.get("spec") or {}).items() if key not in _OF_THE_WHOLE}
    return {**spec, "template": _led(spec.get("template") or {})}


def _led(value: Any) -> Any:
    """With every `fieldRef` to the Job's own index led to the whole job's."""
    if isinstance(value, Mapping):
        path = value.get("fieldPath")
        if isinstance(path, str) and f"['{LOCAL}']" in path:
            return {**value, "fieldPath": f"metadata.annotations['{GLOBAL}']"}
        return {key: _led(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_led(item) for item in value]
    return value


def in_containers(pod: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """The pod's spec with a change of every container."""
    return {
        **pod,
        **{key: [change(container) for container in pod[key]] for key in _CONTAINERS if pod.get(key)},
    }
