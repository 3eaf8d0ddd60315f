#!/usr/bin/env python3
"""Writes the payloads and the expected bodies of this folder, independently of the C code.

Shapes: Alertmanager's notify/webhook (version 4) and API v2, Slack's Block Kit reference. The
fingerprint is the one of prometheus/common/model (FNV-1a, 64 bits, over sorted labels, 0xff after
each name and value). Run it again after changing a shape on purpose, and read the difference.
"""
import json
import pathlib

HERE = pathlib.Path(__file__).parent
EXTERNAL = "https://leeway.example/base"
NOW_MS, LEASE_MS = 1360339200000, 240000  # 2013-02-08T16:00:00Z, four minutes
LEVELS = "▁▂▃▄▅▆▇█"

MEMBERS = [
    {"field": "dep_delay", "segment": "", "window": "24h", "start": "2013-02-07T06:00:00Z",
     "end": "2013-02-08T06:00:00Z", "severity": "high", "effect": 0.41, "p": 1e-30, "n": 930,
     "baseline_n": 26483, "detail": "missing 1.9 % -> 50.8 %", "reasons": ["missing"],
     "histogram": {"labels": ["< 0", "0-10", "10-60", "> 60"], "baseline": [0.5, 0.25, 0.2, 0.05],
                   "live": [0.1, 0.2, 0.3, 0.4]}},
    {"field": "carrier", "segment": "origin=<JFK> & co", "window": "1h", "start": "2013-02-08T05:00:00Z",
     "end": "2013-02-08T06:00:00Z", "severity": "low", "effect": 0.0625, "p": None, "n": 212,
     "baseline_n": 26483, "detail": "", "reasons": ["cells"]},
]


def payload(event, sequence, state, severity="critical", resolved=None, members=MEMBERS, count=None):
    return {"event": event, "sequence": sequence, "incident": {
        "id": "5f0c7a52-6d8e-8b3c-9a41-1d2e3f405162", "monitor": "flights", "version": "1",
        "rule": "inputs-drift", "state": state, "severity": severity, "generation": "0123456789abcdef",
        "opened": "2013-02-08T06:00:00Z", "updated": "2013-02-08T07:00:00Z", "resolved": resolved,
        "title": "flights 1: 2 fields drift, worst dep_delay (high)",
        "evidence": {"condition": "drift >= low", "baseline": "flights@1", "baseline_hash": "ab" * 32,
                     "member_count": count or len(members), "members": members,
                     "reproduce": "leeway replay 5f0c7a52-6d8e-8b3c-9a41-1d2e3f405162"}}}


def fingerprint(labels):
    total = 14695981039346656037
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            total = ((total ^ byte) * 1099511628211) % 2**64
    return f"{total:016x}"


def labels_of(i, m=None):
    labels = {"alertname": "LeewayDrift", "incident": i["id"], "monitor": i["monitor"], "rule": i["rule"],
              "severity": i["severity"], "version": i["version"]}
    if m:
        labels |= {"field": m["field"], "segment": m["segment"], "window": m["window"]}
    return {k: v for k, v in labels.items() if v}


def line_of(k, m):
    segment = f" ({m['segment']})" if m["segment"] else ""
    detail = f": {m['detail']}" if m["detail"] else ""
    return f"{k}. {m['field']}{segment}, {m['window']}, {m['severity']}, effect {m['effect']:.3g}{detail}"


def common(dicts):
    return {k: v for k, v in dicts[0].items() if all(d.get(k) == v for d in dicts)}


def link_of(i):
    return f"{EXTERNAL}/#/incidents/{i['id']}"


def evidence_annotations(i):
    e = i["evidence"]
    return {"condition": e["condition"], "baseline": e["baseline"], "reproduce": e["reproduce"]}


def webhook(p):
    i = p["incident"]
    resolved = i["state"] == "resolved"
    alerts = []
    for m in i["evidence"]["members"]:
        labels = labels_of(i, m)
        notes = {"summary": i["title"], "description": m["detail"], "drift": m["severity"],
                 "effect": f"{m['effect']:.4g}", "p": "" if m["p"] is None else f"{m['p']:.4g}", "n": str(m["n"]),
                 "baseline_n": str(m["baseline_n"]), "window_start": m["start"], "window_end": m["end"],
                 "event": p["event"]} | evidence_annotations(i)
        alerts.append({"status": "resolved" if resolved else "firing", "labels": labels,
                       "annotations": {k: v for k, v in notes.items() if v}, "startsAt": i["opened"],
                       "endsAt": i["resolved"] if resolved else "0001-01-01T00:00:00Z",
                       "generatorURL": link_of(i), "fingerprint": fingerprint(labels)})
    return {"receiver": "hook", "status": "resolved" if resolved else "firing", "alerts": alerts,
            "groupLabels": {"alertname": "LeewayDrift", "incident": i["id"]},
            "commonLabels": common([a["labels"] for a in alerts]),
            "commonAnnotations": common([a["annotations"] for a in alerts]), "externalURL": EXTERNAL,
            "version": "4", "groupKey": '{}:{alertname="LeewayDrift", incident="%s"}' % i["id"],
            "truncatedAlerts": i["evidence"]["member_count"] - len(alerts)}


def alertmanager(p):
    i = p["incident"]
    end = "2013-02-08T16:04:00Z" if i["state"] != "resolved" else i["resolved"]
    members = i["evidence"]["members"]
    text = "\n".join(line_of(k + 1, m) for k, m in enumerate(members))
    if i["evidence"]["member_count"] > len(members):
        text += f"\nand {i['evidence']['member_count'] - len(members)} more"
    return [{"labels": labels_of(i), "annotations": {"summary": i["title"], "description": text}
             | evidence_annotations(i), "startsAt": i["opened"], "generatorURL": link_of(i), "endsAt": end}]


def bars(shares, top):
    return "".join(LEVELS[int(s / top * 7 + 0.5)] for s in shares)


def plain(text):
    return {"type": "plain_text", "emoji": False,
            "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def slack(p, word, color):
    i = p["incident"]
    members = i["evidence"]["members"]
    head = f"{word}: {i['title']}"
    facts = f"flights 1, rule inputs-drift, {i['severity']}\nsince {i['opened']}"
    if i["resolved"]:
        facts += f", resolved {i['resolved']}"
    h = members[0]["histogram"]
    top = max(h["baseline"] + h["live"])
    picture = f"dep_delay\nbefore {bars(h['baseline'], top)}\nnow    {bars(h['live'], top)}"
    elements = [plain(i["evidence"]["reproduce"]),
                {"type": "mrkdwn", "text": f"<{link_of(i)}|Open in leeway>", "verbatim": True}]
    more = i["evidence"]["member_count"] - len(members)
    if more:
        elements.insert(0, plain(f"and {more} more"))
    sections = [facts, "\n".join(line_of(k + 1, m) for k, m in enumerate(members)), picture]
    blocks = [{"type": "section", "text": plain(s)} for s in sections]
    return {"text": plain(head)["text"], "blocks": [{"type": "header", "text": plain(head)}],
            "attachments": [{"color": color, "blocks": blocks + [{"type": "context", "elements": elements}]}]}


def retrain(p):
    i = p["incident"]
    top = i["evidence"]["members"][0]
    return {"type": "io.leeway.retrain.requested", "id": "msg-7", "monitor": "flights", "version": "1",
            "reason": i["title"], "incident": i["id"], "rule": i["rule"], "severity": i["severity"],
            "opened": i["opened"], "window": {"length": "24h", "start": top["start"], "end": top["end"]},
            "fields": ["dep_delay", "carrier"], "baseline": "flights@1", "baseline_hash": "ab" * 32,
            "reproduce": i["evidence"]["reproduce"]}


def write(name, value):
    (HERE / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


opened = payload("opened", 1, "firing", count=7)
closed = payload("closed", 3, "resolved", severity="warning", resolved="2013-02-08T12:30:00Z")
again = payload("retrain", 2, "firing")
write("payload_opened.json", opened)
write("payload_closed.json", closed)
write("payload_retrain.json", again)
write("webhook_opened.json", webhook(opened))
write("webhook_closed.json", webhook(closed))
write("alertmanager_opened.json", alertmanager(opened))
write("alertmanager_closed.json", alertmanager(closed))
write("slack_opened.json", slack(opened, "Drift", "#e01e5a"))
write("slack_closed.json", slack(closed, "Resolved", "#2eb67d"))
write("retrain.json", retrain(again))
