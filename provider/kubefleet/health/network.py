"""Services."""

from kubefleet.health.reading import Live, part
from kubefleet.health.status import Health, available, progressing


def service(live: Live) -> Health:
    """A cluster IP (or none on purpose); a LoadBalancer needs its address."""
    spec = part(live, "spec")
    if spec.get("type") == "ExternalName":
        return available()
    if not spec.get("clusterIP"):
        return progressing("no cluster IP yet")
    if spec.get("type") == "LoadBalancer" and not part(part(live, "status"), "loadBalancer").get("ingress"):
        return progressing("no load-balancer address yet")
    return available()
