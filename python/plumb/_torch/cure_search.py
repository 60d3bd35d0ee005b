# SPDX-License-Identifier: Apache-2.0
"""plumb.cure for PyTorch: the steps of a cure, as plumb/cure/cure.h has them, over trainings that a function of
the user's makes. Every decision that follows from scores is plumb/proof's."""

from __future__ import annotations

import math
import random
import sys

from .. import _core
from .cure_changes import Patient, possible_changes, set_rate
from .cure_options import checked_options
from .cure_result import Cure, CureArm, CureCandidate, PairedDifference
from .cure_trial import Trainings, Yardstick

#: Factors of the rate that a sweep tries at least, and how far it goes where the best stands at an end (in decades).
_DECADES, _FARTHEST = (1e-2, 1e-1, 1.0, 1e1, 1e2), 5
_HALF_DECADE = 10**0.5
#: A rate within this of the patient's own is no other.
_ONE_STEP = 0.26
#: Of the steps of a training, at the beginning, that a short one makes; at most as many.
_SHORT, _MOST_SHORT = 4, 300


class _Interrupted(Exception):
    pass


class Search:
    def __init__(self, make_model, train, yardstick, options):
        self.trainings, self.yardstick, self.options = Trainings(make_model, train), yardstick, options
        self.patient, self.result = Patient(), Cure()
        self.seed = options.seed
        self.screen_seeds = [options.seed + i for i in range(options.screen_seeds)]
        self.doubted_as = None  # the ending that the untreated trainings come to where no change settles the doubt
        self.rates = {}  # short training losses by factor of the rate
        self.measured_rate = None

    # Trainings.

    def say(self, doing, done=0, of=0):
        self.doing = doing
        progress = self.options.progress
        if callable(progress):
            progress(doing, done, of)
        elif progress:
            count = f" {done} of {of}" if of else ""
            print(f"plumb.cure: {doing}{count}", file=sys.stderr, flush=True)

    def train(self, seed, changes=(), **options):
        try:
            trial = self.trainings.run(seed, changes, self.patient, **options)
        except KeyboardInterrupt:
            raise _Interrupted from None
        share = 1.0
        if options.get("stop_at") and self.patient.steps:
            share = min(1.0, trial.steps / self.patient.steps)
        self.result.trainings += share
        return trial

    def left(self):
        return self.options.budget - self.result.trainings

    def proof_cost(self):
        return 4 * self.options.proof_seeds

    def arm(self, name, seeds, changes_of, arm=None, **options):
        """changes_of(seed's place) -> the changes."""
        arm = arm or CureArm(name)
        for i, seed in enumerate(seeds):
            trial = self.train(seed, changes_of(i), **options)
            arm.add(trial, self.yardstick.score(trial.value))
        return arm

    # The whole.

    def run(self):
        try:
            self.result.ending = self.steps()
        except _Interrupted:
            self.result.ending = "interrupted"
            self.conclude()
        self.result.constant = math.nan if self.yardstick.constant is None else self.yardstick.constant
        self.result.best, self.result._patient = self.yardstick.best, self.patient
        return self.result

    def steps(self):
        ending = self.reproduce()
        if ending is not None:
            return ending
        self.look()
        if self.options.dry_run:
            return "predicted"
        self.screen()
        if not self.choose():
            return self.doubted_as or "not_found"
        self.add_rate()
        self.add_pairs()
        self.choose()
        untreated, changed = self.result.untreated.mean_score, self.result.winner.screen.mean_score
        if self.doubted_as is not None and not _core.settles_doubt(untreated, changed):
            self.result.winner = None
            return self.doubted_as
        self.prove()
        return self.judge()

    def reproduce(self):
        trials = self.untreated_trials(self.screen_seeds, "reproducing the failure")
        first = trials[0].tap
        patient = self.patient
        patient.captured = self.options.batch or first.arguments
        patient.steps, patient.norms, patient.statistics = first.steps, first.norms, first.statistics
        patient.optimiser = first.optimiser_text
        patient.rate = first.rate
        if not self.yardstick.is_given:
            self.say("the constant answer: a training whose inputs are dealt to other targets")
            self.blind(())
        self.yardstick.check()
        diagnosis = first.diagnosis
        self.result.findings = [f"{f.severity}: {f.rule} {f.where}".strip() for f in diagnosis] if diagnosis is not None else []
        failed = self.failed(trials)
        ending = _core.reproduction_ending(len(failed), len(self.screen_seeds))
        count = len(self.screen_seeds)
        # Twice the seeds cost as many trainings here, and as many of the one candidate.
        if ending == "inconclusive" and self.left() >= 3 * count + self.proof_cost():
            more = [self.seed + i for i in range(count, 2 * count)]
            failed += self.failed(self.untreated_trials(more, "trying more seeds, for it fails with some alone"))
            self.screen_seeds += more
            ending = _core.reproduction_ending(len(failed), len(self.screen_seeds), True)
        if failed:  # the screen begins with one that failed
            self.screen_seeds.remove(failed[0])
            self.screen_seeds.insert(0, failed[0])
        if all(t.score < -_core.tenth_of_the_way and t.tap.learns for t in trials):
            self.result.notes.insert(0, "the untreated trainings learn, by their losses, but end worse than one that sees no input by its own target: "
                                        f"is higher_is_better={self.yardstick.higher} right?")
        if ending is not None and _core.is_doubted(self.result.untreated.mean_score, 0.0):
            self.doubted_as, ending = ending, None
            self.result.notes.append("nothing in most of the untreated trainings tells of a failure, but they leave more than half of what "
                                     "can be had: they count as sick where a change brings half of that, or more")
        return ending

    def untreated_trials(self, seeds, doing):
        trials = []
        for i, seed in enumerate(seeds):
            self.say(doing, i + 1, len(seeds))
            trials.append(self.train(seed, is_watched=True, must_run=True))
        return trials

    def failed(self, trials):
        """Their seeds; all of the trials go to the untreated arm."""
        seeds = []
        for trial in trials:
            trial.score = self.yardstick.score(trial.value)
            self.result.untreated.add(trial, trial.score)
            if _core.training_fails(trial.score, trial.is_suspect, any(s != "note" for s in trial.severities), 0.0):
                seeds.append(trial.seed)
        return seeds

    def blind(self, changes):
        trial = self.train(self.seed, changes, is_blind=True)
        self.yardstick.note_constant([trial.value])

    # Search.

    def allows(self, group):
        return group not in self.options.keep and (not self.options.only or group in self.options.only)

    def short(self):
        return max(10, min(self.patient.steps // _SHORT, _MOST_SHORT))

    def can_be_short(self):
        return self.patient.steps >= 2 * self.short() and bool(self.patient.norms)

    def look(self):
        """Every change that applies, by its first steps; the best rate among them."""
        self.trainings.read_model(self.seed, self.patient.learn)
        changes, notes = possible_changes(self.patient)
        self.result.notes += notes
        self.pool = [c for c in changes if self.allows(c.group)]
        for i, change in enumerate(self.pool):
            self.say("looking at what could help: first steps", i + 1, len(self.pool))
            self.result.candidates.append(CureCandidate([change], self.first_steps((change,))))
        if self.patient.optimiser:
            self.measured_rate = self.sweep(())
        if self.measured_rate is not None:
            change = set_rate(self.measured_rate)
            self.result.notes.append(f"the best measured rate is {self.measured_rate:.3g} times the one it has")
            if self.allows("rate"):
                self.result.candidates.append(CureCandidate([change], self.rates.get(self.measured_rate)))
                self.pool.append(change)
        unknown = math.inf
        self.result.candidates.sort(key=lambda c: (unknown if c.predicted is None else c.predicted, c.size))

    def first_steps(self, changes):
        """The loss late in a short training, None where there is none to be had."""
        if not self.can_be_short():
            return None
        trial = self.train(self.seed, changes, stop_at=self.short())
        return math.inf if trial.error else trial.late_loss

    def sweep(self, changes):
        """The factor of the rate at which a short training loses most; None where none is better than 1.

        A decade apart over two decades up and down, and on where the best stands at an end, for a few steps each; then
        half a decade around the best."""
        is_short, reserve = self.can_be_short(), 0
        if not is_short:  # so few steps, or losses that are not seen: whole trainings, by what they return
            reserve = self.proof_cost() + 2 * len(self.screen_seeds)
        self.say("measuring the rate")
        steps = max(10, self.short() // 2)
        losses = {}

        def measure(factor):
            if factor not in losses and self.left() > reserve:
                changed = (*changes, set_rate(factor)) if factor != 1 else changes
                trial = self.train(self.seed, changed, stop_at=steps if is_short else None)
                found = trial.late_loss if is_short else -trial.value if self.yardstick.higher else trial.value
                losses[factor] = math.inf if trial.error or not math.isfinite(found) else found
            return losses.get(factor, math.inf)

        for factor in _DECADES:
            measure(factor)
        while self.left() > reserve and losses:
            best, finite = min(losses, key=losses.get), [f for f in losses if math.isfinite(losses[f])]
            if finite and min(losses) < best < max(losses):
                break
            outward = min(losses) / 10 if not finite or best == min(losses) else max(losses) * 10
            if abs(math.log10(outward)) > _FARTHEST + 0.5:
                break
            measure(outward)
        if not losses:
            return None
        steps, coarse = self.short(), min(losses, key=losses.get)
        if is_short:
            losses.clear()
        for factor in (coarse, coarse / _HALF_DECADE, coarse * _HALF_DECADE, 1.0):
            measure(factor)
        best = min(losses, key=losses.get)
        if not changes:
            self.rates.update(losses)
        if not math.isfinite(losses[best]) or abs(math.log10(best)) < _ONE_STEP:
            return None
        return best

    # Screen.

    def screen(self):
        first, *others = self.screen_seeds
        count = len(self.screen_seeds)
        affordable = int(2 * (self.left() - self.proof_cost() - count) / (count + 1))
        chosen = self.result.candidates[: max(0, min(affordable, self.options.screened))]
        for i, one in enumerate(chosen):
            self.say("screening", i + 1, len(chosen))
            self.arm(one.id, [first], lambda _, c=one: c.changes, one.screen)
        self.measure_constant(chosen)
        if not others:
            return
        better = sorted(chosen, key=lambda c: -c.screen.mean_score)[: (len(chosen) + 1) // 2]
        for i, one in enumerate(better):
            self.say("screening the better half", i + 1, len(better))
            self.arm(one.id, others, lambda _, c=one: c.changes, one.screen)

    def measure_constant(self, chosen):
        """Once more under the change that does best: the untreated training may not even find the constant answer."""
        known = [c for c in chosen if math.isfinite(c.screen.values[0])]
        if self.yardstick.is_given or not known:
            return
        self.say("the constant answer, under a change")
        self.blind(max(known, key=lambda c: c.screen.values[0] * (1 if self.yardstick.higher else -1)).changes)
        self.yardstick.check()
        for arm in (self.result.untreated, *(c.screen for c in self.result.candidates)):
            arm.scores = [self.yardstick.score(v) for v in arm.values]

    def is_screened(self, one):
        return len(one.screen.scores) == len(self.screen_seeds)

    def choose(self):
        candidates = [(c.screen.mean_score if self.is_screened(c) else math.nan, c.size) for c in self.result.candidates]
        place, self.best_score = _core.choose_change(self.result.untreated.mean_score, candidates)
        self.result.winner = None if place is None else self.result.candidates[place]
        return self.result.winner is not None

    def affords_another(self):
        return self.left() - self.proof_cost() >= len(self.screen_seeds)

    def try_pair(self, changes):
        pair = CureCandidate(list(changes))
        self.say(f"trying {pair.id}")
        self.arm(pair.id, self.screen_seeds, lambda _: pair.changes, pair.screen)
        self.result.candidates.append(pair)

    def add_rate(self):
        """The winner with a rate measured for it."""
        winner = self.result.winner
        if not self.allows("rate") or not self.patient.optimiser or winner.changes[0].group == "rate" or not self.affords_another():
            return
        rate = self.sweep(tuple(winner.changes))
        if rate is not None and self.affords_another():
            self.try_pair([*winner.changes, set_rate(rate)])

    def add_pairs(self):
        """The winner with another change, of another group, where it alone leaves a tenth of what can be had."""
        winner = self.result.winner
        if 1 - winner.screen.mean_score < _core.tenth_of_the_way:
            return
        others = [c for c in self.result.candidates if len(c.changes) == 1 and c.screen.scores]
        others.sort(key=lambda c: -c.screen.scores[0])
        done = [winner.changes[0].group]
        for other in others:
            change = other.changes[0]
            if len(done) > 2 or not self.affords_another():
                return
            if change.group in done or change.id == "set_rate":
                continue
            done.append(change.group)
            order = sorted([winner.changes[0], change], key=lambda c: _ORDER.index(c.group))
            self.try_pair(order)

    # Proof.

    def prove(self):
        winner, count = self.result.winner, self.options.proof_seeds
        seeds = [self.seed + _core.first_proof_seed + i for i in range(count)]
        arms = {"untreated": lambda i: (), "cured": lambda i: winner.changes}
        pool = [c for c in self.pool if c.id not in [w.id for w in winner.changes]]
        if pool:
            draw = random.Random(self.seed)
            drawn = [draw.choice(pool) for _ in seeds]
            arms["random change"] = lambda i: (drawn[i],)
        if winner.changes[0].group != "rate" and self.measured_rate is not None:
            arms["rate alone"] = lambda i: (set_rate(self.measured_rate),)
        self.result.proof = {name: CureArm(name) for name in arms}
        self.result.proof["cured"].changes = [c.id for c in winner.changes]
        if pool:
            self.result.proof["random change"].changes = [c.id for c in drawn]
        for i, seed in enumerate(seeds):
            self.say("proving it with fresh seeds", i + 1, count)
            for name, changes_of in arms.items():
                trial = self.train(seed, changes_of(i), is_watched=name == "cured")
                self.result.proof[name].add(trial, self.yardstick.score(trial.value))
                if name == "cured" and self.result._report is None:
                    self.result._report = trial.report
        self.conclude()

    def conclude(self):
        proof, result = self.result.proof, self.result
        if "cured" not in proof:
            return
        pairs = len(proof["cured"].scores)

        def against(name):
            if name not in proof:
                return None
            return PairedDifference(*_core.paired_difference(proof["cured"].scores[:pairs], proof[name].scores[:pairs]))

        result.over_untreated = against("untreated")
        result.over_random, result.over_rate = against("random change"), against("rate alone")

    def judge(self):
        result, cured = self.result, self.result.proof["cured"]

        def told(difference):
            return None if difference is None else (difference.pairs, difference.mean, difference.low, difference.high, difference.p)

        leaves = 2 * cured.has_sick > len(cured.scores)
        way = self.best_score - result.untreated.mean_score
        return _core.judge_proof(told(result.over_untreated), told(result.over_rate), cured.mean_score, 0.0, way, leaves)


#: In which two changes are made: what is read, what is built, its start, which is measured on that, and what is handed.
_ORDER = ("data", "activation", "init", "gates", "rate", "clipping")


def cure(make_model, train, higher_is_better, constant, best, *options):
    """plumb.cure; options as those of checked_options()."""
    for name, function in (("make_model", make_model), ("train", train)):
        if not callable(function):
            raise TypeError(f"cure: {name} is a {type(function).__name__}, expected a function")
    return Search(make_model, train, Yardstick(higher_is_better, constant, best), checked_options(*options)).run()
