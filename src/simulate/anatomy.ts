import { type Rng, stream } from "../core/rng.ts";
import { atan2, cos, hypot, PI, sin } from "../kernels/math.ts";
import { shuffle } from "../kernels/random.ts";

/**
 * The tissue without its cells: an outline and true modules. Coordinates are in units of the tissue's mean radius
 * around its middle: curved layers from one side to the other, with islands in them.
 */
export interface Anatomy {
  /** How far out a point lies: below 1 inside the tissue's outline. */
  readonly reach: (u: number, v: number) => number;
  /** True module of a point: layers first, then kinds of island. */
  readonly moduleAt: (u: number, v: number) => number;
  readonly layers: number;
  readonly islands: number;
}

/** Draws outline, layers and islands. Each module takes about the same share of the tissue. */
export function growAnatomy(seed: number, modules: number): Anatomy {
  const outline = stream(seed, 1, 0);
  const bumps = [2, 3, 4, 5].map((k) => ({ k, size: 0.16 / k, phase: 2 * PI * outline.uniform() }));
  const reach = (u: number, v: number): number => {
    const angle = atan2(v, u);
    let radius = 1;
    for (const b of bumps) radius += b.size * cos(b.k * angle + b.phase);
    return hypot(u, v) / radius;
  };

  const kinds = modules >= 5 ? 2 : 1;
  const layers = modules - kinds;
  const islands = placeIslands(stream(seed, 1, 1), reach, kinds, modules);
  const inIsland = (u: number, v: number): number => {
    for (const i of islands) {
      const wobble = 1 + 0.12 * cos(3 * atan2(v - i.v, u - i.u) + i.phase);
      if (hypot(u - i.u, v - i.v) < i.radius * wobble) return layers + i.kind;
    }
    return -1;
  };

  const fold = stream(seed, 1, 2);
  const angle = 2 * PI * fold.uniform();
  const across = { x: cos(angle), y: sin(angle) };
  const bend = (fold.below(2) === 0 ? 1 : -1) * (0.25 + 0.2 * fold.uniform());
  const wave = { size: 0.05 + 0.05 * fold.uniform(), phase: 2 * PI * fold.uniform() };
  const depth = (u: number, v: number): number => {
    const along = u * across.x + v * across.y;
    return v * across.x - u * across.y + bend * along * along + wave.size * sin(4 * along + wave.phase);
  };

  // Cuts between layers: equal shares of a fine grid of points outside the islands.
  const depths: number[] = [];
  for (let a = -60; a <= 60; a++) {
    for (let b = -60; b <= 60; b++) {
      const u = a / 45;
      const v = b / 45;
      if (reach(u, v) < 1 && inIsland(u, v) < 0) depths.push(depth(u, v));
    }
  }
  depths.sort((a, b) => a - b);
  const cuts = Array.from(
    { length: layers - 1 },
    (_, k) => depths[Math.floor(((k + 1) / layers) * depths.length)],
  );

  const moduleAt = (u: number, v: number): number => {
    const island = inIsland(u, v);
    if (island >= 0) return island;
    const d = depth(u, v);
    let layer = 0;
    while (layer < cuts.length && d >= cuts[layer]) layer++;
    return layer;
  };
  return { reach, moduleAt, layers, islands: kinds };
}

interface Island {
  readonly kind: number;
  readonly u: number;
  readonly v: number;
  readonly radius: number;
  readonly phase: number;
}

/** Two islands of each kind, apart from each other and from the outline, together one module's share of the area. */
function placeIslands(
  rng: Rng,
  reach: (u: number, v: number) => number,
  kinds: number,
  modules: number,
): readonly Island[] {
  const islands: Island[] = [];
  const kindOf = shuffle(
    rng,
    Uint8Array.from({ length: 2 * kinds }, (_, k) => k % kinds),
  );
  let radius = Math.sqrt(1 / (2 * modules));
  for (let tries = 0; islands.length < kindOf.length; tries++) {
    if (tries % 100 === 99) radius *= 0.95;
    const u = 2 * rng.uniform() - 1;
    const v = 2 * rng.uniform() - 1;
    if (reach(u, v) > 1 - 1.2 * radius) continue;
    if (islands.some((i) => hypot(u - i.u, v - i.v) < 1.2 * (radius + i.radius))) continue;
    islands.push({ kind: kindOf[islands.length], u, v, radius, phase: 2 * PI * rng.uniform() });
  }
  return islands;
}
