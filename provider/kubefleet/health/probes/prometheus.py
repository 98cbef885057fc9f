"""A query of Prometheus, and the bounds of its values. https://prometheus.io/docs/prometheus/latest/querying/api/"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from kubefleet.health.status import Health, available, progressing


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Every sample that `query` gives is above `above` and below `below` (None: no bound), and there is one.

    `url` is that of the server, without `/api/v1/query`. `token_env` as of `Http`.
    """

    url: str
    query: str
    above: Decimal | None = None
    below: Decimal | None = None
    token_env: str = ""

    def __str__(self) -> str:
        return f"`{' '.join(self.query.split())}`"

    def judge(self, answer: object) -> Health:
        """What an answer (its JSON) means."""
        raw = answer if isinstance(answer, Mapping) else {}
        if raw.get("status") != "success":
            return progressing(f"{self}: {raw.get('error') or 'no answer of Prometheus'}")
        try:
            samples = list(_samples(raw.get("data")))
        except (TypeError, ValueError, LookupError, InvalidOperation):
            return progressing(f"{self}: no answer of Prometheus that can be read")
        if not samples:
            return progressing(f"{self} has no data")
        for labels, value in samples:
            if not self._holds(value):
                return progressing(f"{self} is {value}{labels} (expected {self._bounds()})")
        return available(f"{self} is {self._bounds()}")

    def _holds(self, value: Decimal) -> bool:
        """NaN is neither above nor below anything."""
        if value.is_nan():
            return False
        return (self.above is None or value > self.above) and (self.below is None or value < self.below)

    def _bounds(self) -> str:
        parts = [
            f"{word} {bound}" for word, bound in (("above", self.above), ("below", self.below)) if bound is not None
        ]
        return " and ".join(parts)


def _samples(data: Any) -> Iterator[tuple[str, Decimal]]:
    """The labels (as text) and the value of each sample of a scalar or a vector."""
    if data["resultType"] == "scalar":
        yield "", Decimal(str(data["result"][1]))
        return
    if data["resultType"] != "vector":
        raise ValueError(data["resultType"])
    for item in data["result"]:
        labels = ", ".join(f'{name}="{value}"' for name, value in sorted(item["metric"].items()))
        yield (f" of {{{labels}}}" if labels else ""), Decimal(str(item["value"][1]))
