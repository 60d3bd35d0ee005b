# SPDX-License-Identifier: Apache-2.0
"""How the devices of a program share a tensor, told to plumb._core as a vector of numbers.

    devices, rank of a part, rank of the whole, sizes of the whole, offsets of the part of the device at each position

Two ways lead to several devices. Where XLA splits the program (jit of sharded arrays), each tensor has a
sharding once it is compiled. Within pmap and shard_map the code is of one device, and the axes of the mesh
are there by name: values vary along some of them, which shard_map tells with check_vma.
"""

from math import prod

import jax
import numpy as np


def manual_axes():
    """{name: size} of the axes along which the code that is traced is of one device; of vmap there are none."""
    mesh = jax.sharding.get_abstract_mesh()
    names = getattr(mesh, "manual_axes", ())
    split = [n for n, kind in zip(mesh.axis_names, mesh.axis_types) if n not in names and mesh.shape[n] > 1]
    if names and split:
        raise NotImplementedError(f"shard_map over {', '.join(map(str, names))} alone, while XLA splits along {split[0]}")
    return {name: mesh.shape[name] for name in names}


def varying(x):
    """The axes of the mesh along which x is known to vary."""
    kind = jax.typeof(x)
    if hasattr(kind, "vma"):
        return frozenset(kind.vma)
    return frozenset(getattr(getattr(kind, "mat", None), "varying", ()))


def tells_varying(axes):
    """Whether it is known along which axes values vary (check_vma), which pmap does not tell."""
    return bool(varying(jax.lax.axis_index(next(iter(axes)))))


def vary(x, axes):
    """x as a value that varies along the axes."""
    missing = tuple(a for a in axes if a not in varying(x))
    return jax.lax.pcast(x, missing, to="varying") if missing else x


def position(axes):
    """Of the device that computes, in the mesh."""
    place = np.int32(0)
    for name, size in axes.items():
        place = place * np.int32(size) + jax.lax.axis_index(name).astype(np.int32)
    return place


def _numbers(devices, part_rank, sizes, offsets):
    return np.asarray([devices, part_rank, len(sizes), *sizes, *np.ravel(offsets)], np.int32)


def _places(axes):
    """Of each position its index along each axis: [devices, axes]."""
    return np.stack(np.unravel_index(np.arange(prod(axes.values())), tuple(axes.values())), 1)


def of_manual(x, axes, along, tells):
    """x of one device within shard_map or pmap. The parts stand behind each other along the axis `along`; where
    nothing tells whether they vary, and of scalars, in front."""
    places, names = _places(axes), list(axes)
    vary_along = [i for i, name in enumerate(names) if not tells or name in varying(x)]
    counts = [axes[names[i]] for i in vary_along]
    part = np.ravel_multi_index(places[:, vary_along].T, counts) if vary_along else np.zeros(len(places), int)
    sizes = list(x.shape)
    if not vary_along:
        return _numbers(len(places), x.ndim, sizes, np.zeros((len(places), x.ndim), int))
    if not tells or x.ndim == 0:
        offsets = np.zeros((len(places), x.ndim + 1), int)
        offsets[:, 0] = part
        return _numbers(len(places), x.ndim, [prod(counts), *sizes], offsets)
    offsets = np.zeros((len(places), x.ndim), int)
    offsets[:, along] = part * sizes[along]
    sizes[along] *= prod(counts)
    return _numbers(len(places), x.ndim, sizes, offsets)


def of_sharding(shape, sharding):
    """A tensor that XLA has split."""
    axes = dict(sharding.mesh.shape)
    places, names = _places(axes), list(axes)
    spec = [*sharding.spec, *[None] * (len(shape) - len(sharding.spec))]
    offsets = np.zeros((len(places), len(shape)), int)
    for axis, split in enumerate(spec):
        if split is None:
            continue
        split = split if isinstance(split, tuple) else (split,)
        counts = [axes[name] for name in split]
        part = np.ravel_multi_index(places[:, [names.index(n) for n in split]].T, counts)
        offsets[:, axis] = part * -(-shape[axis] // prod(counts))
    return _numbers(len(places), len(shape), shape, offsets)
