// The struct `Run` of assembly/solver/run.ts seen from outside: the same names in the same order (a test compares the two files).
// 8-byte fields first, then 4-byte fields, so offsets follow from the position alone.

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
export const RUN_BYTES = DOUBLES.length * 8 + WORDS.length * 4;

/** Writes the given fields of the struct at `pointer`. */
export function writeRun(memory: DataView, pointer: number, fields: Partial<Record<RunField, number>>): void {
  DOUBLES.forEach((name, i) => {
    const value = fields[name];
    if (value !== undefined) memory.setFloat64(pointer + 8 * i, value, true);
  });
  WORDS.forEach((name, i) => {
    const value = fields[name];
    const at = pointer + 8 * DOUBLES.length + 4 * i;
    if (value === undefined) return;
    if (FLOATS.has(name)) memory.setFloat32(at, value, true);
    else memory.setUint32(at, value, true);
  });
}
