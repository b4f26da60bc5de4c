// Every kernel of the manifest on every variant that runs here, against docs/numerics.md.
import { afterAll, describe, expect, it, test } from "vitest";
import { Core } from "../bindings/engine/core.js";
import type { Kernel } from "../bindings/engine/kernels.js";
import { baselineBase64, relaxedBase64 } from "../bindings/engine/wasm.js";
import { RUN_LEVEL, TABLE } from "./kernel-table.js";
import { LOSSES } from "./support/checkers.js";
import { Harness } from "./support/memory.js";
import { Dice } from "./support/random.js";
import { describeVariants } from "./support/variants.js";

/** Names in the export section (id 7) of a module: readable also where the module itself does not compile. */
function exportNames(base64: string): string[] {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
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
    ["baseline", baselineBase64],
    ["relaxed", relaxedBase64],
  ])("names every export of the %s module once", (_variant, base64) => {
    const known = [...TABLE.map(({ name }) => name), ...RUN_LEVEL];
    expect(new Set(known).size).toBe(known.length);
    expect(exportNames(base64).sort()).toEqual(known.sort());
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

  test("every entry has judged something", () => {
    expect([...judged.keys()].sort()).toEqual(TABLE.map(({ name }) => name).sort());
  });
});
