"""What pods are where overrides hold, found before anything is decided: a cluster has to hold them as it gets them."""

from collections.abc import Sequence
from dataclasses import replace

from kubefleet.model.override import Override
from kubefleet.model.request import Request
from kubefleet.model.snapshot import Snapshot
from kubefleet.overrides.tailor import Manifests, tailored
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources._overrides import bound_on, overrides_of
from kubefleet.resources.ownership import has_unknown
from kubefleet.resources.stage import is_divided
from kubefleet.spec.overridden_pods import with_overridden
from kubefleet.spec.override_limits import limits
from kubefleet.spec.workload_cut import pod_path


def as_overridden(requests: Sequence[Request], snapshot: Snapshot, olds: Props, news: Props) -> tuple[Request, ...]:
    """The requests, with what their pods are on single clusters."""
    return tuple(_request(request, snapshot, olds, news) for request in requests)


def _request(request: Request, snapshot: Snapshot, olds: Props, news: Props) -> Request:
    raw = news["placements"][request.name]
    if raw["uid"] not in _session.overrides:
        return request
    rules, manifests = overrides_of(raw["uid"]), _with_pods(_session.manifests[raw["uid"]])
    if not any(_is_about(rule, manifests) for rule in rules):
        return request
    own = {}
    for cluster in snapshot.clusters:
        bound = bound_on(rules, request.name, cluster, olds, news)
        if any(_is_about(rules[index], manifests) for index in bound.rules):
            # What does not fit is told of the clusters that are chosen.
            own[cluster.name] = tailored(manifests, rules, bound, limits(divided=is_divided(raw)))[0]
    return replace(request, workloads=with_overridden(request.workloads, own))


def _with_pods(manifests: Manifests) -> Manifests:
    """Those that a cluster has to have room for. What is not known in this preview is as it is written."""
    return {key: item for key, item in manifests.items() if pod_path(item) is not None and not has_unknown(item)}


def _is_about(rule: Override, manifests: Manifests) -> bool:
    return any(rule.subject.covers_key(key) for key in manifests)
