// LP-SVRG: SVRG whose model lives on one fixed grid.
// Each outer step:  fullGradient at the anchor, exactly;  T × w ← Q(w − α·(∇fᵢ(w) − ∇fᵢ(anchor) + fullGradient));  anchor ← w
// Q rounds to ±range in 2^bits codes. The grid does not shrink, so neither does the rounding noise: a floor of size d·deltaScale².
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 2 and Theorem 1. Integer formats: docs/numerics.md §5.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { BitcenterError } from "../../errors.js";
import { numberOrAuto } from "../../options.js";
import { automaticRange } from "./grid.js";
import {
  type AnchorOption,
  type CheckedOptions,
  type CommonOptions,
  checkAnchorOption,
  checkBits,
  checkCommon,
  checkRounding,
  type DeltaBits,
  type Rounding,
} from "./options.js";
import type { StepReport } from "./report.js";
import { Session } from "./session.js";

export interface LpOptions extends CommonOptions {
  /** Bits of the model. Default: 8 for data of 8 bits, else 16; 8 needs data of 8 bits or fewer. */
  readonly bits?: DeltaBits;
  /** Largest |weight| the grid can hold, unit coordinates (columns scaled to [−1, 1]); "auto" measures it in a short float32 run. */
  readonly range?: number | "auto";
  readonly rounding?: Rounding;
}

export interface LpSvrgOptions extends LpOptions {
  readonly option?: AnchorOption;
}

interface LpSettings {
  readonly bits: DeltaBits;
  readonly range: number | null;
  readonly isStochastic: boolean;
}

/** Options that LP-SGD and LP-SVRG share, checked. */
export function checkLp(where: string, problem: Problem, options: LpOptions): LpSettings {
  return {
    bits: checkBits(where, options.bits, problem),
    range: numberOrAuto(where, "range", options.range, { above: 0 }),
    isStochastic: checkRounding(where, options.rounding) === "stochastic",
  };
}

/**
 * Runs LP-SVRG; yields the starting point (rounded to the grid) and then one report per outer step.
 * @throws BitcenterError BAD_OPTION at once (a range that float32 or the start does not fit: at the first step); DISPOSED, OUT_OF_MEMORY while it runs
 */
export function lpSvrg(problem: Problem, options: LpSvrgOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(lpSvrgSteps(problem, options));
}

/** `lpSvrg`, with pauses. @internal */
export function lpSvrgSteps(problem: Problem, options: LpSvrgOptions = {}): Steps<StepReport> {
  const where = "lpSvrg";
  const common = checkCommon(where, problem, options, ["bits", "range", "rounding", "option"]);
  const isOptionTwo = checkAnchorOption(where, options.option) === "II";
  return runOnGrid(where, problem, common, checkLp(where, problem, options), true, isOptionTwo);
}

/** The loop of LP-SVRG (isCentred) and of LP-SGD, which has no anchor. */
export function* runOnGrid(
  where: string,
  problem: Problem,
  options: CheckedOptions,
  settings: LpSettings,
  isCentred: boolean,
  isOptionTwo: boolean,
): Steps<StepReport> {
  const { bits, isStochastic } = settings;
  const model = `I${bits}` as const;
  const session = yield* Session.create(problem, options, {
    data: "codes",
    model,
    isStochastic,
    isCentred,
    hasBase: isCentred,
    mayBePublished: false,
  });
  try {
    const { kernels } = problem.core;
    const { inner, v, g, plane } = session;
    const reach = kernels.maxAbs(v, inner.size) * plane.largest;
    const range = settings.range ?? Math.max(yield* automaticRange(problem, plane, options), reach);
    if (reach > range) {
      throw new BitcenterError(
        "BAD_OPTION",
        `${where}: start has a weight of ${reach} in unit coordinates, range is ${range}`,
      );
    }
    const delta = range / plane.largest / (2 ** (bits - 1) - 1);
    if (!session.accepts(delta)) {
      throw new BitcenterError(
        "BAD_OPTION",
        `${where}: range: ${range} gives a grid of unit ${delta}, beyond what float32 steps can tell apart`,
      );
    }
    kernels[`toGrid${model}`](v, delta, inner.z, inner.size);
    kernels[`fold${model}`](0, inner.z, delta, v, inner.size);
    yield* session.evaluate();
    yield session.report(0, delta);
    for (let k = 0; k < options.outerSteps && !(isCentred && session.isStationary); k++) {
      if (isCentred) {
        kernels.dataGradient(g, v, inner.ridge, inner.gradient, plane.padded, problem.outputs);
        yield* inner.fillBase();
      }
      yield* session.advance(k, delta, isOptionTwo);
      kernels[`fold${model}`](0, inner.z, delta, v, inner.size);
      yield* session.evaluate();
      yield session.report(k + 1, delta);
      if (session.isDiverged) return;
    }
  } finally {
    session.release();
  }
}
