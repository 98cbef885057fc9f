"""`Check(...)` as a gate of a stage: what is looked at, how often, and how long."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from kubefleet.health.checks import Function
from kubefleet.health.probes import Http, Objects, OfStage, Probe, Prometheus, SmokeJob
from kubefleet.health.probes.http import CLUSTER
from kubefleet.model.gate import Check
from kubefleet.spec.health_check import WrittenRule, parse_check
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.plugins import GATES, load_plugin
from kubefleet.spec.scalars import Text
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

_LOOKS: Final = ("object", "kind", "http", "prometheus", "job", "function")
_URL: Final = re.compile(r"https?://[^\s/]+(/\S*)?", re.ASCII)
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class WrittenTimes(Written):
    """What every check has: `{type: Check, successes: 3, interval: 10s, deadline: 10m}`."""

    type: Literal["Check"]
    successes: Annotated[int, Field(ge=1)] = 1
    interval: int | str = "10s"
    deadline: int | str = "10m"


class WrittenObjects(WrittenTimes, WrittenRule):
    """`{object: Deployment/shop/web, cel: ...}`: objects of the placement, judged as by a health check."""


class WrittenHttp(WrittenTimes):
    """`{http: "https://web.example.com/healthz", status: 200}`."""

    http: Text
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    contains: Text | None = None
    token_env: Text | None = None


def _bound(raw: object) -> object:
    try:
        value = Decimal(str(raw))
    except InvalidOperation:
        value = Decimal("NaN")
    if isinstance(raw, bool) or not value.is_finite():
        raise ValueError(f"bad value `{raw}` (expected a number)")
    return value


class WrittenPrometheus(WrittenTimes):
    """`{prometheus: "http://prometheus:9090", query: ..., below: 0.01}`."""

    prometheus: Text
    query: Text
    above: Annotated[Decimal, BeforeValidator(_bound)] | None = None
    below: Annotated[Decimal, BeforeValidator(_bound)] | None = None
    token_env: Text | None = None


class WrittenJob(WrittenTimes):
    """`{job: {apiVersion: batch/v1, kind: Job, ...}}`."""

    job: dict[str, Any]


class WrittenFunction(WrittenTimes):
    """`{function: "my.module:name"}`."""

    function: Text


def parse_gate_check(
    raw: Mapping[str, Any], path: str, spelling: Spelling, mistakes: list[Mistake], keys: Iterable[str]
) -> Check | None:
    """A check, or None after adding everything that is wrong with it to `mistakes`. `keys` as of `parse_checks`."""
    given = [name for name in _LOOKS if raw.get(name) is not None]
    of_objects = {"object", "kind"} & set(given)
    if not given or (len(given) > 1 and not (of_objects and set(given) <= {"object", "kind", "function"})):
        seen = " and ".join(f"`{name}`" for name in given) or "none"
        message = f"{seen} of {', '.join(_LOOKS)} (expected one of them: what is looked at)."
        mistakes.append(Mistake(path, message))
        return None
    before = len(mistakes)
    if of_objects:
        written: WrittenTimes | None = read(WrittenObjects, raw, path, spelling, mistakes)
        look: Probe | None = None
        if isinstance(written, WrittenObjects):
            check = parse_check(written, path, sorted(set(keys)), mistakes, every=True)
            look = Objects(check) if check is not None else None
    else:
        written, look = _LOOK_OF[given[0]](raw, path, spelling, mistakes)
    if written is None:
        return None
    interval = parse_duration(written.interval, join(path, "interval"), mistakes)
    deadline = parse_duration(written.deadline, join(path, "deadline"), mistakes)
    if look is None or len(mistakes) > before:
        return None
    if interval * (written.successes - 1) >= deadline:
        message = f"{written.successes} looks every {interval} s take longer (expected less than the deadline)."
        mistakes.append(Mistake(join(path, "deadline"), message))
        return None
    return Check(look, written.successes, interval, deadline)


_Read = tuple[WrittenTimes | None, Probe | None]


def _http(raw: Mapping[str, Any], path: str, spelling: Spelling, mistakes: list[Mistake]) -> _Read:
    written = read(WrittenHttp, raw, path, spelling, mistakes)
    if written is None:
        return None, None
    _check_url(written.http, join(path, "http"), mistakes)
    return written, Http(written.http, written.status or 0, written.contains or "", written.token_env or "")


def _prometheus(raw: Mapping[str, Any], path: str, spelling: Spelling, mistakes: list[Mistake]) -> _Read:
    written = read(WrittenPrometheus, raw, path, spelling, mistakes)
    if written is None:
        return None, None
    _check_url(written.prometheus, join(path, "prometheus"), mistakes)
    _check_variables(written.query, join(path, "query"), mistakes)
    above, below = written.above, written.below
    if above is None and below is None:
        mistakes.append(Mistake(path, "neither `above` nor `below` (expected a bound of the values)."))
    elif above is not None and below is not None and above >= below:
        mistakes.append(Mistake(join(path, "above"), f"no value is above {above} and below {below}."))
    url = written.prometheus.rstrip("/")
    return written, Prometheus(url, written.query, above, below, written.token_env or "")


def _job(raw: Mapping[str, Any], path: str, spelling: Spelling, mistakes: list[Mistake]) -> _Read:
    written = read(WrittenJob, raw, path, spelling, mistakes)
    if written is None:
        return None, None
    path, manifest = join(path, "job"), written.job
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if (manifest.get("apiVersion"), manifest.get("kind")) != ("batch/v1", "Job"):
        mistakes.append(Mistake(path, "no Job (expected a manifest of apiVersion batch/v1 and kind Job)."))
    mistakes += [
        Mistake(join(path, "metadata", field), "missing field (expected a name).")
        for field in ("name", "namespace")
        if not isinstance(metadata.get(field), str) or not metadata[field]
    ]
    return written, SmokeJob(manifest)


def _function(raw: Mapping[str, Any], path: str, spelling: Spelling, mistakes: list[Mistake]) -> _Read:
    written = read(WrittenFunction, raw, path, spelling, mistakes)
    if written is None:
        return None, None
    plugin = load_plugin(written.function, GATES, None, join(path, "function"), mistakes)
    return written, OfStage(Function(plugin.name, plugin.function)) if plugin else None


_LOOK_OF: Final = {"http": _http, "prometheus": _prometheus, "job": _job, "function": _function}


def _check_url(url: str, path: str, mistakes: list[Mistake]) -> None:
    if not _URL.fullmatch(_VARIABLE.sub("x", url)):
        mistakes.append(Mistake(path, f"bad URL `{url}` (expected http://... or https://...)."))
    _check_variables(url, path, mistakes)


def _check_variables(text: str, path: str, mistakes: list[Mistake]) -> None:
    mistakes += [
        Mistake(path, f"unknown variable `{variable}` (expected `{CLUSTER}`).")
        for variable in _VARIABLE.findall(text)
        if variable != CLUSTER
    ]
