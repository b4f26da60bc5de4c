// npm run bench:robustness [-- --from N] [-- --count N] [-- --seeds N] [-- --out FILE]
// `auto` with default options on random problems of every kind (test/support/problems.ts), a few seeds each. The gap of every answer is certified by the
// oracle, ½·gᵀH⁻¹g in float64 (test/oracle/objective.ts). A complete run is written to bench/results/robustness.json, a partial one only where --out says.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { auto, createEngine, type Problem as EngineProblem, type NewtonReport } from "../bindings/index.js";
import { median } from "../reproduce/measures.js";
import { minimiseHinge } from "../test/oracle/interior.js";
import { joinParameters, objective, type Problem, remainingGap } from "../test/oracle/objective.js";
import { randomProblem } from "../test/support/problems.js";
import { type Miss, ROBUSTNESS_TARGETS, type RobustnessResults } from "./robustness-results.js";
import { environment } from "./rounds.js";

const COUNT = 208;
const SEEDS = 3;
/** What default options promise. */
const PROMISE = 1e-9;
/** An exact pass reads floats or two planes: it counts as much as three passes over codes. */
const EXACT_PRICE = 3;

const { values: args } = parseArgs({
  options: {
    from: { type: "string", default: "0" },
    count: { type: "string", default: String(COUNT) },
    seeds: { type: "string", default: String(SEEDS) },
    out: { type: "string" },
  },
});
const [from, count, seeds] = [Number(args.from), Number(args.count), Number(args.seeds)];
const isComplete = from === 0 && count >= COUNT && seeds >= SEEDS;

interface Run {
  readonly name: string;
  readonly gap: number;
  readonly final: NewtonReport;
  /** Passes, exact ones at their price, to each target. */
  readonly passes: readonly number[];
  readonly hasRisen: boolean;
}

/**
 * F − F* at the end of a run. Where the certificate is not good enough, that of a point further on serves, plus the difference of the objectives: squared hinge has kinks,
 * and beside one the quadratic model of a point that is good to 1e-12 may promise much more.
 */
function distance(exact: Problem, end: NewtonReport, problem: EngineProblem): number {
  const certified = ({ coef, intercept }: NewtonReport): number =>
    remainingGap(exact, joinParameters(exact, coef, intercept));
  const own = certified(end);
  if (own <= 1e-10 * end.objective) return own;
  let further = end;
  for (const report of auto(problem, { tol: 1e-9 })) further = report;
  return Math.min(own, Math.max(0, end.objective - further.objective) + certified(further));
}

/** The noise that the solver itself allows. */
function hasRisen(reports: readonly NewtonReport[]): boolean {
  return reports.some(({ objective }, i) => objective > (reports[i - 1]?.objective ?? Infinity) * (1 + 2 ** -47));
}

const runs: Run[] = [];
let problems = 0;
/** Those with squared hinge once more with hinge: F* lies between the oracle's bounds, and the lower one counts. */
const hinge = { problems: 0, runs: 0, risen: 0, misses: [] as Miss[], steps: [] as number[] };
for (let index = from; index < from + count; index++) {
  const drawn = randomProblem(index);
  if (drawn === null) continue;
  problems++;
  const { name, data, rows, cols, labels, loss, l2, classes, fitIntercept } = drawn;
  const exact: Problem = {
    values: Float64Array.from(data),
    rows,
    cols,
    labels,
    loss,
    classes,
    l2,
    intercept: fitIntercept,
  };
  const engine = createEngine();
  const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss, l2, fitIntercept });
  for (let seed = 0; seed < seeds; seed++) {
    const reports = [...auto(problem, { seed })];
    const [first, final] = [reports[0] as NewtonReport, reports.at(-1) as NewtonReport];
    const left = distance(exact, final, problem);
    const total = first.objective - final.objective + left;
    const optimum = final.objective - left;
    const passes = ROBUSTNESS_TARGETS.map((target) => {
      const reached = reports.find(({ objective }) => objective - optimum <= target * total);
      return reached === undefined ? Number.POSITIVE_INFINITY : reached.passes + EXACT_PRICE * reached.exactPasses;
    });
    const run = { name, gap: left / total, final, passes, hasRisen: hasRisen(reports) };
    runs.push(run);
    if (!(run.gap <= PROMISE) || run.hasRisen) {
      console.log(
        `${name}, seed ${seed}: gap ${run.gap.toExponential(1)}${run.hasRisen ? ", the objective has risen" : ""}`,
      );
    }
  }
  if (loss === "squaredHinge") {
    hinge.problems++;
    const { lower, zero } = minimiseHinge({ ...exact, loss: "hinge" });
    const sharp = engine.problem(problem.dataset, { loss: "hinge", l2, fitIntercept });
    for (let seed = 0; seed < seeds; seed++) {
      const reports = [...auto(sharp, { seed })];
      const final = reports.at(-1) as NewtonReport;
      const value = objective({ ...exact, loss: "hinge" }, joinParameters(exact, final.coef, final.intercept));
      const gap = (value - lower) / (zero - lower);
      const title = name.replace("squaredHinge", "hinge");
      hinge.runs++;
      hinge.steps.push(final.outerStep);
      if (hasRisen(reports)) hinge.risen++;
      if (!(gap <= PROMISE)) {
        hinge.misses.push({ name: title, gap, outerSteps: final.outerStep, isConverged: final.isConverged });
        console.log(`${title}, seed ${seed}: gap ${gap.toExponential(1)}`);
      }
    }
  }
  engine.dispose();
}

const quantile = (values: readonly number[], part: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number;
  return Number.isFinite(value) ? value : null;
};
const misses: Miss[] = runs
  .filter(({ gap }) => !(gap <= PROMISE))
  .map(({ name, gap, final }) => ({ name, gap, outerSteps: final.outerStep, isConverged: final.isConverged }));
const results: RobustnessResults = {
  environment: environment(createEngine().variant),
  problems,
  seeds,
  promise: PROMISE,
  runs: runs.length,
  risen: runs.filter(({ hasRisen }) => hasRisen).length,
  misses,
  passes: ROBUSTNESS_TARGETS.map((_, t) => {
    const all = runs.map(({ passes }) => passes[t] as number);
    return { median: median(all), most90: quantile(all, 0.9), most: quantile(all, 1) };
  }),
  hinge: {
    problems: hinge.problems,
    runs: hinge.runs,
    risen: hinge.risen,
    misses: hinge.misses,
    outerSteps: { median: median(hinge.steps), most: Math.max(...hinge.steps) },
  },
};
console.log(
  `${problems} problems × ${seeds} seeds: ${runs.length - misses.length} of ${runs.length} runs within ${PROMISE}; passes to ${ROBUSTNESS_TARGETS.join(" / ")}: median ${results.passes.map((p) => p.median.toFixed(0)).join(" / ")}`,
);
console.log(`hinge: ${hinge.runs - hinge.misses.length} of ${hinge.runs} runs within ${PROMISE}`);
const out = args.out ?? (isComplete ? "bench/results/robustness.json" : null);
if (out !== null) {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
}
