// The struct Run is written in two languages: assembly/solver/run.ts and bindings/engine/run.ts must name the same fields in the same order.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { RUN_BYTES, RUN_FIELDS, type RunField, writeRun } from "../bindings/engine/run.js";

const BYTES: Readonly<Record<string, number>> = { f64: 8, u64: 8, i64: 8, f32: 4, u32: 4, i32: 4, usize: 4 };

interface Field {
  readonly name: string;
  readonly type: string;
}

function fields(): Field[] {
  const source = readFileSync(new URL("../assembly/solver/run.ts", import.meta.url), "utf8");
  const body = source.match(/export class Run \{([\s\S]*?)\n\}/)?.[1] ?? "";
  const plain = body.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
  const found = [...plain.matchAll(/(\w+)\s*:\s*(\w+)\s*;/g)].map(([, name, type]) => ({ name, type }) as Field);
  // every statement of the class is a field of that form
  expect(plain.split(";").filter((part) => part.trim() !== "").length).toBe(found.length);
  return found;
}

it("has the same fields in the same order on both sides", () => {
  expect(fields().map(({ name }) => name)).toEqual(RUN_FIELDS);
  expect(fields().length).toBeGreaterThan(20);
});

it("has its 8-byte fields first, so that nothing is padded", () => {
  const sizes = fields().map(({ type }) => BYTES[type]);
  expect(sizes).not.toContain(undefined);
  expect(sizes).toEqual([...sizes].sort((a, b) => (b as number) - (a as number)));
  expect(sizes.reduce<number>((sum, size) => sum + (size as number), 0)).toBe(RUN_BYTES);
});

it("is written field by field where and as the module reads it", () => {
  let offset = 0;
  for (const { name, type } of fields()) {
    const memory = new DataView(new ArrayBuffer(RUN_BYTES + 16));
    for (let i = 0; i < memory.byteLength; i++) memory.setUint8(i, 0xa5);
    const value = type.startsWith("f") ? 1.5 : 0x12345678;
    writeRun(memory, 8, { [name as RunField]: value });
    const read = {
      f64: () => memory.getFloat64(8 + offset, true),
      f32: () => memory.getFloat32(8 + offset, true),
    }[type as "f64" | "f32"];
    expect(read?.() ?? memory.getUint32(8 + offset, true), name).toBe(value);
    const size = BYTES[type] as number;
    for (let i = 0; i < memory.byteLength; i++) {
      if (i < 8 + offset || i >= 8 + offset + size) expect(memory.getUint8(i), `byte ${i} besides ${name}`).toBe(0xa5);
    }
    offset += size;
  }
});
