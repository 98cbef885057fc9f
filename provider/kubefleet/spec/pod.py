"""What one pod asks of a node, and node groups, as users write them in fleet files."""

from immutabledict import immutabledict

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.request import PodShape
from kubefleet.spec.scalars import Labels, Resources
from kubefleet.spec.toleration import TolerationSpec
from kubefleet.spec.written import Written


class PodSpec(Written):
    """Stands for a manifest's pod template."""

    requests: Resources = {}
    node_selector: Labels = {}
    tolerations: list[TolerationSpec] = []

    def pod_shape(self) -> PodShape:
        """The frozen value."""
        return PodShape(
            requests=parse_amounts(self.requests),
            node_selector=immutabledict(sorted(self.node_selector.items())),
            tolerations=tuple(spec.toleration() for spec in self.tolerations),
        )
