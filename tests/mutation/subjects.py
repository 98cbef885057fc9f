"""What is changed: filters, division and spread."""

from dataclasses import dataclass
from pathlib import Path

from mutations import Mutant, mutants

ROOT = Path(__file__).parent.parent.parent
SCHEDULING = ROOT / "provider" / "kubefleet" / "scheduling"
TARGETS = (
    "filters/*.py",
    "tolerance.py",
    "division.py",
    "seats.py",
    "divide_twice.py",
    "share.py",
    "shared.py",
    "bounds.py",
    "newly_divided.py",
    "autoscaled.py",
    "domains.py",
    "groups.py",
    "firm.py",
    "regroup.py",
    "scorers/spread.py",
)
"""Below `scheduling`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A mutant of one module."""

    file: Path
    mutant: Mutant

    @property
    def name(self) -> str:
        """Where it is, below `scheduling`, and what was changed."""
        return f"{self.file.relative_to(SCHEDULING)}: {self.mutant.name}"

    @property
    def module(self) -> str:
        """Its dotted name."""
        dotted = self.file.relative_to(SCHEDULING.parent.parent).with_suffix("").parts
        return ".".join(dotted[:-1] if dotted[-1] == "__init__" else dotted)


def subjects() -> list[Subject]:
    """All mutants there are."""
    files = sorted({file for target in TARGETS for file in SCHEDULING.glob(target)})
    return [Subject(file, mutant) for file in files for mutant in mutants(file.read_text())]
