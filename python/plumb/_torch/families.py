# SPDX-License-Identifier: Apache-2.0
"""What PyTorch's modules and autograd nodes do to a gradient: tables of names, no rules.

A module that is not in the table is taken apart by the autograd graph; what is not known there
either is booked under "other", never guessed.
"""

import torch.nn as nn

LINEAR = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
CONVOLUTIONS = LINEAR[1:]
EMBEDDING = (nn.Embedding, nn.EmbeddingBag)
NORMALISATION = tuple(
    getattr(nn, name)
    for name in (
        "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm GroupNorm InstanceNorm1d "
        "InstanceNorm2d InstanceNorm3d LocalResponseNorm RMSNorm"
    ).split()
    if hasattr(nn, name)
)
DROPOUT = tuple(
    getattr(nn, name)
    for name in "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout".split()
    if hasattr(nn, name)
)
POOLING = tuple(
    getattr(nn, f"{kind}{n}d")
    for kind in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "LPPool")
    for n in (1, 2, 3)
    if hasattr(nn, f"{kind}{n}d")
)
SHAPE = (nn.Flatten, nn.Unflatten, nn.Identity, nn.PixelShuffle, nn.PixelUnshuffle, nn.ZeroPad2d)
RECURRENT = (nn.RNN, nn.LSTM, nn.GRU)
CELLS = (nn.RNNCell, nn.LSTMCell, nn.GRUCell)
#: Hooked as one: what they compute inside is not looked at.
OPAQUE = (nn.Upsample, nn.Softmax, nn.LogSoftmax, nn.Bilinear, nn.Fold, nn.Unfold)

ACTIVATIONS = {
    nn.ReLU: lambda m: "relu",
    nn.ReLU6: lambda m: "relu6",
    nn.LeakyReLU: lambda m: f"leaky_relu {m.negative_slope:g}",
    nn.ELU: lambda m: f"elu {m.alpha:g}",
    nn.CELU: lambda m: f"celu {m.alpha:g}",
    nn.SELU: lambda m: "selu",
    nn.GELU: lambda m: "gelu approximate=tanh" if m.approximate == "tanh" else "gelu",
    nn.SiLU: lambda m: "silu",
    nn.Mish: lambda m: "mish",
    nn.Softplus: lambda m: "softplus" if m.beta == 1 else "",
    nn.Softsign: lambda m: "softsign",
    nn.Sigmoid: lambda m: "sigmoid",
    nn.Tanh: lambda m: "tanh",
    nn.Hardtanh: lambda m: f"hardtanh {m.min_val:g} {m.max_val:g}",
    nn.Hardswish: lambda m: "hardswish",
    nn.PReLU: lambda m: "",
    nn.Hardsigmoid: lambda m: "",
    nn.LogSigmoid: lambda m: "",
}


#: Knows modules that are none of torch.nn, once somebody has told of them: family_of(module) as below,
#: layout_of(module), weight_shape(module) as torch lays it out, text_of(module); each None for others.
further = None


def family_of(module):
    """(family, function) of a module that is hooked as one, or None. The function is that of an
    activation, or "softmax"."""
    if further is not None:
        found = further.family_of(module)
        if found is not None:
            return found
    for kind, text in ACTIVATIONS.items():
        if type(module) is kind:
            return "activation", text(module)
    for family, kinds in (
        ("linear", LINEAR),
        ("embedding", EMBEDDING),
        ("normalisation", NORMALISATION),
        ("dropout", DROPOUT),
        ("pooling", POOLING),
        ("shape", SHAPE),
        ("recurrent", (*RECURRENT, *CELLS)),
        ("other", OPAQUE),
    ):
        if isinstance(module, kinds):
            return family, "softmax" if isinstance(module, nn.Softmax) else ""
    return None


def text_of(module):
    """For people."""
    return (further and further.text_of(module)) or repr(module).split("\n")[0]


# Autograd nodes, by name without "Backward" and its number.

#: Pass a tensor on, in another shape, order or type.
PLUMBING = set(
    "View ReshapeAlias UnsafeView Transpose T Permute Expand Clone Squeeze Unsqueeze Alias Select "
    "Slice Split SplitWithSizes UnsafeSplit Unbind Unflatten AsStrided ToCopy CopySlices Contiguous "
    "Copy Unfold Narrow Chunk Detach Repeat Flip Roll Index IndexSelect NestedTensorFromMask "
    "PackPaddedSequence Mt MovedimBackward Diagonal Identity UnsafeIndex Reshape Adjoint Mh H".split()
)
#: Element by element, of one tensor: activation and the text of its function; whether autograd keeps
#: its result or what it read.
ACTIVATION_NODES = {
    "Relu": ("relu", "_saved_result", True),
    "Sigmoid": ("sigmoid", "_saved_result", True),
    "Tanh": ("tanh", "_saved_result", True),
    "Gelu": ("gelu", "_saved_self", False),
    "Silu": ("silu", "_saved_self", False),
    "Mish": ("mish", "_saved_self", False),
    "LeakyRelu": ("leaky_relu", "_saved_self", False),
    "Elu": ("elu", "_saved_self_or_result", False),
    "Hardtanh": ("hardtanh", "_saved_self", False),
    "Hardswish": ("hardswish", "_saved_self", False),
    "Softplus": ("softplus", "_saved_self", False),
}
LINEAR_NODES = set(
    "Addmm Mm Linear Convolution MkldnnConvolution MkldnnLinear ConvolutionOverrideable Addbmm "
    "Baddbmm Bmm Matmul SlowConv2D Thnn ConvDepthwise2D Einsum CudnnConvolution".split()
)
NORMALISATION_NODES = set(
    "NativeBatchNorm CudnnBatchNorm NativeLayerNorm NativeGroupNorm MiopenBatchNorm FusedRmsNorm "
    "FusedRMSNorm".split()
)
POOLING_NODES = set(
    "Mean MaxPool2DWithIndices AvgPool2D AvgPool3D AdaptiveAvgPool2D AdaptiveMaxPool2D Max Amax "
    "MaxPool1D MeanBackward1 Sum MaxPool3DWithIndices MkldnnMaxPool2D AdaptiveAvgPool3D".split()
)
DROPOUT_NODES = {"NativeDropout", "FusedDropout", "FeatureDropout"}
EMBEDDING_NODES = {"Embedding", "EmbeddingBag", "EmbeddingDense"}
#: The second is PyTorch 2's, of rows that a mask hides wholly.
SOFTMAX_NODES = {"Softmax", "SafeSoftmax"}
ATTENTION_NODES = set(
    "ScaledDotProductAttention ScaledDotProductFlashAttention ScaledDotProductFlashAttentionForCpu "
    "ScaledDotProductEfficientAttention ScaledDotProductCudnnAttention "
    "ScaledDotProductAttentionMath ScaledDotProductFusedAttentionOverrideable".split()
)
#: At the top of a graph: parts of the loss, and what it is called.
LOSS_NODES = {
    "NllLoss": "cross_entropy",
    "NllLoss2D": "cross_entropy",
    "NllLossNd": "cross_entropy",
    "MseLoss": "mse",
    "L1Loss": "l1",
    "SmoothL1Loss": "smooth_l1",
    "HuberLoss": "huber",
    "BinaryCrossEntropy": "binary_cross_entropy_of_probabilities",
    "BinaryCrossEntropyWithLogits": "binary_cross_entropy",  # the one that plumb knows by this name has the sigmoid too
    "KlDiv": "kl_div",
    "LogSoftmax": "",
}


def node_kind(node):
    """"AddmmBackward0" as "Addmm"."""
    name = node.name().split("::")[-1]
    return name.split("Backward")[0] or name
