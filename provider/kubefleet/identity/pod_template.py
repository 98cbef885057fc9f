"""Where pods come from: the kinds that hold a pod template, and CEL to read it of any of them."""

from typing import Final

from immutabledict import immutabledict

from kubefleet.identity.admission_policy import Matched

WITH_PODS: Final = (
    Matched("", ("pods", "podtemplates", "replicationcontrollers")),
    Matched("apps", ("daemonsets", "deployments", "replicasets", "statefulsets")),
    Matched("batch", ("cronjobs", "jobs")),
)
"""Controllers make the pods, not we: a policy on pods alone would let any template pass."""
POD_VARIABLES: Final = immutabledict(
    {
        "pod": """object.kind == 'Pod' ? object.spec :
        object.kind == 'PodTemplate' ? object.template.spec :
        object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec :
        object.spec.template.spec""",
        "containers": """variables.pod.containers +
        variables.pod.?initContainers.orValue([]) +
        variables.pod.?ephemeralContainers.orValue([])""",
        "volumes": "variables.pod.?volumes.orValue([])",
    }
)
