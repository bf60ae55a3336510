"""Writes test/fixtures/autocorrelation.json: esda's spatial statistics on the spots and values of test/fixtures/spatial.json.

usage: python make_autocorrelation.py     (esda 2.10.0, libpysal 4.15.1)
Weights: the hexagonal neighbors, binary or row-standardized. Genes 0 and 1 have a gradient, 2 to 5 none.
"""
import importlib.metadata as im, json, os, warnings
warnings.filterwarnings('ignore')
import numpy as np
from esda import LOSH, G, G_Local, Geary, Geary_Local, Join_Counts, Moran_BV, Moran_Local, Moran_Local_BV
from esda.lee import Spatial_Pearson, Spatial_Pearson_Local
from libpysal.weights import W

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures')
with open(os.path.join(folder, 'spatial.json')) as f:
    spots = json.load(f)
rows = spots['graphs']['grid1']
n = len(rows)
x = np.array(spots['x']).reshape(n, 6)
neighbors = dict(enumerate(rows))


def weights(transform):
    w = W(neighbors, silence_warnings=True)
    w.transform = transform
    return w


genes = range(6)
geary = [Geary(x[:, g], weights('r'), permutations=0) for g in genes]
total = [G(x[:, g], weights('b'), permutations=0) for g in genes]
binary = (np.array(spots['labels']) == 'a').astype(int)
joins = Join_Counts(binary, weights('b'), permutations=0)
pairs = [(0, 1), (0, 2), (2, 3), (1, 0)]
dense = weights('r').sparse
moran_bv = [Moran_BV(x[:, a], x[:, b], weights('r'), permutations=0).I for a, b in pairs]
lee = [Spatial_Pearson(dense, permutations=0).fit(x[:, [a]], x[:, [b]]).association_[0, 1] for a, b in pairs]
local_bv = [Moran_Local_BV(x[:, a], x[:, b], weights('r'), permutations=0) for a, b in pairs[:2]]
local_lee = [Spatial_Pearson_Local(dense.toarray(), permutations=0).fit(x[:, [a]], x[:, [b]]).associations_ for a, b in pairs[:2]]
local = [Moran_Local(x[:, g], weights('r'), permutations=0) for g in (0, 2)]
losh = [LOSH(weights('r'), 'chi-square').fit(x[:, g]) for g in (0, 2)]
star = {f'{name}_{t}': [v for g in (0, 2) for v in G_Local(x[:, g], weights('b'), transform=t, permutations=0, star=s).Zs]
        for name, s in (('g', False), ('g_star', True)) for t in 'BR'}
flat = lambda arrays: [float(v) for a in arrays for v in a]
out = dict(
    versions={k: im.version(k) for k in ('esda', 'libpysal')},
    pairs=pairs,
    geary=dict(c=[float(e.C) for e in geary], z_normality=[float(e.z_norm) for e in geary], z_randomization=[float(e.z_rand) for e in geary]),
    g=dict(g=[float(e.G) for e in total], z=[float(e.z_norm) for e in total]),
    joins=dict(bb=float(joins.bb), ww=float(joins.ww), bw=float(joins.bw)),
    bivariate=dict(moran=[float(v) for v in moran_bv], lee=[float(v) for v in lee]),
    # genes 0 and 2 (or the first two pairs), spot after spot
    local=dict(
        i=flat(e.Is for e in local), i_expected=flat(e.EIc for e in local), i_variance=flat(e.VIc for e in local), quadrant=flat(e.q for e in local),
        c=flat(Geary_Local(weights('r'), permutations=0)._statistic(x[:, g], weights('r'), False) for g in (0, 2)),
        losh=flat(e.Hi for e in losh), losh_p=flat(e.pval for e in losh),
        moran_bv=flat(e.Is for e in local_bv), lee=flat(np.asarray(e).ravel() for e in local_lee), **{k: [float(v) for v in e] for k, e in star.items()}))
for section in out.values():
    if isinstance(section, dict):
        for k, v in section.items():
            if isinstance(v, list):
                section[k] = [float(f'{e:.12g}') for e in v]
with open(os.path.join(folder, 'autocorrelation.json'), 'w') as f:
    json.dump(out, f, separators=(',', ':'))
    f.write('\n')
