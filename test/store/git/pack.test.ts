import { describe, expect, test } from 'bun:test'
import { newBudget, objectId } from '../../../src/store/git/git-object.ts'
import { unpack } from '../../../src/store/git/pack.ts'
import { delta, packFile, varint } from './pack-file.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const idOf = (text: string): string => objectId({ type: 'blob', bytes: bytes(text) })
const base = 'the base of it all\n'

async function textsOf(pack: Uint8Array, limit = 1_000_000): Promise<Record<string, string>> {
	const objects = await unpack(pack, newBudget(limit))
	return Object.fromEntries([...objects].map(([id, object]) => [id, Buffer.from(object.bytes).toString()]))
}

describe('a pack', () => {
	test('gives its objects under the ids that their content has', async () => {
		const { bytes: pack } = packFile([
			{ type: 'blob', bytes: bytes(base) },
			{ type: 'blob', bytes: bytes('') },
		])
		expect(await textsOf(pack)).toEqual({ [idOf(base)]: base, [idOf('')]: '' })
	})

	test('resolves deltas by offset and by id, in whatever order they come', async () => {
		const first = `${base}1`
		const { offsets } = packFile([{ type: 'blob', bytes: bytes(base) }])
		const early = { type: 'reference', base: idOf(first), bytes: delta(first.length, first.length, '2') } as const
		const lead = packFile([early, { type: 'blob', bytes: bytes(base) }]).offsets
		expect(offsets).toEqual([12])
		const at = packFile([early, { type: 'blob', bytes: bytes(base) }, { type: 'blob', bytes: bytes('x') }]).offsets
		const back = (at[2] ?? 0) - (lead[1] ?? 0)
		const { bytes: pack } = packFile([
			early,
			{ type: 'blob', bytes: bytes(base) },
			{ type: 'offset', base: back, bytes: delta(base.length, base.length, '1') },
		])
		expect(Object.values(await textsOf(pack)).sort()).toEqual([base, first, `${first}2`].sort())
	})

	test('leaves out deltas that go in circles or whose base is elsewhere', async () => {
		const self = delta(base.length, base.length, '!')
		const { bytes: pack } = packFile([
			{ type: 'offset', base: 0, bytes: self },
			{ type: 'reference', base: 'ab'.repeat(20), bytes: self },
			{ type: 'blob', bytes: bytes(base) },
		])
		expect(await textsOf(pack)).toEqual({ [idOf(base)]: base })
	})
})

describe('a hostile pack', () => {
	test.each([
		[
			'an object that inflates to more than the limit',
			packFile([{ type: 'blob', bytes: new Uint8Array(200_000) }]).bytes,
			'unpacks to more',
		],
		[
			'many objects that do so together',
			packFile(Array.from({ length: 30 }, (_, n) => ({ type: 'blob' as const, bytes: new Uint8Array(5000 + n) }))).bytes,
			'unpacks to more',
		],
		[
			'a delta that makes more than the limit',
			packFile([
				{ type: 'blob', bytes: new Uint8Array(60_000) },
				{
					type: 'reference',
					base: objectId({ type: 'blob', bytes: new Uint8Array(60_000) }),
					bytes: Buffer.from([...varint(60_000), ...varint(5_000_000_000), 1, 65]),
				},
			]).bytes,
			'unpacks to more',
		],
		['an object of another size than it says', packFile([{ type: 'blob', bytes: bytes('abc'), size: 4 }]).bytes, 'another size'],
		[
			'a number of objects beyond all measure',
			Buffer.concat([bytes('PACK'), Buffer.from([0, 0, 0, 2, 255, 255, 255, 255]), Buffer.alloc(20)]),
			'more than 50000',
		],
		['an unknown version', Buffer.concat([bytes('PACK'), Buffer.from([0, 0, 0, 9, 0, 0, 0, 0]), Buffer.alloc(20)]), 'no header'],
		['nothing in it', new Uint8Array(), 'no header'],
		['an end in the middle', packFile([{ type: 'blob', bytes: bytes(base.repeat(50)) }]).bytes.subarray(0, 40), ''],
		['noise', Buffer.concat([bytes('PACK'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 5]), Buffer.alloc(500, 0xab)]), ''],
	])('with %s is refused', async (_title, pack, sentence) => {
		const failure = await unpack(pack, newBudget(100_000)).then(
			() => null,
			(error: Error) => error,
		)
		expect(failure?.name).toBe('MseError')
		expect(failure?.message).toContain(sentence)
	})

	test.each([
		['another base', delta(base.length + 1, 3, 'x')],
		['bytes beyond its base', Buffer.from([...varint(base.length), ...varint(200), 0x90, 200])],
		['more than it says', Buffer.from([...varint(base.length), ...varint(1), 2, 65, 65])],
		['less than it says', Buffer.from([...varint(base.length), ...varint(9), 2, 65, 65])],
		['an unknown command', Buffer.from([...varint(base.length), ...varint(1), 0])],
		['nothing', new Uint8Array()],
	])('a delta with %s is refused', async (_title, wrong) => {
		const { bytes: pack } = packFile([
			{ type: 'blob', bytes: bytes(base) },
			{ type: 'reference', base: idOf(base), bytes: wrong },
		])
		await expect(unpack(pack, newBudget(100_000))).rejects.toThrow(/delta/)
	})
})
