// What bench/kernels.ts compares the engine with, compiled on the spot into the temporary folder: the same dots in C with 128-bit vectors
// (bench/native/dot.c, where gcc is there), and bare passes with float32 in every form (bench/native/passes.ts, by asc).
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../bindings/engine/load.js";

/** A temporary folder for `work`, removed afterwards. */
export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "bitcenter-bench-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type NativeKind = "f32" | "i16" | "i8xi16" | "i8";

export class NativeDots {
  readonly compiler: string;
  readonly #program: string;

  private constructor(program: string, compiler: string) {
    this.#program = program;
    this.compiler = compiler;
  }

  /** Null, with a message, where there is no gcc or the CPU has other vectors. */
  static compile(folder: string): NativeDots | null {
    const version = spawnSync("gcc", ["--version"], { encoding: "utf8" });
    if (version.status !== 0) {
      console.log("skipped: the native ceiling (no gcc here); the rest is unaffected\n");
      return null;
    }
    if (process.arch !== "x64") {
      console.log(`skipped: the native ceiling (written for x64, this is ${process.arch}); the rest is unaffected\n`);
      return null;
    }
    const program = join(folder, "dot");
    execFileSync("gcc", ["-O3", "-march=native", "-o", program, "bench/native/dot.c"]);
    return new NativeDots(program, (version.stdout.split("\n")[0] as string).trim());
  }

  /** Runs for about 1.5 × seconds; sum of the dots of all rows with z, and multiply-adds per second. */
  run(
    kind: NativeKind,
    rows: number,
    columns: number,
    seconds: number,
    input: Uint8Array,
  ): { sum: number; rate: number } {
    const text = execFileSync(this.#program, [kind, String(rows), String(columns), String(seconds)], { input });
    const [sum = Number.NaN, rate = Number.NaN] = text.toString().trim().split(" ").map(Number);
    return { sum, rate };
  }
}

export type PassName =
  | "fusedMulAdd4"
  | "fusedMulAdd8"
  | "plainMulAdd4"
  | "fusedMadd4"
  | "fusedMadd8"
  | "plainMadd4"
  | `sweep${"F32" | "I7" | "U4" | "U2" | "U1"}`
  | `axpyRows${"MulAdd" | "Madd" | "U4" | "U2" | "U1"}`
  | "engineF32F32"
  | "engineI8I16"
  | "engineI16I16"
  | "engineI8I8";

export interface Passes {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: () => number;
  readonly pass: Readonly<Record<PassName, (...args: number[]) => number>>;
}

/** The bare passes as an instance of their own, with 4 MiB of memory. */
export function compilePasses(folder: string, variant: Variant): Passes {
  const out = join(folder, `${variant}.wasm`);
  const asc = "node_modules/assemblyscript/bin/asc.js";
  execFileSync(process.execPath, [
    ...[asc, "bench/native/passes.ts", "--config", "bench/native/asconfig.json"],
    ...["--target", variant, "--outFile", out],
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(out)));
  return {
    memory: exports["memory"] as WebAssembly.Memory,
    heapBase: exports["heapBase"] as () => number,
    pass: exports as unknown as Passes["pass"],
  };
}
