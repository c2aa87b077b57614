import 'reflect-metadata';
import { Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Part, type Pass } from '../fx/part.ts';

/** A component with Nest's own hooks, which its application context calls. */
class NestPart extends Part {
  onModuleInit(): void {
    this.start();
  }

  onModuleDestroy(): void {
    this.stop();
  }
}

export const pass: Pass = async ({ dependencies, listed }, ledger) => {
  const keys = dependencies.map((_, index) => Symbol(`part-${index}`));
  const providers = listed.map((index): Provider => ({
    provide: keys[index],
    inject: dependencies[index].map((each) => keys[each]),
    useFactory: (...values: Part[]) => new NestPart(index, values, ledger),
  }));
  class Root {}
  Module({ providers })(Root);
  const context = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  await context.close();
};
