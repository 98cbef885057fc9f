"""The rehearsal of a rollout in its preview: which objects change where, and what the clusters say to that."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._of_stage import of_stage
from kubefleet.resources._overrides import own_manifests, own_manifests_before
from kubefleet.resources.ownership import has_unknown
from kubefleet.rollout.rehearsal import run_rehearsal

Manifests = Mapping[str, Mapping[str, Any]]


def rehearsed(olds: Props, news: Props) -> list[str]:
    """In a preview: what the clusters refuse, one line each; what they only have to say is shown as warnings."""
    if not _session.previewing.is_set() or news.get("paused") or news.get("uid") not in _session.manifests:
        return []
    known = {key: value for key, value in news.items() if key == "to" or not has_unknown(value)}
    target = _known_clusters(news, news.get("to"))
    changed, shrinking, left = _changed(olds, known, target), _shrinking(olds, known, target), _left(olds, news)
    if not any(changed.values()) and not (news.get("identity") and (shrinking or left)):
        return []
    from kubefleet.resources._federation import acting_for
    from kubefleet.resources._inputs import all_members
    from kubefleet.resources._task import make_task
    from kubefleet.rollout.rights_preview import preview_rights

    if has_unknown(_session.manifests[news["uid"]]):
        # Which pods are restarted is read from all of them.
        known.pop("restart_on", None)
    task = make_task({"revision": "", **known, "to": target}, None)
    path = f"placements.{news['placement']}.manifests"
    if (one := acting_for(known, all_members(known), task.kin)) is not None:
        rights = preview_rights(task, one, changed, shrinking, left)
        if rights.mistakes:
            return [f"{path}: {', '.join(names)}: {why}" for why, names in rights.mistakes.items()]
        for line, names in rights.told.items():
            _engine.show(f"{', '.join(names)}: {line}", ephemeral=False)
        for why, names in rights.left_out.items():
            _engine.show(f"{', '.join(names)}: left out: {why}", ephemeral=False, warning=True)
        task, changed = replace(task, connect=rights.connect), rights.rehearsed
    found = run_rehearsal(task, changed, _new(olds, known, target))
    for line, clusters in found.told.items():
        _engine.show(f"{', '.join(clusters)}: {line}", ephemeral=False, warning=True)
    return [f"{path}: `{key}` on {', '.join(names)}: {why}" for (key, why), names in found.wrong.items()]


def _changed(olds: Props, news: Props, target: Props) -> dict[str, frozenset[str]]:
    """Keys of the objects that are to be other than they were, by cluster; without those that are not known yet."""
    manifests, own, before = _session.manifests[news["uid"]], own_manifests(news), _before(olds, news)

    def on(name: str) -> frozenset[str]:
        now: Manifests = own.get(name, manifests)
        old = before(name)
        return frozenset(key for key, item in now.items() if old.get(key) != item and not has_unknown(item))

    return {name: on(name) for name in sorted(target)}


def _new(olds: Props, news: Props, target: Props) -> dict[str, frozenset[str]]:
    """Keys of the objects that the last run had not, by cluster."""
    manifests, own, before = _session.manifests[news["uid"]], own_manifests(news), _before(olds, news)
    return {name: frozenset(own.get(name, manifests)) - frozenset(before(name)) for name in sorted(target)}


def _shrinking(olds: Props, news: Props, target: Props) -> tuple[str, ...]:
    """Clusters that keep the placement and where objects of it go."""
    manifests, own, before = _session.manifests[news["uid"]], own_manifests(news), _before(olds, news)
    return tuple(name for name in sorted(target) if set(before(name)) - set(own.get(name, manifests)))


def _left(olds: Props, news: Props) -> tuple[str, ...]:
    """Clusters of the last decision that this one does not have."""
    before, now = olds.get("to"), news.get("to")
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return ()
    mine = of_stage(news, before) if "stage" in news else before
    return tuple(sorted(set(mine) - set(now)))


def _before(olds: Props, news: Props) -> Callable[[str], Manifests]:
    """The objects that the last run has left on a cluster. Where it did not come to its end nobody knows from here what
    is there: none.
    """
    before, own = _session.before.get(news["uid"], {}), own_manifests_before(olds, news["uid"])
    was_on = set(_known_clusters(olds, olds.get("to"))) - set((news.get("redo") or {}).get("clusters") or ())
    return lambda name: own.get(name, before) if name in was_on else {}


def _known_clusters(news: Props, to: Any) -> Props:
    """The part of a decision that is of this stage and is known in this preview."""
    if not isinstance(to, Mapping):
        return {}
    mine = of_stage(news, to) if "stage" in news else to
    return {name: mine[name] for name in mine if not has_unknown(mine[name])}
