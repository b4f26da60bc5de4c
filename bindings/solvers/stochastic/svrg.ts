// SVRG in float32 around a float64 anchor: the full-precision peer of HALP.
// Each outer step:  fullGradient at the anchor, exactly;  T × delta ← delta − α·(∇fᵢ(anchor + delta) − ∇fᵢ(anchor) + fullGradient);  anchor += delta
// delta is float32 and starts at 0, so its rounding shrinks with it: the run converges to float64 accuracy.
// See Johnson & Zhang 2013; HALP, De Sa et al. 2018, Algorithm 1.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import {
  type AnchorOption,
  type CheckedOptions,
  type CommonOptions,
  checkAnchorOption,
  checkCommon,
  checkData,
  type InnerData,
} from "./options.js";
import type { StepReport } from "./report.js";
import { Session } from "./session.js";

export interface SvrgOptions extends CommonOptions {
  readonly data?: InnerData;
  readonly option?: AnchorOption;
}

/**
 * Runs SVRG; yields the starting point and then one report per outer step.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function svrg(problem: Problem, options: SvrgOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(svrgSteps(problem, options));
}

/** `svrg`, with pauses. @internal */
export function svrgSteps(problem: Problem, options: SvrgOptions = {}): Steps<StepReport> {
  const where = "svrg";
  const common = checkCommon(where, problem, options, ["data", "option"]);
  const data = checkData(where, options.data, problem);
  return run(problem, common, data, checkAnchorOption(where, options.option) === "II");
}

function* run(problem: Problem, options: CheckedOptions, data: InnerData, isOptionTwo: boolean): Steps<StepReport> {
  const session = yield* Session.create(problem, options, {
    data,
    model: "F32",
    isStochastic: false,
    isCentred: true,
    hasBase: false,
    mayBePublished: false,
  });
  try {
    const { core } = problem;
    const { inner, v, g } = session;
    yield* session.evaluate();
    yield session.report(0);
    for (let k = 0; k < options.outerSteps && !session.isStationary; k++) {
      core.f32(inner.z, inner.size).fill(0);
      core.f64(inner.gradient, inner.size).set(core.f64(g, inner.size));
      yield* session.advance(k, 1, isOptionTwo);
      core.kernels.foldF32(v, inner.z, 1, v, inner.size);
      yield* session.evaluate();
      yield session.report(k + 1);
      if (session.isDiverged) return;
    }
  } finally {
    session.release();
  }
}
