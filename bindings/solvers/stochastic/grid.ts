// The fixed grid of the solvers without bit centring: 2^bits codes over ±range in unit coordinates, chosen before training.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import type { Work } from "../../engine/work.js";
import type { CheckedOptions } from "./options.js";
import { svrgSteps } from "./svrg.js";

/** A little above the largest weight that a short float32 SVRG run finds: what a careful user of a fixed grid would measure first. */
const HEAD_ROOM = 1.25;
const TRIAL_STEPS = 2;

/**
 * range for "auto": from two outer steps of float32 SVRG on the same codes (`plane`), from zero. They are not counted in passes.
 * Unit coordinates; 1 when the trial stays at zero.
 */
export function* automaticRange(problem: Problem, plane: Frame, { sampling, seed }: CheckedOptions): Work<number> {
  const { core, outputs } = problem;
  let largest = 0;
  const options = { data: "codes", outerSteps: TRIAL_STEPS, sampling: sampling ?? "auto", seed } as const;
  for (const report of svrgSteps(problem, options)) {
    if (report === undefined) {
      yield;
      continue;
    }
    const { outerStep, coef, intercept } = report;
    if (outerStep < TRIAL_STEPS) continue;
    const v = core.arena.alloc(outputs * plane.padded * 8, "weights");
    problem.toCodes(plane, { coef, intercept }, v);
    largest = core.kernels.maxAbs(v, outputs * plane.padded) * plane.largest;
    core.arena.free(v);
  }
  return largest > 0 && Number.isFinite(largest) ? HEAD_ROOM * largest : 1;
}
