"""A database that comes first, and a web server that takes what room is left. They share a namespace."""

import pulumi

from pulumi_kubefleet import Divided, Fleet, PickFixed, PickN, Prefer, RollingUpdate, TopologySpread

with Fleet("shop") as fleet:
    fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
    fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
    fleet.member("us-1", context="us-1", labels={"region": "us"})

    fleet.placement(
        "db",
        manifests=["k8s/namespace.yaml", "k8s/db.yaml"],
        namespace="shop",
        policy=PickFixed("eu-1"),
        priority=100,
    )
    fleet.placement(
        "web",
        manifests=["k8s/namespace.yaml", "k8s/web.yaml"],
        namespace="shop",
        policy=PickN(
            2,
            preferred=[Prefer(50, sort_by=("available-cpu", "descending"))],
            topology_spread=[TopologySpread("region", max_skew=1)],
        ),
        replicas=Divided(by="available"),
        strategy=RollingUpdate(max_unavailable=1, max_surge=1),
    )

pulumi.export("plan", fleet.plan)
