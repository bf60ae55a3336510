/**
 * Human symbols whose mouse counterpart is not the same name with one capital, as `HUMAN:Mouse`; `HUMAN:-` where the mouse
 * has no clear counterpart. For the MHC the counterpart is by function, not by descent: H2-K1 and H2-D1 for HLA-A and
 * HLA-B, H2-T23 (Qa-1) for HLA-E, and I-A (H2-Aa, H2-Ab1), which every common strain expresses, for HLA-DR.
 */
const EXCEPTIONS: string = `
HLA-A:H2-K1 HLA-B:H2-D1 HLA-C:- HLA-E:H2-T23 HLA-F:- HLA-G:- HLA-DRA:H2-Aa HLA-DRB1:H2-Ab1
KIR2DL1:- KIR2DL3:- KIR2DL4:- KIR3DL1:- KIR3DL2:- KIR3DS1:- LILRB1:- LILRB2:- LILRA4:- SIGLEC10:Siglecg SIRPG:- HHLA2:- TMIGD2:-
MICA:- MICB:- ULBP2:- ULBP3:- RAET1E:- RAET1G:- NCR3:- NCR3LG1:- KLRF1:- CLEC2B:- KLRB1:Klrb1b CD58:- CD244:Cd244a
CXCL6:- CXCL8:- PF4V1:- XCL2:- CCL3L1:- CCL13:- CCL14:- CCL15:- CCL16:- CCL18:- CCL23:- CCL21:Ccl21a CCL27:Ccl27a
FASLG:Fasl IL4R:Il4ra IL6R:Il6ra IL11RA:Il11ra1 IL26:- IFNL1:- IFNW1:- TNFRSF10A:- TNFRSF10C:- TNFRSF10D:- TNFRSF6B:- ICOSLG:Icosl
C4A:C4b C4BPA:C4bp C5:Hc CR1:- CD209:- CLEC4M:- CD24:Cd24a ICAM3:- FPR3:- DSG1:Dsg1a
FLT3LG:Flt3l KITLG:Kitl FGF19:Fgf15 INS:Ins2 NTF4:Ntf5 GH1:Gh RLN2:Rln1 TAC3:Tac2 AGTR1:Agtr1a TF:Trf`;

const mouseNames: ReadonlyMap<string, string> = new Map(
  EXCEPTIONS.trim()
    .split(/\s+/)
    .map((entry) => entry.split(":") as [string, string]),
);

/** The mouse symbol for a human one (TGFB1 gives Tgfb1), or null where there is no clear counterpart. */
export function mouseSymbol(human: string): string | null {
  const known = mouseNames.get(human);
  if (known !== undefined) return known === "-" ? null : known;
  return human[0] + human.slice(1).toLowerCase();
}
