import pytest

from kubefleet.kube.errors import read_status
from kubefleet.kube.refused_write import explain, is_transient

pytestmark = pytest.mark.fast


def refusal(status: int, reason: str, message: str, *causes: tuple[str, str, str], kind: str = "", name: str = ""):
    body = {
        "reason": reason,
        "message": message,
        "details": {
            "kind": kind,
            "name": name,
            "causes": [{"field": field, "reason": word, "message": text} for field, word, text in causes],
        },
    }
    return read_status(
        "eu-1", "PATCH /api/v1/namespaces/a/secrets/b" if kind == "secrets" else "PATCH /x", status, body
    )


CONFLICT = refusal(
    409,
    "Conflict",
    "Apply failed with 3 conflicts",
    (".spec.replicas", "FieldManagerConflict", 'conflict with "kubectl" using apps/v1'),
    (".data.b", "FieldManagerConflict", 'conflict with "helm"'),
    (".data.a", "FieldManagerConflict", 'conflict with "helm"'),
)


@pytest.mark.parametrize(
    ("error", "says", "transient"),
    [
        (CONFLICT, "`helm` holds .data.a, .data.b; `kubectl` holds .spec.replicas. Give these fields up there", False),
        (
            refusal(500, "", "failed to create typed patch object: .spec.replica: field not declared in schema"),
            "invalid: failed to create typed patch object: .spec.replica",
            False,
        ),
        (refusal(409, "Conflict", "the object has been modified"), "changed while it was written", True),
        (
            refusal(422, "Invalid", "is invalid", ("spec.replicas", "FieldValueInvalid", "must be positive")),
            "invalid: spec.replicas: must be positive. Correct the manifest.",
            False,
        ),
        (refusal(400, "BadRequest", 'unknown field "spec.replica"'), 'invalid: unknown field "spec.replica"', False),
        (refusal(403, "Forbidden", "may not patch"), "forbidden: may not patch. Grant the missing right", False),
        (refusal(403, "Forbidden", "exceeded quota: small"), "forbidden: exceeded quota: small", True),
        (
            refusal(403, "Forbidden", "namespace is being terminated", ("", "NamespaceTerminating", "")),
            "Wait until the namespace is gone",
            True,
        ),
        (
            refusal(404, "NotFound", 'namespaces "shop" not found', kind="namespaces", name="shop"),
            "namespace `shop` does not exist. Create it, or add it to the manifests.",
            False,
        ),
        (refusal(404, "KindNotServed", "the server has no Thing"), "apply the CRD first", False),
        (refusal(500, "InternalError", "webhook is down"), "500 InternalError: webhook is down", True),
        (refusal(429, "TooManyRequests", "slow down"), "429", True),
    ],
)
def test_a_refusal_is_one_line_with_a_next_step_and_says_whether_waiting_helps(error, says, transient):
    text = explain(error)
    assert says in text
    assert text.endswith(".")
    assert "\n" not in text
    assert is_transient(error) is transient


def test_many_fields_are_counted_not_listed():
    causes = [(f".data.k{n}", "FieldManagerConflict", 'conflict with "helm"') for n in range(9)]
    assert "and 5 more" in explain(refusal(409, "Conflict", "", *causes))


def test_the_value_of_a_secret_is_not_repeated():
    error = refusal(
        422,
        "Invalid",
        "Invalid value: hunter2",
        ("data[a]", "FieldValueInvalid", 'Invalid value: "hunter2": no'),
        kind="secrets",
        name="b",
    )
    assert "hunter2" not in explain(error)
    assert "data[a]" in explain(error)
