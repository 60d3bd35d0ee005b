#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the .npy and .npz files of this folder with numpy (1.24.2 wrote the committed ones)."""
import os
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def counted(dtype):
    """-2, -1, 0, 1, 2, 3 (unsigned: 250 to 255) as [2, 3]."""
    first = 250 if np.dtype(dtype).kind == "u" else -2
    return np.arange(first, first + 6).astype(dtype).reshape(2, 3)


arrays = {}
for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
    arrays[code] = counted("<" + code)
    if code[1] != "1":
        arrays[code + "_big"] = counted(">" + code)
arrays["b1"] = counted("i1") > 0
arrays["fortran"] = np.asfortranarray(np.arange(24, dtype="f4").reshape(2, 3, 4))
arrays["fortran_big"] = np.asfortranarray(np.arange(24, dtype=">i2").reshape(4, 3, 2))
arrays["scalar"] = np.float64(2.5)
arrays["empty"] = np.zeros((0, 3), dtype="f4")
arrays["half"] = np.array([0.0, -0.0, 2.0**-24, 1023 * 2.0**-24, 2.0**-14, 65504, -1.5, np.inf, -np.inf,
                           np.nan], dtype="f2")
arrays["large"] = np.array([2**53, -(2**53), 2**40 + 1], dtype="i8")
np.savez(path("stored.npz"), **arrays)
np.savez_compressed(path("deflated.npz"), **arrays)

np.save(path("fortran.npy"), arrays["fortran"])
for version in [2, 3]:
    with open(path(f"version_{version}.npy"), "wb") as f:
        np.lib.format.write_array(f, arrays["f4"], version=(version, 0))

np.save(path("complex.npy"), np.zeros(2, dtype="c8"))
np.save(path("object.npy"), np.array(["a", None], dtype=object))
np.save(path("record.npy"), np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]))
np.save(path("rank_6.npy"), np.zeros((1,) * 6, dtype="f4"))

np.savez(path("dataset.npz"), x=np.arange(12, dtype="u1").reshape(3, 2, 2), y=np.array([2, 0, 1]))

# With a low limit zipfile writes every zip64 field that a file above 4 GiB has.
limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 100
np.savez(path("zip64.npz"), a=arrays["f4"], b=arrays["i8"])
zipfile.ZIP64_LIMIT = limit
