/**
 * The comparison as one HTML page: curves, figures and sample images, with nothing to fetch.
 *
 * Every sentence with a number in it is computed from the data given; a run that diverged, stalled or lost is told as
 * such. The page works without its script, which only adds reading off points and hiding curves.
 */

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
  environment: {
    /** "relaxed" or "baseline" */
    engine: string;
    node: string;
    cpu: string;
    cores: number | string;
  };
  tasks: readonly Task[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Text and numbers

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function powerOfTen(exponent: number): string {
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  const digits = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "").join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** Two significant digits: 0.031, 4.2, 4.7·10⁻⁹. */
function formatValue(value: number): string {
  if (Number.isNaN(value) || Math.abs(value) === Infinity) return "diverged";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1000) return size >= 99.5 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
  const [mantissa = "", exponent = ""] = value.toExponential(1).split("e");
  return `${mantissa.replace("-", "−")}·${powerOfTen(Number(exponent))}`;
}

function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number.isInteger(value) ? String(value) : value >= 100 ? value.toFixed(0) : value.toFixed(1);
  const [whole = "", fraction] = rounded.split(".");
  // a thin space between thousands, as in set text
  return whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (fraction === undefined ? "" : `.${fraction}`);
}

function formatTime(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? formatCount(Math.round(ms)) : String(Number(ms.toPrecision(ms >= 10 ? 3 : 2)));
}

function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(ratio < 0.1 ? 3 : ratio < 10 ? 2 : 1) : "–";
}

function formatPercent(share: number, digits: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)}\u202f%` : "–";
}

function formatTimes(factor: number): string {
  if (factor < 10) return `${Number(factor.toPrecision(2))} times`;
  if (factor < 1e6) return `${formatCount(Number(factor.toPrecision(2)))} times`;
  return `${powerOfTen(Math.floor(Math.log10(factor)))} times`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Which run is which

const FAMILIES: readonly Family[] = ["float", "lp-sgd", "lp-svrg", "halp"];

/** A run with the look it has in every figure of its task. */
interface Series {
  run: Run;
  id: number;
  /** CSS classes for colour and line */
  look: string;
}

function seriesOf(task: Task): Series[] {
  const seen = new Map<string, number>();
  return task.solvers.map((run, id) => {
    // two runs of one family and width (float32 SGD and SVRG, say) still have to be told apart
    const key = `${run.family} b${run.bits}`;
    const copy = seen.get(key) ?? 0;
    seen.set(key, copy + 1);
    return { run, id, look: `${key}${copy > 0 ? ` copy${Math.min(copy, 2)}` : ""}` };
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

const WIDTH = 520;
const HEIGHT = 390;
const TOP = 14;
const BOTTOM = HEIGHT - 40;
const LEFT = 50;
/** Vertical room of one label beside the plot, enough for the larger type of small screens. */
const LABEL_HEIGHT = 17;
/** Below this, float64 rounding of the objective is all there is to see. */
const LEAST_EXPONENT = -17;

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

/** Round steps of 1, 2 or 5 times a power of ten, at most about six of them. */
function linearTicks(most: number): number[] {
  const rough = most / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const ticks: number[] = [];
  for (let i = 0; i * step <= most * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}

/** Where a curve is drawn, in pixels, with the data point behind each position. */
interface Spot {
  x: number;
  y: number;
  point: Point;
}

/** Of the many points over one pixel column the first, lowest, highest and last are all that can be seen. */
function thin(spots: readonly Spot[]): readonly Spot[] {
  if (spots.length <= 400) return spots;
  const kept: Spot[] = [];
  for (let from = 0; from < spots.length; ) {
    const column = Math.floor(spots[from]!.x);
    let to = from;
    let low = from;
    let high = from;
    while (to < spots.length && Math.floor(spots[to]!.x) === column) {
      if (spots[to]!.y > spots[low]!.y) low = to;
      if (spots[to]!.y < spots[high]!.y) high = to;
      to++;
    }
    for (const at of [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)) kept.push(spots[at]!);
    from = to;
  }
  return kept;
}

/** The points the reader can read off: those in the plot, and never two closer than two pixels across. */
function readable(spots: readonly Spot[]): Spot[] {
  const kept: Spot[] = [];
  let next = -Infinity;
  spots.forEach((spot, i) => {
    if (spot.y < TOP || (spot.x < next && i + 1 < spots.length)) return;
    kept.push(spot);
    next = spot.x + 2;
  });
  return kept;
}

function marker(family: Family, x: number, y: number): string {
  const at = (dx: number, dy: number): string => `${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`;
  if (family === "lp-sgd") return `<path class="mark" d="M${at(0, -4)}L${at(3.8, 3)}L${at(-3.8, 3)}Z"/>`;
  if (family === "lp-svrg") return `<path class="mark" d="M${at(-2.9, -2.9)}h5.8v5.8h-5.8Z"/>`;
  return `<circle class="mark" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${family === "halp" ? 3.2 : 2.8}"/>`;
}

interface Label {
  series: Series;
  text: string;
  /** where the curve ends */
  fromX: number;
  fromY: number;
  /** where the label stands */
  y: number;
}

/** Moves labels apart, each as near to its curve's end as the others allow. */
function spread(labels: Label[]): void {
  labels.sort((a, b) => a.y - b.y);
  let floor = TOP + 4;
  for (const label of labels) {
    label.y = Math.max(label.y, floor);
    floor = label.y + LABEL_HEIGHT;
  }
  let ceiling = BOTTOM - 2;
  for (const label of labels.reverse()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - LABEL_HEIGHT;
  }
}

function chart(task: Task, taskId: string, all: readonly Series[], axes: Axes): string {
  const id = `${taskId}-${axes.key}`;
  const diverges = (run: Run): boolean => {
    const last = run.points.at(-1);
    return last !== undefined && !(axes.y(last) <= DIVERGED_ABOVE * Math.max(1, axes.y(run.points[0]!)));
  };
  const longest = Math.max(8, ...all.map(({ run }) => run.name.length + (diverges(run) ? 11 : 0)));
  const right = WIDTH - Math.min(190, Math.round(20 + 7.2 * longest));

  // the scale is set by the runs that stay in range: one that explodes must not flatten the others
  let high = 0;
  let low = Infinity;
  let most = 0;
  let below = false;
  for (const { run } of all) {
    const start = run.points.length > 0 ? axes.y(run.points[0]!) : 0;
    const ceiling = 3 * (Number.isFinite(start) ? Math.max(1, start) : 1);
    for (const point of run.points) {
      const value = axes.y(point);
      if (axes.x(point) > most && Number.isFinite(axes.x(point))) most = axes.x(point);
      if (value > 0 && value <= ceiling) {
        high = Math.max(high, value);
        low = Math.min(low, value);
      }
    }
  }
  if (most <= 0 || low === Infinity) {
    return `<figure class="chart"><p class="quiet">${axes.title}: no data.</p></figure>`;
  }
  // a start that wobbles a little above 1 does not deserve a whole decade of room
  const topExponent = Math.max(Math.ceil(Math.log10(high) - 0.3) + 0.15, Math.log10(high) + 0.08);
  const bottomExponent = Math.max(LEAST_EXPONENT, Math.min(Math.floor(Math.log10(low)), Math.floor(topExponent) - 2));
  const toX = (value: number): number => LEFT + ((right - LEFT) * value) / most;
  const toY = (value: number): number => {
    if (!(value > 10 ** bottomExponent)) {
      below ||= value < 10 ** bottomExponent;
      return BOTTOM;
    }
    const y = BOTTOM - ((BOTTOM - TOP) * (Math.log10(value) - bottomExponent)) / (topExponent - bottomExponent);
    return Math.max(y, TOP - 400); // far above the plot is out of sight anyway
  };

  const curves: string[] = [];
  const labels: Label[] = [];
  const readings: unknown[] = [];
  const order = [...all].sort((a, b) => FAMILIES.indexOf(a.run.family) - FAMILIES.indexOf(b.run.family));
  for (const series of order) {
    const { run } = series;
    const parts: Spot[][] = [[]];
    for (const point of run.points) {
      const x = axes.x(point);
      const y = axes.y(point);
      if (Number.isFinite(x) && Number.isFinite(y)) parts.at(-1)!.push({ x: toX(x), y: toY(y), point });
      else if (parts.at(-1)!.length > 0) parts.push([]);
    }
    const spots = parts.flat();
    if (spots.length === 0) continue;
    const drawn = parts.map(thin);
    const path = drawn
      .filter((part) => part.length > 0)
      .map((part) => `M${part.map((spot) => `${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`).join("L")}`)
      .join("");
    let end = spots.at(-1)!;
    let marks = "";
    const diverged = diverges(run);
    if (diverged) {
      // the cross stands where the curve leaves the plot for good
      const last = spots.findLastIndex((spot) => spot.y >= TOP);
      const inside = spots[last];
      const outside = spots[last + 1];
      if (inside !== undefined && outside !== undefined) {
        const share = (inside.y - TOP) / (inside.y - outside.y);
        end = { x: inside.x + share * (outside.x - inside.x), y: TOP, point: inside.point };
      } else end = inside ?? { ...spots[0]!, y: TOP };
      const [x, y] = [end.x.toFixed(1), end.y.toFixed(1)];
      marks = `<path class="cross" d="M${x} ${y}m-4.5 -4.5l9 9m0 -9l-9 9"/>`;
    }
    if (spots.length <= 24) {
      for (const spot of spots) if (spot.y >= TOP) marks += marker(run.family, spot.x, spot.y);
    } else if (!diverged) marks += marker(run.family, end.x, end.y);
    curves.push(
      `<g class="run ${series.look}" data-run="${series.id}">` +
        `<path class="line" d="${path}" clip-path="url(#${id}-clip)"/>${marks}</g>`,
    );
    const text = diverged ? `${run.name}, diverged` : run.name;
    labels.push({ series, text, fromX: end.x, fromY: end.y, y: end.y });
    readings.push([
      series.id,
      run.name,
      readable(drawn.flat()).map((spot) => [
        Number(spot.x.toFixed(1)),
        Number(spot.y.toFixed(1)),
        `${axes.formatX(axes.x(spot.point))} · ${formatValue(axes.y(spot.point))}`,
      ]),
    ]);
  }

  spread(labels);
  const names = labels.map(({ series, text, fromX, fromY, y }) => {
    const leader = `M${(fromX + 5).toFixed(1)} ${fromY.toFixed(1)}H${right + 3}L${right + 11} ${y.toFixed(1)}`;
    return (
      `<g class="run ${series.look}" data-run="${series.id}"><path class="leader" d="${leader}"/>` +
      `<text class="name" x="${right + 14}" y="${(y + 4).toFixed(1)}">${escapeHtml(text)}</text></g>`
    );
  });

  const grid: string[] = [];
  const decades = Math.floor(topExponent) - bottomExponent;
  const every = decades <= 8 ? 1 : decades <= 14 ? 2 : 3;
  for (let exponent = bottomExponent; exponent <= topExponent; exponent++) {
    const y = toY(10 ** exponent).toFixed(1);
    const labelled = exponent % every === 0;
    grid.push(`<path class="grid${labelled ? "" : " faint"}" d="M${LEFT} ${y}H${right}"/>`);
    if (labelled) {
      const at = `x="${LEFT - 7}" y="${(Number(y) + 4).toFixed(1)}"`;
      grid.push(`<text class="tick" ${at} text-anchor="end">${powerOfTen(exponent)}</text>`);
    }
  }
  for (const tick of linearTicks(most)) {
    const x = toX(tick).toFixed(1);
    grid.push(`<path class="axis" d="M${x} ${BOTTOM}v5"/>`);
    grid.push(`<text class="tick" x="${x}" y="${BOTTOM + 19}" text-anchor="middle">${tick}</text>`);
  }
  grid.push(`<path class="axis" d="M${LEFT} ${BOTTOM}H${right}"/>`);
  const unit = `<text class="tick unit" x="${right + 14}" y="${BOTTOM + 19}">${axes.xName}</text>`;

  const isGap = axes.key.startsWith("gap");
  const description = all
    .map(({ run }) => `${run.name}: ${formatValue(isGap ? run.final.gap : run.final.gradientNorm)}`)
    .join("; ");
  const json = JSON.stringify(readings).replace(/</g, "\\u003c");
  const floorNote = below
    ? ` <span class="quiet">Values below ${powerOfTen(bottomExponent)}, and zero, lie on the axis.</span>`
    : "";
  const [subject = "", against = ""] = axes.title.split(" against ");
  const scale = isGap ? "(F − F*), relative" : "relative to the start";
  return `<figure class="chart">
<figcaption><b>${subject}</b> <span class="quiet">${scale}, against ${against}.</span>${floorNote}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${escapeHtml(task.name)}: ${axes.title}</title>
<desc id="${id}-desc">Logarithmic scale. Final values: ${escapeHtml(description)}.</desc>
<clipPath id="${id}-clip">
<rect x="${LEFT - 4}" y="${TOP}" width="${right - LEFT + 8}" height="${BOTTOM - TOP + 4}"/>
</clipPath>
${grid.join("")}${unit}
${names.join("\n")}
${curves.join("\n")}
<g class="reading" style="display:none">
<circle r="5"/><rect rx="3"/><text><tspan class="who"></tspan><tspan></tspan></text>
</g>
</svg>
<script type="application/json">${json}</script>
</figure>`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Key, table

function swatch(series: Series): string {
  return (
    `<svg class="swatch run ${series.look}" viewBox="0 0 34 12" aria-hidden="true">` +
    `<path class="line" d="M1 6H33"/>${marker(series.run.family, 17, 6)}</svg>`
  );
}

function key(all: readonly Series[]): string {
  const items = all.map((series) => {
    const settings =
      series.run.settings === "" ? "" : `<span class="settings">${escapeHtml(series.run.settings)}</span>`;
    return (
      `<li><button type="button" aria-pressed="true" data-run="${series.id}">` +
      `${swatch(series)}<span class="who">${escapeHtml(series.run.name)}</span>${settings}</button></li>`
    );
  });
  return `<div class="key"><h3>Solvers</h3>
<p class="quiet">Dashed is 8 bits, solid 16 bits, thick grey floating point.
<span class="scripted">Press a solver to hide or show it.</span></p>
<ul>${items.join("")}</ul></div>`;
}

function table(task: Task, all: readonly Series[]): string {
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
  return `<div class="scroll" role="region" tabindex="0" aria-label="Final figures, ${escapeHtml(task.name)}"><table>
<caption>Where each solver ends. The gradient norm is relative to the start, the gap to the optimum is relative too;
both are of the exact problem. Saturated counts codes cut off at the end of their grid.</caption>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
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

function sheet(task: Task, all: readonly Series[]): string {
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
  return `<div class="scroll" role="region" tabindex="0" aria-label="At a glance"><table class="glance">
<caption>At a glance: the gradient norm each kind of solver ends with, relative to the start.</caption>
<thead><tr><th scope="col">Task</th><th scope="col">Fixed grid, as many bits</th><th scope="col">HALP, fewest bits</th>
<th scope="col">Floating point</th><th scope="col">HALP's speed, float32 = 1</th></tr></thead>
<tbody>${rows.join("")}</tbody></table></div>`;
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
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("")}</dl>
<div class="charts">
${CHARTS.map((axes) => chart(task, id, all, axes)).join("\n")}
${key(all)}
</div>
${table(task, all)}
${sheet(task, all)}
</section>`;
}

const STYLE = `
:root { color-scheme: light dark; --paper: #fcfbf7; --raised: #fffefb; --ink: #24221e; --quiet: #6b665c;
  --rule: #d9d4c7;
  --grid: #e9e5da; --faint: #f3f0e7; --float: #a29d92; --float2: #77736a; --sgd: #b07d0a; --svrg: #1f6fae;
  --halp: #c4284c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #17181b; --raised: #1e2024; --ink: #e2ded5; --quiet: #9d988d;
  --rule: #3a3c41;
  --grid: #2b2d32; --faint: #222428; --float: #85817a; --float2: #b0aca4; --sgd: #dfb04a; --svrg: #6fb3e8;
  --halp: #ff6f8b; --bad: #ff8a80; } }
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
a { color: inherit; text-decoration-color: var(--float); text-underline-offset: 0.18em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--svrg); outline-offset: 2px; }
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
.float { color: var(--float); } .float.copy1, .float.copy2 { color: var(--float2); }
.lp-sgd { color: var(--sgd); } .lp-svrg { color: var(--svrg); } .halp { color: var(--halp); }
.run { transition: opacity 0.15s; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: butt; }
.b8 .line { stroke-dasharray: 6 3.5; }
.b32 .line { stroke-width: 4.5; stroke-opacity: 0.55; stroke-linecap: round; }
.copy1:not(.float) .line { stroke-dasharray: 2 3; } .copy2:not(.float) .line { stroke-dasharray: 9 3 2 3; }
.mark { fill: currentColor; stroke: var(--paper); stroke-width: 1; }
.b8 .mark { fill: var(--paper); stroke: currentColor; stroke-width: 1.6; }
.cross { fill: none; stroke: currentColor; stroke-width: 2.2; }
.leader { fill: none; stroke: currentColor; stroke-width: 0.8; stroke-opacity: 0.4; stroke-dasharray: 1 2; }
.chart text.name { fill: currentColor; }
.float text.name { fill: var(--quiet); }
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
.dot.float { color: var(--float); } .dot.lp-sgd { color: var(--sgd); } .dot.lp-svrg { color: var(--svrg); }
  .dot.halp { color: var(--halp); }
.dot.b8 { background: none; border: 1.6px solid currentColor; }
.face { display: flex; justify-content: space-between; align-items: flex-start; }
.face img { image-rendering: pixelated; mix-blend-mode: multiply; }
.label { font-size: 1.7rem; line-height: 1; text-align: right; }
.label small { display: block; font-size: 0.7rem; margin-bottom: 0.25rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.scripted { display: none; } .js .scripted { display: inline; }
@media (prefers-color-scheme: dark) { .face img { filter: invert(1); mix-blend-mode: screen; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }
@media (max-width: 52rem) { .charts { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 36rem) { body { padding: 2rem 1.1rem 3rem; font-size: 1rem; } h1 { font-size: 1.9rem; }
  h2 { font-size: 1.5rem; }
  .headline { font-size: 1.12rem; } .chart text { font-size: 14px; }
  .key button { grid-template-columns: 2.4rem 1fr; } .settings { grid-column: 2; }
  .sheet { grid-template-columns: 1fr 1fr; gap: 0.6rem; } .card { padding: 0.6rem; } .face img { width: 64px;
  height: 64px; }
  .dot { display: none; } .task { margin-top: 3rem; padding-top: 2rem; } }
@media print { :root { color-scheme: light; --paper: #fff; --raised: #fff; } body { padding: 0; max-width: none;
  font-size: 10pt; }
  .scripted { display: none !important; } .chart, .key, tr { break-inside: avoid; } .scroll { overflow: visible; }
  table { min-width: 0; }
  .task { break-before: page; border-top: 0; margin-top: 0; } .face img { filter: none; mix-blend-mode: normal; } }
`;

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
      const left = Math.max(6, Math.min(x + 14, ${WIDTH} - 190)), top = y < 80 ? y + 14 : y - 54;
      who.setAttribute("x", left + 9); who.setAttribute("y", top + 17);
      what.setAttribute("x", left + 9); what.setAttribute("y", top + 34);
      box.setAttribute("x", left); box.setAttribute("y", top);
      box.setAttribute("width", text.getBBox().width + 18);
      box.setAttribute("height", 43);
    });
  }
}
`;

/** The whole page as one string, ready to be written to a file. */
export function renderReport(report: Report): string {
  const { environment } = report;
  const date = new Date(report.generated);
  const valid = !Number.isNaN(date.getTime());
  const day = valid ? `${date.toISOString().slice(0, 16).replace("T", " ")} UTC` : report.generated;
  const node = /^v?\d/.test(environment.node) ? `Node ${environment.node.replace(/^v/, "")}` : environment.node;
  const cores = `${environment.cores} core${String(environment.cores) === "1" ? "" : "s"}`;
  const origin = [`${environment.engine} engine`, node, environment.cpu, cores].map(escapeHtml).join(" · ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(report.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(report.title)}</h1>
<p class="origin"><time datetime="${escapeHtml(report.generated)}">${escapeHtml(day)}</time> · ${origin}</p>
<p><b>What to look at.</b> Low-precision SGD and SVRG keep one fixed grid of numbers; once the remaining error is as
small as the grid is coarse they can only rattle about, and their curves go flat at a noise floor. HALP moves the centre
of its grid to the current solution and shrinks it with the gradient (bit centring), so the same few bits stand for ever
smaller steps: look for a curve that keeps falling in a straight line, as in floating point. Against seconds, a solver
with cheaper passes is further left.</p>
</header>
<main>
${report.tasks.length > 1 ? glance(report.tasks) : ""}
${report.tasks.map(section).join("\n")}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
