#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""runs_follow_test.py PLUMB: `plumb runs` lists what is there, `plumb follow` a run while it is trained."""
import json
import pathlib
import subprocess
import sys
import tempfile

PLUMB = sys.argv[1]
DATA = ["--data", "teacher?n=320&in=16&classes=10"]


def run(*words, cwd=None, code=0, **more):
    done = subprocess.run([PLUMB, *words], capture_output=True, text=True, cwd=cwd, timeout=120, check=False, **more)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        assert "no folder" in run("runs", cwd=folder)
        (pathlib.Path(folder) / "plumb-runs").mkdir()
        assert "no runs" in run("runs", cwd=folder)

        sick = "20 x [dense 16 > sigmoid] > dense 10"
        for rate in ("0.1", "0.2"):
            run("train", sick, *DATA, "--steps", "60", "--lr", rate, "-o", f"{folder}/plumb-runs/rate{rate}.plumb")
        (pathlib.Path(folder) / "plumb-runs" / "broken.plumb").write_text("no run")
        text = run("runs", cwd=folder, env={"COLUMNS": "160", "PATH": "/usr/bin"})
        lines = {line.split()[0]: line for line in text.splitlines()}
        assert set(lines) == {"run", "rate0.1", "rate0.2", "broken"}, text
        assert "lr=0.1" in lines["rate0.1"] and "lr=0.2" in lines["rate0.2"], text
        assert "seed=" not in text and "Vanishing gradient" in lines["rate0.1"] and "finished" in lines["rate0.1"], text
        assert "not read" in lines["broken"], text
        # A narrow terminal: two lines a run, and nothing that matters is cut.
        narrow = run("runs", cwd=folder, env={"COLUMNS": "80", "PATH": "/usr/bin"})
        assert all(len(line) <= 80 for line in narrow.splitlines()), narrow
        for part in ("finished, loss", "Vanishing gradient at layer 1", f"  lr=0.1  {sick}", f"  lr=0.2  {sick}"):
            assert part in narrow, (part, narrow)
        rows = {row["name"]: row for row in json.loads(run("runs", "--json", cwd=folder))}
        assert rows["rate0.1"]["step"] == 60 and rows["rate0.1"]["standing"] == "ended", rows
        run("runs", f"{folder}/none", code=1)

        path = f"{folder}/live.plumb"
        program = subprocess.Popen([PLUMB, "train", sick, *DATA, "--steps", "400", "-o", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not pathlib.Path(path).exists():
            assert program.poll() is None
        followed = run("follow", path)
        assert program.wait(120) == 0
        assert "critical  Vanishing gradient at layer 1" in followed, followed
        assert "step 400/400" in followed and "finished" in followed, followed
        assert followed == run("follow", path, "--once") or "finished" in followed
        run("follow", f"{folder}/none.plumb", code=1)
        # Without a name: the newest run.
        newest = run("follow", "--once", cwd=folder)
        assert newest.startswith("plumb-runs/rate0.2.plumb\n" + sick) or "rate0.2.plumb" in newest.splitlines()[0], newest
        assert "live.plumb" in run("follow", folder, "--once").splitlines()[0]
        (pathlib.Path(folder) / "empty").mkdir()
        run("follow", f"{folder}/empty", code=1)
        run("follow", cwd=f"{folder}/empty", code=1)
    print("runs and follow fine")


main()
