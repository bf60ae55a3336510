/**
 * A stream of random numbers that is the same in every runtime. One stream belongs to one piece of work
 * (a permutation, a restart), so results never depend on how the work was divided.
 */
export interface Rng {
  /** A whole number in [0, 2^32). */
  u32(): number;
  /** A number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A whole number in [0, n), every value equally likely; n from 1 to 2^32 - 1. */
  below(n: number): number;
}

/** One step of a strong 32-bit mixing function (lowbias32 constants, C. Wellons 2018). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** The four words of state that the stream of a seed and positions below it starts from. */
export function streamState(
  seed: number,
  ...path: readonly number[]
): readonly [number, number, number, number] {
  let h = 0x9e3779b9;
  for (const part of [seed, ...path]) {
    h = mix(h ^ (part >>> 0));
    h = mix((h + Math.floor(part / 4294967296)) | 0);
  }
  return [mix(h + 1), mix(h + 2), mix(h + 3), mix(h + 4) | 1];
}

/**
 * The random stream of a seed and, optionally, of positions below it: `stream(seed, 3, 7)` is the 7th
 * part of the 3rd task. Different positions give independent streams. Generator: xoshiro128**
 * (Blackman and Vigna 2021, doi:10.1145/3460772), seeded by hashing.
 *
 * @param seed any whole number (53 bits are used)
 *
 * @example
 * ```ts
 * import { stream } from "tissular/core";
 * const a = stream(0, 1), b = stream(0, 1);
 * if (a.u32() !== b.u32()) throw new Error("same seed, same numbers");
 * ```
 */
export function stream(seed: number, ...path: readonly number[]): Rng {
  let [s0, s1, s2, s3] = streamState(seed, ...path);

  const u32 = (): number => {
    const m = Math.imul(s1, 5);
    const result = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };
  const uniform = (): number => ((u32() >>> 5) * 67108864 + (u32() >>> 6)) / 9007199254740992;
  const below = (n: number): number => {
    const limit = 4294967296 - (4294967296 % n);
    let x = u32();
    while (x >= limit) x = u32();
    return x % n;
  };
  return { u32, uniform, below };
}
