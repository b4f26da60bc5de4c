// The section on levels of docs/benchmarks.md.
import type { LevelResults } from "./levels-results.js";
import { machine, table } from "./tables.js";

export function levelSection({
  environment,
  rounds,
  levels,
  times,
  bits,
  values,
  samples,
  gains,
}: LevelResults): string {
  const counts = [...new Set(times.map(({ count }) => count))];
  const names = [...new Set(times.map(({ name }) => name))];
  return [
    "## Optimal levels",
    `Machine: ${machine(environment)}.`,
    `\`optimalLevels\`, ${levels} levels of normal values: milliseconds of the whole call, median of ${rounds} rounds taken in turn (after the stroke the quickest), and how many times the variance of the optimum is left. ` +
      "The first row is what sorting a copy takes by itself. [Decision 0013](decisions/0013-optimal-levels.md).",
    table(
      ["ms", ...counts.map((count) => `${count} values`)],
      names.map((name) => [
        name,
        ...counts.map((count) => {
          const time = times.find((one) => one.name === name && one.count === count);
          if (time === undefined) return "";
          const cost = name === "Float64Array.sort" ? "" : `, × ${time.toOptimum.toFixed(5)}`;
          return `${time.milliseconds.toFixed(1)} / ${time.least.toFixed(1)}${cost}`;
        }),
      ]),
    ),
    `What they gain: the variance of stochastic rounding to uniform levels over the range ÷ that of the best levels, median of ${samples} samples of ${values} values.`,
    table(
      ["law", ...bits.map((width) => `${width} bits`)],
      gains.map(({ law, ratios }) => [law, ...ratios.map((ratio) => ratio.toFixed(2))]),
    ),
  ].join("\n\n");
}
