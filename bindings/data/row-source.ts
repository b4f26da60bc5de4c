// What problems and solvers may ask of a dataset's rows however they are stored.
import type { Work } from "../engine/work.js";
import type { ExactRows } from "./exact-rows.js";
import type { ExactCopy, Frame } from "./frame.js";

export interface RowSource {
  readonly rows: number;
  readonly cols: number;
  /** Storage of the exact copy. */
  readonly exact: ExactCopy;
  readonly isCentred: boolean;
  readonly exactRows: ExactRows;
  /** Coordinates without codes of their own; made on first use, then kept. */
  frame(hasIntercept: boolean): Work<Frame>;
  /** Columns whose codes are all 0. */
  emptyColumns(hasIntercept: boolean): readonly number[];
}
