// The struct `ZipmlRun` of assembly/solver/zipml-run.ts seen from outside: the same names in the same order (a test compares the two files).
import { type Layout, structBytes, writeStruct } from "./struct.js";

const WORDS = [
  "exact",
  "strideBytes",
  "rows",
  "columns",
  "cols",
  "hasIntercept",
  "store",
  "rowBytes",
  "planeBytes",
  "planes",
  "ups",
  "estimator",
  "samples",
  "rounding",
  "scaling",
  "scales",
  "low",
  "width",
  "inverse",
  "last",
  "table",
  "count",
  "scaled",
  "base",
  "fraction",
  "index",
  "codes",
  "bits",
  "values",
  "labels",
  "weights",
  "loss",
  "threshold",
  "w",
  "seen",
  "gradient",
  "correction",
  "shrink",
  "modelLimit",
  "gradientLimit",
  "isNorm",
  "alpha",
  "share",
  "batch",
  "coefficients",
  "degree",
  "inverseRadius",
  "ball",
  "average",
  "averaged",
  "refetch",
  "confidence",
  "slack",
  "spread",
  "bound",
  "margin",
  "sketches",
  "norms",
  "projection",
  "sketch",
  "sketchSize",
  "lanes",
  "scalar",
  "refetched",
  "outside",
] as const;
const FLOATS: ReadonlySet<string> = new Set([
  "last",
  "threshold",
  "modelLimit",
  "gradientLimit",
  "alpha",
  "share",
  "inverseRadius",
  "ball",
  "confidence",
  "slack",
  "bound",
  "margin",
]);

export type ZipmlField = (typeof WORDS)[number];

export const ZIPML_FIELDS: readonly ZipmlField[] = WORDS;
const LAYOUT: Layout<ZipmlField> = { doubles: [], words: WORDS, floats: FLOATS };
export const ZIPML_BYTES = structBytes(LAYOUT);

/** Writes the given fields of the struct at `pointer`. */
export function writeZipml(memory: DataView, pointer: number, fields: Partial<Record<ZipmlField, number>>): void {
  writeStruct(LAYOUT, memory, pointer, fields);
}

/** A field that the steps count in, u32. */
export function readZipml(memory: DataView, pointer: number, name: "refetched" | "outside" | "averaged"): number {
  return memory.getUint32(pointer + 4 * WORDS.indexOf(name), true);
}
