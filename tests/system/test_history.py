"""The dashboard of what PostgreSQL remembers: every query gives rows, as a reader who may not write, after a storm was judged."""
import datetime
import json
import re

import pytest

from conftest import ROOT, Collector, Workspace
from postgres import Database, names, server  # noqa: F401

BOARD = json.loads((ROOT / "dashboards/history.json").read_text())
FROM, TO = "2013-02-01T00:00:00Z", (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
VARIABLES = {"monitor": "'flights'", "version": "'1'", "field": "'dep_delay','class'"}
SECONDS = {"1d": 86400, "1h": 3600}


def macro(found):
    name, arguments = found[1], [a.strip().strip("'") for a in found[2].split(",")]
    if name == "timeFilter":
        return f"{arguments[0]} BETWEEN '{FROM}' AND '{TO}'"
    if name in ("timeFrom", "timeTo"):
        return f"'{FROM if name == 'timeFrom' else TO}'"
    if name == "timeGroup":
        return "floor(extract(epoch from {0})/{1})*{1}".format(arguments[0], SECONDS[arguments[1]])
    raise AssertionError(f"no such macro: {name}")


def expanded(sql):
    """As Grafana does: variables first, then macros, whose arguments end at the first parenthesis."""
    sql = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: VARIABLES[found[1]], sql).replace("$window", "86400000").replace("$__interval", "1h")
    sql = re.sub(r"\$__(\w+)\(([^)]*)\)", macro, sql)
    assert "$" not in sql, sql
    return sql


def queries():
    for variable in BOARD["templating"]["list"][1:]:
        yield pytest.param(variable["query"], None, id=f"variable {variable['name']}")
    for annotation in BOARD["annotations"]["list"]:
        if "target" in annotation:
            yield pytest.param(annotation["target"]["rawSql"], ["time", "timeend", "text", "tags"], id=f"annotation {annotation['name']}")
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            first = "time" if target["format"] == "time_series" else None
            yield pytest.param(target["rawSql"], first, id=panel["title"])


@pytest.fixture(scope="module")
def history(binary, storm, training, server, tmp_path_factory):  # noqa: F811
    name = f"history_{next(names)}"
    server.psql(f"create database {name} template leeway_template")
    database, collector = Database(server, name), Collector()
    space = Workspace(tmp_path_factory.mktemp("history"))
    space.write("events.ndjson", storm.read_text() + '{"topic":"flights","partition":1,"offset":999999,"value":{"id":"secret\n')
    space.configure(store=database.url(), receivers=[{"name": "hook", "webhook": {"url": collector.url}}])
    try:
        space.run("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--name", "flights", "--file", training)
        space.run("run", "--file", "events.ndjson", "--once", "--listen", "")
        yield database
    finally:
        space.close()
        collector.close()
        server.psql(f"drop database {name} with (force)")


@pytest.mark.parametrize("sql, columns", queries())
def test_query_has_rows(history, sql, columns):
    rows = history.psql(f"select row_to_json(q) from ({expanded(sql)}) q", login="grafana")
    assert rows, expanded(sql)
    first = list(json.loads(rows[0]))
    assert columns is None or first[:4] == columns or first[0] == columns
    if columns == "time" and "metric" in first:
        assert len(first) == 3, "a time, a name, a value"


def test_the_ledger_agrees(history):
    panel = next(p for p in BOARD["panels"] if p["title"] == "Ledger")
    row = json.loads(history.psql(f"select row_to_json(q) from ({expanded(panel['targets'][0]['rawSql'])}) q", login="grafana")[0])
    assert row["Mismatch"] == 0 and row["Offsets"] == row["Disposed"] > 7000 and row["Quarantined"] == 1


def test_a_reader_only_reads(history):
    with pytest.raises(RuntimeError, match="42501"):  # insufficient_privilege
        history.psql("delete from leeway.verdict", login="grafana")
