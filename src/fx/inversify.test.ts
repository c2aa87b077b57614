import { inject, injectable, multiInject, named, optional, postConstruct, unmanaged } from 'inversify';
import { describe, expect, it } from 'vitest';
import { app, component, decorate, invoke, many, module, token, type Component } from './index.ts';
import { fakeProcess } from './testing.ts';

const Log = token<string>()('log');
const Check = token<string>()('check');
const Port = token<number>()('port');
interface Server {
  describe(): string;
}
const Server = token<Server>()('server');

@injectable()
class HttpServer implements Server {
  @inject(Port)
  readonly port: number = 0;
  readonly #log: string;
  readonly #checks: readonly string[];
  readonly #before: string | undefined;
  ready = false;

  constructor(
    @inject(Log) log: string,
    @multiInject(Check) checks: readonly string[],
    @inject(Server) @optional() before: Server | undefined,
  ) {
    this.#log = log;
    this.#checks = checks;
    this.#before = before?.describe();
  }

  @postConstruct()
  prepare(): void {
    this.ready = true;
  }

  describe(): string {
    return `${this.#log} ${this.#checks.join('+')} ${this.port} ${String(this.#before)} ${String(this.ready)}`;
  }
}

const log = component({ provides: Log, create: () => 'log' });
const port = component({ provides: Port, create: () => 8080 });
const check = (name: string): Component => component({ name, provides: many(Check), create: () => name });

/** What is wrong with a class, without the name of its component. */
const problems = (create: new (...args: never[]) => unknown): string[] =>
  app([component({ name: 'x', create }) as Component])
    .validate()
    .map(({ message }) => message);

describe('classes', () => {
  const Wanted = token<Server>()('wanted');
  const server = component({ provides: Wanted, create: HttpServer });
  const start = async (list: readonly Component[]): Promise<string[]> => {
    const seen: string[] = [];
    const subject = app([...list, invoke({ server: Wanted }, (needs) => void seen.push(needs.server.describe()))], {
      process: fakeProcess(),
    });
    await subject.start();
    await subject.stop();
    return seen;
  };

  it('are built by their decorators: parameters, groups, optional ones, properties and post-construct', async () => {
    expect(await start([log, port, check('disk'), check('net'), server])).toEqual(['log disk+net 8080 undefined true']);
  });

  it('take a group without members', async () => {
    expect(await start([log, port, server])).toEqual(['log  8080 undefined true']);
  });

  it('get the private and decorated values of their module', async () => {
    const loud = decorate({ provides: Log, requires: { log: Log }, create: (needs) => needs.log.toUpperCase() });
    expect(await start([log, module('inner', [loud, server], { private: [port] })])).toEqual(['LOG  8080 undefined true']);
  });

  it('are planned like create functions', () => {
    const list: readonly Component[] = [server, invoke({ server: Wanted }, () => {})];
    expect(
      app(list)
        .validate()
        .map(({ wantedBy }) => wantedBy),
    ).toEqual(['wanted, as "parameter 1"', 'wanted, as "property port"']);
  });

  it('need no decorator when they take nothing', async () => {
    class Plain implements Server {
      describe(): string {
        return 'plain';
      }
    }
    expect(await start([component({ provides: Wanted, create: Plain })])).toEqual(['plain']);
  });

  it('are refused when a parameter has no token', () => {
    class Naked {
      constructor(readonly text: string) {}
    }
    expect(problems(Naked)[0]).toContain('x: class Naked, parameter 1: nothing says what is injected');
  });

  it('are refused with what only inversify understands', () => {
    @injectable()
    class Odd {
      constructor(
        @inject('text') readonly a: string,
        @inject(Log) @named('b') readonly b: string,
        @unmanaged() readonly c: string,
      ) {}
    }
    expect(problems(Odd)).toEqual([
      'x: class Odd, parameter 1 is injected by the string "text", which is not a token; write @inject(Token)',
      'x: class Odd, parameter 2: @named and @tagged are not supported, make a token for each name',
      'x: class Odd, parameter 3: @unmanaged() is not supported, give it a default in a create function',
    ]);
  });

  it('are refused when they take a token both as a group and as one value, which inversify cannot tell apart', () => {
    @injectable()
    class Torn {
      constructor(
        @multiInject(Check) readonly all: readonly string[],
        @inject(Check) @optional() readonly one: string | undefined,
      ) {}
    }
    expect(problems(Torn)).toEqual([
      'x: parameter 2: "check" is injected as a group too, and inversify cannot tell them apart; use a create function',
    ]);
  });

  it('say what they require in one place only', () => {
    const both: Component = component({ name: 'x', requires: { log: Log }, create: class Both extends HttpServer {} });
    expect(
      app([log, both])
        .validate()
        .map(({ message }) => message),
    ).toEqual(['x: a class says what it requires in its own decorators, not in "requires"']);
  });

  it('blame their component when their constructor throws', async () => {
    class Bad {
      constructor() {
        this.open();
      }

      open(): never {
        throw new Error('no disk');
      }
    }
    await expect(app([component({ name: 'x', create: Bad })], { process: fakeProcess() }).start()).rejects.toThrow(
      'FX_CREATE_FAILED: constructor of x failed: no disk',
    );
  });
});
