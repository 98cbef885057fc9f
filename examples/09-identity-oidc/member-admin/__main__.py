"""The admin of a member, once. Of the hub only the server is used: its issuer and its keys are public."""

import pulumi

from pulumi_kubefleet import IdentityFederation, Kubeconfig, MemberJoin

joined = MemberJoin(
    "eu-1",
    context="eu-1",
    hub=Kubeconfig("hub"),
    identity=IdentityFederation("oidc", namespaces=["identity-shop"]),
    authentication_config=pulumi.Config().get("authenticationConfig") or None,
)

pulumi.export("uid", joined.uid)
