import { graph } from './graph.ts';
import { html, Html } from './html.ts';
import { label, timeline } from './timeline.ts';
import { style } from './style.ts';
import type { EventView, View } from './view.ts';

/**
 * The page without anything of the agent in it: it asks for the session token and fetches the rest with it. Sections that
 * have not changed are left alone, so that what a person points at stays lit.
 */
export const script = `
const form = document.querySelector('form');
const main = document.querySelector('main');
const notice = document.querySelector('#notice');
const fromLink = new URLSearchParams(location.hash.slice(1)).get('token');
if (fromLink) { sessionStorage.setItem('token', fromLink); history.replaceState(null, '', location.pathname); }
async function refresh() {
  const token = sessionStorage.getItem('token');
  form.hidden = token !== null;
  if (token === null) return;
  const answer = await fetch('ui/content', { headers: { authorization: 'Bearer ' + token } }).catch(() => undefined);
  main.classList.toggle('stale', answer === undefined);
  if (answer === undefined) return void (notice.textContent = 'The agent does not answer. Trying again.');
  if (!answer.ok) { sessionStorage.removeItem('token'); form.hidden = false; main.replaceChildren(); return void (notice.textContent = 'The agent refuses this token.'); }
  notice.textContent = '';
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').body;
  const old = new Map([...main.children].map((each) => [each.id, each]));
  main.replaceChildren(...[...fresh.children].map((each) => (old.get(each.id)?.isEqualNode(each) ? old.get(each.id) : each)));
}
form.addEventListener('submit', (event) => { event.preventDefault(); sessionStorage.setItem('token', form.elements.token.value.trim()); void refresh(); });
setInterval(() => { if (!document.hidden) void refresh(); }, 2000);
void refresh();
`;

/** Not part of the template: a formatter's white space in it would change the hash by which browsers know it. */
const scriptTag = new Html(`<script type="module">${script}</script>`);

export const shell = html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <title>Cluster agent</title>
      <style>
        ${new Html(style)}
      </style>
    </head>
    <body>
      <form hidden>
        <h1>Cluster agent</h1>
        <p>This page needs the agent's session token: the content of the file <code>auth_token</code> beside its configuration.</p>
        <label>Session token <input name="token" type="password" autocomplete="off" required /></label>
        <button>Show the agent</button>
      </form>
      <p id="notice" role="status"></p>
      <main></main>
      ${scriptTag}
    </body>
  </html>`.toString();

/** What goes into the page, as it is at this moment. */
export function content(view: View): string {
  return html`<header id="head">
      <h1><i class="dot ${view.mood}"></i>${view.title}</h1>
      <p>${view.version} on ${view.hostname}</p>
    </header>
    <section id="facts" class="facts">
      ${facts(view).map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </section>
    ${troubles(view)}
    <section id="components">
      <h2>Components</h2>
      <p class="hint">What a component needs stands to its left. Point at one to see its needs and what needs it.</p>
      ${graph(view.components)}
    </section>
    <section id="timeline">
      <h2>Start</h2>
      ${timeline(view.components, view.startMs ?? 0)}
    </section>
    <section id="events">
      <h2>Recent events</h2>
      <ol class="events">
        ${view.events.map(eventLine)}
      </ol>
    </section>
    ${absent(view)}`.toString();
}

function facts({ state, uptimeMs, startMs, components, health }: View): readonly (readonly [string, string])[] {
  const checks = health.healthy.length + health.unhealthy.length;
  return [
    ['State', state],
    ['Up for', label(uptimeMs)],
    ['Started in', startMs === undefined ? 'starting' : label(startMs)],
    ['Components', String(components.length)],
    ...(checks === 0 ? [] : [['Healthy', `${health.healthy.length} of ${checks}`] as const]),
  ];
}

function troubles({ components, health }: View): Html {
  const unwell = components.filter(({ trouble }) => trouble !== '').map(({ name, trouble }) => html`<li><b>${name}</b> ${trouble}</li>`);
  const silent = health.unhealthy.map((name) => html`<li><b>${name}</b> does not answer its health checks</li>`);
  if (unwell.length + silent.length === 0) return html``;
  return html`<section id="troubles">
    <h2>Needs attention</h2>
    <ul>
      ${[...unwell, ...silent]}
    </ul>
  </section>`;
}

function eventLine({ atMs, text, mood }: EventView): Html {
  return html`<li class="${mood}"><time>+${label(atMs)}</time> ${text}</li>`;
}

function absent(view: View): Html {
  if (view.absent.length === 0) return html``;
  return html`<section id="absent">
    <h2>Not in this run</h2>
    <ul>
      ${view.absent.map(({ name, because }) => html`<li><b>${name}</b> ${because}</li>`)}
    </ul>
  </section>`;
}
