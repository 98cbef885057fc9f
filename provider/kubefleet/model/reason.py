"""Why a cluster was refused, kept or warned about: data, made into text only at the end."""

from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict


class Code(StrEnum):
    """Every reason there is."""

    UNREACHABLE = "unreachable"
    NOT_READY = "not-ready"
    CORDONED = "cordoned"
    DRAINED = "drained"
    LEAVING = "leaving"
    TAINT_NOT_TOLERATED = "taint-not-tolerated"
    TAINT_TOLERATED_UNTIL = "taint-tolerated-until"
    LABEL_MISMATCH = "label-mismatch"
    PROPERTY_MISMATCH = "property-mismatch"
    PROPERTY_MISSING = "property-missing"
    NODE_REQUIREMENT_UNMET = "node-requirement-unmet"
    NAMESPACE_MISSING = "namespace-missing"
    API_MISSING = "api-missing"
    INSUFFICIENT_CAPACITY = "insufficient-capacity"
    CAPACITY_ESTIMATED = "capacity-estimated"
    TOPOLOGY_SPREAD = "topology-spread"
    NOT_ENOUGH_GROUPS = "not-enough-groups"
    AFFINITY_UNMET = "affinity-unmet"
    ANTI_AFFINITY = "anti-affinity"
    OUTSCORED = "outscored"
    LIMIT_REACHED = "limit-reached"
    NOT_NAMED = "not-named"
    FREES_ROOM = "frees-room"
    NEEDS_NODES = "needs-nodes"
    GROWTH_UNKNOWN = "growth-unknown"
    HAS_DATA = "has-data"
    PLUGIN_REFUSED = "plugin-refused"
    PLUGIN_FAILED = "plugin-failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: what (`code`), who says so (`plugin`), where (`cluster`), and the figures (`detail`).

    `detail` maps names to integers or texts, e.g. `{"resource": "cpu", "need": 8000, "free": 6000}`.
    """

    code: Code
    plugin: str
    cluster: str
    detail: immutabledict[str, int | str] = field(default_factory=immutabledict)


def make_reason(code: Code, plugin: str, cluster: str, **detail: int | str) -> Reason:
    """A reason with its figures in a fixed order."""
    return Reason(code, plugin, cluster, immutabledict({name: detail[name] for name in sorted(detail)}))
