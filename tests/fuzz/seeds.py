#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the inputs that fuzzing begins with: tests/fuzz/seeds.py FOLDER makes a folder for each target in FOLDER.

They are the golden files of the tests, and a few words of every text format.
"""

import gzip
import io
import pathlib
import re
import struct
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent

TABLES = [
    "a,b,label\n1,2,x\n3,4,y\n5,,x\n",
    "a;b;c\n1,5;2,5;0\n-3,0;;1\n",
    '"name, first"\tage\twhen\n"A ""B"""\t3\t2024-01-31\nC\t\t2024-02-29 12:30\n',
    "1 2 3\n4 5 6\n7 8 9\n",
    "\ufeffid,city,y\n1,Bern,0.5\n2,Oslo,NaN\n3,Bern,1e300\n",
]
CONFIGS = [
    'network = "flatten > 3 x [dense 8 > tanh] > dense 2"\nlr = 0.1\nsteps = 10\nstandardise = true\n',
    'clip-norm = 1.0 # a comment\nloss = "mse"\nseed = 18446744073709551615\n',
    'axis = [1, 2]\n[table]\nkey = 2024-01-01\n',
]
REQUESTS = [
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
    "GET /api/runs HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
    "GET /api/runs/0/report?after=5 HTTP/1.0\r\n\r\n",
    "GET /events?last=3 HTTP/1.1\r\nHost: [::1]\r\nLast-Event-ID: a.2\r\nAccept: text/event-stream\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "GET /../../etc/passwd HTTP/1.1\r\nHost: %00\r\nRange: bytes=0-99999999999\r\nAccept-Encoding: gzip\r\n\r\n",
]


def networks():
    """Every network string of the documents and of the tests of the language."""
    found = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(TESTS / "nn" / "spec").glob("*.cpp")]:
        found |= {word for word in re.findall(r'["`]([^"`\n]*\b(?:dense|conv|lstm|res)\b[^"`\n]*)["`]', path.read_text(encoding="utf-8"))}
    return sorted(found)


def idx(rank):
    extents = [3, 2, 2][:rank]
    count = 1
    for extent in extents:
        count *= extent
    return bytes([0, 0, 8, rank]) + struct.pack(f">{rank}I", *extents) + bytes(range(count))


def zipped(data):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
        file.write(data)
    return out.getvalue()


def main():
    folder = pathlib.Path(sys.argv[1])
    golden = sorted((TESTS / "data" / "golden").iterdir())
    seeds = {
        "language": [text.encode() for text in networks()],
        "npz": [path.read_bytes() for path in golden if path.suffix in (".npy", ".npz", ".safetensors")],
        "csv": [bytes([option]) + text.encode() for text in TABLES for option in (0, 1, 2, 5, 17, 64, 128)],
        "idx": [data for rank in (1, 3) for data in (idx(rank), zipped(idx(rank)))],
        "image": [path.read_bytes() for path in golden if path.suffix in (".png", ".jpg")],
        "toml": [text.encode() for text in CONFIGS],
        "run_file": [path.read_bytes() for path in sorted((TESTS / "store" / "golden").glob("*.plumb"))],
        "server": [text.encode() for text in REQUESTS],
    }
    for target, inputs in seeds.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (folder / target / f"seed_{i:03}").write_bytes(data)


if __name__ == "__main__":
    main()
