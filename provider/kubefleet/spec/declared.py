"""A placement as a program declares it: everything checked, every mistake by path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.override import Override
from kubefleet.model.request import Request
from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, Strategy
from kubefleet.spec.apply_options import WrittenOptions
from kubefleet.spec.before_remove import parse_before_remove
from kubefleet.spec.data import Data, pinned_by
from kubefleet.spec.health_check import parse_checks
from kubefleet.spec.mistakes import Mistake, Spelling, beside, join
from kubefleet.spec.ordinals import wants_ranges
from kubefleet.spec.override import parse_overrides
from kubefleet.spec.policy import parse_policy
from kubefleet.spec.replicas import parse_replicas
from kubefleet.spec.restarts import parse_restart_on
from kubefleet.spec.scalars import Labels, Priority, Selected, check_name
from kubefleet.spec.selection_record import selection_of
from kubefleet.spec.singleton import Moving
from kubefleet.spec.strategy import parse_strategy
from kubefleet.spec.workloads import parse_workloads
from kubefleet.spec.written import read


class WrittenPlacement(WrittenOptions):
    """The arguments of a placement; `uid` to `objects` are put there by the component."""

    namespace: str | None = None
    policy: dict[str, Any] | None = None
    replicas: dict[str, Any] | None = None
    strategy: dict[str, Any] | None = None
    overrides: Any = None
    health: Any = None
    approvals: list[str] = []
    priority: Priority = 0
    labels: Labels = {}
    freeze: bool = False
    data: Data = Data.PINNED
    paused: bool = False
    divide_companions: bool = True
    move: Moving | None = None
    restart_on: Selected = []
    before_remove: Any = None
    select: Selected = []
    create_namespace: bool = False
    allow_namespaces: list[str] = []


_COMPUTED = frozenset({"uid", "revision", "workloads", "objects", "selection"})


@dataclass(frozen=True, slots=True)
class Declared:
    """One placement: what it asks of the scheduler, how it rolls out, and how its objects differ among clusters."""

    request: Request
    strategy: Strategy
    overrides: tuple[Override, ...] = ()


def parse_placement(name: str, raw: Mapping[str, Any], mistakes: list[Mistake]) -> Declared | None:
    """A placement from its record, with everything wrong added to `mistakes`; None if its policy cannot be read."""
    path = f"placements.{name}"
    check_name(name, path, mistakes)
    arguments = {key: value for key, value in raw.items() if key not in _COMPUTED}
    written = read(WrittenPlacement, arguments, path, Spelling.PYTHON, mistakes)
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    policy, divided, strategy = _parts(raw, path, mistakes)
    overrides = parse_overrides(raw.get("overrides"), join(path, "overrides"), raw.get("objects", ()), mistakes)
    parse_checks(raw.get("health"), join(path, "health"), raw.get("objects", ()), mistakes)
    workloads = parse_workloads(raw.get("workloads", ()), path, mistakes)
    parse_before_remove(raw.get("before_remove"), join(path, "before_remove"), mistakes, raw.get("objects", ()))
    if policy is None:
        return None
    if written is not None and written.move is not None and isinstance(strategy, SpreadUpdate):
        message = "`move` beside a strategy that counts pods (expected `max_surge`: with 0 the old ones stop first)."
        mistakes.append(Mistake(join(path, "move"), message))
    if wants_ranges(raw) and not any(cut["kind"] == "StatefulSet" for cut in raw.get("workloads", ())):
        message = "none of its objects is a StatefulSet (expected one: the pods of others have no numbers)."
        mistakes.append(Mistake(join(path, "replicas", "ordinals"), message))
    if written is not None:
        parse_restart_on(written.restart_on, raw.get("objects", ()), join(path, "restart_on"), mistakes)
    # Beside other mistakes the request is still made, for what is checked over all of them: names of clusters.
    written = written or WrittenPlacement()
    used, provided, apis, given = object_needs(raw.get("objects", ()))
    request = Request(
        name=name,
        uid=str(raw.get("uid", "")),
        policy=policy,
        workloads=workloads,
        divided=divided,
        priority=written.priority,
        labels=immutabledict({key: written.labels[key] for key in sorted(written.labels)}),
        needs_namespaces=used - provided,
        provides_namespaces=provided,
        needs_apis=apis,
        provides_apis=given,
        frozen=written.freeze,
        selection=selection_of(raw.get("selection")),
        pinned=pinned_by(written.data, raw.get("workloads", ()), raw.get("objects", ())),
    )
    return Declared(request, strategy or RollingUpdate(), overrides)


def _parts(raw: Mapping[str, Any], path: str, mistakes: list[Mistake]) -> tuple[Any, Any, Strategy | None]:
    def part(field: str) -> Any:
        value = raw.get(field)
        return value if value is None or isinstance(value, Mapping) else None

    policy = parse_policy(part("policy") or {"type": "PickAll"}, join(path, "policy"), Spelling.PYTHON, mistakes)
    divided = parse_replicas(part("replicas"), join(path, "replicas"), Spelling.PYTHON, mistakes)
    keys = raw.get("objects", ())
    told, wrong = [mistake.path for mistake in mistakes], list[Mistake]()
    strategy = parse_strategy(part("strategy"), join(path, "strategy"), Spelling.PYTHON, wrong, keys)
    # What is known to be a secret is not shown in another mistake.
    mistakes += beside(wrong, told)
    return policy, divided, strategy


def object_needs(keys: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    """Namespaces used and provided, and APIs needed and provided, from `apiVersion/Kind/namespace/name` keys.

    The API version itself may hold a slash; the last three parts never do. CRDs are not opened here: an API that a
    CRD of the same placement would serve counts as provided by its group.
    """
    used, provided, apis, groups = set(), set(), set(), set()
    for key in keys:
        api_version, kind, namespace, name = key.rsplit("/", 3)
        apis.add(f"{api_version}/{kind}")
        if namespace:
            used.add(namespace)
        if kind == "Namespace":
            provided.add(name)
        if kind == "CustomResourceDefinition" and "." in name:
            groups.add(name.split(".", 1)[1])
    given = {api for api in apis if api.split("/", 1)[0] in groups}
    return frozenset(used), frozenset(provided), frozenset(apis - given), frozenset(given)


def same_policy(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the user left what decides this placement as it was."""
    return all(before.get(key) == now.get(key) for key in ("policy", "replicas"))
