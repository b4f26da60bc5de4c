// SGD with a constant step, in float32: w ← w − α·∇fᵢ(w), l2 as a proximal step. Reports once per T steps.
// With a constant step it stops contracting at a noise floor proportional to α; see algorithm 1 of any of the papers this package reproduces.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { type CheckedOptions, type CommonOptions, checkCommon, checkData, type InnerData } from "./options.js";
import type { StepReport } from "./report.js";
import { Session } from "./session.js";

export interface SgdOptions extends CommonOptions {
  readonly data?: InnerData;
}

/**
 * Runs SGD; yields the starting point and then one report per `innerSteps` steps.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function sgd(problem: Problem, options: SgdOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(sgdSteps(problem, options));
}

/** `sgd`, with pauses. @internal */
export function sgdSteps(problem: Problem, options: SgdOptions = {}): Steps<StepReport> {
  const where = "sgd";
  const common = checkCommon(where, problem, options, ["data"]);
  return run(problem, common, checkData(where, options.data, problem));
}

function* run(problem: Problem, options: CheckedOptions, data: InnerData): Steps<StepReport> {
  const session = yield* Session.create(problem, options, {
    data,
    model: "F32",
    isStochastic: false,
    isCentred: false,
    hasBase: false,
    mayBePublished: false,
  });
  try {
    const { kernels } = problem.core;
    const { inner, v } = session;
    yield* session.evaluate();
    yield session.report(0);
    kernels.toGridF32(v, 1, inner.z, inner.size);
    for (let k = 0; k < options.outerSteps; k++) {
      yield* session.advance(k, 1, false);
      kernels.foldF32(0, inner.z, 1, v, inner.size);
      yield* session.evaluate();
      yield session.report(k + 1);
      if (session.isDiverged) return;
    }
  } finally {
    session.release();
  }
}
