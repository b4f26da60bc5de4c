// The section "Time to objective" of docs/benchmarks.md, from bench/results/objective.json.
import {
  type Best,
  type CompetitorRow,
  OBJECTIVE_TARGETS,
  type ObjectiveResults,
  type ObjectiveSet,
  OURS,
  ROUGH_TWIN,
  type SettingRow,
  TWIN,
} from "./objective-results.js";
import { machine, table, times } from "./tables.js";

const TARGET_NAMES = OBJECTIVE_TARGETS.map((target) => target.toExponential(0));
/** The targets of the summary: a usable model, and an accurate one. */
const SUMMARY_TARGETS = [1e-3, 1e-6] as const;

function seconds(value: number): string {
  return value < 1 ? `${(1000 * value).toPrecision(3)} ms` : `${value.toPrecision(3)} s`;
}

function cell(best: Best | null, isOurs: boolean): string {
  if (best === null) return "–";
  return isOurs || best.ratio === null ? seconds(best.seconds) : `${seconds(best.seconds)} (${times(best.ratio)})`;
}

/** Of the other competitors of a kind the one that was nearest to us, or ahead. */
function strongest(set: ObjectiveSet, t: number, isWanted: (row: CompetitorRow) => boolean): string {
  let found: { name: string; ratio: number } | null = null;
  for (const row of set.competitors) {
    const ratio = row.best[t]?.ratio ?? null;
    if ([OURS, TWIN, ROUGH_TWIN].includes(row.competitor) || !isWanted(row) || ratio === null) continue;
    if (found === null || ratio < found.ratio) found = { name: row.competitor, ratio };
  }
  return found === null ? "–" : `${times(found.ratio)} (${found.name})`;
}

const isNative = ({ peer }: CompetitorRow): boolean => peer === "native";

function summaryTable({ sets }: ObjectiveResults): string {
  const targets = SUMMARY_TARGETS.map((target) => ({
    t: OBJECTIVE_TARGETS.indexOf(target),
    name: target.toExponential(0),
  }));
  return table(
    ["set", ...targets.flatMap(({ name }) => [`to ${name}`, "fastest other in JavaScript", "fastest native"])],
    sets.map((set) => [
      `${set.name}, ${set.rows} × ${set.cols}`,
      ...targets.flatMap(({ t }) => [
        cell(set.competitors.find(({ competitor }) => competitor === OURS)?.best[t] ?? null, true),
        strongest(set, t, (row) => !isNative(row)),
        strongest(set, t, isNative),
      ]),
    ]),
  );
}

export function objectiveSummary(results: ObjectiveResults): string {
  return [
    "Time to objective: bitcenter's `auto` from data in memory to weights of a relative gap, and how many times longer the fastest of the others took, in " +
      "JavaScript and natively, on one thread; ▼ marks a loss.",
    summaryTable(results),
  ].join("\n\n");
}

/** The same on an engine without relaxed SIMD. */
export function plainSection(results: ObjectiveResults): string {
  const about = [...new Set(results.sets.map(({ environment }) => machine(environment)))].join("; ");
  return [
    "### Without relaxed SIMD",
    `${about}. Native competitors only, the same clocks and judges.`,
    summaryTable(results),
  ].join("\n\n");
}

/** What the fastest settings were, for readers who want to do the same. */
function settingsOf({ competitor, version, best, settings }: CompetitorRow): string {
  const used = [...new Set(best.flatMap((one) => (one === null ? [] : [one.setting])))];
  const notes = settings.flatMap(({ setting, note }) => (note === null ? [] : [`${setting}: ${note}`]));
  const shown = used.length > 0 ? used.join("; ") : "no target was met";
  return `- ${competitor} (${version}): ${shown}${notes.length > 0 ? `. ${notes.join("; ")}` : ""}`;
}

function oneSet(set: ObjectiveSet, curves: string): string {
  const { name, rows, cols, outputs, loss, l2, description, optimum, competitors, skipped, environment } = set;
  const ours = competitors.find(({ competitor }) => competitor === OURS);
  const colds = OBJECTIVE_TARGETS.map((_, t) => ours?.settings[0]?.cold[t] ?? null);
  const note = environment["note"];
  const clock = environment["clock"] === "cpu" ? "; processor time, since others used the machine" : "";
  const lines = competitors.map((row) => [
    row.competitor,
    ...row.best.map((best) => cell(best, row.competitor === OURS)),
  ]);
  lines.splice(1, 0, [`${OURS}, first run of the process`, ...colds.map((one) => (one === null ? "–" : seconds(one)))]);
  const size = outputs > 1 ? `${rows} × ${cols}, ${outputs} classes` : `${rows} × ${cols}`;
  return [
    `### ${name}`,
    `${size}, ${loss}, λ = ${l2}: ${description}. F* is certified to a gap of ${optimum.certificate.toExponential(1)}. ` +
      `Machine: ${machine(environment)}${clock}${note === undefined || note === "none" ? "" : `; ${note}`}.`,
    table(["", ...TARGET_NAMES.map((target) => `to ${target}`)], lines),
    `![${name}: gap against time](${curves}/${name}.svg)`,
    [
      "Fastest settings:",
      ...competitors.map(settingsOf),
      ...skipped.map(({ peer, reason }) => `- not run: ${peer} (${reason})`),
    ].join("\n"),
  ].join("\n\n");
}

/** Targets of the comparison with the twin. */
const TWIN_TARGETS = [1e-6, 1e-9] as const;

interface Pair {
  readonly ours: CompetitorRow;
  readonly twin: CompetitorRow;
}

function settingOf(row: CompetitorRow, t: number): SettingRow | undefined {
  return row.settings.find(({ setting }) => setting === row.best[t]?.setting);
}

/** Seconds from the first point (rows loaded, zero evaluated) to target t: twin ÷ ours. */
function withoutLoading({ ours, twin }: Pair, t: number): string {
  const left = (row: CompetitorRow): number =>
    (row.best[t]?.seconds ?? Number.NaN) - (settingOf(row, t)?.curve[0]?.seconds ?? Number.NaN);
  const ratio = left(twin) / left(ours);
  return ratio > 0 && Number.isFinite(ratio) ? times(ratio) : "–";
}

/** Passes of the twin ÷ ours to target t: the same algorithm takes about as many. */
function passesRatio({ ours, twin }: Pair, t: number): string {
  const ratio = (settingOf(twin, t)?.passes?.[t] ?? Number.NaN) / (settingOf(ours, t)?.passes?.[t] ?? Number.NaN);
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "–";
}

const norm = (row: SettingRow | undefined): string => row?.finalGradient?.toExponential(1) ?? "–";

/** What low precision gains when nothing else differs; empty where the twin has not been measured. */
function twinSection(sets: readonly ObjectiveSet[]): string[] {
  const targets = TWIN_TARGETS.map((target) => ({
    t: OBJECTIVE_TARGETS.indexOf(target),
    name: target.toExponential(0),
  }));
  const lastTarget = targets.at(-1)?.t as number;
  const rows = sets.flatMap((set) => {
    const ours = set.competitors.find(({ competitor }) => competitor === OURS);
    const twin = set.competitors.find(({ competitor }) => competitor === TWIN);
    if (ours === undefined || twin === undefined) return [];
    const pair: Pair = { ours, twin };
    const rough = set.competitors.find(({ competitor }) => competitor === ROUGH_TWIN);
    const megabytes = (set.rows * set.cols * 4) / 1e6;
    return [
      [
        `${set.name}, ${megabytes.toPrecision(2)} MB as float32`,
        ...targets.flatMap(({ t }) => [cell(ours.best[t] ?? null, true), cell(twin.best[t] ?? null, false)]),
        withoutLoading(pair, lastTarget),
        cell(rough?.best[lastTarget] ?? null, false),
        passesRatio(pair, lastTarget),
        `${norm(settingOf(ours, lastTarget))}, ${norm(settingOf(twin, lastTarget))}`,
        settingOf(twin, lastTarget)?.setting ?? "–",
      ],
    ];
  });
  if (rows.length === 0) return [];
  const last = targets.at(-1)?.name;
  return [
    "### The price of precision",
    "The twin (bench/twin) is `auto` itself, its phases and its rules, on float32 rows instead of bytes: products in float32 with the same blocks and tiles, fused " +
      "multiply-adds where the module has them, float64 sums where exactness needs them. What is left between the two is the precision of the data. In brackets how " +
      "many times bitcenter was faster, ▼ where it was slower; the twin converts its rows inside its clock, as bitcenter quantises inside its own. Of two ways to " +
      "place the twin's float64 sums the faster one counts; without them it stops short of the gradients that the other two go on to reach.",
    table(
      [
        "set",
        ...targets.flatMap(({ name }) => [`bitcenter to ${name}`, `twin to ${name}`]),
        `without loading, to ${last}`,
        `twin with float32 sums only, to ${last}`,
        `passes of the twin ÷ bitcenter's to ${last}`,
        "‖∇F‖ at last, bitcenter and twin",
        "float64 sums of the twin",
      ],
      rows,
    ),
  ];
}

/** `curves`: the folder with the SVG files as the page sees it. */
export function objectiveSection({ sets }: ObjectiveResults, curves: string): string {
  return [
    "## Time to objective",
    "Seconds on one thread from data in memory to the first weights whose gap (F − F*)/(F(0) − F*) is small enough; in brackets how many times bitcenter was " +
      "faster, ▼ where it was slower: medians over runs in turn, each compared with bitcenter's of the same round. All minimise the same F: no intercept but a " +
      "column of ones, the same λ, which is that of the values as the others take them: pixels in [0, 1], also where bitcenter takes bytes (and λ times the square of their largest value). bitcenter makes a new engine for every run, its time includes quantising the data. It takes bytes where the data are bytes, the others " +
      "float32, float64 or sparse rows, whatever is fastest for them, made before their clocks start; each competitor's figure is that of its fastest setting " +
      "for that target. scikit-learn's iterations are watched from inside, at the first that is good enough its clock would have stopped; what " +
      "cannot be watched is run again and again with finer settings, and the fastest sufficient run counts. All weights are judged by one float64 program outside " +
      "the clocks. F* is the lowest objective of all; its certificate is ‖∇F‖²/(2λ). – means never.",
    ...twinSection(sets),
    ...sets.map((set) => oneSet(set, curves)),
  ].join("\n\n");
}
