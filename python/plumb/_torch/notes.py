# SPDX-License-Identifier: Apache-2.0
"""Notes of one kind about many places as one sentence."""

import re

#: Of a kind, before they are put together; how many places a sentence names.
MOST, NAMED = 4, 3


def folded(notes):
    """Those that differ in the first name in quotes alone become one, at the place of the first, where there are many."""
    kinds = {}
    for note in notes:
        name = re.search(r"'[^']*'", note)
        kinds.setdefault(re.sub(r"'[^']*'", "{}", note, count=1), []).append(name.group() if name else "")
    found = []
    for kind, names in kinds.items():
        if len(names) <= MOST or "{}" not in kind:
            found += [kind.replace("{}", name, 1) for name in names]
        else:
            found.append(kind.replace("{}", f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more", 1))
    return found
