#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes what tests/theory compares plumb's integrals with: mpmath, 30 digits, tanh-sinh quadrature.

usage: make_theory_golden.py FOLDER

Writes FOLDER/moments.txt (one line an activation and length q = E z^2: E f, E f^2, E f', E f'^2,
E f'^4, E f f'' without point masses, E f''^2 without them) and FOLDER/pairs.txt (E f(u) f(v) of the
normal pair of variances q and correlation c, by the series of f in Hermite polynomials). The functions
are written out here, from their definitions, so that they share nothing with the program. Takes minutes.
"""

import pathlib
import sys

import mpmath as mp

mp.mp.dps = 30


def logistic(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def normal_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def gelu_tanh(x):
    u = mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3)
    return x * logistic(2 * u)


def selu(alpha, scale):
    return lambda x: scale * (x if x > 0 else alpha * mp.expm1(x))


def celu(alpha):
    return lambda x: x if x > 0 else alpha * mp.expm1(x / alpha)


def hardswish(x):
    return x * min(max(x + 3, mp.mpf(0)), mp.mpf(6)) / 6


def mish(x):
    return x * mp.tanh(mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x)))


ALPHA = mp.mpf("1.6732632423543772848170429916717")
SCALE = mp.mpf("1.0507009873554804934193349852946")

# name: (f, kinks). Derivatives are taken numerically, one piece at a time.
ACTIVATIONS = {
    "identity": (lambda x: x, []),
    "sigmoid": (logistic, []),
    "tanh": (mp.tanh, []),
    "relu": (lambda x: max(x, mp.mpf(0)), [0]),
    "leaky_relu 0.2": (lambda x: x if x > 0 else mp.mpf(0.2) * x, [0]),
    "prelu": (lambda x: x if x > 0 else mp.mpf(0.25) * x, [0]),
    "elu": (selu(1, 1), [0]),
    "elu 1.5": (selu(mp.mpf(1.5), 1), [0]),
    "selu": (selu(ALPHA, SCALE), [0]),
    "gelu": (lambda x: x * normal_cdf(x), []),
    "gelu approximate=tanh": (gelu_tanh, []),
    "silu": (lambda x: x * logistic(x), []),
    "softplus": (lambda x: max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))), []),
    "exponential": (mp.exp, []),
    "softsign": (lambda x: x / (1 + abs(x)), [0]),
    "hardtanh": (lambda x: min(max(x, mp.mpf(-1)), mp.mpf(1)), [-1, 1]),
    "hardtanh -0.5 3": (lambda x: min(max(x, mp.mpf(-0.5)), mp.mpf(3)), [-0.5, 3]),
    "celu": (celu(mp.mpf(1)), [0]),
    "celu 0.5": (celu(mp.mpf(0.5)), [0]),
    "mish": (mish, []),
    "hardswish": (hardswish, [-3, 3]),
    "relu6": (lambda x: min(max(x, mp.mpf(0)), mp.mpf(6)), [0, 6]),
}
LENGTHS = ["1e-30", "1e-4", "0.3", "1", "12.6", "400", "5000"]
#: What grows too fast for a range of 13 deviations, in closed form: E e^(k z) = e^(k^2 q / 2).
EXACT = {
    "exponential": lambda q: [mp.exp(q / 2), mp.exp(2 * q), mp.exp(q / 2), mp.exp(2 * q), mp.exp(8 * q), mp.exp(2 * q),
                              mp.exp(2 * q)],
}


def breakpoints(deviation, kinks):
    end = 13 * deviation
    points = {-end, end, mp.mpf(0)} | {mp.mpf(k) for k in kinks}
    for at in (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        points |= {mp.mpf(at), mp.mpf(-at)}
    for at in (1, 2, 4, 8):
        points |= {at * deviation, -at * deviation}
    return sorted(p for p in points if -end <= p <= end)


def jet(f, x, kinks):
    """f, f', f'' at x by central differences at 130 digits that stay on one side of each kink."""
    with mp.workdps(130):
        step = min([mp.mpf(10) ** -25] + [abs(x - mp.mpf(k)) / 4 for k in kinks])
        down, here, up = f(x - step), f(x), f(x + step)
        second = (up - 2 * here + down) / step**2
        return here, (up - down) / (2 * step), second if abs(second) > mp.mpf(10) ** -35 else mp.mpf(0)


def moments(name, q):
    if name in EXACT:
        return EXACT[name](mp.mpf(q))
    f, kinks = ACTIVATIONS[name]
    deviation = mp.sqrt(mp.mpf(q))
    points = breakpoints(deviation, kinks)
    sums = [mp.mpf(0)] * 7
    for low, high in zip(points, points[1:]):
        cache = {}

        def at(x):
            if x not in cache:
                # The ends of a piece carry no weight in tanh-sinh; a jet there may straddle a kink.
                edge = (high - low) * mp.mpf(10) ** -40
                inside = min(max(x, low + edge), high - edge)
                cache[x] = jet(f, inside, kinks)
            return cache[x]

        def mean(g):
            z = lambda x: x / deviation
            # The tolerance of quad is absolute, and the smallest means are 1e-30.
            with mp.workdps(70 if mp.mpf(q) < 1e-3 else 30):
                return mp.quad(lambda x: g(*at(x)) * mp.npdf(z(x)) / deviation, [low, high], maxdegree=7)

        for i, g in enumerate((lambda v, d, s: v, lambda v, d, s: v * v, lambda v, d, s: d,
                               lambda v, d, s: d * d, lambda v, d, s: d**4, lambda v, d, s: v * s,
                               lambda v, d, s: s * s)):
            sums[i] += mean(g)
    return sums


def hermite_coefficients(f, deviation, kinks, count):
    """a_k = E f(deviation z) h_k(z) with the orthonormal Hermite polynomials h_k."""
    points = [p / deviation for p in breakpoints(deviation, kinks)]
    cache = {}

    def row(z):
        if z not in cache:
            values = [mp.mpf(1), z]
            for k in range(1, count - 1):
                values.append((z * values[k] - mp.sqrt(k) * values[k - 1]) / mp.sqrt(k + 1))
            cache[z] = (f(deviation * z) * mp.npdf(z), values)
        return cache[z]

    return [sum(mp.quad(lambda z: row(z)[0] * row(z)[1][k], [a, b], maxdegree=6)
                for a, b in zip(points, points[1:])) for k in range(count)]


def write(path, header, rows):
    lines = [f"# {header}; made by tools/make_theory_golden.py with mpmath {mp.__version__}"]
    lines += [" | ".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def digits(value):
    return "0" if abs(value) < mp.mpf(10) ** -60 else mp.nstr(value, 17)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in ACTIVATIONS:
        for q in LENGTHS:
            if name in EXACT and max(EXACT[name](mp.mpf(q))) > mp.mpf(10) ** 308:
                continue  # no double
            rows.append([name, q, " ".join(digits(m) for m in moments(name, q))])
            print(rows[-1], flush=True)
    write(folder / "moments.txt", "activation | q | E f, E f^2, E f', E f'^2, E f'^4, E f f'', E f''^2", rows)

    rows = []
    for name in ("tanh", "sigmoid", "gelu", "silu", "elu", "softsign", "hardtanh"):
        f, kinks = ACTIVATIONS[name]
        for q in ("0.3", "12.6"):
            coefficients = hermite_coefficients(f, mp.sqrt(mp.mpf(q)), kinks, 70)
            for c in ("-0.6", "0.3", "0.6"):
                mean = sum(a * a * mp.mpf(c) ** k for k, a in enumerate(coefficients))
                rows.append([name, q, c, digits(mean)])
                print(rows[-1], flush=True)
    write(folder / "pairs.txt", "activation | q | c | E f(u) f(v)", rows)


if __name__ == "__main__":
    main()
