// Files that are almost right: seeds of every format, and mutations of them.
import {
  csvReader,
  idxFile,
  idxReader,
  join,
  libsvmReader,
  npyFile,
  npyHeader,
  npyReader,
  type Reader,
  utf8,
} from "./files.js";
import type { Dice } from "./random.js";

export interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Pieces that mean something in the format. */
  readonly tokens: readonly Uint8Array[];
  /** One of the ways to read the format. */
  readonly reader: (dice: Dice) => Reader;
}

const texts = (...all: readonly string[]): Uint8Array[] => all.map(utf8);

const NUMBERS = [
  "0",
  "-0",
  "1",
  "+7.5",
  "255",
  "256",
  "-1",
  "127",
  "-129",
  "1e3",
  "1e400",
  "5e-324",
  ".5",
  "5.",
  "1e",
  "nan",
  "inf",
  "0x1f",
];
const LINE_ENDS = ["\n", "\r\n", "\r", "\n\n", " \n", "\t"];
const values = (...numbers: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(numbers).buffer);

const LIBSVM: Target = {
  name: "LIBSVM",
  seeds: texts(
    "1 1:1 3:0.5 7:-2\n-1 2:1e-3 3:0\n+1\n-1 7:123456.75\n",
    "# a comment\r\n1.0 qid:1 1:0.1 2:0.2 # first\r\n-1.0 qid:1 2:0.3\r\n\r\n1 qid:2 1:7\r\n",
    "0 0:1 5:255\n2 1:300 2:-0.125\n1 0:9.86E-02 4:1.7976931348623157e308",
    "\ufeff3 10:1\t20:2  \n4 11:12345678901234567890 12:0.30000000000000004\n",
    "1 1:1 2:1 3:1 4:1\n".repeat(20),
  ),
  tokens: texts(
    ...NUMBERS,
    ...LINE_ENDS,
    " ",
    ":",
    "#",
    "qid:3 ",
    "1:2 ",
    "0:1 ",
    "2147483647:1",
    "2147483648:1",
    "1,2 ",
    "\u00a0",
    "cost:1",
  ),
  reader: (dice) =>
    libsvmReader(
      dice.pick([{}, { firstIndex: 0 }, { firstIndex: 1 }, { cols: 7 }, { cols: 12, firstIndex: "auto" }] as const),
    ),
};

const CSV: Target = {
  name: "CSV",
  seeds: texts(
    "a,b,label\n1,2.5,x\n3,-4,y\n5,6e2,x\n",
    '"long\nname",b,"c, d"\r\n1,2,3\r\n"4" ,"5",6\r\n',
    "1;2;3\n4;5;6\n7;8;9",
    "\ufeff1\t2\tno\n3\t4\tyes\n\n5\t6\tno\n",
    "1  2 3\n 4 5\t6 \n7 8 9\n",
    'x,y\n1,"a ""quoted"" text"\n2,é€😀\n',
    "1,2\n3,4\n".repeat(15),
  ),
  tokens: texts(
    ...NUMBERS,
    ...LINE_ENDS,
    ",",
    ";",
    '"',
    '""',
    '","',
    '"\n',
    '"a\nb"',
    "NA",
    "?",
    "",
    " ",
    "é",
    "\ufeff",
    "\0",
  ),
  reader: (dice) => {
    const label = dice.pick([null, 0, 1, 2]);
    return csvReader({
      delimiter: dice.pick([",", ",", ";", "\t", " "]),
      header: dice.pick(["auto", true, false] as const),
      label,
      ...(dice.below(4) === 0 && label !== 1 ? { oneHot: [1] } : {}),
    });
  },
};

const NPY: Target = {
  name: "NPY",
  seeds: [
    npyFile(1, npyHeader("<f8", "2, 2"), values(1, 2.5, -3, 4e10)),
    npyFile(2, npyHeader("<f4", "3,"), new Uint8Array(Float32Array.of(1, 2, 3.5).buffer)),
    npyFile(3, npyHeader("|u1", "2, 3"), Uint8Array.of(1, 2, 3, 4, 5, 255)),
    npyFile(1, npyHeader("<i8", "2,"), new Uint8Array(BigInt64Array.of(5n, -70000n).buffer)),
    npyFile(1, npyHeader("<i2", "1, 4"), new Uint8Array(Int16Array.of(1, -2, 300, 4).buffer)),
    npyFile(1, npyHeader("|b1", "5,"), Uint8Array.of(0, 1, 1, 0, 1)),
    npyFile(1, npyHeader("<f2", "2, 1"), Uint8Array.of(0, 60, 1, 0)),
    npyFile(1, npyHeader("<u4", "1,"), Uint8Array.of(255, 255, 255, 255)),
  ],
  tokens: [
    ...texts(
      "'<f8'",
      "'>f8'",
      "'|i1'",
      "'|O'",
      "True",
      "False",
      "(2,",
      "(1099511627776,",
      ")",
      "{",
      "}",
      "'",
      ",",
      ":",
      " ",
      "L",
      "1",
      "'shape'",
      "[('a', '<f4')]",
    ),
    Uint8Array.of(1, 0),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(255, 255, 255, 255),
  ],
  reader: () => npyReader,
};

const IDX: Target = {
  name: "IDX",
  seeds: [
    idxFile(8, [2, 2, 2], [0, 1, 2, 3, 4, 5, 254, 255]),
    idxFile(9, [3], [-128, 0, 127]),
    idxFile(11, [2, 1], [-32768, 32767]),
    idxFile(12, [3], [1, -70000, 2147483647]),
    idxFile(13, [1, 2], [0.5, 3.25]),
    idxFile(14, [2], [0.1, 1e300]),
    idxFile(8, [0, 28, 28], []),
  ],
  tokens: [
    Uint8Array.of(0),
    Uint8Array.of(0, 0, 0, 1),
    Uint8Array.of(255, 255, 255, 255),
    Uint8Array.of(8),
    Uint8Array.of(12, 1),
  ],
  reader: () => idxReader,
};

export const TARGETS: readonly Target[] = [LIBSVM, CSV, NPY, IDX];

/** One small change. */
function mutateOnce(bytes: Uint8Array, target: Target, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + dice.below(dice.pick([2, 8, 40])));
  switch (dice.below(9)) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << dice.below(8)) : byte));
    case 1:
      return bytes.map((byte, i) => (i === at ? dice.below(256) : byte));
    case 2:
      return bytes.slice(0, at);
    case 3:
      return join(bytes.slice(0, at), bytes.slice(end));
    case 4:
      return join(bytes.slice(0, end), bytes.slice(at));
    case 5: {
      const other = dice.pick(target.seeds);
      return join(bytes.slice(0, at), other.slice(dice.below(other.length + 1)));
    }
    case 6: {
      // in the header, where there is one
      const place = dice.below(Math.min(bytes.length + 1, 100));
      return bytes.map((byte, i) => (i === place ? dice.pick([0, 1, 255, byte + 1, byte - 1]) : byte));
    }
    default:
      return join(bytes.slice(0, at), dice.pick(target.tokens), bytes.slice(dice.below(2) === 0 ? at : end));
  }
}

export function mutate(target: Target, dice: Dice): Uint8Array {
  let bytes: Uint8Array = dice.pick(target.seeds);
  for (let k = dice.pick([1, 1, 2, 3, 6]); k > 0; k--) bytes = mutateOnce(bytes, target, dice);
  return bytes;
}
