import { log10 } from "../kernels/math.ts";
import { dotPlotFigure } from "../plot/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { topInteractions } from "./choose.ts";
import { fixed, probability, whole } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { absent, chart, nouns, type Section, tableOf } from "./sections.ts";

/** The first row of each pair, in order. */
function bestPerPair(rows: readonly number[], pairName: (row: number) => string): number[] {
  const seen = new Set<string>();
  return rows.filter((row) => !seen.has(pairName(row)) && seen.add(pairName(row)));
}

/** The names that come first, at most `count` different ones, sorted as numbers where they start with one. */
function mostUsed(names: readonly string[], count: number): string[] {
  const parts = (name: string): number[] => name.split(" \u2192 ").map((part) => Number(part));
  return [...new Set(names)].slice(0, count).sort((a, b) => {
    const [p, q] = [parts(a), parts(b)];
    const order = p[0] - q[0] || p[1] - q[1];
    return order === order ? order : a < b ? -1 : a > b ? 1 : 0;
  });
}

/** Ligand-receptor pairs between groups, or why there are none. */
export async function interactionsSection(analysis: Analysis): Promise<Section> {
  const title = "Ligand-receptor";
  const { interactions: result, interactionMatch: match } = analysis;
  const matched =
    match === null
      ? null
      : `${whole(match.complete)} of ${whole(match.pairs)} pairs have all their genes in this sample.`;
  const page = (body: Markup): Section => ({
    id: "interactions",
    title,
    body: html`<h2>Ligand-receptor pairs</h2>
      ${body}`,
  });
  if (result === null)
    return page(
      html`${absent(analysis, "interactions", "The test of ligand-receptor pairs")}${matched === null ? null : html`<p class="quiet">${matched}${match?.likelyCause ? ` ${match.likelyCause}` : ""}</p>`}`,
    );
  if (result.score.length === 0)
    return page(
      html`<p class="absent">No pair is expressed by enough of any two groups to be tested.</p>
        <p class="quiet">${matched}</p>`,
    );
  const order = topInteractions(result);
  const significant = order.filter((row) => result.pAdjusted[row] < 0.05);
  const pairName = (row: number): string =>
    `${result.ligand.categories[result.ligand.codes[row]]} \u2192 ${result.receptor.categories[result.receptor.codes[row]]}`;
  const wayName = (row: number): string =>
    `${result.sender.categories[result.sender.codes[row]]} \u2192 ${result.receiver.categories[result.receiver.codes[row]]}`;
  const shown = significant.length > 0 ? significant : order;
  const best = bestPerPair(shown, pairName).slice(0, 20);
  const pairs = best.map(pairName);
  const ways = mostUsed([...best, ...shown.filter((row) => pairs.includes(pairName(row)))].map(wayName), 20);
  const size = new Float64Array(pairs.length * ways.length).fill(NaN);
  const color = new Float64Array(size.length).fill(NaN);
  for (const row of order) {
    const [r, c] = [pairs.indexOf(pairName(row)), ways.indexOf(wayName(row))];
    if (r < 0 || c < 0) continue;
    size[r * ways.length + c] = result.score[row];
    color[r * ways.length + c] = Math.min(300, Math.max(0, -log10(result.pAdjusted[row])));
  }
  const { permutations } = result.params;
  const { one, many } = nouns(analysis);
  const name = analysis.groups?.name ?? "group";
  const figure = dotPlotFigure(
    { rows: pairs, columns: ways, size, color },
    { sizeTitle: "score", colorTitle: "\u2212log10 adj. p", columnTitle: `${name}: sender \u2192 receiver` },
  );
  const rows = best
    .slice(0, 15)
    .map((row) => [
      html`<span class="pair">${pairName(row)}</span>`,
      html`<span class="pair">${wayName(row)}</span>`,
      fixed(result.score[row], 3),
      probability(result.pAdjusted[row]),
      result.edges[row] === result.edges[row] ? whole(result.edges[row]) : "",
      result.edgeEnrichment[row] === result.edgeEnrichment[row] ? fixed(result.edgeEnrichment[row], 2) : "",
    ]);
  const caution =
    one === "cell"
      ? ""
      : ` A ${one} can hold both sender and receiver, so a ${name} that pairs with itself may mean contact within ${many}.`;
  return page(
    html`<p class="intro">
        ${matched} ${whole(significant.length)} of ${whole(result.score.length)} tested rows have an adjusted
        p below 0.05. A pair whose genes are expressed in two groups may interact; expression alone does not
        show that it does.${caution}
      </p>
      <div class="charts">
        ${significant.length === 0 ? html`<p class="absent">No row has an adjusted p below 0.05; the table lists those that come nearest.</p>` : await chart(figure, html`Size: mean of ligand in the sender and receptor in the receiver. Color: significance against ${whole(permutations)} random labelings. All rows are in interactions.csv.`)}
        <div>
          ${tableOf(["pair", `${name}s`, "#score", "#adj. p", "#contacts", "#contacts, log2 vs chance"], rows)}
          <p class="small">
            The best row of each pair by adjusted p, then by
            score${
              result.score.length > rows.length
                ? `; ${whole(result.score.length - rows.length)} more rows are in interactions.csv`
                : ""
            }.
            With ${whole(permutations)} labelings no p can be below 1/${whole(permutations + 1)} before
            adjustment, so many rows share the lowest value: among them the score decides.
          </p>
        </div>
      </div>`,
  );
}
