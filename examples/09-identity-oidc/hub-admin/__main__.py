"""The admin of the hub, once: accounts for the fleet's identities, and who may act as these. Needs the extra `hub`."""

import pulumi
import pulumi_kubernetes

from pulumi_kubefleet import HubAccounts

admin = pulumi_kubernetes.Provider("hub", context="hub")
accounts = HubAccounts(
    "fleet",
    operators=[pulumi.Config().require("operator")],
    public_discovery=True,
    opts=pulumi.ResourceOptions(provider=admin),
)

pulumi.export("namespace", accounts.namespace)
