// The struct `LazyRun` of assembly/solver/lazy-run.ts seen from outside: the fields of `Run`, then its own (a test compares the two files).
import { RUN_LAYOUT, type RunField } from "./run.js";
import { type Layout, structBytes, writeStruct } from "./struct.js";

const WORDS = [
  "starts",
  "indices",
  "slots",
  "values",
  "cols",
  "intercept",
  "step",
  "touched",
  "offset",
  "spread",
] as const;

export type LazyField = RunField | (typeof WORDS)[number];

export const LAZY_FIELDS: readonly LazyField[] = [...RUN_LAYOUT.doubles, ...RUN_LAYOUT.words, ...WORDS];

const LAYOUT: Layout<LazyField> = { ...RUN_LAYOUT, words: [...RUN_LAYOUT.words, ...WORDS] };
export const LAZY_BYTES = structBytes(LAYOUT);

/** Writes the given fields of the struct at `pointer`. */
export function writeLazy(memory: DataView, pointer: number, fields: Partial<Record<LazyField, number>>): void {
  writeStruct(LAYOUT, memory, pointer, fields);
}

/** Reads a 4-byte whole number of the struct at `pointer`. */
export function readLazy(memory: DataView, pointer: number, name: LazyField): number {
  return memory.getUint32(pointer + 8 * LAYOUT.doubles.length + 4 * LAYOUT.words.indexOf(name), true);
}
