import { readFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import { readSample, type Source, writeH5ad } from "../../src/io/index.ts";
import { simulateTissue, writeSimulated } from "../../src/simulate/index.ts";
import { files, tenx, text } from "./samples.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/io/${name}`, import.meta.url)));

const made = new Map<string, Promise<Files>>();
const simulated = (platform: "visium" | "xenium"): Promise<Files> => {
  const files = made.get(platform) ?? simulate(platform);
  made.set(platform, files);
  return files;
};
const simulate = async (platform: "visium" | "xenium"): Promise<Files> => {
  const layout = platform === "visium" ? "visium" : "cells";
  const tissue = simulateTissue({ layout, observations: 120, genes: 200, seed: 5 });
  return Object.fromEntries(await writeSimulated(tissue, platform));
};

const bins = ["s_008um_00000_00000-1", "s_008um_00000_00001-1", "s_008um_00001_00000-1"];
const matrix = [
  [1, 0, 2],
  [0, 5, 1],
  [3, 0, 4],
];

const mtx: Files = {
  "matrix.mtx": "%%MatrixMarket matrix coordinate integer general\n2 3 4\n1 1 1\n2 1 4\n1 2 3\n2 3 7\n",
  "barcodes.tsv": "a\nb\nc\n",
  "features.tsv": "g1\tActb\tGene Expression\ng2\tGad1\tGene Expression\n",
};

/** A small sample of every layout that is read, with three observations or more. */
export const platforms: Readonly<Record<string, () => Promise<Files>>> = {
  visium: () => simulated("visium"),
  xenium: () => simulated("xenium"),
  "visium-hd": async () => ({
    "square_008um/filtered_feature_bc_matrix.h5": await tenx(bins, ["A", "B", "C"], matrix),
    "square_008um/spatial/tissue_positions.parquet": new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: "barcode", data: bins, type: "STRING" },
          { name: "in_tissue", data: [1, 1, 1], type: "INT32" },
          { name: "array_row", data: [0, 0, 1], type: "INT32" },
          { name: "array_col", data: [0, 1, 0], type: "INT32" },
          { name: "pxl_row_in_fullres", data: [0, 0, 32], type: "DOUBLE" },
          { name: "pxl_col_in_fullres", data: [0, 32, 0], type: "DOUBLE" },
        ],
      }),
    ),
    "square_008um/spatial/scalefactors_json.json": JSON.stringify({
      bin_size_um: 8,
      microns_per_pixel: 0.25,
    }),
  }),
  merscope: async () => ({
    "cell_by_gene.csv": "cell,Actb,Gad1,Blank-1\n11,1,0,1\n12,0,5,0\n13,2,2,0\n",
    "cell_metadata.csv": "EntityID,fov,volume,center_x,center_y\n12,0,100,5,6\n11,0,90,1,2\n13,1,80,9,9\n",
  }),
  cosmx: async () => ({
    "S_exprMat_file.csv": "fov,cell_ID,Gad1,Snap25,NegPrb1\n1,1,2,0,0\n1,2,0,3,1\n2,1,4,1,0\n",
    "S_metadata_file.csv":
      "fov,cell_ID,Area,CenterX_local_px,CenterY_local_px,CenterX_global_px,CenterY_global_px\n2,1,40,100,300,5100,2300\n1,2,50,30,60,4030,1060\n1,1,60,10,20,4010,1020\n",
  }),
  seqfish: async () => ({
    "Roi1_CellxGene.csv": ",Actb,Gad1\n1,5,0\n2,0,7\n3,1,1\n",
    "Roi1_CellCoordinates.csv": "label,area,center_x,center_y\n2,50,20,200\n1,40,10,100\n3,60,30,300\n",
  }),
  merfish: async () => ({
    "m.csv":
      "Cell_ID,Animal_ID,Animal_sex,Behavior,Bregma,Centroid_X,Centroid_Y,Cell_class,Neuron_cluster_ID,Ace2,Blank_1,Gad1\nu1,1,F,N,0.26,-5,2.5,A,,0.5,0,1.25\nu2,1,F,N,0.26,4,-1,I,I-5,0,0.75,2.5\nu3,1,F,N,0.26,9,3,I,I-5,1.5,0,2.25\n",
  }),
  st: async () => ({ "A1.tsv": "\tERBB2\tGNAS\n10x13\t4\t0\n9x12\t0\t2\n10x14\t1\t3\n" }),
  "slide-seq": async () => ({
    "Puck_1.digital_expression.txt": "GENE\tAAA\tCCC\tGGG\nActb\t1\t0\t2\nGad1\t0\t5\t0\n",
    "Puck_1_bead_locations.csv": "barcodes,xcoord,ycoord\nAAA,10,20\nCCC,30,40\nGGG,50,60\n",
  }),
  curio: async () => ({
    "S1_MoleculesPerMatchedBead.mtx": mtx["matrix.mtx"],
    "S1_barcodes.tsv": "a\nb\nc\n",
    "S1_genes.tsv": "Actb\nGad1\n",
    "S1_MatchedBeadLocation.csv": ",SPATIAL_1,SPATIAL_2\na,0,0\nb,10,0\nc,0,10\n",
  }),
  starmap: async () => ({
    "cell_barcode_count.csv": "1,0,2\n0,5,0\n1,1,1\n",
    "genes.csv": "Actb\nGad1\nSnap25\n",
    "centroids.tsv": "1\t2\n30\t40\n5\t60\n",
    "qhulls.tsv": "1\t0\t1\n1\t2\t1\n1\t2\t4\n2\t29\t39\n2\t31\t39\n2\t31\t42\n",
  }),
  "stereo-seq": async () => ({
    "C1.gem": "geneID\tx\ty\tMIDCount\nActb\t0\t0\t2\nGad1\t110\t0\t1\nActb\t10\t120\t1\nGad1\t5\t7\t3\n",
  }),
  table: async () => ({
    "s_counts.csv": "cell,Actb,Gad1\na,1,0\nb,0,5\nc,2,2\n",
    "s_coords.csv": "cell,x,y\nc,5,6\na,1,2\nb,3,4\n",
  }),
  "10x-h5": async () => ({ "m.h5": await tenx(["a-1", "b-1", "c-1"], ["A", "B", "C"], matrix) }),
  "10x-mtx": async () => mtx,
  h5ad: async () => {
    const { dataset } = await readSample(files(await simulated("visium")));
    return { "s.h5ad": await writeH5ad({ ...dataset, platform: "" }) };
  },
  "anndata-zarr": async () => ({ "a.zarr.zip": fixture("anndata-v3.zarr.zip") }),
  spatialdata: async () => ({ "s.zarr.zip": fixture("spatialdata-v3.zarr.zip") }),
};

/** Coordinates for those that bring none. */
export const positionsOf: Readonly<Record<string, Uint8Array>> = {
  "10x-h5": text("id,x,y\na-1,0,0\nb-1,10,0\nc-1,0,10\n"),
  "10x-mtx": text("id,x,y\na,0,0\nb,10,0\nc,0,10\n"),
};

/** The sample of a platform as a source in memory. */
export async function sourceOf(platform: string): Promise<Source> {
  return files(await platforms[platform]());
}
