"""Makes test/fixtures/contiguity.json: polygons and which of them touch.

Run with libpysal 4.15.1, shapely 2.2.0, geopandas 1.x. `parts`: a Voronoi partition, `queen` and `rook` by libpysal, `borders` the length of
common boundary by shapely for each pair of `rook`. `cells`: irregular outlines with holes that may overlap; for each tolerance the pairs
whose boundaries are that near, and the length of each one's boundary within the tolerance of the other's (mean of both).
"""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from libpysal.weights import Queen, Rook

rng = np.random.default_rng(6)


def rings(polygon):
    return [np.asarray(r.coords).tolist() for r in [polygon.exterior, *polygon.interiors]]


points = shapely.MultiPoint(rng.uniform(0, 40, (30, 2)))
clipped = [shapely.intersection(p, shapely.box(0, 0, 40, 40)) for p in shapely.voronoi_polygons(points).geoms]
snapped = shapely.set_precision(clipped, 0.001, mode="pointwise")
frame = gpd.GeoDataFrame(geometry=snapped)
queen, rook = Queen.from_dataframe(frame, use_index=False), Rook.from_dataframe(frame, use_index=False)
pairs = [[i, j] for i in range(len(frame)) for j in sorted(rook.neighbors[i]) if j > i]
borders = [shapely.intersection(snapped[i], snapped[j]).length for i, j in pairs]

cells = []
while len(cells) < 25:
    x, y = rng.uniform(0, 40, 2)
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 20)))
    r = rng.choice([2, 5]) * rng.uniform(0.6, 1, len(angle))
    cell = shapely.Polygon(np.round(np.column_stack([x + r * np.cos(angle), y + r * np.sin(angle)]), 3))
    hole = shapely.Polygon(np.round(np.array([[x, y], [x + 0.5, y], [x, y + 0.5]]), 3))
    if cell.is_valid:
        cells.append(cell.difference(hole) if cell.contains(hole) else cell)
near = []
for tolerance in [0.05, 0.6, 2.5]:
    found = []
    for i, a in enumerate(cells):
        for j in range(i + 1, len(cells)):
            b = cells[j]
            if a.boundary.distance(b.boundary) <= tolerance:
                ways = [u.boundary.intersection(v.boundary.buffer(tolerance, 256)).length for u, v in [(a, b), (b, a)]]
                found.append([i, j, round(sum(ways) / 2, 6)])
    near.append({"tolerance": tolerance, "pairs": found})

out = {
    "parts": [rings(p) for p in snapped],
    "queen": [sorted(queen.neighbors[i]) for i in range(len(frame))],
    "rook": [sorted(rook.neighbors[i]) for i in range(len(frame))],
    "borders": [[i, j, round(b, 9)] for (i, j), b in zip(pairs, borders, strict=True)],
    "cells": [rings(c) for c in cells],
    "near": near,
}
target = Path(__file__).parent.parent / "fixtures" / "contiguity.json"
target.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print({k: len(v) for k, v in out.items()}, [len(n["pairs"]) for n in near], target.stat().st_size)
