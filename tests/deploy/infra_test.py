#!/usr/bin/env python3
"""deploy/infra: the scripts of the hosts beside the cluster, as far as they run without one, their user data, and the ClusterConfig."""
from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import yaml

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
INFRA, CONFIG = ROOT / "deploy/infra", ROOT / "deploy/config"
USER_DATA_LIMIT = 16 * 1024  # of EC2, before it is encoded
CHANGES_THE_MACHINE = ("apt-get", "curl", "mkfs.xfs", "mount", "runuser", "pg_createcluster", "systemctl", "sysctl", "chown")
# What eksctl's schema knows of what is used here: a mistyped key would be an error only when a cluster is being paid for.
KEYS = {
    "": {"apiVersion", "kind", "metadata", "availabilityZones", "iam", "addons", "managedNodeGroups"},
    "metadata": {"name", "region", "version"},
    "iam": {"withOIDC"},
    "addons": {"name", "wellKnownPolicies"},
    "managedNodeGroups": {"name", "instanceType", "availabilityZones", "desiredCapacity", "minSize", "maxSize", "labels", "taints"},
    "taints": {"key", "value", "effect"},
}


class HostTest(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.bin = self.root / "fake"
        self.bin.mkdir()
        for name in CHANGES_THE_MACHINE:  # whatever a script does by mistake, it does not do it here
            self.fake(name, f'echo {name} "$@" >>{self.root}/forbidden; exit 97')

    def tearDown(self) -> None:
        self.assertFalse((self.root / "forbidden").exists(), "a test would have changed this machine")

    def fake(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def run_in(self, host: str, command: str) -> "subprocess.CompletedProcess[str]":
        files = CONFIG / {"postgres": "postgresql"}.get(host, host)
        # A name of its own as $0: the file must not take itself for run.
        return subprocess.run(["bash", "-c", f'source "$1" && {command}', "a test", INFRA / host / "host.sh"],
                              capture_output=True, text=True, check=False,
                              env={"PATH": f"{self.bin}:{os.environ['PATH']}", "ROOT": str(self.root), "FILES": str(files)})

    def test_run_or_sourced_without_the_word_they_do_nothing(self) -> None:
        for host in ("postgres", "memcached"):
            path = INFRA / host / "host.sh"
            commands: list[list[str | Path]] = [[path], ["bash", "-c", 'source "$0"', path]]
            for command in commands:
                said = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": f"{self.bin}:{os.environ['PATH']}"})
                self.assertEqual((said.returncode, said.stdout), (2, ""))
                self.assertIn("make-this-host", said.stderr)

    def test_the_local_disk_is_found_among_network_disks(self) -> None:
        self.fake("lsblk", "echo '/dev/nvme0n1 Amazon Elastic Block Store'; echo '/dev/nvme1n1 Amazon EC2 NVMe Instance Storage'")
        self.assertEqual(self.run_in("postgres", "local_disk").stdout, "/dev/nvme1n1\n")

    def test_without_a_local_disk_it_says_what_to_take(self) -> None:
        self.fake("lsblk", "echo '/dev/nvme0n1 Amazon Elastic Block Store'")
        said = self.run_in("postgres", "local_disk")
        self.assertEqual(said.returncode, 1)
        self.assertIn("take an instance type that has one", said.stderr)

    def fake_disk(self, has_file_system: bool) -> None:
        self.fake("blkid", f'if [ "$1" = -s ]; then echo 1234; else exit {0 if has_file_system else 2}; fi')
        self.fake("mkfs.xfs", f'echo made "$@" >>{self.root}/log')
        self.fake("mountpoint", "exit 1")
        self.fake("mount", f'echo mounted "$@" >>{self.root}/log')
        (self.root / "etc").mkdir()

    def test_a_new_disk_is_formatted_and_mounted_at_every_boot(self) -> None:
        self.fake_disk(has_file_system=False)
        said = self.run_in("postgres", "mount_disk /dev/nvme1n1")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual((self.root / "log").read_text(), "made -q /dev/nvme1n1\nmounted /data\n")
        self.assertRegex((self.root / "etc/fstab").read_text(), r"^UUID=1234 /data xfs noatime,nofail\S* 0 2\n$")

    def test_a_disk_with_data_is_not_formatted(self) -> None:
        self.fake_disk(has_file_system=True)
        self.run_in("postgres", "mount_disk /dev/nvme1n1 && mount_disk /dev/nvme1n1")
        self.assertNotIn("made", (self.root / "log").read_text())
        self.assertEqual((self.root / "etc/fstab").read_text().count("/data"), 1)

    def test_postgresql_gets_the_configuration_and_lets_only_the_network_in(self) -> None:
        said = self.run_in("postgres", "configure 192.168.0.0/16")
        self.assertEqual(said.returncode, 0, said.stderr)
        folder = self.root / "etc/postgresql/15/main"
        self.assertEqual((folder / "conf.d/beastmark.conf").read_text(), (CONFIG / "postgresql/ec2-2xlarge.conf").read_text())
        lines = [line.split() for line in (folder / "pg_hba.conf").read_text().splitlines() if not line.startswith("#")]
        self.assertEqual(lines, [["local", "all", "postgres", "peer"],
                                 ["host", "devices", "beastmark,beastmark_owner,beastmark_monitor", "192.168.0.0/16", "scram-sha-256"]])

    def test_a_network_that_is_none_is_refused(self) -> None:
        said = self.run_in("postgres", "configure '<html>'")
        self.assertEqual(said.returncode, 1)
        self.assertIn("'<html>' is no address range", said.stderr)

    def install_roles(self) -> Path:
        self.assertEqual(self.run_in("postgres", "install_roles").returncode, 0)
        self.fake("runuser", 'echo "$owner_password $service_password $monitor_password"; echo "$@"')
        return self.root / "usr/local/sbin/beastmark-roles"

    def roles(self, given: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([self.install_roles()], input=given, capture_output=True, text=True, check=False,
                              env={"PATH": f"{self.bin}:{os.environ['PATH']}"})

    def test_roles_get_the_passwords_of_the_env_file(self) -> None:
        said = self.roles("owner_password=a\nservice_password=b=c\nmonitor_password=d\n")
        self.assertEqual(said.stdout.splitlines()[0], "a b=c d")
        self.assertRegex(said.stdout, r"-u postgres -- psql .* devices")
        self.assertNotIn("b=c", said.stdout.splitlines()[1])
        self.assertEqual((self.root / "usr/local/share/beastmark/roles.sql").read_text(), (CONFIG / "postgresql/roles.sql").read_text())

    def test_another_env_file_is_refused(self) -> None:
        said = self.roles("password=a\n")
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("'password' is none of", said.stderr)

    def test_memcached_may_open_as_many_descriptors_as_it_takes_connections(self) -> None:
        self.assertEqual(self.run_in("memcached", "configure").returncode, 0)
        options = re.findall(r"(?m)^(-\w) ?(.*)$", (self.root / "etc/memcached.conf").read_text())
        limit = re.search(r"LimitNOFILE=(\d+)", (self.root / "etc/systemd/system/memcached.service.d/descriptors.conf").read_text())
        assert limit
        self.assertGreater(int(limit[1]), int(dict(options)["-c"]))
        self.assertEqual(dict(options)["-l"], "0.0.0.0")
        self.assertEqual(len(options), len(dict(options)), "an option is given twice")

    def test_user_data_has_each_file_and_fits(self) -> None:
        for host, wanted in (("postgres", {"host.sh": INFRA / "postgres/host.sh", "ec2-2xlarge.conf": CONFIG / "postgresql/ec2-2xlarge.conf",
                                           "roles.sql": CONFIG / "postgresql/roles.sql"}),
                             ("memcached", {"host.sh": INFRA / "memcached/host.sh", "ec2-xlarge.conf": CONFIG / "memcached/ec2-xlarge.conf"})):
            text = subprocess.run([INFRA / "user-data", host], capture_output=True, text=True, check=True).stdout
            self.assertTrue(text.startswith("#cloud-config\n"))
            self.assertLess(len(text), USER_DATA_LIMIT)
            given = yaml.safe_load(text)
            self.assertEqual({Path(each["path"]).name: base64.b64decode(each["content"]).decode() for each in given["write_files"]},
                             {name: path.read_text() for name, path in wanted.items()})
            self.assertEqual(given["runcmd"], [["bash", "/opt/beastmark/host.sh", "make-this-host"]])

    def test_of_another_host_there_is_none(self) -> None:
        said = subprocess.run([INFRA / "user-data", "redis"], capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stdout), (2, ""))


class ClusterConfigTest(unittest.TestCase):
    def setUp(self) -> None:
        self.config: dict[str, Any] = yaml.safe_load((INFRA / "cluster.yaml").read_text())

    def test_its_keys_are_known(self) -> None:
        self.assertLessEqual(set(self.config), KEYS[""])
        for section in ("metadata", "iam"):
            self.assertLessEqual(set(self.config[section]), KEYS[section])
        for section in ("addons", "managedNodeGroups"):
            for each in self.config[section]:
                self.assertLessEqual(set(each), KEYS[section])
                for taint in each.get("taints", []):
                    self.assertEqual(set(taint), KEYS["taints"])

    def test_all_nodes_are_in_one_of_its_zones(self) -> None:
        zones = {zone for group in self.config["managedNodeGroups"] for zone in group["availabilityZones"]}
        self.assertEqual(len(zones), 1)
        self.assertLessEqual(zones, set(self.config["availabilityZones"]))
        self.assertGreaterEqual(len(self.config["availabilityZones"]), 2)

    def test_services_are_on_general_and_clients_and_monitoring_on_graviton_nodes(self) -> None:
        types = {group["name"]: group["instanceType"] for group in self.config["managedNodeGroups"]}
        self.assertEqual(types["general"], "m7a.large")
        for name in ("clients", "monitoring"):
            self.assertRegex(types[name], r"^c\d+g\.")

    def test_there_is_room_for_what_a_cluster_runs_for_itself(self) -> None:
        self.assertTrue([group for group in self.config["managedNodeGroups"] if "taints" not in group and group["desiredCapacity"]])


if __name__ == "__main__":
    unittest.main()
