"""How a member's API server comes to trust a hub: one entry in its AuthenticationConfiguration.

Fields follow `apiserver.config.k8s.io/v1` (KEP-3331, https://kubernetes.io/docs/reference/access-authn-authz/authentication).
The file is shared with whoever else has an issuer there: entries are merged by issuer, never replaced, and the rest
stays as it is (an API server refuses a file whose `anonymous` has changed since it started). A changed file is in force
when the hub's documents have been read and the API server has looked again, every 10 s: within 15 s, or 25 s when an
earlier change was still on its way.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.identity.admission_policy import cel_list, cel_text
from kubefleet.identity.federation import ROLE_PREFIX
from kubefleet.identity.flaw import Flaw, Flawed

LONGEST_LIFE: Final = 3600
"""Seconds: a token that was issued for longer is refused, however much of it is left."""
JTI: Final = "pulumi-kubefleet/jti"
"""Under this key a member's audit log has the id of the token."""
_KIND: Final = "AuthenticationConfiguration"
_REVOKED: Final = re.compile(r"expected a token not revoked \(list (\d+)\)")
_DENIED: Final = re.compile(r"type\(claims\.jti\) == string && !\(claims\.jti in (\[.*\])\)")
_EMPTY: Final = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": _KIND}


@dataclass(frozen=True, slots=True)
class TrustedHub:
    """A hub as one member trusts it.

    `issuer` is the hub's service account issuer, `discovery_url` where the member reads its keys, over TLS that `ca`
    (PEM) has signed. `member` is the member's uid, so that a token for one is worth nothing at another; `namespace`
    that of the fleet's accounts on the hub. `denied` are ids (`jti`) of tokens that are refused before they expire.
    A new number `bump` changes nothing but the text, which makes the API server read the hub's keys at once: after
    these have been rotated.
    """

    issuer: str
    discovery_url: str
    ca: str
    member: str
    namespace: str = "fleet"
    denied: tuple[str, ...] = ()
    bump: int = 0

    @property
    def audience(self) -> str:
        """What a token for this member must be issued for, and for nothing else."""
        return audience_of(self.member)

    @property
    def username_prefix(self) -> str:
        """With the name of an account of the fleet's after it, the username that the member knows."""
        return f"{ROLE_PREFIX}{_subject(self.namespace)}"


def audience_of(member: str) -> str:
    """The audience of tokens for a member, by its uid."""
    return f"fleet:{member}"


def trusting(config: Mapping[str, Any] | None, hub: TrustedHub, *, own_issuers: Collection[str]) -> dict[str, Any]:
    """The AuthenticationConfiguration with this hub's entry, in the place of an earlier one of the same issuer, else
    as the last. None or an empty one: there was no file.

    `own_issuers` are those of the member's own service accounts: an API server that is told to trust one of them
    refuses to start. Raises Flawed with everything that is wrong, before anything is written.
    """
    before = _checked(config)
    if flaws := tuple(_flaws(hub, own_issuers)):
        raise Flawed(flaws)
    entries = list(before.get("jwt") or ())
    places = [index for index, entry in enumerate(entries) if _issuer_of(entry) == hub.issuer]
    if places:
        entries[places[0]] = _entry(hub)
    else:
        entries.append(_entry(hub))
    return {**before, "jwt": entries}


def not_trusting(config: Mapping[str, Any] | None, issuer: str) -> dict[str, Any]:
    """The AuthenticationConfiguration without the entry of this issuer; what is not there is gone already."""
    before = _checked(config)
    entries = [entry for entry in before.get("jwt") or () if _issuer_of(entry) != issuer]
    rest = {key: value for key, value in before.items() if key != "jwt"}
    return {**rest, "jwt": entries} if entries else rest


def revised(config: Mapping[str, Any] | None, issuer: str, *, deny: Collection[str] = ()) -> dict[str, Any]:
    """The AuthenticationConfiguration with the entry of this issuer as it is, but for its number, which goes up: so
    that the API server reads the hub's keys at once. Tokens with the ids in `deny` are refused from then on, with those
    that were before.

    Raises Flawed where there is no such entry, or one that no join has written.
    """
    before = _checked(config)
    entries = [dict(entry) for entry in before.get("jwt") or ()]
    mine = [entry for entry in entries if _issuer_of(entry) == issuer]
    if not mine:
        known = ", ".join(sorted(map(_issuer_of, entries))) or "none there"
        raise Flawed([Flaw("issuer", f"no entry of `{issuer}` (expected one of: {known})")])
    rules = [dict(rule) for rule in mine[0].get("claimValidationRules") or ()]
    found = [(rule, match) for rule in rules if (match := _REVOKED.fullmatch(str(rule.get("message"))))]
    if not found or (listed := _DENIED.fullmatch(str(found[0][0].get("expression")))) is None:
        raise Flawed([Flaw("claimValidationRules", "no list of revoked tokens (expected the one that a join writes)")])
    rule, number = found[0]
    rule |= _unrevoked(tuple({*json.loads(listed[1]), *deny}), int(number[1]) + 1)
    mine[0]["claimValidationRules"] = rules
    return {**before, "jwt": entries}


def _unrevoked(denied: tuple[str, ...], bump: int) -> dict[str, str]:
    """Without an id a token could not be denied."""
    expression = f"type(claims.jti) == string && !(claims.jti in {cel_list(denied)})"
    return _rule(expression, f"not revoked (list {bump})")


def _entry(hub: TrustedHub) -> dict[str, Any]:
    subject = _subject(hub.namespace)
    named = "claims['kubernetes.io']"
    return {
        "issuer": {
            "url": hub.issuer,
            "discoveryURL": hub.discovery_url,
            "certificateAuthority": hub.ca,
            "audiences": [hub.audience],
            "audienceMatchPolicy": "MatchAny",
        },
        "claimValidationRules": [
            _rule(
                f"claims.sub.startsWith({cel_text(subject)}) && {named}.namespace == {cel_text(hub.namespace)}",
                f"an account of the hub's namespace {hub.namespace}",
            ),
            _rule(f"claims.exp - claims.iat <= {LONGEST_LIFE}", f"issued for at most {LONGEST_LIFE} s"),
            # An issuer may write a single audience as text.
            _rule("type(claims.aud) == string || size(claims.aud) == 1", "for this member and nobody else"),
            _unrevoked(hub.denied, hub.bump),
        ],
        "claimMappings": {
            "username": {"expression": f"{cel_text(ROLE_PREFIX)} + claims.sub"},
            "groups": {"expression": f"['fleet:hub', 'fleet:ns:' + {named}.namespace]"},
            "uid": {"expression": f"{named}.serviceaccount.uid"},
            "extra": [{"key": JTI, "valueExpression": "claims.jti"}],
        },
        "userValidationRules": [
            _rule("!user.username.startsWith('system:')", "nobody of Kubernetes' own"),
            _rule("user.groups.all(group, !group.startsWith('system:'))", "in no group of Kubernetes' own"),
        ],
    }


def _rule(expression: str, message: str) -> dict[str, str]:
    return {"expression": expression, "message": f"expected a token {message}"}


def _flaws(hub: TrustedHub, own_issuers: Collection[str]) -> Iterator[Flaw]:
    if hub.issuer in own_issuers:
        yield Flaw(
            "issuer",
            f"`{hub.issuer}` is also that of the member's own service accounts: its API server would not start. "
            "Give the hub another `--service-account-issuer`",
        )
    for path, url in (("issuer", hub.issuer), ("discovery_url", hub.discovery_url)):
        if not url.startswith("https://"):
            yield Flaw(path, f"`{url}` (expected an https URL)")
    for path, text in (("ca", hub.ca), ("member", hub.member), ("namespace", hub.namespace)):
        if not text:
            yield Flaw(path, "empty (expected one)")


def _checked(config: Mapping[str, Any] | None) -> dict[str, Any]:
    if not config:
        return dict(_EMPTY)
    if config.get("kind") != _KIND:
        raise Flawed([Flaw("kind", f"`{config.get('kind')}` (expected `{_KIND}`)")])
    return dict(config)


def _issuer_of(entry: Mapping[str, Any]) -> str:
    return str((entry.get("issuer") or {}).get("url") or "")


def _subject(namespace: str) -> str:
    return f"system:serviceaccount:{namespace}:"
