"""A workload's selector, as the API server takes it in a list."""

from collections.abc import Mapping
from typing import Any


def label_selector(workload: Mapping[str, Any]) -> str:
    """E.g. `app=web,tier in (a,b),!legacy`, from `spec.selector`: of labels and expressions, or bare labels as a
    ReplicationController has them.
    """
    selector = (workload.get("spec") or {}).get("selector") or {}
    bare = not {"matchLabels", "matchExpressions"} & set(selector)
    labels = selector if bare else selector.get("matchLabels") or {}
    parts = [f"{key}={value}" for key, value in sorted(labels.items())]
    for item in () if bare else selector.get("matchExpressions") or ():
        key, values = item["key"], ",".join(item.get("values") or ())
        match item["operator"]:
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
    return ",".join(parts)
