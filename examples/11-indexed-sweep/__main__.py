"""One Job of 10,000 indexes over whatever clusters there are, as if they were one.

It is an ordinary Indexed Job. Each cluster gets a part of it that fits its room, so that all end at about the same
time, and every pod sees the index that it has in the whole job. Run it on `kubefleet lab up gpu`, whose clusters are of
different sizes; `pulumi config set completions 600` makes it a short one.
"""

import pulumi

from pulumi_kubefleet import Division, Fleet, job_index_policy

fleet = Fleet("research")
fleet.member("h100", context="h100", labels={"region": "eu"})
fleet.member("a100", context="a100", labels={"region": "us"})
fleet.member("cpu", context="cpu", labels={"region": "eu"})

# What lets programs that know nothing of fleets see their index; `kubefleet join` brings it too.
index = fleet.placement("job-index", manifests=job_index_policy())
sweep = fleet.job(
    "sweep",
    template="k8s/sweep.yaml",
    completions=pulumi.Config().require_int("completions"),
    division=Division(duration="1s"),
    wait="completed",
    opts=pulumi.ResourceOptions(depends_on=[index]),
)
pulumi.export("plan", fleet.plan)
pulumi.export("sweep", sweep.state)
