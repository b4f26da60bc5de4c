// Products of a matrix of bytes with vectors in code coordinates: the integer passes of the Newton solvers.
// A step is rounded to int16 codes with a power-of-two unit, and from then on the rounded step *is* the step, so that its product is exact.
// docs/numerics.md §10.
import type { ByteMatrix, Frame } from "../../data/dataset.js";
import { eachUnpacked, packedRows, unpackRows } from "../../data/packed.js";
import type { GradientFacts, Problem } from "../../data/problem.js";
import type { Core, Scope } from "../../engine/core.js";
import type { ByteStorage } from "../../engine/kernels.js";
import { after, eachPart, INTEGER_PRICE, PIECE, partOf, piece, type Work } from "../../engine/work.js";
import { partOfCurvature } from "./curvature.js";
import type { Arithmetic, Curvature, GramSums, Products } from "./products.js";
import { tileMap } from "./tile-map.js";

/** Most int16 planes of a rounded vector: 45 bits. */
const MOST_PLANES = 3;

/** Classes that the kernels take at a time, at most; only these skip zeros. */
const GROUP = 5;

/** Rounding noise in the norm of a gradient. */
const GRADIENT_NOISE = 1e-2;

/** Rows per call of the Gram kernel: sums of a block fit int32. And columns whose sums it keeps together. */
const GRAM_BLOCK = 256;
const GRAM_GROUP = 5;
/** Multiply-adds that the map between bytes and codes of a column takes as long as, with two divisions in memory used for the first time. */
const MAP_PRICE = 32;
/** Multiply-adds that a value takes as long as in column moments: a byte widened to float64, two sums in memory. */
const MOMENT_PRICE = 4;
/** Passes over a vector of the model's size: to the products' coordinates, rounded, and back. */
const ROUND_PRICE = 6;
/** Multiply-adds that looking at a derivative and rounding its change takes as long as. */
const CHANGE_PRICE = 4;
/** Rows that a map of zeros has apart from others. */
const STRIP = 64;
/** Rows that a pass takes at a time, and the struct that says how they are packed: assembly/solver/blocks.ts. */
const PASS_BLOCK = 256;
const PACKING_BYTES = 20;

/** What grows with the rows: a map of their zeros, the derivatives that the gradient's sums stand for (rows × outputs f64); 0 where there is none. */
interface RowSpace {
  readonly map: number;
  readonly held: number;
}

/**
 * Rows per call of a pass that takes blocks of 256, a row costing `cost` multiply-adds: whole blocks; of rows so wide that a block would be more than two pieces
 * (65 536 values in Hessian products) smaller ones, whose coefficients then have units of their own.
 */
const rowsPerCall = (cost: number): number =>
  PASS_BLOCK * cost <= 2 * PIECE ? partOf(cost, PASS_BLOCK) : partOf(cost, STRIP);

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
    if (core.isDue(MAP_PRICE * frame.padded)) yield;
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
    const { pointer, low } = this.matrix;
    if (low === 0) yield* this.#addMargins(pointer, unit, this.#shifts, isAdded, this.#map, u);
    else {
      yield* this.#addMargins(pointer, 256 * unit, this.#shifts, isAdded, this.#map, u);
      yield* this.#addMargins(pointer + low, unit, this.#none, true, 0, u);
    }
  }

  /** u (+)= scale·(bytes at `from`)·codes + shifts. */
  *#addMargins(from: number, scale: number, shifts: number, isAdded: boolean, map: number, u: number): Work<void> {
    const { strideBytes, rows, columns } = this.matrix;
    const kernel = this.#core.kernels[`blockMargins${this.#storage}`];
    const [outputs, codes, scratch, packing] = [this.#outputs, this.#codes, this.#scratch, this.#packing];
    const on = isAdded ? 1 : 0;
    const cost = columns * outputs * INTEGER_PRICE;
    yield* this.#eachRows(cost, rows, map, (row, count, at) => {
      const [x, to] = [from + row * strideBytes, u + row * outputs * 8];
      kernel(x, strideBytes, count, columns, outputs, codes, scale, shifts, on, scratch, to, at, packing);
    });
  }

  /** Visits rows of `cost` multiply-adds each as a pass wants them; the visit gets the first one's number, how many they are, and their map. */
  #eachRows(
    cost: number,
    rows: number,
    map: number,
    visit: (row: number, count: number, map: number) => void,
  ): Work<void> {
    const { columns } = this.matrix;
    return eachPart(
      this.#core,
      rows,
      cost,
      1,
      (row, count) => visit(row, count, map === 0 ? 0 : map + this.#core.kernels.tileBytes(row, columns)),
      rowsPerCall(cost),
    );
  }

  /**
   * u = X·z (rows × outputs f64), exactly; z (outputs × padded f64, code coordinates) is rounded in place to what int16 codes can say: once, or
   * again for what is left, until scales·(rounding error)² is at most `allowed`. scales: padded f64.
   */
  *multiply(z: number, u: number, scales: number, allowed: number): Work<void> {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { columns } = this.matrix;
    const size = ROUND_PRICE * padded * this.#outputs;
    kernels.scaleColumns(z, this.factor, 0, padded, this.#outputs, this.#raw);
    for (let plane = 0; plane < MOST_PLANES; plane++) {
      if (this.#core.isDue(size)) yield;
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
  hessian(p: number, curvature: Curvature, ridge: number, out: number): Work<void> {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { pointer, strideBytes, rows, columns } = this.matrix;
    const outputs = this.#outputs;
    this.#core.spend(ROUND_PRICE * padded * outputs);
    kernels.scaleColumns(p, this.factor, 0, padded, outputs, this.#raw);
    // `out` first holds the rounded p, with the intercept that the shifts need
    this.#core.f64(out, outputs * padded).set(this.#core.f64(p, outputs * padded));
    const unit = this.#round(out, false);
    // in units of the codes: float32 coefficients then have the size of integers, whatever the size of p
    const scale = unit > 0 ? unit : Math.max(kernels.maxAbs(this.#shifts, outputs), Number.MIN_VALUE);
    kernels.combine(this.#shifts, 0, 1 / scale, this.#shifts, outputs);
    const kernel = kernels[`hessian${this.#storage}`];
    const work = this.#eachRows(2 * columns * outputs * INTEGER_PRICE, rows, this.#map, (row, count, map) => {
      const { h, p: state, weights } = partOfCurvature(curvature, row, outputs);
      kernel(
        pointer + row * strideBytes,
        strideBytes,
        count,
        columns,
        outputs,
        this.#codes,
        unit > 0 ? 1 : 0,
        this.#shifts,
        h,
        state,
        weights,
        this.#scratch,
        this.#sums,
        this.#totals,
        map,
        this.#packing,
        row > 0 ? 1 : 0,
      );
    });
    return after(this.#core, work, ROUND_PRICE * padded * outputs, () => {
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
    });
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
    const outputs = this.#outputs;
    const kernel = kernels[`follow${this.#storage}`];
    // a product of every value of a plane, and the changes themselves
    const cost = outputs * ((low === 0 ? 1 : 2) * columns * INTEGER_PRICE + CHANGE_PRICE);
    const stored = { width: columns, passScale, passOffset };
    for (let round = 0; ; round++) {
      let missing = 0;
      yield* this.#eachRows(cost, rows, this.#map, (row, count, map) => {
        missing += kernel(
          pointer + row * strideBytes,
          low,
          strideBytes,
          count,
          columns,
          outputs,
          c + row * outputs * 8,
          this.#held + row * outputs * 8,
          this.#scratch,
          this.#heldSums,
          this.#heldTotals,
          map,
          this.#packing,
        );
      });
      if (this.#core.isDue(ROUND_PRICE * padded * outputs)) yield;
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
    yield* eachPart(core, rows, 1, 1, (row, count) => {
      kernels[`weightCodes${storage}`](weight + 4 * row, top, count, codes + 2 * row);
    });
    const unit = top / (storage === "I8" ? 255 : 127);
    const { packed } = matrix;
    const map = packed === undefined ? yield* tileMap(core, scratch, matrix) : 0;
    const room = packed === undefined ? 0 : scratch.alloc(GRAM_BLOCK * packed.padded, "a block of rows");
    for (let row = 0; row < rows; row += GRAM_BLOCK) {
      const count = Math.min(GRAM_BLOCK, rows - row);
      let [x, stride] = [pointer + row * strideBytes, strideBytes];
      if (packed !== undefined) {
        yield* unpackRows(core, { ...packedRows(matrix), codes: x }, count, room);
        [x, stride] = [room, packed.padded];
      }
      const at = map === 0 ? 0 : map + kernels.tileBytes(row, columns);
      const d = codes + 2 * row;
      // the first part weighs the rows for all of them
      yield* eachPart(core, columns, count * columns * INTEGER_PRICE, GRAM_GROUP, (column, some) => {
        kernels[`gram${storage}`](x, stride, count, columns, d, unit, strip, squares, at, column, column + some);
      });
      if (core.isDue(count * columns * INTEGER_PRICE)) yield;
      core.bytes(block, columns * 4).fill(0);
      kernels[`weightedSums${storage}`](x, stride, count, columns, d, block);
      kernels.addInt32(first, unit, block, columns);
    }
    let total = 0;
    yield* eachPart(core, rows, 1, 1, (row, count) => {
      total += kernels.sumInt16(codes + 2 * row, count);
    });
    return unit * total;
  }

  *moments(matrix: ByteMatrix, rows: number, weight: number, q: number, s: number): Work<number> {
    const { pointer, strideBytes, packed } = matrix;
    const core = this.#core;
    const kernel = core.kernels[`moments${this.#storage}`];
    const at = (row: number): number => (weight === 0 ? 0 : weight + 4 * row);
    let total = 0;
    if (packed === undefined) {
      yield* eachPart(core, rows, MOMENT_PRICE * this.#cols, 1, (row, count) => {
        kernel(pointer + row * strideBytes, strideBytes, count, this.#cols, at(row), 4, q, s);
        // in the order of the rows, whatever the parts
        total = core.kernels.sumWeights(at(row), count, total);
      });
    } else {
      yield* eachUnpacked(core, packedRows(matrix), rows, (x, stride, first, count) => {
        total += kernel(x, stride, count, this.#cols, at(first), 4, q, s);
      });
    }
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
