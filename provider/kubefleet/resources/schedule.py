"""`Schedule`: all requests of a fleet in, all decisions out. Decisions are made in `check`, so that they are inputs:
a preview shows them, state keeps them, and an update plan verifies them.
"""

from collections.abc import Mapping
from typing import Any

from pulumi.output import UNKNOWN

from kubefleet.resources import _engine, _session
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.resources.keys import (
    appeared,
    is_job,
    is_ordinals,
    is_overrides,
    is_redo,
    job_key,
    ordinals_key,
    overrides_key,
    placed_by,
    redo_key,
    to_key,
)
from kubefleet.resources.ownership import has_unknown
from kubefleet.spec.ordinals import wants_ranges

_PASSING = ("mistakes", "sources", "preview", "left_out", "scope")
_WORK = frozenset({"leaving", "gone", "stray"})
_OVERTAKEN = "the fleet changed since this preview; nothing was changed. Run `pulumi up` again"


class ScheduleProvider(Adapter):
    """Inputs: `fleet, members, placements, jobs?, health?`; computed: `to:<placement>`, `redo:<placement>`,
    `overrides:<placement>` and `ordinals:<placement>` of those that have any, `job:<job>`, `leaving`, `gone`, `stray`,
    `uids`, `turns`, `tainted`.

    `mistakes`, `sources`, `left_out` (objects of manifests that no placement takes), `scope` (of the uids of jobs) and
    `preview` (whether this is one) come with them and are not kept.
    """

    def identity(self, news: Props) -> str:
        """The fleet's name."""
        return str(news["fleet"])

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Checks everything that was declared, takes a snapshot, and decides."""
        from kubefleet.resources._agreement import differences, leave
        from kubefleet.resources._decide import decide, going
        from kubefleet.resources._inputs import read_declaration

        inputs = {key: value for key, value in news.items() if key not in _PASSING and not _is_computed(key)}
        known, unknown = _known(olds, news)
        declaration, mistakes = read_declaration(olds, known, unknown)
        if mistakes:
            return inputs, [_all_mistakes(mistakes, news.get("sources", {}))]
        _session.going.update(going(olds, news))
        _session.gone.update(olds.get("gone") or {})
        decided = decide(declaration, olds, known)
        if decided.mistakes:
            return inputs, [_all_mistakes(decided.mistakes, news.get("sources", {}))]
        if news.get("preview"):
            _session.previewing.set()
            leave(news["fleet"], decided.inputs)
        elif lines := differences(news["fleet"], decided.inputs):
            return inputs, ["\n  ".join((_OVERTAKEN, *lines))]
        _engine.show(decided.message, ephemeral=False, warning=decided.warns)
        undecided = {job_key(name): UNKNOWN for name in (news.get("jobs") or {}).keys() - known["jobs"].keys()}
        return {**inputs, **decided.inputs, **_undecided(unknown, news), **undecided}, []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when a request, a member or a decision changed, or when something appeared that must be done again."""
        return any(
            appeared(olds, news, key) if is_redo(key) or key in _WORK else olds.get(key) != news.get(key)
            for key in {*olds, *news} - {"turns"}
        )


def _undecided(names: frozenset[str], news: Props) -> Props:
    """The keys of placements that nothing can be decided for in this preview."""
    uids = {name: news["placements"][name]["uid"] for name in names}
    overridden = {overrides_key(name): UNKNOWN for name in names if uids[name] in _session.overrides}
    ranged = {ordinals_key(name): UNKNOWN for name in names if wants_ranges(news["placements"][name])}
    return {to_key(name): UNKNOWN for name in names} | {redo_key(name): {} for name in names} | overridden | ranged


def _is_computed(key: str) -> bool:
    decided = placed_by(key) is not None or is_redo(key) or is_overrides(key) or is_ordinals(key) or is_job(key)
    return decided or key in {*_WORK, "turns", "uids", "tainted"}


def _known(olds: Props, news: Props) -> tuple[Props, frozenset[str]]:
    """The inputs without what this preview does not know, and the placements that nothing can be decided for.

    A member with something unknown is taken as it was, or as one that is still to be created.
    """
    members = {}
    for name, raw in news["members"].items():
        known = raw
        if has_unknown(raw):
            declared = {key: value for key, value in raw.items() if not has_unknown(value)}
            planned = declared if "access" in declared else {"planned": True, **declared}
            known = olds.get("members", {}).get(name) or planned
        members[name] = known
    placements = {
        name: {**raw, "revision": ""} if has_unknown(raw.get("revision")) else raw
        for name, raw in news["placements"].items()
    }
    unknown = frozenset(name for name, raw in placements.items() if has_unknown(raw))
    health = None if has_unknown(news.get("health")) else news.get("health")
    known_of_all = {key: value for key, value in (news.get("knowledge") or {}).items() if not has_unknown(value)}
    jobs = {name: raw for name, raw in (news.get("jobs") or {}).items() if not has_unknown(raw)}
    rest = {"members": members, "placements": placements, "jobs": jobs, "knowledge": known_of_all, "health": health}
    return {**news, **rest}, unknown


def _all_mistakes(mistakes: Any, sources: Mapping[str, str]) -> str:
    """Every mistake on a line of its own, each with the line of the program that declared the thing."""
    lines = []
    for mistake in sorted(set(mistakes), key=lambda mistake: (mistake.path, mistake.where, mistake.message)):
        where = mistake.where or _source_of(mistake.path, sources)
        lines.append(": ".join(part for part in (where, mistake.path, mistake.message) if part))
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return "\n  ".join((f"{count} in the program; nothing was changed:", *lines))


def _source_of(path: str, sources: Mapping[str, str]) -> str:
    """The place of the longest declared path that this one begins with."""
    matching = [known for known in sources if path == known or path.startswith((f"{known}.", f"{known}["))]
    return sources[max(matching, key=len)] if matching else sources.get("fleet", "")
