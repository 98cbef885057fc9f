"""What health checks let pass, as users write it: `{kind: apps/DaemonSet, tolerate_unavailable: "10%"}`."""

from kubefleet.health.checks import Rule
from kubefleet.health.checks.leniency import TolerateUnavailable, UnverifiedWait
from kubefleet.health.table import is_told
from kubefleet.model.subject import Subject
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.shares import parse_duration, parse_share
from kubefleet.spec.written import Written


class WrittenLeniency(Written):
    """Nodes of a DaemonSet that may lack a pod; how long what nobody can tell is waited for."""

    tolerate_unavailable: int | str | None = None
    unverified_wait: int | str | None = None


def parse_tolerance(
    written: WrittenLeniency, subject: Subject | None, path: str, mistakes: list[Mistake]
) -> Rule | None:
    """Of DaemonSets only; None after adding to `mistakes`."""
    before, path = len(mistakes), join(path, "tolerate_unavailable")
    nodes = parse_share(written.tolerate_unavailable or 0, path, "nodes", mistakes)
    if subject is not None and (subject.kind != "DaemonSet" or subject.group not in (None, "apps")):
        message = f"not of a {subject.kind} (expected a DaemonSet: pods of others are bounded by the strategy)."
        mistakes.append(Mistake(path, message))
    return TolerateUnavailable(nodes) if len(mistakes) == before else None


def parse_wait(written: WrittenLeniency, subject: Subject | None, path: str, mistakes: list[Mistake]) -> Rule | None:
    """Of custom resources only; None after adding to `mistakes`."""
    before, path = len(mistakes), join(path, "unverified_wait")
    seconds = parse_duration(written.unverified_wait or 0, path, mistakes)
    if subject is not None and is_told(subject.group, subject.kind):
        message = f"the health of a {subject.kind} can be told (expected a custom resource)."
        mistakes.append(Mistake(path, message))
    return UnverifiedWait(seconds) if len(mistakes) == before else None
