"""What a refresh finds: drift of a placement, on all members that answer."""

from kubefleet.kube import Connection, MemberError, fan_out
from kubefleet.kube.look_for_drift import look_for_drift
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import acting_for
from kubefleet.resources._task import connector, identity_of


def find_drift(props: Props) -> dict[str, list[str]]:
    """Cluster -> one line for each object and manager; fields are named, values never are."""
    declared, one = connector(props["members"]), acting_for(props, props["members"])
    identity, names = identity_of(props), sorted(props["members"])

    def look(name: str) -> tuple[str, ...]:
        member: Connection = declared(name) if one is None else one.members(name).acting_as(one.role)
        return look_for_drift(member, identity, props["manifests"])

    found = {}
    for name, outcome in zip(names, fan_out(names, look), strict=True):
        if isinstance(outcome.error, MemberError):
            continue
        if lines := outcome.get():
            found[name] = list(lines)
    return found
