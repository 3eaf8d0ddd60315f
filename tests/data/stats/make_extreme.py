"""Makes extreme.json: natural logarithms of tails where double precision or SciPy gives out, with mpmath at 50 digits.
Central tails by quadrature of the density around its largest point, noncentral ones by their Poisson mixture, one degree of freedom
also in closed form. Nothing here shares a method with the C code for large parameters (which integrates along a contour)."""
import json, pathlib
import mpmath as mp

mp.mp.dps = 50


def log_integral(log_density, low, high, peak, scale):
    peak = min(max(peak, low), high)
    base = log_density(peak)
    points, reach = {peak, low}, scale / 4
    while reach < 4000 * scale:
        points |= {x for x in (peak - reach, peak + reach) if low < x < high}
        reach *= 2
    if high != mp.inf:
        points.add(high)
    points = sorted(points)
    total = sum(mp.quad(lambda t: mp.e ** (log_density(t) - base), [a, b]) for a, b in zip(points, points[1:]))
    return base + mp.log(total)


def gamma_log_q(a, x):
    a, x = mp.mpf(a), mp.mpf(x)
    if a < 3000:
        return mp.log(mp.gammainc(a, x, mp.inf, regularized=True))
    slope = abs((a - 1) / x - 1)
    scale = min(mp.sqrt(a), 1 / slope) if x > a else mp.sqrt(a)
    return log_integral(lambda t: (a - 1) * mp.log(t) - t - mp.loggamma(a), x, mp.inf, a - 1, scale)


def beta_log_i(a, b, x):
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    norm = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    density = lambda t: (a - 1) * mp.log(t) + (b - 1) * mp.log(1 - t) - norm
    mean = a / (a + b)
    slope = abs((a - 1) / x - (b - 1) / (1 - x))
    scale = mp.sqrt(mean * (1 - mean) / (a + b))
    if slope > 0:
        scale = min(scale, 1 / slope)
    peak = (a - 1) / (a + b - 2) if a + b > 2 else x
    if x < mean:
        return log_integral(density, mp.mpf(10) ** -400, x, peak, scale)
    return mp.log(1 - mp.e ** log_integral(density, x, 1 - mp.mpf(10) ** -45, peak, scale))


def mixture(half, first, step, ratio, mode):
    """sum of Poisson(j; half) S_j with S_{j+1} = S_j + t_j, upward"""
    j = max(mp.mpf(0), mp.floor(mode - 14 * mp.sqrt(mode) - 20))
    tail, add = mp.e ** first(j), mp.e ** step(j)
    weight = mp.e ** (j * mp.log(half) - half - mp.loggamma(j + 1))
    total = mp.mpf(0)
    while True:
        total += weight * tail
        tail += add
        add *= ratio(j)
        j += 1
        weight *= half / j
        if j > mode and weight * tail < total * mp.mpf(10) ** -30:
            return mp.log(total)


def ncx2_log_sf(x, df, lam):
    y, a, half = mp.mpf(x) / 2, mp.mpf(df) / 2, mp.mpf(lam) / 2
    mode = max(half, (1 - a + mp.sqrt((a - 1) ** 2 + 4 * half * y)) / 2)
    return mixture(half, lambda j: gamma_log_q(a + j, y), lambda j: (a + j) * mp.log(y) - y - mp.loggamma(a + j + 1),
                   lambda j: y / (a + j + 1), mode)


def ncx2_log_sf_1(x, lam):
    tail = lambda z: mp.erfc(z / mp.sqrt(2)) / 2
    x, lam = mp.sqrt(mp.mpf(x)), mp.sqrt(mp.mpf(lam))
    return mp.log(tail(x - lam) + tail(x + lam))


def ncf_log_sf(x, d1, d2, lam):
    x, a, b, half = mp.mpf(x), mp.mpf(d1) / 2, mp.mpf(d2) / 2, mp.mpf(lam) / 2
    z, w = a * x / (b + a * x), b / (b + a * x)
    linear = a - half * z
    mode = max(half, (mp.sqrt(linear ** 2 + 4 * half * z * (a + b)) - linear) / 2)
    step = lambda j: b * mp.log(w) + (a + j) * mp.log(z) + mp.loggamma(a + j + b) - mp.loggamma(b) - mp.loggamma(a + j + 1)
    return mixture(half, lambda j: beta_log_i(b, a + j, w), step, lambda j: z * (a + b + j) / (a + j + 1), mode)


def binomial_log_sf(k, n, p):
    """by summation from k upward; k above the mean"""
    k, n, p = mp.mpf(k), mp.mpf(n), mp.mpf(p)
    first = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(p) + (n - k) * mp.log(1 - p)
    total = term = mp.mpf(1)
    while k < n and term > total * mp.mpf(10) ** -25:
        term *= (n - k) / (k + 1) * p / (1 - p)
        k += 1
        total += term
    return first + mp.log(total)


def cvm_log_sf(x):
    mp.mp.dps = 100
    x, total, k = mp.mpf(x), mp.mpf(0), 0
    while True:
        z = (4 * k + 1) ** 2 / (16 * x)
        term = mp.binomial(k - mp.mpf(1) / 2, k) * mp.sqrt(4 * k + 1) * mp.e ** -z * mp.besselk(mp.mpf(1) / 4, z)
        total, k = total + term, k + 1
        if term < mp.mpf(10) ** -95:
            break
    value = mp.log(1 - total / (mp.pi * mp.sqrt(x)))
    mp.mp.dps = 50
    return value


ARGUMENTS = {
    gamma_log_q: [(.5, 5e4), (.5, .1), (15.5, 1e4), (100, 300), (1999, 2100), (2001, 1990), (2001, 2100), (2001, 20000), (5e4, 5e4),
                  (1e6, 1.01e6), (1e6, 9.99e5), (1e9, 1.0001e9)],
    beta_log_i: [(.5, .5, .3), (.5, 1e3, .001), (2.5, 1e6, 1e-6), (3, 1e12, 2e-12), (25, 1e12, 1e-11), (900, 1000, .4), (1100, 1000, .5),
                 (5e5, 5e5, .499), (5e5, 5e5, .4), (1e5, 1e7, .0098), (1e11, 1e11, .499999), (5e11, 5e11, .499999), (1e11, 9e11, .0999),
                 (30, 3000, 1e-5), (.5, .5, 1e-10), (50, .5, .5), (1000.5, .5, .999), (1500, .7, .9995)],
    ncx2_log_sf: [(1e5, 4, 1), (1e5, 1, 1000), (30000, 15, 4000), (4300, 3, 4097), (4097, 3, 4097), (12000, 4, 1e4), (1e6, 31, 1e6),
                  (1.01e6, 31, 1e6), (2e6, 31, 1e6), (1.002e7, 4, 1e7), (1e8, 4, 1e5), (3, 1, 1e-9), (1e7, 255, 1)],
    ncf_log_sf: [(1000, 1, 9, 50), (1e6, 4, 76, .5), (3, 11, 209, 5), (1e4, 1, 19, 3000), (1100, 4, 40, 4097), (2000, 4, 40, 4097),
                 (1e6, 1, 9, 1e4), (5e3, 1, 9, 1e4), (1.1e6, 1, 30, 1e6), (2e6, 1, 1, 1e6), (1000, 15, 150, 1e4), (3e5, 4, 1e4, 1e6)],
    ncx2_log_sf_1: [(1e10 + 1e6, 1e10), (1e12 + 1e7, 1e12), (1e12 - 1e7, 1e12), (4e12, 1e12)],
    binomial_log_sf: [(473, 930, .025), (900, 1000, .1), (5.01e5, 1e6, .5), (1.2e9, 1e12, .001), (50, 1e12, 1e-12), (1000, 1e12, 1e-10)],
    cvm_log_sf: [(.02,), (.05,), (.2,), (1,), (2,), (10,), (30,)],
}

if __name__ == "__main__":
    rows = {f.__name__: [list(a) + [float(f(*a))] for a in arguments] for f, arguments in ARGUMENTS.items()}
    text = ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in rows.items())
    pathlib.Path(__file__).with_name("extreme.json").write_text('{"provenance": "make_extreme.py, mpmath ' + mp.__version__ +
                                                                '; each row: arguments, ln P",\n' + text + "\n}\n")
