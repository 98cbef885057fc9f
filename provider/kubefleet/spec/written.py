"""The base of everything that users write, and pydantic's errors turned into mistakes."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join


class Written(BaseModel):
    """A record with one vocabulary in two spellings. Values of a class with `secret` set never reach a message."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )
    secret: ClassVar[bool] = False

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, raw: object) -> object:
        """A field that holds nothing is one that is not there, as Kubernetes reads manifests."""
        if not isinstance(raw, Mapping):
            return raw
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias)}
        return {name: value for name, value in raw.items() if value is not None or name not in known}


W = TypeVar("W", bound=Written)
_LONGEST = 100


def read(kind: type[W], raw: object, path: str, spelling: Spelling, mistakes: list[Mistake]) -> W | None:
    """What a user wrote as `kind`, or None after adding everything that is wrong with it to `mistakes`."""
    if not isinstance(raw, Mapping):
        mistakes.append(Mistake(path, f"bad value {_seen(raw)} (expected a mapping of fields)"))
        return None
    by_name = spelling is Spelling.PYTHON
    try:
        return kind.model_validate(dict(raw), by_name=by_name, by_alias=not by_name)
    except ValidationError as error:
        mistakes.extend(_mistake(kind, detail, path, spelling) for detail in error.errors(include_url=False))
        return None


def _mistake(kind: type[Written], detail: ErrorDetails, path: str, spelling: Spelling) -> Mistake:
    steps = [step for step in detail["loc"] if step != "[key]"]
    owner = _owner(kind, steps)
    known = [name if spelling is Spelling.PYTHON else field.alias or name for name, field in owner.model_fields.items()]
    return Mistake(join(path, *steps), _message(detail, known, hidden=owner.secret))


def _message(detail: ErrorDetails, known: list[str], *, hidden: bool) -> str:
    seen = "" if hidden else f" {_seen(detail['input'])}"
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            name = detail["loc"][-1]
            return f"unknown field `{name}` (expected one of {', '.join(known)}).{did_you_mean(name, known)}"
        case "missing":
            return f"missing field (expected a value for `{detail['loc'][-1]}`)"
        case "literal_error" | "enum":
            words = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            return f"unknown value{seen} (expected one of {', '.join(words)}).{did_you_mean(detail['input'], words)}"
        case "greater_than_equal":
            return f"value{seen} is too small (expected at least {context['ge']})"
        case "less_than_equal":
            return f"value{seen} is too large (expected at most {context['le']})"
        case "too_long":
            return f"{context['actual_length']} entries are too many (expected at most {context['max_length']})"
        case "too_short":
            return f"{context['actual_length']} entries are too few (expected at least {context['min_length']})"
        case "string_too_short":
            return "empty text (expected at least one character)"
        case "invalid_key":
            return f"bad field name `{detail['loc'][-1]}` (expected text). Put it in quotes."
        case "value_error":
            return str(context["error"])
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"bad value{seen} (expected a mapping of fields)"
        case "list_type" | "tuple_type":
            return f"bad value{seen} (expected a list)"
        case "string_type":
            quote = " Put it in quotes." if isinstance(detail["input"], bool | int | float) else ""
            return f"bad value{seen} (expected text).{quote}"
        case "bool_type" | "bool_parsing":
            return f"bad value{seen} (expected true or false)"
    return f"bad value{seen}: {detail['msg']}"


def _seen(value: object) -> str:
    """The user's value in backticks, its beginning if it is long; of a container only what it is."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return "nothing" if value is None else f"`{text[:_LONGEST]}...`" if len(text) > _LONGEST else f"`{text}`"


def _owner(kind: type[Written], steps: list[int | str]) -> type[Written]:
    """The class whose field the last step names (or stands inside)."""
    owner, inside = kind, kind
    for step in steps:
        owner = inside
        for name, field in owner.model_fields.items():
            if step in {name, field.alias}:
                inside = _written_in(field.annotation) or owner
    return owner


def _written_in(annotation: object) -> type[Written] | None:
    """The one Written class inside an annotation such as `list[Term] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Written):
        return annotation
    found = (_written_in(part) for part in get_args(annotation))
    return next((kind for kind in found if kind is not None), None)
