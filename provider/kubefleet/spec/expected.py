"""What a test case expects of a plan, and how the plan differs from it. What is not named is not checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubefleet.model.counted import counted
from kubefleet.model.decision import Decision
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.scheduling.autoscaled import autoscaled_parts
from kubefleet.spec.scalars import Count, Name
from kubefleet.spec.written import Written

_LISTINGS = ("follows", "absent", "unclear")


class ExpectedSpec(Written):
    """One placement's expected decision. `clusters` names all of them, `refused` those that are looked at; `newNodes`
    names all nodes that are to be added, by cluster and pool, `later` all clusters with room for it in the next run;
    `kept` all that stay although something speaks against them.

    `autoscaled` has the bounds of each workload by cluster, `2..10`. The rest lists objects of a selection, as
    `Kind/namespace/name`.
    """

    clusters: dict[Name, Count] | None = None
    refused: dict[Name, list[Code]] | None = None
    kept: dict[Name, list[Code]] | None = None
    unplaced: Count | None = None
    follows: list[str] | None = None
    absent: list[str] | None = None
    unclear: list[str] | None = None
    autoscaled: dict[str, dict[Name, str]] | None = None
    new_nodes: dict[Name, dict[str, Count]] | None = None
    later: list[Name] | None = None

    def expected(self) -> "Expected":
        """The frozen value. A cluster with nothing is one that is not there."""
        clusters = self.clusters
        return Expected(
            None if clusters is None else {name: clusters[name] for name in sorted(clusters) if clusters[name]},
            {name: frozenset(codes) for name, codes in sorted((self.refused or {}).items())},
            None if self.kept is None else {name: frozenset(codes) for name, codes in sorted(self.kept.items())},
            self.unplaced,
            {field: frozenset(given) for field in _LISTINGS if (given := getattr(self, field)) is not None},
            self.new_nodes,
            self.autoscaled,
            None if self.later is None else frozenset(self.later),
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """`clusters` counts as `Request.amount` does; the codes of a refused cluster compare as a set."""

    clusters: Mapping[str, int] | None
    refused: Mapping[str, frozenset[Code]]
    kept: Mapping[str, frozenset[Code]] | None
    unplaced: int | None
    listings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    new_nodes: Mapping[str, Mapping[str, int]] | None = None
    autoscaled: Mapping[str, Mapping[str, str]] | None = None
    later: frozenset[str] | None = None

    def differences(self, request: Request, decision: Decision) -> tuple[str, ...]:
        """One line per difference; empty when the decision is what was expected."""
        found = []
        counts = {binding.cluster: request.amount(binding.replicas) for binding in decision.bindings}
        seen = {name: count for name, count in counts.items() if count}
        if self.clusters is not None and dict(self.clusters) != seen:
            found.append(f"clusters {_shown(seen)} (expected {_shown(self.clusters)})")
        reason = "for no reason"
        for name, codes in self.refused.items():
            have = frozenset(reason.code for reason in decision.refused.get(name, ()))
            if have != codes:
                found.append(f"refused {name} {_listed(have, reason)} (expected {_listed(codes, reason)})")
        if self.kept is not None:
            stays = {name: frozenset(why.code for why in reasons) for name, reasons in sorted(decision.kept.items())}
            for name in sorted({*stays, *self.kept}):
                have, codes = stays.get(name, frozenset()), self.kept.get(name, frozenset())
                if have != codes:
                    found.append(f"kept {name} {_listed(have, reason)} (expected {_listed(codes, reason)})")
        if self.unplaced is not None and decision.unplaced != self.unplaced:
            found.append(f"unplaced {decision.unplaced} (expected {self.unplaced})")
        for name, objects in self.listings.items():
            listed = frozenset(item.object for item in getattr(request.selection, name, ()))
            if listed != objects:
                found.append(f"{name} {_listed(listed)} (expected {_listed(objects)})")
        bounds = {
            workload: {name: str(part) for name, part in parts.items()}
            for workload, parts in autoscaled_parts(request, decision).items()
        }
        if self.autoscaled is not None and self.autoscaled != bounds:
            found.append(f"autoscaled {bounds} (expected {self.autoscaled})")
        nodes = _new_nodes(decision)
        if self.new_nodes is not None and self.new_nodes != nodes:
            found.append(f"new nodes {_pools(nodes)} (expected {_pools(self.new_nodes)})")
        later = frozenset(reason.cluster for reason in decision.later)
        if self.later is not None and self.later != later:
            found.append(f"room later on {_listed(later)} (expected {_listed(self.later)})")
        return tuple(f"{request.name}: {line}" for line in found)


def _new_nodes(decision: Decision) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for reason in decision.warnings:
        if reason.code is Code.NEEDS_NODES:
            found.setdefault(reason.cluster, {})[str(reason.detail["pool"])] = int(reason.detail["nodes"])
    return found


def _pools(nodes: Mapping[str, Mapping[str, int]]) -> str:
    return "; ".join(f"{name}: {counted(nodes[name])}" for name in sorted(nodes)) or "none"


def _shown(counts: Mapping[str, int]) -> str:
    return counted(counts) or "nowhere"


def _listed(names: frozenset[Code] | frozenset[str], none: str = "nothing") -> str:
    return ", ".join(sorted(names)) or none
