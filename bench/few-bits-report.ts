// The section "Few bits" of docs/benchmarks.md, from bench/results/few-bits.json; the same table on the terminal.
import { type Count, type FewBitsResults, FORMATS, type Outcome } from "./few-bits-results.js";
import { machine, table } from "./tables.js";

function show(count: Count | "unknown"): string {
  if (count === "unknown") return "";
  return count === null ? "–" : `${Math.round(count[0])}+${Math.round(count[1])}`;
}

function cell({ count, ideal, gap }: Outcome): string {
  const own = count === null ? `gap ${gap.toExponential(0)}` : show(count);
  return ideal === "unknown" ? own : `${own} (${show(ideal)})`;
}

export function fewBitsTable({ outcomes }: Pick<FewBitsResults, "outcomes">): string {
  const solvers = [...new Set(outcomes.map(({ solver }) => solver))];
  return table(
    ["task", "bits", ...solvers],
    [...new Set(outcomes.map(({ task }) => task))].flatMap((task) =>
      FORMATS.map((format) => [
        task,
        format,
        ...solvers.map((solver) => {
          const found = outcomes.find((one) => one.task === task && one.format === format && one.solver === solver);
          return found === undefined ? "" : cell(found);
        }),
      ]),
    ),
    2,
  );
}

export function fewBitsSection(results: FewBitsResults): string {
  return [
    "## Few bits",
    `Machine: ${machine(results.environment)}.`,
    `Passes over the codes + passes over the exact copy to a gap of ${results.target.toExponential(0)} of the original problem, by the bits of the data: fitted levels (Lloyd–Max), or uniform ones. ` +
      "In brackets what an emulation in ideal arithmetic needs on tasks of the same kind (Newton by conjugate gradients; SAGA with a plane search), – where it does not get there; " +
      '"gap": the lowest that was reached. `auto` solves least squares of this size directly, on the exact copy, so `newton` on the codes stands beside it.',
    fewBitsTable(results),
  ].join("\n\n");
}
