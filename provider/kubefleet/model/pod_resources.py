"""What one pod asks of a node, container by container. Follows `PodRequests` and `PodLimits` of component-helpers
(KEP-753, KEP-2837).
"""

from collections.abc import Callable
from dataclasses import dataclass

from kubefleet.model.amounts import NOTHING, Amounts, add, largest


@dataclass(frozen=True, slots=True)
class ContainerResources:
    """Of one container. A request that is not written is its limit, as the API server fills it in."""

    requests: Amounts = NOTHING
    limits: Amounts = NOTHING
    init: bool = False
    sidecar: bool = False


@dataclass(frozen=True, slots=True)
class PodResources:
    """Of all containers in their order, init containers among them; `requests_of_pod` and `limits_of_pod` are what
    the pod says itself, which overrides the sums. `overhead` is that of its runtime.
    """

    containers: tuple[ContainerResources, ...] = ()
    requests_of_pod: Amounts = NOTHING
    limits_of_pod: Amounts = NOTHING
    overhead: Amounts = NOTHING

    def requests(self) -> Amounts:
        """max(Σ containers + Σ sidecars, max over init containers i of (i + Σ sidecars declared before i)) + overhead;
        what the pod says itself instead, resource by resource: a limit of its own stands in for a request of which no
        container has any.
        """
        total = self._sum(lambda container: container.requests)
        own = {name: amount for name, amount in self.limits_of_pod.items() if name not in total}
        total = Amounts({**total, **own, **self.requests_of_pod})
        return add(total, self.overhead)

    def limits(self) -> Amounts:
        """The same of limits; overhead is added where there is a limit."""
        total = Amounts({**self._sum(lambda container: container.limits), **self.limits_of_pod})
        return add(total, {name: more for name, more in self.overhead.items() if total.get(name)})

    def _sum(self, of: Callable[[ContainerResources], Amounts]) -> Amounts:
        steady, sidecars, peak = NOTHING, NOTHING, NOTHING
        for container in self.containers:
            amounts = of(container)
            if not container.init:
                steady = add(steady, amounts)
            elif container.sidecar:
                sidecars = add(sidecars, amounts)
                peak = largest((peak, sidecars))
            else:
                peak = largest((peak, add(sidecars, amounts)))
        return largest((add(steady, sidecars), peak))
