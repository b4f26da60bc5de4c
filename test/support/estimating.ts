// Estimators posed to the oracle, and inputs that must not change.
import type { LinearEstimator, LossName, RowsInput, SparseMatrix } from "../../bindings/index.js";
import { BitcenterError } from "../../bindings/index.js";
import { type Problem as Exact, joinParameters, objective, remainingGap } from "../oracle/objective.js";

type Fitted = Pick<LinearEstimator, "coef" | "intercept">;

/** (F − F*)/(F(0) − F*) by the oracle. */
export function relativeGap(exact: Exact, { coef, intercept }: Fitted): number {
  const theta = joinParameters(exact, coef, intercept);
  const left = remainingGap(exact, theta);
  const zero = objective(
    exact,
    theta.map(() => 0),
  );
  return left / (zero - objective(exact, theta) + left);
}

/** The oracle's view of a dense problem. labels: ±1, targets, or places of classes. */
export function exactOf(
  values: ArrayLike<number>,
  rows: number,
  loss: LossName,
  labels: ArrayLike<number>,
  more: Partial<Exact> = {},
): Exact {
  const classes = loss === "softmax" ? Math.max(...Array.from(labels)) + 1 : 1;
  const all = { values: Float64Array.from(values), rows, cols: values.length / rows, labels, loss, classes };
  return { ...all, l2: 1e-4, intercept: true, tau: 1, ...more };
}

/** Dense rows in compressed form; zeros are left away. */
export function compress(values: ArrayLike<number>, rows: number, Type = Float64Array as never): SparseMatrix {
  const cols = values.length / rows;
  const [data, indices, indptr]: number[][] = [[], [], [0]];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const value = values[i * cols + j] as number;
      if (value === 0) continue;
      (data as number[]).push(value);
      (indices as number[]).push(j);
    }
    (indptr as number[]).push((data as number[]).length);
  }
  const Values = Type as unknown as typeof Float64Array;
  return {
    data: Values.from(data as number[]),
    indices: Int32Array.from(indices as number[]),
    indptr: Int32Array.from(indptr as number[]),
    rows,
    cols,
  };
}

export function listOf(values: ArrayLike<number>, rows: number): number[][] {
  const cols = values.length / rows;
  return Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => values[i * cols + j] as number));
}

/** Throws when `work` changes what it is given. */
export function unchanged<T>(inputs: readonly (RowsInput | ArrayLike<unknown>)[], work: () => T): T {
  const before = inputs.map((input) => structuredClone(input));
  const result = work();
  inputs.forEach((input, i) => {
    if (JSON.stringify(input) !== JSON.stringify(before[i])) throw new Error(`input ${i} has changed`);
  });
  return result;
}

/** The BitcenterError that `act` throws or rejects with. */
export async function errorOf(act: () => unknown): Promise<BitcenterError> {
  let error: unknown;
  try {
    await act();
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof BitcenterError)) throw new Error(`expected a BitcenterError, got ${String(error)}`);
  return error;
}
