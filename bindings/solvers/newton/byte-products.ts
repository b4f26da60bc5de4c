// Products of a matrix of bytes with vectors in code coordinates: the integer passes of the Newton solvers.
// A step is rounded to int16 codes with a power-of-two unit, and from then on the rounded step *is* the step, so that its product is exact.
// docs/numerics.md §10.
import type { ByteMatrix, Frame } from "../../data/dataset.js";
import { eachUnpacked, packedRows } from "../../data/packed.js";
import type { GradientFacts, Problem } from "../../data/problem.js";
import type { Core, Scope } from "../../engine/core.js";
import type { ByteStorage } from "../../engine/kernels.js";
import { piece, type Work } from "../../engine/work.js";
import type { Arithmetic, Curvature, GramSums, Products } from "./products.js";
import { tileMap } from "./tile-map.js";

/** Most int16 planes of a rounded vector: 45 bits. */
const MOST_PLANES = 3;

/** Classes that the kernels take at a time, at most; only these skip zeros. */
const GROUP = 5;

/** Rounding noise in the norm of a gradient. */
const GRADIENT_NOISE = 1e-2;

/** Rows per call of the Gram kernel: sums of a block fit int32. */
const GRAM_BLOCK = 256;
/** Rows that a pass takes at a time, and the struct that says how they are packed: assembly/solver/blocks.ts. */
const PASS_BLOCK = 256;
const PACKING_BYTES = 20;

/** What grows with the rows: a map of their zeros, the derivatives that the gradient's sums stand for (rows × outputs f64); 0 where there is none. */
interface RowSpace {
  readonly map: number;
  readonly held: number;
}

export class ByteProducts implements Products {
  readonly matrix: ByteMatrix;
  /** code = factor·(byte + shift): padded f64 each. */
  readonly factor: number;
  readonly shift: number;
  readonly #core: Core;
  readonly #storage: ByteStorage;
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #cols: number;
  readonly #outputs: number;
  /** Byte weights: outputs × padded f64; their codes: outputs × columns int16; shifts and totals: outputs f64. */
  readonly #raw: number;
  readonly #codes: number;
  readonly #shifts: number;
  readonly #none: number;
  /** Sums over bytes: outputs × columns f64, with totals: outputs f64. */
  readonly #sums: number;
  readonly #totals: number;
  readonly #scratch: number;
  readonly #map: number;
  /** How a block of packed rows becomes bytes (assembly/solver/blocks.ts), or 0. */
  readonly #packing: number;
  /** The derivatives that the gradient's sums stand for: rows × outputs f64; 0 before the first gradient. */
  readonly #held: number;
  readonly #heldSums: number;
  readonly #heldTotals: number;

  private constructor(scope: Scope, problem: Problem, frame: Frame, matrix: ByteMatrix, rows: RowSpace) {
    const { core, outputs, dataset } = problem;
    const { padded } = frame;
    const { columns } = matrix;
    this.#core = core;
    this.#problem = problem;
    this.#frame = frame;
    this.matrix = matrix;
    this.#storage = matrix.storage as ByteStorage;
    this.#cols = dataset.cols;
    this.#outputs = outputs;
    this.factor = scope.alloc(padded * 8, "column maps");
    this.shift = scope.alloc(padded * 8, "column maps");
    core.kernels.frameMaps(
      frame.scale,
      frame.offset,
      matrix.passScale,
      matrix.passOffset,
      this.#cols,
      padded,
      this.factor,
      this.shift,
    );
    this.#raw = scope.alloc(outputs * padded * 8, "a vector");
    this.#codes = scope.alloc(outputs * columns * 2, "the codes of a vector");
    this.#shifts = scope.alloc(outputs * 8, "shifts");
    this.#none = scope.alloc(outputs * 8, "shifts");
    this.#sums = scope.alloc(outputs * columns * 8, "column sums");
    this.#totals = scope.alloc(outputs * 8, "column sums");
    this.#scratch = scope.alloc(core.kernels.blockScratchBytes(columns, outputs), "a block of rows");
    this.#packing = matrix.packed === undefined ? 0 : writePacking(core, scope, matrix.packed);
    this.#map = rows.map;
    this.#held = rows.held;
    this.#heldSums = rows.held !== 0 ? scope.alloc(outputs * columns * 8, "column sums") : 0;
    this.#heldTotals = rows.held !== 0 ? scope.alloc(outputs * 8, "column sums") : 0;
  }

  /** hasGradient false: only Hessian products will be asked for. */
  static *create(
    scope: Scope,
    problem: Problem,
    frame: Frame,
    matrix: ByteMatrix,
    hasGradient: boolean,
  ): Work<ByteProducts> {
    const { core, outputs } = problem;
    const map = outputs >= GROUP && matrix.packed === undefined ? yield* tileMap(core, scope, matrix) : 0;
    const held = hasGradient ? yield* scope.allocWork(matrix.rows * outputs * 8, "the derivatives of the gradient") : 0;
    return new ByteProducts(scope, problem, frame, matrix, { map, held });
  }

  get #intercept(): number {
    return this.#frame.intercept;
  }

  /** int16 codes of the byte weights `raw`, and what they mean: into (or on top of) the data part of z, with the shifts. Returns their unit. */
  #round(z: number, isAdded: boolean): number {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { columns, largest } = this.matrix;
    const unit = kernels.toInt16(this.#raw, padded, this.#cols, this.#outputs, largest, this.#codes, columns);
    kernels.snap(
      this.#codes,
      columns,
      this.#cols,
      this.#outputs,
      unit,
      this.factor,
      this.shift,
      this.#intercept,
      isAdded ? 1 : 0,
      z,
      padded,
      this.#shifts,
    );
    return unit;
  }

  *#multiplyCodes(unit: number, isAdded: boolean, u: number): Work<void> {
    const { pointer, low, strideBytes, rows, columns } = this.matrix;
    const kernel = this.#core.kernels[`blockMargins${this.#storage}`];
    const pass = (from: number, scale: number, shifts: number, isOn: boolean, map: number): void => {
      const on = isOn ? 1 : 0;
      const [outputs, codes, scratch, packing] = [this.#outputs, this.#codes, this.#scratch, this.#packing];
      kernel(from, strideBytes, rows, columns, outputs, codes, scale, shifts, on, scratch, u, map, packing);
    };
    if (this.#core.isDue(rows * columns * this.#outputs)) yield;
    if (low === 0) pass(pointer, unit, this.#shifts, isAdded, this.#map);
    else {
      pass(pointer, 256 * unit, this.#shifts, isAdded, this.#map);
      pass(pointer + low, unit, this.#none, true, 0);
    }
  }

  /**
   * u = X·z (rows × outputs f64), exactly; z (outputs × padded f64, code coordinates) is rounded in place to what int16 codes can say: once, or
   * again for what is left, until scales·(rounding error)² is at most `allowed`. scales: padded f64.
   */
  *multiply(z: number, u: number, scales: number, allowed: number): Work<void> {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { columns } = this.matrix;
    kernels.scaleColumns(z, this.factor, 0, padded, this.#outputs, this.#raw);
    for (let plane = 0; plane < MOST_PLANES; plane++) {
      const unit = this.#round(z, plane > 0);
      if (plane > 0 && unit === 0) return;
      yield* this.#multiplyCodes(unit, plane > 0, u);
      kernels.subtractCodes(this.#raw, padded, this.#cols, this.#outputs, unit, this.#codes, columns);
      const { factor } = this;
      const error = kernels.roundingError(this.#raw, padded, this.#cols, this.#outputs, factor, scales);
      if (!(error > allowed)) return;
    }
  }

  /** out = (Σ ωᵢ·loss″ᵢ·xᵢxᵢᵀ/rows + ridge)·p, the sum for p rounded to int16 codes; p, out: outputs × padded f64, ridge: padded f64. */
  *hessian(p: number, curvature: Curvature, ridge: number, out: number): Work<void> {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { pointer, strideBytes, rows, columns } = this.matrix;
    const outputs = this.#outputs;
    kernels.scaleColumns(p, this.factor, 0, padded, outputs, this.#raw);
    // `out` first holds the rounded p, with the intercept that the shifts need
    this.#core.f64(out, outputs * padded).set(this.#core.f64(p, outputs * padded));
    const unit = this.#round(out, false);
    // in units of the codes: float32 coefficients then have the size of integers, whatever the size of p
    const scale = unit > 0 ? unit : Math.max(kernels.maxAbs(this.#shifts, outputs), Number.MIN_VALUE);
    kernels.combine(this.#shifts, 0, 1 / scale, this.#shifts, outputs);
    if (this.#core.isDue(2 * rows * columns * outputs)) yield;
    kernels[`hessian${this.#storage}`](
      pointer,
      strideBytes,
      rows,
      columns,
      outputs,
      this.#codes,
      unit > 0 ? 1 : 0,
      this.#shifts,
      curvature.h,
      curvature.p,
      curvature.weights,
      this.#scratch,
      this.#sums,
      this.#totals,
      this.#map,
      this.#packing,
    );
    kernels.combine(this.#sums, 0, scale, this.#sums, outputs * columns);
    kernels.combine(this.#totals, 0, scale, this.#totals, outputs);
    kernels.assembleProduct(
      this.#sums,
      columns,
      this.#totals,
      this.factor,
      this.shift,
      this.#intercept,
      rows,
      ridge,
      p,
      this.#cols,
      outputs,
      out,
      padded,
    );
  }

  /**
   * The full gradient for derivatives c (rows × outputs f64) into g (outputs × padded f64), by following the changes of c in int16
   * codes: what is missing is at most 2⁻¹⁶ of the last change, and the next call makes it good. Where that could be seen in the gradient's norm, the next
   * call is made at once.
   */
  *gradient(v: number, c: number, g: number, size?: () => number): Work<GradientFacts> {
    const { kernels } = this.#core;
    const { pointer, low, strideBytes, rows, columns, passScale, passOffset } = this.matrix;
    const { largest, padded } = this.#frame;
    const stored = { width: columns, passScale, passOffset };
    for (let round = 0; ; round++) {
      if (this.#core.isDue(2 * rows * columns * this.#outputs)) yield;
      const missing = kernels[`follow${this.#storage}`](
        pointer,
        low,
        strideBytes,
        rows,
        columns,
        this.#outputs,
        c,
        this.#held,
        this.#scratch,
        this.#heldSums,
        this.#heldTotals,
        this.#map,
        this.#packing,
      );
      const facts = this.#problem.assembleGradient(this.#frame, stored, this.#heldSums, this.#heldTotals, v, g, rows);
      // rounding errors of the rows are independent, and no row of codes is longer than largest·√columns
      const noise = (Math.sqrt(missing * padded) * largest) / rows;
      if (noise <= GRADIENT_NOISE * (size?.() ?? facts.codeNorm) || round >= MOST_PLANES) return facts;
    }
  }

  /** Integer sums per block of rows, with the weights rounded to codes d = unit·code. */
  *gram(scratch: Scope, matrix: ByteMatrix, weight: number, top: number, { squares, first }: GramSums): Work<number> {
    const core = this.#core;
    const { kernels } = core;
    const storage = this.#storage;
    const { pointer, strideBytes, rows, columns } = matrix;
    const codes = scratch.alloc((rows + 1) * 2, "row weights");
    const strip = scratch.alloc(kernels.gramScratchBytes(columns), "a block of rows");
    const block = scratch.alloc(columns * 4, "column sums");
    kernels[`weightCodes${storage}`](weight, top, rows, codes);
    const unit = top / (storage === "I8" ? 255 : 127);
    const map = matrix.packed === undefined ? yield* tileMap(core, scratch, matrix) : 0;
    const mapBytes = kernels.tileBytes(GRAM_BLOCK, columns);
    const add = (x: number, stride: number, row: number, count: number): void => {
      const at = map === 0 ? 0 : map + (row / GRAM_BLOCK) * mapBytes;
      kernels[`gram${storage}`](x, stride, count, columns, codes + 2 * row, unit, strip, squares, at);
      core.bytes(block, columns * 4).fill(0);
      kernels[`weightedSums${storage}`](x, stride, count, columns, codes + 2 * row, block);
      kernels.addInt32(first, unit, block, columns);
    };
    if (matrix.packed !== undefined) yield* eachUnpacked(core, packedRows(matrix), rows, add, GRAM_BLOCK);
    else {
      for (let row = 0; row < rows; row += GRAM_BLOCK) {
        if (core.isDue((GRAM_BLOCK * columns * columns) / 2)) yield;
        add(pointer + row * strideBytes, strideBytes, row, Math.min(GRAM_BLOCK, rows - row));
      }
    }
    return unit * kernels.sumInt16(codes, rows);
  }

  *moments(matrix: ByteMatrix, rows: number, weight: number, q: number, s: number): Work<number> {
    const { pointer, strideBytes, packed } = matrix;
    const kernel = this.#core.kernels[`moments${this.#storage}`];
    if (this.#core.isDue(2 * rows * this.#cols)) yield;
    if (packed === undefined) return kernel(pointer, strideBytes, rows, this.#cols, weight, 4, q, s);
    let total = 0;
    yield* eachUnpacked(this.#core, packedRows(matrix), rows, (x, stride, first, count) => {
      total += kernel(x, stride, count, this.#cols, weight === 0 ? 0 : weight + 4 * first, 4, q, s);
    });
    return total;
  }
}

/** The struct Packing, and room for a block of rows. */
function writePacking(core: Core, scope: Scope, { packed, padded }: NonNullable<ByteMatrix["packed"]>): number {
  const rows = scope.alloc(PASS_BLOCK * padded, "a block of rows");
  const packing = scope.alloc(PACKING_BYTES, "how codes are packed");
  core.u32(packing, PACKING_BYTES / 4).set([packed.table, packed.mask, packed.bits, padded, rows]);
  return packing;
}

/** The package's own arithmetic. */
export const BYTE_ARITHMETIC: Arithmetic = {
  view: ({ dataset, fitIntercept }) => dataset.byteView(fitIntercept),
  exact: (_scope, problem, frame) =>
    piece(() => ({
      multiply: (z, u) => problem.exactMargins(frame, z, u),
      gradient: (v, c, g) => problem.exactGradient(frame, v, c, g),
    })),
  products: (scope, problem, frame, matrix, hasGradient) =>
    ByteProducts.create(scope, problem, frame, matrix as ByteMatrix, hasGradient),
};
