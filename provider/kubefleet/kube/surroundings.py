"""What a cluster says of pods before a node is looked for: quotas, limit ranges, runtime classes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from immutabledict import immutabledict

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer
from kubefleet.kube.interest import Interest
from kubefleet.model.amounts import Amounts, parse_amounts
from kubefleet.model.quantity import parse_quantity
from kubefleet.model.standing import LimitRange, Quota, RuntimeClass, Scope, Surroundings
from kubefleet.model.taint import Toleration
from kubefleet.spec.quotas import quota_amounts

_NOT_TO_BE_READ = frozenset({401, 403, 404})
_QUOTAS, _LIMITS = "/api/v1/resourcequotas", "/api/v1/limitranges"
_RUNTIMES = "/apis/node.k8s.io/v1/runtimeclasses"


def read_surroundings(connection: Connection, interest: Interest) -> Surroundings | None:
    """What concerns the namespaces of an interest, without labels of namespaces; None where there are none. What may
    not be read is named instead. Raises BadAnswer for what is malformed.
    """
    if not interest.namespaces:
        return None
    unread: list[str] = []

    def items(path: str, what: str, make: Callable[[Mapping[str, Any]], list[Any]]) -> tuple[Any, ...]:
        try:
            return tuple(found for item in _listed(connection, path) for found in make(item))
        except ApiError as error:
            if error.status not in _NOT_TO_BE_READ:
                raise
            unread.append(f"{what} may not be read")
            return ()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadAnswer(connection.name, f"a malformed item among its {what}: {error}") from error

    asked = interest.namespaces
    quotas = items(_QUOTAS, "quotas", lambda item: _quotas(item) if _namespace(item) in asked else [])
    limits = items(_LIMITS, "limit ranges", lambda item: _limit_ranges(item) if _namespace(item) in asked else [])
    runtimes: tuple[RuntimeClass, ...] = ()
    if interest.runtime_classes:
        runtimes = items(
            _RUNTIMES,
            "runtime classes",
            lambda item: [_runtime_class(item)] if item["metadata"]["name"] in interest.runtime_classes else [],
        )
    return Surroundings(immutabledict(), quotas, limits, runtimes, tuple(unread))


def _listed(connection: Connection, path: str) -> Iterator[Mapping[str, Any]]:
    return iter(sorted(connection.list(path), key=lambda item: (_namespace(item), item["metadata"]["name"])))


def _namespace(item: Mapping[str, Any]) -> str:
    return str(item["metadata"].get("namespace") or "")


def _quotas(item: Mapping[str, Any]) -> list[Quota]:
    """What is used is in its status, which a controller writes: a quota that is new has none, and then counts as the
    API server counts it, from nothing.
    """
    spec, status = item.get("spec") or {}, item.get("status") or {}
    scopes = [Scope(str(name)) for name in spec.get("scopes") or ()]
    scopes += [
        Scope(str(raw["scopeName"]), str(raw.get("operator") or "Exists"), tuple(map(str, raw.get("values") or ())))
        for raw in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    ]
    hard, used = quota_amounts(spec.get("hard") or {}), quota_amounts(status.get("used") or {})
    return [Quota(str(item["metadata"]["name"]), _namespace(item), hard, used, tuple(scopes))]


def _limit_ranges(item: Mapping[str, Any]) -> list[LimitRange]:
    """One of each of its items that is about pods; the API server has filled in its defaults."""
    return [
        LimitRange(
            name=str(item["metadata"]["name"]),
            namespace=_namespace(item),
            type=str(raw["type"]),
            default=parse_amounts(raw.get("default") or {}),
            default_request=parse_amounts(raw.get("defaultRequest") or {}),
            min=parse_amounts(raw.get("min") or {}),
            max=parse_amounts(raw.get("max") or {}),
            ratio=_ratio(raw.get("maxLimitRequestRatio") or {}),
        )
        for raw in (item.get("spec") or {}).get("limits") or ()
        if raw.get("type") in {"Container", "Pod"}
    ]


def _ratio(raw: Mapping[str, Any]) -> Amounts:
    return immutabledict({str(name): int(parse_quantity(raw[name]) * 1000) for name in sorted(raw)})


def _runtime_class(item: Mapping[str, Any]) -> RuntimeClass:
    scheduling = item.get("scheduling") or {}
    selector = scheduling.get("nodeSelector") or {}
    return RuntimeClass(
        str(item["metadata"]["name"]),
        parse_amounts((item.get("overhead") or {}).get("podFixed") or {}),
        immutabledict({str(key): str(selector[key]) for key in sorted(selector)}),
        tuple(_toleration(raw) for raw in scheduling.get("tolerations") or ()),
    )


def _toleration(raw: Mapping[str, Any]) -> Toleration:
    return Toleration(
        str(raw.get("key") or ""),
        str(raw.get("operator") or "Equal"),
        str(raw.get("value") or ""),
        str(raw.get("effect") or ""),
        raw.get("tolerationSeconds"),
    )
