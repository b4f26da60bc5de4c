// Broken forms of the kernels behind the Newton solvers, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import { nearestEven } from "./oracle/loss.js";
import { blockCodes, curved, powerAbove, tileMap } from "./oracle/newton.js";
import type { Harness } from "./support/memory.js";
import { add, mutantTools, put, swap } from "./support/mutant-tools.js";
import type { ByteStorage } from "./support/newton-checkers.js";

export type Mutants = Readonly<Record<string, Kernel>>;

const BLOCK = 256;
const STRIP = 64;
const f = Math.fround;
const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const wrap16 = (x: number): number => (x << 16) >> 16;
const sat16 = (x: number): number => Math.min(Math.max(x, -32768), 32767);
/** What a kernel without an answer returns. */
const NOTHING = undefined as unknown as number;
/** `Count` numbers: the arguments of a kernel, taken apart. */
type Arguments<Count extends number, Head extends number[] = []> = Head["length"] extends Count
  ? Head
  : Arguments<Count, [...Head, number]>;

/** The last odd row is forgotten. */
const even =
  (index: number) =>
  (args: number[]): void => {
    args[index] = at(args, index) & ~1;
  };
const atMost =
  (index: number, limit: number) =>
  (args: number[]): void => {
    args[index] = Math.min(at(args, index), limit);
  };

interface HessianTweaks {
  /** Rows that share a unit. */
  block: number;
  code: (value: number, unit: number) => number;
  curve: typeof curved;
}

interface FactorTweaks {
  /** Rows above that are subtracted from row j. */
  above: (j: number) => number;
  isGood: (pivot: number) => boolean;
  /** Element j k of what is given. */
  given: (g: Float64Array, n: number, j: number, k: number) => number;
}

interface SampleTweaks {
  next: (draw: number, isFirst: boolean) => number;
  /** Where in its stratum a draw lies. */
  place: (draw: number) => number;
  part: (size: number, rows: number, count: number) => number;
  isHeavy: (own: number, stratum: number) => boolean;
  heavyShare: number;
  /** Heavy rows lie among the others. */
  isCounted: boolean;
  /** Rows without weight count as heavy. */
  isLightFree: boolean;
  share: (before: number, more: number) => number;
  /** A row that comes twice has two entries. */
  isListed: boolean;
  round: (x: number) => number;
}

/** `plain`: forms without a mistake, which the checkers must accept; the mutants made of them differ by one. */
export function newtonMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const { real, misled, followed, distorted } = mutantTools(kernels);
  const i32 = (pointer: number, count: number): Int32Array =>
    new Int32Array(memory.u8(pointer, 4 * count).buffer, pointer, count);
  const f64 = (pointer: number, count: number): Float64Array => memory.f64(pointer, count);
  /** The bytes of a matrix, rows × columns without gaps. */
  const bytesOf = (storage: ByteStorage, x: number, stride: number, rows: number, columns: number): Float64Array => {
    const out = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      out.set(storage === "I8" ? memory.i8(x + i * stride, columns) : memory.u8(x + i * stride, columns), i * columns);
    }
    return out;
  };
  /** The kernel on one piece of the rows after another; `move` sets the arguments of the piece that starts at row `first`. A map changes no sum, and is left out. */
  const pieces =
    (
      name: string,
      rowsAt: number,
      size: number,
      mapAt: number | null,
      move: (args: number[], first: number) => void,
    ): Kernel =>
    (...args) => {
      const rows = at(args, rowsAt);
      let answer = 0;
      for (let first = 0; first < rows; first += size) {
        const edited = args.slice();
        edited[rowsAt] = Math.min(size, rows - first);
        if (mapAt !== null) edited[mapAt] = 0;
        move(edited, first);
        answer = real(name)(...edited);
      }
      return answer;
    };

  /** Two forms that misread the map: it follows rows and columns among the arguments. */
  const mapMutants = (name: string, rowsAt: number, mapAt: number): Mutants => {
    const mapped =
      (change: (map: Int32Array, strip: number, across: number, words: number) => void): Kernel =>
      (...args) => {
        const [rows, columns, map] = [at(args, rowsAt), at(args, rowsAt + 1), at(args, mapAt)];
        if (map === 0) return real(name)(...args);
        const [across, words] = [columns / 8, Math.ceil(columns / 256)];
        const strip = across + 32 * words;
        const copy = new Int32Array(i32(map, Math.ceil(rows / STRIP) * strip));
        change(copy, strip, across, words);
        const edited = args.slice();
        edited[mapAt] = memory.inout(copy);
        return real(name)(...edited);
      };
    return {
      "takes the map of the first strip of 64 rows for all": mapped((map, strip) => {
        for (let first = strip; first < map.length; first += strip) map.copyWithin(first, 0, strip);
      }),
      "skips the last tile": mapped((map, strip, across, words) => {
        for (let first = 0; first < map.length; first += strip) {
          map[first + across - 1] = 0;
          for (let pair = 0; pair < 32; pair++) {
            const word = first + across + pair * words + words - 1;
            map[word] = at(map, word) & ~(1 << ((across - 1) & 31));
          }
        }
      }),
      "skips the last pair of rows": mapped((map, strip, across, words) => {
        for (let first = 0; first < map.length; first += strip) {
          let last = 31;
          while (last > 0 && map.subarray(first, first + across).every((word) => (word >>> last) % 2 === 0)) last--;
          for (let tile = 0; tile < across; tile++) map[first + tile] = at(map, first + tile) & ~(1 << last);
          map.fill(0, first + across + last * words, first + across + (last + 1) * words);
        }
      }),
    };
  };

  /** The map of changed bytes; `keep` gives what the byte of row i and column j counts as. */
  const markOf =
    (keep: (byte: number, i: number, j: number, rows: number) => number): Kernel =>
    (...args) => {
      const [x, stride, rows, columns, map] = args as number[] as Arguments<5>;
      const xs = bytesOf("U8", x, stride, rows, columns).map((byte, at) =>
        keep(byte, Math.floor(at / columns), at % columns, rows),
      );
      const words = tileMap(xs, rows, columns);
      i32(map, words.length).set(words);
      return real("markTiles")(...args.slice(0, 4), memory.output(4 * words.length));
    };
  const tileMutants: Readonly<Record<string, Mutants>> = {
    tileBytes: {
      "counts bits in words of their own": distorted("tileBytes", (answer, [rows]) => answer + (rows as number)),
      "forgets the last strip": (...args) => real("tileBytes")(at(args, 0) & ~63, at(args, 1)),
      "swaps rows and columns": misled("tileBytes", swap(0, 1)),
    },
    markTiles: {
      "sees the even rows only": markOf((byte, i) => (i % 2 === 0 ? byte : 0)),
      "sees the odd rows only": markOf((byte, i) => (i % 2 === 1 ? byte : 0)),
      "does not see the last column of a tile": markOf((byte, _, j) => (j % 8 === 7 ? 0 : byte)),
      "takes bytes from 128 for nothing": markOf((byte) => (byte > 127 ? 0 : byte)),
      "drops an odd last row": markOf((byte, i, _, rows) => (i === rows - 1 && rows % 2 === 1 ? 0 : byte)),
      "marks every tile": markOf(() => 1),
      "keeps what stood there": followed("markTiles", (args) => {
        const map = i32(at(args, 4), 1);
        map[0] = at(map, 0) | 2;
      }),
      "counts the tiles of one strip": distorted("markTiles", (answer, args) =>
        at(args, 2) > STRIP
          ? real("markTiles")(...args.slice(0, 2), STRIP, at(args, 3), memory.output(1 << 14))
          : answer,
      ),
      "counts rows twice": distorted("markTiles", (answer) => 2 * answer),
    },
  };

  // ---- products ----------------------------------------------------------------------------------------------------------

  const multiplyOf =
    (storage: ByteStorage, add: (sum: number, x: number, p: number) => number): Kernel =>
    (...args) => {
      const [x, stride, rows, columns, p, classes, a] = args as number[] as Arguments<7>;
      const [xs, ps, out] = [
        bytesOf(storage, x, stride, rows, columns),
        memory.i16(p, classes * columns),
        i32(a, rows * classes),
      ];
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < classes; k++) {
          let sum = 0;
          for (let j = 0; j < columns; j++) sum = add(sum, xs[i * columns + j]!, ps[k * columns + j]!);
          out[i * classes + k] = sum;
        }
      }
      return NOTHING;
    };

  /** S += TᵀX with another reading of T: `term` gives the coefficient of a row. */
  const transposedOf =
    (
      storage: ByteStorage,
      term: (pairs: Int16Array, row: number, k: number, classes: number, rows: number) => number,
    ): Kernel =>
    (...args) => {
      const [x, stride, rows, columns, t, classes, s] = args as number[] as Arguments<7>;
      const xs = bytesOf(storage, x, stride, rows, columns);
      const [pairs, sums] = [memory.i16(t, 2 * Math.ceil(rows / 2) * classes), i32(s, classes * columns)];
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < classes; k++) {
          const factor = term(pairs, i, k, classes, rows);
          for (let j = 0; j < columns; j++) sums[k * columns + j]! += factor * xs[i * columns + j]!;
        }
      }
      return NOTHING;
    };
  const termOf = (pairs: Int16Array, row: number, k: number, classes: number): number =>
    at(pairs, ((row >> 1) * classes + k) * 2 + (row & 1));

  const other = (storage: ByteStorage): ByteStorage => (storage === "I8" ? "U8" : "I8");
  const misread = (storage: ByteStorage): string =>
    storage === "I8" ? "takes bytes as unsigned" : "extends the sign of its bytes";

  const productMutants = (storage: ByteStorage): Readonly<Record<string, Mutants>> => {
    const [multiply, transposed] = [`multiply${storage}`, `transposed${storage}`];
    return {
      [multiply]: {
        [misread(storage)]: real(`multiply${other(storage)}`),
        ...mapMutants(multiply, 2, 7),
        "drops an odd last row": misled(multiply, even(2)),
        "answers an odd last row with the one before": followed(multiply, (args) => {
          const [rows, classes] = [at(args, 2), at(args, 5)];
          if (rows < 3 || rows % 2 === 0) return;
          const a = i32(at(args, 6), rows * classes);
          a.copyWithin((rows - 1) * classes, (rows - 2) * classes, (rows - 1) * classes);
        }),
        "wraps its products to int16": multiplyOf(storage, (sum, x, p) => sum + wrap16(x * p)),
        "saturates its sums at 2³⁰": multiplyOf(storage, (sum, x, p) => Math.min(sum + x * p, 2 ** 30)),
        "sums in float32": multiplyOf(storage, (sum, x, p) => f(sum + x * p)),
        "stops 16 columns early": misled(multiply, add(3, -16)),
        "reads 16 columns too far": misled(multiply, add(3, 16)),
        "takes the rows as dense": misled(multiply, (args) => {
          args[1] = at(args, 3);
        }),
        "lays out a class after the other": followed(multiply, (args) => {
          const [rows, classes] = [at(args, 2), at(args, 5)];
          const a = i32(at(args, 6), rows * classes);
          const old = a.slice();
          for (let i = 0; i < rows; i++) for (let k = 0; k < classes; k++) a[k * rows + i] = at(old, i * classes + k);
        }),
        "takes the sixth class for the first": followed(multiply, (args) => {
          const [rows, classes] = [at(args, 2), at(args, 5)];
          const a = i32(at(args, 6), rows * classes);
          if (classes > 5) for (let i = 0; i < rows; i++) a[i * classes + 5] = at(a, i * classes);
        }),
      },
      [transposed]: {
        [misread(storage)]: real(`transposed${other(storage)}`),
        "forgets where a strip of 64 rows starts": pieces(transposed, 2, STRIP, 7, (args, first) => {
          args[0] = at(args, 0) + first * at(args, 1);
        }),
        "takes the rows of the first strip again": pieces(transposed, 2, STRIP, 7, (args, first) => {
          args[4] = at(args, 4) + 2 * first * at(args, 5);
        }),
        ...mapMutants(transposed, 2, 7),
        "ends with the first strip": misled(transposed, atMost(2, STRIP)),
        "drops an odd last row": misled(transposed, even(2)),
        "counts an odd last row twice": transposedOf(storage, (pairs, row, k, classes, rows) =>
          row === rows - 1 && row % 2 === 0 ? 2 * termOf(pairs, row, k, classes) : termOf(pairs, row, k, classes),
        ),
        "swaps the rows of a pair": transposedOf(storage, (pairs, row, k, classes, rows) =>
          termOf(pairs, (row ^ 1) < rows ? row ^ 1 : row, k, classes),
        ),
        "takes pairs of classes for pairs of rows": transposedOf(storage, (pairs, row, k, classes, rows) =>
          row * classes + k < 2 * Math.ceil(rows / 2) * classes ? at(pairs, row * classes + k) : 0,
        ),
        "cuts its terms to ±32640": transposedOf(storage, (...a) =>
          Math.max(-32640, Math.min(32640, termOf(...(a.slice(0, 4) as [Int16Array, number, number, number])))),
        ),
        "starts from zero": (...args) => {
          i32(at(args, 6), at(args, 3) * at(args, 5)).fill(0);
          return real(transposed)(...args);
        },
        "takes the sixth class for the first": misled(transposed, (args) => {
          args[5] = Math.min(at(args, 5), 5);
        }),
      },
    };
  };

  // ---- float64 vectors and their codes ---------------------------------------------------------------------------------------

  /** A dot with `parts` partial sums, joined by `join`, then the tail in order. */
  const dotOf =
    (parts: number, join: (sums: Float64Array) => number): Kernel =>
    (...args) => {
      const [a, b, count] = args as number[] as Arguments<3>;
      const [xs, ys] = [f64(a, count), f64(b, count)];
      const sums = new Float64Array(parts);
      const whole = count - (count % parts);
      for (let j = 0; j < whole; j++) sums[j % parts] = at(sums, j % parts) + at(xs, j) * at(ys, j);
      let sum = join(sums);
      for (let j = whole; j < count; j++) sum += at(xs, j) * at(ys, j);
      return sum;
    };
  const joined = (s: Float64Array): number => at(s, 0) + at(s, 2) + (at(s, 1) + at(s, 3));

  /** Codes with another unit or rounding; the unit is that of the contract times `factor`. */
  const toInt16Of =
    (round: (x: number) => number, factor = 1): Kernel =>
    (...args) => {
      const [p, pitch, columns, classes, , codes, codeColumns] = args as number[] as Arguments<7>;
      const unit = real("toInt16")(...args) * factor;
      if (unit === 0) return 0;
      for (let k = 0; k < classes; k++) {
        const [row, out] = [f64(p + 8 * k * pitch, columns), memory.i16(codes + 2 * k * codeColumns, codeColumns)];
        row.forEach((value, j) => {
          out[j] = sat16(round(value / unit));
        });
      }
      return unit;
    };
  const tiesUp = (x: number): number => Math.floor(x + 0.5);

  const vectorMutants: Readonly<Record<string, Mutants>> = {
    dotF64: {
      "sums in sequence": dotOf(1, (s) => at(s, 0)),
      "keeps two partial sums": dotOf(2, (s) => at(s, 0) + at(s, 1)),
      "joins neighbours": dotOf(4, (s) => at(s, 0) + at(s, 1) + (at(s, 2) + at(s, 3))),
      "drops the tail": misled("dotF64", (args) => {
        args[2] = at(args, 2) & ~3;
      }),
      "runs one too far": misled("dotF64", add(2, 1)),
    },
    addScaled: {
      "drops an odd last number": misled("addScaled", even(3)),
      subtracts: misled("addScaled", (args) => {
        args[1] = -at(args, 1);
      }),
      "takes alpha as float32": misled("addScaled", (args) => {
        args[1] = f(at(args, 1));
      }),
      "overwrites y": (...args) => {
        const [y, alpha, x, count] = args as number[] as Arguments<4>;
        f64(y, count).set(f64(x, count).map((value) => alpha * value));
        return NOTHING;
      },
    },
    combine: {
      "swaps its factors": misled("combine", swap(1, 2)),
      "drops an odd last number": misled("combine", even(4)),
      "takes x for both": misled("combine", (args) => {
        args[0] = at(args, 3);
      }),
      "adds up y": (...args) => {
        const [y, beta, alpha, x, count] = args as number[] as Arguments<5>;
        const [ys, xs] = [f64(y, count), f64(x, count)];
        ys.set(ys.map((value, j) => value + (alpha * at(xs, j) + (beta - 1) * value)));
        return NOTHING;
      },
    },
    scaleColumns: {
      "divides where it should multiply": misled("scaleColumns", (args) => {
        args[2] = 1 - at(args, 2);
      }),
      "drops the last class": misled("scaleColumns", add(4, -1)),
      "takes new factors for every class": misled("scaleColumns", (args) => {
        args.splice(3, 2, at(args, 3) * at(args, 4), 1);
      }),
      "multiplies by the reciprocal": (...args) => {
        const [a, factor, isInverse, columns, classes, out] = args as number[] as Arguments<6>;
        const by = f64(factor, columns).map((x) => (isInverse ? 1 / x : x));
        f64(out, columns * classes).set(f64(a, columns * classes).map((x, i) => x * at(by, i % columns)));
        return NOTHING;
      },
    },
    weightedSquares: {
      "multiplies by the weights": (...args) => {
        const [a, weight, columns, classes] = args as number[] as Arguments<4>;
        const by = f64(weight, columns);
        return f64(a, columns * classes).reduce((sum, x, i) => sum + x * x * at(by, i % columns), 0);
      },
      "drops the last class": misled("weightedSquares", add(3, -1)),
      "drops the last column": misled("weightedSquares", add(2, -1)),
      "takes the root": distorted("weightedSquares", Math.sqrt),
      "is good to float32": distorted("weightedSquares", f),
    },
    toInt16: {
      "wastes a bit": toInt16Of(tiesUp, 2),
      "takes half the unit": toInt16Of(tiesUp, 0.5),
      "takes any unit": toInt16Of(tiesUp, 1.25),
      "forgets the largest byte": misled("toInt16", put(4, 1)),
      "leaves no room for rounding": (...args) => {
        const [p, pitch, columns, classes, largest] = args as number[] as Arguments<5>;
        let least = 0;
        for (let k = 0; k < classes; k++) {
          const sizes = f64(p + 8 * k * pitch, columns).map(Math.abs);
          const norm = sizes.reduce((sum, size) => sum + size, 0);
          least = Math.max(least, at(sizes.sort(), columns - 1) / 32767, norm / ((2 ** 31 - 1) / largest));
        }
        const unit = real("toInt16")(...args);
        return unit === 0 ? 0 : toInt16Of(tiesUp, powerAbove(least) / unit)(...args);
      },
      truncates: toInt16Of(Math.trunc),
      "rounds ties down": toInt16Of((x) => Math.ceil(x - 0.5)),
      "rounds ties to even": toInt16Of((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))),
      "knows the first class only": (...args) => {
        const edited = args.slice();
        edited[3] = 1;
        const unit = real("toInt16")(...edited);
        return unit === 0 ? real("toInt16")(...args) : toInt16Of(tiesUp, unit / real("toInt16")(...args))(...args);
      },
      "reads what lies between the rows": misled("toInt16", (args) => {
        args[2] = at(args, 1);
      }),
      "leaves the padding": followed("toInt16", (args) => {
        if (at(args, 6) > at(args, 2)) memory.i16(at(args, 5) + 2 * at(args, 2), 1).fill(1);
      }),
    },
    subtractCodes: {
      adds: misled("subtractCodes", (args) => {
        args[4] = -at(args, 4);
      }),
      "drops the last class": misled("subtractCodes", add(3, -1)),
      "drops the last column": misled("subtractCodes", add(2, -1)),
      "takes the codes as dense": misled("subtractCodes", (args) => {
        args[6] = at(args, 2);
      }),
    },
    addInt32: {
      overwrites: (...args) => {
        f64(at(args, 0), at(args, 3)).fill(0);
        return real("addInt32")(...args);
      },
      "drops the last four": misled("addInt32", add(3, -4)),
      "forgets the unit": misled("addInt32", put(1, 1)),
      "takes its sums as unsigned": followed("addInt32", (args) => {
        const [out, s] = [f64(at(args, 0), at(args, 3)), i32(at(args, 2), at(args, 3))];
        s.forEach((sum, i) => {
          if (sum < 0) out[i] = at(out, i) + at(args, 1) * 2 ** 32;
        });
      }),
      "swaps the upper pair": followed("addInt32", (args) => {
        const out = f64(at(args, 0), 4);
        [out[2], out[3]] = [at(out, 3), at(out, 2)];
      }),
    },
    sumInt16: {
      "wraps at int32": distorted("sumInt16", (answer) => answer | 0),
      "drops the last code": misled("sumInt16", (args) => {
        args[1] = Math.max(0, at(args, 1) - 1);
      }),
      "takes codes as unsigned": (...args) => memory.u16(at(args, 0), at(args, 1)).reduce((sum, code) => sum + code, 0),
    },
  };

  // ---- Gram matrices ---------------------------------------------------------------------------------------------------------

  /** Upper part of G += unit·Σ dᵢ·xᵢxᵢᵀ; `weight` gives the weight of a row. */
  const gramOf =
    (storage: ByteStorage, weight: (d: Int16Array, row: number) => number): Kernel =>
    (...args) => {
      // calls for a part of the work (part-checkers.ts) are not its business, here and below
      if (args.length > 9) return real(`gram${storage}`)(...args);
      const [x, stride, rows, columns, d, unit, , g] = args as number[] as Arguments<8>;
      const [xs, ds, out] = [
        bytesOf(storage, x, stride, rows, columns),
        memory.i16(d, rows),
        f64(g, columns * columns),
      ];
      const sums = new Float64Array(columns * columns);
      for (let i = 0; i < rows; i++) {
        const row = xs.subarray(i * columns, (i + 1) * columns);
        for (let j = 0; j < columns; j++) {
          const factor = weight(ds, i) * at(row, j);
          for (let k = j; k < columns; k++) sums[j * columns + k]! += factor * row[k]!;
        }
      }
      for (let i = 0; i < sums.length; i++) out[i] = at(out, i) + unit * at(sums, i);
      return NOTHING;
    };

  const gramMutants = (storage: ByteStorage): Readonly<Record<string, Mutants>> => {
    const [codes, gram, sums, moments] = ["weightCodes", "gram", "weightedSums", "moments"].map(
      (name) => name + storage,
    ) as [string, string, string, string];
    const limit = storage === "I8" ? 255 : 127;
    return {
      [codes]: {
        [`takes ${382 - limit} for the limit`]: real(`weightCodes${other(storage)}`),
        truncates: (...args) => {
          const [weight, top, rows, out] = args as number[] as Arguments<4>;
          memory.i16(out, rows).set(memory.f32(weight, rows).map((w) => Math.trunc((w / top) * limit)));
          return NOTHING;
        },
        "drops the last row": misled(codes, add(2, -1)),
        "never lets a row out": followed(codes, (args) => {
          const out = memory.i16(at(args, 3), at(args, 2));
          out.set(out.map((code) => Math.max(1, code)));
        }),
        "ends at int8": followed(codes, (args) => {
          const out = memory.i16(at(args, 3), at(args, 2));
          out.set(out.map((code) => Math.min(126, code)));
        }),
      },
      [gram]: {
        [misread(storage)]: real(`gram${other(storage)}`),
        "fills the lower triangle": (...args) => {
          const [columns, g] = [at(args, 3), at(args, 7)];
          const before = f64(g, columns * columns).slice();
          real(gram)(...args);
          const after = f64(g, columns * columns);
          for (let j = 0; j < columns; j++) {
            for (let k = j + 1; k < columns; k++) {
              after[k * columns + j] = at(after, j * columns + k);
              after[j * columns + k] = at(before, j * columns + k);
            }
          }
          return NOTHING;
        },
        "forgets where the weights of a block of 256 rows start": pieces(gram, 2, BLOCK, 8, (args, first) => {
          args[0] = at(args, 0) + first * at(args, 1);
        }),
        "takes the weights of the first strip of 64 again": gramOf(storage, (d, row) => at(d, row % STRIP)),
        ...mapMutants(gram, 2, 8),
        "ends with the first block": misled(gram, atMost(2, BLOCK)),
        "drops an odd last row": misled(gram, even(2)),
        "counts an odd last row twice": gramOf(
          storage,
          (d, row) => at(d, row) * (row === d.length - 1 && row % 2 === 0 ? 2 : 1),
        ),
        "swaps the weights of a pair": gramOf(storage, (d, row) => at(d, (row ^ 1) < d.length ? row ^ 1 : row)),
        "squares the weights": gramOf(storage, (d, row) => at(d, row) ** 2),
        "forgets the unit": misled(gram, put(5, 1)),
        "starts from zero": (...args) => {
          f64(at(args, 7), at(args, 3) ** 2).fill(0);
          return real(gram)(...args);
        },
        "stops at a multiple of five columns": followed(gram, (args) => {
          const columns = at(args, 3);
          f64(at(args, 7) + 8 * (columns * columns - 1), 1).fill(0);
        }),
      },
      [sums]: {
        [misread(storage)]: real(`weightedSums${other(storage)}`),
        "drops an odd last row": misled(sums, even(2)),
        "drops the last row": misled(sums, add(2, -1)),
        "forgets where a strip of 64 rows starts": pieces(sums, 2, STRIP, null, (args, first) => {
          args[0] = at(args, 0) + first * at(args, 1);
        }),
        "swaps the rows of a pair": (...args) => {
          const rows = at(args, 2) + (at(args, 2) & 1);
          const d = memory.i16(at(args, 4), rows).slice();
          const edited = args.slice();
          edited[4] = memory.inout(d.map((_, i) => at(d, i ^ 1)));
          if (at(args, 2) % 2 === 1) return real(sums)(...args);
          return real(sums)(...edited);
        },
        "starts from zero": (...args) => {
          i32(at(args, 5), at(args, 3)).fill(0);
          return real(sums)(...args);
        },
      },
      [moments]: {
        [misread(storage)]: real(`moments${other(storage)}`),
        "ignores the weights": misled(moments, put(4, 0)),
        // the first row is right, the others read what lies at the bottom of the memory
        "lets no weights advance from row to row": (...args) => {
          const [x, stride, rows, columns, d, dBytes, q, s] = args as number[] as Arguments<8>;
          let answer = real(moments)(x, stride, 1, columns, d, dBytes, q, s);
          for (let i = 1; i < rows; i++) {
            answer += real(moments)(x + i * stride, stride, 1, columns, d + i * dBytes, dBytes, q, s);
          }
          return answer;
        },
        "takes the weights as neighbours": misled(moments, put(5, 4)),
        "swaps squares and sums": misled(moments, swap(6, 7)),
        "drops the last row": misled(moments, add(2, -1)),
        "drops the last column": misled(moments, add(3, -1)),
        "answers the number of rows": distorted(moments, (_, args) => at(args, 2)),
      },
    };
  };

  const factorOf =
    (tweaks: Partial<FactorTweaks> = {}): Kernel =>
    (...args) => {
      const { above, isGood, given } = {
        above: (j: number) => j,
        isGood: (pivot: number) => pivot > 0,
        given: (g: Float64Array, n: number, j: number, k: number) => at(g, j * n + k),
        ...tweaks,
      };
      const [pointer, n] = args as number[] as Arguments<2>;
      const g = f64(pointer, n * n);
      for (let j = 0; j < n; j++) {
        for (let k = j; k < n; k++) g[j * n + k] = given(g, n, j, k);
        for (let i = 0; i < above(j); i++) {
          const factor = at(g, i * n + j);
          for (let k = j; k < n; k++) g[j * n + k] = at(g, j * n + k) - factor * at(g, i * n + k);
        }
        const pivot = at(g, j * n + j);
        if (!isGood(pivot)) return j;
        const root = Math.sqrt(pivot);
        for (let k = j; k < n; k++) g[j * n + k] = at(g, j * n + k) / root;
      }
      return n;
    };

  /** Solves Rᵀ, then R; either may be left out or come first. */
  const solveOf =
    (order: readonly ("transposed" | "straight")[]): Kernel =>
    (...args) => {
      if (args.length > 5) return real("choleskySolve")(...args);
      const [r, n, b, pitch, classes] = args as number[] as Arguments<5>;
      const R = f64(r, n * n);
      for (let k = 0; k < classes; k++) {
        const y = f64(b + 8 * k * pitch, n);
        for (const step of order) {
          for (let s = 0; s < n; s++) {
            const i = step === "transposed" ? s : n - 1 - s;
            let value = at(y, i);
            if (step === "transposed") for (let j = 0; j < i; j++) value -= at(R, j * n + i) * at(y, j);
            else for (let j = i + 1; j < n; j++) value -= at(R, i * n + j) * at(y, j);
            y[i] = value / at(R, i * n + i);
          }
        }
      }
      return NOTHING;
    };

  const choleskyMutants: Readonly<Record<string, Mutants>> = {
    gramScratchBytes: {
      "forgets the sums": distorted("gramScratchBytes", (answer, [columns]) => answer - 20 * (columns as number)),
      "counts single rows": distorted("gramScratchBytes", (answer) => 2 * answer),
    },
    choleskyFactor: {
      "reads below the diagonal": factorOf({ given: (g, n, j, k) => at(g, k * n + j) }),
      "subtracts rows by fours only": factorOf({ above: (j) => j & ~3 }),
      "forgets the row above": factorOf({ above: (j) => Math.max(0, j - 1) }),
      "goes on without a pivot": factorOf({ isGood: () => true }),
      "takes a negative pivot": factorOf({ isGood: (pivot) => !Number.isNaN(pivot) && pivot !== 0 }),
      "takes zero for a pivot": factorOf({ isGood: (pivot) => pivot >= 0 }),
      "leaves the root out": followed("choleskyFactor", ([g, n]) => {
        for (let j = 0; j < (n as number); j++) {
          const row = f64((g as number) + 8 * j * ((n as number) + 1), (n as number) - j);
          row.set(row.map((value) => value * at(row, 0)));
        }
      }),
      "is good to float32": followed("choleskyFactor", ([g, n]) => {
        const all = f64(g as number, (n as number) ** 2);
        all.set(all.map(f));
      }),
      "answers the row after": distorted("choleskyFactor", (answer, [, n]) =>
        answer < (n as number) ? answer + 1 : answer,
      ),
    },
    choleskySolve: {
      "solves with R first": solveOf(["straight", "transposed"]),
      "solves with Rᵀ only": solveOf(["transposed"]),
      "solves with R only": solveOf(["straight"]),
      "leaves what no group of four rows holds": (...args) => {
        const [, n, b, pitch, classes] = args as number[] as Arguments<5>;
        const whole = n & ~3;
        const rests = Array.from({ length: classes }, (_, k) => f64(b + 8 * (k * pitch + whole), n - whole).slice());
        real("choleskySolve")(...args);
        for (const [k, rest] of rests.entries()) f64(b + 8 * (k * pitch + whole), n - whole).set(rest);
        return NOTHING;
      },
      "drops the last class": misled("choleskySolve", add(4, -1)),
      "takes the rows as dense": misled("choleskySolve", (args) => {
        args[3] = at(args, 1);
      }),
      "is good to float32": followed("choleskySolve", (args) => {
        const y = f64(at(args, 2), at(args, 1));
        y.set(y.map(f));
      }),
    },
  };

  // ---- passes over blocks ------------------------------------------------------------------------------------------------------

  /** The whole pass in float64, rounded to int16 per block; `code` and `curve` may be wrong. */
  const hessianOf =
    (storage: ByteStorage, tweaks: Partial<HessianTweaks> = {}): Kernel =>
    (...args) => {
      // packed rows, and the int8 rows they are compared with (packed-checkers.ts), are not its business
      if (args.length > 16) return real(`hessian${storage}`)(...args);
      if (args.length > 15) return real("hessianI8")(...args);
      const { block, code, curve } = {
        block: BLOCK,
        code: (value: number, unit: number) => Math.min(nearestEven(value / unit), 32767),
        curve: curved,
        ...tweaks,
      };
      const [x, stride, rows, columns, classes, codes, unit, shift, h, p, weights] = args as number[] as Arguments<11>;
      const xs = bytesOf(storage, x, stride, rows, columns);
      const [ps, shifts] = [memory.i16(codes, classes * columns), f64(shift, classes)];
      const m = new Float64Array(rows * classes);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < classes; k++) {
          let sum = 0;
          for (let j = 0; j < columns; j++) sum += xs[i * columns + j]! * ps[k * columns + j]!;
          m[i * classes + k] = unit * sum + at(shifts, k);
        }
      }
      const vector = (pointer: number, count: number): Float32Array | null =>
        pointer === 0 ? null : memory.f32(pointer, count);
      const t = curve(m, rows, classes, vector(h, rows), vector(p, rows * classes), vector(weights, rows));
      const [g, totals] = [f64(at(args, 12), classes * columns).fill(0), f64(at(args, 13), classes).fill(0)];
      for (let first = 0; first < rows; first += block) {
        const end = Math.min(rows, first + block);
        const top = t
          .subarray(first * classes, end * classes)
          .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        if (top === 0) continue;
        const blockUnit = powerAbove(top) / 32768;
        for (let i = first; i < end; i++) {
          for (let k = 0; k < classes; k++) {
            const term = blockUnit * code(at(t, i * classes + k), blockUnit);
            totals[k] = at(totals, k) + term;
            for (let j = 0; j < columns; j++) g[k * columns + j]! += term * xs[i * columns + j]!;
          }
        }
      }
      return NOTHING;
    };

  const blockMutants = (storage: ByteStorage): Readonly<Record<string, Mutants>> => {
    const [margins, hessian, follow] = ["blockMargins", "hessian", "follow"].map((name) => name + storage) as [
      string,
      string,
      string,
    ];
    /** follow with float64 sums; `change` is what is to be rounded. */
    const followOf =
      (block: number, change: (c: number, held: number) => number, isHeld = true): Kernel =>
      (...args) => {
        const [x, low, stride, rows, columns, classes, c, held, , g, totals] = args as number[] as Arguments<11>;
        const high = bytesOf(storage, x, stride, rows, columns);
        const rest = low === 0 ? null : bytesOf(storage, x + low, stride, rows, columns);
        const [cs, hs] = [f64(c, rows * classes), f64(held, rows * classes)];
        const [out, sums] = [f64(g, classes * columns), f64(totals, classes)];
        for (let first = 0; first < rows; first += block) {
          const [from, to] = [first * classes, Math.min(rows, first + block) * classes];
          const { unit, codes } = blockCodes(cs.subarray(from, to).map((value, i) => change(value, at(hs, from + i))));
          codes.forEach((code, i) => {
            const [row, k, term] = [first + Math.floor(i / classes), i % classes, unit * code];
            if (isHeld) hs[from + i] = at(hs, from + i) + term;
            sums[k] = at(sums, k) + term;
            for (let j = 0; j < columns; j++) {
              const byte = at(high, row * columns + j);
              const value = rest === null ? byte : 256 * byte + at(rest, row * columns + j);
              out[k * columns + j] = at(out, k * columns + j) + term * value;
            }
          });
        }
        return NOTHING;
      };
    return {
      [margins]: {
        [misread(storage)]: real(`blockMargins${other(storage)}`),
        "overwrites other margins": misled(margins, put(8, 0)),
        "adds to what it should overwrite": misled(margins, put(8, 1)),
        "forgets the unit": misled(margins, put(6, 1)),
        "takes the unit as float32": misled(margins, (args) => {
          args[6] = f(at(args, 6));
        }),
        "shifts every class alike": (...args) => {
          const edited = args.slice();
          edited[7] = memory.inout(new Float64Array(at(args, 4)).fill(at(f64(at(args, 7), 1), 0)));
          return real(margins)(...edited);
        },
        ...mapMutants(margins, 2, 11),
        "ends with the first block": misled(margins, atMost(2, BLOCK)),
        "takes the rows of the first block again": pieces(margins, 2, BLOCK, 11, (args, first) => {
          args[10] = at(args, 10) + 8 * first * at(args, 4);
        }),
        "drops an odd last row": misled(margins, even(2)),
      },
      [hessian]: {
        [misread(storage)]: real(`hessian${other(storage)}`),
        "has one unit for all rows": hessianOf(storage, { block: 1 << 30 }),
        "adds to what it should overwrite": (...args) => {
          const g = f64(at(args, 12), at(args, 3) * at(args, 4));
          const before = g.slice();
          real(hessian)(...args);
          g.set(g.map((value, i) => value + at(before, i)));
          return NOTHING;
        },
        "truncates its terms": hessianOf(storage, { code: (value, unit) => Math.trunc(Math.min(value / unit, 32767)) }),
        "wraps the top code": hessianOf(storage, { code: (value, unit) => wrap16(Math.round(value / unit)) }),
        "drops the last bit": hessianOf(storage, {
          code: (value, unit) => 2 * Math.min(Math.round(value / unit / 2), 16383),
        }),
        "leaves ppᵀ out": hessianOf(storage, {
          curve: (m, rows, classes, h, p, weights) =>
            classes === 1
              ? curved(m, rows, classes, h, p, weights)
              : Float64Array.from(
                  { length: rows * classes },
                  (_, i) =>
                    (weights === null ? 1 : at(weights, Math.floor(i / classes))) * at(p as Float32Array, i) * at(m, i),
                ),
        }),
        "leaves the weights out": misled(hessian, put(10, 0)),
        "weighs one margin twice": hessianOf(storage, {
          curve: (m, rows, classes, h, p, weights) =>
            curved(m, rows, classes, h, p, weights).map((t, i) =>
              classes === 1 && weights !== null ? t * at(weights, i) : t,
            ),
        }),
        "forgets the shift": (...args) => {
          const edited = args.slice();
          edited[7] = memory.inout(new Float64Array(at(args, 4)));
          return real(hessian)(...edited);
        },
        ...mapMutants(hessian, 2, 14),
        "ends with the first block": misled(hessian, atMost(2, BLOCK)),
        "drops an odd last row": misled(hessian, even(2)),
        "doubles the totals": followed(hessian, (args) => {
          const totals = f64(at(args, 13), at(args, 4));
          totals.set(totals.map((total) => 2 * total));
        }),
        "keeps the totals of the first class": followed(hessian, (args) => {
          const totals = f64(at(args, 13), at(args, 4));
          totals.fill(at(totals, 0));
        }),
      },
      [follow]: {
        [misread(storage)]: real(`follow${other(storage)}`),
        "forgets what is held": followOf(BLOCK, (c) => c),
        "does not keep what it holds": followOf(BLOCK, (c, held) => c - held, false),
        "follows the other way": followOf(BLOCK, (c, held) => held - c),
        "has one unit for all rows": followOf(1 << 30, (c, held) => c - held),
        "changes its unit every 64 rows": followOf(STRIP, (c, held) => c - held),
        "holds the derivatives themselves": followed(follow, (args) => {
          const count = at(args, 3) * at(args, 5);
          f64(at(args, 7), count).set(f64(at(args, 6), count));
        }),
        "drops the low plane": (...args) => {
          const edited = args.slice();
          edited[1] = 0;
          const [columns, classes] = [at(args, 4), at(args, 5)];
          if (at(args, 1) === 0) return real(follow)(...args);
          const before = f64(at(args, 9), columns * classes).slice();
          real(follow)(...edited);
          const g = f64(at(args, 9), columns * classes);
          g.set(g.map((value, i) => at(before, i) + 256 * (value - at(before, i))));
          return NOTHING;
        },
        "forgets the 256 of the high plane": misled(follow, put(1, 0)),
        "swaps the planes": misled(follow, (args) => {
          args[0] = at(args, 0) + at(args, 1);
          args[1] = -at(args, 1);
        }),
        ...mapMutants(follow, 3, 11),
        "ends with the first block": misled(follow, atMost(3, BLOCK)),
        "drops an odd last row": misled(follow, even(3)),
        "starts its totals from zero": (...args) => {
          f64(at(args, 10), at(args, 5)).fill(0);
          return real(follow)(...args);
        },
      },
    };
  };

  // ---- maps between bytes and codes ----------------------------------------------------------------------------------------------

  /** assembleDiagonal in plain loops; `settle` gives what becomes of an entry, given the largest. */
  const diagonalOf =
    (settle: (value: number, top: number) => number, isCut = true): Kernel =>
    (...args) => {
      const [q, s, total, factor, shift, intercept, scale, ridge, columns, out, pitch] =
        args as number[] as Arguments<11>;
      const [qs, sums, factors, shifts, ridges] = [q, s, factor, shift, ridge].map((pointer) => f64(pointer, columns));
      const entries = Array.from({ length: columns }, (_, j) => {
        const move = at(shifts!, j);
        const centred = at(qs!, j) + 2 * move * at(sums!, j) + move * move * total;
        return at(factors!, j) ** 2 * (isCut ? Math.max(centred, 0) : centred) * scale + at(ridges!, j);
      });
      if (intercept !== 0) entries.push(intercept * intercept * total * scale);
      const top = Math.max(0, ...entries);
      const all = f64(out, pitch).fill(1);
      entries.forEach((value, j) => {
        all[j] = settle(value, top);
      });
      return NOTHING;
    };

  const nextDraw = (draw: number): number => {
    let x = draw;
    x ^= x << 13;
    x ^= x >>> 17;
    return (x ^ (x << 5)) >>> 0;
  };
  /** sampleRows in plain loops, with one thing done otherwise. */
  const sampleOf =
    (tweaks: Partial<SampleTweaks> = {}): Kernel =>
    (...args) => {
      if (args.length > 6) return real("sampleRows")(...args);
      const { next, place, part, isHeavy, heavyShare, isCounted, isLightFree, share, isListed, round } = {
        next: nextDraw,
        place: (draw: number) => draw / 2 ** 32,
        part: (size: number, rows: number) => size / rows,
        isHeavy: (own: number, stratum: number) => own >= stratum,
        heavyShare: 1,
        isCounted: false,
        isLightFree: false,
        share: (before: number, more: number) => before + more,
        isListed: false,
        round: (x: number) => x,
        ...tweaks,
      };
      const [state, weight, rows, count, index, scale] = args as number[] as Arguments<6>;
      const weights = weight === 0 ? new Float32Array(rows).fill(1) : memory.f32(weight, rows);
      const total = weights.reduce((sum, own) => round(sum + own), 0);
      const stratum = total / count;
      const [rowsOut, shares] = [[] as number[], [] as number[]];
      let draw = next(at(i32(state, 1), 0) >>> 0, true);
      let [drawn, reached] = [0, 0];
      for (let i = 0; i < rows; i++) {
        const own = at(weights, i);
        let sum = 0;
        if (isHeavy(own, stratum)) {
          sum = own > 0 || isLightFree ? heavyShare : 0;
          if (isCounted) reached += own;
        } else {
          reached = round(reached + own);
          while ((drawn + place(draw)) * stratum < reached) {
            if (isListed && sum > 0) {
              rowsOut.push(i);
              shares.push(stratum / own);
            } else sum = share(sum, stratum / own);
            drawn++;
            draw = next(draw, false);
          }
        }
        if (sum > 0) {
          rowsOut.push(i);
          shares.push(sum);
        }
      }
      const size = Math.min(rowsOut.length, 2 * count);
      i32(index, size).set(rowsOut.slice(0, size));
      memory.f32(scale, size).set(shares.slice(0, size).map((x) => f(x) * part(size, rows, count)));
      i32(state, 1)[0] = draw;
      return size;
    };

  const frameMutants: Readonly<Record<string, Mutants>> = {
    blockScratchBytes: {
      "has room for one class": misled("blockScratchBytes", put(1, 1)),
      "forgets the column sums": distorted(
        "blockScratchBytes",
        (answer, [columns, classes]) => answer - 4 * (columns as number) * (classes as number),
      ),
    },
    frameMaps: {
      "swaps the scales": misled("frameMaps", swap(0, 2)),
      "swaps the offsets": misled("frameMaps", swap(1, 3)),
      "swaps its results": misled("frameMaps", swap(6, 7)),
      "leaves the padding": misled("frameMaps", (args) => {
        args[5] = at(args, 4);
      }),
      "drops the last column": misled("frameMaps", add(4, -1)),
      "shifts in codes, not in bytes": (...args) => {
        real("frameMaps")(...args);
        const [factor, shift] = [f64(at(args, 6), at(args, 4)), f64(at(args, 7), at(args, 4))];
        shift.set(shift.map((value, j) => value * at(factor, j)));
        return NOTHING;
      },
    },
    snap: {
      "swaps factor and shift": misled("snap", swap(5, 6)),
      "forgets the intercept": misled("snap", put(7, 0)),
      "adds the intercept to a correction too": followed("snap", (args) => {
        if (at(args, 8) === 0) return;
        for (let k = 0; k < at(args, 3); k++) {
          const shifts = f64(at(args, 11) + 8 * k, 1);
          shifts[0] = at(shifts, 0) + at(args, 7) * at(f64(at(args, 9) + 8 * (k * at(args, 10) + at(args, 2)), 1), 0);
        }
      }),
      "overwrites a correction": misled("snap", put(8, 0)),
      "always adds": misled("snap", put(8, 1)),
      "forgets the unit": misled("snap", put(4, 1)),
      "drops the last class": misled("snap", add(3, -1)),
      "takes the codes as dense": misled("snap", (args) => {
        args[1] = at(args, 2);
      }),
    },
    assembleProduct: {
      "swaps factor and shift": misled("assembleProduct", swap(3, 4)),
      "forgets to divide by the rows": misled("assembleProduct", put(6, 1)),
      "divides by one row more": misled("assembleProduct", add(6, 1)),
      "forgets the intercept": misled("assembleProduct", put(5, 0)),
      "regularises with the sums": misled("assembleProduct", (args) => {
        args[8] = at(args, 0);
      }),
      "regularises the intercept": followed("assembleProduct", (args) => {
        const [columns, out, p, ridge] = [at(args, 9), at(args, 11), at(args, 8), at(args, 7)];
        if (at(args, 5) === 0) return;
        const last = f64(out + 8 * columns, 1);
        last[0] = at(last, 0) + at(f64(ridge + 8 * columns, 1), 0) * at(f64(p + 8 * columns, 1), 0);
      }),
      "drops the last class": misled("assembleProduct", add(10, -1)),
      "takes one total for all classes": (...args) => {
        const edited = args.slice();
        edited[2] = memory.inout(new Float64Array(at(args, 10)).fill(at(f64(at(args, 2), 1), 0)));
        return real("assembleProduct")(...edited);
      },
    },
    assembleGram: {
      "swaps factor and shift": misled("assembleGram", swap(4, 5)),
      "forgets Σ d": misled("assembleGram", put(3, 0)),
      "forgets the intercept": misled("assembleGram", put(6, 0)),
      "forgets to divide by the rows": misled("assembleGram", put(7, 1)),
      "takes the sums as dense": misled("assembleGram", (args) => {
        args[1] = at(args, 9);
      }),
      "answers the trace of the data": distorted("assembleGram", (answer, args) => answer - at(f64(at(args, 8), 1), 0)),
      "fills the lower triangle": followed("assembleGram", (args) => {
        const n = at(args, 9) + (at(args, 6) === 0 ? 0 : 1);
        const out = f64(at(args, 10), n * n);
        for (let j = 0; j < n; j++) {
          for (let k = j + 1; k < n; k++) [out[k * n + j], out[j * n + k]] = [at(out, j * n + k), at(out, k * n + j)];
        }
      }),
      "regularises everything": followed("assembleGram", (args) => {
        const n = at(args, 9) + (at(args, 6) === 0 ? 0 : 1);
        const out = f64(at(args, 10), n * n);
        if (n > 1) out[1] = at(out, 1) + at(f64(at(args, 8), 1), 0);
      }),
    },
    roundingError: {
      "multiplies by the factors": (...args) => {
        const [raw, pitch, columns, classes, factor, scales] = args as number[] as Arguments<6>;
        const [by, weigh] = [f64(factor, columns), f64(scales, columns)];
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          f64(raw + 8 * k * pitch, columns).forEach((value, j) => {
            sum += at(weigh, j) * (value * at(by, j)) ** 2;
          });
        }
        return sum;
      },
      "swaps factors and scales": misled("roundingError", swap(4, 5)),
      "counts what lies between the rows": misled("roundingError", (args) => {
        args[2] = Math.min(at(args, 1), at(args, 2) + 1);
      }),
      "takes the rows as dense": misled("roundingError", (args) => {
        args[1] = at(args, 2);
      }),
      "drops the last class": misled("roundingError", add(3, -1)),
      "drops the last column": misled("roundingError", add(2, -1)),
      "takes the root": distorted("roundingError", Math.sqrt),
      "is good to float32": distorted("roundingError", f),
    },
    raiseDiagonal: {
      "raises the first row": (...args) => {
        const row = f64(at(args, 0), at(args, 1));
        row.set(row.map((x) => x * at(args, 2) + at(args, 3)));
        return NOTHING;
      },
      "forgets the last": misled("raiseDiagonal", add(1, -1)),
      "forgets the factor": misled("raiseDiagonal", put(2, 1)),
      "forgets the value": misled("raiseDiagonal", put(3, 0)),
      "swaps factor and value": misled("raiseDiagonal", swap(2, 3)),
      "takes the factor as float32": misled("raiseDiagonal", (args) => {
        args[2] = f(at(args, 2));
      }),
      overwrites: (...args) => {
        for (let j = 0; j < at(args, 1); j++) f64(at(args, 0) + 8 * j * (at(args, 1) + 1), 1).fill(at(args, 3));
        return NOTHING;
      },
    },
    assembleDiagonal: {
      "swaps factor and shift": misled("assembleDiagonal", swap(3, 4)),
      "swaps squares and sums": misled("assembleDiagonal", swap(0, 1)),
      "forgets Σ d": misled("assembleDiagonal", put(2, 0)),
      "forgets the scale": misled("assembleDiagonal", put(6, 1)),
      "forgets the intercept": misled("assembleDiagonal", put(5, 0)),
      "leaves what lies behind": misled("assembleDiagonal", (args) => {
        args[10] = at(args, 8);
      }),
      "leaves zeros": diagonalOf((value) => Math.max(value, 0)),
      "takes 1 for zeros": diagonalOf((value) => (value > 0 ? value : 1)),
      "has a floor at 1e-12 of the largest": diagonalOf((value, top) =>
        top > 0 ? Math.max(value > 0 ? value : top, 1e-12 * top) : 1,
      ),
      "leaves zeros where all vanish": diagonalOf((value, top) => (value > 0 ? value : top)),
      "keeps sums below zero": diagonalOf((value, top) => (value > 0 ? value : top > 0 ? top : 1), false),
      "drops the ridge": (...args) => {
        const edited = args.slice();
        edited[7] = memory.inout(new Float64Array(at(args, 10)));
        return real("assembleDiagonal")(...edited);
      },
    },
    sampleRows: {
      "starts a stratum with its first row": sampleOf({ place: () => 0 }),
      "draws signed": sampleOf({ place: (draw) => (draw | 0) / 2 ** 32 + 0.5 }),
      "draws once for all strata": sampleOf({ next: (draw, isFirst) => (isFirst ? nextDraw(draw) : draw) }),
      "draws with other shifts": sampleOf({
        next: (draw) => {
          let x = draw;
          x ^= x << 13;
          x ^= x >>> 15;
          return (x ^ (x << 5)) >>> 0;
        },
      }),
      "ignores the weights": misled("sampleRows", put(1, 0)),
      "forgets the scales": followed("sampleRows", (args) => {
        memory.f32(at(args, 5), 1).fill(1);
      }),
      "scales by the strata, not the size": sampleOf({ part: (_size, rows, count) => count / rows }),
      "scales without the rows": sampleOf({ part: () => 1 }),
      "draws heavy rows too": sampleOf({ isHeavy: () => false }),
      "never takes a heavy row": sampleOf({ heavyShare: 0 }),
      "takes heavy rows twice": sampleOf({ heavyShare: 2 }),
      "leaves a heavy row its place among the others": sampleOf({ isCounted: true }),
      "takes rows of no weight where all vanish": sampleOf({ isLightFree: true }),
      "counts a row once that came twice": sampleOf({ share: (before, more) => (before > 0 ? before : more) }),
      "lists a row twice that came twice": sampleOf({ isListed: true }),
      "sums weights in float32": sampleOf({ round: f }),
      "leaves the state as it was": (...args) => {
        const state = i32(at(args, 0), 1);
        const before = at(state, 0);
        const answer = real("sampleRows")(...args);
        i32(at(args, 0), 1)[0] = before;
        return answer;
      },
      "answers the strata": distorted("sampleRows", (_, args) => at(args, 3)),
    },
    multiplyF32: {
      "drops the last number": misled("multiplyF32", (args) => {
        args[2] = Math.max(0, at(args, 2) - 1);
      }),
      "squares a": misled("multiplyF32", (args) => {
        args[1] = at(args, 0);
      }),
      overwrites: (...args) => {
        memory.f32(at(args, 0), at(args, 2)).set(memory.f32(at(args, 1), at(args, 2)));
        return NOTHING;
      },
      adds: (...args) => {
        const [a, b] = [memory.f32(at(args, 0), at(args, 2)), memory.f32(at(args, 1), at(args, 2))];
        a.set(a.map((x, i) => x + at(b, i)));
        return NOTHING;
      },
    },
    toFloat64: {
      "drops the last number": misled("toFloat64", (args) => {
        args[2] = Math.max(0, at(args, 2) - 1);
      }),
      "loses the sign of zero": followed("toFloat64", (args) => {
        const to = f64(at(args, 1), at(args, 2));
        to.set(to.map((x) => x + 0));
      }),
      "flushes subnormals": followed("toFloat64", (args) => {
        const to = f64(at(args, 1), at(args, 2));
        to.set(to.map((x) => (Math.abs(x) < 2 ** -126 ? 0 * x : x)));
      }),
      "saturates infinities": followed("toFloat64", (args) => {
        const to = f64(at(args, 1), at(args, 2));
        to.set(to.map((x) => Math.max(-3.4028234663852886e38, Math.min(3.4028234663852886e38, x))));
      }),
    },
    gather: {
      "takes the rows in order": (...args) => {
        const edited = args.slice();
        edited[2] = memory.inout(Int32Array.from({ length: at(args, 3) }, (_, i) => i));
        return real("gather")(...edited);
      },
      "takes the source as dense": misled("gather", (args) => {
        args[1] = at(args, 4);
      }),
      "packs its target": misled("gather", (args) => {
        args[6] = at(args, 4);
      }),
      "copies the gaps": misled("gather", (args) => {
        args[4] = at(args, 6);
      }),
      "drops the last item": misled("gather", add(3, -1)),
    },
  };

  // ---- curvature -----------------------------------------------------------------------------------------------------------------

  const curvatureMutants: Readonly<Record<string, Mutants>> = {
    curvatureRows: {
      "ignores the weights": misled("curvatureRows", put(2, 0)),
      "takes q² for q(1 − q)": followed("curvatureRows", (args) => {
        if (at(args, 0) !== 1) return;
        const [q, h] = [memory.f32(at(args, 1), at(args, 3)), memory.f32(at(args, 5), at(args, 3))];
        h.set(h.map((value, i) => value * (at(q, i) / (1 - Math.abs(at(q, i))))));
      }),
      "keeps the sign of the state": followed("curvatureRows", (args) => {
        const [q, h] = [memory.f32(at(args, 1), at(args, 3)), memory.f32(at(args, 5), at(args, 3))];
        if (at(args, 0) === 1) h.set(h.map((value, i) => (at(q, i) < 0 ? at(q, i) * (1 - at(q, i)) : value)));
      }),
      "knows no kink": misled("curvatureRows", (args) => {
        if (at(args, 0) > 2) args[0] = 0;
      }),
      "ignores the threshold": misled("curvatureRows", put(4, 1)),
      "leaves the kink out": misled("curvatureRows", (args) => {
        args[4] = f(at(args, 4) * (1 - 2 ** -20));
      }),
      "counts rows on the margin": followed("curvatureRows", (args) => {
        const [s, h] = [memory.f32(at(args, 1), at(args, 3)), memory.f32(at(args, 5), at(args, 3))];
        if (at(args, 0) === 3) h.set(h.map((value, i) => (at(s, i) === 0 ? 1 : value)));
      }),
      "drops the last row": misled("curvatureRows", add(3, -1)),
    },
    applyCurvature: {
      "leaves ppᵀ out": (...args) => {
        const [u, , p, weights, rows, classes] = args as number[] as Arguments<6>;
        if (classes === 1) return real("applyCurvature")(...args);
        const [us, ps] = [f64(u, rows * classes), memory.f32(p, rows * classes)];
        const omega = weights === 0 ? null : memory.f32(weights, rows);
        us.set(us.map((x, i) => (omega === null ? 1 : at(omega, Math.floor(i / classes))) * at(ps, i) * x));
        return NOTHING;
      },
      "ignores the weights": misled("applyCurvature", put(3, 0)),
      "weighs one margin twice": followed("applyCurvature", (args) => {
        if (at(args, 5) > 1 || at(args, 3) === 0) return;
        const [u, omega] = [f64(at(args, 0), at(args, 4)), memory.f32(at(args, 3), at(args, 4))];
        u.set(u.map((x, i) => x * at(omega, i)));
      }),
      "drops the last row": misled("applyCurvature", add(4, -1)),
      "takes the curvature of the first row for all": (...args) => {
        const edited = args.slice();
        const [rows, classes] = [at(args, 4), at(args, 5)];
        if (classes === 1) edited[1] = memory.inout(new Float32Array(rows).fill(at(memory.f32(at(args, 1), 1), 0)));
        else {
          const first = memory.f32(at(args, 2), classes).slice();
          edited[2] = memory.inout(Float32Array.from({ length: rows * classes }, (_, i) => at(first, i % classes)));
        }
        return real("applyCurvature")(...edited);
      },
      "is good to float32": followed("applyCurvature", (args) => {
        const u = f64(at(args, 0), at(args, 4) * at(args, 5));
        u.set(u.map(f));
      }),
    },
    classWeights: {
      "takes the first class": misled("classWeights", put(5, 0)),
      "ignores the weights": misled("classWeights", put(2, 0)),
      "takes p for p(1 − p)": followed("classWeights", (args) => {
        const [classes, k] = [at(args, 4), at(args, 5)];
        if (classes === 1) return;
        const out = memory.f32(at(args, 6), at(args, 3));
        const p = memory.f32(at(args, 1), at(args, 3) * classes);
        out.set(out.map((value, i) => value / (1 - at(p, i * classes + k))));
      }),
      "weighs one margin twice": followed("classWeights", (args) => {
        if (at(args, 4) > 1 || at(args, 2) === 0) return;
        const [out, omega] = [memory.f32(at(args, 6), at(args, 3)), memory.f32(at(args, 2), at(args, 3))];
        out.set(out.map((value, i) => value * at(omega, i)));
      }),
      "drops the last row": misled("classWeights", add(3, -1)),
    },
    rowWeights: {
      "adds up instead of averaging": followed("rowWeights", (args) => {
        const out = memory.f32(at(args, 5), at(args, 3));
        out.set(out.map((value) => value * at(args, 4)));
      }),
      "ignores the weights": misled("rowWeights", put(2, 0)),
      "drops the last row": misled("rowWeights", add(3, -1)),
      "leaves a class out": (...args) => {
        const [, p, , rows, classes, out] = args as number[] as Arguments<6>;
        const answer = real("rowWeights")(...args);
        if (classes > 1) {
          const [q, w] = [memory.f32(p, classes), memory.f32(out, rows)];
          const last = at(q, classes - 1);
          w[0] = at(w, 0) - (last * (1 - last)) / classes;
        }
        return answer;
      },
      "answers the first": distorted("rowWeights", (_, args) => at(memory.f32(at(args, 5), 1), 0)),
      "answers the last": distorted("rowWeights", (_, args) =>
        at(memory.f32(at(args, 5), at(args, 3)), at(args, 3) - 1),
      ),
    },
    plane1: {
      "ignores the weights": misled("plane1", put(3, 0)),
      "ignores the second direction": misled("plane1", put(5, 0)),
      "swaps the steps": misled("plane1", swap(8, 9)),
      "swaps the units": misled("plane1", swap(10, 11)),
      "ignores the threshold": misled("plane1", put(7, 1)),
      "has the curvature of the anchor": (...args) => {
        const out = f64(at(args, 12), 5);
        const before = out.slice();
        real("plane1")(...args);
        const gradient = out.slice(0, 2);
        out.set(before);
        const still = args.slice();
        still[8] = 0;
        still[9] = 0;
        real("plane1")(...still);
        out.set(gradient);
        return NOTHING;
      },
      "knows no kink": misled("plane1", (args) => {
        if (at(args, 0) > 2) args[0] = 0;
      }),
      "ignores the side": misled("plane1", (args) => {
        const rows = (at(args, 6) + 3) & ~3;
        args[1] = memory.inout(memory.f32(at(args, 1), rows).map(Math.abs));
      }),
      "ignores the label": misled("plane1", (args) => {
        args[2] = memory.inout(new Float32Array((at(args, 6) + 3) & ~3).fill(1));
      }),
      "leaves the last rows to others": misled("plane1", (args) => {
        if (at(args, 6) > 4) args[6] = (at(args, 6) & ~3) - 3;
      }),
      "ends with the first block": misled("plane1", atMost(6, BLOCK)),
      "starts from zero": (...args) => {
        f64(at(args, 12), 5).fill(0);
        return real("plane1")(...args);
      },
      "subtracts the crossed curvature": followed("plane1", (args) => {
        const out = f64(at(args, 12), 5);
        out[3] = -at(out, 3);
      }),
      "is off by 1e-4": followed("plane1", (args) => {
        const out = f64(at(args, 12), 5);
        out.set(out.map((value) => value * (1 + 1e-4)));
      }),
    },
    planeSoftmax: {
      "ignores the weights": misled("planeSoftmax", put(1, 0)),
      "ignores the second direction": misled("planeSoftmax", put(3, 0)),
      "swaps the steps": misled("planeSoftmax", swap(6, 7)),
      "swaps the units": misled("planeSoftmax", swap(8, 9)),
      "leaves a class out": misled("planeSoftmax", (args) => {
        if (at(args, 4) === 1) args[5] = at(args, 5) - 1;
      }),
      "drops the last row": misled("planeSoftmax", add(4, -1)),
      "has the curvature of the anchor": (...args) => {
        const out = f64(at(args, 11), 5);
        const before = out.slice();
        real("planeSoftmax")(...args);
        const gradient = out.slice(0, 2);
        out.set(before);
        const still = args.slice();
        still[6] = 0;
        still[7] = 0;
        real("planeSoftmax")(...still);
        out.set(gradient);
        return NOTHING;
      },
      "starts from zero": (...args) => {
        f64(at(args, 11), 5).fill(0);
        return real("planeSoftmax")(...args);
      },
      "forgets the square of the mean": (...args) => {
        const [, , , , rows, classes, , , inverse1, , , out] = args as number[] as Arguments<12>;
        real("planeSoftmax")(...args);
        if (rows !== 1) return NOTHING;
        const [p, u1] = [memory.f32(at(args, 0), classes), f64(at(args, 2), classes)];
        const mean = p.reduce((sum, q, k) => sum + q * inverse1 * at(u1, k), 0);
        const sums = f64(out, 5);
        sums[2] = at(sums, 2) + mean * mean;
        return NOTHING;
      },
      "is off by 1e-4": followed("planeSoftmax", (args) => {
        const out = f64(at(args, 11), 5);
        out.set(out.map((value) => value * (1 + 1e-4)));
      }),
    },
  };

  const storages: readonly ByteStorage[] = ["I8", "U8"];
  const mutants: Record<string, Mutants> = {
    ...tileMutants,
    ...vectorMutants,
    ...choleskyMutants,
    ...frameMutants,
    ...curvatureMutants,
  };
  const plain: Record<string, Kernel> = {
    markTiles: markOf((byte) => byte),
    dotF64: dotOf(4, joined),
    toInt16: toInt16Of(tiesUp),
    choleskyFactor: factorOf(),
    choleskySolve: solveOf(["transposed", "straight"]),
    sampleRows: sampleOf(),
    assembleDiagonal: diagonalOf((value, top) => (value > 0 ? value : top > 0 ? top : 1)),
  };
  for (const storage of storages) {
    Object.assign(mutants, productMutants(storage), gramMutants(storage), blockMutants(storage));
    plain[`multiply${storage}`] = multiplyOf(storage, (sum, x, p) => sum + x * p);
    plain[`transposed${storage}`] = transposedOf(storage, termOf);
    plain[`gram${storage}`] = gramOf(storage, at);
    plain[`hessian${storage}`] = hessianOf(storage);
  }
  return { mutants, plain };
}
