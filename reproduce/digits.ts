/**
 * Handwritten-looking digits, drawn instead of downloaded.
 *
 * The comparison needs image data of the size and difficulty of MNIST without a network. Each image starts from a
 * skeleton (a few strokes through control points), which is shaken, bent, slanted and scaled like a hand would do, then
 * inked with a pen of varying width. Only + - * / and the exactly rounded functions of `Math` are used, so that the
 * same seed gives the same bytes on every JavaScript engine.
 */

const SIDE = 28;
const PIXELS = 784; // SIDE x SIDE

/** One pen stroke: x, y, x, y … in a box of 100 x 100, y downward. A point given twice in a row is a sharp corner. */
type Stroke = readonly number[];
/** One way to write a digit: how often it occurs, relative to the digit's other styles, and its strokes. */
type Style = readonly [weight: number, ...strokes: Stroke[]];

export interface Digits {
  /** rows x 784 grey values, row-major: 0 is paper, 255 is full ink */
  data: Uint8Array;
  /** the digit 0 to 9 drawn in each row */
  labels: Uint8Array;
  rows: number;
  cols: 784;
}

const STYLES: readonly (readonly Style[])[] = [
  [
    // 0: closed at the top, closed with an overlap, narrow
    [4, [52, 0, 28, 10, 15, 48, 26, 88, 50, 100, 74, 88, 85, 50, 74, 12, 50, 0]],
    [3, [66, 8, 42, 2, 20, 26, 18, 66, 38, 96, 64, 94, 82, 64, 80, 26, 62, 4, 44, 8]],
    [2, [56, 2, 36, 16, 28, 52, 34, 88, 50, 100, 66, 84, 72, 46, 66, 12, 54, 2]],
  ],
  [
    // 1: a stick, with a flag, with flag and foot
    [6, [51, 0, 50, 34, 49, 68, 49, 100]],
    [3, [32, 22, 52, 0, 52, 0, 51, 50, 50, 100]],
    [1, [32, 20, 52, 0, 52, 0, 51, 50, 50, 98], [28, 99, 50, 98, 74, 98]],
  ],
  [
    // 2: flat foot, looped foot, swinging foot
    [3, [20, 24, 30, 6, 50, 0, 70, 8, 76, 27, 66, 48, 42, 74, 17, 97, 17, 97, 50, 96, 86, 97]],
    [4, [18, 22, 32, 4, 54, 0, 73, 11, 73, 34, 58, 62, 36, 88, 20, 96, 13, 88, 25, 79, 44, 86, 64, 97, 90, 90]],
    [2, [22, 18, 44, 1, 68, 5, 74, 26, 60, 54, 38, 78, 20, 92, 20, 92, 40, 88, 62, 98, 86, 94]],
  ],
  [
    // 3: two bowls, flat top, a small loop at the waist
    [5, [20, 14, 38, 1, 62, 3, 73, 20, 63, 38, 42, 47, 42, 47, 68, 53, 79, 73, 66, 94, 40, 100, 15, 88]],
    [2, [20, 4, 48, 4, 76, 3, 76, 3, 44, 42, 44, 42, 68, 49, 79, 70, 65, 94, 40, 100, 16, 90]],
    [2, [22, 10, 46, 0, 70, 10, 68, 32, 50, 46, 37, 50, 42, 41, 60, 49, 74, 68, 66, 92, 42, 100, 18, 92]],
  ],
  [
    // 4: open with an angle, open like a cup, closed
    [4, [30, 4, 25, 28, 17, 55, 17, 55, 50, 54, 88, 51], [70, 8, 67, 40, 62, 70, 60, 100]],
    [4, [22, 6, 17, 34, 28, 51, 54, 49, 76, 38], [79, 3, 74, 34, 68, 68, 64, 100]],
    [2, [66, 0, 42, 30, 14, 64, 14, 64, 50, 65, 90, 63], [66, 1, 66, 34, 65, 68, 64, 100]],
  ],
  [
    // 5: bar drawn last, in one go, narrow with a long bar
    [4, [32, 5, 29, 24, 26, 44, 26, 44, 50, 38, 73, 49, 77, 74, 60, 95, 36, 100, 14, 90], [32, 5, 56, 4, 82, 1]],
    [3, [80, 3, 58, 4, 36, 4, 36, 4, 30, 24, 28, 42, 28, 42, 52, 42, 72, 56, 74, 80, 54, 98, 30, 98, 16, 88]],
    [2, [86, 0, 62, 2, 44, 6, 34, 22, 34, 40, 54, 52, 66, 70, 58, 92, 34, 100, 14, 90]],
  ],
  [
    // 6: bent back, straight back, narrow with a small loop
    [4, [72, 4, 48, 16, 28, 42, 20, 70, 30, 94, 54, 100, 76, 86, 76, 66, 58, 56, 36, 62, 22, 80]],
    [3, [60, 0, 44, 26, 30, 54, 26, 80, 42, 99, 66, 92, 74, 72, 60, 58, 42, 66, 30, 84]],
    [2, [46, 0, 32, 30, 22, 62, 24, 88, 44, 100, 66, 92, 70, 76, 52, 70, 34, 80, 26, 90]],
  ],
  [
    // 7: plain, with a bar, with a hook, round shoulder
    [4, [16, 7, 48, 6, 82, 4, 82, 4, 66, 34, 54, 66, 44, 100]],
    [2, [16, 6, 48, 6, 82, 4, 82, 4, 66, 36, 52, 70, 42, 100], [34, 54, 54, 52, 78, 50]],
    [2, [17, 24, 20, 6, 20, 6, 50, 5, 82, 6, 82, 6, 68, 34, 56, 66, 50, 100]],
    [2, [14, 16, 32, 6, 58, 8, 78, 8, 80, 22, 68, 48, 60, 74, 56, 100]],
  ],
  [
    // 8: one line crossing itself, two rings, an open top
    [4, [72, 16, 54, 0, 32, 6, 28, 26, 46, 44, 68, 60, 76, 80, 62, 98, 38, 98, 24, 82, 34, 60, 56, 44, 72, 26, 70, 10]],
    [3, [50, 46, 30, 34, 30, 12, 50, 0, 70, 12, 70, 34, 50, 47, 28, 60, 24, 84, 48, 100, 74, 86, 72, 60, 50, 46]],
    [2, [80, 8, 58, 2, 36, 8, 32, 28, 52, 46, 68, 64, 66, 90, 46, 100, 28, 88, 34, 64, 58, 42, 78, 22, 84, 8]],
  ],
  [
    // 9: straight stem, bent tail, leaning without a corner
    [4, [74, 14, 54, 1, 30, 8, 20, 28, 30, 46, 52, 44, 70, 28, 75, 10, 75, 10, 72, 40, 68, 70, 66, 100]],
    [3, [74, 20, 60, 2, 36, 4, 23, 24, 34, 44, 58, 42, 74, 20, 76, 48, 72, 78, 54, 98, 26, 94]],
    [3, [72, 10, 48, 2, 26, 18, 28, 40, 52, 42, 72, 20, 78, 6, 70, 40, 60, 70, 50, 100]],
  ],
];

/** How untidy the writing is. Chosen so that a linear classifier is right about nine times in ten, as on MNIST. */
const SHAKE = 4.4;
const BEND = 0.18;

/** Uniform numbers in [0, 1) by xoshiro128**: integer steps only, hence equal everywhere. */
function createRandom(seed: number): () => number {
  // splitmix32 spreads neighbouring seeds over the whole state, which must not be all zero
  let mixed = seed | 0;
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split() | 1;
  return () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result / 4294967296;
  };
}

/** Growing lists of pen positions, reused between images; `breaks[i]` is 1 where the pen was put down anew. */
interface Path {
  x: Float64Array;
  y: Float64Array;
  breaks: Uint8Array;
  length: number;
}

/** Samples a Catmull-Rom curve through the stroke's points, each shaken a little, and appends it to the path. */
function traceStroke(stroke: Stroke, shake: number, bell: () => number, path: Path): void {
  const count = stroke.length / 2;
  const px = new Float64Array(count);
  const py = new Float64Array(count);
  let driftX = bell();
  let driftY = bell();
  for (let i = 0; i < count; i++) {
    const x = stroke[2 * i]!;
    const y = stroke[2 * i + 1]!;
    const repeated = i > 0 && x === stroke[2 * i - 2] && y === stroke[2 * i - 1];
    if (!repeated) {
      // neighbouring points stray together, as 0.6^2 + 0.8^2 = 1 keeps the deviation: a wobble, not a zigzag
      driftX = 0.6 * driftX + 0.8 * bell();
      driftY = 0.6 * driftY + 0.8 * bell();
    }
    px[i] = x + shake * driftX;
    py[i] = y + shake * driftY;
  }
  path.x[path.length] = px[0]!;
  path.y[path.length] = py[0]!;
  path.breaks[path.length++] = 1;
  for (let i = 0; i + 1 < count; i++) {
    const x1 = px[i]!;
    const y1 = py[i]!;
    const x2 = px[i + 1]!;
    const y2 = py[i + 1]!;
    const length = Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
    if (length === 0) continue; // the second copy of a corner
    const before = Math.max(i - 1, 0);
    const after = Math.min(i + 2, count - 1);
    const tx1 = (x2 - px[before]!) / 2;
    const ty1 = (y2 - py[before]!) / 2;
    const tx2 = (px[after]! - x1) / 2;
    const ty2 = (py[after]! - y1) / 2;
    const steps = Math.min(6, Math.floor(length / 8) + 1);
    for (let s = 1; s <= steps; s++) {
      const t = s / steps;
      const t2 = t * t;
      const t3 = t2 * t;
      const h1 = 2 * t3 - 3 * t2 + 1;
      const h2 = t3 - 2 * t2 + t;
      const h3 = 3 * t2 - 2 * t3;
      const h4 = t3 - t2;
      path.x[path.length] = h1 * x1 + h2 * tx1 + h3 * x2 + h4 * tx2;
      path.y[path.length] = h1 * y1 + h2 * ty1 + h3 * y2 + h4 * ty2;
      path.breaks[path.length++] = 0;
    }
  }
}

/** Bends, slants, turns and stretches the path, then fits it into the middle of the image, in pixels. */
function placePath(path: Path, bell: () => number): void {
  const { x, y, length } = path;
  const slant = 0.14 + 0.2 * bell();
  const half = 0.07 * bell(); // tangent of half the angle: the rational form needs no sine
  const cos = (1 - half * half) / (1 + half * half);
  const sin = (2 * half) / (1 + half * half);
  const wide = 0.92 * (1 + 0.15 * bell());
  const bendX = BEND * bell();
  const bendY = BEND * bell();
  const waveX = 2 * BEND * bell();
  const waveY = 2 * BEND * bell();
  const swell = BEND * bell();
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < length; i++) {
    const u = x[i]! / 100 - 0.5;
    const v = y[i]! / 100 - 0.5;
    const bentX = u * (1 + swell * v) + bendX * v * v + waveX * v * (0.25 - v * v);
    const bentY = v + bendY * u * u + waveY * u * (0.25 - u * u) + swell * (v * v - 0.25) * 0.5;
    const slantedX = wide * (bentX - slant * bentY);
    const turnedX = cos * slantedX - sin * bentY;
    const turnedY = sin * slantedX + cos * bentY;
    x[i] = turnedX;
    y[i] = turnedY;
    left = Math.min(left, turnedX);
    right = Math.max(right, turnedX);
    top = Math.min(top, turnedY);
    bottom = Math.max(bottom, turnedY);
  }
  const extent = Math.max(right - left, bottom - top, 0.5);
  const scale = (18.6 * (1 + 0.06 * bell())) / extent;
  const shiftX = SIDE / 2 + 1.15 * bell() - (scale * (left + right)) / 2;
  const shiftY = SIDE / 2 + 0.85 * bell() - (scale * (top + bottom)) / 2;
  for (let i = 0; i < length; i++) {
    x[i] = shiftX + scale * x[i]!;
    y[i] = shiftY + scale * y[i]!;
  }
}

/** Inks the path: every pixel takes the darkest of the segments near it, with an edge about one pixel soft. */
function inkPath(path: Path, random: () => number, bell: () => number, ink: Float64Array): void {
  const { x, y, breaks, length } = path;
  const radius = Math.min(2.3, Math.max(0.7, 1.22 + 0.34 * bell()));
  const soft = 0.5 + 0.35 * random(); // half the width of the edge
  let pressure = 1 + 0.1 * bell();
  let before = radius * pressure;
  for (let i = 1; i < length; i++) {
    // the pen is pressed more or less along the way, and drifts back to its usual weight
    pressure = 1 + 0.8 * (pressure - 1) + 0.07 * bell();
    const after = radius * Math.min(1.4, Math.max(0.6, pressure));
    if (breaks[i] !== 0) {
      before = after;
      continue;
    }
    const ax = x[i - 1]!;
    const ay = y[i - 1]!;
    const bx = x[i]!;
    const by = y[i]!;
    const dx = bx - ax;
    const dy = by - ay;
    const squared = dx * dx + dy * dy;
    const inverse = squared > 0 ? 1 / squared : 0;
    const reach = Math.max(before, after) + soft;
    const firstColumn = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const lastColumn = Math.min(SIDE - 1, Math.floor(Math.max(ax, bx) + reach));
    const firstRow = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const lastRow = Math.min(SIDE - 1, Math.floor(Math.max(ay, by) + reach));
    for (let row = firstRow; row <= lastRow; row++) {
      const py = row + 0.5 - ay;
      for (let column = firstColumn; column <= lastColumn; column++) {
        const px = column + 0.5 - ax;
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) * inverse));
        const ex = px - t * dx;
        const ey = py - t * dy;
        const edge = before + t * (after - before) + soft;
        const distance = ex * ex + ey * ey;
        if (distance >= edge * edge) continue;
        const value = (edge - Math.sqrt(distance)) / (2 * soft);
        const at = row * SIDE + column;
        if (value > ink[at]!) ink[at] = value;
      }
    }
    before = after;
  }
}

/** Draws `rows` images of digits chosen uniformly. Fewer rows with the same seed are a prefix of more rows. */
export function renderDigits(rows: number, seed: number): Digits {
  const random = createRandom(seed);
  // three uniforms make a bell of mean 0 and deviation 1 that never strays beyond 3: no digit is torn apart
  const bell = (): number => 2 * (random() + random() + random()) - 3;
  const data = new Uint8Array(rows * PIXELS);
  const labels = new Uint8Array(rows);
  const path: Path = { x: new Float64Array(256), y: new Float64Array(256), breaks: new Uint8Array(256), length: 0 };
  const ink = new Float64Array(PIXELS);
  for (let row = 0; row < rows; row++) {
    const label = Math.floor(10 * random());
    const styles = STYLES[label]!;
    let pick = random() * styles.reduce((sum, [weight]) => sum + weight, 0);
    let index = 0;
    while (index + 1 < styles.length && pick >= styles[index]![0]) pick -= styles[index++]![0];
    const [, ...strokes] = styles[index]!;
    const shake = SHAKE * (0.5 + random());
    path.length = 0;
    for (const stroke of strokes) traceStroke(stroke, shake, bell, path);
    placePath(path, bell);
    ink.fill(0);
    inkPath(path, random, bell, ink);
    const dark = Math.min(1, 0.86 + 0.22 * random());
    const offset = row * PIXELS;
    for (let i = 0; i < PIXELS; i++) {
      const value = Math.min(1, ink[i]!);
      if (value > 0) data[offset + i] = Math.round(255 * dark * value * value * (3 - 2 * value));
    }
    labels[row] = label;
  }
  return { data, labels, rows, cols: PIXELS };
}
