import { describe, expect, it } from 'vitest';
import type { Event } from './events.ts';
import { Scope } from './graph.ts';
import { Journal, Outbox } from './journal.ts';

const event = (at: number): Event => ({ kind: 'Started', at });
const root = new Scope('', undefined, undefined);
const inner = new Scope('inner', root, undefined);
const times = (events: readonly Event[]): number[] => events.map(({ at }) => at);

describe('Journal', () => {
  it('tells the sinks of the app at once', () => {
    const heard: Event[] = [];
    const journal = new Journal([(each) => void heard.push(each)], () => {});
    expect(journal.isHeard).toBe(true);
    journal.emit(event(1), root);
    expect(times(heard)).toEqual([1]);
  });

  it('is not heard without sinks and loggers', () => {
    const journal = new Journal([], () => {});
    expect(journal.isHeard).toBe(false);
    journal.expect(root);
    expect(journal.isHeard).toBe(true);
  });

  it('keeps what a logger is going to hear, and hands it over in order', () => {
    const [outer, own]: [Event[], Event[]] = [[], []];
    const journal = new Journal([], () => {});
    journal.expect(root);
    journal.expect(inner);
    [event(1), event(2)].forEach((each) => journal.emit(each, inner));
    journal.emit(event(3), root);
    journal.connect(inner, (each) => void own.push(each));
    journal.emit(event(4), inner);
    journal.connect(root, (each) => void outer.push(each));
    expect([times(own), times(outer)]).toEqual([[1, 2, 4], [3]]);
  });

  it('gives the events of a module without a logger to the next one outside', () => {
    const heard: Event[] = [];
    const journal = new Journal([], () => {});
    journal.expect(root);
    journal.connect(root, (each) => void heard.push(each));
    journal.emit(event(1), inner);
    expect(times(heard)).toEqual([1]);
  });

  it('hands what is still kept to the fallback when it gives up, and what follows too', () => {
    const heard: Event[] = [];
    const journal = new Journal([], (each) => void heard.push(each));
    journal.expect(root);
    journal.emit(event(1), root);
    journal.giveUp();
    journal.emit(event(2), root);
    expect(times(heard)).toEqual([1, 2]);
  });

  it('does not connect a logger that was not announced', () => {
    const heard: Event[] = [];
    const journal = new Journal([], () => {});
    journal.connect(root, (each) => void heard.push(each));
    journal.emit(event(1), root);
    expect(heard).toEqual([]);
  });
});

describe('Outbox', () => {
  it('lets events out in the given order, each as soon as it and all before it are done', () => {
    const out: string[] = [];
    const outbox = new Outbox(['a', 'b', 'c'], ({ at }, of) => void out.push(`${of}${at}`));
    outbox.add(event(1), 'b');
    outbox.add(event(2), 'a');
    outbox.add(event(3), 'b');
    outbox.done('b');
    expect(out).toEqual([]);
    outbox.done('a');
    expect(out).toEqual(['a2', 'b1', 'b3']);
    outbox.done('c');
    expect(out).toHaveLength(3);
  });

  it('lets out what is left at its end, in order', () => {
    const out: string[] = [];
    const outbox = new Outbox(['a', 'b'], ({ at }, of) => void out.push(`${of}${at}`));
    outbox.add(event(1), 'b');
    outbox.add(event(2), 'a');
    outbox.end();
    expect(out).toEqual(['a2', 'b1']);
  });
});
