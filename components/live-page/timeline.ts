import { html, type Html } from './html.ts';
import type { ComponentView, Span } from './view.ts';

/** Narrower bars cannot be seen. In percent of the whole. */
const narrowest = 0.25;

/** When each component was built and started, as bars on one scale. What took no time to speak of is left out. */
export function timeline(components: readonly ComponentView[], totalMs: number): Html {
  const scaleMs = Math.max(totalMs, ...components.flatMap(({ spans }) => spans.map(({ fromMs, durationMs }) => fromMs + durationMs)), 1);
  const rows = components.filter(({ spans }) => spans.some(({ durationMs }) => durationMs >= scaleMs / 1000));
  return html`<div class="timeline">
    <div class="row scale">
      <span><b class="create"></b> built <b class="start"></b> started</span>
      <div class="track">${ticks(scaleMs).map((ms) => html`<i style="left: ${percent(ms, scaleMs)}%">${label(ms)}</i>`)}</div>
    </div>
    ${rows.map(
      (component) =>
        html`<div class="row">
          <span class="${component.mood}" title="${component.name}">${component.name}</span>
          <div class="track">${component.spans.map((span) => bar(span, scaleMs))}</div>
        </div>`,
    )}
  </div>`;
}

function bar({ label: name, phase, fromMs, durationMs }: Span, scaleMs: number): Html {
  const width = Math.max(narrowest, percent(durationMs, scaleMs));
  return html`<b
    class="${phase}"
    style="left: ${percent(fromMs, scaleMs)}%; width: ${width}%"
    title="${name}: ${durationMs.toFixed(2)} ms, from ${fromMs.toFixed(2)} ms on"
  ></b>`;
}

function percent(ms: number, scaleMs: number): number {
  return Math.round((ms / scaleMs) * 10_000) / 100;
}

/** Four to nine round moments. */
export function ticks(scaleMs: number): readonly number[] {
  const rough = scaleMs / 6;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(scaleMs / step) + 1 }, (_, count) => count * step);
}

/** A duration in the largest unit that leaves something before the point. */
export function label(ms: number): string {
  if (ms < 1000) return `${round(ms)} ms`;
  if (ms < 60_000) return `${round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
