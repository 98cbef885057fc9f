"""Twelve replicas over two clusters, of which ten are always available. Take one away, and they move two by two:

pulumi config set evacuate eu-1
pulumi preview
pulumi up
"""

import pulumi

from pulumi_kubefleet import Divided, Fleet, PickN, SpreadUpdate, Taint

leaving = pulumi.Config().get("evacuate")

with Fleet("shop") as fleet:
    for name in ("eu-1", "eu-2", "us-1"):
        taints = [Taint("maintenance", effect="NoExecute")] if name == leaving else []
        fleet.member(name, context=name, taints=taints)

    fleet.placement(
        "web",
        manifests="k8s/web.yaml",
        namespace="shop",
        create_namespace=True,
        policy=PickN(2),
        replicas=Divided(),
        strategy=SpreadUpdate(min_available=10, max_surge=2),
    )

pulumi.export("plan", fleet.plan)
