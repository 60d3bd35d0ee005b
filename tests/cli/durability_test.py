#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills, full disks, moved and read-only files, over every command that writes: nothing is lost but what was
never written.

usage: durability_test.py PLUMB [unittest options]

A case is a command and something that happens to it. Afterwards each output is what was there before, or
complete, or (of a run) readable up to a moment ago; no input has changed, and nothing unfinished lies about.
"""

import concurrent.futures
import csv
import hashlib
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path
from xml.etree import ElementTree

PLUMB = ""
NET = "dense 8 > tanh > dense 2"
DATA = ["--data", "npz:data.npz"]
TRAIN = ["train", NET, *DATA, "--batch", "10", "--steps", "40", "-q", "--no-check"]
LONG = ["train", NET, *DATA, "--batch", "10", "--steps", "100000000", "-q", "--no-check"]
TIMEOUT_S = 60
LEAST_CASES = 200
OLD = b"what was here before\n"


def is_page(content):
    return content.rstrip().endswith(b"</html>")


def is_json(content):
    return bool(json.loads(content))


def is_csv(content):
    lines = list(csv.reader(io.StringIO(content.decode())))
    return content.endswith(b"\n") and len({len(line) for line in lines}) == 1 and len(lines) > 1


def is_npz(content):
    return zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def is_safetensors(content):
    header = int.from_bytes(content[:8], "little")
    end = max(entry["data_offsets"][1] for entry in json.loads(content[8 : 8 + header]).values())
    return len(content) == 8 + header + end


def is_svg(content):
    return ElementTree.fromstring(content).tag.endswith("svg")


# (name, arguments, output, whether it is complete). A run is looked at by plumb itself.
WRITERS = [
    ("report", ["report", "run.plumb", "-o", "out.html"], "out.html", is_page),
    ("export json", ["export", "run.plumb", "-o", "out.json"], "out.json", is_json),
    ("export csv", ["export", "run.plumb", "--format", "csv", "-o", "out.csv"], "out.csv", is_csv),
    ("save-weights npz", [*TRAIN, "--no-record", "--save-weights", "out.npz"], "out.npz", is_npz),
    ("save-weights safetensors", [*TRAIN, "--no-record", "--save-weights", "out.safetensors"], "out.safetensors",
     is_safetensors),
    ("save-best", [*TRAIN, "--no-record", "--save-best", "out.npz"], "out.npz", is_npz),
    ("checkpoint", [*TRAIN, "--no-record", "--checkpoint", "out.npz", "--checkpoint-every", "1"], "out.npz", is_npz),
    ("save-tensors", ["probe", NET, *DATA, "--no-check", "--save-tensors", "out.npz"], "out.npz", is_npz),
    ("predict csv", ["predict", "point.npz", "-o", "out.csv"], "out.csv", is_csv),
    ("predict npz", ["predict", "point.npz", "-o", "out.npz"], "out.npz", is_npz),
    ("theory svg", ["theory", "-a", "tanh", "--init", "glorot_normal", "--svg", "out.svg"], "out.svg", is_svg),
    ("lab", ["lab", "chain-numbers", "-o", "out.html"], "out.html", is_page),
    ("play", ["play", "-o", "out.html"], "out.html", is_page),
]
RUNS = [
    ("train", [*TRAIN, "-o", "out.plumb"], "out.plumb"),
    ("probe", ["probe", NET, *DATA, "--no-check", "-o", "out.plumb"], "out.plumb"),
    ("merge", ["merge", "run.plumb", "twin.plumb", "-o", "out.plumb"], "out.plumb"),
]


def digest(folder, leave_out):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
            if path.is_file() and not path.name.startswith(leave_out) and  # a killed program's draft among them
            not path.name.endswith(("-wal", "-shm", ".draft"))}


class Workplace:
    """A folder with data, a run and a checkpoint."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        generator = random.Random(3)
        arrays = {"x": ((60, 3), [generator.gauss(0, 1) for _ in range(180)]), "y": ((60,), [n % 2 for n in range(60)])}
        self.write_npz("data.npz", arrays)
        self.run(*TRAIN, "-o", "run.plumb", "--checkpoint", "point.npz", check=True)
        (self.folder / "twin.plumb").write_bytes((self.folder / "run.plumb").read_bytes())

    def write_npz(self, name, arrays):
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            for key, (shape, values) in arrays.items():
                kind = "<f8" if isinstance(values[0], float) else "<i8"
                header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape!r}, }}"
                header += " " * (-(10 + len(header) + 1) % 64) + "\n"
                body = b"".join(int(v).to_bytes(8, "little", signed=True) if kind == "<i8" else
                                __import__("struct").pack("<d", v) for v in values)
                archive.writestr(f"{key}.npy",
                                 b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + body)

    def run(self, *arguments, check=False, **options):
        return subprocess.run([PLUMB, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT_S,
                              check=check, **options)

    def start(self, *arguments):
        return subprocess.Popen([PLUMB, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def drafts(self):
        return [path.name for path in self.folder.rglob("*") if path.name.endswith((".draft", ".partial", ".claim")) or
                ".new-" in path.name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()


def kill_writer(place, arguments, output, complete, moment_s, had_file):
    path = place.folder / output
    if had_file:
        path.write_bytes(OLD)
    before = digest(place.folder, "out")
    process = place.start(*arguments)
    time.sleep(moment_s)
    process.kill()
    process.communicate()
    assert digest(place.folder, "out") == before, "an input changed"
    if path.exists():
        content = path.read_bytes()
        assert (had_file and content == OLD) or complete(content), f"half a file of {len(content)} bytes"
    else:
        assert not had_file, "the old file is gone"
    if path.exists() and path.read_bytes() != OLD:
        path.unlink()  # a checkpoint of another training would be kept
    done = place.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert complete(path.read_bytes())


def kill_run(place, arguments, output, moment_s):
    path = place.folder / output
    process = place.start(*arguments)
    time.sleep(moment_s)
    process.kill()
    process.communicate()
    if path.exists():
        told = place.run("diagnose", output)
        assert told.returncode == 0 or "holds no run yet" in told.stderr, told.stderr
        refused = place.run(*arguments)
        assert refused.returncode == 1 and "--force replaces it" in refused.stderr, refused.stderr
    done = place.run(*arguments, "--force")
    assert done.returncode == 0, done.stderr
    assert place.run("diagnose", output, "--json").returncode == 0


def full_disk_writer(place, arguments, output, room_bytes, had_file):
    path = place.folder / output
    if had_file:
        path.write_bytes(OLD)

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))

    done = place.run(*arguments, preexec_fn=small_disk)
    if done.returncode == 0:  # it fits
        return
    assert done.returncode == 1, done.stderr
    assert output in done.stderr, done.stderr
    assert (path.read_bytes() == OLD) if had_file else not path.exists(), "not what was there before"
    assert place.drafts() == [], place.drafts()
    if arguments[0] == "train":
        assert "train, npz:data.npz" in done.stdout, "the training ends without its diagnosis"


def full_disk_run(place, arguments, output, room_bytes):
    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))

    done = place.run(*arguments, preexec_fn=small_disk)
    path = place.folder / output
    if done.returncode == 0:
        assert place.run("diagnose", output).returncode == 0
        return
    assert output in done.stderr, done.stderr
    if path.exists():
        told = place.run("diagnose", output)
        assert told.returncode == 0 or "holds no run yet" in told.stderr, told.stderr


def full_device(place, arguments, output):
    """A link to a device that is always full stays one."""
    path = place.folder / output
    path.symlink_to("/dev/full")
    done = place.run(*arguments)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert path.is_symlink() and path.is_char_device()
    assert output in done.stderr and "No space left" in done.stderr, done.stderr


def read_only(place, arguments, output):
    path = place.folder / output
    path.write_bytes(OLD)
    path.chmod(0o444)
    done = place.run(*arguments)
    assert done.returncode == 1 and output in done.stderr, done.stderr
    assert path.read_bytes() == OLD and place.drafts() == []


def through_link(place, arguments, output, complete):
    target = place.folder / "sub" / "target"
    target.parent.mkdir()
    target.write_bytes(OLD)
    (place.folder / output).symlink_to(Path("sub") / "target")
    done = place.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert (place.folder / output).is_symlink() and complete(target.read_bytes())


def through_fifo(place, arguments, output, complete):
    path = place.folder / output
    os.mkfifo(path)
    received = place.folder / "received"
    with received.open("wb") as file:
        reader = subprocess.Popen(["cat", str(path)], stdout=file)
    done = place.run(*arguments)
    reader.wait(timeout=TIMEOUT_S)
    content = received.read_bytes()
    assert done.returncode == 0, done.stderr
    assert path.is_fifo() and complete(content)


def onto_itself(place, arguments, output):
    """The output is an input, by name, link or hard link."""
    run = place.folder / "run.plumb"
    names = ["run.plumb", "./run.plumb", "link.plumb", "hard.plumb"]
    (place.folder / "link.plumb").symlink_to("run.plumb")
    os.link(run, place.folder / "hard.plumb")
    before = run.read_bytes()
    for name in names:
        done = place.run(*[name if argument == output else argument for argument in arguments])
        assert done.returncode == 1, (name, done.stderr)
        assert run.read_bytes() == before


def meddle(place, how, moment_s, recorded):
    """Something happens to the file of a training that runs, which Ctrl-C ends."""
    arguments = [*LONG, "-o", "out.plumb"] if recorded else LONG
    process = subprocess.Popen([PLUMB, *arguments], cwd=place.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    folder = place.folder if recorded else place.folder / "plumb-runs"
    deadline = time.monotonic() + TIMEOUT_S
    paths = []
    while not paths and time.monotonic() < deadline:
        time.sleep(0.01)
        paths = [path for path in folder.glob("*.plumb") if path.name not in ("run.plumb", "twin.plumb")]
    path = paths[0]
    time.sleep(moment_s)
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir()
    if how == "move":
        path.rename(elsewhere / "moved.plumb")
    elif how == "delete":
        path.unlink()
    elif how == "read-only":
        path.chmod(0o444)
    elif how == "link":
        os.link(path, elsewhere / "moved.plumb")
        path.unlink()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=TIMEOUT_S)
    assert "interrupted" in output and "Gradient ledger" in output, f"no diagnosis: {output}{errors}"
    if how == "delete":
        assert "was deleted" in errors, errors
        return
    at = elsewhere / "moved.plumb" if how in ("move", "link") else path
    told = place.run("diagnose", str(at), "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["end"] == "interrupted", "the end of the run is missing"


def without_log(place, moment_s):
    process = place.start(*LONG, "-o", "out.plumb")
    path = place.folder / "out.plumb"
    while not path.exists():
        time.sleep(0.01)
    time.sleep(moment_s)
    process.kill()
    process.communicate()
    log = place.folder / "out.plumb-wal"
    if not log.exists() or log.stat().st_size == 0:
        return
    (place.folder / "copy.plumb").write_bytes(path.read_bytes())
    told = place.run("diagnose", "copy.plumb")
    assert "copy.plumb-wal" in told.stderr, told.stderr


def resumed(place, moment_s):
    """A killed training goes on from its checkpoint to the same bits."""
    whole = [*TRAIN, "--no-record", "--no-check", "--optimiser", "adam", "--steps", "600"]
    assert place.run(*whole, "--save-weights", "whole.npz").returncode == 0
    process = place.start(*whole, "--checkpoint", "out.npz", "--checkpoint-every", "5")
    time.sleep(moment_s)
    process.kill()
    process.communicate()
    if not (place.folder / "out.npz").exists():
        return
    done = place.run("train", "--resume", "out.npz", "--checkpoint", "out.npz", "--no-record", "-q", "--save-weights",
                     "rest.npz")
    assert done.returncode == 0, done.stderr
    assert (place.folder / "whole.npz").read_bytes() == (place.folder / "rest.npz").read_bytes()


def cases():
    moments = random.Random(11)
    for name, arguments, output, complete in WRITERS:
        for had_file in (False, True):
            for _ in range(3):
                yield (f"{name}: kill", kill_writer, arguments, output, complete, moments.uniform(0.0, 0.25), had_file)
            for room in (0, 1000):
                yield f"{name}: full disk at {room}", full_disk_writer, arguments, output, room, had_file
        yield f"{name}: full device", full_device, arguments, output
        yield f"{name}: read-only file", read_only, arguments, output
        yield f"{name}: link", through_link, arguments, output, complete
        if name not in ("save-best", "checkpoint"):  # which write many times
            yield f"{name}: FIFO", through_fifo, arguments, output, complete
    for name, arguments, output in RUNS:
        for _ in range(8):
            yield f"{name}: kill", kill_run, arguments, output, moments.uniform(0.0, 0.3)
        for room in (0, 1000, 5000, 20_000, 60_000, 100_000):
            yield f"{name}: full disk at {room}", full_disk_run, arguments, output, room
        yield f"{name}: read-only file", read_only, arguments, output
    for name, arguments, output, _ in WRITERS[:3]:
        yield f"{name}: onto itself", onto_itself, arguments, output
    for recorded in (True, False):
        for how in ("move", "delete", "read-only", "link"):
            for moment_s in (0.05, 0.7):
                yield f"training, file {how}", meddle, how, moment_s, recorded
    for moment_s in (0.05, 0.4, 0.8):
        yield "copy without its log", without_log, moment_s
    for moment_s in (0.1, 0.15, 0.2, 0.3):
        yield "resume after a kill", resumed, moment_s


def judge(case):
    name, function, *rest = case
    with Workplace() as place:
        try:
            function(place, *rest)
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError, zipfile.BadZipFile,
                ElementTree.ParseError) as error:
            return f"{name} {[item for item in rest if isinstance(item, (int, float, str))]}: {type(error).__name__} {error}"
    return ""


class DurabilityTest(unittest.TestCase):
    def test_every_case_of_the_table(self):
        table = list(cases())
        self.assertGreaterEqual(len(table), LEAST_CASES)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [problem for problem in pool.map(judge, table) if problem]
        print(f"{len(table)} cases, {len(wrong)} lost something")
        self.assertEqual(len(wrong), 0, "\n".join(wrong))


if __name__ == "__main__":
    PLUMB = os.path.abspath(sys.argv.pop(1))
    unittest.main()
