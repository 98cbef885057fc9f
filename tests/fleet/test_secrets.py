"""Secrets in manifests stay secret."""

import base64
import json

import pytest

pytestmark = pytest.mark.engine

VALUE = 'correct "horse"\nbattery staple'


def forms(value: str) -> set[str]:
    """How a value may show: as it is, in base64, and escaped once or twice as in JSON within JSON."""
    once = json.dumps(value)[1:-1]
    coded = base64.b64encode(value.encode()).decode()
    return {value, once, json.dumps(once)[1:-1], coded, *value.splitlines()}


def secret(**fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "door", "namespace": "shop"}, **fields}


def written(stack) -> list[str]:
    """All that Pulumi and the provider keep in files of this stack."""
    folders = (stack.pulumi.folder / "state", stack.folder)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"]
    return [path.read_text(errors="replace") for path in files]


def test_a_secret_is_applied_and_is_nowhere_in_plain_text(stack):
    """In a manifest, and in overrides: of a Secret in clear and in base64, and an Output that is a secret elsewhere."""
    coded = base64.b64encode(VALUE.encode()).decode()
    env = f'[{{"name": "DOOR", "value": pulumi.Output.secret({VALUE!r})}}]'
    overrides = f"""[
        Override(object="Secret/door", merge={{"stringData": {{"merged": {VALUE!r}}}}}),
        Override(kind="core/Secret", json_patch=[{{"op": "add", "path": "/data", "value": {{"patched": {coded!r}}}}}]),
        Override(object="Deployment/web", clusters="eu-1", merge={{"spec": {{"template": {{"spec": {{
            "containers": [{{"name": "web", "env": {env}}}]}}}}}}}}),
    ]"""
    stack.write(
        f'fleet.placement("web", manifests=[NAMESPACE, deployment(), {secret(stringData={"password": VALUE})!r}], '
        f'policy=PickFixed("eu-1"), overrides={overrides})'
    )
    settings = {"KUBEFLEET_LOGS": str(stack.folder / "logs"), "PULUMI_DEBUG_COMMANDS": "true"}  # for --event-log
    commands = [
        ("preview", "--diff"),
        ("preview", "--json", "--save-plan", "plan.json"),
        ("up", "--yes", "--skip-preview", "--plan", "plan.json", "--event-log", "events.json"),
        ("stack", "export"),
        ("up", "--yes", "--json", "--refresh"),
    ]
    texts = []
    for command in commands:
        done = stack.pulumi.run(*command, cwd=stack.folder, settings=settings)
        assert done.code == 0, done.stdout + done.stderr
        texts += [done.stdout, done.stderr]
    door = json.loads(stack.kubectl("eu-1", "get", "secret", "door", "-n", "shop", "-o", "json"))
    assert door["data"] == dict.fromkeys(("password", "merged", "patched"), coded)
    assert json.dumps(VALUE) in stack.kubectl("eu-1", "get", "deploy", "web", "-n", "shop", "-o", "json")
    found = written(stack)
    assert any("Ownership" in text for text in found)
    for text in (*texts, *found):
        assert not [form for form in forms(VALUE) if form in text]


def test_an_override_of_a_secret_that_does_not_fit_does_not_show_its_value(stack):
    overrides = f"""[
        Override(object="Secret/door", json_patch=[{{"op": "test", "path": "/type", "value": {VALUE!r}}}]),
        Override(object="Secret/door", merge={{"stringData": {VALUE!r}, "type": [{{"a": {VALUE!r}}}]}}),
        Override(object="Secret/door", json_patch=[{VALUE!r}]),
    ]"""
    stack.write(
        f'fleet.placement("web", manifests=[NAMESPACE, {secret()!r}], policy=PickFixed("eu-1"), overrides={overrides})'
    )
    text = stack.preview(code=-1)
    assert "placements.web.overrides[2].json_patch[0]" in text
    for shown in (text, *written(stack)):
        assert not [form for form in forms(VALUE) if form in shown]


def test_an_error_about_a_secret_does_not_show_its_value(stack):
    wrong = secret(type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": VALUE})
    stack.write(f'fleet.placement("web", manifests=[NAMESPACE, {wrong!r}], policy=PickFixed("eu-1"))')
    text = stack.up(code=-1)
    assert "Secret shop/door not applied" in text
    ahead = stack.preview(code=-1)
    assert "`v1/Secret/shop/door` on eu-1: invalid" in ahead
    for shown in (text, ahead, *written(stack)):
        assert not [form for form in forms(VALUE) if form in shown]


def test_a_changed_secret_changes_the_revision_and_is_applied(stack):
    def write(value):
        coded = base64.b64encode(value.encode()).decode()
        changed = secret(data={"password": coded})
        stack.write(f'fleet.placement("web", manifests=[NAMESPACE, {changed!r}], policy=PickFixed("eu-1"))')

    write("one")
    stack.up()
    write("two")
    stack.up()
    coded = stack.kubectl("eu-1", "get", "secret", "door", "-n", "shop", "-o", "jsonpath={.data.password}")
    assert base64.b64decode(coded).decode() == "two"
    assert "to update" not in stack.run("preview").stdout


def test_kubectls_copy_of_a_secret_is_kept_nowhere(stack):
    copied = secret(data={"password": base64.b64encode(VALUE.encode()).decode()})
    copied["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(copied)}
    stack.write(f'fleet.placement("web", manifests=[NAMESPACE, {copied!r}], policy=PickFixed("eu-1"))')
    texts = [stack.run("preview", "--json").stdout, stack.up(), stack.run("stack", "export").stdout]
    assert "last-applied" not in stack.kubectl("eu-1", "get", "secret", "door", "-n", "shop", "-o", "yaml")
    for shown in (*texts, *written(stack)):
        assert not [form for form in forms(VALUE) if form in shown]


def test_a_secret_in_a_members_access_is_refused_and_is_nowhere_in_plain_text(stack):
    stack.write(
        'fleet.placement("web", manifests=[NAMESPACE], policy=PickFixed("eu-2"))',
        members=f"""
access = ExecCredential(server="https://127.0.0.1:1", ca="PEM", command="login",
                        env={{"TOKEN": pulumi.Output.secret({VALUE!r})}})
fleet.member("eu-1", access=access)
fleet.member("eu-2", context="eu-2", tanits=[])
""",
    )
    before = stack.events()
    texts = [stack.preview(code=-1), stack.up(code=-1)]
    for text in texts:
        assert "members.eu-1.access.exec.env.TOKEN: a secret (expected none" in text
        assert "members.eu-2.tanits" in text
    for shown in (*texts, *written(stack)):
        assert not [form for form in forms(VALUE) if form in shown]
    assert stack.writes(before) == []
    stack.write('fleet.placement("web", manifests=[NAMESPACE], policy=PickFixed("eu-2"))')
    stack.up()
