// One problem, or one per class against the rest on one shared dataset, from start to stop: which solver, when it ends, what is kept of each outer step.
import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../data/engine.js";
import type { LossName, Problem, Weights } from "../data/problem.js";
import type { Steps, Work } from "../engine/work.js";
import { STEPS } from "../solvers/steps.js";
import { log } from "./elementary.js";
import { mapped } from "./labels.js";
import type { Settings } from "./options.js";

/** Why a fit ended. */
export type Ending = "converged" | "stalled" | "maxPasses" | "outerSteps" | "diverged" | "validation";

/** What solvers report, as far as it matters here. */
interface SolverStep extends Weights {
  readonly outerStep: number;
  readonly passes: number;
  readonly exactPasses?: number;
  readonly objective: number;
  readonly gradientNorm: number;
  readonly gap?: number;
  readonly isConverged?: boolean;
  readonly isStalled?: boolean;
  readonly isDiverged?: boolean;
}

/** Outer steps without end: what ends a stochastic run is tol or maxPasses. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

function solverRun(problem: Problem, { solver, tol, seed, bits }: Settings, start: Weights | null): Steps<SolverStep> {
  const from = start === null ? {} : { start };
  switch (solver) {
    case "auto":
    case "newton":
      return STEPS[solver](problem, { tol, seed, ...from });
    case "zipml":
      return STEPS.zipml(problem, { seed, outerSteps: ENDLESS, bits, ...from });
    default:
      return STEPS[solver](problem, { seed, outerSteps: ENDLESS, ...from });
  }
}

/** What one problem looks like after an outer step. */
export interface OuterStep {
  /** The weights to keep: the present ones, with validation the best so far. */
  readonly weights: Weights;
  readonly outerStep: number;
  readonly passes: number;
  readonly exactPasses: number;
  /** At the present weights. */
  readonly objective: number;
  readonly gradientNorm: number;
  /** How much of the way is done, as far as one can tell; never falls. */
  readonly fraction: number;
  /** Whether there is a finished outer step behind the weights, or nothing to do. */
  readonly isUsable: boolean;
}

export interface Trained extends OuterStep {
  readonly ending: Ending;
  /** Lowest validation loss and its outer step, or null without validation. */
  readonly best: { readonly loss: number; readonly outerStep: number } | null;
}

/** How the weights do on rows held out, or null. */
export type Validate = (weights: Weights) => Work<number>;

/** Follows a solver to its end. `visit` hears of every outer step; pauses are passed on. */
export function* train(
  problem: Problem,
  settings: Settings,
  start: Weights | null,
  validate: Validate | null,
  visit: (step: OuterStep) => void,
): Work<Trained> {
  const { tol, maxPasses, patience } = settings;
  const isNewton = settings.solver === "auto" || settings.solver === "newton";
  // the norm that tol refers to is that of zero weights, wherever the run begins
  let zeroNorm = isNewton || start === null ? 0 : yield* zeroGradient(problem);
  let best: Trained["best"] = null;
  let kept: Weights | null = null;
  let last: OuterStep | null = null;
  let fraction = 0;
  const run = solverRun(problem, settings, start);
  try {
    for (;;) {
      const { done, value: step } = run.next();
      if (done) return { ...(last as unknown as OuterStep), ending: "outerSteps", best };
      if (step === undefined) {
        yield;
        continue;
      }
      const { outerStep, passes, exactPasses = 0, objective, gradientNorm } = step;
      if (zeroNorm === 0) zeroNorm = gradientNorm;
      if (step.isDiverged === true) {
        const facts = { outerStep, passes, exactPasses, objective, gradientNorm, fraction };
        return { weights: kept ?? step, isUsable: last?.isUsable === true, ...facts, ending: "diverged", best };
      }
      if (validate === null) kept = step;
      else {
        const loss = yield* validate(step);
        if (best === null || loss < best.loss) {
          best = { loss, outerStep };
          kept = step;
        }
      }
      const isConverged = isNewton ? step.isConverged === true : gradientNorm <= tol * zeroNorm;
      const ending: Ending | null = isConverged
        ? "converged"
        : step.isStalled === true
          ? "stalled"
          : best !== null && outerStep - best.outerStep >= patience
            ? "validation"
            : maxPasses !== null && passes + exactPasses >= maxPasses
              ? "maxPasses"
              : null;
      const done1 = isNewton ? part(step.gap as number, tol * tol) : part(gradientNorm / zeroNorm, tol);
      fraction = Math.max(fraction, done1, maxPasses === null ? 0 : Math.min(1, (passes + exactPasses) / maxPasses));
      if (ending !== null) fraction = 1;
      const { coef, intercept } = kept as Weights;
      last = {
        weights: { coef, intercept },
        outerStep,
        passes,
        exactPasses,
        objective,
        gradientNorm,
        fraction,
        isUsable: outerStep > 0 || ending !== null,
      };
      visit(last);
      if (ending !== null) return { ...last, ending, best };
      yield;
    }
  } finally {
    run.return();
  }
}

/** How far a quantity that begins near 1 has come on its way to `goal`, on a logarithmic scale. */
function part(now: number, goal: number): number {
  if (!(now > goal)) return 1;
  return now >= 1 || goal >= 1 ? 0 : log(now) / log(goal);
}

function* zeroGradient(problem: Problem): Work<number> {
  const { outputs, dataset } = problem;
  const zeros = { coef: new Float64Array(outputs * dataset.cols), intercept: new Float64Array(outputs) };
  return (yield* problem.evaluateWork(zeros)).gradientNorm;
}

/** What is to be learnt from a dataset. */
export interface Task {
  readonly loss: LossName;
  /** Problems: the number of classes where each is set against the rest, else 1. */
  readonly problems: number;
  /** Per row: the place of its class, or its target. */
  readonly targets: Float64Array;
}

/** ±1 for class k against the rest. */
export function against(targets: Float64Array, k: number): Work<Float64Array> {
  return mapped(targets, (place) => (place === k ? 1 : -1));
}

export interface TaskStep extends OuterStep {
  /** Which of the problems this is, 0-based. */
  readonly problem: number;
}

export interface TaskResult {
  readonly weights: Weights;
  readonly passes: number;
  readonly exactPasses: number;
  readonly outerSteps: number;
  /** Sum over the problems at the returned weights. */
  readonly objective: number;
  /** √(Σ ‖∇F‖²) over the problems. */
  readonly gradientNorm: number;
  /** The first ending of a problem that has not converged, else "converged". */
  readonly ending: Ending;
  readonly isConverged: boolean;
  readonly isUsable: boolean;
  readonly validation: { readonly loss: number; readonly outerSteps: readonly number[] } | null;
}

/** Where the caller's validation wants a part of the problems. */
export type ValidateTask = (problem: number, weights: Weights) => Work<number>;

/**
 * Trains all problems of a task, one after the other, on one dataset.
 * start: weights of all outputs, or null. present: outputs × cols and outputs, which always hold the best that is known: a start, else the constant scores
 * that suit the classes, then one finished outer step after the other.
 */
export function* trainTask(
  engine: Engine,
  dataset: Dataset,
  task: Task,
  settings: Settings,
  start: Weights | null,
  validate: ValidateTask | null,
  visit: (step: TaskStep, present: Weights) => void,
): Work<TaskResult> {
  const { problems, targets } = task;
  const { cols } = dataset;
  const problemOptions = {
    loss: task.loss,
    l1: settings.l1,
    l2: settings.l2,
    fitIntercept: settings.fitIntercept,
    epsilon: settings.epsilon,
  };
  const results: Trained[] = [];
  let present = start;
  let [objective, squares] = [0, 0];
  const sum = (of: (step: OuterStep) => number): number => results.reduce((total, step) => total + of(step), 0);
  for (let k = 0; k < problems; k++) {
    // the dataset's labels are ours, and a problem copies them
    if (problems > 1) dataset.labels?.set(yield* against(targets, k));
    const problem = yield* engine.problemWork(dataset, problemOptions);
    try {
      const own = present === null || start === null ? null : slice(start, k, problems, cols);
      const trained: Trained = yield* train(
        problem,
        settings,
        own,
        validate === null ? null : (weights) => validate(k, weights),
        (step) => {
          if (step.isUsable) present = place(present, step.weights, k, problems, cols, targets, settings.fitIntercept);
          const fraction = (k + step.fraction) / problems;
          const passes = sum((other) => other.passes) + step.passes;
          const exactPasses = sum((other) => other.exactPasses) + step.exactPasses;
          const all = { ...step, fraction, passes, exactPasses, problem: k };
          visit(all, present ?? step.weights);
        },
      );
      if (trained.isUsable) {
        present = place(present, trained.weights, k, problems, cols, targets, settings.fitIntercept);
      }
      // with validation and after divergence, the last point is not the one that is kept
      const isLast =
        trained.ending !== "diverged" && (trained.best === null || trained.best.outerStep === trained.outerStep);
      const facts = isLast ? trained : yield* problem.evaluateWork(trained.weights);
      objective += facts.objective;
      squares += facts.gradientNorm * facts.gradientNorm;
      results.push(trained);
    } finally {
      problem.dispose();
    }
  }
  const unconverged = results.find(({ ending }) => ending !== "converged");
  return {
    weights: present ?? (results[0] as Trained).weights,
    passes: sum((step) => step.passes),
    exactPasses: sum((step) => step.exactPasses),
    outerSteps: sum((step) => step.outerStep),
    objective,
    gradientNorm: Math.sqrt(squares),
    ending: unconverged?.ending ?? "converged",
    isConverged: unconverged === undefined,
    isUsable: results.some(({ isUsable }) => isUsable),
    validation:
      validate === null
        ? null
        : {
            loss: results.reduce((total, { best }) => total + (best?.loss ?? 0), 0),
            outerSteps: results.map(({ best }) => best?.outerStep ?? 0),
          },
  };
}

function slice({ coef, intercept }: Weights, k: number, problems: number, cols: number): Weights {
  if (problems === 1) return { coef, intercept };
  return { coef: coef.subarray(k * cols, (k + 1) * cols), intercept: intercept.subarray(k, k + 1) };
}

/** The weights of all outputs with those of problem k replaced, in arrays of their own. */
function place(
  present: Weights | null,
  own: Weights,
  k: number,
  problems: number,
  cols: number,
  targets: Float64Array,
  fitIntercept: boolean,
): Weights {
  if (problems === 1) return own;
  const coef = present === null ? new Float64Array(problems * cols) : present.coef.slice();
  const intercept = present === null ? constants(targets, problems, fitIntercept) : present.intercept.slice();
  coef.set(own.coef, k * cols);
  intercept.set(own.intercept, k);
  return { coef, intercept };
}

/** Scores of classes that are not trained yet: the mean of their ±1, which is the best constant for the squared hinge. */
function constants(targets: Float64Array, problems: number, fitIntercept: boolean): Float64Array {
  const scores = new Float64Array(problems);
  if (!fitIntercept) return scores;
  for (const k of targets) scores[k] = (scores[k] as number) + 2 / targets.length;
  return scores.map((share) => share - 1);
}
