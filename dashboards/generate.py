#!/usr/bin/env python3
"""Writes the three dashboards beside it. `--check` says which of them are stale instead.

A panel is a line or two here and forty in JSON; what all of them share (data source, unit, description, the selectors of job and instance) cannot be
forgotten. Grafana 10 to 13 load the result, by provisioning or by import."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROMETHEUS, POSTGRESQL = "prometheus", "grafana-postgresql-datasource"
SEVERITIES = [("none", "green"), ("notice", "blue"), ("low", "yellow"), ("medium", "orange"), ("high", "red")]
STATES = [("ok", "green"), ("drift", "red"), ("insufficient", "text"), ("incomplete", "yellow"), ("learning", "blue"), ("silent", "purple")]
AGENT = 'job=~"$job", instance=~"$instance"'
OF_MONITOR = f'{AGENT}, monitor=~"$monitor"'
OF_VERSION = f'{OF_MONITOR}, version=~"$version", window=~"$window"'
OF_FIELD = f'{OF_VERSION}, segment="", field=~"$field"'


def value_mappings(names):
    return [{"type": "value", "options": {str(i): {"text": text, "color": color, "index": i} for i, (text, color) in enumerate(names)}}]


def word_mappings(names):
    return [{"type": "value", "options": {text: {"color": color, "index": i} for i, (text, color) in enumerate(names)}}]


def steps(*pairs):
    """Thresholds: the colour at the bottom, then (value, colour)."""
    return {"mode": "absolute", "steps": [{"color": pairs[0], "value": None}] + [{"color": c, "value": v} for v, c in pairs[1:]]}


class Dashboard:
    def __init__(self, uid, title, description, kind, time, refresh, variables):
        self.kind, self.panels, self.x, self.y, self.height = kind, [], 0, 0, 0
        self.source = {"type": kind, "uid": "${datasource}"}
        label = {PROMETHEUS: "Prometheus", POSTGRESQL: "PostgreSQL"}[kind]
        self.model = {
            "id": None, "uid": uid, "title": title, "description": description, "tags": ["leeway", "ml-monitoring"], "timezone": "browser",
            "editable": False, "graphTooltip": 1, "schemaVersion": 39, "version": 1, "refresh": refresh, "time": {"from": time, "to": "now"},
            "timepicker": {}, "fiscalYearStartMonth": 0, "liveNow": False, "weekStart": "",
            "links": [{"type": "dashboards", "title": "leeway", "tags": ["leeway"], "asDropdown": True, "includeVars": True, "keepTime": True,
                       "targetBlank": False, "icon": "external link", "tooltip": "The other dashboards of leeway", "url": ""}],
            "annotations": {"list": [{"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "hide": True,
                                      "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard"}]},
            "templating": {"list": [{"type": "datasource", "name": "datasource", "label": "Data source", "query": kind, "refresh": 1, "hide": 0,
                                     "multi": False, "includeAll": False, "options": [], "regex": "", "skipUrlSync": False,
                                     "current": {}, "description": f"Which {label}"}]},
            "panels": self.panels,
        }
        for variable in variables:
            self.variable(*variable)

    def variable(self, name, label, query, multi=True):
        self.model["templating"]["list"].append({
            "type": "query", "name": name, "label": label, "datasource": self.source, "refresh": 2, "hide": 0, "sort": 1, "multi": multi,
            "includeAll": multi, "allValue": ".+" if self.kind == PROMETHEUS and multi else None, "options": [], "regex": "", "skipUrlSync": False,
            "current": {"text": ["All"], "value": ["$__all"]} if multi else {},
            "definition": query, "query": {"qryType": 1, "query": query, "refId": "variable"} if self.kind == PROMETHEUS else query})

    def annotation(self, name, color, target):
        self.model["annotations"]["list"].append({"name": name, "datasource": self.source, "enable": True, "hide": False, "iconColor": color,
                                                  **target})

    def row(self, title):
        self.y, self.x, self.height = self.y + self.height, 0, 0
        self.panels.append({"id": len(self.panels) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                            "gridPos": {"h": 1, "w": 24, "x": 0, "y": self.y}})
        self.y += 1

    def panel(self, kind, title, description, queries, unit="short", width=12, height=8, options=None, custom=None, overrides=(),
              transformations=(), **defaults):
        """`queries`: text, or (text, legend) pairs."""
        if self.x + width > 24:
            self.x, self.y, self.height = 0, self.y + self.height, 0
        queries = [queries] if isinstance(queries, str) else queries
        targets = [self.target(kind, chr(65 + i), *([q] if isinstance(q, str) else q)) for i, q in enumerate(queries)]
        defaults = {"unit": unit, "custom": custom or {}, "mappings": [], "thresholds": steps("green"), **defaults}
        self.panels.append({
            "id": len(self.panels) + 1, "type": kind, "title": title, "description": description, "datasource": self.source,
            "gridPos": {"h": height, "w": width, "x": self.x, "y": self.y}, "targets": targets, "options": options or {},
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
            **({"transformations": list(transformations)} if transformations else {})})
        self.x, self.height = self.x + width, max(self.height, height)

    def target(self, kind, ref, query, legend="__auto"):
        if self.kind == POSTGRESQL:
            return {"refId": ref, "datasource": self.source, "editorMode": "code", "rawQuery": True, "rawSql": query,
                    "format": "time_series" if kind in ("timeseries", "state-timeline") else "table"}
        instant = kind in ("table", "stat", "bargauge")
        return {"refId": ref, "datasource": self.source, "editorMode": "code", "expr": query, "legendFormat": legend, "instant": instant,
                "range": not instant, "format": "table" if kind == "table" else "time_series"}

    # ---- kinds of panels ----

    def stat(self, title, description, query, unit="short", width=4, graph=False, **more):
        options = {"colorMode": "value", "graphMode": "area" if graph else "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
                   "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
        self.panel("stat", title, description, query, unit, width, 4, options, noValue=more.pop("noValue", "0"), **more)

    def series(self, title, description, queries, unit="short", width=12, stack=False, fill=0, lines=False, log=False, legend="table", **more):
        custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if stack else fill, "showPoints": "auto", "spanNulls": False,
                  "stacking": {"mode": "normal" if stack else "none", "group": "A"},
                  "thresholdsStyle": {"mode": "dashed" if lines else "off"},
                  "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"}}
        options = {"legend": {"displayMode": legend, "placement": "bottom" if legend == "list" else "right", "showLegend": True,
                              "calcs": [] if legend == "list" else ["lastNotNull", "max"]},
                   "tooltip": {"mode": "multi", "sort": "desc"}}
        self.panel("timeseries", title, description, queries, unit, width, options=options, custom=custom, **more)

    def timeline(self, title, description, queries, mappings, width=24, height=10, **more):
        self.panel("state-timeline", title, description, queries, "none", width, height, {
            "mergeValues": True, "rowHeight": 0.85, "showValue": "never", "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "single", "sort": "none"}},
            {"fillOpacity": 80, "lineWidth": 0}, mappings=mappings, **more)

    def table(self, title, description, queries, width=24, height=10, sort=None, **more):
        options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""},
                   "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
        self.panel("table", title, description, queries, more.pop("unit", "short"), width, height, options,
                   {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}, **more)

    def text(self):
        return json.dumps(self.model, indent=2, ensure_ascii=False) + "\n"


def column(name, unit=None, mappings=None, background=False, width=None, decimals=None):
    properties = []
    if unit:
        properties.append({"id": "unit", "value": unit})
    if mappings:
        properties.append({"id": "mappings", "value": mappings})
    if background:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}})
    if width:
        properties.append({"id": "custom.width", "value": width})
    if decimals is not None:
        properties.append({"id": "decimals", "value": decimals})
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


def merged(rename, hide=("Time",)):
    return [{"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {name: True for name in hide}, "indexByName": {}, "renameByName": rename}}]


def agent_variables(*more):
    return [("job", "Job", "label_values(leeway_build_info, job)"),
            ("instance", "Instance", 'label_values(leeway_build_info{job=~"$job"}, instance)'), *more]


MONITOR_VARIABLE = ("monitor", "Monitor", f"label_values(leeway_monitor_info{{{AGENT}}}, monitor)")


# ---- overview: what the models see ----

def overview():
    board = Dashboard("leeway-overview", "leeway / Overview", "What the watched models see: drift, severity, missing values and incidents, with what they are measured against.",
                      PROMETHEUS, "now-24h", "1m", agent_variables(
                          MONITOR_VARIABLE,
                          ("version", "Version", f"label_values(leeway_window_records{{{OF_MONITOR}}}, version)"),
                          ("window", "Window", f"label_values(leeway_window_records{{{OF_MONITOR}}}, window)"),
                          ("field", "Field", f'label_values(leeway_field_state{{{OF_MONITOR}, version=~"$version", segment=""}}, field)')))
    by_field = "max by (monitor, version, window, field)"
    board.annotation("Incidents opened", "red", {"expr": f"sum(increase(leeway_incidents_opened_total{{{AGENT}}}[$__rate_interval])) > 0",
                                                 "titleFormat": "incident opened", "step": "60s"})
    board.row("Now")
    board.stat("Fields in drift", "Fields whose latest window drifts, all records; the worst of the chosen windows counts once a model version.",
               f'sum(max by (monitor, version) (leeway_window_fields{{{OF_VERSION}, state="drift"}}))', thresholds=steps("green", (1, "orange")))
    board.stat("Fields watched", "Fields that have a verdict in the latest window, drift or not.",
               f"sum(max by (monitor, version) (sum by (instance, monitor, version, window) (leeway_window_fields{{{OF_VERSION}}})))")
    for severity, color in (("critical", "red"), ("warning", "orange")):
        board.stat(f"Open incidents, {severity}", f"Incidents of severity {severity} that are not resolved, in the whole store.",
                   f'sum(max by (monitor) (leeway_incidents_open{{{OF_MONITOR}, severity="{severity}"}}))', thresholds=steps("green", (1, color)))
    board.stat("Worst severity", "Worst severity of a field in drift, all records.",
               f'max(leeway_field_severity{{{OF_FIELD}}} * (leeway_field_state{{{OF_FIELD}}} == bool 1))', "none",
               mappings=value_mappings(SEVERITIES), noValue="none")
    board.stat("Event-time lag", "How far the watermark, up to which everything is final, is behind the clock. Years in a replay of old records.",
               f"max(time() - max by (monitor) (leeway_watermark_timestamp_seconds{{{OF_MONITOR}}}))", "s",
               thresholds=steps("green", (900, "yellow"), (3600, "red")))
    board.row("What drifts")
    board.timeline("Severity by field", "Severity of each field's latest window, all records. Drift needs two of three windows, or one beyond doubt, so a single notice may come and go.",
                   [(f"{by_field} (leeway_field_severity{{{OF_FIELD}}})", "{{monitor}} {{version}} {{field}} {{window}}")],
                   value_mappings(SEVERITIES), thresholds=steps("green", (1, "blue"), (2, "yellow"), (3, "orange"), (4, "red")), min=0, max=4)
    board.table("Fields", "The latest verdict of each field. Effect is the change without noise, on the scale of PSI; its lower limit decides the severity.",
                [f"{by_field} (leeway_field_{name}{{{OF_FIELD}}})" for name in
                 ("state", "severity", "effect", "effect_lower", "p_value", "missing_ratio", "records")],
                sort="Effect, lower limit",
                transformations=merged({"Value #A": "State", "Value #B": "Severity", "Value #C": "Effect", "Value #D": "Effect, lower limit",
                                        "Value #E": "p", "Value #F": "Missing", "Value #G": "Records", "monitor": "Monitor", "version": "Version",
                                        "field": "Field", "window": "Window"}),
                overrides=[column("State", mappings=value_mappings(STATES), background=True), column("Severity", mappings=value_mappings(SEVERITIES), background=True),
                           column("Effect", "none", decimals=3), column("Effect, lower limit", "none", decimals=3), column("p", "sci"),
                           column("Missing", "percentunit", decimals=1), column("Records", "short")])
    board.series("Fields by state", "How many fields are in which state, all records.",
                 [(f"sum by (state) (max by (monitor, version, window, state) (leeway_window_fields{{{OF_VERSION}}}))", "{{state}}")], stack=True,
                 overrides=[{"matcher": {"id": "byName", "options": name}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}
                            for name, color in STATES])
    board.series("Segments by state", "The same for pairs of segment value and field.",
                 [(f"sum by (state) (max by (monitor, version, window, state) (leeway_window_segment_fields{{{OF_VERSION}}}))", "{{state}}")], stack=True)
    board.row("Field: $field")
    bars = steps("transparent", (0.02, "yellow"), (0.1, "orange"), (0.25, "red"))
    board.series("Effect, lower limit", "Lower 95 % limit of the effect. Lines: 0.02, from where a change is worth telling at normal sensitivity; 0.1 is medium, 0.25 high.",
                 [(f"{by_field} (leeway_field_effect_lower{{{OF_FIELD}}})", "{{monitor}} {{version}} {{field}} {{window}}")], "none", lines=True, thresholds=bars)
    board.series("Scores over their noise", "Each score less what noise alone would give at these sample sizes: nothing has changed where it is about 0.",
                 [(f"max by (monitor, version, window, field, method) (leeway_field_score{{{OF_FIELD}}} - leeway_field_score_noise_floor{{{OF_FIELD}}})",
                   "{{field}} {{method}} {{window}} {{version}}")], "none")
    board.series("Score and noise floor, PSI", "The score by its usual definition, and what it is expected to be if nothing has changed.",
                 [(f'{by_field} (leeway_field_score{{{OF_FIELD}, method="psi"}})', "{{field}} {{window}} {{version}}"),
                  (f'{by_field} (leeway_field_score_noise_floor{{{OF_FIELD}, method="psi"}})', "noise floor of {{field}} {{window}} {{version}}")], "none",
                 overrides=[{"matcher": {"id": "byRegexp", "options": "/^noise floor/"},
                             "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}]}])
    board.series("Missing values", "Share of the window's records without a value of the field.",
                 [(f"{by_field} (leeway_field_missing_ratio{{{OF_FIELD}}})", "{{monitor}} {{version}} {{field}} {{window}}")], "percentunit", min=0)
    board.series("p", "How likely such a window is if the change is negligible; the smaller, the surer. The level that the alarm budget allows is dashed.",
                 [(f"clamp_min({by_field} (leeway_field_p_value{{{OF_FIELD}}}), 1e-30)", "{{monitor}} {{version}} {{field}} {{window}}"),
                  (f'max by (monitor, window) (leeway_monitor_significance_level{{{OF_MONITOR}, window=~"$window"}})', "level of {{monitor}} {{window}}")],
                 "sci", log=True, overrides=[{"matcher": {"id": "byRegexp", "options": "/^level/"},
                                              "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}]}])
    board.series("Segments of the field", "Effect by segment value, lower limit: whether a change is everywhere or comes from one part.",
                 [(f'max by (monitor, version, window, field, segment) (leeway_field_effect_lower{{{OF_VERSION}, segment!="", field=~"$field"}})',
                   "{{field}} {{segment}} {{window}} {{version}}")], "none", lines=True, thresholds=bars)
    board.row("Volume and incidents")
    board.series("Records in the window", "Records in the latest window, and how many a window needs to be judged.",
                 [(f"max by (monitor, version, window) (leeway_window_records{{{OF_VERSION}}})", "{{monitor}} {{version}} {{window}}"),
                  (f"max by (monitor) (leeway_monitor_min_records{{{OF_MONITOR}}})", "needed by {{monitor}}")], min=0)
    board.series("Open incidents", "Incidents that are not resolved, by severity.",
                 [(f"sum by (severity) (max by (monitor, severity) (leeway_incidents_open{{{OF_MONITOR}}}))", "{{severity}}")], stack=True, decimals=0)
    board.series("Incidents opened and closed", "By the agents that judge, in the interval of a point.",
                 [(f"sum(increase(leeway_incidents_{name}_total{{{AGENT}}}[$__rate_interval]))", name) for name in ("opened", "closed")], legend="list")
    board.series("Alarms of e-detectors", "They look at every pane and see a lasting change before a window is full; in the interval of a point.",
                 [(f"sum by (monitor) (increase(leeway_edetector_alarms_total{{{OF_MONITOR}}}[$__rate_interval]))", "{{monitor}}")])
    return board


# ---- agent health: whether leeway itself works ----

def agent_health():
    board = Dashboard("leeway-agent-health", "leeway / Agent health", "Whether leeway itself works: reading, counting, judging, storing, telling.",
                      PROMETHEUS, "now-6h", "1m", agent_variables(MONITOR_VARIABLE))
    rate = "$__rate_interval"

    def each(name, by="instance"):
        return f"max by ({by}) ({name}{{{AGENT}}})"

    def total(name, by, more=""):
        return f"sum by ({by}) (rate({name}{{{AGENT}{more}}}[{rate}]))"

    board.row("Now")
    board.stat("Agents ready", "Agents that say they are ready, of those that can be scraped.", f"sum(leeway_ready{{{AGENT}}})", thresholds=steps("red", (1, "green")))
    board.stat("Agents not ready", "Agents that can be scraped but do not work; /readyz?verbose of each says why.",
               f"count(leeway_ready{{{AGENT}}} == 0) or vector(0)", thresholds=steps("green", (1, "red")))
    board.stat("Store", "Whether the store answered when it was last asked, at the agent that sees it worst.", f"min(leeway_store_up{{{AGENT}}})", "none",
               mappings=value_mappings([("away", "red"), ("up", "green")]), noValue="not asked")
    board.stat("Ledger mismatch", "Offsets without a disposition, or counted twice. Anything but 0 is a fault of leeway.", f"max(leeway_ledger_mismatch{{{AGENT}}})",
               thresholds=steps("green", (1, "red")))
    board.stat("Records", "Records a second, all dispositions.", f"sum(rate(leeway_records_total{{{AGENT}}}[{rate}]))", "reqps", graph=False)
    board.stat("Messages waiting", "Messages that wait for their receivers, parked ones too.",
               f"max(leeway_outbox_pending{{{AGENT}}} + leeway_outbox_parked{{{AGENT}}})", thresholds=steps("green", (10, "yellow")))
    board.row("Agents")
    board.table("Agents", "What runs where, with which configuration. Agents of one group should have the same.",
                [f"max by (instance, version, compiler) (leeway_build_info{{{AGENT}}})", f"max by (instance, hash) (leeway_config_info{{{AGENT}}})",
                 each("leeway_ready"), f"time() - {each('process_start_time_seconds')}", each("leeway_config_last_reload_successful")], height=6,
                transformations=merged({"Value #C": "Ready", "Value #D": "Up for", "Value #E": "Last reload", "instance": "Instance", "version": "Version",
                                        "compiler": "Compiler", "hash": "Configuration"}, ("Time", "Value #A", "Value #B")),
                overrides=[column("Up for", "s"), column("Ready", mappings=value_mappings([("no", "red"), ("yes", "green")]), background=True),
                           column("Last reload", mappings=value_mappings([("failed", "red"), ("good", "green")]), background=True)])
    board.table("Monitors", "Which baseline and generation each monitor judges against, and how many model versions are live.",
                [f"max by (monitor, baseline, generation) (leeway_monitor_info{{{OF_MONITOR}}})", f"max by (monitor) (leeway_monitor_live_versions{{{OF_MONITOR}}})",
                 f"max by (monitor) (leeway_monitor_effect_threshold{{{OF_MONITOR}}})"], height=6,
                transformations=merged({"Value #B": "Live versions", "Value #C": "Effect worth telling", "monitor": "Monitor", "baseline": "Baseline",
                                        "generation": "Generation"}, ("Time", "Value #A")))
    board.series("CPU", "User and system time; 1 is one core. One agent uses one, and some of librdkafka's.",
                 [(f"{total('process_cpu_seconds_total', 'instance')}", "{{instance}}")], "none", width=8, min=0)
    board.series("Memory", "Resident memory.", [(each("process_resident_memory_bytes"), "{{instance}}")], "bytes", width=8, min=0)
    board.series("File descriptors", "Open, and the limit.", [(each("process_open_fds"), "{{instance}}"), (each("process_max_fds"), "limit of {{instance}}")],
                 width=8, log=True)
    board.series("HTTP requests", "Requests to page, API and metrics, failed ones (5xx), and connections cut at a deadline.",
                 [(total("leeway_web_requests_total", "instance"), "{{instance}}"), (total("leeway_web_requests_failed_total", "instance"), "failed at {{instance}}"),
                  (total("leeway_web_connections_cut_total", "instance"), "cut at {{instance}}")], "reqps", width=8)
    board.series("HTTP connections", "Open connections; 64 at most.", [(each("leeway_web_connections"), "{{instance}}")], width=8, min=0)
    board.series("Series in a scrape", "Series in one answer of /metrics, and those left out because there is no room.",
                 [(each("leeway_metrics_series"), "{{instance}}"),
                  (f"sum by (instance) (increase(leeway_metrics_series_dropped_total{{{AGENT}}}[{rate}]))", "left out at {{instance}}")], width=8, min=0)
    board.row("Records")
    board.series("Records by disposition", "What became of the records: every record has exactly one disposition.",
                 [(total("leeway_records_total", "disposition"), "{{disposition}}")], "reqps", stack=True)
    board.series("Shares that are not counted", "Share of all records that is late, has a bad time, is in quarantine, or belongs to no monitor.",
                 [(f'{total("leeway_records_total", "disposition", ", disposition!=" + chr(34) + "counted" + chr(34))} / on () group_left sum(rate(leeway_records_total{{{AGENT}}}[{rate}]))',
                   "{{disposition}}")], "percentunit", min=0)
    board.series("Decode errors", "Records in quarantine that could not be decoded, by reason.", [(total("leeway_decode_errors_total", "reason"), "{{reason}}")], "reqps", stack=True)
    board.series("Bytes", "Bytes of records read.", [(total("leeway_record_bytes_total", "instance"), "{{instance}}")], "Bps", min=0)
    board.series("Commits", "Commits of counts and offsets, and those that lost against another owner of a partition.",
                 [(total("leeway_commits_total", "instance"), "{{instance}}"), (total("leeway_fenced_writes_total", "instance"), "fenced at {{instance}}")], "ops")
    board.series("Repeated and unknown", "Records offered again and dropped; records of model versions that the configuration does not name.",
                 [(total("leeway_records_repeated_total", "instance"), "repeated at {{instance}}"),
                  (total("leeway_records_unknown_version_total", "instance"), "unknown version at {{instance}}")], "reqps")
    board.row("Time and judging")
    for name, metric, words in (("Event-time lag", "leeway_watermark_timestamp_seconds", "How far the watermark, up to which everything is final, is behind the clock."),
                                ("Freshness", "leeway_event_timestamp_seconds", "Age of the newest event that is committed.")):
        board.series(name, words + " Years in a replay of old records.", [(f"time() - max by (monitor) ({metric}{{{OF_MONITOR}}})", "{{monitor}}")], "s", width=8)
    board.series("Judging behind", "Event time that is final and not yet judged. Up to a pane (an hour at most) is normal; below 0 after the end of a file.",
                 [(f"max by (monitor) (leeway_watermark_timestamp_seconds{{{OF_MONITOR}}}) - max by (monitor) (leeway_judged_timestamp_seconds{{{OF_MONITOR}}})", "{{monitor}}")],
                 "s", width=8)
    board.series("Judged", "Panes, windows and verdicts a second.",
                 [(total("leeway_panes_judged_total", "job"), "panes"), (total("leeway_windows_judged_total", "job"), "windows"),
                  (total("leeway_verdicts_total", "job"), "verdicts")], "ops", width=8)
    board.series("Counts not judged", "Counts of another configuration or baseline, and verdicts that are not among the metrics because there are too many fields.",
                 [(total("leeway_deltas_foreign_total", "instance"), "foreign at {{instance}}"),
                  (total("leeway_verdicts_unlisted_total", "instance"), "unlisted at {{instance}}")], "ops", width=8)
    board.series("Partitions", "Partitions known to the store, and those that are drained and silent.",
                 [(f"max(leeway_partitions{{{AGENT}}})", "known"), (f"max(leeway_partitions_idle{{{AGENT}}})", "idle")], width=8, min=0, legend="list")
    board.row("Kafka")
    board.series("Consumer lag", "Offsets not yet read, an upper bound of records, by topic.", [(f"sum by (topic) (leeway_kafka_consumer_lag{{{AGENT}}})", "{{topic}}")], min=0)
    board.series("Largest lag of a partition", "Five partitions that are behind most.",
                 [(f"topk(5, max by (topic, partition) (leeway_kafka_consumer_lag{{{AGENT}}}))", "{{topic}} {{partition}}")], min=0)
    board.series("Reading", "Whether the source reads (1), and how many partitions each agent has.",
                 [(each("leeway_kafka_up"), "up: {{instance}}"), (each("leeway_kafka_partitions"), "partitions of {{instance}}")], width=8, min=0)
    board.series("Group", "Rebalances, assignments lost, partitions given up before the last commit was done; in the interval.",
                 [(f"sum(increase(leeway_kafka_{name}_total{{{AGENT}}}[{rate}]))", words) for name, words in
                  (("rebalances", "rebalances"), ("assignments_lost", "lost"), ("revoke_timeouts", "given up late"))], width=8, legend="list")
    board.series("Errors", "Errors that librdkafka told, by its name for them.", [(total("leeway_kafka_errors_total", "error"), "{{error}}")], "ops", width=8)
    board.series("Pauses, stalls, jumps", "Reading paused because something was slower; silent partitions with more to read; offsets that did not exist any more.",
                 [(f"sum(increase(leeway_kafka_pauses_total{{{AGENT}}}[{rate}]))", "pauses"),
                  (f"sum by (step) (increase(leeway_kafka_stalls_total{{{AGENT}}}[{rate}]))", "stall: {{step}}"),
                  (f"sum(increase(leeway_kafka_jumps_total{{{AGENT}}}[{rate}]))", "jumps")], width=12)
    board.series("Dropped and lost", "Records handed over and not counted (somebody else counts them, or a later read), and those deleted before they were read.",
                 [(total("leeway_kafka_records_dropped_total", "reason"), "dropped: {{reason}}"), (total("leeway_kafka_offsets_lost_total", "job"), "lost, at most")], "reqps")
    board.row("Store")
    board.series("Answer", "How long the last question about sizes and queues took.", [(each("leeway_store_response_seconds"), "{{instance}}")], "s", width=8, min=0)
    board.series("Answer's age", "Time since the store last answered; what is said of it is so old.",
                 [(f"time() - {each('leeway_store_answer_timestamp_seconds')}", "{{instance}}")], "s", width=8, min=0)
    board.series("Up", "Whether the store answered when it was last asked.", [(each("leeway_store_up"), "{{instance}}")], "none", width=8, min=0, max=1, decimals=0)
    board.series("Rows", "Rows by table. pane_delta is what waits to be judged; the others are upper bounds or estimates.",
                 [(f"max by (table) (leeway_store_rows{{{AGENT}}})", "{{table}}")], width=12, log=True)
    board.series("Size", "Size of the database.", [(f"max(leeway_store_size_bytes{{{AGENT}}})", "size")], "bytes", min=0, legend="list")
    board.row("Telling")
    board.series("Attempts", "Attempts to tell each receiver, and those that failed.",
                 [(total("leeway_notifications_total", "receiver"), "{{receiver}}"), (total("leeway_notifications_failed_total", "receiver"), "failed: {{receiver}}")], "ops")
    board.series("Messages", "Messages in the outbox of the whole store, by receiver and state.",
                 [(f"max by (receiver, state) (leeway_notification_messages{{{AGENT}}})", "{{receiver}} {{state}}")], decimals=0)
    board.series("Last delivered", "Time since each receiver took a message.",
                 [(f"time() - max by (receiver) (leeway_notification_success_timestamp_seconds{{{AGENT}}})", "{{receiver}}")], "s", width=8)
    board.series("Oldest message", "Age of the oldest message that waits.", [(f"time() - min(leeway_outbox_oldest_timestamp_seconds{{{AGENT}}})", "oldest")], "s",
                 width=8, legend="list")
    board.series("Withheld", "Messages not sent on purpose: dry run, cooldown or budget of a retraining.",
                 [(total("leeway_notifications_withheld_total", "receiver"), "{{receiver}}")], "ops", width=8)
    return board


# ---- history: what PostgreSQL remembers ----

def history():
    chosen = "v.monitor in (${monitor:sqlstring}) and v.version in (${version:sqlstring}) and v.window_ms = $window and v.segment = ''"
    # E-detectors look at every pane: what they say begins where the change began, and is no point of a curve.
    of_windows = f"{chosen} and v.window_end - v.window_start = v.window_ms * interval '1 millisecond'"
    fields = "v.field in (${field:sqlstring})"
    of_field = f"{of_windows} and {fields}"
    in_time = "$__timeFilter(v.window_end)"
    severity = "array_position(array['none','notice','low','medium','high'], v.severity) - 1"
    board = Dashboard("leeway-history", "leeway / History", "What PostgreSQL remembers: verdicts, incidents, histograms, records and messages, as long as the retention keeps them.",
                      POSTGRESQL, "now-30d", "", [
                          ("monitor", "Monitor", "select distinct monitor from leeway.pane order by 1"),
                          ("version", "Version", "select distinct version from leeway.pane where monitor in (${monitor:sqlstring}) order by 1"),
                          ("window", "Window", "select distinct window_ms as __value, justify_interval(window_ms * interval '1 millisecond')::text as __text"
                                               " from leeway.verdict where monitor in (${monitor:sqlstring}) order by 1", False),
                          ("field", "Field", "select distinct field from leeway.verdict where monitor in (${monitor:sqlstring}) and segment = '' order by 1")])
    board.annotation("Incidents", "red", {"target": {"refId": "incidents", "format": "table", "editorMode": "code", "rawQuery": True, "rawSql":
        "select opened_at as time, coalesce(resolved_at, now()) as timeend, title as text, severity || ',' || rule as tags from leeway.incident"
        " where monitor in (${monitor:sqlstring}) and opened_at <= $__timeTo() and coalesce(resolved_at, now()) >= $__timeFrom() order by 1"}})
    board.row("Verdicts")
    board.timeline("Severity by field", "Severity of every window, all records.",
                   f"select v.window_end as time, v.field as metric, {severity} as severity from leeway.verdict v where {in_time} and {of_field} order by 1",
                   value_mappings(SEVERITIES), thresholds=steps("green", (1, "blue"), (2, "yellow"), (3, "orange"), (4, "red")), min=0, max=4)
    board.series("Effect", "Size of the change without what noise adds, on the scale of PSI. Lines: worth telling at normal sensitivity, medium, high.",
                 f"select v.window_end as time, v.field as metric, v.effect from leeway.verdict v where {in_time} and {of_field} order by 1", "none", lines=True,
                 thresholds=steps("transparent", (0.02, "yellow"), (0.1, "orange"), (0.25, "red")))
    board.series("Missing values", "Share of the window's records without a value of the field.",
                 f"select v.window_end as time, v.field as metric, v.missing_rate from leeway.verdict v where {in_time} and {of_field} order by 1", "percentunit", min=0)
    board.series("PSI", "By its usual definition; includes what noise adds.",
                 f"select v.window_end as time, v.field as metric, v.psi from leeway.verdict v where {in_time} and {of_field} order by 1", "none")
    board.series("Wasserstein distance", "In standard deviations of the baseline; numbers only.",
                 f"select v.window_end as time, v.field as metric, v.wasserstein from leeway.verdict v where {in_time} and {of_field} and v.wasserstein is not null order by 1", "none")
    board.table("Verdicts in drift", "The newest verdicts in drift, of windows and e-detectors, with what moved.",
                "select v.window_end as \"End\", v.monitor as \"Monitor\", v.version as \"Version\", v.field as \"Field\", v.severity as \"Severity\","
                " v.effect as \"Effect\", v.p as \"p\", v.n as \"Records\", v.detail as \"What\" from leeway.verdict v"
                f" where {in_time} and {chosen} and {fields} and v.state = 'drift' order by v.window_end desc, v.sequence desc limit 200",
                overrides=[column("End", "dateTimeAsIso", width=180), column("Severity", mappings=word_mappings(SEVERITIES), background=True), column("p", "sci"),
                           column("Effect", "none", decimals=3)])
    board.row("Histogram of the latest window: $field")
    board.panel("barchart", "Baseline and live", "Shares of all records in coarse cells, in the baseline and in the latest window of the chosen time; the last cell has no value.",
                "with latest as (select v.sequence from leeway.verdict v join leeway.window_histogram h on h.verdict = v.sequence"
                f" where {in_time} and {of_field} order by v.window_end desc, v.sequence desc limit 1)"
                " select l.label as \"Cell\", b.share::double precision as \"Baseline\", n.share::double precision as \"Live\""
                " from latest join leeway.window_histogram h on h.verdict = latest.sequence,"
                " json_array_elements_text(h.counts::json -> 'labels') with ordinality as l(label, i),"
                " json_array_elements_text(h.counts::json -> 'baseline') with ordinality as b(share, i),"
                " json_array_elements_text(h.counts::json -> 'live') with ordinality as n(share, i)"
                " where b.i = l.i and n.i = l.i order by l.i", "percentunit", 24, 10,
                {"xField": "Cell", "orientation": "auto", "stacking": "none", "showValue": "never", "groupWidth": 0.8, "barWidth": 0.95, "xTickLabelRotation": -45,
                 "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}, "tooltip": {"mode": "multi", "sort": "none"}},
                {"fillOpacity": 70, "lineWidth": 0})
    board.row("Incidents")
    board.table("Incidents", "Those that were open at some time of the chosen range, newest first.",
                "select opened_at as \"Opened\", resolved_at as \"Resolved\","
                " extract(epoch from coalesce(resolved_at, updated_at) - opened_at)::bigint as \"Duration\", monitor as \"Monitor\", version as \"Version\", rule as \"Rule\","
                " severity as \"Severity\", state as \"State\", title as \"Title\" from leeway.incident where monitor in (${monitor:sqlstring})"
                " and opened_at <= $__timeTo() and coalesce(resolved_at, now()) >= $__timeFrom() order by opened_at desc, number desc limit 200",
                overrides=[column("Opened", "dateTimeAsIso", width=180), column("Resolved", "dateTimeAsIso", width=180), column("Duration", "s", width=110),
                           column("Severity", mappings=word_mappings([("info", "blue"), ("warning", "orange"), ("critical", "red")]), background=True, width=90)])
    board.series("Incidents opened a day", "By severity.",
                 "select $__timeGroup(opened_at, '1d') as time, severity as metric, count(*) as incidents from leeway.incident"
                 " where $__timeFilter(opened_at) and monitor in (${monitor:sqlstring}) group by 1, 2 order by 1", decimals=0, stack=True)
    board.series("Fields in drift", "How many fields drift in each window.",
                 f"select v.window_end as time, v.monitor || ' ' || v.version as metric, count(*) filter (where v.state = 'drift') as fields from leeway.verdict v"
                 f" where {in_time} and {of_windows} group by v.window_end, v.monitor, v.version order by 1", decimals=0)
    board.row("Records")
    board.series("Records counted", "Records of each monitor and model version, by event time.",
                 "select $__timeGroup(began_at, $__interval) as time, monitor || ' ' || version as metric, sum(row_count) as records from"
                 " (select *, leeway.time_of(start_ms) as began_at from leeway.pane where monitor in (${monitor:sqlstring}) and version in (${version:sqlstring})"
                 " and start_ms >= leeway.ms_of($__timeFrom()) and start_ms < leeway.ms_of($__timeTo())) p group by 1, 2 order by 1", min=0)
    board.table("Ledger", "Every offset since counting began, by topic: positions and dispositions must agree.",
                "select p.topic as \"Topic\", count(*) as \"Partitions\", sum(p.next_offset - p.start_offset) as \"Offsets\", coalesce(sum(l.records), 0) as \"Disposed\","
                " sum(abs(p.next_offset - p.start_offset - coalesce(l.records, 0))) as \"Mismatch\","
                " coalesce(sum(l.counted), 0) as \"Counted\", coalesce(sum(l.late), 0) as \"Late\", coalesce(sum(l.bad_time), 0) as \"Bad time\","
                " coalesce(sum(l.quarantined), 0) as \"Quarantined\", coalesce(sum(l.not_monitored), 0) as \"Not monitored\""
                " from leeway.partition_state p left join (select topic, part, sum(records) as records,"
                + ",".join(f" sum(records) filter (where disposition = '{d}') as {d}" for d in ("counted", "late", "bad_time", "quarantined", "not_monitored"))
                + " from leeway.ledger group by 1, 2) l using (topic, part) where p.start_offset >= 0 group by 1 order by 1", width=12, height=8)
    board.series("Quarantine", "Records that could not be read, by reason and the time they were stored.",
                 "select $__timeGroup(created_at, $__interval) as time, reason as metric, count(*) as records from leeway.quarantine where $__timeFilter(created_at)"
                 " group by 1, 2 order by 1", decimals=0)
    board.table("Positions", "Where each partition stands, and who owns it.",
                "select topic as \"Topic\", part as \"Partition\", owner as \"Owner\", next_offset as \"Next offset\", leeway.time_of(max_event_ms) as \"Newest event\","
                " idle as \"Idle\", updated_at as \"Updated\" from leeway.partition_state order by topic, part", width=12, height=8,
                overrides=[column("Newest event", "dateTimeAsIso"), column("Updated", "dateTimeAsIso"), column("Next offset", "none"), column("Partition", "none")])
    board.row("Telling")
    board.table("Messages", "Messages by receiver and state, made in the chosen time.",
                "select receiver as \"Receiver\", event as \"Event\", state as \"State\", count(*) as \"Messages\", max(attempts) as \"Most attempts\","
                " max(updated_at) as \"Last change\", (array_agg(error order by updated_at desc) filter (where error is not null))[1] as \"Last error\""
                " from leeway.outbox where $__timeFilter(created_at) group by 1, 2, 3 order by 1, 2, 3", width=12, height=8,
                overrides=[column("Last change", "dateTimeAsIso")])
    board.series("Attempts", "Attempts to tell receivers, by state after them and receiver.",
                 "select $__timeGroup(d.attempted_at, $__interval) as time, o.receiver || ' ' || d.state as metric, count(*) as attempts from leeway.delivery d"
                 " join leeway.outbox o on o.id = d.outbox where $__timeFilter(d.attempted_at) group by 1, 2 order by 1", decimals=0)
    return board


def main():
    stale = []
    for board in (overview(), agent_health(), history()):
        path, text = HERE / f"{board.model['uid'].removeprefix('leeway-')}.json", board.text()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    print("stale, run dashboards/generate.py: " + ", ".join(stale) if stale else "dashboards are fresh")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
