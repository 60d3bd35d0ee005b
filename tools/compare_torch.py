#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares plumb with PyTorch on random networks.

For each of N random network strings, `plumb probe --save-tensors` runs one forward and backward pass; the
same network is built from torch.nn modules, gets plumb's parameters and input, and every output, every
gradient and the loss must agree. The truth is PyTorch's pass in double, for plumb's double and float alike.
A tensor may differ by 1e-11 in double and 3e-4 in float of its largest magnitude.

Where the network itself loses more digits than that (a normalisation of values that hardly differ, sums that cancel,
56 layers), no float pass can keep them: of one with two group normalisations in a row PyTorch's float pass is
3.7e-4 away from its double pass, plumb's 1.4e-4. So what is lost is measured: plumb's float pass may differ by 32
times what PyTorch's own float pass differs by, its double pass by as much in units of a double's last place. (32,
because two orders of summation are two samples of an error, and the gradient of a layer of one unit is a
single number.) How many tensors needed it is printed.

Where a value stands at the kink of an activation, or two at the same height under one window of a maxpool, nothing but
rounding decides between two gradients. PyTorch's passes then take plumb's value (which is compared like every
output) and decide as plumb does.

A normalisation of values that are all the same (behind an activation that is saturated everywhere, say) makes digits
of rounding errors alone, and so does its gradient where what arrives is the same for every value (one
image, one channel, a global average). Such a network has nothing to compare and is left out; how many are is printed.

usage: compare_torch.py PLUMB [--networks N] [--seed S]
Exit code 0 when all agree, 1 when not, 77 when PyTorch is not installed (ctest: skipped).
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch
except ImportError:
    print("compare_torch: PyTorch or numpy is not installed; skipped")
    sys.exit(77)

from random_networks import random_case
from torch_modules import BESIDE_BRANCH, JOINS, LOSSES, Gru, Last, Lstm, Rnn

TOLERANCE = {"double": 1e-11, "float": 3e-4}
# Of PyTorch's own error in float, for each precision: 2^-29 is the ratio of the two last places.
ALLOWED_OF_OWN_ERROR = {"double": 32 * 2.0**-29, "float": 32}
# Below this the true value of a double is a denormal and has lost its digits.
SMALLEST = 1e-300

KINKED = (torch.nn.ReLU, torch.nn.LeakyReLU, torch.nn.PReLU, torch.nn.ELU, torch.nn.SELU, torch.nn.Hardtanh,
          torch.nn.Hardswish, torch.nn.MaxPool2d)


def named_by_plumb(chain, prefix="", before="x"):
    """Every module with the name that plumb gives to its output, and the name of its input."""
    for name, child in chain.named_children():
        path = f"{prefix}{name}"
        if isinstance(child, JOINS):
            yield from named_by_plumb(child.branch, path + ".", before)
            for beside in BESIDE_BRANCH:
                if getattr(child, beside, None) is not None:
                    yield (getattr(child, beside), f"{path}.{beside}",
                           f"out/{path}.proj" if beside == "proj_bn" else before)
        yield child, path, before
        before = f"out/{path}"


def side_of_kink(module, z):
    """Which of its linear pieces a kinked function takes: for each value, of a maxpool for each window."""
    if isinstance(module, torch.nn.MaxPool2d):
        return torch.nn.functional.max_pool2d(
            z, module.kernel_size, module.stride, module.padding, return_indices=True)[1]
    if isinstance(module, torch.nn.Hardswish):
        return (z > -3).int() + (z < 3).int()
    if isinstance(module, torch.nn.Hardtanh):
        return (z > module.min_val).int() + (z < module.max_val).int()
    return z > 0


def take_side(value):
    """A hook that gives a kinked function plumb's value wherever it would decide otherwise."""
    def hook(module, inputs):
        z = inputs[0]
        differs = side_of_kink(module, z) != side_of_kink(module, value)
        if not differs.any():
            return None
        change = value.to(z.dtype) - z.detach()
        return z + (change if isinstance(module, torch.nn.MaxPool2d) else torch.where(differs, change, 0))
    return hook


def normalised_groups(module, values):
    """The values that a module normalises together, a group a row; None if it normalises nothing."""
    if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
        return np.moveaxis(values, 1, 0).reshape(module.num_features, -1)
    if isinstance(module, torch.nn.GroupNorm):
        return values.reshape(len(values) * module.num_groups, -1)
    if isinstance(module, torch.nn.LayerNorm):
        return values.reshape(-1, int(np.prod(module.normalized_shape)))
    return None


def normalises_constants(module, tensors):
    """Whether all that a normalisation gets, forward or backward, is the same number but for rounding, and not 0."""
    for child, path, before in named_by_plumb(module):
        for name in (before, f"grad_out/{path}"):
            groups = normalised_groups(child, tensors[name])
            if groups is None or not groups.any():
                continue
            if np.all(np.ptp(groups, axis=1) <= 1e-9 * np.abs(groups).max(axis=1)):
                return True
    return False


def run_torch(case, arrays, labels, dtype):
    module = case["module"].to(dtype)
    module.zero_grad(set_to_none=True)
    tensors, hooks = {}, []

    def keep(path):
        def hook(_module, _inputs, output):
            output.retain_grad()
            tensors[path] = output
        return hook

    for child, path, before in named_by_plumb(module):
        hooks.append(child.register_forward_hook(keep(path)))
        if isinstance(child, KINKED):
            hooks.append(child.register_forward_pre_hook(take_side(torch.from_numpy(arrays[before]))))
    for name, _ in list(module.named_parameters()):
        plumb_name = name.replace(".branch.", ".")
        value = torch.from_numpy(arrays[plumb_name]).to(dtype)
        module.get_parameter(name).data.copy_(value)
    for name, buffer in module.named_buffers():  # as plumb's were before its pass
        if not name.endswith("num_batches_tracked"):
            buffer.fill_(1.0 if name.endswith("running_var") else 0.0)
    x = torch.from_numpy(arrays["x"]).to(dtype).requires_grad_(True)
    make_loss, one_hot = LOSSES[case["loss"]]
    target = torch.from_numpy(labels).reshape(-1)
    if one_hot and case["classes"] == 1:
        target = target.to(dtype).reshape(-1, 1)  # a single output is compared with the label itself
    elif one_hot:
        target = torch.nn.functional.one_hot(target, case["classes"]).to(dtype)
    y = module(x)
    if case.get("per_step"):
        y = y.reshape(-1, case["classes"])  # each step is a row
    loss = make_loss()(y, target)
    loss.backward()
    for hook in hooks:
        hook.remove()

    expected = {"grad_x": x.grad}
    for name, parameter in module.named_parameters():
        expected["grad/" + name.replace(".branch.", ".")] = parameter.grad
    for name, buffer in module.named_buffers():
        if not name.endswith("num_batches_tracked"):
            expected[name.replace(".branch.", ".")] = buffer
    for path, output in tensors.items():
        expected[f"out/{path}"] = output.detach()
        expected[f"grad_out/{path}"] = output.grad
    return loss.item(), {name: np.array(t.double()) for name, t in expected.items() if t is not None}


def largest(values):
    return float(np.abs(values).max(initial=0.0))


def sum_of_terms(name, tensors):
    """The gradient of a bias or factor with the magnitudes of its terms summed; 0 for other tensors."""
    path = name.removeprefix("grad/").rpartition(".")[0]
    if not name.startswith("grad/") or tensors[name].ndim > 1 or f"grad_out/{path}" not in tensors:
        return 0.0
    terms = np.abs(tensors[f"grad_out/{path}"])
    return float(terms.sum(axis=tuple(axis for axis in range(terms.ndim) if axis != 1)).max())


def size_of(name, tensors):
    """What rounding is relative to: near a normalisation a sum is zero but for rounding, and its terms are not."""
    if name.endswith("running_mean"):
        return max(largest(tensors[name]), float(np.sqrt(tensors[name.replace("_mean", "_var")].max())))
    return max(largest(tensors[name]), sum_of_terms(name, tensors))


class Judge:
    """Holds what plumb computed against PyTorch's double pass, in sight of what PyTorch's float pass has lost."""

    def __init__(self, precision):
        self.precision, self.problems, self.ill_conditioned = precision, [], 0
        self.left_out = False

    def compare(self, name, difference, size, own):
        """Whether a difference is small beside the size of a tensor, or beside PyTorch's own error in it."""
        if difference <= max(TOLERANCE[self.precision] * size, SMALLEST):
            return
        if np.isfinite(own) and difference <= ALLOWED_OF_OWN_ERROR[self.precision] * own:
            self.ill_conditioned += 1
            return
        size = max(size, SMALLEST)
        self.problems.append(f"{name} differs by {difference / size:.2e}, PyTorch's own float by {own / size:.2e}")


def check(plumb, case, precision, directory, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(case["batch"], *case["rows"])).astype(np.float32)
    steps = (case["rows"][0],) if case.get("per_step") else ()
    labels = generator.integers(0, case["classes"], size=(case["batch"], *steps))
    labels.flat[0] = case["classes"] - 1  # so that the number of classes is seen in the data
    data = directory / "data.npz"
    tensors = directory / "tensors.npz"
    np.savez(data, x=x, y=labels)
    command = [plumb, "probe", case["network"], "--data", f"npz:{data}", "--validation", "0",
               "--shuffle", "false", "--batch", str(case["batch"]), "--loss", case["loss"],
               "--init", case["init"], "--gain", str(case["gain"]), "--seed", str(seed),
               "--precision", precision, "--save-tensors", str(tensors), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    judge = Judge(precision)
    if result.returncode != 0:
        judge.problems.append(f"plumb failed: {result.stderr.strip()}")
        return judge
    arrays = dict(np.load(tensors))
    if not np.array_equal(arrays["x"], x.astype(np.float64)):
        judge.problems.append("the input is not the one that was given")
        return judge
    loss, truth = run_torch(case, arrays, labels, torch.float64)
    float_loss, in_float = run_torch(case, arrays, labels, torch.float32)
    plumb_loss = json.loads(result.stdout)["loss"]
    judge.compare("loss", float("nan") if plumb_loss is None else abs(plumb_loss - loss), max(1.0, abs(loss)),
                  abs(float_loss - loss))
    judge.left_out = normalises_constants(case["module"], {"x": x, **truth})
    if judge.left_out:
        return judge
    errors = {name: in_float[name] - value for name, value in truth.items()}
    for name, value in truth.items():
        if name in arrays:
            judge.compare(name, largest(arrays[name] - value), size_of(name, truth),
                          max(largest(errors[name]), sum_of_terms(name, errors)))
        else:
            judge.problems.append(f"{name} is missing")
    return judge


def check_state_dict(plumb, directory):
    """A PyTorch state dict saved as NPZ must load with --weights and give PyTorch's output."""
    torch.manual_seed(3)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.GELU(), torch.nn.Linear(8, 8, bias=False),
        torch.nn.PReLU(), torch.nn.Linear(8, 4)).double()
    network = "flatten > dense 8 > gelu > dense 8 bias=false > prelu > dense 4"
    weights, data, tensors = directory / "w.npz", directory / "data.npz", directory / "tensors.npz"
    np.savez(weights, **{name: value.numpy() for name, value in module.state_dict().items()})
    x = np.random.default_rng(3).normal(size=(5, 3, 4)).astype(np.float32)
    np.savez(data, x=x, y=np.array([0, 1, 2, 3, 0]))
    subprocess.run(
        [plumb, "probe", network, "--weights", str(weights), "--data", f"npz:{data}", "--validation", "0",
         "--shuffle", "false", "--batch", "5", "--precision", "double", "--save-tensors", str(tensors),
         "--json"], check=True, capture_output=True)
    with torch.no_grad():
        expected = module(torch.from_numpy(x).double()).numpy()
    return largest(np.load(tensors)["out/5"] - expected) / largest(expected)


def check_recurrent_state_dict(plumb, directory):
    """The same of stacked recurrent layers."""
    torch.manual_seed(4)
    module = torch.nn.Sequential(Lstm(3, 5, batch_first=True, bidirectional=True), Gru(10, 4, batch_first=True),
                                 Rnn(4, 3, batch_first=True), Last(), torch.nn.Linear(3, 2)).double()
    weights, data, tensors = directory / "w.npz", directory / "data.npz", directory / "tensors.npz"
    np.savez(weights, **{name: value.numpy() for name, value in module.state_dict().items()})
    x = np.random.default_rng(4).normal(size=(5, 9, 3)).astype(np.float32)
    np.savez(data, x=x, y=np.array([0, 1, 1, 0, 1]))
    subprocess.run(
        [plumb, "probe", "lstm 5 bidirectional > gru 4 > rnn 3 > last > dense 2", "--weights", str(weights),
         "--data", f"npz:{data}", "--validation", "0", "--shuffle", "false", "--batch", "5", "--precision",
         "double", "--save-tensors", str(tensors), "--json"], check=True, capture_output=True)
    with torch.no_grad():
        expected = module(torch.from_numpy(x).double()).numpy()
    return largest(np.load(tensors)["out/4"] - expected) / largest(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plumb")
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    failures = ill_conditioned = left_out = 0
    # Without oneDNN: PyTorch 1.13 reads memory that nobody wrote in the backward of a float gelu behind
    # a gru (NaN in one run, 1e31 in the next), and is right without it.
    with tempfile.TemporaryDirectory() as name, torch.backends.mkldnn.flags(enabled=False):
        difference = max(check_state_dict(options.plumb, Path(name)),
                         check_recurrent_state_dict(options.plumb, Path(name)))
        if difference > TOLERANCE["double"]:
            failures += 1
            print(f"a PyTorch state dict loaded with --weights: the output differs by {difference:.2e}")
        for index in range(options.networks):
            rng = random.Random(options.seed * 1_000_003 + index)
            case = random_case(rng, index)
            for precision in ("double", "float"):
                judge = check(options.plumb, case, precision, Path(name), options.seed + index)
                ill_conditioned += judge.ill_conditioned
                left_out += judge.left_out
                if judge.problems:
                    failures += 1
                    print(f"{index} ({precision}, {case['loss']}, {case['init']}): {case['network']}")
                    for problem in judge.problems[:5]:
                        print(f"    {problem}")
    print(f"compare_torch: {options.networks} networks in double and float against PyTorch "
          f"{torch.__version__}, {failures} differ; {ill_conditioned} tensors are held to PyTorch's own error, "
          f"{left_out} passes are left out")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
