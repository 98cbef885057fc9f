"""The same work on several clusters, and what came of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from immutabledict import immutabledict

from kubefleet.kube import Cancelled, MemberError, NoIdentity, Unreachable, fan_out
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.placement_identity import placement_of
from kubefleet.kube.refusal import Refused

T = TypeVar("T")
_NOBODY: Mapping[str, str] = immutabledict()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Clusters that are done, those that could not be reached (with why), and those that failed (one line each, with
    the cluster's name). Objects of a placement that goes at the end of this command are not refused for ever: `awaited`
    names those placements. Where no identity could be had (`unknown`, one line each), nothing was tried: neither the
    cluster nor what was to be brought there is at fault.
    """

    done: tuple[str, ...]
    lost: dict[str, str]
    failures: dict[str, str]
    awaited: tuple[str, ...] = ()
    unknown: Mapping[str, str] = _NOBODY

    @property
    def refused(self) -> dict[str, str]:
        """Why of every cluster that was reached and is not done."""
        return {**self.failures, **self.unknown}


def on_each(
    items: Iterable[T],
    cluster_of: Callable[[T], str],
    work: Callable[[T], object],
    max_parallel: int,
    going: Mapping[str, str] = _NOBODY,
) -> Outcomes:
    """Do the work on every item in parallel. `going`: uid -> name of placements that go at the end of this command.

    Raises Cancelled, and what is not a member's fault.
    """
    todo = tuple(items)
    done: list[str] = []
    lost: dict[str, str] = {}
    failures: dict[str, str] = {}
    unknown: dict[str, str] = {}
    awaited: set[str] = set()
    for item, outcome in zip(todo, fan_out(todo, work, max_parallel=max_parallel), strict=True):
        error, cluster = outcome.error, cluster_of(item)
        if error is None:
            done.append(cluster)
        elif isinstance(error, Cancelled) or not isinstance(error, MemberError):
            raise error
        elif isinstance(error, Unreachable):
            lost[cluster] = error.why
        elif isinstance(error, NoIdentity):
            unknown[cluster] = str(error)
        elif isinstance(error, Refused) and (owners := _going_owners(error, going)):
            awaited |= owners
        else:
            failures[cluster] = str(error)
    return Outcomes(tuple(done), lost, failures, tuple(sorted(awaited)), unknown)


def _going_owners(error: Refused, going: Mapping[str, str]) -> set[str]:
    """The placements that hold what was refused, if every such object is held by one that goes; else none."""
    found: dict[ObjectRef, set[str]] = {}
    for conflict in error.conflicts:
        named = placement_of(conflict.manager)
        found.setdefault(conflict.object, set()).update({going[named[1]]} if named and named[1] in going else ())
    return set().union(*found.values()) if all(found.values()) else set()
