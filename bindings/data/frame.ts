// Coordinates of codes, whatever the rows are stored as.

/** What the exact copy of the rows holds. */
export type ExactCopy = "float64" | "float32" | "int16" | "uint8" | "int8" | "rounded16" | "table16" | "table8";

/** A coordinate system: code = (x − offset)/scale per column. Pointers are byte offsets. */
export interface Frame {
  /** Largest code Q: 127, 32767, or 1 for the float32 plane. */
  readonly largest: number;
  /** Columns with padding, a multiple of 32; the intercept's, if any, is at index `cols`. */
  readonly padded: number;
  /** The intercept's code: Q, of packed codes their level of the largest size; 0 where none is fitted. */
  readonly intercept: number;
  /** padded f64 each: x = offset + scale·code. */
  readonly scale: number;
  readonly offset: number;
}
