"""One stage of a staged rollout: held, walked, and waited for."""

import time
from dataclasses import replace

from kubefleet.model.gate import Wait
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources._adapter import Props
from kubefleet.resources._gates import healthy_since, held_by_approval, held_by_stage, was_complete
from kubefleet.resources.stage import held, outputs, went_back, with_result
from kubefleet.rollout.gates import Gates
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout


def run_staged(task: Task, olds: Props | None, news: Props) -> Props:
    """The outputs of the stage. What holds it leaves its clusters at the revision that they have."""
    strategy, name, revision = task.strategy, str(news["stage"]), str(news["revision"])
    if not isinstance(strategy, StagedUpdate):
        raise TypeError(f"stage `{name}` of a rollout without stages")
    if reason := held_by_stage(news):
        # The stage before has said so on its own row.
        return outputs(news, Phase.HELD, reason, task.target)
    stage = strategy.stage(name)
    before = None if olds is None or went_back(olds, news) else olds
    if task.target and (reason := held_by_approval(news, stage, before)):
        return held(news, reason, task.target)
    skipped = was_complete(before, revision) or not task.target
    gates = Gates(task, name, tuple(sorted(task.target)))
    if not skipped and (stopped := gates.before(stage.before)) is not None:
        return with_result(news, stopped)
    result = run_rollout(task, name)
    if result.phase is not Phase.COMPLETE:
        return with_result(news, result)
    since = healthy_since(before, revision, time.time())
    if not skipped:
        well = tuple(sorted(set(task.target) - set(result.pending)))
        due = [gate for gate in stage.after if not (isinstance(gate, Wait) and news.get("expedite") == revision)]
        result = replace(gates, clusters=well).after(due, since) or result
    return {**with_result(news, result), "healthy": {"revision": revision, "since": since}}
