// The checkers are checked: each broken kernel below makes one mistake somebody has made before, and must be rejected by the very
// checker that accepts the real one. A mutant that survives means a hole in the manifest, not in the mutant.
import { afterAll, describe, expect, it, test } from "vitest";
import { Core } from "../bindings/engine/core.js";
import type { Kernel } from "../bindings/engine/kernels.js";
import { interiorMutants } from "./interior-mutants.js";
import { type KernelEntry, TABLE } from "./kernel-table.js";
import { lazyMutants } from "./lazy-mutants.js";
import { levelMutants } from "./levels-mutants.js";
import { newtonMutants } from "./newton-mutants.js";
import { scaleDraw, xorshift32 } from "./oracle/random.js";
import { packedMutants } from "./packed-mutants.js";
import { partMutants } from "./part-mutants.js";
import { proximalMutants } from "./proximal-mutants.js";
import { sparseMutants } from "./sparse-mutants.js";
import {
  dotExact,
  type FusedSpec,
  Mismatch,
  updateI8I8,
  updateI8I16,
  updateI16I16,
  updatePublished,
} from "./support/checkers.js";
import { Harness, type Numbers, Trespass } from "./support/memory.js";
import { add, mutantTools, put, swap } from "./support/mutant-tools.js";
import { zipmlMutants } from "./zipml-mutants.js";

const core = new Core({ variant: "baseline" });
const memory = new Harness(core);
const kernels = core.kernels as unknown as Readonly<Record<string, Kernel>>;
afterAll(() => core.dispose());

const entries = new Map<string, KernelEntry>(TABLE.map((entry) => [entry.name, entry]));
const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const f = Math.fround;
const sat8 = (x: number): number => Math.min(Math.max(x, -128), 127);
const sat16 = (x: number): number => Math.min(Math.max(x, -32768), 32767);
const wrap8 = (x: number): number => (x << 24) >> 24;
const wrap16 = (x: number): number => (x << 16) >> 16;

/** The kernel has no answer. */
class Silent extends Error {}

/** Whether the entry's checker accepts this kernel. Only Mismatch and Trespass are a verdict; anything else is a broken test. */
function accepts(name: string, kernel: Kernel): boolean {
  try {
    (entries.get(name) as KernelEntry).check(kernel, memory);
    return true;
  } catch (error) {
    if (error instanceof Mismatch || error instanceof Trespass) return false;
    throw error;
  }
}

const { misled, distorted } = mutantTools(kernels);

type Mutants = Readonly<Record<string, Kernel>>;

/** dotGroups in plain code: `sees` a code of z; `join` is what becomes of a sum. */
const seeingOf =
  (sees: (code: number) => number, join = (sum: number): number => sum): Kernel =>
  (x, y, z, _seen, columns, _sums, slots) => {
    const codes = memory.i16(z as number, columns as number);
    [x, y].forEach((pointer, group) => {
      const tiles = memory.i8(pointer as number, 4 * (columns as number));
      const dots = memory.f32((slots as number) + 64 * group, 4);
      for (let r = 0; r < 4; r++) {
        let sum = 0;
        codes.forEach((code, j) => {
          sum += at(tiles, 16 * (j >> 2) + 4 * r + (j & 3)) * sees(code);
        });
        dots[r] = join(sum);
      }
    });
    return 0;
  };

// ---- dots in plain code ------------------------------------------------------------------------------------------------

type View = (pointer: number, count: number) => Numbers;
const i8: View = (pointer, count) => memory.i8(pointer, count);
const i16: View = (pointer, count) => memory.i16(pointer, count);
const f32: View = (pointer, count) => memory.f32(pointer, count);

const dotOf =
  (x: View, z: View, sum: (x: Numbers, z: Numbers) => number): Kernel =>
  (...args) => {
    const [xs, zs, columns] = args as [number, number, number];
    return sum(x(xs, columns), z(zs, columns));
  };

/** Eight int32 lanes that are never widened: right for short rows only. */
function dotWrapping(x: Numbers, z: Numbers): number {
  const lanes = new Int32Array(8);
  for (let j = 0; j < x.length; j++) lanes[j & 7] = at(lanes, j & 7) + at(x, j) * at(z, j);
  return lanes.reduce((sum, lane) => sum + lane, 0);
}

const dotMutants = (name: string, x: View, z: View): Mutants => ({
  "stops one vector early": misled(name, add(2, -32)),
  "runs one vector too far": misled(name, add(2, 32)),
  "starts one element late": misled(name, add(0, 1)),
  "drops lane 3 of 8": dotOf(x, z, (a, b) => dotExact(a, b.map((value, j) => (j % 8 === 3 ? 0 : value)) as Numbers)),
  "drops the last column": dotOf(x, z, (a, b) => dotExact(a.subarray(0, -1), b.subarray(0, -1))),
  "has the wrong sign": distorted(name, (answer) => -answer),
});

/** A float32 dot with `parts` partial sums; `term` is one accumulation. */
function realDot(parts: number, term: (sum: number, x: number, z: number) => number) {
  return (x: Numbers, z: Numbers): number => {
    const sums = new Float32Array(parts);
    for (let j = 0; j < x.length; j++) sums[j % parts] = term(at(sums, j % parts), at(x, j), at(z, j));
    const q = (l: number): number => {
      let sum = at(sums, l);
      for (let i = l + 4; i < parts; i += 4) sum = f(sum + at(sums, i));
      return sum;
    };
    if (parts < 4) return sums.reduce((sum, part) => f(sum + part), 0);
    if (parts < 16) return f(f(q(0) + q(2)) + f(q(1) + q(3)));
    const p = (l: number): number => at(sums, l);
    const pairs = (l: number): number => f(f(p(l) + p(4 + l)) + f(p(8 + l) + p(12 + l)));
    return f(f(pairs(0) + pairs(2)) + f(pairs(1) + pairs(3)));
  };
}
const separate = (sum: number, x: number, z: number): number => f(sum + f(x * z));
const fma = (sum: number, x: number, z: number): number => f(sum + x * z);

// ---- fused passes in plain code ----------------------------------------------------------------------------------------

interface Tweaks {
  update: FusedSpec["update"];
  /** Rounding offset of a column, from the stored lanes. */
  offset: (stored: Uint16Array, j: number, s: number) => number;
  isUpdated: (j: number) => boolean;
  dot: (z: Numbers, y: Numbers, old: Numbers) => number;
  /** Exchanges this row and the next. */
  isSwapped: boolean;
  columns: (columns: number) => number;
}

function fusedOf(x: View, z: View, update: FusedSpec["update"], tweaks: Partial<Tweaks> = {}): Kernel {
  const { offset, isUpdated, dot, columns } = {
    offset: (stored: Uint16Array, j: number, s: number) => at(stored, j & 7) * 2 ** Math.max(0, s - 16),
    isUpdated: () => true,
    dot: (zs: Numbers, ys: Numbers) => dotExact(ys, zs),
    columns: (count: number) => count,
    ...tweaks,
  };
  const change = tweaks.update ?? update;
  return (...args) => {
    const [zAt, xAt, yAt, given, k, s, offsets] = args as [number, number, number, number, number, number, number];
    const count = columns(given);
    const zs = z(zAt, count);
    const xs = x(tweaks.isSwapped ? yAt : xAt, count);
    const ys = x(tweaks.isSwapped ? xAt : yAt, count);
    const stored = memory.u16(offsets, 8);
    const old = zs.slice() as Numbers;
    for (let j = 0; j < count; j++) {
      if (isUpdated(j)) zs[j] = change(at(zs, j), k, at(xs, j), offset(stored, j, s), s);
    }
    return dot(zs, ys, old);
  };
}

const FUSED = {
  fusedI8I8: { x: i8, z: i8, update: updateI8I8 },
  fusedI8I16: { x: i8, z: i16, update: updateI8I16 },
  fusedI16I16: { x: i16, z: i16, update: updateI16I16 },
} as const;

function fusedMutants(name: keyof typeof FUSED): Mutants {
  const { x, z, update } = FUSED[name];
  const tweak = (tweaks: Partial<Tweaks>): Kernel => fusedOf(x, z, update, tweaks);
  const own: Mutants =
    name === "fusedI8I8"
      ? {
          "wraps instead of saturating": tweak({
            update: (zj, k, xj, r, s) => wrap8(zj + Math.sign(k) * sat8((Math.abs(k) * xj + r) >> s)),
          }),
          "wraps the update": tweak({
            update: (zj, k, xj, r, s) => sat8(zj + Math.sign(k) * wrap8((Math.abs(k) * xj + r) >> s)),
          }),
          "does not saturate the update": tweak({
            update: (zj, k, xj, r, s) => sat8(zj + Math.sign(k) * ((Math.abs(k) * xj + r) >> s)),
          }),
          "rounds k·x instead of |k|·x": tweak({ update: (zj, k, xj, r, s) => sat8(zj + sat8((k * xj + r) >> s)) }),
          "cannot hold −128": tweak({ update: (...a) => Math.max(-127, update(...a)) }),
        }
      : name === "fusedI8I16"
        ? {
            "wraps instead of saturating": tweak({ update: (zj, k, xj, r, s) => wrap16(zj + ((k * xj + r) >> s)) }),
            "rounds |k|·x instead of k·x": tweak({
              update: (zj, k, xj, r, s) => sat16(zj + Math.sign(k) * ((Math.abs(k) * xj + r) >> s)),
            }),
            "never widens its int32 lanes": tweak({ dot: (zs, ys) => dotWrapping(ys, zs) }),
            "saturates at int8": tweak({ update: (zj, k, xj, r, s) => sat16(zj + sat8((k * xj + r) >> s)) }),
          }
        : {
            "wraps instead of saturating": tweak({
              update: (zj, k, xj, r, s) => wrap16(zj + sat16((k * xj + r) >> s)),
            }),
            "does not saturate the update": tweak({ update: (zj, k, xj, r, s) => sat16(zj + ((k * xj + r) >> s)) }),
            "forgets to shift the lanes of s > 16": tweak({ offset: (stored, j) => at(stored, j & 7) }),
            "sign-extends the lanes": tweak({
              offset: (stored, j, s) => wrap16(at(stored, j & 7)) << Math.max(0, s - 16),
            }),
            "never widens its int32 lanes": tweak({ dot: (zs, ys) => dotWrapping(ys, zs) }),
          };
  return {
    ...own,
    "leaves the rounding offset out": tweak({ offset: () => 0 }),
    "always rounds to nearest": tweak({ offset: (_, __, s) => (s === 0 ? 0 : 2 ** (s - 1)) }),
    "turns the lanes by one": tweak({ offset: (stored, j, s) => at(stored, (j + 1) & 7) * 2 ** Math.max(0, s - 16) }),
    "shifts one bit too far": tweak({ update: (zj, k, xj, r, s) => update(zj, k, xj, r, Math.min(s + 1, 31)) }),
    "truncates instead of flooring": tweak({
      update: (zj, k, xj, r, s) => update(zj, k, Math.trunc((Math.abs(k) * xj + r) / 2 ** s) * (k < 0 ? -1 : 1), 0, 0),
    }),
    subtracts: tweak({ update: (zj, k, xj, r, s) => update(zj, -k, xj, r, s) }),
    "swaps this row and the next": tweak({ isSwapped: true }),
    "multiplies the old z": tweak({ dot: (_zs, ys, old) => dotExact(ys, old) }),
    "does not update lane 15 of 16": tweak({ isUpdated: (j) => j % 16 !== 15 }),
    "updates only the first window": tweak({ isUpdated: (j) => j < 4096 }),
    "stops one vector early": tweak({ columns: (count) => count - 32 }),
    "runs one vector too far": tweak({ columns: (count) => count + 32 }),
  };
}

/** z = fround(z + fround(k·x)), then a dot; `update` and `dot` may be wrong. */
function realFused(
  update: (z: number, k: number, x: number) => number,
  dot: (z: Numbers, y: Numbers, old: Numbers) => number,
  isSwapped = false,
): Kernel {
  return (...args) => {
    const [zAt, xAt, yAt, columns, k] = args as [number, number, number, number, number];
    const zs = memory.f32(zAt, columns);
    const old = zs.slice();
    const xs = f32(isSwapped ? yAt : xAt, columns);
    for (let j = 0; j < columns; j++) zs[j] = update(at(zs, j), f(k), at(xs, j));
    return dot(zs, f32(isSwapped ? xAt : yAt, columns), old);
  };
}
const stepApart = (z: number, k: number, x: number): number => f(z + f(k * x));
const joined = realDot(16, separate);

function publishedOf(
  update: typeof updatePublished,
  dot = (z: Numbers, y: Numbers, _old: Numbers) => dotExact(y, z),
): Kernel {
  return (...args) => {
    const [zAt, xAt, yAt, columns, k, h, offsets] = args as [number, number, number, number, number, number, number];
    const [zs, xs, hs, rs] = [
      memory.i8(zAt, columns),
      i8(xAt, columns),
      memory.i16(h, columns),
      memory.u16(offsets, 8),
    ];
    const old = zs.slice();
    for (let j = 0; j < columns; j++) zs[j] = update(at(zs, j), k, at(xs, j), at(hs, j), at(rs, j & 7));
    return dot(zs, i8(yAt, columns), old);
  };
}

// ---- quantizers in plain code --------------------------------------------------------------------------------------------

/** Arguments of a kernel that takes Count numbers. */
type Arguments<Count extends number, Head extends number[] = []> = Head["length"] extends Count
  ? Head
  : Arguments<Count, [...Head, number]>;

/** quantizeF64I8 with another way from a real number of codes to a code. */
function quantizeOf(round: (units: number) => number, clip: (code: number) => number): Kernel {
  return (...args) => {
    const [x, stride, rows, cols, offset, inverse, codes, codeStride, intercept] = args as number[] as Arguments<9>;
    let clippedRows = 0;
    for (let i = 0; i < rows; i++) {
      const row = memory.i8(codes + i * codeStride, cols + 1);
      let isClipped = false;
      for (let j = 0; j < cols; j++) {
        const centred = at(memory.f64(x + i * stride, cols), j) - at(memory.f64(offset, cols), j);
        const code = round(centred * at(memory.f64(inverse, cols), j));
        row[j] = clip(code);
        isClipped ||= Math.abs(code) > 127;
      }
      if (intercept !== 0) row[cols] = intercept;
      clippedRows += isClipped ? 1 : 0;
    }
    return clippedRows;
  };
}
const within127 = (code: number): number => Math.min(Math.max(code, -127), 127);
const tiesUp = (units: number): number => Math.floor(units + 0.5);
const tiesDown = (units: number): number => Math.ceil(units - 0.5);
const tiesEven = (units: number): number => {
  const low = Math.floor(units);
  if (units - low !== 0.5) return Math.floor(units + 0.5);
  return low % 2 === 0 ? low : low + 1;
};

/** Calls a kernel that writes `rows` rows, then spoils bytes of the output. */
function spoiled(
  name: string,
  pointer: number,
  edit: (bytes: Uint8Array, args: readonly number[]) => void,
  size: (args: readonly number[]) => number,
): Kernel {
  return (...args) => {
    const answer = (kernels[name] as Kernel)(...args);
    edit(memory.u8(at(args, pointer), size(args)), args);
    return answer;
  };
}

/** Runs `then` after the real kernel. */
function followed(name: string, then: (args: readonly number[]) => void): Kernel {
  return (...args) => {
    const answer = (kernels[name] as Kernel)(...args);
    then(args);
    return answer;
  };
}

const u = 2 ** -53;
const sorted = (pointer: number, count: number): Float64Array => memory.f64(pointer, count).slice().sort();
const median = (values: Float64Array, index: number): number => at(values.sort(), index);

/** exp with ln2 in one piece: the product n·ln2 rounds, and with it the remainder. */
function coarseExp(t: number): number {
  const n = Math.round(t / Math.LN2);
  return Math.exp(t - n * Math.LN2) * 2 ** n;
}

/** A shuffle from the last place down, each place exchanged with one below `below` (null: with none). */
function shufflingOf(below: (place: number, count: number) => number | null): Kernel {
  return (...args) => {
    const [seed, count, out] = args as [number, number, number];
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    let state = seed;
    for (let place = count - 1; place > 0; place--) {
      const limit = below(place, count);
      if (limit === null) continue;
      state = xorshift32(state);
      const drawn = scaleDraw(state, limit);
      [order[place], order[drawn]] = [at(order, drawn), at(order, place)];
    }
    order.forEach((row, i) => {
      core.view().setUint32(out + 4 * i, row, true);
    });
    return 0;
  };
}

const newton = newtonMutants(kernels, memory);
const interior = interiorMutants(kernels, memory);
const proximal = proximalMutants(kernels, memory);
const zipml = zipmlMutants(kernels, memory);
const level = levelMutants(kernels, memory);
const packed = packedMutants(kernels, memory);
const lazy = lazyMutants(kernels, memory);
const sparse = sparseMutants(kernels, memory);

/** Entry → mistakes. */
const MUTANTS: Readonly<Record<string, Mutants>> = {
  ...newton.mutants,
  ...interior.mutants,
  ...proximal.mutants,
  ...zipml.mutants,
  ...level.mutants,
  ...packed.mutants,
  ...lazy.mutants,
  ...sparse.mutants,
  // the block passes have mistakes of either sort
  ...Object.fromEntries(
    Object.keys(packed.mutants)
      .filter((name) => name in newton.mutants)
      .map((name) => [name, { ...newton.mutants[name], ...packed.mutants[name] }]),
  ),
  dotI8I8: {
    ...dotMutants("dotI8I8", i8, i8),
    "takes z as unsigned": dotOf(i8, (p, n) => memory.u8(p, n), dotExact),
    "multiplies into int8": dotOf(i8, i8, (a, b) => dotExact(a, b.map((value) => Math.max(value, -127)) as Numbers)),
  },
  dotI8I16: {
    ...dotMutants("dotI8I16", i8, i16),
    "never widens its int32 lanes": dotOf(i8, i16, dotWrapping),
    "counts the first window only": misled("dotI8I16", (args) => {
      args[2] = Math.min(at(args, 2), 4096);
    }),
  },
  dotI16I16: {
    ...dotMutants("dotI16I16", i16, i16),
    "never widens its int32 lanes": dotOf(i16, i16, dotWrapping),
    "sums in float32": distorted("dotI16I16", f),
  },
  dotI7I8: {
    ...dotMutants("dotI7I8", i8, i8),
    "takes z as unsigned": dotOf(i8, (p, n) => memory.u8(p, n), dotExact),
    "saturates pairs at int16 minus one": dotOf(i8, i8, (a, b) => {
      let sum = 0;
      for (let j = 0; j < a.length; j += 2) {
        const pair = at(a, j) * at(b, j) + at(a, j + 1) * at(b, j + 1);
        sum += Math.min(Math.max(pair, -32511), 32511);
      }
      return sum;
    }),
  },
  dotF32F32: {
    "stops one vector early": misled("dotF32F32", add(2, -32)),
    "runs one vector too far": misled("dotF32F32", add(2, 32)),
    "sums in sequence": dotOf(f32, f32, realDot(1, separate)),
    "keeps 4 partial sums": dotOf(f32, f32, realDot(4, separate)),
    "keeps 8 partial sums": dotOf(f32, f32, realDot(8, separate)),
    "fuses multiply and add": dotOf(f32, f32, realDot(16, fma)),
    "sums in float64": dotOf(f32, f32, (a, b) => f(dotExact(a, b))),
    "flushes subnormals": distorted("dotF32F32", (answer) => (Math.abs(answer) < 2 ** -126 ? 0 : answer)),
  },
  fusedI8I8: fusedMutants("fusedI8I8"),
  fusedI8I16: fusedMutants("fusedI8I16"),
  fusedI16I16: fusedMutants("fusedI16I16"),
  fusedF32F32: {
    "fuses the update": realFused((z, k, x) => f(z + k * x), joined),
    "fuses the dot": realFused(stepApart, realDot(16, fma)),
    "sums in sequence": realFused(stepApart, realDot(1, separate)),
    subtracts: realFused((z, k, x) => stepApart(z, -k, x), joined),
    "multiplies the old z": realFused(stepApart, (_z, y, old) => joined(old, y)),
    "swaps this row and the next": realFused(stepApart, joined, true),
    "stops one vector early": misled("fusedF32F32", add(3, -32)),
    "drops tiny steps": realFused((z, k, x) => (Math.abs(k) < 1e-5 ? z : stepApart(z, k, x)), joined),
  },
  fusedI8F32: {
    "swaps this row and the next": misled("fusedI8F32", swap(1, 2)),
    "stops one vector early": misled("fusedI8F32", add(3, -32)),
    "rounds k": misled("fusedI8F32", (args) => {
      args[4] = f(at(args, 4) * (1 + 2 ** -20));
    }),
  },
  fusedI16F32: {
    "swaps this row and the next": misled("fusedI16F32", swap(1, 2)),
    "stops one vector early": misled("fusedI16F32", add(3, -32)),
    "takes int8 codes": (...args) => (kernels["fusedI8F32"] as Kernel)(...args),
  },
  fusedPublished: {
    "does not saturate k·x + h": publishedOf((z, k, x, h, r) => sat16(sat16(256 * z - (k * x + h)) + r) >> 8),
    "does not saturate 256·z − m": publishedOf((z, k, x, h, r) =>
      sat8(sat16(wrap16(256 * z - sat16(k * x + h)) + r) >> 8),
    ),
    "wraps y + r": publishedOf((z, k, x, h, r) => wrap16(sat16(256 * z - sat16(k * x + h)) + r) >> 8),
    "leaves the rounding offset out": publishedOf((z, k, x, h) => updatePublished(z, k, x, h, 0)),
    "always rounds to nearest": publishedOf((z, k, x, h) => updatePublished(z, k, x, h, 128)),
    "adds h with the wrong sign": publishedOf((z, k, x, h, r) => updatePublished(z, k, x, -h, r)),
    "subtracts k·x": publishedOf((z, k, x, h, r) => updatePublished(z, -k, x, h, r)),
    "shifts by 7": publishedOf((z, k, x, h, r) => sat8(sat16(sat16(256 * z - sat16(k * x + h)) + r) >> 7)),
    truncates: publishedOf((z, k, x, h, r) => Math.trunc(sat16(sat16(256 * z - sat16(k * x + h)) + r) / 256)),
    "multiplies the old z": publishedOf(updatePublished, (_z, y, old) => dotExact(y, old)),
    "swaps this row and the next": misled("fusedPublished", swap(1, 2)),
    "stops one vector early": misled("fusedPublished", add(3, -32)),
  },
  countLimitsI8: {
    "knows only the upper limit": (...args) =>
      memory.i8(at(args, 0), at(args, 1)).reduce((n, code) => n + (code === 127 ? 1 : 0), 0),
    "counts −127 too": (...args) =>
      memory.i8(at(args, 0), at(args, 1)).reduce((n, code) => n + (Math.abs(code) >= 127 ? 1 : 0), 0),
    "stops one early": misled("countLimitsI8", add(1, -1)),
  },
  countLimitsI16: {
    "knows only the upper limit": (...args) =>
      memory.i16(at(args, 0), at(args, 1)).reduce((n, code) => n + (code === 32767 ? 1 : 0), 0),
    "stops one early": misled("countLimitsI16", add(1, -1)),
  },
  negativeSums: {
    "stops one vector early": misled("negativeSums", add(3, -32)),
    "forgets the last row": misled("negativeSums", add(2, -1)),
    "counts instead of summing": followed("negativeSums", ([x, stride, rows, cols, out]) => {
      for (let i = 0; i < (rows as number); i++) {
        const row = memory.i8((x as number) + i * (stride as number), cols as number);
        const count = row.reduce((n, code) => n + (code < 0 ? 1 : 0), 0);
        core.view().setInt32((out as number) + 4 * i, count, true);
      }
    }),
  },
  permutation: {
    "leaves the last exchange out": shufflingOf((place) => (place === 1 ? null : place + 1)),
    "never leaves a value where it is": shufflingOf((place) => place),
    "draws from all places": shufflingOf((_, count) => count),
    "draws the last place never": shufflingOf((place) => Math.max(place, 1)),
    "ignores the seed": misled("permutation", put(0, 1)),
    "forgets the last row": misled("permutation", add(1, -1)),
    "is one row too long": misled("permutation", add(1, 1)),
    "does nothing": shufflingOf(() => null),
    "counts from 1": followed("permutation", ([, count, out]) => {
      for (let i = 0; i < (count as number); i++) {
        const place = (out as number) + 4 * i;
        core.view().setUint32(place, core.view().getUint32(place, true) + 1, true);
      }
    }),
  },
  packGroups: {
    "forgets the last row": misled("packGroups", add(3, -1)),
    "stops one vector early": misled("packGroups", add(4, -16)),
    "takes rows for adjacent": misled("packGroups", (args) => put(1, at(args, 4))(args)),
    "leaves the rows in their own order": misled("packGroups", (args) => {
      for (let i = 0; i < at(args, 3); i++) core.view().setUint32(at(args, 2) + 4 * i, i, true);
    }),
    "lays the tiles out column by column": followed("packGroups", (args) => {
      const [rows, columns, out] = [at(args, 3), at(args, 4), at(args, 5)];
      const tiles = memory.i8(out, 4 * columns * Math.ceil(rows / 4));
      const from = tiles.slice();
      tiles.forEach((_, i) => {
        tiles[i] = at(from, (i & ~15) + 4 * (i & 3) + ((i >> 2) & 3));
      });
    }),
    "leaves old bytes in the rows that are none": followed("packGroups", (args) => {
      const [rows, columns, out] = [at(args, 3), at(args, 4), at(args, 5)];
      if (rows % 4 > 0) memory.i8(out + 4 * columns * (rows >> 2) + 12, 1).fill(1);
    }),
    "sums without signs": followed("packGroups", (args) => {
      const sums = at(args, 6);
      core.view().setInt32(sums, Math.abs(core.view().getInt32(sums, true)), true);
    }),
  },
  dotGroups: {
    "stops one tile early": misled("dotGroups", add(4, -32)),
    "exchanges the groups": misled("dotGroups", swap(0, 1)),
    "takes one group for both": misled("dotGroups", (args) => put(1, at(args, 0))(args)),
    "rounds down what it sees of z": seeingOf((code) => code >> 2),
    "rounds beyond the upper limit": seeingOf((code) => wrap16(code + 2) >> 2),
    "sees the upper byte": seeingOf((code) => (code >> 8) * 64),
    "sees all of z": seeingOf((code) => code / 4),
    "forgets the lower 7 bits": seeingOf((code) => (Math.min(code + 2, 32767) >> 9) * 128),
    "is good to 2⁻²² only": followed("dotGroups", (args) => {
      const slots = memory.f32(at(args, 6), 4);
      slots.forEach((dot, r) => {
        slots[r] = dot * (1 + 2 ** -22);
      });
    }),
    "sums in int32": seeingOf(
      (code) => Math.min(code + 2, 32767) >> 2,
      (sum) => sum | 0,
    ),
  },
  statisticsF64: {
    "ignores the weights": misled("statisticsF64", put(4, 0)),
    "forgets the last row": misled("statisticsF64", add(2, -1)),
    "starts the maximum at 0": followed("statisticsF64", (args) => {
      const high = memory.f64(at(args, 6), at(args, 3));
      high.forEach((value, j) => {
        high[j] = Math.max(0, value);
      });
    }),
    "takes every column for whole": followed("statisticsF64", (args) => memory.f64(at(args, 8), at(args, 3)).fill(1)),
    "hides a NaN": followed("statisticsF64", (args) => {
      const sum = memory.f64(at(args, 7), at(args, 3));
      sum.forEach((value, j) => {
        if (Number.isNaN(value)) sum[j] = 0;
      });
    }),
    "starts anew with each call": (...args) => {
      memory.f64(at(args, 7), at(args, 3)).fill(0);
      return (kernels["statisticsF64"] as Kernel)(...args);
    },
    "forgets the signs of zeros": followed("statisticsF64", (args) => {
      const low = memory.f64(at(args, 5), at(args, 3));
      low.forEach((value, j) => {
        low[j] = value + 0;
      });
    }),
    "sums in float32": followed("statisticsF64", (args) => {
      const sum = memory.f64(at(args, 7), at(args, 3));
      sum.set(Float32Array.from(sum));
    }),
    "swaps minimum and maximum": misled("statisticsF64", swap(5, 6)),
  },
  statisticsF32: {
    "adds the rows from last to first": (...args) => {
      const [x, stride, rows] = args as [number, number, number];
      for (let i = rows - 1; i >= 0; i--) {
        const weights = at(args, 4) === 0 ? 0 : at(args, 4) + 8 * i;
        (kernels["statisticsF32"] as Kernel)(x + i * stride, stride, 1, at(args, 3), weights, ...args.slice(5));
      }
      return 0;
    },
  },
  countBinsF64: {
    "drops the last column": misled("countBinsF64", add(3, -1)),
    "drops the last row": misled("countBinsF64", add(2, -1)),
    "starts anew": (...args) => {
      memory.u16(at(args, 6), 32 * at(args, 3)).fill(0);
      return (kernels["countBinsF64"] as Kernel)(...args);
    },
    "rounds ties up": (...args) => {
      const [x, stride, rows, cols, offset, inverse, bins] = args as number[] as Arguments<7>;
      const counts = memory.u16(bins, 32 * cols);
      for (let i = 0; i < rows; i++) {
        memory.f64(x + i * stride, cols).forEach((value, j) => {
          const place = (value - at(memory.f64(offset, cols), j)) * at(memory.f64(inverse, cols), j);
          const bin = 32 * j + 16 + Math.floor(place + 0.5);
          counts[bin] = at(counts, bin) + 1;
        });
      }
      return 0;
    },
  },
  nextCrowded: {
    "counts pairs that are just full": misled("nextCrowded", add(3, -1)),
    "starts one column late": misled("nextCrowded", add(1, 1)),
    "stops one column early": misled("nextCrowded", add(2, -1)),
    "looks at single bins": (...args) => {
      const [bins, first, cols, most] = args as [number, number, number, number];
      for (let j = first; j < cols; j++) if (memory.u16(bins + 64 * j, 32).some((count) => count > most)) return j;
      return -1;
    },
  },
  spread: {
    "drops the last row": misled("spread", add(2, -1)),
    "leaves the gaps as they are": (...args) => {
      const [x, rowBytes, rows, out, stride] = args as [number, number, number, number, number];
      for (let i = 0; i < rows; i++) memory.u8(out + i * stride, rowBytes).set(memory.u8(x + i * rowBytes, rowBytes));
      return 0;
    },
    "begins with the last row": (...args) => {
      const [x, rowBytes, rows, out, stride] = args as [number, number, number, number, number];
      for (let i = rows - 1; i >= 0; i--) {
        (kernels["spread"] as Kernel)(x + i * rowBytes, rowBytes, 1, out + i * stride, stride);
      }
      return 0;
    },
  },
  touch: {
    "stops early": misled("touch", add(1, -512)),
    "looks between the lines": misled("touch", add(0, 4)),
  },
  statisticsU8: { "takes them as signed": (...args) => (kernels["statisticsI8"] as Kernel)(...args) },
  firstNotFiniteF64: {
    "sees NaN only": (...args) => {
      const [x, stride, rows, cols] = args as [number, number, number, number];
      for (let i = 0; i < rows; i++) {
        const j = memory.f64(x + i * stride, cols).findIndex(Number.isNaN);
        if (j >= 0) return i * cols + j;
      }
      return -1;
    },
    "looks at the padding": misled("firstNotFiniteF64", add(3, 1)),
    "skips the last row": misled("firstNotFiniteF64", add(2, -1)),
    "counts from 1": distorted("firstNotFiniteF64", (answer) => (answer < 0 ? answer : answer + 1)),
    "takes huge values for infinite": (...args) => {
      const [x, stride, rows, cols] = args as [number, number, number, number];
      for (let i = 0; i < rows; i++) {
        const j = memory.f64(x + i * stride, cols).findIndex((value) => !Number.isFinite(value * 2));
        if (j >= 0) return i * cols + j;
      }
      return -1;
    },
  },
  fitsFloat32: {
    "skips the last value": misled("fitsFloat32", add(1, -1)),
    "skips the first value": misled("fitsFloat32", (args) => {
      if (at(args, 1) > 1) args.splice(0, 2, at(args, 0) + 8, at(args, 1) - 1);
    }),
    "allows for rounding": (...args) =>
      memory.f64(at(args, 0), at(args, 1)).every((x) => Math.abs(f(x) - x) <= 2 ** -24 * Math.abs(x)) ? 1 : 0,
  },
  sampleF64: {
    "starts at the second row": misled("sampleF64", (args) => add(0, at(args, 1))(args)),
    "takes the next column": misled("sampleF64", add(4, 1)),
    "steps one row too far": misled("sampleF64", add(3, 1)),
    "counts one too few": distorted("sampleF64", (answer) => answer - 1),
  },
  lowerMedian: {
    "takes the upper median": (...args) => median(memory.f64(at(args, 0), at(args, 1)), at(args, 1) >> 1),
    "averages the middle": (...args) => {
      const [p, n] = args as [number, number];
      const values = sorted(p, n);
      return (at(values, (n - 1) >> 1) + at(values, n >> 1)) / 2;
    },
    "loses a value": followed("lowerMedian", (args) => memory.f64(at(args, 0), 1).fill(0.123)),
  },
  keptSquaresF64: {
    "does not clip": misled("keptSquaresF64", (args) => {
      args[6] = at(args, 7);
    }),
    "swaps its two sums": misled("keptSquaresF64", swap(8, 9)),
    "takes the first columns": misled("keptSquaresF64", (args) => {
      args[4] = memory.input(Int32Array.from({ length: at(args, 3) }, (_, k) => k));
    }),
    "drops the last row": misled("keptSquaresF64", add(2, -1)),
    "starts anew": (...args) => {
      for (const i of [8, 9]) memory.f64(at(args, i), at(args, 3)).fill(0);
      return (kernels["keptSquaresF64"] as Kernel)(...args);
    },
  },
  deviation: {
    "takes the upper median": (...args) =>
      median(
        memory
          .f64(at(args, 0), at(args, 1))
          .slice()
          .map((x) => Math.abs(x - at(args, 2))),
        at(args, 1) >> 1,
      ),
    "does not take absolute values": (...args) =>
      median(
        memory
          .f64(at(args, 0), at(args, 1))
          .slice()
          .map((x) => x - at(args, 2)),
        (at(args, 1) - 1) >> 1,
      ),
    "ignores the median": misled("deviation", put(2, 0)),
    averages: (...args) => {
      const values = memory.f64(at(args, 0), at(args, 1));
      return values.reduce((sum, x) => sum + Math.abs(x - at(args, 2)), 0) / values.length;
    },
  },
  quantizeF64I8: {
    "rounds ties down": quantizeOf(tiesDown, within127),
    "rounds ties to even": quantizeOf(tiesEven, within127),
    truncates: quantizeOf(Math.trunc, within127),
    floors: quantizeOf(Math.floor, within127),
    "wraps instead of saturating": quantizeOf(tiesUp, (code) => wrap8(code)),
    "produces −128": quantizeOf(tiesUp, (code) => sat8(code)),
    "forgets the intercept": misled("quantizeF64I8", put(8, 0)),
    "swaps offset and scale": misled("quantizeF64I8", swap(4, 5)),
    "drops the last column": misled("quantizeF64I8", add(3, -1)),
    "drops the last row": misled("quantizeF64I8", add(2, -1)),
    "overruns the row": spoiled(
      "quantizeF64I8",
      6,
      (bytes) => bytes.fill(1, bytes.length - 1),
      (args) => at(args, 2) * at(args, 7),
    ),
  },
  quantizeF32I16: {
    "clips at int8": (...args) => (kernels["quantizeF32I8"] as Kernel)(...args),
    "swaps offset and scale": misled("quantizeF32I16", swap(4, 5)),
  },
  quantizeU8I8: { "takes the source as signed": (...args) => (kernels["quantizeI8I8"] as Kernel)(...args) },
  quantizeF64F32: {
    "swaps offset and scale": misled("quantizeF64F32", swap(4, 5)),
    "forgets the intercept": misled("quantizeF64F32", put(8, 0)),
    "multiplies by the inverse": followed("quantizeF64F32", (args) => {
      const [x, stride, rows, cols, offset, scale, codes, codeStride] = args as number[] as Arguments<8>;
      for (let i = 0; i < rows; i++) {
        const [row, out] = [memory.f64(x + i * stride, cols), memory.f32(codes + i * codeStride, cols)];
        for (let j = 0; j < cols; j++) {
          out[j] = f(at(row, j) - at(memory.f64(offset, cols), j)) * f(1 / at(memory.f64(scale, cols), j));
        }
      }
    }),
  },
  countClippedF64: {
    "counts codes at the limit": misled("countClippedF64", add(6, -1)),
    "does not round first": (...args) => {
      const [x, stride, rows, cols, offset, inverse, limit] = args as number[] as Arguments<7>;
      let count = 0;
      for (let i = 0; i < rows; i++) {
        const row = memory.f64(x + i * stride, cols);
        const isClipped = row.some(
          (value, j) => Math.abs((value - at(memory.f64(offset, cols), j)) * at(memory.f64(inverse, cols), j)) > limit,
        );
        count += isClipped ? 1 : 0;
      }
      return count;
    },
    "skips the last row": misled("countClippedF64", add(2, -1)),
    "skips the last column": misled("countClippedF64", add(3, -1)),
  },
  planesF64: {
    "swaps the planes": misled("planesF64", swap(6, 7)),
    "swaps offset and scale": misled("planesF64", swap(4, 5)),
    "forgets the intercept": misled("planesF64", put(9, 0)),
    "splits without the carry": followed("planesF64", (args) => {
      const [high, low, codeStride, cols] = [at(args, 6), at(args, 7), at(args, 8), at(args, 3)];
      for (let i = 0; i < at(args, 2); i++) {
        const [hi, lo] = [memory.i8(high + i * codeStride, cols), memory.i8(low + i * codeStride, cols)];
        hi.forEach((value, j) => {
          if (at(lo, j) < 0) hi[j] = value - 1;
        });
      }
    }),
    "drops the last column": misled("planesF64", add(3, -1)),
  },
  decodePlanes: {
    "swaps the planes": misled("decodePlanes", swap(0, 1)),
    "swaps offset and scale": misled("decodePlanes", swap(5, 6)),
    "drops the last row": misled("decodePlanes", add(3, -1)),
    "ignores the low plane": followed("decodePlanes", (args) => {
      const out = memory.f64(at(args, 7), at(args, 4));
      out.set(Float64Array.from(memory.i8(at(args, 0), out.length), (hi) => 256 * hi));
    }),
  },
  narrowF64I16: {
    "drops the last column": misled("narrowF64I16", add(3, -1)),
    "drops the last row": misled("narrowF64I16", add(2, -1)),
    "goes through int8": followed("narrowF64I16", (args) => {
      const out = memory.i16(at(args, 4), at(args, 3));
      out.forEach((value, j) => {
        out[j] = wrap8(value);
      });
    }),
  },
  narrowF64U8: {
    "takes them as signed": (...args) => {
      (kernels["narrowF64I8"] as Kernel)(...args);
      const out = memory.i8(at(args, 4), at(args, 3));
      out.forEach((value, j) => {
        out[j] = Math.max(0, value);
      });
      return 0;
    },
  },
  marginsF64: {
    "forgets the bias": (...args) => {
      const zero = memory.input(new Float64Array(at(args, 7)));
      return (kernels["marginsF64"] as Kernel)(...args.slice(0, 6), zero, ...args.slice(7));
    },
    "drops the last four columns": misled("marginsF64", (args) => {
      if (at(args, 7) === 1) args[4] = at(args, 4) - 4;
    }),
    "drops the last row": misled("marginsF64", add(3, -1)),
    "rounds to float32": followed("marginsF64", (args) => {
      const m = memory.f64(at(args, 8), at(args, 3) * at(args, 7));
      m.set(Float32Array.from(m));
    }),
    "exchanges two classes": followed("marginsF64", (args) => {
      const m = memory.f64(at(args, 8), at(args, 7));
      [m[0], m[m.length - 1]] = [at(m, m.length - 1), at(m, 0)];
    }),
  },
  marginsPlanes: {
    "takes the high plane for the low one": misled("marginsPlanes", put(1, 0)),
    "ignores the low plane": (...args) => (kernels["marginsI8"] as Kernel)(...args),
  },
  marginsU8: { "takes them as signed": (...args) => (kernels["marginsI8"] as Kernel)(...args) },
  gradientF64: {
    "overwrites what stands there": (...args) => {
      memory.f64(at(args, 7), at(args, 4) * at(args, 6)).fill(0);
      return (kernels["gradientF64"] as Kernel)(...args);
    },
    "drops the last row": misled("gradientF64", add(3, -1)),
    "does only the first block of rows": misled("gradientF64", (args) => {
      args[3] = Math.min(32, at(args, 3));
    }),
    "rounds to float32": followed("gradientF64", (args) => {
      const g = memory.f64(at(args, 7), at(args, 4) * at(args, 6));
      g.set(Float32Array.from(g));
    }),
  },
  gradientPlanes: {
    "takes the high plane for the low one": misled("gradientPlanes", put(1, 0)),
    "ignores the low plane": (...args) => (kernels["gradientI8"] as Kernel)(...args),
  },
  lossPass: {
    "ignores the weights": misled("lossPass", put(3, 0)),
    "forgets the last row": misled("lossPass", add(4, -1)),
    "takes hinge for squared hinge": misled("lossPass", (args) => {
      if (at(args, 0) === 3) args[0] = 4;
    }),
    "ignores the threshold": misled("lossPass", put(6, 1)),
    "negates the derivatives": followed("lossPass", (args) => {
      const c = memory.f64(at(args, 7), at(args, 4) * at(args, 5));
      c.forEach((value, i) => {
        c[i] = -value;
      });
    }),
    "rounds the derivatives to float32": followed("lossPass", (args) => {
      const c = memory.f64(at(args, 7), at(args, 4) * at(args, 5));
      c.set(Float32Array.from(c));
    }),
    "loses the sign of the logistic state": followed("lossPass", (args) => {
      if (at(args, 0) !== 1) return;
      const state = memory.f32(at(args, 8), at(args, 4));
      state.forEach((value, i) => {
        state[i] = Math.abs(value);
      });
    }),
    "is off by 1e-12": distorted("lossPass", (answer) => answer * (1 + 1e-12)),
    "is off by 40 u": distorted("lossPass", (answer) => answer * (1 + 40 * u)),
    "answers the mean": distorted("lossPass", (answer, args) => answer / at(args, 4)),
  },
  exp: {
    "rounds to float32": (t) => f(Math.exp(t as number)),
    "splits ln 2 not at all": (t) => coarseExp(t as number),
    "is off by 2 ulp": distorted("exp", (answer) => answer * (1 + 5 * u)),
    "ends its series at r⁹": (t) => {
      const n = Math.round((t as number) / Math.LN2);
      const r = (t as number) - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
      let sum = 1;
      for (let k = 9; k >= 1; k--) sum = 1 + (sum * r) / k;
      return sum * 2 ** n;
    },
  },
  log: {
    "rounds to float32": (x) => f(Math.log(x as number)),
    "is off by 3 ulp": distorted("log", (answer) => answer * (1 + 7 * u)),
    "is base 2": (x) => Math.log2(x as number),
  },
  log1p: {
    "adds 1 first": (x) => Math.log(1 + (x as number)),
    "is off by 3 ulp": distorted("log1p", (answer) => answer * (1 + 7 * u)),
    "is its own argument": (x) => x as number,
  },
  expf: {
    "rounds the true value": (t) => f(Math.exp(t as number)),
    "is one float32 off at 1": distorted("expf", (answer, [t]) => (t === 1 ? f(answer * (1 + 2 ** -23)) : answer)),
  },
  expm1f: {
    "rounds the true value": (t) => f(Math.expm1(t as number)),
    "subtracts 1 from exp": (t) => f((kernels["expf"] as Kernel)(t as number) - 1),
  },
  lossDifference: {
    "subtracts two derivatives": (kind, delta, state, y, tau) => {
      const derive = (m: number): number =>
        (kernels["lossDerivative"] as Kernel)(kind as number, m, y as number, tau as number);
      const q = Math.abs(state as number);
      const margin =
        kind === 1 ? Math.sign(state as number) * (y as number) * Math.log((1 - q) / q) : (state as number);
      return f(derive(f(margin + (delta as number))) - derive(margin));
    },
    "has the wrong sign": distorted("lossDifference", (answer) => -answer),
    "ignores the state": misled("lossDifference", put(2, 0.5)),
    "ignores the side": misled("lossDifference", (args) => {
      args[2] = Math.abs(at(args, 2));
    }),
    "ignores the threshold": misled("lossDifference", put(4, 1)),
    "ignores the label": misled("lossDifference", put(3, 1)),
    "is linear": (_kind, delta) => delta as number,
  },
  lossDerivative: {
    "has the wrong sign": distorted("lossDerivative", (answer) => -answer),
    "takes hinge for squared hinge": misled("lossDerivative", (args) => {
      if (at(args, 0) === 3) args[0] = 4;
    }),
    "ignores the threshold": misled("lossDerivative", put(3, 1)),
    "is float64 rounded": (kind, m, y, tau) =>
      kind === 1
        ? f(-(y as number) / (1 + Math.exp((y as number) * (m as number))))
        : (kernels["lossDerivative"] as Kernel)(kind as number, m as number, y as number, tau as number),
  },
  softmaxDifference: {
    "leaves a class out": misled("softmaxDifference", add(2, -1)),
    "takes one class too many": misled("softmaxDifference", add(2, 1)),
    "leaves the padding": followed("softmaxDifference", (args) => {
      const count = at(args, 2);
      if (count % 4 !== 0) memory.f32(at(args, 0) + 4 * count, 1).fill(1);
    }),
    "forgets S": (...args) => {
      const [changes, p, classes] = args as [number, number, number];
      const [t, q] = [memory.f32(changes, (classes + 3) & ~3), memory.f32(p, classes)];
      for (let c = 0; c < classes; c++) t[c] = f(at(q, c) * (kernels["expm1f"] as Kernel)(at(t, c)));
      t.fill(0, classes);
      return 0;
    },
    "shifts by the largest change": (...args) => {
      const [changes, p, classes] = args as [number, number, number];
      const q = memory.f32(p, classes).slice();
      const t = memory.f32(changes, classes);
      const top = t.indexOf(Math.max(...t));
      // the same kernel, told that the class of the largest change is the likeliest
      const other = memory.inout(Float32Array.from({ length: classes + 8 }, (_, c) => (c === top ? 2 : (q[c] ?? 0))));
      return (kernels["softmaxDifference"] as Kernel)(changes, other, classes);
    },
  },
  softmaxDerivative: {
    "takes the next label": misled("softmaxDerivative", (args) => {
      args[1] = (at(args, 1) + 1) % at(args, 2);
    }),
    "forgets the label": followed("softmaxDerivative", (args) => {
      const m = memory.f32(at(args, 0), at(args, 2));
      m[at(args, 1)] = at(m, at(args, 1)) + 1;
    }),
    "leaves a class out": misled("softmaxDerivative", (args) => {
      args[2] = Math.max(1, at(args, 2) - 1);
    }),
  },
  toWeights: {
    "swaps scale and offset": misled("toWeights", swap(6, 7)),
    "forgets the intercept": misled("toWeights", put(8, 0)),
    "leaves the padding": misled("toWeights", (args) => {
      if (at(args, 5) === 1) args[3] = at(args, 4);
    }),
    "drops the last column": misled("toWeights", add(4, -1)),
  },
  toCodes: {
    "swaps scale and offset": misled("toCodes", swap(6, 7)),
    "forgets the intercept": misled("toCodes", put(8, 0)),
    "drops the last column": misled("toCodes", add(4, -1)),
    "writes the intercept without Q": misled("toCodes", (args) => {
      args[8] = Math.min(1, at(args, 8));
    }),
  },
  toStored: {
    "swaps scale and offset": misled("toStored", swap(4, 5)),
    "drops the last class": misled("toStored", add(3, -1)),
    "applies twice": followed("toStored", (args) => (kernels["toStored"] as Kernel)(...args)),
  },
  assembleGradient: {
    "forgets l2": misled("assembleGradient", put(13, 0)),
    "divides by one row more": misled("assembleGradient", add(8, 1)),
    "swaps scale and offset": misled("assembleGradient", swap(9, 10)),
    "swaps the stored scale and offset": misled("assembleGradient", swap(11, 12)),
    "forgets the intercept": misled("assembleGradient", put(14, 0)),
    "exchanges the norms": followed("assembleGradient", (args) => {
      const out = memory.f64(at(args, 15), 3);
      [out[0], out[1]] = [at(out, 1), at(out, 0)];
    }),
    "doubles the penalty": followed("assembleGradient", (args) => {
      const out = memory.f64(at(args, 15), 3);
      out[2] = 2 * at(out, 2);
    }),
    "drops the last column": misled("assembleGradient", add(6, -1)),
    "squares without scaling": followed("assembleGradient", (args) => {
      const out = memory.f64(at(args, 15), 2);
      out.forEach((norm, i) => {
        out[i] = Math.sqrt(norm * norm);
      });
    }),
    "answers squared norms": followed("assembleGradient", (args) => {
      const out = memory.f64(at(args, 15), 2);
      out.forEach((norm, i) => {
        out[i] = norm * norm;
      });
    }),
  },
  centreClasses: {
    "drops the last column": (...args) => {
      const [v, cols, classes] = args as [number, number, number];
      const last = Array.from({ length: classes }, (_, k) => at(memory.f64(v + 8 * (k * cols + cols - 1), 1), 0));
      (kernels["centreClasses"] as Kernel)(v, cols, classes);
      last.forEach((value, k) => {
        memory.f64(v + 8 * (k * cols + cols - 1), 1).fill(value);
      });
      return 0;
    },
    "leaves a class out": misled("centreClasses", add(2, -1)),
    "centres twice as far": (...args) => {
      const [v, cols, classes] = args as [number, number, number];
      const before = memory.f64(v, cols * classes).slice();
      (kernels["centreClasses"] as Kernel)(v, cols, classes);
      const after = memory.f64(v, cols * classes);
      after.forEach((value, i) => {
        after[i] = 2 * value - at(before, i);
      });
      return 0;
    },
  },
  columnSums: {
    "drops the last row": misled("columnSums", add(1, -1)),
    "drops the first row": misled("columnSums", (args) => {
      args[0] = at(args, 0) + 8 * at(args, 2);
      args[1] = at(args, 1) - 1;
    }),
    averages: followed("columnSums", (args) => {
      const sums = memory.f64(at(args, 3), at(args, 2));
      sums.forEach((value, k) => {
        sums[k] = value / at(args, 1);
      });
    }),
  },
  foldI8: {
    "forgets the start": misled("foldI8", put(0, 0)),
    "forgets delta": misled("foldI8", put(2, 1)),
    "drops the last code": misled("foldI8", add(4, -1)),
    "takes delta as float32": misled("foldI8", (args) => {
      args[2] = f(at(args, 2));
    }),
  },
  foldI16: { "takes int8 codes": (...args) => (kernels["foldI8"] as Kernel)(...args) },
  foldF32: { "forgets the start": misled("foldF32", put(0, 0)) },
  toGridI8: {
    "rounds ties down": (...args) => {
      const [v, delta, z, count] = args as [number, number, number, number];
      memory.i8(z, count).set(memory.f64(v, count).map((x) => within127(tiesDown(x / delta))));
      return 0;
    },
    "reaches −128": (...args) => {
      const [v, delta, z, count] = args as [number, number, number, number];
      memory.i8(z, count).set(memory.f64(v, count).map((x) => sat8(tiesUp(x / delta))));
      return 0;
    },
    "multiplies by delta": misled("toGridI8", (args) => {
      args[1] = 1 / at(args, 1);
    }),
    "drops the last code": misled("toGridI8", add(3, -1)),
  },
  toGridI16: {
    "clips at int8": (...args) => {
      const [v, delta, z, count] = args as [number, number, number, number];
      memory.i16(z, count).set(memory.f64(v, count).map((x) => within127(tiesUp(x / delta))));
      return 0;
    },
  },
  dataGradient: {
    "swaps its operands": misled("dataGradient", swap(0, 1)),
    "drops the last class": misled("dataGradient", add(5, -1)),
    adds: followed("dataGradient", (args) => {
      const count = at(args, 4) * at(args, 5);
      const [a, out] = [memory.f64(at(args, 0), count), memory.f64(at(args, 3), count)];
      out.forEach((value, i) => {
        out[i] = 2 * at(a, i) - value;
      });
    }),
  },
  ridge: {
    "divides once": followed("ridge", (args) => {
      const [scale, out] = [memory.f64(at(args, 0), at(args, 1)), memory.f64(at(args, 4), at(args, 1))];
      out.forEach((value, j) => {
        out[j] = value * at(scale, j);
      });
    }),
    "regularises the intercept": followed("ridge", (args) => {
      if (at(args, 1) < at(args, 2)) memory.f64(at(args, 4) + 8 * at(args, 1), 1).fill(at(args, 3));
    }),
    "leaves the padding": misled("ridge", (args) => {
      args[2] = at(args, 1);
    }),
  },
  maxAbs: {
    "forgets the sign": (...args) => Math.max(0, ...memory.f64(at(args, 0), at(args, 1))),
    "drops the last value": misled("maxAbs", add(1, -1)),
    "drops the first value": misled("maxAbs", (args) => {
      args.splice(0, 2, at(args, 0) + 8, at(args, 1) - 1);
    }),
  },
  maxCodeI8: {
    "takes −128 for 127": distorted("maxCodeI8", (answer) => Math.min(127, answer)),
    "forgets the sign": (...args) => Math.max(0, ...memory.i8(at(args, 0), at(args, 1))),
    "drops the last code": misled("maxCodeI8", add(1, -1)),
  },
  maxCodeI16: { "takes −32768 for 32767": distorted("maxCodeI16", (answer) => Math.min(32767, answer)) },
  toFloat32: {
    "drops the last value": misled("toFloat32", add(2, -1)),
    truncates: followed("toFloat32", (args) => {
      const [from, to] = [memory.f64(at(args, 0), at(args, 2)), memory.f32(at(args, 1), at(args, 2))];
      to.forEach((value, i) => {
        if (Math.abs(value) > Math.abs(at(from, i))) to[i] = value * (1 - 2 ** -23);
      });
    }),
  },
  maxRowNormI8: {
    "ignores the weights": misled("maxRowNormI8", put(4, 0)),
    "drops the last row": misled("maxRowNormI8", add(2, -1)),
    "drops the last column": misled("maxRowNormI8", add(3, -1)),
    "takes the root": distorted("maxRowNormI8", Math.sqrt),
  },
  largestEigenvalueI8: {
    "stops one iteration early": misled("largestEigenvalueI8", (args) => {
      args[5] = Math.max(1, at(args, 5) - 1);
    }),
    "ignores the weights": misled("largestEigenvalueI8", (args) => {
      args[4] = 0;
    }),
    "does not divide by the rows": distorted("largestEigenvalueI8", (answer, args) => answer * at(args, 2)),
    "drops the last row": misled("largestEigenvalueI8", add(2, -1)),
    "drops four columns": misled("largestEigenvalueI8", add(3, -4)),
    "is good to float32": distorted("largestEigenvalueI8", f),
  },
};

// The broken forms above differ from these by one mistake: without it they pass.
describe("the plain forms the mutants are made of are accepted", () => {
  const plain: Mutants = {
    ...Object.fromEntries(
      Object.entries(FUSED).map(([name, { x, z, update }]) => [name, fusedOf(x, z, update)] as const),
    ),
    dotI8I8: dotOf(i8, i8, dotExact),
    dotI8I16: dotOf(i8, i16, dotExact),
    dotI16I16: dotOf(i16, i16, dotExact),
    dotF32F32: dotOf(f32, f32, joined),
    fusedF32F32: realFused(stepApart, joined),
    fusedPublished: publishedOf(updatePublished),
    dotGroups: seeingOf((code) => Math.min(code + 2, 32767) >> 2),
    quantizeF64I8: quantizeOf(tiesUp, within127),
    ...newton.plain,
    ...interior.plain,
    ...proximal.plain,
    ...zipml.plain,
    ...level.plain,
    ...packed.plain,
    ...lazy.plain,
    ...sparse.plain,
  };
  test.each(Object.entries(plain))("%s", (name, kernel) => expect(accepts(name, kernel)).toBe(true));
});

describe("every mutant is rejected", () => {
  const all = [...Object.entries(MUTANTS), ...Object.entries(partMutants(kernels, memory))].flatMap(([name, mutants]) =>
    Object.entries(mutants).map(([mistake, mutant]) => [name, mistake, mutant] as const),
  );
  it.each(all)("%s: %s", (name, _mistake, mutant) => expect(accepts(name, mutant)).toBe(false));
});

// No entry may be so lax that a kernel that does nothing, or answers something else, passes.
describe("every entry rejects", () => {
  const names = TABLE.map(({ name }) => name);
  it.each(names)("%s that does nothing", (name) => expect(accepts(name, () => 0)).toBe(false));

  it.each(names)("%s that answers something else", (name) => {
    const off: Kernel = (...args) => {
      const answer = (kernels[name] as Kernel)(...args);
      if (answer === undefined) throw new Silent();
      return Number.isFinite(answer) ? answer * (1 + 2 ** -20) + 2 ** -20 : 0;
    };
    try {
      expect(accepts(name, off)).toBe(false);
    } catch (error) {
      if (!(error instanceof Silent)) throw error; // a kernel without an answer has none to falsify
    }
  });

  // writes through its pointers, one byte further than it may
  it.each(names)("%s that writes behind a block", (name) => {
    const kernel = kernels[name] as Kernel;
    const careless: Kernel = (...args) => {
      const answer = kernel(...args);
      memory.trespass();
      return answer;
    };
    const isPure = new Set([
      "lazyBytes",
      "exp",
      "log",
      "log1p",
      "expf",
      "expm1f",
      "lossDifference",
      "lossDerivative",
    ]).has(name);
    expect(accepts(name, careless)).toBe(isPure);
  });
});

test("every family has mutants", () => {
  const families = new Set(TABLE.map(({ family }) => family));
  const mutated = new Set(Object.keys(MUTANTS).map((name) => (entries.get(name) as KernelEntry).family));
  expect([...mutated].sort()).toEqual([...families].sort());
});
