import type { List } from './component.ts';
import type { Settings } from './condition.ts';
import { EventSink } from './events.ts';
import { flatten, type Flat } from './flatten.ts';
import { findingAt, isProvider, lookUp, Source, type Graph, type Node, type Scope } from './graph.ts';
import { missing } from './missing.ts';
import { cycles, topologicalOrder } from './order.ts';
import type { Input, Output, Token } from './token.ts';

export interface PlanInput {
  readonly list: List;
  readonly settings: Settings | undefined;
  /** What the framework provides itself. */
  readonly builtIns: ReadonlySet<Token>;
}

/** Plans a list: registers what is provided, links what is required, finds everything that is wrong, and puts what is needed in order. */
export function plan({ list, settings, builtIns }: PlanInput): Graph {
  const planner = new Planner(flatten(list, settings), builtIns);
  planner.register();
  planner.link();
  planner.check();
  planner.need();
  return planner.graph();
}

const nowhere: readonly Source[] = [];

// The loops below run for every component of every start, cold: forEach makes no iterator and no result objects.
class Planner {
  readonly #flat: Flat;
  readonly #builtIns: ReadonlySet<Token>;
  readonly #keys = new Map<string, Token>();
  /** What is built although nobody may need it: what provides nothing, and loggers. */
  readonly #roots: Node[] = [];
  readonly #decorators: Source[] = [];
  readonly #unprovided: { readonly node: Node; readonly input: Input }[] = [];
  /** Most lists are written in an order in which they can be built, and then that is the order. */
  #isListInOrder = true;

  constructor(flat: Flat, builtIns: ReadonlySet<Token>) {
    this.#flat = flat;
    this.#builtIns = builtIns;
  }

  register(): void {
    const labels = new Map<string, number>();
    this.#flat.nodes.forEach((node, index) => {
      const { name, problems, outputs } = node.item;
      const count = (labels.get(name) ?? 0) + 1;
      labels.set(name, count);
      node.index = index;
      if (count > 1) node.label = `${name} #${count}`;
      for (const message of problems)
        this.#find(node, 'FX_BAD_DEFINITION', { message: `${node.label}: ${message}`, fix: 'mend the definition' });
      if (outputs.length === 0) this.#roots.push(node);
      outputs.forEach((output) => this.#provide(new Source(node, output)));
    });
  }

  #find(...what: Parameters<typeof findingAt>): void {
    this.#flat.findings.push(findingAt(...what));
  }

  #provide(source: Source): void {
    const { node, output } = source;
    const { token, group } = output;
    const isSink = token === (EventSink as Token);
    this.#meet(token, node);
    if (isSink) this.#roots.push(node);
    if (!isProvider(node.item)) {
      this.#decorators.push(source);
      this.#only(group === undefined ? node.scope.decorators : node.scope.groupDecorators, source);
      return;
    }
    const scope = isSink ? node.scope : node.visibleIn;
    if (group === undefined) this.#only(scope.values, source);
    else if (!scope.groups.get(token)?.push(source)) scope.groups.set(token, [source]);
  }

  #only(known: Map<Token, Source>, source: Source): void {
    const { node, output } = source;
    const { token } = output;
    const first = known.get(token);
    if (first === undefined && !this.#builtIns.has(token)) {
      known.set(token, source);
      return;
    }
    const [role, done] = isProvider(node.item) ? ['provider', 'provided'] : ['decorator', 'decorated'];
    const by = first === undefined ? 'the framework' : `${nameOf(first)} (${String(first.node.item.place)})`;
    const message = `${nameOf(source)} cannot be a ${role} of "${token.key}": already ${done} by ${by}`;
    this.#find(node, 'FX_DUPLICATE', { message, fix: 'keep one of the two; to swap one for the other, list replace(component)' });
  }

  /** Two tokens with one key would look like one in every message. */
  #meet(token: Token, node: Node): void {
    const known = this.#keys.get(token.key);
    if (known === token) return;
    this.#keys.set(token.key, token);
    if (known === undefined) return;
    const fix = 'export one token and import it everywhere, or give the other a key of its own';
    this.#find(node, 'FX_TOKEN_CLASH', { message: `two different tokens have the key "${token.key}"`, wantedBy: node.label, fix });
  }

  link(): void {
    this.#flat.nodes.forEach((node) => {
      const { inputs } = node.item;
      const linked: (readonly Source[])[] = [];
      for (let at = 0; at < inputs.length; at += 1) {
        const input = inputs[at] as Input;
        const sources = this.#sources(node, input);
        linked.push(sources);
        if (sources.length === 0 && !this.#builtIns.has(input.token)) this.#unprovided.push({ node, input });
        // They stand in list order.
        if ((sources.at(-1)?.node.index ?? -1) >= node.index) this.#isListInOrder = false;
      }
      node.sources = linked;
    });
  }

  #sources(node: Node, { form, token }: Input): readonly Source[] {
    return form === 'list' || form === 'map' ? this.#group(node, token) : (lookUp(node, token)?.alone ?? nowhere);
  }

  #group(node: Node, token: Token): readonly Source[] {
    const members: Source[] = [];
    for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent) {
      const decorator = scope.groupDecorators.get(token);
      if (decorator !== undefined && decorator.node !== node) return decorator.alone;
      members.push(...(scope.groups.get(token) ?? nowhere));
    }
    return members.toSorted((a, b) => a.node.index - b.node.index);
  }

  check(): void {
    for (const { node, input } of this.#unprovided) {
      this.#meet(input.token, node);
      if (input.form === 'one') this.#flat.findings.push(missing(this.#flat, node, input));
    }
    for (const { node, output } of this.#decorators) this.#checkDecorated(node, output);
  }

  #checkDecorated(node: Node, { token, group }: Output): void {
    const original = group === undefined ? lookUp(node, token) : this.#group(node, token)[0];
    if (original !== undefined || node.item.inputs.some((input) => input.token === token)) return;
    const does = node.item.kind === 'replace' ? 'replaces' : 'decorates';
    const message = `${node.label} ${does} "${token.key}", which nothing here provides: missing type`;
    this.#find(node, 'FX_NOTHING_TO_REPLACE', { message, fix: `add a component that provides "${token.key}", or remove this` });
  }

  /** Breadth first from the roots in list order, so that the first to need a node is on a shortest path. */
  need(): void {
    const needed: Node[] = [];
    const mark = (node: Node, by: Node): void => {
      if (node.neededBy !== undefined) return;
      node.neededBy = by;
      needed.push(node);
    };
    this.#roots.forEach((node) => {
      // A logger that is decorated or replaced in its module is needed only by what stands for it.
      if (node.item.outputs.length === 0 || (node.scope.decorators.get(EventSink)?.node ?? node) === node) mark(node, node);
    });
    for (let at = 0, by = needed[0]; by !== undefined; at += 1, by = needed[at]) {
      const { item, sources } = by;
      for (let input = 0; input < sources.length; input += 1) {
        const from = sources[input];
        if (from === undefined || item.inputs[input]?.soft === true) continue;
        for (let each = 0; each < from.length; each += 1) mark((from[each] as Source).node, by);
      }
    }
  }

  graph(): Graph {
    const order: Node[] = [];
    (this.#isListInOrder ? this.#flat.nodes : this.#sorted()).forEach((node) => {
      if (node.neededBy === undefined) return;
      node.rank = order.length;
      order.push(node);
    });
    return { ...this.#flat, order };
  }

  #sorted(): Node[] {
    const { nodes } = this.#flat;
    const dependencies = nodes.map(({ sources, item: { inputs } }) =>
      sources.flatMap((each, at) =>
        each.filter(({ node }) => inputs[at]?.soft !== true || node.neededBy !== undefined).map(({ node }) => node.index),
      ),
    );
    const order = topologicalOrder(dependencies);
    if (order.length < nodes.length) for (const circle of cycles(dependencies, order)) this.#cycle(circle.flatMap((at) => nodes[at] ?? []));
    return order.flatMap((at) => nodes[at] ?? []);
  }

  #cycle(nodes: readonly Node[]): void {
    const [first] = nodes;
    if (first === undefined) return;
    const path = nodes.map(({ label }) => label);
    const isOfModule = first.scope.name !== '' && nodes.every(({ scope }) => scope === first.scope);
    const within = isOfModule ? `[module "${first.scope.name}"] ` : '';
    const message = `cycle detected in dependency graph: ${within}${path.join(' -> ')}`;
    const wantedBy = nodes
      .slice(0, -1)
      .map(({ label, item }) => `${label} (${String(item.place)})`)
      .join(', then ');
    const fix = 'let one of them take what it needs later: move the shared part into a component of its own, or contribute through many()';
    this.#find(first, 'FX_CYCLE', { message, wantedBy, fix, path });
  }
}

/** The component, and under which name it yields this value where it yields several. */
function nameOf({ node, output }: Source): string {
  return output.property === undefined ? node.label : `${node.label}.${output.property}`;
}
