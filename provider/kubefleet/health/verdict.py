"""The health of an object: the built-in rule of its kind and the user's own checks together."""

from collections.abc import Iterable, Mapping
from typing import Final

from kubefleet.health.checks import Check
from kubefleet.health.reading import Live, behind, part
from kubefleet.health.status import Health, Status, progressing
from kubefleet.health.table import built_in

_NO_CLASSES: Final[Mapping[str, str]] = {}
_WORST_FIRST: Final = (Status.FAILED, Status.PROGRESSING, Status.UNVERIFIED, Status.AVAILABLE)


def health(live: Live, *, binding_modes: Mapping[str, str] = _NO_CLASSES, checks: Iterable[Check] = ()) -> Health:
    """Whether a live object (as the API server gives it) is available: the worst of what its rules say.

    `checks` are the user's own, of which those count that are about this object; with one of them the built-in rule
    need not be able to tell. `binding_modes`: volumeBindingMode by storage class, for volume claims; a claim of a
    class that it does not name counts as one that binds at once. Never raises: what the object lacks is not there yet.
    """
    if part(live, "metadata").get("deletionTimestamp"):
        return progressing("being deleted")
    own = [check for check in checks if _about(check, live)]
    if not own:
        return built_in(live, binding_modes)
    # What a status says of an older generation means nothing for the present one, whatever the check.
    if (unseen := behind(live)) is not None:
        return unseen
    found = [] if any(check.replaces for check in own) else [built_in(live, binding_modes)]
    found = [each for each in found if each.status is not Status.UNVERIFIED]
    # Who is known not to be well is not asked.
    for check in sorted(own, key=lambda check: check.asks):
        if not check.asks or all(each.status is Status.AVAILABLE for each in found):
            found.append(_judged(check, live))
    return min(found, key=lambda each: _WORST_FIRST.index(each.status))


def _about(check: Check, live: Live) -> bool:
    metadata = part(live, "metadata")
    address = (live.get("apiVersion"), live.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return check.subject.covers(*(str(field or "") for field in address))


def _judged(check: Check, live: Live) -> Health:
    """What the check says; of a Secret not why, which might tell something of its data."""
    told = check.rule(live)
    if (live.get("apiVersion"), live.get("kind")) == ("v1", "Secret"):
        return Health(told.status, f"{check.rule} (why is not shown of a Secret)")
    return told
