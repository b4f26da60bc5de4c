// Damaged files by the thousand: every reader gives what the oracle gives, or both refuse; refusals are BitcenterErrors; nothing hangs.
// BITCENTER_FUZZ sets the files per format (`npm run fuzz`: 100,000).
import { describe, expect, it } from "vitest";
import { BitcenterError } from "../bindings/errors.js";
import { readLibsvm } from "../bindings/io/index.js";
import { outcome, randomPieces, summaryOfLibsvm, utf8 } from "./support/files.js";
import { mutate, TARGETS } from "./support/fuzz.js";
import { gzip } from "./support/gzip.js";
import { Dice } from "./support/random.js";

// Browsers have no process.
const FILES = Number(
  (globalThis as { process?: { env: Record<string, string> } }).process?.env["BITCENTER_FUZZ"] ?? 4000,
);
/** gzip goes through streams, which are slower. */
const GZIP_FILES = Math.ceil(FILES / 10);
const MINUTES_10 = 600_000;

const visible = (bytes: Uint8Array): string =>
  JSON.stringify(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

describe.each(TARGETS)("$name", (target) => {
  it(
    `${FILES} damaged files: the same values as the oracle, or both refuse`,
    () => {
      let [read, refused] = [0, 0];
      for (let seed = 0; seed < FILES; seed++) {
        const dice = new Dice(seed);
        const reader = target.reader(dice);
        const bytes = mutate(target, dice);
        const chunks = randomPieces(bytes, dice);
        const ours = outcome(() => reader.ours(chunks), true);
        const oracle = outcome(() => reader.oracle(bytes), false);
        if (ours.summary !== oracle.summary) {
          expect.fail(
            `seed ${seed}: ${visible(bytes)}\nours: ${ours.summary ?? ours.message}\noracle: ${oracle.summary ?? oracle.message}`,
          );
        }
        if (ours.summary === null) {
          expect(ours.message).toMatch(/^file: |: file has /);
          refused++;
        } else read++;
      }
      // Neither all good nor all bad: else nothing was compared.
      expect(Math.min(read, refused)).toBeGreaterThan(FILES / 50);
    },
    MINUTES_10,
  );
});

describe("gzip", () => {
  it(
    `${GZIP_FILES} damaged files: what was compressed, or an error`,
    async () => {
      const text = Array.from({ length: 400 }, (_, i) => `${i % 2} 1:${i} 3:${(i * 7919) % 1000}.5\n`).join("");
      const whole = await gzip(utf8(text));
      const right = summaryOfLibsvm(await readLibsvm(utf8(text)));
      let [read, refused] = [0, 0];
      for (let seed = 0; seed < GZIP_FILES; seed++) {
        const dice = new Dice(seed);
        const target = {
          name: "gzip",
          seeds: [whole],
          tokens: [Uint8Array.of(0), whole.slice(0, 10)],
          reader: () => expect.fail(),
        };
        const bytes = mutate(target, dice);
        // Without its magic number it is no gzip file any more, and no text either.
        const chunks = randomPieces(bytes, dice);
        async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
          yield* chunks;
        }
        try {
          expect(summaryOfLibsvm(await readLibsvm(source())), `seed ${seed}`).toBe(right);
          read++;
        } catch (error) {
          if (!(error instanceof BitcenterError)) throw error;
          expect(error.code).toBe("BAD_FILE");
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(GZIP_FILES / 2);
      expect(read).toBeGreaterThan(0);
    },
    MINUTES_10,
  );
});
