"""Clusters, requests and earlier decisions with boring defaults. A test names only what it is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Binding, Decision, Plan, Previous
from kubefleet.model.policy import DivideBy, Divided, Policy, PolicyType, TopologySpread
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling import schedule
from kubefleet.scheduling.division import Share

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CORDONED, DRAINED, UNREACHABLE = ClusterState.CORDONED, ClusterState.DRAINED, ClusterState.UNREACHABLE
NO_SCHEDULE = Taint("dedicated", "ml", Effect.NO_SCHEDULE)
NO_EXECUTE = Taint("maintenance", "", Effect.NO_EXECUTE)
ALL = Policy(PolicyType.PICK_ALL)


def best(number: int, **fields: Any) -> Policy:
    return Policy(PolicyType.PICK_N, number=number, **fields)


def named(*names: str, **fields: Any) -> Policy:
    return Policy(PolicyType.PICK_FIXED, names=names, **fields)


def spread(key: str = "region", max_skew: int = 1, **fields: Any) -> tuple[TopologySpread, ...]:
    return (TopologySpread(key, max_skew, **fields),)


def node(cpu: str = "8", count: int = 1, *, labels: Mapping[str, str] | None = None, **quantities: str) -> NodeShape:
    allocatable = parse_amounts({"memory": "32Gi", "pods": "110"} | {"cpu": cpu} | quantities)
    return NodeShape(count, allocatable, allocatable, ((allocatable, count),), labels=immutabledict(labels or {}))


def cluster(name: str, *nodes: NodeShape, labels: Mapping[str, str] | None = None, **fields: Any) -> Cluster:
    """Without nodes its capacity is not known, and limits nothing."""
    known = fields.pop("capacity_known", bool(nodes))
    return Cluster(name, shapes=nodes, labels=immutabledict(labels or {}), capacity_known=known, **fields)


def pod(**quantities: str) -> PodShape:
    return PodShape(parse_amounts({name.replace("_", "/"): amount for name, amount in quantities.items()}))


def request(name: str = "web", replicas: int = 1, policy: Policy = ALL, **fields: Any) -> Request:
    """One workload, `w`, unless `workloads` says otherwise."""
    size = fields.pop("size", PodShape())
    workloads = fields.pop("workloads", (Workload("w", "default", replicas, size),))
    return Request(name, uid=f"uid-{name}", policy=policy, workloads=workloads, **fields)


def divided(name: str = "web", replicas: int = 1, policy: Policy = ALL, **fields: Any) -> Request:
    """As `request`, its replicas divided; `by`, `weights`, `low` and `high` say how."""
    how = Divided(
        fields.pop("by", DivideBy.WEIGHT),
        immutabledict(fields.pop("weights", {})),
        immutabledict(fields.pop("low", {})),
        immutabledict(fields.pop("high", {})),
    )
    return request(name, replicas, policy, divided=how, **fields)


def before(edited: bool = False, **counts: int) -> Previous:
    """An earlier decision: replicas of the workload `w` by cluster."""
    return Previous(tuple(Binding(name, immutabledict({"w": count})) for name, count in counts.items()), edited)


def plan(
    clusters: Sequence[Cluster], requests: Sequence[Request] | Request, previous: Mapping[str, Previous] | None = None
) -> Plan:
    asked = [requests] if isinstance(requests, Request) else requests
    return schedule(Snapshot(NOW, tuple(clusters)), asked, previous or {})


def decide(clusters: Sequence[Cluster], request_: Request, previous: Previous | None = None) -> Decision:
    made = plan(clusters, request_, {request_.name: previous} if previous else {})
    return made.decisions[0]


def counts(decision: Decision | None) -> dict[str, int]:
    """Replicas of all workloads by cluster."""
    assert decision is not None
    return {binding.cluster: binding.total for binding in decision.bindings}


def codes(reasons: Sequence[Any]) -> list[str]:
    return [str(reason.code) for reason in reasons]


def moves(made: Plan) -> list[tuple[str, str, int, str]]:
    return [(move.source, move.destination, move.replicas, str(move.reason)) for move in made.moves]


def shares(
    rooms: list[int], current: list[int] | None = None, weights: list[int] | None = None, low: int = 0
) -> list[Share]:
    """Capped at what there is and the room for more."""
    current = current or [0] * len(rooms)
    weights = weights or [1] * len(rooms)
    return [
        Share(i, have, low, have + room, room, weight)
        for i, (room, have, weight) in enumerate(zip(rooms, current, weights, strict=True))
    ]
