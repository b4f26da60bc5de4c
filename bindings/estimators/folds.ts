// Which rows are trained on and which are tested: k folds, with the share of each class kept where there are classes.
import { isVector } from "../data/matrix.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { countsOf, encodeLabels, type Label } from "./labels.js";
import { shuffle, stream } from "./random.js";

/** Rows between two pauses. */
const CHUNK = 1 << 16;

/** Rows by index, ascending. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

export interface KFoldOptions {
  /** Number of folds, at least 2 (default 5). */
  readonly folds?: number;
  /** Random folds (default false: neighbours stay together, which sorted data do not forgive). */
  readonly shuffle?: boolean;
  /** With shuffle: whole number from 0 to 2³² − 1 (default 0). Same seed, same folds, everywhere. */
  readonly seed?: number;
}

/** What crossValidate needs: one split per fold. y: one label per row, for those who look at them. */
export interface Splitter {
  split(rows: number, y?: ArrayLike<Label>): Iterable<Split>;
}

interface CheckedFolds {
  readonly folds: number;
  readonly random: (() => number) | null;
}

function checkFolds(where: string, options: KFoldOptions): Required<KFoldOptions> {
  checkNames(where, options, ["folds", "shuffle", "seed"]);
  const isShuffled = oneOf(where, "shuffle", options.shuffle, [true, false] as const, false);
  if (options.seed !== undefined && !isShuffled) {
    throw new BitcenterError("BAD_OPTION", `${where}: seed belongs to shuffle: true`);
  }
  return {
    folds: number(where, "folds", options.folds, { min: 2, integer: true }, 5),
    shuffle: isShuffled,
    seed: number(where, "seed", options.seed, { min: 0, max: 4_294_967_295, integer: true }, 0),
  };
}

const begin = ({ folds, shuffle: isShuffled, seed }: Required<KFoldOptions>): CheckedFolds => ({
  folds,
  random: isShuffled ? stream(seed) : null,
});

/** Which of `fold` the rows of each split are. fold: per row. */
function* splits(fold: Uint32Array, folds: number): Generator<Split, void, undefined> {
  for (let k = 0; k < folds; k++) {
    let tested = 0;
    for (const own of fold) if (own === k) tested++;
    const test = new Uint32Array(tested);
    const train = new Uint32Array(fold.length - tested);
    let [i, j] = [0, 0];
    fold.forEach((own, row) => {
      if (own === k) test[i++] = row;
      else train[j++] = row;
    });
    yield { train, test };
  }
}

function checkRows(where: string, rows: number, folds: number): void {
  if (!Number.isSafeInteger(rows) || rows < folds) {
    throw new BitcenterError("BAD_OPTION", `${where}: ${folds} folds need as many rows, given ${show(rows)}`);
  }
}

/** k folds of neighbouring rows, or of random ones with `shuffle`; their sizes differ by one at most. */
export class KFold implements Splitter {
  readonly #options: Required<KFoldOptions>;

  /** @throws BitcenterError BAD_OPTION */
  constructor(options: KFoldOptions = {}) {
    this.#options = checkFolds("KFold", options);
  }

  /** One { train, test } per fold, indices ascending. @throws BitcenterError BAD_OPTION for fewer rows than folds */
  *split(rows: number): Generator<Split, void, undefined> {
    const { folds, random } = begin(this.#options);
    checkRows("KFold.split", rows, folds);
    const order = Uint32Array.from({ length: rows }, (_, i) => i);
    if (random !== null) finish(shuffle(order, random));
    const fold = new Uint32Array(rows);
    // as many folds as there are rows left over hold one more
    const [size, more] = [Math.floor(rows / folds), rows % folds];
    order.forEach((row, i) => {
      const large = more * (size + 1);
      fold[row] = i < large ? Math.floor(i / (size + 1)) : more + Math.floor((i - large) / size);
    });
    yield* splits(fold, folds);
  }
}

/** k folds that hold every class in the same share, up to one row. Rows of a class go to the folds in order, or at random with `shuffle`. */
export class StratifiedKFold implements Splitter {
  readonly #options: Required<KFoldOptions>;

  /** @throws BitcenterError BAD_OPTION */
  constructor(options: KFoldOptions = {}) {
    this.#options = checkFolds("StratifiedKFold", options);
  }

  /**
   * One { train, test } per fold, indices ascending.
   * @throws BitcenterError BAD_VALUE when no class has as many rows as there are folds (of smaller ones some folds test none); BAD_SHAPE, BAD_OPTION
   */
  *split(rows: number, y?: ArrayLike<Label>): Generator<Split, void, undefined> {
    const where = "StratifiedKFold.split";
    const { folds, random } = begin(this.#options);
    if (!isVector(y)) throw new BitcenterError("BAD_SHAPE", `${where}: labels must be an array, given ${show(y)}`);
    checkRows(where, rows, folds);
    const { index, classes } = finish(encodeLabels(where, y, rows));
    const fold = new Uint32Array(rows);
    // where the last class ended: left-over rows of all classes go round the folds
    let next = 0;
    const groups = finish(members(index, classes.length));
    if (groups.every(({ length }) => length < folds)) {
      throw new BitcenterError("BAD_VALUE", `${where}: no class has as many rows as folds (${folds})`);
    }
    for (const own of groups) {
      if (random !== null) finish(shuffle(own, random));
      const [size, more] = [Math.floor(own.length / folds), own.length % folds];
      let at = 0;
      for (let k = 0; k < folds; k++) {
        const count = size + ((k - next + folds) % folds < more ? 1 : 0);
        for (const row of own.subarray(at, at + count)) fold[row] = k;
        at += count;
      }
      next = (next + more) % folds;
    }
    yield* splits(fold, folds);
  }
}

/** Rows of each class, ascending. */
function* members(index: Float64Array, classes: number): Work<Uint32Array[]> {
  const counts = yield* countsOf(index, classes);
  const all = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  for (let row = 0; row < index.length; row++) {
    if (row % CHUNK === CHUNK - 1) yield;
    const k = index[row] as number;
    (all[k] as Uint32Array)[counts[k] as number] = row;
    counts[k] = (counts[k] as number) + 1;
  }
  return all;
}

/**
 * A random part of the rows to hold out, of every class alike where `index` (per row: the place of its class) is given: rounded, but at least one row
 * stays on each side of every class that has two.
 * @throws BitcenterError BAD_OPTION when a side would be empty
 */
export function* splitRows(
  where: string,
  rows: number,
  part: number,
  seed: number,
  index: Float64Array | null,
  classes: number,
): Work<Split> {
  const random = stream(seed);
  // without classes all rows are of one
  const groups = yield* members(index ?? new Float64Array(rows), classes);
  const isHeld = new Uint8Array(rows);
  let held = 0;
  for (const own of groups) {
    yield* shuffle(own, random);
    const count = own.length < 2 ? 0 : Math.min(own.length - 1, Math.max(1, Math.round(part * own.length)));
    for (let i = 0; i < count; i++) {
      if (i % CHUNK === CHUNK - 1) yield;
      isHeld[own[i] as number] = 1;
    }
    held += count;
  }
  if (held === 0 || held === rows) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: validation: ${rows} rows are too few to hold out ${part} of them`,
    );
  }
  const [train, test] = [new Uint32Array(rows - held), new Uint32Array(held)];
  let tested = 0;
  for (let row = 0; row < rows; row++) {
    if (row % CHUNK === CHUNK - 1) yield;
    if (isHeld[row] === 1) test[tested++] = row;
    else train[row - tested] = row;
  }
  return { train, test };
}
