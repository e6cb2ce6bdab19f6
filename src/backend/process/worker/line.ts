/** Reads a stream line by line; invalid UTF-8 is replaced. A line over the limit is told once, and the rest is read and dropped. */
export async function readLines(
	stream: ReadableStream<Uint8Array>,
	limitBytes: number,
	take: (line: string) => void | Promise<void>,
	overlong: () => void,
): Promise<void> {
	const decoder = new TextDecoder()
	let rest = ''
	let isOver = false
	for await (const chunk of stream) {
		if (isOver) continue
		const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
		rest = lines.pop() ?? ''
		isOver = [...lines, rest].some((line) => line.length > limitBytes)
		if (isOver) overlong()
		else for (const line of lines) if (line.trim() !== '') await take(line)
	}
	if (!isOver && rest.trim() !== '') await take(rest)
}
