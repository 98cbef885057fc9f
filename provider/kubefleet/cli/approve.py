"""`kubefleet approve`: lets a stage of a rollout begin, or clusters be left, where that waits for an approval."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kubefleet.cli._stack import HERE, FolderOption, StackOption, exit_with, read_fleets, run_pulumi
from kubefleet.model.gate import REMOVAL, approval_of

KEY = "kubefleet:approvals"


def approve(
    placement: Annotated[str, typer.Argument(help="The placement.")],
    stage: Annotated[str, typer.Argument(help="Its stage, or `removal`.")],
    stack: StackOption = "",
    cwd: FolderOption = HERE,
    show: Annotated[bool, typer.Option("--print", help="Only print the command, for CI or a commit.")] = False,
) -> None:
    """Approve what a stage, or a removal, is held at, in the stack's configuration. The next `pulumi up` goes on."""
    stages: dict[tuple[str, str], str] = {}
    for name, kind, outputs in (phase for fleet in read_fleets(cwd, stack) for phase in fleet.phases):
        if kind == "Stage" and "stage" in outputs:
            stages[name, str(outputs["stage"])] = str(outputs["revision"])
        elif kind == "Settle" and outputs.get("awaits"):
            stages[name, REMOVAL] = str(outputs["awaits"])
    if (placement, stage) not in stages:
        known = ", ".join(" ".join(names) for names in sorted(stages)) or "no placement has any"
        exit_with(f"no stage `{stage}` of `{placement}` (expected one of: {known}).")
    word = approval_of(placement, stage, stages[placement, stage])
    given = _given(cwd, stack)
    same = [at for at, other in enumerate(given) if other.partition("@")[0] == word.partition("@")[0]]
    path = f"{KEY}[{same[0] if same else len(given)}]"
    command = ["config", "set", "--path", path, word]
    if show:
        typer.echo(" ".join(["pulumi", *(f"'{part}'" if "[" in part else part for part in command)]))
        return
    run_pulumi(cwd, stack, *command)
    typer.echo(f"approved: {word}")


def _given(cwd: Path, stack: str) -> list[str]:
    found = run_pulumi(cwd, stack, "config", "--json")
    value = (json.loads(found) or {}).get(KEY) or {}
    listed = value.get("objectValue")
    return [str(item) for item in listed] if isinstance(listed, list) else []
