"""Reads an h5ad file with anndata and compares it, value for value and type for type, with what was written.

Usage: check_h5ad.py result.h5ad expected.json

expected.json (all parts but "obs_names" and "var_names" may be left out):
  obs_names, var_names   lists of names
  matrices               {"X" | layer | "obsp/..." | "obsm/...": {"shape", "dtype", "indptr", "indices", "data"}}
  dense                  {layer | "obsm/..." | "varm/...": {"shape", "dtype", "data"}}; missing numbers are null
  obs, var               {column: {"dtype": "bool" | "int32" | "float64" | "str" | "category", "values", "categories"}}
  images                 {library: {name: {"shape", "data"}}}
  uns                    {key: value}, scalars and lists
"""

import json
import sys
from importlib.metadata import version

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def same(what, found, wanted):
    np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted), err_msg=what)


def part(a, name):
    if name == "X":
        return a.X
    group, _, key = name.partition("/")
    return getattr(a, group)[key] if key else a.layers[name]


def check_matrix(a, name, want):
    x = part(a, name)
    assert sp.issparse(x) and x.format == "csr", (name, type(x))
    assert x.has_sorted_indices, name
    assert str(x.dtype) == want["dtype"], (name, x.dtype)
    same(name, x.shape, want["shape"])
    same(name, x.indptr, want["indptr"])
    same(name, x.indices, want["indices"])
    same(name, x.data.astype(np.float64), numbers(want["data"]))


def check_dense(a, name, want):
    x = part(a, name)
    assert isinstance(x, np.ndarray), (name, type(x))
    assert str(x.dtype) == want["dtype"], (name, x.dtype)
    same(name, x.shape, want["shape"])
    same(name, x.ravel().astype(np.float64), numbers(want["data"]))


def check_column(what, column, want):
    kind = want["dtype"]
    if kind == "category":
        assert isinstance(column.dtype, pd.CategoricalDtype) and not column.dtype.ordered, (what, column.dtype)
        same(what, column.cat.categories.astype(str), want["categories"])
        same(what, column.cat.codes, want["values"])
    elif kind == "str":
        same(what, column.astype(object), np.array(want["values"], dtype=object))
    else:
        assert str(column.dtype) == kind, (what, column.dtype)
        same(what, column.to_numpy().astype(np.float64), numbers(want["values"]))


def main(path, expected):
    a = anndata.read_h5ad(path)
    with open(expected, encoding="utf-8") as f:
        want = json.load(f)
    same("obs_names", a.obs_names, want["obs_names"])
    same("var_names", a.var_names, want["var_names"])
    for name, matrix in want.get("matrices", {}).items():
        check_matrix(a, name, matrix)
    for name, matrix in want.get("dense", {}).items():
        check_dense(a, name, matrix)
    for frame in ("obs", "var"):
        found = getattr(a, frame)
        if frame in want:
            same(f"{frame} columns", list(found.columns), list(want[frame]))
        for name, column in want.get(frame, {}).items():
            check_column(f"{frame}/{name}", found[name], column)
    for library, images in want.get("images", {}).items():
        slide = a.uns["spatial"][library]
        assert sorted(slide["images"]) == sorted(images), sorted(slide["images"])
        for name, image in images.items():
            x = slide["images"][name]
            assert x.dtype == np.uint8, (name, x.dtype)
            same(name, x.shape, image["shape"])
            same(name, x.ravel(), image["data"])
            assert slide["scalefactors"][f"tissue_{name}_scalef"] == image["scale"], name
    for key, value in want.get("uns", {}).items():
        same(f"uns/{key}", a.uns[key], value)
    a.copy()[: max(1, a.n_obs // 2)].copy()
    print(f"{path}: {a.n_obs} x {a.n_vars} as written (anndata {version('anndata')})")


if __name__ == "__main__":
    main(*sys.argv[1:])
