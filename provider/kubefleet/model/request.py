"""What one placement asks of the scheduler."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.autoscaled import Bounds
from kubefleet.model.pod_rules import PodRules
from kubefleet.model.policy import Divided, Policy
from kubefleet.model.selection import Selection
from kubefleet.model.selector import Expr
from kubefleet.model.taint import Toleration


@dataclass(frozen=True, slots=True)
class PodShape:
    """What one pod needs of a node: requests, node selector, required node affinity (terms ORed), tolerations.

    `rules` are given to pods for which more decides on some cluster, once it is known which these are.
    """

    requests: Amounts = NOTHING
    node_selector: immutabledict[str, str] = field(default_factory=immutabledict)
    node_affinity: tuple[tuple[Expr, ...], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    rules: PodRules | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """One object with pods. `key` is `Kind/namespace/name` (in simulations the bare name).

    `replicas` is what the manifest says: the whole to divide, or what every copy has. `divisible` is False for what is
    never divided (a DaemonSet, one replica). `rules` is all that else is known of its pods. With `autoscaled` an
    autoscaler decides how many there are, and `replicas` are the fewest that it may choose.
    """

    key: str
    namespace: str
    replicas: int
    pod: PodShape = field(default_factory=PodShape)
    divisible: bool = True
    rules: PodRules | None = None
    autoscaled: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One placement's whole request.

    `uid` identifies the placement in bookings, `fleet` and its name to other stacks. `divided` is None when every
    chosen cluster gets a full copy. `needs_namespaces` must exist (or be provided by a placement of the same plan),
    `provides_namespaces` are among its own manifests. `needs_apis` are `group/version/Kind`. With `frozen` the
    previous decision is copied as it is. `selection` lists what was taken of the manifests; None for all of it.
    `pinned` names the object that has data, which does not move; empty where there is none. `networks` are labels of
    nodes by which its room is asked for: what nodes with one value of one of them share.
    """

    name: str
    uid: str = ""
    policy: Policy = field(default_factory=Policy)
    workloads: tuple[Workload, ...] = ()
    divided: Divided | None = None
    priority: int = 0
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    needs_namespaces: frozenset[str] = frozenset()
    provides_namespaces: frozenset[str] = frozenset()
    needs_apis: frozenset[str] = frozenset()
    provides_apis: frozenset[str] = frozenset()
    frozen: bool = False
    selection: Selection | None = None
    rebalance: bool = False
    fleet: str = ""
    pinned: str = ""
    networks: tuple[str, ...] = ()

    @property
    def may_rebalance(self) -> bool:
        """Whether what stands may go where it would be placed today. Data never does."""
        return self.rebalance and not self.pinned

    @property
    def divides(self) -> bool:
        """Whether there is something to divide; if not, whole copies are placed."""
        return self.divided is not None and any(workload.divisible for workload in self.workloads)

    def amount(self, replicas: Mapping[str, int]) -> int:
        """How a binding is counted where one number stands for it: the replicas that are divided, else 1 for a copy."""
        if not self.divides:
            return 1
        return sum(replicas.get(workload.key, 0) for workload in self.workloads if workload.divisible)
