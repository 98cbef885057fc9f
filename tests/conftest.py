"""Real clusters for tests; at the end of the session nothing of them runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kubefleet.lab._session import session_members
from kubefleet.lab.lab import Lab


@pytest.fixture(scope="session")
def quickstart_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three small clusters with controllers, scheduler and played nodes: one lab for the whole session.

    A test leaves it as it was: no objects of its own, no fault in effect.
    """
    with Lab("quickstart", name="tests", folder=tmp_path_factory.mktemp("labs")) as lab:
        status = lab.status()
        assert status is not None
        yield lab
    assert session_members(status.pid) == ()


@pytest.fixture
def fresh_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Starts labs of the test's own, with the arguments of `Lab`; they end with the test."""
    with ExitStack() as labs:

        def start(spec: Any = "quickstart", **options: Any) -> Lab:
            return labs.enter_context(Lab(spec, folder=tmp_path, **options))

        yield start
