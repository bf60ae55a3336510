import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { memorySource, readSample } from "../../src/io/index.ts";
import { text } from "./samples.ts";

const VARIANTS = 400;

/** Tiny samples of each layout, file by file. */
const samples: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cosmx: {
    "S_exprMat_file.csv": "fov,cell_ID,g1,g2,NegPrb1\n1,0,9,9,9\n1,1,1,0,0\n1,2,0,3,1\n2,1,4,0,0\n",
    "S_metadata_file.csv":
      "fov,cell_ID,Area,CenterX_local_px,CenterY_local_px\n1,1,5,10,20\n1,2,6,30,40\n2,1,7,50,60\n",
    "S_fov_positions_file.csv": "fov,x_global_px,y_global_px\n1,0,0\n2,500,0\n",
    "S-polygons.csv": "fov,cellID,x_global_px,y_global_px\n1,1,9,19\n1,1,11,19\n1,1,10,21\n",
  },
  seqfish: {
    "R_CellxGene.csv": ",g1,g2\n1,5,0\n2,0,7\n",
    "R_CellCoordinates.csv": "label,area,center_x,center_y\n2,5,2,3\n1,4,1,1\n",
  },
  st: {
    "A1.tsv": "\tg1\tg2\n1x2\t4\t0\n3x4\t0\t2\n",
    "A1_selection.tsv": "x\ty\tnew_x\tnew_y\tselected\n1\t2\t1.1\t2.1\t1\n3\t4\t3.1\t4.1\t1\n",
  },
  merfish: {
    "m.csv":
      "Cell_ID,Animal_ID,Bregma,Centroid_X,Centroid_Y,Cell_class,g1,g2\na,1,0.2,1,2,T,0.5,1.5\nb,1,0.2,3,4,U,2.5,0\n",
  },
  table: {
    "s_expr.txt": "c1 c2 c3\ng1 1 0 2\ng2 0 5 0\n",
    "s_locs.txt": "1.5 -2\n3 -4\n5 -6\n",
  },
  portal: {
    "raw.csv": '"GENE","w0","w1"\n"A",0,1\n"B",2,0\n',
    "spatial.csv": '"NAME","X","Y"\n"TYPE","numeric","numeric"\n"w1",3,4\n"w0",1,2\n',
  },
};

describe("damaged tables", () => {
  it.each(Object.keys(samples))("%s: read, or refused with a SpatialError", async (name) => {
    const outcomes = { read: 0, refused: 0 };
    for (let v = 0; v < VARIANTS; v++) {
      const rng = stream(5, Object.keys(samples).indexOf(name), v);
      const whole = new Map(Object.entries(samples[name]).map(([file, s]) => [file, text(s)]));
      const file = [...whole.keys()][rng.below(whole.size)];
      const bytes = (whole.get(file) as Uint8Array).slice();
      const at = rng.below(bytes.length);
      if (v % 3 === 0) whole.set(file, bytes.subarray(0, at));
      else {
        for (let k = 0; k <= v % 4; k++) bytes[rng.below(bytes.length)] = rng.below(256);
        whole.set(file, bytes);
      }
      try {
        const { dataset } = await readSample(memorySource(whole));
        expect(dataset.positions?.data.every(Number.isFinite)).toBe(true);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof SpatialError)) throw error;
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
