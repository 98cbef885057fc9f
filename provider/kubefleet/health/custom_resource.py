"""Any other kind, by the standard conditions, as kstatus reads them (sigs.k8s.io/cli-utils, pkg/kstatus)."""

from kubefleet.health.reading import Live, behind, condition, count, part, says
from kubefleet.health.status import Health, available, failed, progressing, unverified


def custom_resource(live: Live) -> Health:
    """`Stalled` is failed, `Reconciling` progressing, `Ready` or else `Available` decides; without any, unverified."""
    generation = count(part(live, "metadata"), "generation")
    unseen = behind(live)
    if unseen is not None:
        return unseen
    if condition(live, "Stalled").get("status") == "True":
        return failed(says(condition(live, "Stalled")))
    if condition(live, "Reconciling").get("status") == "True":
        return progressing(says(condition(live, "Reconciling")))
    for kind in ("Ready", "Available"):
        found = condition(live, kind)
        if not found:
            continue
        if count(found, "observedGeneration", generation) < generation:
            return progressing(f"its condition {kind} is of an older generation")
        return available(says(found)) if found.get("status") == "True" else progressing(says(found))
    return unverified("it has none of the conditions Ready, Available, Reconciling, Stalled")
