// Bit centring, the outer loop of HALP and SAGA on integers: around each anchor delta starts at 0 on a grid as wide as the gradient asks for, takes its
// stochastic steps, and is folded into the anchor. A grid too coarse (mu "auto") costs an outer step and not the run.
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3. docs/numerics.md §5, §7.
import type { Problem } from "../../data/problem.js";
import type { Steps } from "../../engine/work.js";
import { BitcenterError } from "../../errors.js";
import type { CheckedOptions, DeltaBits } from "./options.js";
import { RangeRule } from "./range.js";
import type { StepReport } from "./report.js";
import { Session } from "./session.js";

/** Passes over the model between two inner runs. */
const FOLD_PASSES = 4;

export interface CentredSettings {
  readonly bits: DeltaBits;
  readonly mu: number | null;
  readonly isStochastic: boolean;
  readonly isOptionTwo: boolean;
  /** SAGA: derivatives last seen instead of those of the anchor. */
  readonly hasTable: boolean;
}

/** Yields the starting point and then one report per outer step. */
export function* runCentred(
  where: string,
  problem: Problem,
  options: CheckedOptions,
  settings: CentredSettings,
): Steps<StepReport> {
  const { bits, isStochastic, isOptionTwo, hasTable } = settings;
  const model = `I${bits}` as const;
  const session = yield* Session.create(problem, options, {
    data: "codes",
    model,
    isStochastic,
    isCentred: true,
    hasBase: false,
    hasTable,
    mayBePublished: !hasTable && bits === 8 && problem.dataset.bits === 8,
  });
  try {
    const { core } = problem;
    const { inner, plane, v, g } = session;
    const limit = 2 ** (bits - 1) - 1;
    const range = new RangeRule(session, settings.mu, bits);
    const accepted = range.isAutomatic ? new Float64Array(inner.size) : null;
    yield* session.evaluate();
    yield session.report(0);
    for (let k = 0; k < options.outerSteps && !session.isStationary; k++) {
      const mu = yield* range.mu();
      const delta = session.unitGradientNorm / (mu * limit) / plane.largest;
      if (!session.accepts(delta)) {
        if (k > 0 || range.isAutomatic) return; // the grid has shrunk below what float32 steps can tell apart: nothing left to gain
        throw new BitcenterError(
          "BAD_OPTION",
          `${where}: mu: ${mu} gives a grid of unit ${delta}, beyond what float32 steps can tell apart`,
        );
      }
      core.bytes(inner.z, inner.size * (bits / 8)).fill(0);
      core.f64(inner.gradientTarget, inner.size).set(core.f64(g, inner.size));
      yield* session.advance(k, delta, isOptionTwo);
      range.learn();
      if (core.isDue(FOLD_PASSES * inner.size)) yield;
      accepted?.set(core.f64(v, inner.size));
      const { objective, gradientNorm } = session.exact;
      core.kernels[`fold${model}`](v, inner.z, delta, v, inner.size);
      if (problem.loss === "softmax") core.kernels.centreClasses(v, plane.padded, problem.outputs);
      yield* session.evaluate();
      // a rise of both is noise of a grid too coarse (of the objective alone it may be rounding near the optimum)
      const isWorse = !(session.exact.objective <= objective) && !(session.exact.gradientNorm <= gradientNorm);
      const isRejected = accepted !== null && isWorse;
      if (isRejected) {
        core.f64(v, inner.size).set(accepted);
        range.reject(mu);
        yield* session.evaluate();
      }
      yield session.report(k + 1, delta, mu, isRejected);
      if (session.isDiverged) return;
    }
  } finally {
    session.release();
  }
}
