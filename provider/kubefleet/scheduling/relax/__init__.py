"""What did not fit: the smallest changes that would make it fit, found by asking the scheduler again."""

from kubefleet.scheduling.relax.search import relaxations
from kubefleet.scheduling.relax.what_if import WhatIf

__all__ = ["WhatIf", "relaxations"]
