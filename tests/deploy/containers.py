"""Runs a pod's container with podman as its manifest has it: user, capabilities, root file system, limits."""
from __future__ import annotations

import resource
import shutil
from typing import Any

from objects import Pods, quantity

PERIOD_US = 100_000  # as the kubelet sets it


def runtime() -> str:
    """crun refuses the hybrid of cgroup versions 1 and 2, and to set limits that it may not raise; runc does not."""
    return "runc" if shutil.which("runc") else "crun"


def podman_run(name: str, image: str, user: tuple[int, int], container: dict[str, Any], cpus: float | None = None) -> list[str]:
    """The command, to which the program's arguments are added. It is the machine's network, so that a test reaches its ports. `cpus`
    instead of the manifest's limit, where it has to be another one."""
    context = container["securityContext"]
    limits = container["resources"].get("limits", {})
    if cpus is None:
        cpus = quantity(limits["cpu"]) if "cpu" in limits else None
    words = ["podman", "--runtime", runtime(), "--cgroup-manager", "cgroupfs", "run", "--rm", "--name", name, "--network", "host",
             "--pull", "never", "--user", f"{user[0]}:{user[1]}"]
    # podman asks for more than it may give inside of another container: what is allowed here is.
    for limit, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = min(resource.getrlimit(number)[1], 20_000)
        words += ["--ulimit", f"{limit}={hard}:{hard}"]
    words += [f"--cap-drop={each}" for each in context["capabilities"]["drop"]]
    if not context["allowPrivilegeEscalation"]:
        words += ["--security-opt", "no-new-privileges"]
    if context["readOnlyRootFilesystem"]:
        words += ["--read-only", "--read-only-tmpfs=false"]
    if cpus is not None:
        words += ["--cpu-period", str(PERIOD_US), "--cpu-quota", str(int(cpus * PERIOD_US))]
    if "memory" in limits:
        words += ["--memory", str(int(quantity(limits["memory"]) or 0))]
    return [*words, image]


def podman_run_of(pod: Pods, container_name: str, image: str, name: str, cpus: float | None = None) -> list[str]:
    container = next(each for each in pod.containers if each["name"] == container_name)
    context = pod.spec["securityContext"]
    assert context["runAsNonRoot"]
    command = podman_run(name, image, (context["runAsUser"], context["runAsGroup"]), container, cpus)
    limits = {each["name"]: quantity(each["emptyDir"]["sizeLimit"]) for each in pod.spec.get("volumes", []) if "emptyDir" in each}
    for mount in container.get("volumeMounts", []):
        if mount["name"] in limits:
            command[-1:] = ["--tmpfs", f"{mount['mountPath']}:mode=1777,size={int(limits[mount['name']] or 0)}", command[-1]]
    return command
