// The structs of runs are written in two languages: assembly/solver/ and bindings/engine/ must name the same fields in the same order.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LAZY_BYTES, LAZY_FIELDS, type LazyField, readLazy, writeLazy } from "../bindings/engine/lazy-run.js";
import { RUN_BYTES, RUN_FIELDS, type RunField, writeRun } from "../bindings/engine/run.js";
import { readZipml, writeZipml, ZIPML_BYTES, ZIPML_FIELDS, type ZipmlField } from "../bindings/engine/zipml-run.js";

const BYTES: Readonly<Record<string, number>> = { f64: 8, u64: 8, i64: 8, f32: 4, u32: 4, i32: 4, usize: 4 };

interface Field {
  readonly name: string;
  readonly type: string;
}

function fields(file: string, name: string): Field[] {
  const source = readFileSync(new URL(`../assembly/solver/${file}.ts`, import.meta.url), "utf8");
  const [, isMore, body = ""] =
    source.match(new RegExp(`export class ${name} (extends Run )?\\{([\\s\\S]*?)\\n\\}`)) ?? [];
  const plain = body.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
  const found = [...plain.matchAll(/(\w+)\s*:\s*(\w+)\s*;/g)].map(([, name, type]) => ({ name, type }) as Field);
  // every statement of the class is a field of that form
  expect(plain.split(";").filter((part) => part.trim() !== "").length).toBe(found.length);
  return isMore === undefined ? found : [...fields("run", "Run"), ...found];
}

describe.each([
  {
    file: "run",
    name: "Run",
    names: RUN_FIELDS as readonly string[],
    bytes: RUN_BYTES,
    write: (memory: DataView, name: string, value: number): void => writeRun(memory, 8, { [name as RunField]: value }),
  },
  {
    file: "lazy-run",
    name: "LazyRun",
    names: LAZY_FIELDS as readonly string[],
    bytes: LAZY_BYTES,
    write: (memory: DataView, name: string, value: number): void =>
      writeLazy(memory, 8, { [name as LazyField]: value }),
  },
  {
    file: "zipml-run",
    name: "ZipmlRun",
    names: ZIPML_FIELDS as readonly string[],
    bytes: ZIPML_BYTES,
    write: (memory: DataView, name: string, value: number): void =>
      writeZipml(memory, 8, { [name as ZipmlField]: value }),
  },
])("$name", ({ file, name, names, bytes, write }) => {
  it("has the same fields in the same order on both sides", () => {
    expect(fields(file, name).map((field) => field.name)).toEqual(names);
    expect(names.length).toBeGreaterThan(20);
  });

  it("has its 8-byte fields first, so that nothing is padded", () => {
    const sizes = fields(file, name).map(({ type }) => BYTES[type]);
    expect(sizes).not.toContain(undefined);
    expect(sizes).toEqual([...sizes].sort((a, b) => (b as number) - (a as number)));
    expect(sizes.reduce<number>((sum, size) => sum + (size as number), 0)).toBe(bytes);
  });

  it("is written field by field where and as the module reads it", () => {
    let offset = 0;
    for (const field of fields(file, name)) {
      const memory = new DataView(new ArrayBuffer(bytes + 16));
      for (let i = 0; i < memory.byteLength; i++) memory.setUint8(i, 0xa5);
      const value = field.type.startsWith("f") ? 1.5 : 0x12345678;
      write(memory, field.name, value);
      const read = {
        f64: () => memory.getFloat64(8 + offset, true),
        f32: () => memory.getFloat32(8 + offset, true),
      }[field.type as "f64" | "f32"];
      expect(read?.() ?? memory.getUint32(8 + offset, true), field.name).toBe(value);
      const size = BYTES[field.type] as number;
      for (let i = 0; i < memory.byteLength; i++) {
        if (i < 8 + offset || i >= 8 + offset + size)
          expect(memory.getUint8(i), `byte ${i} besides ${field.name}`).toBe(0xa5);
      }
      offset += size;
    }
  });
});

it.each(["scalar", "row", "step", "touched"] as const)("%s is read where it is written, of sparse rows", (name) => {
  const memory = new DataView(new ArrayBuffer(LAZY_BYTES));
  writeLazy(memory, 0, { [name]: 7 });
  expect(readLazy(memory, 0, name)).toBe(7);
});

it.each(["refetched", "outside", "averaged"] as const)("%s is read where it is written", (name) => {
  const memory = new DataView(new ArrayBuffer(ZIPML_BYTES));
  writeZipml(memory, 0, { [name]: 7 });
  expect(readZipml(memory, 0, name)).toBe(7);
});
