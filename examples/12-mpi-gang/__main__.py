"""An all-reduce over 64 H100s: 8 workers that find each other by host name, and are of use only together.

A gang goes where one network has room for all of it at once: an InfiniBand domain or a rack, by the labels of the
nodes. It is never split: where no network is large enough it is queued, and the preview says how much the largest has.
Before any worker begins, placeholders of low priority hold the room of all. Run it on `kubefleet lab up gpu`.
"""

import pulumi

from pulumi_kubefleet import Fleet, Node, Nodes, PickAll, PickN, Term

fleet = Fleet("research")
fleet.member("h100", context="h100", labels={"region": "eu"})
fleet.member("a100", context="a100", labels={"region": "us"})
fleet.member("cpu", context="cpu", labels={"region": "eu"})

fabric = Nodes(at_least=8, each=[Node("accelerator").eq("H100"), Node("network/fabric").has("infiniband")])
# The workers' host names are in a headless Service, wherever they come to be.
peers = fleet.placement("peers", manifests="k8s/peers.yaml", namespace="default", policy=PickAll())
allreduce = fleet.job(
    "allreduce",
    template="k8s/allreduce.yaml",
    gang="one-cluster",
    gang_timeout="2m",
    policy=PickN(1, required=[Term(nodes=[fabric])]),
    wait="completed",
    opts=pulumi.ResourceOptions(depends_on=[peers]),
)
pulumi.export("plan", fleet.plan)
pulumi.export("allreduce", allreduce.state)
