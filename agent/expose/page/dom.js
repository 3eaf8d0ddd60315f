// Making elements and texts. Data goes in as text nodes and attributes only, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (name === "css") {
      for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export function html(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function finite(value) {
  return typeof value === "number" && Number.isFinite(value);
}

const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

export function duration(ms) {
  if (ms % DAY === 0 && ms > DAY) return `${ms / DAY}d`;
  if (ms % HOUR === 0) return `${ms / HOUR}h`;
  if (ms % MINUTE === 0) return `${ms / MINUTE}m`;
  return `${ms / 1000}s`;
}

// "2013-02-08 06:00" of an RFC 3339 text; always UTC, as in logs and messages.
export function instant(text) {
  return text ? text.replace("T", " ").replace(/(:\d\d):\d\d(\.\d+)?Z$/, "$1") : "–";
}

// The clock of this machine, for "last updated".
export function clock(date) {
  return date.toLocaleTimeString([], { hour12: false });
}

export function count(n) {
  return finite(n) ? n.toLocaleString("en-US").replaceAll(",", "\u202f") : "–";
}

export function number(value) {
  if (!finite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-4) return value.toExponential(1).replace("e", " × 10^");
  if (size >= 100) return count(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : size >= 0.01 ? 3 : 4);
}

export function percent(share) {
  if (!finite(share)) return "–";
  const value = 100 * share, size = Math.abs(value);
  if (size === 0) return "0 %";
  if (size < 0.01) return "< 0.01 %";
  return `${value.toFixed(size < 0.1 ? 3 : size < 1 ? 2 : 1)} %`;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function probability(p, log10) {
  if (!finite(p)) return "–";
  if (p >= 0.001) return p.toFixed(3);
  const exponent = Math.floor(finite(log10) ? log10 : Math.log10(Math.max(p, 1e-300)));
  return `10${[...String(exponent)].map((c) => RAISED[c]).join("")}`;
}

const SEVERITIES = ["none", "notice", "low", "medium", "high"];

export function severityRank(name) {
  return Math.max(0, SEVERITIES.indexOf(name));
}

// How a verdict is called and coloured: [word, class, rank for sorting].
export function standing(row) {
  switch (row.state) {
    case "drift": return [row.severity === "none" ? "drift" : row.severity, `s-${row.severity}`, 10 + severityRank(row.severity)];
    case "incomplete": return ["incomplete", "s-unsure", 4];
    case "silent": return ["silent", "s-unsure", 5];
    case "insufficient": return ["too few", "s-unsure", 2];
    case "learning": return ["learning", "s-unsure", 1];
    default: return row.significant ? ["watching", "s-watch", 6] : ["ok", "s-ok", 0];
  }
}

export const STATE_HELP = {
  ok: "as in training",
  drift: "differs from training, in enough windows to be told",
  insufficient: "too few records in the window to say anything",
  incomplete: "records are known to be lacking, so nothing is concluded",
  learning: "there is no baseline to compare with yet",
  silent: "no records arrived in the window",
};

export function badge(word, kind) {
  return html("span", { class: `badge ${kind}` }, word);
}

export function table(kind, head, rows) {
  const cells = head.map((cell) => html("th", { scope: "col", class: cell.class }, cell.text ?? cell));
  return html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": kind },
    html("table", { class: kind.replaceAll(" ", "-") }, html("thead", {}, html("tr", {}, cells)), html("tbody", {}, rows)));
}

// A part that folds; stays as the user left it when the page is drawn again.
const folds = new Map();

export function fold(key, openAtFirst, summary, body, onOpen) {
  const open = folds.has(key) ? folds.get(key) : openAtFirst;
  const element = html("details", { open, class: "fold" }, html("summary", { "data-key": `fold ${key}` }, summary), body);
  element.addEventListener("toggle", () => {
    const changed = element.open !== (folds.has(key) ? folds.get(key) : openAtFirst);
    folds.set(key, element.open);
    if (changed && element.open && onOpen) onOpen();
  });
  return element;
}

export function foldIsOpen(key, openAtFirst) {
  return folds.has(key) ? folds.get(key) : openAtFirst;
}

// Draws `build(data)` into `region` if the data is not what is shown already. Focus, text cursor
// and sideways scrolling are kept, so that a refresh disturbs nobody.
const shown = new WeakMap();

export function draw(region, data, build) {
  const key = JSON.stringify(data);
  if (shown.get(region) === key) return;
  shown.set(region, key);
  const active = region.contains(document.activeElement) ? document.activeElement : null;
  const focus = active?.dataset.key, cursor = active?.selectionStart;
  const scrolled = [...region.querySelectorAll(".scroll")].map((part) => [part.scrollLeft, part.scrollTop]);
  region.replaceChildren(...[build(data)].flat(Infinity).filter(Boolean));
  region.querySelectorAll(".scroll").forEach((part, i) => {
    if (scrolled[i]) [part.scrollLeft, part.scrollTop] = scrolled[i];
  });
  const again = focus && region.querySelector(`[data-key="${CSS.escape(focus)}"]`);
  if (again) {
    again.focus({ preventScroll: true });
    if (typeof cursor === "number" && again.setSelectionRange) again.setSelectionRange(cursor, cursor);
  }
}
