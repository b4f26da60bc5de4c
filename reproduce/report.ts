/**
 * The comparison as one HTML page: curves, figures and sample images, with nothing to fetch.
 *
 * Every sentence with a number in it is computed from the data given; a run that diverged, stalled or lost is told as
 * such. The page works without its script, which only adds reading off points and hiding curves.
 */

import { chart, key, type Mark, type Series, swatch } from "./chart.js";
import {
  type Environment,
  escapeHtml,
  factList,
  formatCount,
  formatPercent,
  formatRatio,
  formatTime,
  formatTimes,
  formatValue,
  htmlTable,
  renderPage,
} from "./page.js";

export type Family = "float" | "lp-sgd" | "lp-svrg" | "halp";

export interface Point {
  passes: number;
  seconds: number;
  /** ‖∇F‖ relative to the start */
  gradientNorm: number;
  /** objective minus optimum, relative */
  gap: number;
  objective: number;
}

export interface Run {
  /** unique within its task, for instance "HALP 8-bit" */
  name: string;
  family: Family;
  bits: 8 | 16 | 32;
  /** what was chosen, in words: step size, inner steps, mu */
  settings: string;
  points: readonly Point[];
  final: {
    gap: number;
    gradientNorm: number;
    /** share of unseen rows predicted rightly, 0 to 1 */
    accuracy?: number;
    passes: number;
    msPerPass: number;
    /** passes per second over those of the float32 solver: above 1 is faster */
    speedRatio: number;
    /** how many times a code was cut off at the end of its grid */
    saturated: number;
  };
}

export interface Sample {
  /** 28 x 28 grey values, 0 is paper */
  pixels: Uint8Array;
  label: number;
  predictions: readonly { solver: string; label: number; probability: number }[];
}

export interface Task {
  name: string;
  description: string;
  rows: number;
  cols: number;
  classes: number;
  l2: number;
  /** objective at the start */
  f0: number;
  /** the least objective */
  optimum: number;
  solvers: readonly Run[];
  samples?: readonly Sample[];
}

export interface Report {
  title: string;
  /** ISO date */
  generated: string;
  environment: Environment;
  tasks: readonly Task[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Which run is which

const FAMILIES: readonly Family[] = ["float", "lp-sgd", "lp-svrg", "halp"];

/** A run with the look it has in every figure of its task. */
interface RunSeries extends Series {
  run: Run;
}

const MARKS: Record<Family, Mark> = { float: "dot", "lp-sgd": "triangle", "lp-svrg": "square", halp: "circle" };

function seriesOf(task: Task): RunSeries[] {
  const seen = new Map<string, number>();
  return task.solvers.map((run, id) => {
    // two runs of one family and width (float32 SGD and SVRG, say) still have to be told apart
    const key = `${run.family} b${run.bits}`;
    const copy = seen.get(key) ?? 0;
    seen.set(key, copy + 1);
    return {
      run,
      id,
      name: run.name,
      mark: MARKS[run.family],
      look: `${key}${copy > 0 ? ` copy${Math.min(copy, 2)}` : ""}`,
    };
  });
}

/** The highest relative value that still counts as an attempt; beyond it the run has diverged. */
const DIVERGED_ABOVE = 100;

function hasDiverged(run: Run): boolean {
  return !(run.final.gradientNorm <= DIVERGED_ABOVE);
}

function lowest(runs: readonly Run[]): Run | undefined {
  let best: Run | undefined;
  for (const run of runs) {
    if (!hasDiverged(run) && (best === undefined || run.final.gradientNorm < best.final.gradientNorm)) best = run;
  }
  return best;
}

/** The runs that a task is about: HALP with the fewest bits, its best rival on a fixed grid, and the best float run. */
interface Contest {
  halp: Run | undefined;
  halpFailed: boolean;
  rival: Run | undefined;
  float: Run | undefined;
}

function contestOf(task: Task): Contest {
  const halps = task.solvers.filter((run) => run.family === "halp");
  const bits = Math.min(...halps.map((run) => run.bits), 32);
  const sameBits = halps.filter((run) => run.bits === bits);
  const fixed = task.solvers.filter((run) => run.family === "lp-sgd" || run.family === "lp-svrg");
  const comparable = fixed.filter((run) => run.bits === bits);
  return {
    halp: lowest(sameBits) ?? sameBits[0],
    halpFailed: sameBits.length > 0 && lowest(sameBits) === undefined,
    rival: lowest(comparable.length > 0 ? comparable : fixed),
    float: lowest(task.solvers.filter((run) => run.family === "float")),
  };
}

function headline(task: Task): string {
  const { halp, halpFailed, rival, float } = contestOf(task);
  const strong = (text: string): string => `<strong>${text}</strong>`;
  if (halp === undefined || halpFailed) {
    const best = lowest(task.solvers);
    const failed = halp === undefined ? "" : `${escapeHtml(halp.name)} diverged here. `;
    if (best === undefined) return `${failed}No solver converged on this task.`;
    const norm = formatValue(best.final.gradientNorm);
    return `${failed}${escapeHtml(best.name)} comes nearest to the optimum: its gradient ends at ${norm} of the start.`;
  }
  const name = escapeHtml(halp.name);
  const end = halp.final.gradientNorm;
  const sentences: string[] = [];
  const after = `After ${formatCount(halp.final.passes)} passes`;
  if (rival === undefined) {
    sentences.push(`${after}, the gradient of ${name} is ${strong(formatValue(end))} of what it was at the start.`);
  } else {
    const other = escapeHtml(rival.name);
    const factor = rival.final.gradientNorm / end;
    const here = formatValue(end);
    const there = formatValue(rival.final.gradientNorm);
    if (end === 0 && factor > 0) {
      sentences.push(`${after}, ${name} has brought the gradient to zero; ${other} stops at ${there} of the start.`);
    } else if (factor >= 2) {
      const much = strong(`${formatTimes(factor)} smaller`);
      sentences.push(`${after}, the gradient of ${name} is ${much} than ${other} leaves it:`);
      sentences.push(`${here} of the start, against ${there}.`);
    } else if (factor > 0.5 || Number.isNaN(factor)) {
      sentences.push(`${name} and ${other} end alike on this task, at ${here} and ${there} of the starting gradient.`);
    } else {
      const much = formatTimes(1 / factor);
      sentences.push(`On this task ${other} does better than ${name}: its gradient ends ${much} smaller`);
      sentences.push(`(${there} of the start, against ${here}).`);
    }
  }
  if (float !== undefined) {
    const factor = float.final.gradientNorm / end;
    const reached = formatValue(float.final.gradientNorm);
    if (factor > 5) sentences.push(`${escapeHtml(float.name)} reaches ${reached}.`);
    else if (factor < 0.2) sentences.push(`${escapeHtml(float.name)} goes further still, to ${reached}.`);
    else sentences.push(`${escapeHtml(float.name)} gets about as far (${reached}).`);
  }
  const { msPerPass, speedRatio } = halp.final;
  if (Number.isFinite(speedRatio) && speedRatio > 0) {
    const cost = `A pass of ${name} takes ${formatTime(msPerPass)} ms`;
    const times = `${formatRatio(speedRatio)} times the speed`;
    if (speedRatio >= 1.05) sentences.push(`${cost}, ${strong(times)} of float32.`);
    else if (speedRatio > 0.95) sentences.push(`${cost}, about the same as float32.`);
    else sentences.push(`${cost}, slower than float32 (${formatRatio(speedRatio)} times its speed).`);
  }
  return sentences.join(" ");
}

// ---------------------------------------------------------------------------------------------------------------------
// Charts

interface Axes {
  /** part of the element ids */
  key: string;
  title: string;
  x: (point: Point) => number;
  y: (point: Point) => number;
  xName: string;
  formatX: (value: number) => string;
}

const CHARTS: readonly Axes[] = [
  {
    key: "norm-passes",
    title: "Gradient norm against passes",
    x: (point) => point.passes,
    y: (point) => point.gradientNorm,
    xName: "passes",
    formatX: (value) => `${Number(value.toPrecision(3))} passes`,
  },
  {
    key: "norm-seconds",
    title: "Gradient norm against seconds",
    x: (point) => point.seconds,
    y: (point) => point.gradientNorm,
    xName: "seconds",
    formatX: (value) => `${Number(value.toPrecision(3))} s`,
  },
  {
    key: "gap-passes",
    title: "Objective gap against passes",
    x: (point) => point.passes,
    y: (point) => point.gap,
    xName: "passes",
    formatX: (value) => `${Number(value.toPrecision(3))} passes`,
  },
];
function figure(task: Task, taskId: string, all: readonly RunSeries[], axes: Axes): string {
  const isGap = axes.key.startsWith("gap");
  const [subject = "", against = ""] = axes.title.split(" against ");
  const scale = isGap ? "(F − F*), relative" : "relative to the start";
  const finals = all.map(({ run }) => `${run.name}: ${formatValue(isGap ? run.final.gap : run.final.gradientNorm)}`);
  const order = [...all].sort((a, b) => FAMILIES.indexOf(a.run.family) - FAMILIES.indexOf(b.run.family));
  return chart({
    id: `${taskId}-${axes.key}`,
    title: `${task.name}: ${axes.title}`,
    description: `Final values: ${finals.join("; ")}.`,
    caption: `<b>${subject}</b> <span class="quiet">${scale}, against ${against}.</span>`,
    xName: axes.xName,
    formatX: axes.formatX,
    curves: order.map((series) => {
      const points = series.run.points.map((point) => ({ x: axes.x(point), y: axes.y(point) }));
      const [first, last] = [points[0], points.at(-1)];
      const isDiverged = last !== undefined && !(last.y <= DIVERGED_ABOVE * Math.max(1, first!.y));
      return { series, points, isDiverged };
    }),
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Key, table

const KEY_NOTE = `Dashed is 8 bits, solid 16 bits, thick grey floating point.
<span class="scripted">Press a solver to hide or show it.</span>`;

function table(task: Task, all: readonly RunSeries[]): string {
  const withAccuracy = task.solvers.some((run) => run.final.accuracy !== undefined);
  const rows = all.map((series) => {
    const { run } = series;
    const { final } = run;
    const diverged = hasDiverged(run);
    const bad = `<td class="bad">diverged</td>`;
    const cells = [
      `<th scope="row">${swatch(series)} ${escapeHtml(run.name)}</th>`,
      diverged ? bad : `<td>${formatValue(final.gradientNorm)}</td>`,
      diverged && !Number.isFinite(final.gap) ? bad : `<td>${formatValue(final.gap)}</td>`,
      withAccuracy ? `<td>${final.accuracy === undefined ? "–" : formatPercent(final.accuracy, 2)}</td>` : "",
      `<td>${formatCount(final.passes)}</td>`,
      `<td>${formatTime(final.msPerPass)}</td>`,
      `<td>${formatRatio(final.speedRatio)}</td>`,
      `<td>${formatCount(final.saturated)}</td>`,
    ];
    return `<tr>${cells.join("")}</tr>`;
  });
  const head = [
    "Solver",
    "Gradient norm",
    "Objective gap",
    ...(withAccuracy ? ["Accuracy"] : []),
    "Passes",
    "ms per pass",
    "Speed, float32 = 1",
    "Saturated",
  ];
  return htmlTable({
    label: `Final figures, ${escapeHtml(task.name)}`,
    caption: `Where each solver ends. The gradient norm is relative to the start, the gap to the optimum is relative too;
both are of the exact problem. Saturated counts codes cut off at the end of their grid.`,
    head,
    rows,
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Sample images

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function pngChunk(type: string, body: readonly number[]): number[] {
  const bytes = [...type].map((letter) => letter.charCodeAt(0)).concat(body);
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return [...bigEndian(body.length), ...bytes, ...bigEndian(~crc)];
}

function bigEndian(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** A grey PNG of dark ink on white, stored without compression: 28 x 28 needs no better. */
function pngOf(pixels: Uint8Array, side: number): string {
  const raw: number[] = [];
  for (let row = 0; row < side; row++) {
    raw.push(0); // no filter
    for (let column = 0; column < side; column++) raw.push(255 - (pixels[row * side + column] ?? 0));
  }
  let a = 1;
  let b = 0;
  for (const byte of raw) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  const length = [raw.length & 255, raw.length >>> 8];
  const checksum = [b >>> 8, b & 255, a >>> 8, a & 255];
  const stored = [0x78, 0x01, 0x01, ...length, ...length.map((byte) => byte ^ 255), ...raw, ...checksum];
  const bytes = [
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...pngChunk("IHDR", [...bigEndian(side), ...bigEndian(side), 8, 0, 0, 0, 0]),
    ...pngChunk("IDAT", stored),
    ...pngChunk("IEND", []),
  ];
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet[word >>> 18]! + alphabet[(word >>> 12) & 63]!;
    text += (left > 1 ? alphabet[(word >>> 6) & 63]! : "=") + (left > 2 ? alphabet[word & 63]! : "=");
  }
  return `data:image/png;base64,${text}`;
}

function sheet(task: Task, all: readonly RunSeries[]): string {
  const samples = task.samples ?? [];
  if (samples.length === 0) return "";
  let misread = 0;
  const cards = samples.map((sample) => {
    const wrong = sample.predictions.some((prediction) => prediction.label !== sample.label);
    if (wrong) misread++;
    const lines = sample.predictions.map((prediction) => {
      const series = all.find(({ run }) => run.name === prediction.solver);
      const right = prediction.label === sample.label;
      return (
        `<li class="${right ? "right" : "wrong"}"><span class="dot ${series?.look ?? ""}"></span>` +
        `<span class="who">${escapeHtml(prediction.solver)}</span><b>${prediction.label}</b>` +
        `<span class="share">${formatPercent(prediction.probability, 0)}</span>` +
        `${right ? "" : '<span class="unseen">, wrong</span>'}</li>`
      );
    });
    return (
      `<li class="card${wrong ? " misread" : ""}"><div class="face">` +
      `<img src="${pngOf(sample.pixels, 28)}" width="84" height="84" alt="A drawn ${sample.label}">` +
      `<span class="label"><small>drawn as</small>${sample.label}</span></div>` +
      `<ul>${lines.join("")}</ul></li>`
    );
  });
  const shown = `${samples.length} unseen image${samples.length === 1 ? "" : "s"}`;
  const verdict =
    misread === 0
      ? "Every solver reads all of them rightly."
      : `At least one solver misreads ${formatCount(misread)} of them; the wrong answers have a red cross.`;
  return `<h3>Samples</h3>
<p class="quiet">${shown}, with each solver's answer and how sure it is. ${verdict}</p>
<ul class="sheet">${cards.join("\n")}</ul>`;
}

// ---------------------------------------------------------------------------------------------------------------------
// The page

function glance(tasks: readonly Task[]): string {
  const rows = tasks.map((task, index) => {
    const { halp, rival, float } = contestOf(task);
    const end = (run: Run | undefined): string =>
      run === undefined
        ? "<td>–</td>"
        : `<td>${hasDiverged(run) ? "diverged" : formatValue(run.final.gradientNorm)}` +
          `<small>${escapeHtml(run.name)}</small></td>`;
    const speed = halp === undefined ? "–" : formatRatio(halp.final.speedRatio);
    return (
      `<tr><th scope="row"><a href="#task-${index + 1}">${escapeHtml(task.name)}</a>` +
      `<small>${formatCount(task.rows)} × ${formatCount(task.cols)}</small></th>` +
      `${end(rival)}${end(halp)}${end(float)}<td>${speed}</td></tr>`
    );
  });
  return htmlTable({
    label: "At a glance",
    caption: "At a glance: the gradient norm each kind of solver ends with, relative to the start.",
    head: ["Task", "Fixed grid, as many bits", "HALP, fewest bits", "Floating point", "HALP's speed, float32 = 1"],
    rows,
    look: "glance",
  });
}

function section(task: Task, index: number): string {
  const id = `task-${index + 1}`;
  const all = seriesOf(task);
  const facts: [string, string][] = [
    ["rows", formatCount(task.rows)],
    ["columns", formatCount(task.cols)],
    ["classes", task.classes > 0 ? formatCount(task.classes) : "–"],
    ["l2", formatValue(task.l2)],
    ["F at the start", Number(task.f0.toPrecision(6)).toString()],
    [
      "F at the optimum",
      task.optimum > 0 && task.optimum < 1e-3
        ? task.optimum.toExponential(6)
        : Number(task.optimum.toPrecision(9)).toString(),
    ],
  ];
  return `<section class="task" id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name">${escapeHtml(task.name)}</h2>
<p class="headline">${headline(task)}</p>
<p>${escapeHtml(task.description)}</p>
${factList(facts)}
<div class="charts">
${CHARTS.map((axes) => figure(task, id, all, axes)).join("\n")}
${key(
  "Solvers",
  KEY_NOTE,
  all.map((series) => ({ series, settings: series.run.settings })),
)}
</div>
${table(task, all)}
${sheet(task, all)}
</section>`;
}

const STYLE = `
.float { color: var(--grey); } .float.copy1, .float.copy2 { color: var(--grey2); }
.lp-sgd { color: var(--amber); } .lp-svrg { color: var(--blue); } .halp { color: var(--crimson); }
.b8 .line { stroke-dasharray: 6 3.5; }
.b32 .line { stroke-width: 4.5; stroke-opacity: 0.55; stroke-linecap: round; }
.copy1:not(.float) .line { stroke-dasharray: 2 3; } .copy2:not(.float) .line { stroke-dasharray: 9 3 2 3; }
.b8 .mark { fill: var(--paper); stroke: currentColor; stroke-width: 1.6; }
.float text.name { fill: var(--quiet); }
.sheet { list-style: none; margin: 1.2rem 0 0; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: 1rem; font-size: 0.75rem; }
.card { background: var(--raised); border: 1px solid var(--grid); border-radius: 4px; padding: 0.7rem 0.8rem;
  break-inside: avoid; }
.card ul { list-style: none; margin: 0.5rem 0 0; padding: 0.4rem 0 0; border-top: 1px solid var(--grid); }
.card li { display: flex; align-items: center; gap: 0.4rem; line-height: 1.55; font-variant-numeric: tabular-nums; }
.card .who { flex: 1; color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.card .share { width: 2.7rem; text-align: right; color: var(--quiet); }
.wrong b::before { content: "✗ "; font-weight: 400; }
.wrong .who, .wrong .share { color: var(--bad) !important; }
.misread { border-color: var(--bad); }
.dot { width: 0.5rem; height: 0.5rem; border-radius: 50%; background: currentColor; flex: none; color: var(--quiet); }
.dot.float { color: var(--grey); } .dot.lp-sgd { color: var(--amber); } .dot.lp-svrg { color: var(--blue); }
  .dot.halp { color: var(--crimson); }
.dot.b8 { background: none; border: 1.6px solid currentColor; }
.face { display: flex; justify-content: space-between; align-items: flex-start; }
.face img { image-rendering: pixelated; mix-blend-mode: multiply; }
.label { font-size: 1.7rem; line-height: 1; text-align: right; }
.label small { display: block; font-size: 0.7rem; margin-bottom: 0.25rem; }
@media (prefers-color-scheme: dark) { .face img { filter: invert(1); mix-blend-mode: screen; } }
@media (max-width: 36rem) { .sheet { grid-template-columns: 1fr 1fr; gap: 0.6rem; } .card { padding: 0.6rem; }
  .face img { width: 64px; height: 64px; } .dot { display: none; } }
@media print { .face img { filter: none; mix-blend-mode: normal; } }
`;

/** The whole page as one string, ready to be written to a file. */
export function renderReport({ title, generated, environment, tasks }: Report): string {
  return renderPage({
    title,
    generated,
    environment,
    style: STYLE,
    introduction: `<p><b>What to look at.</b> Low-precision SGD and SVRG keep one fixed grid of numbers; once the remaining error is as
small as the grid is coarse they can only rattle about, and their curves go flat at a noise floor. HALP moves the centre
of its grid to the current solution and shrinks it with the gradient (bit centring), so the same few bits stand for ever
smaller steps: look for a curve that keeps falling in a straight line, as in floating point. Against seconds, a solver
with cheaper passes is further left.</p>`,
    main: `${tasks.length > 1 ? glance(tasks) : ""}
${tasks.map(section).join("\n")}`,
  });
}
