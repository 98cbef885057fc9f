"""How long a rollout that counts clusters may take at the most, before it is done or has failed. Pure."""

from kubefleet.model.gate import Check, Wait
from kubefleet.model.strategy import RollingUpdate, Stage, StagedUpdate


def longest_stage(strategy: StagedUpdate, stage: Stage, clusters: int, whole: int) -> int:
    """Seconds that so many clusters of a stage (of the `whole`) may take: every cluster and every check to its
    deadline, and the waits, which run from the same moment. An approval takes as long as people take: it is not in it.
    """
    waits = [gate.seconds for gate in stage.after if isinstance(gate, Wait)]
    checks = [gate.deadline for gate in (*stage.before, *stage.after) if isinstance(gate, Check)]
    walk = _rounds(clusters, stage.max_concurrency.of(whole)) * strategy.progress_deadline
    return walk + max(waits, default=0) + sum(checks) if clusters else 0


def longest_walk(strategy: RollingUpdate, clusters: int, whole: int) -> int:
    """The same of an update of so many clusters in place."""
    at_once = min(strategy.max_unavailable.of(whole), strategy.max_concurrency.of(whole))
    return _rounds(clusters, at_once) * strategy.progress_deadline


def _rounds(clusters: int, at_once: int) -> int:
    return -(-clusters // max(1, at_once))
