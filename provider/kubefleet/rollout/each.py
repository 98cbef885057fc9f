"""The same work on several clusters, and what came of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from kubefleet.kube import Cancelled, MemberError, Unreachable, fan_out

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Clusters that are done, those that could not be reached (with why), and one line per failure."""

    done: tuple[str, ...]
    lost: dict[str, str]
    failures: tuple[str, ...]


def on_each(
    items: Iterable[T], cluster_of: Callable[[T], str], work: Callable[[T], object], max_parallel: int
) -> Outcomes:
    """Do the work on every item in parallel. Raises Cancelled, and what is not a member's fault."""
    todo = tuple(items)
    done, lost, failures = [], {}, []
    for item, outcome in zip(todo, fan_out(todo, work, max_parallel=max_parallel), strict=True):
        error, cluster = outcome.error, cluster_of(item)
        if error is None:
            done.append(cluster)
        elif isinstance(error, Cancelled) or not isinstance(error, MemberError):
            raise error
        elif isinstance(error, Unreachable):
            lost[cluster] = error.why
        else:
            failures.append(str(error))
    return Outcomes(tuple(done), lost, tuple(failures))
