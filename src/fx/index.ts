export { App, app, type Application } from './app.ts';
export { component, decorate, invoke, module, replace, supply, type Component } from './component.ts';
export { FxError } from './errors.ts';
export { EventSink, sink, type Event } from './events.ts';
export { Jobs } from './jobs.ts';
export { Lifecycle, Shutdowner } from './lifecycle.ts';
export { oneShot, run } from './run.ts';
export { Clock, Process } from './system.ts';
export { many, optional, token, type Token } from './token.ts';
