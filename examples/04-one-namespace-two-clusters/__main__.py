"""Two workloads of one namespace, from one folder, on different clusters. What they share follows each of them."""

import pulumi

from pulumi_kubefleet import Fleet, PickFixed

with Fleet("shop") as fleet:
    fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
    fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
    fleet.member("us-1", context="us-1", labels={"region": "us"})

    # Each takes its own workload of the folder. The service account, the ConfigMap and the Secrets that it names come
    # with it, and so do the Service and the disruption budget that serve nothing else.
    fleet.placement(
        "api",
        manifests="k8s/",
        namespace="shop",
        create_namespace=True,
        select="Deployment/api",
        policy=PickFixed("eu-1"),
    )
    fleet.placement(
        "worker",
        manifests="k8s/",
        namespace="shop",
        create_namespace=True,
        select=["Deployment/worker", "CronJob/clean-up"],
        policy=PickFixed("us-1"),
    )

pulumi.export("plan", fleet.plan)
