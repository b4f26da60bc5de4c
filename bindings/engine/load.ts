// Chooses and instantiates a module: relaxed SIMD where it validates AND answers as the kernels need, else baseline SIMD.
// The only file that names @assemblyscript/loader.
import { instantiateSync } from "@assemblyscript/loader";
import { BitcenterError } from "../errors.js";
import type { Kernels } from "./kernels.js";
import { baselineText, relaxedText } from "./wasm.js";

export type Variant = "baseline" | "relaxed";

export interface LoadedModule {
  readonly variant: Variant;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

/** A byte is the code of its character less this, mod 256 (scripts/build.mjs). */
const SHIFT = 35;

/** Bytes of a module from its text. @internal */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) - SHIFT;
  return bytes;
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw new BitcenterError(
      "UNSUPPORTED",
      `this host does not compile WebAssembly (${(error as Error).message}); a content security policy needs 'wasm-unsafe-eval', ` +
        "or pass createEngine({ module }) a module compiled elsewhere",
    );
  }
}

function instantiate(module: WebAssembly.Module): LoadedModule {
  // a fresh imports object: the loader adds to it. `instance.exports`, not the loader's: those wrap every call
  const { exports } = instantiateSync(module, {}).instance;
  const kernels = exports as unknown as Kernels;
  return {
    variant: kernels.isRelaxed() === 1 ? "relaxed" : "baseline",
    kernels,
    memory: exports.memory as WebAssembly.Memory,
  };
}

/** An instance of a module that the caller has compiled; throws for any other module and for relaxed SIMD that answers wrongly. */
function instantiateGiven(module: WebAssembly.Module): LoadedModule {
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  if (
    WebAssembly.Module.imports(module).length > 0 ||
    !["heapBase", "isRelaxed", "memory"].every((name) => names.has(name))
  ) {
    throw new BitcenterError(
      "BAD_OPTION",
      "createEngine: module is none of bitcenter's: compile the file behind bitcenter/kernels.wasm or bitcenter/kernels.relaxed.wasm",
    );
  }
  const loaded = instantiate(module);
  if (loaded.variant === "relaxed" && !relaxedIsSound(loaded)) {
    throw new BitcenterError(
      "UNSUPPORTED",
      "createEngine: this host computes relaxed SIMD wrongly; pass the baseline module",
    );
  }
  return loaded;
}

/** True when the relaxed opcodes answer as the kernels need: first operand any int8, second 0..127, then a real kernel on a known row. */
function relaxedIsSound({ kernels, memory }: LoadedModule): boolean {
  const base = Math.ceil(kernels.heapBase() / 64) * 64;
  if (memory.buffer.byteLength < base + 4096) memory.grow(1);
  const i8 = new Int8Array(memory.buffer);
  const i16 = new Int16Array(memory.buffer);
  const i32 = new Int32Array(memory.buffer);
  const [a, b, c, out] = [base, base + 16, base + 32, base + 48];
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 8;
  };
  const at = (i: number): number => i8[i] as number;
  let sound = true;
  for (let round = 0; round < 256 && sound; round++) {
    for (let i = 0; i < 16; i++) {
      // the first rounds visit the corners
      i8[a + i] = round < 4 ? ([-128, 127, -1, 1][(round + i) & 3] as number) : next() & 255;
      i8[b + i] = round < 4 ? ([127, 0, 127, 1][round] as number) : next() & 127;
    }
    for (let i = 0; i < 4; i++) i32[(c >> 2) + i] = (next() & 0xffff) - 0x8000;
    kernels.probe(a, b, c, out);
    for (let lane = 0; lane < 4; lane++) {
      let dot = i32[(c >> 2) + lane] as number;
      for (let i = 4 * lane; i < 4 * lane + 4; i++) dot += at(a + i) * at(b + i);
      sound &&= i32[(out >> 2) + lane] === dot;
    }
    for (let lane = 0; lane < 8; lane++) {
      const pair = at(a + 2 * lane) * at(b + 2 * lane) + at(a + 2 * lane + 1) * at(b + 2 * lane + 1);
      sound &&= i16[((out + 16) >> 1) + lane] === pair;
      const scaled = ((i16[(a >> 1) + lane] as number) * (i16[(b >> 1) + lane] as number) + 0x4000) >> 15;
      sound &&= i16[((out + 32) >> 1) + lane] === scaled;
    }
    for (let lane = 0; lane < 16; lane++) sound &&= i8[out + 48 + lane] === at(a + (at(b + lane) & 15));
  }
  const [x, z, columns] = [base + 256, base + 1024, 736];
  let expected = 0;
  for (let i = 0; i < columns; i++) {
    i8[x + i] = next() & 127;
    i8[z + i] = next() & 255;
    expected += at(x + i) * at(z + i);
  }
  sound &&= kernels.dotI7I8(x, z, columns) === expected;
  i8.fill(0, base, base + 4096);
  return sound;
}

let baselineModule: WebAssembly.Module | undefined;
let relaxedModule: WebAssembly.Module | null | undefined;

/** The relaxed module when this host offers sound relaxed SIMD, else null. Asked once per process. */
function compileRelaxed(): WebAssembly.Module | null {
  if (relaxedModule === undefined) {
    const bytes = decode(relaxedText);
    relaxedModule = null;
    if (WebAssembly.validate(bytes)) {
      const module = compile(bytes);
      if (relaxedIsSound(instantiate(module))) relaxedModule = module;
    }
  }
  return relaxedModule;
}

/** A fresh instance. variant: forced, or undefined for the best sound one; module: compiled by the caller (hosts that forbid compiling). */
export function loadModule(variant: Variant | undefined, module: WebAssembly.Module | undefined): LoadedModule {
  if (module !== undefined) {
    const loaded = instantiateGiven(module);
    if (variant !== undefined && variant !== loaded.variant) {
      throw new BitcenterError(
        "BAD_OPTION",
        `createEngine: variant "${variant}" asked for, but module is the ${loaded.variant} one`,
      );
    }
    return loaded;
  }
  if (variant !== "baseline") {
    const relaxed = compileRelaxed();
    if (relaxed !== null) return instantiate(relaxed);
    if (variant === "relaxed") {
      throw new BitcenterError(
        "UNSUPPORTED",
        'createEngine: variant "relaxed" asked for, but this host has no sound relaxed SIMD; use "baseline" or leave it out',
      );
    }
  }
  baselineModule ??= compile(decode(baselineText));
  return instantiate(baselineModule);
}
