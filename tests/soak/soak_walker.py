"""The rollout of a scenario in a process of its own, which may be killed.

    python soak_walker.py KUBECONFIG SEED [HOW]

The last line of its output is `phase: reason`. HOW breaks the executor on purpose: `greedy` has no budget, `hasty`
takes for granted that all pods are available.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from soak_scenario import Scenario, draw, make_task

from kubefleet.kube import Connection, connect
from kubefleet.model.access import Kubeconfig
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import Share
from kubefleet.rollout import sites, step
from kubefleet.rollout.pods import Pods, pods_of
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Result, Task
from kubefleet.rollout.walk import run_rollout

BY_ONE = Scenario(
    name="soak-broken",
    kind="Deployment",
    own={"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    before={"eu-1": 4, "eu-2": 4},
    after={"eu-2": 4, "us-1": 4},
    new_image=False,
    unavailable=1,
    surge=0,
    pod_delays={"lab.pulumi-kubefleet/ready-after": "1500ms"},
)
"""A budget that holds back at every step: what breaks it is seen."""
SCENARIOS = {"down-by-one": BY_ONE, "up-by-one": replace(BY_ONE, unavailable=0, surge=1)}


def scenario_of(seed: str) -> Scenario:
    """By its number, or by name one for broken executors."""
    return SCENARIOS[seed] if seed in SCENARIOS else draw(int(seed))


def walk(task: Task) -> Result:
    """The whole rollout, to its end or to where it stops."""
    result = run_rollout(task)
    if result.phase is Phase.COMPLETE and not result.pending:
        result = run_settle(task)
    return result


def greedy(task: Task) -> Task:
    """Whatever the user has written, all pods may be taken down at once."""
    return replace(task, strategy=replace(task.strategy, max_unavailable=Share(1000)))


def hasty(task: Task) -> Task:
    """What was applied counts as available."""

    def optimistic(live: Mapping[str, Any]) -> Pods:
        pods = pods_of(live)
        return replace(pods, available=pods.replicas, steady=True)

    sites.pods_of = optimistic
    step.Waiting.__call__ = lambda *_: None  # type: ignore[method-assign]
    return task


BROKEN = {"greedy": greedy, "hasty": hasty}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(kubeconfig: str, seed: str, how: str = "") -> None:
    connections: dict[str, Connection] = {}

    def reach(name: str) -> Connection:
        if name not in connections:
            connections[name] = connect(name, Kubeconfig(name, kubeconfig), answer_within=5)
        return connections[name]

    task = make_task(scenario_of(seed), reach, show=say)
    result = walk(BROKEN[how](task) if how else task)
    pending = f" (pending: {', '.join(result.pending)})" if result.pending else ""
    say(f"{result.phase}: {result.reason}{pending}")


if __name__ == "__main__":
    main(*sys.argv[1:])
