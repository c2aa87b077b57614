import { describe, expect, it } from 'vitest';
import { component, decorate, invoke, Lifecycle, many, optional, supply, token } from '../../src/fx/index.ts';
import { Cache, failureOf, live, refusal, Server, startFailure, Store, subject, untyped, valuesOf } from './support.ts';

interface Reader {
  read(): string;
}
interface Writer {
  write(text: string): void;
}
const Reader = token<Reader>()('reader');
const Writer = token<Writer>()('writer');

class RealDisk implements Reader, Writer {
  #text = '';
  read(): string {
    return this.#text;
  }
  write(text: string): void {
    this.#text = text;
  }
}
const Disk = token<RealDisk>()('disk');

const readerAndWriter = (): { readonly reader: Reader; readonly writer: Writer } => {
  const disk = new RealDisk();
  return { reader: disk, writer: disk };
};
const read = ({ from }: { readonly from: Reader }): string => `read ${from.read()}`;

const needStore = invoke({ store: Store }, () => {});

describe('annotated constructors', () => {
  it('A01 each requirement and each output has its own name, and may be plain, optional or a group', async () => {
    const pair = component({
      name: 'pair',
      provides: { left: Store, right: many(Cache) },
      requires: { server: Server, missing: optional(Reader), group: many(Store) },
      create: ({ server, missing, group }) => ({ left: `${server} ${missing === undefined} ${group.length}`, right: 'in the group' }),
    });
    expect(await valuesOf([pair, supply(Server, 'http')], { store: Store, caches: many(Cache) })).toEqual({
      store: 'http true 0',
      caches: ['in the group'],
    });
  });

  it('A02 a requirement that the constructor does not look at does no harm', async () => {
    const store = component({ provides: Store, requires: { unused: Server }, create: () => 'disk' });
    expect(await valuesOf([store, supply(Server, 'http')], { store: Store })).toEqual({ store: 'disk' });
  });

  it('A03 a class says in one place only what it requires', () => {
    const twice = component({ provides: Disk, requires: { store: Store }, create: RealDisk });
    expect(refusal([twice, supply(Store, '')]).message).toMatch(
      /disk: a class says what it requires in its own decorators, not in "requires"/,
    );
  });

  it('A04 what is provided as an interface is not there under its own type', async () => {
    const disk = component({ provides: Reader, create: () => new RealDisk() });
    expect((await valuesOf([disk], { reader: Reader })).reader).toBeInstanceOf(RealDisk);
    expect(refusal([disk, invoke({ disk: Disk }, () => {})]).message).toMatch(/FX_MISSING: .*nothing provides "disk"/);
  });

  it('A05 provided as itself and as an interface, it is one instance of one call', async () => {
    let calls = 0;
    const create = (): { readonly self: RealDisk; readonly reader: Reader } => {
      calls += 1;
      const disk = new RealDisk();
      return { self: disk, reader: disk };
    };
    const values = await valuesOf([component({ name: 'disk', provides: { self: Disk, reader: Reader }, create })], {
      disk: Disk,
      reader: Reader,
    });
    expect(values.disk).toBe(values.reader);
    expect(calls).toBe(1);
  });

  it('A06 provided as several interfaces, it is the same instance under each', async () => {
    const { reader, writer } = await valuesOf(
      [component({ name: 'disk', provides: { reader: Reader, writer: Writer }, create: readerAndWriter })],
      { reader: Reader, writer: Writer },
    );
    writer.write('hello');
    expect(reader.read()).toBe('hello');
  });

  it('A07 a value that is not what the token stands for does not compile; one that is not there at all is refused', async () => {
    // @ts-expect-error a number is no reader
    component({ provides: Reader, create: () => 42 });
    const half = component({
      name: 'half',
      provides: { reader: Reader, writer: Writer },
      // @ts-expect-error the writer is missing
      create: () => ({ reader: new RealDisk() }),
    });
    const error = await startFailure([half, invoke({ reader: Reader }, () => {})]);
    expect(error.message).toMatch(/FX_BAD_VALUE: half owes a value for "writer" as "writer", but its constructor yielded undefined/);
  });

  it('A08 a parameter that is an interface may be satisfied from a concrete token', async () => {
    const store = component({ provides: Store, requires: { from: Disk }, create: read });
    expect(await valuesOf([store, supply(Disk, new RealDisk())], { store: Store })).toEqual({ store: 'read ' });
    expect(refusal([store]).message).toMatch(/nothing provides "disk"/);
  });

  it('A09 what a constructor with several outputs throws surfaces', async () => {
    const pair = component({
      name: 'pair',
      provides: { left: Store, right: Cache },
      create: () => {
        throw new Error('no pair');
      },
    });
    expect((await startFailure([pair, needStore])).findings).toMatchObject([
      { component: 'pair', message: 'constructor of pair failed: no pair' },
    ]);
  });
});

describe('hooks of a definition', () => {
  it('A10 they run when the component is built, and only then', async () => {
    const calls: string[] = [];
    const store = component({
      provides: Store,
      create: () => 'disk',
      start: () => void calls.push('start'),
      stop: () => void calls.push('stop'),
    });
    await live([store]);
    expect(calls).toEqual([]);
    await live([store, needStore]);
    expect(calls).toEqual(['start', 'stop']);
  });

  it('A11 they are given what the constructor yielded, under its names, and their context', async () => {
    const seen: unknown[] = [];
    const disk = new RealDisk();
    const pair = component({
      name: 'pair',
      provides: { reader: Reader, writer: Writer },
      create: () => Promise.resolve({ reader: disk, writer: disk }),
      start: ({ reader, writer }, { signal }) => void seen.push(reader, writer, signal.aborted),
      stop: ({ reader }, { deadline }) => void seen.push(reader, deadline),
    });
    await live([pair, invoke({ reader: Reader }, () => {})], { stopTimeoutMs: 7000 });
    expect(seen).toEqual([disk, disk, false, disk, 7000]);
  });

  it('A12 a hook that asks for anything else does not compile, and would not get it', async () => {
    const seen: number[] = [];
    const store = component({
      provides: Store,
      create: () => 'disk',
      // @ts-expect-error a hook has the value and its context, whatever else it needs the constructor keeps for it
      start: (_value: string, _context: unknown, _cache: string) => {},
      stop: (...given) => void seen.push(given.length),
    });
    await live([store, needStore]);
    expect(seen).toEqual([2]);
  });

  it('A13 [deviation] a definition has one start by nature; any number of hooks may be appended, and all run', async () => {
    const calls: string[] = [];
    const several = component({
      name: 'several',
      requires: { lifecycle: Lifecycle },
      create({ lifecycle }) {
        lifecycle.append({ start: () => void calls.push('first') });
        lifecycle.append({ start: () => void calls.push('second') });
      },
      start: () => void calls.push('own'),
    });
    await live([several]);
    expect(calls).toEqual(['first', 'second', 'own']);
  });

  it('A14 when the constructor fails, its hooks are never called', async () => {
    const calls: string[] = [];
    const store = component({
      provides: Store,
      create: () => Promise.reject(new Error('no disk')),
      start: () => void calls.push('start'),
      stop: () => void calls.push('stop'),
    });
    const { app } = subject([store, needStore]);
    await failureOf(app.start());
    await app.stop();
    expect(calls).toEqual([]);
  });

  it('A15 what a hook throws is in the error of the start', async () => {
    const thrown = new Error('busy');
    const store = component({ provides: Store, create: () => 'disk', start: () => Promise.reject(thrown) });
    expect(await startFailure([store, needStore])).toMatchObject({
      code: 'FX_START_FAILED',
      cause: thrown,
      findings: [{ message: 'start hook "store" of store failed: busy' }],
    });
  });

  it('A16 hooks may take their arguments or not and return anything; what is no function is refused', async () => {
    const calls: string[] = [];
    const forms = [
      () => 42,
      async () => {},
      (value: string) => value,
      (_: string, { signal }: { readonly signal: AbortSignal }) => signal.throwIfAborted(),
    ];
    const list = forms.map((start, index) =>
      component({ name: `form ${index}`, provides: many(Store), create: () => 'disk', start, stop: () => void calls.push('stop') }),
    );
    await live([...list, invoke({ all: many(Store) }, () => {})]);
    expect(calls).toHaveLength(forms.length);
    const broken = [component({ name: 'broken', create: () => {}, start: untyped(42) }), supply(Store, 'disk', { stop: untyped(null) })];
    expect(refusal(broken).findings.map(({ message }) => message)).toEqual([
      'broken: start must be a function, not 42',
      'store: stop must be a function, not null',
    ]);
  });

  it('A17 supplied and decorated values may have hooks', async () => {
    const calls: string[] = [];
    const tell = (what: string) => ({
      start: (value: string) => void calls.push(`start ${what} ${value}`),
      stop: (value: string) => void calls.push(`stop ${what} ${value}`),
    });
    const list = [
      supply(Store, 'disk', tell('supplied')),
      decorate({ provides: Store, requires: { store: Store }, create: ({ store }) => `fast ${store}`, ...tell('decorated') }),
    ];
    await live([...list, needStore]);
    expect(calls).toEqual(['start supplied disk', 'start decorated fast disk', 'stop decorated fast disk', 'stop supplied disk']);
  });
});
