import { Container } from 'inversify';
import { Part, startAndStop, type Pass } from '../fx/part.ts';

export const pass: Pass = ({ dependencies, listed, roots }, ledger) => {
  const container = new Container({ defaultScope: 'Singleton' });
  const keys = dependencies.map((_, index) => Symbol(`part-${index}`));
  for (const index of listed) {
    const needs = dependencies[index].map((each) => keys[each]);
    container.bind(keys[index]).toDynamicValue((context) => {
      const values = needs.map((key) => context.get<Part>(key));
      return new Part(index, values, ledger);
    });
  }
  for (const index of roots) container.get(keys[index]);
  startAndStop(ledger);
};
