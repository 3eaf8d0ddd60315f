// The overview: incidents with their evidence, and the grid of fields by windows.

import { miniature } from "./chart.js";
import { badge, count, duration, finite, fold, foldIsOpen, html, instant, number, percent, probability, severityRank, standing, table, STATE_HELP } from "./dom.js";

const MEMBERS_SHOWN = 12;

// "What changed" in words; the judge's line if there is one.
export function change(row) {
  if (row.detail) return row.detail;
  if (row.state === "drift") return finite(row.psi) ? `distribution moved, PSI ${number(row.psi)}` : "distribution moved";
  if (row.state === "insufficient") return `only ${count(row.n)} records`;
  return row.state === "ok" ? "" : STATE_HELP[row.state] ?? row.state ?? "";
}

function incidentWord(incident) {
  const known = { critical: "s-high", warning: "s-medium", info: "s-low" };
  return [incident.severity, known[incident.severity] ?? `s-${incident.severity}`];
}

function members(evidence) {
  const list = evidence.members ?? [];
  if (list.length === 0) return html("p", { class: "empty" }, "No field is out of line any more. The windows of each field are kept below its name in the grid.");
  const rows = list.slice(0, MEMBERS_SHOWN).map((member) => html("tr", {},
    html("th", { scope: "row" }, member.field, member.segment ? html("small", {}, ` ${member.segment}`) : null),
    html("td", {}, member.window ?? (member.window_ms ? duration(member.window_ms) : "")),
    html("td", {}, badge(member.severity ?? "drift", `s-${member.severity}`)),
    html("td", { class: "what" }, member.detail ?? ""),
    html("td", {}, miniature(member.histogram ?? member)),
    html("td", { class: "num" }, count(member.n)),
    html("td", { class: "num" }, number(member.effect)),
    html("td", { class: "num" }, probability(member.p, member.log10_p))));
  const num = (text) => ({ text, class: "num" }), total = evidence.member_count ?? list.length;
  return [
    table("members", ["Field", "Window", "Severity", "What changed", "Training → now", num("Records"), num("Effect"), num("p")], rows),
    total > rows.length ? html("p", { class: "quiet" }, `${total - rows.length} more that weigh less; see the grid below.`) : null,
  ];
}

function reproduce(command) {
  const button = html("button", { type: "button", class: "copy", "data-key": `copy ${command}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy by hand";
    }
  });
  return html("p", { class: "command" }, html("span", {}, "Reproduce"), html("code", {}, command), button);
}

function fact(name, value) {
  return value ? html("div", {}, html("dt", {}, name), html("dd", {}, value)) : null;
}

function evidenceBody(incident, evidence) {
  if (evidence === undefined) return html("p", { class: "quiet" }, "Reading the evidence …");
  if (!evidence) return html("p", { class: "empty" }, "No evidence is stored with this incident.");
  return [
    html("dl", { class: "facts" },
      fact("Rule", evidence.condition ? `${incident.rule}: ${evidence.condition}` : incident.rule), fact("Since", instant(incident.opened)),
      fact("Last window", instant(incident.updated)), fact("Resolved", incident.resolved ? instant(incident.resolved) : ""),
      fact("Baseline", evidence.baseline)),
    members(evidence),
    evidence.reproduce ? reproduce(evidence.reproduce) : null,
  ];
}

function incidentFold(incident, evidence, openAtFirst, askEvidence) {
  const key = `incident ${incident.id}`;
  if (foldIsOpen(key, openAtFirst) && evidence[incident.id] === undefined) askEvidence(incident);
  const [word, kind] = incidentWord(incident);
  const when = incident.state === "resolved"
    ? `${instant(incident.opened)} to ${instant(incident.resolved)}` : `since ${instant(incident.opened)}`;
  return fold(key, openAtFirst, [
    incident.state === "resolved" ? badge("resolved", "s-ok") : badge(word, kind),
    html("span", { class: "title" }, incident.title || incident.rule),
    html("span", { class: "when" }, ["firing", "resolved"].includes(incident.state) ? when : `${incident.state}, ${when}`)],
  evidenceBody(incident, evidence[incident.id]), () => askEvidence(incident));
}

export function incidents(list, judged, evidence, askEvidence) {
  const open = list.filter((i) => i.state !== "resolved");
  const done = list.filter((i) => i.state === "resolved").slice(0, 10);
  return [
    html("h2", {}, open.length ? `${open.length} open incident${open.length > 1 ? "s" : ""}` : "No open incident"),
    open.length ? open.map((incident, i) => incidentFold(incident, evidence, i === 0, askEvidence))
      : html("p", { class: "empty" }, judged ? "Nothing needs attention. " : "", "Incidents open here when fields leave the training data in enough windows."),
    done.length ? [html("h3", {}, "Recently resolved"),
      done.map((incident) => incidentFold(incident, evidence, false, askEvidence))] : null,
  ];
}

// Rows of verdicts by field, worst first.
export function byField(rows) {
  const fields = new Map();
  for (const row of rows) {
    if (!fields.has(row.field)) fields.set(row.field, { field: row.field, cells: new Map(), rank: -1, worst: row });
    const entry = fields.get(row.field), rank = standing(row)[2];
    entry.cells.set(row.window_ms, row);
    const better = rank > entry.rank || (rank === entry.rank && (row.effect ?? 0) > (entry.worst.effect ?? 0));
    if (better) [entry.rank, entry.worst] = [rank, row];
  }
  return [...fields.values()].sort((a, b) => b.rank - a.rank || (b.worst.effect ?? 0) - (a.worst.effect ?? 0) ||
    a.field.localeCompare(b.field));
}

function cell(row, link) {
  if (!row) return html("td", { class: "cell" }, html("span", { class: "quiet" }, "–"));
  const [word, kind] = standing(row);
  const text = `${row.field}, ${duration(row.window_ms)}: ${word}. ${change(row)}`;
  return html("td", { class: "cell" }, html("a", { class: `verdict ${kind}`, href: link(row), "data-key": `cell ${row.field} ${row.window_ms}`, title: text, "aria-label": text },
    html("b", {}, word), html("span", {}, finite(row.psi) ? number(row.psi) : "")));
}

function gridRow(entry, windows, link) {
  return html("tr", {},
    html("th", { scope: "row" }, html("a", { href: link(entry.worst), "data-key": `field ${entry.field}` }, entry.field)),
    windows.map((window) => cell(entry.cells.get(window), link)),
    html("td", { class: "what" }, change(entry.worst)),
    html("td", { class: "num" }, percent(entry.worst.missing_rate)),
    html("td", { class: "num" }, count(entry.worst.n)));
}

export function headline(rows) {
  const fields = byField(rows);
  const drifting = fields.filter((f) => f.worst.state === "drift").length;
  const unsure = fields.filter((f) => ["insufficient", "incomplete", "silent", "learning"].includes(f.worst.state)).length;
  if (drifting) return `${drifting} of ${fields.length} fields ${drifting === 1 ? "differs" : "differ"} from training`;
  return unsure ? `No drift found; ${unsure} of ${fields.length} fields cannot be judged now` : `All ${fields.length} fields are as in training`;
}

export function grid(rows, filter, link) {
  const windows = [...new Set(rows.map((row) => row.window_ms))].sort((a, b) => a - b);
  const wanted = filter.trim().toLowerCase();
  const fields = byField(rows).filter((entry) => entry.field.toLowerCase().includes(wanted));
  const num = (text, note) => ({ text: [text, note ? html("small", {}, note) : null], class: "num" });
  const head = ["Field", ...windows.map((w) => ({ text: [duration(w), html("small", {}, " PSI")], class: "cell" })), "What changed", num("Missing"), num("Records")];
  if (fields.length === 0) return html("p", { class: "empty" }, `No field's name contains “${filter}”.`);
  return table("grid", head, fields.map((entry) => gridRow(entry, windows, link)));
}

export function worstOf(monitors) {
  return [...monitors].sort((a, b) => severityRank(b.severity) - severityRank(a.severity))[0];
}

export function baselines(list) {
  if (list.length === 0) {
    return html("p", { class: "empty" }, "No baseline is stored. Make one from training data with ", html("code", {}, "leeway baseline create"), ".");
  }
  return table("baselines", ["Baseline", { text: "Rows", class: "num" }, "Made", "In use", "Hash"], list.map((b) => html("tr", {},
    html("th", { scope: "row" }, `${b.name}@${b.version}`), html("td", { class: "num" }, count(b.rows)),
    html("td", {}, instant(b.created) || "–"), html("td", {}, b.promoted ? "promoted" : ""),
    html("td", {}, html("code", {}, String(b.hash ?? "").slice(0, 12))))));
}

export function quarantine(list) {
  if (list.length === 0) return html("p", { class: "empty" }, "No record was put aside.");
  return table("quarantine", ["Topic", { text: "Partition", class: "num" }, { text: "Offset", class: "num" }, "Reason", { text: "Bytes", class: "num" }, "SHA-256"],
    list.map((q) => html("tr", {}, html("th", { scope: "row" }, q.topic), html("td", { class: "num" }, count(q.partition)),
      html("td", { class: "num" }, count(q.offset)), html("td", {}, q.reason), html("td", { class: "num" }, count(q.size_bytes)),
      html("td", {}, html("code", {}, String(q.sha256 ?? "").slice(0, 12))))));
}

