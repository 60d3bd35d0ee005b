# SPDX-License-Identifier: Apache-2.0
"""Tensors that are not in our memory: measured where they are, fetched once a step.

Hooks that cannot read a tensor call a DeviceWatch. It starts what counts the tensor on the device's own stream and
waits for nothing; when the step ends, what was counted is fetched at once and told to the recorder, in the order in
which the hooks were called. Two exceptions, at steps that become rarer and rarer: how alike samples look, and
whether rows of weights are equal, is judged of copies.
"""

import warnings
import weakref

import torch

from . import sketch_ops
from .op import Layout
from .sketch_rows import DTYPES, SketchRows, rows_of
from .slopes import slopes

#: Devices whose memory has doubles, which the sums are of.
KINDS = ("cuda", "xpu")

#: For tests: tensors on the CPU are taken as if they were on a device. "ops" or "triton".
forced = None


def _counter():
    """What fills rows: the kernel, or without Triton operations of torch."""
    if forced != "ops":
        try:
            from . import sketch_kernel

            return sketch_kernel.count if forced == "triton" else _OrOps(sketch_kernel.count)
        except ImportError:
            if forced == "triton":
                raise
    return sketch_ops.count


class _OrOps:
    """The kernel; operations of torch from when on it cannot be compiled or launched."""

    def __init__(self, count):
        self.count = count

    def __call__(self, x, row, limits):
        try:
            self.count(x, row, limits)
        except Exception as error:  # noqa: BLE001
            if self.count is sketch_ops.count:
                raise
            warnings.warn(f"plumb.watch: counts by operations of torch, the kernel failed: {error}", RuntimeWarning, 2)
            self.count = sketch_ops.count
            self.count(x, row, limits)


def _axes(tensor, layout):
    """(axis of samples, axis of units or None), as plumb/attach/axis_layout.h."""
    outer = tensor.dim() >= 3 and layout in (Layout.time_first, Layout.place_first)
    if tensor.dim() < 2:
        return 0, None
    return int(outer), 1 if layout == Layout.channels_first else tensor.dim() - 1


class Numbers:
    """Numbers of a step on a device, to be fetched together as 64-bit words."""

    def __init__(self):
        self.parts, self.size = [], 0

    def add(self, tensor):
        """Where the values of a tensor of int64 or float64 will stand."""
        words = tensor.reshape(-1)
        self.parts.append(words if words.dtype == torch.int64 else words.view(torch.int64))
        begin, self.size = self.size, self.size + words.numel()
        return begin

    def fetch(self):
        words = torch.cat(self.parts).cpu() if self.parts else torch.zeros(0, dtype=torch.int64)
        self.clear()
        return words, words.view(torch.float64)

    def clear(self):
        self.parts, self.size = [], 0


class OneDevice:
    def __init__(self, device):
        self.rows, self.numbers = SketchRows(device, _counter()), Numbers()


class DeviceWatch:
    """Of one watch. Its methods are called by the hooks, with what they cannot read."""

    def __init__(self, session):
        self._session = weakref.ref(session)
        self._devices, self._pending = {}, []
        self._before, self._ways = {}, {}
        self.refused = set()  #: kinds of devices whose tensors are not measured

    def _core(self):
        return self._session().core

    def _of(self, tensor):
        """The device of a tensor that can be measured, else None."""
        if tensor.dtype not in DTYPES or tensor.layout != torch.strided or type(tensor.data).__name__ == "FakeTensor":
            return None
        device = tensor.device
        if device.type not in KINDS and not (forced and device.type == "cpu"):
            if device.type != "cpu":
                self.refused.add(device.type)
            return None
        key = str(device)
        if key not in self._devices:
            self._devices[key] = OneDevice(device)
        return key, self._devices[key]

    def _count(self, tensor, log2_scale=0.0):
        key, device = self._of(tensor)
        return key, device.rows.add(tensor, log2_scale)

    # What hooks call.

    def output(self, layer, tensor, layout):
        if self._of(tensor) is None or tensor.dim() == 0:
            return False
        self._pending.append(("output", layer, self._count(tensor)))
        core = self._core()
        if core.is_similarity_due:
            core.tell_samples(layer, tensor.detach().cpu(), layout)
        return True

    def module(self, layer, reads, output, given, layout, function, serves_output):
        """Of a module's call. reads: the layer whose output is its input and is told here, or -1."""
        if self._of(output) is None or output.dim() == 0:
            return False
        is_kept = given is not None and given.data_ptr() != output.data_ptr()
        if reads >= 0 and is_kept:
            self.output(reads, given, layout)
        self.output(layer, output, layout)
        if function and is_kept:
            self.derivative(layer, given, layout, function, False)
        elif function and serves_output:
            self.derivative(layer, output, layout, function, True)
        return True

    def derivative(self, layer, tensor, layout, function, is_output):
        if self._of(tensor) is None or tensor.dim() == 0:
            return
        with torch.no_grad():
            tensor = tensor.detach()
            found = slopes(function, y=tensor) if is_output else slopes(function, x=tensor)
            if found is None:
                return
            sample, unit = _axes(found, layout)
            others = [axis for axis in range(found.dim()) if axis != unit]
            is_active = found != 0
            active = is_active.sum(others).reshape(-1) if unit is not None else is_active.sum().reshape(1)
            below = (found.abs() < self._core().saturation_limit(layer)).sum()
            squares = (found.double() ** 2).sum()
        _, device = self._of(tensor)
        place = device.numbers.add(torch.cat([active, below.reshape(1)])), device.numbers.add(squares)
        self._pending.append(
            ("derivative", layer, self._of(tensor)[0], place, found.shape[sample], found.numel(), len(active))
        )

    def gradient(self, layer, tensor, log2_scale):
        if self._of(tensor) is None or tensor.dim() == 0:
            return
        self._pending.append(("gradient", layer, self._count(tensor, log2_scale)))
        self._close_join(layer)

    def join_way(self, layer, reader, place, tensor, log2_scale):
        if self._of(tensor) is not None and tensor.dim() > 0:
            # Autograd may add to it in place.
            self._ways.setdefault(layer, []).append((reader, place, tensor.detach().clone(), log2_scale))

    def _close_join(self, layer):
        ways = self._ways.pop(layer, None)
        if not ways:
            return
        sums = {}
        for reader, place, tensor, _ in ways:
            own = tensor.double().reshape(-1)
            sums[reader, place] = sums[reader, place] + own if (reader, place) in sums else own
        if len({own.numel() for own in sums.values()}) > 1:
            return
        total = sum(sums.values())
        products = torch.stack([torch.stack([own.dot(own), own.dot(total)]) for own in sums.values()])
        key, device = self._of(ways[0][2])
        place = device.numbers.add(products)
        counts = {k: sum(t.numel() for r, p, t, _ in ways if (r, p) == k) for k in sums}
        self._pending.append(("join", layer, key, place, list(counts.items()), ways[0][3]))

    def before_update(self, param, tensor, axis, log2_scale):
        if self._of(tensor) is None:
            return
        self._pending.append(("weight", param, self._count(tensor)))
        if tensor.grad is not None and self._of(tensor.grad) is not None:
            self._pending.append(("grad_weight", param, self._count(tensor.grad, log2_scale)))
        if axis >= 0:
            self._core().tell_symmetry(param, tensor.detach().cpu(), axis)
        self._before[param] = tensor.detach().clone()

    def after_update(self, param, tensor):
        before = self._before.pop(param, None)
        if before is None or before.shape != tensor.shape or self._of(tensor) is None:
            return
        tensor = tensor.detach()
        is_double = tensor.dtype == torch.float64
        self._pending.append(("update", param, self._count(tensor - before if is_double else tensor.float() - before.float())))

    # The end of a pass or of a step.

    def flush(self):
        """Fetches and tells all that was counted since the last time."""
        for layer in list(self._ways):
            self._close_join(layer)
        pending, self._pending = self._pending, []
        self._before.clear()
        if not pending:
            return
        core = self._core()
        tables = {key: device.rows.fetch() for key, device in self._devices.items()}
        numbers = {key: device.numbers.fetch() for key, device in self._devices.items()}
        tell = {"output": core.tell_output, "gradient": core.tell_gradient}
        for what, of, *facts in pending:
            if what == "derivative":
                key, (counts, squares), samples, elements, units = facts
                words, doubles = numbers[key]
                *active, below = words[counts : counts + units + 1].tolist()
                core.tell_derivative(of, samples, elements, below, float(doubles[squares]), active)
            elif what == "join":
                key, place, counts, scale = facts
                values = iter(numbers[key][1][place : place + 2 * len(counts)].tolist())
                core.tell_join(
                    of, [(reader, way, count, next(values), next(values), scale) for (reader, way), count in counts]
                )
            else:
                key, counted = facts[0]
                rows = rows_of(counted, tables[key])
                if what in tell:
                    tell[what](of, rows, counted.times, counted.log2_scale)
                else:
                    core.tell_parameter(of, what, rows, counted.times, counted.log2_scale)

    def clear(self):
        """Forgets what was counted: the step is dropped."""
        self._pending.clear()
        self._before.clear()
        self._ways.clear()
        for device in self._devices.values():
            device.rows.clear()
            device.numbers.clear()
