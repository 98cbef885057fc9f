"""A Job that runs where its indexes cost least, and only as far elsewhere as it has to in order to end in time.

Prices are those of a file, by instance type; an index pays for the share of a node that its pod takes. The preview says
what the part of each cluster costs. With `Division("greenest")` and rates `carbon/g-per-kwh` it is the CO2 that counts.
"""

import pulumi

from pulumi_kubefleet import Division, Fleet, job_index_policy

fleet = Fleet("studio", price_file="prices.yaml")
fleet.member("eu-1", context="eu-1", labels={"region": "eu"})
fleet.member("eu-2", context="eu-2", labels={"region": "eu"})
fleet.member("us-1", context="us-1", labels={"region": "us"})

# What lets programs that know nothing of fleets see their index; `kubefleet join` brings it too.
index = fleet.placement("job-index", manifests=job_index_policy())
render = fleet.job(
    "render",
    template="k8s/render.yaml",
    division=Division("cheapest", duration="20s"),
    deadline="90s",
    wait="completed",
    opts=pulumi.ResourceOptions(depends_on=[index]),
)
pulumi.export("plan", fleet.plan)
pulumi.export("render", render.plan)
