"""A custom resource on three clusters, one after the other: the next one changes when the widget before it runs.

Nobody can tell from a Widget's status whether it is well, but its team. What it says holds wherever there are Widgets;
this placement also asks for an address. `controller.py` plays the Widgets' controller.
"""

import pulumi

from pulumi_kubefleet import Fleet, HealthCheck, RollingUpdate

with Fleet(
    "shop",
    health=[
        HealthCheck(
            kind="example.com/Widget",
            cel="object.status.phase == 'Running' && object.status.replicas >= object.spec.replicas",
        )
    ],
) as fleet:
    fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
    fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
    fleet.member("us-1", context="us-1", labels={"region": "us"})

    fleet.placement(
        "widgets",
        manifests="k8s/",
        namespace="shop",
        create_namespace=True,
        strategy=RollingUpdate(max_unavailable=1, progress_deadline="2m"),
        health=[
            HealthCheck(object="Widget/shop/main", jsonpath="$.status.address"),
            HealthCheck(object="Widget/shop/main", function="own.health:not_degraded"),
        ],
    )

pulumi.export("plan", fleet.plan)
