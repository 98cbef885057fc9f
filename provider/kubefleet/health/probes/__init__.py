"""What a gate looks at: one thing a file. Each says what to ask for; what the answer means is judged here, pure."""

from kubefleet.health.probes.http import Http
from kubefleet.health.probes.job import SmokeJob
from kubefleet.health.probes.objects import Objects
from kubefleet.health.probes.prometheus import Prometheus
from kubefleet.health.probes.stage import OfStage

__all__ = ["Http", "Objects", "OfStage", "Probe", "Prometheus", "SmokeJob"]

Probe = Objects | Http | Prometheus | SmokeJob | OfStage
