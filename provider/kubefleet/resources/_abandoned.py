"""Members that the user gives up: what is left there is not waited for."""

import os

ABANDON = "KUBEFLEET_ABANDON"


def abandoned() -> frozenset[str]:
    """The members that the environment names, separated by commas."""
    return frozenset(name.strip() for name in os.environ.get(ABANDON, "").split(",") if name.strip())
