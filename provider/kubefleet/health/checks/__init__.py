"""Checks of the user's own: one rule a file. Each is called with a live object and never raises."""

from kubefleet.health.checks.bad_text import BadText
from kubefleet.health.checks.cel import Cel
from kubefleet.health.checks.check import Check, Rule
from kubefleet.health.checks.condition import Condition
from kubefleet.health.checks.function import Function
from kubefleet.health.checks.http_probe import HttpProbe
from kubefleet.health.checks.json_path import JsonPath
from kubefleet.health.checks.leniency import TolerateUnavailable, UnverifiedWait

__all__ = [
    "BadText",
    "Cel",
    "Check",
    "Condition",
    "Function",
    "HttpProbe",
    "JsonPath",
    "Rule",
    "TolerateUnavailable",
    "UnverifiedWait",
]
