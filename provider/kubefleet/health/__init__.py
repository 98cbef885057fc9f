"""Whether an object is available, judged from the object alone. Pure."""

from kubefleet.health.status import Health, Status, available, failed, progressing
from kubefleet.health.verdict import health

__all__ = ["Health", "Status", "available", "failed", "health", "progressing"]
