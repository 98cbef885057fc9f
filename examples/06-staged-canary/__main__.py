"""A new image goes to a canary first, to the rest of Europe after ten quiet seconds, and overseas when you approve it:

kubefleet approve web overseas
pulumi up
"""

import pulumi

from pulumi_kubefleet import Approval, Fleet, PickAll, Stage, StagedUpdate, Wait

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
                Stage("canary", selector={"tier": "canary"}, after=[Wait("10s")]),
                Stage("europe", selector={"region": "eu", "tier": "prod"}, max_concurrency=2),
                Stage("overseas", selector={"region": "us"}, before=[Approval()]),
            ]
        ),
    )

pulumi.export("plan", fleet.plan)
