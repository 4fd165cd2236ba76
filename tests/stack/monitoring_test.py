#!/usr/bin/env python3
"""Prometheus and Grafana as deploy/monitoring describes them: what promtool says, and what no schema would."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/dashboards"))

import strict_yaml  # noqa: E402

MONITORING = ROOT / "deploy/monitoring"
COMPONENTS = ["postgres_exporter", "memcached_exporter", "node_exporter", "anonymous_viewer"]
APPLY_LIMIT = 256 * 1024  # of the annotation in which "kubectl apply" keeps what it was given
KUSTOMIZE = shutil.which("kustomize", path=f"{ROOT / 'build/tools'}:{os.environ.get('PATH', '')}")


def documents(path: Path) -> list[Any]:
    return [strict_yaml.load(text) for text in path.read_text().split("\n---\n")]


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted(MONITORING.rglob("*.yaml")):
        for document in documents(path):
            if "kind" in document and document["kind"] not in ("Kustomization", "Component"):
                yield document


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for each in manifests():
        if each["kind"] in ("Deployment", "DaemonSet"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def promtool(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["promtool", "check", "config", str(path)], capture_output=True, text=True, check=False)


class PrometheusTest(unittest.TestCase):
    def test_promtool_takes_the_configuration_of_one_machine(self) -> None:
        said = promtool(MONITORING / "prometheus/local.yml")
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_promtool_takes_the_configuration_of_a_cluster(self) -> None:
        """But for its service discovery, which Debian's Prometheus is built without."""
        text = (MONITORING / "prometheus/cluster.yml").read_text()
        text, found = re.subn(r"    kubernetes_sd_configs:\n(      .*\n)+", "    file_sd_configs:\n      - files: ['none/*.yml']\n", text)
        self.assertEqual(found, 2)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "token").touch()
            text = text.replace("/var/run/secrets/kubernetes.io/serviceaccount/token", f"{folder}/token")
            shutil.copytree(MONITORING / "rules", Path(folder) / "rules", ignore=shutil.ignore_patterns("kustomization.yaml", "local.yml"))
            (Path(folder) / "prometheus.yml").write_text(text)
            said = promtool(Path(folder) / "prometheus.yml")
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertEqual(said.stdout.count("rules found"), 4)

    def test_a_cluster_has_all_rules_but_those_of_one_machine(self) -> None:
        given = documents(MONITORING / "rules/kustomization.yaml")[0]["configMapGenerator"][0]["files"]
        self.assertEqual(sorted(given), sorted(path.name for path in (MONITORING / "rules").glob("*.yml") if path.name != "local.yml"))

    def test_scrapes_are_as_often_everywhere_and_grafana_knows(self) -> None:
        often = {documents(MONITORING / "prometheus" / name)[0]["global"]["scrape_interval"] for name in ("local.yml", "cluster.yml")}
        source = documents(MONITORING / "grafana/provisioning/datasources/prometheus.yaml")[0]["datasources"][0]
        self.assertEqual(often, {source["jsonData"]["timeInterval"]})
        self.assertEqual(source["uid"], "prometheus")

    def test_an_exporters_job_is_the_same_everywhere(self) -> None:
        """On a cluster it comes from the container's name."""
        jobs = {each["job_name"] for each in documents(MONITORING / "prometheus/local.yml")[0]["scrape_configs"]}
        relabelled = documents(MONITORING / "prometheus/cluster.yml")[0]["scrape_configs"][0]["relabel_configs"]
        rule = next(each for each in relabelled if each["source_labels"] == ["job"])
        seen = []
        for _, pod in pods():
            for container in pod["containers"]:
                if any(port["name"] == "metrics" for port in container["ports"]):
                    found = re.fullmatch(rule["regex"], container["name"])
                    seen.append(found[1] if found else container["name"])
        self.assertEqual(sorted(seen), ["memcached", "node", "postgres", "prometheus"])
        self.assertLessEqual(set(seen), jobs)

    def test_it_may_read_and_no_more(self) -> None:
        may = {(each["kind"], each["metadata"].get("namespace"), what, verb) for each in manifests() if each["kind"] in ("ClusterRole", "Role")
               for rule in each["rules"] for what in rule["resources"] for verb in rule["verbs"]}
        look = ("get", "list", "watch")
        self.assertEqual(may, {("ClusterRole", None, "nodes/metrics", "get"), *(("ClusterRole", None, "nodes", verb) for verb in look),
                               *(("Role", space, "pods", verb) for space in ("bench", "monitoring") for verb in look)})

    def test_it_looks_for_pods_only_where_it_may(self) -> None:
        scrapes = documents(MONITORING / "prometheus/cluster.yml")[0]["scrape_configs"]
        asked = [each["namespaces"]["names"] for scrape in scrapes for each in scrape.get("kubernetes_sd_configs", []) if each["role"] == "pod"]
        bound = sorted(each["metadata"]["namespace"] for each in manifests() if each["kind"] == "RoleBinding")
        self.assertEqual(asked, [bound])

    def test_what_it_keeps_has_a_bound(self) -> None:
        pod = dict(pods())["prometheus"]
        arguments = dict(word.lstrip("-").split("=") for word in pod["containers"][0]["args"])
        kept = int(arguments["storage.tsdb.retention.size"].removesuffix("GB")) * 10**9
        volume = next(each for each in pod["volumes"] if each["name"] == "data")
        self.assertLess(kept, int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30)
        self.assertIn("storage.tsdb.retention.time", arguments)


class GrafanaTest(unittest.TestCase):
    def test_it_has_every_dashboard(self) -> None:
        files = sorted(path.name for path in (ROOT / "dashboards").glob("*.json"))
        generated = documents(ROOT / "dashboards/kustomization.yaml")[0]["configMapGenerator"]
        self.assertEqual(sorted(each["files"][0] for each in generated), files)
        volumes = {each["name"]: each for each in dict(pods())["grafana"]["volumes"]}
        self.assertEqual(sorted(each["configMap"]["name"] for each in volumes["dashboards"]["projected"]["sources"]),
                         sorted(each["name"] for each in generated))

    def test_each_dashboard_can_be_applied(self) -> None:
        for path in (ROOT / "dashboards").glob("*.json"):
            self.assertLess(len(json.dumps(path.read_text())), APPLY_LIMIT - 1024, path.name)

    def test_nobody_comes_in_without_the_password_of_the_secret(self) -> None:
        grafana = {each["name"]: each for each in dict(pods())["grafana"]["containers"][0]["env"]}
        self.assertEqual(grafana["GF_AUTH_ANONYMOUS_ENABLED"]["value"], "false")
        self.assertEqual(grafana["GF_SECURITY_ADMIN_PASSWORD"]["valueFrom"]["secretKeyRef"], {"name": "grafana-admin", "key": "password"})

    def test_provisioning_is_given_what_it_asks_of_the_environment(self) -> None:
        given = {each["name"] for each in dict(pods())["grafana"]["containers"][0]["env"]}
        for path in (MONITORING / "grafana/provisioning").rglob("*.yaml"):
            self.assertLessEqual(set(re.findall(r"\$(\w+)", re.sub(r"(?m)#.*", "", path.read_text()))), given, path)


class PodTest(unittest.TestCase):
    def test_each_is_as_restricted_as_its_namespace_asks(self) -> None:
        namespace = next(each for each in manifests() if each["kind"] == "Namespace")
        self.assertEqual(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")
        for name, pod in pods():
            with self.subTest(name):
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertFalse({"hostNetwork", "hostPID"} & set(pod))
                self.assertFalse(any("hostPath" in volume for volume in pod.get("volumes", [])))
                for container in pod["containers"]:
                    self.assertEqual(container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                                    "capabilities": {"drop": ["ALL"]}})
                    self.assertRegex(container["image"], r":v?\d+\.\d+\.\d+$")
                    self.assertIn("memory", container["resources"]["limits"])
                    self.assertEqual({mount["name"] for mount in container.get("volumeMounts", [])},
                                     {volume["name"] for volume in pod.get("volumes", [])})

    @unittest.skipUnless(KUSTOMIZE, "kustomize is not here")
    def test_kustomize_builds_it_with_every_component(self) -> None:
        assert KUSTOMIZE
        with tempfile.TemporaryDirectory() as folder:
            top = os.path.relpath(MONITORING, Path(folder).resolve())
            (Path(folder) / "kustomization.yaml").write_text(
                f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{top}]\n"
                f"components: [{', '.join(f'{top}/{each}' for each in COMPONENTS)}]\n")
            said = subprocess.run([KUSTOMIZE, "build", folder], capture_output=True, text=True, check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        names = re.findall(r"(?m)^kind: (?:Deployment|DaemonSet)\nmetadata:\n(?:  labels:\n(?:    .*\n)+)?  name: (.*)$", said.stdout)
        self.assertEqual(sorted(names), sorted(name for name, _ in pods()))
        self.assertRegex(said.stdout, 'GF_AUTH_ANONYMOUS_ENABLED\n +value: "true"')


if __name__ == "__main__":
    unittest.main()
