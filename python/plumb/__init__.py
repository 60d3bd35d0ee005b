# SPDX-License-Identifier: Apache-2.0
"""plumb measures how deep the gradient reaches in the network that you train, and says where it is
lost and why.

    import plumb
    with plumb.watch(model, optimizer, run="exp1.plumb") as w:
        ...                              # the training loop stays as it is
    print(w.diagnose()); w.report("exp1.html")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._core import StoreError
from ._core import version as __version__
from ._run import ROLES, Diagnosis, Finding, Remedy, Run, load, merge

if TYPE_CHECKING:
    import torch

    from ._torch.cure_result import Cure
    from ._torch.init_report import InitReport
    from ._torch.network_text import Network
    from ._torch.watch import Watch

__all__ = [
    "ROLES",
    "Diagnosis",
    "Finding",
    "Remedy",
    "Run",
    "StoreError",
    "__version__",
    "cure",
    "from_torch",
    "init_",
    "load",
    "merge",
    "probe",
    "watch",
]


def watch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | None = None,
    run: str | os.PathLike[str] | None = None,
    record: str = "log",
    *,
    start: int = 0,
    steps: int = 0,
    budget: float | None = None,
    scaler: Any = None,
    baseline: float | dict[str, Any] | None = None,
) -> Watch:
    """Watches a PyTorch training; use it as a context manager, or call close() at the end.

    model       torch.nn.Module, as it is called in the loop (a DistributedDataParallel too)
    optimizer   torch.optim.Optimizer, or several in a list: its step() ends a step of the record.
                Without one every backward pass is a step, and updates are not seen
    run         path of the run file, replaced if it is a run; none: a temporary one
    record      which steps are measured: "log" (0, 1, 2, 4 ... then sparser), "every=K", "off"
    start       the first step that may be measured
    budget      fraction of the step's time that watching may cost on average (0.02), instead of
                `record`; where steps are short some have no record then
    steps       how many steps are planned, so that the last one is measured too
    scaler      the GradScaler, where it is not to be found by its scale()
    baseline    loss of the best constant answer, or a dict of the arguments of Watch.baseline

    Errors: TypeError for a model or an optimiser that is none, StoreError where the file cannot be
    created. What fails later warns once and ends the measuring, never the training.
    """
    from ._torch.watch import Watch

    return Watch(
        model, optimizer, run, record, start=start, steps=steps, budget=budget, scaler=scaler, baseline=baseline
    )


def probe(
    model: torch.nn.Module,
    loss_fn: Callable[..., torch.Tensor],
    batch: Any,
    run: str | os.PathLike[str] | None = None,
) -> Watch:
    """Measures one forward and one backward pass, before any training, and changes nothing: neither
    parameters and their gradients nor buffers nor the state of the CPU's generator.

    loss_fn     (output, targets) -> scalar; (output) -> scalar where batch holds no targets
    batch       (inputs, targets) or inputs alone; inputs a tensor or a tuple of tensors
    Returns what watch() gives, closed: diagnose(), report(), run().
    """
    from ._torch.probe import probe as probe_torch

    return probe_torch(model, loss_fn, batch, run)


def from_torch(model: torch.nn.Module) -> Network:
    """A PyTorch model as a string of the network language with its weights, so that `plumb theory`, `plumb
    probe`, `plumb train` and `plumb cure` work on it.

        network = plumb.from_torch(model)
        print(network)                          # dense 64 > relu > 3 x res[dense 64 > relu > dense 64] > dense 10
        network.save("weights.npz")             # plumb probe "$(...)" --weights weights.npz --data ...

    model       torch.nn.Module of one tensor as input and one as output: sequential, with sums as
                residuals, with recurrent layers (batch_first). It is traced, not called, and not changed

    Errors: ValueError that names every place that the language has no words for.
    """
    from ._torch.network_text import from_torch as convert

    return convert(model)


def init_(
    model: torch.nn.Module,
    batch: Any,
    *,
    orthogonal: bool = False,
    residual: str = "auto",
    forget_bias: float | str | None = 1.0,
    seed: int = 0,
    forward: Callable[[Any, Any], Any] | None = None,
) -> InitReport:
    """Gives every layer the start that theory and one measured batch ask for, in place.

        print(plumb.init_(model, batch))        # before the optimiser is made, or after

    Weights are drawn at the critical gain of the activation that they read from (docs/theory.md), with its bias;
    then the batch goes through once, and each layer in turn is scaled so that its output has the size that
    mean-field theory says. Residual branches end at zero, norms are the identity, recurrent weights are
    orthogonal gate by gate, forget gates open. Frozen parameters are not touched, shared ones given one start.
    What theory has no start for, and what is not known, is left and said so.

    batch        (inputs, targets) or inputs alone, as for probe; a dict for keyword arguments
    orthogonal   orthogonal matrices (delta-orthogonal kernels) in the place of normal ones
    residual     how a branch ends: "auto", at zero, but for a normalisation; "zero", with the scale of that too;
                 "scale", its last layer times 1 / sqrt(branches); "keep", as any layer
    forget_bias  of LSTM's forget and GRU's update gate; "chrono" for memories as long as the sequences of the
                 batch; None for 0
    seed         of the draws, which depend on nothing else
    forward      how the batch is given to the model, forward(model, batch), where it is not model(inputs)

    Returns a report of what was changed and left, as a table, and as plain PyTorch: report.code().
    Errors: TypeError for what is no module, ValueError for an option that there is not, and what the model itself
    raises; the parameters are as before then.
    """
    from ._torch.init_apply import init

    return init(model, batch, orthogonal, residual, forget_bias, seed, forward)


def cure(
    make_model: Callable[..., torch.nn.Module],
    train: Callable[[Any], Any],
    *,
    higher_is_better: bool = False,
    constant: float | None = None,
    best: float | None = None,
    batch: Any = None,
    budget: int = 60,
    screen_seeds: int = 3,
    proof_seeds: int = 8,
    screened: int = 8,
    keep: Sequence[str] = (),
    only: Sequence[str] = (),
    dry_run: bool = False,
    seed: int = 0,
    progress: bool | Callable[[str, int, int], None] = True,
) -> Cure:
    """Finds what makes a sick PyTorch training well, and proves it by training again (docs/cure.md).

        def make_model(seed): return Net()      # a fresh model; the generators are seeded before
        def train(model): ...; return loss      # some steps, with its own optimiser and data
        print(plumb.cure(make_model, train))

    train stays as it is: what is tried is done to the fresh model (start, activations, gates, scale of the
    inputs), or handed to the optimisers that train makes, in their step() (rate, warm-up, clipping). torch's,
    Python's and numpy's generators are seeded before each training, so that arms with one seed see the same data.

    higher_is_better  train returns a score; otherwise a loss
    constant          what the best constant answer has, in that unit. Not told, it is measured by trainings in
                      which the samples of each batch are dealt to other targets
    best              what is the best that can be had: 0 for a loss, 1 for a score
    batch             of inputs for init_; not told, the first that train calls the model with
    budget            trainings at most, all together; short ones count by their share of steps
    screen_seeds, proof_seeds   seeds by which a change is chosen, and fresh ones by which it is proven
    screened          changes that are trained in full, at most
    keep, only        groups that must not, or that alone may be changed: init, gates, activation, data, rate, clipping
    dry_run           short trainings alone
    seed              the first seed
    progress          lines on standard error, or a function (what is done, done, of how many)

    Ctrl-C ends it with what is proven so far. Returns a Cure: ending, winner, proof, code; it prints as a page.
    Errors: TypeError for what is no function or returns the wrong thing, ValueError for options that cannot be;
    what the untreated training raises. What a training raises under a change makes that change fail.
    """
    from ._torch.cure_search import cure as cure_torch

    return cure_torch(make_model, train, higher_is_better, constant, best, batch, budget, screen_seeds, proof_seeds, screened, keep,
                      only, dry_run, seed, progress)
