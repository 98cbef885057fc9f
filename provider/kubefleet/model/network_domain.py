"""Labels by which nodes say which network they share: a rack, a switch, an InfiniBand or NVLink domain."""

from typing import Final

NETWORK_LABELS: Final = (
    # NVIDIA's GPU operator: nodes of one NVLink domain.
    "nvidia.com/gpu.clique",
    # NVIDIA's Topograph, by its names before 1.0 and since.
    "network.topology.nvidia.com/accelerator",
    "network.topology.nvidia.com/leaf",
    "network.topology.nvidia.com/spine",
    "network.topology.nvidia.com/core",
    "accelerator.topograph.run/sub-domain",
    "accelerator.topograph.run/domain",
    "fabric.topograph.run/tier-0",
    "fabric.topograph.run/tier-1",
    "fabric.topograph.run/tier-2",
    # GKE, EKS and OKE, the closest first.
    "cloud.google.com/gce-topology-subblock",
    "cloud.google.com/gce-topology-block",
    "topology.k8s.aws/network-node-layer-3",
    "topology.k8s.aws/network-node-layer-2",
    "topology.k8s.aws/network-node-layer-1",
    "oci.oraclecloud.com/rdma.local_block_id",
    "oci.oraclecloud.com/rdma.network_block_id",
    "oci.oraclecloud.com/rdma.hpc_island_id",
    # What Kueue's documentation calls them, and what many do.
    "cloud.provider.com/topology-rack",
    "cloud.provider.com/topology-block",
    "topology.kubernetes.io/rack",
)
"""The field's own, of each source the closest first. A cluster may have several: levels of one network."""

POOLS_APART: Final = {"infiniband": "kubernetes.azure.com/agentpool"}
"""By fabric: labels of pools between which there is none of it. On AKS a pool is a scale set, and InfiniBand ends at
its edge; nothing else on a node says so.
"""
