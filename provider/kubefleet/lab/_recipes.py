"""What `tools/` can build: one row a module, with what lies in go.mod read from there."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]

PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
_REQUIREMENT = re.compile(r"^(?:require)?\s+(\S+) v(\S+?)(?:\s*//.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Executable:
    """A program by the name it is started under."""

    name: str
    module: str
    """The Go module whose required version is the program's."""
    ask: tuple[str, ...]
    """The arguments that make it print its version; empty: it has none."""
    oldest: Version
    """The oldest installed version that serves; older ones are passed over."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One module of `tools/`, built into one folder."""

    name: str
    folder: str
    """The folder below `tools/` that holds go.mod."""
    package: str
    """The Go package to build; empty: there is nothing to compile."""
    executables: tuple[Executable, ...]
    variables: tuple[tuple[str, str], ...]
    """Linker variables and their values; `{version}`, `{major}`, `{minor}` are those of the first executable."""
    seconds: int
    """How long a build from nothing took on 2 cores."""
    beside: tuple[str, ...] = ()
    """More folders below `tools/` whose files lie beside the executables."""
    sdk_files: tuple[str, ...] = ()
    """Files of Pulumi's SDK module that lie there too."""


_BASE = "k8s.io/component-base/version"
_KUBERNETES = "k8s.io/kubernetes"
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
# The provider's own module has no releases: a version by date is older than any that a program asks for.
_PROVIDER_SDK = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
_PYTHON_FILES = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="kube",
            folder="kube",
            package=".",
            executables=(
                # 1.36: MutatingAdmissionPolicy v1 and constrained impersonation are on.
                Executable("kube-apiserver", _KUBERNETES, ("--version",), (1, 36)),
                Executable("kube-controller-manager", _KUBERNETES, ("--version",), (1, 36)),
                Executable("kube-scheduler", _KUBERNETES, ("--version",), (1, 36)),
                Executable("etcd", "go.etcd.io/etcd/server/v3", ("--version",), (3, 5)),
            ),
            # Without them /version says v0.0.0-master, and clients take it for a release older than any.
            variables=(
                (f"{_BASE}.gitVersion", "v{version}"),
                (f"{_BASE}.gitMajor", "{major}"),
                (f"{_BASE}.gitMinor", "{minor}"),
                (f"{_BASE}.gitCommit", "0" * 40),
                (f"{_BASE}.gitTreeState", "clean"),
            ),
            seconds=450,
        ),
        Recipe(
            name="kwok",
            folder="kwok",
            package="sigs.k8s.io/kwok/cmd/kwok",
            executables=(Executable("kwok", "sigs.k8s.io/kwok", ("--version",), (0, 6)),),
            variables=(),
            seconds=90,
        ),
        Recipe(
            name="pulumi",
            folder="pulumi",
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            # 3.255: as old as the oldest SDK that the package accepts.
            executables=(Executable("pulumi", "github.com/pulumi/pulumi/pkg/v3", ("version",), (3, 255)),),
            variables=((f"{PULUMI_SDK}/go/common/version.Version", "v{version}"),),
            seconds=260,
            beside=("pulumi-language-python",),
            sdk_files=_PYTHON_FILES,
        ),
        Recipe(
            name="pulumi-language-python",
            folder="pulumi",
            package="",
            executables=(Executable("pulumi-language-python", PULUMI_SDK, (), ()),),
            variables=(),
            seconds=10,
            beside=("pulumi-language-python",),
            sdk_files=_PYTHON_FILES,
        ),
        Recipe(
            name="pulumi-resource-kubernetes",
            folder="pulumi-resource-kubernetes",
            package=".",
            executables=(Executable("pulumi-resource-kubernetes", _PROVIDER_SDK, (), ()),),
            variables=((f"{_PROVIDER}/pkg/version.Version", "{version}"),),
            seconds=480,
        ),
    )
}


def recipe_of(name: str, recipes: Iterable[Recipe]) -> Recipe | None:
    """The recipe that is called `name`, or that makes the executable `name`."""
    known = tuple(recipes)
    for recipe in known:
        if recipe.name == name:
            return recipe
    return next((recipe for recipe in known if any(item.name == name for item in recipe.executables)), None)


def tools_folder() -> Path:
    """Where the modules' sources lie: in an installed package beside this file, in a checkout at its root."""
    installed = Path(__file__).with_name("tools")
    return installed if installed.is_dir() else Path(__file__).resolve().parents[3] / "tools"


def required_versions(go_mod: Path) -> dict[str, str]:
    """Module -> version, without its `v`, of everything that a go.mod requires."""
    return dict(_REQUIREMENT.findall(go_mod.read_text()))


def pinned_version(recipe: Recipe, executable: Executable, tools: Path) -> str:
    """The version that building `executable` gives, as go.mod has it."""
    return required_versions(tools / recipe.folder / "go.mod")[executable.module]


def linker_flags(recipe: Recipe, tools: Path) -> str:
    """The value of `-ldflags`: no symbol tables, and the versions of go.mod."""
    version = pinned_version(recipe, recipe.executables[0], tools)
    major, minor = version.split(".")[:2]
    settings = (
        f"-X {name}={value.format(version=version, major=major, minor=minor)}" for name, value in recipe.variables
    )
    return " ".join(["-s -w", *settings])
