// npm run bench:report [-- --results DIR] [-- --out FILE]: docs/benchmarks.md and docs/curves/*.svg from bench/results/*.json. Every figure there comes from
// those files; none is typed by hand.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { batchSection } from "./batch-report.js";
import type { BatchResults } from "./batch-results.js";
import { fewBitsSection } from "./few-bits-report.js";
import type { FewBitsResults } from "./few-bits-results.js";
import type { KernelGroup, KernelResults, KernelRow } from "./kernel-results.js";
import { levelSection } from "./levels-report.js";
import type { LevelResults } from "./levels-results.js";
import { curvesSvg } from "./objective-curves.js";
import { objectiveSection, objectiveSummary, plainSection } from "./objective-report.js";
import type { ObjectiveResults } from "./objective-results.js";
import { robustnessSection } from "./robustness-report.js";
import type { RobustnessResults } from "./robustness-results.js";
import { pairedRatio } from "./rounds.js";
import { sparseSection } from "./sparse-report.js";
import type { SparseResults } from "./sparse-results.js";
import { machine, table, times } from "./tables.js";
import {
  type ConvergenceTask,
  type ImageTask,
  type SolverRow,
  type Spread,
  TARGETS,
  type TrainingResults,
} from "./training-results.js";

const { values: args } = parseArgs({
  options: {
    results: { type: "string", default: "bench/results" },
    out: { type: "string", default: "docs/benchmarks.md" },
  },
});
const FOLDER = args.results;
const OUT = args.out;
/** Beside the page. */
const CURVES = "curves";

function scientific(value: number | null): string {
  if (value === null) return "diverged";
  return value === 0 ? "0" : value.toExponential(1);
}

// --- in short ---

/** The solvers of the summary, as bench/training.ts names them: the reference, the recommended kind, the cheapest one. */
const SUMMARY = ["SVRG float64 (plain JavaScript)", "HALP 16-bit, mu auto", "HALP 8-bit, mu auto"] as const;

/** The row called `solver`; a renamed solver must not leave an empty cell behind. */
function named<T extends { readonly solver: string }>(rows: readonly T[], solver: string): T {
  const row = rows.find((one) => one.solver === solver);
  if (row === undefined)
    throw new Error(`No solver ${solver} in the results: ${rows.map((one) => one.solver).join("; ")}.`);
  return row;
}

function accuracySummary({ convergence, images }: TrainingResults): string {
  const last = TARGETS.length - 1;
  return table(
    ["", ...SUMMARY],
    [
      ...convergence.map(({ name, solvers }) => [
        `${name}: epochs to a gap of ${TARGETS[last]?.toExponential(0)}`,
        ...SUMMARY.map((solver) => reached(named(solvers, solver).epochs[last] as Spread)),
      ]),
      ...images.map(({ name, solvers }) => [
        `${name}, pixels in [0, 1]: test accuracy`,
        ...SUMMARY.map((solver) => `${(100 * named(solvers, solver).accuracy).toFixed(2)} %`),
      ]),
      ...images.map(({ name, solvers }) => {
        const float32 = named(solvers, "SVRG float32").seconds.inner;
        return [
          `${name}, pixels in [0, 1]: stochastic steps per s, × float32`,
          ...SUMMARY.map((solver) => times(float32 / named(solvers, solver).seconds.inner)),
        ];
      }),
    ],
  );
}

function speedSummary(files: readonly KernelResults[]): string {
  const kinds = [
    ["int8 data, int16 delta", "int8 data, int16 delta, stochastic"],
    ["int8 data, int8 delta", "int8 data, int8 delta, stochastic"],
  ] as const;
  const cases = (["step", "softmax"] as const).flatMap((group) => {
    const rows = files.flatMap(({ results }) => results.filter((row) => row.group === group));
    return [...new Set(rows.map(({ columns }) => columns))].map((columns) => ({ group, columns, rows }));
  });
  return table(
    ["steps on data that fit the cache", ...kinds.map(([title]) => title)],
    cases.map(({ group, columns, rows }) => [
      `${group === "step" ? "logistic loss" : "softmax of 10 classes"}, d = ${columns}`,
      ...kinds.map(([, kernel]) => {
        const ratios = rows.filter((row) => row.columns === columns && row.name === kernel).map(({ ratio }) => ratio);
        return `${times(Math.min(...ratios))} to ${times(Math.max(...ratios))}`;
      }),
    ]),
  );
}

function summary(
  results: TrainingResults,
  files: readonly KernelResults[],
  objectives: ObjectiveResults | null,
): string {
  return [
    "## In short",
    ...(objectives === null ? [] : [objectiveSummary(objectives)]),
    accuracySummary(results),
    "Integer steps against our float32 steps (fused, blocked, SIMD), stochastic rounding, least and most over the engines below; ▼ marks a loss. The gain " +
      "grows with the width and once the data leave the cache; narrow rows are faster in float32.",
    speedSummary(files),
  ].join("\n\n");
}

// --- training ---

function reached({ median, least, most }: Spread): string {
  const show = (value: number | null): string => (value === null ? "never" : String(value));
  if (median === null) return least === null ? "–" : `– (best ${least})`;
  return least === most ? show(median) : `${median} (${show(least)}–${show(most)})`;
}

function solverLabel({ solver, factor }: SolverRow): string {
  return factor === undefined ? solver : `${solver}: × ${factor}`;
}

function convergence(task: ConvergenceTask): string {
  const { name, description, rows, cols, outputs, runs, epochs, condition, solvers, sweeps } = task;
  const exponents = TARGETS.map((target) => target.toExponential(0));
  const main = table(
    ["solver", ...exponents.map((target) => `epochs to ${target}`), "final gap", "final gradient", "diverged"],
    solvers.map((row) => [
      solverLabel(row),
      ...row.epochs.map(reached),
      scientific(row.gap.median),
      scientific(row.gradient.median),
      row.diverged === 0 ? "" : `${row.diverged} of ${runs}`,
    ]),
  );
  const factors = [...new Set(sweeps.map(({ factor }) => factor as number))];
  const kinds = [...new Set(sweeps.map(({ solver }) => solver))];
  const sweep = table(
    ["mu ÷ its true value", ...kinds.map((kind) => kind.replace(", best mu", ""))],
    factors.map((factor) => [
      `× ${factor}`,
      ...kinds.map((kind) => {
        const row = sweeps.find((one) => one.solver === kind && one.factor === factor) as SolverRow;
        const medians = row.epochs.map(({ median }) => median ?? "–").join(" / ");
        return `${medians}; ${scientific(row.gap.median)}`;
      }),
    ]),
  );
  const size = outputs === 1 ? `${rows} × ${cols}` : `${rows} × ${cols}, ${outputs} classes`;
  return [
    `### ${name}`,
    `${size}: ${description}. L/mu ${condition.median?.toFixed(0)}; ${runs} runs of ${epochs} epochs.`,
    main,
    `HALP by mu, given as a multiple of the Hessian's smallest eigenvalue (medians of epochs to ${exponents.join(" / ")}; final gap):`,
    sweep,
  ].join("\n\n");
}

function images(task: ImageTask): string {
  const { name, rows, cols, outputs, epochs, solvers } = task;
  const total = ({ inner, exact }: { inner: number; exact: number }): number => inner + exact;
  const base = total((solvers[0] as (typeof solvers)[0]).seconds);
  const float32 = solvers.find(({ solver }) => solver === "SVRG float32")?.seconds.inner ?? Number.NaN;
  return [
    `### ${name}`,
    `${rows} × ${cols}, ${outputs} classes, intercepts fitted, pixels in [0, 1]; ${epochs} epochs each, one outer step of every solver in turn.`,
    table(
      [
        "solver",
        "test accuracy",
        "objective",
        "÷ float64's − 1",
        "s stochastic",
        "s exact",
        "outer steps per s, × float64",
        "stochastic steps per s, × float32",
      ],
      solvers.map(({ solver, accuracy, objective, excess, seconds }) => [
        solver,
        `${(100 * accuracy).toFixed(2)} %`,
        objective.toFixed(9),
        excess === 0 ? "0" : excess.toExponential(1),
        seconds.inner.toFixed(3),
        seconds.exact.toFixed(3),
        times(base / total(seconds)),
        times(float32 / seconds.inner),
      ]),
    ),
  ].join("\n\n");
}

function training(results: TrainingResults): string {
  return [
    "## Convergence",
    `Machine: ${machine(results.environment)}.`,
    "An epoch is one outer step: T = 2n stochastic steps, step size 1/(2L), one exact pass. The gap is (F − F*)/(F(0) − F*) with F on the original " +
      "data and F* from Newton's method in float64; the gradient is ‖∇F‖/‖∇F(0)‖. Medians over the runs, in brackets least and most; – means never. " +
      "Gaps below 1e-8 come from the Hessian's quadratic form; below about 1e-28 they only say that the weights agree to rounding. " +
      "Data codes are int8 except where float32 is said. The float64 reference is plain JavaScript on typed arrays, in the same coordinates, with its own " +
      "row order.",
    ...results.convergence.map(convergence),
    ...results.images.map(images),
  ].join("\n\n");
}

// --- kernels ---

const GROUPS: readonly (readonly [group: KernelGroup, title: string, text: string])[] = [
  ["dot", "Dots", "× our float32 dot. Includes a call from JavaScript for every row; rows are padded to 32 columns."],
  ["sweep", "Dots of many rows", "The same in one call for all rows, in cache. × our float32 dot."],
  [
    "stream",
    "Dots from memory",
    "Rows in order, fetched 16 KiB at a time as the solvers do; 2 GiB as float32, 128 MiB at 2 bits, which a large outermost cache may hold in part. × our float32 dot.",
  ],
  [
    "axpy",
    "Axpy",
    "z += k·x alone, z int8 for packed codes. × the fastest float32 form. A step on packed codes has at most 16 different updates: each is rounded once, then looked up.",
  ],
  [
    "pass",
    "Bare passes",
    "One update of the model part with a row and its dot with the next row, no scalar work. × the fastest float32 form on that engine (fused or not, " +
      "multiply-add or relaxed madd, 4 or 8 sums).",
  ],
  [
    "step",
    "Whole steps, logistic loss",
    "Single-sample steps around an anchor as solvers run them: row drawn, margin change, derivative, coefficient, pass; the dense term every 64 steps. × our " +
      "float32 step.",
  ],
  ["softmax", "Whole steps, softmax of 10 classes", "× our float32 step."],
  [
    "memory",
    "Whole steps from memory, logistic loss",
    "256 MiB of int8 codes (1 GiB of float32, 128 or 64 MiB packed): more than a cache holds. Rows drawn one by one, or blocks of 32 neighbours from shuffled codes " +
      '(`sampling: "blocks"`). × our float32 step in blocks.',
  ],
  [
    "epoch",
    "SGD from memory, logistic loss",
    "Plain SGD without regulariser on the same sets, in blocks: what one epoch costs by the bits of the data. × our float32 step.",
  ],
];
const BASE_UNIT: Record<KernelGroup, readonly [unit: number, text: string]> = {
  dot: [1e9, "per ns"],
  axpy: [1e9, "per ns"],
  sweep: [1e9, "per ns"],
  stream: [1e9, "per ns"],
  pass: [1e9, "per ns"],
  step: [1e6, "M/s"],
  softmax: [1e3, "k/s"],
  memory: [1e6, "M/s"],
  epoch: [1e6, "M/s"],
};

function columnName({ environment: { node, variant } }: KernelResults): string {
  return `Node ${String(node).slice(1).split(".")[0]} ${variant}`;
}

function kernelTable(files: readonly KernelResults[], group: KernelGroup): string {
  const all = files.flatMap(({ results }) => results).filter((row) => row.group === group);
  const widths = [...new Set(all.map(({ columns }) => columns))];
  const [unit, text] = BASE_UNIT[group];
  const isOurs = ({ name }: KernelRow): boolean => !name.startsWith("C ");
  const names = [...new Set(all.filter(isOurs).map(({ name }) => name))];
  const rows = widths.flatMap((width) =>
    names.map((name) => [
      String(width),
      name,
      ...files.map(({ results }) => {
        const row = results.find((one) => one.group === group && one.name === name && one.columns === width);
        if (row === undefined) return "";
        if (row.ratio === 1) return `1 (${(row.rate / unit).toPrecision(3)} ${text})`;
        return name.startsWith("float32") ? row.ratio.toFixed(2) : times(row.ratio);
      }),
    ]),
  );
  return table(["d", "kernel", ...files.map(columnName)], rows, 2);
}

/** Our dots as a fraction of the same dot in C. */
function nativeTable(files: readonly KernelResults[]): string | null {
  const measured = files.filter(({ compiler }) => compiler !== null);
  const first = measured[0];
  if (first === undefined) return null;
  const dots = first.results.filter(({ group }) => group === "dot");
  const pairs = dots.filter(({ name }) => dots.some((other) => other.name === `C ${name}`));
  const rows = pairs.map(({ name, columns }) => [
    String(columns),
    name,
    ...measured.map(({ results }) => {
      const rates = (wanted: string): readonly number[] =>
        results.find((one) => one.group === "dot" && one.name === wanted && one.columns === columns)?.rates ?? [];
      return pairedRatio(rates(name), rates(`C ${name}`)).toFixed(2);
    }),
  ]);
  return [
    "### The native ceiling",
    `Our dots as a fraction of C with 128-bit intrinsics (${first.compiler}, -O3 -march=native), measured in turn in the same rounds.`,
    table(["d", "kernel", ...measured.map(columnName)], rows, 2),
  ].join("\n\n");
}

function kernels(files: readonly KernelResults[]): string {
  const losses = files.flatMap(({ results }) =>
    results.filter(({ name, ratio }) => ratio < 1 && !/^(C |float32)/.test(name)),
  );
  const total = files.flatMap(({ results }) => results.filter(({ name }) => !/^(C |float32)/.test(name)));
  const native = nativeTable(files);
  return [
    "## Kernels",
    files.map((file) => `- ${columnName(file)}: ${machine(file.environment)}`).join("\n"),
    "Data fit the L2 cache where nothing else is said. All cases of one table column and one d ran in turn in the same rounds; the figures are ratios inside a round, their medians. ▼ marks a " +
      `loss against float32: ${losses.length} of ${total.length} integer cases.`,
    ...GROUPS.filter(([group]) => files.some(({ results }) => results.some((row) => row.group === group))).flatMap(
      ([group, title, text]) => [`### ${title}`, text, kernelTable(files, group)],
    ),
    ...(native === null ? [] : [native]),
  ].join("\n\n");
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as T;
}

const names = existsSync(FOLDER) ? readdirSync(FOLDER).sort() : [];
const parts = [
  "<!-- GENERATED by bench/report.ts from bench/results/. Do not edit. -->",
  "# Benchmarks",
  "Figures of one machine. `npm run bench` (or its parts `bench:kernels`, `bench:training`, `bench:objective`) and `npm run bench:report` make them anew; " +
    "[numerics.md](numerics.md) says what the formats are.",
];
const trained = names.includes("training.json") ? read<TrainingResults>("training.json") : null;
const kernelFiles = names.filter((name) => /^kernels-.*\.json$/.test(name)).map((name) => read<KernelResults>(name));
const objectives = names.includes("objective.json") ? read<ObjectiveResults>("objective.json") : null;
if (trained !== null && kernelFiles.length > 0) parts.push(summary(trained, kernelFiles, objectives));
if (objectives !== null) {
  parts.push(objectiveSection(objectives, CURVES));
  const folder = join(dirname(OUT), CURVES);
  mkdirSync(folder, { recursive: true });
  for (const set of objectives.sets) writeFileSync(join(folder, `${set.name}.svg`), curvesSvg(set));
}
if (names.includes("objective-node20.json")) parts.push(plainSection(read<ObjectiveResults>("objective-node20.json")));
if (names.includes("robustness.json")) parts.push(robustnessSection(read<RobustnessResults>("robustness.json")));
if (names.includes("few-bits.json")) parts.push(fewBitsSection(read<FewBitsResults>("few-bits.json")));
if (names.includes("sparse.json")) parts.push(sparseSection(read<SparseResults>("sparse.json")));
if (trained !== null) parts.push(training(trained));
if (kernelFiles.length > 0) parts.push(kernels(kernelFiles));
const batchFiles = names.filter((name) => /^batches-.*\.json$/.test(name)).map((name) => read<BatchResults>(name));
if (batchFiles.length > 0) parts.push(batchSection(batchFiles));
if (names.includes("levels.json")) parts.push(levelSection(read<LevelResults>("levels.json")));
writeFileSync(OUT, `${parts.join("\n\n")}\n`);
console.log(`written to ${OUT}`);
