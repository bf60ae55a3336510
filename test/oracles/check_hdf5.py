"""Reads FILE, which test/io/hdf5-write.test.ts wrote, with h5py, changes a copy of it and reads that. usage: check_hdf5.py FILE"""
import shutil
import sys

import h5py
import numpy as np

path = sys.argv[1]


def check(f):
    assert len(f["many"]) == 3000 and all(f[f"many/ä{k}"][0] == k for k in range(3000))
    assert "absent" not in f["many"] and len(f["empty"]) == 0
    assert np.array_equal(f["long"][:], np.arange(9_000_003) % 999) and f["long"].attrs["n"][0] == 1
    assert f.attrs["version"] == 2 and np.shape(f.attrs["version"]) == ()
    assert np.array_equal(f["wide"][:].ravel(), np.arange(300_000) % 999) and f["wide"].shape == (300, 1000)
    assert np.array_equal(f["tall"][:].ravel(), np.arange(900_000)) and f["tall"].shuffle and f["tall"].compression == "gzip"
    assert np.array_equal(f["vast"][:].ravel(), np.arange(400_000)) and f["vast"].chunks == (1, 200_000)
    assert f["none"].shape == (0, 5) and f["t"].dtype == bool and np.array_equal(f["t"][:], np.arange(5000) % 2)
    texts = f["texts"].asstr()[:]
    assert all(texts[i] == ("é" * (i % 30) if i % 5 else "") for i in range(70_000))
    assert list(f["vastly"].asstr()[:]) == ["a" * 200_000, "", "b"] and f["s"].asstr()[()] == ""
    assert f["fixed"].dtype == "S6" and list(f["fixed"][:2]) == [b"c0", b"c1"] and f["fixed"][4999] == "ü4999".encode()


with h5py.File(path, "r") as f:
    check(f)
shutil.copy(path, path + ".changed")
with h5py.File(path + ".changed", "r+") as f:
    f["many/new"] = np.arange(5)
    del f["many/new"]
    for k in range(500):
        f[f"empty/y{k}"] = k
    f["texts"][3] = "new"
    f["texts"][3] = "é" * 3
    f["long"][7_000_000] = -2
    f["long"][5] = -1
    f.create_dataset("more", data=np.arange(9999), chunks=True, compression="gzip")
with h5py.File(path + ".changed", "r+") as f:
    assert f["long"][7_000_000] == -2 and f["long"][5] == -1 and len(f["empty"]) == 500
    f["long"][7_000_000] = 7_000_000 % 999
    f["long"][5] = 5
    for k in range(500):
        del f[f"empty/y{k}"]
with h5py.File(path + ".changed", "r") as f:
    check(f)
print(h5py.version.hdf5_version)
