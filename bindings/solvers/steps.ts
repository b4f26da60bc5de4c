// The solvers as an async fit runs them: with pauses (undefined between two reports), and safe against whatever happens in one.
import type { Problem } from "../data/problem.js";
import type { Steps } from "../engine/work.js";
import { autoSteps, newtonSteps } from "./newton/newton.js";
import { halpSteps } from "./stochastic/halp.js";
import { lpSgdSteps } from "./stochastic/lp-sgd.js";
import { lpSvrgSteps } from "./stochastic/lp-svrg.js";
import { sagaSteps } from "./stochastic/saga.js";
import { sgdSteps } from "./stochastic/sgd.js";
import { svrgSteps } from "./stochastic/svrg.js";
import { zipmlSteps } from "./zipml/zipml.js";

/**
 * The same steps, ended with DISPOSED when problem, dataset or engine are disposed in a pause; their memory may have other owners by then.
 * A run that is not finished has to be ended by `return()`: dropped in a pause it would keep its memory.
 */
function* whileLive<R>(problem: Problem, steps: Steps<R>): Steps<R> {
  for (const step of steps) {
    yield step;
    problem.checkLive();
  }
}

const live =
  <R, O>(solver: (problem: Problem, options?: O) => Steps<R>) =>
  (problem: Problem, options?: O): Steps<R> =>
    // the solver first: bad options are told at once
    whileLive(problem, solver(problem, options));

/** Every solver by its name, with pauses. */
export const STEPS = {
  auto: live(autoSteps),
  newton: live(newtonSteps),
  halp: live(halpSteps),
  svrg: live(svrgSteps),
  saga: live(sagaSteps),
  sgd: live(sgdSteps),
  "lp-sgd": live(lpSgdSteps),
  "lp-svrg": live(lpSvrgSteps),
  zipml: live(zipmlSteps),
} as const;
