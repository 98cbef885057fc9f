"""Two placements in one namespace, each under an identity of its own that may touch its own objects and nothing else.

Here the program joins the members itself, by the lab's admin. Elsewhere an admin of each member does it once, and the
program is given a context that may only mint tokens:

kubefleet join eu-1 --context ADMIN_CONTEXT --namespace identity-shop --operator USER
kubefleet identity show
"""

import pulumi

from pulumi_kubefleet import Divided, Fleet, IdentityFederation, PickFixed, PickN

with Fleet("shop", identity=IdentityFederation("service-account-token", namespaces=["identity-shop"])) as fleet:
    for name, region in {"eu-1": "eu", "eu-2": "eu", "us-1": "us"}.items():
        fleet.member(name, context=name, labels={"region": region}, join=True)

    fleet.placement("web", manifests="k8s/web.yaml", namespace="identity-shop", policy=PickN(2), replicas=Divided())
    fleet.placement("api", manifests="k8s/api.yaml", namespace="identity-shop", policy=PickFixed("eu-1"))

pulumi.export("plan", fleet.plan)
