"""Small TIFF files of every kind that microscopes and vendors write, and how tifffile reads them.

Makes test/fixtures/io/tiff-images.zip: the files, and expected.json with the shape (channels, rows, columns) and the SHA-256
of each file's values (little-endian, channel by channel), or the values themselves where decoders may differ by a step.

    pip install numpy tifffile==2026.* imagecodecs zarr
    python test/oracles/make_tiff.py
"""

import base64
import hashlib
import io
import json
import os
import zipfile

import imagecodecs
import numpy as np
import tifffile

H, W = 45, 54


def pattern(channels, dtype, height=H, width=W):
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    values = (x * 7 + y * 13 + c * 1001 + (x // 8) * (y // 8) * 29) % 4093
    return (values / 7 - 100).astype(dtype) if np.issubdtype(dtype, np.floating) else values.astype(dtype)


def half(a):
    return a[..., ::2, ::2]


files, expected = {}, {}


def add(name, write, exact=True):
    buffer = io.BytesIO()
    write(buffer)
    files[name] = buffer.getvalue()
    if exact is None:
        return
    with tifffile.TiffFile(io.BytesIO(files[name])) as tiff:
        page = tiff.pages[0]
        values = np.stack([p.asarray() for p in tiff.pages]) if len(tiff.pages) > 1 else page.asarray()
        if page.samplesperpixel > 1 and page.planarconfig == 1:
            values = np.moveaxis(values, -1, 0)
    note(name, values, exact)


def note(name, values, exact=True):
    values = values.reshape((-1,) + values.shape[-2:])
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    expected[name] = {"type": str(values.dtype.newbyteorder("=")), "shape": list(values.shape)}
    expected[name] |= {"sha256": hashlib.sha256(data).hexdigest()} if exact else {"values": base64.b64encode(data).decode()}


def imwrite(values, **options):
    return lambda buffer: tifffile.imwrite(buffer, values, metadata=None, **options)


gray = pattern(1, np.uint16)[0]
rgb = np.moveaxis(pattern(3, np.uint8), 0, -1)
tile = dict(tile=(32, 16))

add("plain.tif", imwrite(gray))
add("plain-rows.tif", imwrite(gray, rowsperstrip=1))
add("big-endian.tif", imwrite(gray, byteorder=">", rowsperstrip=5))
add("big-endian-lzw.tif", imwrite(gray, byteorder=">", compression="lzw", predictor=True, **tile))
add("bigtiff.btf", imwrite(gray, bigtiff=True, compression="zlib", predictor=True, **tile))
add("lzw.tif", imwrite(pattern(1, np.float32)[0], compression="lzw", rowsperstrip=7))
add("lzw-noise.tif", imwrite(np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8), compression="lzw"))
add("lzw-flat.tif", imwrite(np.zeros((150, 300), np.uint8), compression="lzw"))
add("packbits.tif", imwrite(pattern(1, np.uint8)[0] // 32, compression="packbits"))
add("float-predictor.tif", imwrite(pattern(1, np.float32)[0], compression="zlib", predictor=3, **tile))
add("int32.tif", imwrite(pattern(1, np.int32)[0] - 2000, compression="zlib", predictor=True, rowsperstrip=9))
add("double.tif", imwrite(pattern(1, np.float64)[0]))
add("rgb.tif", imwrite(rgb, photometric="rgb", compression="zlib", predictor=True, **tile))
add("rgb-planar.tif", imwrite(pattern(3, np.uint8), photometric="rgb", planarconfig="separate", compression="lzw", **tile))
add("three-samples.tif", imwrite(np.moveaxis(pattern(3, np.uint16), 0, -1), photometric="minisblack", planarconfig="contig"))
add("pages.tif", imwrite(pattern(3, np.uint16), photometric="minisblack", compression="zlib"))
smooth = (128 + 100 * np.sin(np.arange(64)[:, None] / 9) * np.cos(np.arange(48)[None, :] / 7)).astype(np.uint8)
add("jpeg-gray.tif", imwrite(smooth, compression="jpeg", compressionargs={"level": 90}, tile=(32, 48)), exact=False)
color = np.stack([smooth, smooth[::-1], smooth // 2], -1)
jpeg = dict(photometric="rgb", compression="jpeg", compressionargs={"level": 95}, tile=(32, 32))
add("jpeg-ycbcr.tif", imwrite(color, subsampling=(1, 1), **jpeg), exact=False)
add("jpeg-subsampled.tif", imwrite(color, subsampling=(2, 2), **jpeg), exact=False)
add("jpeg2000.tif", imwrite(gray, compression="jpeg2000", tile=(32, 32)))
add("jpeg2000-lossy.tif", imwrite(smooth.astype(np.uint16) * 100, compression="jpeg2000", compressionargs={"level": 50}, tile=(32, 32)), exact=False)
add("jpeg2000-rgb.tif", imwrite(rgb, photometric="rgb", compression="jpeg2000", tile=(32, 32)))
add("zstd.tif", imwrite(gray, compression="zstd"), exact=None)


def pyramid(values, names, **options):
    """An OME-TIFF with its smaller levels below the first, as Xenium has it."""

    def write(buffer):
        with tifffile.TiffWriter(buffer, ome=True, bigtiff=True) as tiff:
            metadata = {
                "axes": "CYX", "PhysicalSizeX": 0.2125, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.2125,
                "PhysicalSizeYUnit": "µm", "Channel": {"Name": names},
            }
            tiff.write(values, subifds=2, metadata=metadata, photometric="minisblack", **options)
            tiff.write(half(values), subfiletype=1, photometric="minisblack", **options)
            tiff.write(half(half(values)), subfiletype=1, photometric="minisblack", **options)

    return write


stains = pattern(2, np.uint16, 96, 128)
add("pyramid.ome.tif", pyramid(stains, ["DAPI", "18S & \"rRNA\""], compression="jpeg2000", tile=(32, 32)), exact=None)
note("pyramid.ome.tif", stains)
note("pyramid.ome.tif#1", half(stains))
note("pyramid.ome.tif#2", half(half(stains)))


def stack(buffer):
    """Focal planes before channels."""
    values = pattern(6, np.uint16, 20, 24).reshape(2, 3, 20, 24)
    with tifffile.TiffWriter(buffer, ome=True) as tiff:
        tiff.write(values, metadata={"axes": "CZYX", "Channel": {"Name": ["a", "b"]}}, photometric="minisblack")


add("stack.ome.tif", stack, exact=None)
for z in range(3):
    note(f"stack_z{z}", pattern(6, np.uint16, 20, 24).reshape(2, 3, 20, 24)[:, z])

# One channel per file, described in each, as Xenium Onboard Analysis 2 to 4 write them.
parts = ["ch0000_dapi.ome.tif", "ch0001_boundary.ome.tif", "ch0002_rna.ome.tif"]
xml = """<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
<Image ID="Image:0" Name="morphology"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="128" SizeY="96"
SizeZ="1" SizeC="3" SizeT="1" PhysicalSizeX="212.5" PhysicalSizeXUnit="nm" PhysicalSizeY="0.2125">{channels}{data}</Pixels></Image></OME>"""
labels = ["DAPI", "ATP1A1/CD45/E-Cadherin", "18S"]
description = xml.format(
    channels="".join(f'<Channel ID="Channel:0:{c}" Name="{label}" SamplesPerPixel="1"/>' for c, label in enumerate(labels)),
    data="".join(
        f'<TiffData FirstC="{c}" FirstT="0" FirstZ="0" IFD="0" PlaneCount="1"><UUID FileName="{part}">urn:uuid:{c}</UUID></TiffData>'
        for c, part in enumerate(parts)
    ),
)
focus = pattern(3, np.uint16, 96, 128)
for c, part in enumerate(parts):

    def write(buffer, c=c):
        with tifffile.TiffWriter(buffer, bigtiff=True) as tiff:
            options = dict(photometric="minisblack", compression="jpeg2000", tile=(32, 32), metadata=None)
            tiff.write(focus[c], subifds=1, description=description.encode(), **options)
            tiff.write(half(focus[c]), subfiletype=1, **options)

    add(f"morphology_focus/{part}", write, exact=None)
note("morphology_focus", focus)
note("morphology_focus#1", half(focus))

# Reduced pages behind the first, as slide scanners and libvips write them.
def chained(buffer):
    with tifffile.TiffWriter(buffer, bigtiff=True) as tiff:
        for k, level in enumerate([rgb, rgb[::2, ::2], rgb[::4, ::4]]):
            tiff.write(np.ascontiguousarray(level), photometric="rgb", compression="zlib", tile=(32, 32), subfiletype=min(k, 1), metadata=None)


add("chained.tif", chained, exact=None)
note("chained.tif", np.moveaxis(rgb, -1, 0))
note("chained.tif#2", np.moveaxis(rgb[::4, ::4], -1, 0))

target = os.path.join(os.path.dirname(__file__), "..", "fixtures", "io", "tiff-images.zip")
tools = {"tifffile": tifffile.__version__, "imagecodecs": imagecodecs.__version__}
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, data in {**files, "expected.json": json.dumps({"tools": tools, "images": expected}).encode()}.items():
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
print(len(files), "files,", os.path.getsize(target), "bytes")
