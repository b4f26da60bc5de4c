// Exports only: one line per concrete variant. Names are <verb><storage of data><storage of z>; the module is the instruction set.
// Pointers are byte offsets into the module's own memory; strides are bytes; shapes and bounds stand at the functions called.
import { probes } from "./core/probe";
import { random } from "./core/random";
import { statistics } from "./kernel/columns";
import { dot } from "./kernel/dot";
import { exact, planes } from "./kernel/exact";
import { cholesky, gram } from "./kernel/gram";
import { levels, lloyd } from "./kernel/levels";
import { matvec } from "./kernel/matvec";
import { packed, U1, U2, U4 } from "./kernel/packed";
import { histogram, points, sorting } from "./kernel/points";
import { proximal } from "./kernel/proximal";
import { quantize } from "./kernel/quantize";
import { sparse, T8, T16 } from "./kernel/sparse";
import { tiles } from "./kernel/tiles";
import { vector } from "./kernel/vector";
import { weave } from "./kernel/weave";
import { change } from "./loss/change";
import { curvature } from "./loss/curvature";
import { scalar } from "./loss/exp";
import { interior } from "./loss/interior";
import { loss } from "./loss/loss";
import { batch } from "./solver/batch";
import { blocks } from "./solver/blocks";
import { flush } from "./solver/flush";
import { frame } from "./solver/frame";
import { inner } from "./solver/inner";
import { lazy } from "./solver/lazy";
import { lazyInner } from "./solver/lazy-inner";
import { LazyRun } from "./solver/lazy-run";
import { outer } from "./solver/outer";
import { packedPass } from "./solver/packed-pass";
import { fused } from "./solver/pass";
import { Run } from "./solver/run";
import { sparseSpectrum } from "./solver/sparse-spectrum";
import { spectrum } from "./solver/spectrum";
import { zipml } from "./solver/zipml";
import { ZipmlRun } from "./solver/zipml-run";

/** First byte the arena may use: everything below is the module's own. */
export function heapBase(): usize { return __heap_base; }
/** 1 for the relaxed module, 0 for the baseline one. */
export function isRelaxed(): i32 { return ASC_FEATURE_RELAXED_SIMD ? 1 : 0; }

/** Every relaxed opcode the kernels use, on 16-byte operands (relaxed module only). */
export function probe(a: usize, b: usize, c: usize, out: usize): void { probes.relaxed(a, b, c, out); }

// core/random
export function permutation(seed: u32, count: u32, out: usize, first: u32, end: u32): u32 { return random.permutation(seed, count, out, first, end); }

// kernel/dot
export function dotI8I8(x: usize, z: usize, columns: i32): f64 { return dot.i8i8(x, z, columns); }
export function dotI8I16(x: usize, z: usize, columns: i32): f64 { return dot.i8i16(x, z, columns); }
export function dotI16I16(x: usize, z: usize, columns: i32): f64 { return dot.i16i16(x, z, columns); }
export function dotI7I8(x: usize, z: usize, columns: i32): f64 { return dot.i7i8(x, z, columns); }
export function dotF32F32(x: usize, z: usize, columns: i32): f64 { return dot.f32<f32>(x, z, columns); }

// kernel/columns
export function statisticsF64(x: usize, stride: usize, rows: i32, cols: i32, weights: usize, low: usize, high: usize, sum: usize, whole: usize): void { statistics.collect<f64>(x, stride, rows, cols, weights, low, high, sum, whole); }
export function statisticsF32(x: usize, stride: usize, rows: i32, cols: i32, weights: usize, low: usize, high: usize, sum: usize, whole: usize): void { statistics.collect<f32>(x, stride, rows, cols, weights, low, high, sum, whole); }
export function statisticsI16(x: usize, stride: usize, rows: i32, cols: i32, weights: usize, low: usize, high: usize, sum: usize, whole: usize): void { statistics.collect<i16>(x, stride, rows, cols, weights, low, high, sum, whole); }
export function statisticsU8(x: usize, stride: usize, rows: i32, cols: i32, weights: usize, low: usize, high: usize, sum: usize, whole: usize): void { statistics.collect<u8>(x, stride, rows, cols, weights, low, high, sum, whole); }
export function statisticsI8(x: usize, stride: usize, rows: i32, cols: i32, weights: usize, low: usize, high: usize, sum: usize, whole: usize): void { statistics.collect<i8>(x, stride, rows, cols, weights, low, high, sum, whole); }
export function firstNotFiniteF64(x: usize, stride: usize, rows: i32, cols: i32): f64 { return statistics.firstNotFinite<f64>(x, stride, rows, cols); }
export function firstNotFiniteF32(x: usize, stride: usize, rows: i32, cols: i32): f64 { return statistics.firstNotFinite<f32>(x, stride, rows, cols); }
export function fitsFloat32(x: usize, count: usize): i32 { return statistics.fitsFloat32(x, count); }
export function countBinsF64(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseWidth: usize, bins: usize): void { statistics.countBins<f64>(x, stride, rows, cols, offset, inverseWidth, bins); }
export function countBinsF32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseWidth: usize, bins: usize): void { statistics.countBins<f32>(x, stride, rows, cols, offset, inverseWidth, bins); }
export function nextCrowded(bins: usize, first: i32, cols: i32, most: i32): i32 { return statistics.nextCrowded(bins, first, cols, most); }
export function sampleF64(x: usize, stride: usize, rows: i32, step: i32, j: usize, out: usize): i32 { return statistics.sample<f64>(x, stride, rows, step, j, out); }
export function sampleF32(x: usize, stride: usize, rows: i32, step: i32, j: usize, out: usize): i32 { return statistics.sample<f32>(x, stride, rows, step, j, out); }
export function keptSquaresF64(x: usize, stride: usize, rows: i32, count: i32, list: usize, offset: usize, reach: usize, top: usize, kept: usize, all: usize): void { statistics.keptSquares<f64>(x, stride, rows, count, list, offset, reach, top, kept, all); }
export function keptSquaresF32(x: usize, stride: usize, rows: i32, count: i32, list: usize, offset: usize, reach: usize, top: usize, kept: usize, all: usize): void { statistics.keptSquares<f32>(x, stride, rows, count, list, offset, reach, top, kept, all); }
export function squaresF64(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, top: usize, out: usize): void { statistics.squares<f64>(x, stride, rows, cols, offset, top, out); }
export function squaresF32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, top: usize, out: usize): void { statistics.squares<f32>(x, stride, rows, cols, offset, top, out); }
export function squaresI16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, top: usize, out: usize): void { statistics.squares<i16>(x, stride, rows, cols, offset, top, out); }
export function squaresU8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, top: usize, out: usize): void { statistics.squares<u8>(x, stride, rows, cols, offset, top, out); }
export function squaresI8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, top: usize, out: usize): void { statistics.squares<i8>(x, stride, rows, cols, offset, top, out); }
export function lowerMedian(values: usize, count: i32): f64 { return statistics.lowerMedian(values, count); }
export function deviation(values: usize, count: i32, median: f64): f64 { return statistics.deviation(values, count, median); }

// kernel/points
export function sortScratchBytes(count: i32, isWeighted: i32): usize { return sorting.scratchBytes(count, isWeighted); }
export function sortAscending(values: usize, weights: usize, count: i32, scratch: usize, first: i32, end: i32): void { sorting.ascending(values, weights, count, scratch, first, end); }
export function firstBadWeight(weights: usize, count: i32): i32 { return points.firstBadWeight(weights, count); }
export function scaleWeights(weights: usize, count: i32): f64 { return points.scaleWeights(weights, count); }
export function pointsOfSorted(values: usize, weights: usize, count: i32, frame: usize, out: usize): i32 { return points.ofSorted(values, weights, count, frame, out); }
export function valueRange(values: usize, count: i32, out: usize): void { histogram.range(values, count, out); }
export function cellBytes(cells: i32): usize { return histogram.cellBytes(cells); }
export function weighCells(values: usize, weights: usize, count: i32, low: f64, high: f64, cells: i32, frame: usize, mass: usize): void { histogram.weigh(values, weights, count, low, high, cells, frame, mass); }
export function splitCells(mass: usize, cells: i32, more: i32, starts: usize): i32 { return histogram.split(mass, cells, more, starts); }
export function centreCells(mass: usize, cells: i32, frame: usize): void { histogram.centre(mass, cells, frame); }
export function weighFineCells(values: usize, weights: usize, count: i32, cells: i32, frame: usize, starts: usize, mass: usize, scratch: usize): void { histogram.weighFine(values, weights, count, cells, frame, starts, mass, scratch); }
export function fillCells(values: usize, weights: usize, count: i32, cells: i32, frame: usize, starts: usize, finer: usize, fine: i32, out: usize, scratch: usize, isAdded: i32): void { histogram.fill(values, weights, count, cells, frame, starts, finer, fine, out, scratch, isAdded); }
export function pointsOfCells(cells: usize, count: i32, frame: usize, origins: usize, out: usize): i32 { return histogram.collect(cells, count, frame, origins, out); }

// kernel/levels
export function levelScratchBytes(count: i32, intervals: i32): usize { return levels.scratchBytes(count, intervals); }
export function levelsExact(points: usize, count: i32, intervals: i32, scratch: usize, out: usize): f64 { return levels.exact(points, count, intervals, scratch, out); }
export function levelsDivide(points: usize, count: i32, intervals: i32, scratch: usize, out: usize, first: i32, end: i32): f64 { return levels.divide(points, count, intervals, scratch, out, first, end); }
export function levelsSmawk(points: usize, count: i32, intervals: i32, scratch: usize, out: usize): f64 { return levels.smawk(points, count, intervals, scratch, out); }
export function thinScratchBytes(count: i32): usize { return levels.thinScratchBytes(count); }
export function thinPoints(points: usize, count: i32, apart: i32, most: i32, scratch: usize, out: usize): i32 { return levels.thin(points, count, apart, most, scratch, out); }
export function firstOutside(values: usize, count: i32, low: f64, high: f64): i32 { return levels.firstOutside(values, count, low, high); }
export function levelVariance(values: usize, weights: usize, count: i32, levelsAt: usize, number: i32): f64 { return levels.variance(values, weights, count, levelsAt, number); }
export function lloydMax(points: usize, origins: usize, count: i32, frame: usize, levelsAt: usize, number: i32, most: i32, ends: usize): f64 { return lloyd.improve(points, origins, count, frame, levelsAt, number, most, ends); }

// kernel/quantize
export function quantizeF64I8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f64, i8>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeF64I16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f64, i16>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeF64F32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f64, f32>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeF32I8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f32, i8>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeF32I16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f32, i16>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeF32F32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<f32, f32>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI16I8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i16, i8>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI16I16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i16, i16>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI16F32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i16, f32>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeU8I8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<u8, i8>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeU8I16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<u8, i16>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeU8F32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<u8, f32>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI8I8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i8, i8>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI8I16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i8, i16>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function quantizeI8F32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, codes: usize, codeStride: usize, intercept: f64): void { quantize.rows<i8, f32>(x, stride, rows, cols, offset, inverseScale, codes, codeStride, intercept); }
export function countClippedF64(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, limit: f64): i32 { return quantize.countClipped<f64>(x, stride, rows, cols, offset, inverseScale, limit); }
export function countClippedF32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, limit: f64): i32 { return quantize.countClipped<f32>(x, stride, rows, cols, offset, inverseScale, limit); }
export function planesF64(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, high: usize, low: usize, codeStride: usize, intercept: i32): void { quantize.planes<f64>(x, stride, rows, cols, offset, inverseScale, high, low, codeStride, intercept); }
export function planesF32(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, high: usize, low: usize, codeStride: usize, intercept: i32): void { quantize.planes<f32>(x, stride, rows, cols, offset, inverseScale, high, low, codeStride, intercept); }
export function planesI16(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, high: usize, low: usize, codeStride: usize, intercept: i32): void { quantize.planes<i16>(x, stride, rows, cols, offset, inverseScale, high, low, codeStride, intercept); }
export function planesU8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, high: usize, low: usize, codeStride: usize, intercept: i32): void { quantize.planes<u8>(x, stride, rows, cols, offset, inverseScale, high, low, codeStride, intercept); }
export function planesI8(x: usize, stride: usize, rows: i32, cols: i32, offset: usize, inverseScale: usize, high: usize, low: usize, codeStride: usize, intercept: i32): void { quantize.planes<i8>(x, stride, rows, cols, offset, inverseScale, high, low, codeStride, intercept); }
export function narrowF64F32(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f64, f32>(x, stride, rows, cols, out, outStride); }
export function narrowF64I16(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f64, i16>(x, stride, rows, cols, out, outStride); }
export function narrowF64U8(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f64, u8>(x, stride, rows, cols, out, outStride); }
export function narrowF64I8(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f64, i8>(x, stride, rows, cols, out, outStride); }
export function narrowF32I16(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f32, i16>(x, stride, rows, cols, out, outStride); }
export function narrowF32U8(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f32, u8>(x, stride, rows, cols, out, outStride); }
export function narrowF32I8(x: usize, stride: usize, rows: i32, cols: i32, out: usize, outStride: usize): void { quantize.narrow<f32, i8>(x, stride, rows, cols, out, outStride); }
export function touch(x: usize, bytes: usize): i32 { return quantize.touch(x, bytes); }
export function spread(x: usize, rowBytes: usize, rows: i32, out: usize, outStride: usize): void { quantize.spread(x, rowBytes, rows, out, outStride); }
export function decodePlanes(high: usize, low: usize, stride: usize, rows: i32, cols: i32, passScale: usize, passOffset: usize, out: usize, outStride: usize): void { quantize.decodePlanes(high, low, stride, rows, cols, passScale, passOffset, out, outStride); }

// kernel/packed
export function packU4(codes: usize, stride: usize, rows: i32, columns: i32, cuts: usize, count: i32, out: usize, outStride: usize): void { packed.pack<U4>(codes, stride, rows, columns, cuts, count, out, outStride); }
export function unpackU4(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, mask: usize, out: usize, outStride: usize): void { packed.decode<U4>(x, stride, rows, columns, levels, mask, out, outStride); }
export function indexDotU4(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.indexDot<U4>(x, z, columns, levels); }
export function axpyU4(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize): void { packed.axpy<U4, i8>(z, x, columns, k, s, offsets, levels, mask); }
export function axpyWholeU4(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize): void { packed.axpy<U4, i16>(z, x, columns, k, s, offsets, levels, 0); }
export function dotU4I8(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U4, i8>(x, z, columns, levels); }
export function dotU4I16(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U4, i16>(x, z, columns, levels); }
export function packU2(codes: usize, stride: usize, rows: i32, columns: i32, cuts: usize, count: i32, out: usize, outStride: usize): void { packed.pack<U2>(codes, stride, rows, columns, cuts, count, out, outStride); }
export function unpackU2(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, mask: usize, out: usize, outStride: usize): void { packed.decode<U2>(x, stride, rows, columns, levels, mask, out, outStride); }
export function indexDotU2(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.indexDot<U2>(x, z, columns, levels); }
export function axpyU2(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize): void { packed.axpy<U2, i8>(z, x, columns, k, s, offsets, levels, mask); }
export function axpyWholeU2(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize): void { packed.axpy<U2, i16>(z, x, columns, k, s, offsets, levels, 0); }
export function dotU2I8(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U2, i8>(x, z, columns, levels); }
export function dotU2I16(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U2, i16>(x, z, columns, levels); }
export function packU1(codes: usize, stride: usize, rows: i32, columns: i32, cuts: usize, count: i32, out: usize, outStride: usize): void { packed.pack<U1>(codes, stride, rows, columns, cuts, count, out, outStride); }
export function unpackU1(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, mask: usize, out: usize, outStride: usize): void { packed.decode<U1>(x, stride, rows, columns, levels, mask, out, outStride); }
export function indexDotU1(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.indexDot<U1>(x, z, columns, levels); }
export function axpyU1(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize): void { packed.axpy<U1, i8>(z, x, columns, k, s, offsets, levels, mask); }
export function axpyWholeU1(z: usize, x: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize): void { packed.axpy<U1, i16>(z, x, columns, k, s, offsets, levels, 0); }
export function dotU1I8(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U1, i8>(x, z, columns, levels); }
export function dotU1I16(x: usize, z: usize, columns: i32, levels: usize): f64 { return packed.dot<U1, i16>(x, z, columns, levels); }
export function negativeSumsU4(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, out: usize): void { packed.negativeSums<U4>(x, stride, rows, columns, levels, out); }
export function negativeSumsU2(x: usize, stride: usize, rows: i32, columns: i32, levels: usize, out: usize): void { packed.negativeSums<U2>(x, stride, rows, columns, levels, out); }

// kernel/exact
export function marginsF64(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<f64>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientF64(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<f64>(x, low, stride, rows, cols, c, classes, g); }
export function marginsF32(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<f32>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientF32(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<f32>(x, low, stride, rows, cols, c, classes, g); }
export function marginsI16(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<i16>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientI16(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<i16>(x, low, stride, rows, cols, c, classes, g); }
export function marginsU8(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<u8>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientU8(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<u8>(x, low, stride, rows, cols, c, classes, g); }
export function marginsI8(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<i8>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientI8(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<i8>(x, low, stride, rows, cols, c, classes, g); }
export function marginsPlanes(x: usize, low: usize, stride: usize, rows: i32, cols: i32, w: usize, bias: usize, classes: i32, m: usize): void { exact.margins<planes>(x, low, stride, rows, cols, w, bias, classes, m); }
export function gradientPlanes(x: usize, low: usize, stride: usize, rows: i32, cols: i32, c: usize, classes: i32, g: usize): void { exact.gradient<planes>(x, low, stride, rows, cols, c, classes, g); }

// loss
export function lossPass(kind: i32, m: usize, y: usize, weights: usize, rows: i32, classes: i32, threshold: f64, c: usize, state: usize): f64 { return loss.pass(kind, m, y, weights, rows, classes, threshold, c, state); }
export function exp(t: f64): f64 { return scalar.exp(t); }
export function log(x: f64): f64 { return scalar.log(x); }
export function log1p(x: f64): f64 { return scalar.log1p(x); }
export function expf(t: f32): f32 { return scalar.expf(t); }
export function expm1f(t: f32): f32 { return scalar.expm1f(t); }
export function lossDifference(kind: i32, delta: f32, state: f32, y: f32, threshold: f32): f32 { return change.difference(kind, delta, state, y, threshold); }
export function lossDerivative(kind: i32, margin: f32, y: f32, threshold: f32): f32 { return change.derivative(kind, margin, y, threshold); }
export function softmaxDifference(changes: usize, p: usize, classes: i32): void { change.softmaxDifference(changes, p, classes); }
export function softmaxDerivative(margins: usize, label: i32, classes: i32): void { change.softmaxDerivative(margins, label, classes); }

// solver/pass
export function fusedI8I8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 { return fused.i8i8(z, x, y, columns, k, s, offsets, fused.negativeSum(y, columns)); }
export function fusedI8I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 { return fused.i8i16(z, x, y, columns, k, s, offsets); }
export function fusedI16I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 { return fused.i16i16(z, x, y, columns, k, s, offsets); }
export function fusedF32F32(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 { return fused.f32<f32>(z, x, y, columns, k); }
export function fusedI8F32(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 { return fused.f32<i8>(z, x, y, columns, k); }
export function fusedI16F32(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 { return fused.f32<i16>(z, x, y, columns, k); }
export function fusedPublished(z: usize, x: usize, y: usize, columns: i32, k: i32, h: usize, offsets: usize): f64 { return fused.published(z, x, y, columns, k, h, offsets); }

// solver/packed-pass
export function fusedU4I8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize, negative: i32): f64 { return packedPass.z8<U4, i8>(z, x, y, columns, k, s, offsets, levels, mask, negative); }
export function fusedWholeU4I8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, negative: i32): f64 { return packedPass.z8<U4, i16>(z, x, y, columns, k, s, offsets, levels, 0, negative); }
export function fusedU4I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize): f64 { return packedPass.z16<U4, i8>(z, x, y, columns, k, s, offsets, levels, mask); }
export function fusedWholeU4I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize): f64 { return packedPass.z16<U4, i16>(z, x, y, columns, k, s, offsets, levels, 0); }
export function fusedU2I8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize, negative: i32): f64 { return packedPass.z8<U2, i8>(z, x, y, columns, k, s, offsets, levels, mask, negative); }
export function fusedWholeU2I8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, negative: i32): f64 { return packedPass.z8<U2, i16>(z, x, y, columns, k, s, offsets, levels, 0, negative); }
export function fusedU2I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize, mask: usize): f64 { return packedPass.z16<U2, i8>(z, x, y, columns, k, s, offsets, levels, mask); }
export function fusedWholeU2I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, levels: usize): f64 { return packedPass.z16<U2, i16>(z, x, y, columns, k, s, offsets, levels, 0); }

// solver/inner
export function beginI8I8(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<i8, i8>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceI8I8(run: usize, steps: u32): void { inner.advance<i8, i8>(changetype<Run>(run), steps); }
export function beginI8I16(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<i8, i16>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceI8I16(run: usize, steps: u32): void { inner.advance<i8, i16>(changetype<Run>(run), steps); }
export function beginI16I16(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<i16, i16>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceI16I16(run: usize, steps: u32): void { inner.advance<i16, i16>(changetype<Run>(run), steps); }
export function beginF32F32(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<f32, f32>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceF32F32(run: usize, steps: u32): void { inner.advance<f32, f32>(changetype<Run>(run), steps); }
export function beginI8F32(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<i8, f32>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceI8F32(run: usize, steps: u32): void { inner.advance<i8, f32>(changetype<Run>(run), steps); }
export function beginI16F32(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<i16, f32>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceI16F32(run: usize, steps: u32): void { inner.advance<i16, f32>(changetype<Run>(run), steps); }
export function fillBaseI8I8(run: usize, first: u32, end: u32): void { inner.fillBase<i8, i8>(changetype<Run>(run), first, end); }
export function fillBaseI8I16(run: usize, first: u32, end: u32): void { inner.fillBase<i8, i16>(changetype<Run>(run), first, end); }
export function fillBaseI16I16(run: usize, first: u32, end: u32): void { inner.fillBase<i16, i16>(changetype<Run>(run), first, end); }
export function beginU4I8(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<U4, i8>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceU4I8(run: usize, steps: u32): void { inner.advance<U4, i8>(changetype<Run>(run), steps); }
export function fillBaseU4I8(run: usize, first: u32, end: u32): void { inner.fillBase<U4, i8>(changetype<Run>(run), first, end); }
export function beginU4I16(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<U4, i16>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceU4I16(run: usize, steps: u32): void { inner.advance<U4, i16>(changetype<Run>(run), steps); }
export function fillBaseU4I16(run: usize, first: u32, end: u32): void { inner.fillBase<U4, i16>(changetype<Run>(run), first, end); }
export function beginU2I8(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<U2, i8>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceU2I8(run: usize, steps: u32): void { inner.advance<U2, i8>(changetype<Run>(run), steps); }
export function fillBaseU2I8(run: usize, first: u32, end: u32): void { inner.fillBase<U2, i8>(changetype<Run>(run), first, end); }
export function beginU2I16(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return inner.begin<U2, i16>(changetype<Run>(run), seed, step, steps, optionTwo); }
export function advanceU2I16(run: usize, steps: u32): void { inner.advance<U2, i16>(changetype<Run>(run), steps); }
export function fillBaseU2I16(run: usize, first: u32, end: u32): void { inner.fillBase<U2, i16>(changetype<Run>(run), first, end); }
export function preparePublished(run: usize, gradient: usize): void { inner.preparePublished(changetype<Run>(run), gradient); }
export function advancePublished(run: usize, steps: u32): void { inner.advancePublished(changetype<Run>(run), steps); }
export function packGroups(codes: usize, stride: usize, order: usize, rows: i32, columns: i32, out: usize, sums: usize): void { batch.pack(codes, stride, order, rows, columns, out, sums); }
export function dotGroups(x: usize, y: usize, z: usize, seen: usize, columns: i32, sums: usize, slots: usize): void { batch.dots(x, y, z, seen, columns, sums, slots); }
export function advanceBatches(run: usize, steps: u32): void { batch.advance(changetype<Run>(run), steps); }
export function countLimitsI8(z: usize, count: usize): f64 { return flush.countLimits<i8>(z, count); }
export function countLimitsI16(z: usize, count: usize): f64 { return flush.countLimits<i16>(z, count); }
export function negativeSums(codes: usize, stride: usize, rows: i32, columns: i32, out: usize): void { fused.negativeSums(codes, stride, rows, columns, out); }

// solver/lazy, solver/lazy-inner
export function openLazyI8(run: usize, from: u32, to: u32): void { lazy.open<i8>(changetype<LazyRun>(run), from, to); }
export function openLazyI16(run: usize, from: u32, to: u32): void { lazy.open<i16>(changetype<LazyRun>(run), from, to); }
export function openLazyF32(run: usize, from: u32, to: u32): void { lazy.open<f32>(changetype<LazyRun>(run), from, to); }
export function settleLazyI8(run: usize, from: u32, to: u32): void { lazy.settle<i8>(changetype<LazyRun>(run), from, to); }
export function settleLazyI16(run: usize, from: u32, to: u32): void { lazy.settle<i16>(changetype<LazyRun>(run), from, to); }
export function settleLazyF32(run: usize, from: u32, to: u32): void { lazy.settle<f32>(changetype<LazyRun>(run), from, to); }
export function lazyBytes(classes: u32): u32 { return <u32>lazy.stride(classes); }
export function longestRow(starts: usize, rows: u32): u32 { return lazyInner.longest(starts, rows); }
export function beginLazy(run: usize, seed: u32, step: u32, steps: u32, optionTwo: i32): u32 { return lazyInner.begin(changetype<LazyRun>(run), seed, step, steps, optionTwo); }
export function fillBaseLazy(run: usize, from: u32, to: u32): void { lazyInner.fillBase(changetype<LazyRun>(run), from, to); }
export function advanceLazyI8(run: usize, steps: u32, budget: u32): u32 { return lazyInner.advance<i8>(changetype<LazyRun>(run), steps, budget); }
export function advanceLazyI16(run: usize, steps: u32, budget: u32): u32 { return lazyInner.advance<i16>(changetype<LazyRun>(run), steps, budget); }
export function advanceLazyF32(run: usize, steps: u32, budget: u32): u32 { return lazyInner.advance<f32>(changetype<LazyRun>(run), steps, budget); }
export function endLazy(run: usize): void { lazyInner.round(changetype<LazyRun>(run)); }

// solver/outer
export function toWeights(v: usize, padded: i32, w: usize, width: i32, cols: i32, classes: i32, scale: usize, offset: usize, intercept: f64, bias: usize): void { outer.toWeights(v, padded, w, width, cols, classes, scale, offset, intercept, bias); }
export function toStored(w: usize, width: i32, cols: i32, classes: i32, passScale: usize, passOffset: usize, bias: usize): void { outer.toStored(w, width, cols, classes, passScale, passOffset, bias); }
export function toCodes(w: usize, width: i32, v: usize, padded: i32, cols: i32, classes: i32, scale: usize, offset: usize, intercept: f64, bias: usize): void { outer.toCodes(w, width, v, padded, cols, classes, scale, offset, intercept, bias); }
export function assembleGradient(raw: usize, width: i32, cSum: usize, v: usize, g: usize, padded: i32, cols: i32, classes: i32, rows: f64, scale: usize, offset: usize, passScale: usize, passOffset: usize, l2: f64, intercept: f64, out: usize): void { outer.gradient(raw, width, cSum, v, g, padded, cols, classes, rows, scale, offset, passScale, passOffset, l2, intercept, out); }
export function columnSums(c: usize, rows: i32, classes: i32, sums: usize, isAdded: i32): void { outer.columnSums(c, rows, classes, sums, isAdded); }
export function foldI8(start: usize, z: usize, delta: f64, out: usize, count: i32): void { outer.fold<i8>(start, z, delta, out, count); }
export function toGridI8(v: usize, delta: f64, z: usize, count: i32): void { outer.toGrid<i8>(v, delta, z, count); }
export function foldI16(start: usize, z: usize, delta: f64, out: usize, count: i32): void { outer.fold<i16>(start, z, delta, out, count); }
export function toGridI16(v: usize, delta: f64, z: usize, count: i32): void { outer.toGrid<i16>(v, delta, z, count); }
export function foldF32(start: usize, z: usize, delta: f64, out: usize, count: i32): void { outer.fold<f32>(start, z, delta, out, count); }
export function toGridF32(v: usize, delta: f64, z: usize, count: i32): void { outer.toGrid<f32>(v, delta, z, count); }
export function centreClasses(v: usize, cols: i32, classes: i32): void { outer.centreClasses(v, cols, classes); }
export function dataGradient(a: usize, v: usize, ridge: usize, out: usize, cols: i32, classes: i32): void { outer.dataGradient(a, v, ridge, out, cols, classes); }
export function ridge(scale: usize, cols: i32, padded: i32, l2: f64, out: usize): void { outer.ridge(scale, cols, padded, l2, out); }
export function maxAbs(v: usize, count: i32): f64 { return outer.maxAbs(v, count); }
export function maxCodeI8(z: usize, count: i32): f64 { return outer.maxCode<i8>(z, count); }
export function maxCodeI16(z: usize, count: i32): f64 { return outer.maxCode<i16>(z, count); }
export function toFloat32(from: usize, to: usize, count: i32): void { outer.toFloat32(from, to, count); }

// solver/spectrum
export function maxRowNormI8(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize): f64 { return spectrum.maxRowNorm<i8>(codes, stride, rows, cols, weights); }
export function largestEigenvalueI8(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize, iterations: i32, p: usize, q: usize, t: usize, zero: usize, isStarted: i32, first: i32, end: i32): f64 { return spectrum.largestEigenvalue<i8>(codes, stride, rows, cols, weights, iterations, p, q, t, zero, isStarted, first, end); }
export function maxRowNormI16(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize): f64 { return spectrum.maxRowNorm<i16>(codes, stride, rows, cols, weights); }
export function largestEigenvalueI16(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize, iterations: i32, p: usize, q: usize, t: usize, zero: usize, isStarted: i32, first: i32, end: i32): f64 { return spectrum.largestEigenvalue<i16>(codes, stride, rows, cols, weights, iterations, p, q, t, zero, isStarted, first, end); }
export function maxRowNormF32(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize): f64 { return spectrum.maxRowNorm<f32>(codes, stride, rows, cols, weights); }
export function largestEigenvalueF32(codes: usize, stride: usize, rows: i32, cols: i32, weights: usize, iterations: i32, p: usize, q: usize, t: usize, zero: usize, isStarted: i32, first: i32, end: i32): f64 { return spectrum.largestEigenvalue<f32>(codes, stride, rows, cols, weights, iterations, p, q, t, zero, isStarted, first, end); }

// kernel/tiles
export function tileBytes(rows: i32, columns: i32): usize { return tiles.bytes(rows, columns); }
export function markTiles(x: usize, stride: usize, rows: i32, columns: i32, map: usize): f64 { return tiles.mark(x, stride, rows, columns, map); }

// kernel/matvec
export function multiplyI8(x: usize, stride: usize, rows: i32, columns: i32, p: usize, classes: i32, a: usize, map: usize): void { matvec.multiply<i8>(x, stride, rows, columns, p, classes, a, map); }
export function transposedI8(x: usize, stride: usize, rows: i32, columns: i32, t: usize, classes: i32, s: usize, map: usize): void { matvec.transposed<i8>(x, stride, rows, columns, t, classes, s, map); }
export function multiplyU8(x: usize, stride: usize, rows: i32, columns: i32, p: usize, classes: i32, a: usize, map: usize): void { matvec.multiply<u8>(x, stride, rows, columns, p, classes, a, map); }
export function transposedU8(x: usize, stride: usize, rows: i32, columns: i32, t: usize, classes: i32, s: usize, map: usize): void { matvec.transposed<u8>(x, stride, rows, columns, t, classes, s, map); }

// kernel/vector
export function dotF64(a: usize, b: usize, count: i32): f64 { return vector.dot(a, b, count); }
export function addScaled(y: usize, alpha: f64, x: usize, count: i32): void { vector.addScaled(y, alpha, x, count); }
export function combine(y: usize, beta: f64, alpha: f64, x: usize, count: i32): void { vector.combine(y, beta, alpha, x, count); }
export function scaleColumns(a: usize, factor: usize, isInverse: i32, columns: i32, classes: i32, out: usize): void { vector.scaleColumns(a, factor, isInverse, columns, classes, out); }
export function weightedSquares(a: usize, weight: usize, columns: i32, classes: i32): f64 { return vector.weightedSquares(a, weight, columns, classes); }
export function toInt16(p: usize, pitch: i32, columns: i32, classes: i32, largest: f64, codes: usize, codeColumns: i32): f64 { return vector.toInt16(p, pitch, columns, classes, largest, codes, codeColumns); }
export function subtractCodes(p: usize, pitch: i32, columns: i32, classes: i32, unit: f64, codes: usize, codeColumns: i32): void { vector.subtractCodes(p, pitch, columns, classes, unit, codes, codeColumns); }

export function addInt32(out: usize, unit: f64, s: usize, count: i32): void { vector.addInt32(out, unit, s, count); }
export function sumInt16(codes: usize, count: i32): f64 { return vector.sumInt16(codes, count); }

// kernel/proximal
export function l1Norm(v: usize, strength: usize, n: i32): f64 { return proximal.norm(v, strength, n); }
export function leastSubgradient(g: usize, v: usize, padded: i32, columns: i32, classes: i32, scale: usize, offset: usize, intercept: f64, l1: f64): f64 { return proximal.leastSubgradient(g, v, padded, columns, classes, scale, offset, intercept, l1); }
export function l1Least(g: usize, u: usize, strength: usize, n: i32): f64 { return proximal.least(g, u, strength, n); }
export function l1Jump(u: usize, q: usize, h: usize, strength: usize, n: i32): void { proximal.jump(u, q, h, strength, n); }
export function l1Shift(v: usize, pitch: i32, columns: i32, classes: i32, strength: usize, ridge: usize): i32 { return proximal.shift(v, pitch, columns, classes, strength, ridge); }
export function symmetricProduct(m: usize, n: i32, s: usize, out: usize): void { proximal.product(m, n, s, out); }
export function completeMatrix(m: usize, n: i32, floor: usize): void { proximal.complete(m, n, floor); }
export function l1Sweep(m: usize, n: i32, u: usize, q: usize, strength: usize): f64 { return proximal.sweep(m, n, u, q, strength); }
export function l1Free(u: usize, strength: usize, n: i32, index: usize): i32 { return proximal.free(u, strength, n, index); }
export function submatrix(m: usize, n: i32, index: usize, count: i32, out: usize): void { proximal.submatrix(m, n, index, count, out); }
export function scatter(a: usize, index: usize, count: i32, n: i32, out: usize): void { proximal.scatter(a, index, count, n, out); }
export function l1Slopes(q: usize, u: usize, strength: usize, n: i32, out: usize): void { proximal.slopes(q, u, strength, n, out); }
export function l1Mask(x: usize, u: usize, strength: usize, n: i32): void { proximal.mask(x, u, strength, n); }
export function l1Reach(u: usize, d: usize, strength: usize, n: i32, most: f64): f64 { return proximal.reach(u, d, strength, n, most); }
export function l1Step(u: usize, d: usize, strength: usize, n: i32, part: f64, s: usize): i32 { return proximal.step(u, d, strength, n, part, s); }
export function l1Change(u: usize, s: usize, strength: usize, n: i32): f64 { return proximal.change(u, s, strength, n); }
export function l1Take(v: usize, u: usize, z: usize, part: f64, n: i32): i32 { return proximal.take(v, u, z, part, n); }

// loss/curvature
export function classWeights(h: usize, p: usize, weights: usize, rows: i32, classes: i32, k: i32, out: usize): void { curvature.classWeights(h, p, weights, rows, classes, k, out); }
export function curvatureRows(kind: i32, state: usize, weights: usize, rows: i32, threshold: f32, h: usize): void { curvature.rows(kind, state, weights, rows, threshold, h); }
export function applyCurvature(u: usize, h: usize, p: usize, weights: usize, rows: i32, classes: i32): void { curvature.apply(u, h, p, weights, rows, classes); }
export function rowWeights(h: usize, p: usize, weights: usize, rows: i32, classes: i32, out: usize): f32 { return curvature.rowWeights(h, p, weights, rows, classes, out); }
export function plane1(kind: i32, state: usize, y: usize, weights: usize, u1: usize, u2: usize, rows: i32, threshold: f32, a1: f64, a2: f64, inverse1: f64, inverse2: f64, out: usize): void { curvature.plane1(kind, state, y, weights, u1, u2, rows, threshold, a1, a2, inverse1, inverse2, out); }
export function planeSoftmax(p: usize, weights: usize, u1: usize, u2: usize, rows: i32, classes: i32, a1: f64, a2: f64, inverse1: f64, inverse2: f64, scratch: usize, out: usize): void { curvature.planeSoftmax(p, weights, u1, u2, rows, classes, a1, a2, inverse1, inverse2, scratch, out); }

// loss/interior
export function interiorStart(m: usize, y: usize, rows: i32, state: usize, pitch: usize): void { interior.start(m, y, rows, state, pitch); }
export function interiorCurvature(state: usize, pitch: usize, weights: usize, rows: i32, gamma: f64, h: usize): void { interior.curvature(state, pitch, weights, rows, gamma, h); }
export function interiorAim(m: usize, y: usize, u: usize, rows: i32, state: usize, pitch: usize, gamma: f64, mu: f64, isCorrected: i32): void { interior.aim(m, y, u, rows, state, pitch, gamma, mu, isCorrected); }
export function interiorDerivatives(m: usize, y: usize, u: usize, weights: usize, rows: i32, state: usize, pitch: usize, gamma: f64, part: f64, c: usize): void { interior.derivatives(m, y, u, weights, rows, state, pitch, gamma, part, c); }
export function interiorReach(m: usize, y: usize, u: usize, weights: usize, rows: i32, state: usize, pitch: usize, gamma: f64, most: f64): f64 { return interior.reach(m, y, u, weights, rows, state, pitch, gamma, most); }
export function interiorProducts(m: usize, y: usize, u: usize, weights: usize, rows: i32, state: usize, pitch: usize, gamma: f64, part: f64): f64 { return interior.products(m, y, u, weights, rows, state, pitch, gamma, part); }
export function interiorMove(m: usize, y: usize, u: usize, rows: i32, state: usize, pitch: usize, gamma: f64, part: f64): void { interior.move(m, y, u, rows, state, pitch, gamma, part); }
export function interiorGap(m: usize, y: usize, weights: usize, rows: i32, state: usize, pitch: usize): f64 { return interior.gap(m, y, weights, rows, state, pitch); }

// kernel/gram
export function choleskyFactor(g: usize, n: i32, first: i32, end: i32): i32 { return cholesky.factor(g, n, first, end); }
export function choleskySolve(r: usize, n: i32, b: usize, pitch: i32, classes: i32, first: i32, end: i32): void { cholesky.solve(r, n, b, pitch, classes, first, end); }
export function gramScratchBytes(columns: i32): usize { return gram.scratchBytes(columns); }
export function weightCodesI8(weight: usize, top: f32, rows: i32, codes: usize): void { gram.weightCodes<i8>(weight, top, rows, codes); }
export function gramI8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, unit: f64, scratch: usize, g: usize, map: usize, first: i32, end: i32): void { gram.accumulate<i8>(x, stride, rows, columns, d, unit, scratch, g, map, first, end); }
export function weightedSumsI8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, s: usize): void { gram.weightedSums<i8>(x, stride, rows, columns, d, s); }
export function momentsI8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, dBytes: usize, q: usize, s: usize): f64 { return gram.moments<i8>(x, stride, rows, columns, d, dBytes, q, s); }
export function weightCodesU8(weight: usize, top: f32, rows: i32, codes: usize): void { gram.weightCodes<u8>(weight, top, rows, codes); }
export function gramU8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, unit: f64, scratch: usize, g: usize, map: usize, first: i32, end: i32): void { gram.accumulate<u8>(x, stride, rows, columns, d, unit, scratch, g, map, first, end); }
export function weightedSumsU8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, s: usize): void { gram.weightedSums<u8>(x, stride, rows, columns, d, s); }
export function momentsU8(x: usize, stride: usize, rows: i32, columns: i32, d: usize, dBytes: usize, q: usize, s: usize): f64 { return gram.moments<u8>(x, stride, rows, columns, d, dBytes, q, s); }

// solver/blocks
export function blockScratchBytes(columns: i32, classes: i32): usize { return blocks.scratchBytes(columns, classes); }
export function blockMarginsI8(x: usize, stride: usize, rows: i32, columns: i32, classes: i32, codes: usize, unit: f64, shift: usize, isAdded: i32, scratch: usize, u: usize, map: usize, packing: usize): void { blocks.margins<i8>(x, stride, rows, columns, classes, codes, unit, shift, isAdded, scratch, u, map, packing); }
export function hessianI8(x: usize, stride: usize, rows: i32, columns: i32, classes: i32, codes: usize, unit: f64, shift: usize, h: usize, p: usize, weights: usize, scratch: usize, g: usize, totals: usize, map: usize, packing: usize, isAdded: i32): void { blocks.hessian<i8>(x, stride, rows, columns, classes, codes, unit, shift, h, p, weights, scratch, g, totals, map, packing, isAdded); }
export function followI8(x: usize, low: usize, stride: usize, rows: i32, columns: i32, classes: i32, c: usize, held: usize, scratch: usize, g: usize, totals: usize, map: usize, packing: usize): f64 { return blocks.follow<i8>(x, low, stride, rows, columns, classes, c, held, scratch, g, totals, map, packing); }
export function blockMarginsU8(x: usize, stride: usize, rows: i32, columns: i32, classes: i32, codes: usize, unit: f64, shift: usize, isAdded: i32, scratch: usize, u: usize, map: usize, packing: usize): void { blocks.margins<u8>(x, stride, rows, columns, classes, codes, unit, shift, isAdded, scratch, u, map, packing); }
export function hessianU8(x: usize, stride: usize, rows: i32, columns: i32, classes: i32, codes: usize, unit: f64, shift: usize, h: usize, p: usize, weights: usize, scratch: usize, g: usize, totals: usize, map: usize, packing: usize, isAdded: i32): void { blocks.hessian<u8>(x, stride, rows, columns, classes, codes, unit, shift, h, p, weights, scratch, g, totals, map, packing, isAdded); }
export function followU8(x: usize, low: usize, stride: usize, rows: i32, columns: i32, classes: i32, c: usize, held: usize, scratch: usize, g: usize, totals: usize, map: usize, packing: usize): f64 { return blocks.follow<u8>(x, low, stride, rows, columns, classes, c, held, scratch, g, totals, map, packing); }

// solver/frame
export function frameMaps(scale: usize, offset: usize, passScale: usize, passOffset: usize, columns: i32, pitch: i32, factor: usize, shift: usize): void { frame.maps(scale, offset, passScale, passOffset, columns, pitch, factor, shift); }
export function snap(codes: usize, codeColumns: i32, columns: i32, classes: i32, unit: f64, factor: usize, shift: usize, intercept: f64, isAdded: i32, z: usize, pitch: i32, shifts: usize): void { frame.snap(codes, codeColumns, columns, classes, unit, factor, shift, intercept, isAdded, z, pitch, shifts); }
export function roundingError(raw: usize, pitch: i32, columns: i32, classes: i32, factor: usize, scales: usize): f64 { return frame.roundingError(raw, pitch, columns, classes, factor, scales); }
export function assembleProduct(g: usize, codeColumns: i32, totals: usize, factor: usize, shift: usize, intercept: f64, rows: f64, ridge: usize, p: usize, columns: i32, classes: i32, out: usize, pitch: i32): void { frame.product(g, codeColumns, totals, factor, shift, intercept, rows, ridge, p, columns, classes, out, pitch); }
export function assembleGram(m: usize, codeColumns: i32, s: usize, total: f64, factor: usize, shift: usize, intercept: f64, rows: f64, ridge: usize, columns: i32, out: usize): f64 { return frame.gram(m, codeColumns, s, total, factor, shift, intercept, rows, ridge, columns, out); }
export function raiseDiagonal(matrix: usize, dimension: i32, factor: f64, value: f64): void { frame.raiseDiagonal(matrix, dimension, factor, value); }
export function assembleDiagonal(q: usize, s: usize, total: f64, factor: usize, shift: usize, intercept: f64, scale: f64, ridge: usize, columns: i32, out: usize, pitch: i32): void { frame.diagonal(q, s, total, factor, shift, intercept, scale, ridge, columns, out, pitch); }
export function sampleRows(state: usize, weight: usize, rows: u32, count: u32, index: usize, scale: usize, progress: usize, first: u32, end: u32, sum: f64): u32 { return frame.sample(state, weight, rows, count, index, scale, progress, first, end, sum); }
export function sumWeights(weight: usize, rows: u32, start: f64): f64 { return frame.sumWeights(weight, rows, start); }
export function multiplyF32(a: usize, b: usize, count: i32): void { frame.multiply(a, b, count); }
export function gather(source: usize, stride: usize, index: usize, count: i32, bytes: usize, out: usize, outStride: usize): void { frame.gather(source, stride, index, count, bytes, out, outStride); }

// solver/outer, for samples of rows
export function toFloat64(from: usize, to: usize, count: i32): void { outer.toFloat64(from, to, count); }

// kernel/weave
export function weaveCodes(codes: usize, columns: i32, top: i32, planes: i32, row: usize, planeBytes: usize): void { weave.write(codes, columns, top, planes, row, planeBytes); }
export function unweave(row: usize, planeBytes: usize, planes: i32, shift: i32, columns: i32, out: usize): void { weave.read(row, planeBytes, planes, shift, columns, out); }
export function weaveUnits(x: usize, stride: usize, rows: i32, columns: i32, codes: usize, out: usize, rowBytes: usize, planeBytes: usize): void { weave.units(x, stride, rows, columns, codes, out, rowBytes, planeBytes); }

// solver/zipml
export function beginZipml(run: usize, seed: u32, step: u32): void { zipml.begin(changetype<ZipmlRun>(run), seed, step); }
export function advanceZipml(run: usize, steps: u32, first: u32, end: u32): void { zipml.advance(changetype<ZipmlRun>(run), steps, first, end); }
export function packZipml(run: usize, x: usize, first: u32, count: u32): void { zipml.pack(changetype<ZipmlRun>(run), x, first, count); }
export function variancesZipml(run: usize, x: usize, first: u32, count: u32, sums: usize): void { zipml.variances(changetype<ZipmlRun>(run), x, first, count, sums); }
export function outlineZipml(run: usize, x: usize, first: u32, count: u32): void { zipml.outline(changetype<ZipmlRun>(run), x, first, count); }

// kernel/sparse
export function sparseFirstBad(starts: usize, indices: usize, rows: i32, cols: u32): f64 { return sparse.firstBad(starts, indices, rows, cols); }
export function sparseColumns(indices: usize, values: usize, count: i32, low: usize, high: usize, entries: usize, whole: usize): f64 { return sparse.columns(indices, values, count, low, high, entries, whole); }
export function sparseSlotBytes(): usize { return sparse.slotBytes(); }
export function sparseDistinct(values: usize, count: i32, table: usize, slots: usize, found: u32, most: u32, out: usize): i32 { return sparse.distinct(values, count, table, slots, found, most, out); }
export function sparseToBytes(from: usize, to: usize, count: i32): void { sparse.toBytes(from, to, count); }
export function sparseStarts(starts: usize, index: usize, rows: i32, out: usize): f64 { return sparse.startsOf(starts, index, rows, out); }
export function sparseGather(starts: usize, index: usize, rows: i32, from: usize, bytes: usize, out: usize): void { sparse.gather(starts, index, rows, from, bytes, out); }
export function interleave(from: usize, cols: i32, classes: i32, to: usize, pitch: i32): void { sparse.interleave(from, cols, classes, to, pitch); }
export function separate(from: usize, cols: i32, classes: i32, to: usize, pitch: i32): void { sparse.separate(from, cols, classes, to, pitch); }
export function sparseMarginsI8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<i8>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientI8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<i8>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseRowSquaresI8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, weight: usize, out: usize): void { sparse.rowSquares<i8>(starts, indices, values, table, rows, weight, out); }
export function sparseRowSquaresU8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, weight: usize, out: usize): void { sparse.rowSquares<u8>(starts, indices, values, table, rows, weight, out); }
export function sparseRowSquaresT8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, weight: usize, out: usize): void { sparse.rowSquares<T8>(starts, indices, values, table, rows, weight, out); }
export function sparseMomentsI8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, q: usize, s: usize): f64 { return sparse.moments<i8>(starts, indices, values, table, rows, d, q, s); }
export function sparseGramI8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<i8>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeI8(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<i8>(indices, values, table, count, inverse, codes); }
export function sparseQuantizeU8(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<u8>(indices, values, table, count, inverse, codes); }
export function sparseMarginsU8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<u8>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientU8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<u8>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseMomentsU8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, q: usize, s: usize): f64 { return sparse.moments<u8>(starts, indices, values, table, rows, d, q, s); }
export function sparseGramU8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<u8>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeI16(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<i16>(indices, values, table, count, inverse, codes); }
export function sparseMarginsI16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<i16>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientI16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<i16>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseGramI16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<i16>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeF32(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<f32>(indices, values, table, count, inverse, codes); }
export function sparseMarginsF32(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<f32>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientF32(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<f32>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseGramF32(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<f32>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeF64(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<f64>(indices, values, table, count, inverse, codes); }
export function sparseMarginsF64(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<f64>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientF64(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<f64>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseGramF64(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<f64>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeT8(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<T8>(indices, values, table, count, inverse, codes); }
export function sparseMarginsT8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<T8>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientT8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<T8>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseMomentsT8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, q: usize, s: usize): f64 { return sparse.moments<T8>(starts, indices, values, table, rows, d, q, s); }
export function sparseGramT8(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<T8>(starts, indices, values, table, rows, d, cols, g); }
export function sparseQuantizeT16(indices: usize, values: usize, table: usize, count: i32, inverse: usize, codes: usize): void { sparse.quantize<T16>(indices, values, table, count, inverse, codes); }
export function sparseMarginsT16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, w: usize, pitch: i32, bias: usize, classes: i32, m: usize): void { sparse.margins<T16>(starts, indices, values, table, rows, w, pitch, bias, classes, m); }
export function sparseGradientT16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, c: usize, classes: i32, g: usize, pitch: i32): void { sparse.gradient<T16>(starts, indices, values, table, rows, c, classes, g, pitch); }
export function sparseGramT16(starts: usize, indices: usize, values: usize, table: usize, rows: i32, d: usize, cols: i32, g: usize): void { sparse.gram<T16>(starts, indices, values, table, rows, d, cols, g); }

// solver/sparse-spectrum
export function sparseMaxRowNorm(starts: usize, codes: usize, rows: i32, intercept: f64, weights: usize): f64 { return sparseSpectrum.maxRowNorm(starts, codes, rows, intercept, weights); }
export function sparseEigenvalue(starts: usize, indices: usize, codes: usize, rows: i32, cols: i32, intercept: f64, weights: usize, iterations: i32, p: usize, q: usize, t: usize, shift: usize): f64 { return sparseSpectrum.largestEigenvalue(starts, indices, codes, rows, cols, intercept, weights, iterations, p, q, t, shift); }
