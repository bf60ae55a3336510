"""Makes test/fixtures/io/xenium-{cells-1,cells-2,analysis}.zarr.zip: stores as Xenium writes them, on invented cells.

Run with zarr 3.4.2 (writing version 2), numpy 2. `cells-1` is laid out as before version 1.3 and 2.0: whole numbers as names,
seven columns of cell_summary, polygon_vertices of both sets in one array. `cells-2` as since 2.0: a number and a set as name, eight columns,
a group per set; the first cell has two nuclei, the second none, the third no outline.
"""

import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import zarr

out = Path(__file__).parent.parent / "fixtures" / "io"
SUMMARY = "cell_centroid_x cell_centroid_y cell_area nucleus_centroid_x nucleus_centroid_y nucleus_area z_level nucleus_count".split()


def put(group, name, data, **attributes):
    a = group.create_array(name, data=data, chunks=tuple(max(1, -(-n // 2)) for n in data.shape))
    a.attrs.update(attributes)


def archive(name, write):
    folder = Path(tempfile.mkdtemp())
    write(zarr.open_group(folder, mode="w", zarr_format=2))
    with zipfile.ZipFile(out / name, "w", zipfile.ZIP_STORED) as z:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                z.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix(), (2000, 1, 1, 0, 0, 0)), path.read_bytes())
    shutil.rmtree(folder)


def square(x, y, r):
    return [x - r, y - r, x + r, y - r, x + r, y + r, x - r, y + r, x - r, y - r]


def padded(rings, corners=7):
    out = np.zeros((len(rings), 2 * corners), dtype=np.float32)
    for k, ring in enumerate(rings):
        out[k, : len(ring)] = ring
    return out, np.array([len(r) // 2 for r in rings], dtype=np.int32)


centers = [(10, 20), (30, 40), (50, 60)]
summary = np.array([[x, y, 16.25, x + 1, y + 1, 4.5, 3 * k, k] for k, (x, y) in enumerate(centers)], dtype=np.float64)


def cells_1(root):
    put(root, "cell_id", np.array([1, 2, 3], dtype=np.uint32))
    put(root, "cell_summary", summary[:, :7], column_names=SUMMARY[:7])
    nuclei, many = padded([square(x, y, 1) for x, y in centers])
    cells, more = padded([square(x, y, 2) for x, y in centers[:2]] + [[]])
    put(root, "polygon_vertices", np.stack([nuclei, cells]))
    put(root, "polygon_num_vertices", np.stack([many, more]))


def cells_2(root):
    root.attrs.update({"major_version": 5, "minor_version": 0, "segmentation_methods": ["by nucleus", "by stain"]})
    put(root, "cell_id", np.array([[0x00005826, 1], [0x00110AD1, 1], [0xFFFFFFF0, 2]], dtype=np.uint32))
    put(root, "cell_summary", summary)
    sets = root.create_group("polygon_sets")
    rings = {"0": [square(9, 19, 1), square(11, 21, 1), square(50, 60, 1)], "1": [square(10, 20, 3), square(30, 40, 3), []]}
    owners = {"0": [0, 0, 2], "1": [0, 1, 2]}
    for name in ("0", "1"):
        group = sets.create_group(name)
        vertices, sizes = padded(rings[name])
        put(group, "vertices", vertices)
        put(group, "num_vertices", sizes)
        put(group, "cell_index", np.array(owners[name], dtype=np.uint32))
        put(group, "method", np.array([1, 0, 1], dtype=np.uint32))


def analysis(root):
    groups = root.create_group("cell_groups")
    groups.attrs.update(
        {
            "grouping_names": ["gene_expression_graphclust", "gene_expression_kmeans_2_clusters"],
            "group_names": [["Cluster 1", "Cluster 2"], ["Cluster 1", "Cluster 2"]],
            "number_groupings": 2,
        }
    )
    first, second = groups.create_group("0"), groups.create_group("1")
    put(first, "indptr", np.array([0, 1], dtype=np.uint32))
    put(first, "indices", np.array([2, 0, 1], dtype=np.uint32))
    put(second, "indptr", np.array([0, 1, 2], dtype=np.uint32))
    put(second, "indices", np.array([1, 0], dtype=np.uint32))


archive("xenium-cells-1.zarr.zip", cells_1)
archive("xenium-cells-2.zarr.zip", cells_2)
archive("xenium-analysis.zarr.zip", analysis)
