#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile inputs, by table: every line of it must end with one clear message, the right exit code and no file.

usage: hostile_test.py PLUMB [unittest options]

A row is (arguments, exit code, what the message must hold). Rows are made by families: every number option
with every bad number, every command with every kind of file that is no run, and so on.
"""

import concurrent.futures
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLUMB = ""
NET = "dense 4 > relu > dense 2"
DATA = ["--data", "spirals?n=20"]
TIMEOUT_S = 60
LEAST_ROWS = 500
# What an error of a program rather than of its input looks like.
NEVER = ["terminate called", "std::", "bad_alloc", "vector::", "basic_string", "Assertion", "\x1b", "PLUMB_CHECK",
         "nlohmann", "CLI::", "core dumped"]

REALS = ["lr", "gain", "momentum", "weight-decay", "rho", "beta1", "beta2", "eps", "clip-norm", "clip-value",
         "validation"]
COUNTS = ["batch", "epochs", "steps", "limit", "warmup", "seed", "threads", "patience"]
BAD_REALS = ["abc", "", "nan", "inf", "-inf", "-1", "1e999", "0x10", "1,5", "1 2", "--", "\u0661", "1e", "NaN(0x1)",
             "1\n2", "$(id)", "%s%n", "1;2"]
BAD_COUNTS = ["abc", "", "nan", "inf", "-1", "1.5", "99999999999999999999", "0x10", "1,000", "1 2", "1e400", "-0x1",
              "two", "1\x00"[:1] + "\t", "%d", "9" * 400]


def numbers():
    for option in REALS:
        for value in BAD_REALS:
            yield ["probe", NET, *DATA, f"--{option}={value}"], 2, f"--{option}: "
    for option in COUNTS:
        for value in BAD_COUNTS:
            yield ["probe", NET, *DATA, f"--{option}={value}"], 2, f"--{option}: "
    for option in ("batch", "epochs", "threads"):
        yield ["probe", NET, *DATA, f"--{option}", "0"], 2, "expected at least 1"
    yield ["train", NET, *DATA, "--batch", "5", "--epochs", "9223372036854775807"], 1, "more steps than can be counted"
    yield ["train", NET, *DATA, "--threads", "100000"], 2, "expected at most"
    yield ["train", NET, *DATA, "--checkpoint", "c.npz", "--checkpoint-every", "-1"], 2, "--checkpoint-every"
    yield ["diagnose", "good.plumb", "--step", "-1"], 1, "--step: -1 was not measured"
    yield ["diagnose", "good.plumb", "--step", "x"], 2, "--step"
    yield ["diagnose", "good.plumb", "--step", "99999999999999999999"], 1, "was not measured"
    for value in ("1e11", "100000000000", "1e3"):
        yield ["probe", NET, *DATA, "--batch", value], 0, ""


def words():
    for option, value, meant in [
            ("optimiser", "adma", "adam"), ("optimizer", "sdg", "sgd"), ("loss", "cross_entrpy", "cross_entropy"),
            ("init", "xavier_unifrom", "xavier_uniform"), ("init", "he_nromal", "he_normal"), ("bias-init", "zeors", "zeros"),
            ("precision", "duoble", "double")]:
        yield ["train", NET, *DATA, "--no-record", f"--{option}", value], None, f"did you mean '{meant}'"
    for option in ("optimiser", "loss", "init", "bias-init", "precision", "schedule", "record", "data"):
        for value in ("nonsense", "\x1b[31mred", "a" * 2000, "'; DROP TABLE info; --", "../../etc/passwd", "%s%s%n",
                      "\u202etxt", "\xff"):
            yield ["train", NET, *DATA, "--no-record", f"--{option}", value], None, f"{option.split('-')[-1]}"
    for option, meant in [("--optimzer", "--optimizer"), ("--epoch", "--epochs"), ("--learning-rat", "--learning-rate"),
                          ("--ouput", "--output"), ("--bach", "--batch")]:
        yield ["train", NET, *DATA, option, "1"], 2, f"did you mean '{meant}'"
    for command, meant in [("trian", "train"), ("diagnos", "diagnose"), ("reprot", "report"), ("exprot", "export"),
                           ("porbe", "probe"), ("evaluat", "evaluate"), ("lr-fnd", "lr-find"), ("predcit", "predict")]:
        yield [command], 2, f"did you mean '{meant}'"
        yield ["help", command], 2, f"did you mean '{meant}'"
    for command in ("", " ", "\n", "train ", "TRAIN", "--", "-", "a" * 5000, "\x1b]0;x\x07"):
        yield [command], 2, ""
    for value in ("BOTH", "2", "ture"):
        for option in ("shuffle", "nesterov", "standardise", "decoupled", "decay-bias", "stop-on-nan"):
            yield ["train", NET, *DATA, "--no-record", f"--{option}={value}"], 2, "expected true or false"


def networks():
    for text, code in [
            ("", 1), (" ", 1), (">", 1), ("dense", 1), ("dense -1", 1), ("dense 0", 1), ("dense 1e3", 1), ("dense 4 >", 1),
            ("> dense 4", 1), ("dense 4 > > dense 2", 1), ("[dense 4]", 1), ("2 x", 1), ("2 x [", 1), ("x [dense 4]", 1),
            ("0 x [dense 4]", 1), ("-1 x [dense 4]", 1), ("res[dense 3", 1), ("res[dense 3]]", 1), ("res dense 3", 1),
            ("dense 4 > nope > dense 2", 1), ("Dense 4", 1), ("dense 4 bais=false", 1), ("dense 4 bais", 1),
            ("dense 4 bias=", 1), ("dense 4 bias=maybe", 1), ("dense 4 4", 1), ("conv 4 3x3", 1), ("maxpool 2", 1),
            ("lstm 4", 1), ("dropout 2 > dense 2", 1), ("dropout -1 > dense 2", 1), ("dropout nan > dense 2", 1),
            ("leaky_relu inf > dense 2", 1), ("dense 99999999999999999999", 1), ("dense 9223372036854775807", 1),
            ("dense 2147483648", 1), ("99999999999 x [dense 2]", 1), ("100001 x dense 2", 1), ("[" * 100 + "]" * 100, 1),
            ("65 x " * 3 + "dense 2", 1), ("res[" * 80 + "dense 2" + "]" * 80, 1), ("dense 4\x1b[31m", 1),
            ("dense 4 > \u2192 dense 2", 1), ("dense 4 -> dense 2", 1), ("dense 4, relu, dense 2", 1),
            ("dense(4) > dense(2)", 1), ("dense 4 | relu", 1), ("nn.Linear(2, 4)", 1), ("dense 4;dense 2", 1),
            ("resnet21", 1), ("resnet20 classes=x", 1), ("resnet99999999998", 1), ("mlp depth=-1", 1), ("gn 0", 1),
            ("gn 3 > dense 2", 1), ("highway[dense 3]", 1), ("res scale=nan [dense 2]", 1), ("res[dense 4]", 1),
            ("dense 1", 1), ("dense 2 > last", 1), ("a" * 100000, 1), ("dense 4 > " * 10000, 1)]:
        yield ["probe", text, *DATA], code, ""
    yield ["layers", "nope"], 1, "unknown layer 'nope'"
    yield ["layers", "dense 4 > rellu"], 1, "did you mean 'relu'"
    yield ["layers", "dense 4", "--input", "0"], 1, "--input"
    for shape in ("", "x", "3x", "axb", "-1", "1e9", "99999999999999999999", "1x2x3x4x5x6x7x8x9x10x11x12"):
        yield ["layers", "dense 4", "--input", shape], 1, ""
    yield ["layers", "dense 1000000000", "--input", "1000000"], 1, "of memory"
    yield ["probe", "dense 1000000000 > dense 2", "--data", "teacher?n=20&in=60000&classes=2"], 1, "of memory"
    yield ["probe", "99997 x [dense 100000] > dense 2", *DATA], 1, "of memory"
    for more in (["flatten", "10"], ["x", "[dense", "64", "]"]):
        yield ["train", *more], 2, "a network is one argument, in quotes"


def sources():
    for text in ["", ":", "?", "csv", "csv:", "csv:?label=a", "csv:nowhere.csv", "csv:.", "csv:/dev/null", "csv:/dev/zero",
                 "csv:text.csv?label=", "csv:text.csv?label=nope", "csv:text.csv?lable=b", "csv:text.csv?label=b&label=b",
                 "csv:text.csv?label=b&target=a", "csv:text.csv?sep=0", "csv:text.csv?header=maybe", "csv:empty.csv",
                 "csv:nul.csv?label=b", "csv:ragged.csv?label=b", "csv:good.plumb?label=b",
                 "csv:huge.csv?label=b", "csv:bomb.csv.gz?label=b", "csv:cut.csv.gz?label=b", "npz:", "npz:nowhere.npz",
                 "npz:text.csv", "npz:empty.csv", "npz:good.plumb", "npz:.", "npz:/dev/zero", "safetensors:text.csv",
                 "folder:", "folder:nowhere", "folder:text.csv", "folder:empty", "folder:empty?size=0x0",
                 "folder:empty?size=999999x999999", "folder:empty?grey=2", "mnist:", "mnist:nowhere", "mnist:empty",
                 "mnist:text.csv", "glyphs?n=0", "glyphs?n=-1", "glyphs?n=1e9", "glyphs?n=99999999999999", "glyphs?noise=nan",
                 "glyphs?noise=-1", "glyphs?n", "glyphs?=1", "glyphs?n=1&n=2", "glyphs:x", "spirals?classes=0",
                 "spirals?classes=1", "teacher?in=0", "teacher?depth=-1", "teacher?classes=1&out=3", "adding?t=0", "adding?t=1",
                 "copy?t=-5", "copy?n=0", "cifar:x", "CSV:text.csv", "http://example.org/x.csv", "csv:http://example.org/x.csv",
                 "csv:\x1b[31m.csv", "csv:" + "a" * 5000, "npz:" + "x/" * 3000, "csv:noread/x.csv"]:
        yield ["probe", NET, "--data", text], 1, ""


FILES = ["nowhere.plumb", "text.csv", "empty.csv", "empty", "other.sqlite", "cut.plumb", "newer.plumb", "/dev/null", "",
         "weights.npz", "noise.bin", "/dev/zero", "loop", "a" * 300, "header.plumb", "nolog.plumb"]


def files():
    for file in FILES:
        for command in (["diagnose"], ["report"], ["export"], ["export", "--format", "csv"], ["evaluate"], ["config"],
                        ["predict"]):
            if command[0] in ("evaluate", "predict", "config") and file == "weights.npz":
                continue
            yield [*command, file], None if file == "" else 1, ""
    for file in ["nowhere.npz", "text.csv", "empty.csv", "empty", "good.plumb", "noise.bin", "/dev/zero", "/dev/null",
                 "nan.npz", "inf.npz", "wide.npz", "cut.npz", "object.npz", "short.npz", "zip.npz"]:
        yield ["probe", NET, *DATA, "--weights", file], 1, ""
        yield ["train", NET, *DATA, "--no-record", "--resume", file], 1, ""
    yield ["probe", NET, *DATA, "--weights", "nan.npz"], 1, "finite"
    yield ["probe", NET, *DATA, "--weights", "wide.npz"], 1, "finite"
    yield ["probe", NET, *DATA, "--weights", "more.npz"], 0, "not used: 9.weight"
    yield ["evaluate", "good.plumb"], 1, "where its weights are"
    yield ["config", "weights.npz"], 1, "no settings"
    for file in ["nowhere.toml", "/dev/zero", "/dev/null/x", "empty", "noise.bin", "bad.toml", "table.toml", "array.toml",
                 "twice.toml", "good.plumb", "long.toml"]:
        yield ["train", NET, *DATA, "--no-record", "--config", file], 1, ""
    yield ["train", "--config", "none.toml", "--no-record"], 1, "network: none given"
    yield ["train", NET, "--config", "unknown.toml"], 1, "did you mean 'epochs'"
    yield ["diagnose", "nolog.plumb"], 1, "nolog.plumb-wal"


def outputs():
    for command in (["report", "good.plumb"], ["export", "good.plumb"]):
        for path in ["", "good.plumb", "./good.plumb", "link.plumb", "other.plumb", "empty", "no/such/x", "/", "text.csv/x",
                     "a" * 300, "locked", "/dev/full", "sub/../good.plumb", "hard.plumb"]:
            yield [*command, "-o", path], 1, ""
    yield ["report", "good.plumb", "-o", "good.plumb"], 1, "is read as RUN by this command"
    yield ["report", "other.plumb", "-o", "good.plumb"], 1, "is a recorded run"
    # What the shell makes of `report -o *.plumb`.
    yield ["report", "-o", "good.plumb", "hard.plumb", "other.plumb"], 1, "-o: good.plumb"
    for path in ["", "-", "good.plumb", "link.plumb", "text.csv", "empty", "no/such/x", "/dev/null", "/dev/full", "/", "locked",
                 "other.sqlite", "empty.csv", "npz.npz"]:
        yield ["train", "dense 2", "--data", "npz:npz.npz", "--epochs", "1", "-o", path], 1, ""
        yield ["probe", "dense 2", "--data", "npz:npz.npz", "-o", path], 1, ""
    for option in ("--save-weights", "--save-best", "--checkpoint"):
        for path in ["", "-", "npz.npz", "./npz.npz", "good.plumb", "empty", "no/such/x", "/", "locked"]:
            yield ["train", "dense 2", "--data", "npz:npz.npz", "--epochs", "1", "--no-record", option, path], 1, option
    for path in ["", "-", "npz.npz", "good.plumb", "empty", "locked", "no/such/x"]:
        yield ["probe", "dense 2", "--data", "npz:npz.npz", "--save-tensors", path], 1, "--save-tensors"
    yield ["train", "dense 2", "--data", "npz:npz.npz", "-o", "x.plumb", "--save-weights", "x.plumb"], 1, "is what -o writes"
    yield ["train", "dense 2", "--data", "npz:npz.npz", "--config", "data.toml", "--save-weights", "data.toml"], 1, "--config"
    yield ["train", "dense 2", "--data", "npz:npz.npz", "-o", "good.plumb"], 1, "--force replaces it"
    yield ["theory", "-a", "tanh", "--svg", "good.plumb"], 1, "is a recorded run"
    yield ["lab", "chain-numbers", "-o", "good.plumb"], 1, "is a recorded run"
    yield ["theory", "-a", "tanh", "--svg", ""], 1, "empty name"


def kept_outputs():
    """What zoo and cure write is checked before they train."""
    for path in ["", "-", "good.plumb", "link.plumb", "hard.plumb", "empty", "no/such/x", "/", "locked", "text.csv/x"]:
        yield ["zoo", "run", "sigmoid_depth", "-o", path], 1, "-o: "
        yield ["cure", NET, *DATA, "--dry-run", "-o", path], 1, "-o: "
    for path in ["", "-", "good.plumb", "link.plumb", "empty", "no/such/x", "/", "locked"]:
        yield ["zoo", "score", "sigmoid_depth", "--seeds", "1", "--log", path], 1, "--log: "
        yield ["zoo", "cure", "sigmoid_depth", "--seeds", "1", "--log", path], 1, "--log: "
        yield ["cure", NET, *DATA, "--dry-run", "--log", path], 1, "--log: "
        yield ["cure", NET, *DATA, "--dry-run", "--page", path], 1, "--page: "
        for option in ("-o", "--log"):
            yield ["sweep", NET, *DATA, "--axis", "lr=0.1", option, path], 1, f"{option}: "
    yield ["zoo", "run", "sigmoid_depth", "relu_gain", "-o", "x.plumb"], 1, ""
    yield ["zoo", "run", "--check-harm", "-o", "x.plumb"], 1, "one file for several trainings"
    yield ["zoo", "run", "good.plumb"], 1, ""
    for path in ["", "good.plumb", "text.csv", "text.csv/x", "no/such/folder", "/dev/null", "runs"]:
        yield ["cure", NET, *DATA, "--dry-run", "--runs", path], 1, "--runs: "
        yield ["sweep", NET, *DATA, "--axis", "lr=0.1", "--runs", path], 1, "--runs: "
    for network in ("conv 8 3x3 > dense 2", "dense 4 > res[dense 5] > dense 2", "dense 0"):
        for dry in ([], ["--dry-run"]):
            yield ["cure", network, *DATA, *dry], 1, ""
    yield ["cure", NET, *DATA, "--dry-run", "--runs", "runs"], 1, "holds recorded runs"
    yield ["cure", "good.plumb", "-o", "good.plumb"], 1, "is read as NETWORK"
    yield ["cure", NET, *DATA, "--keep", "depht"], 1, "--keep: 'depht'"
    yield ["cure", "nowhere.plumb", *DATA, "--dry-run"], 1, ""
    yield ["predict", "weights.npz", "--network", NET, "--data", "csv:two.csv", "-o", "two.csv"], 1, "-o: "
    yield ["predict", "weights.npz", "--network", NET, "--data", "csv:one_column.csv", "-o", "good.plumb"], 1, "-o: "


def confused():
    """Inputs of people who mean something else."""
    for file, said in [("table.json", "is JSON"), ("lines.json", "is JSON"), ("page.csv", "is HTML or XML"),
                       ("pointer.csv", "Git LFS pointer"), ("iris.arff", "is an ARFF file"), ("a1a.txt", "LIBSVM's format"),
                       ("table.md", "a Markdown table"), ("base.csv", "an SQLite database"), ("x.h5", "an HDF5 file"),
                       ("x.npy", "an array of numpy"), ("x.dta", "a Stata file"), ("x.zst", "a zstd archive")]:
        yield ["probe", NET, "--data", f"csv:{file}?label=k"], 1, said
    for command in ("predict", "evaluate"):
        yield [command, "weights.npz"], 1, ""
        yield [command, "weights.npz", "--data", "csv:text.csv?label=b"], 1, "network"
        yield [command, "weights.npz", "--network", NET], 1, "data: none given"
        yield [command, "weights.npz", "--network", "dense 3", "--data", "spirals?n=9"], 1, ""
        yield [command, "weights.npz", "--network", NET, "--data", "csv:wide.csv"], 1, ""
        yield [command, "text.csv", "--network", NET, *DATA], 1, ""
        yield [command, "weights.npz", "--network", NET, "--data", "npz:weights.npz"], 1, "expected an array x"
        yield [command, "weights.npz", "--network", NET, "--data", "folder:empty"], 1, "empty"
        yield [command, "weights.npz", "--network", NET, *DATA, "extra"], 2, ""
    yield ["evaluate", "weights.npz", "--network", NET, "--data", "csv:one_column.csv"], 1, "one column"
    yield ["evaluate", "weights.npz", "--network", NET, "--data", "csv:text.csv"], 1, "no column to learn"
    for text in ("train.csv", "text.csv", "./text.csv", "npz.npz", "bomb.csv.gz", "empty"):  # a file in place of a source
        said = "no source is called" if text == "empty" else "did you mean "
        yield ["probe", NET, "--data", text], 1, said
    for command in ("train", "probe", "diagnose", "report", "export", "evaluate", "predict", "config", "lr-find", "cure"):
        yield [command, "--nope"], 2, ""
    for command in ("diagnose", "report", "export", "config", "evaluate", "predict"):
        yield [command], 2, ""
        yield [command, "glyphs"], 1, ""
    yield ["train", "good.plumb", *DATA, "--no-record"], 1, ""
    yield ["train", "text.csv", "--no-record"], 1, ""
    yield ["probe", "csv:text.csv?label=b", "--data", NET], 1, ""
    yield ["layers", "good.plumb"], 1, ""
    yield ["lr-find", NET, "--data", "csv:text.csv"], 1, "no column to learn"


def rows():
    for family in (numbers, words, networks, sources, files, outputs, kept_outputs, confused):
        for row in family():
            yield (family.__name__, *row)


def write_npz(path, arrays):
    """As numpy.savez: {name: (shape, [floats])} in double."""
    import struct  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, values) in arrays.items():
            header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape!r}, }}"
            header += " " * (-(10 + len(header) + 1) % 64) + "\n"
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                             struct.pack(f"<{len(values)}d", *values))


def weights(value=0.1, **more):
    arrays = {"0.weight": ((4, 2), [value] * 8), "0.bias": ((4,), [0.0] * 4), "2.weight": ((2, 4), [0.1] * 8),
              "2.bias": ((2,), [0.0] * 2)}
    return {**arrays, **more}


def prepare(folder):
    """Every file that the table names, once."""
    def run(*arguments):
        subprocess.run([PLUMB, *arguments], cwd=folder, check=True, capture_output=True, timeout=TIMEOUT_S)

    (folder / "empty").mkdir()
    (folder / "sub").mkdir()
    (folder / "text.csv").write_text("a,b\n1,x\n2,y\n3,x\n")
    (folder / "empty.csv").write_text("")
    (folder / "nul.csv").write_bytes(b"a,b\n1\x002,x\n3,y\n")
    (folder / "ragged.csv").write_text("a,b\n1,x\n2\n3,y,4\n")
    (folder / "one_column.csv").write_text("a\n1\n2\n")
    (folder / "two.csv").write_text("a,b\n1,2\n3,4\n")
    (folder / "wide.csv").write_text("a,b,c,d\n1,2,3,4\n5,6,7,8\n")
    (folder / "table.json").write_text('[{"a": 1, "k": 0}]')
    (folder / "lines.json").write_text('{"a": 1, "k": 0}\n{"a": 2, "k": 1}\n')
    (folder / "page.csv").write_text("<!DOCTYPE html>\n<html><body>Not found</body></html>\n")
    (folder / "pointer.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    (folder / "iris.arff").write_text("@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1,x\n2,y\n")
    (folder / "a1a.txt").write_text("-1 3:1 11:0.5\n+1 5:1 7:1\n")
    (folder / "table.md").write_text("| a | k |\n|---|---|\n| 1 | 0 |\n")
    for name, start in [("base.csv", b"SQLite format 3\0"), ("x.h5", b"\x89HDF\r\n"), ("x.npy", b"\x93NUMPY\x01\0"),
                        ("x.dta", b"<stata_dta>"), ("x.zst", b"\x28\xb5\x2f\xfd\0")]:
        (folder / name).write_bytes(start + bytes(50))
    (folder / "one.csv").write_text("a,b\n1,x\n")
    (folder / "huge.csv").write_text("a,b\n" + "9" * 400 + ",x\n1,y\n")
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(b"\0" * 10_000_000))
    (folder / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n1,x\n2,y\n" * 1000)[:-20])
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "locked").write_text("mine")
    (folder / "locked").chmod(0o444)
    (folder / "loop").symlink_to("loop")
    (folder / "bad.toml").write_text("lr = \n")
    (folder / "table.toml").write_text("[training]\nlr = 1\n")
    (folder / "array.toml").write_text("lr = [1, 2]\n")
    (folder / "twice.toml").write_text("lr = 1\nlr = 2\n")
    (folder / "unknown.toml").write_text("epohcs = 1\n")
    (folder / "none.toml").write_text("lr = 1\n")
    (folder / "data.toml").write_text("lr = 1\n")
    (folder / "long.toml").write_text("# " + "x" * 2_000_000)
    for name in ("good", "other"):
        run("probe", NET, *DATA, "-o", f"{name}.plumb")
    (folder / "link.plumb").symlink_to("good.plumb")
    os.link(folder / "good.plumb", folder / "hard.plumb")
    (folder / "runs").mkdir()
    shutil.copy(folder / "good.plumb", folder / "runs" / "a.plumb")
    content = (folder / "good.plumb").read_bytes()
    (folder / "cut.plumb").write_bytes(content[: len(content) // 2])
    (folder / "header.plumb").write_bytes(content[:100])
    shutil.copy(folder / "good.plumb", folder / "newer.plumb")
    with sqlite3.connect(folder / "newer.plumb") as database:
        database.execute("pragma user_version = 99")
    with sqlite3.connect(folder / "other.sqlite") as database:
        database.execute("create table t (x)")
    # A run that was copied while its steps stood in its log.
    shutil.copy(folder / "good.plumb", folder / "nolog.plumb")
    database = sqlite3.connect(folder / "nolog.plumb")
    for table in ("info", "step", "run_end", "diagnosis"):
        database.execute(f"delete from {table}")
    database.commit()
    database.execute("pragma journal_mode = wal")
    database.close()
    write_npz(folder / "weights.npz", weights())
    write_npz(folder / "nan.npz", weights(float("nan")))
    write_npz(folder / "inf.npz", weights(float("inf")))
    write_npz(folder / "wide.npz", weights(1e200))
    write_npz(folder / "more.npz", weights(**{"9.weight": ((1,), [1.0])}))
    write_npz(folder / "short.npz", {"0.weight": ((4, 2), [0.1] * 8)})
    write_npz(folder / "npz.npz", {"x": ((4, 2), [0.5] * 8), "y": ((4, 2), [0.5] * 8)})
    whole = (folder / "weights.npz").read_bytes()
    (folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (folder / "zip.npz").write_bytes(b"PK\x03\x04 not really")
    write_npz(folder / "object.npz", weights())
    (folder / "object.npz").write_bytes((folder / "object.npz").read_bytes().replace(b"'<f8'", b"'|O8'"))


def snapshot(folder):
    """All there is, by name and content; what readers of a run leave beside it is not counted."""
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()
            if not path.name.endswith(("-shm", "-wal"))}


class HostileTest(unittest.TestCase):
    maxDiff = None

    def judge(self, folder, row):
        """Everything that is wrong with the answer to one row."""
        _, arguments, code, words_wanted = row
        try:
            arguments = [os.fsencode(argument) if "\xff" not in argument else b"\xff" for argument in arguments]
            result = subprocess.run([os.fsencode(PLUMB), *arguments], cwd=folder, capture_output=True, timeout=TIMEOUT_S,
                                    check=False, stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "80"})
        except subprocess.TimeoutExpired:
            return [f"still running after {TIMEOUT_S} s"]
        errors = result.stderr.decode("utf-8", "replace")
        problems = []
        wanted = (1, 2) if code is None else (code,)
        if result.returncode not in wanted:
            problems.append(f"exit code {result.returncode}, expected {code}")
        if code != 0 and not errors.strip():
            problems.append("no message")
        if code != 0 and result.stdout and b"Usage" not in result.stdout:
            problems.append(f"an answer on standard output: {result.stdout[:200]!r}")
        problems += [f"says {word!r}" for word in NEVER if word in errors]
        if words_wanted not in errors:
            problems.append(f"does not say {words_wanted!r}")
        if len(errors) > 8000:
            problems.append(f"a message of {len(errors)} bytes")
        return [f"{problem}\n    {errors[:400].strip()}" for problem in problems]

    def test_every_row_of_the_table(self):
        table = list(rows())
        self.assertGreaterEqual(len(table), LEAST_ROWS)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder)
            before = snapshot(folder)
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                answers = list(pool.map(lambda row: self.judge(folder, row), table))
            wrong = [f"{row[0]}: {[a[:60] for a in row[1]]}: {problem}" for row, problems in zip(table, answers)
                     for problem in problems]
            after = snapshot(folder)
            changed = [name for name in before if after.get(name, b"gone") != before[name]]
            print(f"{len(table)} hostile inputs, {len(wrong)} answered wrongly")
            self.assertEqual(len(wrong), 0, "\n".join(wrong))
            self.assertEqual(changed, [], "files that were changed")
            self.assertEqual(sorted(set(after) - set(before)), [], "files that were left behind")

    def test_narrow_and_wide_terminals_and_dumb_ones(self):
        with tempfile.TemporaryDirectory() as name:
            for columns in ("1", "10", "59", "100000", "99999999999999999999", "x"):
                for call in (["--help"], ["train", "--help"], ["layers"], ["diagnose", "--rules"], ["lab"],
                             ["theory", "-a", "tanh", "--diagram"], ["probe", NET, *DATA]):
                    result = subprocess.run([PLUMB, *call], cwd=name, capture_output=True, timeout=TIMEOUT_S, check=False,
                                            env={**os.environ, "COLUMNS": columns, "TERM": "dumb"})
                    self.assertEqual(result.returncode, 0, (columns, call, result.stderr))
                    self.assertNotIn(b"\x1b", result.stdout + result.stderr)

    def test_a_network_without_quotes_says_so_and_leaves_no_file(self):
        for command in ("plumb train flatten > dense 10", "plumb probe flatten > 30 x [dense 64 > sigmoid] > dense 10",
                        "plumb train flatten > conv2d", "plumb layers dense 3 > relu"):
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "relu.txt").write_text("")
                os.utime(Path(name) / "relu.txt")
                result = subprocess.run(["bash", "-c", command.replace("plumb ", f"'{PLUMB}' ", 1)], cwd=name,
                                        capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn("the network needs quotes", result.stderr)
                self.assertEqual([path.name for path in Path(name).iterdir()], ["relu.txt"], command)

    def test_an_answer_that_cannot_be_written_was_not_given(self):
        with tempfile.TemporaryDirectory() as name:
            kept = [PLUMB, "train", NET, *DATA, "-q", "--no-check", "-o", "run.plumb"]
            calls = [kept[1:], ["diagnose", "run.plumb", "--no-check"], ["diagnose", "run.plumb", "--json"],
                     ["probe", NET, *DATA, "--no-check"], ["runs", "."], ["runs", ".", "--json"], ["layers"],
                     ["export", "run.plumb"], ["compare", "run.plumb", "run.plumb"], ["config", "run.plumb"],
                     ["theory", "-a", "tanh"], ["lab"], ["zoo", "list"], ["completion", "bash"]]
            for call in calls:
                with open("/dev/full", "w", encoding="utf-8") as full:
                    result = subprocess.run([PLUMB, *call], cwd=name, stdout=full, stderr=subprocess.PIPE, text=True,
                                            timeout=TIMEOUT_S, check=False)
                self.assertEqual(result.returncode, 1, (call, result.stderr))
                self.assertIn("written", result.stderr.replace("cannot write", "cannot be written"), call)
            self.assertTrue((Path(name) / "run.plumb").exists())

    def test_an_output_that_is_no_file_of_a_network_is_kept(self):
        with tempfile.TemporaryDirectory() as name:
            result = subprocess.run(["bash", "-c", f"'{PLUMB}' layers 'dense 4 > relu' > out.txt"], cwd=name,
                                    capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual((Path(name) / "out.txt").read_text(), "dense 4 > relu\n")


if __name__ == "__main__":
    PLUMB = os.path.abspath(sys.argv.pop(1))
    unittest.main()
