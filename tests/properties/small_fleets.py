"""Small fleets and what is placed on them, for hypothesis: few names, few units, so that everything collides."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

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


def some(pairs: dict[str, list[str]]) -> st.SearchStrategy[immutabledict[str, str]]:
    """A label or none for each key."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in pairs.items()}).map(
        lambda found: immutabledict(sorted(found.items()))
    )


@st.composite
def shapes(draw: st.DrawFn) -> NodeShape:
    count = draw(st.integers(1, 3))
    whole = {"cpu": 8000, "memory": 16 * GIB, "pods": draw(st.integers(2, 6))}
    free = [
        immutabledict({"cpu": draw(st.integers(0, 8)) * 1000, "memory": draw(st.integers(0, 16)) * GIB, "pods": slots})
        for slots in [draw(st.integers(0, whole["pods"])) for _ in range(count)]
    ]
    groups = tuple((amounts, free.count(amounts)) for amounts in dict.fromkeys(free))
    allocatable = immutabledict(whole)
    return NodeShape(count, allocatable, allocatable, groups, labels=draw(some({"zone": ["x", "y"]})))


TAINTS = st.builds(
    Taint,
    st.sampled_from(["ml", "gone"]),
    st.sampled_from(["", "v"]),
    st.sampled_from(list(Effect)),
    st.sampled_from([None, NOW - timedelta(seconds=60)]),
)
TOLERATIONS = st.builds(
    Toleration,
    key=st.sampled_from(["", "ml", "gone"]),
    operator=st.sampled_from(["Equal", "Exists"]),
    value=st.sampled_from(["", "v"]),
    effect=st.sampled_from(["", "NoSchedule", "NoExecute"]),
    seconds=st.sampled_from([None, None, 30, 300]),
)
STATES = st.sampled_from([ClusterState.READY] * 8 + list(ClusterState))


@st.composite
def clusters(draw: st.DrawFn, name: str, *, healthy: bool = False) -> Cluster:
    state = ClusterState.READY if healthy else draw(STATES)
    rank = draw(st.sampled_from([None, 1, 2, 5]))
    bare = state is ClusterState.UNREACHABLE
    return Cluster(
        name,
        state=state,
        labels=draw(some({"region": ["eu", "us", "as"], "tier": ["prod", "test"]})),
        taints=() if healthy else tuple(sorted(draw(st.sets(TAINTS, max_size=1)))),
        properties=immutabledict({} if bare or rank is None else {"rank": make_property(rank, "user")}),
        shapes=() if bare else tuple(draw(st.lists(shapes(), max_size=2))),
        namespaces=draw(st.sampled_from([None, None, frozenset({"shop"}), frozenset[str]()])),
        capacity_known=state is not ClusterState.PLANNED,
    )


@st.composite
def fleets(draw: st.DrawFn, *, most: int = 5, healthy: bool = False) -> Snapshot:
    names = NAMES[: draw(st.integers(1, most))]
    return Snapshot(NOW, tuple(draw(clusters(name, healthy=healthy)) for name in names))


PODS = st.builds(
    lambda cpu, memory, zone: PodShape(
        immutabledict({key: amount for key, amount in (("cpu", cpu * 1000), ("memory", memory * GIB)) if amount}),
        immutabledict({"zone": zone} if zone else {}),
    ),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["", "", "", "x"]),
)
TERMS = st.builds(
    Term,
    st.lists(
        st.builds(
            Expr, st.just("tier"), st.sampled_from([Operator.IN, Operator.NOT_IN]), st.sampled_from([("prod",), ("x",)])
        ),
        max_size=1,
    ).map(tuple),
    st.lists(st.just(Expr("rank", Operator.GE, ("2",))), max_size=1).map(tuple),
    st.lists(
        st.builds(
            Nodes,
            st.sampled_from(["2", "8", "9"]).map(lambda cores: (Expr("cpu", Operator.GE, (cores,)),)),
            st.integers(1, 3),
            st.booleans(),
        ),
        max_size=1,
    ).map(tuple),
)
PREFERENCES = st.one_of(
    st.builds(Prefer, st.integers(-100, 100), TERMS),
    st.builds(Prefer, st.integers(-100, 100), st.none(), st.just("rank"), st.booleans()),
)
SPREADS = st.builds(
    TopologySpread, st.just("region"), st.integers(1, 2), st.booleans(), st.sampled_from([None, None, 2])
)


@st.composite
def policies(draw: st.DrawFn, types: Sequence[PolicyType] = tuple(PolicyType), *, spread: bool = True) -> Policy:
    kind = draw(st.sampled_from(types))
    return Policy(
        kind,
        number=draw(st.integers(0, 4)) if kind is PolicyType.PICK_N else 0,
        names=tuple(draw(st.lists(st.sampled_from(NAMES), unique=True))) if kind is PolicyType.PICK_FIXED else (),
        required=tuple(draw(st.lists(TERMS, max_size=2))),
        preferred=tuple(draw(st.lists(PREFERENCES, max_size=2))),
        topology_spread=tuple(draw(st.lists(SPREADS, max_size=1))) if spread else (),
        tolerations=tuple(draw(st.lists(TOLERATIONS, max_size=1))),
        fit=draw(st.sampled_from([Fit.FILTER, Fit.FILTER, Fit.FILTER, Fit.SCORE, Fit.IGNORE])),
    )


def divisions(total: int) -> st.SearchStrategy[Divided]:
    """Minimums of 1 on two clusters at most, and only where that cannot be more than the total."""
    lows = st.dictionaries(st.sampled_from(NAMES), st.just(1), max_size=min(2, total))
    return st.builds(
        lambda by, weights, low, high: Divided(
            by, immutabledict(weights), immutabledict(low), immutabledict({k: v for k, v in high.items() if v})
        ),
        st.sampled_from(list(DivideBy)),
        st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=3),
        lows,
        st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5), max_size=2),
    )


@st.composite
def requests(
    draw: st.DrawFn,
    name: str = "web",
    *,
    types: Sequence[PolicyType] = tuple(PolicyType),
    spread: bool = True,
    divided: bool | None = None,
    pods: st.SearchStrategy[PodShape] = PODS,
    workloads: int = 2,
) -> Request:
    replicas = [draw(st.integers(0, 9)) for _ in range(draw(st.integers(0 if divided is None else 1, workloads)))]
    parted = draw(st.booleans()) if divided is None else divided
    return Request(
        name,
        uid=f"uid-{name}",
        policy=draw(policies(types, spread=spread)),
        workloads=tuple(
            Workload(f"{name}-{i}", "shop", count, draw(pods), divisible=i == 0 or draw(st.booleans()))
            for i, count in enumerate(replicas)
        ),
        divided=draw(divisions(min(replicas, default=0))) if parted else None,
        priority=draw(st.integers(0, 1)),
        needs_namespaces=draw(st.sampled_from([frozenset[str](), frozenset({"shop"})])),
    )


@st.composite
def several(draw: st.DrawFn, **options: object) -> tuple[Request, ...]:
    names = ("web", "api", "job")[: draw(st.integers(1, 3))]
    return tuple(draw(requests(name, **options)) for name in names)  # type: ignore[arg-type]
