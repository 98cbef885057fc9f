import copy
from dataclasses import replace

import pytest

from kubefleet.identity import Flawed
from kubefleet.identity.trust import TrustedHub, audience_of, not_trusting, revised, trusting

pytestmark = pytest.mark.fast

HUB = TrustedHub("https://hub.test", "https://127.0.0.1:1/.well-known/openid-configuration", "PEM", "c-1")
OTHERS = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AuthenticationConfiguration",
    "anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]},
    "jwt": [{"issuer": {"url": "https://dex.test"}}, {"issuer": {"url": "https://okta.test"}}],
}


def trust(config, hub=HUB, own=("https://member.test",)):
    return trusting(config, hub, own_issuers=own)


def issuers(config):
    return [entry["issuer"]["url"] for entry in config.get("jwt", ())]


def test_the_first_entry_makes_the_file():
    made = trust(None)
    assert (made["kind"], made["apiVersion"]) == ("AuthenticationConfiguration", "apiserver.config.k8s.io/v1")
    assert issuers(made) == ["https://hub.test"]
    assert made == trust({})


def test_what_others_have_there_stays_as_it_is():
    before = copy.deepcopy(OTHERS)
    made = trust(OTHERS)
    assert issuers(made) == ["https://dex.test", "https://okta.test", "https://hub.test"]
    assert made["anonymous"] == OTHERS["anonymous"]
    assert made["jwt"][:2] == OTHERS["jwt"]
    assert before == OTHERS


def test_an_issuer_has_one_entry_which_keeps_its_place():
    once = trust(OTHERS)
    later = trust({**once, "jwt": once["jwt"][::-1]}, replace(HUB, denied=("a",)))
    assert issuers(later) == ["https://hub.test", "https://okta.test", "https://dex.test"]
    assert trust(once) == once


def test_leaving_takes_one_entry_away_and_nothing_else():
    assert not_trusting(trust(OTHERS), HUB.issuer) == OTHERS
    assert not_trusting(OTHERS, HUB.issuer) == OTHERS
    assert "jwt" not in not_trusting(trust(None), HUB.issuer)


def test_all_mistakes_are_told_before_anything_is_written():
    bad = TrustedHub("https://member.test", "http://hub.test", "", "c-1", "")
    with pytest.raises(Flawed) as flawed:
        trust(None, bad)
    assert [str(flaw) for flaw in flawed.value.flaws] == [
        "ca: empty (expected one)",
        "discovery_url: `http://hub.test` (expected an https URL)",
        (
            "issuer: `https://member.test` is also that of the member's own service accounts: its API server would "
            "not start. Give the hub another `--service-account-issuer`"
        ),
        "namespace: empty (expected one)",
    ]


def test_another_file_is_not_taken_for_one():
    with pytest.raises(Flawed, match="expected `AuthenticationConfiguration`"):
        trust({"kind": "Config"})


def test_a_bump_changes_the_text_and_no_rule():
    one, other = trust(None), trust(None, replace(HUB, bump=1))
    assert one != other
    assert _expressions(one) == _expressions(other)


def test_the_order_of_denied_tokens_changes_nothing():
    one = replace(HUB, denied=("a", "b"))
    other = replace(HUB, denied=("b", "a"))
    assert trust(None, one) == trust(None, other)


def test_an_audience_is_one_members():
    assert trust(None)["jwt"][0]["issuer"]["audiences"] == [audience_of("c-1")] == ["fleet:c-1"]
    assert HUB.username_prefix == "fleet:system:serviceaccount:fleet:"


def _expressions(config):
    return [rule["expression"] for rule in config["jwt"][0]["claimValidationRules"]]


def test_a_revision_denies_tokens_and_changes_nothing_else():
    before = trust(OTHERS)
    after = revised(revised(before, HUB.issuer, deny=["b"]), HUB.issuer, deny=["a"])
    assert after == trust(OTHERS, replace(HUB, denied=("a", "b"), bump=2))
    assert revised(before, HUB.issuer) == trust(OTHERS, replace(HUB, bump=1))
    assert before == trust(OTHERS)


def test_a_join_after_a_revision_begins_anew_and_a_revision_of_anothers_entry_is_refused():
    with pytest.raises(Flawed, match=r"no entry of `https://x` \(expected one of: https://dex.test, https://hub.test"):
        revised(trust(OTHERS), "https://x")
    with pytest.raises(Flawed, match="no list of revoked tokens"):
        revised(trust(OTHERS), "https://dex.test")
    with pytest.raises(Flawed, match="none there"):
        revised(None, "https://x")
