import pytest

from kubefleet.identity import Rights, Rule
from kubefleet.identity.lint import lint

pytestmark = pytest.mark.fast

GOOD = Rule(("apps",), ("deployments",), ("get", "patch"), ("web",))
RBAC = "rbac.authorization.k8s.io"
POLICIES = "validatingadmissionpolicies"
ADMISSION = "admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(("*",), ("deployments",), ("get",), ("web",)), "it has a wildcard"),
        (Rule(("apps",), ("*",), ("get",), ("web",)), "it has a wildcard"),
        (Rule(("apps",), ("deployments",), ("*",), ("web",)), "it has a wildcard"),
        (Rule(("apps",), ("*/scale",), ("get",), ("web",)), "it has a wildcard"),
        (Rule(("",), ("users",), ("impersonate",), ("ada",)), "verb `impersonate`"),
        (Rule(("",), ("users",), ("impersonate:user-info",), ("ada",)), "verb `impersonate:user-info`"),
        (Rule(("apps",), ("deployments",), ("deletecollection",), ("web",)), "verb `deletecollection`"),
        (Rule(("apps",), ("deployments",), ("escalate",), ("web",)), "verb `escalate`"),
        (Rule(("",), ("serviceaccounts/token",), ("create",), ("web",)), "subresource `serviceaccounts/token`"),
        (Rule(("",), ("pods/exec",), ("create",), ("web",)), "subresource `pods/exec`"),
        (Rule(("",), ("nodes/proxy",), ("get",), ("n",)), "subresource `nodes/proxy`"),
        (Rule(("certificates.k8s.io",), ("signers",), ("get",), ("x",)), "signers.certificates.k8s.io"),
        (Rule((ADMISSION,), (POLICIES,), ("patch",), ("x",)), "webhooks or admission policies"),
        (Rule(("apiregistration.k8s.io",), ("apiservices",), ("patch",), ("x",)), "an APIService"),
        (Rule((RBAC,), ("roles",), ("patch",), ("admin",)), "it may write or bind roles (admin)"),
        (Rule((RBAC,), ("clusterroles",), ("bind",), ()), "it may write or bind roles (all)"),
        (Rule(("apps",), ("deployments",), ("list",)), "it has no names"),
        (Rule(("",), ("pods",), ("get", "list")), "it has no names"),
        (Rule(("",), ("pods", "secrets"), ("list",)), "it has no names"),
        (Rule(("apps",), ("deployments",), ("list",), ("",)), "an empty name"),
        (Rule((), ("deployments",), ("list",), ("web",)), "it has no group"),
    ],
)
def test_what_no_placement_may_have(rule, why):
    flaws = lint(Rights({"shop": (GOOD, rule)}))
    assert [flaw.path for flaw in flaws] == ["shop.rules[1]"] * len(flaws)
    assert any(why in flaw.why for flaw in flaws)


def test_all_mistakes_at_once_by_path():
    bad = Rule(("*",), ("pods/exec",), ("impersonate",), ("x",))
    flaws = lint(Rights({"": (bad,), "shop": (GOOD, bad)}))
    assert {flaw.path for flaw in flaws} == {"(cluster).rules[0]", "shop.rules[1]"}
    assert len(flaws) == 6


def test_pods_and_jobs_are_listed_whole_in_a_namespace_and_not_in_the_cluster():
    pods = Rule(("",), ("pods",), ("list",))
    assert lint(Rights({"shop": (pods, Rule(("batch",), ("jobs",), ("list",)))})) == ()
    assert len(lint(Rights({"": (pods,)}))) == 1


def test_what_is_opted_in_passes_and_no_other():
    rule = Rule((ADMISSION,), (POLICIES,), ("get", "patch"), ("mine",))
    assert lint(Rights({"": (rule,)}), opted_in={f"{POLICIES}.{ADMISSION}"}) == ()
    assert lint(Rights({"": (rule,)}), opted_in={f"mutatingwebhookconfigurations.{ADMISSION}"}) != ()


def test_a_secret_that_is_not_the_placements_is_refused():
    rights = Rights({"shop": (Rule(("",), ("secrets",), ("get", "patch"), ("mine", "theirs")),)})
    assert lint(rights) == ()
    assert lint(rights, foreign_secrets={("blog", "theirs"), ("blog", "mine")}) == ()
    (flaw,) = lint(rights, foreign_secrets={("shop", "theirs")})
    assert flaw.why.startswith("Secret `shop/theirs` is another placement's")
