"""Volume claims."""

from collections.abc import Mapping

from kubefleet.health.reading import Live, part
from kubefleet.health.status import Health, available, failed, progressing


def volume_claim(live: Live, binding_modes: Mapping[str, str]) -> Health:
    """Bound; or Pending where its storage class (`binding_modes`, by name) binds only for the first pod."""
    phase = part(live, "status").get("phase")
    if phase == "Bound":
        return available("bound")
    if phase == "Lost":
        return failed("its volume is lost")
    storage_class = str(part(live, "spec").get("storageClassName") or "")
    if phase == "Pending" and binding_modes.get(storage_class) == "WaitForFirstConsumer":
        return available("binds with its first pod")
    return progressing(f"phase {phase or 'unknown'}")
