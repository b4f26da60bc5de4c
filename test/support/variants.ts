// Which modules run on this host. A variant that cannot run stays visible as a skipped suite with its reason.
import { describe, it } from "vitest";
import { Core } from "../../bindings/engine/core.js";
import type { Variant } from "../../bindings/engine/load.js";
import { BitcenterError } from "../../bindings/errors.js";

/** Why `variant` does not run here, or null when it does. Anything but UNSUPPORTED is a failure, not a reason. */
function reasonAgainst(variant: Variant): string | null {
  try {
    new Core({ variant }).dispose();
    return null;
  } catch (error) {
    if (variant !== "baseline" && error instanceof BitcenterError && error.code === "UNSUPPORTED") return error.message;
    throw error;
  }
}

const REASONS: readonly (readonly [Variant, string | null])[] = (["baseline", "relaxed"] as const).map((variant) => [
  variant,
  reasonAgainst(variant),
]);

/** The variants that run here; baseline always. */
export const VARIANTS: readonly Variant[] = REASONS.filter(([, reason]) => reason === null).map(([variant]) => variant);

/** One suite per variant; in place of one that does not run here stands a skipped test that says why. */
export function describeVariants(title: string, body: (variant: Variant) => void): void {
  for (const [variant, reason] of REASONS) {
    if (reason === null) describe(`${title}, ${variant}`, () => body(variant));
    else describe(`${title}, ${variant}`, () => it.skip(`skipped: ${reason}`, () => {}));
  }
}
