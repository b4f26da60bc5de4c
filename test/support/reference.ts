// The committed reference values (test/reference/*.json, made by bench/peers/reference.py) and the real data they belong to. The data are not part of the
// project: they are read from the folder that BITCENTER_DATA names, or from the folder beside the repository.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DenseMatrix, LossName, NumericArray, SparseMatrix } from "../../bindings/index.js";
import { type FileOptions, readFile } from "../../bindings/node/index.js";
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
  /** As the reader gives them. */
  readonly X: DenseMatrix | SparseMatrix;
  /** Dense. */
  readonly data: NumericArray;
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

/** The dense form of rows, in their own type. */
function denseOf({ data, indices, indptr, rows, cols }: SparseMatrix): DenseMatrix {
  const out = new (data.constructor as new (length: number) => NumericArray)(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let at = indptr[i] as number; at < (indptr[i + 1] as number); at++) {
      out[i * cols + (indices[at] as number)] = data[at] as number;
    }
  }
  return { data: out, rows, cols };
}

async function read(path: string, options: FileOptions): Promise<Rows> {
  const { X, y } = await readFile(join(FOLDER, path), options);
  const { data, rows, cols } = "indptr" in X ? denseOf(X) : X;
  return { X, data: data as NumericArray, rows, cols, labels: y as Float64Array };
}

/** The rows the reference was made of and, for a9a, the test set: by the package's readers. */
export async function readRows(name: DatasetName): Promise<{ train: Rows; test: Rows | null }> {
  const [first, second] = SOURCES[name] as [string, string];
  switch (name) {
    case "digits":
      return { train: await read(first, { label: "last" }), test: null };
    case "breast_cancer":
      // the line above the rows counts them and names the classes
      return { train: await read(first, { label: "last", skipLines: 1 }), test: null };
    case "diabetes":
      return { train: await read(first, { labels: join(FOLDER, second) }), test: null };
    case "a9a":
      return { train: await read(first, { cols: 123 }), test: await read(second, { cols: 123 }) };
    case "cpusmall":
      return { train: await read(first, { cols: 12 }), test: null };
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
