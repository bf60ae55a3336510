"""Writes test/fixtures/ligrec.json: squidpy's ligand-receptor test on a small synthetic matrix.

usage: python ligrec.py     (squidpy 1.8.3, scanpy 1.12.4)
Two pairs are planted (G0 > G1 from a to b, G2 > G3+G4 within c), the other genes are noise. squidpy keeps one subunit of a complex for all clusters, so complexes are checked elsewhere.
"""
import importlib.metadata as im, json, os
import anndata as ad, numpy as np, pandas as pd, scipy.sparse as sp, squidpy as sq

rng = np.random.default_rng(7)
n, p = 60, 10
labels = np.array(list('abc'))[rng.integers(0, 3, n)]
mean = np.full((n, p), 0.5)
mean[labels == 'a', 0] = mean[labels == 'b', 1] = 1.5
mean[np.ix_(labels == 'c', [2, 3, 4])] = 1.2
x = np.round(np.maximum(0, rng.normal(mean, 0.6)), 4)
pairs = [[f'G{i}', f'G{i + 1}'] for i in range(0, p - 1)] + [['G5', 'G5'], ['G2', 'G4']]
a = ad.AnnData(sp.csr_matrix(x.astype(np.float32)), obs=pd.DataFrame({'cluster': pd.Categorical(labels)}, index=[f'c{i}' for i in range(n)]))
a.var_names = [f'G{j}' for j in range(p)]
frame = pd.DataFrame(pairs, columns=['source', 'target'])
runs = [sq.gr.ligrec(a, 'cluster', interactions=frame, use_raw=False, n_perms=10000, threshold=0.1, seed=s, copy=True, n_jobs=1, show_progress_bar=False) for s in range(2)]
rows = []
for (ligand, receptor), means in runs[0]['means'].iterrows():
    for (sender, receiver), value in means.items():
        ps = [float(r['pvalues'].loc[(ligand, receptor), (sender, receiver)]) for r in runs]
        rows.append([ligand, receptor, sender, receiver, round(float(value), 9), None if np.isnan(ps[0]) else round(float(np.mean(ps)), 5)])
out = dict(tool=f"squidpy {im.version('squidpy')}, gr.ligrec(n_perms=10000, threshold=0.1, seed=0 and 1, mean p)", labels=''.join(labels), genes=list(a.var_names),
           values=x.ravel().tolist(), columns='ligand receptor sender receiver mean p'.split(), rows=rows)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'ligrec.json')
json.dump(out, open(path, 'w'), separators=(',', ':'))
print(os.path.getsize(path), 'bytes')
