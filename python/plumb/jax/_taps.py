# SPDX-License-Identifier: Apache-2.0
"""Identities that show what goes through them: foreign functions of plumb._core that alias their operand.

Each takes a token, which begin() gives, so that no tap of a step runs before it.
"""

import jax
import numpy as np

from .. import _core

PLAIN, MEASURED, BY_SCHEDULE = 0, 1, 2

for _name, _handler in _core.jax_handlers.items():
    jax.ffi.register_ffi_target(_name, _handler, platform="cpu")


def _alias(name, operands, **numbers):
    x = operands[0]
    call = jax.ffi.ffi_call(
        name, jax.ShapeDtypeStruct(x.shape, x.dtype), input_output_aliases={0: 0}, vmap_method="broadcast_all"
    )
    return call(*operands, **{key: np.int64(value) for key, value in numbers.items()})


def begin(run, mode, params):
    """A step begins, with these parameters. Returns the token."""
    call = jax.ffi.ffi_call("plumb_begin", jax.ShapeDtypeStruct((), np.float32), vmap_method="sequential")
    return call(*map(jax.lax.stop_gradient, params), run=np.int64(run), mode=np.int64(mode))


def tap(run, forward, backward, x, token, z=None):
    """x, shown to the site `forward`, and its gradient to `backward` (-1: nobody). z: what made it."""

    @jax.custom_vjp
    def identity(x, token, *z):
        return _alias("plumb_tap", (x, token, *z), run=run, site=forward)

    def there(x, token, *z):
        return identity(x, token, *z), token

    def back(token, gradient):
        if backward >= 0:
            gradient = _alias("plumb_tap", (gradient, token), run=run, site=backward)
        return gradient, None, *([None] if z is not None else [])

    identity.defvjp(there, back)
    return identity(x, token, *([jax.lax.stop_gradient(z)] if z is not None else []))


def param(run, site, x, token):
    """A parameter as it is; its gradient is shown to the site."""

    @jax.custom_vjp
    def identity(x, token):
        return x

    def back(token, gradient):
        return _alias("plumb_tap", (gradient, token), run=run, site=site), None

    identity.defvjp(lambda x, token: (x, token), back)
    return identity(x, token)


def loss(run, x, token):
    @jax.custom_vjp
    def identity(x, token):
        return _alias("plumb_loss", (x, token), run=run)

    identity.defvjp(lambda x, token: (identity(x, token), None), lambda _, gradient: (gradient, None))
    return identity(x, token)
