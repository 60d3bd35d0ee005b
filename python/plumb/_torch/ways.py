# SPDX-License-Identifier: Apache-2.0
"""Where a tensor is read more than once: which edge of autograd's graph brings the gradient of which reader."""

from .nodes import CELLS
from .op import Op


def find_ways(graph, order):
    """[(node, as which of its inputs it hands the gradient on, Op that is read, reader, as which input)]

    A join that cannot be told apart (two readers behind one edge) is left out whole.
    order: every node of the graph.
    """
    readers = readers_of(op for op in graph.by_path.values() if op.id >= 0)
    # A cell has a tensor for each time step.
    joined = [op for op, reads in readers.items() if len(reads) > 1 and op.family != "input" and op.kind not in CELLS]
    if not joined:
        return []
    owner, above = owners(graph), edges_above(order)
    base = {op: op.node for op in graph.nodes.made}
    base.update({op: outs[0] for op, outs, _ in graph.calls if outs})
    ways = []
    for op in joined:
        edges = above.get(base.get(op), ())
        if len(edges) < 2:
            continue
        expected, found = list(readers[op]), []
        for node, k in edges:
            by = {graph.first_levels.get(b, b) for b in readers_through(graph.nodes.of_node, node, op, owner, above)}
            match = next((e for e in expected if e[0] in by), None)
            if len(by) != 1 or match is None:
                found = []
                break
            expected.remove(match)
            found.append((node, k, op, *match))
        ways += found
    return ways


def readers_of(layers):
    """By Op: [(reader, as which of its inputs)]."""
    readers = {}
    for op in layers:
        for i, (read, _, _) in enumerate(op.edges()):
            readers.setdefault(read, []).append((op, i))
    return readers


def edges_above(order):
    """By node: [(node that hands it a gradient, as which of its inputs)]."""
    above = {}
    for node in order:
        for k, (to, _) in enumerate(node.next_functions):
            if to is not None:
                above.setdefault(to, []).append((node, k))
    return above


def readers_through(of_node, node, op, owner, above):
    """The layers that read the Op's tensor through this node, which may be a view of it."""
    found, stack, seen = set(), [node], {node}
    while stack:
        top = stack.pop()
        by = owner.get(top)
        if by is not op and not (by is None and of_node.get(top) is op):
            found.add(by)
            continue
        for q, _ in above.get(top, ()):
            if q not in seen:
                seen.add(q)
                stack.append(q)
    return found


def owners(graph):
    """Which layer each node belongs to, those inside modules too."""
    owner = {node: op for node, op in graph.nodes.of_node.items() if isinstance(op, Op) and not op.is_module}
    for op, outs, ins in graph.calls:
        stack, stop = list(outs), set(ins)
        while stack:
            node = stack.pop()
            if node in stop or (node in owner and owner[node] is not op and node not in outs):
                continue
            if owner.get(node) is op and node not in outs:
                continue
            owner[node] = op
            stack += [n for n, _ in node.next_functions if n is not None and n not in stop and owner.get(n) is not op]
    return owner
