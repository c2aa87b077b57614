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
  readonly #sinks = new Set<Node>();
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
      problems.forEach((message) =>
        this.#flat.findings.push(
          findingAt(node, 'FX_BAD_DEFINITION', { message: `${node.label}: ${message}`, fix: 'mend the definition' }),
        ),
      );
      outputs.forEach((output) => this.#provide(node, output));
    });
  }

  #provide(node: Node, output: Output): void {
    const { token, group } = output;
    this.#meet(token, node);
    const source = new Source(node, output);
    const isSink = token === (EventSink as Token);
    if (isSink) this.#sinks.add(node);
    const scope = isSink || !isProvider(node.item) ? node.scope : node.visibleIn;
    if (!isProvider(node.item)) this.#only(group === undefined ? scope.decorators : scope.groupDecorators, source);
    else if (group === undefined) this.#only(scope.values, source);
    else {
      const members = scope.groups.get(token);
      if (members === undefined) scope.groups.set(token, [source]);
      else members.push(source);
    }
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
    this.#flat.findings.push(
      findingAt(node, 'FX_DUPLICATE', { message, fix: 'keep one of the two; to swap one for the other, list replace(component)' }),
    );
  }

  /** Two tokens with one key would look like one in every message. */
  #meet(token: Token, node: Node): void {
    const known = this.#keys.get(token.key);
    if (known === token) return;
    this.#keys.set(token.key, token);
    if (known === undefined) return;
    const fix = 'export one token and import it everywhere, or give the other a key of its own';
    this.#flat.findings.push(
      findingAt(node, 'FX_TOKEN_CLASH', { message: `two different tokens have the key "${token.key}"`, wantedBy: node.label, fix }),
    );
  }

  link(): void {
    this.#flat.nodes.forEach((node) => {
      node.sources = node.item.inputs.map((input) => {
        const sources = this.#sources(node, input);
        if (sources.length === 0 && !this.#builtIns.has(input.token)) this.#unprovided.push({ node, input });
        sources.forEach((source) => {
          if (source.node.index >= node.index) this.#isListInOrder = false;
        });
        return sources;
      });
    });
  }

  #sources(node: Node, { form, token }: Input): readonly Source[] {
    if (form === 'list' || form === 'map') return this.#group(node, token);
    return lookUp(node, token)?.alone ?? nowhere;
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
    const { findings } = this.#flat;
    for (const { node, input } of this.#unprovided) {
      this.#meet(input.token, node);
      if (input.form === 'one') findings.push(missing(this.#flat, node, input));
    }
    this.#flat.nodes.forEach((node) => {
      if (node.item.kind === 'decorate' || node.item.kind === 'replace')
        node.item.outputs.forEach((output) => this.#checkDecorated(node, output));
    });
  }

  #checkDecorated(node: Node, { token, group }: Output): void {
    const original = group === undefined ? lookUp(node, token) : this.#group(node, token)[0];
    if (original !== undefined || node.item.inputs.some((input) => input.token === token)) return;
    const does = node.item.kind === 'replace' ? 'replaces' : 'decorates';
    const message = `${node.label} ${does} "${token.key}", which nothing here provides: missing type`;
    this.#flat.findings.push(
      findingAt(node, 'FX_NOTHING_TO_REPLACE', { message, fix: `add a component that provides "${token.key}", or remove this` }),
    );
  }

  /** Breadth first from the roots in list order, so that the first to need a node is on a shortest path. */
  need(): void {
    const needed: Node[] = [];
    const mark = (node: Node, by: Node): void => {
      if (node.neededBy !== undefined) return;
      node.neededBy = by;
      needed.push(node);
    };
    this.#flat.nodes.forEach((node) => {
      if (node.item.outputs.length === 0 || this.#isLogger(node)) mark(node, node);
    });
    for (let node = needed[0], at = 1; node !== undefined; node = needed[at], at += 1) {
      const by = node;
      by.sources.forEach((sources, input) => {
        if (by.item.inputs[input]?.soft !== true) sources.forEach((source) => mark(source.node, by));
      });
    }
  }

  /** A logger that is decorated or replaced in its module is needed only by what stands for it. */
  #isLogger(node: Node): boolean {
    return this.#sinks.has(node) && (node.scope.decorators.get(EventSink)?.node ?? node) === node;
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
    const module = nodes.every(({ scope }) => scope === first.scope) ? first.scope.name : '';
    const within = module === '' ? '' : `[module "${module}"] `;
    const message = `cycle detected in dependency graph: ${within}${path.join(' -> ')}`;
    const wantedBy = nodes
      .slice(0, -1)
      .map(({ label, item }) => `${label} (${String(item.place)})`)
      .join(', then ');
    const fix = 'let one of them take what it needs later: move the shared part into a component of its own, or contribute through many()';
    this.#flat.findings.push(findingAt(first, 'FX_CYCLE', { message, wantedBy, fix, path }));
  }
}

/** The component, and under which name it yields this value where it yields several. */
function nameOf({ node, output }: Source): string {
  return output.property === undefined ? node.label : `${node.label}.${output.property}`;
}
