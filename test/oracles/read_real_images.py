"""What tifffile and spatialdata read of the images among the real samples: kind, shape and SHA-256 of the values.

Makes test/fixtures/io/real-images.json; holds no pixels.

    pip install numpy tifffile==2026.* imagecodecs spatialdata
    python test/oracles/read_real_images.py ../shared/data/st
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import spatialdata
import tifffile
import zarr

root = Path(sys.argv[1])
expected = {}


def note(name, values):
    values = np.ascontiguousarray(values)
    values = values.reshape((-1,) + values.shape[-2:])
    if values.dtype in (np.int64, np.uint64):
        values = values.astype(np.float64)
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    expected[name] = [str(values.dtype.newbyteorder("=")), list(values.shape), hashlib.sha256(data).hexdigest()]


for path in sorted(root.rglob("*.tif")):
    note(str(path.relative_to(root)), tifffile.imread(path))

for store in ["spatialdata_blobs_v3/blobs_v3.zarr", "spatialdata_xenium_sfe/xenium_sfe_v2.zarr", "spatialdata_blobs_v2/blobs.zarr"]:
    try:
        data = spatialdata.read_zarr(root / store, selection=("images", "labels"))
        elements = [(f"{kind}/{name}", e) for kind in ("images", "labels") for name, e in getattr(data, kind).items()]
    except Exception as reason:  # a store without a consolidated file of the usual name
        print(store, "is read by zarr alone:", type(reason).__name__)
        elements = []
        for kind in ("images", "labels"):
            for group in sorted((root / store / kind).iterdir()):
                if group.is_dir():
                    levels = sorted(p for p in group.iterdir() if p.is_dir())
                    elements.append((f"{kind}/{group.name}", [zarr.open_array(p, mode="r")[:] for p in levels]))
    for name, element in elements:
        if isinstance(element, list):
            levels = element
        elif hasattr(element, "children") and element.children:
            levels = [next(iter(level.dataset.values())).values for level in element.children.values()]
        else:
            levels = [element.values]
        for k, values in enumerate(levels):
            note(f"{store}#{name.split('/')[1]}#{k}", values)

target = Path(__file__).parent.parent / "fixtures" / "io" / "real-images.json"
tools = {"tifffile": tifffile.__version__, "spatialdata": spatialdata.__version__, "zarr": zarr.__version__}
target.write_text(json.dumps({"tools": tools, "images": expected}, indent=1) + "\n")
print(len(expected), "images")
