import type { Clock } from '../../kernel/clock.ts'
import { echo } from './echo.ts'
import { fail } from './fail.ts'
import type { FunctionDef } from './function.ts'
import { identity } from './identity.ts'
import { sleepFunction } from './sleep.ts'
import { template } from './template.ts'

/** The functions every server has, by id. A new one is a file of its own and a line here. */
export function builtinFunctions(clock: Clock): ReadonlyMap<string, FunctionDef> {
	return new Map<string, FunctionDef>([
		['identity', identity],
		['echo', echo],
		['fail', fail],
		['sleep', sleepFunction(clock)],
		['template', template],
	])
}
