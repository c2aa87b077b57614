import { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Route } from './index.ts';

/** Answers a request to a route; the path's parts are in `context.params`. */
export type Serve = (route: Route, context: Context) => Promise<void>;

/** What became of a request. */
export type Dispatched = 'served' | 'not found' | 'wrong method';

interface Head {
  readonly routes: Set<Route>;
  middleware: Middleware;
}

/**
 * The routes, which come and go while requests are served.
 *
 * A router tries its routes one after the other, so each beginning of a path (`/api/v1/tags/node/`, up to the first `:name`) has a router
 * of its own, which is found by the path itself. The longest beginning wins: `/config/list-runtime` before `/config/:setting`.
 */
export class RouteTable {
  readonly #serve: Serve;
  readonly #heads = new Map<string, Head>();
  /** Slashes in the longest route, beyond which no path matches: a path of a thousand slashes costs nothing. */
  #depth = 0;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  /** @returns a function that takes the route off @throws Error when its method and path are taken */
  add(route: Route): () => void {
    const key = headOf(route.path);
    const routes = this.#heads.get(key)?.routes ?? new Set();
    const rival = [...routes].find(({ method, path }) => method === route.method && shapeOf(path) === shapeOf(route.path));
    if (rival !== undefined)
      throw new Error(`${route.method} ${route.path} would hide ${rival.method} ${rival.path}: a path has one handler for each method`);
    routes.add(route);
    this.#build(key, routes);
    return () => {
      if (routes.delete(route)) this.#build(key, routes);
    };
  }

  async dispatch(context: Context): Promise<Dispatched> {
    const { path } = context;
    let outcome: Dispatched = 'not found';
    for (let end = path.length, left = this.#depthOf(path); left >= 0; left -= 1) {
      const head = this.#heads.get(path.slice(0, end));
      if (head !== undefined) {
        await head.middleware(context, nothing);
        if (context['routeMatched'] === true) return 'served';
        if (context['matched'].length > 0) outcome = 'wrong method';
      }
      end = path.lastIndexOf('/', end - 2) + 1;
    }
    return outcome;
  }

  /** How many beginnings a path has that a route could have; -1 when it is too deep for every route. */
  #depthOf(path: string): number {
    const slashes = countSlashes(path, this.#depth);
    return slashes > this.#depth ? -1 : slashes;
  }

  #build(key: string, routes: Set<Route>): void {
    if (routes.size === 0) this.#heads.delete(key);
    else this.#heads.set(key, { routes, middleware: this.#middleware(routes) });
    const paths = [...this.#heads.values()].flatMap((head) => [...head.routes].map(({ path }) => path));
    this.#depth = Math.max(0, ...paths.map((path) => countSlashes(path, Infinity)));
  }

  #middleware(routes: ReadonlySet<Route>): Middleware {
    const router = new Router({ strict: true, sensitive: true });
    for (const route of routes) router.register(route.path, [route.method], (context) => this.#serve(route, context));
    return router.routes() as Middleware;
  }
}

async function nothing(): Promise<void> {}

/** The path up to its first parameter. */
function headOf(path: string): string {
  const parameter = path.indexOf(':');
  return parameter === -1 ? path : path.slice(0, parameter);
}

function shapeOf(path: string): string {
  return path.replaceAll(/:[^/]+/g, ':');
}

/** Counts up to one more than `enough`. */
function countSlashes(path: string, enough: number): number {
  let count = 0;
  for (let at = path.indexOf('/'); at !== -1 && count <= enough; at = path.indexOf('/', at + 1)) count += 1;
  return count;
}
