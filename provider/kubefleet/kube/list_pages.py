"""What is kept of the pages of long lists: everything not named here is skipped while a page is decoded.

A page of 500 pods has some 100,000 JSON values, of which about 5,000 matter; making objects of the rest is what a
snapshot would spend its time on.
"""

from typing import Any, Final, TypedDict

import msgspec

Page = msgspec.json.Decoder[Any]

Labels = dict[str, str]
Quantities = dict[str, Any]
PageMetadata = TypedDict("PageMetadata", {"continue": str | None}, total=False)


class Metadata(TypedDict, total=False):
    """Of any object."""

    name: str
    namespace: str
    uid: str
    labels: Labels | None


class Resources(TypedDict, total=False):
    """Of a container or a pod."""

    requests: Quantities | None
    limits: Quantities | None


class Container(TypedDict, total=False):
    """What its requests are made of."""

    name: str
    restartPolicy: str | None
    resources: Resources | None


class ContainerStatus(TypedDict, total=False):
    """What a resize leaves there."""

    name: str
    resources: Resources | None
    allocatedResources: Quantities | None


class PodSpec(TypedDict, total=False):
    """Where the pod is and what it asks."""

    nodeName: str | None
    containers: list[Container] | None
    initContainers: list[Container] | None
    resources: Resources | None
    overhead: Quantities | None


class PodStatus(TypedDict, total=False):
    """How far it got and what it holds."""

    phase: str
    containerStatuses: list[ContainerStatus] | None
    initContainerStatuses: list[ContainerStatus] | None


class Pod(TypedDict, total=False):
    """A pod; `env` and everything else that may be secret is not even decoded."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus


class PodPage(TypedDict, total=False):
    """One page of a PodList."""

    metadata: PageMetadata
    items: list[Pod] | None


class Port(TypedDict, total=False):
    """Of a container; those of the node matter."""

    hostPort: int | None
    containerPort: int | None
    protocol: str | None
    hostIP: str | None


class ContainerWithPorts(Container, total=False):
    """A container, where rules about ports are looked at."""

    ports: list[Port] | None


class AntiAffinity(TypedDict, total=False):
    """Its required terms."""

    requiredDuringSchedulingIgnoredDuringExecution: list[dict[str, Any]] | None


class Affinity(TypedDict, total=False):
    """What makes a pod that stands refuse others."""

    podAntiAffinity: AntiAffinity | None


class LeavingMetadata(Metadata, total=False):
    """Of an object that may be on its way out."""

    deletionTimestamp: str | None


class RuledPodSpec(TypedDict, total=False):
    """As `PodSpec`, with what other pods may run up against."""

    nodeName: str | None
    containers: list[ContainerWithPorts] | None
    initContainers: list[ContainerWithPorts] | None
    resources: Resources | None
    overhead: Quantities | None
    hostNetwork: bool | None
    affinity: Affinity | None


class RuledPod(TypedDict, total=False):
    """A pod, where the rules of pods are looked at."""

    metadata: LeavingMetadata
    spec: RuledPodSpec
    status: PodStatus


class RuledPodPage(TypedDict, total=False):
    """One page of a PodList."""

    metadata: PageMetadata
    items: list[RuledPod] | None


class NodeSpec(TypedDict, total=False):
    """What keeps pods away, and whose machine it is."""

    taints: list[dict[str, Any]] | None
    unschedulable: bool | None
    providerID: str | None


class NodeStatus(TypedDict, total=False):
    """How large it is and how it fares."""

    allocatable: Quantities | None
    capacity: Quantities | None
    conditions: list[dict[str, Any]] | None


class Node(TypedDict, total=False):
    """A node; its list of images, the largest part, is skipped."""

    metadata: Metadata
    spec: NodeSpec
    status: NodeStatus


class NodePage(TypedDict, total=False):
    """One page of a NodeList."""

    metadata: PageMetadata
    items: list[Node] | None


# Made here, once, under the import's lock: msgspec (0.22) builds what it knows of a type at the first use, and a second
# thread that comes meanwhile crashes the process.
POD_PAGE: Final[Page] = msgspec.json.Decoder(PodPage)
RULED_POD_PAGE: Final[Page] = msgspec.json.Decoder(RuledPodPage)
NODE_PAGE: Final[Page] = msgspec.json.Decoder(NodePage)
