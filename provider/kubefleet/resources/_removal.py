"""Removing a placement from every member, when its `Ownership` is deleted."""

import time

from kubefleet.kube import MemberError, Unreachable, fan_out
from kubefleet.kube.member_apply import remove
from kubefleet.kube.patience import Patience
from kubefleet.kube.prune import Pruned
from kubefleet.model.strategy import RollingUpdate
from kubefleet.resources import _engine, _session
from kubefleet.resources._abandoned import ABANDON, abandoned
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import acting_for
from kubefleet.resources._inputs import all_members
from kubefleet.resources._task import connector, identity_of
from kubefleet.rollout.step import SILENCE


def remove_stray(props: Props) -> list[str]:
    """Remove placements that are gone from members that did not answer then. What fails is only warned of: the members
    where something did.
    """
    failed = set()
    known = all_members(props)
    for member, names in sorted(props["stray"].items()):
        for uid, name in sorted(names.items()):
            placement = {"fleet": props["fleet"], "placement": name.removeprefix(f"{props['fleet']}/"), "uid": uid}
            placement |= {"identity": props["identity"]} if props.get("identity") else {}
            try:
                remove_everywhere({**placement, "members": {member: known[member]}}, silence_passes=False)
            except _engine.OneLine as error:
                _engine.show(str(error), ephemeral=False, warning=True)
                failed.add(member)
    return sorted(failed)


def remove_everywhere(props: Props, *, silence_passes: bool = True) -> None:
    """Prune what the inventory objects list, on all members in parallel.

    A member that does not answer fails a `destroy` (so that it can be run again), unless `KUBEFLEET_ABANDON` names it;
    in an `up` it only warns, if `silence_passes`. Raises `OneLine`.
    """
    silence_passes = silence_passes and _session.checked.is_set()
    identity, names = identity_of(props), sorted(props["members"])
    deadline = time.monotonic() + RollingUpdate().progress_deadline
    patience = Patience(SILENCE, deadline, _engine.cancelled.is_set)
    connect, federated = connector(props["members"]), acting_for(props, props["members"])

    def remove_from(name: str) -> Pruned:
        if federated is None:
            return remove(connect(name), identity, patience=patience)
        pruned = remove(federated.connect(name, _nothing, patience), identity, patience=patience)
        if pruned.done:
            federated.withdraw(name)
        return pruned

    failures, left = [], []
    for name, outcome in zip(names, fan_out(names, remove_from), strict=True):
        error = outcome.error
        if error is None:
            failures += [f"{name}: not gone: {item}" for item in outcome.get().stuck]
            left += [f"{name}: left there: {item}" for item in outcome.get().left]
        elif isinstance(error, Unreachable) and (silence_passes or name in abandoned()):
            left.append(f"{name}: not removed there: {error.why}")
        elif isinstance(error, Unreachable):
            failures.append(f"{error}. Run again when it is back, or set {ABANDON}={name}")
        elif isinstance(error, MemberError):
            failures.append(str(error))
        else:
            raise error
    for line in left:
        _engine.show(line, ephemeral=False, warning=True)
    if federated is not None and not failures and not left:
        federated.forget()
    if failures:
        raise _engine.OneLine(f"{props['fleet']}/{props['placement']} is not removed: {'; '.join(failures)}")


def _nothing() -> None:
    """Nothing is wanted any more."""
