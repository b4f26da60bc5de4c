// HALP: SVRG with bit centring.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Given     codes of the data, bits of delta, mu, stepSize α, innerSteps T, seed
// Each outer step:  fullGradient at the anchor, exactly;  deltaScale = ‖fullGradient‖/(mu·(2^(bits−1) − 1));
//           T × delta ← Q(delta − α·(∇fᵢ(anchor + delta) − ∇fᵢ(anchor) + fullGradient)),  all on integers;  anchor += delta
// As the gradient shrinks, so does the grid: the bits are re-centred around the solution and no noise floor remains.
// Result    reports with the anchor's weights in float64
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3 and §5 (linear models). Integer formats and bounds: docs/numerics.md §5, §9.
import type { Problem } from "../data/problem.js";
import { BitcenterError } from "../errors.js";
import { numberOrAuto } from "../options.js";
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
import { RangeRule } from "./range.js";
import type { StepReport } from "./report.js";
import { Session } from "./session.js";

export interface HalpOptions extends CommonOptions {
  /** Bits of delta: 8 as published (needs 8-bit data), 16 as measurements recommend (default: those of the data). */
  readonly bits?: DeltaBits;
  /** Range knob: delta reaches ‖fullGradient‖/mu in every unit coordinate. In theory the strong-convexity constant; too large is slow, too small
   *  loses precision and may diverge at 8 bits. "auto" follows how much of the range the last outer step used, and
   *  takes an outer step back (the report then repeats the previous point) when a grid too coarse has made it worse. */
  readonly mu?: number | "auto";
  readonly rounding?: Rounding;
  readonly option?: AnchorOption;
}

interface HalpSettings {
  readonly bits: DeltaBits;
  readonly mu: number | null;
  readonly isStochastic: boolean;
  readonly isOptionTwo: boolean;
}

/**
 * Runs HALP; yields the starting point and then one report per outer step. `break` when satisfied.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function halp(problem: Problem, options: HalpOptions = {}): Generator<StepReport, void, undefined> {
  const where = "halp";
  const common = checkCommon(where, problem, options, ["bits", "mu", "rounding", "option"]);
  return run(problem, common, {
    bits: checkBits(where, options.bits, problem),
    mu: numberOrAuto(where, "mu", options.mu, { above: 0 }),
    isStochastic: checkRounding(where, options.rounding) === "stochastic",
    isOptionTwo: checkAnchorOption(where, options.option) === "II",
  });
}

function* run(
  problem: Problem,
  options: CheckedOptions,
  settings: HalpSettings,
): Generator<StepReport, void, undefined> {
  const { bits, isStochastic, isOptionTwo } = settings;
  const model = `I${bits}` as const;
  const plane = problem.dataset.plane("codes", problem.fitIntercept);
  const session = new Session(problem, options, {
    plane,
    model,
    isStochastic,
    isCentred: true,
    hasBase: false,
    mayBePublished: bits === 8 && plane.storage === "I8",
  });
  try {
    const { core } = problem;
    const { inner, v, g } = session;
    const limit = 2 ** (bits - 1) - 1;
    const range = new RangeRule(session, settings.mu, bits);
    const accepted = range.isAutomatic ? new Float64Array(inner.size) : null;
    session.evaluate();
    yield session.report(0);
    for (let k = 0; k < options.outerSteps && !session.isStationary; k++) {
      const mu = range.mu();
      const delta = session.unitGradientNorm / (mu * limit) / plane.largest;
      if (!session.accepts(delta)) {
        if (k > 0 || range.isAutomatic) return; // the grid has shrunk below what float32 steps can tell apart: nothing left to gain
        throw new BitcenterError(
          "BAD_OPTION",
          `halp: mu: ${mu} gives a grid of unit ${delta}, beyond what float32 steps can tell apart`,
        );
      }
      core.bytes(inner.z, inner.size * (bits / 8)).fill(0);
      core.f64(inner.gradientTarget, inner.size).set(core.f64(g, inner.size));
      session.advance(k, delta, isOptionTwo);
      range.learn();
      accepted?.set(core.f64(v, inner.size));
      const { objective, gradientNorm } = session.exact;
      core.kernels[`fold${model}`](v, inner.z, delta, v, inner.size);
      if (problem.loss === "softmax") core.kernels.centreClasses(v, plane.padded, problem.outputs);
      session.evaluate();
      // a rise of both is noise of a grid too coarse (of the objective alone it may be rounding near the optimum)
      const isWorse = !(session.exact.objective <= objective) && !(session.exact.gradientNorm <= gradientNorm);
      const isRejected = accepted !== null && isWorse;
      if (isRejected) {
        core.f64(v, inner.size).set(accepted);
        range.reject(mu);
        session.evaluate();
      }
      yield session.report(k + 1, delta, mu, isRejected);
      if (session.isDiverged) return;
    }
  } finally {
    session.release();
  }
}
