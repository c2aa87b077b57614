import { Item, ModuleItem, Replacement, type Component, type Input, type List, type Output } from './component.ts';
import { describeValue, type Finding } from './errors.ts';
import { refusal, type Condition, type Settings } from './condition.ts';
import { EventSink } from './events.ts';
import { Place } from './place.ts';
import { cycles, topologicalOrder } from './order.ts';
import type { Token } from './token.ts';

/** Where names are looked up: a module, or the app itself. */
export class Scope {
  readonly name: string;
  readonly parent: Scope | undefined;
  readonly place: Place | undefined;
  readonly values = new Map<Token, Source>();
  readonly groups = new Map<Token, Source[]>();
  readonly decorators = new Map<Token, Source>();
  readonly groupDecorators = new Map<Token, Source>();
  /** Items whose values are visible here, so that one that is listed twice counts once. */
  readonly listed = new Set<Component>();

  constructor(name: string, parent: Scope | undefined, place: Place | undefined) {
    this.name = parent === undefined || parent.name === '' ? name : `${parent.name}/${name}`;
    this.parent = parent;
    this.place = place;
  }
}

/** An item at its place in the list. */
export class Node {
  readonly item: Item;
  /** Whose decorators and private values it sees: the module that lists it. */
  readonly scope: Scope;
  /** Who sees its values: everybody (the root), or the module that keeps it private. */
  readonly visibleIn: Scope;
  /** Its position in the flattened list. */
  index = -1;
  /** Its name, made unique by its number among equals: `check`, `check #2`. */
  label: string;
  /** For each of the item's inputs, where its values come from; nowhere for what the framework itself provides. */
  sources: readonly (readonly Source[])[] = [];
  /** Its position in the order, or -1 while it is not needed. */
  rank = -1;
  /** The first that needs it, on the shortest path from a root; itself for a root; undefined when nobody does. */
  neededBy: Node | undefined;

  constructor(item: Item, scope: Scope, visibleIn: Scope) {
    this.item = item;
    this.scope = scope;
    this.visibleIn = visibleIn;
    this.label = item.name;
  }
}

/** One value of a node. */
export class Source {
  readonly node: Node;
  readonly output: Output;
  /** The list of only this: most inputs have exactly one source, and share it. */
  readonly alone: readonly Source[] = [this];

  constructor(node: Node, output: Output) {
    this.node = node;
    this.output = output;
  }
}

const nowhere: readonly Source[] = [];

/** An item that its condition, or that of its module, keeps out. */
export interface Gated {
  readonly item: Item;
  readonly scope: Scope;
  readonly because: string;
}

/** A list, proved or refused: what would be built, in which order, and everything that is wrong with it. */
export interface Graph {
  readonly root: Scope;
  readonly nodes: readonly Node[];
  /** Those that somebody needs, in the order in which they are built and started. */
  readonly order: readonly Node[];
  readonly gated: readonly Gated[];
  readonly findings: readonly Finding[];
}

export interface PlanInput {
  readonly list: List;
  readonly settings: Settings | undefined;
  /** What the framework provides itself. */
  readonly builtIns: ReadonlySet<Token>;
  /** Explains a missing token; called only when there is one. */
  readonly missing: (graph: Graph, asking: Node, input: Input) => Finding;
}

/** Plans a list: flattens, gates, replaces, links, finds everything that is wrong, and puts what is needed in order. */
export function plan(input: PlanInput): Graph {
  const planner = new Planner(input);
  planner.flatten();
  planner.register();
  planner.link();
  return planner.finish();
}

interface Frame {
  readonly list: List;
  readonly scope: Scope;
  readonly visibleIn: Scope;
  readonly off: string | undefined;
  next: number;
}

class Planner {
  readonly #input: PlanInput;
  readonly #root = new Scope('', undefined, undefined);
  readonly #findings: Finding[] = [];
  readonly #gated: Gated[] = [];
  readonly #keys = new Map<string, Token>();
  readonly #sinks = new Set<Node>();
  readonly #unprovided: { readonly node: Node; readonly input: Input }[] = [];
  /** Most lists are written in an order in which they can be built, and then that is the order. */
  #isListInOrder = true;
  #nodes: Node[] = [];

  constructor(input: PlanInput) {
    this.#input = input;
  }

  flatten(): void {
    const replacements: { readonly replacement: Replacement; readonly scope: Scope }[] = [];
    const stack: Frame[] = [{ list: this.#input.list, scope: this.#root, visibleIn: this.#root, off: undefined, next: 0 }];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (!Array.isArray(frame.list) || frame.next >= frame.list.length) {
        if (!Array.isArray(frame.list)) this.#badItem(frame.list, frame);
        stack.pop();
        continue;
      }
      const item: unknown = frame.list[frame.next];
      frame.next += 1;
      if (item instanceof Replacement) replacements.push({ replacement: item, scope: frame.scope });
      else if (!(item instanceof Item) && !(item instanceof ModuleItem)) this.#badItem(item, frame);
      else if (!frame.visibleIn.listed.has(item)) {
        frame.visibleIn.listed.add(item);
        if (item instanceof Item) this.#take(item, frame);
        else this.#open(item, frame, stack);
      }
    }
    for (const { replacement, scope } of replacements) this.#replace(replacement, scope);
  }

  #take(item: Item, { scope, visibleIn, off }: Frame): void {
    const because = off ?? this.#refusal(item);
    if (because === undefined) this.#nodes.push(new Node(item, scope, visibleIn));
    else this.#gated.push({ item, scope, because });
  }

  #open(item: ModuleItem, frame: Frame, stack: Frame[]): void {
    const scope = new Scope(item.name, frame.scope, item.place);
    const off = frame.off ?? this.#refusal(item);
    stack.push({ list: item.list, scope, visibleIn: frame.visibleIn, off, next: 0 });
    stack.push({ list: item.private, scope, visibleIn: scope, off, next: 0 });
  }

  #refusal(item: { readonly name: string; readonly place: Place; readonly when: Condition | undefined }): string | undefined {
    if (item.when === undefined) return undefined;
    if (this.#input.settings !== undefined) return refusal(item.when, this.#input.settings);
    this.#findings.push({
      code: 'FX_BAD_DEFINITION',
      message: `${item.name} depends on a setting ("when"), but this app was given no settings`,
      component: item.name,
      place: String(item.place),
      fix: 'give the app its settings: app(list, { settings: (key) => ... })',
    });
    return undefined;
  }

  #badItem(item: unknown, { scope, next }: Frame): void {
    const where = scope === this.#root ? 'the list' : `module ${scope.name}`;
    this.#findings.push({
      code: 'FX_BAD_DEFINITION',
      message: `${where} holds ${describeValue(item)} at position ${next}, which is not a component`,
      wantedBy: where,
      ...(scope.place === undefined ? {} : { place: String(scope.place) }),
      fix: 'list what component(), supply(), invoke(), decorate(), replace() or module() returns, all from one copy of the framework',
    });
  }

  #replace({ by, place }: Replacement, scope: Scope): void {
    const tokens = new Set(by.outputs.map(({ token }) => token));
    const isReplaced = (node: Node): boolean =>
      isWithin(node.scope, scope) && isProvider(node.item) && node.item.outputs.some((output) => tokens.has(output.token));
    const at = this.#nodes.findIndex(isReplaced);
    const old = this.#nodes[at];
    if (old === undefined) {
      this.#findings.push({
        code: 'FX_NOTHING_TO_REPLACE',
        message: `${by.name} replaces ${[...tokens].map(({ key }) => `"${key}"`).join(', ') || 'nothing'}, which nothing here provides`,
        component: by.name,
        place: String(place),
        fix: 'list it as a component of its own, or remove the replacement',
      });
    }
    const node = new Node(by, old?.scope ?? scope, old?.visibleIn ?? this.#root);
    this.#nodes = this.#nodes.flatMap((each, index) => (index === at ? node : isReplaced(each) ? [] : each));
    if (old === undefined) this.#nodes.push(node);
  }

  // The loops from here on run for every component of every start, cold: forEach makes no iterator and no result objects.

  register(): void {
    const labels = new Map<string, number>();
    this.#nodes.forEach((node, index) => {
      node.index = index;
      const count = (labels.get(node.item.name) ?? 0) + 1;
      labels.set(node.item.name, count);
      if (count > 1) node.label = `${node.item.name} #${count}`;
      node.item.problems.forEach((problem) => this.#problem(node, problem));
      node.item.outputs.forEach((output) => this.#provide(node, output));
    });
  }

  #problem(node: Node, message: string): void {
    this.#findings.push({
      code: 'FX_BAD_DEFINITION',
      message: `${node.label}: ${message}`,
      component: node.label,
      place: String(node.item.place),
      fix: 'mend the definition',
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
    const { token } = source.output;
    const first = known.get(token);
    if (first === undefined && !this.#input.builtIns.has(token)) {
      known.set(token, source);
      return;
    }
    const done = isProvider(source.node.item) ? 'provided' : 'decorated';
    const by = first === undefined ? 'the framework' : `${first.node.label} (${String(first.node.item.place)})`;
    this.#findings.push({
      code: 'FX_DUPLICATE',
      message: `${source.node.label} cannot be ${done === 'provided' ? 'a provider' : 'a decorator'} of "${token.key}": already ${done} by ${by}`,
      component: source.node.label,
      place: String(source.node.item.place),
      fix: 'keep one of the two; to swap one for the other, list replace(component)',
    });
  }

  #meet(token: Token, node: Node): void {
    const known = this.#keys.get(token.key);
    if (known === undefined) this.#keys.set(token.key, token);
    else if (known !== token) {
      this.#findings.push({
        code: 'FX_TOKEN_CLASH',
        message: `two different tokens have the key "${token.key}"`,
        component: node.label,
        wantedBy: node.label,
        place: String(node.item.place),
        fix: 'export one token and import it everywhere, or give the other a key of its own',
      });
      this.#keys.set(token.key, token);
    }
  }

  link(): void {
    const { builtIns } = this.#input;
    this.#nodes.forEach((node) => {
      node.sources = node.item.inputs.map((input) => {
        const sources = this.#sources(node, input);
        if (sources.length === 0 && !builtIns.has(input.token)) this.#unprovided.push({ node, input });
        sources.forEach((source) => {
          if (source.node.index >= node.index) this.#isListInOrder = false;
        });
        return sources;
      });
    });
  }

  #sources(node: Node, { form, token }: Input): readonly Source[] {
    if (form === 'list' || form === 'map') return this.#group(node, token);
    const source = lookUp(node, token);
    return source === undefined ? nowhere : source.alone;
  }

  #group(node: Node, token: Token): readonly Source[] {
    const members: Source[] = [];
    for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent) {
      const decorator = scope.groupDecorators.get(token);
      if (decorator !== undefined && decorator.node !== node) return decorator.alone;
      members.push(...(scope.groups.get(token) ?? []));
    }
    return members.sort((a, b) => a.node.index - b.node.index);
  }

  finish(): Graph {
    const graph = { root: this.#root, nodes: this.#nodes, gated: this.#gated };
    for (const { node, input } of this.#unprovided) {
      this.#meet(input.token, node);
      if (input.form === 'one') this.#findings.push(this.#input.missing({ ...graph, order: [], findings: [] }, node, input));
    }
    this.#nodes.forEach((node) => {
      if (node.item.kind === 'decorate' || node.item.kind === 'replace') this.#checkDecorated(node);
    });
    this.#need();
    return { ...graph, order: this.#order(), findings: this.#findings };
  }

  #checkDecorated(node: Node): void {
    for (const { token, group } of node.item.outputs) {
      const original = group === undefined ? lookUp(node, token) : this.#group(node, token)[0];
      const isMissed = node.item.inputs.some((input) => input.token === token);
      if (original !== undefined || isMissed) continue;
      this.#findings.push({
        code: 'FX_NOTHING_TO_REPLACE',
        message: `${node.label} ${node.item.kind === 'replace' ? 'replaces' : 'decorates'} "${token.key}", which nothing here provides: missing type`,
        component: node.label,
        place: String(node.item.place),
        fix: `add a component that provides "${token.key}", or remove this`,
      });
    }
  }

  /** Breadth first from the roots in list order, so that the first to need a node is on a shortest path. */
  #need(): void {
    const needed: Node[] = [];
    const mark = (node: Node, by: Node): void => {
      if (node.neededBy !== undefined) return;
      node.neededBy = by;
      needed.push(node);
    };
    this.#nodes.forEach((node) => {
      if (node.item.outputs.length === 0 || this.#sinks.has(node)) mark(node, node);
    });
    for (let at = 0; at < needed.length; at += 1) {
      const node = needed[at];
      node?.sources.forEach((sources, input) => {
        if (node.item.inputs[input]?.soft !== true) sources.forEach((source) => mark(source.node, node));
      });
    }
  }

  #order(): Node[] {
    const needed: Node[] = [];
    (this.#isListInOrder ? this.#nodes : this.#sorted()).forEach((node) => {
      if (node.neededBy === undefined) return;
      node.rank = needed.length;
      needed.push(node);
    });
    return needed;
  }

  #sorted(): Node[] {
    const dependencies = this.#nodes.map(({ sources, item }) => {
      const isSoft = (at: number): boolean => item.inputs[at]?.soft === true;
      return sources.flatMap((each, at) =>
        each.filter(({ node }) => !isSoft(at) || node.neededBy !== undefined).map(({ node }) => node.index),
      );
    });
    const order = topologicalOrder(dependencies);
    if (order.length < this.#nodes.length) for (const circle of cycles(dependencies, order)) this.#cycle(circle);
    return order.flatMap((at) => this.#nodes[at] ?? []);
  }

  #cycle(circle: readonly number[]): void {
    const nodes = circle.flatMap((at) => this.#nodes[at] ?? []);
    const path = nodes.map(({ label }) => label);
    const [first] = nodes;
    this.#findings.push({
      code: 'FX_CYCLE',
      message: `cycle detected in dependency graph: ${path.join(' -> ')}`,
      ...(first === undefined ? {} : { component: first.label }),
      wantedBy: nodes
        .slice(0, -1)
        .map(({ label, item }) => `${label} (${String(item.place)})`)
        .join(', then '),
      ...(first === undefined ? {} : { place: String(first.item.place) }),
      fix: 'let one of them take what it needs later: move the shared part into a component of its own, or contribute through many()',
      path,
    });
  }
}

/** Nearest first: a module's decorators stand before its private values, then the same one level up. */
function lookUp(node: Node, token: Token): Source | undefined {
  for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent) {
    const decorator = scope.decorators.get(token);
    if (decorator !== undefined && decorator.node !== node) return decorator;
    const source = scope.values.get(token);
    if (source !== undefined) return source;
  }
  return undefined;
}

export function isProvider({ kind }: Item): boolean {
  return kind === 'provide' || kind === 'supply';
}

function isWithin(scope: Scope, outer: Scope): boolean {
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) if (each === outer) return true;
  return false;
}
