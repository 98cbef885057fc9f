"""The fleets of a Pulumi stack, read from its state."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml

from kubefleet.health.checks import Check
from kubefleet.model.decision import Previous
from kubefleet.resources._inputs import Declaration, decode_bindings, read_declaration
from kubefleet.resources._tainted import with_moments
from kubefleet.resources.keys import to_key
from kubefleet.spec.health_check import parse_checks

StackOption = Annotated[str, typer.Option("--stack", "-s", help="The stack; else the selected one.")]
FolderOption = Annotated[Path, typer.Option("--cwd", "-C", help="The program's folder.")]
_TYPE = "pulumi-python:dynamic/kubefleet:"
HERE = Path()


@dataclass(frozen=True, slots=True)
class StackFleet:
    """One fleet of a stack: what was declared and decided in the last `up`, and how far each resource got."""

    name: str
    declaration: Declaration
    previous: Mapping[str, Previous]
    phases: tuple[tuple[str, str, Mapping[str, Any]], ...]
    uids: Mapping[str, str]
    checks: Mapping[str, tuple[Check, ...]]
    pending_operations: int
    objects: Mapping[str, tuple[str, ...]]


def read_fleets(folder: Path, stack: str) -> tuple[StackFleet, ...]:
    """The fleets of a stack, by name. Exits with one line when Pulumi cannot be run or has no such stack.

    Functions that policies name are looked for in the program's folder too, where the engine starts our provider.
    """
    _import_from(folder)
    state: dict[str, Any] = json.loads(run_pulumi(folder, stack, "stack", "export"))
    deployment = state.get("deployment") or {}
    resources = deployment.get("resources") or []
    fleets = [
        _fleet(resource["inputs"], resources, len(deployment.get("pending_operations") or ()))
        for resource in resources
        if resource.get("type") == f"{_TYPE}Schedule"
    ]
    if not fleets:
        exit_with(
            f"the stack in `{folder.resolve()}` has no fleet (expected one after `pulumi up`). Run `pulumi up` first."
        )
    return tuple(sorted(fleets, key=lambda fleet: fleet.name))


def _fleet(inputs: dict[str, Any], resources: list[dict[str, Any]], pending: int) -> StackFleet:
    name = inputs["fleet"]
    declaration, mistakes = read_declaration({"leaving": inputs.get("leaving")}, inputs, frozenset())
    if mistakes:
        exit_with("\n".join(str(mistake) for mistake in mistakes))
    members = with_moments(declaration.members, inputs.get("tainted") or {})
    declaration = replace(declaration, members=members)
    previous = {
        placement: Previous(bindings)
        for placement in inputs["placements"]
        if (bindings := decode_bindings(inputs.get(to_key(placement)))) is not None
    }
    phases = tuple(
        (outputs["placement"], resource["type"].removeprefix(_TYPE), outputs)
        for resource in resources
        if resource.get("type") in {f"{_TYPE}Stage", f"{_TYPE}Settle"}
        and (outputs := resource.get("outputs") or {}).get("fleet") == name
    )
    uids = {placement: raw["uid"] for placement, raw in inputs["placements"].items()}
    checks = {placement: _checks(inputs, raw) for placement, raw in inputs["placements"].items()}
    objects = {placement: tuple(raw.get("objects") or ()) for placement, raw in inputs["placements"].items()}
    return StackFleet(name, declaration, previous, phases, uids, checks, pending, objects)


def _checks(inputs: Mapping[str, Any], placement: Mapping[str, Any]) -> tuple[Check, ...]:
    """The fleet's health checks and the placement's own."""
    written = [*(inputs.get("health") or ()), *(placement.get("health") or ())]
    return parse_checks(written, "health", placement["objects"], [], every=False)


def run_pulumi(folder: Path, stack: str, *command: str) -> str:
    """What a command of Pulumi prints about a stack. Exits with one line when it fails."""
    program = shutil.which("pulumi")
    if program is None:
        exit_with("`pulumi` is not on PATH (expected Pulumi's command line). Install it, or add its folder to PATH.")
    whole = [program, *command, "--cwd", str(folder), *(["--stack", stack] if stack else [])]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        exit_with(f"`pulumi {' '.join(command[:2])}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _import_from(folder: Path) -> None:
    project = folder / "Pulumi.yaml"
    main = yaml.safe_load(project.read_text()).get("main") if project.is_file() else None
    place = folder / (main or "")
    sys.path.append(str((place.parent if place.is_file() else place).resolve()))


def exit_with(text: str) -> NoReturn:
    """One line on stderr, and exit code 1."""
    typer.echo(text, err=True)
    raise typer.Exit(1)
