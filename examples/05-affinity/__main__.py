"""A web server in two regions, a cache beside each of its copies, and two databases that are never in one region."""

import pulumi

from pulumi_kubefleet import Affinity, Fleet, PickN, SpreadGroup

with Fleet("shop") as fleet:
    fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
    fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
    fleet.member("us-1", context="us-1", labels={"region": "us"})

    # By free capacity alone both copies might be in one region.
    server = fleet.placement(
        "server",
        manifests="k8s/server.yaml",
        namespace="shop",
        create_namespace=True,
        policy=PickN(2, spread_groups=[SpreadGroup("region", min_groups=2)]),
    )
    # On the clusters of the server, whatever these are; and the server picks clusters where the cache has room too.
    fleet.placement(
        "cache",
        manifests="k8s/cache.yaml",
        namespace="shop",
        create_namespace=True,
        policy=PickN(2, affinity=[Affinity(server)]),
    )
    # Each keeps apart from everything that bears the label, so from the other.
    for name in ("db-a", "db-b"):
        fleet.placement(
            name,
            manifests="k8s/db.yaml",
            namespace="shop",
            create_namespace=True,
            labels={"app": "db"},
            policy=PickN(1, anti_affinity=[Affinity({"labels": {"app": "db"}}, "region")]),
        )

pulumi.export("plan", fleet.plan)
