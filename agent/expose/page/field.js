// One field: what it looked like in training, what it looks like now, and since when.

import { histogram, normalise, scoreCharts, scoreLegend } from "./chart.js";
import { badge, count, duration, finite, fold, html, instant, number, percent, probability, standing, table, STATE_HELP } from "./dom.js";
import { change } from "./overview.js";

const SCORES = [["psi", "Population stability index (PSI)"], ["js", "Jensen–Shannon distance"],
  ["ks", "Kolmogorov–Smirnov"], ["wasserstein", "Wasserstein, sd"]];
const RATES = [["missing", "Missing"], ["invalid", "Wrong type or infinite"], ["below", "Below the training minimum"],
  ["above", "Above the training maximum"], ["unseen", "Categories never seen"], ["out_of_range", "Outside the allowed range"],
  ["not_allowed", "Not in the allowed set"]];

// By definition: the baseline's own range and categories.
const NEVER_IN_TRAINING = ["below", "above", "unseen"];

const num = (text) => ({ text, class: "num" });

function scoreTable(latest) {
  const scores = latest.document?.scores ?? {};
  return table("scores of the window", ["Score", num("Now"), num("Noise alone"), num("Above noise")],
    SCORES.filter(([key]) => finite(scores[key]?.value ?? latest[key])).map(([key, name]) => html("tr", {},
      html("th", { scope: "row" }, name),
      html("td", { class: "num" }, number(scores[key]?.value ?? latest[key])),
      html("td", { class: "num" }, number(scores[key]?.noise_floor)),
      html("td", { class: "num strong" }, number(scores[key]?.debiased)))));
}

function rateTable(data) {
  const rates = data.latest.document?.rates ?? {};
  const missing = normalise(data.histogram).find((cell) => cell.label === "missing");
  const rows = RATES.map(([key, name]) => {
    const rate = rates[key];
    const live = finite(rate) ? rate : rate?.live;
    const base = rate?.baseline ?? (key === "missing" ? missing?.baseline : NEVER_IN_TRAINING.includes(key) ? 0 : undefined);
    return finite(live) && (live > 0 || key === "missing") ? html("tr", {}, html("th", { scope: "row" }, name),
      html("td", { class: "num" }, percent(base)), html("td", { class: "num strong" }, percent(live))) : null;
  });
  return table("rates", ["Rate", num("Training"), num("Now")], rows.filter(Boolean));
}

function testList(latest) {
  const document = latest.document ?? {};
  const item = (name, value) => html("div", {}, html("dt", {}, name), html("dd", {}, value));
  return html("dl", { class: "facts" },
    item("Window", `${instant(latest.start)} to ${instant(latest.end)}`),
    item("Records", `${count(latest.n)} now, ${count(latest.baseline_n)} in training`),
    item("p", probability(latest.p, document.log10_p)),
    item("Effect (PSI scale, at least)", finite(latest.effect) ? `${number(latest.effect)} (${number(document.effect_low)})` : "–"),
    finite(document.mean_shift_sd) ? item("Mean moved by", `${document.mean_shift_sd > 0 ? "+" : ""}${document.mean_shift_sd.toFixed(2)} sd`) : null,
    document.reasons?.length ? item("Because of", document.reasons.join(", ").replaceAll("_", " ")) : null);
}

function histogramTable(data) {
  return table("histogram", ["Values", num("Training"), num("Now"), num("Change")], normalise(data.histogram).map((cell) => html("tr", {},
    html("th", { scope: "row" }, cell.label), html("td", { class: "num" }, percent(cell.baseline)),
    html("td", { class: "num" }, percent(cell.live)),
    html("td", { class: "num" }, `${cell.live >= cell.baseline ? "+" : "−"}${(100 * Math.abs(cell.live - cell.baseline)).toFixed(1)} pp`))));
}

function historyTable(history) {
  return table("history", ["Window end (UTC)", "State", "Severity", num("Records"), num("PSI"), num("JS"), num("KS"), num("Wasserstein"), num("Missing")],
    [...history].reverse().slice(0, 100).map((row) => html("tr", {},
      html("th", { scope: "row" }, instant(row.end)), html("td", {}, row.state), html("td", {}, row.severity),
      html("td", { class: "num" }, count(row.n)), html("td", { class: "num" }, number(row.psi)), html("td", { class: "num" }, number(row.js)),
      html("td", { class: "num" }, number(row.ks)), html("td", { class: "num" }, number(row.wasserstein)),
      html("td", { class: "num" }, percent(row.missing_rate)))));
}

export function field(data, link, overview, width) {
  const latest = data.latest, [word, kind] = standing(latest);
  const sentence = change(latest) || STATE_HELP[latest.state] || "";
  const windows = html("nav", { class: "tabs", "aria-label": "Window" }, (data.windows ?? []).map((window) => html("a", {
    href: link({ ...latest, window_ms: window }), "data-key": `tab ${window}`, "aria-current": window === data.window_ms ? "page" : null,
  }, duration(window))));
  const half = width > 1000 ? (width - 24) / 2 : width;
  return html("article", { class: "field" },
    html("p", { class: "back" }, html("a", { href: overview, "data-key": "back" }, "← All fields")),
    html("header", {}, html("h2", {}, data.field, data.segment ? html("small", {}, ` in segment ${data.segment}`) : null), badge(word, kind), windows),
    html("p", { class: "sentence" }, sentence, latest.provisional ? " (provisional: records may still arrive)" : ""),
    html("div", { class: "split" },
      html("section", { class: "panel" }, html("h3", {}, "Training and now"), histogram(data.histogram, half - 40)),
      html("section", { class: "panel" }, html("h3", {}, "Numbers of this window"), testList(latest), scoreTable(latest), rateTable(data))),
    html("section", { class: "panel" }, html("h3", {}, "Through time"),
      data.history?.length ? [scoreLegend(), scoreCharts(data.history, half - 40)] : html("p", { class: "empty" }, "No earlier window is kept.")),
    fold("histogram table", false, "Histogram as a table", histogramTable(data)),
    fold("history table", false, `Windows as a table (${count(Math.min(data.history?.length ?? 0, 100))})`, historyTable(data.history ?? [])));
}
