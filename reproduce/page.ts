/** What the reports share: one HTML page with nothing to fetch, numbers as they are set, tables. Curves: chart.ts. */

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

export function powerOfTen(exponent: number): string {
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  const digits = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "").join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** Two significant digits: 0.031, 4.2, 4.7·10⁻⁹. */
export function formatValue(value: number): string {
  if (Number.isNaN(value) || Math.abs(value) === Infinity) return "diverged";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1000) return size >= 99.5 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
  const [mantissa = "", exponent = ""] = value.toExponential(1).split("e");
  return `${mantissa.replace("-", "−")}·${powerOfTen(Number(exponent))}`;
}

export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number.isInteger(value) ? String(value) : value >= 100 ? value.toFixed(0) : value.toFixed(1);
  const [whole = "", fraction] = rounded.split(".");
  // a thin space between thousands, as in set text
  return whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (fraction === undefined ? "" : `.${fraction}`);
}

export function formatTime(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? formatCount(Math.round(ms)) : String(Number(ms.toPrecision(ms >= 10 ? 3 : 2)));
}

export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(ratio < 0.1 ? 3 : ratio < 10 ? 2 : 1) : "–";
}

export function formatPercent(share: number, digits: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)}\u202f%` : "–";
}

export function formatTimes(factor: number): string {
  if (factor < 10) return `${Number(factor.toPrecision(2))} times`;
  if (factor < 1e6) return `${formatCount(Number(factor.toPrecision(2)))} times`;
  return `${powerOfTen(Math.floor(Math.log10(factor)))} times`;
}

export interface HtmlTable {
  /** For those who do not see it. */
  label: string;
  caption: string;
  head: readonly string[];
  /** Whole cells, `<th scope="row">` or `<td>`, or rows of them. */
  rows: readonly string[];
  look?: string;
}

/** A table that scrolls by itself where it is too wide. Everything but `head` is HTML. */
export function htmlTable({ label, caption, head, rows, look = "" }: HtmlTable): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table${look === "" ? "" : ` class="${look}"`}>
<caption>${caption}</caption>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** Names and values in a line. */
export function factList(facts: readonly (readonly [string, string])[]): string {
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("")}</dl>`;
}

const STYLE = `
:root { color-scheme: light dark; --paper: #fcfbf7; --raised: #fffefb; --ink: #24221e; --quiet: #6b665c;
  --rule: #d9d4c7;
  --grid: #e9e5da; --faint: #f3f0e7; --grey: #a29d92; --grey2: #77736a; --amber: #b07d0a; --blue: #1f6fae;
  --crimson: #c4284c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #17181b; --raised: #1e2024; --ink: #e2ded5; --quiet: #9d988d;
  --rule: #3a3c41;
  --grid: #2b2d32; --faint: #222428; --grey: #85817a; --grey2: #b0aca4; --amber: #dfb04a; --blue: #6fb3e8;
  --crimson: #ff6f8b; --bad: #ff8a80; } }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0 auto; padding: 4rem 2rem 5rem; max-width: 72rem;
  font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Palatino,
  Georgia, "Liberation Serif", serif; }
h1, h2, h3 { font-weight: 600; line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; }
h1 { font-size: 2.5rem; margin: 0 0 0.6rem; }
h2 { font-size: 1.75rem; margin: 0 0 0.8rem; }
h3 { font-size: 1.15rem; margin: 2.6rem 0 0.2rem; }
p { max-width: 44rem; margin: 0 0 1rem; text-wrap: pretty; }
a { color: inherit; text-decoration-color: var(--grey); text-underline-offset: 0.18em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.quiet, caption, .facts dt, small, .settings { color: var(--quiet); }
.sans, figcaption, table, .facts, .key ul, .sheet, svg text, .origin { font-family: system-ui, -apple-system,
  "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.origin { font-size: 0.85rem; color: var(--quiet); max-width: none; margin-bottom: 2rem; }
.task { margin-top: 4.5rem; padding-top: 2.5rem; border-top: 1px solid var(--rule); }
.headline { font-size: 1.3rem; line-height: 1.5; max-width: 50rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.6rem 2.2rem; margin: 1.4rem 0 2rem; font-size: 0.85rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem 2.5rem; margin-bottom: 2.5rem; }
.charts > * { margin: 0; min-width: 0; }
figcaption { font-size: 0.85rem; line-height: 1.4; margin-bottom: 0.4rem; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font-size: 12.5px; fill: var(--quiet); }
.chart .tick { font-variant-numeric: tabular-nums; }
.grid, .axis { stroke: var(--grid); fill: none; }
.grid.faint { stroke: var(--faint); }
.axis { stroke: var(--rule); }
.run { transition: opacity 0.15s; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: butt; }
.mark { fill: currentColor; stroke: var(--paper); stroke-width: 1; }
.cross { fill: none; stroke: currentColor; stroke-width: 2.2; }
.leader { fill: none; stroke: currentColor; stroke-width: 0.8; stroke-opacity: 0.4; stroke-dasharray: 1 2; }
.chart text.name { fill: currentColor; }
.chart .reading text { fill: var(--ink); }
.reading { pointer-events: none; }
.reading rect { fill: var(--raised); stroke: var(--rule); }
.reading circle { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.reading .who { font-weight: 600; }
.off { display: none; }
.dim .chart .run:not(.lit) { opacity: 0.14; }
.key h3 { margin-top: 0; }
.key p { font-size: 0.9rem; margin-bottom: 0.6rem; }
.key ul { list-style: none; margin: 0; padding: 0; font-size: 0.85rem; }
.key button { display: grid; grid-template-columns: 2.4rem 8.2rem 1fr; gap: 0.1rem 0.6rem; align-items: center;
  width: 100%; padding: 0.32rem 0.4rem; margin: 0 -0.4rem;
  font: inherit; text-align: left; color: inherit; background: none; border: 0; border-top: 1px solid var(--grid);
  cursor: pointer; }
.key button:hover { background: var(--faint); }
.key button[aria-pressed="false"] { opacity: 0.4; text-decoration: line-through; }
.settings { font-size: 0.8rem; line-height: 1.35; }
.swatch { width: 34px; height: 12px; vertical-align: -0.05em; flex: none; }
.scroll { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; min-width: 44rem;
  width: 100%; }
caption { caption-side: bottom; text-align: left; padding-top: 0.6rem; font-size: 0.8rem; line-height: 1.45;
  max-width: min(46rem, 100vw - 2.4rem); }
th, td { padding: 0.42rem 0 0.42rem 1.2rem; text-align: right; vertical-align: baseline; font-weight: 400;
  white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--quiet); border-bottom: 1px solid var(--ink); font-size: 0.8rem; white-space: normal;
  vertical-align: bottom; line-height: 1.3; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
tbody tr:last-child > * { border-bottom: 1px solid var(--rule); }
td small, th small { display: block; font-size: 0.75rem; }
.bad, .wrong b { color: var(--bad); }
.glance { margin-top: 1.5rem; min-width: 38rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.scripted { display: none; } .js .scripted { display: inline; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }
@media (max-width: 52rem) { .charts { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 36rem) { body { padding: 2rem 1.1rem 3rem; font-size: 1rem; } h1 { font-size: 1.9rem; }
  h2 { font-size: 1.5rem; }
  .headline { font-size: 1.12rem; } .chart text { font-size: 14px; }
  .key button { grid-template-columns: 2.4rem 1fr; } .settings { grid-column: 2; }
  .task { margin-top: 3rem; padding-top: 2rem; } }
@media print { :root { color-scheme: light; --paper: #fff; --raised: #fff; } body { padding: 0; max-width: none;
  font-size: 10pt; }
  .scripted { display: none !important; } .chart, .key, tr { break-inside: avoid; } .scroll { overflow: visible; }
  table { min-width: 0; }
  .task { break-before: page; border-top: 0; margin-top: 0; } }
`;

/** Width of a drawing, in its own units. */
export const CHART_WIDTH = 520;

// Plain script for the reader's browser; without it the page shows the same data.
const SCRIPT = `
document.documentElement.classList.add("js");
for (const task of document.querySelectorAll(".task")) {
  const of = (id) => task.querySelectorAll('.chart .run[data-run="' + id + '"]');
  const light = (id) => {
    task.querySelectorAll(".lit").forEach((run) => run.classList.remove("lit"));
    task.classList.toggle("dim", id !== null);
    if (id !== null) of(id).forEach((run) => run.classList.add("lit"));
  };
  const hidden = new Set();
  for (const button of task.querySelectorAll(".key button")) {
    const id = Number(button.dataset.run);
    button.addEventListener("pointerenter", () => { if (!hidden.has(id)) light(id); });
    button.addEventListener("pointerleave", () => light(null));
    button.addEventListener("click", () => {
      if (hidden.has(id)) hidden.delete(id); else hidden.add(id);
      button.setAttribute("aria-pressed", String(!hidden.has(id)));
      of(id).forEach((run) => run.classList.toggle("off", hidden.has(id)));
      light(null);
    });
  }
  for (const figure of task.querySelectorAll(".chart")) {
    const svg = figure.querySelector("svg");
    if (!svg) continue;
    const runs = JSON.parse(figure.querySelector("script").textContent);
    const reading = svg.querySelector(".reading");
    const [dot, box, text] = reading.children;
    const [who, what] = text.children;
    const leave = () => { reading.style.display = "none"; light(null); };
    leave();
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("pointermove", (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = null, least = 30 * 30;
      for (const [id, name, points] of runs) {
        if (hidden.has(id)) continue;
        for (const point of points) {
          const far = (point[0] - at.x) ** 2 + (point[1] - at.y) ** 2;
          if (far < least) { least = far; best = { id, name, point }; }
        }
      }
      if (!best) return leave();
      const [x, y, value] = best.point;
      reading.style.display = "";
      light(best.id);
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
      who.textContent = best.name;
      what.textContent = value;
      const left = Math.max(6, Math.min(x + 14, ${CHART_WIDTH} - 190)), top = y < 80 ? y + 14 : y - 54;
      who.setAttribute("x", left + 9); who.setAttribute("y", top + 17);
      what.setAttribute("x", left + 9); what.setAttribute("y", top + 34);
      box.setAttribute("x", left); box.setAttribute("y", top);
      box.setAttribute("width", text.getBBox().width + 18);
      box.setAttribute("height", 43);
    });
  }
}
`;
export interface Environment {
  /** "relaxed" or "baseline" */
  engine: string;
  node: string;
  cpu: string;
  cores: number | string;
}

export interface Page {
  title: string;
  /** ISO date */
  generated: string;
  environment: Environment;
  /** Added to the common style. */
  style: string;
  /** HTML under the title: what to look at. */
  introduction: string;
  /** HTML of the page. */
  main: string;
}

/** The whole page as one string, ready to be written to a file. */
export function renderPage({ title, generated, environment, style, introduction, main }: Page): string {
  const date = new Date(generated);
  const valid = !Number.isNaN(date.getTime());
  const day = valid ? `${date.toISOString().slice(0, 16).replace("T", " ")} UTC` : generated;
  const node = /^v?\d/.test(environment.node) ? `Node ${environment.node.replace(/^v/, "")}` : environment.node;
  const cores = `${environment.cores} core${String(environment.cores) === "1" ? "" : "s"}`;
  const origin = [`${environment.engine} engine`, node, environment.cpu, cores].map(escapeHtml).join(" · ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="origin"><time datetime="${escapeHtml(generated)}">${escapeHtml(day)}</time> · ${origin}</p>
${introduction}
</header>
<main>
${main}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
