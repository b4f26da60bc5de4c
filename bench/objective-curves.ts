// The objective's gap against time as an SVG file: log-log, one line per competitor, legible on light and dark pages.
import {
  type CompetitorRow,
  type CurvePoint,
  OBJECTIVE_TARGETS,
  type ObjectiveSet,
  OURS,
} from "./objective-results.js";

const [WIDTH, HEIGHT] = [900, 460];
const PLOT = { left: 64, top: 40, right: 610, bottom: 400 };
/** The axis ends a little below the last target. */
const LEAST_GAP = (OBJECTIVE_TARGETS.at(-1) as number) / 10;
/** Of the others, natives and not natives each from the first on. Mid-tones: they stand out from white and from black. */
const OUR_COLOUR = "#e8590c";
const COLOURS = ["#1c7ed6", "#2f9e44", "#ae3ec9", "#0c8599", "#d6336c", "#868e96", "#b08900", "#5f6fd8", "#74b816"];
/** Native competitors; those in JavaScript are solid. */
const NATIVE_DASH = "6 3";

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #ddd; stroke-width: 1 }
  .frame { stroke: #999; stroke-width: 1; fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc }
    .grid { stroke: #333 }
    .frame { stroke: #777 }
  }`;

/** The setting that got furthest, and there soonest; of its points those that are better than all before. */
function lineOf({ settings, best }: CompetitorRow): CurvePoint[] {
  const furthest = best.findLast((one) => one !== null);
  const { curve } = settings.find(({ setting }) => setting === furthest?.setting) ?? { curve: [] };
  let least = Number.POSITIVE_INFINITY;
  const line: CurvePoint[] = [];
  for (const point of curve) {
    if (!(point.gap < least)) continue;
    line.push(point);
    least = point.gap;
    if (least <= LEAST_GAP) break;
  }
  return line;
}

const escapeText = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const power = (exponent: number): string => (exponent < -3 || exponent > 3 ? `1e${exponent}` : String(10 ** exponent));

export function curvesSvg({ name, competitors }: ObjectiveSet): string {
  const lines = competitors
    .map((row) => ({ name: row.competitor, isNative: row.peer === "native", points: lineOf(row) }))
    .filter(({ points }) => points.length > 0);
  const seconds = lines.flatMap(({ points }) => points.map((point) => point.seconds)).filter((one) => one > 0);
  const least = Math.floor(Math.log10(Math.min(...seconds)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...seconds))));
  const lowest = Math.log10(LEAST_GAP);
  const x = (value: number): number =>
    PLOT.left + ((Math.log10(Math.max(value, 10 ** least)) - least) / (most - least)) * (PLOT.right - PLOT.left);
  const y = (gap: number): number =>
    PLOT.top + (Math.log10(Math.min(1, Math.max(gap, LEAST_GAP))) / lowest) * (PLOT.bottom - PLOT.top);

  const parts: string[] = [];
  for (let decade = least; decade <= most; decade++) {
    const at = x(10 ** decade).toFixed(1);
    parts.push(`<path class="grid" d="M${at} ${PLOT.top}V${PLOT.bottom}"/>`);
    parts.push(`<text x="${at}" y="${PLOT.bottom + 18}" text-anchor="middle">${power(decade)}</text>`);
  }
  for (let decade = 0; decade >= lowest; decade--) {
    const at = y(10 ** decade).toFixed(1);
    parts.push(`<path class="grid" d="M${PLOT.left} ${at}H${PLOT.right}"/>`);
    if (decade % 2 === 0 || decade === lowest) {
      parts.push(`<text x="${PLOT.left - 8}" y="${at}" dy="4" text-anchor="end">${power(decade)}</text>`);
    }
  }
  parts.push(
    `<path class="frame" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}"/>`,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle">seconds from data in memory to weights</text>`,
    `<text class="title" x="${PLOT.left}" y="22">${escapeText(name)}: relative gap of the objective against time</text>`,
  );
  let [natives, others] = [0, 0];
  const drawn = lines.map(({ name: competitor, isNative, points }, k) => {
    const isOurs = competitor === OURS;
    const place = isOurs ? 0 : isNative ? natives++ : others++;
    const colour = isOurs ? OUR_COLOUR : (COLOURS[place % COLOURS.length] as string);
    const dash = isNative ? ` stroke-dasharray="${NATIVE_DASH}"` : "";
    const look = `fill="none" stroke="${colour}" stroke-width="${isOurs ? 3 : 1.8}"${dash} stroke-linejoin="round"`;
    const path = points.map(
      (point, i) => `${i === 0 ? "M" : "L"}${x(point.seconds).toFixed(1)} ${y(point.gap).toFixed(1)}`,
    );
    const dots = points.length > 12 && !isOurs ? [] : points;
    const at = PLOT.top + 14 + 22 * k;
    return [
      `<path d="${path.join("")}" ${look}/>`,
      ...dots.map(
        (point) =>
          `<circle cx="${x(point.seconds).toFixed(1)}" cy="${y(point.gap).toFixed(1)}" r="${isOurs ? 3.5 : 2.5}" fill="${colour}"/>`,
      ),
      `<path d="M${PLOT.right + 24} ${at}h26" ${look}/>`,
      `<text x="${PLOT.right + 58}" y="${at}" dy="4">${escapeText(competitor)}</text>`,
    ].join("\n");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escapeText(name)}: relative gap of the objective against time</title>`,
    `<style>${STYLE}\n</style>`,
    ...parts,
    // ours on top
    ...drawn.reverse(),
    "</svg>\n",
  ].join("\n");
}
