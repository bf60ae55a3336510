"""Writes test/fixtures/spatialde.json: SpatialDE on a small tissue. Needs Python 3.8, numpy < 1.20, scipy < 1.6, pandas < 1.3 and SpatialDE 1.1.3."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import SpatialDE

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
n = 150
places = np.round(rng.uniform(0, 10, (n, 2)), 3)
x, y = places.T
patterns = [0 * x, 0.3 * x, 1.5 * np.sin(x), np.sin(2 * y), 3.0 * ((x - 5) ** 2 + (y - 4) ** 2 < 6), 0.4 * np.sin(x), 0 * x, np.sin(4 * x)]
values = np.round(np.stack([rng.normal(0, 1, n) + p for p in patterns], axis=1), 3)
scales = [0.1, 0.3, 0.9, 2.7, 8.1]
table = pd.DataFrame(values, columns=[f"g{j}" for j in range(len(patterns))])
found = SpatialDE.run(places, table, {"SE": scales, "const": 0}).set_index("g").loc[table.columns]
out = {
    "tool": f"SpatialDE 1.1.3, numpy {np.__version__}",
    "n": n,
    "places": places.ravel().tolist(),
    "values": values.ravel().tolist(),
    "length_scales": scales,
    "llr": found["LLR"].round(6).tolist(),
    "fsv": found["FSV"].round(6).tolist(),
    "l": found["l"].tolist(),
}
target = Path(__file__).parent.parent / "fixtures" / "spatialde.json"
target.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(target.stat().st_size, out["llr"], out["fsv"], out["l"])
