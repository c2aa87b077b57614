import type { List } from './component.ts';
import { refusal, type Settings } from './condition.ts';
import { describeValue, examine, type Finding } from './errors.ts';
import { findingAt, Scope, type Node, type Position } from './graph.ts';
import { isItem, isListed, nodeOf, type Entry, type Item } from './item.ts';

export type Flat = ReturnType<typeof flatten>;

/** The nodes of a list in its order, with modules opened, conditions decided and replacements in their places. */
export function flatten(list: List, settings: Settings | undefined) {
  const root = new Scope('');
  const gated: Node[] = [];
  const findings: Finding[] = [];
  const replacements: [Entry<'replacement'>, within: Scope][] = [];
  let nodes: Node[] = [];

  const refused = ({ name, definition: { when }, place }: Item | Entry<'module'>): string | undefined => {
    if (when === undefined) return undefined;
    let why = 'this app was given no settings';
    try {
      if (settings !== undefined) return refusal(when, settings);
    } catch (error) {
      why = examine(error).message;
    }
    const message = `${name} depends on a setting ("when"), but ${why}`;
    const fix = 'give the app its settings: app(list, { settings: (key) => ... })';
    return void findings.push({ code: 'FX_BAD_DEFINITION', message, component: name, place: String(place), fix });
  };
  const takeAll = (items: unknown, position: Position): void => {
    if (Array.isArray(items)) items.forEach((item, index) => take(item, position, index + 1));
    else findings.push(notFor(position.scope, `is ${describeValue(items)}, which is not a list`));
  };
  const take = (item: unknown, position: Position, at: number): void => {
    const { scope, visibleIn } = position;
    if (!isListed(item)) findings.push(notFor(scope, `holds ${describeValue(item)} at position ${at}, which is not a component`));
    else if (item.kind === 'replacement') replacements.push([item, scope]);
    else if (!visibleIn.listed.has(item)) {
      visibleIn.listed.add(item);
      const off = position.off ?? refused(item);
      if (item.kind === 'module') open(item, { ...position, off });
      else if (off === undefined) nodes.push(nodeOf(item, position));
      else gated.push(nodeOf(item, { ...position, off }));
    }
  };
  const open = ({ name, definition, place }: Entry<'module'>, position: Position): void => {
    const scope = new Scope(name, position.scope, place);
    takeAll(definition.private, { ...position, scope, visibleIn: scope });
    takeAll(definition.list, { ...position, scope });
  };

  /** The first that provides a token of the replacement gives it its place; others that do give way. */
  const stand = ({ definition: { by }, place }: Entry<'replacement'>, within: Scope): void => {
    if (!isItem(by)) return void findings.push(notFor(within, `holds a replacement by ${describeValue(by)}, which is not a component`));
    const node = nodeOf(by, { scope: within, visibleIn: root, off: undefined });
    const tokens = new Set(node.outputs.map(({ token }) => token));
    const givesWay = ({ isOriginal, scope, outputs }: Node): boolean =>
      isOriginal && scope.path.includes(within) && outputs.some(({ token }) => tokens.has(token));
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

  takeAll(list, { scope: root, visibleIn: root, off: undefined });
  for (const [replacement, within] of replacements) stand(replacement, within);
  return { root, nodes, gated, findings };
}

function notFor({ name, path, place }: Scope, what: string): Finding {
  const wantedBy = path.length === 1 ? 'the list' : `module ${name}`;
  const fix = 'list what component(), supply(), invoke(), decorate(), replace() or module() returns, all from one copy of the framework';
  return { code: 'FX_BAD_DEFINITION', message: `${wantedBy} ${what}`, wantedBy, ...(place && { place: String(place) }), fix };
}
