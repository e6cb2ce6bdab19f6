import { dlopen } from 'bun:ffi'

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9
const C_LIBRARIES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1']

/**
 * Asks Linux to kill this process when the one that started it is gone, however busy this one is then. Elsewhere the end of
 * stdin ends an idle process, and a busy one is found by its mark at the server's next start.
 */
export function dieWithParent(): void {
	if (process.platform !== 'linux') return
	for (const library of C_LIBRARIES) {
		try {
			const { symbols } = dlopen(library, { prctl: { args: ['i32', 'u64'], returns: 'i32' } })
			symbols.prctl(PR_SET_PDEATHSIG, BigInt(SIGKILL))
			return
		} catch {
			// Another C library has another name.
		}
	}
}
