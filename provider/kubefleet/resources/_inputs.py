"""The inputs of `Schedule` as values, and decisions as inputs. `kubefleet explain` reads the same from state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from immutabledict import immutabledict
from pulumi.output import UNKNOWN

from kubefleet.identity.settings import IdentitySettings
from kubefleet.model.access import Access
from kubefleet.model.decision import Binding, Decision, Previous
from kubefleet.model.knowledge import Knowledge
from kubefleet.model.member import Leave, Member
from kubefleet.model.request import Request
from kubefleet.model.strategy import StagedUpdate
from kubefleet.resources import _session
from kubefleet.resources._abandoned import abandoned
from kubefleet.resources.keys import to_key
from kubefleet.spec.declared import parse_placement, same_policy
from kubefleet.spec.health_check import parse_checks
from kubefleet.spec.http_probe import refuse_http_probes
from kubefleet.spec.identity import check_mode_kept, parse_identity
from kubefleet.spec.job import JobDeclared, parse_job, parse_queues
from kubefleet.spec.knowledge import parse_knowledge
from kubefleet.spec.member import parse_member
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.override import check_clusters
from kubefleet.spec.references import check_references
from kubefleet.spec.scalars import check_name
from kubefleet.spec.stages import check_stages

Props = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A whole fleet as declared, without placements that nothing can be decided for in this preview."""

    members: tuple[Member, ...]
    requests: tuple[Request, ...]
    knowledge: Knowledge
    identity: IdentitySettings | None = None
    jobs: tuple[JobDeclared, ...] = ()
    queues: Mapping[str, int] = immutabledict()


def read_declaration(olds: Props, news: Props, unknown: frozenset[str]) -> tuple[Declaration, list[Mistake]]:
    """Everything declared but the placements in `unknown`, and every mistake in it. Members of `olds` that are gone are
    *leaving*.
    """
    mistakes = [Mistake(item["path"], item["message"], item.get("where", "")) for item in news.get("mistakes", ())]
    members = []
    for name, raw in sorted(news.get("members", {}).items()):
        check_name(name, f"members.{name}", mistakes)
        planned = raw.get("planned", False)
        fields = {key: value for key, value in raw.items() if key != "planned"}
        member = parse_member(name, fields, f"members.{name}", Spelling.PYTHON, mistakes)
        if member is not None:
            if member.access is None and not planned:
                mistakes.append(
                    Mistake(f"members.{name}", "no way to reach the cluster (expected `context` or `access`).")
                )
            members.append(member)
    requests = []
    for name, raw in sorted(news.get("placements", {}).items()):
        if name in unknown:
            continue
        declared = parse_placement(name, {**raw, "overrides": _session.overrides.get(raw["uid"])}, mistakes)
        if declared is not None:
            requests.append(replace(declared.request, fleet=str(news["fleet"])))
            if isinstance(declared.strategy, StagedUpdate):
                check_stages(declared.strategy, members, f"placements.{name}.strategy", mistakes)
            check_clusters(declared.overrides, news.get("members", {}), f"placements.{name}.overrides", mistakes)
    names = sorted(news.get("members", {}))
    jobs = []
    for name, raw in sorted((news.get("jobs") or {}).items()):
        if (job := parse_job(name, raw, frozenset(names), mistakes)) is not None:
            jobs.append(job)
    asking = [job.request.request for job in jobs]
    check_references(
        asking, names, mistakes, path_of=lambda name: f"jobs.{name}", placement_names=news.get("placements", {})
    )
    check_references(requests, names, mistakes, placement_names=news.get("placements", {}))
    members.extend(leaving_members(olds, frozenset(names)))
    members.sort(key=lambda member: member.name)
    everything = [key for raw in news.get("placements", {}).values() for key in raw.get("objects", ())]
    parse_checks(news.get("health"), "fleet.health", everything, mistakes, every=False)
    knowledge = parse_knowledge(news.get("knowledge") or {}, mistakes)
    identity = parse_identity(news.get("identity"), mistakes)
    check_mode_kept(olds.get("identity"), news.get("identity"), mistakes)
    if identity is not None:
        refuse_http_probes(news.get("health"), "fleet.health", mistakes)
        for name, raw in sorted(news.get("placements", {}).items()):
            refuse_http_probes(raw.get("health"), f"placements.{name}.health", mistakes)
    if identity is None and not news.get("identity"):
        mistakes.extend(
            Mistake(f"members.{member.name}.join", "the fleet has no `identity` to join it to. Give it one.")
            for member in members
            if member.joins
        )
    queues = parse_queues(news.get("queues"), mistakes)
    return Declaration(tuple(members), tuple(requests), knowledge, identity, tuple(jobs), queues), mistakes


def leaving_members(olds: Props, names: frozenset[str]) -> list[Member]:
    """Members of the last run (its own and those that were leaving then) that the program no longer declares, but for
    those that the user gives up.
    """
    before = all_members(olds)
    leaving = []
    for name in sorted(set(before) - names - abandoned()):
        member = parse_member(name, before[name], f"members.{name}", Spelling.PYTHON, [])
        if member is not None and member.leave is Leave.CLEAN_UP:
            leaving.append(replace(member, leaving=True))
    return leaving


def all_members(props: Props) -> dict[str, Any]:
    """The records of the members that are declared, and of those that have left and are not empty yet."""
    return {**(props.get("leaving") or {}), **(props.get("members") or {})}


def previous_decisions(olds: Props, news: Props) -> dict[str, Previous]:
    """What the last run decided, by placement, and whether its policy has been edited since."""
    previous = {}
    for name in news.get("placements", {}):
        bindings = decode_bindings(olds.get(to_key(name)))
        if bindings is None:
            continue
        before = (olds.get("placements") or {}).get(name, {})
        previous[name] = Previous(bindings, edited=not same_policy(before, news["placements"][name]))
    return previous


def encode_bindings(decision: Decision, planned: frozenset[str] = frozenset()) -> dict[str, dict[str, Any]]:
    """A decision as an input: cluster -> workload -> replicas. Only what is stable goes in: the replicas on a cluster
    that is still to be created are not known.
    """
    return {
        binding.cluster: {
            key: UNKNOWN if binding.cluster in planned else binding.replicas[key] for key in sorted(binding.replicas)
        }
        for binding in sorted(decision.bindings, key=lambda binding: binding.cluster)
    }


def decode_bindings(raw: Any) -> tuple[Binding, ...] | None:
    """The bindings that `encode_bindings` wrote; None where nothing was decided."""
    if not isinstance(raw, Mapping):
        return None
    # Most clusters have the same: they share it, as in a plan that was just made.
    shared: dict[immutabledict[str, int], immutabledict[str, int]] = {}
    bindings = []
    for cluster in sorted(raw):
        replicas = immutabledict({key: int(raw[cluster][key]) for key in sorted(raw[cluster])})
        bindings.append(Binding(cluster, shared.setdefault(replicas, replicas)))
    return tuple(bindings)


def access_of(name: str, raw: Mapping[str, Any]) -> Access | None:
    """How a member is reached, from its record in the inputs."""
    member = parse_member(name, {"access": raw.get("access")}, name, Spelling.PYTHON, [])
    return member.access if member is not None else None
