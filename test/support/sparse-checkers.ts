// Checkers of the kernels for sparse rows: tolerance 0 against test/oracle/sparse.ts, whose sums have the kernels' documented order. Rows stand somewhere in the middle of what is in
// memory, as in the middle of a dataset; what lies before and behind them is poison.
import {
  type ColumnFacts,
  denseRows,
  firstBadEntry,
  powerIterations,
  type Row,
  sparseCode,
  sparseGradient,
  sparseGram,
  sparseMargins,
  sparseMoments,
  tabulated,
} from "../oracle/sparse.js";
import { at, type Check, expectEqual, expectNear, gamma, Mismatch } from "./checkers.js";
import type { Harness, Numbers } from "./memory.js";
import { Dice } from "./random.js";

export type SparseType = "I8" | "U8" | "I16" | "F32" | "F64" | "T8" | "T16";

/** Entries before the first row. */
const BEFORE = 3;

function equal(what: () => string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(at(got, i), at(want, i)) && !(at(got, i) === 0 && at(want, i) === 0)) {
      throw new Mismatch(`${what()}: element ${i}: got ${got[i]}, expected ${want[i]}`);
    }
  }
}

const WHOLE: Partial<Record<SparseType, readonly [number, number]>> = {
  I8: [-127, 127],
  U8: [0, 255],
  I16: [-32768, 32767],
};

function drawValue(storage: SparseType, dice: Dice): number {
  const limits = WHOLE[storage];
  if (limits !== undefined) return dice.below(8) === 0 ? dice.pick(limits) : dice.between(...limits);
  const x = dice.below(10) === 0 ? 0 : dice.normal() * 10 ** dice.between(-3, 3);
  return storage === "F32" ? Math.fround(x) : x;
}

/** Entries per row: none, one, around the fours, many. */
const LENGTHS = [0, 1, 3, 4, 5, 8, 11, 40];

export function drawRows(storage: SparseType, rows: number, columns: number, dice: Dice): Row[] {
  const pool = Array.from({ length: 20 }, () => drawValue(storage, dice));
  return Array.from({ length: rows }, () => {
    const count = Math.min(columns, dice.pick(LENGTHS));
    const chosen = new Set<number>(dice.below(3) === 0 && count > 0 ? [columns - 1] : []);
    while (chosen.size < count) chosen.add(dice.below(columns));
    const own = [...chosen].sort((a, b) => a - b);
    const values = own.map(() => (storage[0] === "T" ? dice.pick(pool) : drawValue(storage, dice)));
    return { columns: own, values };
  });
}

const TYPED = { I8: Int8Array, U8: Uint8Array, I16: Int16Array, F32: Float32Array, F64: Float64Array } as const;

interface Placed {
  readonly starts: number;
  readonly indices: number;
  readonly values: number;
  readonly table: number;
  readonly entries: number;
}

/** Rows in memory, with a row before them that is not to be touched. */
function place(memory: Harness, storage: SparseType, rows: readonly Row[], columns: number, dice: Dice): Placed {
  const starts = new Int32Array(rows.length + 2);
  starts[1] = BEFORE;
  rows.forEach((row, i) => {
    starts[i + 2] = at(starts, i + 1) + row.columns.length;
  });
  const indices = Int32Array.from([
    ...Array.from({ length: BEFORE }, () => dice.below(columns)),
    ...rows.flatMap((row) => row.columns),
  ]);
  const numbers = [...Array.from({ length: BEFORE }, () => drawValue(storage, dice)), ...rows.flatMap((r) => r.values)];
  let [values, table]: [Numbers, number] = [new Float64Array(0), 0];
  if (storage === "T8" || storage === "T16") {
    // some places that nobody asks for, T16 beyond 255
    const unused = Array.from({ length: storage === "T16" ? 300 : 2 }, (_, i) => 1e9 + i);
    const own = tabulated([...unused, ...numbers]);
    table = memory.input(Float64Array.from(own.table));
    const places = own.places.slice(unused.length);
    values = storage === "T8" ? Uint8Array.from(places) : Uint16Array.from(places);
  } else values = TYPED[storage].from(numbers);
  return {
    starts: memory.input(starts, dice.below(4)) + 4,
    indices: memory.input(indices, dice.below(4)),
    values: memory.input(values, dice.below(4)),
    table,
    entries: numbers.length,
  };
}

interface Case extends Placed {
  readonly rows: Row[];
  readonly columns: number;
  readonly dice: Dice;
  readonly name: string;
}

/** Calls `judge` with many sets of rows in fresh memory. */
function eachCase(memory: Harness, storage: SparseType, seed: number, judge: (c: Case) => void): number {
  const dice = new Dice(seed);
  let cases = 0;
  for (const columns of [1, 2, 5, 9, 60]) {
    for (const count of [0, 1, 2, 7, 20]) {
      memory.reset();
      const rows = drawRows(storage, count, columns, dice);
      const placed = place(memory, storage, rows, columns, dice);
      judge({ ...placed, rows, columns, dice, name: `${storage}, ${count} × ${columns}` });
      memory.verify();
      cases++;
    }
  }
  return cases;
}

const OUTPUTS = [1, 2, 3, 7, 8, 9, 11, 16];
const pitchOf = (outputs: number): number => (outputs === 1 ? 1 : outputs + (outputs & 1));

/** columns × pitch, padding 0. */
function beside(vectors: readonly (readonly number[])[], columns: number, pitch: number): Float64Array {
  return Float64Array.from({ length: columns * pitch }, (_, i) => vectors[i % pitch]?.[Math.floor(i / pitch)] ?? 0);
}

const draws = (count: number, dice: Dice): number[] => Array.from({ length: count }, () => dice.normal());

export function checkSparseMargins(storage: SparseType): Check {
  return (kernel, memory) => {
    let calls = 0;
    const cases = eachCase(memory, storage, 300, (c) => {
      const { rows, columns, dice, name } = c;
      for (let turn = 0; turn < 3; turn++) {
        const outputs = at(OUTPUTS, calls++ % OUTPUTS.length);
        const pitch = pitchOf(outputs);
        const vectors = Array.from({ length: outputs }, () => draws(columns, dice));
        const bias = draws(outputs, dice);
        const w = memory.input(beside(vectors, columns, pitch));
        const m = memory.output(rows.length * outputs * 8, dice.below(4));
        const b = memory.input(Float64Array.from(bias));
        kernel(c.starts, c.indices, c.values, c.table, rows.length, w, pitch, b, outputs, m);
        const want = sparseMargins(rows, outputs, (j, k) => at(vectors[k] as number[], j), bias);
        equal(() => `${name}, ${outputs} outputs`, memory.f64(m, want.length), want);
      }
    });
    return cases;
  };
}

export function checkSparseGradient(storage: SparseType): Check {
  return (kernel, memory) => {
    let calls = 0;
    return eachCase(memory, storage, 301, (c) => {
      const { rows, columns, dice, name } = c;
      for (let turn = 0; turn < 3; turn++) {
        const outputs = at(OUTPUTS, calls++ % OUTPUTS.length);
        const pitch = pitchOf(outputs);
        const start = Array.from({ length: outputs }, () => draws(columns, dice));
        const d = draws(rows.length * outputs, dice);
        const g = memory.inout(beside(start, columns, pitch));
        const coefficients = memory.input(Float64Array.from(d), dice.below(4));
        kernel(c.starts, c.indices, c.values, c.table, rows.length, coefficients, outputs, g, pitch);
        const sums = sparseGradient(rows, outputs, d, start);
        const got = memory.f64(g, columns * pitch);
        sums.forEach((own, k) => {
          const column = own.map((_, j) => at(got, j * pitch + k));
          equal(() => `${name}, output ${k} of ${outputs}`, column, own);
        });
      }
    });
  };
}

export function checkSparseMoments(storage: SparseType): Check {
  return (kernel, memory) =>
    eachCase(memory, storage, 302, (c) => {
      const { rows, columns, dice, name } = c;
      for (const isWeighted of [true, false]) {
        const d = Float32Array.from(rows, () => (dice.below(4) === 0 ? 0 : dice.uniform()));
        const start = { squares: draws(columns, dice), first: draws(columns, dice) };
        const q = memory.inout(Float64Array.from(start.squares));
        const s = memory.inout(Float64Array.from(start.first));
        const weights = isWeighted ? memory.input(d) : 0;
        const total = kernel(c.starts, c.indices, c.values, c.table, rows.length, weights, q, s);
        const want = sparseMoments(rows, isWeighted ? d : null, start);
        expectEqual(`${name}: Σ d`, total, want.total);
        equal(() => `${name}: Σ d·x²`, memory.f64(q, columns), want.squares);
        equal(() => `${name}: Σ d·x`, memory.f64(s, columns), want.first);
      }
    });
}

export function checkSparseGram(storage: SparseType): Check {
  return (kernel, memory) =>
    eachCase(memory, storage, 303, (c) => {
      const { rows, columns, dice, name } = c;
      const d = Float32Array.from(rows, () => dice.uniform());
      const start = draws(columns * columns, dice);
      const g = memory.inout(Float64Array.from(start));
      kernel(c.starts, c.indices, c.values, c.table, rows.length, memory.input(d), columns, g);
      equal(() => name, memory.f64(g, start.length), sparseGram(rows, d, columns, start));
    });
}

export function checkSparseQuantize(storage: SparseType): Check {
  return (kernel, memory) =>
    eachCase(memory, storage, 304, ({ rows, columns, dice, name, indices, values, table, entries }) => {
      const top = { I8: 127, U8: 255, I16: 32767, F32: 1000, F64: 1000, T8: 1000, T16: 1000 }[storage];
      // halves are met exactly; some columns are clipped
      const inverse = Float64Array.from({ length: columns }, (_, j) =>
        j % 3 === 0 ? 0.5 : (j % 3 === 1 ? 127 : 500) / top,
      );
      const numbers = rows.flatMap((row) => row.values);
      const own = rows.flatMap((row) => row.columns);
      const codes = memory.output(numbers.length, dice.below(4));
      const size = { I8: 1, U8: 1, I16: 2, F32: 4, F64: 8, T8: 1, T16: 2 }[storage];
      kernel(indices + 4 * BEFORE, values + size * BEFORE, table, entries - BEFORE, memory.input(inverse), codes);
      const want = numbers.map((x, e) => sparseCode(x, at(inverse, at(own, e))));
      equal(() => name, memory.i8(codes, want.length), want);
    });
}

export const checkSparseFirstBad: Check = (kernel, memory) =>
  eachCase(memory, "I8", 305, ({ rows, columns, dice, name }) => {
    for (let turn = 0; turn < 4; turn++) {
      const own = rows.map((row) => row.columns.slice());
      const victim = dice.pick(own.length > 0 ? own : [[]]);
      const e = victim.length > 0 ? dice.below(victim.length) : 0;
      if (turn > 0 && victim.length > 0) {
        // too large, negative, the one before, less than the one before
        const before = e > 0 ? at(victim, e - 1) : 0;
        victim[e] = [columns, -1, before, Math.max(0, before - 1)][(turn + dice.below(2)) % 4] as number;
      }
      const starts = new Int32Array(own.length + 1);
      own.forEach((row, i) => {
        starts[i + 1] = at(starts, i) + row.length;
      });
      const indices = memory.input(Int32Array.from(own.flat()));
      const got = kernel(memory.input(starts), indices, own.length, columns);
      // as u32
      const want = firstBadEntry(
        own.map((row) => row.map((j) => (j < 0 ? j + 2 ** 32 : j))),
        columns,
      );
      expectEqual(name, got, want);
    }
  });

export const checkSparseColumns: Check = (kernel, memory) =>
  eachCase(memory, "F64", 306, ({ rows, columns, dice, name }) => {
    for (const bad of [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const own = rows.flatMap((row) => row.columns);
      const values = own.map((j) => (j % 2 === 0 ? dice.between(-1, 1) * dice.below(300) : dice.normal()));
      const place = bad === null || own.length === 0 ? own.length : dice.below(own.length);
      if (place < own.length) values[place] = bad as number;
      const facts: ColumnFacts[] = Array.from({ length: columns }, () => ({
        low: dice.between(-2, 2),
        high: dice.between(-2, 2),
        entries: dice.below(9),
        isWhole: dice.below(4) > 0,
      }));
      const low = memory.inout(Float64Array.from(facts, (fact) => fact.low));
      const high = memory.inout(Float64Array.from(facts, (fact) => fact.high));
      const entries = memory.inout(Int32Array.from(facts, (fact) => fact.entries));
      const whole = memory.inout(Uint8Array.from(facts, (fact) => Number(fact.isWhole)));
      const x = memory.input(Float64Array.from(values));
      const got = kernel(memory.input(Int32Array.from(own)), x, own.length, low, high, entries, whole);
      expectEqual(`${name}: the first bad value`, got, place < own.length ? place : -1);
      for (let e = 0; e < place; e++) {
        const fact = facts[at(own, e)] as ColumnFacts;
        fact.low = Math.min(fact.low, at(values, e));
        fact.high = Math.max(fact.high, at(values, e));
        fact.entries++;
        fact.isWhole &&= Number.isInteger(at(values, e));
      }
      equal(
        () => `${name}: lowest`,
        memory.f64(low, columns),
        facts.map((fact) => fact.low),
      );
      equal(
        () => `${name}: highest`,
        memory.f64(high, columns),
        facts.map((fact) => fact.high),
      );
      const counts = new Int32Array(memory.u8(entries, 4 * columns).slice().buffer);
      equal(
        () => `${name}: entries`,
        counts,
        facts.map((fact) => fact.entries),
      );
      equal(
        () => `${name}: whole`,
        memory.u8(whole, columns),
        facts.map((fact) => Number(fact.isWhole)),
      );
    }
  });

const SLOT_BYTES = 4 * 2 ** 17;

export const checkSparseSlotBytes: Check = (kernel, memory) => {
  memory.reset();
  memory.output(8);
  expectEqual("two slots for each of 65,536 values, four bytes each", kernel(), SLOT_BYTES);
  memory.verify();
  return 1;
};

export const checkSparseDistinct: Check = (kernel, memory) => {
  const dice = new Dice(307);
  let cases = 0;
  const judge = (chunks: readonly (readonly number[])[], most: number): void => {
    memory.reset();
    const slots = memory.inout(new Uint8Array(SLOT_BYTES));
    const table = memory.output(most * 8);
    const all: number[] = [];
    let found = 0;
    for (const chunk of chunks) {
      const places = memory.output(2 * chunk.length);
      const before = all.length;
      all.push(...chunk);
      const want = tabulated(all);
      found = kernel(memory.input(Float64Array.from(chunk)), chunk.length, table, slots, found, most, places);
      const fits = want.table.length <= most;
      expectEqual(`${all.length} values, room for ${most}`, found, fits ? want.table.length : -1);
      memory.verify();
      cases++;
      if (!fits) return;
      equal(() => "the table", memory.f64(table, found), want.table);
      want.table.forEach((x, i) => {
        if (!Object.is(x, at(memory.f64(table, found), i))) throw new Mismatch("the table loses the sign of a zero");
      });
      equal(() => "places", memory.u16(places, chunk.length), want.places.slice(before));
    }
  };
  const pool = [0, -0, 1, -1, 0.1, 5e-324, 1e300, ...draws(250, dice)];
  const draw = (count: number): number[] => Array.from({ length: count }, () => dice.pick(pool));
  judge([draw(50), draw(3), [], draw(700), draw(500)], 257);
  judge([draw(50), draw(700)], 40);
  judge([[1, 1, 1]], 1);
  judge([[1, 2]], 1);
  judge([[1]], 0);
  const many = Array.from({ length: 65_536 }, (_, i) => Math.sqrt(i));
  judge([many, many.slice(65_000), [-5]], 65_536);
  return cases;
};

export const checkSparseToBytes: Check = (kernel, memory) => {
  const dice = new Dice(308);
  let cases = 0;
  for (const count of [0, 1, 7, 300]) {
    memory.reset();
    const values = Uint16Array.from({ length: count }, () => dice.below(256));
    const out = memory.output(count);
    kernel(memory.input(values), out, count);
    equal(() => `${count} places`, memory.u8(out, count), values);
    memory.verify();
    cases++;
  }
  return cases;
};

const drawIndex = (rows: number, dice: Dice): number[] =>
  rows === 0 ? [] : Array.from({ length: dice.between(0, 12) }, () => dice.below(rows));

export const checkSparseStarts: Check = (kernel, memory) =>
  eachCase(memory, "I8", 309, ({ rows, dice, name, starts }) => {
    const index = drawIndex(rows.length, dice);
    const out = memory.output(4 * (index.length + 1));
    const total = kernel(starts, memory.input(Int32Array.from(index)), index.length, out);
    const want = [0];
    for (const i of index) want.push((want.at(-1) as number) + (rows[i] as Row).columns.length);
    expectEqual(`${name}: entries`, total, want.at(-1) as number);
    equal(() => name, new Int32Array(memory.u8(out, 4 * want.length).slice().buffer), want);
  });

export const checkSparseGather: Check = (kernel, memory) =>
  eachCase(memory, "I16", 310, ({ rows, dice, name, starts, indices, values }) => {
    const index = drawIndex(rows.length, dice);
    const chosen = index.map((i) => rows[i] as Row);
    const take = (from: number, bytes: number, want: readonly number[]): number => {
      const out = memory.output(bytes * want.length);
      kernel(starts, memory.input(Int32Array.from(index)), index.length, from, bytes, out);
      return out;
    };
    const columns = chosen.flatMap((row) => row.columns);
    const at4 = take(indices, 4, columns);
    equal(() => `${name}: columns`, new Int32Array(memory.u8(at4, 4 * columns.length).slice().buffer), columns);
    const numbers = chosen.flatMap((row) => row.values);
    equal(() => `${name}: values`, memory.i16(take(values, 2, numbers), numbers.length), numbers);
  });

export function checkInterleave(isBack: boolean): Check {
  return (kernel, memory) => {
    const dice = new Dice(311);
    let cases = 0;
    for (const outputs of [1, 2, 3, 8, 11]) {
      for (const columns of [0, 1, 2, 33]) {
        memory.reset();
        const pitch = pitchOf(outputs);
        const vectors = Array.from({ length: outputs }, () => draws(columns, dice));
        const plain = Float64Array.from(vectors.flat());
        const together = beside(vectors, columns, pitch);
        const [from, want] = isBack ? [together, plain] : [plain, together];
        // padding says nothing on the way back
        if (isBack && pitch > outputs) for (let j = 0; j < columns; j++) from[j * pitch + outputs] = Number.NaN;
        const out = memory.output(want.length * 8);
        kernel(memory.input(from), columns, outputs, out, pitch);
        equal(() => `${columns} × ${outputs}`, memory.f64(out, want.length), want);
        memory.verify();
        cases++;
      }
    }
    return cases;
  };
}

export const checkSparseMaxRowNorm: Check = (kernel, memory) =>
  eachCase(memory, "I8", 312, ({ rows, dice, name, starts, values }) => {
    for (const intercept of [0, 127]) {
      const omega = Float64Array.from(rows, () => dice.uniform());
      for (const weights of [omega, null]) {
        const pointer = weights === null ? 0 : memory.input(weights);
        const want = rows.reduce((top, row, i) => {
          const sum = row.values.reduce((part, x) => part + x * x, intercept * intercept);
          return Math.max(top, weights === null ? sum : at(weights, i) * sum);
        }, 0);
        expectEqual(name, kernel(starts, values, rows.length, intercept, pointer), want);
      }
    }
  });

export const checkSparseEigenvalue: Check = (kernel, memory) =>
  eachCase(memory, "I8", 313, ({ rows, columns, dice, name, starts, indices, values }) => {
    for (const intercept of [0, 127]) {
      const dimension = columns + (intercept === 0 ? 0 : 1);
      const omega = Float64Array.from(rows, () => dice.uniform());
      for (const weights of [omega, null]) {
        for (const start of [draws(dimension, dice), new Array<number>(dimension).fill(0)]) {
          const iterations = dice.between(1, 6);
          const p = memory.inout(Float64Array.from(start));
          const q = memory.output(8 * dimension);
          const t = memory.output(8 * rows.length);
          const shift = memory.output(8);
          const omegas = weights === null ? 0 : memory.input(weights);
          const count = rows.length;
          const got = kernel(starts, indices, values, count, columns, intercept, omegas, iterations, p, q, t, shift);
          if (count === 0) continue;
          const want = powerIterations(denseRows(rows, columns, intercept), weights, start, iterations);
          // every iteration: a dot, a weight, a sum over the rows, a norm, a quotient; errors of the direction enter once each
          const bound = want * 4 * iterations * gamma(count + dimension + 8);
          expectNear(`${name}, ${iterations} iterations`, got, want, bound);
        }
      }
    }
  });
