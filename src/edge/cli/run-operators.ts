import { isAlwaysDeclared, operatorRefOf } from '../../core/blueprint/operator-kind.ts'
import { parseBlueprint } from '../../core/blueprint/parse.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { LaunchBody } from '../../protocol/task.ts'
import { type MseClient, pathId } from '../client/client.ts'
import { connectOperator } from '../client/operator.ts'
import type { SpawnAnswer, SpawnWork } from '../client/operator-work.ts'
import type { Terminal } from './command.ts'
import { execStep } from './exec-step.ts'
import { usageError } from './exit-code.ts'

export interface OperatorDeps {
	readonly env: Terminal['env']
	readonly token: string | undefined
	readonly clock: Clock
	/** A line that a command wrote to its stderr. */
	readonly onStderr: (agent: string, line: string) => void
}

/** An operator of a run: the shell command that does its steps, and the seats it answers for. */
export interface SeatedCommand {
	readonly line: string
	readonly seats: readonly string[]
}

/**
 * Connects an operator for each shell command, before the launch. The seats that the Blueprint's agents name are dealt out among
 * them in turn; `SEAT=CMD` takes that seat. Disposing ends the commands and gives the seats up.
 */
export async function joinOperators(
	client: MseClient,
	lines: readonly string[],
	blueprint: LaunchBody['blueprint'],
	deps: OperatorDeps,
): Promise<AsyncDisposable> {
	const seats = lines.length === 0 ? [] : await seatsOf(client, blueprint)
	// A Blueprint that cannot be read is refused by the launch, which says why.
	const commands = seats === null ? [] : dealSeats(lines, seats)
	const joined = new AsyncDisposableStack()
	try {
		for (const command of commands) joined.use(await join(client, command, deps))
		return joined
	} catch (thrown) {
		await joined.disposeAsync()
		throw thrown
	}
}

/** Throws a usage error when a command or a seat is left over. */
export function dealSeats(lines: readonly string[], seats: readonly string[]): readonly SeatedCommand[] {
	const given = lines.map((line) => {
		const seat = seats.find((name) => line.startsWith(`${name}=`))
		return seat === undefined
			? { line, seats: [] as string[], isFixed: false }
			: { line: line.slice(seat.length + 1), seats: [seat], isFixed: true }
	})
	const open = given.filter(({ isFixed }) => !isFixed)
	const taken = given.flatMap((command) => command.seats)
	for (const [index, seat] of seats.filter((name) => !taken.includes(name)).entries()) {
		const command = open[index % open.length]
		if (command === undefined) throw usageError(`Nobody answers for the seat "${seat}".`, `Add --operator '${seat}=CMD'.`)
		command.seats.push(seat)
	}
	if (lines.length > 0 && given.some((command) => command.seats.length === 0))
		throw usageError(`--operator is given ${lines.length} times, more than there are seats.`, seatHint(seats))
	const twice = taken.find((seat, index) => taken.indexOf(seat) !== index)
	if (twice !== undefined) throw usageError(`Two operators want the seat "${twice}".`)
	return given
}

function seatHint(seats: readonly string[]): string {
	return seats.length === 0 ? 'The Blueprint has no agent of kind operator.' : `The seats are ${seats.join(', ')}.`
}

async function seatsOf(client: MseClient, reference: LaunchBody['blueprint']): Promise<readonly string[] | null> {
	const { blueprint } = parseBlueprint(await documentOf(client, reference))
	if (blueprint === undefined) return null
	const refs = blueprint.agents.filter(({ kind }) => kind === 'operator').map((agent) => operatorRefOf(agent) ?? '')
	return [...new Set(refs)].filter((ref) => ref !== '' && !isAlwaysDeclared(ref))
}

async function documentOf(client: MseClient, reference: LaunchBody['blueprint']): Promise<unknown> {
	if (reference.kind === 'inline') return reference.value
	if (reference.kind === 'hash') return null
	const head = client.answer(client.v1.blueprints(pathId(reference.id)).head.get())
	return head.then(
		({ blueprint }) => blueprint,
		() => null,
	)
}

async function join({ url }: MseClient, { line, seats }: SeatedCommand, deps: OperatorDeps): Promise<AsyncDisposable> {
	const running = new Set<Promise<SpawnAnswer>>()
	const perform = (work: SpawnWork): Promise<SpawnAnswer> => {
		const onStderr = (text: string): void => deps.onStderr(work.agent, text)
		const done = execStep({ line, env: deps.env, timeoutMs: null, clock: deps.clock, onStderr }, work).finally(() => running.delete(done))
		running.add(done)
		return done
	}
	const operator = await connectOperator({
		...{ url, roles: seats, desc: `mse-server run: ${line}`, onSpawn: perform },
		...(deps.token !== undefined && { token: deps.token }),
	})
	operator.ended.catch(() => {})
	return {
		async [Symbol.asyncDispose]() {
			await operator.close({ abort: true, leave: true })
			await Promise.allSettled(running)
		},
	}
}
