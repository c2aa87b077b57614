import { describe, expect, it } from 'vitest';
import { app, component, EventSink, module, type Component, type Event } from './index.ts';
import { Scope, type Node } from './graph.ts';
import { Entry, nodeOf } from './item.ts';
import { Journal } from './journal.ts';
import { Place } from './place.ts';
import { manualClock } from './testing.ts';

const root = new Scope('');
const inner = new Scope('inner', root);
const nodeIn = (scope: Scope, name: string, provides?: typeof EventSink): Node => {
  const node = nodeOf(new Entry('provide', { name, provides, create: () => undefined }, new Place(nodeIn)), {
    scope,
    visibleIn: root,
    off: undefined,
  });
  return Object.assign(node, { isBuilt: true });
};

interface World {
  readonly journal: Journal;
  readonly direct: Event[];
  readonly fallback: Event[];
}
function world({ isDirect = false, loggers = [] }: { readonly isDirect?: boolean; readonly loggers?: readonly Node[] } = {}): World {
  const [direct, fallback]: [Event[], Event[]] = [[], []];
  const sinks = isDirect ? [(event: Event) => void direct.push(event)] : [];
  const given = { clock: manualClock(), root, sinks, loggers, fallback: (event: Event) => void fallback.push(event) };
  return { journal: new Journal(given), direct, fallback };
}
/** A logger that is a component, and what it hears. */
function loggerIn(scope: Scope): { readonly node: Node; readonly heard: string[] } {
  const heard: string[] = [];
  const node = nodeIn(scope, 'logger', EventSink);
  scope.providers.one.set(EventSink, [...node.outputs]);
  node.value = (event: Event): void => void heard.push(event.kind === 'Invoking' ? event.component : event.kind);
  return { node, heard };
}
const tell = ({ journal }: World, scope: Scope, name: string): void => journal.tell({ kind: 'Invoking' }, nodeIn(scope, name));

describe('Journal', () => {
  it('tells the sinks of the app at once', () => {
    const at = world({ isDirect: true });
    expect(at.journal.isHeard).toBe(true);
    at.journal.tell({ kind: 'Started' });
    tell(at, inner, 'a');
    expect(at.direct).toEqual([
      { kind: 'Started', at: 0 },
      { kind: 'Invoking', at: 0, component: 'a', module: 'inner' },
    ]);
  });

  it('is not heard without sinks and loggers', () => {
    expect(world().journal.isHeard).toBe(false);
    expect(world({ loggers: [loggerIn(root).node] }).journal.isHeard).toBe(true);
  });

  it('keeps what a logger is going to hear, and hands it over in order', () => {
    const [outer, own] = [loggerIn(root), loggerIn(inner)];
    const at = world({ loggers: [outer.node, own.node] });
    tell(at, inner, '1');
    tell(at, inner, '2');
    tell(at, root, '3');
    at.journal.settle(own.node);
    tell(at, inner, '4');
    at.journal.settle(outer.node);
    expect(own.heard).toEqual(['1', '2', '4']);
    expect(outer.heard).toEqual(['3', 'LoggerInitialized', 'LoggerInitialized']);
  });

  it('gives the events of a module without a logger to the next one outside', () => {
    const { node, heard } = loggerIn(root);
    const at = world({ loggers: [node] });
    at.journal.settle(node);
    tell(at, inner, '1');
    expect(heard).toEqual(['LoggerInitialized', '1']);
  });

  it('hands what is still kept to the fallback when it gives up, and what follows too', () => {
    const at = world({ loggers: [loggerIn(root).node] });
    tell(at, root, '1');
    at.journal.giveUp();
    tell(at, root, '2');
    expect(at.fallback).toMatchObject([{ component: '1' }, { component: '2' }]);
  });

  it('hands what was kept for a logger that is lost to the fallback, and says so', () => {
    const { node } = loggerIn(root);
    const at = world({ loggers: [node] });
    tell(at, root, '1');
    at.journal.settle(nodeIn(root, 'no logger'), new Error('not about a logger'));
    at.journal.settle(node, 'why');
    expect(at.fallback).toMatchObject([{ component: '1' }, { kind: 'LoggerInitialized', error: 'why' }]);
  });

  it('does not connect a logger that was not announced', () => {
    const at = world({ isDirect: true });
    const { node, heard } = loggerIn(root);
    at.journal.settle(node);
    tell(at, root, '1');
    expect(heard).toEqual([]);
  });
});

describe('Journal.inOrderOf', () => {
  const nodes = ['a', 'b', 'c'].map((name) => nodeIn(root, name)) as [Node, Node, Node];
  const [a, b, c] = nodes;
  const says = (at: World, node: Node): void => at.journal.tell({ kind: 'Invoking' }, node);
  const told = ({ direct }: World): string => direct.map((event) => ('component' in event ? event.component : event.kind)).join('');

  it('lets events out in the given order, each as soon as it and all before it are done', async () => {
    const at = world({ isDirect: true });
    await at.journal.inOrderOf(nodes, (done) => {
      says(at, b);
      says(at, a);
      says(at, b);
      done(b);
      expect(told(at)).toBe('');
      done(a);
      expect(told(at)).toBe('abb');
      done(c);
      return undefined;
    });
    expect(told(at)).toBe('abb');
  });

  it('lets out what is left at its end, in order, and then holds nothing back', async () => {
    const at = world({ isDirect: true });
    await at.journal.inOrderOf(nodes, () => {
      says(at, c);
      says(at, a);
      return undefined;
    });
    says(at, b);
    expect(told(at)).toBe('acb');
  });

  it('holds back neither what concerns the app nor a component whose turn is over', async () => {
    const at = world({ isDirect: true });
    await at.journal.inOrderOf(nodes, (done) => {
      at.journal.tell({ kind: 'Started' });
      says(at, b);
      done(a);
      says(at, a);
      expect(told(at)).toBe('Starteda');
      return undefined;
    });
    expect(told(at)).toBe('Startedab');
  });
});

describe('an app with loggers in modules', () => {
  it('gives each event to one logger, and loses none', async () => {
    const heard: Record<string, string[]> = { app: [], inner: [] };
    const logger = (name: 'app' | 'inner'): Component =>
      component({ name, provides: EventSink, create: () => (event: Event) => void heard[name]?.push(event.kind) });
    const part = (name: string): Component => component({ name, create: () => undefined, start: () => {} });
    const subject = app([part('first'), logger('app'), module('inner', [part('second'), logger('inner')])]);
    await subject.start();
    await subject.stop();
    expect(heard['inner']).toEqual(['Provided', 'Invoking', 'Invoked', 'BeforeRun', 'Run']);
    expect(heard['app']?.filter((kind) => kind.startsWith('OnStart'))).toHaveLength(4);
    expect(heard['app']?.filter((kind) => kind === 'LoggerInitialized')).toHaveLength(2);
  });
});
