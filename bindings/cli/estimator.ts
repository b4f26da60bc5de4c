// From command-line options to an estimator.
import { BitcenterError } from "../errors.js";
import { LinearRegression } from "../estimators/linear-regression.js";
import { LinearSVC } from "../estimators/linear-svc.js";
import { LogisticRegression } from "../estimators/logistic-regression.js";
import { SOLVERS, type SolverName } from "../estimators/options.js";
import type { Estimator } from "../node/model-file.js";
import { type Arguments, choice, UsageError } from "./arguments.js";
import { inFlags } from "./flags.js";

const LOSSES = ["logistic", "squared", "huber", "hinge", "squared-hinge"] as const;

/** What estimators call what the command line calls --solver; "auto" where it is not given. */
export function solverOf(command: string, args: Arguments): SolverName {
  return choice(command, "solver", args.text("solver") ?? "auto", SOLVERS);
}

/**
 * An estimator that has not been fitted. Values are checked by the estimator itself, which says what it expects.
 * @throws UsageError for options that it refuses, alone or together
 */
export function estimatorOf(command: string, args: Arguments, solver: SolverName, more: object = {}): Estimator {
  try {
    return made(command, args, solver, more);
  } catch (error) {
    if (!(error instanceof BitcenterError)) throw error;
    throw new UsageError(inFlags(command, error.message), { cause: error });
  }
}

function made(command: string, args: Arguments, solver: SolverName, more: object): Estimator {
  const loss = choice(command, "loss", args.text("loss") ?? "logistic", LOSSES);
  const classWeight = args.text("class-weight");
  if (classWeight !== undefined && classWeight !== "balanced") {
    throw new UsageError(`${command}: --class-weight must be balanced, given "${classWeight}"`);
  }
  if (classWeight !== undefined && (loss === "squared" || loss === "huber")) {
    throw new UsageError(`${command}: --class-weight is for losses of classes, given --loss ${loss}`);
  }
  if (args.text("epsilon") !== undefined && loss !== "huber") {
    throw new UsageError(`${command}: --epsilon belongs to --loss huber, given --loss ${loss}`);
  }
  const options = {
    alpha: args.number("l2"),
    penalty: args.text("penalty"),
    l1Ratio: args.number("l1-ratio"),
    solver,
    bits: args.number("bits"),
    tol: args.number("tol"),
    maxPasses: args.number("max-passes"),
    seed: args.number("seed"),
    fitIntercept: args.has("no-intercept") ? false : undefined,
    classWeight,
    ...more,
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  switch (loss) {
    case "logistic":
      return new LogisticRegression(given);
    case "squared":
      return new LinearRegression(given);
    case "huber": {
      const epsilon = args.number("epsilon");
      return new LinearRegression({ ...given, loss: "huber", ...(epsilon === undefined ? {} : { epsilon }) });
    }
    case "hinge":
      return new LinearSVC({ ...given, loss: "hinge" });
    case "squared-hinge":
      return new LinearSVC({ ...given, loss: "squaredHinge" });
  }
}
