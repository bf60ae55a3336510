"""Reads FOLDER/result.h5ad with anndata and compares it, value for value, with the arrays of FOLDER/manifest.json."""
import json
import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp
from PIL import Image

warnings.filterwarnings("error", category=anndata.OldFormatWarning)
folder = Path(sys.argv[1])
want = json.loads((folder / "manifest.json").read_text())
a = anndata.read_h5ad(folder / "result.h5ad")
checked = []


def raw(ref):
    return np.frombuffer((folder / ref["file"]).read_bytes(), dtype=ref["type"])


def same(what, found, expected, dtype=None):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, wanted {expected.shape}"
    if dtype is not None:
        assert found.dtype == dtype, f"{what}: dtype {found.dtype}, wanted {dtype}"
    equal = np.array_equal(found, expected, equal_nan=found.dtype.kind == "f")
    assert equal, f"{what}: values differ"
    checked.append(what)


def matrix(what, found, ref):
    shape = tuple(ref["shape"])
    assert found.shape == shape, f"{what}: shape {found.shape}, wanted {shape}"
    if ref["kind"] == "dense":
        data = raw(ref["data"]).reshape(shape)
        same(what, found, data, data.dtype)
        return
    assert sp.issparse(found) and found.format == "csr", f"{what}: must be CSR, found {type(found)}"
    same(f"{what}.indptr", found.indptr, raw(ref["indptr"]))
    same(f"{what}.indices", found.indices, raw(ref["indices"]))
    same(f"{what}.data", found.data, raw(ref["data"]), np.float32)


def table(what, found, ref):
    same(f"{what} names", found.index.to_numpy().astype(str), np.array(ref["ids"], dtype=str))
    for name, column in ref["columns"].items():
        got = found[name]
        if column["kind"] == "categorical":
            assert isinstance(got.dtype, pd.CategoricalDtype), f"{what}.{name}: must be categorical, found {got.dtype}"
            same(f"{what}.{name} codes", got.cat.codes.to_numpy(), raw(column["codes"]))
            same(f"{what}.{name} categories", np.array(list(got.cat.categories), dtype=str), np.array(column["categories"], dtype=str))
        elif column["kind"] == "strings":
            same(f"{what}.{name}", got.to_numpy().astype(str), np.array(column["values"], dtype=str))
        else:
            data = raw(column)
            if data.dtype == np.uint8:
                same(f"{what}.{name}", got.to_numpy(), data.astype(bool), np.bool_)
            else:
                same(f"{what}.{name}", got.to_numpy(), data, data.dtype)


table("obs", a.obs, want["cells"])
table("var", a.var, want["genes"])
layers = want["layers"]
main = "log" if "log" in layers else None
if main is not None:
    matrix("X", a.X, layers[main])
elif want["counts"] is not None:
    matrix("X", a.X, want["counts"])
else:
    main = next(iter(layers))
    matrix("X", a.X, layers[main])
if want["counts"] is not None and main is not None:
    matrix("layers/counts", a.layers["counts"], want["counts"])
for name, ref in layers.items():
    if name != main:
        matrix(f"layers/{name}", a.layers[name], ref)
if want["positions"] is not None:
    matrix("obsm/spatial", a.obsm["spatial"], want["positions"])
for name, ref in want["embeddings"].items():
    matrix(f"obsm/X_{name}", a.obsm[f"X_{name}"], ref)
for name, g in want["graphs"].items():
    prefix = "" if name == "expression" else f"{name}_"
    for kind, values in (("connectivities", "weights"), ("distances", "distances")):
        got = sp.csr_matrix(a.obsp[f"{prefix}{kind}"])
        dense = sp.csr_matrix((raw(g[values]).astype(np.float64), raw(g["indices"]).astype(np.int64), raw(g["indptr"]).astype(np.int64)), shape=tuple(g["shape"]))
        assert got.shape == dense.shape, f"obsp/{prefix}{kind}: shape {got.shape}"
        same(f"obsp/{prefix}{kind}", (got.astype(np.float64) != dense).nnz, 0)
for image in want["images"]:
    if image["origin"] is not None:  # AnnData has no place for where an image begins
        continue
    (library,) = a.uns["spatial"].keys()
    got = a.uns["spatial"][library]["images"][image["name"]]
    pixels = np.asarray(Image.open(folder / image["file"]).convert("RGB"))
    same(f"image {image['name']}", got[..., :3], pixels, np.uint8)
    scale = a.uns["spatial"][library]["scalefactors"][f"tissue_{image['name']}_scalef"]
    assert float(scale) == image["scale"], f"scale of {image['name']}: {scale}"
print(f"{len(checked)} parts equal: {a.shape[0]} x {a.shape[1]}")
