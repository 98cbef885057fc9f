"""ValidatingAdmissionPolicies (`admissionregistration.k8s.io/v1`, KEP-3488): what must hold, and the manifests."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from immutabledict import immutabledict

_VERSION: Final = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Matched:
    """Resources of one group, in whatever version they are written (`matchPolicy: Equivalent`)."""

    group: str
    resources: tuple[str, ...]
    operations: tuple[str, ...] = ("CREATE", "UPDATE")
    versions: tuple[str, ...] = ("v1",)


@dataclass(frozen=True, slots=True)
class Policy:
    """`rules` are messages and what must hold; `user` is CEL on `request.userInfo.username`, which the policy is about.

    With `params` (apiVersion and kind) the rules are evaluated once for each object of that kind in the namespace of
    the request that bears the labels `selector`; where there is none, they say nothing.
    """

    name: str
    user: str
    matched: tuple[Matched, ...]
    rules: tuple[tuple[str, str], ...]
    variables: Mapping[str, str] = field(default_factory=immutabledict)
    params: tuple[str, str] | None = None
    selector: Mapping[str, str] = field(default_factory=immutabledict)

    def manifests(self) -> tuple[dict[str, Any], ...]:
        """The policy and its binding. Whatever cannot be evaluated is denied; a denial is 403 Forbidden."""
        spec: dict[str, Any] = {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [each.group],
                        "apiVersions": list(each.versions),
                        "operations": list(each.operations),
                        "resources": list(each.resources),
                    }
                    for each in self.matched
                ]
            },
            "matchConditions": [{"name": "user", "expression": self.user}],
            "variables": [{"name": name, "expression": _plain(cel)} for name, cel in self.variables.items()],
            "validations": [
                {"expression": _plain(cel), "message": message, "reason": "Forbidden"} for message, cel in self.rules
            ],
        }
        binding: dict[str, Any] = {"policyName": self.name, "validationActions": ["Deny"]}
        if self.params is not None:
            spec["paramKind"] = {"apiVersion": self.params[0], "kind": self.params[1]}
            selector = {"matchLabels": dict(self.selector)}
            # An API server looks for params before it asks whom the policy is about: `Deny` would refuse everybody,
            # admins and controllers too, in every namespace without a placement.
            binding["paramRef"] = {"selector": selector, "parameterNotFoundAction": "Allow"}
        metadata = {"name": self.name}
        return (
            {"apiVersion": _VERSION, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": spec},
            {"apiVersion": _VERSION, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": binding},
        )


def cel_text(text: str) -> str:
    """A CEL string literal: JSON's are a subset of CEL's."""
    return json.dumps(text)


def cel_list(texts: Iterable[str]) -> str:
    """A CEL list of strings, sorted."""
    return json.dumps(sorted(texts))


def every(*conditions: str) -> str:
    """All of them, each in brackets."""
    return " && ".join(f"({condition})" for condition in conditions)


def either(*conditions: str) -> str:
    """Any of them, each in brackets."""
    return " || ".join(f"({condition})" for condition in conditions)


def _plain(cel: str) -> str:
    """Without the indentation of the source that it was written in."""
    lines: Sequence[str] = [line.strip() for line in cel.strip().splitlines()]
    return "\n".join(lines)
