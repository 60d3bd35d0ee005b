# SPDX-License-Identifier: Apache-2.0
"""What a hook of ours becomes in a copied or pickled model: a bound method of the standard library that
takes anything and does nothing, so that the model loads where plumb is not installed."""

import contextlib

nothing = contextlib.nullcontext().__exit__

#: As __reduce__ gives it.
reduced = (getattr, (contextlib.nullcontext(), "__exit__"))
