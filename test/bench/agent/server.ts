/** A server in a process of its own: tells its port, and when asked, the CPU time that it has used. It ends with its parent. */
import { once } from 'node:events';
import { type Server, servers } from './servers.ts';

const [, , name] = process.argv;
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system });
});
await Promise.race([servers[name as Server]((port) => process.send?.({ port })), once(process, 'disconnect')]);
if (process.connected) process.disconnect();
else process.exit();
