import { component, run, token } from '../../src/fx/index.ts';

interface Greeter {
  greet(name: string): string;
}
const Greeter = token<Greeter>()('greeter');

const politeGreeter = component({ provides: Greeter, create: () => ({ greet: (name) => `Good morning, ${name}.` }) });

const doorman = component({
  name: 'doorman',
  requires: { greeter: Greeter },
  create: ({ greeter }) => greeter,
  start: (greeter) => console.log(greeter.greet('Ada')),
  stop: () => console.log('Good night.'),
});

process.exitCode = await run([politeGreeter, doorman]);
