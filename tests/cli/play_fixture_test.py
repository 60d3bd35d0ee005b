#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""play_fixture_test.py PLUMB [--write]: the playground's answers are those of its commands.

web/test/play_fixtures.json holds the commands that the playground copies, with what plumb answers; the page's own
engine is held to the same file (web/test/play_engine.test.ts). Here each command is run again, and every number has to
agree to 1e-10. --write stores what is answered now.
"""
import json
import math
import pathlib
import shlex
import subprocess
import sys
import tempfile

FILE = pathlib.Path(__file__).resolve().parents[2] / "web" / "test" / "play_fixtures.json"
LIMIT = 1e-10


def run(plumb, command, *more):
    words = shlex.split(command)
    assert words[0] == "plumb", command
    done = subprocess.run([plumb, *words[1:], *more], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def probe(plumb, command):
    answer = json.loads(run(plumb, command, "--no-check", "--books", "--json"))
    kept = ("path", "log2_grad_out", "log2_grad_in", "parts")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/run.plumb"
        run(plumb, command, "--no-check", "-o", path)
        report = json.loads(run(plumb, f"plumb report {path} --json"))["runs"][0]
    reach = report["measured"][0]["reach"]
    return {
        "loss": answer["loss"],
        "accuracy": answer["accuracy"],
        # What the verdict speaks of, and of which layers, counted from the input: what the page says must be the same.
        "reach": {"log10": reach["total"], "last": len(report["profile"])},
        "entries": [{key: entry[key] for key in kept} for entry in answer["ledger"]["entries"]],
    }


def train(plumb, command):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/run.plumb"
        run(plumb, command, "--record", "off", "-o", path)
        return {"losses": [step["loss"] for step in json.loads(run(plumb, f"plumb export {path} --format json"))["steps"]]}


def theory(plumb, command):
    answer = json.loads(run(plumb, command, "--json"))
    return {"q": answer["q_star"], "chi1": answer["chi1"]}


def differences(stored, now, where):
    if isinstance(now, dict):
        for key, value in now.items():
            yield from differences(stored.get(key) if isinstance(stored, dict) else None, value, f"{where}.{key}")
    elif isinstance(now, list):
        if not isinstance(stored, list) or len(stored) != len(now):
            yield f"{where}: {len(now)} values, stored are others"
            return
        for i, value in enumerate(now):
            yield from differences(stored[i], value, f"{where}[{i}]")
    elif isinstance(now, float):
        if not isinstance(stored, (int, float)) or not math.isclose(stored, now, rel_tol=LIMIT, abs_tol=LIMIT):
            yield f"{where}: {now}, stored is {stored}"
    elif stored != now:
        yield f"{where}: {now}, stored is {stored}"


def main():
    plumb = sys.argv[1]
    fixtures = json.loads(FILE.read_text())
    problems = []
    for kind, answer in (("probes", probe), ("trainings", train), ("theory", theory)):
        assert fixtures[kind], f"no {kind}"
        for fixture in fixtures[kind]:
            now = answer(plumb, fixture["command"])
            problems += differences({key: fixture.get(key) for key in now}, now, fixture["command"])
            fixture.update(now)
    if "--write" in sys.argv:
        FILE.write_text(json.dumps(fixtures, indent=1) + "\n")
        return
    if problems:
        sys.exit("\n".join(problems[:20]))
    print(sum(len(fixtures[kind]) for kind in ("probes", "trainings", "theory")), "commands answer what is stored")


main()
