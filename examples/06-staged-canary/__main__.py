"""A new image goes to a canary first, to the rest of Europe after ten quiet seconds and a look at the canary, and
overseas when you approve it. If a stage fails, all go back.

kubefleet approve web overseas
pulumi up
"""

import pulumi

from pulumi_kubefleet import Approval, Check, Fleet, PickAll, Stage, StagedUpdate, Wait

HEALTHY = Check(object="Deployment/web", cel="object.status.availableReplicas == object.spec.replicas", successes=2)

with Fleet("shop") as fleet:
    fleet.member("eu-1", context="eu-1", labels={"region": "eu", "tier": "canary"})
    fleet.member("eu-2", context="eu-2", labels={"region": "eu", "tier": "prod"})
    fleet.member("us-1", context="us-1", labels={"region": "us", "tier": "prod"})

    fleet.placement(
        "web",
        manifests="k8s/web.yaml",
        namespace="shop",
        create_namespace=True,
        policy=PickAll(),
        strategy=StagedUpdate(
            [
                Stage("canary", selector={"tier": "canary"}, after=[Wait("10s"), HEALTHY]),
                Stage("europe", selector={"region": "eu", "tier": "prod"}, max_concurrency=2),
                Stage("overseas", selector={"region": "us"}, before=[Approval()]),
            ],
            on_failure="rollback",
        ),
    )

pulumi.export("plan", fleet.plan)
