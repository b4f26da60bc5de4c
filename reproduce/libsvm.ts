// LIBSVM text of the data sets that reproduce/ and bench/ read.

export interface Table {
  /** rows × cols, row-major. */
  readonly raw: Float32Array | Uint8Array;
  readonly labels: Float64Array;
  readonly rows: number;
  readonly cols: number;
}

/** Lines of a label, then index:value with indices from 1; `spare` columns of zeros stand behind the widest row. */
export function readLibsvm(text: string, makeRaw: (length: number) => Float32Array | Uint8Array, spare = 0): Table {
  const parsed = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  let widest = 0;
  for (const [, ...entries] of parsed) {
    const last = entries.at(-1);
    if (last !== undefined) widest = Math.max(widest, Number.parseInt(last, 10));
  }
  const [rows, cols] = [parsed.length, widest + spare];
  const raw = makeRaw(rows * cols);
  const labels = new Float64Array(rows);
  parsed.forEach(([label, ...entries], i) => {
    labels[i] = Number(label);
    for (const entry of entries) {
      const colon = entry.indexOf(":");
      raw[i * cols + Number(entry.slice(0, colon)) - 1] = Number(entry.slice(colon + 1));
    }
  });
  return { raw, labels, rows, cols };
}
