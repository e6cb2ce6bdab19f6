import type { Json } from '../../kernel/json.ts'
import type { Join } from '../../protocol/flow.ts'
import type { FlowError } from './flow-error.ts'

/** How a lane, or the fan-out as a whole, ended. */
export type Settlement = { readonly value: Json } | { readonly error: FlowError }

/** The end of a fan-out; `decisive` when the lane that just settled decided it alone. */
export type Verdict = Settlement & { readonly decisive: boolean }

/** Told each lane's settlement as it comes; answers once the fan-out is over. */
export type Joiner = (lane: number, settlement: Settlement) => Verdict | undefined

/** For each way to join, a joiner of so many lanes, at least one. */
export const JOINERS: { readonly [J in Join]: (width: number) => Joiner } = { all, any, race, all_settled: allSettled }

function all(width: number): Joiner {
	const values = new Array<Json>(width)
	let open = width
	return (lane, settlement) => {
		if ('error' in settlement) return { ...settlement, decisive: true }
		values[lane] = settlement.value
		return --open === 0 ? { value: values, decisive: false } : undefined
	}
}

/** When every lane fails, the one that failed last speaks for all. */
function any(width: number): Joiner {
	let open = width
	return (_lane, settlement) => (--open === 0 || 'value' in settlement ? { ...settlement, decisive: true } : undefined)
}

function race(): Joiner {
	return (_lane, settlement) => ({ ...settlement, decisive: true })
}

function allSettled(width: number): Joiner {
	const records = new Array<Json>(width)
	let open = width
	return (lane, settlement) => {
		records[lane] =
			'value' in settlement ? { status: 'fulfilled', value: settlement.value } : { status: 'rejected', reason: settlement.error.message }
		return --open === 0 ? { value: records, decisive: false } : undefined
	}
}
