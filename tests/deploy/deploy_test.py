#!/usr/bin/env python3
"""The manifests of deploy/, as kustomize makes them: what they name is there, they fit the nodes, and the programs know their flags.
Usage: deploy_test.py FOLDER, where the programs are."""
from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "bench/perf")]

import yaml  # noqa: E402

import checks  # noqa: E402
import schemas  # noqa: E402
from objects import image, pods  # noqa: E402
from rendered import LOAD_TESTS, OVERLAYS, ROOT, Tree, needs_kustomize, renderings  # noqa: E402
from restricted import own_images  # noqa: E402
from services import free_ports  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin")
DEPLOY = ROOT / "deploy"


@needs_kustomize
class RenderedTest(unittest.TestCase):
    def test_what_each_names_is_there_fits_and_is_allowed(self) -> None:
        world = checks.World.of(PROGRAMS)
        for name, documents in renderings().items():
            with self.subTest(name):
                self.assertEqual(list(map(str, checks.check(documents, world, "kind" not in name))), [])

    def test_an_image_is_set_in_one_place_for_all(self) -> None:
        everything = [*(f"overlays/{each}" for each in OVERLAYS), *(f"load/{each}" for each in LOAD_TESTS), "overlays/kind/smoke"]
        with Tree() as tree:
            path = tree.folder / "deploy/images/kustomization.yaml"
            path.write_text(re.sub(r"newTag: .*", "newTag: 7.7.7", path.read_text()))
            built = {what: tree.build(what) for what in everything}
        own = own_images(ROOT)
        for what, documents in built.items():
            tags = {tag for pod in pods(documents) for name, tag in map(image, pod.containers) if name in own}
            self.assertEqual(tags, {"7.7.7"}, what)

    def test_rules_for_the_cluster_look_at_what_is_there(self) -> None:
        known = {(pod.namespace, container["name"]) for pod in pods(renderings()["eks-incluster"]) for container in pod.containers}
        text = (DEPLOY / "monitoring/rules/incluster.yml").read_text()
        for space, names in set(re.findall(r'namespace="(\w+)", container=~"([\w|]+)"', text)):
            for name in names.split("|"):
                self.assertIn((space, name), known)

    def test_rules_for_the_cluster_take_targets_and_load_for_such_and_nothing_else(self) -> None:
        others = sorted(set(re.findall(r'container!~"([^"]+)"', (DEPLOY / "monitoring/rules/cluster.yml").read_text())))
        self.assertEqual(len(others), 1)
        left = {container["name"] for documents in renderings().values() for pod in pods(documents) if pod.namespace == "bench"
                for container in pod.containers if not re.fullmatch(others[0], container["name"])}
        self.assertEqual(left, {"baseline", "ingest", "go", "fastapi", "loadgen"})

    def test_loadgen_takes_the_arguments_of_each_load_test(self) -> None:
        """All but the addresses, which are not here: it gets as far as connecting."""
        for name in LOAD_TESTS:
            [job] = [pod for pod in pods(renderings()[f"load/{name}"]) if pod.labels.get("app.kubernetes.io/component") == "load"]
            given = [each.replace("$(JOB_COMPLETION_INDEX)", "0") for each in job.spec["containers"][0]["args"]]
            given = [re.sub(r"http://[^/]*", "http://127.0.0.1:1", each) for each in given]
            given = [each.replace(":8085", f"127.0.0.1:{port}" if each.startswith("--metrics") else f":{port}") for port in free_ports(1) for each in given]
            with tempfile.TemporaryDirectory() as folder:
                given = [f"--output={folder}" if each.startswith("--output") else each for each in given]
                said = subprocess.run([PROGRAMS / "loadgen", *given], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(said.returncode, 1, said.stderr)
            self.assertIn("cannot connect to 127.0.0.1:1", said.stderr)

    def test_prometheus_scrapes_every_container_that_exports(self) -> None:
        """By the port's name; so each of ours, and each exporter, has one."""
        for name, documents in renderings().items():
            scraped = {container["name"] for pod in pods(documents) for container in pod.containers
                       if any(port.get("name") == "metrics" for port in container.get("ports", []))}
            wanted = {"baseline", "ingest", "node-exporter", "postgres-exporter", "memcached-exporter", "prometheus"}
            self.assertEqual(wanted - scraped, set(), name)

    def test_each_object_stays_in_its_namespace(self) -> None:
        """A component that sets `namespace:` moves all that is beside it."""
        for name in OVERLAYS:
            spaces = {(each["kind"], each["metadata"]["name"]): each["metadata"].get("namespace") for each in renderings()[name]}
            for kind, which in [("Deployment", "baseline"), ("Deployment", "ingest"), ("Service", "postgres"), ("Service", "memcached")]:
                self.assertEqual(spaces[kind, which], "bench", f"{name}: {which}")
            for kind, which in [("Deployment", "prometheus"), ("Deployment", "grafana"), ("DaemonSet", "node-exporter"),
                                ("Deployment", "postgres-exporter"), ("Deployment", "memcached-exporter")]:
                self.assertEqual(spaces[kind, which], "monitoring", f"{name}: {which}")
            roles = sorted(each["metadata"]["namespace"] for each in renderings()[name] if each["kind"] == "RoleBinding")
            self.assertEqual(roles, ["bench", "monitoring"], name)

    def test_the_exporter_asks_for_tls_only_where_postgresql_has_it(self) -> None:
        """Its driver asks for it unless it is told not to."""
        self.assertRegex((DEPLOY / "config/postgresql/ec2-2xlarge.conf").read_text(), r"(?m)^ssl = off$")
        for name in OVERLAYS:
            [secret] = [each for each in renderings()[name] if each["kind"] == "Secret" and each["metadata"]["name"].startswith("postgres-exporter")]
            dsn = secret.get("stringData", {}).get("dsn") or base64.b64decode(secret["data"]["dsn"]).decode()
            self.assertTrue(dsn.endswith("?sslmode=disable"), name)

    def test_a_host_beside_the_cluster_is_scraped_as_its_backend(self) -> None:
        targets = next(each for each in renderings()["eks"] if each["metadata"]["name"].startswith("prometheus-targets"))["data"]
        labels = [entry["labels"] for text in targets.values() for entry in yaml.safe_load(text) or []]
        self.assertEqual(sorted(each["backend"] for each in labels), ["memcached", "postgres"])
        self.assertEqual({each["job"] for each in labels}, {"node"})

    def test_no_password_is_in_a_config_map_or_an_argument(self) -> None:
        with Tree() as tree:
            secret = [line.partition("=")[2] for line in (tree.folder / "deploy/secrets/passwords.env").read_text().splitlines()]
            texts = [str([each for each in tree.build(f"overlays/{overlay}") if each["kind"] != "Secret"]) for overlay in OVERLAYS]
        for text in texts:
            self.assertFalse([each for each in secret if each in text])


@needs_kustomize
@schemas.needed
class SchemaTest(unittest.TestCase):
    def test_each_object_is_as_the_api_wants_it(self) -> None:
        every = {str(each): each for documents in renderings().values() for each in documents}
        self.assertEqual(list(map(str, schemas.check(list(every.values())))), [])


class ReadmeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.text = (DEPLOY / "README.md").read_text()

    def test_what_it_names_is_there(self) -> None:
        for path in set(re.findall(r"(?<![\w./-])deploy/[\w/-]+(?:\.[\w]+)*", self.text)):
            if not path.endswith(".env"):  # which are made
                self.assertTrue((ROOT / path).exists(), path)

    def test_each_choice_that_no_overlay_has_is_named(self) -> None:
        used = "".join((DEPLOY / "overlays" / each / "kustomization.yaml").read_text() for each in OVERLAYS)
        for path in (DEPLOY / "components").iterdir():
            if f"- ../../components/{path.name}\n" not in used:
                self.assertIn(f"`{path.name}`", self.text)

    def test_each_test_of_load_is_named(self) -> None:
        for name in LOAD_TESTS:
            self.assertIn(name, self.text)

    def test_its_commands_are_what_a_shell_takes(self) -> None:
        for block in re.findall(r"(?s)```\n(.*?)```", self.text):
            said = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
            self.assertEqual((said.returncode, said.stderr), (0, ""), block)


class SecretsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.secrets = self.enterContext(Tree()).folder / "deploy/secrets"

    def test_the_example_names_every_password(self) -> None:
        example = (DEPLOY / "secrets/passwords.env.example").read_text()
        made = (self.secrets / "passwords.env").read_text()
        self.assertEqual(re.findall(r"(?m)^(\w+)=", example), re.findall(r"(?m)^(\w+)=", made))

    def test_one_that_nobody_chose_is_refused(self) -> None:
        example = (self.secrets / "passwords.env.example").read_text()
        for password in ("change-me", "short", "quote'and-all-the-rest"):
            (self.secrets / "passwords.env").write_text(example.replace("change-me", password))
            said = subprocess.run([self.secrets / "make"], capture_output=True, text=True, check=False)
            self.assertEqual(said.returncode, 1, password)
            self.assertIn("passwords.env: owner has to be", said.stderr)

    def test_passwords_stay_and_are_readable_by_their_owner_alone(self) -> None:
        before = (self.secrets / "postgres-owner.env").read_text()
        subprocess.run([self.secrets / "make"], check=True)
        self.assertEqual((self.secrets / "postgres-owner.env").read_text(), before)
        for path in self.secrets.rglob("*.env"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_git_keeps_none_of_them(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            for name in ("passwords.env", "postgres-owner.env", "incluster/postgres-roles.env"):
                said = subprocess.run(["git", "-c", f"core.excludesFile={DEPLOY}/secrets/.gitignore", "check-ignore", name], cwd=folder, check=False,
                                      capture_output=True)
                self.assertEqual(said.returncode, 0, name)


if __name__ == "__main__":
    unittest.main()
