# SPDX-License-Identifier: Apache-2.0
"""The parameters of a watched model: what they are for, which optimiser has them, what is odd about them."""

import torch
from torch.nn.utils.parametrize import ParametrizationList

from .. import _core
from . import families
from .shards import Local, is_shard, local, shard_of

#: The use of a parameter by its own name, for families whose parameters have no special meaning.
NORMALISING = {"weight": "scale", "bias": "shift"}
KERAS = {
    "kernel": "weight", "embeddings": "weight", "recurrent_kernel": "recurrent_weight", "gamma": "scale", "beta": "shift"
}

#: How many, of at most how many values.
SENTINELS, SMALL = 4, 4096


def use_of(own, module):
    if isinstance(module, families.NORMALISATION):
        return NORMALISING.get(own, "other")
    if own in KERAS:
        return KERAS[own]
    if isinstance(module, torch.nn.PReLU):
        return "slope"
    if "weight_hh" in own:
        return "recurrent_weight"
    if "bias_hh" in own:
        return "recurrent_bias"
    if "weight" in own:
        return "weight"
    return "bias" if "bias" in own else "other"


class Entries:
    """Parameters that are looked at together. of: (id, tensor, axis of its units or -1) of each."""

    def __init__(self, of):
        self.tensors = [tensor for _, tensor, _ in of]
        self.ids = {one[0] for one in of}
        self.core = _core.ParamEntries(of)  # what a Watcher takes
        self.has_shards = any(isinstance(tensor, Local) for tensor in self.tensors)


class Parameters:
    def __init__(self, core, model, graph, optimizers):
        self.core, self.model, self.graph, self.optimizers = core, model, graph, optimizers
        self.ids, self.axes, self.cached = {}, {}, {}
        self.chosen = {}  # of an optimiser, by identity: the parameters that it had
        self.waiting = []  # (path, parameter) of those that no gradient came to yet
        self.small = []

    def declare(self):
        """Tells of those that are new, and of their users, once the graph is known."""
        trained = {id(p) for o in self.optimizers for g in o.param_groups for p in g["params"]}
        self.cached.clear()
        products = {op.id for op in self.graph.by_path.values() if op.family == "linear" and not op.is_module}
        owners = {}
        for module in self.model.modules():
            for own, param in module._parameters.items():
                if param is not None:
                    owners.setdefault(id(param), (own, module))
        for path, param in self.model.named_parameters():
            users = self.graph.users.get(path, [])
            if path in self.ids:
                self.core.set_users(self.ids[path], users)
                continue
            own, module = owners[id(param)]
            if isinstance(module, ParametrizationList):  # of several the last one has the shape, as weight_norm's direction
                own = path.split(".")[-2] if own == list(module._parameters)[-1] else "other"
            frozen = not param.requires_grad or (bool(trained) and id(param) not in trained)
            is_linear = isinstance(module, families.LINEAR) and own == "weight"
            transposed = isinstance(module, families.TRANSPOSED)
            self.axes[path] = (1 if transposed else 0) if is_linear else -1
            use = use_of(own, module)
            if use == "other" and param.dim() > 1 and users and users[0] in products:  # a layer of one's own, whatever its name
                use = "weight"
            self.ids[path] = self.core.add_param(path, own, use, users, param.numel(), frozen, *shard_of(param))
        self.waiting = [(path, param) for path, param in self.model.named_parameters() if path not in self.graph.reached]

    def entries(self, optimizer=None):
        """Entries of all, or of those of one optimiser."""
        key, groups = id(optimizer), [] if optimizer is None else [g["params"] for g in optimizer.param_groups]
        known = self.cached.get(key)
        if known is None or not self.are_chosen(key, groups):
            self.check_known()
            self.cached.pop("untrained", None)
            self.chosen[key] = [list(group) for group in groups]
            among = {id(p) for group in groups for p in group}
            known = self.cached[key] = self.entries_of(
                (path, p) for path, p in self.model.named_parameters() if optimizer is None or id(p) in among
            )
        return known

    def are_chosen(self, key, groups):
        """The optimiser has the parameters that it had, in the same order."""
        chosen = self.chosen[key]
        return len(chosen) == len(groups) and all(map(_core.are_same, chosen, groups))

    def entries_of(self, named):
        return Entries([(self.ids[path], local(param), self.axes[path]) for path, param in named if path in self.ids])

    def check_known(self):
        for path, param in self.model.named_parameters():
            if path in self.ids and id(param) not in self.graph.param_names:
                raise RuntimeError(f"{path} is another parameter than when watch() was called; close the watch, and watch the model again")

    def untrained(self):
        """Entries of those that no optimiser has."""
        found = [self.entries(o) for o in self.optimizers]
        if "untrained" not in self.cached:
            trained = set().union(*(entries.ids for entries in found))
            self.cached["untrained"] = self.entries_of(
                (path, p) for path, p in self.model.named_parameters() if self.ids.get(path) not in trained
            )
        return self.cached["untrained"]

    def with_gradient(self):
        """Entries of all that have one now."""
        self.check_known()
        return self.entries_of((path, p) for path, p in self.model.named_parameters() if local(p).grad is not None)

    def sentinels(self):
        """A few small parameters over the whole depth, whose gradients are looked at in every step."""
        if not self.small:
            small = [p for p in self.model.parameters() if p.requires_grad and 0 < p.numel() <= SMALL]
            small = small or [p for p in self.model.parameters() if p.requires_grad][:1]
            apart = max(1, -(-len(small) // SENTINELS))
            self.small = [local(p) for p in small[::apart]]
        return self.small

    def note_reached(self):
        """A gradient came to those that have one now. Several backward passes may each reach some of them."""
        if not self.waiting:
            return
        reached, waiting = self.graph.reached, []
        for path, param in self.waiting:
            if path not in reached and param.requires_grad and param.grad is not None:
                grad = local(param.grad)
                if grad.is_sparse or grad.device.type != "cpu" or bool(grad.any()):
                    reached.add(path)
            if path not in reached:
                waiting.append((path, param))
        self.waiting = waiting

    def severed(self):
        """Those that an optimiser has, or all where there is none, that the loss depends on as it seems, and no gradient comes to."""
        trained = {id(p) for o in self.optimizers for g in o.param_groups for p in g["params"]}
        return [
            path
            for path, param in self.model.named_parameters()
            if path in self.ids
            and param.requires_grad
            and path not in self.graph.reached
            and self.graph.users.get(path)
            and not is_shard(param)
            and (not trained or id(param) in trained)
        ]

    def left_out(self):
        """Those that a gradient comes to and no optimiser has."""
        if not self.optimizers:
            return []
        trained = {id(p) for o in self.optimizers for g in o.param_groups for p in g["params"]}
        return [
            path
            for path, param in self.model.named_parameters()
            if param.requires_grad and path in self.graph.reached and id(param) not in trained
        ]

    def has_trained(self):
        """Whether an optimiser has any of the model's."""
        trained = {id(p) for o in self.optimizers for g in o.param_groups for p in g["params"]}
        return any(id(p) in trained for p in self.model.parameters())

    def notes(self):
        """Those that are unused, frozen, shared or that no gradient reaches, in words."""
        found = [f"{path} gets a gradient and is in no watched optimizer: it stays as it is" for path in self.left_out()]
        for path, param in self.model.named_parameters():
            users = self.graph.users.get(path, [])
            if path not in self.ids:
                continue
            if not users:
                found.append(f"{path} is used by no layer that the loss depends on")
            elif len(set(users)) > 1:
                layers = [op.path for op in self.graph.by_path.values() if op.id in users]
                found.append(f"{path} is shared by {', '.join(layers)}")
            if not param.requires_grad:
                found.append(f"{path} is frozen: requires_grad is False")
            elif users and path not in self.graph.reached and not is_shard(param):
                found.append(f"{path} got no gradient: it is severed from the loss (detach(), no_grad(), .data?)")
        return found
