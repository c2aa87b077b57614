/** Colours follow the reader's preference for light or dark. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #14161a); --panel: light-dark(#fff, #1c1f25); --line: light-dark(#e2e5ea, #2c313a);
  --ink: light-dark(#1d2129, #e8eaee); --quiet: light-dark(#667080, #98a1b0);
  --good: light-dark(#1f9d61, #3ecf8e); --waiting: light-dark(#c9860a, #f0b445); --bad: light-dark(#d2393f, #ff6b70); --idle: light-dark(#9aa3b0, #6b7482);
  --needs: light-dark(#6b4ce6, #a48bff); --needed: light-dark(#0a7ac2, #5db8f5);
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1560px; padding: 28px 32px 60px; background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; font-weight: 650; margin: 0; letter-spacing: -0.01em; display: flex; align-items: center; gap: 12px; }
h2 { font-size: 13px; font-weight: 650; margin: 0 0 4px; }
p { margin: 0; color: var(--quiet); }
header { margin-bottom: 20px; }
header p { padding-left: 24px; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 12px; padding: 16px 20px; margin-bottom: 16px; }
.hint { font-size: 12px; margin-bottom: 12px; }
.dot { width: 12px; height: 12px; border-radius: 50%; background: currentColor; flex: none; }
.good { color: var(--good); } .waiting { color: var(--waiting); } .bad { color: var(--bad); } .idle { color: var(--idle); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; }
dt { color: var(--quiet); font-size: 12px; } dd { margin: 0; font-size: 18px; font-variant-numeric: tabular-nums; }
.graph { width: 100%; height: auto; display: block; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.4; transition: opacity 0.12s; pointer-events: none; }
.edge.hidden { opacity: 0; }
.node rect { fill: var(--panel); stroke: var(--line); }
.node circle { fill: currentColor; }
.node text { fill: var(--ink); font-size: 12px; } .node .ms { fill: var(--quiet); text-anchor: end; font-size: 11px; font-variant-numeric: tabular-nums; }
.node:is(:hover, :focus) rect { stroke: currentColor; stroke-width: 1.6; } .node { outline: none; cursor: default; }
.node.bad rect { stroke: currentColor; }
.timeline .row { display: grid; grid-template-columns: 190px 1fr; align-items: center; height: 22px; }
.timeline .row > span { color: var(--ink); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-right: 12px; font-size: 12px; }
.track { position: relative; height: 100%; border-left: 1px solid var(--line); }
.track b { position: absolute; top: 6px; height: 10px; border-radius: 3px; min-width: 2px; }
b.create { background: var(--needs); } b.start { background: var(--needed); }
.scale span b { display: inline-block; width: 10px; height: 10px; border-radius: 3px; } .timeline .scale span { color: var(--quiet); }
.timeline { padding-right: 48px; } .scale i { position: absolute; white-space: nowrap; font-style: normal; font-size: 11px; color: var(--quiet); padding-left: 4px; border-left: 1px solid var(--line); height: 100%; }
ol, ul { margin: 0; padding: 0; list-style: none; }
.events li { color: var(--ink); padding: 3px 0; border-top: 1px solid var(--line); } .events li:first-child { border: 0; }
.events li.bad { color: var(--bad); } .events li.waiting { color: var(--waiting); }
.events { max-height: 340px; overflow: auto; } time { display: inline-block; width: 110px; color: var(--quiet); font-variant-numeric: tabular-nums; }
#troubles { border-color: var(--bad); } #absent { color: var(--quiet); } #absent b { color: var(--ink); font-weight: 500; }
form { max-width: 420px; margin: 12vh auto 0; display: grid; gap: 14px; } form[hidden] { display: none; }
label { display: grid; gap: 6px; font-size: 12px; color: var(--quiet); }
input, button { font: inherit; padding: 9px 12px; border-radius: 8px; border: 1px solid var(--line); background: var(--panel); color: var(--ink); }
button { background: var(--needs); color: #fff; border: 0; font-weight: 600; cursor: pointer; }
#notice { text-align: center; color: var(--bad); } .stale { opacity: 0.45; }
`;
