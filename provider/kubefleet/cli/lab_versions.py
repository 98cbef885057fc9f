"""`kubefleet lab versions`: the programs of the lab, what a build gives and what would be used now."""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
import yaml

from kubefleet.lab.programs import ProgramError, ProgramVersion
from kubefleet.lab.programs import versions as program_versions

COLUMNS = ("name", "pinned", "used", "source", "path")


class Form(StrEnum):
    """How the rows are printed; `wide` adds the path."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def versions(
    output: Annotated[Form, typer.Option("--output", "-o", help="How to print it.")] = Form.TABLE,
) -> None:
    """Print each program: the version that a build gives, and the one that is used now and where it comes from."""
    try:
        rows = [_row(program) for program in program_versions()]
    except ProgramError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if output is Form.JSON:
        typer.echo(json.dumps(rows, indent=2))
    elif output is Form.YAML:
        typer.echo(yaml.safe_dump(rows, sort_keys=False), nl=False)
    else:
        sys.stdout.write(_table(rows, COLUMNS if output is Form.WIDE else COLUMNS[:-1]))


def _row(program: ProgramVersion) -> dict[str, str]:
    ready = program.program
    if ready is None:
        values = (program.name, program.pinned, "", "not built", "")
    else:
        values = (program.name, program.pinned, ready.version or "unknown", ready.source, str(ready.path))
    return dict(zip(COLUMNS, values, strict=True))


def _table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    lines = [[column.upper() for column in columns], *([row[column] or "-" for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    padded = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join(padded) + "\n"
