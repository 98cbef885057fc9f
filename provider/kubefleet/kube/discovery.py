"""What an API server serves, from its aggregated discovery documents (KEP-3352: two requests for all groups)."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.kube.errors import BadAnswer

_ACCEPT: Final = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


@dataclass(frozen=True, slots=True)
class ApiResource:
    """One kind as one version serves it; `plural` is its name in paths."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    listable: bool = True

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of the collection, or of the object `name`.

        A namespaced collection without a namespace is that of all namespaces; an object needs one (ValueError).
        """
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        if not self.namespaced:
            return f"{root}/{self.plural}" + (f"/{name}" if name else "")
        if name and not namespace:
            raise ValueError(f"{self.kind} `{name}` has no namespace (expected one: it is namespaced)")
        middle = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


@dataclass(frozen=True, slots=True)
class ApiCatalogue:
    """All kinds by `<apiVersion>/<Kind>`, e.g. `apps/v1/Deployment`, `v1/Pod`."""

    resources: immutabledict[str, ApiResource]

    @property
    def apis(self) -> frozenset[str]:
        """The keys, as `Cluster.apis` has them."""
        return frozenset(self.resources)

    def namespaced(self) -> tuple[ApiResource, ...]:
        """Every listable namespaced resource once, in the first of its versions by name."""
        once: dict[tuple[str, str], ApiResource] = {}
        for resource in self.resources.values():
            if resource.namespaced and resource.listable:
                group = resource.api_version.rpartition("/")[0]
                once.setdefault((group, resource.plural), resource)
        return tuple(once.values())

    def find(self, api_version: str, kind: str) -> ApiResource | None:
        """The resource of a kind, None when it is not served."""
        return self.resources.get(f"{api_version}/{kind}")


@dataclass(slots=True)
class DiscoveryCache:
    """The catalogue of one connection and its views, read when first asked for."""

    _kept: ApiCatalogue | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, member: str, get: Callable[..., dict[str, Any]], *, fresh: bool) -> ApiCatalogue:
        """The kept catalogue, or one that `get` (see `Connection.get`) reads now; raises as `get` does."""
        with self._lock:
            if self._kept is None or fresh:
                self._kept = read_catalogue(member, get("/api", accept=_ACCEPT), get("/apis", accept=_ACCEPT))
            return self._kept


def read_catalogue(member: str, *documents: Mapping[str, Any]) -> ApiCatalogue:
    """The catalogue in APIGroupDiscoveryList documents. A malformed entry is left out, a malformed list is BadAnswer.

    Groups whose server is down are listed by Kubernetes without resources: their kinds count as not served.
    """
    resources: dict[str, ApiResource] = {}
    for document in documents:
        if document.get("kind") != "APIGroupDiscoveryList" or not isinstance(document.get("items"), list | type(None)):
            raise BadAnswer(member, "no aggregated discovery (expected Kubernetes 1.27 or newer)")
        for group in document.get("items") or ():
            for served in _read_group(group):
                resources.setdefault(f"{served.api_version}/{served.kind}", served)
    return ApiCatalogue(immutabledict({key: resources[key] for key in sorted(resources)}))


def _read_group(group: Any) -> list[ApiResource]:
    served = []
    try:
        name = group["metadata"].get("name") or ""
        for version in group.get("versions") or ():
            api_version = f"{name}/{version['version']}" if name else version["version"]
            served += [_read_resource(api_version, item) for item in version.get("resources") or ()]
    except (KeyError, TypeError, AttributeError):
        return served
    return served


def _read_resource(api_version: str, item: Mapping[str, Any]) -> ApiResource:
    return ApiResource(
        api_version,
        str(item["responseKind"]["kind"]),
        str(item["resource"]),
        item.get("scope") == "Namespaced",
        "list" in (item.get("verbs") or ()),
    )
