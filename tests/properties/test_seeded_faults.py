"""The checkers notice what they are there for: every fault put into the scheduler, and nothing where there is none."""

import pytest
from seeded_faults import FAULTS
from trials import complaints, trials

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    assert any(map(complaints, trials()))


def test_without_a_fault_there_is_nothing_to_notice() -> None:
    assert [found for found in map(complaints, trials()) if found] == []
