import type { List } from './component.ts';
import { refusal, type Settings } from './condition.ts';
import { describeValue, type Finding } from './errors.ts';
import { findingAt, isProvider, Node, Scope, type Gated, type Graph } from './graph.ts';
import { isListed, type Item, type ModuleItem, type Replacement } from './item.ts';

/** Where a list stands: in which module, seen by whom, and why it is off, if it is. */
interface Position {
  readonly scope: Scope;
  readonly visibleIn: Scope;
  readonly off: string | undefined;
}

/** The nodes of a list in its order, with modules opened, conditions decided and replacements in their places. */
export interface Flat extends Omit<Graph, 'order' | 'loggers'> {
  readonly findings: Finding[];
}

export function flatten(list: List, settings: Settings | undefined): Flat {
  const root = new Scope('');
  const gated: Gated[] = [];
  const findings: Finding[] = [];
  const replacements: { readonly replacement: Replacement; readonly scope: Scope }[] = [];
  let nodes: Node[] = [];

  const refused = (item: Item | ModuleItem): string | undefined => {
    if (item.when === undefined) return undefined;
    if (settings !== undefined) return refusal(item.when, settings);
    findings.push(withoutSettings(item));
    return undefined;
  };
  const take = (item: unknown, { scope, visibleIn, off }: Position, at: number): void => {
    if (!isListed(item)) findings.push(notAnItem(item, scope, at));
    else if (item.kind === 'replacement') replacements.push({ replacement: item, scope });
    else if (!visibleIn.listed.has(item)) {
      visibleIn.listed.add(item);
      const because = off ?? refused(item);
      if (item.kind === 'module') open(item, { scope: new Scope(item.name, scope, item.place), visibleIn, off: because });
      else if (because === undefined) nodes.push(new Node(item, scope, visibleIn));
      else gated.push({ item, scope, because });
    }
  };
  const takeAll = (items: unknown, position: Position): void => {
    if (Array.isArray(items)) items.forEach((item, index) => take(item, position, index + 1));
    else findings.push(notAnItem(items, position.scope, undefined));
  };
  const open = (item: ModuleItem, position: Position): void => {
    takeAll(item.private, { ...position, visibleIn: position.scope });
    takeAll(item.list, position);
  };

  /** The first that provides a token of the replacement gives it its place; others that do give way. */
  const stand = ({ by, place }: Replacement, within: Scope): void => {
    const tokens = new Set(by.outputs.map(({ token }) => token));
    const givesWay = ({ item, scope }: Node): boolean =>
      isProvider(item) && isWithin(scope, within) && item.outputs.some(({ token }) => tokens.has(token));
    const old = nodes.find(givesWay);
    const node = new Node(by, old?.scope ?? within, old?.visibleIn ?? root);
    nodes = old === undefined ? [...nodes, node] : nodes.flatMap((each) => (each === old ? node : givesWay(each) ? [] : each));
    if (old !== undefined) return;
    const message = `${by.name} replaces ${[...tokens].map(({ key }) => `"${key}"`).join(', ') || 'nothing'}, which nothing here provides`;
    const fix = 'list it as a component of its own, or remove the replacement';
    findings.push(findingAt(node, 'FX_NOTHING_TO_REPLACE', { message, place: String(place), fix }));
  };

  takeAll(list, { scope: root, visibleIn: root, off: undefined });
  for (const { replacement, scope } of replacements) stand(replacement, scope);
  return { root, nodes, gated, findings };
}

function isWithin(scope: Scope, outer: Scope): boolean {
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) if (each === outer) return true;
  return false;
}

function withoutSettings(item: Item | ModuleItem): Finding {
  const message = `${item.name} depends on a setting ("when"), but this app was given no settings`;
  const fix = 'give the app its settings: app(list, { settings: (key) => ... })';
  return { code: 'FX_BAD_DEFINITION', message, component: item.name, place: String(item.place), fix };
}

function notAnItem(item: unknown, scope: Scope, position: number | undefined): Finding {
  const where = scope.parent === undefined ? 'the list' : `module ${scope.name}`;
  const [verb, lack] = position === undefined ? ['is', 'a list'] : ['holds', 'a component'];
  const message = `${where} ${verb} ${describeValue(item)}${position === undefined ? '' : ` at position ${position}`}, which is not ${lack}`;
  const fix = 'list what component(), supply(), invoke(), decorate(), replace() or module() returns, all from one copy of the framework';
  return { code: 'FX_BAD_DEFINITION', message, wantedBy: where, ...(scope.place === undefined ? {} : { place: String(scope.place) }), fix };
}
