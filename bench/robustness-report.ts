// The section on robustness of docs/benchmarks.md.
import { ROBUSTNESS_TARGETS, type RobustnessResults } from "./robustness-results.js";
import { machine, table } from "./tables.js";

export function robustnessSection({
  environment,
  problems,
  seeds,
  promise,
  runs,
  risen,
  misses,
  passes,
  hinge,
}: RobustnessResults): string {
  const count = (value: number | null): string => (value === null ? "never" : value.toFixed(0));
  const never = (times: number): string =>
    times === 0 ? "no objective ever rose" : `the objective rose in ${times} runs`;
  const missed = [...misses, ...hinge.misses];
  return [
    "## Robustness",
    `Machine: ${machine(environment)}.`,
    `\`auto\` with default options on ${problems} random problems (squared, logistic, softmax and squared hinge loss; condition numbers from 1 to 1e6, l2 from 1e-8 to 1e-1, five laws of features, column scales over six ` +
      `decades; test/support/problems.ts), ${seeds} seeds each. ${runs - misses.length} of ${runs} runs end at a gap of ${promise.toExponential(0)} or less, certified in float64 by an oracle of its own; ` +
      `${never(risen)}.`,
    table(
      ["passes to a gap of", ...ROBUSTNESS_TARGETS.map((target) => target.toExponential(0))],
      [
        ["median", ...passes.map(({ median }) => median.toFixed(0))],
        ["nine of ten", ...passes.map(({ most90 }) => count(most90))],
        ["all", ...passes.map(({ most }) => count(most))],
      ],
    ),
    "Passes over the int8 codes; a pass over the exact copy counts as three.",
    `The ${hinge.problems} of them with squared hinge loss once more with hinge: ${hinge.runs - hinge.misses.length} of ${hinge.runs} runs end at a gap of ${promise.toExponential(0)} or less, measured against the lower bound ` +
      `of an interior-point method of the oracle; ${never(hinge.risen)}; outer steps ${hinge.outerSteps.median.toFixed(0)} in the median, ${hinge.outerSteps.most} at most.`,
    ...(missed.length === 0
      ? []
      : [
          "Missed:",
          table(
            ["problem", "gap", "outer steps", "converged by its own estimate"],
            missed.map(({ name, gap, outerSteps, isConverged }) => [
              name,
              gap.toExponential(1),
              String(outerSteps),
              isConverged ? "yes" : "no",
            ]),
          ),
        ]),
  ].join("\n\n");
}
