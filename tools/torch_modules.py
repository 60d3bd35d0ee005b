# SPDX-License-Identifier: Apache-2.0
"""The words of plumb's network language as torch modules.

Where torch has the word it is used as it is; here is what it has not: the losses, joins of two ways, and the
presets. Names of parameters are plumb's, but for the word "branch": torch's 5.branch.0.weight is plumb's 5.0.weight.
"""

import torch


class Difference(torch.nn.Module):
    """The loss `difference`: mean over the batch of the summed y - target."""

    def forward(self, y, target):
        return (y - target).sum() / y.shape[0]


class HalfMse(torch.nn.Module):
    def forward(self, y, target):
        return 0.5 * ((y - target) ** 2).sum() / y.shape[0]


class SummedBce(torch.nn.Module):
    def forward(self, y, target):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(y, target, reduction="sum")
        return loss / y.shape[0]


LOSSES = {
    "cross_entropy": (torch.nn.CrossEntropyLoss, False),
    "binary_cross_entropy": (SummedBce, True),
    "mse": (HalfMse, True),
    "difference": (Difference, True),
}


class Identity(torch.nn.Module):
    """A tensor of its own, so that its gradient is not that of its input as well."""

    def forward(self, x):
        return x.clone()


class Pad(torch.nn.Module):
    """The shortcut of option A: every so many pixels, and zeros for the channels or features that are new."""

    def __init__(self, new, strides=None):
        super().__init__()
        self.new, self.strides = new, strides

    def forward(self, x):
        if self.strides is None:
            return torch.nn.functional.pad(x, (0, self.new))
        x = x[:, :, ::self.strides[0], ::self.strides[1]]
        return torch.nn.functional.pad(x, (0, 0, 0, 0, 0, self.new))


class Residual(torch.nn.Module):
    """y = shortcut(x) + scale * branch(x); the scale a number or, given as alpha, learned."""

    def __init__(self, branch, scale=1.0, alpha=None, proj=None, proj_bn=None, pad=None):
        super().__init__()
        self.branch, self.scale = branch, scale
        self.proj, self.proj_bn, self.pad = proj, proj_bn, pad
        self.alpha = None if alpha is None else torch.nn.Parameter(torch.tensor([alpha]))

    def forward(self, x):
        branch = self.branch(x)
        for way in (self.proj, self.proj_bn, self.pad):
            x = x if way is None else way(x)
        if self.alpha is not None:
            return x + self.alpha * branch
        return x + (branch if self.scale == 1.0 else self.scale * branch)


class Highway(torch.nn.Module):
    """y = t branch(x) + (1 - t) x with t = sigmoid(gate(x))."""

    def __init__(self, branch, gate):
        super().__init__()
        self.branch, self.gate = branch, gate

    def forward(self, x):
        transform = torch.sigmoid(self.gate(x))
        return transform * self.branch(x) + (1 - transform) * x


JOINS = (Residual, Highway)
BESIDE_BRANCH = ("proj", "proj_bn", "pad", "gate")


class Rnn(torch.nn.RNN):
    """The recurrent modules with their output alone, as a chain wants it."""

    def forward(self, x):
        return super().forward(x)[0]


class Lstm(torch.nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0]


class Gru(torch.nn.GRU):
    def forward(self, x):
        return super().forward(x)[0]


class Last(torch.nn.Module):
    def forward(self, x):
        return x[:, -1].clone()


class RmsNorm(torch.nn.Module):
    def __init__(self, features, affine):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features)) if affine else None

    def forward(self, x):
        y = x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5)
        return y if self.weight is None else y * self.weight


class ConvOfPlain(torch.nn.Conv2d):
    """A convolution of images without an axis of channels."""

    def forward(self, x):
        return super().forward(x.unsqueeze(1))


class GlobalAverage(torch.nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


def deep_image_network(depth, residual, channels=3, classes=10, width=16, bn=True, proj=False):
    """The networks for small images of He et al. 2015, section 4.2: plumb's presets resnet20, plain20 and so on."""
    nn = torch.nn

    def conv(inputs, outputs, stride=1):
        layers = [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not bn)]
        return layers + ([nn.BatchNorm2d(outputs)] if bn else [])

    def block(inputs, outputs, stride):
        branch = conv(inputs, outputs, stride) + [nn.ReLU()] + conv(outputs, outputs)
        if not residual:
            return branch + [nn.ReLU()]
        shortcut = {}
        if stride == 2 and proj:
            shortcut["proj"] = nn.Conv2d(inputs, outputs, 1, 2, bias=False)
            shortcut["proj_bn"] = nn.BatchNorm2d(outputs) if bn else None
        elif stride == 2:
            shortcut["pad"] = Pad(outputs - inputs, (2, 2))
        return [Residual(nn.Sequential(*branch), **shortcut), nn.ReLU()]

    layers = conv(channels, width) + [nn.ReLU()]
    inputs = width
    for outputs in (width, 2 * width, 4 * width):
        for _ in range((depth - 2) // 6):
            layers += block(inputs, outputs, 1 if inputs == outputs else 2)
            inputs = outputs
    return nn.Sequential(*layers, GlobalAverage(), nn.Linear(inputs, classes))
