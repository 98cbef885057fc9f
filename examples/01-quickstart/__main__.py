"""Three clusters, one web server: two clusters of the three run it, three replicas in all."""

import pulumi

from pulumi_kubefleet import Divided, Fleet, Label, PickN, Taint, Term

config = pulumi.Config()
taint = config.get("taint")

fleet = Fleet("shop")
fleet.member(
    "eu-1",
    context="eu-1",
    labels={"region": "eu"},
    taints=[Taint("maintenance", effect=taint)] if taint else [],
)
fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
fleet.member("us-1", context="us-1", labels={"region": "us"})

web = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": config.get_int("replicas") or 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
                    }
                ]
            },
        },
    },
}
fleet.placement(
    "web",
    manifests=["k8s/namespace.yaml", web],
    namespace="shop",
    policy=PickN(2, required=[Term(label_expressions=[Label("region").in_("eu", "us")])]),
    replicas=Divided(),
)

pulumi.export("plan", fleet.plan)
