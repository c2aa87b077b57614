import { component, decorate, Lifecycle, many, module, oneShot, optional, token } from '../../src/fx/index.ts';

/** A page of text that anybody can contribute a section to. */
interface Section {
  render(): string;
}
const Section = token<Section>()('section');
interface Page {
  render(): string;
}
const Page = token<Page>()('page');
interface Store {
  get(key: string): string;
}
const Store = token<Store>()('store');
const Uptime = token<{ seconds(): number }>()('uptime');

const page = component({
  provides: Page,
  requires: { sections: many(Section, { as: 'map' }), uptime: optional(Uptime) },
  create: ({ sections, uptime }) => ({
    render: () => {
      const body = [...sections].map(([name, section]) => `${name}: ${section.render()}`);
      return [...body, `uptime: ${uptime === undefined ? 'not measured' : `${uptime.seconds()} s`}`].join('\n');
    },
  }),
});

/** Its store is private: the list outside can neither see it nor clash with it. */
const inventory = module(
  'inventory',
  [
    component({
      name: 'inventory-section',
      provides: many(Section, { name: 'inventory' }),
      requires: { store: Store },
      create: ({ store }) => ({ render: () => store.get('apples') }),
    }),
    decorate({ provides: Store, requires: { store: Store }, create: ({ store }) => ({ get: (key) => `${store.get(key)} ${key}` }) }),
  ],
  { private: [component({ name: 'inventory-store', provides: Store, create: () => ({ get: () => '12' }) })] },
);

const weather = component({
  name: 'weather',
  provides: many(Section),
  requires: { lifecycle: Lifecycle },
  create({ lifecycle }) {
    let report = 'not asked yet';
    lifecycle.append({ name: 'ask-for-weather', start: () => void (report = 'sunny'), stop: () => void (report = 'gone') });
    return { render: () => report };
  },
});

console.log(await oneShot([inventory, weather, page], { page: Page }, (needs) => needs.page.render()));
