// Value probe: that a module validates says its opcodes exist, not that they are right (Node 20 behind its flag computes a wrong relaxed dot).
import { relaxed } from "./lanes";

@unmanaged
export abstract class probes {
  /** out[0..15] = relaxed.dot(a, b, c), out[16..31] = relaxed.pairs(a, b), out[32..47] = relaxed.scale(a, b), out[48..63] = relaxed.swizzle(a, b mod 16). Contract: a any int8, b in 0..127. Nothing in the baseline module. */
  static relaxed(a: usize, b: usize, c: usize, out: usize): void {
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(out, relaxed.dot(v128.load(a), v128.load(b), v128.load(c)));
      v128.store(out, relaxed.pairs(v128.load(a), v128.load(b)), 16);
      v128.store(out, relaxed.scale(v128.load(a), v128.load(b)), 32);
      v128.store(out, relaxed.swizzle(v128.load(a), v128.and(v128.load(b), i8x16.splat(15))), 48);
    }
  }
}
