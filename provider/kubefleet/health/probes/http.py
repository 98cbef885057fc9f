"""An HTTP request."""

from dataclasses import dataclass

from kubefleet.health.status import Health, available, progressing

CLUSTER = "${cluster.name}"
"""In a URL or a query: each cluster of the stage is asked about by itself."""


@dataclass(frozen=True, slots=True)
class Http:
    """A GET of `url` answers with `status` (0: anything from 200 to 299) and a body that contains `contains`.

    `token_env` names an environment variable whose value is sent as a bearer token.
    """

    url: str
    status: int = 0
    contains: str = ""
    token_env: str = ""

    def __str__(self) -> str:
        return self.url

    def judge(self, status: int, body: str) -> Health:
        """What an answer means. The body is never shown."""
        if status != self.status if self.status else not 200 <= status <= 299:
            return progressing(f"{self} answered {status} (expected {self.status or 'a status from 200 to 299'})")
        if self.contains not in body:
            return progressing(f"{self} answered without `{self.contains}`")
        return available(f"{self} answered {status}")
