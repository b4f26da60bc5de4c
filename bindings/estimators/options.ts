// Options of the estimators: names, ranges and defaults, all in one place.

import type { DataBits } from "../data/dataset.js";
import { Engine } from "../data/engine.js";
import type { Variant } from "../engine/load.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { type ClassWeights, checkClassWeight, type Label } from "./labels.js";

export type SolverName = "auto" | "newton" | "halp" | "svrg" | "saga" | "sgd" | "lp-sgd" | "lp-svrg" | "zipml";
export type Penalty = "l2" | "l1" | "elasticnet";

export const SOLVERS: readonly SolverName[] = [
  "auto",
  "newton",
  "halp",
  "svrg",
  "saga",
  "sgd",
  "lp-sgd",
  "lp-svrg",
  "zipml",
];

/** Gaps below tol² leave this many digits of the weights: at 1e-6 up to 4e-5 of the largest weight were missing (a9a, squared hinge), at 1e-8 at most 3e-7. */
const TOL = 1e-8;
const STOCHASTIC_TOL = 1e-6;

export interface EstimatorOptions {
  /** Strength λ ≥ 0 of the penalty, beside the *mean* loss: scikit-learn's C is 1/(λ·rows), its Ridge's alpha λ·rows. In the units of your columns. Default 1e-4 for
   *  classifiers, 0 for LinearRegression. */
  readonly alpha?: number;
  /** The same as `alpha`; give one of them. */
  readonly l2?: number;
  /** "l2" (default): λ/2 ‖w‖². "l1": λ‖w‖₁. "elasticnet": λ(l1Ratio‖w‖₁ + (1 − l1Ratio)/2 ‖w‖²). The intercept is never penalised.
   *  l1 makes weights that are not worth it exactly 0; solvers "auto" and "newton", not for loss "hinge". */
  readonly penalty?: Penalty;
  /** penalty "elasticnet": part of the l1 norm, from 0 to 1 (default 0.5). */
  readonly l1Ratio?: number;
  /** "auto" (default) has nothing to tune and cannot diverge; the stochastic ones are for study. */
  readonly solver?: SolverName;
  /** Bits of a data code: 8 (default), 16, 4 or 2. They decide how fast a solver gets there, not where. solver "zipml": bits of its samples. */
  readonly bits?: DataBits;
  /** Default true. */
  readonly fitIntercept?: boolean;
  /** "auto", "newton": the fit ends when the estimated gap (F − F*)/(F(0) − F*) is below tol² (default 1e-8: six digits of the weights, also where columns are nearly dependent);
   *  the others: when ‖∇F‖ is below tol times that of zero weights (default 1e-6). */
  readonly tol?: number;
  /** Most passes over the rows, exact ones included; the fit ends after the outer step that reaches them. Default: 200 for stochastic solvers; "auto" and "newton" end by themselves. */
  readonly maxPasses?: number;
  /** Whole number from 0 to 2³² − 1 (default 0). Same seed, same bits, everywhere. */
  readonly seed?: number;
  /** Continue from the fitted weights when the next fit has as many columns and the same classes (default false). */
  readonly warmStart?: boolean;
  /** With `validation`: outer steps without a lower validation loss after which a fit ends (default 3). */
  readonly patience?: number;
  /** Train on this engine and leave it alive. Default: an engine for each fit, disposed when it ends. */
  readonly engine?: Engine;
  /** As for createEngine: force a module, or bring a compiled one. */
  readonly variant?: Variant;
  readonly module?: WebAssembly.Module;
}

export interface ClassifierOptions extends EstimatorOptions {
  /** "balanced": rows/(classes × rows of the class); or weights by label, 1 for classes that are not named. They multiply `sampleWeight`. */
  readonly classWeight?: "balanced" | ClassWeights;
}

export interface Settings {
  /** λ; l1 and l2 are its parts. */
  readonly strength: number;
  readonly l1: number;
  readonly l2: number;
  readonly solver: SolverName;
  readonly bits: DataBits;
  readonly fitIntercept: boolean;
  readonly tol: number;
  /** null: none but the solver's own. */
  readonly maxPasses: number | null;
  readonly seed: number;
  readonly classWeight: Map<Label, number> | "balanced" | null;
  readonly warmStart: boolean;
  readonly patience: number;
  readonly engine: Engine | null;
  readonly engineOptions: { readonly variant?: Variant; readonly module?: WebAssembly.Module };
  /** Huber's threshold. */
  readonly epsilon: number;
}

const COMMON = [
  "alpha",
  "l2",
  "penalty",
  "l1Ratio",
  "solver",
  "bits",
  "fitIntercept",
  "tol",
  "maxPasses",
  "seed",
  "warmStart",
  "patience",
  "engine",
  "variant",
  "module",
];
/** Of an engine, not of a model: JSON leaves them away. */
export const HOST_OPTIONS: readonly string[] = ["engine", "variant", "module"];
const UINT32_MAX = 4_294_967_295;
const STOCHASTIC_PASSES = 200;

function bad(where: string, sentence: string): never {
  throw new BitcenterError("BAD_OPTION", `${where}: ${sentence}`);
}

/** λ and its parts: λ₁‖w‖₁ + λ₂/2 ‖w‖². */
function checkPenalty(
  where: string,
  options: EstimatorOptions,
  fallback: number,
): Pick<Settings, "strength" | "l1" | "l2"> {
  if (options.alpha !== undefined && options.l2 !== undefined) {
    bad(where, `alpha and l2 are the same option, given alpha: ${show(options.alpha)} and l2: ${show(options.l2)}`);
  }
  const name = options.l2 === undefined ? "alpha" : "l2";
  const strength = number(where, name, options[name], { min: 0 }, fallback);
  const penalty = oneOf(where, "penalty", options.penalty, ["l2", "l1", "elasticnet"] as const, "l2");
  if (options.l1Ratio !== undefined && penalty !== "elasticnet") {
    bad(where, `l1Ratio belongs to penalty: "elasticnet", given penalty: ${show(penalty)}`);
  }
  const ratio = number(where, "l1Ratio", options.l1Ratio, { min: 0, max: 1 }, 0.5);
  const part = penalty === "l2" ? 0 : penalty === "l1" ? 1 : ratio;
  return { strength, l1: strength * part, l2: strength * (1 - part) };
}

/** Checks all options but those that only one estimator has, whose names are `more`. */
export function checkOptions(
  where: string,
  options: ClassifierOptions & { readonly epsilon?: number },
  strength: number,
  isClassifier: boolean,
  more: readonly string[],
): Settings {
  checkNames(where, options, [...COMMON, ...(isClassifier ? ["classWeight"] : []), ...more]);
  const solver = oneOf(where, "solver", options.solver, SOLVERS, "auto");
  const bits = oneOf(where, "bits", options.bits, [2, 4, 8, 16] as const, 8);
  if (solver === "zipml" && bits === 16) bad(where, 'solver: "zipml" has samples of 8, 4 or 2 bits, given bits: 16');
  const isStochastic = solver !== "auto" && solver !== "newton";
  const { engine, variant, module } = options;
  if (engine !== undefined && !(engine instanceof Engine)) {
    bad(where, `engine must be one of createEngine, given ${show(engine)}`);
  }
  if (engine !== undefined && (variant !== undefined || module !== undefined)) {
    bad(where, "variant and module belong to the engine that was given: leave them away");
  }
  if (variant !== undefined) oneOf(where, "variant", variant, ["baseline", "relaxed"] as const, "baseline");
  const strengths = checkPenalty(where, options, strength);
  if (strengths.l1 > 0 && isStochastic) {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: penalty: ${show(options.penalty)} is for solver "auto" and "newton", given solver: ${show(solver)}`,
    );
  }
  return {
    ...strengths,
    solver,
    bits,
    fitIntercept: oneOf(where, "fitIntercept", options.fitIntercept, [true, false] as const, true),
    tol: number(where, "tol", options.tol, { above: 0, max: 1 }, isStochastic ? STOCHASTIC_TOL : TOL),
    maxPasses: number(where, "maxPasses", options.maxPasses, { above: 0 }, isStochastic ? STOCHASTIC_PASSES : null),
    seed: number(where, "seed", options.seed, { min: 0, max: UINT32_MAX, integer: true }, 0),
    classWeight: checkClassWeight(where, options.classWeight),
    warmStart: oneOf(where, "warmStart", options.warmStart, [true, false] as const, false),
    patience: number(where, "patience", options.patience, { min: 1, integer: true }, 3),
    engine: engine ?? null,
    engineOptions: { ...(variant !== undefined && { variant }), ...(module !== undefined && { module }) },
    epsilon: number(where, "epsilon", options.epsilon, { above: 0 }, 1),
  };
}
