"""What a member's autoscalers say of how far it grows: cluster-autoscaler's status, Karpenter's node pools.

Both are optional. Whoever may not read them loses only that: nothing here fails a snapshot.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from immutabledict import immutabledict

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, Cancelled, MemberError, Unreachable
from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.quantity import amount_of

_STATUS: Final = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
_NAME: Final = re.compile(r"^\s*Name:\s+(\S+)")
_MAXIMUM: Final = re.compile(r"maxSize=(\d+)")
_DENIED: Final = frozenset({401, 403})
KARPENTER: Final = ("karpenter.sh/v1", "karpenter.sh/v1beta1")


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """A group of cluster-autoscaler; `max_size` is None where its status does not say."""

    name: str
    max_size: int | None


@dataclass(frozen=True, slots=True)
class KarpenterPool:
    """A NodePool of Karpenter: `limits` and what it has `used` of them in all, with `nodes` among both. None: without
    limits, or none that can be read.
    """

    name: str
    limits: Amounts | None
    used: Amounts = NOTHING


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """What was found. `unread` says what could not be read, `unlimited` why one that is there tells nothing."""

    groups: tuple[NodeGroup, ...] = ()
    pools: tuple[KarpenterPool, ...] = ()
    unread: str = ""
    unlimited: str = ""


def read_autoscaling(connection: Connection) -> Autoscaling:
    """Two requests at most: the status is one ConfigMap; NodePools are listed where their API is served.

    Raises Cancelled, and whatever discovery raises; else it never fails.
    """
    unread = unlimited = ""
    groups: tuple[NodeGroup, ...] = ()
    try:
        status = connection.get(_STATUS)
        groups = parse_status(_text(status))
        if not groups:
            unlimited = "the status of its cluster-autoscaler has no node groups"
    except Cancelled:
        raise
    except MemberError as error:
        if not _absent(error):
            unread = _why("cluster-autoscaler's status", error)
    pools: tuple[KarpenterPool, ...] = ()
    served = [resource for version in KARPENTER if (resource := connection.apis().find(version, "NodePool"))]
    if served:
        try:
            pools = tuple(sorted(map(_pool, connection.list(served[0].path())), key=lambda pool: pool.name))
        except Cancelled:
            raise
        except MemberError as error:
            unlimited = _why("Karpenter's node pools", error)
    return Autoscaling(groups, pools, unread, unlimited)


def parse_status(text: str) -> tuple[NodeGroup, ...]:
    """The node groups in the ConfigMap's `status`: YAML since cluster-autoscaler 1.30, prose before; by name."""
    return tuple(sorted(_of_yaml(text) or _of_prose(text), key=lambda group: group.name))


def _of_yaml(text: str) -> list[NodeGroup]:
    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError):
        return []
    found = []
    for group in _list(_mapping(content).get("nodeGroups")):
        name, most = _mapping(group).get("name"), _mapping(_mapping(group).get("health")).get("maxSize")
        if name:
            found.append(NodeGroup(str(name), most if isinstance(most, int) and not isinstance(most, bool) else None))
    return found


def _of_prose(text: str) -> list[NodeGroup]:
    """`Name: x`, and some lines later `Health: ... (minSize=1, maxSize=3)`."""
    sizes: dict[str, int | None] = {}
    name = ""
    for line in text.splitlines():
        if found := _NAME.match(line):
            name = found.group(1)
            sizes[name] = None
        elif name and sizes[name] is None and (most := _MAXIMUM.search(line)):
            sizes[name] = int(most.group(1))
    return [NodeGroup(name, most) for name, most in sizes.items()]


def _pool(item: Mapping[str, Any]) -> KarpenterPool:
    name = str(_mapping(item.get("metadata")).get("name") or "?")
    limits = _amounts(_mapping(_mapping(item.get("spec")).get("limits")).items())
    used = _amounts(_mapping(_mapping(item.get("status")).get("resources")).items())
    return KarpenterPool(name, limits, used or NOTHING)


def _amounts(quantities: Iterable[tuple[str, Any]]) -> Amounts | None:
    """None where there is none, or none that can be read."""
    amounts = {}
    for resource, quantity in sorted(quantities):
        try:
            amounts[str(resource)] = amount_of(resource, quantity)
        except (TypeError, ValueError):
            continue
    return immutabledict(amounts) if amounts else None


def _text(configmap: Mapping[str, Any]) -> str:
    return str(_mapping(configmap.get("data")).get("status") or "")


def _absent(error: MemberError) -> bool:
    return isinstance(error, ApiError) and error.status == 404


def _why(what: str, error: MemberError) -> str:
    if isinstance(error, ApiError):
        return f"{what} may not be read" if error.status in _DENIED else f"{what}: {error.status} {error.reason}"
    return f"{what}: {error.why}" if isinstance(error, Unreachable) else f"{what} could not be read"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
