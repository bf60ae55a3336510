"""Writes test/fixtures/ripley.json: Ripley's K of 120 points in a rectangle by astropy (pip install astropy==8.0.2).

Python 3.12: python test/oracles/make_ripley.py
"""

import json
from pathlib import Path

import astropy
import numpy as np
from astropy.stats import RipleysKEstimator

rng = np.random.default_rng(6)
WIDE, HIGH = 30.0, 20.0
parents = rng.uniform((0, 0), (WIDE, HIGH), (40, 2))
points = np.concatenate([parents + rng.normal(0, 0.8, parents.shape) for _ in range(4)])
points = points[((points > 0) & (points < (WIDE, HIGH))).all(1)][:120].round(3)
radii = np.linspace(0.5, 9.5, 10)
estimator = RipleysKEstimator(area=WIDE * HIGH, x_min=0, x_max=WIDE, y_min=0, y_max=HIGH)


def curve(mode: str, data: np.ndarray) -> np.ndarray:
    return estimator.evaluate(data, radii, mode)


n = len(points)
fixture = {
    "tool": f"astropy {astropy.__version__}",
    "window": [0, 0, WIDE, HIGH],
    "points": points.ravel().tolist(),
    "distances": radii.tolist(),
    "none": curve("none", points).tolist(),
    "translation": curve("translation", points).tolist(),
    # astropy weighs a pair by its first point only, and divides by n where others have n - 1.
    "isotropic": ((curve("ripley", points) + curve("ripley", points[::-1])) / 2).tolist(),
    "border": (curve("var-width", points) * n / (n - 1)).tolist(),
}
path = Path(__file__).parent.parent / "fixtures" / "ripley.json"
path.write_text(json.dumps(fixture) + "\n")
