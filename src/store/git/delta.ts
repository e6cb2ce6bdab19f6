import { type Budget, damaged } from './git-object.ts'

/** What a delta makes of its base. Its size is known beforehand, taken from the budget, and kept to the byte. */
export function applyDelta(delta: Uint8Array, base: Uint8Array, budget: Budget): Uint8Array {
	const input = newReader(delta)
	if (input.size() !== base.byteLength) throw damaged('a delta is for another base')
	const size = input.size()
	budget.take(size)
	const target = new Uint8Array(size)
	let at = 0
	while (!input.ended()) {
		const part = nextPart(input, base)
		if (at + part.byteLength > size) throw damaged('a delta makes more than it says')
		target.set(part, at)
		at += part.byteLength
	}
	if (at !== size) throw damaged('a delta makes less than it says')
	return target
}

/** A command with the high bit set copies from the base; any other is that many bytes to insert. */
function nextPart(input: Reader, base: Uint8Array): Uint8Array {
	const command = input.byte()
	if (command === 0) throw damaged('a delta has an unknown command')
	if (command < 0x80) return input.bytes(command)
	const offset = input.number(command, 4)
	const length = input.number(command >> 4, 3) || 0x10000
	if (offset + length > base.byteLength) throw damaged('a delta copies from beyond its base')
	return base.subarray(offset, offset + length)
}

type Reader = ReturnType<typeof newReader>

function newReader(delta: Uint8Array) {
	let at = 0
	const byte = (): number => {
		const value = delta[at++]
		if (value === undefined) throw damaged('a delta ends too early')
		return value
	}
	return {
		byte,
		ended: () => at >= delta.byteLength,
		bytes(length: number) {
			if (at + length > delta.byteLength) throw damaged('a delta ends too early')
			at += length
			return delta.subarray(at - length, at)
		},
		/** Bit n of the mask says whether byte n is there. */
		number(mask: number, count: number) {
			let value = 0
			for (let index = 0; index < count; index++) if (mask & (1 << index)) value += byte() * 2 ** (8 * index)
			return value
		},
		/** Seven bits a byte, the lowest first. */
		size() {
			let value = 0
			for (let shift = 0; shift <= 42; shift += 7) {
				const part = byte()
				value += (part & 0x7f) * 2 ** shift
				if (part < 0x80) return value
			}
			throw damaged('a delta has a size beyond all measure')
		},
	}
}
