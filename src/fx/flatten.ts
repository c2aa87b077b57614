import type { List } from './component.ts';
import { refusal, type Settings } from './condition.ts';
import { describeValue, type Finding } from './errors.ts';
import { findingAt, Scope, type Graph, type Node, type Position } from './graph.ts';
import { Item, ModuleItem, Replacement } from './item.ts';
import { nodeOf } from './ports.ts';

/** The nodes of a list in its order, with modules opened, conditions decided and replacements in their places. */
export interface Flat extends Omit<Graph, 'order' | 'loggers'> {
  readonly findings: Finding[];
}

export function flatten(list: List, settings: Settings | undefined): Flat {
  const root = new Scope('');
  const gated: Node[] = [];
  const findings: Finding[] = [];
  const replacements: [Replacement, within: Scope][] = [];
  let nodes: Node[] = [];

  const refused = (item: Item | ModuleItem): string | undefined => {
    if (item.when === undefined) return undefined;
    if (settings !== undefined) return refusal(item.when, settings);
    findings.push(withoutSettings(item));
    return undefined;
  };
  const takeAll = (items: unknown, position: Position): void => {
    if (Array.isArray(items)) items.forEach((item, index) => take(item, position, index + 1));
    else findings.push(notAnItem(items, position.scope, undefined));
  };
  const take = (item: unknown, position: Position, at: number): void => {
    const { scope, visibleIn } = position;
    if (item instanceof Replacement) replacements.push([item, scope]);
    else if (!(item instanceof Item || item instanceof ModuleItem)) findings.push(notAnItem(item, scope, at));
    else if (!visibleIn.listed.has(item)) {
      visibleIn.listed.add(item);
      const off = position.off ?? refused(item);
      if (item instanceof Item)
        (off === undefined ? nodes : gated).push(nodeOf(item, off === position.off ? position : { ...position, off }));
      else {
        const own = new Scope(item.name, scope, item.place);
        takeAll(item.private, { scope: own, visibleIn: own, off });
        takeAll(item.list, { scope: own, visibleIn, off });
      }
    }
  };

  /** The first that provides a token of the replacement gives it its place; others that do give way. */
  const stand = ({ by, place }: Replacement, within: Scope): void => {
    const node = nodeOf(by, { scope: within, visibleIn: root });
    const tokens = new Set(node.outputs.map(({ token }) => token));
    const givesWay = ({ isOriginal, scope, outputs }: Node): boolean =>
      isOriginal && isWithin(scope, within) && outputs.some(({ token }) => tokens.has(token));
    const old = nodes.find(givesWay);
    if (old !== undefined) {
      const standIn = nodeOf(by, old);
      nodes = nodes.flatMap((each) => (each === old ? standIn : givesWay(each) ? [] : each));
      return;
    }
    nodes = [...nodes, node];
    const message = `${by.name} replaces ${[...tokens].map(({ key }) => `"${key}"`).join(', ') || 'nothing'}, which nothing here provides`;
    const fix = 'list it as a component of its own, or remove the replacement';
    findings.push(findingAt(node, 'FX_NOTHING_TO_REPLACE', { message, place: String(place), fix }));
  };

  takeAll(list, { scope: root, visibleIn: root });
  for (const [replacement, within] of replacements) stand(replacement, within);
  return { root, nodes, gated, findings };
}

function isWithin(scope: Scope, outer: Scope): boolean {
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) if (each === outer) return true;
  return false;
}

function withoutSettings({ name, place }: Item | ModuleItem): Finding {
  const message = `${name} depends on a setting ("when"), but this app was given no settings`;
  const fix = 'give the app its settings: app(list, { settings: (key) => ... })';
  return { code: 'FX_BAD_DEFINITION', message, component: name, place: String(place), fix };
}

function notAnItem(item: unknown, scope: Scope, position: number | undefined): Finding {
  const where = scope.parent === undefined ? 'the list' : `module ${scope.name}`;
  const what =
    position === undefined
      ? `is ${describeValue(item)}, which is not a list`
      : `holds ${describeValue(item)} at position ${position}, which is not a component`;
  const place = scope.place === undefined ? {} : { place: String(scope.place) };
  const fix = 'list what component(), supply(), invoke(), decorate(), replace() or module() returns, all from one copy of the framework';
  return { code: 'FX_BAD_DEFINITION', message: `${where} ${what}`, wantedBy: where, ...place, fix };
}
