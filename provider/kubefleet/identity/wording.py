"""Rights in words, few enough for one line: what a preview shows, and what an admin is asked for."""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from kubefleet.identity.action import Action
from kubefleet.identity.needs import HOME
from kubefleet.identity.rights import CLUSTER

_GROUPS: Final = 3
_OBJECTS: Final = 4


def in_words(actions: Collection[Action]) -> str:
    """`create, get on configmaps `a`, services `b` in namespace `shop`; list on pods in namespace `shop`; and 5 more`.

    The same whatever the order of the actions: objects with the same verbs in the same place stand together, those of
    the placement's own namespaces first, those of the fleet's records last. What is left out is counted as `identity
    show` counts, each verb on each object.
    """
    verbs: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for action in actions:
        verbs[action.namespace, action.kind, action.name].add(action.verb)
    objects: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (namespace, kind, name), wanted in sorted(verbs.items()):
        objects[namespace, tuple(sorted(wanted))].append(f"{kind} `{name}`" if name else kind)
    told, left = [], len(actions)
    for namespace, allowed in sorted(objects, key=_nearest_first)[:_GROUPS]:
        shown = objects[namespace, allowed][:_OBJECTS]
        where = f" in namespace `{namespace}`" if namespace else ""
        told.append(f"{', '.join(allowed)} on {', '.join(shown)}{where}")
        left -= len(shown) * len(allowed)
    return "; ".join([*told, *([f"and {left} more"] if left else [])])


def _nearest_first(group: tuple[str, tuple[str, ...]]) -> tuple[int, str, tuple[str, ...]]:
    namespace, verbs = group
    return ((CLUSTER, HOME).index(namespace) + 1 if namespace in (CLUSTER, HOME) else 0, namespace, verbs)
