#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the images and the safetensors file of this folder with Pillow and safetensors, and what
Pillow reads in the images, as images.npz. The versions used are in images.npz under `versions`."""

import pathlib

import numpy as np
import PIL
import safetensors
from PIL import Image

folder = pathlib.Path(__file__).parent
rng = np.random.default_rng(5)
answers = {}


def smooth(height, width, channels):
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin(0.7 * y * (c + 1) + 0.3 * x + c) for c in range(channels)]
    return np.stack(waves, -1).round().astype("u1")


def save(name, image, **options):
    image.save(folder / name, **options)
    with Image.open(folder / name) as read:
        answers[name] = np.asarray(read.convert("RGB"))


save("colour.png", Image.fromarray(rng.integers(0, 256, (5, 7, 3), "u1")))
save("grey.png", Image.fromarray(rng.integers(0, 256, (5, 7), "u1")))
save("bits.png", Image.fromarray(rng.integers(0, 2, (5, 9), "u1") * 255).convert("1"))
save("palette.png", Image.fromarray(smooth(5, 7, 3)).quantize(8))
save("colour.jpg", Image.fromarray(smooth(17, 19, 3)), quality=90)
save("progressive.jpg", Image.fromarray(smooth(17, 19, 3)), progressive=True)
save("grey.jpg", Image.fromarray(smooth(17, 19, 1)[..., 0]))
Image.fromarray(smooth(9, 9, 4), "CMYK").save(folder / "cmyk.jpg")

# 16 bits and transparency, whose answers Pillow does not give as they are meant here.
deep = rng.integers(0, 65536, (3, 4)).astype("u2")
Image.fromarray(deep).save(folder / "deep.png")
answers["deep.png"] = deep.astype("f8")
clear = rng.integers(0, 256, (3, 4, 4), "u1")
clear[..., 3] = [255, 0, 255, 0]
Image.fromarray(clear).save(folder / "clear.png")
answers["clear.png"] = np.where(clear[..., 3:] == 255, clear[..., :3], 255)

# Pillow filters 32-bit floats without rounding.
line = rng.random((11, 13), "f4")
answers["resize"] = line
for height, width in ((4, 5), (23, 17), (11, 6)):
    image = Image.fromarray(line).resize((width, height), Image.Resampling.BILINEAR)
    answers[f"resize_{height}_{width}"] = np.asarray(image)
answers["versions"] = np.array([int(v) for v in PIL.__version__.split(".")])
np.savez(folder / "images.npz", **answers)

tensors = {
    "f8": np.array([[1.5, -2e300]]),
    "f4": np.array([[0.1, -3.25], [1e-40, np.inf]], "f4"),
    "f2": np.array([0.1, -65504, 6e-8], "f2"),
    "i8": np.array([2**40, -7], "i8"),
    "i4": np.array([-(2**31)], "i4"),
    "i2": np.array([-300], "i2"),
    "i1": np.array([-128, 127], "i1"),
    "u8": np.array([2**40], "u8"),
    "u4": np.array([2**32 - 1], "u4"),
    "u2": np.array([65535], "u2"),
    "u1": np.array([0, 255], "u1"),
    "flag": np.array([True, False]),
    "scalar": np.array(2.5, "f4"),
    "nothing": np.zeros((0, 3), "f4"),
}
names = {"f": "float", "i": "int", "u": "uint", "b": "bool"}


def spec(value, dtype=None, shape=None):
    kind, bits = value.dtype.kind, 8 * value.dtype.itemsize
    return safetensors.TensorSpec(
        dtype=dtype or names[kind] + ("" if kind == "b" else str(bits)),
        shape=value.shape if shape is None else shape,
        data_ptr=value.ctypes.data,
        data_len=value.nbytes,
    )


# 1, -2.5 and the largest bfloat16.
brain = np.frombuffer(bytes.fromhex("803f20c07f7f"), "u2").copy()
specs = {name: spec(value) for name, value in tensors.items()} | {"bf16": spec(brain, "bfloat16")}
metadata = {"format": "np", "version": safetensors.__version__}
(folder / "tensors.safetensors").write_bytes(safetensors.serialize(specs, metadata=metadata))
