"""What the API server itself and its extensions are made of; budgets and autoscalers."""

from kubefleet.health.reading import Live, condition, not_observed, part, says
from kubefleet.health.status import Health, available, failed, progressing


def namespace(live: Live) -> Health:
    """Active."""
    phase = part(live, "status").get("phase")
    return available() if phase == "Active" else progressing(f"phase {phase or 'unknown'}")


def custom_resource_definition(live: Live) -> Health:
    """Established; a name that is taken is failed."""
    if condition(live, "NamesAccepted").get("status") == "False":
        return failed(says(condition(live, "NamesAccepted")))
    if condition(live, "Established").get("status") == "True":
        return available("established")
    return progressing("not established yet")


def api_service(live: Live) -> Health:
    """Available by its own condition."""
    found = condition(live, "Available")
    if found.get("status") == "True":
        return available()
    return progressing(says(found) or "not available yet")


def disruption_budget(live: Live) -> Health:
    """Observed by its controller."""
    return not_observed(live) or available()


def autoscaler(live: Live) -> Health:
    """Not unable to scale."""
    found = condition(live, "AbleToScale")
    return progressing(says(found)) if found.get("status") == "False" else available()
