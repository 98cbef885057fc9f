"""How many pods of one kind a cluster still holds: by a sum where it does not matter in which order they come, else by
binding them one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubefleet.model.pod_rules import HOSTNAME, PodSpread
from kubefleet.scheduling.nodes import MOST_PER_NODE, UNBOUNDED
from kubefleet.scheduling.rules.ground import Ground, Group, Order, View
from kubefleet.scheduling.rules.play import Play

_MOST_STEPS = 2_000
ORDER_MATTERS = "which node comes first decides how many fit"
TOO_MANY = f"more than {_MOST_STEPS} fit, and are not counted"


@dataclass(frozen=True, slots=True)
class Room:
    """How many pods; `unsure` says why it may be others, if so."""

    pods: int
    unsure: str = ""


def room_on(ground: Ground, view: View, whole: Sequence[Sequence[int]]) -> Room:
    """Room for pods that come one after the other. `whole` has, by kind, the cpu and memory of a node."""
    play = Play(ground, view)
    there = play.open(spread=False)
    if not there:
        return Room(0)
    by_score = least_allocated(view, whole)
    if view.rules.affinity and not play.any_near:
        return _beside_the_first(play, there, by_score)
    return _room(play, there, by_score)


def least_allocated(view: View, whole: Sequence[Sequence[int]]) -> Order:
    """The order in which the default profile takes nodes, as far as it is known: of equals the first."""
    return lambda group: -view.score(group[2], whole[group[0]])


def _beside_the_first(play: Play, there: Sequence[Group], by_score: Order) -> Room:
    """Nothing that the pods seek is there yet: the first one goes where it likes, and all others come to it."""
    keys = sorted({term.topology_key for term in play.rules.affinity})
    first = min(there, key=by_score)
    chosen, rooms = 0, set[int]()
    for groups in _by_domains(play, there, keys).values():
        nodes = {group: 1 if HOSTNAME in keys else play.groups[group] for group in groups}
        found = _room(play, groups, by_score, nodes)
        if found.unsure:
            return found
        rooms.add(found.pods)
        if first in groups:
            chosen = found.pods
    return Room(chosen, ORDER_MATTERS if len(rooms) > 1 else "")


def _by_domains(play: Play, there: Sequence[Group], keys: Sequence[str]) -> dict[object, list[Group]]:
    found: dict[object, list[Group]] = {}
    for group in there:
        labels = play.ground.kinds[group[0]].labels
        domain = tuple(group if key == HOSTNAME else labels[key] for key in keys)
        found.setdefault(domain, []).append(group)
    return found


def _room(play: Play, there: Sequence[Group], by_score: Order, nodes: Mapping[Group, int] | None = None) -> Room:
    """Room on some groups, which are open but for topology spread; of `nodes` of each."""
    nodes = nodes or play.groups
    own = play.own
    once = bool(play.rules.host_ports) or HOSTNAME in own.apart
    rooms = {group: min(play.view.room(group[2]), 1) if once else play.view.room(group[2]) for group in there}
    apart = own.apart - {HOSTNAME}
    spreads = [i for i in range(len(play.rules.spread)) if own.spread[i]]
    keys = apart | {play.rules.spread[i].topology_key for i in spreads}
    if len(keys) > 1 or len(spreads) > 1:
        return _bound_one_by_one(play, there, by_score)
    if not keys:
        return Room(_total(sum(rooms[group] * nodes[group] for group in there)))
    if not spreads:
        return Room(_one_a_domain(play, there, rooms, nodes, next(iter(keys))))
    (which,) = spreads
    if play.rules.spread[which].topology_key == HOSTNAME:
        return Room(_spread_over_nodes(play, rooms, nodes, which))
    return Room(_spread_over_domains(play, rooms, nodes, which, once=bool(apart)))


def _one_a_domain(
    play: Play, there: Sequence[Group], rooms: Mapping[Group, int], nodes: Mapping[Group, int], key: str
) -> int:
    """One pod in each domain, and as many as fit on nodes that are in none."""
    domains, free = set[str](), 0
    for group in there:
        value = play.ground.kinds[group[0]].labels.get(key)
        if value is None:
            free += rooms[group] * nodes[group]
        else:
            domains.add(value)
    return _total(free + len(domains))


def _spread_over_domains(
    play: Play, rooms: Mapping[Group, int], nodes: Mapping[Group, int], i: int, *, once: bool
) -> int:
    """Domains are filled up to `max_skew` above the one that is full first."""
    rule, counts = play.rules.spread[i], play.counts[i]
    more = dict.fromkeys(counts, 0)
    for group, room in rooms.items():
        more[play.ground.kinds[group[0]].labels[rule.topology_key]] += room * nodes[group]
    if once:
        more = {value: min(room, 1) for value, room in more.items()}
    bar = _bar(rule, len(counts), min(counts[value] + more[value] for value in counts))
    return _total(sum(_up_to(bar, counts[value], more[value]) for value in counts))


def _spread_over_nodes(play: Play, rooms: Mapping[Group, int], nodes: Mapping[Group, int], i: int) -> int:
    """The same where every node is a domain."""
    rule, by_node = play.rules.spread[i], play.by_node[i].copy()
    ends = []
    for group, room in rooms.items():
        count = play.look(group[1]).spread[i]
        by_node[count] -= nodes[group]
        ends.append(count + room)
    ends += [count for count, there in by_node.items() if there > 0]
    bar = _bar(rule, play.by_node[i].total(), min(ends))
    return _total(sum(_up_to(bar, play.look(group[1]).spread[i], room) * nodes[group] for group, room in rooms.items()))


def _bar(rule: PodSpread, domains: int, full_first: int) -> int:
    return rule.max_skew + (full_first if domains >= rule.min_domains else 0)


def _up_to(bar: int, count: int, room: int) -> int:
    return min(room, max(0, bar - count))


def _total(pods: int) -> int:
    return UNBOUNDED if pods >= MOST_PER_NODE else pods


def _bound_one_by_one(play: Play, there: Sequence[Group], by_score: Order) -> Room:
    """Several rules at once: in whatever order nodes are taken it should come to the same; if not, the least counts."""
    place = {group: number for number, group in enumerate(there)}
    orders: list[Order] = [
        by_score,
        lambda group: play.view.room(group[2]),
        lambda group: (place.get(group, len(place)), group),
        lambda group: (-place.get(group, -1), group),
    ]
    found = []
    for order in orders:
        again = Play(play.ground, play.view)
        found.append(again.bind(_MOST_STEPS, order))
    if max(found) == _MOST_STEPS:
        return Room(min(found), TOO_MANY)
    return Room(min(found), ORDER_MATTERS if min(found) != max(found) else "")
