# SPDX-License-Identifier: Apache-2.0
"""What the best constant answer reaches, from the targets that the taps of measured steps have shown."""

import numpy as np

from .._seen_targets import SeenTargets

#: More numbers, or columns of them, tell no more of the order of the samples.
MOST_VALUES, MOST_COLUMNS = 65536, 64


class ConstantAnswer:
    def __init__(self, taps):
        self.taps, self.seen = taps, SeenTargets()
        self.is_told = False  # the baseline is
        self.loss = None  # the FoundLoss of the last trace
        self.waiting = ([], [])  # targets and weights whose other part was not seen yet
        self.pairs = None  # of a loss that compares all with all

    def note(self, found):
        """The loss of a trace. Only one that is the same in all of them, whatever the batch, has a baseline."""

        def facts(one):
            return (one.kind, one.has_labels, one.weights is None, one.factor)

        if found is None or np.isnan(found.factor) or self.loss is not None and facts(found) != facts(self.loss):
            self.seen.is_other = True
        self.loss = found
        self.pairs = self.pairs or (found and found.pairs)

    def look(self):
        """At what was shown since it was called last."""
        shown = False
        for part, sizes, data in self.taps.take_targets():
            self.waiting[part].append(np.frombuffer(data).reshape(sizes))
            shown = True
        while self.waiting[0] and (self.waiting[1] or self.loss.weights is None):
            values = self.waiting[0].pop(0)
            weights = None if self.loss.weights is None else self.waiting[1].pop(0)
            if weights is None:
                self.tell_order(values)
            if not self.seen.is_other:
                self.see(values, weights)
        if shown and self.seen.updates & (self.seen.updates - 1) == 0:  # 8, 16, 32 ...: the run is encoded anew each time
            self.tell()

    def tell(self):
        """What the best constant answer reaches, where the targets so far say it."""
        baseline = None if self.is_told else self.seen.baseline()
        if baseline is not None:
            loss, deviation, accuracy = baseline
            self.taps.set_baseline(self.loss.factor * loss, self.loss.factor * deviation, accuracy)

    def see(self, values, weights):
        """weights: of each label, 1 or 0 for it to be left out."""
        loss, seen = self.loss, self.seen
        if weights is not None:
            seen.is_other = weights.shape != values.shape or not ((weights == 0) | (weights == 1)).all()
            values = values if seen.is_other else values[weights == 1]
        if seen.is_other:
            pass
        elif loss.kind == "cross_entropy":
            labels = values.reshape(-1) if loss.has_labels else labels_of(values.reshape(-1, loss.classes))
            if labels is None or not ((labels >= 0) & (labels < loss.classes)).all():
                seen.is_other = True
            else:
                labels = np.ascontiguousarray(labels, np.int64)
                seen.see_classes(labels.ctypes.data, labels.size)
        else:
            rows = values.reshape(values.shape[0] if values.ndim else 1, -1)
            (seen.see_values if loss.kind == "mse" else seen.see_binary)(rows)
        seen.updates += 1

    def tell_order(self, values):
        """Whether samples come in an order, one label or row of values each."""
        if values.size > MOST_VALUES:
            return
        if values.ndim == 1 and self.loss.has_labels:
            self.taps.add_labels(values.astype(np.int32).tolist())
        elif not self.loss.has_labels and 1 <= values.ndim <= 2:
            rows = values.reshape(len(values), -1)
            if rows.shape[1] <= MOST_COLUMNS:
                self.taps.add_values(rows.reshape(-1).tolist(), rows.shape[1])


def labels_of(rows):
    """Of rows with one 1 each; None where there are others."""
    is_one_hot = ((rows == 0) | (rows == 1)).all() and (rows.sum(-1) == 1).all()
    return rows.argmax(-1) if is_one_hot else None
