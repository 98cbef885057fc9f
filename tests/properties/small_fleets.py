"""Small fleets and what is placed on them: few names, few units, so that everything collides; and room for most of it,
so that rules decide and not only a lack of nodes.

Every value is made of `Dice`, by a function; strategies of the same names in the plural are for hypothesis.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dice import Dice, rolled
from hypothesis import strategies as st
from immutabledict import immutabledict

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.policy import DivideBy, Divided, Fit, Nodes, Policy, PolicyType, Prefer, Term, TopologySpread
from kubefleet.model.property import make_property
from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint, Toleration

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GIB = 2**30
NAMES = ("a", "b", "c", "d", "e")
TYPES = tuple(PolicyType)
_STATES = (*[ClusterState.READY] * 24, ClusterState.PLANNED, *ClusterState)
_RANKS = {rank: make_property(rank, "user") for rank in (1, 2, 5)}
_LABELS = {"region": ("eu", "us", "as", "eu", "us", "as", ""), "tier": ("prod", "prod", "test", "")}
_EXPRESSIONS = ((True, False, False), (False, True, False), (False, False, True), (True, True, False), (True,) * 3)
"""Whether a term has one about labels, properties, nodes."""
_SHAPE, _CLUSTER, _REQUEST = 12, 40, 80
"""Bytes for one of each, rather too many."""


def labels(dice: Dice, values: dict[str, Sequence[str]]) -> immutabledict[str, str]:
    """One value for each key; where it is empty there is no label."""
    found = {key: dice.one(some) for key, some in values.items()}
    return immutabledict({key: value for key, value in found.items() if value})


def shape(dice: Dice) -> NodeShape:
    """Up to three nodes of 8 cores and 16 GiB, most of them with much that is free."""
    count, slots = dice.one((1, 3, 2, 3)), dice.one((8, 10, 6, 4))
    whole = immutabledict({"cpu": 8000, "memory": 16 * GIB, "pods": slots})
    free = [
        immutabledict(
            {
                "cpu": dice.one((8, 8, 7, 8, 5, 3, 1, 0)) * 1000,
                "memory": dice.one((16, 16, 12, 16, 8, 4, 1, 0)) * GIB,
                "pods": max(0, slots - dice.one((0, 0, 1, 0, 3, 10))),
            }
        )
        for _ in range(count)
    ]
    groups = tuple((amounts, free.count(amounts)) for amounts in dict.fromkeys(free))
    return NodeShape(count, whole, whole, groups, labels=labels(dice, {"zone": ("x", "y", "x", "")}))


def taint(dice: Dice) -> Taint:
    """Of any effect, and of any age up to a minute."""
    added = dice.one((None, NOW - timedelta(seconds=60)))
    return Taint(dice.one(("ml", "gone")), dice.one(("", "v")), dice.one(tuple(Effect)), added)


def toleration(dice: Dice) -> Toleration:
    """Of one taint, of all of them, for ever or for a time."""
    return Toleration(
        key=dice.one(("ml", "gone", "")),
        operator=dice.one(("Exists", "Equal")),
        value=dice.one(("", "v")),
        effect=dice.one(("", "NoSchedule", "NoExecute")),
        seconds=dice.one((None, 30, None, 300, 30)),
    )


def cluster(dice: Dice, name: str, *, healthy: bool = False) -> Cluster:
    """A cluster that is mostly ready; a healthy one always, and without taints."""
    state, tainted, rank = dice.one(_STATES), dice.one((False, False, False, True)), dice.one((2, None, 5, 1))
    state = ClusterState.READY if healthy else state
    shapes, named = dice.one((1, 2, 1, 2, 2, 2, 1, 2, 1, 2, 2, 0)), dice.part(2)
    wears = taint(dice.part(4))
    silent, known = state is ClusterState.UNREACHABLE, state is not ClusterState.PLANNED
    return Cluster(
        name,
        state=state,
        labels=labels(named, _LABELS),
        taints=(wears,) if tainted and not healthy else (),
        properties=immutabledict({} if silent or rank is None else {"rank": _RANKS[rank]}),
        namespaces=dice.one((None, None, None, frozenset({"shop"}), frozenset[str]())),
        apis=dice.one((None, None, None, frozenset({"v1/Cache"}), frozenset[str]())),
        shapes=tuple(shape(dice.part(_SHAPE)) for _ in range(shapes)) if known and not silent else (),
        capacity_known=known,
    )


def fleet(dice: Dice, *, most: int = 5, healthy: bool = False) -> Snapshot:
    """One to five clusters, rather more than fewer."""
    names = NAMES[: min(most, dice.one((1, 5, 3, 4, 2, 5, 4, 5)))]
    return Snapshot(NOW, tuple(cluster(dice.part(_CLUSTER), name, healthy=healthy) for name in names))


def pod(dice: Dice) -> PodShape:
    """Up to 4 cores and 4 GiB; of some resources nothing."""
    amounts = {"cpu": dice.one((1, 1, 2, 0, 1, 1, 2, 4)) * 1000, "memory": dice.one((1, 2, 0, 1, 1, 4)) * GIB}
    return PodShape(
        immutabledict({key: amount for key, amount in amounts.items() if amount}),
        labels(dice, {"zone": ("", "", "", "", "", "", "", "x")}),
    )


def term(dice: Dice) -> Term:
    """At least one expression, most of which hold for most clusters."""
    about = dice.one(_EXPRESSIONS)
    wanted = Expr("tier", dice.one((Operator.IN, Operator.NOT_IN)), dice.one((("prod",), ("prod", "x"), ("test",))))
    cores = Expr("cpu", Operator.GE, (dice.one(("2", "8", "8", "9")),))
    nodes = Nodes((cores,), dice.one((1, 2, 1, 3)), dice.one((False, True)))
    return Term(
        (wanted,) if about[0] else (),
        (Expr("rank", Operator.GE, ("2",)),) if about[1] else (),
        (nodes,) if about[2] else (),
    )


def preference(dice: Dice) -> Prefer:
    """By a term, or by the rank."""
    weight, sorts, descending = dice.number(-100, 100), dice.one((False, True)), dice.one((False, True))
    return Prefer(weight, None, "rank", descending) if sorts else Prefer(weight, term(dice))


def topology_spreads(dice: Dice) -> tuple[TopologySpread, ...]:
    """None, over regions, or over tiers too."""
    keys = dice.one(((), ("region",), (), ("region",), (), ("region", "tier"), ("tier",)))
    return tuple(
        TopologySpread(key, dice.one((1, 2, 1)), dice.one((True, True, False)), dice.one((None, None, 2, 3)))
        for key in keys
    )


def policy(dice: Dice, types: Sequence[PolicyType] = TYPES, *, spread: bool = True) -> Policy:
    kind, number = dice.one(types), dice.one((2, 1, 3, 4, 1, 2, 3, 2, 1, 2, 3, 0))
    names, terms = tuple(dice.part(5).some(NAMES, (False, True, True))), dice.one((0, 0, 0, 0, 1, 2))
    fit, prefers, tolerates = dice.one((*[Fit.FILTER] * 5, *Fit)), dice.one((0, 1, 0, 2)), dice.one((0, 1))
    spreads = topology_spreads(dice.part(7))
    return Policy(
        kind,
        number=number if kind is PolicyType.PICK_N else 0,
        names=names if kind is PolicyType.PICK_FIXED else (),
        topology_spread=spreads if spread else (),
        fit=fit,
        tolerations=tuple(toleration(dice) for _ in range(tolerates)),
        required=tuple(term(dice.part(6)) for _ in range(terms)),
        preferred=tuple(preference(dice.part(9)) for _ in range(prefers)),
    )


def division(dice: Dice, total: int) -> Divided:
    """Minimums on two clusters at most, and only where their sum is not above the total; none above its maximum."""
    by, weights = dice.one(tuple(DivideBy)), {name: dice.one((1, 1, 2, 3, 0)) for name in dice.part(5).some(NAMES)}
    low, left = dict[str, int](), total
    for name in dice.part(5).some(NAMES, (False, False, True))[:2]:
        least = min(left, dice.number(1, 2))
        low |= {name: least} if least else {}
        left -= least
    high = {
        name: max(low.get(name, 0), dice.one((2, 1, 3, 4))) for name in dice.part(5).some(NAMES, (False, False, True))
    }
    return Divided(by, immutabledict(weights), immutabledict(low), immutabledict(high))


def request(
    dice: Dice,
    name: str = "web",
    *,
    types: Sequence[PolicyType] = TYPES,
    spread: bool = True,
    divided: bool | None = None,
    workloads: int = 2,
) -> Request:
    """One placement of up to two workloads, whole or divided."""
    number = min(workloads, dice.one((1, 1, 2, 0) if divided is None else (1, 1, 2)))
    parted, parts = dice.one((False, True)) if divided is None else divided, dice.part(2)
    sizes = (3, 5, 4, 7, 9, 2, 1, 0) if parted else (1, 2, 1, 3, 4, 2, 6, 0)
    replicas = [dice.one(sizes) for _ in range(number)]
    how = division(dice.part(26), min(replicas, default=0))
    priority, needs = dice.number(0, 1), dice.one((False, False, True))
    apis = dice.one((False, False, False, True))
    return Request(
        name,
        uid=f"uid-{name}",
        policy=policy(dice.part(_REQUEST), types, spread=spread),
        workloads=tuple(
            Workload(f"{name}-{i}", "shop", count, pod(dice), divisible=parts.one((True, False)) or i == 0)
            for i, count in enumerate(replicas)
        ),
        divided=how if parted else None,
        priority=priority,
        needs_namespaces=frozenset({"shop"} if needs else ()),
        needs_apis=frozenset({"v1/Cache"} if apis else ()),
    )


def requests_of(dice: Dice, **options: object) -> tuple[Request, ...]:
    """One to three placements."""
    names = ("web", "api", "job")[: dice.number(1, 3)]
    return tuple(request(dice.part(2 * _REQUEST), name, **options) for name in names)  # type: ignore[arg-type]


def clusters(name: str) -> st.SearchStrategy[Cluster]:
    return rolled(_CLUSTER, lambda dice: cluster(dice, name))


def fleets(*, most: int = 5, healthy: bool = False) -> st.SearchStrategy[Snapshot]:
    return rolled(1 + most * _CLUSTER, lambda dice: fleet(dice, most=most, healthy=healthy))


def requests(name: str = "web", **options: object) -> st.SearchStrategy[Request]:
    return rolled(2 * _REQUEST, lambda dice: request(dice, name, **options))  # type: ignore[arg-type]


def several(**options: object) -> st.SearchStrategy[tuple[Request, ...]]:
    return rolled(1 + 6 * _REQUEST, lambda dice: requests_of(dice, **options))
