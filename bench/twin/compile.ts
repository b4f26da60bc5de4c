// The module of the float32 twin, compiled on the spot: the engine's kernels and the twin's (bench/twin/index.ts) over one memory.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Kernel, Kernels } from "../../bindings/engine/kernels.js";
import type { Variant } from "../../bindings/engine/load.js";

type TwinKernelName =
  | "markRealTiles"
  | "realMultiply"
  | "realTransposed"
  | "realScratchBytes"
  | "realMargins"
  | "realHessian"
  | "realGradient"
  | "realGramScratchBytes"
  | "realGram"
  | "realMoments"
  | "exactMargins"
  | "exactGradient"
  | "widenU8"
  | "widenI8"
  | "widenI16";
export type TwinKernels = Kernels & Readonly<Record<TwinKernelName, Kernel>>;

/** Compiles into `folder`; returns the path of the module. */
export function compileTwin(folder: string, variant: Variant): string {
  const out = join(folder, `twin-${variant}.wasm`);
  execFileSync(process.execPath, [
    ...["node_modules/assemblyscript/bin/asc.js", "bench/twin/index.ts", "--config", "bench/twin/asconfig.json"],
    ...["--target", variant, "--outFile", out],
  ]);
  return out;
}

export function loadTwin(path: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(path));
}
