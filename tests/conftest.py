"""Real clusters for tests: one lab for the whole session, which ends with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubefleet.lab.lab import Lab


@pytest.fixture(scope="session")
def quickstart_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three small clusters with controllers, scheduler and played nodes."""
    folder: Path = tmp_path_factory.mktemp("labs")
    with Lab("quickstart", folder=folder) as lab:
        yield lab
