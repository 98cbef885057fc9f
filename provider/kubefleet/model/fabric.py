"""The networks between a cluster's nodes: `infiniband`, `roce`, `efa`, `ethernet`, and how fast the fastest is."""

import re
from typing import Final

from kubefleet.model.shape import NodeShape

FABRICS: Final = ("efa", "ethernet", "infiniband", "roce")
_REMOTE_MEMORY: Final = ("infiniband", "roce")
_EFA: Final = "vpc.amazonaws.com/efa"
_NFD: Final = "feature.node.kubernetes.io/"
_SPEED_LABELS: Final = ("karpenter.k8s.aws/instance-network-bandwidth", "eks.amazonaws.com/instance-network-bandwidth")
_WORD: Final = re.compile(r"[/_.\-]")
_INFINIBAND: Final = re.compile(r"ib\d*|ibs\d*|infiniband|mlnxib|hca\d*", re.ASCII)
_ROCE: Final = re.compile(r"roce(v2)?", re.ASCII)


def fabrics(shape: NodeShape) -> frozenset[str]:
    """From extended resources and NFD's labels; where these say nothing, from the SKU table.

    `vpc.amazonaws.com/efa` is EFA. A resource whose name has a part such as `ib`, `hca`, `infiniband` or `roce` says so
    itself (`rdma/hca_shared_devices_a`, `openshift.io/mlnx_ib`); Google's `networking.gke.io.networks/rdma-0` is RoCE.
    Any other `rdma/` resource is what the SKU table says of the type, else InfiniBand. NFD's PCI class 0207 is an
    InfiniBand adapter; on a machine of no instance type so is an RDMA-capable Mellanox card that is not of class 0200,
    Ethernet. (Virtual machines of a cloud have such cards for their ordinary network.)
    """
    known = frozenset(shape.sku.fabric) if shape.sku else frozenset[str]()
    found = {fabric for name, amount in shape.capacity.items() if amount > 0 and (fabric := _of_resource(name, known))}
    found |= _labelled(shape)
    return frozenset(found) or known


def bandwidth_gbps(shape: NodeShape) -> int | None:
    """Gigabits a second of a node's fastest network, by label or by the SKU table; None where neither tells."""
    for key in _SPEED_LABELS:
        if (text := shape.labels.get(key, "")).isdecimal():
            return int(text) // 1000
    return shape.sku.bandwidth_gbps if shape.sku else None


def _of_resource(name: str, known: frozenset[str]) -> str:
    if name == _EFA:
        return "efa"
    if "/" not in name:
        return ""
    prefix, _, last = name.partition("/")
    words = _WORD.split(last.lower())
    if any(_ROCE.fullmatch(word) for word in words):
        return "roce"
    if prefix == "networking.gke.io.networks":
        return "roce" if "rdma" in words else ""
    if any(_INFINIBAND.fullmatch(word) for word in words):
        # `hca` is InfiniBand's word, but such a name is given by hand: the SKU table knows better.
        return "roce" if known & {*_REMOTE_MEMORY} == {"roce"} else "infiniband"
    if prefix == "rdma":
        return next((fabric for fabric in _REMOTE_MEMORY if fabric in known), "infiniband")
    return ""


def _labelled(shape: NodeShape) -> set[str]:
    if not any(key.startswith(_NFD) for key in shape.labels):
        return set()
    here = {key.removeprefix(_NFD) for key, value in shape.labels.items() if value == "true" and key.startswith(_NFD)}
    if any(key.startswith("pci-0207") for key in here):
        return {"infiniband"}
    mellanox = "pci-15b3.present" in here and "rdma.capable" in here
    ethernet = any(key.startswith("pci-0200_15b3") for key in here)
    return {"infiniband"} if mellanox and not ethernet and not shape.instance_type else set()
