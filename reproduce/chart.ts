/** Curves over a logarithmic scale as inline SVG, their key, and the line a curve has in tables. The page works without its script (page.ts). */
import { CHART_WIDTH, escapeHtml, formatValue, powerOfTen } from "./page.js";

export type Mark = "circle" | "dot" | "square" | "triangle" | "none";

/** A curve's look in every figure of its section. */
export interface Series {
  /** Unique within its section. */
  readonly id: number;
  readonly name: string;
  /** CSS classes for colour and line. */
  readonly look: string;
  readonly mark: Mark;
}

export interface Curve {
  readonly series: Series;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Left the plot for good: a cross stands where it does. */
  readonly isDiverged?: boolean;
  /** Higher values do not set the scale. Default: 3 times the first one, or 3. */
  readonly ceiling?: number;
}

export interface ChartOptions {
  /** Prefix of element ids. */
  readonly id: string;
  /** For those who do not see it, in full. */
  readonly title: string;
  readonly description: string;
  /** HTML. */
  readonly caption: string;
  readonly xName: string;
  readonly formatX: (value: number) => string;
  /** Where the axis of x starts (default 0), and its ticks (default: round numbers). */
  readonly from?: number;
  readonly ticks?: readonly number[];
  /** In the order of drawing, the last on top. */
  readonly curves: readonly Curve[];
}

const WIDTH = CHART_WIDTH;
const HEIGHT = 390;
const TOP = 14;
const BOTTOM = HEIGHT - 40;
const LEFT = 50;
/** Vertical room of one label beside the plot, enough for the larger type of small screens. */
const LABEL_HEIGHT = 17;
/** Below this, float64 rounding of the objective is all there is to see. */
const LEAST_EXPONENT = -17;

/** Round steps of 1, 2 or 5 times a power of ten, at most about six of them. */
function linearTicks(most: number): number[] {
  const rough = most / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const ticks: number[] = [];
  for (let i = 0; i * step <= most * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}

interface Point {
  readonly x: number;
  readonly y: number;
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

function marker(mark: Mark, x: number, y: number): string {
  const at = (dx: number, dy: number): string => `${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`;
  if (mark === "none") return "";
  if (mark === "triangle") return `<path class="mark" d="M${at(0, -4)}L${at(3.8, 3)}L${at(-3.8, 3)}Z"/>`;
  if (mark === "square") return `<path class="mark" d="M${at(-2.9, -2.9)}h5.8v5.8h-5.8Z"/>`;
  return `<circle class="mark" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${mark === "circle" ? 3.2 : 2.8}"/>`;
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

/** One figure: every curve labelled at its end, points to read off under the pointer. */
export function chart({
  id,
  title,
  description,
  caption,
  xName,
  formatX,
  from = 0,
  ticks,
  curves,
}: ChartOptions): string {
  const longest = Math.max(8, ...curves.map(({ series, isDiverged }) => series.name.length + (isDiverged ? 11 : 0)));
  const right = WIDTH - Math.min(190, Math.round(20 + 7.2 * longest));

  // the scale is set by the curves that stay in range: one that explodes must not flatten the others
  let high = 0;
  let low = Infinity;
  let most = from;
  let below = false;
  for (const { points, ceiling: given } of curves) {
    const start = points[0]?.y ?? 0;
    const ceiling = given ?? 3 * (Number.isFinite(start) ? Math.max(1, start) : 1);
    for (const { x, y } of points) {
      if (x > most && Number.isFinite(x)) most = x;
      if (y > 0 && y <= ceiling) {
        high = Math.max(high, y);
        low = Math.min(low, y);
      }
    }
  }
  if (most <= from || low === Infinity) {
    return `<figure class="chart"><p class="quiet">${title}: no data.</p></figure>`;
  }
  const topExponent = Math.max(Math.ceil(Math.log10(high) - 0.3) + 0.15, Math.log10(high) + 0.08);
  const bottomExponent = Math.max(LEAST_EXPONENT, Math.min(Math.floor(Math.log10(low)), Math.floor(topExponent) - 2));
  const toX = (value: number): number => LEFT + ((right - LEFT) * (value - from)) / (most - from);
  const toY = (value: number): number => {
    if (!(value > 10 ** bottomExponent)) {
      below ||= value < 10 ** bottomExponent;
      return BOTTOM;
    }
    const y = BOTTOM - ((BOTTOM - TOP) * (Math.log10(value) - bottomExponent)) / (topExponent - bottomExponent);
    return Math.max(y, TOP - 400); // far above the plot is out of sight anyway
  };

  const drawings: string[] = [];
  const labels: Label[] = [];
  const readings: unknown[] = [];
  for (const { series, points, isDiverged = false } of curves) {
    const parts: Spot[][] = [[]];
    for (const point of points) {
      const { x, y } = point;
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
    if (isDiverged) {
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
      for (const spot of spots) if (spot.y >= TOP) marks += marker(series.mark, spot.x, spot.y);
    } else if (!isDiverged) marks += marker(series.mark, end.x, end.y);
    drawings.push(
      `<g class="run ${series.look}" data-run="${series.id}">` +
        `<path class="line" d="${path}" clip-path="url(#${id}-clip)"/>${marks}</g>`,
    );
    const text = isDiverged ? `${series.name}, diverged` : series.name;
    labels.push({ series, text, fromX: end.x, fromY: end.y, y: end.y });
    readings.push([
      series.id,
      series.name,
      readable(drawn.flat()).map((spot) => [
        Number(spot.x.toFixed(1)),
        Number(spot.y.toFixed(1)),
        `${formatX(spot.point.x)} · ${formatValue(spot.point.y)}`,
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
  for (const tick of ticks ?? linearTicks(most)) {
    const x = toX(tick).toFixed(1);
    grid.push(`<path class="axis" d="M${x} ${BOTTOM}v5"/>`);
    grid.push(`<text class="tick" x="${x}" y="${BOTTOM + 19}" text-anchor="middle">${tick}</text>`);
  }
  grid.push(`<path class="axis" d="M${LEFT} ${BOTTOM}H${right}"/>`);
  const unit = `<text class="tick unit" x="${right + 14}" y="${BOTTOM + 19}">${xName}</text>`;

  const json = JSON.stringify(readings).replace(/</g, "\\u003c");
  const floorNote = below
    ? ` <span class="quiet">Values below ${powerOfTen(bottomExponent)}, and zero, lie on the axis.</span>`
    : "";
  return `<figure class="chart">
<figcaption>${caption}${floorNote}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${escapeHtml(title)}</title>
<desc id="${id}-desc">Logarithmic scale. ${escapeHtml(description)}</desc>
<clipPath id="${id}-clip">
<rect x="${LEFT - 4}" y="${TOP}" width="${right - LEFT + 8}" height="${BOTTOM - TOP + 4}"/>
</clipPath>
${grid.join("")}${unit}
${names.join("\n")}
${drawings.join("\n")}
<g class="reading" style="display:none">
<circle r="5"/><rect rx="3"/><text><tspan class="who"></tspan><tspan></tspan></text>
</g>
</svg>
<script type="application/json">${json}</script>
</figure>`;
}

/** The look of a curve in a table or key. */
export function swatch(series: Series): string {
  return (
    `<svg class="swatch run ${series.look}" viewBox="0 0 34 12" aria-hidden="true">` +
    `<path class="line" d="M1 6H33"/>${marker(series.mark, 17, 6)}</svg>`
  );
}

/** The curves of a section, as buttons that hide and show them. note: HTML; settings: what stands beside a name. */
export function key(
  title: string,
  note: string,
  entries: readonly { readonly series: Series; readonly settings: string }[],
): string {
  const items = entries.map(({ series, settings }) => {
    const beside = settings === "" ? "" : `<span class="settings">${escapeHtml(settings)}</span>`;
    return (
      `<li><button type="button" aria-pressed="true" data-run="${series.id}">` +
      `${swatch(series)}<span class="who">${escapeHtml(series.name)}</span>${beside}</button></li>`
    );
  });
  return `<div class="key"><h3>${title}</h3>
<p class="quiet">${note}</p>
<ul>${items.join("")}</ul></div>`;
}
