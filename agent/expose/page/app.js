// State is in the address (#m=monitor&v=version&s=segment&f=field&w=window), so that every view can
// be linked. Every 5 s the API is asked again; only what changed is drawn.

import { clock, draw, fold, html, instant } from "./dom.js";
import { field } from "./field.js";
import { health } from "./health.js";
import { baselines, grid, headline, incidents, quarantine, worstOf } from "./overview.js";

const PERIOD_MS = 5000, PATIENCE_MS = 8000;
const $ = (id) => document.getElementById(id);
const state = { monitors: [], evidence: {}, asked: {}, filter: "", updated: null, failedSince: null, round: 0 };

function address() {
  const read = new URLSearchParams(location.hash.slice(1));
  return { m: read.get("m"), v: read.get("v"), s: read.get("s") ?? "", f: read.get("f"), w: read.get("w") };
}

function link(changes) {
  const parts = { ...address(), ...changes };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== null && value !== undefined && value !== "") query.set(name, value);
  return `#${query}`;
}

async function ask(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {})) if (value !== null && value !== undefined) query.set(name, value);
  const response = await fetch(`/api/v1/${path}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw Object.assign(new Error(body?.error ?? `the agent answered ${response.status}`), { status: response.status });
  return { body, truncated: response.headers.has("Leeway-Truncated") };
}

function options(select, list, chosen) {
  draw(select, [list, chosen], () => list.map(([value, text]) => html("option", { value, selected: value === chosen }, text)));
  select.value = chosen;
  select.closest("label").hidden = list.length < 2 && select.id !== "pick-monitor";
}

function pick(monitors) {
  const at = address();
  const monitor = monitors.find((m) => m.monitor === at.m) ?? worstOf(monitors);
  $("pickers").hidden = !monitor;
  if (!monitor) return null;
  const version = monitor.versions.includes(at.v) ? at.v : monitor.versions[0] ?? null;
  const segment = monitor.segments.includes(at.s) ? at.s : "";
  const mark = (m) => (m.severity && m.severity !== "none" ? ` – ${m.severity}` : "");
  options($("pick-monitor"), monitors.map((m) => [m.monitor, `${m.monitor}${mark(m)}`]), monitor.monitor);
  options($("pick-version"), monitor.versions.map((v) => [v, v === "" ? "(none)" : v]), version ?? "");
  options($("pick-segment"), ["", ...monitor.segments.filter((s) => s !== "")].map((s) => [s, s === "" ? "all records" : s]), segment);
  return { monitor, version, segment };
}

function askEvidence(incident) {
  const stamp = `${incident.sequence} ${incident.updated} ${incident.state}`;
  if (state.asked[incident.id] === stamp) return;
  state.asked[incident.id] = stamp;
  ask(`incidents/${encodeURIComponent(incident.id)}`).then(({ body }) => {
    state.evidence = { ...state.evidence, [incident.id]: body.evidence ?? null };
    drawView();
  }).catch(() => { state.asked[incident.id] = "failed"; }); // asked again with the next refresh
}

const COMMAND = (text) => html("code", {}, text);

function noMonitor() {
  return html("section", { class: "panel empty-state" }, html("h2", {}, "No monitor yet"),
    html("p", {}, "A monitor watches one model. ", COMMAND("leeway init"), " looks at a sample of events and writes a configuration; ",
      COMMAND("leeway check"), " says what is wrong with it; then restart the agent."));
}

function noVerdict(monitor) {
  return html("section", { class: "panel empty-state" }, html("h2", {}, `No window of ${monitor.monitor} has been judged yet`),
    html("p", {}, "The first verdicts come when a first stretch of event time is complete on every partition. If this lasts:"),
    html("ul", {}, html("li", {}, "Do records arrive? See “counted” above, or the ", html("a", { href: "/metrics" }, "metrics"), "."),
      html("li", {}, "Is the agent ready? See ", html("a", { href: "/readyz?verbose" }, "readiness"), "."),
      html("li", {}, "Is there a baseline? ", COMMAND("leeway baseline create"), " makes one from training data.")));
}

function filterBox() {
  return html("label", { class: "filter" }, html("span", {}, "Filter fields "), html("input", { type: "search", value: state.filter, "data-key": "filter",
    autocomplete: "off", on: { input: (event) => { state.filter = event.target.value; drawView(); } } }));
}

function fieldsSection(shown) {
  const { rows, truncated, chosen } = shown;
  if (rows.length === 0) return noVerdict(chosen.monitor);
  const to = (row) => link({ m: row.monitor, v: row.version, s: row.segment, f: row.field, w: String(row.window_ms) });
  const about = [chosen.monitor.monitor, chosen.version ? `version ${chosen.version}` : null, chosen.segment ? `segment ${chosen.segment}` : null].filter(Boolean).join(", ");
  return html("section", { "aria-label": "Fields" },
    html("div", { class: "title-row" }, html("h2", {}, headline(rows)), rows.length > 12 ? filterBox() : null),
    html("p", { class: "quiet" }, `${about}; last window ended ${instant(chosen.monitor.last_window_end)} UTC`),
    grid(rows, state.filter, to),
    truncated ? html("p", { class: "quiet" }, "There are more fields than are shown here; the API gives all.") : null);
}

function drawView() {
  const shown = state.shown;
  if (!shown) return;
  const width = Math.min(document.documentElement.clientWidth, 1360) - (document.documentElement.clientWidth < 640 ? 32 : 64);
  draw($("view"), [shown, state.filter, state.evidence, width], () => {
    if (shown.kind === "none") return noMonitor();
    if (shown.kind === "field") {
      const to = (row) => link({ w: String(row.window_ms) });
      return shown.data ? field(shown.data, to, link({ f: null, w: null }), width)
        : html("section", { class: "panel empty-state" }, html("h2", {}, "Nothing to show of this field"), html("p", {}, shown.error),
          html("p", {}, html("a", { href: link({ f: null, w: null }) }, "← All fields")));
    }
    return [
      html("section", { class: "incidents", "aria-label": "Incidents" }, incidents(shown.incidents, shown.rows.length > 0, state.evidence, askEvidence)),
      fieldsSection(shown),
      html("section", { class: "below", "aria-label": "More" },
        fold("baselines", false, `Baselines (${shown.baselines.length})`, baselines(shown.baselines)),
        fold("quarantine", false, `Quarantine (${shown.quarantine.length}${shown.quarantine.length === 20 ? " newest" : ""})`, quarantine(shown.quarantine))),
    ];
  });
}

async function load(chosen) {
  const at = address();
  if (!chosen) return { kind: "none" };
  const name = encodeURIComponent(chosen.monitor.monitor);
  if (at.f) {
    try {
      const { body } = await ask(`monitors/${name}/fields/${encodeURIComponent(at.f)}`, { version: chosen.version, segment: chosen.segment, window: at.w });
      return { kind: "field", data: body };
    } catch (error) {
      if (error.status !== 404) throw error;
      return { kind: "field", data: null, error: error.message };
    }
  }
  const [rows, list, base, put] = await Promise.all([
    chosen.version === null ? { body: [] } : ask(`monitors/${name}/fields`, { version: chosen.version, segment: chosen.segment, document: 0, limit: 5000 }),
    ask("incidents", { monitor: chosen.monitor.monitor, evidence: 0, limit: 50 }),
    ask("baselines"), ask("quarantine", { limit: 20 })]);
  for (const incident of list.body) if (incident.id in state.asked) askEvidence(incident);
  return { kind: "overview", chosen, rows: rows.body, truncated: rows.truncated, incidents: list.body, baselines: base.body, quarantine: put.body };
}

function freshness() {
  $("freshness").className = `freshness ${state.failedSince ? "lost" : state.updated ? "live" : ""}`;
  $("freshness-text").textContent = state.updated ? `last updated ${clock(state.updated)}` : "loading";
  $("alarm").hidden = !state.failedSince;
  if (state.failedSince) {
    const old = state.updated ? ` What is shown is from ${clock(state.updated)}.` : "";
    $("alarm").textContent = `${state.failure} Trying again every ${PERIOD_MS / 1000} s since ${clock(state.failedSince)}.${old}`;
  }
}

async function refresh() {
  const round = ++state.round;
  try {
    const [status, monitors] = await Promise.all([ask("status"), ask("monitors")]);
    const chosen = pick(monitors.body);
    const shown = await load(chosen);
    if (round !== state.round) return;
    const { now, ...steady } = status.body;
    draw($("health"), steady, health);
    $("foot-version").textContent = `leeway ${steady.version ?? ""}; times are UTC`;
    state.shown = shown;
    state.updated = new Date();
    state.failedSince = null;
    drawView();
    document.title = chosen ? `${chosen.monitor.monitor} – leeway` : "leeway";
  } catch (error) {
    if (round !== state.round) return;
    state.failedSince ??= new Date();
    state.failure = error.status ? `The agent cannot answer: ${error.message}.` : `The agent at ${location.host} cannot be reached.`;
  }
  freshness();
}

let timer = null;

async function tick() {
  clearTimeout(timer);
  if (!document.hidden) await refresh();
  clearTimeout(timer);
  timer = setTimeout(tick, PERIOD_MS);
}

$("pick-monitor").addEventListener("change", (event) => { location.hash = link({ m: event.target.value, v: null, s: null, f: null, w: null }); });
$("pick-version").addEventListener("change", (event) => { location.hash = link({ v: event.target.value }); });
$("pick-segment").addEventListener("change", (event) => { location.hash = link({ s: event.target.value }); });
$("pickers").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", async () => {
  await tick();
  if (address().f) window.scrollTo(0, 0);
});
window.addEventListener("resize", drawView);
document.addEventListener("visibilitychange", tick);
tick();
