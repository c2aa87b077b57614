import { asFunction, createContainer } from 'awilix';
import { Part, startAndStop, type Pass } from '../fx/part.ts';

export const pass: Pass = ({ dependencies, listed, roots }, ledger) => {
  const container = createContainer<Record<string, Part>>();
  const keys = dependencies.map((_, index) => `part${index}`);
  for (const index of listed) {
    const needs = dependencies[index].map((each) => keys[each]);
    const create = (cradle: Record<string, Part>): Part => {
      const values = needs.map((key) => cradle[key]);
      return new Part(index, values, ledger);
    };
    container.register(keys[index], asFunction(create).singleton());
  }
  for (const index of roots) container.resolve(keys[index]);
  startAndStop(ledger);
};
