// The committed reference values (test/reference/*.json, made by bench/peers/reference.py) and the real data they belong to. The data are not part of the
// project: they are read from the folder that BITCENTER_DATA names, or from the folder beside the repository.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { LossName } from "../../bindings/index.js";
import type { Kink } from "../oracle/optimality.js";

export const DATASETS = ["digits", "breast_cancer", "diabetes", "a9a", "cpusmall"] as const;
export type DatasetName = (typeof DATASETS)[number];

export interface Quality {
  readonly accuracy?: number;
  readonly rmse?: number;
  readonly r2?: number;
}

export interface Certificate {
  /** ‖least subgradient‖₂ at the weights as they are stored: what their rounding to float64 leaves. */
  readonly subgradient: number;
  /** Newton step from there, in units of the largest weight. */
  readonly distance: number;
  /** Largest diagonal entry of the inverse Hessian at the optimum, of weights and of intercepts; not for hinge. */
  readonly spread?: number;
  readonly interceptSpread?: number;
  /** l1: numbers (class·cols + column; −1 − class for intercepts) that differ between optima; one list per class one against the rest. */
  readonly undetermined?: readonly number[] | readonly (readonly number[])[];
}

export interface ReferenceCase {
  readonly name: string;
  readonly loss: LossName;
  readonly l1: number;
  readonly l2: number;
  /** huber; null otherwise. */
  readonly epsilon: number | null;
  readonly fitIntercept: boolean;
  readonly weights: "balanced" | "modulo" | null;
  /** One problem per class: coef, intercept, objective and kink hold them one after the other. */
  readonly oneAgainstTheRest: boolean;
  readonly certificate: Certificate;
  readonly objective: number | readonly number[];
  readonly objectiveAtZero: number | readonly number[];
  readonly train: Quality;
  readonly test?: Quality;
  /** outputs × cols, row-major. */
  readonly coef: readonly number[];
  readonly intercept: readonly number[];
  /** hinge: rows with y·m = 1, one list per problem. */
  readonly kink?: readonly Kink[];
}

export interface Reference {
  readonly dataset: DatasetName;
  readonly rows: number;
  readonly cols: number;
  readonly cases: readonly ReferenceCase[];
}

export interface Rows {
  readonly data: Float64Array | Uint8Array;
  readonly rows: number;
  readonly cols: number;
  readonly labels: Float64Array;
}

const SOURCES: Record<DatasetName, readonly string[]> = {
  digits: ["csv/digits.csv.gz"],
  breast_cancer: ["csv/breast_cancer.csv.gz"],
  diabetes: ["csv/diabetes_data_raw.txt.gz", "csv/diabetes_target.txt.gz"],
  a9a: ["libsvm/a9a.gz", "libsvm/a9a.t.gz"],
  cpusmall: ["libsvm/cpusmall.gz"],
};

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FOLDER = process.env["BITCENTER_DATA"] ?? join(HERE, "../../../shared/data");

/** The first file of the data set that is not there, or null. */
export function missingFile(name: DatasetName): string | null {
  return SOURCES[name].map((path) => join(FOLDER, path)).find((path) => !existsSync(path)) ?? null;
}

export function readReference(name: DatasetName): Reference {
  return JSON.parse(readFileSync(join(HERE, "../reference", `${name}.json`), "utf8")) as Reference;
}

function linesOf(path: string): string[] {
  return gunzipSync(readFileSync(join(FOLDER, path)))
    .toString("latin1")
    .trim()
    .split("\n");
}

/** All columns but the last are data. */
function readTable(lines: readonly string[], separator: string | RegExp, make: (length: number) => Rows["data"]): Rows {
  const values = lines.map((line) => line.split(separator).map(Number));
  const cols = (values[0] as number[]).length - 1;
  const data = make(values.length * cols);
  for (const [i, row] of values.entries()) data.set(row.slice(0, cols), i * cols);
  return { data, rows: values.length, cols, labels: Float64Array.from(values, (row) => row[cols] as number) };
}

function readLibsvm(lines: readonly string[], cols: number, make: (length: number) => Rows["data"]): Rows {
  const data = make(lines.length * cols);
  const labels = new Float64Array(lines.length);
  lines.forEach((line, i) => {
    const [label, ...entries] = line.split(" ");
    labels[i] = Number(label);
    for (const entry of entries) {
      const [index, value] = entry.split(":");
      data[i * cols + Number(index) - 1] = Number(value);
    }
  });
  return { data, rows: lines.length, cols, labels };
}

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const doubles = (length: number): Float64Array => new Float64Array(length);

/** The rows the reference was made of and, for a9a, the test set. */
export function readRows(name: DatasetName): { train: Rows; test: Rows | null } {
  const [first, second] = SOURCES[name].map(linesOf) as [string[], string[]];
  switch (name) {
    case "digits":
      return { train: readTable(first, ",", bytes), test: null };
    case "breast_cancer":
      return { train: readTable(first.slice(1), ",", doubles), test: null };
    case "diabetes":
      return {
        train: readTable(
          first.map((line, i) => `${line} ${second[i]}`),
          /\s+/,
          doubles,
        ),
        test: null,
      };
    case "a9a":
      return { train: readLibsvm(first, 123, bytes), test: readLibsvm(second, 123, bytes) };
    case "cpusmall":
      return { train: readLibsvm(first, 12, doubles), test: null };
  }
}

/** null; "balanced": n/(classes·rows of the class); "modulo": 1 + (row mod 5). */
export function sampleWeights(kind: ReferenceCase["weights"], labels: Float64Array): Float64Array | null {
  if (kind === null) return null;
  if (kind === "modulo") return labels.map((_, i) => 1 + (i % 5));
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label) => labels.length / (counts.size * (counts.get(label) as number)));
}
