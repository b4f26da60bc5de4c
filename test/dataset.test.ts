// Dataset and Problem: what is stored, the codes (exactly those of the oracle), and objective, gradient and margins against a direct float64
// computation with derived bounds.

import { beforeEach, describe, expect, it } from "vitest";
import { strideFor } from "../bindings/data/raw-rows.js";
import { finish } from "../bindings/engine/work.js";
import {
  createEngine,
  type DataBits,
  type Dataset,
  type DatasetOptions,
  halp,
  type LossName,
  type MatrixInput,
  type NumericArray,
  type StepReport,
  svrg,
  type Weights,
} from "../bindings/index.js";
import { lossDerivative, lossValue } from "./oracle/loss.js";
import { quantize, quantizePlanes, robustReach, weightedMean } from "./oracle/quantize.js";
import { dice, LOSS_NAMES, readPlane, type Sample, sampleFor } from "./support/data.js";

/** Unit roundoff of float64, and Higham's γₙ = n·u/(1 − n·u). */
const u = 2 ** -53;
const gamma = (n: number): number => (n * u) / (1 - n * u);

let engine = createEngine();
beforeEach(() => {
  engine = createEngine();
});
const labelsFor = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, i) => (i * 37) % 11);
const dataset = (input: MatrixInput, options?: DatasetOptions): Dataset => {
  const rows = "rows" in input ? input.rows : input.length;
  return engine.dataset(input, labelsFor(rows), options);
};
const matrix = (data: NumericArray, cols: number): MatrixInput => ({ data, rows: data.length / cols, cols });
const column = (...values: number[]): number[][] => values.map((value) => [value]);

describe("the exact copy", () => {
  const cases: [string, MatrixInput, string][] = [
    ["rows of 0/1", column(0, 1, 1), "int8"],
    ["rows of −128…127", column(-128, 127), "int8"],
    ["rows of 0…128", column(0, 128), "uint8"],
    ["rows of 0…255", column(0, 255), "uint8"],
    ["rows of −1…128", column(-1, 128), "int16"],
    ["rows of −129", column(-129, 0), "int16"],
    ["rows of 256", column(0, 256), "int16"],
    ["rows of ±32768", column(-32768, 32767), "int16"],
    ["rows of 32768", column(0, 32768), "float32"],
    ["rows of −32769", column(-32769, 0), "float32"],
    ["rows of 2²⁴ + 1", column(2 ** 24 + 1, 0), "float64"],
    ["rows of −0", column(-0, 0), "int8"],
    ["rows of halves", column(0.5, 1), "float32"],
    ["rows of tenths", column(0.1, 1), "float64"],
    [
      "one tenth among integers",
      [
        [1, 2],
        [3, 0.1],
      ],
      "float64",
    ],
    [
      "one half among integers",
      [
        [1, 2],
        [3, 0.5],
      ],
      "float32",
    ],
    ["the largest float32", column((2 - 2 ** -23) * 2 ** 127, 0.5), "float32"],
    ["past the largest float32", column(2 ** 128, 0.5), "float64"],
    ["the smallest float32", column(2 ** -149, 0), "float32"],
    ["below the smallest float32", column(2 ** -150, 0), "float64"],
    ["the smallest float64", column(5e-324, 0), "float64"],
    ["1e300", column(1e300, 0), "float64"],
    ["Float64Array of tenths", matrix(Float64Array.of(0.1, 0.2), 1), "float64"],
    ["Float64Array of float32", matrix(Float64Array.from(Float32Array.of(0.1, 0.2)), 1), "float32"],
    ["Float64Array of bytes", matrix(Float64Array.of(0, 200), 1), "uint8"],
    ["Float32Array of tenths", matrix(Float32Array.of(0.1, 0.2), 1), "float32"],
    ["Float32Array of bytes", matrix(Float32Array.of(0, 200), 1), "uint8"],
    ["Float32Array of small integers", matrix(Float32Array.of(-3, 3), 1), "int8"],
    ["Float32Array of 2²⁴", matrix(Float32Array.of(2 ** 24, 3), 1), "float32"],
    ["Int8Array with −128", matrix(Int8Array.of(-128, 127), 1), "int8"],
    ["Uint8Array of 0…255", matrix(Uint8Array.of(0, 255), 1), "uint8"],
    ["Int16Array at its limits", matrix(Int16Array.of(-32768, 32767), 1), "int16"],
    ["rows that are typed arrays", [Float32Array.of(0.5, 1), Float32Array.of(2, 3)] as never, "float32"],
  ];

  it.each(cases)("%s", (_name, input, expected) => {
    const made = dataset(input);
    expect(made.exact).toBe(expected);
    expect(made.stored.width % 4).toBe(0);
    made.dispose();
  });

  it("decodes to the input, exactly, for every storage and many widths", () => {
    const { below, normal } = dice(1);
    const makers: [string, (count: number) => NumericArray][] = [
      ["int8", (count) => Int8Array.from({ length: count }, () => below(256) - 128)],
      ["uint8", (count) => Uint8Array.from({ length: count }, () => below(256))],
      ["int16", (count) => Int16Array.from({ length: count }, () => below(65536) - 32768)],
      ["float32", (count) => Float32Array.from({ length: count }, normal)],
      ["float64", (count) => Float64Array.from({ length: count }, normal)],
    ];
    for (const [storage, make] of makers) {
      for (const cols of [1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 100, 512, 1024]) {
        const rows = 5;
        const data = make(rows * cols);
        const copy = data.slice();
        const made = dataset({ data, rows, cols });
        expect(made.exact).toBe(storage);
        expect(made.stored.strideBytes).toBe(strideFor(made.stored.width * data.BYTES_PER_ELEMENT));
        expect(made.stored.strideBytes % 4096).not.toBe(0);
        const view = made.core.view();
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < made.stored.width; j++) {
            const at = made.stored.pointer + i * made.stored.strideBytes + j * data.BYTES_PER_ELEMENT;
            const read = {
              int8: () => view.getInt8(at),
              uint8: () => view.getUint8(at),
              int16: () => view.getInt16(at, true),
              float32: () => view.getFloat32(at, true),
              float64: () => view.getFloat64(at, true),
            }[storage] as () => number;
            if (read() !== (j < cols ? data[i * cols + j] : 0))
              expect.fail(`${storage} ${cols}: row ${i}, column ${j}`);
          }
        }
        expect(data).toEqual(copy);
        made.dispose();
      }
    }
    expect(engine.bytes).toBe(0);
  });

  // rows are loaded in chunks of 256 KiB, of 16 rows at least
  describe("in chunks", () => {
    /** Reads every value of the exact copy back. */
    const readBack = (made: Dataset): Float64Array => {
      const { pointer, strideBytes } = made.stored;
      const view = made.core.view();
      const [bytes, read] = {
        int8: [1, (at: number) => view.getInt8(at)],
        uint8: [1, (at: number) => view.getUint8(at)],
        int16: [2, (at: number) => view.getInt16(at, true)],
        float32: [4, (at: number) => view.getFloat32(at, true)],
        float64: [8, (at: number) => view.getFloat64(at, true)],
      }[made.exact as "int8"] as [number, (at: number) => number];
      return Float64Array.from({ length: made.rows * made.cols }, (_, i) =>
        read(pointer + Math.floor(i / made.cols) * strideBytes + (i % made.cols) * bytes),
      );
    };
    const shapes = [
      [1, 1],
      [200_000, 1],
      [9001, 33],
      [700, 123],
      [40, 9000],
    ] as const;
    /** What the last value becomes, and the storage that holds it. */
    const breaks: readonly (readonly [number, string])[] = [
      [1, "int8"],
      [-128, "int8"],
      [200, "uint8"],
      [-200, "int16"],
      [40_000, "float32"],
      [0.5, "float32"],
    ];
    it.each(shapes)("%d × %d: one value at the end decides the storage", (rows, cols) => {
      const { below } = dice(rows);
      const values = Float64Array.from({ length: rows * cols }, () => below(3));
      for (const [last, storage] of [...breaks, [0.1, "float64"] as const]) {
        values[values.length - 1] = last;
        const options = { sampleWeight: Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3)) };
        for (const data of [values, ...(last === 0.1 ? [] : [Float32Array.from(values)])]) {
          for (const made of [dataset({ data, rows, cols }), dataset({ data, rows, cols }, options)]) {
            expect(made.exact).toBe(storage);
            // toEqual takes seconds for so many
            const read = readBack(made);
            expect(values.findIndex((value, i) => read[i] !== value)).toBe(-1);
            made.dispose();
          }
        }
      }
      expect(engine.bytes).toBe(0);
    });

    it("a guess that breaks twice: int8, then uint8, then int16", () => {
      const [rows, cols] = [5000, 33];
      const { below } = dice(5);
      const values = Float64Array.from({ length: rows * cols }, () => below(3));
      values[3000 * cols] = 200;
      values[4900 * cols] = -1;
      const made = dataset({ data: Float32Array.from(values), rows, cols });
      expect(made.exact).toBe("int16");
      expect(readBack(made)).toEqual(values);
    });

    it.each(shapes)("%d × %d: NaN and infinity are found wherever they are", (rows, cols) => {
      const { below, normal } = dice(6);
      for (const draw of [normal, () => below(3)]) {
        const values = Float64Array.from({ length: rows * cols }, draw);
        for (const place of [0, (rows * cols) >> 1, rows * cols - 1]) {
          for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
            const data = values.slice();
            data[place] = bad;
            const told = `dataset: row ${Math.floor(place / cols)}, column ${place % cols}: expected a finite number, given ${bad}`;
            for (const exact of ["auto", "rounded16"] as const) {
              expect(() => dataset({ data, rows, cols }, { exact })).toThrow(told);
              expect(() => dataset({ data: Float32Array.from(data), rows, cols }, { exact })).toThrow(told);
            }
          }
        }
      }
      expect(engine.bytes).toBe(0);
    });

    it("finite values whose sum is not", () => {
      const rows = 3000;
      const data = Float64Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? -1.5e308 : 1.5e308));
      expect(() => engine.problem(dataset({ data, rows, cols: 1 }), { loss: "squared" }).dispose()).not.toThrow(
        "finite number",
      );
    });

    it("means are sums in the order of the rows", () => {
      const [rows, cols] = [9001, 33];
      const { normal } = dice(7);
      const data = Float32Array.from({ length: rows * cols }, normal);
      const made = dataset({ data, rows, cols });
      const { offset } = finish(made.plane("codes", true));
      const sums = new Float64Array(cols);
      data.forEach((value, i) => {
        sums[i % cols] = (sums[i % cols] as number) + value;
      });
      expect(made.core.f64(offset, cols).slice()).toEqual(sums.map((sum) => sum / rows));
    });
  });

  it("reports its bytes", () => {
    for (const bits of [8, 16] as const) {
      for (const exact of bits === 8 ? (["auto", "rounded16"] as const) : (["auto"] as const)) {
        const { data, weights } = sampleFor("squared", 50, 21, 5);
        const made = dataset(matrix(data, 21), { bits, exact, sampleWeight: weights });
        const first = made.bytes;
        if (exact === "auto") expect(first).toBe(50 * strideFor(24 * 8) + 2 * 21 * 8 + 50 * 12);
        const told = [first];
        for (const [kind, intercept] of [
          ["codes", true],
          ["codes", false],
          ["float32", true],
          ["float32", false],
        ] as const) {
          finish(made.plane(kind, intercept));
          told.push(made.bytes);
          finish(made.plane(kind, intercept));
          expect(made.bytes).toBe(told.at(-1));
          // a block is rounded up to 64 bytes
          expect(engine.bytes - made.bytes).toBeGreaterThanOrEqual(0);
          expect(engine.bytes - made.bytes).toBeLessThan(64 * 24);
        }
        expect(told).toEqual([...told].sort((a, b) => a - b));
        made.dispose();
        expect(made.bytes).toBe(0);
        expect(engine.bytes).toBe(0);
      }
    }
  });

  it("takes views into larger buffers, shared buffers and Node's Buffer", () => {
    const { below } = dice(2);
    const plain = Float32Array.from({ length: 35 }, () => below(1000) / 8);
    const inputs: NumericArray[] = [plain];
    const large = new Float32Array(50).fill(Number.NaN);
    large.set(plain, 7);
    inputs.push(large.subarray(7, 42));
    if (typeof SharedArrayBuffer !== "undefined") {
      const shared = new Float32Array(new SharedArrayBuffer(4 * 35));
      shared.set(plain);
      inputs.push(shared);
    }
    const results = inputs.map((data) => {
      const made = dataset({ data, rows: 7, cols: 5 });
      const problem = engine.problem(made, { loss: "squared" });
      const all = [
        made.exact,
        readPlane(made, finish(made.plane("codes", true))),
        problem.evaluate({ coef: new Float64Array(5).fill(0.3), intercept: Float64Array.of(1) }),
      ];
      problem.dispose();
      made.dispose();
      return all;
    });
    for (const result of results) expect(result).toEqual(results[0]);

    const bytes = new Uint8Array(64).fill(9);
    bytes.set([0, 255, 3, 4], 5);
    const made = dataset(matrix(bytes.subarray(5, 9), 2));
    const { codes } = readPlane(made, finish(made.plane("codes", false)));
    // 0…3: times ⌊127/3⌋; 0…255 does not fit ±127: times 127/255
    expect(codes).toEqual([0, 127, 126, 2]);
    made.dispose();
  });

  it("changes no input: rows, labels, weights, options", () => {
    const { data, labels, weights } = sampleFor("logistic", 30, 4, 3);
    const nested = Array.from({ length: 30 }, (_, i) => Array.from(data.subarray(4 * i, 4 * i + 4)));
    const start = { coef: new Float64Array(4).fill(0.1), intercept: new Float64Array(1) };
    const inputs = [data, nested, labels, weights, start];
    const copies = structuredClone(inputs);
    for (const input of [{ data, rows: 30, cols: 4 }, nested, { data: nested, rows: 30, cols: 4 }]) {
      for (const exact of ["auto", "rounded16"] as const) {
        const options = Object.freeze({ exact, sampleWeight: weights });
        const made = engine.dataset(Object.freeze(input), labels, options);
        const problem = engine.problem(made, Object.freeze({ loss: "logistic", l2: 0.1 }));
        for (const step of halp(problem, Object.freeze({ start, outerSteps: 2 }))) {
          step.coef.fill(Number.NaN);
          step.intercept.fill(Number.NaN);
        }
        problem.evaluate(start);
        problem.margins(start);
        problem.dispose();
        made.dispose();
      }
    }
    expect(inputs).toEqual(copies);
  });
});

/** Data by name: rows × cols, row-major. */
type Pattern = (rows: number, cols: number, seed: number) => Float64Array;
const fill = (rows: number, cols: number, value: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: rows * cols }, (_, at) => value(Math.floor(at / cols), at % cols));
const PATTERNS: Record<string, Pattern> = {
  normal: (n, d, seed) => Float64Array.from({ length: n * d }, dice(seed).normal),
  float32: (n, d, seed) => Float64Array.from(Float32Array.from({ length: n * d }, dice(seed).normal)),
  shifted: (n, d, seed) => Float64Array.from({ length: n * d }, dice(seed).normal).map((x) => x + 100),
  bits: (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, () => below(2));
  },
  bytes: (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, () => below(256));
  },
  "signed bytes": (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, () => below(256) - 128);
  },
  shorts: (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, () => below(65536) - 32768);
  },
  "large integers": (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, () => 1e9 + below(1e6));
  },
  "halves on the edge": (n, d, seed) => {
    const { below } = dice(seed);
    return fill(n, d, (i) => (i === 0 ? 127 : (below(255) - 127) / 2 + 0.25));
  },
  "mixed columns": (n, d, seed) => {
    const { normal, below } = dice(seed);
    return fill(n, d, (_, j) => [normal(), below(3), below(256), 1e6 * normal(), -0, 7][j % 6] as number);
  },
  "zeros and minus zeros": (n, d) => fill(n, d, (i) => (i % 2 === 0 ? 0 : -0)),
  "one row × 1e4": (n, d, seed) => {
    const { normal } = dice(seed);
    return fill(n, d, (i) => normal() * (i === 5 ? 1e4 : 1));
  },
  "one per cent × 1e4": (n, d, seed) => {
    const { normal } = dice(seed);
    return fill(n, d, (i) => normal() * (i % 100 === 7 ? 1e4 : 1));
  },
  "two per cent × 1e4": (n, d, seed) => {
    const { normal } = dice(seed);
    return fill(n, d, (i) => normal() * (i % 50 === 7 ? 1e4 : 1));
  },
  "many equal values": (n, d, seed) => {
    const { normal, below } = dice(seed);
    return fill(n, d, () => (below(3) > 0 ? 0.3 : 50 * normal()));
  },
  cauchy: (n, d, seed) => {
    const { uniform } = dice(seed);
    return fill(n, d, () => Math.tan(1.57 * uniform()));
  },
  "1e300 beside 1e-300": (n, d, seed) => {
    const { normal } = dice(seed);
    return fill(n, d, (_, j) => normal() * (j % 2 === 0 ? 1e300 : 1e-300));
  },
};

describe("codes are those of the oracle", () => {
  const rowsFor = (name: string): number => (name.includes("×") ? 400 : 90);
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    it(name, () => {
      const rows = rowsFor(name);
      const cols = 7;
      const values = pattern(rows, cols, 11);
      const { weights } = sampleFor("squared", rows, 1, 12);
      for (const sampleWeight of [undefined, weights]) {
        for (const bits of [8, 16] as const) {
          for (const center of [true, false]) {
            const made = dataset({ data: values, rows, cols }, { bits, center, ...(sampleWeight && { sampleWeight }) });
            for (const intercept of [true, false]) {
              for (const kind of ["codes", "float32"] as const) {
                // the float32 plane takes its scale from the codes of the dataset: compared with the oracle for 8 bits
                if (kind === "float32" && bits === 16) continue;
                compare(made, values, kind, bits, intercept, center && intercept, sampleWeight);
              }
            }
            made.dispose();
          }
        }
      }
    });
  }

  function compare(
    made: Dataset,
    values: Float64Array,
    kind: "codes" | "float32",
    bits: DataBits,
    intercept: boolean,
    centred: boolean,
    weights: Float64Array | undefined,
  ): void {
    const { rows, cols } = made;
    const plane = finish(made.plane(kind, intercept));
    const read = readPlane(made, plane);
    const expected = quantize(
      values,
      {
        bits: kind === "float32" ? 32 : (bits as 8 | 16),
        centred,
        intercept,
        ...(weights && { weights }),
        offset: read.offset,
      },
      rows,
      cols,
    );
    const what = `${kind} ${bits} ${intercept ? "intercept" : ""} ${centred ? "centred" : ""}`;
    expect(read.isPadded, what).toBe(true);
    expect(plane.padded % 32, what).toBe(0);
    expect(plane.largest, what).toBe(expected.largestCode);
    expect(read.scale, what).toEqual(expected.scale);
    // + 0: the sign of a zero does not matter
    const signless = (codes: ArrayLike<number>): number[] => Array.from(codes, (code) => code + 0);
    expect(signless(read.codes), what).toEqual(signless(expected.codes));
    for (let j = 0; j < cols; j++) {
      const x = Float64Array.from({ length: rows }, (_, i) => values[i * cols + j] as number);
      const offset = (read.offset[j] as number) + 0;
      const isWhole = x.every(Number.isInteger);
      const { median, mad, limit } = robustReach(x);
      const mean = weightedMean(x, weights);
      const reach = x.reduce((far, value) => Math.max(far, Math.abs(value - mean)), 0);
      if (!centred) expect(offset).toBe(0);
      else if (!isWhole && mad > 0 && reach > limit && expected.clippedRows.length > 0) expect(offset).toBe(median);
      else {
        const total = weights === undefined ? rows : weights.reduce((a, b) => a + b, 0);
        const size = x.reduce((sum, value, i) => sum + (Math.abs(value) * (weights?.[i] ?? 1)) / total, 0);
        // the weights carry three roundings (their sum, × n, ÷ sum); the sum itself n, the division one; twice for the oracle
        const bound = 2 * gamma(2 * rows + 5) * size;
        if (isWhole) expect(offset).toBe(Math.round(offset));
        expect(Math.abs(offset - mean)).toBeLessThanOrEqual(bound + (isWhole ? 0.5 : 0));
      }
    }
  }

  /** Rows that hold a value half a code or more away from its code. */
  const clippedRows = (values: Float64Array, rows: number, cols: number): number[] => {
    const made = dataset({ data: values, rows, cols });
    const { codes, scale, offset } = readPlane(made, finish(made.plane("codes", false)));
    const clipped = new Set<number>();
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const value = (offset[j] as number) + (scale[j] as number) * (codes[i * cols + j] as number);
        if (Math.abs(value - (values[i * cols + j] as number)) > 0.51 * (scale[j] as number)) clipped.add(i);
      }
    }
    made.dispose();
    return [...clipped];
  };

  it("an outlier with little of its column's squares: exactly that row is clipped", () => {
    const { normal } = dice(11);
    const values = fill(3000, 3, (i, j) => (i === 5 && j === 1 ? -30 : normal()));
    expect(clippedRows(values, 3000, 3)).toEqual([5]);
  });

  it("an outlier that carries most of its column's squares is left alone", () => {
    const { normal } = dice(11);
    for (const size of [200, 1e4, 1e8]) {
      expect(
        clippedRows(
          fill(3000, 3, (i, j) => (i === 5 && j === 1 ? size : normal())),
          3000,
          3,
        ),
      ).toEqual([]);
    }
  });

  it("clipping is undone above one per cent of the rows, in every column", () => {
    // 3000 rows: 30 outlier rows are 1 %, 31 are more; only column 0 has them, and column 1 one of its own
    for (const outliers of [30, 31]) {
      const { normal } = dice(9);
      const values = fill(3000, 2, (i, j) => (j === 0 && i < outliers ? 22 : j === 1 && i === 0 ? 30 : normal()));
      expect(clippedRows(values, 3000, 2).length).toBe(outliers === 30 ? 30 : 0);
    }
  });

  it("clipping counts an outlier row once, however many columns it fills", () => {
    const { normal } = dice(10);
    const values = fill(3000, 5, (i) => (i < 30 ? 22 : normal()));
    expect(clippedRows(values, 3000, 5).length).toBe(30);
  });

  it("whole columns lose nothing: input = offset + code/multiplier", () => {
    const { below } = dice(4);
    const makers = [() => below(2), () => below(100) - 50, () => below(200), () => 1000 + below(3), () => -7];
    for (const bits of [8, 16] as const) {
      const values = fill(60, makers.length, (_, j) => (makers[j] as () => number)());
      const made = dataset({ data: values, rows: 60, cols: makers.length }, { bits });
      const { codes, scale, offset, columns } = readPlane(made, finish(made.plane("codes", true)));
      for (let i = 0; i < 60; i++) {
        for (let j = 0; j < makers.length; j++) {
          const multiplier = Math.round(1 / (scale[j] as number));
          expect(1 / multiplier).toBe(scale[j]);
          const value = (offset[j] as number) + (codes[i * columns + j] as number) / multiplier;
          expect(value).toBe(values[i * makers.length + j]);
        }
      }
      made.dispose();
    }
  });

  it("canvas pixels (Uint8ClampedArray) are bytes", () => {
    const made = dataset({ data: Uint8ClampedArray.of(0, 128, 255), rows: 3, cols: 1 });
    compare(made, Float64Array.of(0, 128, 255), "codes", 8, true, true, undefined);
    expect(made.exact).toBe("uint8");
    made.dispose();
  });

  it("rows without labels can be predicted and nothing else", () => {
    const made = engine.dataset([[1, 2]], null);
    const trained = engine.dataset(
      [
        [0, 1],
        [2, 5],
      ],
      [1, 2],
    );
    const problem = engine.problem(trained, { loss: "squared" });
    const weights = { coef: Float64Array.of(2, 3), intercept: Float64Array.of(-1) };
    expect([...problem.margins(weights, made)]).toEqual([7]);
    expect(() => engine.problem(made, { loss: "squared" })).toThrow(/the dataset has no labels/);
    for (const one of [problem, made, trained]) one.dispose();
  });

  it("Int8Array, Uint8Array and Int16Array at their limits", () => {
    for (const data of [Int8Array.of(-128, 0, 127), Uint8Array.of(0, 128, 255), Int16Array.of(-32768, 0, 32767)]) {
      for (const bits of [8, 16] as const) {
        const made = dataset({ data, rows: 3, cols: 1 }, { bits });
        for (const intercept of [true, false])
          compare(made, Float64Array.from(data), "codes", bits, intercept, intercept, undefined);
        made.dispose();
      }
    }
  });

  it("constant columns: all codes 0 and the offset is the constant, with an intercept", () => {
    const constants = [0, -0, 3, 0.5, 0.1, 1 / 3, -1e6 - 0.1, 1e-300, 1e300, 5e-324, 123456789.123];
    const { weights } = sampleFor("squared", 101, 1, 2);
    for (const sampleWeight of [undefined, weights]) {
      for (const input of [Float64Array, Float32Array]) {
        const values = constants.map((value) => (input === Float32Array ? Math.fround(Math.min(value, 1e30)) : value));
        const made = dataset(
          { data: input.from(fill(101, values.length, (_, j) => values[j] as number)), rows: 101, cols: values.length },
          { ...(sampleWeight && { sampleWeight }) },
        );
        const { codes, columns, offset } = readPlane(made, finish(made.plane("codes", true)));
        values.forEach((value, j) => {
          const found = new Set(Array.from({ length: 101 }, (_, i) => codes[i * columns + j]));
          expect([...found], `codes of the constant ${value}`).toEqual([0]);
          expect((offset[j] as number) + 0, `offset of the constant ${value}`).toBe(value + 0);
        });
        made.dispose();
      }
    }
  });

  for (const size of [1e-300, 1e300, 1e307]) {
    it(`scales and codes are finite and use their range for values up to ${size}`, () => {
      const { uniform } = dice(6);
      const draw = (): number => (size < 1e-322 ? Math.sign(uniform()) : uniform()) * size;
      const values = fill(50, 2, (_, j) => (j === 0 ? uniform() : draw()));
      const made = dataset({ data: values, rows: 50, cols: 2 });
      for (const kind of ["codes", "float32"] as const) {
        for (const intercept of [true, false]) {
          const { scale, offset, codes } = readPlane(made, finish(made.plane(kind, intercept)));
          for (const value of scale) expect(value > 0 && value < Infinity, `scale ${value}`).toBe(true);
          for (const value of offset) expect(Number.isFinite(value), `offset ${value}`).toBe(true);
          expect(codes.every(Number.isFinite), "codes").toBe(true);
          // the column is not constant, so some code must be large
          const used = codes.filter((_, at) => at % (intercept ? 3 : 2) === 1);
          const largest = used.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
          expect(largest, "largest code").toBeGreaterThan(kind === "codes" ? 60 : 0.45);
        }
      }
    });
  }

  it.each([5e-324, 1e-320, 1e-310, 2 ** -1022, 1.7e308])(
    "values up to %s cannot be scaled in float64: one error",
    (size) => {
      const made = dataset({ data: Float64Array.of(1, size, 2, size, 3, -size), rows: 3, cols: 2 });
      expect(() => finish(made.plane("codes", true))).toThrow(/column 1 spans .* rescale it/);
      made.dispose();
    },
  );

  it.each([
    ["times 2⁴⁰", 2 ** 40],
    ["times 2⁻⁹⁰⁰", 2 ** -900],
    ["times 2¹⁰¹⁸", 2 ** 1018],
  ])("only the ratios of the weights matter: %s", (_name, factor) => {
    const { data, weights } = sampleFor("squared", 16, 2, 8);
    const evaluate = (sampleWeight: ArrayLike<number>) => {
      const made = dataset({ data, rows: 16, cols: 2 }, { sampleWeight });
      const problem = engine.problem(made, { loss: "squared" });
      return problem.evaluate({ coef: Float64Array.of(1, 2), intercept: Float64Array.of(3) });
    };
    // powers of two change no rounding
    expect(evaluate(weights.map((w) => w * factor))).toEqual(evaluate(weights));
    const oneHot = (value: number) => Float64Array.from({ length: 16 }, (_, i) => (i === 3 ? value : 0));
    expect(evaluate(oneHot(32 * factor))).toEqual(evaluate(oneHot(1)));
  });
});

describe("the rounded copy", () => {
  it("holds the planes of the oracle", () => {
    for (const name of ["normal", "shifted", "bytes", "mixed columns", "one row × 1e4", "cauchy"]) {
      for (const center of [true, false]) {
        const values = (PATTERNS[name] as Pattern)(90, 7, 21);
        const made = dataset({ data: values, rows: 90, cols: 7 }, { exact: "rounded16", center });
        expect(made.exact).toBe("rounded16");
        const plane = finish(made.plane("codes", true));
        expect(plane.codes).toBe(made.stored.pointer);
        const { offset, codes, columns, scale } = readPlane(made, plane);
        const expected = quantizePlanes(values, { centred: center, intercept: true, offset }, 90, 7);
        expect(scale).toEqual(expected.scale);
        expect(codes).toEqual(Array.from(expected.hi));
        const { pointer, low, strideBytes } = made.stored;
        const lows = Array.from({ length: 90 * 7 }, (_, at) =>
          made.core.view().getInt8(pointer + low + Math.floor(at / 7) * strideBytes + (at % 7)),
        );
        expect(lows).toEqual(
          Array.from({ length: 90 * 7 }, (_, at) => expected.lo[Math.floor(at / 7) * columns + (at % 7)]),
        );
        made.dispose();
      }
    }
  });

  it("is smaller than the exact one, and says so", () => {
    const { data } = sampleFor("squared", 200, 60, 4);
    const float64 = dataset({ data, rows: 200, cols: 60 });
    const float32 = dataset({ data: Float32Array.from(data), rows: 200, cols: 60 });
    const rounded = dataset({ data, rows: 200, cols: 60 }, { exact: "rounded16" });
    for (const made of [float64, float32, rounded]) finish(made.plane("codes", true));
    expect(rounded.bytes).toBeLessThan(0.5 * float32.bytes);
    expect(rounded.bytes).toBeLessThan(0.3 * float64.bytes);
    for (const made of [float64, float32, rounded]) made.dispose();
    expect(engine.bytes).toBe(0);
  });
});

interface Direct {
  readonly objective: number;
  readonly gradientNorm: number;
  readonly margins: Float64Array;
  readonly objectiveBound: number;
  readonly gradientBound: number;
  readonly marginBound: Float64Array;
}

/**
 * Objective, gradient norm and margins straight from the definition, each with a bound on what two float64 computations of it may differ by.
 * `shift`: |offset| per column that the engine's change of coordinates brings in; `spread`: largest error of an entry of column j in the copy.
 */
function direct(
  sample: Sample,
  loss: LossName,
  { coef, intercept }: Weights,
  settings: { l2: number; epsilon: number; hasIntercept: boolean; isWeighted: boolean },
  shift: ArrayLike<number>,
  spread: ArrayLike<number>,
): Direct {
  const { data, rows, cols, labels, weights } = sample;
  const { l2, epsilon, hasIntercept, isWeighted } = settings;
  const K = intercept.length;
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const isTarget = loss === "squared" || loss === "huber";
  const total = weights.reduce((a, b) => a + b, 0);
  const margins = new Float64Array(rows * K);
  const marginBound = new Float64Array(rows * K);
  const width = cols + 1;
  const gradient = new Float64Array(K * width);
  const gradientBounds = new Float64Array(K * width);
  let objective = 0;
  let objectiveBound = 0;
  for (let i = 0; i < rows; i++) {
    const x = data.subarray(i * cols, (i + 1) * cols);
    for (let k = 0; k < K; k++) {
      let margin = hasIntercept ? (intercept[k] as number) : 0;
      let size = Math.abs(margin);
      let rounded = 0;
      for (let j = 0; j < cols; j++) {
        const w = coef[k * cols + j] as number;
        margin += w * (x[j] as number);
        // Σ offset·w enters and leaves the intercept: into code coordinates, out again, and once more for the stored form
        size += Math.abs(w * (x[j] as number)) + 4 * Math.abs(w * (shift[j] as number));
        rounded += Math.abs(w) * (spread[j] as number);
      }
      margins[i * K + k] = margin;
      // sums of d + 1 products, six roundings of each weight and of the intercept on the way; twice, for this computation
      marginBound[i * K + k] = 2 * gamma(cols + 8) * size + rounded;
    }
    const m = margins.subarray(i * K, (i + 1) * K);
    const e = Math.max(...marginBound.subarray(i * K, (i + 1) * K));
    const y = isTarget
      ? (labels[i] as number)
      : loss === "softmax"
        ? classes.indexOf(labels[i] as number)
        : labels[i] === classes[1]
          ? 1
          : -1;
    const omega = isWeighted ? (rows * (weights[i] as number)) / total : 1;
    const value = lossValue(loss, m, y, epsilon);
    const derivative = lossDerivative(loss, m, y, epsilon);
    // a hinge's derivative jumps: the test keeps its margins off the kink
    if (loss === "hinge") expect(Math.abs(1 - y * (m[0] as number))).toBeGreaterThan(2 * e);
    const slope = Math.max(...derivative.map(Math.abs)) * (loss === "softmax" ? 2 : 1);
    objective += omega * value;
    // exp and log of either side are good to 4u of the value, or of 1
    objectiveBound +=
      omega * (slope * e + 0.5 * e * e + 2 * (gamma(rows + 8) * value + 8 * u * (1 + Math.max(...m.map(Math.abs)))));
    for (let k = 0; k < K; k++) {
      const c = omega * (derivative[k] as number);
      const cBound = omega * (loss === "hinge" ? 0 : e + 16 * u);
      for (let j = 0; j < width; j++) {
        const xj = j < cols ? (x[j] as number) : 1;
        const at = k * width + j;
        gradient[at] = (gradient[at] as number) + c * xj;
        // the stored form of a rounded copy adds passOffset·Σc
        const reach = Math.abs(xj) + 2 * (j < cols ? Math.abs(shift[j] as number) : 0);
        const wrong = j < cols ? (spread[j] as number) : 0;
        gradientBounds[at] =
          (gradientBounds[at] as number) +
          2 * gamma(rows + 8) * Math.abs(c) * reach +
          cBound * (reach + wrong) +
          Math.abs(c) * wrong;
      }
    }
  }
  let square = 0;
  let boundSquare = 0;
  let penalty = 0;
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < width; j++) {
      const at = k * width + j;
      if (j === cols && !hasIntercept) continue;
      const w = j < cols ? (coef[k * cols + j] as number) : 0;
      const g = (gradient[at] as number) / rows + l2 * w;
      square += g * g;
      boundSquare += ((gradientBounds[at] as number) / rows + 8 * u * (Math.abs(g) + l2 * Math.abs(w))) ** 2;
      penalty += w * w;
    }
  }
  return {
    objective: objective / rows + (l2 / 2) * penalty,
    gradientNorm: Math.sqrt(square),
    margins,
    objectiveBound: objectiveBound / rows + gamma(K * cols + 8) * l2 * penalty,
    gradientBound: Math.sqrt(boundSquare) + gamma(K * width + 4) * Math.sqrt(square),
    marginBound,
  };
}

describe("evaluate and margins are exact", () => {
  const forms: [string, (data: Float64Array) => NumericArray][] = [
    ["float64", (data) => data],
    ["float32", (data) => Float32Array.from(data)],
    ["int16", (data) => Int16Array.from(data, (x) => 3000 * x)],
    ["uint8", (data) => Uint8Array.from(data, (x) => 100 + 30 * x)],
    ["int8", (data) => Int8Array.from(data, (x) => 30 * x)],
  ];
  for (const loss of LOSS_NAMES) {
    for (const [storage, convert] of forms) {
      it(`${loss}, ${storage}`, () => {
        const rows = 61;
        const cols = 9;
        const drawn = sampleFor(loss, rows, cols, 31, loss === "softmax" ? 7 : 3);
        const data = convert(drawn.data);
        const sample = { ...drawn, data: Float64Array.from(data) };
        const other = {
          ...sample,
          data: Float64Array.from(convert(sampleFor(loss, 20, cols, 32).data)),
          rows: 20,
          labels: sample.labels.subarray(0, 20),
        };
        const size = sample.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        for (const isWeighted of [false, true]) {
          for (const hasIntercept of [false, true]) {
            for (const exact of ["auto", "rounded16"] as const) {
              const l2 = 0.07;
              const epsilon = 0.8;
              const made = engine.dataset({ data, rows, cols }, sample.labels, {
                exact,
                ...(isWeighted && { sampleWeight: sample.weights }),
              });
              const problem = engine.problem(made, { loss, l2, epsilon, fitIntercept: hasIntercept });
              const { normal } = dice(5);
              const weights = {
                coef: Float64Array.from({ length: problem.outputs * cols }, () => (2 * normal()) / size),
                intercept: Float64Array.from({ length: problem.outputs }, () => (hasIntercept ? normal() : 0)),
              };
              const plane = readPlane(made, finish(made.plane("codes", hasIntercept)));
              const passOffset = made.core.f64(made.stored.passOffset, cols);
              const shift = Float64Array.from(
                { length: cols },
                (_, j) => Math.abs(plane.offset[j] as number) + Math.abs(passOffset[j] as number),
              );
              // half a unit of the 16-bit code, and its float64 roundings
              const units = made.core.f64(made.stored.passScale, cols);
              const spread = Float64Array.from({ length: cols }, (_, j) =>
                exact === "auto" ? 0 : (0.5 + 1e-9) * (units[j] as number) + 4 * u * Math.abs(passOffset[j] as number),
              );
              const settings = { l2, epsilon, hasIntercept, isWeighted };
              const expected = direct(sample, loss, weights, settings, shift, spread);
              const found = problem.evaluate(weights);
              expect(made.exact).toBe(exact === "auto" ? storage : "rounded16");
              expect(Math.abs(found.objective - expected.objective)).toBeLessThanOrEqual(expected.objectiveBound);
              expect(Math.abs(found.gradientNorm - expected.gradientNorm)).toBeLessThanOrEqual(expected.gradientBound);
              if (exact === "auto") {
                // the bounds mean something
                expect(expected.objectiveBound).toBeLessThan(1e-11 * (1 + expected.objective));
                expect(expected.gradientBound).toBeLessThan(1e-10 * (size + expected.gradientNorm));
              }
              const margins = problem.margins(weights);
              expect(margins.length).toBe(rows * problem.outputs);
              margins.forEach((margin, at) => {
                expect(Math.abs(margin - (expected.margins[at] as number))).toBeLessThanOrEqual(
                  expected.marginBound[at] as number,
                );
              });
              // rows never seen, in their own exact copy
              const fresh = engine.dataset({ data: other.data, rows: 20, cols }, new Float64Array(20));
              const elsewhere = problem.margins(weights, fresh);
              const there = direct(other, loss, weights, settings, new Float64Array(cols), new Float64Array(cols));
              expect(elsewhere.length).toBe(20 * problem.outputs);
              elsewhere.forEach((margin, at) => {
                expect(Math.abs(margin - (there.margins[at] as number))).toBeLessThanOrEqual(
                  there.marginBound[at] as number,
                );
              });
              for (const thing of [fresh, problem, made]) thing.dispose();
            }
          }
        }
        expect(engine.bytes).toBe(0);
      });
    }
  }

  it("integer weights are repeated rows", () => {
    for (const loss of LOSS_NAMES) {
      const sample = sampleFor(loss, 40, 5, 3);
      const counts = Array.from({ length: 40 }, (_, i) => [1, 3, 0, 2][i % 4] as number);
      // both datasets keep all classes
      const repeated: number[] = counts.flatMap((count, i) => new Array<number>(count).fill(i));
      if (new Set(repeated.map((i) => sample.labels[i])).size !== new Set(sample.labels).size) counts.fill(2, 0, 4);
      const index = counts.flatMap((count, i) => new Array<number>(count).fill(i));
      const row = (i: number): number[] => Array.from(sample.data.subarray(5 * i, 5 * i + 5));
      const weighted = engine.dataset({ data: sample.data, rows: 40, cols: 5 }, sample.labels, {
        sampleWeight: counts,
      });
      const many = engine.dataset(
        index.map(row),
        index.map((i) => sample.labels[i] as number),
      );
      const [a, b] = [weighted, many].map((made) => {
        const problem = engine.problem(made, { loss, l2: 0.03 });
        const { normal } = dice(7);
        const weights = {
          coef: Float64Array.from({ length: 5 * problem.outputs }, normal),
          intercept: Float64Array.from({ length: problem.outputs }, normal),
        };
        const result = problem.evaluate(weights);
        problem.dispose();
        made.dispose();
        return result;
      }) as [{ objective: number; gradientNorm: number }, { objective: number; gradientNorm: number }];
      expect(Math.abs(a.objective - b.objective)).toBeLessThanOrEqual(1e-14 * a.objective);
      expect(Math.abs(a.gradientNorm - b.gradientNorm)).toBeLessThanOrEqual(1e-13 * a.gradientNorm);
    }
  });

  it("evaluate and margins refuse an intercept that is not fitted", () => {
    const made = dataset([[1], [2]]);
    const problem = engine.problem(made, { loss: "squared", fitIntercept: false });
    const weights = { coef: Float64Array.of(1), intercept: Float64Array.of(10) };
    for (const call of [() => problem.margins(weights), () => problem.evaluate(weights)]) {
      expect(call).toThrow(/intercept must be 0 in a problem with fitIntercept: false, given 10/);
    }
    made.dispose();
    problem.dispose();
  });

  it("classes are sorted, whatever the labels are called", () => {
    const names: [LossName, number[], number[]][] = [
      ["logistic", [7, -3, 7, -3], [-3, 7]],
      ["hinge", [1, 0, 0, 1], [0, 1]],
      ["softmax", [10, 9, 1e9, 9], [9, 10, 1e9]],
      ["softmax", [0.5, -0.5, 0.5, -0.5], [-0.5, 0.5]],
      ["squared", [3, 1, 2, 2], []],
    ];
    for (const [loss, labels, classes] of names) {
      const made = engine.dataset([[1], [2], [3], [4]], labels);
      const problem = engine.problem(made, { loss });
      expect(problem.classes).toEqual(classes);
      expect(problem.outputs).toBe(loss === "softmax" ? classes.length : 1);
      problem.dispose();
      made.dispose();
    }
  });
});

describe("centring changes the path, not the optimum", () => {
  const last = (run: Iterable<StepReport>): StepReport => {
    let report: StepReport | undefined;
    for (report of run) if (report.gradientNorm < 1e-12) break;
    return report as StepReport;
  };
  for (const [name, solver] of [
    ["svrg", svrg],
    ["halp", halp],
  ] as const) {
    for (const loss of ["squared", "logistic", "softmax"] as const) {
      it(`${name}, ${loss}`, () => {
        const { data, labels, weights } = sampleFor(loss, 200, 4, 13);
        const shifted = data.map((x, at) => x + [1, -0.5, 0.25, 2][at % 4]!);
        const [a, b] = [true, false].map((center) => {
          const made = engine.dataset({ data: shifted, rows: 200, cols: 4 }, labels, {
            center,
            bits: 16,
            sampleWeight: weights,
          });
          const problem = engine.problem(made, { loss, l2: 0.05 });
          const report = last(solver(problem, { outerSteps: 300 }));
          problem.dispose();
          made.dispose();
          return report;
        }) as [StepReport, StepReport];
        expect(a.gradientNorm).toBeLessThan(1e-9);
        expect(b.gradientNorm).toBeLessThan(1e-9);
        a.coef.forEach((w, j) => {
          expect(Math.abs(w - (b.coef[j] as number))).toBeLessThan(1e-8);
        });
        // softmax intercepts may be shifted together
        const centre = ({ intercept }: StepReport) =>
          intercept.map((x) => (loss === "softmax" ? x - (intercept[0] as number) : x));
        centre(a).forEach((x, k) => {
          expect(Math.abs(x - (centre(b)[k] as number))).toBeLessThan(1e-8);
        });
      });
    }
  }
});
