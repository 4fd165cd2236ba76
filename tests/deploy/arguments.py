"""What manifests tell our programs: their flags, addresses, ports, times, shards and pools."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from findings import Finding
from objects import Document, Pods, image, options, pods, seconds
from rendered import ROOT

FLAG = re.compile(r"(?m)^\s+(?:-\w,)?(--[a-z][\w-]*)")
VARIABLE = re.compile(r"\$\((\w+)\)")
CONTENDERS = (("go", re.compile(r'flags\.\w+Var\(&into\.\w+, "([\w-]+)"'), "go/config.go"),
              ("fastapi", re.compile(r'add\("--([\w-]+)"'), "fastapi/devices/options.py"))
APP, ADMIN, LOADGEN = 8080, 8081, 8085  # the contract's ports in a container
ENDS_WITHIN_S = 3  # after the drain
STARTS_WITHIN_S = 120  # images pulled and all
KEPT_CONNECTIONS = 3 + 5  # for superusers, and for exporter, schema job and a psql


def help_of(programs: Path) -> dict[str, set[str]]:
    """Flags by the image's name; loadgen's are of its command run. The contenders' are read, as they may not be made."""
    found = {name: {f"--{each}" for each in pattern.findall((ROOT / "apps/contenders" / file).read_text())} for name, pattern, file in CONTENDERS}
    for name, words in (("baseline", []), ("ingest", []), ("loadgen", ["run"])):
        said = subprocess.run([programs / name, *words, "--help"], capture_output=True, text=True, check=True)
        found[name] = set(FLAG.findall(said.stdout))
    return found


def check(documents: list[Document], flags: dict[str, set[str]], max_connections: int) -> list[Finding]:
    found: list[Finding] = []
    for pod in pods(documents):
        for container in pod.containers:
            found += variables(pod, container)
            if (name := image(container)[0].rpartition("/")[2]) in flags:
                found += arguments(pod, container, name, flags[name])
        if pod.labels.get("app.kubernetes.io/component") == "service":
            found += service(pod)
        if pod.labels.get("app.kubernetes.io/component") == "load":
            found += load(pod)
            found += barrier(pod, documents)
        found += addresses(pod, documents)
    found += connections(documents, max_connections)
    return found


def variables(pod: Pods, container: dict[str, Any]) -> Iterator[Finding]:
    known = {each["name"] for each in container.get("env", [])}
    if pod.workload["spec"].get("completionMode") == "Indexed":
        known.add("JOB_COMPLETION_INDEX")
    for argument in map(str, [*container.get("args", []), *container.get("command", [])]):
        for name in VARIABLE.findall(argument) if not argument.startswith("exec ") else []:  # else a shell's
            if name not in known:
                yield Finding("arguments", pod.where, f"{argument}: nothing sets {name}")


def arguments(pod: Pods, container: dict[str, Any], name: str, flags: set[str]) -> Iterator[Finding]:
    given = list(map(str, container.get("args", [])))
    if name == "loadgen" and given[:1] != ["run"]:
        yield Finding("arguments", pod.where, f"loadgen's first argument is {given[:1]}, not run")
    for argument in given[1:] if name == "loadgen" else given:
        flag = argument.partition("=")[0]
        if flag not in flags:
            yield Finding("arguments", pod.where, f"{name} --help knows no {flag}")
    for flag, values in options(container).items():
        if len(values) > 1 and flag not in ("--stage", "--target", "--header", "--slo", "--label"):
            yield Finding("arguments", pod.where, f"{flag} is given {len(values)} times")


def service(pod: Pods) -> Iterator[Finding]:
    container = pod.spec["containers"][0]
    given = {name: values[-1] for name, values in options(container).items()}
    drain = seconds(given.get("--drain-delay", "0s")) + seconds(given.get("--drain-timeout", "10s")) + ENDS_WITHIN_S
    if (grace := pod.spec.get("terminationGracePeriodSeconds", 30)) < drain:
        yield Finding("drain", pod.where, f"is killed {grace} s after SIGTERM, its drain takes up to {drain:g} s")
    if seconds(given.get("--drain-delay", "0s")) < 2 * container.get("readinessProbe", {}).get("periodSeconds", 10):
        yield Finding("drain", pod.where, "--drain-delay is over before two readiness probes have seen it")
    for name, flag, number in (("http", "--port", APP), ("metrics", "--admin-port", ADMIN)):
        if not str(pod.ports.get(name)) == given.get(flag) == str(number):
            yield Finding("ports", pod.where, f"its port {name} is {pod.ports.get(name)}, {flag} is {given.get(flag)}: {number} is the contract's")
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if container.get(kind, {}).get("httpGet", {}).get("port") != "metrics":
            yield Finding("probes", pod.where, f"its {kind} does not ask the admin port: a full service would be restarted or taken out")
    if container["name"] != pod.labels.get("app.kubernetes.io/name"):
        yield Finding("names", pod.where, f"its container is called {container['name']}: that becomes its job in Prometheus")


def load(pod: Pods) -> Iterator[Finding]:
    container = next(each for each in pod.spec["containers"] if each["name"] == "loadgen")
    given = {name: values[-1] for name, values in options(container).items()}
    spec = pod.workload["spec"]
    share = given.get("--shard", "")
    if spec.get("completionMode") != "Indexed" or not spec.get("completions") == spec.get("parallelism"):
        yield Finding("shards", pod.where, "is no Indexed Job all of whose pods run at once")
    if share != f"$(JOB_COMPLETION_INDEX)/{spec.get('completions')}":
        yield Finding("shards", pod.where, f"--shard is {share} of {spec.get('completions')} pods: the shares do not make up the whole")
    waits = 2 * [given.get("--barrier-timeout", "60s")]  # to begin, and at the end
    times = [*waits, given.get("--warmup", "0s"), given.get("--linger", "0s"), *(each.partition(":")[0] for each in options(container).get("--stage", []))]
    longest = sum(map(seconds, times))
    if (deadline := spec.get("activeDeadlineSeconds", 0)) < longest:
        yield Finding("shards", pod.where, f"is killed after {deadline} s, and takes up to {longest:g} s")
    if seconds(waits[0]) < STARTS_WITHIN_S:
        yield Finding("barrier", pod.where, f"its pods wait {waits[0]} for one another, and may start {STARTS_WITHIN_S} s apart")
    if spec.get("backoffLimit") != 0 or pod.spec.get("restartPolicy") != "Never":
        yield Finding("shards", pod.where, "would begin a share anew in the midst of the others")
    if given.get("--metrics", "").rpartition(":")[2] != str(pod.ports.get("metrics")) or pod.ports.get("metrics") != LOADGEN:
        yield Finding("ports", pod.where, f"--metrics is {given.get('--metrics')}, its port metrics {pod.ports.get('metrics')}: "
                      f"{LOADGEN} is the contract's")
    if seconds(given.get("--linger", "0s")) < 10:
        yield Finding("shards", pod.where, "lingers for less than two scrapes")
    mounts = {each["mountPath"] for each in container.get("volumeMounts", [])}
    if given.get("--output") not in mounts:
        yield Finding("volumes", pod.where, f"--output is {given.get('--output')}: it can write to {sorted(mounts)} only")
    if "cpu" in container.get("resources", {}).get("limits", {}):
        yield Finding("capacity", pod.where, "loadgen has a CPU limit: the quota would hold it back, and its figures would be of itself")


def barrier(pod: Pods, documents: list[Document]) -> Iterator[Finding]:
    container = next(each for each in pod.spec["containers"] if each["name"] == "loadgen")
    name, subdomain = pod.workload["metadata"]["name"], pod.spec.get("subdomain")
    meets, wanted = options(container).get("--barrier", ["nowhere"])[-1], f"{name}-0.{subdomain}:{pod.ports.get('metrics')}"
    if meets != wanted:
        yield Finding("barrier", pod.where, f"its pods meet at {meets}, pod 0's port metrics is {wanted}")
    services = [each["spec"] for each in documents if each["kind"] == "Service" and each["metadata"]["name"] == subdomain
                and each["metadata"].get("namespace") == pod.namespace]
    if not any(each.get("clusterIP") == "None" and each.get("publishNotReadyAddresses") and
               each["selector"].items() <= pod.labels.items() for each in services):
        yield Finding("barrier", pod.where, f"no headless Service {subdomain} gives its pods names before they are ready")
    policies = [each["spec"] for each in documents if each["kind"] == "NetworkPolicy" and each["metadata"].get("namespace") == pod.namespace]
    if policies and not any(each["podSelector"].get("matchLabels", {}).items() <= pod.labels.items() and lets_in(rule, pod)
                            for each in policies for rule in each.get("ingress", [])):
        yield Finding("barrier", pod.where, "no NetworkPolicy lets its pods reach pod 0's port metrics")


def lets_in(rule: dict[str, Any], pod: Pods) -> bool:
    """Its own pods, at their port metrics."""
    own = any("namespaceSelector" not in peer and peer.get("podSelector", {}).get("matchLabels", {}).items() <= pod.labels.items()
              for peer in rule.get("from", []))
    return own and any(port.get("port") in ("metrics", pod.ports.get("metrics")) for port in rule.get("ports", []))


def addresses(pod: Pods, documents: list[Document]) -> Iterator[Finding]:
    there = {each["metadata"]["name"]: {port["port"] for port in each["spec"].get("ports", [])} for each in documents
             if each["kind"] == "Service" and each["metadata"].get("namespace") == pod.namespace}
    for container in pod.spec.get("containers", []):
        given = options(container)
        asked = [(match[1], int(match[2])) for value in given.get("--target", []) if (match := re.search(r"=http://([^:/]+):(\d+)/", value))]
        asked += [(value.partition(":")[0], int(value.partition(":")[2])) for value in given.get("--memcached", [])]
        asked += [(match[1], 5432) for value in given.get("--postgres", []) if (match := re.search(r"host=(\S+)", value))]
        for host, port in asked:
            if "." not in host and port not in there.get(host, set()):
                yield Finding("addresses", pod.where, f"asks {host}:{port}; the services of its namespace are {there}")


def connections(documents: list[Document], most: int) -> Iterator[Finding]:
    every = [pod for pod in pods(documents) if "--pool" in options(pod.spec["containers"][0])]
    total = sum(pod.count * int(options(pod.spec["containers"][0])["--pool"][-1]) for pod in every)
    if total + KEPT_CONNECTIONS > most:
        yield Finding("connections", every[0].where, f"all pools have {total} connections, PostgreSQL takes {most}")
