// The struct `Run` of assembly/solver/run.ts seen from outside: the same names in the same order (a test compares the two files).
import { type Layout, structBytes, writeStruct } from "./struct.js";

const DOUBLES = ["alpha", "delta"] as const;
const WORDS = [
  "codes",
  "strideBytes",
  "rows",
  "columns",
  "classes",
  "z",
  "gradient",
  "ridge",
  "drift",
  "shrink",
  "preparedSteps",
  "state",
  "base",
  "table",
  "previous",
  "labels",
  "weights",
  "negatives",
  "levels",
  "mask",
  "dots",
  "changes",
  "coefficients",
  "shifts",
  "groups",
  "seen",
  "sums",
  "published",
  "lanes",
  "scalar",
  "row",
  "rowsPerDraw",
  "rowsLeft",
  "fetched",
  "loss",
  "threshold",
  "deltaScale",
  "factor",
  "flushEvery",
  "remaining",
  "block",
  "position",
  "stochastic",
  "centred",
] as const;
const FLOATS: ReadonlySet<string> = new Set(["threshold", "deltaScale", "factor"]);

export type RunField = (typeof DOUBLES)[number] | (typeof WORDS)[number];

export const RUN_FIELDS: readonly RunField[] = [...DOUBLES, ...WORDS];

export const RUN_LAYOUT: Layout<RunField> = { doubles: DOUBLES, words: WORDS, floats: FLOATS };
export const RUN_BYTES = structBytes(RUN_LAYOUT);

/** Writes the given fields of the struct at `pointer`. */
export function writeRun(memory: DataView, pointer: number, fields: Partial<Record<RunField, number>>): void {
  writeStruct(RUN_LAYOUT, memory, pointer, fields);
}
