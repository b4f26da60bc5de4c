// The section "Sparse rows" of docs/benchmarks.md, from bench/results/sparse.json; the same table on the terminal.
import type { SparseCase, SparseResults } from "./sparse-results.js";
import { machine, table } from "./tables.js";

const seconds = (value: number): string => (value < 1 ? `${(1000 * value).toFixed(0)} ms` : `${value.toFixed(1)} s`);
const megabytes = (value: number): string => `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB`;

function line(one: SparseCase): string[] {
  const { name, loss, rows, cols, entries, exact, bytes, bytesPerEntry, load, fit, difference } = one;
  const total = (load.dense + fit.dense) / (load.sparse + fit.sparse);
  return [
    name,
    loss,
    `${rows} × ${cols}`,
    `${((100 * entries) / (rows * cols)).toFixed(2)} %`,
    `${exact.sparse} / ${exact.dense}`,
    `${bytesPerEntry.values} (${bytesPerEntry.all.toFixed(1)})`,
    `${megabytes(bytes.sparse)} / ${megabytes(bytes.dense)}`,
    `${seconds(load.sparse)} / ${seconds(load.dense)}`,
    `${seconds(fit.sparse)} / ${seconds(fit.dense)}`,
    `${(fit.dense / fit.sparse).toFixed(1)} (${total.toFixed(1)})`,
    difference.toExponential(0),
  ];
}

export function sparseTable({ cases }: Pick<SparseResults, "cases">): string {
  const head = [
    "data",
    "loss",
    "shape",
    "filled",
    "kept as",
    "bytes per value (all)",
    "dataset",
    "load",
    "fit",
    "times faster (with load)",
    "difference",
  ];
  return table(head, cases.map(line), 2);
}

export function sparseSection(results: SparseResults): string {
  return [
    "## Sparse rows",
    `Machine: ${machine(results.environment)}. Medians of ${results.rounds} rounds, sparse and dense in turn.`,
    "The same rows as sparse input, kept sparse and forced to be dense (`storage`), trained by `auto` to its default tolerance; sparse / dense. Bytes per value: of values and codes, besides the four of " +
      "an index; in brackets with everything else that the dataset holds (starts of the rows, tables, scales of the columns). Difference: of the two objectives, as a part of what training gains.",
    sparseTable(results),
  ].join("\n\n");
}
