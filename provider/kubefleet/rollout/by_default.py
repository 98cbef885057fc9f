"""What a placement rolls out by where its program names no strategy. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.model.share import Share
from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, Strategy
from kubefleet.rollout.pods import scalable
from kubefleet.spec.before_remove import has_address
from kubefleet.spec.scale import SCALABLE

_BY_CLUSTERS: Final = RollingUpdate()
_BY_PODS: Final = SpreadUpdate(yields=True)
_STOPPING_FIRST: Final = SpreadUpdate(max_surge=Share(0), yields=True)


def default_strategy(
    manifests: Mapping[str, Mapping[str, Any]], *, divided: bool, stop_first: bool = False
) -> Strategy:
    """Divided replicas are counted as pods over the whole fleet, unless somebody's custom resource is among them: how
    many pods of it are available, and how many an update takes down, only its controller knows. Nor where there is an
    address that has to keep its pods until it is gone: pod by pod they would leave it first. With `stop_first` pods go
    before others come.
    """
    workloads = scalable(manifests.values()).values()
    known = all(item.get("kind") in SCALABLE for item in workloads)
    if not divided or not workloads or not known or any(map(has_address, manifests.values())):
        return _BY_CLUSTERS
    return _STOPPING_FIRST if stop_first else _BY_PODS
