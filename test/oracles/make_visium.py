"""Makes test/fixtures/io/visium-cytassist.zip and visium-cytassist.json: a CytAssist run with proteins, on invented counts.

Run with h5py 3.16.0, numpy. Layout as Space Ranger 2.1 leaves it: filtered matrix with Gene Expression and Antibody Capture (columns
pattern, read, sequence, isotype_control, target_sets), raw_probe_bc_matrix.h5 of the same counts by probe (DEPRECATED_ ids, filtered_probes),
headered positions, scale factors with regist_target_img_scalef, molecule_info.h5, and a file as CellBender writes it (PyTables).
"""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np

out = Path(__file__).parent.parent / "fixtures" / "io"
rng = np.random.default_rng(5)
genes = [("ENSG00000010610", "CD4"), ("ENSG00000153563", "CD8A"), ("ENSG00000111640", "GAPDH"), ("ENSG00000141510", "TP53")]
proteins = [("CD4.1", "CD4.1"), ("mouse_IgG2a", "mouse_IgG2a")]
# probes: gene, number, kept by Space Ranger
probes = [(0, "a1b2c3d", 1), (0, "b2c3d4e", 1), (0, "c3d4e5f", 0), (1, "d4e5f6a", 1), (2, "e5f6a7b", 1), (2, "f6a7b8c", 1), (3, "a7b8c9d", 1)]
deprecated = ("DEPRECATED_ENSG00000000157", "ITGB2L", "2ef1e7b")
spots = [(r, c) for r in range(4) for c in range(r % 2, 8, 2)]
letters = np.array(list("ACGT"))
barcodes = ["".join(letters[rng.integers(0, 4, 16)]) + "-1" for _ in spots]
inside = [k for k in range(len(spots)) if k not in (0, 9)]

by_probe = rng.poisson(1.2, (len(spots), len(probes) + 1))
by_gene = np.zeros((len(spots), len(genes)), int)
for k, (gene, _, kept) in enumerate(probes):
    by_gene[:, gene] += kept * by_probe[:, k + 1]
by_protein = rng.poisson(30, (len(spots), len(proteins)))
files: dict[str, bytes] = {}


def h5(name: str, build) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        build(f)
    files[name] = buffer.getvalue()


def compressed(g: h5py.Group, rows: np.ndarray, names: list[str]) -> None:
    g["barcodes"] = np.array(names, "S18")
    g["data"] = rows[rows > 0].astype(np.int32)
    g["indices"] = np.nonzero(rows)[1].astype(np.int64)
    g["indptr"] = np.concatenate([[0], np.cumsum((rows > 0).sum(1))]).astype(np.int64)
    g["shape"] = np.array([rows.shape[1], rows.shape[0]], np.int32)


def attributes(f: h5py.File) -> None:
    f.attrs["chemistry_description"] = "Visium V4 Slide - FFPE v2"
    f.attrs["filetype"] = "matrix"
    f.attrs["library_ids"] = np.array(["S1"], dtype=h5py.string_dtype())
    f.attrs["software_version"] = "spaceranger-2.1.0"
    f.attrs["version"] = 2


def texts(g: h5py.Group, **columns) -> None:
    for key, values in columns.items():
        g[key] = np.array(values, "S256")


def filtered(f: h5py.File) -> None:
    attributes(f)
    g = f.create_group("matrix")
    compressed(g, np.hstack([by_gene, by_protein])[inside], [barcodes[k] for k in inside])
    n, q = len(genes), len(proteins)
    texts(
        g.create_group("features"),
        _all_tag_keys=["genome", "isotype_control", "pattern", "read", "sequence"],
        feature_type=["Gene Expression"] * n + ["Antibody Capture"] * q,
        genome=["GRCh38"] * n + [""] * q,
        id=[g[0] for g in genes + proteins],
        name=[g[1] for g in genes + proteins],
        isotype_control=[""] * n + ["FALSE", "TRUE"],
        pattern=[""] * n + ["^(BC)"] * q,
        read=[""] * n + ["R2"] * q,
        sequence=[""] * n + ["ACGTACGTACGTACG", "TTGCATTGCATTGCA"],
    )
    g["features/target_sets/Visium Human Transcriptome Probe Set v2.0"] = np.arange(n, dtype=np.uint32)


def raw_probe(f: h5py.File) -> None:
    attributes(f)
    g = f.create_group("matrix")
    compressed(g, by_probe, barcodes)
    g["filtered_barcodes"] = np.array([k in inside for k in range(len(spots))])
    gene = [deprecated[0]] + [genes[j][0] for j, _, _ in probes]
    name = [deprecated[1]] + [genes[j][1] for j, _, _ in probes]
    number = [deprecated[2]] + [b for _, b, _ in probes]
    texts(
        g.create_group("features"),
        _all_tag_keys=["genome"],
        feature_type=["Gene Expression"] * len(gene),
        genome=["GRCh38"] * len(gene),
        gene_id=gene,
        gene_name=name,
        id=["|".join(t) for t in zip(gene, name, number)],
        name=[f"{a}|{b}" for a, b in zip(name, number)],
        probe_region=["none"] + ["spliced", "unspliced"] * 3 + ["spliced"],
    )
    g["features/filtered_probes"] = np.array([False] + [k == 1 for _, _, k in probes])


def molecules(f: h5py.File) -> None:
    for key in ("barcode_idx", "count", "feature_idx", "umi"):
        f[key] = np.arange(5, dtype=np.uint64)
    f["barcodes"] = np.array([b[:-2] for b in barcodes], "S16")
    texts(f.create_group("features"), id=[g[0] for g in genes], name=[g[1] for g in genes])


def cellbender(f: h5py.File) -> None:
    f.attrs["CLASS"], f.attrs["PYTABLES_FORMAT_VERSION"], f.attrs["TITLE"], f.attrs["VERSION"] = (np.bytes_(v) for v in (b"GROUP", b"2.1", b"", b"1.0"))
    g = f.create_group("matrix")
    compressed(g, by_gene[inside], [barcodes[k] for k in inside])
    texts(g.create_group("features"), id=[g[0] for g in genes], name=[g[1] for g in genes], feature_type=["Gene Expression"] * 4)
    for key, values in {"cell_probability": np.ones(len(inside)), "background_fraction": np.full(len(inside), 0.1)}.items():
        f[f"droplet_latents/{key}"] = values.astype(np.float32)
    f["global_latents/ambient_expression"] = np.full(len(genes), 0.25, np.float32)
    f["metadata/learning_curve_train_elbo"] = np.arange(3.0)
    for node in [g, *g.values(), *g["features"].values()]:
        node.attrs["CLASS"] = np.bytes_(b"CARRAY" if isinstance(node, h5py.Dataset) else b"GROUP")
        node.attrs["TITLE"] = h5py.Empty("S1")


h5("outs/filtered_feature_bc_matrix.h5", filtered)
h5("outs/raw_probe_bc_matrix.h5", raw_probe)
h5("outs/molecule_info.h5", molecules)
h5("cellbender/denoised_filtered.h5", cellbender)
lines = ["barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres"]
lines += [f"{b},{int(k in inside)},{r},{c},{1000 + 173 * r},{500 + 100 * c}" for k, (b, (r, c)) in enumerate(zip(barcodes, spots))]
files["outs/spatial/tissue_positions.csv"] = ("\n".join(lines) + "\n").encode()
scale = {"regist_target_img_scalef": 0.15, "tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.03, "fiducial_diameter_fullres": 200.0, "spot_diameter_fullres": 110.0}
files["outs/spatial/scalefactors_json.json"] = json.dumps(scale).encode()
files["outs/spatial/cytassist_image.tiff"] = b"II*\0"
with zipfile.ZipFile(out / "visium-cytassist.zip", "w") as z:
    for name, data in sorted(files.items()):
        z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
expected = {
    "barcodes": barcodes,
    "inside": inside,
    "genes": by_gene.tolist(),
    "proteins": by_protein.tolist(),
    "probes": by_probe.tolist(),
    "places": [[500 + 100 * c, 1000 + 173 * r] for r, c in spots],
}
(out / "visium-cytassist.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
