// SPDX-License-Identifier: Apache-2.0
// The generator of the C++ engine (plumb/core/rng.h), bit for bit: Philox4x32-10 keyed by seed and stream name, so
// that a network here has the very weights and data that `plumb probe` draws.

const kMask64 = (1n << 64n) - 1n;

/** The finaliser of SplitMix64. */
function mix(value: bigint): bigint {
  let v = (value + 0x9e3779b97f4a7c15n) & kMask64;
  v = ((v ^ (v >> 30n)) * 0xbf58476d1ce4e5b9n) & kMask64;
  v = ((v ^ (v >> 27n)) * 0x94d049bb133111ebn) & kMask64;
  return v ^ (v >> 31n);
}

/** FNV-1a of the text's bytes; names of streams are ASCII. */
function hash(text: string): bigint {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; ++i) value = ((value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & kMask64;
  return value;
}

/** The upper half of a product of two 32-bit numbers. */
function high(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const low = (middle & 0xffff) + a0 * b1;
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(low / 65536)) >>> 0;
}

const kTwo32 = 4294967296;
const kTwoMinus53 = 2 ** -53;

export class Rng {
  private readonly key0: number;
  private readonly key1: number;
  private readonly c = new Uint32Array(4);

  private constructor(key: bigint) {
    this.key0 = Number(key & 0xffffffffn);
    this.key1 = Number(key >> 32n);
  }

  static of(seed: number, stream: string): Rng {
    return new Rng(mix(mix(BigInt(seed)) ^ hash(stream)));
  }

  /** A generator of its own for a numbered part. */
  child(number: number): Rng {
    const key = (BigInt(this.key1) << 32n) | BigInt(this.key0);
    return new Rng(mix(key ^ mix(BigInt(number))));
  }

  private block(index: number): void {
    const c = this.c;
    let key0 = this.key0;
    let key1 = this.key1;
    let c0 = index >>> 0;
    let c1 = Math.floor(index / kTwo32) >>> 0;
    let c2 = 0;
    let c3 = 0;
    for (let round = 0; round < 10; ++round) {
      const high0 = high(0xd2511f53, c0);
      const low0 = Math.imul(0xd2511f53, c0);
      const high1 = high(0xcd9e8d57, c2);
      const low1 = Math.imul(0xcd9e8d57, c2);
      c0 = (high1 ^ c1 ^ key0) >>> 0;
      c1 = low1 >>> 0;
      c2 = (high0 ^ c3 ^ key1) >>> 0;
      c3 = low0 >>> 0;
      key0 = (key0 + 0x9e3779b9) >>> 0;
      key1 = (key1 + 0xbb67ae85) >>> 0;
    }
    c[0] = c0;
    c[1] = c1;
    c[2] = c2;
    c[3] = c3;
  }

  /** The upper 53 of the 64 bits (high, low), in [0, 1). */
  private static unit(low: number, highPart: number): number {
    return (highPart * 2097152 + (low >>> 11)) * kTwoMinus53;
  }

  uniform(index: number): number {
    this.block(index);
    return Rng.unit(this.c[0]!, this.c[1]!);
  }

  /** Mean 0, variance 1, by Box and Muller. */
  normal(index: number): number {
    this.block(index);
    const c = this.c;
    const radius = Math.sqrt(-2 * Math.log(1 - Rng.unit(c[0]!, c[1]!)));
    return radius * Math.cos(2 * Math.PI * Rng.unit(c[2]!, c[3]!));
  }

  private below(index: number, n: number): number {
    this.block(index);
    const bits = (BigInt(this.c[1]!) << 32n) | BigInt(this.c[0]!);
    return Number((bits * BigInt(n)) >> 64n);
  }

  /** Of 0 .. n - 1 (Fisher and Yates). */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n; i > 1; --i) {
      const j = this.below(i, i);
      [order[i - 1], order[j]] = [order[j]!, order[i - 1]!];
    }
    return order;
  }
}
