"""The operator, who is somebody at the hub and nobody at the member: of its context only the server is used."""

import pulumi

from pulumi_kubefleet import Fleet, IdentityFederation, Kubeconfig, PickAll

config = pulumi.Config()
settings = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"greeting": config.require("greeting")},
}

identity = IdentityFederation("oidc", namespaces=["identity-shop"])
with Fleet("shop", hub=Kubeconfig("hub"), identity=identity) as fleet:
    fleet.member("eu-1", context="eu-1", uid=config.require("uid"))
    fleet.placement("web", manifests=[settings], namespace="identity-shop", policy=PickAll())

pulumi.export("plan", fleet.plan)
