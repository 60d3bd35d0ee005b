# SPDX-License-Identifier: Apache-2.0
"""Parameters of which each rank holds a part: those of torch's fully_shard (DTensor)."""


def is_shard(param):
    return hasattr(param, "_local_tensor") and hasattr(param, "device_mesh")


def shard_of(param):
    """(which part this rank holds, of how many)."""
    place, parts = 0, 1
    if is_shard(param):
        coordinates = param.device_mesh.get_coordinate()
        for axis, placement in enumerate(param.placements):
            if placement.is_shard():
                place = place * param.device_mesh.size(axis) + coordinates[axis]
                parts *= param.device_mesh.size(axis)
    return place, parts


class Local:
    """In the place of a parameter: what of it, and of its gradient, is on this rank."""

    def __init__(self, param):
        self.__dict__["param"] = param

    @property
    def grad(self):
        gradient = self.param.grad
        return gradient._local_tensor if is_shard(gradient) else gradient

    def __getattr__(self, name):
        return getattr(self.param._local_tensor, name)


def local(param):
    return Local(param) if is_shard(param) else param
