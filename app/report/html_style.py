"""The look of the HTML report: light and dark, on paper too, contrast AA throughout."""

STYLE = """
:root{color-scheme:light dark;
--page:#f5f6f8;--card:#ffffff;--ink:#17202b;--soft:#4f5b69;--line:#d9dee5;--band:#eef1f5;
--link:#0b57a4;--accent:#1d3b5c;
--s0:#8f1220;--s1:#b3301a;--s2:#8a5200;--s3:#1f5f8b;--s4:#56616e;--on:#ffffff;
--alarm:#fdecec;--alarm-line:#c2273a;--alarm-ink:#7d0f1d;
--warn:#fff5dc;--warn-line:#b97a00;--warn-ink:#694400;
--good:#e8f5ec;--good-line:#2e7d4b;--good-ink:#1c5a33;
--note:#e9f1fa;--note-line:#3d77b3;--note-ink:#1b4a7a;--bar:#c2273a;--bar2:#6c7a89}
@media (prefers-color-scheme:dark){:root{
--page:#10151b;--card:#182029;--ink:#e8edf3;--soft:#a9b5c3;--line:#2f3b48;--band:#212b36;
--link:#86bdf5;--accent:#b9d4f0;
--s0:#ff9aa2;--s1:#ffb199;--s2:#ffcf7d;--s3:#93cdf7;--s4:#bcc6d1;--on:#10151b;
--alarm:#3a181d;--alarm-line:#ff7582;--alarm-ink:#ffc4c9;
--warn:#372a10;--warn-line:#e3a93c;--warn-ink:#ffdf9e;
--good:#14301f;--good-line:#5fbf83;--good-ink:#b4e8c6;
--note:#17293c;--note-line:#6aa6e0;--note-ink:#c2ddf8;--bar:#ff7582;--bar2:#8b99a8}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:72rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.2rem}
.which{margin:0;color:var(--soft);font-size:.8rem;font-weight:600;letter-spacing:.08em;
text-transform:uppercase}
.which .name{text-transform:none;letter-spacing:0;font-size:.95em}
h1{margin:.35rem 0 .5rem;font-size:1.9rem;line-height:1.22;letter-spacing:-.015em;
max-width:46rem;text-wrap:balance}
h2{margin:2.6rem 0 .7rem;font-size:1.22rem;letter-spacing:-.005em}
h3{margin:1.3rem 0 .4rem;font-size:1rem}
p{margin:.5rem 0}
.meta{color:var(--soft);margin:0}
.soft{color:var(--soft)}
a{color:var(--link)}
.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.9em;overflow-wrap:anywhere}
.notice{margin:1.1rem 0 0;padding:.75rem 1rem;border:1px solid;border-left-width:5px;
border-radius:6px}
.notice p{margin:.2rem 0}.notice strong{margin-right:.3rem}
.alarm{background:var(--alarm);border-color:var(--alarm-line);color:var(--alarm-ink)}
.warn{background:var(--warn);border-color:var(--warn-line);color:var(--warn-ink)}
.good{background:var(--good);border-color:var(--good-line);color:var(--good-ink)}
.note{background:var(--note);border-color:var(--note-line);color:var(--note-ink)}
.notice a{color:inherit}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem;
margin:1.4rem 0 0;padding:0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:.75rem 1rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dt{color:var(--soft);font-size:.85rem}
.figures dd{margin:0;font-size:1.6rem;font-weight:650;line-height:1.2;
font-variant-numeric:tabular-nums}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1.1rem 1.3rem}
.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
.cause{border-left:5px solid var(--alarm-line)}
.sql{margin:.6rem 0;padding:.7rem .9rem;background:var(--band);border:1px solid var(--line);
border-radius:6px;font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere;user-select:all}
.mend{margin:.7rem 0}
.lead{font-size:1.08rem;line-height:1.5;margin:.55rem 0}
.path{list-style:none;margin:.4rem 0;padding:0}
.path li{position:relative;padding:.15rem 0 .6rem 1.6rem;border-left:2px solid var(--line);
margin:0 0 0 .4rem}
.path li:last-child{border-left-color:transparent;padding-bottom:0}
.path li::before{content:"";position:absolute;left:-.42rem;top:.55rem;width:.7rem;height:.7rem;
border-radius:50%;background:var(--card);border:2px solid var(--soft)}
.path li.opened::before{background:var(--alarm-line);border-color:var(--alarm-line)}
.path small{color:var(--soft)}
.badge{display:inline-block;min-width:3.4rem;padding:.05rem .5rem;border-radius:4px;
text-align:center;font-size:.78rem;font-weight:700;letter-spacing:.03em;color:var(--on);
background:var(--s4)}
.sev0{background:var(--s0)}.sev1{background:var(--s1)}.sev2{background:var(--s2)}
.sev3{background:var(--s3)}.sev4{background:var(--s4)}
.tag{display:inline-block;border:1px solid currentColor;border-radius:4px;padding:0 .4rem;
font-size:.78rem;font-weight:600;white-space:nowrap}
.tag.open{color:var(--alarm-ink);background:var(--alarm)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px;
margin:.6rem 0}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:3px solid var(--link);
outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;padding:.7rem .9rem .55rem;color:var(--soft);font-size:.85rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .9rem;border-top:1px solid var(--line)}
thead th{background:var(--band);font-size:.8rem;font-weight:650;color:var(--soft);
white-space:nowrap}
thead th.number{text-align:right}
tbody th{font-weight:600}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.about{display:block;color:var(--soft);font-size:.86rem;font-weight:400}
.bar{display:grid;grid-template-columns:3.2rem 6.5rem auto;gap:.5rem;align-items:center;
justify-content:start;font-size:.84rem;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar i{display:block;height:.55rem;border-radius:3px;background:var(--band)}
.bar b{display:block;height:100%;border-radius:3px;background:var(--bar2)}
.bar.over b{background:var(--bar)}
.steps{list-style:none;margin:0;padding:0}
.steps small{display:block;color:var(--soft)}
tbody th{min-width:11rem}
.date,.short{white-space:nowrap;font-variant-numeric:tabular-nums}
.halves{display:grid;grid-template-columns:1fr 1fr;gap:1rem;align-items:start}
@media (max-width:52rem){.halves{grid-template-columns:1fr}h1{font-size:1.55rem}}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--link);font-weight:600;padding:.2rem 0}
td details{margin:.15rem 0 0;font-size:.88rem}
td summary{font-weight:500}
ul{margin:.4rem 0;padding-left:1.2rem}li{margin:.15rem 0}
.evidence{margin:.3rem 0 .1rem;padding-left:1rem}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:.4rem 0}
.facts dt{color:var(--soft)}.facts dd{margin:0}
footer{padding-top:1.4rem;padding-bottom:3rem;color:var(--soft);font-size:.88rem}
footer .card{margin-top:1rem}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#333;--line:#bbb;--band:#eee;
--s0:#8f1220;--s1:#b3301a;--s2:#8a5200;--s3:#1f5f8b;--s4:#56616e;--on:#fff;--link:#000;
--alarm:#fff;--warn:#fff;--good:#fff;--note:#fff;--alarm-ink:#7d0f1d;--warn-ink:#694400;
--good-ink:#1c5a33;--note-ink:#1b4a7a;--bar:#c2273a;--bar2:#6c7a89}
body{font-size:10pt}table{font-size:8.5pt}th,td{padding:.3rem .45rem}tbody th{min-width:0}
.about,.bar,td details{font-size:8pt}.bar{grid-template-columns:2.6rem 3.4rem auto}
.figures{gap:.4rem;
grid-template-columns:repeat(auto-fit,minmax(6.5rem,1fr))}.figures div{padding:.5rem .7rem}
.figures dd{font-size:1.2rem}main,header,footer{max-width:none;padding:0}
.badge,.bar i,.bar b,.path li::before,thead th{print-color-adjust:exact;
-webkit-print-color-adjust:exact}
h2,h3,caption{break-after:avoid}tr,.card,.notice{break-inside:avoid}thead{display:table-header-group}
.scroll{overflow:visible}.jump{display:none}@page{margin:16mm}}
"""
