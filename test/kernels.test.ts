// Every kernel of the manifest on every variant that runs here, against docs/numerics.md.
import { afterAll, describe, expect, it, test } from "vitest";
import { Core } from "../bindings/engine/core.js";
import type { Kernel } from "../bindings/engine/kernels.js";
import { decode } from "../bindings/engine/load.js";
import { baselineText, relaxedText } from "../bindings/engine/wasm.js";
import { RUN_LEVEL, TABLE } from "./kernel-table.js";
import { packIndices, tableOf } from "./oracle/packed.js";
import { LOSSES } from "./support/checkers.js";
import { Harness } from "./support/memory.js";
import { Dice } from "./support/random.js";
import { describeVariants } from "./support/variants.js";

/** Names in the export section (id 7) of a module: readable also where the module itself does not compile. */
function exportNames(text: string): string[] {
  const bytes = decode(text);
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = number();
    if (id !== 7) {
      at += size;
      continue;
    }
    return Array.from({ length: number() }, () => {
      const length = number();
      const name = new TextDecoder().decode(bytes.subarray(at, at + length));
      at += length + 1;
      number();
      return name;
    });
  }
  return [];
}

describe("the manifest", () => {
  it.each([
    ["baseline", baselineText],
    ["relaxed", relaxedText],
  ])("names every export of the %s module once", (_variant, text) => {
    const known = [...TABLE.map(({ name }) => name), ...RUN_LEVEL];
    expect(new Set(known).size).toBe(known.length);
    expect(exportNames(text).sort()).toEqual(known.sort());
  });
});

describeVariants("kernels", (variant) => {
  const core = new Core({ variant });
  const memory = new Harness(core);
  const kernels = core.kernels as unknown as Readonly<Record<string, Kernel>>;
  const judged = new Map<string, number>();
  afterAll(() => core.dispose());

  test.each(TABLE.map(({ name, check }) => [name, check] as const))("%s", (name, check) => {
    const cases = check(kernels[name] as Kernel, memory);
    judged.set(name, cases);
    expect(cases).toBeGreaterThan(0);
  });

  // docs/numerics.md §9: int8 products fit eight int32 lanes up to 1 056 000 columns; a dataset takes 1 000 000 and an intercept.
  test("the widest row there is, every code at its limit", () => {
    const wide = new Harness(core, 1 << 23);
    const columns = 1_000_064;
    const row8 = (value: number): Int8Array => new Int8Array(columns).fill(value);
    const row16 = (value: number): Int16Array => new Int16Array(columns).fill(value);
    const offsets = new Uint16Array(8);
    for (const [x, z] of [
      [127, -128],
      [127, 127],
      [-127, -128],
      [-127, 127],
    ] as const) {
      type Operand = number | Int8Array | Uint8Array | Int16Array | Uint16Array;
      const call = (name: string, ...args: Operand[]): number =>
        (kernels[name] as Kernel)(...args.map((arg) => (typeof arg === "number" ? arg : wide.inout(arg))));
      const [x16, z16] = [Math.sign(x) * 32767, z < 0 ? -32768 : 32767];
      const judge = (name: string, want: number, ...args: Operand[]): void => {
        wide.reset();
        expect(call(name, ...args), `${name}, ${x} · ${z}`).toBe(want);
      };
      judge("dotI8I8", x * z * columns, row8(x), row8(z), columns);
      if (x > 0) judge("dotI7I8", x * z * columns, row8(x), row8(z), columns);
      judge("dotI8I16", x * z16 * columns, row8(x), row16(z16), columns);
      judge("dotI16I16", x16 * z16 * columns, row16(x16), row16(z16), columns);
      for (const [k, s] of [
        [127, 0],
        [127, 7],
        [-127, 1],
      ] as const) {
        judge("fusedI8I8", x * z * columns, row8(z), row8(0), row8(x), columns, k, s, offsets);
        judge("fusedI8I16", x * z16 * columns, row16(z16), row8(0), row8(x), columns, k, s, offsets);
        judge("fusedI16I16", x16 * z16 * columns, row16(z16), row16(0), row16(x16), columns, k, s, offsets);
      }
      // all columns at one of two levels
      for (const bits of [4, 2] as const) {
        const [levels, mask] = [tableOf([-127, ...Array(15).fill(127)], bits), new Uint8Array(columns).fill(255)];
        const index = x > 0 ? 1 : 0;
        const packed = new Int8Array(packIndices(Array(columns).fill(index), bits).buffer);
        const negative = index === 0 ? 127 * columns : 0;
        judge(`dotU${bits}I8`, x * z * columns, packed, row8(z), columns, levels);
        judge(`dotU${bits}I16`, x * z16 * columns, packed, row16(z16), columns, levels);
        const towards = Math.sign(z) * x;
        const moved = [packed, packed, columns, towards, 0, offsets, levels, mask];
        judge(`fusedU${bits}I8`, x * z * columns, row8(z), ...moved, negative);
        judge(`fusedU${bits}I16`, x * z16 * columns, row16(z16), ...moved);
        wide.reset();
        const out = wide.output(4);
        const sums = core.kernels[`negativeSumsU${bits}`];
        sums(wide.input(packed), packed.length, 1, columns, wide.input(levels), out);
        expect(core.view().getInt32(out, true)).toBe(negative);
      }
      judge("fusedPublished", x * z * columns, row8(z), row8(0), row8(x), columns, 127, row16(0), offsets);
      wide.reset();
      const out = wide.output(4);
      core.kernels.negativeSums(wide.input(row8(x)), columns, 1, columns, out);
      expect(core.view().getInt32(out, true)).toBe(Math.max(0, -x) * columns);
    }
  });

  // The two halves of a change of coordinates, one after the other.
  test("toCodes, then toWeights, gives the weights back", () => {
    const dice = new Dice(41);
    const [cols, padded, Q] = [37, 64, 127];
    const normals = (count: number): Float64Array => Float64Array.from({ length: count }, () => dice.normal());
    const [w, bias, offset] = [normals(3 * cols), normals(3), normals(cols)];
    const scale = normals(cols).map((x) => Math.exp(2 * x));
    memory.reset();
    const [scalePointer, offsetPointer] = [memory.input(scale), memory.input(offset)];
    const v = memory.inout(new Float64Array(3 * padded));
    const [wOut, biasOut] = [memory.output(3 * cols * 8), memory.output(24)];
    const { toCodes, toWeights } = core.kernels;
    toCodes(memory.input(w), cols, v, padded, cols, 3, scalePointer, offsetPointer, Q, memory.input(bias));
    toWeights(v, padded, wOut, cols, cols, 3, scalePointer, offsetPointer, Q, biasOut);
    memory.verify();
    const u = 2 ** -53;
    // w·scale/scale: two roundings. The bias: (b + shift)/Q·Q − shift, two sums of `cols` terms and three roundings more
    memory.f64(wOut, 3 * cols).forEach((got, i) => {
      expect(Math.abs(got - (w[i] as number))).toBeLessThanOrEqual(2.01 * u * Math.abs(w[i] as number));
    });
    memory.f64(biasOut, 3).forEach((got, k) => {
      let size = Math.abs(bias[k] as number);
      for (let j = 0; j < cols; j++) size += Math.abs((offset[j] as number) * (w[k * cols + j] as number));
      expect(Math.abs(got - (bias[k] as number))).toBeLessThanOrEqual((2 * cols + 8) * u * size);
    });
  });

  // Divergence must end in a report (isDiverged), not in a trap: float → int conversions of NaN saturate.
  test.each(LOSSES.map((loss, kind) => [loss, kind] as const))(
    "a margin that is not finite passes through %s",
    (loss, kind) => {
      const classes = loss === "softmax" ? 3 : 1;
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        memory.reset();
        const margins = new Float64Array(2 * classes).fill(0.25);
        margins[0] = bad;
        const [c, state] = [memory.output(2 * classes * 8), memory.output(2 * classes * 4)];
        const labels = memory.input(Float64Array.of(1, 1));
        const total = core.kernels.lossPass(kind, memory.input(margins), labels, 0, 2, classes, 1, c, state);
        memory.verify();
        if (Number.isNaN(bad)) expect(total).toBeNaN();
        // the second row is untouched by the first
        expect(Number.isFinite(memory.f64(c, 2 * classes)[2 * classes - 1])).toBe(true);
      }
    },
  );

  test("exp: 0 below −708, ∞ above 709.7, finite and exact to the bound in between", () => {
    const exp = kernels["exp"] as Kernel;
    expect(exp(-708.1)).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(709.8)).toBe(Number.POSITIVE_INFINITY);
    for (const t of [709, 709.4, 709.5, 709.6, 709.7]) {
      expect(Math.abs(exp(t) / Math.exp(t) - 1), `exp(${t}) = ${exp(t)}`).toBeLessThan(5 * 2 ** -53);
    }
  });

  test("the module knows what it is", () => {
    expect((kernels["isRelaxed"] as Kernel)()).toBe(variant === "relaxed" ? 1 : 0);
    expect(core.variant).toBe(variant);
    const heapBase = core.kernels.heapBase();
    expect(heapBase).toBeGreaterThanOrEqual(0);
    expect(heapBase).toBeLessThan(65_536);
  });

  test("every entry has judged something", () => {
    expect([...judged.keys()].sort()).toEqual(TABLE.map(({ name }) => name).sort());
  });
});
