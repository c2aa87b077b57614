/** RLIMIT_CORE, the same number on Linux and macOS. */
const coreResource = 4;

/**
 * Lets the kernel write a core file of any size that the hard limit of this process allows.
 *
 * @throws Error when the limit cannot be changed, or allows no core file
 */
export async function raiseCoreLimit(): Promise<void> {
  // Imported here: hardly anybody turns this on, and it is a native library.
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const limits = koffi.struct({ soft: 'uint64_t', hard: 'uint64_t' });
  const getrlimit = libc.func('getrlimit', 'int', ['int', koffi.out(koffi.pointer(limits))]);
  const setrlimit = libc.func('setrlimit', 'int', ['int', koffi.pointer(limits)]);
  // Small numbers come as numbers, others as bigints.
  const current: { readonly soft: number | bigint; readonly hard: number | bigint } = { soft: 0, hard: 0 };
  if (getrlimit(coreResource, current) !== 0) throw new Error(`getrlimit failed with errno ${koffi.errno()}`);
  if (setrlimit(coreResource, { ...current, soft: current.hard }) !== 0) throw new Error(`setrlimit failed with errno ${koffi.errno()}`);
  if (BigInt(current.hard) === 0n) throw new Error('the hard limit for core files (ulimit -Hc) is 0');
}
