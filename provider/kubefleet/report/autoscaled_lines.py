"""What autoscalers may do, in words."""

from kubefleet.model.decision import Decision
from kubefleet.model.request import Request
from kubefleet.scheduling.autoscaled import autoscaled_parts


def autoscaled_lines(request: Request, decision: Decision) -> list[str]:
    """`Deployment/shop/web replicas: autoscaled 4..20 (eu-1 2..10, us-1 2..10)`, one line a workload."""
    parts = autoscaled_parts(request, decision)
    lines = []
    for work in request.workloads:
        if work.autoscaled is not None:
            shown = ", ".join(f"{name} {bounds}" for name, bounds in parts[work.key].items()) or "nowhere"
            lines.append(f"{work.key} replicas: autoscaled {work.autoscaled} ({shown})")
    return lines
