"""The gates before a removal: in their order, and an approval that is missing holds what comes after it."""

from types import SimpleNamespace

import pytest

from kubefleet.model.gate import Wait
from kubefleet.model.phase import Phase
from kubefleet.resources import _before_removal
from kubefleet.resources._before_removal import Removal
from kubefleet.rollout.task import Result

pytestmark = pytest.mark.fast

TASK = SimpleNamespace(target={"us-1": {}})
GATES = [{"type": "Wait", "duration": 1}, {"type": "Approval"}, {"type": "Wait", "duration": 2}]
FAILED = Result(Phase.FAILED, "not well")


@pytest.fixture
def walked(monkeypatch):
    """The gates that were waited for, and what the walk of each lot of them came to."""
    seen, results = [], {}

    class Walk:
        def __init__(self, _task, _stage, clusters):
            assert clusters == ("us-1",)

        def after(self, gates, _since):
            seen.append([gate.seconds for gate in gates if isinstance(gate, Wait)])
            return results.get(len(seen))

    monkeypatch.setattr(_before_removal, "Gates", Walk)
    return seen, results


def removal(gates=GATES, **news):
    return Removal(None, {"placement": "web", "revision": "abc", "before_remove": gates, **news})


def test_what_comes_before_a_missing_approval_is_waited_for_and_what_comes_after_it_is_not(walked):
    seen, _ = walked
    gates = removal()
    held = gates.passed(TASK, ("eu-1", "eu-2"))
    assert held.phase is Phase.HELD
    assert held.reason.startswith("it leaves eu-1, eu-2 only with an approval: `kubefleet approve web removal`")
    assert gates.kept["awaits"] == "abc:eu-1,eu-2"
    assert seen == [[1]]


def test_what_is_approved_goes_on_to_the_gates_behind_it(walked):
    seen, _ = walked
    gates = removal(approvals=["web/removal@abc:eu-1"])
    assert gates.passed(TASK, ("eu-1",)) is None
    assert "awaits" not in gates.kept
    assert seen == [[1], [2]]


def test_a_gate_that_fails_before_the_approval_is_what_is_told(walked):
    seen, results = walked
    results[1] = FAILED
    gates = removal()
    assert gates.passed(TASK, ("eu-1",)) is FAILED
    assert "awaits" not in gates.kept
    assert seen == [[1]]


def test_without_an_approval_all_gates_are_walked_at_once(walked):
    seen, _ = walked
    assert removal(gates=[GATES[0], GATES[2]]).passed(TASK, ("eu-1",)) is None
    assert seen == [[1, 2]]
