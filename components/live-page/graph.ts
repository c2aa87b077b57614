import { Html, html } from './html.ts';
import { layout, reduced, type Position } from './layout.ts';
import type { ComponentView } from './view.ts';

const card = { width: 178, height: 34, columnGap: 34, rowGap: 10, margin: 8 };
/** Characters that fit beside the milliseconds. */
const nameMax = 18;

/**
 * The components and what they need, as SVG: needs stand to the left. Only edges that no longer way implies are drawn;
 * pointing at a component lights up all that it needs and all that needs it.
 */
export function graph(components: readonly ComponentView[]): Html {
  const index = new Map(components.map(({ name }, at) => [name, at]));
  const needs = components.map((each) => each.needs.flatMap((name) => index.get(name) ?? []));
  const places = layout(needs);
  const drawn = reduced(needs);
  const width = size(places, 'column', card.width + card.columnGap) - card.columnGap;
  const height = size(places, 'row', card.height + card.rowGap);
  const edges = needs.flatMap((each, from) => each.map((to) => edge({ from, to, places, isFaint: drawn[from]?.includes(to) === true })));
  return html`<style>
      ${new Html(components.map((_, at) => highlight(at)).join('\n'))}
    </style>
    <svg class="graph" viewBox="0 0 ${width} ${height}" role="img" aria-label="Components and what they need">
      <g class="edges">${edges}</g>
      ${components.map((component, at) => node({ component, at, place: places[at] }))}
    </svg>`;
}

function size(places: readonly Position[], axis: keyof Position, step: number): number {
  return (places.reduce((most, place) => Math.max(most, place[axis]), 0) + 1) * step + 2 * card.margin;
}

function corner({ column, row }: Position): { readonly x: number; readonly y: number } {
  return { x: card.margin + column * (card.width + card.columnGap), y: card.margin + row * (card.height + card.rowGap) };
}

interface EdgeParts {
  readonly from: number;
  readonly to: number;
  readonly places: readonly Position[];
  /** Drawn even when nobody points at its ends. */
  readonly isFaint: boolean;
}

function edge({ from, to, places, isFaint }: EdgeParts): Html {
  const [start, end] = [places[to], places[from]].map((place) => corner(place ?? { column: 0, row: 0 }));
  if (start === undefined || end === undefined) return html``;
  const [x1, y1, x2, y2] = [start.x + card.width, start.y + card.height / 2, end.x, end.y + card.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return html`<path
    class="edge ${isFaint ? 'faint' : 'hidden'} f${from} t${to}"
    d="M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"
  />`;
}

interface NodeParts {
  readonly component: ComponentView;
  readonly at: number;
  readonly place: Position | undefined;
}

function node({ component, at, place = { column: 0, row: 0 } }: NodeParts): Html {
  const { x, y } = corner(place);
  const totalMs = component.spans.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const shown = component.name.length > nameMax ? `${component.name.slice(0, nameMax - 1)}…` : component.name;
  return html`<g class="node ${component.mood}" id="n${at}" transform="translate(${x} ${y})" tabindex="0">
    <title>${component.name}: ${component.state}${component.trouble === '' ? '' : `\n${component.trouble}`}</title>
    <rect width="${card.width}" height="${card.height}" rx="7" />
    <circle cx="14" cy="${card.height / 2}" r="4" />
    <text x="26" y="21">${shown}</text>
    <text class="ms" x="${card.width - 9}" y="21">${totalMs >= 0.05 ? totalMs.toFixed(1) : ''}</text>
  </g>`;
}

/** Needs light up in one colour, dependants in another, without a script. */
function highlight(at: number): string {
  const pointed = `.graph:has(#n${at}:is(:hover, :focus))`;
  return `${pointed} .f${at} { opacity: 1; stroke: var(--needs); } ${pointed} .t${at} { opacity: 1; stroke: var(--needed); }`;
}
