#!/usr/bin/env python3
"""Mistakes that people make in manifests, one at a time: each is found, and its finding names it. Usage: planted_mistakes_test.py FOLDER,
where the programs are."""
from __future__ import annotations

import copy
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import checks  # noqa: E402
import schemas  # noqa: E402
from objects import Document, where  # noqa: E402
from rendered import needs_kustomize, renderings  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin")
Spoil = Callable[[Document], Any]
EKS, INSIDE, ALL, GET = "eks", "eks-incluster", "eks-incluster with all choices", "load/get-ramp"


def at(document: Any, path: str) -> tuple[Any, Any]:
    """Of "POD.FIRST.image" what has it, and its key; a "~" is a dot of the key."""
    whole = path.replace("POD", "spec.template.spec").replace("FIRST", "containers.0")
    keys = [int(key) if key.isdigit() else key.replace("~", ".") for key in whole.split(".")]
    for key in keys[:-1]:
        document = document[key]
    return document, keys[-1]


def put(path: str, value: Any) -> Spoil:
    def spoil(document: Document) -> None:
        there, key = at(document, path)
        there[key] = value
    return spoil


def drop(path: str) -> Spoil:
    def spoil(document: Document) -> None:
        there, key = at(document, path)
        del there[key]
    return spoil


def argument(old: str, new: str) -> Spoil:
    def spoil(document: Document) -> None:
        given = document["spec"]["template"]["spec"]["containers"][0]["args"]
        assert any(old in each for each in given), given
        given[:] = [each.replace(old, new) for each in given]
    return spoil


BASELINE, INGEST, LOAD, SERVICE = "bench/Deployment/baseline", "bench/Deployment/ingest", "bench/Job/load", "bench/Service/ingest"
POSTGRES, POLICY = "bench/StatefulSet/postgres", "bench/NetworkPolicy/to-postgres"
# What, in which rendering and object, how, the rule that finds it, and what its finding says.
PLANTED: list[tuple[str, str, str, Spoil, str, str]] = [
    ("a selector of other pods", EKS, INGEST, put("spec.selector.matchLabels", {"app.kubernetes.io/name": "baseline"}), "selectors", "its own pods have"),
    ("a service of no pod", EKS, SERVICE, put("spec.selector", {"app.kubernetes.io/name": "ingress"}), "selectors", "no pod has the labels"),
    ("a service's port of another name", EKS, SERVICE, put("spec.ports.0.targetPort", "web"), "ports", "its target web is no port"),
    ("a probe of a port that is not there", EKS, BASELINE, put("POD.FIRST.livenessProbe.httpGet.port", "admin"), "ports", "asks baseline at admin"),
    ("a probe of the port that is loaded", EKS, BASELINE, put("POD.FIRST.livenessProbe.httpGet.port", "http"), "probes", "a full service would be restarted"),
    ("a mount without a volume", INSIDE, POSTGRES, put("POD.FIRST.volumeMounts.1.name", "conf"), "volumes", "mounts conf"),
    ("a volume that nothing mounts", INSIDE, POSTGRES, drop("POD.FIRST.volumeMounts.4"), "volumes", "has the volume shm"),
    ("a secret of another name", EKS, INGEST, put("POD.FIRST.env.0.valueFrom.secretKeyRef.name", "postgres"), "references", "the Secret postgres"),
    ("a secret's key of another name", EKS, INGEST, put("POD.FIRST.env.0.valueFrom.secretKeyRef.key", "passwort"), "references", "has no key passwort"),
    ("a config map of another name", INSIDE, POSTGRES, put("POD.volumes.0.configMap.name", "postgres"), "references", "the ConfigMap postgres"),
    ("an account that is not there", EKS, BASELINE, put("POD.serviceAccountName", "base"), "references", "the ServiceAccount base"),
    ("a namespace that is not there", EKS, BASELINE, put("metadata.namespace", "benchmark"), "namespaces", "the namespace benchmark is not there"),
    ("a node label of no group", EKS, BASELINE, put("POD.nodeSelector.node", "services"), "placement", "no node group has the labels"),
    ("another processor's node", GET, LOAD, put("POD.nodeSelector", {"node": "clients", "kubernetes.io/arch": "amd64"}), "placement", "no node group"),
    ("no processor chosen", EKS, BASELINE, drop("POD.nodeSelector.kubernetes~io/arch"), "placement", "by the label kubernetes.io/arch"),
    ("a taint not tolerated", EKS, BASELINE, drop("POD.tolerations"), "placement", "does not tolerate dedicated=general"),
    ("a toleration of no taint", GET, LOAD, put("POD.tolerations.0.value", "load"), "placement", "a taint that no node group has"),
    ("more than a node has", EKS, BASELINE, put("POD.FIRST.resources.requests.cpu", "1900m"), "capacity", "asks for 1.9 CPUs"),
    ("more pods than fit", GET, LOAD, put("spec.parallelism", 12), "capacity", "of the group clients"),
    ("two services on one node", EKS, BASELINE, put("POD.FIRST.resources.requests.cpu", "400m"), "capacity", "would disturb each other"),
    ("loadgen under a quota", GET, LOAD, put("POD.FIRST.resources.limits.cpu", "2"), "capacity", "loadgen has a CPU limit"),
    ("a request over its limit", EKS, BASELINE, put("POD.FIRST.resources.requests.memory", "1Gi"), "quantities", "more than its limit"),
    ("a quantity in words", EKS, BASELINE, put("POD.FIRST.resources.requests.cpu", "1 core"), "quantities", "'1 core'"),
    ("no memory limit", EKS, BASELINE, drop("POD.FIRST.resources.limits.memory"), "quantities", "no memory in its limits"),
    ("a flag of another name", EKS, INGEST, argument("--pool=", "--pool-size="), "arguments", "ingest --help knows no --pool-size"),
    ("a flag of loadgen that is not there", GET, LOAD, argument("--linger=", "--start-barrier="), "arguments", "knows no --start-barrier"),
    ("a barrier at another pod", GET, LOAD, argument("=load-0.load", "=load-1.load"), "barrier", "its pods meet at load-1.load:8085"),
    ("no barrier", GET, LOAD, argument("--barrier=load-0.load:8085", "--seed=1"), "barrier", "its pods meet at nowhere"),
    ("pods without names", GET, LOAD, drop("POD.subdomain"), "barrier", "no headless Service None"),
    ("names once they are ready", GET, "bench/Service/load", drop("spec.publishNotReadyAddresses"), "barrier", "no headless Service load"),
    ("a barrier that does not wait", GET, LOAD, argument("--barrier-timeout=2m", "--barrier-timeout=5s"), "barrier", "wait 5s for one another"),
    ("a variable that nothing sets", GET, LOAD, argument("$(JOB_COMPLETION_INDEX)", "$(INDEX)"), "arguments", "nothing sets INDEX"),
    ("shares that do not make up the whole", GET, LOAD, argument("INDEX)/4", "INDEX)/5"), "shards", "do not make up the whole"),
    ("a job that is no Indexed one", GET, LOAD, put("spec.completionMode", "NonIndexed"), "shards", "is no Indexed Job"),
    ("a deadline before the end", GET, LOAD, put("spec.activeDeadlineSeconds", 900), "shards", "is killed after 900 s"),
    ("a share that begins anew", GET, LOAD, put("spec.backoffLimit", 3), "shards", "begin a share anew"),
    ("a target of another name", GET, LOAD, argument("baseline-pods", "baseline-headless"), "addresses", "asks baseline-headless:8080"),
    ("a target's other port", GET, LOAD, argument(":8080", ":80"), "addresses", "asks baseline-pods:80"),
    ("results that cannot be written", GET, LOAD, argument("=/results", "=/tmp"), "volumes", "--output is /tmp"),
    ("a grace shorter than the drain", EKS, BASELINE, put("POD.terminationGracePeriodSeconds", 10), "drain", "its drain takes up to"),
    ("an admin port beside its flag", EKS, BASELINE, argument("--admin-port=8081", "--admin-port=9090"), "ports", "--admin-port is 9090"),
    ("more connections than PostgreSQL takes", EKS, INGEST, argument("--pool=64", "--pool=1050"), "connections", "PostgreSQL takes 1050"),
    ("an image without a tag", EKS, BASELINE, put("POD.FIRST.image", "beastmark/baseline"), "images", "no tag that stays"),
    ("latest", EKS, BASELINE, put("POD.FIRST.image", "beastmark/baseline:latest"), "images", "no tag that stays"),
    ("an image from somewhere", EKS, BASELINE, put("POD.FIRST.image", "somebody/baseline:1.0"), "images", "somebody/baseline is not one of"),
    ("root", EKS, BASELINE, put("POD.securityContext.runAsNonRoot", False), "restricted", "runAsNonRoot of the pod is False"),
    ("a root that can be written", EKS, BASELINE, put("POD.FIRST.securityContext.readOnlyRootFilesystem", False), "restricted", "readOnlyRootFilesystem"),
    ("the node's file system", INSIDE, POSTGRES, put("POD.volumes.2", {"name": "run", "hostPath": {"path": "/run"}}), "restricted", "volume run"),
    ("a token of the API server", EKS, BASELINE, drop("POD.automountServiceAccountToken"), "restricted", "is given a token"),
    ("an unsafe sysctl", GET, LOAD, put("POD.securityContext.sysctls.0.name", "net.core.somaxconn"), "restricted", "is not safe"),
    ("a policy for a port that is not there", ALL, POLICY, put("spec.ingress.0.ports.0.port", "postgresql"), "ports", "has the port postgresql"),
    ("a policy that lets nobody in", ALL, POLICY, put("spec.ingress.0.from.1.podSelector.matchLabels", {"app.kubernetes.io/name": "exporter"}),
     "selectors", "which no pod of monitoring is"),
]
# What only a schema finds.
ILL_FORMED: list[tuple[str, str, str, Spoil, str]] = [
    ("a word for a number", EKS, BASELINE, put("spec.replicas", "two"), "'two' is not of type"),
    ("a field that is not known", EKS, BASELINE, put("POD.nodeSelectr", {}), "nodeSelectr"),
    ("a field in the wrong place", EKS, BASELINE, put("POD.FIRST.resources.request", {}), "request"),
    ("a port as text", EKS, BASELINE, put("POD.FIRST.ports.0.containerPort", "8080"), "'8080' is not of type"),
    ("a number in the environment", INSIDE, POSTGRES, put("POD.FIRST.env.0.value", 1), "1 is not of type"),
    ("an api version of the past", EKS, BASELINE, put("apiVersion", "apps/v1beta1"), "apps/v1beta1"),
]


def spoiled(rendering: str, name: str, spoil: Spoil) -> list[Document]:
    documents = copy.deepcopy(renderings()[rendering])
    spoil(next(each for each in documents if where(each) == name))
    return documents


@needs_kustomize
class planted_mistakes(unittest.TestCase):
    def test_are_found(self) -> None:
        world = checks.World.of(PROGRAMS)
        for what, rendering, name, spoil, rule, said in PLANTED:
            with self.subTest(what):
                found = checks.check(spoiled(rendering, name, spoil), world, on_eks=True)
                self.assertTrue(any(each.rule == rule and said in each.text for each in found), f"not found; but {list(map(str, found))}")


@needs_kustomize
@schemas.needed
class ill_formed(unittest.TestCase):
    def test_is_found_by_the_schema(self) -> None:
        documents = [next(each for each in spoiled(rendering, name, spoil) if where(each)[-len(name):] == name)
                     for _, rendering, name, spoil, _ in ILL_FORMED]
        found = schemas.check(documents)
        for what, _, _, _, said in ILL_FORMED:
            with self.subTest(what):
                self.assertTrue(any(said in each.text for each in found), f"not found; but {list(map(str, found))}")


if __name__ == "__main__":
    unittest.main()
