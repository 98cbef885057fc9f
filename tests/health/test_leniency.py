"""What the built-in rules let pass where the user says so."""

import pytest

from kubefleet.health import Status, health
from kubefleet.health.checks import Cel, Check, TolerateUnavailable, UnverifiedWait
from kubefleet.model.share import Share
from kubefleet.model.subject import Subject

pytestmark = pytest.mark.fast

A, P, U = Status.AVAILABLE, Status.PROGRESSING, Status.UNVERIFIED
LOG, WIDGET = Subject("DaemonSet", "apps"), Subject("Widget", "example.com")


def log(nodes, updated, available, *, observed=2, strategy="RollingUpdate"):
    status = {
        "observedGeneration": observed,
        "desiredNumberScheduled": nodes,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
    }
    metadata = {"namespace": "shop", "name": "log", "generation": 2}
    spec = {"updateStrategy": {"type": strategy}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("nodes", "live", "expected"),
    [
        (None, log(10, 10, 9), (P, "9 of 10 pods available")),
        (Share(1), log(10, 10, 9), (A, "9 of 10 pods available")),
        (Share(1), log(10, 10, 10), (A, "10 of 10 pods available")),
        (Share(1), log(10, 10, 8), (P, "8 of 9 pods available")),
        (Share(10, percent=True), log(10, 10, 9), (A, "9 of 10 pods available")),
        (Share(10, percent=True), log(9, 9, 8), (P, "8 of 9 pods available")),
        # A node without a pod lacks an updated one too.
        (Share(1), log(10, 9, 9), (A, "9 of 10 pods available")),
        (Share(1), log(10, 8, 10), (P, "8 of 9 pods updated")),
        (Share(1), log(10, 0, 9, strategy="OnDelete"), (A, "9 of 10 pods available")),
        (Share(5), log(3, 0, 0), (A, "0 of 3 pods available")),
        (Share(5), log(3, 3, 3, observed=1), (P, "its controller has seen generation 1 of 2")),
    ],
)
def test_a_daemon_set_is_available_though_some_nodes_lack_a_pod(nodes, live, expected):
    checks = () if nodes is None else (Check(LOG, TolerateUnavailable(nodes), replaces=True),)
    found = health(live, checks=checks)
    assert (found.status, found.reason) == expected


def widget(**status):
    metadata = {"namespace": "shop", "name": "main", "generation": 1}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "status": status}


def test_what_nobody_can_tell_has_a_wait_of_its_own_and_what_can_be_told_has_none():
    checks = (Check(WIDGET, UnverifiedWait(300), replaces=True),)
    found = health(widget(phase="Up"), checks=checks)
    assert (found.status, found.passes_after) == (U, 300)
    ready = widget(conditions=[{"type": "Ready", "status": "False", "message": "no disk"}])
    found = health(ready, checks=checks)
    assert (found.status, found.reason, found.passes_after) == (P, "no disk", None)


def test_beside_another_check_it_is_waited_for_once_that_holds():
    checks = (Check(WIDGET, UnverifiedWait(5), replaces=True), Check(WIDGET, Cel("object.status.phase == 'Up'")))
    assert health(widget(phase="Down"), checks=checks).status is P
    assert health(widget(phase="Up"), checks=checks).status is U
