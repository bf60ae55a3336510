/** Names with which a simulated tissue looks like a human one: types with known markers, pairs known to bind. */

/** Cell types and genes that mark them; a tissue with k types has the first k. */
export const cellTypes: readonly { readonly name: string; readonly markers: readonly string[] }[] = [
  ["Epithelial", "EPCAM KRT8 KRT18 KRT19 CDH1 MUC1 KRT7 CLDN4"],
  ["Tumor", "MKI67 TOP2A CCND1 CD24 TACSTD2 KRT17 S100P CEACAM6"],
  ["Fibroblast", "COL1A1 COL1A2 COL3A1 DCN LUM PDGFRA FAP POSTN"],
  ["Endothelial", "PECAM1 VWF CDH5 CLDN5 EGFL7 PLVAP ENG EMCN"],
  ["T cell", "CD3D CD3E CD3G CD2 TRAC CD8A IL7R TRBC1"],
  ["Macrophage", "CD68 CD163 C1QA C1QB C1QC MRC1 LYZ MSR1"],
  ["B cell", "MS4A1 CD79A CD79B CD19 PAX5 BANK1 CD22 FCRL1"],
  ["Smooth muscle", "ACTA2 MYH11 TAGLN CNN1 DES LMOD1 SYNPO2 ACTG2"],
  ["Plasma cell", "MZB1 JCHAIN IGHG1 IGKC XBP1 DERL3 PRDM1 FKBP11"],
  ["Dendritic cell", "CLEC9A FCER1A CD1C LAMP3 CLEC10A IRF8 BATF3 CD1E"],
  ["Mast cell", "TPSAB1 TPSB2 CPA3 HDC MS4A2 GATA2 HPGDS SLC18A2"],
  ["Neutrophil", "S100A8 S100A9 FCGR3B S100A12 MNDA G0S2 CMTM2 PROK2"],
].map(([name, markers]) => ({ name, markers: markers.split(" ") }));

/** Pairs that may be planted: the ligand rises in the sender, the receptor in the receiver. No gene stands twice. */
export const talkingPairs: readonly {
  readonly ligand: string;
  readonly receptor: string;
  readonly sender: string;
  readonly receiver: string;
}[] = [
  ["CXCL12", "CXCR4", "Fibroblast", "T cell"],
  ["VEGFA", "KDR", "Tumor", "Endothelial"],
  ["PDGFB", "PDGFRB", "Endothelial", "Fibroblast"],
  ["HGF", "MET", "Fibroblast", "Epithelial"],
  ["CD274", "PDCD1", "Tumor", "T cell"],
  ["CSF1", "CSF1R", "Tumor", "Macrophage"],
  ["CXCL13", "CXCR5", "T cell", "B cell"],
  ["EDN1", "EDNRA", "Endothelial", "Smooth muscle"],
  ["CXCL9", "CXCR3", "Macrophage", "T cell"],
  ["CD40LG", "CD40", "T cell", "B cell"],
  ["SPP1", "CD44", "Macrophage", "Tumor"],
  ["TNFSF13B", "TNFRSF13C", "Macrophage", "B cell"],
  ["CCL5", "CCR5", "T cell", "Macrophage"],
  ["LTB", "LTBR", "B cell", "Fibroblast"],
  ["TNFSF13", "TNFRSF17", "Macrophage", "Plasma cell"],
  ["FLT3LG", "FLT3", "T cell", "Dendritic cell"],
  ["KITLG", "KIT", "Fibroblast", "Mast cell"],
  ["CXCL8", "CXCR2", "Epithelial", "Neutrophil"],
  ["ANGPT1", "TEK", "Fibroblast", "Endothelial"],
  ["CCL19", "CCR7", "Fibroblast", "T cell"],
  ["EFNA1", "EPHA2", "Endothelial", "Tumor"],
  ["JAG1", "NOTCH1", "Epithelial", "Tumor"],
].map(([ligand, receptor, sender, receiver]) => ({ ligand, receptor, sender, receiver }));

/** Pairs that bind in life and stay the same everywhere in a simulated tissue. */
export const silentPairs: readonly { readonly ligand: string; readonly receptor: string }[] = [
  "VIP VIPR1",
  "RELN VLDLR",
  "FGF2 FGFR1",
  "FGF7 FGFR2",
  "NRG1 ERBB3",
  "EGF EGFR",
  "IGF1 IGF1R",
  "PROS1 TYRO3",
  "NGF NGFR",
  "BDNF NTRK2",
  "NTF3 NTRK3",
  "XCL1 XCR1",
  "EFNB1 EPHB2",
  "SEMA4D PLXNB1",
  "SLIT2 ROBO1",
  "NTN1 UNC5B",
  "EFNB2 EPHB4",
  "DLL1 NOTCH2",
  "RSPO3 LGR5",
  "SHH PTCH1",
  "ANXA1 FPR2",
  "APOE LRP1",
  "CX3CL1 CX3CR1",
  "CCL20 CCR6",
].map((pair) => {
  const [ligand, receptor] = pair.split(" ");
  return { ligand, receptor };
});

export const mitochondrialGenes: readonly string[] =
  "MT-ND1 MT-ND2 MT-CO1 MT-CO2 MT-ATP8 MT-ATP6 MT-CO3 MT-ND3 MT-ND4L MT-ND4 MT-ND5 MT-ND6 MT-CYB".split(" ");
