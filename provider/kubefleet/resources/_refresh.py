"""What a refresh finds: drift of a placement, on all members that answer."""

from kubefleet.kube import MemberError, fan_out
from kubefleet.kube.look_for_drift import look_for_drift
from kubefleet.resources._adapter import Props
from kubefleet.resources._task import connector, identity_of


def find_drift(props: Props) -> dict[str, list[str]]:
    """Cluster -> one line for each object and manager; fields are named, values never are."""
    connect, identity, names = connector(props["members"]), identity_of(props), sorted(props["members"])
    found = {}
    for name, outcome in zip(
        names, fan_out(names, lambda name: look_for_drift(connect(name), identity, props["manifests"])), strict=True
    ):
        if isinstance(outcome.error, MemberError):
            continue
        if lines := outcome.get():
            found[name] = list(lines)
    return found
