"""Builds the scheduler's compiled inner loops. Without a compiler, or Python's headers, the package works as well, but
plans large fleets several times as slowly.
"""

import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("provider/kubefleet/scheduling/_kernel.c")
BUILT = SOURCE.with_name("_kernel.abi3.so")


class KernelHook(BuildHookInterface[Any]):
    """Compiles `SOURCE` beside itself, and names the wheel for the platform: it serves every Python from 3.11 on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Called before a wheel or an editable one is built."""
        root = Path(self.root)
        new = root / BUILT.with_suffix(".new")
        linker = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
        include = sysconfig.get_paths()["include"]
        command = [*linker, "-O3", "-fPIC", f"-I{include}", str(root / SOURCE), "-o", str(new)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or error
            self.app.display_warning(f"{SOURCE.name} is not compiled; large plans will take longer: {why}")
            return
        new.replace(root / BUILT)
        build_data["artifacts"].append(str(BUILT))
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"
