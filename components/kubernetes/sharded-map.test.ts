import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShardedMap } from './sharded-map.ts';

describe('a sharded map', () => {
  it('holds what a map would', () => {
    const change = fc.record({ key: fc.string({ maxLength: 3 }), value: fc.option(fc.integer(), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (changes) => {
        const [map, model] = [new ShardedMap<number>(), new Map<string, number>()];
        for (const { key, value } of changes) {
          for (const each of [map, model])
            if (value === undefined) each.delete(key);
            else each.set(key, value);
          expect(map.get(key)).toBe(model.get(key));
        }
        expect(map.size).toBe(model.size);
        const values = Array.from(model.values()).toSorted((one, other) => one - other);
        expect([...map.values()].toSorted((one, other) => one - other)).toEqual(values);
        expect(map.snapshot().toSorted((one, other) => one - other)).toEqual(values);
      }),
    );
  });

  it('may change while its values are looked through', () => {
    const map = new ShardedMap<number>();
    for (let value = 0; value < 1000; value += 1) map.set(`pod-${value}`, value);
    const seen = new Set<number>();
    for (const value of map.values()) {
      seen.add(value);
      map.delete(`pod-${value}`);
      map.set(`pod-${999 - value}`, 999 - value);
    }
    expect(seen.size).toBe(1000);
  });
});
