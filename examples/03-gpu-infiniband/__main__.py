"""Training on whatever cluster has at least 8 nodes, each with 8 H100s, 128 GiB of memory and InfiniBand.

Nothing is installed in the clusters: nodes, their labels and a table of instance types tell what each of them is. Run
it on `kubefleet lab up gpu`, or plan `fleet.yaml` without any cluster.
"""

import pulumi

from pulumi_kubefleet import Fleet, Node, Nodes, PickN, Prefer, Term

fleet = Fleet("research", price_file="prices.yaml")
fleet.member("h100", context="h100", labels={"region": "eu"})
fleet.member("a100", context="a100", labels={"region": "us"})
fleet.member("cpu", context="cpu", labels={"region": "eu"})

big_machines = Nodes(
    at_least=8,
    each=[
        Node("nvidia.com/gpu").at_least(8),
        Node("accelerator").eq("H100"),
        Node("memory").at_least("128Gi"),
        Node("network/fabric").has("infiniband"),
        Node("network/bandwidth-gbps").at_least(100),
    ],
)
fleet.placement(
    "train",
    manifests="k8s/train.yaml",
    namespace="research",
    policy=PickN(1, required=[Term(nodes=[big_machines])]),
)
fleet.placement(
    "notebook",
    manifests="k8s/notebook.yaml",
    namespace="research",
    policy=PickN(1, preferred=[Prefer(100, sort_by=("cost/per-cpu-hour", "ascending"))]),
)
pulumi.export("plan", fleet.plan)
