"""What Python finds in each real sample: the table that test/io/real.test.ts compares readSample with.

usage: read_real.py FOLDER > test/fixtures/real-samples.json, FOLDER holding the sets by name.
Made with Python 3.12, anndata 0.13.4, h5py 3.16, pandas 3.1, pyarrow 26.0, scipy 1.18. Every sample is read by these, never by
tissular: counts by h5py, scipy.io, pandas or anndata; places by pandas; joins by pandas' index.
"""

import gzip
import json
import re
import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp

warnings.filterwarnings("ignore")
root = Path(sys.argv[1])
GENES = "Gene Expression"
# Keep "NA" and the like as the names they are.
TEXT = {"keep_default_na": False, "na_values": [""]}


def texts(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def tenx_h5(path):
    """ids, feature ids, kinds, counts of a 10x HDF5 matrix of either schema."""
    with h5py.File(path) as f:
        if "matrix" in f:
            groups = [f["matrix"]]
        else:
            groups = [f[g] for g in f]
        parts, features, kinds = [], [], []
        for g in groups:
            shape = [int(v) for v in g["shape"][()]]
            parts.append(sp.csc_matrix((g["data"][()], g["indices"][()].astype(np.int64), g["indptr"][()].astype(np.int64)), shape=shape).T)
            if "features" in g:
                features += texts(g["features/id"][()])
                kinds += texts(g["features/feature_type"][()])
            else:
                features += texts(g["genes"][()])
                kinds += [GENES] * shape[0]
        return texts(groups[0]["barcodes"][()]), features, kinds, sp.hstack(parts).tocsr()


def tenx_mtx(folder):
    def lines(*names):
        for name in names:
            for path in (folder / name, folder / f"{name}.gz"):
                if path.exists():
                    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
                    return [line.rstrip("\n").split("\t") for line in opened]

    path = next(p for p in (folder / "matrix.mtx.gz", folder / "matrix.mtx") if p.exists())
    features = lines("features.tsv", "genes.tsv")
    kinds = [f[2] if len(f) > 2 else GENES for f in features]
    return [b[0] for b in lines("barcodes.tsv")], [f[0] for f in features], kinds, scipy.io.mmread(path).T.tocsr()


def visium_positions(spatial):
    names = ["barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres"]
    if (spatial / "tissue_positions.parquet").exists():
        table = pd.read_parquet(spatial / "tissue_positions.parquet")
    elif (spatial / "tissue_positions.csv").exists():
        table = pd.read_csv(spatial / "tissue_positions.csv")
    else:
        table = pd.read_csv(spatial / "tissue_positions_list.csv", header=None, names=names)
    return table.set_index("barcode")[["pxl_col_in_fullres", "pxl_row_in_fullres"]]


def summary(platform, ids, features, kinds, x, xy=None):
    """Rows without a place are left out; features of other kinds are summed by kind."""
    ids, kinds = [str(i) for i in ids], np.asarray(kinds)
    x = sp.csr_matrix(x, dtype=np.float64)
    if xy is not None:
        xy = xy.copy()
        xy.index = xy.index.map(str)
        placed = xy.reindex(ids).to_numpy(dtype=np.float64)
        keep = np.isfinite(placed).all(axis=1)
        ids, x, placed = [i for i, k in zip(ids, keep) if k], x[keep], placed[keep]
    main = GENES if GENES in kinds else kinds[0]
    genes = x[:, np.flatnonzero(kinds == main)].tocsr()
    genes.eliminate_zeros()
    coo = genes.tocoo()
    row = np.arange(1, len(ids) + 1)
    return {
        "platform": platform,
        "n": genes.shape[0],
        "p": genes.shape[1],
        "nonZero": int(coo.nnz),
        "sum": float(coo.data.sum()),
        "byRow": float((coo.data * (coo.row + 1)).sum()),
        "byColumn": float((coo.data * (coo.col + 1)).sum()),
        "xy": None if xy is None else [float(placed[:, 0].sum()), float(placed[:, 1].sum()), float((placed[:, 0] * row).sum() / row.sum())],
        "features": {k: float(x[:, np.flatnonzero(kinds == k)].sum()) for k in sorted(set(kinds) - {main})},
        "first": ids[0],
        "last": ids[-1],
    }


def visium(folder, matrix="filtered_feature_bc_matrix.h5"):
    outs = root / folder
    read = tenx_h5(outs / matrix) if matrix.endswith(".h5") else tenx_mtx(outs / matrix)
    return summary("visium", *read, visium_positions(outs / "spatial"))


def bins(size):
    outs = root / "visium_hd_seurat" / "binned_outputs" / f"square_{size:03}um"
    return summary("visium-hd", *tenx_h5(outs / "filtered_feature_bc_matrix.h5"), visium_positions(outs / "spatial"))


def xenium(folder):
    outs = root / folder
    cells = pd.read_csv(outs / "cells.csv.gz", dtype={"cell_id": str}).set_index("cell_id")
    return summary("xenium", *tenx_h5(outs / "cell_feature_matrix.h5"), cells[["x_centroid", "y_centroid"]])


def merscope(folder, prefix=""):
    counts = pd.read_csv(root / folder / f"{prefix}cell_by_gene.csv", dtype={0: str}, index_col=0)
    cells = pd.read_csv(root / folder / f"{prefix}cell_metadata.csv", dtype={0: str}, index_col=0)
    kinds = ["Blank" if re.match("blank[-_. ]", g, re.I) else GENES for g in counts.columns]
    return summary("merscope", counts.index, counts.columns, kinds, counts.to_numpy(), cells[["center_x", "center_y"]])


def cosmx(folder, name):
    def table(what):
        t = pd.read_csv(root / folder / f"{name}_{what}_file.csv")
        return t.set_index(t["fov"].astype(str) + "_" + t["cell_ID"].astype(str))

    counts, cells = table("exprMat").query("cell_ID != 0"), table("metadata")
    genes = counts.drop(columns=["fov", "cell_ID", "cell"], errors="ignore")
    kinds = ["Negative Control Probe" if re.match("NegPrb|Negative", g) else GENES for g in genes.columns]
    xy = cells[["CenterX_global_px", "CenterY_global_px"]].copy()
    inside = cells.groupby("fov")[["CenterY_local_px", "CenterY_global_px"]].corr().xs("CenterY_local_px", level=1)["CenterY_global_px"]
    if (inside < 0).any():  # local y down, global y up
        xy["CenterY_global_px"] *= -1
    return summary("cosmx", counts.index, genes.columns, kinds, genes.to_numpy(), xy)


def table(platform, counts, xy):
    return summary(platform, counts.index, counts.columns, [GENES] * counts.shape[1], counts.to_numpy(), xy)


def seqfish():
    folder = root / "seqfish_mini_seio"
    counts = pd.read_csv(folder / "TestSetSmall_CellxGene.csv", index_col=0)
    cells = pd.read_csv(folder / "TestSetSmall_CellCoordinates.csv", index_col="label")
    return table("seqfish", counts, cells[["center_x", "center_y"]])


def hippocampus():
    folder = root / "seqfish_hippo_f43"
    counts = pd.read_csv(folder / "seqFISH_field43_countdata.csv", index_col=0)
    return table("table", counts, pd.read_csv(folder / "seqFISH_field43_info.csv", index_col=0)[["x", "y"]])


def cortex():
    folder = root / "miniseqfish_giotto"
    counts = pd.read_csv(folder / "seqfish_field_expr.txt.gz", sep=r"\s+", index_col=0, **TEXT).T
    xy = pd.read_csv(folder / "seqfish_field_locs.txt", sep=r"\s+", header=None)
    return table("table", counts, xy.set_index(counts.index))


def osmfish():
    folder = root / "osmfish_sscortex"
    counts = pd.read_csv(folder / "count_matrix" / "osmFISH_prep_expression.txt", sep=r"\s+", index_col=0, **TEXT).T
    xy = pd.read_csv(folder / "cell_locations" / "osmFISH_prep_cell_coordinates.txt", sep="\t", index_col=0)
    return table("table", counts, xy[["X", "Y"]])


def moffitt():
    frame = pd.read_csv(root / "merfish_moffitt_hypothalamus" / "Moffitt_animal1_bregma0.26.csv.gz", index_col="Cell_ID")
    facts = ["Animal_ID", "Animal_sex", "Behavior", "Bregma", "Centroid_X", "Centroid_Y", "Cell_class", "Neuron_cluster_ID"]
    genes = frame.drop(columns=facts, errors="ignore").fillna(0)
    kinds = ["Blank" if g.startswith("Blank") else GENES for g in genes.columns]
    xy = frame[["Centroid_X", "Centroid_Y"]]
    return summary("merfish", genes.index, genes.columns, kinds, genes.to_numpy(dtype=np.float32), xy)


def st(section):
    folder = root / "st_her2st"
    counts = pd.read_csv(folder / "ST-cnts" / f"{section}.tsv.gz", sep="\t", index_col=0)
    spots = pd.read_csv(folder / "ST-spotfiles" / f"{section}_selection.tsv", sep="\t")
    spots = spots[spots["selected"] == 1]
    spots.index = spots["x"].astype(str) + "x" + spots["y"].astype(str)
    return table("st", counts, spots[["new_x", "new_y"]])


def paste():
    counts = pd.read_csv(root / "st_paste_breast" / "slice1.csv", index_col=0)
    xy = pd.DataFrame([name.split("x") for name in counts.index], index=counts.index).astype(float)
    return table("st", counts, xy)


def starmap_plus():
    folder = root / "starmapplus_mini_seio"
    counts = pd.read_csv(folder / "mockraw_expression_pd.csv", index_col=0).T
    xy = pd.read_csv(folder / "mock_spatial.csv", skiprows=[1], index_col="NAME")
    return table("table", counts, xy[["X", "Y"]])


def loom():
    with h5py.File(root / "osmfish_sscortex" / "raw_data" / "osmFISH_SScortex_mouse_all_cells.loom") as f:
        ids, genes = texts(f["col_attrs/CellID"][()]), texts(f["row_attrs/Gene"][()])
        xy = pd.DataFrame({"x": f["col_attrs/X"][()], "y": f["col_attrs/Y"][()]}, index=ids)
        return summary("loom", ids, genes, [GENES] * len(genes), f["matrix"][()].T, xy)


def h5ad(name, layer=None):
    a = anndata.read_h5ad(root / name)
    x = a.X if layer is None else a.layers[layer]
    key = next((k for k in ("spatial", "X_spatial") if k in a.obsm), None)
    xy = None if key is None else pd.DataFrame(np.asarray(a.obsm[key])[:, :2], index=a.obs_names)
    return summary("h5ad", a.obs_names, a.var_names, [GENES] * a.n_vars, x, xy)


def archive(name):
    a = anndata.read_h5ad(root / "h5ad_legacy_archives" / "v0.7.0" / "adata.h5ad")
    return summary("h5ad" if name.endswith(".h5ad") else "anndata-zarr", a.obs_names, a.var_names, [GENES] * a.n_vars, a.X)


def spatialdata(store):
    a = anndata.read_zarr(root / store / "tables" / "table")
    kinds = list(a.var["feature_types"].astype(str)) if "feature_types" in a.var else [GENES] * a.n_vars
    xy = pd.DataFrame(np.asarray(a.obsm["spatial"]), index=a.obs_names) if "spatial" in a.obsm else None
    return summary("spatialdata", a.obs_names, a.var_names, kinds, a.X, xy)


def probes():
    return summary("10x-h5", *tenx_h5(root / "visium_v2_probe_scanpy" / "raw_probe_bc_matrix.h5"))


def tenx(path):
    full = root / "tenx_edgecases_scanpy" / path
    return summary("10x-mtx", *tenx_mtx(full)) if full.is_dir() else summary("10x-h5", *tenx_h5(full))


v2 = "1.2.0/filtered_gene_bc_matrices"
samples = {
    "visium_dlpfc_151673": lambda: visium("visium_dlpfc_151673"),
    "visium_dlpfc_151674": lambda: visium("visium_dlpfc_151674"),
    "visium_v1_msti_breast": lambda: visium("visium_v1_msti_breast/outs", "filtered_feature_bc_matrix"),
    "visium_v1_scanpy": lambda: visium("visium_v1_scanpy"),
    "visium_v1_seurat": lambda: visium("visium_v1_seurat"),
    "visium_mtx_tiny_visiumio/section1": lambda: visium("visium_mtx_tiny_visiumio/section1/outs", "raw_feature_bc_matrix.h5"),
    "visium_mtx_tiny_visiumio/section2": lambda: visium("visium_mtx_tiny_visiumio/section2/outs", "raw_feature_bc_matrix.h5"),
    "visium_sr2_tiny_sfe/sample01": lambda: visium("visium_sr2_tiny_sfe/sample01/outs", "filtered_feature_bc_matrix"),
    "visium_sr2_tiny_sfe/sample02": lambda: visium("visium_sr2_tiny_sfe/sample02/outs", "filtered_feature_bc_matrix"),
    "visium_v2_probe_scanpy": probes,
    "visium_hd_seurat": lambda: bins(8),
    "visium_hd_seurat/binned_outputs/square_016um": lambda: bins(16),
    "tenx_edgecases_scanpy/3.0.0/filtered_feature_bc_matrix.h5": lambda: tenx("3.0.0/filtered_feature_bc_matrix.h5"),
    "tenx_edgecases_scanpy/3.0.0/filtered_feature_bc_matrix": lambda: tenx("3.0.0/filtered_feature_bc_matrix"),
    f"tenx_edgecases_scanpy/{v2}_h5.h5": lambda: tenx(f"{v2}_h5.h5"),
    f"tenx_edgecases_scanpy/{v2}/hg19_chr21": lambda: tenx(f"{v2}/hg19_chr21"),
    "tenx_edgecases_scanpy/1.2.0/multiple_genomes.h5": lambda: tenx("1.2.0/multiple_genomes.h5"),
    "tenx_edgecases_scanpy/int-ids": lambda: tenx("int-ids"),
    "xenium_sfe": lambda: xenium("xenium_sfe"),
    "xenium_mini_seio": lambda: xenium("xenium_mini_seio"),
    "merscope_cellbound_sfe": lambda: merscope("merscope_cellbound_sfe"),
    "merscope_cellpose_sfe": lambda: merscope("merscope_cellpose_sfe/Cellpose", "cellpose_"),
    "merscope_small_drighelli": lambda: merscope("merscope_small_drighelli", "small_"),
    "merscope_mini_seio": lambda: merscope("merscope_mini_seio", "ovarian_p2s2_"),
    "cosmx_sfe": lambda: cosmx("cosmx_sfe", "Run5642_S3_Quarter"),
    "cosmx_small_drighelli": lambda: cosmx("cosmx_small_drighelli", "small_Lung9_Rep1"),
    "cosmx_mini_seio": lambda: cosmx("cosmx_mini_seio", "lung_p9s1"),
    "seqfish_mini_seio": seqfish,
    "seqfish_hippo_f43": hippocampus,
    "miniseqfish_giotto": cortex,
    "osmfish_sscortex": osmfish,
    "osmfish_sscortex/raw_data": loom,
    "merfish_moffitt_hypothalamus": moffitt,
    "st_her2st/ST-cnts/A1.tsv.gz": lambda: st("A1"),
    "st_her2st/ST-cnts/B1.tsv.gz": lambda: st("B1"),
    "st_paste_breast": paste,
    "starmapplus_mini_seio": starmap_plus,
    "starmap_mpfc": lambda: h5ad("starmap_mpfc/20180417_BZ5_control.h5ad"),
    "h5ad_dlpfc_151674/151674.h5ad": lambda: h5ad("h5ad_dlpfc_151674/151674.h5ad"),
    "h5ad_dlpfc_151674/151674_sub300x500_csc.h5ad": lambda: h5ad("h5ad_dlpfc_151674/151674_sub300x500_csc.h5ad"),
    "h5ad_dlpfc_151674/151674_sub300x500_dense.h5ad": lambda: h5ad("h5ad_dlpfc_151674/151674_sub300x500_dense.h5ad"),
    "h5ad_legacy_archives/v0.7.0/adata.h5ad": lambda: archive("adata.h5ad"),
    "h5ad_legacy_archives/v0.7.0/adata.zarr.zip": lambda: archive("adata.zarr.zip"),
    "squidpy_test_h5ad/test_data.h5ad": lambda: h5ad("squidpy_test_h5ad/test_data.h5ad"),
    "stlearn_bca": lambda: h5ad("stlearn_bca/test_data.h5"),
    "spatialdata_xenium_sfe/xenium_sfe_v2.zarr": lambda: spatialdata("spatialdata_xenium_sfe/xenium_sfe_v2.zarr"),
    "spatialdata_xenium_sfe/xenium_sfe_v3.zarr": lambda: spatialdata("spatialdata_xenium_sfe/xenium_sfe_v3.zarr"),
}
print(json.dumps({name: read() for name, read in samples.items()}, indent=1))
