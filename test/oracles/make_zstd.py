"""Frames of zstd in each form that readers meet, for test/io/zstd.test.ts. Needs Python's zstandard (0.25).

usage: make_zstd.py > test/fixtures/io/zstd.json
"""

import base64
import json

import zstandard

text = "".join(f"cell_{i % 7},{i * i % 101}\n" for i in range(300))
sized = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(text.encode())
unsized = zstandard.ZstdCompressor(level=3, write_content_size=False).compress(text.encode())
skippable = bytes.fromhex("502a4d18") + (3).to_bytes(4, "little") + b"abc"
frames = {
    "sized": sized,
    "unsized": unsized,
    "empty": zstandard.ZstdCompressor().compress(b""),
    "several": sized + skippable + sized,
}
print(json.dumps({"text": text, **{k: base64.b64encode(v).decode() for k, v in frames.items()}}))
