/**
 * ZipML's studies as one HTML page: what theory or the paper predicts, and what came out here.
 *
 * No measured number stands in this file: sentences and verdicts are computed from the results given. Numbers that are written out are those that the paper, its
 * authors' code or a derivation predicts, each with its source.
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
import type { Missing } from "./zipml-data.js";
import {
  BITS,
  type BiasCell,
  type BiasStudy,
  CHOSEN,
  CURVE_BITS,
  type EndToEndStudy,
  type ExactStudy,
  FAILURE,
  type FixedPoint,
  LEVEL_BITS,
  type LevelRow,
  type LevelTrainingStudy,
  type MethodKey,
  type PolynomialStudy,
  type PublishedStudy,
  REFETCH_BITS,
  type RefetchCell,
  type RefetchStudy,
  RULES,
  type TimedStudy,
} from "./zipml-studies.js";

export interface ZipmlResults {
  readonly generated: string;
  readonly environment: Environment;
  readonly seed: number;
  readonly isQuick: boolean;
  /** Data that were not there. */
  readonly missing: readonly Missing[];
  readonly bias: readonly BiasStudy[];
  readonly endToEnd: EndToEndStudy;
  readonly levels: readonly LevelRow[];
  readonly levelTraining: readonly LevelTrainingStudy[];
  readonly polynomial: PolynomialStudy;
  readonly refetch: RefetchStudy;
  /** null: MNIST was not there. */
  readonly published: PublishedStudy | null;
  readonly exact: ExactStudy;
  readonly timed: TimedStudy;
}

/** published: in the paper's abstract or its authors' code; derived: follows by algebra; unconfirmed: recalled from the paper, a target rather than a fact. */
type Source = "published" | "derived" | "unconfirmed";

export type Holds = "agrees" | "partly" | "does not agree";

/** A prediction next to what came out. */
export interface Verdict {
  readonly study: string;
  readonly source: Source;
  readonly predicted: string;
  readonly measured: string;
  /** null: there is nothing to compare. */
  readonly holds: Holds | null;
}

// ---------------------------------------------------------------------------------------------------------------------
// Verdicts

/** What counts as agreeing with a closed form: one draw of samples, or a run that is not quite at its end, is off by less. */
const AGREES = 2;

/** How many of the cases do as predicted. */
function judge(cases: readonly boolean[]): Holds | null {
  if (cases.length === 0) return null;
  if (cases.every(Boolean)) return "agrees";
  return cases.some(Boolean) ? "partly" : "does not agree";
}

function cellsOf(study: BiasStudy, method: MethodKey): readonly BiasCell[] {
  return study.methods.find(({ key: found }) => found === method)?.cells ?? [];
}

function noiseFloor(study: BiasStudy): number {
  return cellsOf(study, "exact")[0]?.tail ?? Number.NaN;
}

/** Measured tail gaps ÷ closed forms, where the closed form stands well above what exact rows leave. */
function ratios(bias: readonly BiasStudy[], method: MethodKey): number[] {
  return bias.flatMap((study) => {
    const floor = noiseFloor(study);
    return cellsOf(study, method).flatMap(({ tail, fixedPoint }) =>
      typeof fixedPoint === "number" && fixedPoint > 20 * floor && Number.isFinite(tail) ? [tail / fixedPoint] : [],
    );
  });
}

function atBits(study: BiasStudy, method: MethodKey, bits: number): BiasCell | undefined {
  return cellsOf(study, method).find((cell) => cell.bits === bits);
}

function range(values: readonly number[]): string {
  return values.length === 0 ? "–" : `${formatRatio(Math.min(...values))} to ${formatRatio(Math.max(...values))}`;
}

function agreement(bias: readonly BiasStudy[], method: MethodKey, study: string, predicted: string): Verdict {
  const found = ratios(bias, method);
  const holds = judge(found.map((ratio) => ratio > 1 / AGREES && ratio < AGREES));
  const measured =
    found.length === 0
      ? "the noise of the steps hides it here"
      : `tail average ÷ closed form: ${range(found)} (${found.length} cases that stand clear of the noise)`;
  return { study, source: "derived", predicted, measured, holds };
}

/** The least bits at which double sampling leaves at most twice what exact rows leave. */
function enoughBits(study: BiasStudy, method: MethodKey): number | null {
  const floor = noiseFloor(study);
  return cellsOf(study, method).find(({ tail }) => tail <= 2 * floor)?.bits ?? null;
}

/** Bits of uniform levels with the same variance, for optimal levels of `bits`: a bit of uniform levels is a factor of 4. */
function savedBits(row: LevelRow, bits: number): number {
  const cell = row.cells.find((one) => one.bits === bits);
  return cell === undefined ? Number.NaN : 0.5 * Math.log2(cell.uniform / cell.optimal);
}

function isDrawnDistribution({ name }: LevelRow): boolean {
  return !name.startsWith("pixels") && name !== "uniform";
}

export function verdicts(results: ZipmlResults): Verdict[] {
  const { bias, endToEnd, levels, levelTraining, polynomial, refetch, published, exact, timed } = results;
  const all: Verdict[] = [];
  all.push(
    agreement(
      bias,
      "naive",
      "bias",
      "One stochastic rounding used twice solves (XᵀX/n + D̄)w = Xᵀy/n, D̄ the mean variances: an unintended ridge",
    ),
    agreement(bias, "nearest", "bias", "Nearest rounding solves the normal equations of its own codes"),
  );
  const gains = bias.flatMap((study) => {
    const [fresh, naive] = [atBits(study, "fresh", CURVE_BITS), atBits(study, "naive", CURVE_BITS)];
    return fresh === undefined || naive === undefined ? [] : [naive.tail / fresh.tail];
  });
  all.push({
    study: "bias",
    source: "published",
    predicted: "Two independent roundings (double sampling) train linear models without bias at low precision",
    measured: `gap of naive ÷ double, fresh, at ${CURVE_BITS} bits: ${range(gains)}`,
    holds: judge(gains.map((gain) => gain > 1)),
  });
  const enough = bias.map((study) => {
    const [fresh, stored] = [enoughBits(study, "fresh"), enoughBits(study, "stored")];
    return { name: study.name, fresh, stored };
  });
  all.push({
    study: "bias",
    source: "unconfirmed",
    predicted: "5 to 6 bits are enough for linear regression when only samples are rounded",
    measured: enough
      .map(({ name, fresh, stored }) => `${name}: ${fresh ?? "more than 8"} fresh, ${stored ?? "more than 8"} stored`)
      .join("; "),
    holds: judge(enough.map(({ fresh }) => fresh !== null && fresh <= 6)),
  });
  const wholly = endToEnd.formats.find(({ name }) => name === "8/8/8");
  const floats = endToEnd.formats.find(({ name }) => name === "f32/f32/f32");
  if (wholly !== undefined && floats !== undefined) {
    const ratio = wholly.fresh.tail / floats.fresh.tail;
    all.push({
      study: "end",
      source: "published",
      predicted: "8 bits for samples, model and gradient are enough, even for the hardest of the paper's sets",
      measured: `gap at 8/8/8 ÷ float32: ${formatRatio(ratio)}`,
      holds: judge([ratio < AGREES]),
    });
  }
  const saved = levels.filter(isDrawnDistribution).map((row) => savedBits(row, 3));
  all.push({
    study: "levels",
    source: "unconfirmed",
    predicted: "3 bits with optimal levels are worth 5 with uniform ones (the factor of 1.7 less data is published)",
    measured: `bits saved at 3 bits: ${range(saved)} over the drawn distributions with tails`,
    holds: judge(saved.map((bits) => bits >= 2)),
  });
  const trained = levelTraining.flatMap(({ cells }) => cells.filter(({ samples }) => samples === "stored"));
  const better = trained.filter(({ uniform, optimal }) => optimal < uniform).length;
  all.push({
    study: "levels",
    source: "published",
    predicted: "Levels that follow the data train better than uniform ones of as many bits",
    measured: `${better} of ${trained.length} trainings on stored samples end closer to the optimum`,
    holds: judge(trained.map(({ uniform, optimal }) => optimal < uniform)),
  });
  const of = (kind: string, bits: number): number =>
    polynomial.runs.find((run) => run.kind === kind && run.bits === bits)?.tail ?? Number.NaN;
  const negative = of("chebyshev", 8) / of("nearest", 8);
  all.push({
    study: "logistic",
    source: "published",
    predicted: "For other losses 8 bits often suffice, and the unbiased framework does not always beat plain rounding",
    measured: `gap of the polynomial ÷ nearest: ${formatRatio(negative)} at 8 bits, ${formatRatio(of("chebyshev", 4) / of("nearest", 4))} at 4`,
    holds: judge([negative > 1]),
  });
  const cells = [...refetch.given, ...refetch.trained];
  const wrong = cells.reduce((sum, { rules }) => sum + rules.l1.wrong + rules.midpoint.wrong, 0);
  all.push({
    study: "hinge",
    source: "derived",
    predicted: "Rows that the l1 and midpoint rules keep are never on the wrong side of the hinge",
    measured: wrong === 0 ? "no wrong sign among the kept rows" : "some kept rows are on the wrong side",
    holds: judge([wrong === 0]),
  });
  const eight = refetch.given.find(({ bits }) => bits === 8);
  if (eight !== undefined) {
    const { l1, midpoint } = eight.rules;
    all.push({
      study: "hinge",
      source: "unconfirmed",
      predicted: "At 8 bits the l1 rule fetches 5 to 6 % of the rows (on the paper's data)",
      measured: `${formatPercent(l1.fetched, 1)} here with l1, ${formatPercent(midpoint.fetched, 1)} with midpoints`,
      // other data: nothing to compare
      holds: null,
    });
  }
  if (published !== null) {
    const [float, one] = [
      published.formats.find(({ bits }) => bits === null),
      published.formats.find(({ bits }) => bits === 1),
    ];
    if (float !== undefined && one !== undefined) {
      const isWhole = published.rows === PUBLISHED.rows && published.epochs === PUBLISHED.epochs;
      const near = (correct: number, wanted: number): boolean => Math.abs(correct - wanted) <= PUBLISHED.tolerance;
      all.push({
        study: "mnist",
        source: "published",
        predicted: `MNIST, one against all: ${formatCount(PUBLISHED.float)} of 10 000 right with float32, ${formatCount(PUBLISHED.oneBit)} with 1 bit per pixel`,
        measured: `${formatCount(float.correct)} and ${formatCount(one.correct)} of ${formatCount(published.tested)}${isWhole ? "" : " (shortened run)"}`,
        holds: isWhole ? judge([near(float.correct, PUBLISHED.float), near(one.correct, PUBLISHED.oneBit)]) : null,
      });
    }
  }
  const ends = exact.runs.filter(({ kind }) => kind !== "zipml").map(({ points }) => points.at(-1)?.y ?? Number.NaN);
  all.push({
    study: "exact",
    source: "derived",
    predicted: "With an exact outer loop, bits of the codes decide how fast the optimum is reached, not which",
    measured: `largest gap that auto and halp end with at 8, 4 and 2 bits: ${formatValue(Math.max(...ends))}`,
    holds: results.isQuick ? null : judge(ends.map((end) => end < REACHED)),
  });
  const [base, few] = [timed.solvers[0], timed.solvers.find(({ name }) => name === "zipml, double, 4 bits")];
  if (base !== undefined && few !== undefined) {
    all.push({
      study: "bytes",
      source: "published",
      predicted: "Fewer bytes per epoch are faster epochs where memory is the limit: up to 6.5 times on an FPGA",
      measured: `double sampling at 4 bits reads ${formatTimes(base.bytesPerEpoch / few.bytesPerEpoch)} fewer bytes; its epochs here run at ${formatRatio(few.ratio)} times the speed of float32`,
      // another machine: the claim is not about a CPU
      holds: null,
    });
  }
  return all;
}

/** From the authors' code: correct test images, the loss of the digit 0, the run. */
const PUBLISHED = { rows: 10_000, epochs: 10, float: 9002, fpga: 9003, oneBit: 9000, tolerance: 30 } as const;
const PUBLISHED_LOSS = { start: 7249.75, float: 202.13, oneBit: 197.87 } as const;
/** A relative gap at which the float64 objective itself is uncertain. */
const REACHED = 1e-12;

// ---------------------------------------------------------------------------------------------------------------------
// Pieces

const SOURCES: Record<Source, string> = {
  published: "published",
  derived: "derived",
  unconfirmed: "unconfirmed",
};

function tag(source: Source): string {
  return `<span class="tag ${source}">${SOURCES[source]}</span>`;
}

/** What to expect of a section. HTML. */
function predicted(...claims: readonly [Source, string][]): string {
  return `<ul class="claims">${claims.map(([source, text]) => `<li>${tag(source)}<span>${text}</span></li>`).join("")}</ul>`;
}

const th = (text: string): string => `<th scope="row">${text}</th>`;
const td = (text: string): string => `<td>${text}</td>`;
const gapCell = (gap: number): string =>
  Number.isFinite(gap) ? td(formatValue(gap)) : `<td class="bad">diverged</td>`;
const row = (...cells: readonly string[]): string => `<tr>${cells.join("")}</tr>`;

const MARKS: Record<MethodKey, Mark> = {
  exact: "dot",
  naive: "triangle",
  nearest: "square",
  weaved: "square",
  corrected: "square",
  stored: "circle",
  fresh: "circle",
};

const methodSeries = (id: number, method: MethodKey, name: string): Series => ({
  id,
  name,
  look: `m-${method}`,
  mark: MARKS[method],
});

function facts(study: { rows: number; cols: number; epochs?: number }): string {
  return factList([
    ["rows", formatCount(study.rows)],
    ["columns", formatCount(study.cols)],
    ...(study.epochs === undefined ? [] : ([["epochs", formatCount(study.epochs)]] as [string, string][])),
  ]);
}

function section(id: string, title: string, body: string): string {
  return `<section class="task" id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name">${escapeHtml(title)}</h2>
${body}
</section>`;
}

const inBits = (value: number): string => (value === 1 ? "1 bit" : `${value} bits`);
const inPasses = (value: number): string => `${Number(value.toPrecision(3))} passes`;
/** Left of the first tick, at 1 bit or at 2. */
const FROM = 0.5;
const FROM_TWO = 1.5;
/** Gaps above this say only that there is no use in them. */
const CEILING = 3;

// ---------------------------------------------------------------------------------------------------------------------
// Studies

function fixedText(fixedPoint: FixedPoint): string {
  return fixedPoint === "indefinite" ? "indefinite" : formatValue(fixedPoint);
}

function biasHeadline(study: BiasStudy): string {
  const [naive, fresh, stored, nearest] = (["naive", "fresh", "stored", "nearest"] as const).map((method) =>
    atBits(study, method, CURVE_BITS),
  );
  const floor = noiseFloor(study);
  if (naive === undefined || fresh === undefined || stored === undefined || nearest === undefined) return "";
  const end = (cell: BiasCell): string => (Number.isFinite(cell.tail) ? formatValue(cell.tail) : "diverged");
  return `<p class="headline">At ${CURVE_BITS} bits naive rounding ends at a gap of <strong>${end(naive)}</strong>, nearest at ${end(nearest)},
stored double samples at ${end(stored)} and fresh ones at <strong>${end(fresh)}</strong>; float32 rows leave ${formatValue(floor)}.</p>`;
}

function biasSection(study: BiasStudy, index: number): string {
  const id = `bias-${index + 1}`;
  const measured = study.methods.map(({ key: method, name }, i) => methodSeries(i, method, name));
  const theory = study.methods.flatMap(({ key: method, name, cells }) =>
    cells.some(({ fixedPoint }) => typeof fixedPoint === "number" && fixedPoint > 0) ? [{ method, name, cells }] : [],
  );
  const theorySeries = theory.map(
    ({ method, name }, i): Series => ({
      id: measured.length + i,
      name: `${name}, theory`,
      look: `m-${method} theory`,
      mark: "none",
    }),
  );
  const against = (value: (cell: BiasCell) => number, chartId: string, title: string, caption: string): string =>
    chart({
      id: `${id}-${chartId}`,
      title: `${study.name}: ${title}`,
      description: study.methods
        .map(({ name, cells }) => `${name}: ${cells.map((cell) => formatValue(value(cell))).join(", ")}`)
        .join("; "),
      caption,
      xName: "bits",
      formatX: inBits,
      from: FROM,
      ticks: BITS,
      curves: [
        ...theory.map(({ cells }, i) => ({
          series: theorySeries[i] as Series,
          points: cells.flatMap(({ bits, fixedPoint }) =>
            typeof fixedPoint === "number" ? [{ x: bits, y: fixedPoint }] : [],
          ),
          ceiling: CEILING,
        })),
        ...study.methods.map(({ cells }, i) => ({
          series: measured[i] as Series,
          points: cells.map((cell) => ({ x: cell.bits, y: value(cell) })),
          ceiling: CEILING,
        })),
      ],
    });
  const epochs = chart({
    id: `${id}-epochs`,
    title: `${study.name}: gap against epochs at ${CURVE_BITS} bits`,
    description: `Last iterates: ${study.curves.map(({ name, points }) => `${name} ${formatValue(points.at(-1)?.y ?? Number.NaN)}`).join("; ")}`,
    caption: `<b>Epochs at ${CURVE_BITS} bits</b> <span class="quiet">gap of the last iterate, step α/(1 + epoch).</span>`,
    xName: "epochs",
    formatX: inPasses,
    curves: study.curves.map(({ key: method, points }) => ({
      series: measured[study.methods.findIndex((one) => one.key === method)] as Series,
      points,
      ceiling: CEILING,
    })),
  });
  const keyNote = `Dotted without marks: where the steps end in the long run, in closed form. Exact rows and fresh double samples end at 0.
<span class="scripted">Press a name to hide or show it.</span>`;
  const entries = [...measured, ...theorySeries].map((series) => ({ series, settings: "" }));
  const theoryText = ({ fixedPoint }: BiasCell): string =>
    fixedPoint === 0 ? "" : `<small>theory ${fixedText(fixedPoint)}</small>`;
  const rows = study.methods.map(({ key: method, name, cells }, i) => {
    // the same whatever the bits
    const [shown, span] =
      method === "exact" ? [cells.slice(0, 1), ` colspan="${cells.length}" style="text-align: center"`] : [cells, ""];
    return row(
      th(`${swatch(measured[i] as Series)} ${escapeHtml(name)}`),
      ...shown.map((cell) => {
        const last = Number.isFinite(cell.last) ? formatValue(cell.last) : "diverged";
        const look = Number.isFinite(cell.tail) ? "" : ` class="bad"`;
        return `<td${span}${look}>${formatValue(cell.tail)}<small>last ${last}</small>${theoryText(cell)}<small>${formatCount(cell.bytesPerRow)} bytes</small></td>`;
      }),
    );
  });
  const table = htmlTable({
    label: `Gaps, ${escapeHtml(study.name)}`,
    caption: `Gap (F − F*)/(F(0) − F*) on the original data: mean of the second half with step α/√(1 + epoch); last: last iterate with α/(1 + epoch); theory: the
solution of what the steps see, in closed form (for stored samples with coins of its own: a typical value), "indefinite" where there is none. Weaved: the first bits of one copy for all precisions, at interval middles. Bytes: read per row and visit,
columns padded to 32; fresh samples read the float32 row.`,
    head: ["Samples", ...BITS.map(inBits)],
    rows,
  });
  return section(
    id,
    `Bias: ${study.name}`,
    `${biasHeadline(study)}
<p>${escapeHtml(study.description)}; least squares, batches of 16.</p>
${facts(study)}
${
  index > 0
    ? ""
    : predicted(
        ["derived", "Naive: E g = ∇F + D̄w, so the run ends at (XᵀX/n + D̄)⁻¹Xᵀy/n. D̄ shrinks by 4 with every bit."],
        ["published", "Double sampling is unbiased: with fresh coins only noise is left, which averaging removes."],
        [
          "derived",
          "Stored samples solve the normal equations of their own codes: bias of order noise/√n, and a matrix that few bits may make indefinite.",
        ],
        [
          "derived",
          "Noise grows with the model (V = Σ vⱼwⱼ²): where few bits leave variances above the least eigenvalues of XᵀX/n, unbiased steps may still diverge.",
        ],
        ["derived", "Corrected: one stored rounding minus D̄∘w has no bias on average and needs one sample."],
      )
}
<div class="charts">
${against((cell) => cell.tail, "tail", "gap of the tail average against bits", `<b>Loss against bits</b> <span class="quiet">gap of the tail average.</span>`)}
${epochs}
${against((cell) => cell.last, "last", "gap of the last iterate against bits", `<b>The same, last iterate</b> <span class="quiet">noise of the steps included.</span>`)}
${key("Samples", keyNote, entries)}
</div>
${table}`,
  );
}

function endToEndSection(study: EndToEndStudy): string {
  const series = study.formats.map(
    ({ name }, id): Series => ({ id, name, look: `s${id}`, mark: id === 0 ? "dot" : "circle" }),
  );
  const float = study.formats[0];
  const whole = study.formats.find(({ name }) => name === "8/8/8");
  const few = study.formats.find(({ name }) => name === "4/4/4");
  const headline =
    float === undefined || whole === undefined || few === undefined
      ? ""
      : `<p class="headline">Eight bits everywhere end at a gap of <strong>${formatValue(whole.fresh.tail)}</strong>, float32 at ${formatValue(float.fresh.tail)};
four bits everywhere at ${formatValue(few.fresh.tail)}.</p>`;
  const rows = study.formats.map(({ name, fresh, stored }, i) =>
    row(
      th(`${swatch(series[i] as Series)} ${name}`),
      gapCell(fresh.last),
      gapCell(fresh.tail),
      gapCell(stored.last),
      gapCell(stored.tail),
    ),
  );
  return section(
    "end",
    "End to end: samples, model and gradient",
    `${headline}
<p>${escapeHtml(study.name)}. Bits of samples/model/gradient; model and minibatch gradient are rounded stochastically at every step, scaled by their largest entry, while a
float32 model is kept behind them.</p>
${facts(study)}
${predicted(
  [
    "derived",
    "Model and gradient rounding add no bias, since the gradient is affine in the model; only samples need two roundings.",
  ],
  ["published", "The hardest data need 8 bits end to end, 6 if only samples are rounded."],
)}
<div class="charts">
${chart({
  id: "end-epochs",
  title: "End to end: gap against epochs",
  description: study.formats.map(({ name, fresh }) => `${name}: ${formatValue(fresh.tail)}`).join("; "),
  caption: `<b>Gap</b> <span class="quiet">fresh samples; from the middle on the mean of the iterates since then.</span>`,
  xName: "epochs",
  formatX: inPasses,
  curves: study.formats.map(({ points }, i) => ({ series: series[i] as Series, points, ceiling: CEILING })),
})}
${key(
  "Bits",
  `samples/model/gradient. <span class="scripted">Press a name to hide or show it.</span>`,
  series.map((one) => ({ series: one, settings: "" })),
)}
</div>
${htmlTable({
  label: "Gaps, end to end",
  caption:
    "Double sampling, symmetrised. Gaps of the last iterate (step α/(1 + epoch)) and of the tail average (α/√(1 + epoch)).",
  head: ["Bits", "Fresh, last", "Fresh, tail", "Stored, last", "Stored, tail"],
  rows,
})}`,
  );
}

function levelSection(levels: readonly LevelRow[], training: readonly LevelTrainingStudy[]): string {
  const series = levels.map(({ name }, id): Series => ({ id, name, look: `s${id}`, mark: "circle" }));
  const best = levels.reduce<LevelRow | undefined>(
    (top, one) => (top === undefined || savedBits(one, 3) > savedBits(top, 3) ? one : top),
    undefined,
  );
  const least = levels.reduce<LevelRow | undefined>(
    (low, one) => (low === undefined || savedBits(one, 3) < savedBits(low, 3) ? one : low),
    undefined,
  );
  const bitsText = (one: LevelRow): string => `${savedBits(one, 3).toFixed(1)} bits (${escapeHtml(one.name)})`;
  const headline =
    best === undefined || least === undefined
      ? ""
      : `<p class="headline">At 3 bits levels that follow the data save between <strong>${bitsText(least)}</strong> and <strong>${bitsText(best)}</strong>.</p>`;
  const rows = levels.map((one, i) =>
    row(
      th(`${swatch(series[i] as Series)} ${escapeHtml(one.name)}<small>${formatCount(one.count)} values</small>`),
      ...one.cells.map(({ uniform, optimal }) =>
        td(`${formatRatio(uniform / optimal)}<small>${formatValue(uniform)} → ${formatValue(optimal)}</small>`),
      ),
      td(savedBits(one, 3).toFixed(2)),
    ),
  );
  const trained = training.flatMap(({ name, cells }) =>
    cells.map(({ bits, samples, uniform, optimal }) =>
      row(
        th(escapeHtml(name)),
        td(String(bits)),
        td(samples),
        gapCell(uniform),
        gapCell(optimal),
        td(Number.isFinite(uniform / optimal) ? formatRatio(uniform / optimal) : "–"),
      ),
    ),
  );
  return section(
    "levels",
    "Levels that follow the data",
    `${headline}
${predicted(
  ["published", "Variance-optimal levels save a further factor of 1.7 in data movement over uniform ones."],
  ["unconfirmed", "3 bits with optimal levels are worth 5 bits with uniform ones (5/3 = 1.7)."],
  [
    "derived",
    "Uniform values gain nothing; long tails gain most. One bit of uniform levels is a factor of 4 in variance.",
  ],
)}
<div class="charts">
${chart({
  id: "levels-ratio",
  title: "Variance of uniform levels over that of optimal ones, against bits",
  description: levels
    .map(
      ({ name, cells }) => `${name}: ${cells.map(({ uniform, optimal }) => formatRatio(uniform / optimal)).join(", ")}`,
    )
    .join("; "),
  caption: `<b>Variance, uniform ÷ optimal</b> <span class="quiet">stochastic rounding to 2^bits levels.</span>`,
  xName: "bits",
  formatX: inBits,
  from: FROM_TWO,
  ticks: LEVEL_BITS,
  curves: levels.map(({ cells }, i) => ({
    series: series[i] as Series,
    points: cells.map(({ bits, uniform, optimal }) => ({ x: bits, y: uniform / optimal })),
    ceiling: Number.POSITIVE_INFINITY,
  })),
})}
${key(
  "Values",
  `<span class="scripted">Press a name to hide or show it.</span>`,
  series.map((one) => ({ series: one, settings: "" })),
)}
</div>
${htmlTable({
  label: "Variance of levels",
  caption:
    "Uniform ÷ optimal, and the mean variances themselves in squares of the values' unit. Bits saved: ½ log₂ of the ratio at 3 bits. Drawn values depend on their extremes: long tails vary with the sample.",
  head: ["Values", ...LEVEL_BITS.map(inBits), "Bits saved"],
  rows,
})}
<h3>Training with them</h3>
${htmlTable({
  label: "Training with optimal levels",
  caption:
    "Double sampling; gaps of the tail average. One table of levels for all columns, optimal for the data set's values.",
  head: ["Set", "Bits", "Samples", "Uniform", "Optimal", "Uniform ÷ optimal"],
  rows: trained,
})}`,
  );
}

function logisticSection(study: PolynomialStudy): string {
  const rows = study.runs.map(({ name, bits, last, tail, outside, bytesPerRow }) =>
    row(
      th(escapeHtml(name)),
      td(String(bits)),
      gapCell(last),
      gapCell(tail),
      td(outside > 0 ? formatPercent(outside, 2) : "–"),
      td(formatCount(bytesPerRow)),
    ),
  );
  const of = (kind: string, bits: number): number =>
    study.runs.find((run) => run.kind === kind && run.bits === bits)?.tail ?? Number.NaN;
  return section(
    "logistic",
    "Logistic loss: a polynomial for the derivative",
    `<p class="headline">At 8 bits the unbiased polynomial ends at a gap of <strong>${formatValue(of("chebyshev", 8))}</strong>, one nearest rounding at
<strong>${formatValue(of("nearest", 8))}</strong>; at 4 bits at ${formatValue(of("chebyshev", 4))} against ${formatValue(of("nearest", 4))}.</p>
<p>${escapeHtml(study.description)}; largest margin at the optimum ${formatRatio(study.largestMargin)}. The polynomial of degree p takes p + 1 independent samples of every row. The model is
kept in the ball of the optimum's norm, but for the last row of the table: there in the ball that keeps every margin within the radius.</p>
${facts(study)}
${predicted(
  ["published", "For non-linear models 8 bits often suffice, and the framework does not always beat naive rounding."],
  [
    "derived",
    `Nearest rounding at 8 bits has a bias far below the error of the polynomial (degree ${CHOSEN.degree} on ±${CHOSEN.radius}: at most ${formatValue(CHOSEN.error)}); beyond its radius a polynomial explodes.`,
  ],
)}
${htmlTable({
  label: "Gaps, logistic",
  caption:
    "Gaps of the last iterate and the tail average; share of the polynomial's margins beyond its radius; bytes of a row and visit.",
  head: ["Samples", "Bits", "Last iterate", "Tail average", "Beyond radius", "Bytes per row"],
  rows,
})}`,
  );
}

const RULE_NAMES = { l1: "l1", midpoint: "midpoint", hoeffding: "Hoeffding" } as const;

function refetchTable(title: string, cells: readonly RefetchCell[]): string {
  return htmlTable({
    label: title,
    caption: `${title}. Rows fetched; in small type rows that were kept on the wrong side. Flips: rows that one stochastic rounding puts on the wrong side when nothing is fetched.
Hoeffding's rule may keep up to ${formatPercent(FAILURE, 0)} wrongly.`,
    head: ["Bits", ...RULES.map((rule) => RULE_NAMES[rule]), "Flips"],
    rows: cells.map(({ bits, rules, flips }) =>
      row(
        th(String(bits)),
        ...RULES.map((rule) =>
          td(
            `${formatPercent(rules[rule].fetched, 1)}<small>${rules[rule].wrong === 0 ? "none wrong" : `${formatPercent(rules[rule].wrong, 2)} wrong`}</small>`,
          ),
        ),
        td(formatPercent(flips, 2)),
      ),
    ),
  });
}

function hingeSection(study: RefetchStudy): string {
  const series = [...RULES.map((rule) => RULE_NAMES[rule]), "flips"].map(
    (name, id): Series => ({ id, name, look: `s${id}`, mark: "circle" }),
  );
  const curve = (cells: readonly RefetchCell[], id: string, title: string): string =>
    chart({
      id: `hinge-${id}`,
      title: `${title}: share of rows fetched against bits`,
      description: cells.map(({ bits, rules }) => `${bits} bits: ${formatPercent(rules.l1.fetched, 1)}`).join("; "),
      caption: `<b>${title}</b> <span class="quiet">share of rows fetched, and of rows on the wrong side without fetching.</span>`,
      xName: "bits",
      formatX: inBits,
      from: FROM_TWO,
      ticks: REFETCH_BITS,
      curves: [
        ...RULES.map((rule, i) => ({
          series: series[i] as Series,
          points: cells.map(({ bits, rules }) => ({ x: bits, y: rules[rule].fetched })),
        })),
        { series: series[RULES.length] as Series, points: cells.map(({ bits, flips }) => ({ x: bits, y: flips })) },
      ],
    });
  const eight = study.trained.find(({ bits }) => bits === 8);
  const headline =
    eight === undefined
      ? ""
      : `<p class="headline">At 8 bits and the trained optimum the l1 rule fetches <strong>${formatPercent(eight.rules.l1.fetched, 1)}</strong> of the rows, midpoints
${formatPercent(eight.rules.midpoint.fetched, 1)}, Hoeffding's rule ${formatPercent(eight.rules.hoeffding.fetched, 1)}; without fetching ${formatPercent(eight.flips, 2)} would be on the wrong side.</p>`;
  const trained = study.training.map(({ bits, rule, gap, refetched, bytesPerRow }) =>
    row(
      th(String(bits)),
      td(rule === "none" ? "never" : RULE_NAMES[rule]),
      gapCell(gap),
      td(formatPercent(refetched, 1)),
      td(formatCount(bytesPerRow)),
    ),
  );
  return section(
    "hinge",
    "Hinge loss: fetching the exact row",
    `${headline}
<p>${escapeHtml(study.description)}. The sign of 1 − y·Q(x)·w is certain when it is further from 0 than the rounding can carry it; otherwise the float32 row is fetched.</p>
${facts(study)}
${predicted(
  [
    "derived",
    "l1 (Σ widthⱼ|wⱼ|) and midpoint (half of that) keep no row on the wrong side; rates fall with every bit.",
  ],
  ["derived", "Midpoints are as certain as l1 at half the bound, so they fetch about half as many rows."],
  ["unconfirmed", "With 8 bits and l1 the paper fetches 5 to 6 % of its rows."],
)}
<div class="charts">
${curve(study.given, "given", "At the model that labelled the rows")}
${curve(study.trained, "trained", "At the trained optimum")}
${key(
  "Rules",
  `<span class="scripted">Press a name to hide or show it.</span>`,
  series.map((one) => ({ series: one, settings: "" })),
)}
</div>
${refetchTable("At the model that labelled the rows", study.given)}
${refetchTable("At the trained optimum", study.trained)}
<h3>Training with them</h3>
${htmlTable({
  label: "Training with refetching",
  caption: `Stored double samples; gaps of the tail average; float32 rows end at ${formatValue(study.exactGap)}. Bytes of a row and visit, fetched rows included.`,
  head: ["Bits", "Exact row fetched", "Gap", "Rows fetched", "Bytes per row"],
  rows: trained,
})}`,
  );
}

function publishedSection(study: PublishedStudy | null, missing: readonly Missing[]): string {
  const title = "The published setting: MNIST, one digit against the rest";
  if (study === null) {
    const path = missing.find(({ name }) => name === "MNIST")?.path ?? "its folder";
    return section("mnist", title, `<p class="skipped">Skipped: ${escapeHtml(path)} is not there.</p>`);
  }
  const { formats, rows, tested, epochs } = study;
  const [float, one] = [formats.find(({ bits }) => bits === null), formats.find(({ bits }) => bits === 1)];
  const headline =
    float === undefined || one === undefined
      ? ""
      : `<p class="headline">One bit per pixel reads <strong>${formatCount(one.correct)}</strong> of ${formatCount(tested)} test images rightly, float32
<strong>${formatCount(float.correct)}</strong>, from ${formatTimes(float.bytesPerRow / one.bytesPerRow)} as many bytes.</p>`;
  const claims: Record<string, string> = {
    null: `${formatCount(PUBLISHED.float)} (CPU), ${formatCount(PUBLISHED.fpga)} (FPGA)`,
    1: formatCount(PUBLISHED.oneBit),
  };
  const losses: Record<string, string> = { null: String(PUBLISHED_LOSS.float), 1: String(PUBLISHED_LOSS.oneBit) };
  return section(
    "mnist",
    title,
    `${headline}
<p>Squared hinge, errors of the nine other digits weighed 1.5, no regulariser, step 2⁻¹² per row. Published for the first ${formatCount(PUBLISHED.rows)} training rows and
${PUBLISHED.epochs} epochs; here ${formatCount(rows)} rows and ${epochs} epochs, rows in random order. One nearest sample, levels over [0, 1].</p>
${predicted(
  [
    "published",
    `In the authors' code ${formatCount(PUBLISHED.float)} of 10 000 with float32 and ${formatCount(PUBLISHED.oneBit)} with 1 bit, from a 28th of the words.`,
  ],
  [
    "published",
    `Loss of the digit 0: ${PUBLISHED_LOSS.start} → ${PUBLISHED_LOSS.float} (float32), ${PUBLISHED_LOSS.oneBit} (1 bit).`,
  ],
)}
${htmlTable({
  label: "MNIST, correct test images",
  caption:
    "Correct test images; loss of the digit 0, summed over the original training rows, at the start and at the end; bytes of a row and visit, columns padded to 32.",
  head: ["Samples", "Correct", "Published", "Loss of 0, start", "Loss of 0, end", "Published", "Bytes per row"],
  rows: formats.map(({ name, bits, correct, zeroStart, zeroEnd, bytesPerRow }) =>
    row(
      th(escapeHtml(name)),
      td(formatCount(correct)),
      td(claims[String(bits)] ?? "–"),
      td(zeroStart.toFixed(2)),
      td(zeroEnd.toFixed(2)),
      td(losses[String(bits)] ?? "–"),
      td(formatCount(bytesPerRow)),
    ),
  ),
})}`,
  );
}

function exactSection(study: ExactStudy): string {
  const looks = { auto: "m-fresh", halp: "m-nearest", zipml: "m-exact" } as const;
  const marks = { auto: "circle", halp: "square", zipml: "dot" } as const;
  const series = study.runs.map(
    ({ name, kind, bits }, id): Series => ({ id, name, look: `${looks[kind]} w${bits}`, mark: marks[kind] }),
  );
  const ends = study.runs.filter(({ kind }) => kind !== "zipml").map(({ points }) => points.at(-1)?.y ?? Number.NaN);
  const sampled = study.runs.filter(({ kind }) => kind === "zipml").map(({ points }) => points.at(-1)?.y ?? Number.NaN);
  const rows = study.runs.map(({ name, points }, i) => {
    const reached = points.find(({ y }) => y <= REACHED);
    return row(
      th(`${swatch(series[i] as Series)} ${escapeHtml(name)}`),
      gapCell(points.at(-1)?.y ?? Number.NaN),
      td(formatCount(points.at(-1)?.x ?? Number.NaN)),
      td(reached === undefined ? "never" : formatCount(reached.x)),
    );
  });
  return section(
    "exact",
    "What few bits teach: exact answers from them",
    `<p class="headline">Codes of 8, 4 and 2 bits lead auto and halp to the same optimum: the largest gap they end with is <strong>${formatValue(Math.max(...ends))}</strong>.
Plain double sampling on as many bits ends between ${formatValue(Math.min(...sampled))} and ${formatValue(Math.max(...sampled))}.</p>
<p>${escapeHtml(study.description)}; logistic loss, l2 ${formatValue(study.l2)}. The bits are those of the data in the inner steps; objective and gradient of the outer loop
come from the exact copy. zipml has no outer loop; for a loss that is not quadratic, double sampling is biased, too (by half of ℓ‴ times the variance of a margin).</p>
${facts(study)}
${predicted(["derived", "Around the exact gradient the inner problem ends at 0 only where the original one does, whatever the codes: bits change the number of passes."])}
<div class="charts">
${chart({
  id: "exact-passes",
  title: "Gap against passes at 8, 4 and 2 bits",
  description: study.runs
    .map(({ name, points }) => `${name}: ${formatValue(points.at(-1)?.y ?? Number.NaN)}`)
    .join("; "),
  caption: `<b>Gap</b> <span class="quiet">against passes over the rows, those over the exact copy included.</span>`,
  xName: "passes",
  formatX: inPasses,
  curves: study.runs.map(({ points }, i) => ({ series: series[i] as Series, points, ceiling: CEILING })),
})}
${key(
  "Solvers",
  `Solid is 8 bits, dashed 4, dotted 2. <span class="scripted">Press a name to hide or show it.</span>`,
  series.map((one) => ({ series: one, settings: "" })),
)}
</div>
${htmlTable({
  label: "Passes to the optimum",
  caption: `Last gap, passes in all, and passes until the gap was below ${formatValue(REACHED)}.`,
  head: ["Solver", "Gap", "Passes", "Passes to the optimum"],
  rows,
})}`,
  );
}

function bytesSection(study: TimedStudy): string {
  const base = study.solvers[0];
  const bytes = (value: number): string => `${(value / 1e6).toPrecision(3)} MB`;
  const fastest = study.solvers
    .filter(({ kind }) => kind === "codes")
    .reduce<TimedStudy["solvers"][number] | undefined>(
      (top, one) => (top === undefined || one.ratio > top.ratio ? one : top),
      undefined,
    );
  const samples = study.solvers.filter(({ name }) => name.startsWith("zipml, double"));
  const slower = samples.filter(({ ratio }) => ratio < 1);
  const verdict =
    slower.length === samples.length
      ? "Double samples read fewer bytes, too, but unpacking them costs more than the bytes save: all of them are slower than float32 on this machine."
      : slower.length > 0
        ? `Of the double samples ${slower.map(({ name }) => escapeHtml(name)).join("; ")} are slower than float32 all the same: unpacking costs more than the bytes save.`
        : "Double samples are faster than float32 as well.";
  const headline =
    base === undefined || fastest === undefined
      ? ""
      : `<p class="headline">${escapeHtml(fastest.name)} runs an epoch at <strong>${formatRatio(fastest.ratio)} times</strong> the speed of float32 rows in random order, reading
${formatTimes(base.bytesPerEpoch / fastest.bytesPerEpoch)} fewer bytes. ${verdict}</p>`;
  return section(
    "bytes",
    "Bytes and time of an epoch",
    `${headline}
<p>${escapeHtml(study.description)}. ${study.rounds} epochs of each, one in turn; medians. sgd and lpSgd take one row per step, zipml batches of 16; lpSgd has a 16-bit model and
codes rounded to the nearest level, with the bias that brings; "in blocks": 32 neighbours of a shuffled copy at a time.</p>
${facts(study)}
${predicted(
  [
    "published",
    "An FPGA is up to 6.5 times faster than with 32 bits: there decoding costs nothing, and memory is the limit.",
  ],
  ["published", "Any-precision copies do not pay on CPUs, because bits must be regrouped."],
)}
${htmlTable({
  label: "Bytes and time of an epoch",
  caption:
    "Sample data read per epoch, median milliseconds of the steps of an epoch, speed relative to the first row (▼: slower than it), and the gap after all epochs.",
  head: ["Solver", "Read per epoch", "ms per epoch", "Speed, float32 = 1", "Gap"],
  rows: study.solvers.map(({ name, bytesPerEpoch, ms, ratio, gap }) =>
    row(
      th(escapeHtml(name)),
      td(bytes(bytesPerEpoch)),
      td(formatTime(ms)),
      ratio < 1 ? `<td class="bad">${formatRatio(ratio)} ▼</td>` : td(formatRatio(ratio)),
      gapCell(gap),
    ),
  ),
})}`,
  );
}

// ---------------------------------------------------------------------------------------------------------------------
// The page

function glance(all: readonly Verdict[], firstBias: string): string {
  const word = (holds: Holds | null): string =>
    holds === "does not agree" ? `<span class="bad">${holds}</span>` : (holds ?? "–");
  return htmlTable({
    label: "At a glance",
    caption:
      "Predicted and measured. Published: in the paper's abstract or its authors' code; derived: follows by algebra; unconfirmed: recalled from the paper, a target rather than a fact. A dash: nothing to compare with.",
    head: ["Prediction", "Source", "Here", "Verdict"],
    rows: all.map(({ study, source, predicted: text, measured, holds }) =>
      row(
        th(`<a href="#${study === "bias" ? firstBias : study}">${escapeHtml(text)}</a>`),
        td(tag(source)),
        td(escapeHtml(measured)),
        td(word(holds)),
      ),
    ),
    look: "glance claims-table",
  });
}

const STYLE = `
:root { --green: #2e7d4f; --violet: #7a4fa3; --brown: #8a5a2b; }
@media (prefers-color-scheme: dark) { :root { --green: #74c791; --violet: #bd9be6; --brown: #d0a274; } }
.m-exact { color: var(--grey); } .m-naive { color: var(--amber); } .m-nearest { color: var(--blue); }
.m-weaved { color: var(--green); } .m-corrected { color: var(--violet); } .m-stored, .m-fresh { color: var(--crimson); }
.m-exact .line { stroke-width: 4; stroke-opacity: 0.55; stroke-linecap: round; }
.m-stored .line { stroke-dasharray: 6 3.5; } .m-stored .mark { fill: var(--paper); stroke: currentColor; stroke-width: 1.6; }
.theory .line { stroke-width: 1.6; stroke-opacity: 0.8; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
.m-exact text.name { fill: var(--quiet); }
.w4 .line { stroke-dasharray: 6 3.5; } .w2 .line { stroke-dasharray: 2 3; }
.m-exact.w8 .line, .m-exact.w4 .line, .m-exact.w2 .line { stroke-width: 2; stroke-opacity: 0.9; stroke-linecap: butt; }
.s0 { color: var(--grey2); } .s1 { color: var(--blue); } .s2 { color: var(--crimson); } .s3 { color: var(--amber); }
.s4 { color: var(--green); } .s5 { color: var(--violet); } .s6 { color: var(--brown); }
.claims { list-style: none; padding: 0; margin: 0 0 1.6rem; max-width: 50rem; }
.claims li { display: grid; grid-template-columns: 7.2rem 1fr; align-items: baseline; margin: 0 0 0.35rem; }
.tag { white-space: nowrap; font: 0.78rem system-ui, -apple-system, "Segoe UI", Roboto,
  "Liberation Sans", sans-serif; color: var(--quiet); }
.tag::before { content: ""; display: inline-block; width: 0.55rem; height: 0.55rem; margin-right: 0.4rem;
  border-radius: 50%; border: 1.5px solid currentColor; }
.tag.published::before { background: currentColor; } .tag.unconfirmed::before { border-style: dotted; }
.claims-table th, .claims-table td { white-space: normal; text-align: left; max-width: 24rem; }
.skipped { color: var(--quiet); font-style: italic; }
.key button { grid-template-columns: 2.4rem 1fr; }
@media (max-width: 36rem) { .claims li { grid-template-columns: 1fr; } }
`;

/** The whole page as one string, ready to be written to a file. */
export function renderZipml(results: ZipmlResults): string {
  const { bias, missing, published } = results;
  const skipped =
    missing.length === 0
      ? ""
      : `<p class="skipped">Skipped: ${missing.map(({ name, path }) => `${escapeHtml(name)} (${escapeHtml(path)} is not there)`).join("; ")}.</p>`;
  const quick = results.isQuick
    ? `<p class="skipped">A quick run: fewer rows and epochs. Its numbers say that everything works, not how well.</p>`
    : "";
  return renderPage({
    title: "ZipML: training on samples of few bits",
    generated: results.generated,
    environment: results.environment,
    style: STYLE,
    introduction: `<p><b>What to look at.</b> Rounding the samples of SGD to a few bits looks harmless, since it is right on average; but a sample enters a gradient twice,
and the square of a rounding is not: the same rounding used twice solves another problem. Two independent roundings do not. Below, the loss that is left is set against the bits,
for ways to use a sample, next to what theory says; then what else the paper proposes, in its own settings where they are known, with what it costs in bytes and time.</p>
${quick}${skipped}`,
    main: [
      glance(verdicts(results), "bias-1"),
      ...bias.map(biasSection),
      endToEndSection(results.endToEnd),
      levelSection(results.levels, results.levelTraining),
      logisticSection(results.polynomial),
      hingeSection(results.refetch),
      publishedSection(published, missing),
      exactSection(results.exact),
      bytesSection(results.timed),
    ].join("\n"),
  });
}
