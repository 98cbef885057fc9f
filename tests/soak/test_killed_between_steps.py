"""A rollout that is killed (`kill -9`) between any two of its steps and run again ends as one that was not: nothing is
changed twice, no pod is made anew, nothing is left over.
"""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from soak_run import LOG_SECONDS, placed, still_unfinished
from soak_scenario import CLUSTERS, LAB, Scenario, make_task
from soak_walker import walk

from availability import watch
from killing import run_and_die
from kubefleet.kube import connect
from kubefleet.model.phase import Phase

pytestmark = pytest.mark.lab

# What is counted: each workload is in each of its states (replicas and template) once. A move of counted pods scales it
# several times, never back.
QUICK = {f"{LAB}/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
OWN = {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
IN_PLACE = Scenario(
    "soak-901", "Deployment", OWN, {"eu-1": 2, "eu-2": 3}, {"eu-1": 2, "eu-2": 3}, True, 1, 1, pod_delays=QUICK
)
MOVE = Scenario(
    "soak-902", "Deployment", OWN, {"eu-1": 2, "eu-2": 1}, {"eu-2": 1, "us-1": 2}, True, 1, 1, pod_delays=QUICK
)
ORDERED = Scenario(
    "soak-903", "StatefulSet", {}, {"eu-1": 2, "eu-2": 2}, {"eu-1": 2, "eu-2": 2}, True, 1, 1, pod_delays=QUICK
)


def walk_and_die(lab, scenario, steps):
    """The rollout in a process of its own; True if it was killed."""

    def work():
        connections = {name: connect(name, lab.access(name)) for name in CLUSTERS}
        walk(make_task(scenario, connections.__getitem__))

    return run_and_die(work, steps)


def changes(seen):
    """The states (replicas, template) that each cluster's workload was in, one after the other."""
    found = {}
    for moment in seen.moments:
        states = found.setdefault(moment.cluster, [])
        state = (moment.desired, moment.template)
        if moment.template and (not states or states[-1] != state):
            states.append(state)
    return found


@pytest.mark.parametrize(("scenario", "made"), [(IN_PLACE, 5), (MOVE, 3), (ORDERED, 4)])
def test_killed_between_any_two_steps_a_rollout_goes_on_where_it_was(quickstart_lab, scenario, made):
    for steps in range(40):
        since = {name: quickstart_lab.audited(name) for name in CLUSTERS}
        with placed(quickstart_lab, scenario) as connections:
            time.sleep(LOG_SECONDS)
            begin = datetime.now(UTC)
            killed = walk_and_die(quickstart_lab, scenario, steps)
            task = make_task(scenario, connections.__getitem__)
            result = walk(task)
            assert result.phase is Phase.COMPLETE, result.reason
            assert still_unfinished(task) == []
            time.sleep(LOG_SECONDS)
            logs = {name: list(quickstart_lab.audit(name, since[name])) for name in CLUSTERS}
        seen = watch(logs, scenario.name, begin, f"{scenario.kind.lower()}s")
        for cluster, states in changes(seen).items():
            twice = [state for state, times in Counter(states).items() if times > 1]
            assert not twice, f"{cluster} was twice in one state, killed after {steps} steps"
        templates = {cluster: len({template for _, template in states}) for cluster, states in changes(seen).items()}
        assert all(count <= 2 for count in templates.values()), templates
        assert seen.created() == made, f"killed after {steps} steps"
        assert seen.violations(scenario.least, scenario.most) == []
        if not killed:
            assert steps > 3, "two clusters are updated and completed: at least four steps"
            return
    pytest.fail("the rollout never ran to its end")
