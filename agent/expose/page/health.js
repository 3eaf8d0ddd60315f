// The strip that says how the agent itself is. What it tells is up to the agent: every value of
// /api/v1/status is shown, the plain ones in the strip, lists below it.

import { count, duration, finite, fold, html, instant, table } from "./dom.js";

const SHOWN = 8;

function words(name) {
  return name.replace(/_(ms|bytes|seconds)$/, "").replaceAll("_", " ");
}

export function value(name, data) {
  if (data === null || data === undefined || data === "") return "–";
  if (typeof data === "boolean") return data ? "yes" : "no";
  if (finite(data) && /_bytes$/.test(name)) return data >= 1048576 ? `${(data / 1048576).toFixed(1)} MiB` : `${count(Math.round(data / 1024))} KiB`;
  if (finite(data) && /_ms$/.test(name)) return data < 1000 ? `${data} ms` : duration(Math.round(data / 1000) * 1000);
  if (finite(data) && /_seconds$/.test(name)) {
    return data < 120 ? `${Math.round(data)} s` : data < 7200 ? `${Math.round(data / 60)} min` : data < 172800 ? `${Math.round(data / 3600)} h` : `${Math.round(data / 86400)} days`;
  }
  if (finite(data)) return Number.isInteger(data) ? count(data) : String(Number(data.toPrecision(4)));
  return /^\d{4}-\d\d-\d\dT/.test(data) ? instant(data) : String(data);
}

// Nested objects become "records counted"; lists are kept apart.
function flatten(data, prefix, plain, lists) {
  for (const [name, item] of Object.entries(data)) {
    const full = prefix ? `${prefix} ${name}` : name;
    if (Array.isArray(item)) lists.push([full, item]);
    else if (item !== null && typeof item === "object") flatten(item, full, plain, lists);
    else plain.push([full, item]);
  }
}

function list(name, items) {
  if (items.length === 0) return null;
  if (typeof items[0] !== "object" || items[0] === null) {
    return html("div", {}, html("h3", {}, words(name)), html("p", {}, items.map((item) => value(name, item)).join(", ")));
  }
  const columns = [...new Set(items.flatMap((item) => Object.keys(item ?? {})))];
  const kind = (column) => (items.some((item) => finite(item?.[column])) ? "num" : null);
  return html("div", {}, html("h3", {}, words(name)), table(`status ${name}`, columns.map((c) => ({ text: words(c), class: kind(c) })),
    items.map((item) => html("tr", {}, columns.map((c) => html("td", { class: kind(c) },
      item?.[c] !== null && typeof item?.[c] === "object" ? JSON.stringify(item[c]) : value(c, item?.[c])))))));
}

export function health(status) {
  const plain = [], lists = [];
  const { version, now, ready, ...rest } = status;
  flatten(rest, "", plain, lists);
  const item = ([name, data]) => html("div", {}, html("dt", {}, words(name)), html("dd", {}, value(name, data)));
  const state = ready === undefined ? null
    : html("div", { class: ready ? "good" : "bad" }, html("dt", {}, "agent"), html("dd", {}, ready ? "ready" : "not ready"));
  const more = plain.slice(SHOWN), tables = lists.map(([name, items]) => list(name, items)).filter(Boolean);
  if (!state && plain.length === 0 && tables.length === 0) return null;
  return [
    html("dl", { class: "strip" }, state, plain.slice(0, SHOWN).map(item)),
    more.length || tables.length ? fold("health", false, "More about the agent", html("div", {}, html("dl", { class: "facts" }, more.map(item)), tables)) : null,
  ];
}
