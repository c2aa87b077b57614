import { describe, expect, it } from 'vitest';
import { html, Html } from './html.ts';
import { content, shell } from './page.ts';
import { label, ticks } from './timeline.ts';
import type { View } from './view.ts';

const evil = `<img src=x onerror="alert('1')">`;

const view: View = {
  title: evil,
  version: evil,
  hostname: evil,
  state: evil,
  mood: 'good',
  uptimeMs: 1,
  startMs: undefined,
  health: { healthy: [evil], unhealthy: [evil] },
  components: [
    { name: evil, state: evil, mood: 'bad', needs: [], spans: [{ label: evil, phase: 'start', fromMs: 0, durationMs: 3 }], trouble: evil },
    { name: 'log', state: 'started', mood: 'good', needs: [evil, 'absent'], spans: [], trouble: '' },
  ],
  absent: [{ name: evil, because: evil }],
  events: [{ atMs: 1, text: evil, mood: 'idle' }],
};

describe('html', () => {
  it('escapes values, and not what it made itself', () => {
    expect(html`<b title="${'"&'}">${html`<i>${'<'}</i>`}${[1, html`<u></u>`]}</b>`.toString()).toBe(
      '<b title="&quot;&amp;"><i>&lt;</i>1<u></u></b>',
    );
    expect(new Html('<b>').toString()).toBe('<b>');
  });
});

describe('content', () => {
  it('lets no text of a component become markup', () => {
    expect(content(view)).not.toContain('<img');
    expect(content(view)).toContain('&lt;img');
  });

  it('names what is not well, and what is not in the run', () => {
    expect(content(view)).toContain('does not answer its health checks');
    expect(content(view)).toContain('Not in this run');
    const well = content({ ...view, components: [], absent: [], health: { healthy: ['log'], unhealthy: [] } });
    expect(well).not.toContain('Needs attention');
    expect(well).not.toContain('Not in this run');
  });
});

describe('shell', () => {
  it('loads nothing from anywhere', () => {
    expect(shell).not.toMatch(/(?:src|href)=|@import|url\(/);
  });
});

describe('label', () => {
  it.each([
    [0, '0 ms'],
    [12.34, '12.3 ms'],
    [1500, '1.5 s'],
    [734_000, '12 min 14 s'],
    [7_260_000, '2 h 1 min'],
  ])('%d ms is %s', (ms, text) => expect(label(ms)).toBe(text));
});

describe('ticks', () => {
  it.each([1, 7, 125, 999, 12_345])('are few and within %d ms', (ms) => {
    const each = ticks(ms);
    expect(each.length).toBeGreaterThanOrEqual(3);
    expect(each.length).toBeLessThanOrEqual(9);
    expect(each.at(-1)).toBeLessThanOrEqual(ms);
  });
});
