"""CEL, as the API server's own validation rules have it: one expression over `object`, the live object."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubefleet.health.checks.bad_text import BadText
from kubefleet.health.status import Health, available, progressing

_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_ALL_TOKENS = re.compile(r" expecting \{.*\}")
_EXPECTED = "expected an expression over `object` that is true or false"


@dataclass(frozen=True, slots=True)
class Cel:
    """Available where the expression is true."""

    expression: str

    def __str__(self) -> str:
        return f"`{' '.join(self.expression.split())}`"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """What cannot be evaluated, as a field that is not there yet, is Progressing with the error."""
        try:
            result = _compiled(self.expression).eval(data={"object": live})
            kind, value = result.type().name(), result.value()
        # The library has no class of its own for what it cannot convert.
        except Exception as error:
            return progressing(f"{self}: {_one_line(str(error))}")
        if kind == "ERROR":
            return progressing(f"{self}: {_one_line(str(value))}")
        if not isinstance(value, bool):
            return progressing(f"{self} is a value of type {kind.lower()} (expected true or false)")
        return available(f"{self} is true") if value else progressing(f"{self} is false")


def flaws_of(expression: str) -> tuple[BadText, ...]:
    """What is wrong with the syntax and the types of an expression; nothing if it can be used."""
    try:
        given = _compiled(expression).return_type().name()
    except RuntimeError as error:
        found = [
            BadText(f"{_ALL_TOKENS.sub('', why)} ({_EXPECTED})", expression, int(line), int(column))
            for line, column, why in _ERROR.findall(str(error).replace(" [INVALID_ARGUMENT]", ""))
        ]
        return tuple(found) or (BadText(_one_line(str(error)), expression, 1, 1),)
    if given not in {"BOOL", "DYN"}:
        return (BadText(f"it is a value of type {given.lower()} ({_EXPECTED})", expression, 1, 1),)
    return ()


@lru_cache(maxsize=1000)
def _compiled(expression: str) -> Any:
    """Checked, with types; raises RuntimeError. Imported here: few placements have such a check."""
    return _environment().compile(expression)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_math, ext_optional, ext_strings

    # Libraries that Kubernetes' own CEL has too.
    extensions = [ext_math.ExtMath(), ext_optional.ExtOptional(), ext_strings.ExtStrings()]
    return cel.NewEnv(variables={"object": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)}, extensions=extensions)


def _one_line(text: str) -> str:
    """Without the library's code in front (`NOT_FOUND: `)."""
    line = " ".join(text.split())
    code, colon, rest = line.partition(": ")
    return rest if colon and re.fullmatch("[A-Z_]+", code) else line
