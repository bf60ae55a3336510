"""Confirms the hand-written ligand-receptor families against independent references and writes the built-in table.

usage: python check_interactions.py REFERENCES [--write]

REFERENCES is a folder with
  cellphonedb_v5/{interaction,gene,complex}_input.csv   CellPhoneDB v5 (ventolab/cellphonedb-data 71ffa8a)
  cellchat/CellChatDB.ligrec.{human,mouse}.csv          CellChatDB (zcang/COMMOT 5dc3be9)
  connectomedb/connectomeDB2020_lit.txt                 connectomeDB2020, literature part (stLearn 4dd71bc)
  liana/omni_resource.csv                               the resources shipped with liana 1.10.0

A row of interactions.txt is kept when two curations list it (see LINES), or when one does and CellPhoneDB (or the
hand-written list) names a paper. For a complex, a reference of plain pairs must list every subunit on both sides. Prints
what was left out, checks every mouse symbol, and with --write replaces src/communicate/table.ts.
"""
import csv, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
REF = sys.argv[1]
TARGET = os.path.join(HERE, '..', '..', 'src', 'communicate', 'table.ts')
VERSION, DATE = '1', '2026-11'
# Curations by separate groups (some took up candidates of others and verified them): letter in the table, name.
LINES = dict(P='CellPhoneDB v5', C='CellChatDB', N='connectomeDB2020', I='ICELLNET', G='Guide to Pharmacology', H='HPMR', T='CellTalkDB')
# Mouse symbols that CellChatDB and liana's mouse consensus lack, looked up by hand (other mouse lists only change the capitals).
BY_HAND = set('Cd160 Cd55 Clu Cxadr Igfbp3 Adgrb1 Adgrl3 Alkal1 Alkal2 C4bp Ccn1 Ccn2 Ccn3 Cd24a Flrt2 Hmgb1 Il36a Il36b Il36g Jaml Pitpnm3 Spink1'.split())
# A single subunit is left out beside its complex (IL6R beside IL6R+IL6ST), except where the single chain signals by itself.
ALONE = {'EGF', 'VEGF', 'TGF-beta', 'Complement', 'Antigen presentation', 'PDGF'}


def rows(path, delimiter=','):
    with open(os.path.join(REF, path), encoding='utf-8') as f:
        return list(csv.DictReader(f, delimiter=delimiter))


def curated():
    for number, line in enumerate(open(os.path.join(HERE, 'interactions.txt')), 1):
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        family, annotation, *groups = [part.strip() for part in line.split(' | ')]
        assert annotation in ('secreted', 'ecm', 'contact'), (number, annotation)
        for group in groups:
            group, _, paper = group.partition(' [')
            left, right = group.split(' > ')
            for ligand in left.split(','):
                for receptor in right.split(','):
                    yield tuple(ligand.strip().split('+')), tuple(receptor.strip().split('+')), family, annotation, paper.rstrip(']')


def references():
    """code -> set of (frozenset ligand, frozenset receptor) listed as such, and the papers CellPhoneDB names."""
    exact, papers = {code: set() for code in LINES}, {}
    symbol = {r['uniprot']: r['hgnc_symbol'] for r in rows('cellphonedb_v5/gene_input.csv')}
    parts = {r['complex_name']: frozenset(symbol[r[f'uniprot_{i}']] for i in range(1, 6) if r[f'uniprot_{i}']) for r in rows('cellphonedb_v5/complex_input.csv')}
    for r in rows('cellphonedb_v5/interaction_input.csv'):
        if r['is_ppi'] != 'True':
            continue  # a small molecule stands behind it, made by the listed enzyme
        pair = tuple(parts.get(r[p]) or frozenset([symbol[r[p]]]) for p in ('partner_a', 'partner_b'))
        for pair in (pair, pair[::-1]):  # the order of CellPhoneDB's partners carries no meaning
            exact['P'].add(pair)
            for paper in re.findall(r'PMID:\s*(\d{7,8})\b', r['source']):
                papers.setdefault(pair, []).append(paper)
    for r in rows('cellchat/CellChatDB.ligrec.human.csv'):
        exact['C'].add((frozenset(r['0'].split('_')), frozenset(r['1'].split('_'))))
    for r in rows('connectomedb/connectomeDB2020_lit.txt', '\t'):
        exact['N'].add((frozenset([r['Ligand gene symbol']]), frozenset([r['Receptor gene symbol']])))
    named = dict(icellnet='I', guide2pharma='G', hpmr='H', celltalkdb='T')
    for r in rows('liana/omni_resource.csv'):
        if r['resource'] in named:
            exact[named[r['resource']]].add((frozenset(r['source_genesymbol'].split('_')), frozenset(r['target_genesymbol'].split('_'))))
    return exact, papers


def lists(pairs, ligand, receptor, contact):
    """Whether a reference lists the pair: as such, or every subunit with some partner of the other side."""
    ways = [(ligand, receptor), (receptor, ligand)] if contact else [(ligand, receptor)]
    for a, b in ways:
        if (frozenset(a), frozenset(b)) in pairs:
            return True
        if len(a) + len(b) == 2:
            continue
        hit = [[(frozenset([x]), frozenset([y])) in pairs for y in b] for x in a]
        if all(any(row) for row in hit) and all(any(row[j] for row in hit) for j in range(len(b))):
            return True
    return False


def mouse_exceptions():
    text = open(os.path.join(HERE, '..', '..', 'src', 'communicate', 'orthologs.ts'), encoding='utf-8').read()
    block = re.search(r'EXCEPTIONS[^`]*`([^`]*)`', text).group(1)
    return dict(entry.split(':') for entry in block.split())


def check_mouse(kept):
    known = set()
    for r in rows('cellchat/CellChatDB.ligrec.mouse.csv'):
        known.update(r['0'].split('_') + r['1'].split('_'))
    for r in rows('liana/omni_resource.csv'):
        if r['resource'] == 'mouseconsensus':
            known.update(r['source_genesymbol'].split('_') + r['target_genesymbol'].split('_'))
    exceptions, unseen, gone = mouse_exceptions(), [], set()
    genes = sorted({g for row in kept for side in row[:2] for g in side})
    for gene in genes:
        other = exceptions.get(gene, gene[0] + gene[1:].lower())
        if other == '-':
            gone.add(gene)
        elif other not in known | BY_HAND:
            unseen.append(f'{gene}->{other}')
    dropped = sum(any(g in gone for side in row[:2] for g in side) for row in kept)
    print(f'mouse: {len(kept) - dropped} rows, {dropped} without an orthologue ({len(gone)} genes: {" ".join(sorted(gone))})')
    unused = sorted(set(exceptions) - set(genes))
    if unseen or unused:
        sys.exit(f'mouse symbols in no mouse reference: {unseen}; exceptions the table never uses: {unused}')


def main():
    exact, papers = references()
    kept, seen, weak = [], set(), []
    pool = list(curated())
    for ligand, receptor, family, annotation, paper in pool:
        contact = annotation == 'contact'
        key = (frozenset(ligand), frozenset(receptor))
        if key in seen or (contact and key[::-1] in seen):
            print('twice:', '+'.join(ligand), '>', '+'.join(receptor))
            continue
        codes = [code for code in LINES if lists(exact[code], ligand, receptor, contact)]
        evidence = [paper] if paper else [f'PMID:{p}' for p in dict.fromkeys(papers.get(key, []))][:2]
        if len(codes) < 2 and not (codes and evidence):
            weak.append(f"{'+'.join(ligand)}>{'+'.join(receptor)}[{''.join(codes)}]")
            continue
        seen.add(key)
        kept.append((ligand, receptor, family, annotation, evidence, ''.join(codes)))
    complexes = {}
    for row in kept:
        complexes.setdefault(row[0], []).append(set(row[1]))
    single = [r for r in kept if len(r[1]) == 1 and r[2] not in ALONE and any(set(r[1]) < c for c in complexes[r[0]])]
    kept = [r for r in kept if r not in single]
    print(f'{len(pool)} written, {len(weak)} not confirmed, {len(single)} single chains beside their complex, {len(kept)} kept;',
          f'{sum(bool(r[4]) for r in kept)} with papers, {sum(len(r[5]) == 1 for r in kept)} in one curation and a paper,',
          f'{sum(len(r[0]) + len(r[1]) > 2 for r in kept)} with complexes, {len({r[2] for r in kept})} families')
    print('not confirmed:', ' '.join(weak))
    print('single chains:', ' '.join('+'.join(r[0]) + '>' + '+'.join(r[1]) for r in single))
    check_mouse(kept)
    text = body(kept)
    print(f'{len(text)} bytes')
    if '--write' in sys.argv:
        open(TARGET, 'w', encoding='utf-8').write(text)
    elif open(TARGET, encoding='utf-8').read() != text:
        sys.exit('src/communicate/table.ts differs from what the references confirm; run with --write')


def body(kept):
    lines, last = [], None
    for ligand, receptor, family, annotation, evidence, codes in kept:
        if (family, annotation) != last:
            lines.append(f'# {family}\t{annotation}')
            last = (family, annotation)
        lines.append('\t'.join(['+'.join(ligand), '+'.join(receptor), codes, *(e.removeprefix('PMID:') for e in evidence)]))
    sources = '\n'.join(f'  {code}: "{name}",' for code, name in LINES.items())
    return f'''/* Written by test/oracles/check_interactions.py; change test/oracles/interactions.txt and run it again. */
export const VERSION: string = "{VERSION} ({DATE})";

/** The public databases that list a pair, by the letter used below. */
export const SOURCES: Readonly<Record<string, string>> = {{
{sources}
}};

/** Family and annotation; then ligand, receptor, letters of the databases, PubMed ids (or another named reference). */
export const ROWS: string = `{chr(10).join(lines)}`;
'''


main()
