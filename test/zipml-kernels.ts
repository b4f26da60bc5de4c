// Entries of the bit-planes' kernels, part of the manifest in kernel-table.ts.
import type { KernelEntry } from "./kernel-table.js";
import { checkUnweave, checkWeaveCodes, checkWeaveUnits } from "./support/zipml-checkers.js";

export type ZipmlFamily = "weave";

const row: Omit<KernelEntry, "name" | "oracle" | "check"> = {
  family: "weave",
  storage: "U8",
  columns: "multiple of 32",
  worst: "1 to 8 planes, planes apart, columns no multiple of 128",
  tolerance: "0",
};

export const ZIPML: readonly KernelEntry[] = [
  { ...row, name: "weaveCodes", oracle: "bits one by one", check: checkWeaveCodes },
  { ...row, name: "unweave", oracle: "code >> (8 − planes), and code & ~(2^(8−planes) − 1)", check: checkUnweave },
  {
    ...row,
    name: "weaveUnits",
    storage: "F32 → U8",
    worst: "±1, beyond ±1, neighbours of every level",
    oracle: "weavedCode, bits one by one",
    check: checkWeaveUnits,
  },
];

/** Exports that act on a whole run, held to account weight for weight against test/oracle/zipml.ts by zipml.test.ts. */
export const ZIPML_RUNS: readonly string[] = ["begin", "advance", "pack", "variances", "outline"].map(
  (verb) => `${verb}Zipml`,
);
