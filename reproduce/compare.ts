// Runs the solvers of one task side by side, one outer step each in turn, so that all of them see the same machine.
import {
  createEngine,
  type Dataset,
  type Engine,
  halp,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  svrg,
} from "../bindings/index.js";
import { accuracy, median } from "./measures.js";
import type { Family, Point, Run, Sample, Task } from "./report.js";
import type { Rows, TaskInput } from "./tasks.js";

interface Settings {
  readonly seed: number;
  readonly outerSteps: number;
  /** Row by row, as published, also where the set is large. */
  readonly sampling: "uniform";
}

interface Competitor {
  readonly name: string;
  readonly family: Family;
  readonly bits: 8 | 16 | 32;
  readonly start: (problem: Problem, options: Settings) => Iterator<StepReport, void>;
}

const COMPETITORS: readonly Competitor[] = [
  { name: "SVRG float32", family: "float", bits: 32, start: (problem, options) => svrg(problem, options) },
  { name: "LP-SGD 8-bit", family: "lp-sgd", bits: 8, start: (p, options) => lpSgd(p, { ...options, bits: 8 }) },
  { name: "LP-SGD 16-bit", family: "lp-sgd", bits: 16, start: (p, options) => lpSgd(p, { ...options, bits: 16 }) },
  { name: "LP-SVRG 8-bit", family: "lp-svrg", bits: 8, start: (p, options) => lpSvrg(p, { ...options, bits: 8 }) },
  { name: "LP-SVRG 16-bit", family: "lp-svrg", bits: 16, start: (p, options) => lpSvrg(p, { ...options, bits: 16 }) },
  { name: "HALP 8-bit", family: "halp", bits: 8, start: (p, options) => halp(p, { ...options, bits: 8 }) },
  { name: "HALP 16-bit", family: "halp", bits: 16, start: (p, options) => halp(p, { ...options, bits: 16 }) },
];

/** Outer steps that the best solver may take beyond the table, so that the optimum is known better than any entry. */
const REFERENCE_STEPS = 100;
/** Relative gradient norm at which the optimum counts as known: the gap is about its square. */
const REFERENCE_NORM = 1e-9;

/** Test images shown in the report. */
const SAMPLES = 48;
/** Solvers whose predictions stand under the images. */
const SHOWN = ["SVRG float32", "LP-SVRG 8-bit", "HALP 8-bit"];

interface Track {
  readonly competitor: Competitor;
  readonly steps: Iterator<StepReport, void>;
  readonly reports: StepReport[];
  /** Inner milliseconds per pass of every outer step. */
  readonly perPass: number[];
}

/** Adds the next report; false when the solver has ended. */
function advance(track: Track): boolean {
  const { done, value } = track.steps.next();
  if (done) return false;
  const before = track.reports.at(-1);
  track.reports.push(value as StepReport);
  if (before !== undefined) {
    const passes = (value as StepReport).passes - before.passes;
    if (passes > 0) track.perPass.push((((value as StepReport).seconds.inner - before.seconds.inner) * 1000) / passes);
  }
  return true;
}

/** Objective of the solver that came closest, taken on until its gradient has all but vanished. Not part of the table. */
function referenceOptimum(tracks: readonly Track[], start: StepReport): number {
  const normOf = ({ reports }: Track): number => (reports.at(-1) as StepReport).gradientNorm / start.gradientNorm;
  const best = tracks.reduce((one, other) => (normOf(other) < normOf(one) ? other : one));
  let last = best.reports.at(-1) as StepReport;
  while (last.gradientNorm > REFERENCE_NORM * start.gradientNorm) {
    const { done, value } = best.steps.next();
    if (done) break;
    last = value as StepReport;
  }
  return last.objective;
}

/** Every n-th test image with what some of the models say about it. */
function samplesOf(problem: Problem, test: Dataset, rows: Rows, tracks: readonly Track[]): Sample[] {
  const { outputs } = problem;
  const stride = Math.max(1, Math.floor(rows.rows / SAMPLES));
  const shown = tracks.filter(({ competitor }) => SHOWN.includes(competitor.name));
  const margins = shown.map(({ reports }) => problem.margins(reports.at(-1) as StepReport, test));
  return Array.from({ length: Math.min(SAMPLES, rows.rows) }, (_, i) => {
    const row = i * stride;
    return {
      pixels: Uint8Array.from(rows.data.subarray(row * rows.cols, (row + 1) * rows.cols)),
      label: rows.labels[row] as number,
      predictions: shown.map(({ competitor }, s) => {
        const scores = (margins[s] as Float64Array).subarray(row * outputs, (row + 1) * outputs);
        const top = scores.indexOf(Math.max(...scores));
        const total = scores.reduce((sum, score) => sum + Math.exp(score - (scores[top] as number)), 0);
        return { solver: competitor.name, label: problem.classes[top] as number, probability: 1 / total };
      }),
    };
  });
}

function settingsOf(track: Track): string {
  const last = track.reports.at(-1) as StepReport;
  const parts = [`α ${last.stepSize.toPrecision(3)}`, "T = 2n"];
  if (last.mu > 0) parts.push(`mu ${last.mu.toPrecision(2)} (auto)`);
  return parts.join(", ");
}

/** Runs one task with every solver; `progress` gets a number from 0 to 1. */
export function compare(
  input: TaskInput,
  seed: number,
  progress: (fraction: number) => void,
): { task: Task; engine: string } {
  const engine: Engine = createEngine();
  const { train, test, outerSteps } = input;
  const dataset = engine.dataset(train, train.labels, { bits: 8 });
  const problem = engine.problem(dataset, { loss: input.loss, l2: input.l2, fitIntercept: input.fitIntercept });
  const settings = { seed, sampling: "uniform" } as const;
  // warm-up, not counted: the engine compiles hot code in the background, and whoever runs first would pay for all
  for (const competitor of COMPETITORS) {
    const steps = competitor.start(problem, { ...settings, outerSteps: 2 });
    while (!steps.next().done);
  }
  const tracks: Track[] = COMPETITORS.map((competitor) => ({
    competitor,
    steps: competitor.start(problem, { ...settings, outerSteps: outerSteps + REFERENCE_STEPS }),
    reports: [],
    perPass: [],
  }));
  for (let step = 0; step <= outerSteps; step++) {
    tracks.forEach((track, i) => {
      advance(track);
      progress((step * tracks.length + i + 1) / ((outerSteps + 1) * tracks.length));
    });
  }

  const start = tracks[0]?.reports[0] as StepReport;
  const objectives = tracks.flatMap(({ reports }) => reports.map(({ objective }) => objective));
  const optimum = Math.min(...objectives.filter(Number.isFinite), referenceOptimum(tracks, start));
  const base = median((tracks[0] as Track).perPass);
  const testSet = test === null ? null : engine.dataset(test, test.labels);
  const solvers = tracks.map((track): Run => {
    const points = track.reports.map(
      (report): Point => ({
        passes: report.passes,
        seconds: report.seconds.inner + report.seconds.exact,
        gradientNorm: report.gradientNorm / start.gradientNorm,
        gap: (report.objective - optimum) / (start.objective - optimum),
        objective: report.objective,
      }),
    );
    const last = track.reports.at(-1) as StepReport;
    const { gap, gradientNorm, passes } = points.at(-1) as Point;
    const msPerPass = median(track.perPass);
    const final = { gap, gradientNorm, passes, msPerPass, speedRatio: base / msPerPass, saturated: last.saturated };
    const { name, family, bits } = track.competitor;
    return {
      name,
      family,
      bits,
      settings: settingsOf(track),
      points,
      final: testSet === null ? final : { ...final, accuracy: accuracy(problem, testSet, last) },
    };
  });
  const task: Task = {
    name: input.name,
    description: input.description,
    rows: train.rows,
    cols: train.cols,
    classes: problem.outputs,
    l2: input.l2Scaled,
    f0: start.objective,
    optimum,
    solvers,
    ...(testSet === null || test === null ? {} : { samples: samplesOf(problem, testSet, test, tracks) }),
  };
  const variant = engine.variant;
  engine.dispose();
  return { task, engine: variant };
}
