// Broken forms of the bit-planes' kernels, part of mutants.test.ts: each makes one mistake, and its checker must reject it.
import type { Kernel } from "../bindings/engine/kernels.js";
import type { Mutants } from "./newton-mutants.js";
import { weavedCode } from "./oracle/zipml.js";
import type { Harness } from "./support/memory.js";
import { add, mutantTools, put } from "./support/mutant-tools.js";
import { planeOf } from "./support/zipml-checkers.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
/** What a kernel without an answer returns. */
const NOTHING = undefined as unknown as number;

/** `plain`: forms without a mistake, which the checkers must accept; the mutants made of them differ by one. */
export function zipmlMutants(
  kernels: Readonly<Record<string, Kernel>>,
  memory: Harness,
): { readonly mutants: Readonly<Record<string, Mutants>>; readonly plain: Mutants } {
  const { misled } = mutantTools(kernels);

  const reversed = (byte: number): number => {
    let out = 0;
    for (let b = 0; b < 8; b++) out |= ((byte >> b) & 1) << (7 - b);
    return out;
  };
  const writing =
    (bitOf: (p: number, top: number, planes: number) => number, edit = (byte: number): number => byte): Kernel =>
    (codes, columns, top, planes, row, planeBytes) => {
      const values = memory.u8(codes as number, columns as number);
      for (let p = 0; p < (planes as number); p++) {
        const plane = planeOf(values, bitOf(p, top as number, planes as number)).map(edit);
        memory.u8((row as number) + p * (planeBytes as number), plane.length).set(plane);
      }
      return NOTHING;
    };
  const reading =
    (join: (bits: readonly number[], shift: number) => number): Kernel =>
    (row, planeBytes, planes, shift, columns, out) => {
      const codes = memory.u8(out as number, columns as number);
      for (let j = 0; j < (columns as number); j++) {
        const bits = Array.from({ length: planes as number }, (_, p) => {
          const byte = at(memory.u8((row as number) + p * (planeBytes as number) + (j >> 3), 1), 0);
          return (byte >> (j & 7)) & 1;
        });
        codes[j] = join(bits, shift as number);
      }
      return NOTHING;
    };
  const number = (bits: readonly number[]): number => bits.reduce((sum, bit) => 2 * sum + bit, 0);
  const units =
    (codeOf: (x: number) => number): Kernel =>
    (x, stride, rows, columns, _scratch, out, rowBytes, planeBytes) => {
      for (let i = 0; i < (rows as number); i++) {
        const values = memory.f32((x as number) + i * (stride as number), columns as number);
        const codes = Uint8Array.from(values, codeOf);
        for (let p = 0; p < 8; p++) {
          const plane = planeOf(codes, 7 - p);
          memory.u8((out as number) + i * (rowBytes as number) + p * (planeBytes as number), plane.length).set(plane);
        }
      }
      return NOTHING;
    };
  const within = (code: number): number => Math.min(Math.max(code, 0), 255);
  const f = Math.fround;

  const write = writing((p, top) => top - p);
  const read = reading((bits, shift) => number(bits) << shift);
  const pack = units(weavedCode);
  const mutants: Readonly<Record<string, Mutants>> = {
    weaveCodes: {
      "drops the last 16 columns": misled("weaveCodes", add(1, -16)),
      "drops the last plane": misled("weaveCodes", add(3, -1)),
      "begins one bit too low": misled("weaveCodes", (args) =>
        put(2, Math.max(at(args, 3) - 1, at(args, 2) - 1))(args),
      ),
      "takes planes to be side by side": misled("weaveCodes", (args) => put(5, at(args, 1) / 8)(args)),
      "least significant first": writing((p, top, planes) => top - planes + 1 + p),
      "bits of a byte reversed": writing((p, top) => top - p, reversed),
      complements: writing(
        (p, top) => top - p,
        (byte) => 255 - byte,
      ),
    },
    unweave: {
      "drops the last 32 columns": misled("unweave", add(4, -32)),
      "reads one plane less": misled("unweave", (args) => put(2, Math.max(0, at(args, 2) - 1))(args)),
      "reads one plane more": misled("unweave", add(2, 1)),
      "does not shift": misled("unweave", put(3, 0)),
      "always shifts": misled("unweave", (args) => put(3, 8 - at(args, 2))(args)),
      "takes planes to be side by side": misled("unweave", (args) => put(1, at(args, 4) / 8)(args)),
      "least significant first": reading((bits, shift) => number(bits.slice().reverse()) << shift),
      "rounds up": reading((bits, shift) =>
        Math.min(255, (number(bits) << shift) + (shift > 0 ? 1 << (shift - 1) : 0)),
      ),
    },
    weaveUnits: {
      "drops the last row": misled("weaveUnits", add(2, -1)),
      "drops the last 16 columns": misled("weaveUnits", add(3, -16)),
      "rows side by side": misled("weaveUnits", (args) => put(1, 4 * at(args, 3))(args)),
      "exchanges rows and planes": misled("weaveUnits", (args) => {
        [args[6], args[7]] = [at(args, 7), at(args, 6)];
      }),
      "rounds to the nearest": units((x) => within(Math.floor(f(f(x + 1) * 128) + 0.5))),
      "255 intervals": units((x) => within(Math.floor(f(f(x + 1) * 127.5)))),
      "in float64": units((x) => within(Math.floor((x + 1) * 128))),
      "wraps at 1": units((x) => Math.floor(f(f(x + 1) * 128)) & 255),
      signed: units((x) => within(Math.floor(f(f(x + 1) * 128))) ^ 128),
    },
  };
  return { mutants, plain: { weaveCodes: write, unweave: read, weaveUnits: pack } };
}
