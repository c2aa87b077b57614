import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { component, invoke, Lifecycle, module, Process, token } from '../index.ts';
import { faultInject, LeakWatch, testApp } from '../testing.ts';

interface Store {
  read(): string;
}
const Store = token<Store>()('store');
const Server = token<{ readonly port: number }>()('server');

const store = component({ provides: Store, create: () => ({ read: () => 'real' }) });
const server = component({
  provides: Server,
  requires: { store: Store, lifecycle: Lifecycle },
  create({ lifecycle }) {
    const listening = createServer();
    const value = { port: 0 };
    lifecycle.append({
      name: 'listen',
      start: () => new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve)),
      stop: () => new Promise<void>((resolve) => void listening.close(() => resolve())),
    });
    return value;
  },
});

describe('testApp', () => {
  it('starts what the test requires, with components replaced, and hands it over', async () => {
    const fake = component({ name: 'fake-store', provides: Store, create: () => ({ read: () => 'fake' }) });
    await using tested = await testApp([store, server], { replace: [fake], requires: { store: Store } });
    expect(tested.needs.store.read()).toBe('fake');
    expect(tested.app.plan().order.map((each) => each.component)).toEqual(['fake-store', 'request']);
  });

  it('fails with the error of the start as its cause', async () => {
    const broken = component({ name: 'broken', create: () => Promise.reject(new Error('no disk')) });
    await expect(testApp([broken])).rejects.toThrow(/^application didn't start cleanly: .*no disk/s);
  });

  it('names what a component leaves open, and where that was opened', async () => {
    const leaky = component({ name: 'leaky', create: () => undefined, start: () => void setInterval(() => {}, 1000) });
    const tested = await testApp([leaky]);
    await expect(tested.stop()).rejects.toThrow(/FX_LEAK: a timer is still open after the stop[\s\S]*testing\.test\.ts/);
  });

  it('does not mind what the test itself has open', async () => {
    const own = setInterval(() => {}, 1000);
    const tested = await testApp([store, server], { requires: { server: Server } });
    await tested.stop();
    clearInterval(own);
  });
});

describe('LeakWatch', () => {
  it('listens to the process once, however many apps a test has open', async () => {
    const before = process.listenerCount('newListener');
    await using opened = new AsyncDisposableStack();
    for (let count = 0; count < 12; count += 1) opened.use(await testApp([store, server], { requires: { server: Server } }));
    expect(process.listenerCount('newListener')).toBe(before + 1);
    await opened.disposeAsync();
    expect(process.listenerCount('newListener')).toBe(before);
  });

  it('does not take the listeners of others for those of the app', async () => {
    const listening = component({
      name: 'listening',
      requires: { process: Process, lifecycle: Lifecycle },
      create({ process, lifecycle }) {
        let release: (() => void) | undefined;
        lifecycle.append({ start: () => void (release = process.onSignal('SIGUSR2', () => {})), stop: () => release?.() });
      },
    });
    const [first, second] = [await testApp([listening]), await testApp([listening])];
    await first.stop();
    await second.stop();
  });

  it('sees a TLS socket that is left open, and none that is closed', async () => {
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const dial = (): TLSSocket => connect({ port, host: '127.0.0.1' }).on('error', () => {});
    const closed = new LeakWatch();
    await closed.inside(() => once(dial().destroy(), 'close'));
    await closed.end();
    const left = new LeakWatch();
    const socket = left.inside(dial);
    await expect(left.end()).rejects.toThrow(/FX_LEAK: a TCP socket is still open/);
    socket.destroy();
    listening.close();
  });
});

describe('faultInject', () => {
  it('finds nothing in a well-behaved app, with a socket, a module and a component that may fail', async () => {
    const optional = component({
      name: 'telemetry',
      requires: { store: Store },
      onFailure: 'continue',
      create: () => undefined,
      start: async () => {},
    });
    const inner = module('inner', [server]);
    const cases = await faultInject([store, optional, inner, invoke({ server: Server }, function useServer() {})]);
    expect(cases).toBe(4 * 6);
  });

  it('reports a component that leaves something behind when another fails', async () => {
    const leaky = component({ name: 'leaky', create: () => undefined, start: () => void setTimeout(() => {}, 60_000) });
    await expect(faultInject([leaky])).rejects.toThrow(/leaky, stop rejects: FX_LEAK/);
  });
});
