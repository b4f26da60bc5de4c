// The state of one inner run over sparse rows: that of `Run`, whose codes are then the entries' own (int8, nnz of them, strideBytes unused), and what
// rows in CSR form need besides. bindings/engine/lazy-run.ts lists the same names in the same order; a test compares the two.
import { Run } from "./run";

@unmanaged
export class LazyRun extends Run {
  /** First entry of each row: rows + 1 u32. */
  starts: usize;
  /** Columns of the entries, ascending within a row: nnz u32. */
  indices: usize;
  /** What is kept of each column between two visits (solver/lazy.ts): (cols + 1) × lazy.stride(classes) bytes, 16-byte aligned. */
  slots: usize;
  /** z of the current row's columns at this step: (longest row + 1) × classes f64, classes padded to an even number unless 1. */
  values: usize;
  /** Columns without the intercept, whose slot stands at index `cols`. */
  cols: u32;
  /** Code Q of the intercept, the same in every row; 0: none. */
  intercept: u32;
  /** Steps of the run done so far. */
  step: u32;
  /** Entries that the last call has visited, the intercept's among them. */
  touched: u32;
  /** State of the rounding stream: in the present writing column j rounds with (offset + j·spread mod 2³²)/2³². */
  offset: u32;
  spread: u32;
}
