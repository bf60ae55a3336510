/** The page's style sheet. Colors are given once for light and dark paper. */
export const styleSheet: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14171a);
  --panel: light-dark(#f7f8fa, #1b1f23);
  --ink: light-dark(#1c2126, #e8ebee);
  --quiet: light-dark(#5c6670, #9aa4ae);
  --rule: light-dark(#dfe3e8, #2e343a);
  --accent: light-dark(#0b5cad, #7ab8f5);
  --bar: light-dark(#3b6ea5, #6ea3d8);
  --warn: light-dark(#8a4b00, #f0b35e);
  --veil: light-dark(rgb(255 255 255 / .82), rgb(20 23 26 / .78));
  --faded: light-dark(#e3e7eb, #2a3036);
  --is-dark: 0;
}
@media (prefers-color-scheme: dark) { :root { --is-dark: 1; } }
:root[data-theme="light"] { color-scheme: light; --is-dark: 0; }
:root[data-theme="dark"] { color-scheme: dark; --is-dark: 1; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-feature-settings: "tnum" 0;
}
a { color: var(--accent); }
.page { max-width: 1320px; margin: 0 auto; padding: 0 clamp(1rem, 3vw, 2.5rem); }
nav {
  position: sticky; top: 0; z-index: 5; background: var(--paper); border-bottom: 1px solid var(--rule);
}
nav .page { display: flex; align-items: center; gap: 1.4rem; min-height: 3rem; }
nav .links { display: flex; gap: 1.4rem; overflow-x: auto; scrollbar-width: none; flex: 1; }
nav a { color: var(--quiet); text-decoration: none; white-space: nowrap; font-size: .875rem; padding: .7rem 0; border-bottom: 2px solid transparent; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); border-bottom-color: var(--accent); }
header { padding: 3.2rem 0 1.6rem; }
.kicker { color: var(--quiet); font-size: .8125rem; letter-spacing: .06em; text-transform: uppercase; margin: 0 0 .5rem; }
h1 { font-size: clamp(1.7rem, 4vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em; font-weight: 650; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.012em; font-weight: 620; margin: 0 0 .35rem; }
h3 { font-size: .9375rem; font-weight: 600; margin: 0 0 .6rem; }
.spaced { margin-top: 1.8rem; }
p { margin: 0 0 .8rem; max-width: 46rem; text-wrap: pretty; overflow-wrap: anywhere; }
.lead { font-size: 1.0938rem; max-width: 50rem; }
.intro, .quiet { color: var(--quiet); }
.small { font-size: .8125rem; color: var(--quiet); line-height: 1.45; margin: .5rem 0 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0; margin: 1.8rem 0 0; padding: 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.facts div { padding: 1rem 1rem 1rem 0; }
.facts dt { color: var(--quiet); font-size: .8125rem; }
.facts dd { margin: 0; font-size: 1.55rem; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; line-height: 1.3; order: -1; }
.facts div { display: flex; flex-direction: column; }
main > section { padding: 2.4rem 0 1.2rem; }
main > section + section { border-top: 1px solid var(--rule); margin-top: 1.2rem; }
.intro { margin-bottom: 1.4rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.6rem 3rem; align-items: start; }
.charts { display: flex; flex-wrap: wrap; gap: 1.8rem 2.6rem; align-items: flex-start; }
.charts > * { max-width: 100%; min-width: 0; }
figure { margin: 0; min-width: min(18rem, 100%); max-width: 100%; }
.chart { overflow-x: auto; max-width: 100%; }
.chart svg { display: block; }
.chart svg text { font-family: inherit; }
.chart svg .mark-rect path:not([stroke]) { shape-rendering: crispEdges; }
figcaption { font-size: .8125rem; color: var(--quiet); margin-top: .5rem; max-width: 46rem; line-height: 1.45; contain: inline-size; }
ul.plain { list-style: none; margin: 0; padding: 0; }
ul.plain li { padding: .45rem 0; border-bottom: 1px solid var(--rule); font-size: .9063rem; overflow-wrap: anywhere; }
ul.plain li:last-child { border-bottom: 0; }
.tag { font-size: .75rem; color: var(--quiet); margin-right: .5rem; }
.warn { color: var(--warn); }
.absent { border-left: 3px solid var(--rule); padding: .2rem 0 .2rem 1rem; color: var(--quiet); }
.table { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .8125rem; vertical-align: bottom; }
th, td { padding: .38rem 1.4rem .38rem 0; border-bottom: 1px solid var(--rule); }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
tr.chosen td { font-weight: 600; }

.toolbar { display: flex; flex-wrap: wrap; gap: .7rem 1.2rem; align-items: center; padding: .2rem 0 .9rem; font-size: .875rem; }
.toolbar label { display: inline-flex; align-items: center; gap: .45rem; color: var(--quiet); }
select, input[type="search"], button.plain {
  font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--rule); border-radius: 6px; padding: .32rem .6rem; max-width: 15rem;
}
button { font: inherit; cursor: pointer; }
button.plain:hover, select:hover { border-color: var(--quiet); }
button.text { background: none; border: 0; color: var(--accent); padding: .2rem 0; font-size: .8125rem; }
input[type="search"] { width: 11rem; }
input[type="range"] { width: 5.5rem; accent-color: var(--accent); }
input[type="checkbox"] { accent-color: var(--accent); }
input:invalid { border-color: var(--warn); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.explorer { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr) 13rem; gap: 1rem; }
.explorer.single { grid-template-columns: minmax(0, 1fr) 13rem; }
.view { position: relative; height: clamp(20rem, 66vh, 38rem); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; background: var(--panel); cursor: crosshair; user-select: none; touch-action: pan-y; }
.view .layer { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.view .name { position: absolute; left: .8rem; top: .55rem; font-size: .8125rem; color: var(--ink); background: var(--veil); padding: .05rem .45rem; border-radius: 4px; margin-left: -.45rem; pointer-events: none; }
#legend { max-height: clamp(20rem, 66vh, 38rem); overflow-y: auto; font-size: .875rem; scrollbar-width: thin; }
.groups { list-style: none; margin: 0; padding: 0; }
.groups li { display: flex; align-items: stretch; }
.groups li.off { opacity: .45; }
.swatch { border: 0; background: none; width: 1.9rem; padding: .36rem .4rem; flex: none; }
.swatch::before { content: ""; display: block; width: .85rem; height: .85rem; border-radius: 50%; background: var(--swatch); border: 2px solid var(--swatch); }
.off .swatch::before { background: transparent; }
.group { flex: 1; min-width: 0; display: flex; justify-content: space-between; gap: .6rem; text-align: left; border: 0; background: none; color: inherit; padding: .14rem .5rem; border-radius: 5px; }
.group:hover { background: var(--panel); }
.group[aria-pressed="true"] { background: var(--ink); color: var(--paper); }
.group .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.group .size { opacity: .65; font-variant-numeric: tabular-nums; font-size: .8125rem; }
.ramp { display: block; height: 12px; border-radius: 3px; }
.ramp-labels { display: flex; justify-content: space-between; font-size: .8125rem; color: var(--quiet); font-variant-numeric: tabular-nums; margin-top: .25rem; }
.status { display: flex; gap: 1rem; align-items: baseline; min-height: 2.2rem; padding-top: .6rem; font-size: .8438rem; color: var(--quiet); }
#tip { position: absolute; z-index: 3; max-width: 17rem; background: var(--paper); border: 1px solid var(--rule); border-radius: 6px; padding: .5rem .7rem; font-size: .8125rem; line-height: 1.4; pointer-events: none; box-shadow: 0 4px 16px rgb(0 0 0 / .14); overflow-wrap: anywhere; }
#tip dl { display: grid; grid-template-columns: auto auto; gap: 0 .8rem; margin: .25rem 0 0; justify-content: start; }
#tip dt { color: var(--quiet); } #tip dd { margin: 0; font-variant-numeric: tabular-nums; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(46%, 11.5rem), 1fr)); gap: 1.2rem 1rem; align-items: start; }
.maps button { display: block; width: 100%; padding: 0; border: 0; background: none; color: inherit; text-align: left; border-radius: 8px; }
.maps canvas { display: block; width: 100%; aspect-ratio: 1; background: var(--panel); border-radius: 8px; }
.maps .scale { display: block; max-width: 11rem; margin-top: .3rem; min-height: 1.7rem; }
.maps .scale .ramp { height: 6px; }
.maps.large { display: block; max-width: 28rem; }
.maps.large .scale { display: none; }
.pair { white-space: nowrap; }
.dot { margin-right: .45rem; vertical-align: -.02em; }
.maps strong { display: block; font-size: .875rem; font-weight: 600; margin-top: .4rem; overflow-wrap: anywhere; line-height: 1.3; }
.maps span { font-size: .7813rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.maps button:hover strong { color: var(--accent); }
footer { border-top: 1px solid var(--rule); margin-top: 3rem; padding: 1.6rem 0 3rem; color: var(--quiet); font-size: .8125rem; }
[hidden] { display: none !important; }
@media (max-width: 1080px) {
  .explorer, .explorer.single { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .explorer.single { grid-template-columns: minmax(0, 1fr); }
  #legend { grid-column: 1 / -1; max-height: none; }
  .groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
  .view { height: clamp(18rem, 56vh, 30rem); }
}
@media (max-width: 700px) {
  .explorer { grid-template-columns: minmax(0, 1fr); }
  .view { height: 21rem; }
  header { padding-top: 1.8rem; }
}
@media print {
  :root { color-scheme: light; }
  nav, .toolbar, .status { display: none; }
  body { font-size: 11pt; }
  main > section { padding: 1rem 0; }
  figure, .maps button, tr { break-inside: avoid; }
  .view { height: 24rem; }
}
`;
