// The part of docs/benchmarks.md on batches.
import type { BatchResults } from "./batch-results.js";
import { machine, table, times } from "./tables.js";

function batchTable({ results }: BatchResults): string {
  const widths = [...new Set(results.map(({ columns }) => columns))];
  const names = [...new Set(results.map(({ name }) => name))];
  return table(
    ["rows per s", ...widths.map((width) => `d = ${width}`)],
    names.map((name) => [
      name,
      ...widths.map((width) => {
        const row = results.find((one) => one.name === name && one.columns === width);
        if (row === undefined) return "";
        if (row.toSingle === 1) return `1 (${(row.rate / 1e6).toPrecision(3)} M/s)`;
        const isOurs = name.startsWith("tiles");
        return isOurs ? `${times(row.toSingle)} / ${times(row.toFloat)}` : row.toSingle.toFixed(2);
      }),
    ]),
  );
}

export function batchSection(files: readonly BatchResults[]): string {
  return [
    "## Batches",
    "Whole logistic steps of `halp` on batches of rows (`batchSize`: tiles of 4 × 4 codes, [decision 0012](decisions/0012-minibatch-tiles.md)), × single rows of int8 codes (fused); after the stroke " +
      "× the fastest float32 form, single rows and batches blocked alike (4 × 1 dots, the model by columns). ▼ marks a loss. Medians of ratios inside a round.",
    ...files.map((file) =>
      [
        `${file.isFromMemory ? "128 MiB of codes, more than a cache holds" : "In L2"}. ${machine(file.environment)}`,
        batchTable(file),
      ].join("\n\n"),
    ),
  ].join("\n\n");
}
