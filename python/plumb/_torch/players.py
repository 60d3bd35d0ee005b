# SPDX-License-Identifier: Apache-2.0
"""Whether the loss is one of several that are trained against each other, so that its height tells nothing of learning."""

import weakref

import torch

#: Those of all watches, as a game that one of them sees is one of the others too.
_all = weakref.WeakSet()


class Players:
    """What else is trained in the loss of a watched model: parameters that are not its own and no watched optimiser's (a
    discriminator, a critic), and losses of optimisers that step in turns."""

    def __init__(self, model):
        self.own = {id(p) for p in model.parameters()}
        self.others = []  # (parameter, its version when it was seen)
        self.turns = set()  # optimisers that made a step of their own
        self.are_playing = self.is_told = False
        _all.add(self)

    def see(self, order, optimizers):
        """order: autograd's nodes of a loss."""
        own = self.own | {id(p) for o in optimizers for g in o.param_groups for p in g["params"]}
        self.others = [
            (weakref.ref(node.variable), node.variable._version)
            for node in order
            if isinstance(getattr(node, "variable", None), torch.nn.Parameter) and id(node.variable) not in own
        ]

    def end_step(self, stepped, optimizers):
        if len(optimizers) > 1 and len(stepped) == 1:
            self.turns |= stepped

    def look(self):
        """Whether others play, as far as it is known now."""
        if not self.are_playing:
            changed = {id(p()) for p, version in self.others if p() is not None and p()._version != version}
            self.are_playing = bool(changed) or len(self.turns) > 1
            for one in list(_all) if changed else ():
                one.are_playing = one.are_playing or not changed.isdisjoint(one.own)
        return self.are_playing

    def is_to_be_told(self):
        """Once, where others play."""
        if self.is_told or not self.look():
            return False
        self.is_told = True
        return True

    def notes(self):
        if not self.are_playing:
            return []
        why = "optimisers that step in turns do" if len(self.turns) > 1 else "another model that is trained with it does"
        return [f"the loss depends on what {why}, so that its course does not tell whether the model learns"]
