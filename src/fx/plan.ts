import type { List } from './component.ts';
import type { Settings } from './condition.ts';
import { EventSink } from './events.ts';
import { flatten, type Flat } from './flatten.ts';
import { findingAt, isProvider, lookUp, type Graph, type Node, type Source } from './graph.ts';
import type { Port } from './item.ts';
import { missing } from './missing.ts';
import { cycles, topologicalOrder } from './order.ts';
import type { Token } from './token.ts';

/** What the framework provides itself. */
type BuiltIns = ReadonlyMap<Token, unknown>;

/** Plans a list: registers what is provided, links what is required, finds everything that is wrong, and puts what is needed in order. */
export function plan(list: List, settings: Settings | undefined, builtIns: BuiltIns): Graph {
  const planner = new Planner(flatten(list, settings), builtIns);
  planner.register();
  planner.link();
  planner.need();
  return planner.graph();
}

// The loops below run for every component of every start, cold: forEach makes no iterator and no result objects.
class Planner {
  readonly #flat: Flat;
  readonly #builtIns: BuiltIns;
  readonly #keys = new Map<string, Token>();
  /** What is built although nobody may need it: what provides nothing, and loggers. */
  readonly #roots: Node[] = [];
  readonly #decorators: Source[] = [];
  readonly #loggers: Node[] = [];
  /** Most lists are written in an order in which they can be built, and then that is the order. */
  #isListInOrder = true;

  constructor(flat: Flat, builtIns: BuiltIns) {
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
      outputs.forEach((output) => this.#provide({ node, output }));
    });
  }

  #find(...what: Parameters<typeof findingAt>): void {
    this.#flat.findings.push(findingAt(...what));
  }

  #provide(source: Source): void {
    const { node, output } = source;
    const { token, form } = output;
    const isOriginal = isProvider(node.item);
    this.#meet(token, node);
    if (token === (EventSink as Token)) {
      this.#roots.push(node);
      this.#loggers.push(node);
    }
    if (!isOriginal) this.#decorators.push(source);
    const known = namesOf(source);
    const others = known.get(token);
    if (others === undefined && !this.#builtIns.has(token)) known.set(token, [source]);
    else if (others === undefined || !isOriginal || form !== 'group') this.#duplicate(source, others?.[0]);
    else others.push(source);
  }

  #duplicate(source: Source, first: Source | undefined): void {
    const [role, done] = isProvider(source.node.item) ? ['provider', 'provided'] : ['decorator', 'decorated'];
    const by = first === undefined ? 'the framework' : `${nameOf(first)} (${String(first.node.item.place)})`;
    const message = `${nameOf(source)} cannot be a ${role} of "${source.output.token.key}": already ${done} by ${by}`;
    this.#find(source.node, 'FX_DUPLICATE', { message, fix: 'keep one of the two; to swap one for the other, list replace(component)' });
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

  /** Finds where everything that is required comes from, or that nothing provides it. */
  link(): void {
    this.#flat.nodes.forEach((node) => {
      const { inputs } = node.item;
      const linked: (readonly Source[])[] = [];
      for (let at = 0; at < inputs.length; at += 1) {
        const input = inputs[at] as Port;
        const sources = lookUp(node, input);
        linked.push(sources);
        if (sources.length === 0 && !this.#builtIns.has(input.token)) this.#lacks(node, input);
        // They stand in list order.
        if ((sources[sources.length - 1]?.node.index ?? -1) >= node.index) this.#isListInOrder = false;
      }
      node.sources = linked;
    });
    for (const { node, output } of this.#decorators) {
      const { token } = output;
      if (lookUp(node, output).length > 0 || node.item.inputs.some((input) => input.token === token)) continue;
      const does = node.item.kind === 'replace' ? 'replaces' : 'decorates';
      const message = `${node.label} ${does} "${token.key}", which nothing here provides: missing type`;
      this.#find(node, 'FX_NOTHING_TO_REPLACE', { message, fix: `add a component that provides "${token.key}", or remove this` });
    }
  }

  #lacks(node: Node, input: Port): void {
    this.#meet(input.token, node);
    if (input.form === 'one') this.#flat.findings.push(missing(this.#flat, node, input));
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
      if (node.item.outputs.length === 0 || isHeard(node)) mark(node, node);
    });
    for (let next = 0; next < needed.length; next += 1) {
      const { item, sources } = needed[next] as Node;
      for (let at = 0; at < sources.length; at += 1) {
        const from = sources[at] as readonly Source[];
        if (item.inputs[at]?.options.soft === true) continue;
        for (let each = 0; each < from.length; each += 1) mark((from[each] as Source).node, needed[next] as Node);
      }
    }
  }

  graph(): Graph {
    const order = (this.#isListInOrder ? this.#flat.nodes : this.#sorted()).filter(({ neededBy }) => neededBy !== undefined);
    order.forEach((node, rank) => {
      node.rank = rank;
    });
    return { ...this.#flat, order, loggers: this.#loggers.filter(({ rank }) => rank >= 0) };
  }

  #sorted(): Node[] {
    const { nodes } = this.#flat;
    const dependencies = nodes.map((node) => dependenciesOf(node).map(({ index }) => index));
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
    const steps = nodes.slice(0, -1).map(({ label, item }) => `${label} (${String(item.place)})`);
    const fix = 'let one of them take what it needs later: move the shared part into a component of its own, or contribute through many()';
    this.#find(first, 'FX_CYCLE', { message, wantedBy: steps.join(', then '), fix, path });
  }
}

/** Where it is looked up. A logger is its own module's, whoever may see it. */
function namesOf({ node, output: { token, form } }: Source): Map<Token, Source[]> {
  const isOriginal = isProvider(node.item);
  const scope = isOriginal && token !== (EventSink as Token) ? node.visibleIn : node.scope;
  return scope[form === 'group' ? 'group' : 'one'][isOriginal ? 'sources' : 'decorators'];
}

/** A logger that is decorated or replaced in its module is needed only by what stands for it. */
const isHeard = (node: Node): boolean => (node.scope.one.decorators.get(EventSink)?.[0]?.node ?? node) === node;

/** What must be built before a node: a soft group waits only for members that are built anyway. */
function dependenciesOf({ item, sources }: Node): Node[] {
  return sources.flatMap((each, at) =>
    each.map(({ node }) => node).filter((node) => item.inputs[at]?.options.soft !== true || node.neededBy !== undefined),
  );
}

/** The component, and under which name it yields this value where it yields several. */
const nameOf = ({ node, output }: Source): string => (output.property === undefined ? node.label : `${node.label}.${output.property}`);
