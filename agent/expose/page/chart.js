// Histograms and lines as inline SVG. Shares and scores come from the API; nothing is computed here
// but positions.

import { count, finite, html, instant, number, percent, svg } from "./dom.js";

const SPECIAL = ["missing", "other", "unseen", "all"];

export function normalise(histogram) {
  const labels = histogram?.labels ?? [];
  const baseline = histogram?.baseline ?? histogram?.before ?? [];
  const live = histogram?.live ?? histogram?.after ?? [];
  return labels.map((label, i) => ({ label, baseline: baseline[i] ?? 0, live: live[i] ?? 0 }));
}

function isNumeric(cells) {
  const named = cells.filter((cell) => !SPECIAL.includes(cell.label));
  return named.length > 0 && named.every((cell) => /^(<|>=)?\s*-?[\d.]|– /.test(cell.label)) &&
    named.some((cell) => /^[<>]| – /.test(cell.label));
}

function describe(cell) {
  return `${cell.label}: training ${percent(cell.baseline)}, now ${percent(cell.live)}`;
}

// Small before/after picture for tables.
export function miniature(histogram) {
  const cells = normalise(histogram);
  if (cells.length === 0) return null;
  const width = 132, height = 34, top = Math.max(...cells.map((c) => Math.max(c.baseline, c.live)), 1e-9);
  const step = width / cells.length;
  const bars = cells.map((cell, i) => {
    const before = (height - 2) * cell.baseline / top, now = (height - 2) * cell.live / top;
    return svg("g", {}, svg("title", {}, describe(cell)),
      svg("rect", { class: "h-base", x: i * step, y: height - before, width: Math.max(step - 0.6, 0.6), height: before }),
      svg("rect", { class: "h-live", x: i * step + step * 0.2, y: height - now, width: Math.max(step * 0.6 - 0.6, 0.6), height: now }));
  });
  return svg("svg", { class: "mini", viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": "shares in training and now" }, bars);
}

function legend(...items) {
  return html("p", { class: "legend" }, items.map(([kind, text]) => html("span", {}, html("i", { class: kind }), text)));
}

function niceTop(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 8, 10].map((m) => m * unit).find((m) => m >= value * 0.999) ?? 10 * unit;
}

function numericHistogram(cells, width) {
  const height = 290, left = 46, right = 8, above = 22, below = 30;
  const special = cells.filter((cell) => SPECIAL.includes(cell.label));
  const gap = special.length > 0 && special.length < cells.length ? 18 : 0;
  const step = (width - left - right - gap) / Math.max(cells.length, 1);
  // Half of the records missing must not flatten the shape of the values: such a bar is cut at the
  // top of the scale and labelled.
  const values = cells.filter((cell) => !SPECIAL.includes(cell.label));
  const top = niceTop(Math.max(...(values.length ? values : cells).map((c) => Math.max(c.baseline, c.live)), 0.001));
  const y = (share) => height - below - (height - above - below) * Math.min(share, top) / top;
  const x = (i) => left + i * step + (SPECIAL.includes(cells[i].label) ? gap : 0);
  const parts = [0, 0.5, 1].map((part) => [
    svg("line", { class: "grid", x1: left, x2: width - right, y1: y(top * part), y2: y(top * part) }),
    svg("text", { class: "tick", x: left - 6, y: y(top * part) + 4, "text-anchor": "end" }, percent(top * part)),
  ]);
  const readout = html("p", { class: "readout" }, "Point at a bar to read it.");
  cells.forEach((cell, i) => {
    const bar = svg("g", { class: "bar", on: { pointerenter: () => { readout.textContent = describe(cell); } } },
      svg("title", {}, describe(cell)),
      svg("rect", { class: "h-hit", x: x(i), y: above, width: step, height: height - above - below }),
      svg("rect", { class: "h-base", x: x(i) + 0.5, y: y(cell.baseline), width: Math.max(step - 1, 1), height: y(0) - y(cell.baseline) }),
      svg("rect", { class: "h-live", x: x(i) + step * 0.24, y: y(cell.live), width: Math.max(step * 0.52, 1), height: y(0) - y(cell.live) }));
    parts.push(bar);
    const highest = Math.max(cell.baseline, cell.live);
    if (highest > top) {
      parts.push(svg("text", { class: "tick strong", x: Math.min(x(i) + step / 2 + 18, width - 2), y: above - 6, "text-anchor": "end" }, percent(highest)));
    }
  });
  const plain = cells.map((cell, i) => [cell, i]).filter(([cell]) => !SPECIAL.includes(cell.label));
  const room = Math.max(2, Math.floor((width - left) / 110));
  const every = Math.max(1, Math.ceil(plain.length / room));
  plain.forEach(([cell, i], position) => {
    if (position % every !== 0 || plain.length - position < every / 2) return;
    parts.push(svg("text", { class: "tick", x: x(i), y: height - 10 }, cell.label.split(" – ")[0]));
  });
  special.forEach((cell) => {
    const i = cells.indexOf(cell);
    parts.push(svg("text", { class: "tick", x: x(i) + step, y: height - 10, "text-anchor": "end" }, cell.label));
  });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img",
    "aria-label": "Histogram of the field: shares of records in training and in the live window. The numbers are in the table below." }, parts);
  return [picture, readout];
}

function bars(cells) {
  const top = Math.max(...cells.map((c) => Math.max(c.baseline, c.live)), 1e-9);
  const ranked = cells.filter((c) => c.baseline > 0 || c.live > 0)
    .sort((a, b) => Math.max(b.baseline, b.live) - Math.max(a.baseline, a.live));
  const rows = ranked.slice(0, 16).map((cell) => html("tr", {},
    html("th", { scope: "row" }, cell.label),
    html("td", { class: "bars" },
      html("div", { class: "b-base", css: { width: `${100 * cell.baseline / top}%` } }),
      html("div", { class: "b-live", css: { width: `${100 * cell.live / top}%` } })),
    html("td", { class: "num" }, `${percent(cell.baseline)} → ${percent(cell.live)}`)));
  const rest = ranked.length - rows.length;
  return [html("table", { class: "levels" }, html("tbody", {}, rows)),
    rest > 0 ? html("p", { class: "quiet" }, `${rest} smaller ones are in the table below.`) : null];
}

export function histogram(data, width) {
  const cells = normalise(data);
  if (cells.length === 0) {
    return html("p", { class: "empty" }, "No histogram is kept for this window. It comes with the next judged window.");
  }
  return html("div", {},
    legend(["k-base", "training baseline"], ["k-live", "live window"]),
    isNumeric(cells) ? numericHistogram(cells, width) : bars(cells));
}

function segments(points) {
  const paths = [];
  let path = "";
  for (const point of points) {
    if (point) path += `${path ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    else if (path) { paths.push(path); path = ""; }
  }
  if (path) paths.push(path);
  return paths.join("");
}

// One score through time: `value(row)`, `floor(row)`; arrow keys move the reading line.
export function lineChart(title, history, value, floor, format, width) {
  const height = 132, left = 46, right = 10, above = 10, below = 20;
  const times = history.map((row) => Date.parse(row.end));
  const values = history.map(value), floors = history.map(floor);
  const first = times[0], last = times[times.length - 1];
  const top = niceTop(Math.max(...values.filter(finite), ...floors.filter(finite).map((f) => f * 1.5), 1e-6));
  const x = (i) => left + (width - left - right) * (last > first ? (times[i] - first) / (last - first) : 0.5);
  const y = (v) => height - below - (height - above - below) * Math.max(0, v) / top;
  const at = (series) => series.map((v, i) => (finite(v) ? [x(i), y(v)] : null));
  const readout = html("p", { class: "readout", "aria-live": "polite" });
  const cursor = svg("line", { class: "cursor", y1: above, y2: height - below, x1: -9, x2: -9 });
  let index = history.length - 1;
  const read = (i) => {
    index = Math.min(Math.max(i, 0), history.length - 1);
    cursor.setAttribute("x1", x(index));
    cursor.setAttribute("x2", x(index));
    const noise = finite(floors[index]) ? `, noise alone ${format(floors[index])}` : "";
    readout.textContent = `${instant(history[index].end)}: ${format(values[index])}${noise} (n = ${count(history[index].n)}, ${history[index].state})`;
  };
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", tabindex: "0", "data-key": `chart ${title}`,
    "aria-label": `${title} through time, ${history.length} windows; arrow keys read single windows` },
  [0, 0.5, 1].map((part) => [
    svg("line", { class: "grid", x1: left, x2: width - right, y1: y(top * part), y2: y(top * part) }),
    svg("text", { class: "tick", x: left - 6, y: y(top * part) + 4, "text-anchor": "end" }, part ? format(top * part) : "0")]),
  svg("text", { class: "tick", x: left, y: height - 4 }, instant(history[0].end)),
  svg("text", { class: "tick", x: width - right, y: height - 4, "text-anchor": "end" }, instant(history[history.length - 1].end)),
  svg("path", { class: "l-floor", d: segments(at(floors)) }),
  svg("path", { class: "l-value", d: segments(at(values)) }),
  history.map((row, i) => (row.state === "drift" && finite(values[i]) ? svg("circle", { class: `p-${row.severity}`, cx: x(i), cy: y(values[i]), r: 2.6 }) : null)),
  history.length === 1 && finite(values[0]) ? svg("circle", { class: "p-none", cx: x(0), cy: y(values[0]), r: 2.6 }) : null,
  cursor);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const wanted = (event.clientX - box.left) * width / box.width;
    let best = 0;
    times.forEach((_, i) => { if (Math.abs(x(i) - wanted) < Math.abs(x(best) - wanted)) best = i; });
    read(best);
  });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (!step) return;
    event.preventDefault();
    read(index + step);
  });
  read(index);
  cursor.setAttribute("x1", -9);
  cursor.setAttribute("x2", -9);
  return html("figure", { class: "score" }, html("figcaption", {}, title), picture, readout);
}

export function scoreCharts(history, width) {
  const charts = [
    ["Population stability index (PSI)", "psi", number],
    ["Jensen–Shannon distance", "js", number],
    ["Kolmogorov–Smirnov", "ks", number],
    ["Wasserstein, in standard deviations", "wasserstein", number],
    ["Missing values", "missing_rate", percent],
  ].filter(([, key]) => history.some((row) => finite(row[key])));
  return html("div", { class: "scores" }, charts.map(([title, key, format]) =>
    lineChart(title, history, (row) => row[key], (row) => row.noise_floor?.[key], format, width)));
}

export function scoreLegend() {
  return legend(["k-line", "score"], ["k-floor", "what noise alone would give"], ["k-dot", "window in drift"]);
}
