import { copyFile, open, rename, stat, truncate } from 'node:fs/promises'

const LIMIT_BYTES = 8 * 1024 * 1024
/** Cut files that are kept: `.1` is the newest. */
const KEPT = 3
/** The most that is read to find the newest lines. */
const TAIL_BYTES = 1024 * 1024

/** Moves a full log away; nobody may have it open. */
export async function rotateLog(file: string, limitBytes = LIMIT_BYTES): Promise<void> {
	if ((await sizeOf(file)) <= limitBytes) return
	await makeRoom(file)
	await rename(file, `${file}.1`)
}

/** Cuts a full log that a program writes to; it must append. What it writes between copy and cut is lost. */
export async function cutLog(file: string, limitBytes = LIMIT_BYTES): Promise<void> {
	if ((await sizeOf(file)) <= limitBytes) return
	await makeRoom(file)
	await copyFile(file, `${file}.1`)
	await truncate(file)
}

/** The newest lines, oldest first; those of a file that was just cut come from the one before it. */
export async function tailLog(file: string, lines: number): Promise<string> {
	const [older, newer] = [await endOf(`${file}.1`), await endOf(file)]
	const all = `${older}${newer}`.split('\n')
	if (all.at(-1) === '') all.pop()
	return lines <= 0 ? '' : all.slice(-lines).join('\n')
}

async function makeRoom(file: string): Promise<void> {
	for (let n = KEPT; n > 1; n--) await rename(`${file}.${n - 1}`, `${file}.${n}`).catch(ignoreMissing)
}

async function sizeOf(file: string): Promise<number> {
	const found = await stat(file).catch(ignoreMissing)
	return found?.size ?? 0
}

async function endOf(file: string): Promise<string> {
	const handle = await open(file, 'r').catch(ignoreMissing)
	if (!handle) return ''
	try {
		const { size } = await handle.stat()
		const length = Math.min(size, TAIL_BYTES)
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
		return new TextDecoder().decode(buffer.subarray(0, bytesRead))
	} finally {
		await handle.close()
	}
}

function ignoreMissing(error: unknown): undefined {
	if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
