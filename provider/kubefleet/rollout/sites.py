"""What is live, pod by pod: read from the clusters, never from state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kubefleet.kube import Connection
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.rollout.live import read_each
from kubefleet.rollout.pods import Pods, pods_of
from kubefleet.rollout.spread_planner import Site
from kubefleet.rollout.task import Task
from kubefleet.spec.scale import replicas_path


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site, and the objects that its workloads are."""

    site: Site
    workloads: Mapping[str, ObjectRef]


@dataclass(frozen=True, slots=True)
class LiveSites:
    """The sites that were found, and why each member that could not be read could not."""

    found: Mapping[str, LiveSite]
    unreachable: Mapping[str, str]

    @property
    def sites(self) -> dict[str, Site]:
        """By cluster."""
        return {name: live.site for name, live in self.found.items()}


def read_sites(task: Task, clusters: Iterable[str]) -> LiveSites:
    """The placement on these clusters, all read in parallel. Raises what is not a member's silence."""

    def read(name: str) -> LiveSite | None:
        found = read_site(task.connect(name), task.identity.uid)
        return None if found is None else replace(found, site=_as_it_counts(task, name, found.site))

    return LiveSites(*read_each(task, clusters, read))


def _as_it_counts(task: Task, name: str, site: Site) -> Site:
    pods = {key: replace(each, revision=task.stands_for(name, each.revision)) for key, each in site.pods.items()}
    return Site(pods, task.stands_for(name, site.revision))


def read_site(connection: Connection, uid: str) -> LiveSite | None:
    """The placement on one member, or None. Only what can be scaled has pods that are counted."""
    inventory = read_inventory_object(connection, uid)
    if inventory is None:
        return None
    refs = {ref.owner_value: ref for ref in inventory.objects}
    pods: dict[str, Pods] = {}
    workloads: dict[str, ObjectRef] = {}
    for booking in inventory.bookings:
        ref = refs.get(booking.workload)
        live = None if ref is None else find(connection, ref)
        if ref is None or live is None:
            # Written ahead, or deleted by somebody: it comes with the next step.
            continue
        if replicas_path(live) is not None:
            pods[booking.workload], workloads[booking.workload] = pods_of(live), ref
    return LiveSite(Site(pods, inventory.revision if inventory.completed else ""), workloads)
