"""Reference values of elementary and special functions, to 60 digits, rounded to doubles: test/fixtures/functions.json.

Needs mpmath 1.4.1. Arguments are doubles; each row is [arguments..., value] (special tails: value and its logarithm).
"""
import json, math, random
from pathlib import Path
import mpmath
from mpmath import mp, mpf

mp.dps = 60
random.seed(1)


def num(x):
    x = float(x)
    return x if math.isfinite(x) else ("Infinity" if x > 0 else "-Infinity")


def spread(low, high, count):
    """Doubles between low and high, equally spread in size."""
    return [math.exp(random.uniform(math.log(low), math.log(high))) for _ in range(count)]


def table(f, xs):
    return [[x, num(f(mpf(x)))] for x in xs]


signed = lambda xs: xs + [-x for x in xs]
out = {"made_with": f"mpmath {mpmath.__version__}"}
out["exp"] = table(mpmath.exp, signed(spread(1e-10, 700, 40)) + [0.5, 1.0, -745.0, -708.5, 709.7])
out["expm1"] = table(mpmath.expm1, signed(spread(1e-12, 30, 40)) + [9.9e-6, 1.1e-5, -60.0, 300.0])
out["log"] = table(mpmath.log, spread(1e-300, 1e300, 30) + spread(0.5, 2, 30) + [1.0000000001, 0.9999999999, 5e-324])
out["log1p"] = table(mpmath.log1p, spread(1e-15, 1e10, 40) + [-x for x in spread(1e-15, 0.99, 30)])
out["log2"] = table(lambda x: mpmath.log(x, 2), spread(1e-20, 1e20, 30) + [8.0, 0.125, 3.0])
out["log10"] = table(mpmath.log10, spread(1e-20, 1e20, 30) + [1000.0, 1e-3, 1e15, 2.0])
out["sin"] = table(mpmath.sin, signed(spread(1e-8, 1e4, 40)))
out["cos"] = table(mpmath.cos, signed(spread(1e-8, 1e4, 40)))
out["tanh"] = table(mpmath.tanh, signed(spread(1e-8, 25, 40)))
pairs = [(b, random.uniform(-8, 8)) for b in spread(1e-8, 1e8, 40)] + [(1.5, 7.0), (0.1, -3.0), (10.0, 22.0), (2.0, 0.5)]
out["pow"] = [[b, e, num(mpf(b) ** mpf(e))] for b, e in pairs]
points = [(random.choice([-1, 1]) * y, random.choice([-1, 1]) * x) for y, x in zip(spread(1e-5, 1e5, 40), spread(1e-5, 1e5, 40))]
out["atan2"] = [[y, x, num(mpmath.atan2(mpf(y), mpf(x)))] for y, x in points]

out["lgamma"] = table(mpmath.loggamma, [1e-10, 0.001, 0.1, 0.5, 0.9, 1, 1.0001, 1.5, 1.9999, 2, 2.5, 3.7, 10, 14.99, 15, 15.5, 100.25, 1e4, 1e8, 1e15])
tail = lambda z: mpmath.erfc(mpf(z) / mpmath.sqrt(mpf(2))) / 2
out["normal"] = [[z, num(tail(z)), num(mpmath.log(tail(z)))] for z in [-40, -10, -5, -3, -1, -0.1, 0, 1e-8, 0.1, 0.5, 1, 1.5, 1.96, 2.5, 3, 4, 5, 6.1, 8, 10, 15, 20, 30, 37.5, 38.5, 40, 100, 1000, 1e5]]


def student(t, df):
    """P(|T| > t) by the series of the incomplete beta function, with digits enough for the cancellation."""
    nats = min(t * t / 2, (df + 1) / 2 * math.log1p(t * t / df))
    mp.dps = 60 + int(nats / 2.3)
    a, half, square = mpf(df) / 2, mpf(1) / 2, mpf(t) ** 2
    log_beta = mpmath.loggamma(a) + mpmath.loggamma(half) - mpmath.loggamma(a + half)

    def incomplete(p, q, z):
        term, total, n = mpf(1), mpf(0), 0
        while True:
            total += term
            ratio = (p + q + n) / (p + 1 + n) * z
            term *= ratio
            n += 1
            if ratio < 1 and abs(term) < total * mpf(10) ** -mp.dps:
                return mpmath.exp(p * mpmath.log(z) + q * mpmath.log(1 - z) - log_beta) * total / p

    near = square / (df + square)
    p = 1 - incomplete(half, a, near) if near < 0.5 else incomplete(a, half, df / (df + square))
    row = [t, df, num(p), num(mpmath.log(p))]
    mp.dps = 60
    return row


out["student"] = [student(t, df) for df in [0.3, 1, 2, 2.5, 5, 10, 30, 49.9, 50, 50.1, 100, 333.3, 1000, 12345.6, 1e6] for t in [1e-6, 0.01, 0.3, 0.7, 1, 1.3, 1.7, 2, 3, 5, 7, 10, 20, 40, 100]]

path = Path(__file__).parent.parent / "fixtures" / "functions.json"
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in out.items()) + "\n}\n")
