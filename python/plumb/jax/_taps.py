# SPDX-License-Identifier: Apache-2.0
"""Identities that show what goes through them: foreign functions of plumb._core that alias their operand.

Each takes a token, which begin() gives, so that no tap of a step runs before it. Where several devices
compute, the token has been reduced over them, so that none of them is ahead of the others by a step, and each
call takes a spread (see _spread).
"""

import functools

import jax
import numpy as np
from jax.custom_batching import custom_vmap
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

from .. import _core
from . import _spread

PLAIN, MEASURED, BY_SCHEDULE = 0, 1, 2

for _name, _handler in _core.jax_handlers.items():
    jax.ffi.register_ffi_target(_name, _handler, platform="cpu")


class Shares:
    """By what the loss is divided that the gradients are of: known when the loss has been traced, and asked for
    when its derivative is."""

    count = 1


def _call(name, operands, numbers, shared=0):
    x = operands[0]
    call = jax.ffi.ffi_call(name, jax.typeof(x), input_output_aliases={0: 0}, vmap_method="broadcast_all")
    return call(*operands, shared=np.int64(shared), **{key: np.int64(value) for key, value in numbers})


def _begin_call(operands, numbers, shared=0, result=None):
    result = jax.ShapeDtypeStruct((), np.float32) if result is None else result
    call = jax.ffi.ffi_call("plumb_begin", result, vmap_method="broadcast_all")
    return call(*operands, shared=np.int64(shared), **{key: np.int64(value) for key, value in numbers})


# Programs that XLA may split over devices.


def _replicated(mesh):
    return NamedSharding(mesh, PartitionSpec())


@functools.cache
def _partitioned(name, numbers, operands, ranks):
    """_call of operands that are x, token and perhaps another of x's shape, once XLA has split x."""

    @custom_partitioning
    def identity(*given):
        return _call(name, given, numbers)

    def partition(mesh, given, _):
        x = given[0]
        spread = _spread.of_sharding(x.shape, x.sharding)
        shardings = (x.sharding, _replicated(mesh), *[x.sharding] * (operands - 2))
        return mesh, lambda *parts: _call(name, (*parts, spread), numbers, 1), x.sharding, shardings

    axes = " ".join(f"a{i}" for i in range(ranks[0]))
    token = " ".join(f"t{i}" for i in range(ranks[1]))
    rule = ", ".join([axes, token, *[axes] * (operands - 2)]) + " -> " + axes
    identity.def_partition(
        partition=partition, infer_sharding_from_operands=lambda mesh, given, _: given[0].sharding, sharding_rule=rule
    )

    @custom_vmap
    def mapped(*given):
        return identity(*given)

    @mapped.def_vmap
    def batched(size, is_mapped, *given):
        spread = [x if yes else jax.numpy.broadcast_to(x, (size, *x.shape)) for x, yes in zip(given, is_mapped)]
        return _partitioned(name, numbers, operands, tuple(r + 1 for r in ranks))(*spread), True

    return jax.jit(mapped)


@functools.cache
def _begin_partitioned(numbers, ranks, result_rank):
    @custom_partitioning
    def begin(*params):
        return _begin_call(params, numbers, result=_token_of(params, result_rank))

    def partition(mesh, params, result):
        axes = dict(mesh.shape)
        spreads = [_spread.of_sharding(x.shape, x.sharding) for x in params]

        def lower(*parts):
            operands = (*parts, _spread.position(axes), np.concatenate(spreads))
            return jax.lax.pmax(_begin_call(operands, numbers, 1, _token_of(parts, result_rank)), tuple(axes))

        return mesh, lower, _replicated(mesh), tuple(x.sharding for x in params)

    names = [" ".join(f"p{i}a{axis}" for axis in range(rank)) for i, rank in enumerate(ranks)]
    rule = ", ".join(names) + " -> " + " ".join(f"r{i}" for i in range(result_rank))
    begin.def_partition(
        partition=partition, infer_sharding_from_operands=lambda mesh, given, _: _replicated(mesh), sharding_rule=rule
    )

    @custom_vmap
    def mapped(*params):
        return begin(*params)

    @mapped.def_vmap
    def batched(size, is_mapped, *params):
        spread = [x if yes else jax.numpy.broadcast_to(x, (size, *x.shape)) for x, yes in zip(params, is_mapped)]
        return _begin_partitioned(numbers, tuple(r + 1 for r in ranks), result_rank + 1)(*spread), True

    return jax.jit(mapped)


def _token_of(params, rank):
    return jax.ShapeDtypeStruct(params[0].shape[:rank], np.float32)


# Whichever way.


def _alias(name, operands, along=0, **numbers):
    """The first operand, shown. along: the axis along which devices of pmap and shard_map have their parts."""
    numbers = tuple(sorted(numbers.items()))
    axes = _spread.manual_axes()
    x = operands[0]
    if axes:
        spread = _spread.of_manual(x, axes, along, _spread.tells_varying(axes))
        operands = [_spread.vary(one, _spread.varying(x)) for one in (*operands, jax.numpy.asarray(spread))]
        return _call(name, operands, numbers, 1)
    if jax.device_count() > 1:
        return _partitioned(name, numbers, len(operands), tuple(one.ndim for one in operands[:2]))(*operands)
    return _call(name, operands, numbers)


def begin(run, mode, params):
    """A step begins, with these parameters. Returns the token."""
    params = tuple(map(jax.lax.stop_gradient, params))
    numbers = (("mode", mode), ("run", run))
    axes = _spread.manual_axes()
    if axes:
        tells = _spread.tells_varying(axes)
        spreads = [_spread.of_manual(x, axes, 0, tells) for x in params]
        operands = (*params, _spread.position(axes), jax.numpy.asarray(np.concatenate(spreads)))
        if tells:
            operands = [_spread.vary(one, axes) for one in operands]
        token = _begin_call(operands, numbers, 1, _like_token(operands[-2]))
        return jax.lax.pmax(token, tuple(axes))
    if jax.device_count() > 1 and params:
        return _begin_partitioned(numbers, tuple(x.ndim for x in params), 0)(*params)
    return _begin_call(params, numbers)


def _like_token(scalar):
    return jax.typeof(scalar.astype(np.float32))


def tap(run, forward, backward, x, token, shares, along=0, z=None):
    """x, shown to the site `forward`, and its gradient to `backward` (-1: nobody). z: what made it."""

    @jax.custom_vjp
    def identity(x, token, *z):
        return _alias("plumb_tap", (x, token, *z), along, run=run, site=forward)

    def there(x, token, *z):
        return identity(x, token, *z), token

    def back(token, gradient):
        if backward >= 0:
            gradient = _alias("plumb_tap", (gradient, token), along, run=run, site=backward, shares=shares.count)
        return gradient, None, *([None] if z is not None else [])

    identity.defvjp(there, back)
    return identity(x, token, *([jax.lax.stop_gradient(z)] if z is not None else []))


def param(run, site, x, token, shares):
    """A parameter as it is; its gradient is shown to the site."""

    @jax.custom_vjp
    def identity(x, token):
        return x

    def back(token, gradient):
        return _alias("plumb_tap", (gradient, token), run=run, site=site, shares=shares.count), None

    identity.defvjp(lambda x, token: (x, token), back)
    return identity(x, token)


def targets(run, part, x, token):
    """What the loss is compared with (part 0), or weights of it (1), as it is, shown; only where one device computes."""
    if _spread.manual_axes() or jax.device_count() > 1:
        return x
    whole = jax.numpy.issubdtype(x.dtype, np.integer) or x.dtype == bool
    shown = x.astype(np.int32 if whole else np.float32)
    return _call("plumb_targets", (shown, token), (("part", part), ("run", run))).astype(x.dtype)


def loss(run, x, token, shares):
    """The loss, as it is. Where devices have one each that shard_map adds up, gradients are of their sum."""
    axes = _spread.manual_axes()
    shares.count = int(np.prod([axes[name] for name in _spread.varying(x) if name in axes], dtype=np.int64))

    @jax.custom_vjp
    def identity(x, token):
        return _alias("plumb_loss", (x, token), run=run)

    identity.defvjp(lambda x, token: (identity(x, token), None), lambda _, gradient: (gradient, None))
    return identity(x, token)
