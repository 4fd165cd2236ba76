#!/usr/bin/env python3
"""The images, as ./bench image makes them, started as the manifests have them: they keep the contract, hold no compiler, and see their
CPU limit. Usage: images_test.py BUILD PREFIX TAG, the images being PREFIX/baseline:TAG and so on."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "bench/perf")]

from containers import podman_run_of  # noqa: E402
from objects import Pods, pods  # noqa: E402
from rendered import renderings  # noqa: E402
from services import free_ports  # noqa: E402

BUILD, PREFIX, TAG = (Path(sys.argv.pop(1)).resolve(), sys.argv.pop(1), sys.argv.pop(1))
BOTH_CONTENDERS = "eks-incluster with both contenders"
CPUS = 0.2  # so few that it gets them on a busy machine, too
COMPILERS = "command -v gcc g++ cc c++ cpp clang ld as make cmake ninja"


def image(program: str) -> str:
    return f"{PREFIX}/{program}:{TAG}"


def pod_of(rendering: str, container: str) -> Pods:
    return next(pod for pod in pods(renderings()[rendering]) if any(each["name"] == container for each in pod.containers)
                and pod.workload["metadata"]["name"] in (container, "load"))


def command(rendering: str, program: str, name: str, cpus: float | None = None) -> list[str]:
    return podman_run_of(pod_of(rendering, program), program, image(program), f"beastmark-test-{os.getpid()}-{name}", cpus)


def in_shell(run: list[str], script: str) -> str:
    """What it prints in that container, instead of its program."""
    return subprocess.run([*run[:-1], "--entrypoint", "/bin/sh", run[-1], "-c", script], capture_output=True, text=True, check=False).stdout


def text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


class ImagesTest(unittest.TestCase):
    def holds(self, program: str, kind: str) -> None:
        environment = {**os.environ, "BEASTMARK_CONTRACT_KIND": kind, "BEASTMARK_CONTRACT_COMMAND": json.dumps(command("eks", program, program))}
        ended = subprocess.run([BUILD / "tests/contract_test"], env=environment, capture_output=True, text=True, timeout=900, check=False)
        self.assertEqual(ended.returncode, 0, "\n".join((ended.stdout + ended.stderr).splitlines()[-60:]))

    def test_baseline_keeps_the_contract_under_its_pods_limits_and_security_context(self) -> None:
        self.holds("baseline", "get")

    def test_ingest_keeps_the_contract_under_its_pods_limits_and_security_context(self) -> None:
        self.holds("ingest", "post")

    def test_no_image_holds_a_compiler_and_each_tells_its_revision(self) -> None:
        for program in ("baseline", "ingest", "loadgen", "go", "fastapi"):
            told = json.loads(subprocess.run(["podman", "image", "inspect", image(program)], capture_output=True, text=True, check=True).stdout)[0]
            self.assertEqual(told["Config"]["User"], "10001:10001")
            revision = told["Config"]["Labels"]["org.opencontainers.image.revision"]
            rendering = {"loadgen": "load/smoke", "go": BOTH_CONTENDERS, "fastapi": BOTH_CONTENDERS}.get(program, "eks")
            said = subprocess.run([*command(rendering, program, "version"), "--version"], capture_output=True, text=True, check=True).stdout
            self.assertIn(revision, said)
            said = in_shell(command(rendering, program, "compilers"), COMPILERS)
            self.assertEqual(said, "", program)

    def test_loadgen_trusts_the_authorities_of_debian(self) -> None:
        said = in_shell(command("load/smoke", "loadgen", "authorities"), "grep -c 'BEGIN CERTIFICATE' /usr/lib/ssl/cert.pem")
        self.assertGreater(int(said or 0), 50)

    def serve(self, rendering: str, program: str, cpus: float | None = None) -> tuple[int, int]:
        """Its port and its admin port; it ends with the test."""
        port, admin = free_ports(2)
        service = subprocess.Popen([*command(rendering, program, f"{program}-serves", cpus), f"--port={port}", f"--admin-port={admin}",
                                    "--address=127.0.0.1", "--admin-address=127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait)
        self.addCleanup(service.terminate)
        for _ in range(300):
            self.assertIsNone(service.poll(), "the service ended")
            try:
                text(f"http://127.0.0.1:{admin}/readyz")
                return port, admin
            except OSError:
                time.sleep(0.1)
        self.fail(f"{program} is not ready after 30 s")

    def test_contenders_answer_as_the_baseline_does(self) -> None:
        answers = []
        for rendering, program in (("eks", "baseline"), (BOTH_CONTENDERS, "go"), (BOTH_CONTENDERS, "fastapi")):
            port, _ = self.serve(rendering, program)
            answers.append(json.loads(text(f"http://127.0.0.1:{port}/api/devices")))
        self.assertEqual(len(answers[0]), 3)
        self.assertEqual(answers[1:], answers[:1] * 2)

    def test_a_service_at_a_fifth_of_a_cpu_is_throttled_as_its_metrics_the_verdict_and_the_report_say(self) -> None:
        port, admin = self.serve("eks", "baseline", CPUS)
        with tempfile.TemporaryDirectory(dir="/var/tmp") as out:
            os.chmod(out, 0o777)
            load = command("load/smoke", "loadgen", "load")
            load[-1:] = ["-v", f"{out}:/out", load[-1]]
            ended = subprocess.run([*load, "run", f"--target=baseline=http://127.0.0.1:{port}/api/devices", "-c", "64", "--stage", "12s:1k..120k/12", "--plain",
                                    "--scrape", f"baseline=http://127.0.0.1:{admin}/metrics", "-o", "/out/run"], capture_output=True, text=True, check=False)
            self.assertIn("/out/run/result.json", ended.stdout, ended.stderr)  # to be believed or not: others have these cores, too
            told = json.loads(Path(out, "run/result.json").read_text())["targets"]["baseline"]["validity"]
            report = Path(out, "run/report.html").read_text()
        metrics = text(f"http://127.0.0.1:{admin}/metrics")
        figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line.startswith("cgroup_"))
        self.assertEqual(float(figures["cgroup_cpu_limit_cores"]), CPUS)
        self.assertGreater(float(figures["cgroup_cpu_throttled_seconds_total"]), 0)
        sentence = f"its CPU quota of {CPUS} cores stopped the service in "
        print(f"\n  {told['text']}\n  cgroup_cpu_throttled_seconds_total {figures['cgroup_cpu_throttled_seconds_total']}")
        for where in (ended.stdout, told["text"], report):
            self.assertIn(sentence, where)


if __name__ == "__main__":
    unittest.main()
