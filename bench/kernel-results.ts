// The shape of bench/results/kernels-*.json: written by kernels.ts, read by report.ts.
import type { Measurement } from "./rounds.js";

export type KernelGroup = "dot" | "sweep" | "stream" | "axpy" | "pass" | "step" | "softmax" | "memory" | "epoch";

export interface KernelRow extends Measurement {
  readonly group: KernelGroup;
  readonly columns: number;
  /** × our float32, in groups "axpy" and "pass" × the fastest float32: the median of the ratios inside each round. */
  readonly ratio: number;
}

export interface KernelResults {
  readonly environment: Readonly<Record<string, string | number>>;
  /** Of the C dots; null where there was none. */
  readonly compiler: string | null;
  readonly results: readonly KernelRow[];
}
