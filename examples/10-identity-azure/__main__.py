"""AKS clusters that know the fleet as an application of Entra. A token of the hub is the application's credential, so
that there is no secret, neither in the program nor on the machine that runs it. Needs `pulumi-kubefleet[azure]`.

Once, by an admin of the tenant (HUB_ISSUER is `issuer` of `kubectl get --raw /.well-known/openid-configuration`), who
tells Entra that the hub's account `fleet-entra` may be this application:

az ad app create --display-name fleet
az ad sp create --id CLIENT
az ad app federated-credential create --id CLIENT --parameters '{"name": "fleet", "issuer": "HUB_ISSUER",
    "subject": "system:serviceaccount:pulumi-kubefleet:fleet-entra", "audiences": ["api://AzureADTokenExchange"]}'

Once for each cluster, by its admin, as somebody who may also make accounts on the hub:

kubefleet join aks-eu --context aks-eu-admin --namespace azure-shop --mode azure --hub-context hub-admin \
    --tenant-id TENANT --client-id CLIENT --object-id OBJECT --operator USER

AKS knows the application by the OBJECT id of its service principal. What that may do is the cluster's admin's to grant:
`pulumi preview` lists it, and says nothing when it is there.

pulumi config set tenantId TENANT
pulumi config set clientId CLIENT
pulumi config set objectId OBJECT
pulumi preview
"""

import pulumi

from pulumi_kubefleet import Divided, Fleet, IdentityFederation, Kubeconfig, PickAll

config = pulumi.Config()
identity = IdentityFederation(
    "azure",
    namespaces=["azure-shop"],
    tenant_id=config.require("tenantId"),
    client_id=config.require("clientId"),
    object_id=config.require("objectId"),
)

with Fleet("shop", hub=Kubeconfig("hub"), identity=identity) as fleet:
    for name, region in {"aks-eu": "westeurope", "aks-us": "eastus"}.items():
        # Of these contexts nothing but the server and its authority is used: who acts is the application.
        fleet.member(name, context=name, labels={"region": region})

    fleet.placement("web", manifests="k8s/web.yaml", namespace="azure-shop", policy=PickAll(), replicas=Divided())

pulumi.export("plan", fleet.plan)
