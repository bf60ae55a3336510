/** A neighbor in a list: squared distance, index, and whether the last merge brought it. */
export interface Entry {
  readonly s: number;
  readonly j: number;
  readonly fresh: boolean;
}

/** What `nearestLists` computes, by sets: pairs are collected and each point's nearest are sorted out at the merge. */
export function nearestTwin(points: Int16Array, width: number, kept: number, room: number) {
  const n = points.length / width;
  const lists: Entry[][] = Array.from({ length: n }, () => []);
  const met: Set<number>[] = Array.from({ length: n }, () => new Set());
  const squared = (i: number, j: number): number => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += (points[i * width + d] - points[j * width + d]) ** 2;
    return sum;
  };
  const meet = (i: number, j: number): void => {
    if (i === j) return;
    met[i].add(j);
    met[j].add(i);
  };
  const byDistance = (a: Entry, b: Entry): number => a.s - b.s || a.j - b.j;
  return {
    lists,
    compare(order: ArrayLike<number>, rectangles: ArrayLike<number>): void {
      for (let t = 0; t < rectangles.length; t += 4)
        for (let a = rectangles[t]; a < rectangles[t + 1]; a++)
          for (let b = rectangles[t + 2]; b < rectangles[t + 3]; b++) meet(order[a], order[b]);
    },
    compareNeighbors(): void {
      const around = lists.map((list) => new Map(list.map(({ j, fresh }) => [j, fresh])));
      lists.forEach((list, z) => {
        const incoming: { j: number; fresh: boolean }[] = [];
        let count = 0;
        lists.forEach((other, i) => {
          const entry = other.find(({ j }) => j === z);
          if (entry === undefined) return;
          const drawn = Math.floor(((Math.imul(i, 0x9e3779b1) >>> 0) * (count + 1)) / 2 ** 32);
          const place = count < kept ? count : drawn;
          if (place < kept) incoming[place] = { j: i, fresh: entry.fresh };
          count++;
        });
        for (const { j, fresh } of incoming) if (!list.some((e) => e.j === j)) around[z].set(j, fresh);
      });
      for (const members of around)
        for (const [a, freshA] of members)
          for (const [b, freshB] of members) if (freshA || freshB) meet(a, b);
    },
    merge(): void {
      lists.forEach((list, i) => {
        const found = [...met[i]]
          .filter((j) => !list.some((e) => e.j === j))
          .map((j) => ({ s: squared(i, j), j, fresh: true }));
        const near = found.sort(byDistance).slice(0, room);
        const old = list.map((e) => ({ ...e, fresh: false }));
        lists[i] = [...old, ...near].sort(byDistance).slice(0, kept);
        met[i].clear();
      });
    },
  };
}
