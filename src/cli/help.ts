export const help: string = `tissular: spatial transcriptomics from a vendor's folder to a report. For research use.

  tissular analyze INPUT --out DIR   read, analyse, write tables, h5ad and an interactive report
  tissular info INPUT [--json]       what a folder or file holds
  tissular convert INPUT OUT         read and write as h5ad, SpatialData, AnnData zarr, 10x, Parquet, Arrow, CSV, GeoJSON
  tissular simulate DIR              write a synthetic tissue with known truth in a vendor's layout
  tissular demo [--out DIR]          simulate and analyse

INPUT is the output folder of Visium, Visium HD, Xenium, MERSCOPE, CosMx or seqFISH, a 10x .h5 file or MTX folder, an
.h5ad file, a SpatialData or AnnData zarr store, or a table of counts beside one of coordinates.
tissular COMMAND --help says more.`;

export const commandHelp: Readonly<Record<string, string>> = {
  analyze: `tissular analyze INPUT --out DIR [options]

Reads a sample, analyses it and writes into DIR: report.html, cells.csv, genes.csv, markers.csv, interactions.csv,
modules.csv, result.h5ad and run.json.

  --out DIR              the folder to write; must be empty, new, or an earlier result
  --positions F.csv      coordinates by id, for inputs that hold none
  --labels F.csv:COLUMN  groups to compare instead of the clusters, joined by id
  --values KIND          what the values are: counts, normalized, log or scaled (default: seen from the values)
  --bin-size UM          side of the bins of Visium HD (default 8) or Stereo-seq (default 50)
  --region X0,Y0,X1,Y1   only this box, in the unit of the positions; more numbers are a polygon's corners
  --genes A,B,...        only these genes, by name or id
  --features KIND,...    kinds of features kept that are no genes (default all)
  --min-counts N         drop observations with fewer counts (default 1)
  --min-genes N          drop observations with fewer genes (default 0)
  --max-mito P           drop observations with more than P % mitochondrial counts (default: none dropped)
  --normalize-by COLUMN  divide counts by this area or volume of cells instead of their total (cell_area, volume, ...)
  --hvg N|all            variable genes for PCA and clusters (default 2000, or all of a panel or subset)
  --components N         principal components (default 50)
  --neighbors K          expression neighbors, itself counted (default 15)
  --resolution R         resolution of the clusters (default 1)
  --modules auto|K       number of tissue modules (default auto)
  --species human|mouse  for the ligand-receptor table (default: read from the gene names)
  --pairs F.csv          your own ligand-receptor pairs (columns ligand, receptor)
  --skip STEP,...        leave out: normalize, variable-genes, pca, neighbors, umap, clusters, spatial-graph,
                         enrichment, moran, modules, markers, interactions
  --seed N               for everything random (default 0); the same seed gives the same bytes
  --threads N            threads that may work (default all cores, at most 8); never changes the result
  --force                write into DIR although it holds other files (they stay)
  --json                 print a summary as JSON on standard output
  --quiet                print nothing but errors`,
  info: `tissular info INPUT [--json]

Says what a folder or file holds: platform, observations, genes, other features, positions, images and how they were
joined.

  --positions F.csv      coordinates by id
  --values KIND          what the values are: counts, normalized, log or scaled
  --bin-size UM          side of the bins of Visium HD (default 8) or Stereo-seq (default 50)
  --region X0,Y0,X1,Y1   only this box, in the unit of the positions; more numbers are a polygon's corners
  --genes A,B,...        only these genes, by name or id
  --features KIND,...    kinds of features kept that are no genes (default all)`,
  convert: `tissular convert INPUT OUT [--to FORMAT] [--gzip] [--force] [--quiet]

Reads any input and writes it in the format that the end of OUT names; says what that format has no place for.

  OUT.h5ad               AnnData (anndata 0.8 and later)
  OUT.zarr               SpatialData; AnnData with --to anndata-zarr
  OUT.h5, a folder OUT   10x matrix in HDF5; matrix.mtx.gz, features.tsv.gz and barcodes.tsv.gz
  OUT.parquet|arrow|csv  the cells: ids, places, columns
  OUT.geojson            outlines of cells
  --to FORMAT            h5ad, anndata-zarr, spatialdata, 10x-h5, mtx, parquet, arrow, csv or geojson
  --outlines NAME        which outlines become GeoJSON (default the first)

  --positions F.csv      coordinates by id
  --values KIND          what the values are: counts, normalized, log or scaled
  --bin-size UM          side of the bins of Visium HD (default 8) or Stereo-seq (default 50)
  --region X0,Y0,X1,Y1   only this box, in the unit of the positions; more numbers are a polygon's corners
  --genes A,B,...        only these genes, by name or id
  --features KIND,...    kinds of features kept that are no genes (default all)
  --gzip                 pack an h5ad: a third of the size, three times the time
  --force                replace OUT; of zarr stores only one that tissular wrote`,
  simulate: `tissular simulate DIR [options]

Writes a synthetic tissue in a vendor's real layout, with truth_cells.csv, truth_genes.csv and truth_pairs.csv.

  --platform P               visium, xenium, merscope or cosmx (default visium)
  --difficulty D             easy, medium or hard (default medium)
  --observations N           spots or cells (default 2000 spots, 4000 cells)
  --genes N                  genes (default 1000; 400 where cells are simulated)
  --seed N                   (default 0)
  --force                    replace what is in DIR
  --quiet                    print nothing but errors`,
  demo: `tissular demo [--out DIR] [--quiet]

Simulates a Visium section, analyses it and says where the report is (default DIR: tissular-demo).`,
};
