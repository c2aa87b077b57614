import type { List } from './component.ts';
import type { Settings } from './condition.ts';
import { flatten, type Flat } from './flatten.ts';
import { findingAt, isLogger, loggerOf, lookUp, type Graph, type Node, type Port } from './graph.ts';
import { missing } from './missing.ts';
import { cycles, topologicalOrder } from './order.ts';
import type { Token } from './token.ts';
import type { BuiltIns } from './values.ts';

/** Plans a list: registers what is provided, links what is required, finds everything that is wrong, and puts what is needed in order. */
export function plan(list: List, settings: Settings | undefined, builtIns: BuiltIns): Graph {
  return new Planner(flatten(list, settings), builtIns).plan();
}

// The loops below run for every component of every start, cold: forEach makes no iterator and no result objects.
class Planner {
  readonly #flat: Flat;
  readonly #builtIns: BuiltIns;
  readonly #keys = new Map<string, Token>();
  /** What is built although nobody may need it: what provides nothing, and loggers. */
  readonly #roots: Node[] = [];
  readonly #decorations: Port[] = [];
  /** Most lists are written in an order in which they can be built, and then that is the order. */
  #isListInOrder = true;

  constructor(flat: Flat, builtIns: BuiltIns) {
    this.#flat = flat;
    this.#builtIns = builtIns;
  }

  plan(): Graph {
    this.#register();
    this.#linkAll();
    this.#need();
    const order = (this.#isListInOrder ? this.#flat.nodes : this.#sorted()).filter(({ neededBy }) => neededBy !== undefined);
    order.forEach((node, rank) => void (node.rank = rank));
    return { ...this.#flat, order, loggers: this.#roots.filter(({ outputs, rank }) => outputs.length > 0 && rank >= 0) };
  }

  #register(): void {
    const labels = new Map<string, number>();
    this.#flat.nodes.forEach((node, index) => {
      const { label, problems, outputs } = node;
      const count = (labels.get(label) ?? 0) + 1;
      labels.set(label, count);
      node.index = index;
      if (count > 1) node.label = `${label} #${count}`;
      problems.forEach((each) => this.#find(node, 'FX_BAD_DEFINITION', { message: `${node.label}: ${each}`, fix: 'mend the definition' }));
      if (outputs.length === 0) this.#roots.push(node);
      outputs.forEach(this.#provide);
    });
  }

  #find(...what: Parameters<typeof findingAt>): void {
    this.#flat.findings.push(findingAt(...what));
  }

  readonly #provide = (output: Port): void => {
    const { node, token, form } = output;
    this.#meet(token, node);
    if (isLogger(output)) this.#roots.push(node);
    if (!node.isOriginal) this.#decorations.push(output);
    const known = namesOf(output);
    const others = known.get(token);
    if (others === undefined && !this.#builtIns.has(token)) known.set(token, [output]);
    else if (others === undefined || !node.isOriginal || form !== 'group') this.#duplicate(output, others?.[0]);
    else others.push(output);
  };

  #duplicate(output: Port, first: Port | undefined): void {
    const [role, done] = output.node.isOriginal ? ['provider', 'provided'] : ['decorator', 'decorated'];
    const by = first === undefined ? 'the framework' : `${nameOf(first)} (${String(first.node.item.place)})`;
    const message = `${nameOf(output)} cannot be a ${role} of "${output.token.key}": already ${done} by ${by}`;
    const swap = first === undefined ? 'give a clock or a process as an option: app(list, { clock, process })' : 'list replace(component)';
    this.#find(output.node, 'FX_DUPLICATE', { message, fix: `keep one of the two; to swap one for the other, ${swap}` });
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
  #linkAll(): void {
    this.#flat.nodes.forEach(({ inputs }) => inputs.forEach(this.#link));
    for (const output of this.#decorations) {
      const { node, token } = output;
      if (lookUp(output).length > 0 || node.inputs.some((input) => input.token === token)) continue;
      const does = node.item.kind === 'replace' ? 'replaces' : 'decorates';
      const message = `${node.label} ${does} "${token.key}", which nothing here provides: missing type`;
      this.#find(node, 'FX_NOTHING_TO_REPLACE', { message, fix: `add a component that provides "${token.key}", or remove this` });
    }
  }

  readonly #link = (input: Port): void => {
    const { node, token, form } = input;
    const sources = lookUp(input);
    input.sources = sources;
    // They stand in list order.
    if ((sources[sources.length - 1]?.node.index ?? -1) >= node.index) this.#isListInOrder = false;
    if (sources.length > 0 || this.#builtIns.has(token)) return;
    this.#meet(token, node);
    if (form === 'one') this.#flat.findings.push(missing(this.#flat, input));
  };

  /** Breadth first from the roots in list order, so that the first to need a node is on a shortest path. */
  #need(): void {
    const needed = this.#roots.filter((node) => node.outputs.length === 0 || loggerOf(node.scope) === node);
    needed.forEach((root) => void (root.neededBy = root));
    for (let next = 0; next < needed.length; next += 1) {
      const node = needed[next] as Node;
      for (let at = 0; at < node.inputs.length; at += 1) {
        const { options, sources } = node.inputs[at] as Port;
        for (let each = 0; options.soft !== true && each < sources.length; each += 1) {
          const { node: source } = sources[each] as Port;
          if (source.neededBy === undefined) needed.push(source);
          source.neededBy ??= node;
        }
      }
    }
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
function namesOf(output: Port): Map<Token, Port[]> {
  const { node, form } = output;
  if (!node.isOriginal) return node.scope.decorators[form];
  return (isLogger(output) ? node.scope : node.visibleIn).providers[form];
}

/** What must be built before a node: a soft group waits only for members that are built anyway. */
function dependenciesOf({ inputs }: Node): Node[] {
  return inputs.flatMap(({ options, sources }) =>
    sources.map(({ node }) => node).filter((node) => options.soft !== true || node.neededBy !== undefined),
  );
}

/** The component, and under which name it yields this value where it yields several. */
const nameOf = ({ node, property }: Port): string => (property === undefined ? node.label : `${node.label}.${property}`);
