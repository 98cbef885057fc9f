"""Who takes part in exchanges, and the board that they begin with."""

from collections.abc import Mapping, Sequence

from kubefleet.model.decision import Decision, Previous
from kubefleet.model.policy import DivideBy, Fit, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.scheduling.cycle import Cycle
from kubefleet.scheduling.funnel import Funnel, run_filters
from kubefleet.scheduling.repair.board import Board, Player, Way
from kubefleet.scheduling.repair.packing import Packing, Pods
from kubefleet.scheduling.repair.spreading import Spreading


def make_board(
    cycle: Cycle,
    requests: Sequence[Request],
    previous: Mapping[str, Previous],
    decisions: Sequence[Decision],
    most_nodes: int,
) -> Board | None:
    """The seats of a plan, for those that may sit elsewhere; what the others take is booked in the cycle. None where
    nobody who lacks seats could get one, or where there are too many nodes.
    """
    players: list[Player] = []
    seats: list[list[int]] = []
    for request, decision in zip(requests, decisions, strict=True):
        before = previous.get(request.name, Previous())
        if _moves(request, before, decision):
            player = _player(cycle, request, before, decision)
            players.append(player)
            seats.append([now - had for now, had in zip(_seats(cycle, request, decision), player.held, strict=True)])
        else:
            _book(cycle, request, decision)
    groups = [cycle.ledger.node_groups(c) for c in range(len(cycle.columns))]
    if sum(count for nodes in groups for _, count, _ in nodes or ()) > most_nodes:
        return None
    packings = [
        Packing(
            None if nodes is None else tuple((kind, free) for kind, count, free in nodes for _ in range(count)),
            [player.item for player in players],
            [tuple(row[c] for row in seats)],
        )
        for c, nodes in enumerate(groups)
    ]
    board = Board(players, packings, seats)
    return board if any(_hopes(board, p) for p in range(len(players))) else None


def _moves(request: Request, before: Previous, decision: Decision) -> bool:
    """Whether room binds the placement, nothing of it leaves for a reason, and one kind of seat describes it."""
    policy = request.policy
    if policy.fit is not Fit.FILTER or request.frozen or request.may_rebalance or before.edited:
        return False
    if policy.spread_groups or policy.min_clusters:
        return False
    if not any(work.replicas for work in request.workloads):
        return False
    if any(binding.replicas != _replicas(decision, binding.cluster) for binding in before.bindings):
        # Divided replicas that became more where some stood are new seats there.
        grown = request.divides and all(
            count <= _replicas(decision, binding.cluster).get(key, -1)
            for binding in before.bindings
            for key, count in binding.replicas.items()
        )
        if not grown:
            return False
    if request.divides:
        return policy.type is not PolicyType.PICK_FIXED and len(request.workloads) == 1
    return policy.type is PolicyType.PICK_N


def _replicas(decision: Decision, cluster: str) -> Mapping[str, int]:
    binding = decision.binding(cluster)
    return binding.replicas if binding is not None else {}


def _player(cycle: Cycle, request: Request, before: Previous, decision: Decision) -> Player:
    index, number = cycle.columns.index, len(cycle.columns)
    held, now = [0] * number, _seats(cycle, request, decision)
    for binding in before.bindings:
        if binding.cluster in index:
            held[index[binding.cluster]] = request.amount(binding.replicas)
    caps, lows = _bounds(cycle, request, held)
    funnel = run_filters(cycle, request)
    allowed = tuple(
        c for c in range(number) if caps[c] and (now[c] > held[c] or (funnel.grows[c] and not _copy(request, held, c)))
    )
    asked = request.workloads[0].replicas if request.divides else request.policy.number
    weight = 1 if request.divides else sum(work.replicas for work in request.workloads)
    clusters = request.policy.number if request.policy.type is PolicyType.PICK_N else number
    item = tuple(_pods(cycle, work, 1 if request.divides else work.replicas) for work in request.workloads)
    return Player(
        name=request.name,
        priority=request.priority,
        item=item,
        weight=weight,
        seats=max(0, asked - sum(held)),
        clusters=clusters,
        allowed=allowed,
        held=tuple(held),
        caps=tuple(caps),
        lows=tuple(lows),
        spreads=_spreads(cycle, request, funnel, held),
    )


def _spreads(cycle: Cycle, request: Request, funnel: Funnel, held: Sequence[int]) -> tuple[Spreading, ...]:
    """What each `DoNotSchedule` has to count."""
    found = []
    for spread in (spread for spread in request.policy.topology_spread if spread.hard):
        codes, values = cycle.columns.domains(spread.key)
        domains, standing = tuple(codes.tolist()), [0] * len(values)
        for domain, count in zip(domains, held, strict=True):
            if domain >= 0:
                standing[domain] += count
        eligible = tuple(sorted({domain for c, domain in enumerate(domains) if domain >= 0 and funnel.eligible[c]}))
        enough = len(eligible) >= (spread.min_domains or 0)
        found.append(Spreading(domains, tuple(standing), eligible if enough else (), spread.max_skew))
    return tuple(found)


def _copy(request: Request, held: Sequence[int], c: int) -> bool:
    return not request.divides and held[c] > 0


def _bounds(cycle: Cycle, request: Request, held: Sequence[int]) -> tuple[list[int], list[int]]:
    """By cluster the most new seats, and the fewest if there are any."""
    number, divided = len(cycle.columns), request.divided
    if divided is None or not request.divides:
        return [1] * number, [0] * number
    caps, lows = [request.workloads[0].replicas] * number, [0] * number
    for c, name in enumerate(cycle.columns.names):
        low = divided.min.get(name, 0)
        if name in divided.max:
            caps[c] = max(0, divided.max[name] - held[c])
        if divided.by is DivideBy.WEIGHT and divided.weights.get(name, 1) == 0:
            caps[c] = min(caps[c], max(0, low - held[c]))
        lows[c] = min(caps[c], max(0, low - held[c]))
    return caps, lows


def _seats(cycle: Cycle, request: Request, decision: Decision) -> list[int]:
    seats = [0] * len(cycle.columns)
    for binding in decision.bindings:
        seats[cycle.columns.index[binding.cluster]] = request.amount(binding.replicas)
    return seats


def _pods(cycle: Cycle, work: Workload, count: int) -> Pods:
    size = cycle.ledger.size(work.pod)
    return Pods(tuple(size.need.tolist()), count, tuple(size.accepts.tolist()))


def _book(cycle: Cycle, request: Request, decision: Decision) -> None:
    places = [cycle.columns.index[binding.cluster] for binding in decision.bindings]
    pods = [(work, [binding.replicas.get(work.key, 0) for binding in decision.bindings]) for work in request.workloads]
    cycle.book(request, places, pods)


def _hopes(board: Board, p: int) -> bool:
    """Whether somebody who lacks seats would find more if all the others were gone, beside its own or anew."""
    before, hopeful = board.seats, False
    if board.missing(p) <= 0:
        return False
    for own in (before[p], [0] * len(before[p])):
        board.seats = [list(own) if q == p else [0] * len(row) for q, row in enumerate(before)]
        board.insert(p, Way.ROOMY)
        hopeful = hopeful or sum(board.seats[p]) > sum(before[p])
    board.seats = before
    return hopeful
