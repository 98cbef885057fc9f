"""Filters, in the order in which they run. All of them run, so that every reason is known."""

from kubefleet.model.policy import PolicyType
from kubefleet.model.taint import Effect
from kubefleet.scheduling.filters.affinity import AffinityMet, AntiAffinity
from kubefleet.scheduling.filters.apis import Apis
from kubefleet.scheduling.filters.capacity import Capacity
from kubefleet.scheduling.filters.eligibility import Eligibility
from kubefleet.scheduling.filters.functions import Functions
from kubefleet.scheduling.filters.groups import SpreadGroups
from kubefleet.scheduling.filters.namespaces import Namespaces
from kubefleet.scheduling.filters.nodes import NodeRequirements
from kubefleet.scheduling.filters.reachable import Reachable
from kubefleet.scheduling.filters.required import Required
from kubefleet.scheduling.filters.spread import Spread
from kubefleet.scheduling.filters.taints import NO_EXECUTE, NO_SCHEDULE, Taints
from kubefleet.scheduling.protocols import Filter

FILTERS: tuple[Filter, ...] = (
    Reachable(),
    Eligibility(),
    Taints(Effect.NO_EXECUTE, NO_EXECUTE),
    Taints(Effect.NO_SCHEDULE, NO_SCHEDULE, warns_for=frozenset({PolicyType.PICK_FIXED})),
    Required(),
    NodeRequirements(),
    Namespaces(),
    Apis(),
    Functions(),
    AffinityMet(),
    AntiAffinity(),
    Capacity(),
    Spread(),
    SpreadGroups(),
)
"""One row a filter. `warns_for` of each says for which policies it only warns."""

__all__ = ["FILTERS"]
