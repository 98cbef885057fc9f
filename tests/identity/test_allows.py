import pytest

from identity_objects import rights_allow
from kubefleet.identity import Action, Rights, Rule, rule_of, rules_allow

pytestmark = pytest.mark.fast

GET = Action("get", "apps", "deployments", "shop", "web")
NAMELESS = Action("list", "apps", "deployments", "shop")


def rule(groups="apps", resources="deployments", verbs="get,list", names=()):
    return Rule(*(tuple(each.split(",")) for each in (groups, resources, verbs)), tuple(names))


@pytest.mark.parametrize(
    ("given", "action", "allowed"),
    [
        (rule(), GET, True),
        (rule(groups="*"), GET, True),
        (rule(groups=""), GET, False),
        (rule(verbs="*"), GET, True),
        (rule(verbs="patch"), GET, False),
        (rule(resources="*"), GET, True),
        (rule(resources="*"), Action("get", "apps", "deployments", "shop", "web", "scale"), True),
        (rule(resources="deployments/scale"), GET, False),
        (rule(), Action("get", "apps", "deployments", "shop", "web", "scale"), False),
        (rule(resources="deployments/scale"), Action("get", "apps", "deployments", "shop", "web", "scale"), True),
        (rule(resources="*/scale"), Action("get", "apps", "deployments", "shop", "web", "scale"), True),
        (rule(resources="*/scale"), Action("get", "apps", "deployments", "shop", "web", "status"), False),
        (rule(names=["web"]), GET, True),
        (rule(names=["api"]), GET, False),
        (rule(names=["*"]), GET, False),
        (rule(names=["web"]), NAMELESS, False),
        (rule(names=[""]), NAMELESS, True),
        (rule(), NAMELESS, True),
    ],
)
def test_one_rule(given, action, allowed):
    assert rules_allow([given], action) is allowed


def test_rules_of_the_cluster_hold_in_namespaces_and_those_of_a_namespace_nowhere_else():
    assert rights_allow(Rights({"": (rule(),)}), GET)
    assert rights_allow(Rights({"shop": (rule(),)}), GET)
    assert not rights_allow(Rights({"blog": (rule(),)}), GET)
    assert not rights_allow(Rights({"shop": (rule(),)}), Action("list", "apps", "deployments"))


def test_a_rule_is_read_as_a_review_writes_it():
    written = {"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods/log"], "resourceNames": ["a"]}
    assert rule_of(written) == Rule(("*",), ("pods/log",), ("get",), ("a",))
    assert rule_of(rule(names=["b"]).as_manifest()) == rule(names=["b"])
    assert rule_of({"verbs": ["get"]}).resources == ()
